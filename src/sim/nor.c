/* nor.c - the flash model; rules in nor.h. */
#include "sim/nor.h"

#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"

/* peers.md 2.5: what generic 25-series data sheets call typical. */
const struct nor_times nor_typical = {
    .sector = 45000000,
    .half = 120000000,
    .block = 150000000,
    .page = 500000,
    .status = 5000000,
};

bool nor_size_ok(uint64_t size)
{
    return size >= NOR_SIZE_MIN && size <= NOR_SIZE_MAX && (size & (size - 1)) == 0;
}

enum pf_err nor_init(struct nor *n, uint32_t size, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    n->cell = malloc(size);
    n->touched = calloc(size / NOR_SECTOR, 1);
    if (!n->cell || !n->touched) {
        nor_fini(n);
        return PF_ERR_NOMEM;
    }
    memset(n->cell, 0xff, size);
    n->size = size;
    n->sr_count = 2;
    n->times = nor_typical;
    n->touched_lo = UINT32_MAX;
    rng_seed(&n->rng, seed);
    return PF_OK;
}

void nor_fini(struct nor *n)
{
    free(n->cell);
    free(n->touched);
    n->cell = n->touched = NULL;
}

static enum nor_fault ask(struct nor *n, enum nor_op op, uint64_t nth)
{
    return n->fault ? n->fault(n->user, op, nth, n->ops) : NOR_FINE;
}

static void touch(struct nor *n, uint32_t addr, uint32_t len)
{
    uint32_t last = addr + len - 1;

    for (uint32_t s = addr / NOR_SECTOR; s <= last / NOR_SECTOR; s++)
        n->touched[s] = 1;
    if (addr < n->touched_lo)
        n->touched_lo = addr;
    if (last > n->touched_hi)
        n->touched_hi = last;
}

/* 25-series protection, as on a 16 Mbit part with BP4 (small units), BP3 (from
 * the bottom) and BP2..BP0 (how much). n = BP2..BP0:
 *
 *   BP4 = 0   64 KiB << (n - 1); 7 is everything
 *   BP4 = 1   4 KiB << (n - 1), at most 32 KiB; 6 and 7 are everything
 *
 * CMP turns the span into its complement. */
bool nor_protected_span(const struct nor *n, uint32_t *lo, uint32_t *len)
{
    unsigned bp = (n->sr[0] >> 2) & 7;
    bool bottom = n->sr[0] & 0x20, small = n->sr[0] & 0x40;
    bool complement = n->sr_count > 1 && (n->sr[1] & (NOR_SR_CMP >> 8));
    uint64_t span = 0;

    if (bp == 7 || (small && bp == 6))
        span = n->size;
    else if (bp && small)
        span = bp > 4 ? NOR_HALF : NOR_SECTOR << (bp - 1);
    else if (bp)
        span = (uint64_t)NOR_BLOCK << (bp - 1);
    if (span > n->size)
        span = n->size;

    *lo = bottom ? 0 : n->size - (uint32_t)span;
    *len = (uint32_t)span;
    if (complement) {
        *lo = bottom ? (uint32_t)span : 0;
        *len = n->size - (uint32_t)span;
    }
    return *len != 0;
}

bool nor_protected(const struct nor *n, uint32_t addr, uint32_t len)
{
    uint32_t lo, span;

    if (!nor_protected_span(n, &lo, &span))
        return false;
    return addr < lo + span && lo < addr + len;
}

void nor_write_enable(struct nor *n)
{
    if (!n->off)
        n->write_enabled = true;
}

/* Every erase and program begins here: true when it reaches the cells. */
static bool admit(struct nor *n, uint32_t addr, uint32_t len)
{
    bool enabled = n->write_enabled;

    n->write_enabled = false;
    if (n->off)
        return false;
    if (!enabled || nor_protected(n, addr, len)) {
        n->ignored++;
        return false;
    }
    return true;
}

/* Power went during an erase: some bits have reached 1, some have not. */
static void half_erase(struct nor *n, uint32_t addr, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        n->cell[addr + i] |= rng_u8(&n->rng);
}

uint64_t nor_erase(struct nor *n, uint32_t addr, uint32_t unit)
{
    uint32_t at = (addr & (n->size - 1)) & ~(unit - 1);
    uint64_t time = unit == NOR_SECTOR  ? n->times.sector
                    : unit == NOR_HALF  ? n->times.half
                    : unit == NOR_BLOCK ? n->times.block
                                        : n->times.block * (n->size / NOR_BLOCK);
    enum nor_fault fault;

    if (unit > n->size)
        unit = n->size;
    at &= ~(unit - 1);
    if (!admit(n, at, unit))
        return 0;

    fault = ask(n, NOR_OP_ERASE, n->erase_ops);
    n->erase_ops++;
    n->ops++;
    n->last.len = 0;
    if (fault == NOR_STICK)
        return time;

    touch(n, at, unit);
    n->erases += unit / NOR_SECTOR;
    if (fault == NOR_CUT) {
        half_erase(n, at, unit);
        n->off = true;
        return time / 2;
    }
    memset(n->cell + at, 0xff, unit);
    n->last.op = NOR_OP_ERASE;
    n->last.addr = at;
    n->last.len = unit;
    return time;
}

/* The cells of a page after `data` was programmed over them; with `noise`
 * some of the bits that should fall have not fallen yet. */
static void clear_bits(struct nor *n, uint32_t page, uint32_t start, const uint8_t *data,
                       uint32_t len, bool noise)
{
    for (uint32_t i = 0; i < len; i++) {
        uint8_t *cell = n->cell + page + ((start + i) & (NOR_PAGE - 1));

        *cell &= noise ? (uint8_t)(data[i] | rng_u8(&n->rng)) : data[i];
    }
}

/* A lie: one byte of what was just programmed gets one more bit cleared. */
static void spoil_byte(struct nor *n, uint32_t page, uint32_t start, uint32_t len)
{
    uint32_t first = rng_below(&n->rng, len);

    for (uint32_t i = 0; i < len; i++) {
        uint8_t *cell = n->cell + page + ((start + (first + i) % len) & (NOR_PAGE - 1));

        if (*cell) {
            *cell &= (uint8_t)(*cell - 1); /* clears the lowest set bit */
            return;
        }
    }
}

uint64_t nor_page_program(struct nor *n, uint32_t addr, const uint8_t *data, uint32_t len)
{
    uint32_t page, start;
    enum nor_fault fault;

    addr &= n->size - 1;
    page = addr & ~(NOR_PAGE - 1);
    start = addr & (NOR_PAGE - 1);
    if (len > NOR_PAGE) { /* the chip keeps the last 256 bytes */
        start = (start + len) & (NOR_PAGE - 1);
        data += len - NOR_PAGE;
        len = NOR_PAGE;
    }
    if (!len || !admit(n, page, NOR_PAGE))
        return 0;

    fault = ask(n, NOR_OP_PROGRAM, n->program_ops);
    n->program_ops++;
    n->ops++;
    n->last.len = 0;
    if (fault == NOR_STICK)
        return n->times.page;

    touch(n, page, NOR_PAGE);
    for (uint32_t i = 0; i < len; i++) {
        uint8_t cell = n->cell[page + ((start + i) & (NOR_PAGE - 1))];

        if ((cell & data[i]) != data[i])
            n->violations++;
    }
    memcpy(n->last.old, n->cell + page, NOR_PAGE);
    clear_bits(n, page, start, data, len, fault == NOR_CUT);
    if (fault == NOR_CUT) {
        n->off = true;
        return n->times.page / 2;
    }
    if (fault == NOR_WRONG)
        spoil_byte(n, page, start, len);
    memcpy(n->last.data, n->cell + page, NOR_PAGE);
    n->last.op = NOR_OP_PROGRAM;
    n->last.addr = page;
    n->last.len = NOR_PAGE;
    return n->times.page;
}

uint64_t nor_program(struct nor *n, uint32_t addr, const uint8_t *data, uint32_t len)
{
    uint64_t time = 0;

    while (len) {
        uint32_t part = NOR_PAGE - (addr & (NOR_PAGE - 1));

        if (part > len)
            part = len;
        nor_write_enable(n);
        time += nor_page_program(n, addr, data, part);
        addr += part;
        data += part;
        len -= part;
    }
    return time;
}

void nor_read(struct nor *n, uint32_t addr, uint8_t *buf, uint32_t len)
{
    uint32_t done = 0;

    while (done < len) {
        uint32_t at = (addr + done) & (n->size - 1);
        uint32_t part = len - done < n->size - at ? len - done : n->size - at;

        memcpy(buf + done, n->cell + at, part);
        done += part;
    }
    if (ask(n, NOR_OP_READ, n->read_ops++) == NOR_WRONG && len)
        buf[rng_below(&n->rng, len)] ^= (uint8_t)(1u << rng_below(&n->rng, 8));
}

uint32_t nor_crc32(const struct nor *n, uint32_t addr, uint64_t len)
{
    uint32_t crc = 0, at = addr & (n->size - 1);
    uint64_t first = len < n->size - at ? len : n->size - at;

    crc = pf_crc32(0, n->cell + at, first);
    len -= first;
    if (len >= n->size) {
        uint32_t whole = pf_crc32(0, n->cell, n->size);

        for (; len >= n->size; len -= n->size)
            crc = pf_crc32_join(crc, whole, n->size);
    }
    return pf_crc32(crc, n->cell, len);
}

uint64_t nor_write_status(struct nor *n, uint8_t opcode, const uint8_t *value, size_t len)
{
    bool enabled = n->write_enabled;

    n->write_enabled = false;
    if (n->off || !enabled || !len)
        return 0;
    switch (opcode) {
    case 0x01:
        n->sr[0] = value[0] & 0xfc; /* WIP and WEL are not writable */
        if (n->sr_count > 1 && len > 1 && !n->sr2_only_by_31)
            n->sr[1] = value[1];
        else if (len == 1 && n->sr1_clears_sr2)
            n->sr[1] = 0;
        break;
    case 0x31:
        if (n->sr_count > 1)
            n->sr[1] = value[0];
        break;
    case 0x11:
        if (n->sr_count > 2)
            n->sr[2] = value[0];
        break;
    default:
        return 0;
    }
    return n->times.status;
}

uint8_t nor_read_status(const struct nor *n, uint8_t opcode)
{
    unsigned i = opcode == 0x05 ? 0 : opcode == 0x35 ? 1 : opcode == 0x15 ? 2 : 3;

    return i < n->sr_count ? n->sr[i] : 0xff;
}

uint16_t nor_status(const struct nor *n)
{
    return (uint16_t)(n->sr[0] | n->sr[1] << 8);
}

void nor_power_off(struct nor *n, bool busy)
{
    if (busy && !n->off && n->last.len) {
        if (n->last.op == NOR_OP_ERASE) {
            for (uint32_t i = 0; i < n->last.len; i++)
                n->cell[n->last.addr + i] = rng_u8(&n->rng) | rng_u8(&n->rng);
        } else {
            memcpy(n->cell + n->last.addr, n->last.old, NOR_PAGE);
            clear_bits(n, n->last.addr, 0, n->last.data, NOR_PAGE, true);
        }
    }
    n->last.len = 0;
    n->off = true;
}

void nor_power_on(struct nor *n)
{
    n->off = false;
    n->write_enabled = false;
}
