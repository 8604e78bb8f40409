/* Any file as an update of any family, on a plug with any partition table: nothing but the
 * area for updates and the place of its activation is written, a piece erases one sector at
 * most, and what was taken has the length that was told. Checksums are repaired on the way
 * in, else nothing but refusals would ever be tried.
 *
 *   0  family   1  what to repair   2  size of the pieces   3..4  length of the table
 *   5  table, then the file */
#include <stdlib.h>
#include <string.h>

#include "core/crc.h"
#include "core/plug.h"
#include "hal/host/host.h"

#define HEAD 5u

static struct plug p;

void mqtt_restart(struct plug *q)
{
    (void)q;
}

static void put_le32(uint8_t *at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_le32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* A BL602's table gets its sums; an ECR6600's records get heads. */
static void lay_table(const uint8_t *data, size_t len, bool repair)
{
    uint8_t *at = host_flash() + (p.chip->family == HAL_BL602 ? 0xe000 : 0);

    memcpy(at, data, len < 0x2000 ? len : 0x2000);
    if (!repair)
        return;
    if (p.chip->family == HAL_BL602) {
        memcpy(at, "BFPT", 4);
        at[6] %= 17;
        at[7] = 0;
        put_le32(at + 12, crc32_add(0, at, 12));
        put_le32(at + 16 + 36u * at[6], crc32_add(0, at + 16, 36u * at[6]));
    } else if (p.chip->family == HAL_ECR6600) {
        memcpy(at + 0x18, "EF40", 4);
        for (size_t i = 0x24; i + 64 <= 0x1000; i += 4) {
            const uint32_t total = get_le32(at + i + 20);

            if (total >= 36 && total <= 64)
                put_le32(at + i + 24, crc32_add(0, at + i + 28, total - 28));
        }
    }
}

static void repair_file(uint8_t *f, size_t len)
{
    if (len > 688 && p.chip->family == HAL_BL602) {
        struct sha256 s;

        memcpy(f, "BL60X_OTA", 9);
        memcpy(f + 0x10, "RAW", 3);
        put_le32(f + 0x14, (uint32_t)len - 512);
        put_le32(f + 0x60, UINT32_MAX);
        memcpy(f + 512, "BFNP", 4);
        put_le32(f + 512 + 116, 0x23300); /* boot2 does not look at the code's hash */
        put_le32(f + 512 + 172, crc32_add(0, f + 512, 172));
        sha256_init(&s);
        sha256_add(&s, f + 512, len - 512);
        sha256_end(&s, f + 0x40);
    } else if (len > 0x70 && p.chip->family == HAL_ECR6600) {
        memcpy(f, "FotaPKG\x22", 8);
        put_le32(f + 8, (uint32_t)len);
        put_le32(f + 12, crc32_add(0, f + 16, len - 16));
    } else if (len > 96) {
        memcpy(f, "RBL\0\2\1", 6);
        memcpy(f + 0x0c, "app", 4);
        put_le32(f + 0x58, (uint32_t)len - 96);
        put_le32(f + 0x4c, crc32_add(0, f + 96, len - 96));
        put_le32(f + 0x5c, crc32_add(0, f, 0x5c));
    }
}

static void upload(const uint8_t *f, size_t len, size_t piece)
{
    if (!ota_begin(&p, (uint32_t)len))
        return;
    for (size_t at = 0; at < len && ota_running(&p);) {
        const uint32_t was = host_flash_stats().erases;
        const size_t n = len - at < piece ? len - at : piece;

        at += ota_take(&p, f + at, n);
        if (host_flash_stats().erases - was > 1)
            abort();
    }
    if (ota_end(&p) && p.ota.have != len)
        abort();
}

/* Erased and programmed was nothing of this. */
static void untouched(struct hal_span s)
{
    for (uint32_t at = s.addr; at < s.addr + s.len; at += HAL_SECTOR)
        if (host_flash_erases(at))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[0x10000];
    size_t table;

    if (size < HEAD)
        return 0;
    host_flash_reset();
    host_chip((enum hal_family)(data[0] % HAL_FAMILIES));
    memset(&p, 0, sizeof p);
    p.chip = hal_chip();
    table = data[3] | (size_t)data[4] << 8;
    table = table < size - HEAD ? table : size - HEAD;
    lay_table(data + HEAD, table, data[1] & 1);
    size -= HEAD + table;
    size = size < sizeof file ? size : sizeof file;
    memcpy(file, data + HEAD + table, size);
    if (data[1] & 2)
        repair_file(file, size);
    upload(file, size, data[2] * 16u + 1);
    if (host_flash_stats().violations)
        abort();
    untouched(p.chip->store);
    untouched(p.chip->obk);
    untouched(p.chip->obk_vars);
    untouched((struct hal_span){0, 0x7000});
    return 0;
}
