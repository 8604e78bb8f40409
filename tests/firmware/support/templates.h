/* templates.h - the 39 devices of reference 9: what is on which pin, flags, commands. Facts
 * only, in the tests' own notation: "pin role channel [channel]", parted by commas. */
#ifndef TESTS_FIRMWARE_TEMPLATES_H
#define TESTS_FIRMWARE_TEMPLATES_H

#include <stddef.h>

#include "hal/hal.h"

struct device {
    enum hal_family family;
    const char *what, *pins;
    const char *flags, *command; /* NULL: its template has none */
};

/* clang-format off */
static const struct device devices[] = {
    /* 1 */
    {HAL_ECR6600, "20 A plug, EU",
             "14 BL0937CF 0, 15 BL0937SEL 0, 20 BL0937CF1 0, 22 WifiLED 0, 24 Btn 1, 25 Rel 1",
             "1024", NULL},
    /* 2 */
    {HAL_ECR6600, "light switch, three gangs, two relay lines each",
     "0 Btn 1, 2 Btn 2, 14 Rel 1, 15 Rel_n 1, 16 LED_n 2, 17 Btn 3, 20 LED_n 3, 21 LED_n 1, 22 Rel "
     "2, 23 Rel_n 2, 24 Rel 3, 25 Rel_n 3",
     "1024", NULL},
    /* 3 */
    {HAL_ECR6600, "wall dimmer: its second chip does it all", "", "1024", NULL},
    /* 4 */
    {HAL_BL602, "16 A socket, metered",
     "2 Rel 1, 3 BL0937CF1 0, 14 BL0937CF 0, 17 Btn 1, 20 LED_n 1, 21 BL0937SEL 0", "69731332",
     "backlog startDriver BL0937; startDriver NTP; startDriver SSDP"},
    /* 5 */
    {HAL_BL602, "Sonoff 16 A plug, Brazil, metered",
     "2 Rel 0, 3 BL0937CF1 0, 14 BL0937CF 0, 17 Btn 0, 20 LED_n 0, 21 BL0937SEL 0", "1024",
     "backlog PowerSave 1"},
    /* 6 */
    {HAL_BL602, "RMC021 plug, red board, metered",
     "2 Rel 1, 3 BL0937CF1 0, 14 BL0937CF 0, 20 LED_n 1, 21 BL0937SEL 0, 22 Btn 1", "1024", NULL},
    /* 7 */
    {HAL_BL602, "BSD33 20 A plug, metered",
     "2 Rel 1, 3 BL0937CF1 0, 4 LED_n 1, 14 BL0937CF 0, 20 WifiLED_n 1, 21 BL0937SEL 0, 22 Btn 1",
     NULL, NULL},
    /* 8 */
    {HAL_BL602, "YX-WS01 plug", "1 LED_n 1, 12 Rel 1, 16 Btn 1", "1024", NULL},
    /* 9 */
    {HAL_BL602, "RMC004 plug, metered",
     "3 BL0937CF1 0, 14 BL0937CF 0, 20 LED_n 1, 22 Btn 1, 21 BL0937SEL 0, 2 Rel 1", NULL, NULL},
    /* 10 */
    {HAL_BL602, "TOMZN 63 A breaker on a DIN rail, BL0942, latching relay",
     "2 WifiLED_n 10, 3 LED_n 10, 14 Btn 10, 20 BridgeREV 10, 21 BridgeFWD 10", "1024",
     "delay_s 11\nstartDriver BL0942"},
    /* 11 */
    {HAL_BL602, "KR2302 switch, 2022 board", "2 TglChanOnTgl 0, 3 Rel 0, 20 LED_n 0, 22 Btn 0",
     NULL, NULL},
    /* 12 */
    {HAL_BL602, "KR2302 switch, 16 A", "2 TglChanOnTgl 1, 3 Rel_n 1, 20 LED_n 1, 22 Btn_n 1",
     "1024", NULL},
    /* 13 */
    {HAL_BL602, "Sonoff MINI R3", "1 WifiLED_n 1, 5 Btn 1, 22 Rel 1", NULL, NULL},
    /* 14 */
    {HAL_BK7231T, "SA-SWPWPM plug, metered",
     "6 WifiLED_n 0, 7 BL0937CF 0, 8 BL0937CF1 0, 10 Btn 1, 24 BL0937SEL 1, 26 Rel 1", "1156",
     "startDriver NTP\nntp_timeZoneOfs  13\nSetupEnergyStats 1 60 60"},
    /* 15 */
    {HAL_BK7231T, "SP400W-IL plug, BL0942", "6 LED_n 1, 7 Btn 1, 26 Rel 1", "1156",
     "startDriver BL0942"},
    /* 16 */
    {HAL_BK7231T, "SP800WJ-EU plug, BL0942", "6 LED_n 1, 7 Btn 1, 26 Rel 1", "1024",
     "startdriver ntp\nstartdriver bl0942"},
    /* 17 */
    {HAL_BK7231T, "Ultrabrite plug, UK", "6 Btn 1, 7 LED_n 1, 8 WifiLED 0, 24 Rel 1", "1024", NULL},
    /* 18 */
    {HAL_BK7231T, "Feit outdoor plug", "7 WifiLED_n 1, 8 LED_n 1, 24 Rel 1, 26 Btn 1", NULL, NULL},
    /* 19 */
    {HAL_BK7231T, "Aoycocr U3 plug, UK", "7 Rel 1, 1 LED_n 1, 8 Btn 1", NULL, NULL},
    /* 20 */
    {HAL_BK7231T, "Arlec PC191, metered",
     "6 Rel 1, 7 BL0937CF 1, 8 BL0937CF1 1, 10 WifiLED_n 1, 11 Btn 1, 24 BL0937SEL 1, 26 LED 1",
     NULL, NULL},
    /* 21 */
    {HAL_BK7231T, "Arlec PC192HA with USB, one button for both",
     "7 WifiLED 0, 10 Btn 1, 24 Rel 1, 26 Rel 2", "0",
     "backlog setChannelLabel 1 Power;setChannelLabel 2 USB;setChannel 2 1;addEventHandler "
     "OnDblClick 10 ToggleChannel 2"},
    /* 22 */
    {HAL_BK7231T, "SHP-200MK2, two outlets, metered",
     "6 BL0937SEL 0, 7 BL0937CF1 0, 8 BL0937CF 0, 10 Btn 2, 11 WifiLED_n 0, 23 Btn 1, 24 Rel 2, 26 "
     "Rel 1",
     "1024", NULL},
    /* 23 */
    {HAL_BK7231T, "DETA 6294HA outdoor, two outlets, CSE7766",
     "6 Rel 1, 7 Btn 1, 8 WifiLED_n 2, 24 Btn 2, 26 Rel 2", "1088",
     "backlog startDriver CSE7766; SetupEnergyStats 1 30 120 0"},
    /* 24 */
    {HAL_BK7231T, "Nedis WIFIPO120FWT, metered",
     "6 LED 1, 7 BL0937CF 1, 8 BL0937CF1 1, 10 Btn 1, 24 BL0937SEL 1, 26 Rel 1", NULL, NULL},
    /* 25 */
    {HAL_BK7231T, "OBI 5274899 plug", "6 WifiLED_n 0, 24 Rel 1, 26 Btn 1", "1024", NULL},
    /* 26 */
    {HAL_BK7231N, "BA-TOM16A, metered",
     "6 BL0937CF1 0, 7 BL0937CF 0, 8 WifiLED 0, 10 Btn 1, 23 LED_n 1, 24 BL0937SEL 0, 26 Rel 1",
     "1024", "backlog startDriver NTP; startDriver BL0937; SetupEnergyStats 1 60 60;"},
    /* 27 */
    {HAL_BK7231N, "RMC021 plug, metered",
     "6 BL0937CF1 0, 7 BL0937CF 0, 8 WifiLED_n 0, 10 Btn 1, 24 BL0937SEL 0, 26 Rel 1", "1024",
     "startDriver NTP"},
    /* 28 */
    {HAL_BK7231N, "RMC004 plug, metered",
     "6 BL0937CF1 0, 7 BL0937CF 0, 8 LED_n 1, 10 Btn 1, 24 BL0937SEL 0, 26 Rel 1", "1024",
     "PowerSave 1"},
    /* 29 */
    {HAL_BK7231N, "LSPA9 socket, metered",
     "6 BL0937CF1 0, 7 BL0937CF 0, 8 WifiLED_n 0, 11 Btn 1, 24 BL0937SEL 0, 26 Rel 1", NULL, NULL},
    /* 30 */
    {HAL_BK7231N, "N-WOT10-EU-W socket, metered",
     "6 Btn 0, 7 Rel 0, 8 BL0937SEL 0, 10 WifiLED_n 0, 23 LED_n 0, 24 BL0937CF 0, 26 BL0937CF1 0",
     "1024", NULL},
    /* 31 */
    {HAL_BK7231N, "Calex 5201000300, metered",
     "6 LED 1, 7 Btn 1, 8 Rel 1, 10 WifiLED_n 0, 11 BL0937SEL 0, 24 BL0937CF1 0, 26 BL0937CF 0",
     "1024", NULL},
    /* 32 */
    {HAL_BK7231N, "Gosund EP2, BL0942 at 9600 baud",
     "6 Rel 1, 7 Btn 1, 8 AlwaysHigh 2, 9 AlwaysHigh 1", "0",
     "backlog startDriver NTP; StartDriver BL0942 9600; PowerSave 1; SetupEnergyStats 1 60 60"},
    /* 33 */
    {HAL_BK7231N, "ET43 strip, three outlets, metered",
     "6 Btn 2, 7 Rel 2, 8 Btn 1, 9 WifiLED_n 0, 14 BL0937CF 0, 16 BL0937CF1 0, 17 Btn_Tgl_All 0, "
     "20 BL0937SEL 0, 22 Rel 1, 24 Btn 3, 26 Rel 3",
     "1024", NULL},
    /* 34 */
    {HAL_BK7231N, "LSPA9 on a T34, metered",
     "6 BL0937CF 0, 7 BL0937CF1 0, 8 BL0937SEL 0, 24 Rel 0, 26 Btn 0, 28 WifiLED 0", "1024", NULL},
    /* 35 */
    {HAL_BK7231N, "LBP8 plug, three outlets, one button",
     "7 Rel 3, 8 WifiLED_n 0, 10 Btn_Tgl_All 0, 24 Rel 2, 26 Rel 1", "1024", NULL},
    /* 36 */
    {HAL_BK7231N, "Kogan KASPUSBAC1A with USB, BL0942", "6 WifiLED_n 0, 7 Btn 1, 26 Rel 1", NULL,
     "startDriver BL0942"},
    /* 37 */
    {HAL_BK7231N, "WHDZ03 plug, metered; a role in odd spelling",
     "6 BL0937CF1 1, 7 BL0937CF 1, 8 WiFiLED 1, 11 Btn 1, 24 BL0937SEL 1, 26 Rel 1", NULL, NULL},
    /* 38 */
    {HAL_BK7231N, "LSPA9 with BL0942, constants of its own", "6 Btn 1, 8 WifiLED_n 1, 26 Rel 1",
     NULL, "backlog startDriver BL0942; VREF 15987.125000; PREF -683.023987; IREF 272302.687500"},
    /* 39 */
    {HAL_BK7231N, "Arlec PC191BKHA, metered",
     "6 BL0937CF1 0, 7 BL0937CF 0, 8 Rel 1, 10 WifiLED_n 0, 11 Btn 1, 24 BL0937SEL 0, 26 LED 1",
     "134218752",
     "backlog startDriver NTP; startDriver BL0937; SetupEnergyStats 1 300 10; PowerSave 1; "
     "PowerSave_WFI 1; TelePeriod 300"},
};
/* clang-format on */
#define DEVICES (sizeof devices / sizeof devices[0])

#endif
