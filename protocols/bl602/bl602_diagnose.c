/* bl602_diagnose.c - from the bytes of a failed sync to a sentence that helps. */
#include "bl602/bl602_session.h"

#include <stdio.h>
#include <string.h>

#define HOW_TO_BOOT                                                                                \
    "connect GPIO8 (BOOT) to 3.3 V through 10 kOhm and switch the module's 3.3 V off and on "      \
    "while this runs"

/* Texts that other chips' ROMs and firmwares print, and ours. */
static const struct heard_voice diag_voices[] = {
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

void bl602_diagnose(const struct bl602_diag *d, uint32_t baud, char *out, size_t cap)
{
    const struct heard *h = &d->heard;
    char excerpt[HEARD_EXCERPT + 1];

    if (h->total == 0)
        snprintf(out, cap,
                 "no answer, the line is silent. Check: power (3.3 V at the module, strong "
                 "enough), common GND, adapter TX to GPIO7 (RXD) and RX to GPIO16 (TXD), not "
                 "swapped. Then " HOW_TO_BOOT);
    else if (d->oks && d->oks * 8 >= h->total)
        snprintf(out, cap,
                 "a boot ROM answered %u trains with OK, but no command after that (%u baud): "
                 "shorten the wires, check GND and the 3.3 V supply, try --boot-baud 115200",
                 d->oks, (unsigned)baud);
    else if (heard_mostly(h, 0x55, 80))
        snprintf(out, cap,
                 "no answer, only our own bytes come back (%llu of %llu): TX and RX of the adapter "
                 "are connected to each other, or both to the same pin. Wire TX to GPIO7 (RXD) and "
                 "RX to GPIO16 (TXD)",
                 (unsigned long long)h->total, (unsigned long long)h->sent);
    else if (heard_is_text(h)) {
        heard_excerpt(h, excerpt);
        snprintf(out, cap, "no answer, but text is heard: \"%s\": %s; " HOW_TO_BOOT, excerpt,
                 heard_whose(h, diag_voices, sizeof diag_voices / sizeof *diag_voices,
                             "an application is running: GPIO8 was not high at the reset"));
    } else if (heard_mostly(h, 0x00, 90))
        snprintf(out, cap,
                 "no answer, only %llu zero bytes: the adapter's RX line is held low. Is the "
                 "module powered, is GND connected, is RX on GPIO16 (TXD)?",
                 (unsigned long long)h->total);
    else
        snprintf(out, cap,
                 "no answer, but %llu bytes that make no sense at %u baud: an application is "
                 "running and talks at another rate (BL602 firmware likes 2000000), RX is on the "
                 "wrong pin, or GND is missing; " HOW_TO_BOOT,
                 (unsigned long long)h->total, (unsigned)baud);
}
