/* ecr6600_factory.c - the flash of an ECR6600 plug as it leaves the factory, made
 * up but true in structure (4): partition table, uboot and application with
 * their header CRCs, NV sectors with MAC and RF records, vendor storage. Code
 * and signatures are random; about 43 % of the sectors are blank. */
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/code_like.h"
#include "sim/ecr6600.h"

#define LAYOUT_SIZE 0x200000u
#define UBOOT_AT    0x1000u
#define UBOOT_BODY  0x4EC8u
#define CPU_AT      0x7000u
#define CPU_LEN     0x10E000u /* of the image, at most */
#define FULL_LIST   0x400u

struct part {
    const char *name;
    uint32_t base, len;
};

#define PARTS 12

/* In flash order; everything behind cpu moves with the end of the layout. */
static const struct part obk[PARTS] = {
    {"partition", 0x0, 0x1000},        {"uboot", 0x1000, 0x6000},
    {"cpu", 0x7000, 0x1B0000},         {"ota_status", 0x1B7000, 0x2000},
    {"cfg", 0x1B9000, 0x1C000},        {"lfs", 0x1D5000, 0x22000},
    {"nv_customer", 0x1F7000, 0x4000}, {"nv_develop", 0x1FB000, 0x3000},
    {"nv_amt", 0x1FE000, 0x2000},
};

static const struct part at[PARTS] = {
    {"partition", 0x0, 0x1000},       {"uboot", 0x1000, 0x6000},
    {"cpu", 0x7000, 0x1EA000},        {"ota_status", 0x1F1000, 0x2000},
    {"ca_crt", 0x1F4000, 0x1000},     {"client_crt", 0x1F5000, 0x1000},
    {"client_key", 0x1F6000, 0x1000}, {"nv_customer", 0x1F7000, 0x4000},
    {"nv_develop", 0x1FB000, 0x3000}, {"nv_amt", 0x1FE000, 0x2000},
};

/* The layout of one plug: `parts` with addresses of this flash. */
struct plan {
    struct part part[PARTS];
    uint8_t *buf;
    uint32_t size;
    struct rng rng;
};

#define DEFLATED 60u /* percent of code that is left, as of published dumps */

static void fill_random(struct rng *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = rng_u8(r);
}

/* Parts that do not fit this flash get no name. */
static void lay_out(struct plan *p, const struct part *from, bool high)
{
    uint32_t end = high || p->size < LAYOUT_SIZE ? p->size : LAYOUT_SIZE;
    int64_t move = (int64_t)end - LAYOUT_SIZE;

    for (size_t i = 0; i < PARTS; i++) {
        int64_t base = from[i].base, len = from[i].len;

        if (base > CPU_AT)
            base += move;
        else if (base == CPU_AT)
            len += move;
        p->part[i] = from[i];
        p->part[i].base = (uint32_t)base;
        p->part[i].len = (uint32_t)len;
        if (len <= 0 || base < 0 || (i > 2 && base < CPU_AT) || base + len > p->size)
            p->part[i].name = NULL;
    }
}

static const struct part *find(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < PARTS; i++)
        if (p->part[i].name && !strcmp(p->part[i].name, name))
            return &p->part[i];
    return NULL;
}

/* ---- partition table and images ------------------------------------------- */

static void build_table(struct plan *p)
{
    uint8_t *first = p->buf + ECRDEV_EF_SECTOR, *full = p->buf + FULL_LIST;

    ecrdev_ef_sector(p->buf, "EF40", true);
    for (size_t i = 0; i < PARTS; i++) {
        const struct part *part = &p->part[i];
        char text[32];
        size_t n;

        if (!part->name)
            continue;
        n = (size_t)snprintf(text, sizeof text, "0x%X,0x%X", (unsigned)part->base,
                             (unsigned)part->len);
        if (i < 2)
            first += ecrdev_ef_put(first, part->name, text, n);
        full += ecrdev_ef_put(full, part->name, text, n);
    }
}

static void build_uboot(struct plan *p)
{
    uint8_t *u = p->buf + UBOOT_AT;

    put_le32(u, 0x48787032);
    put_le32(u + 0x04, UBOOT_BODY);
    put_le32(u + 0x08, 0x40);
    put_le32(u + 0x0C, 0x000800AC);
    code_like(&p->rng, DEFLATED, u + 0x58, UBOOT_BODY);
    put_le32(u + 0x10, pf_crc32(0, u + 0x58, UBOOT_BODY));
    fill_random(&p->rng, u + 0x14, 64);
    put_le32(u + 0x54, pf_crc32(0, u, 0x54));
}

static void build_app(struct plan *p)
{
    const struct part *cpu = find(p, "cpu");
    const uint32_t text = 0x20214, data = 0x1778;
    uint32_t len, xip;
    uint8_t *a;

    if (!cpu || cpu->len < 0x40000)
        return;
    len = cpu->len / 5 * 4 < CPU_LEN ? cpu->len / 5 * 4 : CPU_LEN - 0x598;
    xip = (len - 0x100 - text - data) & ~3u;
    a = p->buf + cpu->base;
    memset(a, 0, 0x100);
    put_le32(a + 0x00, 0x02262018);
    put_le32(a + 0x04, 1);
    put_le32(a + 0x08, 0x10290);
    put_le32(a + 0x0C, 0x10000);
    put_le32(a + 0x10, text);
    put_le32(a + 0x14, 0x8E8F0);
    put_le32(a + 0x18, data);
    put_le32(a + 0x1C, xip);
    fill_random(&p->rng, a + 0x20, 64);
    memcpy(a + 0x60, "1.0.0", 5);
    put_le32(a + 0x70, 0x22);
    put_le32(a + 0xFC, pf_crc32(0, a, 0xFC));
    code_like(&p->rng, DEFLATED, a + 0x100, xip + text + data);
}

/* ---- NV ------------------------------------------------------------------- */

static size_t put_random(struct plan *p, uint8_t *out, const char *name, size_t len)
{
    uint8_t value[240];

    fill_random(&p->rng, value, len);
    return ecrdev_ef_put(out, name, value, len);
}

static size_t put_text(uint8_t *out, const char *name, const char *text)
{
    return ecrdev_ef_put(out, name, text, strlen(text));
}

static void build_nv_amt(struct plan *p, const uint8_t mac[6], bool with_mac)
{
    const struct part *nv = find(p, "nv_amt");
    char text[18];
    uint8_t *o;

    if (!nv)
        return;
    ecrdev_ef_sector(p->buf + nv->base, "EF41", true);
    ecrdev_ef_sector(p->buf + nv->base + NOR_SECTOR, "EF41", false);
    o = p->buf + nv->base + ECRDEV_EF_SECTOR;
    o += put_text(o, "nv_version", "1");
    if (with_mac) {
        snprintf(text, sizeof text, "%02X:%02X:%02X:%02X:%02X:%02X", mac[0], mac[1], mac[2], mac[3],
                 mac[4], mac[5]);
        o += put_text(o, "mac", text);
    }
    o += put_random(p, o, "txPower", 240);
    o += put_text(o, "txGainFlag", "1");
    o += put_random(p, o, "FineTune", 2);
    o += put_random(p, o, "CoarseTune", 2);
    o += put_text(o, "freqOffsetFlag", "1");
    o += put_random(p, o, "loLeakage", 12);
    o += put_text(o, "FinishFlag", "1");
    o += put_text(o, "VersionFlag", "1");
    put_random(p, o, "Swl", 4);
}

static void build_nv(struct plan *p)
{
    const struct part *develop = find(p, "nv_develop"), *customer = find(p, "nv_customer");

    if (develop) {
        uint8_t *o = p->buf + develop->base;

        ecrdev_ef_sector(o, "EF41", true);
        o += ECRDEV_EF_SECTOR;
        o += put_text(o, "ModelSms", "plug");
        put_text(o, "WdtFlag", "1");
        for (uint32_t n = NOR_SECTOR; n < develop->len; n += NOR_SECTOR)
            ecrdev_ef_sector(p->buf + develop->base + n, "EF41", false);
    }
    if (customer) {
        uint8_t *o = p->buf + customer->base;

        ecrdev_ef_sector(o, "EF41", true);
        put_random(p, o + ECRDEV_EF_SECTOR, "sta_ssid", 33);
        for (uint32_t n = NOR_SECTOR; n < customer->len; n += NOR_SECTOR)
            ecrdev_ef_sector(p->buf + customer->base + n, "EF41", false);
    }
}

/* ---- data ----------------------------------------------------------------- */

static void random_sectors(struct plan *p, const struct part *part, uint32_t sectors)
{
    if (!part)
        return;
    if (sectors > part->len / NOR_SECTOR)
        sectors = part->len / NOR_SECTOR;
    fill_random(&p->rng, p->buf + part->base, sectors * NOR_SECTOR);
}

static void build_data(struct plan *p)
{
    const struct part *ota = find(p, "ota_status"), *cfg = find(p, "cfg");

    if (ota) {
        uint8_t *o = p->buf + ota->base;

        memset(o, 0, 32);
        memcpy(o, "OTA", 3);
        put_le32(o + 4, 32);
        put_le32(o + 8, pf_crc32(0, o + 12, 20));
    }
    if (cfg) {
        uint8_t *o = p->buf + cfg->base;

        ecrdev_ef_sector(o, "EF40", true);
        put_random(p, o + ECRDEV_EF_SECTOR, "OBK_CFG", 200);
    }
    random_sectors(p, find(p, "lfs"), 6); /* where stock firmware keeps its encrypted storage */
    random_sectors(p, find(p, "ca_crt"), 1);
}

void ecrdev_factory(const struct sim *s, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                    uint32_t size)
{
    const struct ecrdev *e = s ? ecrdev(s) : NULL;
    struct plan p = {.buf = buf, .size = size};

    rng_seed(&p.rng, (uint64_t)seed << 32 ^ 0x6600u);
    memset(buf, 0xff, size);
    lay_out(&p, e && e->at_layout ? at : obk, e && e->high);
    build_table(&p);
    build_uboot(&p);
    build_app(&p);
    build_nv(&p);
    if (!e || e->nv != ECRDEV_NV_BLANK)
        build_nv_amt(&p, mac, !e || e->nv != ECRDEV_NV_NOMAC);
    build_data(&p);
}
