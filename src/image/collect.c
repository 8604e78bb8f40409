/* collect.c - see collect.h. */
#include "image/collect.h"

#include <stdlib.h>
#include <string.h>

bool collect_take(void *arg, const uint8_t *data, size_t len)
{
    struct collect *c = arg;
    size_t cap = c->cap ? c->cap : 65536;
    uint8_t *grown;

    if (len > c->most - c->len)
        return false;
    while (cap - c->len < len)
        cap *= 2;
    if (cap != c->cap) {
        grown = realloc(c->data, cap);
        if (!grown)
            return false;
        c->data = grown;
        c->cap = cap;
    }
    memcpy(c->data + c->len, data, len);
    c->len += len;
    return true;
}
