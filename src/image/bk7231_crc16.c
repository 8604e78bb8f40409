/* bk7231_crc16.c - see bk7231_crc16.h. */
#include "image/bk7231_crc16.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

/* CRC of the high nibble: two look-ups a byte, a table one can read. */
static const uint16_t nibble[16] = {
    0x0000, 0x8005, 0x800f, 0x000a, 0x801b, 0x001e, 0x0014, 0x8011,
    0x8033, 0x0036, 0x003c, 0x8039, 0x0028, 0x802d, 0x8027, 0x0022,
};

uint16_t bk7231_crc16(const uint8_t *data, size_t len)
{
    uint16_t crc = 0xffff;

    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc << 4 ^ nibble[crc >> 12 ^ data[i] >> 4]);
        crc = (uint16_t)(crc << 4 ^ nibble[crc >> 12 ^ (data[i] & 15)]);
    }
    return crc;
}

enum bk7231_block bk7231_block_check(const uint8_t block[BK_CODED])
{
    if (bk7231_crc16(block, BK_CODE) == get_be16(block + BK_CODE))
        return BK_BLOCK_GOOD;
    return pf_is_blank(block, BK_CODED) ? BK_BLOCK_BLANK : BK_BLOCK_BAD;
}

uint32_t bk7231_physical(uint32_t logical)
{
    return logical / BK_CODE * BK_CODED + logical % BK_CODE;
}

uint32_t bk7231_logical(uint32_t physical)
{
    uint32_t in = physical % BK_CODED;

    return physical / BK_CODED * BK_CODE + (in < BK_CODE ? in : BK_CODE);
}

size_t bk7231_crc16_strip(const uint8_t *data, size_t len, uint8_t *out)
{
    size_t blocks = len / BK_CODED;

    for (size_t i = 0; i < blocks; i++)
        memmove(out + i * BK_CODE, data + i * BK_CODED, BK_CODE);
    return blocks * BK_CODE;
}

size_t bk7231_crc16_add(const uint8_t *code, size_t len, uint8_t *out, size_t cap)
{
    size_t blocks = len / BK_CODE + (len % BK_CODE != 0);

    if (blocks > cap / BK_CODED)
        return 0;
    for (size_t i = 0; i < blocks; i++) {
        uint8_t *to = out + i * BK_CODED;
        size_t have = len - i * BK_CODE < BK_CODE ? len - i * BK_CODE : BK_CODE;

        memset(to, 0xff, BK_CODE);
        memcpy(to, code + i * BK_CODE, have);
        put_be16(to + BK_CODE, bk7231_crc16(to, BK_CODE));
    }
    return blocks * BK_CODED;
}
