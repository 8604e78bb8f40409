/* collect.h - a buffer that grows to a limit: where streams unpack to. */
#ifndef IMAGE_COLLECT_H
#define IMAGE_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct collect {
    uint8_t *data; /* malloc'ed */
    size_t len, cap, most;
};

/* An unpack_sink for a struct collect. False: no memory, or more than `most`. */
bool collect_take(void *arg, const uint8_t *data, size_t len);

#endif
