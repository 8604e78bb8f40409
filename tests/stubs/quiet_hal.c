/* quiet_hal.c - the part of hal.h that the codecs need, for tests that have no
 * chip: nothing to poll, and no clock. */
#include "common/hal.h"

void hal_poll(struct stub_hal *h)
{
    (void)h;
}

void hal_spend(struct stub_hal *h, enum hal_work work, uint32_t bytes)
{
    (void)h;
    (void)work;
    (void)bytes;
}
