/* factory.c - a flash as it leaves the factory, made up but true in structure.
 *
 * Code is random; around it stand the vectors, keys, markers, partition table,
 * CRC16 blocks, RBL headers, RF page and data partitions of reference 7 and 8,
 * and about 40 % of the sectors are blank, as in real dumps (peers 2.6). It
 * holds no byte of anybody's firmware, so loader fingerprints do not match any
 * known one, as on a reprogrammed chip. */
#include "sim/factory.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sim/sim_internal.h"

#define APP_AT      0x11000u
#define APP_BASE    0x10000u  /* logical */
#define APP_END     0x129F70u /* of its partition, without the tail of the last sector */
#define APP_CODE    0xF0000u  /* logical length of the code */
#define APP_LOGICAL 0x108700u
#define KV_KEY      0x1EE000u
#define KV_DATA     0x1EF000u
#define KV_SECTORS  14u
#define KV_SWAP     0x1FD000u
#define RBL_STORED  102u

const struct factory_plan factory_t = {
    .loader = "BK7231S_1.0.5",
    .vector = {0x62, 0x0E, 0x00, 0xEA},
    .key_at = 0x48,
    .marks = true,
    .table_at = 0xDC24,
    .download = 0x132000,
    .rf = 0x1E0000,
    .tlv_group2 = 0xA2,
    .files = {{0x12A000, 3}, {0x1D8000, 4}, {0x1E3000, 3}},
    .key = {{0x510fb093, 0xa3cbeadc, 0x5993a17e, 0xc7adeb03}},
};

const struct factory_plan factory_n = {
    .loader = "BK7231N_1.0.1",
    .vector = {0x48, 0x0B, 0x00, 0xEA},
    .key_at = 0x48,
    .marks = true,
    .chip_mark = true,
    .table_at = 0xE95C,
    .download = 0x12A000,
    .rf = 0x1D0000,
    .tlv_group2 = 0xB8,
    .files = {{0x1D2000, 5}, {0x1DA000, 3}, {0x1ED000, 1}},
    .key = {{0x510fb093, 0xa3cbeadc, 0x5993a17e, 0xc7adeb03}},
};

/* Something that looks like ARM code: condition "always", the rest random. */
static void fill_code(struct rng *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i + 4 <= len; i += 4)
        put_le32(out + i, 0xE0000000u | (rng_u32(r) & 0x0fffffff));
}

static void fill_random(struct rng *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = rng_u8(r);
}

/* `first`, then seven times ldr pc,[pc,#20]. */
static void fill_vectors(uint8_t *out, const uint8_t first[4])
{
    memcpy(out, first, 4);
    for (size_t i = 4; i < 32; i += 4)
        put_le32(out + i, 0xE59FF014);
}

/* One 64-byte record of the partition table (8.6). */
static void table_row(uint8_t *out, const char *name, const char *device, uint32_t at, uint32_t len)
{
    memset(out, 0, 64);
    put_le32(out, 0x45503130);
    memcpy(out + 4, name, strlen(name));
    memcpy(out + 28, device, strlen(device));
    put_le32(out + 52, at);
    put_le32(out + 56, len);
}

static void loader_structures(const struct factory_plan *p, uint8_t *code)
{
    static const uint8_t mark_key[4] = {0xEE, 0xBB, 0xAA, 0x10};
    static const uint8_t mark_ota[4] = {0xEE, 0xBB, 0xBB, 0x32};
    static const uint8_t mark_version[4] = {0xEE, 0xBB, 0xCC, 0x0E};
    static const char ota_iv[] = "0123456789ABCDEF";
    static const char ota_key[] = "0123456789ABCDEF0123456789ABCDEF";

    fill_vectors(code, p->vector);
    for (size_t i = 0; i < 4; i++)
        put_le32(code + p->key_at + 4 * i, p->key.c[i]);
    if (p->marks) {
        memcpy(code + p->key_at - 4, mark_key, 4);
        memcpy(code + 0x58, mark_ota, 4);
        memcpy(code + 0x90, mark_version, 4);
    }
    memcpy(code + 0x5C, ota_iv, sizeof ota_iv);
    memcpy(code + 0x6D, ota_key, sizeof ota_key);
    memcpy(code + 0x94, p->loader, strlen(p->loader) + 1);
    table_row(code + p->table_at, "bootloader", "beken_onchip_crc", 0, 0x10000);
    table_row(code + p->table_at + 64, "app", "beken_onchip_crc", APP_BASE, APP_LOGICAL);
    table_row(code + p->table_at + 128, "download", "beken_onchip", p->download, 0xA6000);
}

/* Vectors plain in the text, code encrypted, partition table left in clear. */
static void build_loader(const struct factory_plan *p, struct rng *r, uint8_t *buf, uint8_t *work)
{
    const size_t len = p->table_at + 3 * 64;
    uint8_t header[BKCODE_RBL];

    fill_code(r, work, len);
    loader_structures(p, work);
    bkcode_crypt(&p->key, 0, work, p->table_at);
    if (p->chip_mark)
        memcpy(work + 0x100, "BK7231\0", 8);
    bkcode_rbl(header, "bootloader", "1.00", work, len);
    bkcode_interleave(buf, work, len);
    bkcode_interleave(buf + BKCODE_LOADER - RBL_STORED, header, sizeof header);
}

static void build_app(const struct factory_plan *p, struct rng *r, uint8_t *buf, uint32_t size,
                      uint8_t *work)
{
    static const uint8_t first[4] = {0x0E, 0x00, 0x00, 0xEA};
    static const char title[] = "plugflash synthetic application, version 1.00";
    uint32_t end =
        size < APP_END ? (size - APP_AT) / BKCODE_BLOCK * BKCODE_BLOCK + APP_AT : APP_END;
    uint32_t room = (end - APP_AT - RBL_STORED) / BKCODE_BLOCK * BKCODE_DATA;
    uint32_t len = room < APP_CODE ? room * 3 / 4 / BKCODE_DATA * BKCODE_DATA : APP_CODE;
    uint8_t header[BKCODE_RBL];

    if (len < 0x400)
        return;
    fill_code(r, work, len);
    fill_vectors(work, first);
    memcpy(work + 0x200, title, sizeof title);
    if (p->chip_mark)
        memcpy(work + 0x100, "BK7231\0", 8);
    bkcode_crypt(&p->key, APP_BASE, work, len);
    bkcode_rbl(header, "app", "1.00", work, len);
    bkcode_interleave(buf + APP_AT, work, len);
    bkcode_interleave(buf + end - RBL_STORED, header, sizeof header);
}

/* A record of the RF page; returns the place behind it. */
static uint8_t *tlv(uint8_t *at, uint32_t tag, uint32_t len, const uint8_t *value)
{
    put_le32(at, tag);
    put_le32(at + 4, len);
    if (value)
        memcpy(at + 8, value, len);
    return at + 8 + (value ? len : 0);
}

/* A group of calibration records that fill `len` bytes together. */
static uint8_t *tlv_group(struct rng *r, uint8_t *at, uint32_t tag, uint32_t len)
{
    uint8_t value[128];
    uint32_t half = (len - 16) / 2;

    at = tlv(at, tag, len, NULL);
    fill_random(r, value, sizeof value);
    at = tlv(at, tag | 1, half, value);
    fill_random(r, value, sizeof value);
    return tlv(at, tag | 2, len - 16 - half, value);
}

/* Reference 7.3: the MAC stands at offset 0x24 of every page. */
static void build_rf(const struct factory_plan *p, struct rng *r, const uint8_t mac[6],
                     uint8_t *page)
{
    static const uint8_t constant[4] = {0x4E, 0x61, 0xBC, 0x00};
    uint8_t value[8], *at = page + 8;

    memcpy(page, "TLV", 4);
    at = tlv(at, 0x11111100, 0x5A, NULL);
    at = tlv(at, 0x11111101, 4, constant);
    at = tlv(at, 0x11111102, 6, mac);
    for (uint32_t tag = 0x11111103; tag <= 0x11111107; tag++) {
        fill_random(r, value, sizeof value);
        at = tlv(at, tag, tag == 0x11111107 ? 8 : 4, value);
    }
    at = tlv_group(r, at, 0x22222200, p->tlv_group2);
    at = tlv_group(r, at, 0x33333300, 0x84);
    at = tlv_group(r, at, 0x44444400, 0x40);
    put_le32(page + 4, (uint32_t)(at - page - 8));
}

static void random_sectors(struct rng *r, uint8_t *buf, uint32_t size, uint32_t at,
                           uint32_t sectors)
{
    if (at + sectors * NOR_SECTOR <= size)
        fill_random(r, buf + at, sectors * NOR_SECTOR);
}

/* Data partitions; encrypted on a real plug, therefore random here. */
static void build_data(const struct factory_plan *p, struct rng *r, uint8_t *buf, uint32_t size)
{
    uint32_t net = p->rf + NOR_SECTOR;

    if (net + 2 * NOR_SECTOR <= size) {
        fill_random(r, buf + net, 64);
        fill_random(r, buf + net + NOR_SECTOR, 112); /* BSSID of the fast connect */
    }
    for (size_t i = 0; i < 3; i++)
        random_sectors(r, buf, size, p->files[i][0], p->files[i][1]);
    random_sectors(r, buf, size, KV_KEY, 1);
    random_sectors(r, buf, size, KV_DATA, KV_SECTORS);
    random_sectors(r, buf, size, KV_SWAP, 2);
}

void factory_build(const struct factory_plan *plan, uint32_t seed, const uint8_t mac[6],
                   uint8_t *buf, uint32_t size)
{
    uint8_t *work = malloc(APP_CODE);
    struct rng r;

    memset(buf, 0xff, size);
    if (!work)
        return; /* a blank plug, and the caller will find no loader on it */
    rng_seed(&r, seed);
    if (size > BKCODE_LOADER)
        build_loader(plan, &r, buf, work);
    if (size > BKCODE_LOADER + 2 * NOR_SECTOR)
        build_app(plan, &r, buf, size, work);
    if (plan->rf + NOR_SECTOR <= size)
        build_rf(plan, &r, mac, buf + plan->rf);
    build_data(plan, &r, buf, size);
    free(work);
}

enum pf_err pf_sim_factory(const char *chip, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                           uint32_t size)
{
    const struct sim_device_ops *ops = sim_device_by_name(chip, strlen(chip));

    if (!ops || !ops->factory)
        return PF_ERR_CHIP;
    if (!nor_size_ok(size))
        return PF_ERR_RANGE;
    ops->factory(NULL, seed, mac, buf, size);
    return PF_OK;
}
