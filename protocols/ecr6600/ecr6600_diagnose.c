/* ecr6600_diagnose.c - from the bytes of a failed sync to a sentence that helps. */
#include "ecr6600/ecr6600_session.h"

#include <stdio.h>
#include <string.h>

#define LONE_MAX 4u /* more than that is no glitch */

/* Texts that other chips and this one's own loader print. */
static const struct heard_voice diag_voices[] = {
    {"ets Jan", "this is the boot log of an Espressif chip, not of an ECR6600"},
    {"ESP-ROM", "this is the boot log of an Espressif chip, not of an ECR6600"},
    {"rst:0x", "this is the boot log of an ESP32, not of an ECR6600"},
    {"ROM:[V", "this is the boot log of a Realtek chip, not of an ECR6600"},
    {"BK7231", "this looks like a Beken BK7231, not like an ECR6600"},
    {"BL602", "this looks like a Bouffalo BL602, not like an ECR6600"},
    {"hcrc err", "its boot loader finds no good application; it should have answered"},
    {"dcrc err", "its boot loader finds no good application; it should have answered"},
    {"partition err", "its boot loader finds no partition table; it should have answered"},
    {"uboot err", "its boot loader finds no good application; it should have answered"},
    {"stub err", "a stub runs that finds nothing to start"},
};

void ecr6600_diagnose(const struct ecr6600_diag *d, uint32_t baud, char *out, size_t cap)
{
    const struct heard *h = &d->heard;
    const unsigned long long total = h->total, sent = h->sent;
    size_t echoes = heard_count(h, ecr6600_sync_bytes, sizeof ecr6600_sync_bytes);
    char excerpt[HEARD_EXCERPT + 1];

    if (d->headers)
        snprintf(out, cap,
                 "the loader answered %u times and took the header of the stub %u times, but the "
                 "stub never got in whole: the 3.3 V supply is too weak, or wires and GND are bad",
                 d->synced, d->headers);
    else if (h->total == 0)
        snprintf(out, cap,
                 "no answer, the line is silent. Check: 3.3 V at the module, common GND, adapter "
                 "TX to RX0 (GPIO5) and RX to TX0 (GPIO6), not swapped. Then power on half a "
                 "second after the start, or touch RST to GND%s",
                 d->resets ? ". If RTS is wired to RST: the application may have switched the "
                             "reset pad off, so cut the power instead"
                           : "");
    else if (echoes && echoes * sizeof ecr6600_sync_bytes * 2 >= h->len)
        snprintf(out, cap,
                 "no answer, only our own bytes come back (%llu of %llu): TX and RX of the adapter "
                 "are connected to each other, or both to the same pin. Wire TX to RX0 (GPIO5) and "
                 "RX to TX0 (GPIO6)",
                 total, sent);
    else if (d->synced)
        snprintf(out, cap,
                 "the loader answered the sync %u times, but never the header that follows: the "
                 "chip resets in between (3.3 V supply too weak), or our bytes are damaged (no "
                 "common GND, long wires)",
                 d->synced);
    else if (h->total <= LONE_MAX)
        snprintf(out, cap,
                 "no answer but %llu lone byte%s (first 0x%02x): what a line does when power comes "
                 "and goes. The chip was seen, its window was not: repeat the power-on every few "
                 "seconds, and check that GND is common and the 3.3 V supply is strong enough",
                 total, total == 1 ? "" : "s", h->tail[0]);
    else if (heard_mostly(h, 0xff, 90))
        snprintf(out, cap,
                 "no answer, only %llu bytes FF: the chip does not understand what we send. TX and "
                 "RX swapped, no common GND, or an adapter with 1.8 V levels; a loader that is "
                 "past its sync says so, too: cut the power once",
                 total);
    else if (heard_mostly(h, 0x00, 90))
        snprintf(
            out, cap,
            "no answer, only %llu zero bytes: the adapter's RX line is held low. Is the module "
            "powered, is GND connected, is RX on TX0 (GPIO6)?",
            total);
    else if (heard_is_text(h)) {
        heard_excerpt(h, excerpt);
        snprintf(
            out, cap, "no answer, but text is heard: \"%s\": %s. %s", excerpt,
            heard_whose(h, diag_voices, sizeof diag_voices / sizeof *diag_voices,
                        "the chip starts its application and the 100 ms before that were missed"),
            d->resets ? "If it did not restart with each reset pulse, RTS does not reach RST "
                        "or the application has switched the reset pad off: cut the power, "
                        "and switch it on while this runs"
                      : "Power on half a second after the start, or touch RST to GND while "
                        "this runs; is TX on RX0 (GPIO5)?");
    } else
        snprintf(out, cap,
                 "no answer, but %llu bytes that make no sense at %u baud: the application talks "
                 "at another rate, the adapter has 1.8 V or RS-232 levels, or GND is missing. "
                 "Power on half a second after the start, or touch RST to GND while this runs",
                 total, (unsigned)baud);
}
