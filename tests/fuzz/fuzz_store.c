/* A store over any contents, and sets over that: it opens, it takes what is set, and
 * gives it back after a restart. Checksums are repaired on the way in, else nothing but
 * refusals would ever be tried. */
#include <stdlib.h>
#include <string.h>

#include "core/crc.h"
#include "core/store.h"
#include "hal/host/host.h"

#define BASE    0x1000u
#define SECTORS 4u

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* Make heads sound, and records with a mark. */
static void repair(uint8_t *sector)
{
    const size_t top = 16;

    memcpy(sector, "pfs1", 4);
    put_le32(sector + 8, crc32_add(0, sector, 8));
    for (size_t at = top; at + 8 <= HAL_SECTOR; at += 4) {
        const size_t len = sector[at + 2] | (size_t)sector[at + 3] << 8;

        if (sector[at] != 0xa5 || len > HAL_SECTOR - at - 8)
            continue;
        put_le32(sector + at + 4, crc32_add(crc32_add(crc32_add(0, sector + 4, 4), sector + at, 4),
                                            sector + at + 8, len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *span = host_flash() + BASE;
    uint8_t value[STORE_MAX], have[STORE_MAX];
    struct store s;

    if (size < 4)
        return 0;
    memset(span, 0xff, SECTORS * HAL_SECTOR);
    for (size_t i = 0; i < SECTORS && size > 4; i++) {
        const size_t n = (size - 4) / SECTORS;

        memcpy(span + i * HAL_SECTOR, data + 4 + i * n, n < HAL_SECTOR ? n : HAL_SECTOR);
        if (data[3] >> i & 1)
            repair(span + i * HAL_SECTOR);
    }
    if (!store_open(&s, BASE, SECTORS * HAL_SECTOR))
        abort();
    for (unsigned i = 0; i < 12; i++) {
        const unsigned key = 1 + (data[i % 3] + i) % 4;
        const size_t len = key == 1 ? 3584 : data[i % 3] + 1u;

        memset(value, (int)(data[i % 4] + i), sizeof value);
        store_tidy(&s);
        if (!store_set(&s, key, value, len))
            continue; /* full of what was there */
        if (!store_open(&s, BASE, SECTORS * HAL_SECTOR) ||
            store_get(&s, key, have, sizeof have) != len || memcmp(value, have, len) != 0)
            abort();
    }
    if (host_flash_stats().violations)
        abort();
    return 0;
}
