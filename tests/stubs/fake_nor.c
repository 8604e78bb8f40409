/* fake_nor.c - a strict little SPI NOR: what a driver must not do is counted. */
#include <string.h>

#include "stubs/fake_nor.h"

void fake_nor_power_on(struct fake_nor *n)
{
    n->dead = n->enabled = n->asleep = n->reset_armed = false;
    n->busy_until = 0;
    n->cut_at = 0;
}

static bool nor_busy(const struct fake_nor *n, uint64_t now)
{
    return n->stays_busy ? n->busy_until != 0 : now < n->busy_until;
}

/* True: the power goes in the middle of this operation. */
static bool nor_begin(struct fake_nor *n, uint32_t us, uint64_t now)
{
    n->busy_until = now + (uint64_t)us * 1000;
    n->enabled = false;
    n->ops++;
    n->dead = n->ops == n->cut_at;
    return n->dead;
}

static void nor_erase(struct fake_nor *n, uint32_t addr, uint32_t len, uint32_t us, uint64_t now)
{
    if (!n->enabled) {
        n->violations++;
        return;
    }
    addr = addr % n->size / len * len;
    if (nor_begin(n, us, now))
        len = len / 2 + 100;
    for (uint32_t at = addr; at < addr + len; at += 4096) {
        uint32_t part = addr + len - at < 4096 ? addr + len - at : 4096;

        n->erased[at / 4096]++;
        if (n->stuck_addr / 4096 != at / 4096)
            memset(n->cell + at, 0xff, part);
    }
}

static void nor_program(struct fake_nor *n, const struct hal_spi *t, uint64_t now)
{
    uint32_t page = t->addr % n->size & ~255u, len = t->len;

    if (!n->enabled || !t->out || !len || (t->addr & 255) + len > 256) {
        n->violations++;
        return;
    }
    n->pages++;
    if (nor_begin(n, n->page_us, now))
        len /= 2;
    for (uint32_t i = 0; i < len; i++) {
        uint8_t *cell = n->cell + page + (t->addr + i) % 256;

        if (cell == n->cell + n->bad_addr)
            continue;
        if (t->out[i] & ~*cell)
            n->violations++;
        *cell &= t->out[i];
    }
}

static void nor_read(struct fake_nor *n, const struct hal_spi *t, unsigned dummies)
{
    for (uint32_t i = dummies; i < t->len && t->in; i++)
        t->in[i] = n->cell[(t->addr + i - dummies) % n->size];
    n->read_bytes += t->len;
}

static void nor_answer(const struct hal_spi *t, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < t->len && t->in; i++)
        t->in[i] = len == 1 ? bytes[0] : i < len ? bytes[i] : 0;
}

static void nor_reset(struct fake_nor *n, uint8_t opcode)
{
    if (opcode == 0x99 && !n->reset_armed)
        n->violations++;
    if (opcode == 0x99)
        n->enabled = false;
    n->reset_armed = opcode == 0x66;
}

void fake_nor_spi(struct fake_nor *n, const struct hal_spi *t, uint64_t now)
{
    bool busy = nor_busy(n, now);
    uint8_t sr1 = (uint8_t)(n->sr1 | busy | n->enabled << 1);

    if (t->in)
        memset(t->in, 0xff, t->len);
    if (!n->size || n->dead)
        return;
    if (n->asleep && t->opcode != 0xab)
        return;
    if (busy && t->opcode != 0x05 && t->opcode != 0x35 && t->opcode != 0x66 && t->opcode != 0x99) {
        n->violations += t->opcode != 0xab && t->opcode != 0x9f;
        return;
    }
    switch (t->opcode) {
    case 0x05:
        nor_answer(t, &sr1, 1);
        break;
    case 0x35:
        nor_answer(t, &n->sr2, 1);
        break;
    case 0x9f:
        nor_answer(t, n->jedec, 3);
        break;
    case 0x03:
        nor_read(n, t, 0);
        break;
    case 0x0b:
        nor_read(n, t, 1);
        break;
    case 0x06:
    case 0x04:
        n->enabled = t->opcode == 0x06;
        break;
    case 0x02:
        nor_program(n, t, now);
        break;
    case 0x20:
        n->sectors++;
        nor_erase(n, t->addr, 4096, n->sector_us, now);
        break;
    case 0x52:
        n->halves++;
        nor_erase(n, t->addr, 32768, n->half_us, now);
        break;
    case 0xd8:
        n->blocks++;
        nor_erase(n, t->addr, 65536, n->block_us, now);
        break;
    case 0x60:
    case 0xc7:
        n->chips++;
        nor_erase(n, 0, n->size, n->chip_us, now);
        break;
    case 0xb9:
    case 0xab:
        n->asleep = t->opcode == 0xb9;
        break;
    case 0x66:
    case 0x99:
        /* A reset in the middle of an operation would leave it half done. */
        n->violations += busy;
        nor_reset(n, t->opcode);
        break;
    case 0xff:
        break; /* leaves a continuous read */
    default:
        n->violations++;
    }
}
