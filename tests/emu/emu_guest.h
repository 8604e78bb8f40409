/* emu_guest.h - the very bytes of an uploaded stub on an emulated chip, behind the
 * virtual device it was uploaded to (src/sim/guest.h).
 *
 * The CPU runs ahead of the device's clock in slices, never beyond the next byte that
 * is due at its pin, and never so far that the host could still send one: a byte takes
 * longer than a slice. So every byte meets the UART as it was at that moment, and every
 * byte sent leaves at its own time. (A host that raises its rate in the middle of a
 * slice may find it at most EMU_AHEAD_MAX_NS ahead, once.) */
#ifndef EMU_GUEST_H
#define EMU_GUEST_H

#include "emu/soc.h"
#include "sim/guest.h"

#define EMU_AHEAD_NS     3000u  /* less than a byte at 3 Mbaud */
#define EMU_AHEAD_MAX_NS 20000u /* with a host at 500000 and below */

/* By the name of the device; NULL: no such chip. */
const struct sim_guest_ops *emu_guest_for(const char *device);

/* Of all programs that ran since emu_report_clear(); one device at a time. */
struct emu_report {
    unsigned starts, crashes, resets, bites, boots;
    unsigned complaints;
    char text[EMU_TEXT_LINES * 120];
    uint64_t overruns, garbled, unheard; /* bytes, of UART0 */
    uint64_t received, sent;
    unsigned peak;                 /* most bytes that waited in its receive FIFO */
    uint64_t cycles, instructions; /* the second: 0 where they are not counted apart */
};

void emu_report_clear(void);
void emu_report(struct emu_report *out);

/* Clocks of BCLK that the SHA engine of a BL602 takes for a block, in programs that start
 * from now on; 0: those of bl602_sha.h. */
void emu_sha_block(uint32_t clocks);

#endif
