/* memdev.c - a protocol over memory; see memdev.h. */
#include "support/memdev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"

static struct memdev *dev(struct pf_session *s)
{
    return (struct memdev *)s;
}

static uint64_t clock_now(struct pf_transport *t)
{
    struct memdev *d = (struct memdev *)((char *)t - offsetof(struct memdev, port));

    return d->now;
}

static const struct pf_transport_ops port_ops = {.name = "memdev", .now = clock_now};

static bool sink(void *user, const struct pf_event *ev)
{
    struct memdev *d = user;

    if (ev->kind == PF_EV_WARNING) {
        d->warnings++;
        snprintf(d->warning, sizeof d->warning, "%s", ev->text);
    }
    d->retries += ev->kind == PF_EV_RETRY;
    return true;
}

/* Count a call; PF_OK means it may go on, *hit that the fault is in it. */
static enum pf_err enter(struct memdev *d, double us, bool *hit)
{
    *hit = d->calls++ == d->at && d->fault != MEMDEV_SOUND;
    d->fired |= *hit;
    d->now += (uint64_t)us;
    if (*hit && d->fault == MEMDEV_GONE)
        d->gone = true;
    if (d->gone)
        return pf_fail(&d->ctx, PF_ERR_IO, "the port is gone");
    if (*hit && d->fault == MEMDEV_SILENT)
        return pf_fail(&d->ctx, PF_ERR_TIMEOUT, "no answer");
    if (*hit && d->fault == MEMDEV_REFUSE)
        return pf_fail(&d->ctx, PF_ERR_REFUSED, "the device said no");
    if (*hit && d->fault == MEMDEV_CANCEL)
        d->ctx.cancel = true;
    return PF_OK;
}

static enum pf_err leave(struct memdev *d, bool hit)
{
    if (hit && d->fault == MEMDEV_LATE)
        return pf_fail(&d->ctx, PF_ERR_TIMEOUT, "no answer");
    return PF_OK;
}

static void check_span(struct memdev *d, uint32_t addr, size_t len, uint32_t align)
{
    if (addr % align || len % align || !len ||
        (uint64_t)addr + len > (uint64_t)d->sectors * PF_SECTOR) {
        fprintf(stderr, "memdev: bad span 0x%x + 0x%zx\n", addr, len);
        abort();
    }
}

static enum pf_err dev_read(struct pf_session *s, uint32_t addr, uint8_t *buf, size_t len)
{
    struct memdev *d = dev(s);

    check_span(d, addr, len, PF_SECTOR);
    for (size_t at = 0; at < len; at += PF_SECTOR) {
        const uint32_t i = (uint32_t)(addr + at) / PF_SECTOR;
        bool hit;

        PF_TRY(enter(d, d->a_us + d->r_us, &hit));
        d->reads++;
        d->readcount[i]++;
        memcpy(buf + at, d->flash + addr + at, PF_SECTOR);
        if (hit && d->fault == MEMDEV_WRONG_READ)
            buf[at + (d->at * 7) % PF_SECTOR] ^= 0x10;
        if (i == d->lying || (i == d->flaky && d->readcount[i] % 2 == 1))
            buf[at + 17] ^= 1;
        PF_TRY(leave(d, hit));
    }
    return PF_OK;
}

static enum pf_err dev_digest(struct pf_session *s, uint32_t addr, size_t len,
                              struct pf_digest *out)
{
    struct memdev *d = dev(s);
    bool hit;

    check_span(d, addr, len, PF_PAGE);
    PF_TRY(enter(d, d->a_us + d->b_us * (double)len / PF_SECTOR, &hit));
    d->digests++;
    d->hashed += len;
    memset(out, 0, sizeof *out);
    out->kind = d->proto.digest_kind;
    if (out->kind == PF_DIGEST_SHA256)
        pf_sha256(d->flash + addr, len, out->sha256);
    else
        out->crc32 = pf_crc32(0, d->flash + addr, len);
    if (hit && d->fault == MEMDEV_WRONG_DIGEST) {
        out->crc32 ^= 0x400;
        out->sha256[3] ^= 4;
    }
    if (d->digest_locks)
        d->permitted = false;
    return leave(d, hit);
}

static enum pf_err dev_unlock(struct pf_session *s)
{
    bool hit;

    PF_TRY(enter(dev(s), dev(s)->a_us, &hit));
    dev(s)->unlocks++;
    dev(s)->unlocked = true;
    return leave(dev(s), hit);
}

static enum pf_err dev_lock(struct pf_session *s)
{
    bool hit;

    PF_TRY(enter(dev(s), dev(s)->a_us, &hit));
    dev(s)->locks++;
    dev(s)->unlocked = false;
    return leave(dev(s), hit);
}

static enum pf_err dev_erase(struct pf_session *s, uint32_t addr, size_t len)
{
    struct memdev *d = dev(s);
    size_t n;

    check_span(d, addr, len, PF_SECTOR);
    for (size_t at = 0; at < len; at += n) {
        const bool block = (addr + at) % PF_BLOCK == 0 && len - at >= PF_BLOCK;
        bool hit;

        n = block ? PF_BLOCK : PF_SECTOR;
        PF_TRY(enter(d, d->a_us + (block ? d->block_us : d->erase_us), &hit));
        d->erases++;
        d->block_erases += block;
        d->permitted = true;
        for (size_t i = 0; i < n; i += PF_SECTOR) {
            const uint32_t sector = (uint32_t)(addr + at + i) / PF_SECTOR;

            d->erased[sector]++;
            if (d->unlocked && !(hit && d->fault == MEMDEV_STUCK_ERASE))
                memset(d->flash + addr + at + i, 0xff, PF_SECTOR);
        }
        PF_TRY(leave(d, hit));
    }
    return PF_OK;
}

static enum pf_err dev_write(struct pf_session *s, uint32_t addr, const uint8_t *data, size_t len)
{
    struct memdev *d = dev(s);

    check_span(d, addr, len, PF_SECTOR);
    for (size_t at = 0; at < len; at += PF_SECTOR) {
        const uint32_t i = (uint32_t)(addr + at) / PF_SECTOR;
        size_t n = PF_SECTOR;
        bool hit;

        PF_TRY(enter(d, d->a_us + d->r_us + d->program_us, &hit));
        d->writes++;
        d->programmed[i]++;
        d->violations += !d->unlocked || !d->permitted;
        if (!d->unlocked || !d->permitted || i == d->worn || (hit && d->fault == MEMDEV_LOST_WRITE))
            n = 0;
        if (hit && d->fault == MEMDEV_TORN_WRITE)
            n = PF_SECTOR / 2;
        for (size_t k = 0; k < n; k++)
            d->flash[addr + at + k] &= data[at + k];
        PF_TRY(leave(d, hit));
    }
    return PF_OK;
}

static enum pf_err dev_map(struct pf_session *s, uint32_t addr, size_t len, uint32_t *crc)
{
    struct memdev *d = dev(s);
    bool hit;

    check_span(d, addr, len, PF_SECTOR);
    PF_TRY(enter(d, d->a_us + d->b_us * (double)len / PF_SECTOR, &hit));
    d->hashed += len;
    for (size_t at = 0; at < len; at += PF_SECTOR)
        crc[at / PF_SECTOR] = pf_crc32(0, d->flash + addr + at, PF_SECTOR);
    if (hit && d->fault == MEMDEV_WRONG_DIGEST)
        crc[len / PF_SECTOR / 2] ^= 0x400;
    return leave(d, hit);
}

static enum pf_err dev_fetch(struct pf_session *s, uint32_t addr, size_t len, pf_sector_fn sector,
                             void *user, struct pf_digest *out)
{
    struct memdev *d = dev(s);
    uint8_t buf[PF_SECTOR];

    for (size_t at = 0; at < len; at += PF_SECTOR) {
        PF_TRY(dev_read(s, addr + (uint32_t)at, buf, PF_SECTOR));
        PF_TRY(sector(user, addr + (uint32_t)at, buf));
    }
    memset(out, 0, sizeof *out);
    out->kind = PF_DIGEST_SHA256;
    pf_sha256(d->flash + addr, len, out->sha256);
    return PF_OK;
}

/* Power or port goes in the middle of a sector: of its erase, or of its program. */
static void tear(struct memdev *d, uint8_t *cell, const uint8_t *want)
{
    const bool erasing = d->at % 2 == 0;

    for (size_t i = 0; i < PF_SECTOR; i++) {
        const uint8_t mask = (uint8_t)((i * 2654435761u + d->at) >> 24);

        cell[i] = erasing ? cell[i] | mask : (uint8_t)(want[i] | mask);
    }
}

static enum pf_err dev_store(struct pf_session *s, uint32_t addr, size_t len, const uint8_t *data,
                             const uint8_t *differ, pf_done_fn done, void *user,
                             struct pf_digest *out)
{
    struct memdev *d = dev(s);

    check_span(d, addr, len, PF_SECTOR);
    for (size_t at = 0; at < len; at += PF_SECTOR) {
        const uint32_t i = (uint32_t)(addr + at) / PF_SECTOR;
        uint8_t *cell = d->flash + addr + at;
        enum pf_err err;
        bool hit;

        if (!differ[at / PF_SECTOR]) {
            if (memcmp(cell, data + at, PF_SECTOR) != 0)
                return pf_fail(&d->ctx, PF_ERR_VERIFY, "0x%zx holds something else", addr + at);
            continue;
        }
        err = enter(d, d->a_us + d->r_us + d->program_us, &hit);
        if (err == PF_ERR_IO && hit) {
            d->erases++;
            tear(d, cell, data + at);
        }
        PF_TRY(err);
        d->erases++;
        d->erased[i]++;
        d->writes++;
        d->programmed[i]++;
        d->violations += !d->unlocked;
        if (i != d->worn && !(hit && d->fault == MEMDEV_LOST_WRITE)) {
            if (!(hit && d->fault == MEMDEV_STUCK_ERASE))
                memset(cell, 0xff, PF_SECTOR);
            for (size_t k = 0; k < (hit && d->fault == MEMDEV_TORN_WRITE ? 2048 : PF_SECTOR); k++)
                cell[k] &= data[at + k];
        }
        PF_TRY(leave(d, hit));
        if (done)
            PF_TRY(done(user, at + PF_SECTOR));
    }
    return dev_digest(s, addr, len, out);
}

static enum pf_err dev_read_key(struct pf_session *s, uint8_t key[16])
{
    struct memdev *d = dev(s);

    if (!d->has_key)
        return pf_fail(&d->ctx, PF_ERR_SUPPORT, "this loader does not tell its key");
    memcpy(key, d->key, 16);
    return PF_OK;
}

static enum pf_err dev_keepalive(struct pf_session *s)
{
    (void)s;
    return PF_OK;
}

void memdev_init(struct memdev *d, uint32_t sectors, const struct pf_region *regions)
{
    memset(d, 0, sizeof *d);
    if (sectors > MEMDEV_SECTORS)
        abort();
    d->flash = malloc((size_t)sectors * PF_SECTOR);
    if (!d->flash)
        abort();
    memset(d->flash, 0xff, (size_t)sectors * PF_SECTOR);
    d->sectors = sectors;
    d->port = (struct pf_transport){.ops = &port_ops, .ctx = &d->ctx};
    d->ctx.clock = &d->port;
    d->ctx.sink = sink;
    d->ctx.user = d;
    d->proto = (struct pf_protocol){.name = "memdev",
                                    .digest_kind = PF_DIGEST_CRC32,
                                    .read = dev_read,
                                    .digest = dev_digest,
                                    .unlock = dev_unlock,
                                    .lock = dev_lock,
                                    .erase = dev_erase,
                                    .write = dev_write,
                                    .read_key = dev_read_key,
                                    .keepalive = dev_keepalive};
    d->chip = (struct pf_chip){.name = "memdev",
                               .title = "memory",
                               .family = "memory",
                               .protocol = &d->proto,
                               .regions = regions};
    d->base =
        (struct pf_session){.proto = &d->proto, .ctx = &d->ctx, .port = &d->port, .chip = &d->chip};
    d->base.id.flash_size = sectors * PF_SECTOR;
    d->base.id.baud = 921600;
    d->base.id.latency_us = 16000;
    /* 921600 baud, 16 ms latency, CRC at 4 MiB/s, NOR typicals. */
    d->a_us = 16260;
    d->b_us = 976.6;
    d->r_us = 44600;
    d->erase_us = 45000;
    d->block_us = 150000;
    d->program_us = 8000;
    memdev_reset(d);
}

void memdev_stream(struct memdev *d)
{
    d->proto.digest_kind = PF_DIGEST_SHA256;
    d->proto.map = dev_map;
    d->proto.fetch = dev_fetch;
    d->proto.store = dev_store;
}

void memdev_reset(struct memdev *d)
{
    d->now = 0;
    d->fault = MEMDEV_SOUND;
    d->fired = d->gone = false;
    d->permitted = !d->digest_locks;
    d->unlocked = false;
    d->calls = d->reads = d->digests = d->erases = d->block_erases = d->writes = 0;
    d->unlocks = d->locks = d->violations = d->warnings = d->retries = 0;
    d->hashed = 0;
    d->flaky = d->lying = d->worn = ~0u;
    memset(d->erased, 0, sizeof d->erased);
    memset(d->programmed, 0, sizeof d->programmed);
    memset(d->readcount, 0, sizeof d->readcount);
    d->ctx.cancel = false;
    d->ctx.retries = 0;
    d->ctx.text[0] = '\0';
}

void memdev_fini(struct memdev *d)
{
    free(d->flash);
    d->flash = NULL;
}

void memdev_fill(uint8_t *flash, uint32_t first, uint32_t count, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 12345;

    for (size_t i = (size_t)first * PF_SECTOR; i < (size_t)(first + count) * PF_SECTOR; i++) {
        x = x * 1664525u + 1013904223u;
        flash[i] = (uint8_t)(x >> 24);
    }
}

const char *memdev_fault_name(enum memdev_fault fault)
{
    static const char *const name[] = {"sound",      "silent",     "late",         "gone",
                                       "refuse",     "wrong read", "wrong digest", "stuck erase",
                                       "lost write", "torn write", "cancel"};

    return fault < MEMDEV_FAULTS ? name[fault] : "?";
}
