/* worked.c - reads the worked frames out of the page itself, so that page, tests and
 * stub cannot come apart. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stubs/fake_hal.h"
#include "stubs/worked.h"

static void worked_hex(struct worked *w, char *line)
{
    for (char *p = line, *end;; p = end) {
        unsigned long v = strtoul(p, &end, 16);

        if (end == p)
            return;
        must(v < 256 && w->len < sizeof w->bytes);
        w->bytes[w->len++] = (uint8_t)v;
    }
}

size_t worked_load(struct worked *w, size_t cap)
{
    FILE *f = fopen(STUBS_README, "r");
    char line[256];
    bool inside = false;
    size_t n = 0;

    must(f);
    while (fgets(line, sizeof line, f)) {
        if (!strncmp(line, "## ", 3))
            inside = !strncmp(line, "## Worked frames", 16);
        if (!inside || strncmp(line, "    ", 4) != 0)
            continue;
        if (!strncmp(line, "        ", 8)) {
            must(n);
            worked_hex(&w[n - 1], line);
            continue;
        }
        must(n < cap);
        memset(&w[n], 0, sizeof w[n]);
        snprintf(w[n].title, sizeof w[n].title, "%.90s", line + 4);
        n++;
    }
    fclose(f);
    return n;
}

const struct worked *worked_find(const char *title, unsigned behind)
{
    static struct worked w[64];
    static size_t n;

    if (!n)
        n = worked_load(w, 64);
    for (size_t i = 0; i < n; i++) {
        if (!strncmp(w[i].title, title, strlen(title))) {
            must(i + behind < n);
            return &w[i + behind];
        }
    }
    must(!"no such frame");
    return NULL;
}
