/* stub_none.c - stands for stub_guest.c until the stub's sources are complete. */
#include "sim/guest.h"

static void *start(struct sim *s, const uint8_t *image, size_t len, uint32_t load, uint32_t entry)
{
    (void)s;
    (void)image;
    (void)len;
    (void)load;
    (void)entry;
    return NULL;
}

const struct sim_guest_ops sim_guest_pc = {.name = "none", .start = start};
