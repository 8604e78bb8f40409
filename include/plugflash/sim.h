/* sim.h - virtual devices, a product feature.
 *
 * A virtual device is a pure state machine (bytes in, bytes out, clock in)
 * written from the reference alone; it shares no codec with the drivers. It
 * runs in-process on a virtual clock behind `sim:CHIP[,key=value...]`, or in
 * real time behind a pty, a TCP port or an RFC 2217 server. */
#ifndef PLUGFLASH_SIM_H
#define PLUGFLASH_SIM_H

#include "plugflash/transport.h"

/* Open `spec`, the text after "sim:". Keys common to all devices (units in the
 * text: times in ms unless said otherwise, 0x numbers allowed):
 *   flash=FILE    initial contents; loaded, never written unless save=1
 *   save=1        write the contents back to flash=FILE on close
 *   size=2M       flash size; JEDEC id follows
 *   jedec=EB6015  flash id
 *   lat=1         USB latency per turnaround
 *   crc=4M        device CRC speed, bytes per second (K, M suffixes)
 *   seed=N        of the synthetic flash and of faults
 *   mac=...       of the synthetic flash
 *   power=cycle:3000 | wired | on:N   the user power-cycles every N ms; only
 *                 set_power() switches; or the plug gets power N ms after open;
 *                 `fixed`: always on and nobody switches it
 *   start=app | boot | loader | stub   what runs at first; loader waits for a link,
 *                 stub is there on chips that are given one
 *   app=silent | reboot-text | chatty   the application, as UART1 shows it
 *   reset=rts|dtr|none   which line is wired to the reset pin; nrts, ndtr: through
 *                 a transistor, so that the chip runs while it is asserted
 *   levels=bad    the adapter's voltage is wrong: all bytes are garbage
 *   fault=KIND@N[:ARG]   device and wire faults, repeatable with '+'
 * plus the switches of the chip, listed by pf_sim_help(). PF_ERR_USAGE names
 * an unknown key. */
enum pf_err pf_sim_open(struct pf_ctx *ctx, const char *spec, struct pf_transport **out);

/* The same with contents from memory instead of flash=FILE: `size` bytes, a
 * power of two from 64 KiB to 16 MiB, copied. NULL: as pf_sim_open(). Cheap
 * enough to be called tens of thousands of times. */
enum pf_err pf_sim_open_flash(struct pf_ctx *ctx, const char *spec, const uint8_t *flash,
                              uint32_t size, struct pf_transport **out);

/* What tests look at. Borrowed from the transport; valid until close. */
struct pf_sim_view {
    const uint8_t *flash;
    uint32_t size;
    uint64_t violations;   /* NOR rules broken: programmed bits from 0 to 1, ... */
    uint64_t erases;       /* sectors' worth; a 64 KiB block counts 16 */
    uint64_t programs;     /* page programs that reached the cells */
    uint64_t ops;          /* erase and page-program operations, for power-cut sweeps */
    uint64_t digest_bytes; /* hashed by the device; our stubs: in blocks */
    uint64_t overruns;     /* bytes that a stub of our own had no room for */
    uint64_t rx_bytes, tx_bytes;
    uint64_t host_bytes; /* sent to the device, heard or not: what `>@N` of a fault counts */
    uint64_t resets;
    bool in_loader;
    uint16_t status_reg;
    /* lowest and highest address ever erased or programmed; lo > hi: none */
    uint32_t touched_lo, touched_hi;
    const uint8_t *touched; /* one byte per sector: 1 erased or programmed */
    bool fault_fired;
};
/* `t` must come from pf_sim_open() (wrappers are not looked through). */
void pf_sim_view(struct pf_transport *t, struct pf_sim_view *out);

/* Deterministic synthetic factory flash of `chip` (a name behind "sim:"): a
 * loader, an application with true checksums, partitions, calibration data
 * with `mac`, configuration data. `buf` holds `size` bytes. */
enum pf_err pf_sim_factory(const char *chip, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                           uint32_t size);

/* Serve the device of `spec` in real time until *stop becomes true or a limit is reached.
 *   how     "pty:LINK"  "tcp:[HOST:]PORT"  "rfc2217:[HOST:]PORT"; port 0: any
 * `ready` is told the final address ("/dev/pts/3", "127.0.0.1:4711") before
 * the first byte. RFC 2217 carries control lines; pty and raw TCP have none,
 * there the device is linked by power=cycle or boots into its loader. */
enum pf_err pf_sim_serve(struct pf_ctx *ctx, const char *spec, const char *how,
                         void (*ready)(void *user, const char *address), void *user,
                         const volatile bool *stop);

/* One line per key, for `plugflash sim --help`. */
const char *pf_sim_help(void);

#endif
