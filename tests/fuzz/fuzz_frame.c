/* Fuzz: the reply decoder, fed whole and in growing pieces. Both ways must see
 * the same frames, always move forward and never read past the input. */
#include <stdlib.h>
#include <string.h>

#include "bk7231/bk7231_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* FNV-1a over what the decoder saw. */
static uint32_t mix(uint32_t h, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 16777619u;
    return h;
}

static uint32_t note(uint32_t h, const struct bk7231_reply *r)
{
    if (r->what != BK7231_FRAME)
        return h;
    h = mix(h, &r->op, 1);
    h = mix(h, &r->status, 1);
    return mix(h, r->body, r->len);
}

static uint32_t decode_growing(const uint8_t *data, size_t size, size_t step)
{
    uint32_t h = 2166136261u;
    size_t from = 0;

    for (size_t to = 0; to < size;) {
        to = size - to > step ? to + step : size;
        while (from < to) {
            /* A copy of exact size lets the sanitizer see one byte too many. */
            uint8_t *copy = malloc(to - from);
            struct bk7231_reply r;

            if (!copy)
                abort();
            memcpy(copy, data + from, to - from);
            r = bk7231_decode(copy, to - from);
            if (r.what != BK7231_MORE && (r.used == 0 || r.used > to - from))
                abort();
            h = note(h, &r);
            free(copy);
            if (r.what == BK7231_MORE)
                break;
            from += r.used;
        }
    }
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 9000)
        return 0;
    if (decode_growing(data, size, size) != decode_growing(data, size, 1 + data[0]))
        abort();
    return 0;
}
