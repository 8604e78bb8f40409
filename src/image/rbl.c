/* rbl.c - see rbl.h. */
#include "image/rbl.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define RBL_CRC 0x5cu /* offset of the header's own CRC-32 */

/* A NUL-terminated field; what is not printable becomes '?'. */
static void rbl_text(const uint8_t *field, size_t len, char *out)
{
    size_t n = 0;

    for (; n < len && field[n]; n++)
        out[n] = field[n] >= 0x20 && field[n] < 0x7f ? (char)field[n] : '?';
    out[n] = '\0';
}

bool rbl_parse(const uint8_t header[RBL_SIZE], struct rbl *out)
{
    memset(out, 0, sizeof *out);
    if (memcmp(header, "RBL", 4) != 0)
        return false;
    out->crypt = header[4];
    out->compress = header[5];
    out->time = get_le32(header + 8);
    rbl_text(header + 0x0c, 16, out->name);
    rbl_text(header + 0x1c, 24, out->version);
    out->package_crc = get_le32(header + 0x4c);
    out->raw_hash = get_le32(header + 0x50);
    out->raw_size = get_le32(header + 0x54);
    out->package_size = get_le32(header + 0x58);
    out->header_crc = get_le32(header + RBL_CRC);
    out->header_ok = out->header_crc == pf_crc32(0, header, RBL_CRC);
    return true;
}

void rbl_build(const struct rbl *rbl, uint8_t header[RBL_SIZE])
{
    memset(header, 0, RBL_SIZE);
    memcpy(header, "RBL", 4);
    header[4] = rbl->crypt;
    header[5] = rbl->compress;
    put_le32(header + 8, rbl->time);
    memcpy(header + 0x0c, rbl->name, strnlen(rbl->name, 15));
    memcpy(header + 0x1c, rbl->version, strnlen(rbl->version, 23));
    memset(header + 0x34, '0', 23);
    put_le32(header + 0x4c, rbl->package_crc);
    put_le32(header + 0x50, rbl->raw_hash);
    put_le32(header + 0x54, rbl->raw_size);
    put_le32(header + 0x58, rbl->package_size);
    put_le32(header + RBL_CRC, pf_crc32(0, header, RBL_CRC));
}

uint32_t fnv1a(uint32_t hash, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ data[i]) * 0x01000193u;
    return hash;
}

bool rbl_pad_crc(const struct rbl *rbl, uint32_t crc, uint32_t *out)
{
    uint8_t pad[16];
    uint32_t n = rbl->package_size - rbl->raw_size;

    if (rbl->package_size < rbl->raw_size || n > sizeof pad)
        return false;
    memset(pad, (int)n, sizeof pad);
    *out = pf_crc32(crc, pad, n);
    return true;
}
