/* bl602_factory.c - a BL602 flash as it leaves the factory, made up but true in
 * structure (reference 6, 7): boot2 and application with their boot headers,
 * partition table in both copies, EasyFlash settings, device tree, about 55 %
 * blank. Code is random; it holds nobody's firmware. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/bl602.h"
#include "sim/code_like.h"

#define BOOT2_AT      0x2000u
#define BOOT2_LEN     39616u
#define TABLE_AT      0xE000u
#define FW_AT         0x10000u
#define FW_CODE       0x1000u /* behind its header */
#define APP_LEN       (150u * NOR_SECTOR - 0x340u)
#define MEDIA_SECTORS 55u
#define TABLE_MAX     (16u + 16u * 36u + 4u)
#define FDT_MAX       1024u

/* ---- boot header --------------------------------------------------------- */

/* How an EF4015 wants to be spoken to (6.2, 12.4). */
static const uint8_t ef4015[84] = {
    0x04, 0x01, 0x01, 0x01, 0x66, 0x99, 0xFF, 0x03, 0x9F, 0x00, 0x9F, 0x00, 0x04, 0xEF,
    0x00, 0x01, 0xC7, 0x20, 0x52, 0xD8, 0x06, 0x02, 0x32, 0x00, 0x0B, 0x01, 0x0B, 0x01,
    0x3B, 0x01, 0xBB, 0x00, 0x6B, 0x01, 0xEB, 0x02, 0xEB, 0x02, 0x02, 0x50, 0x00, 0x01,
    0x00, 0x01, 0x01, 0x00, 0x02, 0x01, 0x01, 0x01, 0xAB, 0x01, 0x05, 0x35, 0x00, 0x00,
    0x01, 0x31, 0x00, 0x00, 0x38, 0xFF, 0x20, 0xFF, 0x77, 0x03, 0x02, 0x40, 0x77, 0x03,
    0x02, 0xF0, 0x2C, 0x01, 0xB0, 0x04, 0xB0, 0x04, 0x05, 0x00, 0xFF, 0xFF, 0x03, 0x00,
};

void bl602_header(uint8_t out[BL602_HEADER], uint32_t offset, const uint8_t *image, uint32_t len)
{
    static const uint8_t clocks[8] = {4, 4, 0, 1, 3, 1, 0, 0}; /* 40 MHz crystal, 160 MHz */

    memset(out, 0, BL602_HEADER);
    memcpy(out, "BFNP\1\0\0\0FCFG", 12);
    memcpy(out + 12, ef4015, sizeof ef4015);
    put_le32(out + 96, pf_crc32(0, ef4015, sizeof ef4015));
    memcpy(out + 100, "PCFG", 4);
    memcpy(out + 104, clocks, sizeof clocks);
    put_le32(out + 112, pf_crc32(0, clocks, sizeof clocks));
    put_le32(out + 116, 0x3300);
    put_le32(out + 120, len);
    put_le32(out + 128, offset);
    pf_sha256(image, len, out + 132);
    put_le32(out + 172, pf_crc32(0, out, 172));
}

/* ---- partition table ----------------------------------------------------- */

struct part {
    const char *name;
    uint8_t type;
    uint32_t at[2], max[2];
};

/* 7.2; sizes without a vendor's table get OpenBeken's. */
static const struct part vendor_2m[] = {
    {"FW", 0, {0x010000, 0x0D8000}, {0x0C8000, 0x088000}},
    {"mfg", 2, {0x160000, 0}, {0x032000, 0}},
    {"media", 3, {0x192000, 0}, {0x057000, 0}},
    {"PSM", 4, {0x1E9000, 0}, {0x008000, 0}},
    {"KEY", 5, {0x1F1000, 0}, {0x002000, 0}},
    {"DATA", 6, {0x1F3000, 0}, {0x005000, 0}},
    {"factory", 7, {0x1F8000, 0}, {0x007000, 0}},
    {0},
};
static const struct part obk_1m[] = {
    {"FW", 0, {0x010000, 0}, {0x0DC000, 0}},
    {"media", 3, {0x0EC000, 0}, {0x00B000, 0}},
    {"PSM", 4, {0x0F7000, 0}, {0x005000, 0}},
    {"factory", 7, {0x0FC000, 0}, {0x004000, 0}},
    {0},
};
static const struct part obk_2m[] = {
    {"FW", 0, {0x010000, 0x112000}, {0x102000, 0x090000}},
    {"media", 3, {0x1A2000, 0}, {0x047000, 0}},
    {"PSM", 4, {0x1E9000, 0}, {0x013000, 0}},
    {"factory", 7, {0x1FC000, 0}, {0x004000, 0}},
    {0},
};
static const struct part obk_4m[] = {
    {"FW", 0, {0x010000, 0x130000}, {0x120000, 0x0B9000}},
    {"media", 3, {0x200000, 0}, {0x200000, 0}},
    {"PSM", 4, {0x1E9000, 0}, {0x013000, 0}},
    {"factory", 7, {0x1FC000, 0}, {0x004000, 0}},
    {0},
};

static const struct part *parts_for(const struct bl602_state *b, uint32_t size)
{
    if (size < 2u << 20)
        return obk_1m;
    if (size >= 4u << 20)
        return obk_4m;
    return b && b->obk_layout ? obk_2m : vendor_2m;
}

/* Returns its length. */
static uint32_t build_table(const struct part *parts, uint32_t age, uint8_t *out)
{
    uint32_t n = 0, len;

    for (; parts[n].name; n++) {
        uint8_t *e = out + 16 + 36 * n;

        memset(e, 0, 36);
        e[0] = parts[n].type;
        memcpy(e + 3, parts[n].name, strlen(parts[n].name));
        for (size_t i = 0; i < 2; i++) {
            put_le32(e + 12 + 4 * i, parts[n].at[i]);
            put_le32(e + 20 + 4 * i, parts[n].max[i]);
        }
    }
    len = 36 * n;
    memcpy(out, "BFPT", 4);
    put_le16(out + 4, 0);
    put_le16(out + 6, (uint16_t)n);
    put_le32(out + 8, age);
    put_le32(out + 12, pf_crc32(0, out, 12));
    put_le32(out + 16 + len, pf_crc32(0, out + 16, len));
    return 16 + len + 4;
}

static void place_tables(const struct bl602_state *b, const struct part *parts, uint8_t *buf)
{
    enum bl602_table how = b ? b->table : BL602_TABLE_BOTH;
    uint8_t *first = buf + TABLE_AT, *second = first + NOR_SECTOR;

    if (how == BL602_TABLE_NONE)
        return;
    build_table(parts, 0, first);
    build_table(parts, how == BL602_TABLE_NEWER ? 1 : 0, second);
    if (how == BL602_TABLE_FIRST)
        second[20] ^= 0x40; /* entries no longer match their CRC */
    if (how == BL602_TABLE_SECOND)
        first[20] ^= 0x40;
}

/* ---- contents ------------------------------------------------------------ */

#define DEFLATED 51u /* percent of code that is left, as of published dumps */

static void fill_random(struct rng *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = rng_u8(r);
}

/* EasyFlash 4 (7.5): sectors formatted, one setting in the first. */
static void build_settings(uint8_t *at, uint32_t sectors)
{
    static const char name[] = "boot_count", value[] = "3";
    const uint32_t len = 28 + sizeof name - 1 + sizeof value - 1;
    uint8_t *kv = at + 0x14, crc[4 + 4 + sizeof name - 1 + sizeof value - 1];

    for (uint32_t i = 0; i < sectors; i++) {
        uint8_t *h = at + i * NOR_SECTOR;

        h[0] = h[3] = 0; /* empty, not dirty */
        memcpy(h + 8, "EF40", 4);
    }
    at[1] = 0; /* in use */
    kv[0] = kv[1] = 0;
    memcpy(kv + 8, "KV40", 4);
    put_le32(kv + 12, len);
    kv[20] = sizeof name - 1;
    put_le32(kv + 24, sizeof value - 1);
    memcpy(kv + 28, name, sizeof name - 1);
    memcpy(kv + 28 + sizeof name - 1, value, sizeof value - 1);
    memcpy(crc, kv + 20, sizeof crc);
    put_le32(kv + 16, pf_crc32(0, crc, sizeof crc));
}

/* ---- device tree (7.4) --------------------------------------------------- */

struct fdt {
    uint8_t tree[FDT_MAX];
    uint32_t len;
    char names[256];
    uint32_t names_len;
};

static void fdt_word(struct fdt *f, uint32_t v)
{
    put_be32(f->tree + f->len, v);
    f->len += 4;
}

static void fdt_bytes(struct fdt *f, const void *data, uint32_t len)
{
    memcpy(f->tree + f->len, data, len);
    memset(f->tree + f->len + len, 0, 3);
    f->len += (len + 3) & ~3u;
}

static void fdt_begin(struct fdt *f, const char *name)
{
    fdt_word(f, 1);
    fdt_bytes(f, name, (uint32_t)strlen(name) + 1);
}

static void fdt_end(struct fdt *f)
{
    fdt_word(f, 2);
}

static void fdt_prop(struct fdt *f, const char *name, const void *data, uint32_t len)
{
    fdt_word(f, 3);
    fdt_word(f, len);
    fdt_word(f, f->names_len);
    memcpy(f->names + f->names_len, name, strlen(name) + 1);
    f->names_len += (uint32_t)strlen(name) + 1;
    if (len)
        fdt_bytes(f, data, len);
}

static void fdt_wifi(struct fdt *f)
{
    static const uint8_t country[4] = {0, 0, 0, 86};
    static const uint8_t sta[6] = {0xC8, 0x43, 0x57, 0x82, 0x73, 0x40};
    static const uint8_t ap[6] = {0xC8, 0x43, 0x57, 0x82, 0x73, 0x02};
    static const uint8_t xtal[20] = {0, 0, 0, 36, 0, 0,  0, 36, 0, 0,
                                     0, 0, 0, 0,  0, 60, 0, 0,  0, 60};

    fdt_begin(f, "wifi");
    fdt_begin(f, "region");
    fdt_prop(f, "country_code", country, sizeof country);
    fdt_end(f);
    fdt_begin(f, "mac");
    fdt_prop(f, "mode", "MBF", 4);
    fdt_prop(f, "sta_mac_addr", sta, sizeof sta);
    fdt_prop(f, "ap_mac_addr", ap, sizeof ap);
    fdt_end(f);
    fdt_begin(f, "brd_rf");
    fdt_prop(f, "xtal_mode", "MF", 3);
    fdt_prop(f, "xtal", xtal, sizeof xtal);
    fdt_prop(f, "pwr_mode", "bf", 3);
    fdt_end(f);
    fdt_end(f);
}

/* Flattened form: header of ten words, empty reserve map, tree, names. */
static void build_device_tree(uint8_t *out)
{
    const uint32_t tree_at = 56;
    struct fdt f = {.len = 0};

    fdt_begin(&f, "");
    fdt_prop(&f, "model", "plugflash synthetic plug", 25);
    fdt_wifi(&f);
    fdt_end(&f);
    fdt_word(&f, 9);

    memset(out, 0, tree_at);
    put_be32(out, 0xD00DFEED);
    put_be32(out + 4, tree_at + f.len + f.names_len);
    put_be32(out + 8, tree_at);
    put_be32(out + 12, tree_at + f.len);
    put_be32(out + 16, 40);
    put_be32(out + 20, 17);
    put_be32(out + 24, 16);
    put_be32(out + 32, f.names_len);
    put_be32(out + 36, f.len);
    memcpy(out + tree_at, f.tree, f.len);
    memcpy(out + tree_at + f.len, f.names, f.names_len);
}

/* ---- all of it ----------------------------------------------------------- */

static void place_boot2(struct rng *r, uint8_t *buf)
{
    static const char title[] = "plugflash synthetic boot2";

    code_like(r, DEFLATED, buf + BOOT2_AT, BOOT2_LEN);
    memcpy(buf + BOOT2_AT + 0x100, title, sizeof title);
    bl602_header(buf, BOOT2_AT, buf + BOOT2_AT, BOOT2_LEN);
}

/* Its header names 0x2000, as on real plugs, and boot2 does not care (7.1). */
static void place_app(struct rng *r, uint8_t *buf, uint32_t size)
{
    static const char title[] = "plugflash synthetic application, version 1.00";
    uint32_t room = size - FW_AT - FW_CODE, len = room / 2 < APP_LEN ? room / 2 : APP_LEN;
    uint8_t *code = buf + FW_AT + FW_CODE;

    len &= ~15u;
    code_like(r, DEFLATED, code, len);
    memcpy(code + 0x200, title, sizeof title);
    bl602_header(buf + FW_AT, BOOT2_AT, code, len);
}

static void place_data(struct rng *r, const struct part *p, uint8_t *buf, uint32_t size)
{
    uint32_t sectors = p->max[0] / NOR_SECTOR;
    uint8_t *at = buf + p->at[0];

    if (p->at[0] + (uint64_t)p->max[0] > size)
        return;
    if (!strcmp(p->name, "media")) {
        fill_random(r, at, (sectors < MEDIA_SECTORS ? sectors : MEDIA_SECTORS) * NOR_SECTOR);
        memcpy(at, "-rom1fs-", 8);
    } else if (!strcmp(p->name, "PSM")) {
        build_settings(at, sectors);
    } else if (!strcmp(p->name, "KEY")) {
        fill_random(r, at, NOR_SECTOR);
    } else if (!strcmp(p->name, "DATA")) {
        fill_random(r, at, 3 * NOR_SECTOR);
    } else if (!strcmp(p->name, "factory")) {
        build_device_tree(at);
    }
}

void bl602_factory(const struct sim *s, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                   uint32_t size)
{
    const struct bl602_state *b = s ? bl602_of(s) : NULL;
    const struct part *parts = parts_for(b, size);
    struct rng r;

    (void)mac; /* it is in efuse; the flash of a plug does not hold it */
    memset(buf, 0xff, size);
    rng_seed(&r, (uint64_t)seed << 32); /* neighbours are one step apart, and would fall in line */
    place_boot2(&r, buf);
    place_tables(b, parts, buf);
    if (size > FW_AT + 4 * NOR_SECTOR)
        place_app(&r, buf, size);
    for (size_t i = 1; parts[i].name; i++)
        place_data(&r, &parts[i], buf, size);
}

/* ---- what ROM and boot2 check before they jump --------------------------- */

/* A header at `at` whose image lies at `code` and hashes right (3.6, 6.3). */
static bool image_ok(const struct nor *n, uint32_t at, uint32_t code)
{
    const uint8_t *h = n->cell + at;
    uint32_t cfg, len, crc;
    uint8_t hash[32];

    if (at > n->size - BL602_HEADER || memcmp(h, "BFNP", 4))
        return false;
    cfg = get_le32(h + 116);
    len = get_le32(h + 120);
    crc = get_le32(h + 172);
    if (crc != pf_crc32(0, h, 172) && !((cfg & 0x10000) && crc == 0xDEADBEEF))
        return false;
    if ((cfg & 0x40F) || !len || code > n->size || len > n->size - code)
        return false;
    if ((cfg & 0x20000) && get_le32(h + 132) == 0xDEADBEEF)
        return true;
    pf_sha256(n->cell + code, len, hash);
    return !memcmp(hash, h + 132, 32);
}

static bool table_ok(const uint8_t *t)
{
    uint32_t n = get_le16(t + 6), len = 36 * n;

    return !memcmp(t, "BFPT", 4) && n <= 16 && get_le32(t + 12) == pf_crc32(0, t, 12) &&
           get_le32(t + 16 + len) == pf_crc32(0, t + 16, len);
}

/* The better of the two copies (7.1), NULL: none is valid. */
static const uint8_t *active_table(const struct nor *n)
{
    const uint8_t *a = n->cell + TABLE_AT, *b = a + NOR_SECTOR;

    if (!table_ok(a))
        return table_ok(b) ? b : NULL;
    return table_ok(b) && get_le32(b + 8) > get_le32(a + 8) ? b : a;
}

/* Where boot2 finds the firmware; false: nowhere. */
static bool firmware_at(const struct sim *s, uint32_t *at)
{
    const uint8_t *t = active_table(&s->nor);

    *at = FW_AT;
    if (!t)
        return !bl602_of(s)->stop_without_table;
    for (uint32_t i = 0; i < get_le16(t + 6); i++) {
        const uint8_t *e = t + 16 + 36 * i;

        if (e[0] || memcmp(e + 3, "FW", 3))
            continue;
        *at = get_le32(e + 12 + 4 * (e[2] & 1));
        return true;
    }
    return false;
}

/* A slot that an OTA has left compressed, boot2 would unpack first; it does not
 * start here. */
bool bl602_flash_boots(const struct sim *s)
{
    const struct nor *n = &s->nor;
    uint32_t at;

    return image_ok(n, 0, get_le32(n->cell + 128)) && firmware_at(s, &at) && at && at < n->size &&
           image_ok(n, at, at + FW_CODE);
}
