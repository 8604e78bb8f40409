/* devices.h - the virtual devices there are; a new family adds its line here,
 * in the table of devices.c, and its switches to the help text. */
#ifndef SIM_DEVICES_H
#define SIM_DEVICES_H

#include "sim/sim_internal.h"

extern const struct sim_device_ops sim_bk7231t;
extern const struct sim_device_ops sim_bk7231n;
extern const struct sim_device_ops sim_bl602;
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

#define BL602_HELP                                                                                 \
    "bl602: mask ROM and the RAM loader that was uploaded (defaults: reset=dtr, app=chatty)\n"     \
    "strap=rts            GPIO8: high, low, hand (a person, until linked), rts or dtr (asserted\n" \
    "                     is high), nrts or ndtr (asserted is low)\n"                              \
    "session=500000       start=loader: rate of the session found running, 0 none, waits for "     \
    "55s\n"                                                                                        \
    "loader=1.9.0         what an upload becomes: 1.9.0, cube, mcu, sdk, 1.4.8, blflash, rc32m\n"  \
    "                     (a stub of ours runs itself); start=loader: also own\n"                  \
    "idle=10000           ms of one of its receive time-outs, two end a session (by build)\n"      \
    "romidle=2000         ms without a byte that end a session of the ROM\n"                       \
    "sha=4M               hash speed, as crc=\n"                                                   \
    "rommax=500000        highest rate the ROM measures right\n"                                   \
    "train=4              bytes 55 that a measurement takes\n"                                     \
    "sdio=2               ms the ROM looks away between 2 ms of listening\n"                       \
    "abr=55               any: other bytes are measured as well\n"                                 \
    "fifo=32              bytes the ROM's UART keeps while it works\n"                             \
    "startup=20           ms from run_image until the loader listens\n"                            \
    "take=100             us until it takes a frame; bytes behind one are lost until then\n"       \
    "idflag=0x80          fourth byte behind the flash id (by build)\n"                            \
    "winbond=1            0: erases blank ranges of an EF flash as well\n"                         \
    "runs=loader          nothing: an accepted image crashes\n"                                    \
    "xtal=40              MHz on the board: 24, 26, 32, 38.4, 40\n"                                \
    "sign=0 encrypt=0     efuse settings that refuse other images\n"                               \
    "swusage=0            efuse word 10\n"                                                         \
    "table=both           newer second, first or second only, none\n"                              \
    "layout=vendor        obk: OpenBeken's 2 MiB partition table\n"                                \
    "notable=boot         stop: boot2 needs a partition table\n"

#define ECR6600_HELP                                                                               \
    "ecr6600: mask ROM, uboot, and the RAM stub that was uploaded\n"                               \
    "stub=custom          what an upload becomes: custom, 1.3.11, 1.3.4, 1.4.0\n"                  \
    "                     (a stub of ours runs itself); start=stub: also own\n"                    \
    "boot=45              ms from reset to the UART window\n"                                      \
    "window=100           ms it is open when the application is valid\n"                           \
    "loop=1000            ms it is open, again and again, when it is not\n"                        \
    "romwindow=2000       the same in the ROM, when there is no uboot\n"                           \
    "romfirst=N           ms the ROM listens before uboot after each reset (an efuse setting)\n"   \
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
