/* guest.h - a program that runs on a virtual chip after it was uploaded.
 *
 * The chip's model ends where it jumps into RAM. When the image is one of our own
 * stubs, a guest takes over: the same sources compiled for the PC (stub_guest.c),
 * or, in tests, the very bytes on an emulated CPU (tests/emu). A vendor's image is
 * not executed; the models of its family stand for it.
 *
 * A guest gets the bytes on its pin and time, and acts through the functions of
 * sim_internal.h below. It is gone after a reset. */
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include "sim/sim_internal.h"

struct sim_guest_ops {
    const char *name;

    /* The chip has jumped to `entry`; `image` was loaded to `load`. Returns the guest's
     * state, NULL: no memory, nothing runs. */
    void *(*start)(struct sim *s, const uint8_t *image, size_t len, uint32_t load, uint32_t entry);

    /* A byte sent at `baud` (0: the carrier has no rates) is complete at the RX pin. True:
     * taken, the guest's own UART decides what it makes of it. False or NULL: compare
     * `baud` with s->baud and give what is understood to rx(). */
    bool (*pin)(struct sim *s, void *guest, uint32_t baud, uint8_t byte);
    void (*rx)(struct sim *s, void *guest, uint8_t byte);

    /* When it next acts by itself; then timer() is called. */
    uint64_t (*next)(const struct sim *s, void *guest);
    void (*timer)(struct sim *s, void *guest);

    void (*fini)(void *guest);
};

/* The stub compiled for the PC; the default of every device. */
extern const struct sim_guest_ops sim_guest_pc;

/* For tests: what runs an uploaded stub of ours on the device behind `t`. */
void sim_set_guest(struct pf_transport *t, const struct sim_guest_ops *ops);

/* ---- what a guest may do -------------------------------------------------- */

/* Put bytes on the TX pin from s->now on, behind what is being sent, at s->baud. */
void sim_guest_send(struct sim *s, const uint8_t *bytes, size_t len);
/* When the last of them has left. */
uint64_t sim_guest_sent_at(const struct sim *s);

/* One SPI transaction with the flash chip at s->now: opcode, address (if `has_addr`),
 * then `out_len` bytes to it or `in_len` bytes from it. The chip is really busy after
 * an erase, a program or a status write: until then it answers reads of its status
 * only, and a cut of the supply leaves the operation half done. Returns nothing: as the
 * bus does. */
void sim_guest_spi(struct sim *s, uint8_t opcode, bool has_addr, uint32_t addr, const uint8_t *out,
                   size_t out_len, uint8_t *in, size_t in_len);
/* When the flash chip will be ready; s->now or earlier: it is. */
uint64_t sim_guest_flash_ready_at(const struct sim *s);

/* The chip's fuses as the device has them; false: outside. */
bool sim_guest_efuse(const struct sim *s, uint16_t addr, uint8_t *buf, uint16_t len);

/* Start what is in the flash, as the plain language's run or reset does. */
void sim_guest_run(struct sim *s);
/* What runs has crashed: silence until the next reset. */
void sim_guest_crash(struct sim *s);

#endif
