/* zlib_oracle.c - see zlib_oracle.h. */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "stubs/zlib_oracle.h"

bool oracle_inflate(const uint8_t *in, size_t len, uint8_t *out, size_t out_len, size_t history)
{
    z_stream z;
    size_t n = 0;
    int r;

    memset(&z, 0, sizeof(z));
    if (inflateInit2(&z, -12) != Z_OK ||
        (history && inflateSetDictionary(&z, out - history, (uInt)history) != Z_OK))
        abort();
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)len;
    do {
        uint8_t byte;

        /* Byte by byte everything referred to comes from zlib's window, which makes
         * its limit for distances the one of the stubs. */
        z.next_out = &byte;
        z.avail_out = 1;
        r = inflate(&z, Z_NO_FLUSH);
        if (z.avail_out == 0) {
            if (n == out_len)
                r = Z_DATA_ERROR;
            else
                out[n++] = byte;
        }
    } while (r == Z_OK);
    inflateEnd(&z);
    return r == Z_STREAM_END && n == out_len && z.avail_in == 0;
}

size_t oracle_deflate(const uint8_t *in, size_t len, size_t history, int level, int strategy,
                      uint8_t *out, size_t cap)
{
    z_stream z;
    int r;

    memset(&z, 0, sizeof(z));
    if (deflateInit2(&z, level, Z_DEFLATED, -12, 8, strategy) != Z_OK ||
        (history && deflateSetDictionary(&z, in - history, (uInt)history) != Z_OK))
        abort();
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    r = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return r == Z_STREAM_END ? z.total_out : 0;
}
