/* log.c - a ring of text. What is not read in time is overwritten; nothing waits. */
#include "core/log.h"

#include <stdarg.h>
#include <string.h>

#include "core/plug.h"

static bool into_ring(void *user, const char *text, size_t len)
{
    struct log *l = user;

    /* One call is one line, whatever a name from outside has in it. */
    for (size_t i = 0; i < len; i++)
        l->ring[l->end++ % LOG_SIZE] = (unsigned char)text[i] < 0x20 ? ' ' : text[i];
    return true;
}

void log_say(struct plug *p, enum log_level level, const char *fmt, ...)
{
    static const char letter[] = "-EWID";
    char piece[64];
    struct out o;
    va_list ap;

    if (level == LOG_NONE || level > p->log.level || level > LOG_DEBUG)
        return;
    out_init(&o, piece, sizeof piece);
    o.sink = into_ring;
    o.user = &p->log;
    out_fmt(&o, "%u %c ", (unsigned)p->uptime_s, letter[level]);
    va_start(ap, fmt);
    out_vfmt(&o, fmt, ap);
    va_end(ap);
    out_flush(&o);
    p->log.ring[p->log.end++ % LOG_SIZE] = '\n';
}

size_t log_read(const struct plug *p, uint32_t *at, char *buf, size_t cap)
{
    const struct log *l = &p->log;
    uint32_t there = l->end - *at;
    size_t n = 0;

    /* Fallen behind, or from the future: with the oldest whole line there is. */
    if (there > LOG_SIZE) {
        *at = l->end > LOG_SIZE ? l->end - LOG_SIZE : 0;
        while (*at && *at != l->end && l->ring[(*at)++ % LOG_SIZE] != '\n')
            ;
        there = l->end - *at;
    }
    for (; n < cap && there; there--)
        buf[n++] = l->ring[(*at)++ % LOG_SIZE];
    return n;
}
