/* log.h - the last few KiB of what happened, for /logs; never a password. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_SIZE 4096u

enum log_level { LOG_NONE, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log {
    char ring[LOG_SIZE];
    uint32_t end;
    uint8_t level;
};

struct plug;

void log_say(struct plug *p, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Copy from position *at (moved on) as far as `cap`. */
size_t log_read(const struct plug *p, uint32_t *at, char *buf, size_t cap);

#endif
