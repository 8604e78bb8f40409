/* unpack_stream.c - see unpack_stream.h. */
#include "image/unpack_stream.h"

#include <lzma.h>
#include <zlib.h>

#define LZMA_DICTIONARY 0x2000u
#define XZ_MEMORY       (16u << 20) /* far above a dictionary of 32 KiB */

const char *unpacked_text(enum unpacked result)
{
    static const char *const text[] = {
        [UNPACK_OK] = "complete",
        [UNPACK_CUT] = "ends too early",
        [UNPACK_BAD] = "is damaged",
        [UNPACK_LONG] = "holds more than it may",
        [UNPACK_NOMEM] = "not unpacked: no memory",
        [UNPACK_STOPPED] = "not unpacked to the end",
    };

    return text[result];
}

/* Run a decoder that is set up, until it ends or `most` bytes came out.
 * `exact`: it is done then, whatever follows. */
static enum unpacked drain(lzma_stream *z, size_t most, bool exact, unpack_sink *sink, void *arg)
{
    uint8_t out[4096];
    size_t total = 0;

    for (;;) {
        size_t room = most - total < sizeof out ? most - total : sizeof out;
        lzma_ret ret;
        size_t n;

        if (!exact && room == 0)
            room = 1; /* one byte more shows that it is too long */
        z->next_out = out;
        z->avail_out = room;
        ret = lzma_code(z, LZMA_FINISH);
        n = room - z->avail_out;
        if (n > most - total)
            return UNPACK_LONG;
        if (n && !sink(arg, out, n))
            return UNPACK_STOPPED;
        total += n;
        if (exact && total == most)
            return UNPACK_OK;
        if (ret == LZMA_STREAM_END)
            return exact ? UNPACK_CUT : UNPACK_OK;
        if (ret == LZMA_MEM_ERROR || ret == LZMA_MEMLIMIT_ERROR)
            return UNPACK_NOMEM;
        if (ret == LZMA_BUF_ERROR || (ret == LZMA_OK && n == 0))
            return UNPACK_CUT;
        if (ret != LZMA_OK)
            return UNPACK_BAD;
    }
}

enum unpacked unpack_lzma(const uint8_t *data, size_t len, size_t size, unpack_sink *sink,
                          void *arg)
{
    lzma_options_lzma opt = {.dict_size = LZMA_DICTIONARY};
    const lzma_filter filters[] = {
        {.id = LZMA_FILTER_LZMA1, .options = &opt},
        {.id = LZMA_VLI_UNKNOWN},
    };
    lzma_stream z = LZMA_STREAM_INIT;
    enum unpacked result;

    if (lzma_raw_decoder(&z, filters) != LZMA_OK)
        return UNPACK_NOMEM;
    z.next_in = data;
    z.avail_in = len;
    result = drain(&z, size, true, sink, arg);
    lzma_end(&z);
    return result;
}

enum unpacked unpack_xz(const uint8_t *data, size_t len, size_t most, size_t *used,
                        unpack_sink *sink, void *arg)
{
    lzma_stream z = LZMA_STREAM_INIT;
    enum unpacked result;

    if (lzma_stream_decoder(&z, XZ_MEMORY, 0) != LZMA_OK)
        return UNPACK_NOMEM;
    z.next_in = data;
    z.avail_in = len;
    result = drain(&z, most, false, sink, arg);
    if (used)
        *used = len - z.avail_in;
    lzma_end(&z);
    return result;
}

size_t unpack_gzip(const uint8_t *data, size_t len, uint8_t *out, size_t cap)
{
    z_stream z = {0};
    size_t n = 0;

    if (len < 18 || data[0] != 0x1f || data[1] != 0x8b || len > UINT32_MAX || cap > UINT32_MAX ||
        inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return 0;
    z.next_in = (uint8_t *)(uintptr_t)data; /* zlib does not write to its input */
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    if (inflate(&z, Z_FINISH) == Z_STREAM_END)
        n = z.total_out;
    inflateEnd(&z);
    return n;
}
