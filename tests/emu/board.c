/* board.c - see board.h. */
#include "emu/board.h"

#include <assert.h>
#include <string.h>

static void tx(void *user, uint64_t ns, uint32_t baud, uint8_t byte)
{
    struct board *b = user;

    if (b->sent == BOARD_TX)
        return;
    b->tx[b->sent].byte = byte;
    b->tx[b->sent].baud = baud;
    b->tx[b->sent++].ns = ns;
}

static void spi(void *user, uint64_t ns, const struct emu_spi *t)
{
    struct board *b = user;
    const struct nor_spi_frame f = {t->opcode,  t->has_addr, t->addr,  t->out,
                                    t->out_len, t->in,       t->in_len};
    uint64_t busy = nor_spi(&b->bus, &b->nor, ns < b->busy_ns, &f);

    b->transactions++;
    if (busy)
        b->busy_ns = ns + busy;
}

static bool efuse(void *user, uint16_t addr, uint8_t *buf, uint16_t len)
{
    struct board *b = user;

    if (addr > sizeof b->efuse || len > sizeof b->efuse - addr)
        return false;
    memcpy(buf, b->efuse + addr, len);
    return true;
}

void board_init(struct board *b)
{
    static const uint8_t jedec[3] = {0xC8, 0x40, 0x15};
    enum pf_err err;

    memset(b, 0, sizeof *b);
    err = nor_init(&b->nor, 2u << 20, 1);
    assert(err == PF_OK);
    (void)err;
    memcpy(b->nor.jedec, jedec, sizeof jedec);
}

void board_fini(struct board *b)
{
    nor_fini(&b->nor);
}

struct emu_board board_slots(struct board *b)
{
    return (struct emu_board){b, tx, spi, efuse};
}
