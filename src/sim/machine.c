/* machine.c - time, wires, power and reset of a virtual plug.
 *
 * Events are handled in the order of their times; at one and the same time
 * supply comes before the loader's own timer, that before bytes. */
#include <stdlib.h>
#include <string.h>

#include "sim/guest.h"

#define POWER_GAP_NS  SIM_MS(300) /* how long a person leaves the plug off */
#define HOST_QUEUE    65536u      /* unread input an operating system keeps */
#define HOST_TX_QUEUE 65536u

#define BURST_PAUSE_NS SIM_MS(10)

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- supply and reset ---------------------------------------------------- */

static void stop_chip(struct sim *s, enum sim_phase phase)
{
    sim_guest_stop(s);
    bus_cut(&s->to_adapter, s->now);
    s->tx_free = s->now;
    s->busy_until = s->now;
    s->rx_len = 0;
    s->app_next = SIM_NEVER;
    if (s->linked)
        s->cycle_base = s->now;
    s->linked = false;
    s->held_len = 0;
    s->phase = phase;
}

static void boot(struct sim *s)
{
    struct fault *f;

    stop_chip(s, SIM_LOADER);
    s->resets++;
    s->rx_from = s->now;
    s->ops->boot(s);
    f = fault_hit(&s->plan, FAULT_CHATTER, s->boots++);
    if (f) {
        uint8_t text[128];
        size_t n = f->arg < sizeof text ? f->arg : sizeof text;

        for (size_t i = 0; i < n; i++)
            text[i] = i % 32 == 30 ? '\r' : i % 32 == 31 ? '\n' : 32 + rng_u8(&s->plan.rng) % 95;
        sim_chat(s, text, n);
    }
}

void sim_reset(struct sim *s)
{
    if (s->powered && !s->held)
        boot(s);
}

void sim_power(struct sim *s, bool on)
{
    s->power_on_at = s->power_off_at = SIM_NEVER;
    if (on == s->powered || (on && s->supply_dead))
        return;
    s->powered = on;
    if (!on) {
        nor_power_off(&s->nor, s->now >= s->work_from && s->now < s->work_to);
        stop_chip(s, SIM_OFF);
        return;
    }
    nor_power_on(&s->nor);
    s->spi = (struct nor_spi){0};
    s->work_to = s->now;
    s->cycle_base = s->now;
    if (s->held)
        s->phase = SIM_HELD;
    else
        boot(s);
}

void sim_host_lines(struct sim *s, unsigned lines)
{
    bool held = s->cfg.reset_line && !(lines & s->cfg.reset_line) == s->cfg.reset_inverted;

    s->lines = lines;
    if (held == s->held)
        return;
    s->held = held;
    if (!s->powered)
        return;
    if (held && s->ops->reset_ignored && s->ops->reset_ignored(s))
        return;
    if (held)
        stop_chip(s, SIM_HELD);
    else if (s->phase == SIM_HELD)
        boot(s);
}

void sim_linked(struct sim *s)
{
    s->linked = true;
}

void sim_start_app(struct sim *s)
{
    stop_chip(s, SIM_APP);
    app_start(s);
}

/* A NOR fault has cut the power inside an operation: finish the cut once the
 * loader's own code has returned. */
static void finish_powercut(struct sim *s)
{
    uint64_t back = SIM_NEVER;

    if (!s->nor.off || !s->powered)
        return;
    for (size_t i = 0; i < s->plan.count; i++) {
        const struct fault *f = &s->plan.fault[i];

        if (f->kind == FAULT_POWERCUT && f->fired && f->at + 1 == s->nor.ops) {
            s->supply_dead = f->word;
            back = s->now + SIM_MS(f->arg);
        }
    }
    sim_power(s, false);
    s->power_on_at = s->supply_dead ? SIM_NEVER : back;
}

/* When the person at the plug next acts. */
static uint64_t supply_next(const struct sim *s)
{
    uint64_t t = earlier(s->power_on_at, s->power_off_at);

    if (s->cfg.power == SIM_POWER_CYCLE && s->powered && !s->linked)
        t = earlier(t, s->cycle_base + s->cfg.power_ns);
    return t;
}

static void supply_act(struct sim *s)
{
    if (s->powered) {
        sim_power(s, false);
        s->power_on_at = s->now + POWER_GAP_NS;
    } else {
        sim_power(s, true);
    }
}

/* ---- what a loader may do ------------------------------------------------ */

static void busy_for(struct sim *s, uint64_t ns)
{
    s->busy_until = later(s->busy_until, s->now) + ns;
}

void sim_work(struct sim *s, uint64_t ns)
{
    if (!s->instant)
        busy_for(s, ns);
}

void sim_flash_work(struct sim *s, uint64_t ns)
{
    if (s->instant || !ns)
        return;
    s->work_from = later(s->busy_until, s->now);
    s->work_to = s->work_from + ns;
    s->busy_until = s->work_to;
}

void sim_delay(struct sim *s, uint64_t ns)
{
    busy_for(s, ns);
}

uint8_t sim_fault_status(struct sim *s)
{
    struct fault *f = fault_hit(&s->plan, FAULT_STATUS, s->statuses++);

    return f ? (uint8_t)f->arg : 0;
}

uint32_t sim_hash(struct sim *s, uint32_t addr, uint64_t len)
{
    uint32_t crc = nor_crc32(&s->nor, addr, len);

    s->digest_bytes += len;
    sim_work(s, (uint64_t)((double)len * 1e9 / (double)s->cfg.crc_rate));
    if (fault_hit(&s->plan, FAULT_WRONGCRC, s->crcs++))
        crc ^= 1u << rng_below(&s->plan.rng, 32);
    return crc;
}

/* One byte that meets a fault; returns when the wire is free again. */
static uint64_t transmit_faulty(struct sim *s, struct bus_queue *q, struct fault *f,
                                struct bus_run run, uint64_t start, uint8_t byte)
{
    uint64_t times = 1;

    run.len = 1;
    switch (f->kind) {
    case FAULT_DROP: /* it was on the wire and nobody caught it */
        return start + run.byte_ns;
    case FAULT_BURST: /* a buffer was overrun: no pause where it was */
        return start;
    case FAULT_DELAY:
        start += SIM_MS(f->arg);
        break;
    case FAULT_FRAGMENT:
        start += SIM_MS(1);
        break;
    case FAULT_DUP:
        times += earlier(f->arg, 64);
        break;
    default:
        byte ^= (uint8_t)(1u << (f->arg < 8 ? f->arg : rng_below(&s->plan.rng, 8)));
        break;
    }
    while (times--) {
        run.end = start + run.byte_ns;
        bus_push(q, &run, &byte);
        start += run.byte_ns;
    }
    return start;
}

/* Put bytes on a wire from `start` on; returns when the last one is complete. */
static uint64_t transmit(struct sim *s, struct bus_queue *q, enum fault_dir dir, uint64_t start,
                         uint32_t baud, uint32_t packet, const uint8_t *bytes, size_t len)
{
    uint64_t byte_ns = s->instant ? 0 : bus_byte_ns(baud ? baud : s->baud);
    uint64_t *index = dir == FAULT_TO_HOST ? &s->device_bytes : &s->host_bytes;
    struct bus_run run = {0, byte_ns, baud, 0, packet};

    /* What loses bytes in a burst, a full buffer or a disturbance, lasts milliseconds. */
    if (s->plan.count && start > s->wire_end[dir] + BURST_PAUSE_NS)
        fault_wire_quiet(&s->plan, dir, *index);
    while (len) {
        size_t clean = fault_wire_clean(&s->plan, dir, *index, len);

        if (clean) {
            run.end = start + byte_ns;
            run.len = (uint32_t)clean;
            bus_push(q, &run, bytes);
            start += clean * byte_ns;
        } else {
            clean = 1;
            start = transmit_faulty(s, q, fault_wire(&s->plan, dir, *index), run, start, *bytes);
        }
        *index += clean;
        bytes += clean;
        len -= clean;
    }
    s->wire_end[dir] = start;
    return start;
}

/* What the chip's transmitter sends, behind whatever it is sending already. */
static void emit(struct sim *s, const uint8_t *bytes, size_t len, uint32_t packet)
{
    uint64_t start = later(later(s->tx_free, s->busy_until), s->now);

    s->tx_free = transmit(s, &s->to_adapter, FAULT_TO_HOST, start, s->baud, packet, bytes, len);
}

void sim_send(struct sim *s, uint64_t at, const uint8_t *bytes, size_t len)
{
    uint64_t start = later(s->tx_free, at);

    s->tx_free =
        transmit(s, &s->to_adapter, FAULT_TO_HOST, start, s->baud, s->cfg.packet, bytes, len);
}

void sim_chat(struct sim *s, const uint8_t *bytes, size_t len)
{
    sim_send(s, s->now, bytes, len);
}

static void send_garbage(struct sim *s, uint64_t count)
{
    uint8_t junk[256];
    size_t n = count < sizeof junk ? count : sizeof junk;

    for (size_t i = 0; i < n; i++)
        junk[i] = rng_u8(&s->plan.rng);
    emit(s, junk, n, s->cfg.packet);
}

void sim_reply(struct sim *s, const uint8_t *bytes, size_t len)
{
    uint64_t nth = s->replies++;
    uint32_t packet = fault_span(&s->plan, FAULT_TRICKLE, nth) ? 1 : s->cfg.packet;
    struct fault *f = fault_hit(&s->plan, FAULT_NOISE, nth);

    if (f)
        send_garbage(s, f->arg);
    if (fault_hit(&s->plan, FAULT_RESET, nth)) {
        sim_reset(s);
        return;
    }
    if (fault_hit(&s->plan, FAULT_SILENCE, nth))
        return;
    if (fault_hit(&s->plan, FAULT_HOLDLATE, nth)) {
        free(s->held_reply);
        s->held_reply = malloc(len);
        s->held_len = s->held_reply ? len : 0;
        if (s->held_reply)
            memcpy(s->held_reply, bytes, len);
        return;
    }
    if (s->held_len) {
        emit(s, s->held_reply, s->held_len, packet);
        s->held_len = 0;
    }
    emit(s, bytes, len, packet);
    s->busy_until = later(s->busy_until, s->tx_free);
}

/* ---- bytes to the chip --------------------------------------------------- */

static bool guest_runs(const struct sim *s)
{
    return s->phase == SIM_LOADER && sim_guest_runs(s);
}

static void take(struct sim *s, uint8_t byte)
{
    if (s->phase == SIM_APP)
        app_rx(s, byte);
    else if (s->phase == SIM_LOADER)
        s->ops->rx(s, byte);
    finish_powercut(s);
}

/* A byte is complete at the chip's pin. */
static void receive(struct sim *s, uint8_t byte)
{
    s->rx_bytes++;
    if (guest_runs(s)) {
        sim_guest_rx(s, byte);
        finish_powercut(s);
        return;
    }
    if (s->phase == SIM_LOADER && s->ops->isr && s->ops->isr(s, byte)) {
        finish_powercut(s);
        return;
    }
    if (s->phase != SIM_LOADER || s->now >= s->busy_until) {
        take(s, byte);
        return;
    }
    if (s->rx_len == s->rx_cap) {
        if (!s->rx_overwrite)
            return;
        s->rx_head = (s->rx_head + 1) % s->rx_cap;
        s->rx_len--;
    }
    s->rx[(s->rx_head + s->rx_len++) % s->rx_cap] = byte;
}

/* What was buffered while the loader was busy. */
static void drain_rx(struct sim *s)
{
    while (s->rx_len && s->now >= s->busy_until) {
        uint8_t byte = s->rx[s->rx_head];

        s->rx_head = (s->rx_head + 1) % s->rx_cap;
        s->rx_len--;
        take(s, byte);
    }
}

/* The adapter hears its own byte `index`. */
static void echo(struct sim *s, uint64_t index, uint8_t byte)
{
    struct bus_run run = {s->now + s->cfg.lat_ns, 0, s->host_baud, 1, 1};

    for (size_t i = 0; i < s->plan.count; i++) {
        struct fault *f = &s->plan.fault[i];

        if (f->kind == FAULT_ECHO && index >= f->at && index - f->at < f->arg) {
            f->fired = s->plan.fired = true;
            bus_push(&s->to_host, &run, &byte);
        }
    }
}

/* Whoever measures rates himself may take the byte as it is on the pin. */
static bool pin(struct sim *s, uint32_t baud, uint8_t byte)
{
    if (guest_runs(s))
        return sim_guest_pin(s, baud, byte);
    return s->ops->pin && s->ops->pin(s, baud, byte);
}

/* The first byte on the wire to the chip is complete. */
static void deliver(struct sim *s)
{
    const struct bus_run *run = bus_front(&s->to_device);
    uint8_t byte = s->to_device.byte[s->to_device.head];
    uint32_t baud = run->baud;
    uint64_t begun = s->now - run->byte_ns;
    uint8_t seen[BUS_GARBAGE];
    size_t n;

    bus_drop(&s->to_device, 1);
    if (s->plan.count)
        echo(s, s->host_bytes - s->to_device.len - 1, byte);
    if (s->phase == SIM_OFF || s->phase == SIM_HELD || s->phase == SIM_DEAD || begun < s->rx_from)
        return;
    if (s->phase == SIM_LOADER && !s->cfg.bad_levels && pin(s, baud, byte)) {
        s->rx_bytes++;
        finish_powercut(s);
        return;
    }
    if (!s->cfg.bad_levels && (!baud || bus_baud_match(baud, s->baud))) {
        receive(s, byte);
        return;
    }
    if (begun < s->garbled_to)
        return;
    s->garbled_to = begun + (s->instant ? 0 : bus_byte_ns(s->baud) * 19 / 20);
    n = bus_garble(&s->rng, byte, baud ? baud : s->baud, s->baud, seen);
    for (size_t i = 0; i < n; i++)
        receive(s, seen[i]);
}

/* ---- bytes to the host --------------------------------------------------- */

/* How many bytes of the first run form the next USB packet, and when it is
 * full. A packet ends with the run: adapters send what they have when the
 * line falls silent, `lat` later. */
static uint32_t next_packet(const struct sim *s, uint64_t *at)
{
    const struct bus_run *run = bus_front(&s->to_adapter);
    uint32_t n;

    if (!run) {
        *at = SIM_NEVER;
        return 0;
    }
    n = run->len < run->packet ? run->len : run->packet;
    *at = run->end + (uint64_t)(n - 1) * run->byte_ns;
    return n;
}

/* The adapter has received `n` bytes of the first run at its own rate. */
static void adapter_take(struct sim *s, uint32_t n, uint64_t at)
{
    const struct bus_run *run = bus_front(&s->to_adapter);
    struct bus_run got = {at + s->cfg.lat_ns, 0, run->baud, n, run->packet};
    const uint8_t *bytes = s->to_adapter.byte + s->to_adapter.head;

    if (s->to_host.len + n > HOST_QUEUE) {
        bus_drop(&s->to_adapter, n);
        return;
    }
    if (!s->cfg.bad_levels && (!s->host_baud || bus_baud_match(run->baud, s->host_baud))) {
        bus_push(&s->to_host, &got, bytes);
    } else {
        uint32_t host_baud = s->host_baud ? s->host_baud : run->baud;
        uint64_t share = 0;

        for (uint32_t i = 0; i < n; i++) {
            uint8_t seen[BUS_GARBAGE];

            /* A slow receiver sees fewer bytes than were sent. */
            share += host_baud;
            if (run->baud > host_baud && share < run->baud)
                continue;
            share = 0;
            got.len = (uint32_t)bus_garble(&s->rng, bytes[i], run->baud, host_baud, seen);
            bus_push(&s->to_host, &got, seen);
        }
    }
    bus_drop(&s->to_adapter, n);
}

/* Before the host's rate changes: what is complete was received at the old one. */
static void adapter_split(struct sim *s)
{
    const struct bus_run *run = bus_front(&s->to_adapter);

    while (run && run->end <= s->now) {
        uint64_t n = run->byte_ns ? (s->now - run->end) / run->byte_ns + 1 : run->len;

        if (n > run->len)
            n = run->len;
        adapter_take(s, (uint32_t)n, s->now);
        run = bus_front(&s->to_adapter);
    }
}

/* CAP: a full receive queue. Held back (the default) is what the adapter's own
 * buffer and flow control do; the rest becomes visible once the host reads. */
static size_t cap_visible(struct sim *s, size_t visible)
{
    struct fault *f = fault_cap(&s->plan);

    if (!f || visible <= f->at)
        return visible;
    f->fired = s->plan.fired = true;
    return f->at;
}

static size_t visible_bytes(const struct sim *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->to_host.rlen; i++) {
        const struct bus_run *run = &s->to_host.run[s->to_host.rhead + i];

        if (run->end > s->now)
            break;
        n += run->len;
    }
    return n;
}

static void forget(struct bus_queue *q, size_t n)
{
    while (n) {
        const struct bus_run *run = bus_front(q);
        uint32_t part = run->len < n ? run->len : (uint32_t)n;

        bus_drop(q, part);
        n -= part;
    }
}

size_t sim_host_read(struct sim *s, uint8_t *buf, size_t cap)
{
    size_t all = visible_bytes(s), n = cap_visible(s, all), lost = 0;

    if (n < all && fault_cap(&s->plan)->word)
        lost = all - n;
    if (n > cap)
        n = cap;
    if (n)
        memcpy(buf, s->to_host.byte + s->to_host.head, n);
    forget(&s->to_host, n + lost);
    return n;
}

void sim_host_purge(struct sim *s)
{
    forget(&s->to_host, visible_bytes(s));
}

void sim_host_write(struct sim *s, const uint8_t *data, size_t len)
{
    uint64_t start = later(s->host_tx_free, s->now);

    s->host_tx_free =
        transmit(s, &s->to_device, FAULT_TO_DEVICE, start, s->host_baud, s->cfg.packet, data, len);
}

void sim_host_baud(struct sim *s, uint32_t baud)
{
    if (baud == s->host_baud)
        return;
    adapter_split(s);
    s->host_baud = baud;
    s->host_tx_free = bus_retime(&s->to_device, s->now, baud,
                                 s->instant ? 0 : bus_byte_ns(baud ? baud : s->baud));
}

/* ---- time ---------------------------------------------------------------- */

/* When each party next acts. */
struct due {
    uint64_t supply, chip, buffer, packet, byte;
};

static struct due due(const struct sim *s)
{
    const struct bus_run *run = bus_front(&s->to_device);
    struct due d = {supply_next(s), SIM_NEVER, SIM_NEVER, SIM_NEVER, SIM_NEVER};

    if (guest_runs(s)) {
        d.chip = sim_guest_next(s);
    } else if (s->phase == SIM_LOADER) {
        d.chip = s->ops->next(s);
        if (s->rx_len)
            d.buffer = s->busy_until;
    } else if (s->phase == SIM_APP) {
        d.chip = s->app_next;
    }
    if (s->to_adapter.rlen)
        next_packet(s, &d.packet);
    if (run)
        d.byte = run->end;
    return d;
}

static uint64_t first_due(const struct sim *s, const struct due *d)
{
    uint64_t t = earlier(earlier(d->supply, d->chip), earlier(d->buffer, d->packet));

    return later(earlier(t, d->byte), s->now);
}

uint64_t sim_next(const struct sim *s)
{
    const struct bus_run *seen = bus_front(&s->to_host);
    struct due d = due(s);

    return later(s->now, earlier(first_due(s, &d), seen ? seen->end : SIM_NEVER));
}

/* One event; the order of the tests decides between simultaneous ones. */
static void step(struct sim *s, const struct due *d)
{
    if (d->supply <= s->now) {
        supply_act(s);
    } else if (d->chip <= s->now && s->phase == SIM_APP) {
        app_timer(s);
    } else if (d->chip <= s->now) {
        if (guest_runs(s))
            sim_guest_timer(s);
        else
            s->ops->timer(s);
        finish_powercut(s);
    } else if (d->buffer <= s->now) {
        drain_rx(s);
    } else if (d->packet <= s->now) {
        uint64_t at;
        uint32_t n = next_packet(s, &at);

        adapter_take(s, n, at);
    } else {
        deliver(s);
    }
}

void sim_run(struct sim *s, uint64_t until)
{
    for (;;) {
        struct due d = due(s);
        uint64_t t = first_due(s, &d);

        if (t > until)
            break;
        s->now = t;
        step(s, &d);
    }
    if (until > s->now)
        s->now = until;
}
