/* nor_spi.h - the flash chip of nor.h behind its SPI bus: opcodes, BUSY, and what it
 * does with commands that come too early.
 *
 * While an erase, a program or a status write is under way the chip answers reads of its
 * status and the reset sequence (66, 99), which leaves the operation half done. Anything
 * else then is lost, as on the real part, and counts as a violation of nor.h. */
#ifndef SIM_NOR_SPI_H
#define SIM_NOR_SPI_H

#include "sim/nor.h"

#define NOR_SPI_RESET_NS 30000u /* from 99 until the chip listens again */

/* What the chip keeps between two commands; zeroed at power-on. */
struct nor_spi {
    bool armed;  /* 66 was the last command */
    bool asleep; /* B9: only AB wakes it */
};

/* One transaction: opcode, address (if has_addr, highest byte first), then bytes out or
 * bytes in. The dummy byte of 0B and the three of AB are part of `in`, as on the bus. */
struct nor_spi_frame {
    uint8_t opcode;
    bool has_addr;
    uint32_t addr;
    const uint8_t *out;
    size_t out_len;
    uint8_t *in;
    size_t in_len;
};

/* `busy`: the time the last call returned is not over. Returns how long the chip will be
 * busy with this one; 0: not at all. Then nothing it did can be cut short any more. */
uint64_t nor_spi(struct nor_spi *c, struct nor *n, bool busy, const struct nor_spi_frame *f);

#endif
