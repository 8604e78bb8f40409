/* bk7231_diagnose.c - from the bytes of a failed sync to a sentence that helps. */
#include "bk7231/bk7231_session.h"

#include <stdio.h>
#include <string.h>

#define EXCERPT_MAX 60

void bk7231_diag_rx(struct bk7231_diag *d, const uint8_t *data, size_t len)
{
    const size_t keep = BK7231_DIAG_MAX / 2;

    d->total += len;
    for (size_t i = 0; i < len; i++) {
        if (d->len == BK7231_DIAG_MAX) { /* the beginning tells most, the end is fresh */
            memmove(d->tail + keep, d->tail + keep + 1, keep - 1);
            d->len--;
        }
        d->tail[d->len++] = data[i];
    }
}

static size_t diag_count(const struct bk7231_diag *d, const void *what, size_t n)
{
    size_t hits = 0;

    for (size_t i = 0; i + n <= d->len;) {
        bool hit = memcmp(d->tail + i, what, n) == 0;

        hits += hit;
        i += hit ? n : 1;
    }
    return hits;
}

static bool diag_printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

static size_t diag_count_text(const struct bk7231_diag *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->len; i++)
        n += diag_printable(d->tail[i]) || d->tail[i] == '\r' || d->tail[i] == '\n' ||
             d->tail[i] == '\t';
    return n;
}

static size_t diag_count_byte(const struct bk7231_diag *d, uint8_t c)
{
    size_t n = 0;

    for (size_t i = 0; i < d->len; i++)
        n += d->tail[i] == c;
    return n;
}

/* The longest run of printable characters, cut to EXCERPT_MAX. */
static void diag_excerpt(const struct bk7231_diag *d, char out[EXCERPT_MAX + 1])
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
    {"ESP-ROM", "this is the boot log of an Espressif chip, not of a BK7231"},
    {"ets Jan", "this is the boot log of an Espressif chip, not of a BK7231"},
    {"rst cause", "this is the boot log of an ESP8266, not of a BK7231"},
    {"rst:0x", "this is the boot log of an ESP32, not of a BK7231"},
    {"ROM:[V", "this is the boot log of a Realtek chip, not of a BK7231"},
    {"BL602", "this looks like a Bouffalo BL602, not a BK7231"},
    {"Bouffalo", "this looks like a Bouffalo chip, not a BK7231"},
    {"ECR6600", "this looks like an ESWIN ECR6600, not a BK7231"},
    {"cnys", "this looks like an ESWIN ECR6600, not a BK7231"},
    {"OpenBK7231", "OpenBeken is running: the loader was not reached"},
    {"BK7231", "a BK7231 application or the log port (P0, TX2) is heard"},
};

static const char *diag_voice(const struct bk7231_diag *d)
{
    for (size_t i = 0; i < sizeof diag_voices / sizeof diag_voices[0]; i++)
        if (diag_count(d, diag_voices[i].needle, strlen(diag_voices[i].needle)))
            return diag_voices[i].what;
    return "an application is running and the loader was not reached";
}

void bk7231_diagnose(const struct bk7231_diag *d, uint32_t baud, char *out, size_t cap)
{
    static const uint8_t link[] = {0x01, 0xe0, 0xfc, 0x01, 0x00};
    static const uint8_t head[] = {0x04, 0x0e, 0x05};
    static const uint8_t tuya[] = {0x55, 0xaa};
    size_t text = diag_count_text(d), replies = diag_count(d, head, sizeof head);
    size_t echoes = diag_count(d, link, sizeof link);
    char excerpt[EXCERPT_MAX + 1];

    if (d->total == 0)
        snprintf(
            out, cap,
            "no answer, the line is silent. Check: power (3.3 V at the module, strong enough), "
            "common GND, adapter TX to P10 (RX1) and RX to P11 (TX1), not swapped. Then reset "
            "the chip while this runs: 3.3 V off and on, or CEN to GND for 0.25 s");
    else if (echoes && echoes * sizeof link * 2 >= d->len)
        snprintf(out, cap,
                 "no answer, only our own bytes come back (%llu of %llu): TX and RX of the adapter "
                 "are connected to each other, or both to the same pin. Wire TX to P10 (RX1) and "
                 "RX to P11 (TX1)",
                 (unsigned long long)d->total, (unsigned long long)d->sent);
    else if (d->foreign || replies)
        snprintf(
            out, cap,
            "a Beken loader answers, but no whole LinkCheck answer came through (%llu bytes, "
            "%zu beginnings of a reply at %u baud): shorten the wires, check GND and the 3.3 V "
            "supply, try another adapter",
            (unsigned long long)d->total, replies, (unsigned)baud);
    else if (d->len >= 8 && text * 4 >= d->len * 3) {
        diag_excerpt(d, excerpt);
        snprintf(out, cap,
                 "no answer, but text is heard: \"%s\": %s. Reset the chip while this runs: 3.3 V "
                 "off and on, or CEN to GND for 0.25 s",
                 excerpt, diag_voice(d));
    } else if (diag_count_byte(d, 0x00) * 10 >= d->len * 9)
        snprintf(
            out, cap,
            "no answer, only %llu zero bytes: the adapter's RX line is held low. Is the module "
            "powered, is GND connected, is RX on P11 (TX1)?",
            (unsigned long long)d->total);
    else
        snprintf(out, cap,
                 "no answer, but %llu bytes that make no sense at %u baud%s: the application talks "
                 "at another rate, RX is on the wrong pin, or GND is missing. Reset the chip while "
                 "this runs: 3.3 V off and on, or CEN to GND for 0.25 s",
                 (unsigned long long)d->total, (unsigned)baud,
                 diag_count(d, tuya, sizeof tuya)
                     ? " (TuyaMCU frames: a second chip shares the line)"
                     : "");
}
