/* Fuzz: stub_inflate() against zlib on arbitrary bytes: the same verdict, the same
 * output, nothing touched around it. */
#include <stdlib.h>
#include <string.h>

#include "common/codec.h"
#include "stubs/zlib_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stub_inflate w;
    size_t out_len, history, len;
    uint8_t *in, *ours, *zlibs;
    bool good;

    if (size < HEAD)
        return 0;
    history = data[0] < 86 ? 0 : data[0] < 172 ? data[0] - 86u : STUB_WINDOW;
    out_len = (data[1] | (size_t)data[2] << 8) % (STUB_SECTOR + 1);
    len = size - HEAD;
    /* Of exact sizes, so that the sanitizer sees one byte too many. */
    in = malloc(len ? len : 1);
    ours = malloc(history + out_len + 1);
    zlibs = malloc(history + out_len + 1);
    if (!in || !ours || !zlibs)
        abort();
    memcpy(in, data + HEAD, len);
    for (size_t i = 0; i < history + out_len; i++)
        ours[i] = zlibs[i] = (uint8_t)(i * 7 ^ i >> 5);
    ours[history + out_len] = 0xa5;

    good = oracle_inflate(in, len, zlibs + history, out_len, history);
    if (stub_inflate(&w, NULL, in, len, ours + history, out_len, history) != good)
        abort();
    if (good && memcmp(ours, zlibs, history + out_len) != 0)
        abort();
    if (memcmp(ours, zlibs, history) != 0 || ours[history + out_len] != 0xa5)
        abort();
    free(in);
    free(ours);
    free(zlibs);
    return 0;
}
