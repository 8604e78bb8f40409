/* net.c - the network interface on a PC: two queues of frames, and what goes wrong on the way. */
#include "hal/host/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/host/host.h"
#include "net/net.h"

#define FRAMES 128u /* under way at a time, each direction */

struct queue {
    struct {
        uint64_t due_us;
        size_t len;
        uint8_t data[HAL_FRAME_MAX];
    } frame[FRAMES];
    unsigned first, count;
};

static struct queue to_plug, from_plug;
static struct host_wire_fault fault;
static struct host_wire_stats stats;
static void (*far_take)(void *user, const uint8_t *frame, size_t len);
static void *far_user;
static void (*far_pump)(void *user);
static void *pump_user;

static bool linked(void)
{
    return host_radio_linked() || hal_radio_state() == HAL_RADIO_AP;
}

static bool lost(void)
{
    fault.seed ^= fault.seed << 13;
    fault.seed ^= fault.seed >> 17;
    fault.seed ^= fault.seed << 5;
    return fault.cut || !linked() || (fault.lose && fault.seed % 1000 < fault.lose);
}

static void push(struct queue *q, const void *frame, size_t len)
{
    unsigned at;

    if (q->count == FRAMES || len > HAL_FRAME_MAX || lost()) {
        stats.lost++;
        return;
    }
    at = (q->first + q->count++) % FRAMES;
    q->frame[at].due_us = host_us() + (uint64_t)fault.delay_ms * 1000;
    q->frame[at].len = len;
    memcpy(q->frame[at].data, frame, len);
}

static bool due(const struct queue *q)
{
    return q->count && q->frame[q->first].due_us <= host_us();
}

static void drop(struct queue *q)
{
    q->first = (q->first + 1) % FRAMES;
    q->count--;
}

/* Frames of the plug that have arrived at the far end. */
static void deliver(void)
{
    while (due(&from_plug)) {
        const unsigned at = from_plug.first;

        if (far_take)
            far_take(far_user, from_plug.frame[at].data, from_plug.frame[at].len);
        drop(&from_plug);
    }
}

bool hal_net_send(const void *frame, size_t len)
{
    if (!linked() || from_plug.count == FRAMES)
        return false;
    stats.sent++;
    push(&from_plug, frame, len);
    deliver();
    return true;
}

size_t hal_net_receive(void *frame, size_t cap)
{
    size_t len;

    deliver();
    if (far_pump && !due(&to_plug))
        far_pump(pump_user);
    if (!due(&to_plug))
        return 0;
    len = to_plug.frame[to_plug.first].len;
    if (len > cap)
        len = cap;
    memcpy(frame, to_plug.frame[to_plug.first].data, len);
    drop(&to_plug);
    stats.received++;
    return len;
}

void host_wire_arrive(const uint8_t *frame, size_t len)
{
    push(&to_plug, frame, len);
}

void host_wire_far(void (*take)(void *user, const uint8_t *frame, size_t len), void *user)
{
    far_take = take;
    far_user = user;
}

void host_wire_pump(void (*pump)(void *user), void *user)
{
    far_pump = pump;
    pump_user = user;
}

void host_wire_faults(const struct host_wire_fault *f)
{
    fault = f ? *f : (struct host_wire_fault){0};
    if (!fault.seed)
        fault.seed = 1;
}

struct host_wire_stats host_wire_stats(void)
{
    return stats;
}

void net_says(const char *what)
{
    fprintf(stderr, "lwIP: %s\n", what);
    abort();
}

void host_wire_reset(void)
{
    host_wire_far(NULL, NULL);
    host_wire_pump(NULL, NULL);
    host_wire_faults(NULL);
    to_plug.count = from_plug.count = 0;
    stats = (struct host_wire_stats){0};
}
