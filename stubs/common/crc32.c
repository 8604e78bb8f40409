/* crc32.c - CRC-32 in zlib form, a table of 1 KiB made by the first call. */
#include "common/codec.h"

static uint32_t crc_table[256];

static void crc_make_table(struct stub_hal *h)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        if (i % 8 == 0)
            hal_poll(h);
        for (unsigned k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
        crc_table[i] = c;
    }
}

uint32_t stub_crc32(struct stub_hal *h, uint32_t crc, const uint8_t *data, size_t len)
{
    if (!crc_table[255])
        crc_make_table(h);
    hal_spend(h, HAL_CRC, (uint32_t)len);
    crc = ~crc;
    while (len) {
        size_t part = len < 48 ? len : 48;

        len -= part;
        while (part--)
            crc = crc >> 8 ^ crc_table[(crc ^ *data++) & 0xff];
        hal_poll(h);
    }
    return ~crc;
}
