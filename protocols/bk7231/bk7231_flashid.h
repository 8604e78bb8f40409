/* bk7231_flashid.h - the SPI flash parts the Beken tools know. */
#ifndef BK7231_FLASHID_H
#define BK7231_FLASHID_H

#include <stddef.h>
#include <stdint.h>

struct bk7231_flash {
    uint8_t jedec[3]; /* manufacturer, type, capacity: wire order */
    const char *part; /* NULL: seen, but never named */
    uint32_t size;
    uint8_t sr_bytes;   /* status bytes; 1 is written as one, more as two; 0: no protection */
    uint16_t mask;      /* protection bits of SR1 | second register << 8; 0: none known */
    uint8_t second_reg; /* opcode that reads the second register: 35h, 15h; 0 none */
};

/* Ends with size == 0. */
extern const struct bk7231_flash bk7231_flashes[];

/* NULL when the part is unknown. */
const struct bk7231_flash *bk7231_flash_by_id(const uint8_t jedec[3]);

#endif
