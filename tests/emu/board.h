/* board.h - for tests of the emulated chips: a flash chip, fuses, and a host that
 * writes down what leaves the TX pin. */
#ifndef EMU_BOARD_H
#define EMU_BOARD_H

#include "emu/soc.h"
#include "sim/nor_spi.h"

#define BOARD_TX 256u

struct board {
    struct nor nor;
    struct nor_spi bus;
    uint64_t busy_ns; /* the flash works until then */
    unsigned transactions;
    uint8_t efuse[128];
    struct {
        uint8_t byte;
        uint32_t baud;
        uint64_t ns; /* its start bit */
    } tx[BOARD_TX];
    size_t sent;
};

/* 2 MiB of C84015, blank; no fuse is blown. */
void board_init(struct board *b);
void board_fini(struct board *b);
struct emu_board board_slots(struct board *b);

#endif
