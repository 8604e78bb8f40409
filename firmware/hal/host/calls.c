/* calls.c - what the chip was told, in order, for tests to which the order matters. */
#include "hal/host/host.h"

static struct host_called kept[HOST_CALLS_KEPT];
static size_t count;

void host_calls_reset(void)
{
    count = 0;
}

void host_calls_forget(void)
{
    count = 0;
}

void host_note(enum host_call call, uint32_t a, uint32_t b)
{
    if (count < HOST_CALLS_KEPT)
        kept[count++] = (struct host_called){call, a, b, host_us()};
}

size_t host_calls(void)
{
    return count;
}

const struct host_called *host_called(size_t i)
{
    return i < count ? &kept[i] : NULL;
}

static bool is(const struct host_called *c, enum host_call call, uint32_t a)
{
    return c->call == call && (a == HOST_ANY || c->a == a);
}

int host_first(enum host_call call, uint32_t a)
{
    for (size_t i = 0; i < count; i++)
        if (is(&kept[i], call, a))
            return (int)i;
    return -1;
}

unsigned host_count(enum host_call call, uint32_t a)
{
    unsigned n = 0;

    for (size_t i = 0; i < count; i++)
        n += is(&kept[i], call, a);
    return n;
}
