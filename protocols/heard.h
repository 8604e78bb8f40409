/* heard.h - what a line said while nobody answered: the facts from which each
 * family makes a sentence that helps. No I/O. */
#ifndef PROTOCOLS_HEARD_H
#define PROTOCOLS_HEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEARD_MAX     512u
#define HEARD_EXCERPT 60u

struct heard {
    uint8_t tail[HEARD_MAX]; /* the first half is kept, the second rolls */
    size_t len;
    uint64_t total; /* bytes received */
    uint64_t sent;  /* bytes sent */
};

/* Take what was received. */
void heard_rx(struct heard *h, const uint8_t *data, size_t len);

/* How often `what` stands in it, without overlaps. */
size_t heard_count(const struct heard *h, const void *what, size_t n);
bool heard_says(const struct heard *h, const char *text);

/* At least `percent` of it is this byte. */
bool heard_mostly(const struct heard *h, uint8_t byte, unsigned percent);

/* Somebody's log, as opposed to noise. */
bool heard_is_text(const struct heard *h);

/* The longest run of printable characters, cut to HEARD_EXCERPT. */
void heard_excerpt(const struct heard *h, char out[HEARD_EXCERPT + 1]);

/* Whose log it is, by words that stand in it; the first match wins. */
struct heard_voice {
    const char *needle, *what;
};
const char *heard_whose(const struct heard *h, const struct heard_voice *voices, size_t count,
                        const char *otherwise);

#endif
