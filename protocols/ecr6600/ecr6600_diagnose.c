/* ecr6600_diagnose.c - from the bytes of a failed sync to a sentence that helps. */
#include "ecr6600/ecr6600_session.h"

#include <stdio.h>
#include <string.h>

#define EXCERPT_MAX 60
#define LONE_MAX    4u /* more than that is no glitch */

void ecr6600_diag_rx(struct ecr6600_diag *d, const uint8_t *data, size_t len)
{
    const size_t keep = ECR6600_DIAG_MAX / 2;

    d->total += len;
    for (size_t i = 0; i < len; i++) {
        if (d->len == ECR6600_DIAG_MAX) { /* the beginning tells most, the end is fresh */
            memmove(d->tail + keep, d->tail + keep + 1, keep - 1);
            d->len--;
        }
        d->tail[d->len++] = data[i];
    }
}

static size_t diag_count(const struct ecr6600_diag *d, const void *what, size_t n)
{
    size_t hits = 0;

    for (size_t i = 0; i + n <= d->len;) {
        bool hit = memcmp(d->tail + i, what, n) == 0;

        hits += hit;
        i += hit ? n : 1;
    }
    return hits;
}

bool ecr6600_diag_heard(const struct ecr6600_diag *d, const char *text)
{
    return diag_count(d, text, strlen(text)) > 0;
}

static bool diag_printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

static size_t diag_count_text(const struct ecr6600_diag *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->len; i++)
        n += diag_printable(d->tail[i]) || d->tail[i] == '\r' || d->tail[i] == '\n' ||
             d->tail[i] == '\t' || d->tail[i] == 0x1b;
    return n;
}

/* Text with a wrong bit in each byte, as bad levels make it, still looks like
 * text for three bytes of four; but every eighth has its top bit set, which in
 * a log only the frames between its lines have. */
static bool diag_is_text(const struct ecr6600_diag *d)
{
    size_t high = 0;

    for (size_t i = 0; i < d->len; i++)
        high += d->tail[i] >> 7;
    return d->len >= 8 && diag_count_text(d) * 4 >= d->len * 3 && high * 12 <= d->len;
}

static bool diag_is_all(const struct ecr6600_diag *d, uint8_t c)
{
    return diag_count(d, &c, 1) * 10 >= d->len * 9;
}

/* The longest run of printable characters, cut to EXCERPT_MAX. */
static void diag_excerpt(const struct ecr6600_diag *d, char out[EXCERPT_MAX + 1])
{
    size_t best = 0, best_len = 0, run = 0;

    for (size_t i = 0; i < d->len; i++) {
        run = diag_printable(d->tail[i]) ? run + 1 : 0;
        if (run > best_len) {
            best_len = run;
            best = i + 1 - run;
        }
    }
    if (best_len > EXCERPT_MAX)
        best_len = EXCERPT_MAX;
    memcpy(out, d->tail + best, best_len);
    out[best_len] = '\0';
}

/* Texts that other chips and this one's own loader print. */
static const struct {
    const char *needle, *what;
} diag_voices[] = {
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

static const char *diag_voice(const struct ecr6600_diag *d)
{
    for (size_t i = 0; i < sizeof diag_voices / sizeof diag_voices[0]; i++)
        if (ecr6600_diag_heard(d, diag_voices[i].needle))
            return diag_voices[i].what;
    return "the chip starts its application and the 100 ms before that were missed";
}

void ecr6600_diagnose(const struct ecr6600_diag *d, uint32_t baud, char *out, size_t cap)
{
    const unsigned long long total = d->total, sent = d->sent;
    size_t echoes = diag_count(d, ecr6600_sync_bytes, sizeof ecr6600_sync_bytes);
    char excerpt[EXCERPT_MAX + 1];

    if (d->headers)
        snprintf(out, cap,
                 "the loader answered %u times and took the header of the stub %u times, but the "
                 "stub never got in whole: the 3.3 V supply is too weak, or wires and GND are bad",
                 d->synced, d->headers);
    else if (d->total == 0)
        snprintf(out, cap,
                 "no answer, the line is silent. Check: 3.3 V at the module, common GND, adapter "
                 "TX to RX0 (GPIO5) and RX to TX0 (GPIO6), not swapped. Then power on half a "
                 "second after the start, or touch RST to GND%s",
                 d->resets ? ". If RTS is wired to RST: the application may have switched the "
                             "reset pad off, so cut the power instead"
                           : "");
    else if (echoes && echoes * sizeof ecr6600_sync_bytes * 2 >= d->len)
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
    else if (d->total <= LONE_MAX)
        snprintf(out, cap,
                 "no answer but %llu lone byte%s (first 0x%02x): what a line does when power comes "
                 "and goes. The chip was seen, its window was not: repeat the power-on every few "
                 "seconds, and check that GND is common and the 3.3 V supply is strong enough",
                 total, total == 1 ? "" : "s", d->tail[0]);
    else if (diag_is_all(d, 0xff))
        snprintf(out, cap,
                 "no answer, only %llu bytes FF: the chip does not understand what we send. TX and "
                 "RX swapped, no common GND, or an adapter with 1.8 V levels; a loader that is "
                 "past its sync says so, too: cut the power once",
                 total);
    else if (diag_is_all(d, 0x00))
        snprintf(
            out, cap,
            "no answer, only %llu zero bytes: the adapter's RX line is held low. Is the module "
            "powered, is GND connected, is RX on TX0 (GPIO6)?",
            total);
    else if (diag_is_text(d)) {
        diag_excerpt(d, excerpt);
        snprintf(out, cap, "no answer, but text is heard: \"%s\": %s. %s", excerpt, diag_voice(d),
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
