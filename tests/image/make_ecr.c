/* make_ecr.c - see make_ecr.h. */
#include "image/make_ecr.h"

#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

const uint8_t make_ecr_mac[6] = {0x84, 0xE3, 0x42, 0x12, 0x34, 0x56};

static size_t pad4(size_t n)
{
    return (n + 3) / 4 * 4;
}

static void sector(uint8_t *out, const char *magic)
{
    memset(out, 0xff, 4096);
    out[0] = out[4] = out[12] = 0;
    memcpy(out + 0x18, magic, 4);
}

size_t make_ecr_record(uint8_t *out, const char *name, const void *value, size_t len)
{
    size_t n = strlen(name), total = 36 + pad4(n) + pad4(len);

    memset(out, 0xff, total);
    out[0] = out[4] = 0;
    put_le32(out + 20, (uint32_t)total);
    out[28] = (uint8_t)n;
    put_le32(out + 32, (uint32_t)len);
    memcpy(out + 36, name, n);
    memcpy(out + 36 + pad4(n), value, len);
    put_le32(out + 24, pf_crc32(0, out + 28, total - 28));
    return total;
}

void make_ecr_table(uint8_t *out)
{
    static const char *const list[][2] = {
        {"partition", "0x0,0x1000"},        {"uboot", "0x1000,0x6000"},
        {"cpu", "0x7000,0x1B0000"},         {"ota_status", "0x1B7000,0x2000"},
        {"cfg", "0x1B9000,0x1C000"},        {"lfs", "0x1D5000,0x22000"},
        {"nv_customer", "0x1F7000,0x4000"}, {"nv_develop", "0x1FB000,0x3000"},
        {"nv_amt", "0x1FE000,0x2000"},
    };
    size_t at = 0x24;

    sector(out, "EF40");
    for (size_t i = 0; i < 2; i++)
        at += make_ecr_record(out + at, list[i][0], list[i][1], strlen(list[i][1]));
    at = 0x400;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        at += make_ecr_record(out + at, list[i][0], list[i][1], strlen(list[i][1]));
}

void make_ecr_amt(uint8_t *out, bool with_mac)
{
    uint8_t power[240];
    size_t at = 0x24;

    for (size_t i = 0; i < sizeof power; i++)
        power[i] = (uint8_t)i;
    sector(out, "EF41");
    at += make_ecr_record(out + at, "txPower", power, sizeof power);
    if (with_mac)
        make_ecr_record(out + at, "mac", "84:E3:42:12:34:56", 17);
    sector(out + 4096, "EF41");
    out[4096 + 4] = 0xff;
}

static void noise(uint8_t *out, size_t len, uint32_t state)
{
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        out[i] = (uint8_t)(state & 0x3f); /* not too random: it must compress */
    }
}

void make_ecr_uboot_seal(uint8_t *uboot)
{
    put_le32(uboot + 0x54, pf_crc32(0, uboot, 0x54));
}

size_t make_ecr_uboot(uint8_t *out, uint32_t body)
{
    memset(out, 0, 0x58);
    put_le32(out, 0x48787032);
    put_le32(out + 0x04, body);
    put_le32(out + 0x08, 0x40);
    put_le32(out + 0x0c, 0x800AC);
    noise(out + 0x58, body, 99);
    memcpy(out + 0x58 + 0x100, "ECR6600F_uboot_V1.3.4", 22);
    put_le32(out + 0x10, pf_crc32(0, out + 0x58, body));
    make_ecr_uboot_seal(out);
    return 0x58 + body;
}

void make_ecr_cpu_seal(uint8_t *cpu)
{
    put_le32(cpu + 0xfc, pf_crc32(0, cpu, 0xfc));
}

size_t make_ecr_cpu(uint8_t *out, uint32_t xip)
{
    static const char built[] = "Built on Aug  2 2025 11:00:28 version 1.18.57";
    const uint32_t text = 0x400, data = 0x80;

    memset(out, 0, 0x100);
    put_le32(out, 0x02262018);
    put_le32(out + 0x04, 1);
    put_le32(out + 0x08, 0x10290);
    put_le32(out + 0x0c, 0x10000);
    put_le32(out + 0x10, text);
    put_le32(out + 0x14, 0x8E8F0);
    put_le32(out + 0x18, data);
    put_le32(out + 0x1c, xip);
    strcpy((char *)out + 0x60, "1.0.0");
    put_le32(out + 0x70, 0x22);
    make_ecr_cpu_seal(out);
    noise(out + 0x100, xip + text + data, 4242);
    memcpy(out + 0x180, "x\0OpenECR6600_1.18.57\0", 22);
    memcpy(out + 0x1a0, built, sizeof built);
    return 0x100 + xip + text + data;
}

size_t make_ecr_stub(uint8_t *out, const char *name)
{
    const size_t len = 0x1000;

    memset(out, 0, len);
    noise(out + 0xa8, len - 64 - 0xa8, 7);
    for (size_t i = 0; i < 41; i++)
        put_be32(out + 4 * i, 0x48000054 + (uint32_t)i);
    if (name)
        memcpy(out + 0x800, name, strlen(name) + 1);
    memset(out + len - 64, 0xff, 64);
    return len;
}

size_t make_ecr_entry(uint8_t *out, size_t at, uint8_t type, uint32_t addr, const uint8_t *data,
                      uint32_t len)
{
    if (at == 0) {
        memcpy(out, "oneb\0", 5);
        at = 5;
    }
    out[4]++;
    out[at] = type;
    put_le32(out + at + 1, addr);
    put_le32(out + at + 5, len);
    memcpy(out + at + 9, data, len);
    return at + 9 + len;
}

size_t make_ecr_oneb(uint8_t *out, uint32_t xip)
{
    uint8_t *part = malloc(0x8000 + xip);
    size_t at;

    if (!part)
        abort();
    at = make_ecr_entry(out, 0, 0, 0x10000, part,
                        (uint32_t)make_ecr_stub(part, "ECR6600F_stub_V1.4.0"));
    make_ecr_table(part);
    at = make_ecr_entry(out, at, 2, 0, part, 4096);
    at = make_ecr_entry(out, at, 2, 0x1000, part, (uint32_t)make_ecr_uboot(part, 0x2000));
    at = make_ecr_entry(out, at, 2, 0x7000, part, (uint32_t)make_ecr_cpu(part, xip));
    free(part);
    return at;
}

void make_ecr_ota_seal(uint8_t *package, size_t len)
{
    put_le32(package + 0x08, (uint32_t)len);
    put_le32(package + 0x0c, pf_crc32(0, package + 0x10, len - 0x10));
}

size_t make_ecr_ota(uint8_t *out, size_t cap, uint32_t xip)
{
    uint8_t *cpu = malloc(xip + 0x1000);
    lzma_options_lzma opt;
    const lzma_filter filters[] = {
        {.id = LZMA_FILTER_LZMA1, .options = &opt},
        {.id = LZMA_VLI_UNKNOWN},
    };
    size_t len, at = 0x70;

    if (!cpu || lzma_lzma_preset(&opt, 6))
        abort();
    opt.dict_size = 0x2000;
    opt.lc = opt.lp = opt.pb = 0;
    len = make_ecr_cpu(cpu, xip);
    memset(out, 0, 0x70);
    memcpy(out, "FotaPKG\x22", 8);
    put_le32(out + 0x18, (uint32_t)len);
    strcpy((char *)out + 0x50, "1.0.0");
    if (lzma_raw_buffer_encode(filters, NULL, cpu, len, out, &at, cap) != LZMA_OK)
        abort();
    make_ecr_ota_seal(out, at);
    free(cpu);
    return at;
}

void make_ecr_backup(uint8_t *out, uint32_t xip)
{
    memset(out, 0xff, ECR_MAKE_ROOM);
    make_ecr_table(out);
    make_ecr_uboot(out + 0x1000, 0x2000);
    make_ecr_cpu(out + 0x7000, xip);
    make_ecr_amt(out + 0x1FE000, true);
}
