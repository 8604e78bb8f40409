/* devices.h - the virtual devices there are; a new family adds its line here,
 * in the table of devices.c, and its switches to the help text. */
#ifndef SIM_DEVICES_H
#define SIM_DEVICES_H

#include "sim/sim_internal.h"

extern const struct sim_device_ops sim_bk7231t;
extern const struct sim_device_ops sim_bk7231n;
extern const struct sim_device_ops sim_ecr6600;

#define BK7231T_HELP                                                                               \
    "bk7231t: loader in flash (BK7231S)\n"                                                         \
    "loader=1.0.5         loader version: 1.0.1, 1.0.4, 1.0.5, 1.0.6\n"                            \
    "print=15             ms the loader prints on UART2 after a reset, buffering UART1\n"          \
    "window=15            ms it then waits for a first byte; after any byte 0.8 s\n"               \
    "idle=180             ms of silence after which a linked loader resets itself\n"               \
    "timerexit=app        after those 0.8 s: app, or reset (1.0.5 and 1.0.6 only)\n"               \
    "mute=s11-l07         short and long opcodes it does not know\n"

#define BK7231N_HELP                                                                               \
    "bk7231n: mask ROM\n"                                                                          \
    "window=60            ms the ROM listens after a reset\n"                                      \
    "key=tuya             eFuse flash key: tuya, zero, none (read-protected)\n"                    \
    "crcend=inclusive     or exclusive: last address of a hash\n"                                  \
    "midlen=6             or 5: length of the GetMID answer, with or without padding\n"            \
    "tick=1               ms per unit of SetBaudRate's delay: 1 or 2\n"                            \
    "rxbuf=128            bytes buffered while it works or sends\n"                                \
    "syserr=0             1: unknown commands get an error frame instead of silence\n"             \
    "unaligned=read       unaligned Read4K: read, align, error, silent\n"                          \
    "oversize=wrap        addresses beyond the flash: wrap, error\n"                               \
    "wcount=0             answer's count byte for 256 written: 0 or 255\n"                         \
    "pagewrap=0           1: Write wraps inside the 256-byte page\n"                               \
    "eraseall=after       EraseAll answers after or before the work\n"                             \
    "protstatus=0         status of erase and write on protected flash\n"                          \
    "rescan=0             1: a mismatching byte may begin a new frame\n"                           \
    "chipid=0x7231C       what register 0x800000 holds\n"                                          \
    "mute=sAA-l08         short and long opcodes it does not know\n"

#define ECR6600_HELP                                                                               \
    "ecr6600: mask ROM, uboot, and the RAM stub that was uploaded\n"                               \
    "stub=custom          what an upload becomes: custom, 1.3.11, 1.3.4, 1.4.0\n"                  \
    "boot=45              ms from reset to the UART window\n"                                      \
    "window=100           ms it is open when the application is valid\n"                           \
    "loop=1000            ms it is open, again and again, when it is not\n"                        \
    "romwindow=2000       the same in the ROM, when there is no uboot\n"                           \
    "xtal=40              crystal, 40 or 26 MHz: the loader's real baud rate\n"                    \
    "resetpad=on          off: the application disables the reset pin\n"                           \
    "stubbaud=115200      start=stub: its rate\n"                                                  \
    "header=N             start=loader: already synced, with N bytes of a header\n"                \
    "layout=obk           partition table: obk, at, obk-high, at-high (NV at the flash's end)\n"   \
    "nv=full              nv_amt: full, nomac, blank\n"                                            \
    "otp=AA:BB:..         MAC in the flash's OTP\n"                                                \
    "efuse=0x20:0x10000-..  efuse words\n"                                                         \
    "rxbuf=16             bytes the UART buffers\n"                                                \
    "cache=fresh          1.3.4 hashes fresh or stale (cached) flash\n"                            \
    "wtype=check          data frames of another type: check, any (taken as data)\n"               \
    "unit=100             us per XMODEM timeout unit\n"                                            \
    "pack=1024            KiB the stub deflates in a second\n"

#endif
