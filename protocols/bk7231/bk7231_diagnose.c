/* bk7231_diagnose.c - from the bytes of a failed sync to a sentence that helps. */
#include "bk7231/bk7231_session.h"

#include <stdio.h>
#include <string.h>

/* Texts that other chips' ROMs and firmwares print, and ours. */
static const struct heard_voice diag_voices[] = {
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

void bk7231_diagnose(const struct bk7231_diag *d, uint32_t baud, char *out, size_t cap)
{
    const struct heard *h = &d->heard;
    static const uint8_t link[] = {0x01, 0xe0, 0xfc, 0x01, 0x00};
    static const uint8_t head[] = {0x04, 0x0e, 0x05};
    static const uint8_t tuya[] = {0x55, 0xaa};
    size_t replies = heard_count(h, head, sizeof head);
    size_t echoes = heard_count(h, link, sizeof link);
    char excerpt[HEARD_EXCERPT + 1];

    if (h->total == 0)
        snprintf(
            out, cap,
            "no answer, the line is silent. Check: power (3.3 V at the module, strong enough), "
            "common GND, adapter TX to P10 (RX1) and RX to P11 (TX1), not swapped. Then reset "
            "the chip while this runs: 3.3 V off and on, or CEN to GND for 0.25 s");
    else if (echoes && echoes * sizeof link * 2 >= h->len)
        snprintf(out, cap,
                 "no answer, only our own bytes come back (%llu of %llu): TX and RX of the adapter "
                 "are connected to each other, or both to the same pin. Wire TX to P10 (RX1) and "
                 "RX to P11 (TX1)",
                 (unsigned long long)h->total, (unsigned long long)h->sent);
    else if (d->foreign || replies)
        snprintf(
            out, cap,
            "a Beken loader answers, but no whole LinkCheck answer came through (%llu bytes, "
            "%zu beginnings of a reply at %u baud): shorten the wires, check GND and the 3.3 V "
            "supply, try another adapter",
            (unsigned long long)h->total, replies, (unsigned)baud);
    else if (heard_is_text(h)) {
        heard_excerpt(h, excerpt);
        snprintf(out, cap,
                 "no answer, but text is heard: \"%s\": %s. Reset the chip while this runs: 3.3 V "
                 "off and on, or CEN to GND for 0.25 s",
                 excerpt,
                 heard_whose(h, diag_voices, sizeof diag_voices / sizeof *diag_voices,
                             "an application is running and the loader was not reached"));
    } else if (heard_mostly(h, 0x00, 90))
        snprintf(
            out, cap,
            "no answer, only %llu zero bytes: the adapter's RX line is held low. Is the module "
            "powered, is GND connected, is RX on P11 (TX1)?",
            (unsigned long long)h->total);
    else
        snprintf(out, cap,
                 "no answer, but %llu bytes that make no sense at %u baud%s: the application talks "
                 "at another rate, RX is on the wrong pin, or GND is missing. Reset the chip while "
                 "this runs: 3.3 V off and on, or CEN to GND for 0.25 s",
                 (unsigned long long)h->total, (unsigned)baud,
                 heard_count(h, tuya, sizeof tuya)
                     ? " (TuyaMCU frames: a second chip shares the line)"
                     : "");
}
