/* heard.c - see heard.h. */
#include "heard.h"

#include <string.h>

void heard_rx(struct heard *h, const uint8_t *data, size_t len)
{
    const size_t keep = HEARD_MAX / 2;

    h->total += len;
    for (size_t i = 0; i < len; i++) {
        if (h->len == HEARD_MAX) { /* the beginning tells most, the end is fresh */
            memmove(h->tail + keep, h->tail + keep + 1, keep - 1);
            h->len--;
        }
        h->tail[h->len++] = data[i];
    }
}

size_t heard_count(const struct heard *h, const void *what, size_t n)
{
    size_t hits = 0;

    for (size_t i = 0; i + n <= h->len;) {
        bool hit = memcmp(h->tail + i, what, n) == 0;

        hits += hit;
        i += hit ? n : 1;
    }
    return hits;
}

bool heard_says(const struct heard *h, const char *text)
{
    return heard_count(h, text, strlen(text)) > 0;
}

bool heard_mostly(const struct heard *h, uint8_t byte, unsigned percent)
{
    return heard_count(h, &byte, 1) * 100 >= h->len * percent;
}

static bool printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

/* Text with a wrong bit in each byte, as bad levels make it, still looks like
 * text for three bytes of four; but every eighth has its top bit set, which in
 * a log only the frames between its lines have. */
bool heard_is_text(const struct heard *h)
{
    size_t high = 0, text = 0;

    for (size_t i = 0; i < h->len; i++) {
        const uint8_t c = h->tail[i];

        high += c >> 7;
        text += printable(c) || c == '\r' || c == '\n' || c == '\t' || c == 0x1b;
    }
    return h->len >= 8 && text * 4 >= h->len * 3 && high * 12 <= h->len;
}

void heard_excerpt(const struct heard *h, char out[HEARD_EXCERPT + 1])
{
    size_t best = 0, best_len = 0, run = 0;

    for (size_t i = 0; i < h->len; i++) {
        run = printable(h->tail[i]) ? run + 1 : 0;
        if (run > best_len) {
            best_len = run;
            best = i + 1 - run;
        }
    }
    if (best_len > HEARD_EXCERPT)
        best_len = HEARD_EXCERPT;
    memcpy(out, h->tail + best, best_len);
    out[best_len] = '\0';
}

const char *heard_whose(const struct heard *h, const struct heard_voice *voices, size_t count,
                        const char *otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (heard_says(h, voices[i].needle))
            return voices[i].what;
    return otherwise;
}
