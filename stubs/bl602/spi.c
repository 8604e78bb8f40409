/* spi.c - the flash chip on one data line at 40 MHz. */
#include "bl602/chip.h"
#include "bl602/regs.h"
#include "common/word.h"

static void wait_idle(struct stub_hal *h)
{
    while (SF_CMD & SF_CMD_BUSY)
        hal_poll(h);
}

/* The controller has a buffer for the whole transaction. */
void hal_spi(struct stub_hal *h, const struct hal_spi *t)
{
    uint32_t cmd = SF_CMD_OPCODE | (t->has_addr ? SF_CMD_ADDR : 0);

    wait_idle(h);
    if (t->len)
        cmd |= SF_CMD_DATA(t->len) | (t->out ? SF_CMD_WRITE : 0);
    SF_CMD = cmd;
    SF_CMD_BUF0 = (uint32_t)t->opcode << 24 | (t->addr & 0xffffff);
    if (t->out)
        for (size_t at = 0; at < t->len; at += 4)
            SF_BUFFER(at) = stub_word(t->out + at, t->len - at);
    hal_poll(h);
    SF_CTRL0 |= SF_SAHB_CLK;
    SF_CMD = cmd | SF_CMD_TRIGGER;
    wait_idle(h);
    SF_CTRL0 &= ~SF_SAHB_CLK;
    if (t->in)
        for (size_t at = 0; at < t->len; at += 4)
            stub_bytes(t->in + at, SF_BUFFER(at), t->len - at);
    hal_poll(h);
}
