/* nor.h - a strict SPI NOR flash, shared by all virtual devices.
 *
 * Knows cells, status registers, protection and durations; knows no clock, no
 * wire and no loader. Every operation takes effect at once and returns how
 * long the chip would be busy: the caller lets that time pass.
 *
 * Rules: programming only clears bits; a byte that would need a bit set counts
 * as a violation. A page program wraps inside its 256-byte page. Erase and
 * program need the write-enable latch, which each of them consumes. In a
 * protected area they are ignored (and counted), as the chip itself reports
 * no error. Addresses wrap at the size. */
#ifndef SIM_NOR_H
#define SIM_NOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugflash/error.h"
#include "sim/rng.h"

#define NOR_PAGE   256u
#define NOR_SECTOR 4096u
#define NOR_HALF   32768u
#define NOR_BLOCK  65536u

#define NOR_SIZE_MIN (64u << 10)
#define NOR_SIZE_MAX (16u << 20) /* 24-bit addresses */

#define NOR_SR_BP  0x7C   /* SR1: BP4..BP0 */
#define NOR_SR_CMP 0x4000 /* SR2 bit 6: complement */

enum nor_op { NOR_OP_ERASE, NOR_OP_PROGRAM, NOR_OP_READ };

/* What a fault makes of one operation. */
enum nor_fault {
    NOR_FINE,
    NOR_STICK, /* takes its time, changes nothing */
    NOR_WRONG, /* program: one byte gets a bit it should not have; read: one bit inverted */
    NOR_CUT,   /* power goes during it: half done, and the chip is off */
};

struct nor_times { /* nanoseconds */
    uint64_t sector, half, block, page, status;
};

struct nor {
    uint8_t *cell; /* owned */
    uint32_t size; /* a power of two */
    uint8_t jedec[3];
    uint8_t sr[3];       /* SR1, SR2, SR3 */
    unsigned sr_count;   /* status registers this part has, 1..3 */
    bool sr1_clears_sr2; /* one data byte behind opcode 01 clears SR2 */
    bool sr2_only_by_31; /* a second byte behind opcode 01 is ignored */
    bool write_enabled;  /* WEL */
    bool off;            /* power was cut: takes nothing until nor_power_on() */
    struct nor_times times;
    struct rng rng;

    uint64_t violations, ignored; /* see above */
    uint64_t erases;              /* sectors' worth */
    uint64_t erase_ops, program_ops, read_ops, ops;
    uint8_t *touched; /* owned; a byte per sector */
    uint32_t touched_lo, touched_hi;

    /* The last operation, for power that goes while it is still running. */
    struct {
        enum nor_op op;
        uint32_t addr, len; /* len 0: none */
        uint8_t old[NOR_PAGE];
        uint8_t data[NOR_PAGE];
    } last;

    /* Asked before each operation with its number among its kind and, for
     * erase and program, among both (from 0); may be NULL. */
    enum nor_fault (*fault)(void *user, enum nor_op op, uint64_t nth, uint64_t nth_op);
    void *user;
};

/* Typical times of a 25-series part: 45 ms, 120 ms, 150 ms, 0.5 ms, 5 ms. */
extern const struct nor_times nor_typical;

/* True for a power of two between NOR_SIZE_MIN and NOR_SIZE_MAX. */
bool nor_size_ok(uint64_t size);

/* Blank cells of `size` (nor_size_ok). PF_ERR_NOMEM leaves nothing to free. */
enum pf_err nor_init(struct nor *n, uint32_t size, uint64_t seed);
void nor_fini(struct nor *n);

/* Erase the aligned unit of `unit` bytes (NOR_SECTOR, NOR_HALF, NOR_BLOCK or
 * the whole size) that holds `addr`. Returns nanoseconds, 0 when ignored. */
uint64_t nor_erase(struct nor *n, uint32_t addr, uint32_t unit);

/* One page program command of 1..256 bytes; wraps inside the page. */
uint64_t nor_page_program(struct nor *n, uint32_t addr, const uint8_t *data, uint32_t len);

/* The same, split at page ends as loaders do it; renews write enable for each
 * part. Returns the sum of the times. */
uint64_t nor_program(struct nor *n, uint32_t addr, const uint8_t *data, uint32_t len);

void nor_write_enable(struct nor *n);
void nor_read(struct nor *n, uint32_t addr, uint8_t *buf, uint32_t len);

/* CRC-32, zlib form, of `len` bytes from `addr` on; wraps as often as needed. */
uint32_t nor_crc32(const struct nor *n, uint32_t addr, uint64_t len);

/* Write status registers by SPI opcode 01 (1 or 2 bytes), 31 or 11 (1 byte).
 * Needs write enable. Returns nanoseconds. */
uint64_t nor_write_status(struct nor *n, uint8_t opcode, const uint8_t *value, size_t len);

/* Read one by SPI opcode 05, 35 or 15; 0xFF for one the part lacks. */
uint8_t nor_read_status(const struct nor *n, uint8_t opcode);

/* SR1 | SR2 << 8 */
uint16_t nor_status(const struct nor *n);

/* The protected span that SR describes; false: none. */
bool nor_protected_span(const struct nor *n, uint32_t *lo, uint32_t *len);
bool nor_protected(const struct nor *n, uint32_t addr, uint32_t len);

/* Power goes; `busy`: while the last operation is still running, which then
 * stays half done. */
void nor_power_off(struct nor *n, bool busy);
void nor_power_on(struct nor *n);

#endif
