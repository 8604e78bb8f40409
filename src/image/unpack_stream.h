/* unpack_stream.h - compressed files, unpacked in pieces and within bounds. */
#ifndef IMAGE_UNPACK_STREAM_H
#define IMAGE_UNPACK_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unpacked {
    UNPACK_OK,
    UNPACK_CUT,    /* the input ends too early */
    UNPACK_BAD,    /* the input is no such stream */
    UNPACK_LONG,   /* more comes out than allowed */
    UNPACK_NOMEM,  /* no memory for the decoder */
    UNPACK_STOPPED /* the sink wanted no more */
};

/* Takes what comes out; false stops. */
typedef bool unpack_sink(void *arg, const uint8_t *data, size_t len);

/* Raw LZMA1 with lc = lp = pb = 0 and a dictionary of 8 KiB, no header, as in
 * OTA packages of the ECR6600 (reference 4.5). Ends after `size` bytes. */
enum unpacked unpack_lzma(const uint8_t *data, size_t len, size_t size, unpack_sink *sink,
                          void *arg);

/* An .xz file with at most `most` bytes in it. *used (NULL allowed) gets the
 * bytes of input it took. */
enum unpacked unpack_xz(const uint8_t *data, size_t len, size_t most, size_t *used,
                        unpack_sink *sink, void *arg);

/* A gzip file, unpacked to `out`. Returns the bytes, 0: no gzip file, damaged,
 * or more than `cap`. */
size_t unpack_gzip(const uint8_t *data, size_t len, uint8_t *out, size_t cap);

const char *unpacked_text(enum unpacked result);

#endif
