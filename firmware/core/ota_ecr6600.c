/* ota_ecr6600.c - a FotaPKG goes to the end of the partition "cpu" as it is; a record in
 * "ota_status" tells uboot to unpack it over the application at the next start.
 *
 *   package                          record, in two copies: half the partition apart
 *   0x00  "FotaPKG", method          0x00  "OTA", length 44
 *   0x08  size of the file           0x04  CRC-32 of 0x08..0x2b
 *   0x0c  CRC-32 of 0x10..end        0x08  address of the package
 *   0x14  size of the old image      0x0c  its size
 *   0x18  size of the new one        0x10  1: an update waits
 *   0x70  LZMA                       0x11  0
 *
 * The copy in front counts; the other one does when that is damaged. Both are blank while a
 * package comes in. */
#include <string.h>

#include "core/crc.h"
#include "core/obk.h"
#include "core/ota_kind.h"

#define HEAD       0x70u
#define SUMMED     0x10u
#define METHOD     0x22u /* compressed */
#define RECORD     44u
#define CPU_HEAD   0x100u
#define CPU_MAGIC  0x02262018u
#define STATUS_LEN 0x2000u
#define LOADER_END 0x7000u

static const struct hal_span table = {0, 0x1000};

/* "0x7000," and what follows it; NULL: none. */
static const char *hex(const char *at, uint32_t *out)
{
    unsigned digits = 0;

    if (at[0] != '0' || (at[1] | 0x20) != 'x')
        return NULL;
    for (*out = 0, at += 2; digits < 8; digits++, at++) {
        const char c = *at >= 'A' ? (char)(*at | 0x20) : *at;

        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *out = *out << 4 | (uint32_t)(c - 'a' + 10);
        else
            break;
    }
    return digits ? at : NULL;
}

/* A partition of the plug's own table. */
static bool partition(const char *name, struct hal_span *out)
{
    char text[32];
    const size_t len = obk_value(table, name, (uint8_t *)text, sizeof text - 1);
    const char *at = text;

    text[len] = '\0';
    at = hex(at, &out->addr);
    if (!at || *at++ != ',')
        return false;
    at = hex(at, &out->len);
    return at && !*at && out->len && out->addr <= UINT32_MAX - out->len;
}

static uint32_t sectors(uint32_t len)
{
    return (len + HAL_SECTOR - 1) & ~(HAL_SECTOR - 1);
}

/* Bytes of the application that runs; 0: there is none to be seen. */
static uint32_t running(uint32_t addr)
{
    uint8_t h[CPU_HEAD];
    uint64_t size = CPU_HEAD;

    if (!hal_flash_read(addr, h, sizeof h) || ota_le32(h) != CPU_MAGIC ||
        crc32_add(0, h, 0xfc) != ota_le32(h + 0xfc))
        return 0;
    size += (uint64_t)ota_le32(h + 0x10) + ota_le32(h + 0x18) + ota_le32(h + 0x1c);
    return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static bool blank(uint32_t addr)
{
    uint8_t have[HAL_PAGE];

    if (!hal_flash_read(addr, have, sizeof have))
        return false;
    for (size_t i = 0; i < sizeof have; i++)
        if (have[i] != 0xff)
            return false;
    return true;
}

/* Where things are; without a table, as OpenBeken has them: the area for updates is the end
 * of "cpu", and "ota_status" follows. */
static bool places(struct plug *p, struct hal_span *cpu, struct hal_span *status)
{
    const struct hal_span area = p->chip->ota;

    if (!partition("cpu", cpu) || !partition("ota_status", status)) {
        *cpu = area;
        *status = (struct hal_span){area.addr + area.len, STATUS_LEN};
    }
    return cpu->len && !(cpu->addr % HAL_SECTOR) && !(cpu->len % HAL_SECTOR) &&
           !(status->addr % HAL_SECTOR) && !(status->len % (2 * HAL_SECTOR)) &&
           status->addr >= LOADER_END && ota_apart(p, status->addr, status->len) &&
           (status->addr >= cpu->addr + cpu->len || status->addr + status->len <= cpu->addr);
}

/* The package ends where "cpu" does; what runs, and what it becomes, ends before it. */
static bool plan(struct plug *p)
{
    struct ota *o = &p->ota;
    struct hal_span cpu, status;
    uint32_t image, whole;

    if (!places(p, &cpu, &status))
        return ota_refuse(o, "this plug has no space for updates");
    image = running(cpu.addr);
    whole = sectors(o->total);
    if (image > cpu.len || whole < o->total || whole > cpu.len - sectors(image))
        return ota_refuse(o, "it is larger than the space beside the application");
    o->addr = cpu.addr + cpu.len - whole;
    o->room = whole;
    if (!ota_apart(p, o->addr, whole))
        return ota_refuse(o, "settings lie where the update would go");
    o->image = cpu.len - whole; /* room for the new one */
    o->record = status.addr;
    o->record2 = status.addr + status.len / 2;
    o->to_wipe = (uint8_t)((blank(o->record) ? 0 : 1) | (blank(o->record2) ? 0 : 2));
    return true;
}

static bool check(struct plug *p)
{
    struct ota *o = &p->ota;
    const uint8_t *h = o->head;
    const uint32_t image = ota_le32(h + 0x18);

    if (memcmp(h, "FotaPKG", 7) != 0)
        return ota_refuse(o, "this is no update for an ECR6600");
    if (h[7] != METHOD)
        return ota_refuse(o, "this kind of package is not known: it has to be a compressed one");
    if (ota_le32(h + 8) != o->total)
        return ota_refuse(o, "its header tells another length");
    if (image <= CPU_HEAD || image > o->image)
        return ota_refuse(o, "what it unpacks to does not fit");
    return true;
}

static void sum(struct ota *o, uint32_t at, const uint8_t *data, size_t len)
{
    size_t first;
    const size_t n = ota_within(at, len, SUMMED, o->total, &first);

    if (n)
        o->crc = crc32_add(o->crc, data + first, n);
}

static bool verify(struct ota *o)
{
    return o->crc == ota_le32(o->head + 0x0c);
}

static bool activate(struct plug *p)
{
    struct ota *o = &p->ota;
    uint8_t rec[RECORD] = {'O', 'T', 'A', RECORD};

    ota_put_le32(rec + 0x08, o->addr);
    ota_put_le32(rec + 0x0c, o->total);
    rec[0x10] = 1;
    ota_put_le32(rec + 0x04, crc32_add(0, rec + 8, sizeof rec - 8));
    if (!ota_put(o, o->record, rec, sizeof rec))
        return false;
    /* Should the first be lost; it is not needed. */
    if (!ota_put(o, o->record2, rec, sizeof rec))
        log_say(p, LOG_WARN, "update: the second record is damaged");
    return true;
}

const struct ota_kind ota_ecr6600 = {
    .head = HEAD,
    .plan = plan,
    .check = check,
    .sum = sum,
    .verify = verify,
    .activate = activate,
};
