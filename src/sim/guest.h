/* guest.h - a program that runs on a virtual chip after it was uploaded.
 *
 * The chip's model ends where it jumps into RAM. When the image is one of our own
 * stubs, a guest takes over: the same sources compiled for the PC (stub_guest.c),
 * or, in tests, the very bytes on an emulated CPU (tests/emu). A vendor's image is
 * not executed; the models of its family stand for it.
 *
 * A guest gets the bytes on its pin and time, and acts through the functions of the
 * second part. It is gone after a reset. */
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include "sim/sim_internal.h"

/* Functions of a guest are called one at a time and in the order of time. While one of
 * them runs s->now stands still: what takes time is told by sim_guest_spend(). */
struct sim_guest_ops {
    const char *name;

    /* The chip has jumped to `entry`; `image` was loaded to `load` and stays where it is
     * until fini(). Returns the guest's state, NULL: no memory, nothing runs. */
    void *(*start)(struct sim *s, const uint8_t *image, size_t len, uint32_t load, uint32_t entry);

    /* A byte sent at `baud` (0: the carrier has no rates) is complete at the RX pin. True:
     * taken, the guest's own UART decides what it makes of it. False or NULL: `baud` is
     * compared with s->baud and what is understood goes to rx(). */
    bool (*pin)(struct sim *s, void *guest, uint32_t baud, uint8_t byte);
    void (*rx)(struct sim *s, void *guest, uint8_t byte);

    /* When it next acts by itself; then timer() is called, which must move that on. */
    uint64_t (*next)(const struct sim *s, void *guest);
    void (*timer)(struct sim *s, void *guest);

    void (*fini)(void *guest);
};

/* The stub compiled for the PC; the default of every device. */
extern const struct sim_guest_ops sim_guest_pc;

/* For tests: what runs an uploaded stub of ours on the device behind `t`. A guest that
 * runs already (start=stub) begins anew. */
void sim_set_guest(struct pf_transport *t, const struct sim_guest_ops *ops);

/* ---- what a guest may do -------------------------------------------------- */

/* Time this call has taken so far; and where that has brought it. */
void sim_guest_spend(struct sim *s, uint64_t ns);
uint64_t sim_guest_now(const struct sim *s);

/* Put bytes on the TX pin from sim_guest_now() on, behind what is being sent, at s->baud
 * (which a guest sets as it likes). */
void sim_guest_send(struct sim *s, const uint8_t *bytes, size_t len);
/* When the last of them has left. */
uint64_t sim_guest_sent_at(const struct sim *s);

/* One SPI transaction with the flash chip at sim_guest_now(): opcode, address (if
 * `has_addr`), then `out_len` bytes to it or `in_len` bytes from it. The chip is really
 * busy after an erase, a program or a status write: until then it answers reads of its
 * status only, and a cut of the supply leaves the operation half done. The time on the
 * bus is the guest's to spend. */
void sim_guest_spi(struct sim *s, uint8_t opcode, bool has_addr, uint32_t addr, const uint8_t *out,
                   size_t out_len, uint8_t *in, size_t in_len);
/* When the flash chip will be ready; sim_guest_now() or earlier: it is. */
uint64_t sim_guest_flash_ready_at(const struct sim *s);

/* The chip's fuses as the device has them; false: outside. */
bool sim_guest_efuse(const struct sim *s, uint16_t addr, uint8_t *buf, uint16_t len);

/* Start what is in the flash, as the plain language's run or reset does. Like
 * sim_guest_crash() it takes effect when the guest's function returns; it is not called
 * again. */
void sim_guest_run(struct sim *s);
/* What runs has crashed: silence until the next reset. */
void sim_guest_crash(struct sim *s);

/* ---- for devices and machine.c ------------------------------------------- */

/* What an image in RAM is, by its mark behind the first jump (stubs/README.md): ours as
 * shipped, something that begins like it and is not the same, or somebody else's. */
enum sim_image { SIM_IMAGE_OTHER, SIM_IMAGE_OURS, SIM_IMAGE_DAMAGED };
enum sim_image sim_image_is(const uint8_t *image, size_t len, const uint8_t *ours, size_t ours_len);

/* Jump to an image in RAM, which must stay until the next reset. False: no memory. */
bool sim_guest_start(struct sim *s, const uint8_t *image, size_t len, uint32_t load,
                     uint32_t entry);
bool sim_guest_runs(const struct sim *s);
/* Reset, power: it is gone. */
void sim_guest_stop(struct sim *s);

/* Hand on what happens. The first: whether the guest's own UART took it. */
bool sim_guest_pin(struct sim *s, uint32_t baud, uint8_t byte);
void sim_guest_rx(struct sim *s, uint8_t byte);
uint64_t sim_guest_next(const struct sim *s);
void sim_guest_timer(struct sim *s);

#endif
