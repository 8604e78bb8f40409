/* Fuzz: what stub_deflate() makes of arbitrary contents after an arbitrary history is
 * one whole stream for zlib and for stub_inflate(), and of the length it says. */
#include <stdlib.h>
#include <string.h>

#include "common/deflate.h"
#include "stubs/zlib_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stub_deflate w;
    static struct stub_inflate back;
    static uint8_t again[STUB_WINDOW + STUB_SECTOR];
    size_t history, len, n;
    uint8_t *in, *out;

    if (size < 3)
        return 0;
    history = (data[0] | (size_t)data[1] << 8) % (STUB_WINDOW + 1);
    data += 2;
    size -= 2;
    if (history >= size)
        history = size - 1;
    len = size - history < STUB_SECTOR ? size - history : STUB_SECTOR;
    in = malloc(history + len);
    must(in != NULL);
    memcpy(in, data, history + len);

    out = malloc(len + 5);
    must(out != NULL);
    n = stub_deflate(&w, NULL, in + history, len, history, out, len + 5);
    must(n > 0 && n <= len + 5);
    memcpy(again, in, history);
    must(oracle_inflate(out, n, again + history, len, history));
    must(memcmp(again, in, history + len) == 0);
    memset(again + history, 0, len);
    must(stub_inflate(&back, NULL, out, n, again + history, len, history));
    must(memcmp(again, in, history + len) == 0);
    free(out);

    /* The room it asks for is the room it needs. */
    out = malloc(n);
    must(out != NULL);
    must(stub_deflate(&w, NULL, in + history, len, history, out, n - 1) == 0);
    must(stub_deflate(&w, NULL, in + history, len, history, out, n) == n);
    free(out);
    free(in);
    return 0;
}
