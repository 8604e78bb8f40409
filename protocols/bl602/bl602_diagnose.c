/* bl602_diagnose.c - from the bytes of a failed sync to a sentence that helps. */
#include "bl602/bl602_session.h"

#include <stdio.h>
#include <string.h>

#define EXCERPT_MAX 60

#define HOW_TO_BOOT                                                                                \
    "connect GPIO8 (BOOT) to 3.3 V through 10 kOhm and switch the module's 3.3 V off and on "      \
    "while this runs"

void bl602_diag_rx(struct bl602_diag *d, const uint8_t *data, size_t len)
{
    const size_t keep = BL602_DIAG_MAX / 2;

    d->total += len;
    for (size_t i = 0; i < len; i++) {
        if (d->len == BL602_DIAG_MAX) { /* the beginning tells most, the end is fresh */
            memmove(d->tail + keep, d->tail + keep + 1, keep - 1);
            d->len--;
        }
        d->tail[d->len++] = data[i];
    }
}

static bool diag_has(const struct bl602_diag *d, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= d->len; i++)
        if (memcmp(d->tail + i, text, n) == 0)
            return true;
    return false;
}

static size_t diag_count_byte(const struct bl602_diag *d, uint8_t c)
{
    size_t n = 0;

    for (size_t i = 0; i < d->len; i++)
        n += d->tail[i] == c;
    return n;
}

static bool diag_printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

/* Text, but not our own train. */
static size_t diag_count_text(const struct bl602_diag *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->len; i++)
        n += (diag_printable(d->tail[i]) && d->tail[i] != 0x55) || d->tail[i] == '\r' ||
             d->tail[i] == '\n' || d->tail[i] == '\t';
    return n;
}

/* Text with a wrong bit in each byte, as bad levels make it, still looks like
 * text for three bytes of four; but every eighth has its top bit set, which in
 * a log only the frames between its lines have. */
static bool diag_is_text(const struct bl602_diag *d)
{
    size_t high = 0;

    for (size_t i = 0; i < d->len; i++)
        high += d->tail[i] >> 7;
    return d->len >= 8 && diag_count_text(d) * 4 >= d->len * 3 && high * 12 <= d->len;
}

/* The longest run of printable characters, cut to EXCERPT_MAX. */
static void diag_excerpt(const struct bl602_diag *d, char out[EXCERPT_MAX + 1])
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

/* Texts that other chips' ROMs and firmwares print, and ours. */
static const struct {
    const char *needle, *what;
} diag_voices[] = {
    {"Boot2 ISP", "boot2 is running from flash: GPIO8 was not high at the reset"},
    {"ESP-ROM", "this is the boot log of an Espressif chip, not of a BL602"},
    {"ets Jan", "this is the boot log of an Espressif chip, not of a BL602"},
    {"rst cause", "this is the boot log of an ESP8266, not of a BL602"},
    {"rst:0x", "this is the boot log of an ESP32, not of a BL602"},
    {"ROM:[V", "this is the boot log of a Realtek chip, not of a BL602"},
    {"ECR6600", "this looks like an ESWIN ECR6600, not a BL602"},
    {"cnys", "this looks like an ESWIN ECR6600, not a BL602"},
    {"BK7231", "this looks like a Beken BK7231, not a BL602"},
    {"Beken", "this looks like a Beken chip, not a BL602"},
    {"OpenBL602", "OpenBeken is running: GPIO8 was not high at the reset"},
    {"BL602", "a BL602 application is running: GPIO8 was not high at the reset"},
};

static const char *diag_voice(const struct bl602_diag *d)
{
    for (size_t i = 0; i < sizeof diag_voices / sizeof diag_voices[0]; i++)
        if (diag_has(d, diag_voices[i].needle))
            return diag_voices[i].what;
    return "an application is running: GPIO8 was not high at the reset";
}

void bl602_diagnose(const struct bl602_diag *d, uint32_t baud, char *out, size_t cap)
{
    char excerpt[EXCERPT_MAX + 1];

    if (d->total == 0)
        snprintf(out, cap,
                 "no answer, the line is silent. Check: power (3.3 V at the module, strong "
                 "enough), common GND, adapter TX to GPIO7 (RXD) and RX to GPIO16 (TXD), not "
                 "swapped. Then " HOW_TO_BOOT);
    else if (d->oks && d->oks * 8 >= d->total)
        snprintf(out, cap,
                 "a boot ROM answered %u trains with OK, but no command after that (%u baud): "
                 "shorten the wires, check GND and the 3.3 V supply, try --boot-baud 115200",
                 d->oks, (unsigned)baud);
    else if (diag_count_byte(d, 0x55) * 10 >= d->len * 8)
        snprintf(out, cap,
                 "no answer, only our own bytes come back (%llu of %llu): TX and RX of the adapter "
                 "are connected to each other, or both to the same pin. Wire TX to GPIO7 (RXD) and "
                 "RX to GPIO16 (TXD)",
                 (unsigned long long)d->total, (unsigned long long)d->sent);
    else if (diag_is_text(d)) {
        diag_excerpt(d, excerpt);
        snprintf(out, cap, "no answer, but text is heard: \"%s\": %s; " HOW_TO_BOOT, excerpt,
                 diag_voice(d));
    } else if (diag_count_byte(d, 0x00) * 10 >= d->len * 9)
        snprintf(out, cap,
                 "no answer, only %llu zero bytes: the adapter's RX line is held low. Is the "
                 "module powered, is GND connected, is RX on GPIO16 (TXD)?",
                 (unsigned long long)d->total);
    else
        snprintf(out, cap,
                 "no answer, but %llu bytes that make no sense at %u baud: an application is "
                 "running and talks at another rate (BL602 firmware likes 2000000), RX is on the "
                 "wrong pin, or GND is missing; " HOW_TO_BOOT,
                 (unsigned long long)d->total, (unsigned)baud);
}
