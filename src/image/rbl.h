/* rbl.h - the 96-byte RBL header of Beken packages.
 *
 *   offset size
 *   0x00   4    "RBL\0"
 *   0x04   1    encryption: 0 none, 1 xor, 2 AES-256-CBC
 *   0x05   1    compression: 0 none, 1 gzip, 2 quicklz, 3 fastlz
 *   0x06   2    0
 *   0x08   4    unix time
 *   0x0c   16   partition name, NUL-terminated, garbage after it
 *   0x1c   24   version, likewise
 *   0x34   24   serial number, 23 '0' and NUL
 *   0x4c   4    CRC-32 of the package
 *   0x50   4    FNV-1a of the raw data
 *   0x54   4    raw size
 *   0x58   4    package size
 *   0x5c   4    CRC-32 of the 0x5c bytes above
 *
 * It precedes an OTA package, and closes an executable partition, where the
 * package is the encrypted code without CRC16, padded to 16 as PKCS#7 does;
 * the padding is counted in the CRC-32 but not stored. */
#ifndef IMAGE_RBL_H
#define IMAGE_RBL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RBL_SIZE  96u
#define RBL_CODED 102u /* in an executable partition, with CRC16 */

enum { RBL_CRYPT_NONE, RBL_CRYPT_XOR, RBL_CRYPT_AES };
enum { RBL_COMPRESS_NONE, RBL_COMPRESS_GZIP, RBL_COMPRESS_QUICKLZ, RBL_COMPRESS_FASTLZ };

struct rbl {
    uint8_t crypt, compress;
    uint32_t time;
    char name[17];
    char version[25];
    uint32_t package_crc; /* CRC-32 */
    uint32_t raw_hash;    /* FNV-1a */
    uint32_t raw_size, package_size;
    uint32_t header_crc; /* as stored; rbl_build() computes it */
    bool header_ok;      /* and it is right */
};

/* False when `header` does not start with "RBL\0". Strings come out printable. */
bool rbl_parse(const uint8_t header[RBL_SIZE], struct rbl *out);

/* Write the header of `rbl`, with the CRC-32 it needs. */
void rbl_build(const struct rbl *rbl, uint8_t header[RBL_SIZE]);

#define FNV1A_START 0x811C9DC5u
uint32_t fnv1a(uint32_t hash, const uint8_t *data, size_t len);

/* CRC-32 of a package continued over the padding of `raw_size`: bytes whose
 * value is their number, 1..16 (none when raw and package are equally long).
 * False: these sizes do not follow the rule. */
bool rbl_pad_crc(const struct rbl *rbl, uint32_t crc, uint32_t *out);

#endif
