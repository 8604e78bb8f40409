/* ecr6600_firmware.c - what runs on an ECR6600, from a few of its sectors. */
#include "image/ecr6600.h"
#include "image/firmware.h"

#include <stdio.h>
#include <string.h>

static void partitions(const struct ecr_table *t, struct pf_firmware *out)
{
    for (size_t i = 0; i < t->count; i++) {
        image_text(out->partition[i].name, sizeof out->partition[i].name, "%s",
                   t->partition[i].name);
        out->partition[i].addr = t->partition[i].addr;
        out->partition[i].len = t->partition[i].len;
    }
    out->npartitions = t->count;
}

static void uboot(const uint8_t *sector, struct pf_firmware *out)
{
    struct ecr_uboot u;

    if (!ecr_uboot_parse(sector, EF_SECTOR, &u) || !u.head_ok)
        return;
    if (u.version[0])
        image_text(out->loader, sizeof out->loader, "uboot %.20s", u.version);
    else
        image_text(out->loader, sizeof out->loader, "uboot, CRC-32 %08x", (unsigned)u.crc);
}

/* OpenBeken keeps its settings in a partition "cfg" that no other firmware
 * has; Tuya's key block lies in the first sectors of its storage. */
static void name(const struct ecr_table *t, const struct ecr_cpu *cpu, bool obk, bool tuya,
                 struct pf_firmware *out)
{
    const char *who = obk || ecr_table_find(t, "cfg") ? "OpenBeken" : tuya ? "Tuya" : "unknown";

    image_text(out->version, sizeof out->version, "%s", cpu->version);
    image_text(out->firmware, sizeof out->firmware, "%s%s%s", who, cpu->version[0] ? ", cpu " : "",
               cpu->version);
}

void firmware_ecr6600(const uint32_t *addr, const uint8_t *const *sector, size_t count,
                      struct pf_firmware *out)
{
    const struct ecr_partition *part;
    uint32_t cpu_at = ECR_CPU, amt_at = ECR_NV_AMT, amt_len = ECR_NV_AMT_LEN;
    struct ecr_table table = {0};
    struct ecr_cpu cpu = {0};
    bool obk = false, tuya = false, have_cpu = false;
    struct ef_record r;

    for (size_t i = 0; i < count; i++)
        if (addr[i] == 0 && ecr_table_parse(sector[i], EF_SECTOR, &table))
            partitions(&table, out);
    part = ecr_table_find(&table, "cpu");
    if (part)
        cpu_at = part->addr;
    part = ecr_table_find(&table, "nv_amt");
    if (part) {
        amt_at = part->addr;
        amt_len = part->len;
    }
    for (size_t i = 0; i < count; i++) {
        if (addr[i] == ECR_UBOOT)
            uboot(sector[i], out);
        if (addr[i] == cpu_at && ecr_cpu_parse(sector[i], EF_SECTOR, &cpu) && cpu.head_ok)
            have_cpu = true;
        if (addr[i] - amt_at < amt_len && !out->has_mac)
            out->has_mac = ecr_nv_mac(sector[i], EF_SECTOR, out->mac);
        obk |= ef_find(&ef_nv, sector[i], EF_SECTOR, "ObkCfg", &r);
        tuya |= tuya_is_key_block(sector[i]);
    }
    if (have_cpu)
        name(&table, &cpu, obk, tuya, out);
}
