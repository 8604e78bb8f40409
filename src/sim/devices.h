/* devices.h - the virtual devices there are; a new family adds its line here,
 * in the table of devices.c, and its switches to the help text. */
#ifndef SIM_DEVICES_H
#define SIM_DEVICES_H

#include "sim/sim_internal.h"

extern const struct sim_device_ops sim_bk7231t;
extern const struct sim_device_ops sim_bk7231n;

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

#endif
