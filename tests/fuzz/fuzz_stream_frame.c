/* Fuzz: frames and units of the stream language, whole and in growing pieces. Both
 * ways must see the same, always move forward and never read past the input. */
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "stream/stream_frame.h"
#include "stream/stream_units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t note(uint32_t h, const struct stream_frame *f)
{
    struct stream_caps caps;
    uint8_t again[STREAM_SIZE];

    if (f->what != STREAM_FRAME)
        return h;
    (void)stream_caps_decode(f->body, f->len, &caps);
    if (stream_encode(again, sizeof again, f->type, f->seq, f->body, f->len) != f->used)
        abort();
    return pf_crc32(h, again, f->used);
}

static uint32_t frames(const uint8_t *data, size_t size, size_t step)
{
    uint32_t h = 0;
    size_t from = 0;

    for (size_t to = 0; to < size;) {
        to = size - to > step ? to + step : size;
        while (from < to) {
            /* A copy of exact size lets the sanitizer see one byte too many. */
            uint8_t *copy = malloc(to - from);
            struct stream_frame f;

            if (!copy)
                abort();
            memcpy(copy, data + from, to - from);
            f = stream_decode(copy, to - from, to == size);
            if (f.what == STREAM_MORE ? f.used : f.used == 0 || f.used > to - from)
                abort();
            h = note(h, &f);
            free(copy);
            if (f.what == STREAM_MORE)
                break;
            from += f.used;
        }
    }
    return h;
}

static enum pf_err sector(void *user, uint32_t at, const uint8_t *data)
{
    uint32_t *h = user;

    if (at >= 64 * PF_SECTOR)
        abort();
    *h = pf_crc32(*h, data, PF_SECTOR);
    return PF_OK;
}

static uint32_t units(const uint8_t *data, size_t size, size_t step)
{
    struct stream_reader *r = stream_reader_new(64);
    uint32_t h = 0;

    if (!r)
        abort();
    for (size_t at = 0, n; at < size; at += n) {
        n = size - at < step ? size - at : step;
        if (stream_reader_feed(r, data + at, n, sector, &h))
            break;
    }
    stream_reader_free(r);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 9000)
        return 0;
    if (frames(data, size, size) != frames(data, size, 1 + data[0]))
        abort();
    if (units(data, size, size) != units(data, size, 1 + data[0]))
        abort();
    return 0;
}
