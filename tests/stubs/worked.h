/* worked.h - the worked frames, as they stand in stubs/README.md. */
#ifndef TESTS_STUBS_WORKED_H
#define TESTS_STUBS_WORKED_H

#include <stddef.h>
#include <stdint.h>

struct worked {
    char title[100];
    uint8_t bytes[128];
    size_t len;
};

/* All of them, in order; returns how many. */
size_t worked_load(struct worked *w, size_t cap);
/* The `behind`th after the one whose title begins so. */
const struct worked *worked_find(const char *title, unsigned behind);

#endif
