/* ecr6600_layout.c - see ecr6600_layout.h; the record format is in README 5. */
#include "ecr6600/ecr6600_layout.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define LIST_AT      0x400u /* the whole list; the one at 0x24 is for the mask ROM */
#define RECORD_HEAD  36u
#define RECORD_CRC   24u
#define RECORD_NAME  28u
#define RECORD_VALUE 32u
#define VALUE_MAX    32u

static const struct {
    const char *name, *title;
    unsigned flags;
} layout_known[] = {
    {"partition", "partition table", PF_REGION_GUARD},
    {"uboot", "boot loader", PF_REGION_GUARD},
    {"cpu", "application", 0},
    {"ota_status", "state of an update", 0},
    {"cfg", "OpenBeken configuration", 0},
    {"lfs", "file system", 0},
    {"ca_crt", "TLS certificate", PF_REGION_GUARD},
    {"client_crt", "TLS certificate", PF_REGION_GUARD},
    {"client_key", "TLS key", PF_REGION_GUARD},
    {"nv_customer", "settings of the application", PF_REGION_GUARD},
    {"nv_develop", "product parameters", PF_REGION_GUARD},
    {"nv_amt", "MAC and RF calibration", PF_REGION_GUARD | PF_REGION_IDENTITY},
};

static size_t layout_pad4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* "0x7000" up to `end`; nothing else is a number here. */
static bool layout_hex(const char **at, uint32_t *out)
{
    const char *p = *at;
    uint64_t v = 0;

    if (p[0] != '0' || (p[1] != 'x' && p[1] != 'X'))
        return false;
    for (p += 2; v <= UINT32_MAX; p++) {
        char c = *p;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;

        if (digit == 16)
            break;
        v = v << 4 | digit;
    }
    if (p == *at + 2 || v > UINT32_MAX)
        return false;
    *at = p;
    *out = (uint32_t)v;
    return true;
}

/* One record, at most `left` bytes. Returns its length; 0: none begins here. */
static size_t layout_record(const uint8_t *rec, size_t left)
{
    size_t total, name, value;

    if (left < RECORD_HEAD)
        return 0;
    total = get_le32(rec + 20);
    name = rec[RECORD_NAME];
    value = get_le32(rec + RECORD_VALUE);
    if (total > left || name == 0 || value > left ||
        total != RECORD_HEAD + layout_pad4(name) + layout_pad4(value))
        return 0;
    return total;
}

/* Written, not deleted, and its checksum agrees. */
static bool layout_is_live(const uint8_t *rec, size_t total)
{
    return rec[0] == 0 && rec[4] == 0 && rec[8] == 0xff && rec[12] == 0xff && rec[16] == 0xff &&
           pf_crc32(0, rec + RECORD_NAME, total - RECORD_NAME) == get_le32(rec + RECORD_CRC);
}

/* Keep the list sorted. False: full, or it meets a neighbour. */
static bool layout_insert(struct ecr6600_layout *l, const struct pf_region *r)
{
    size_t at = l->count;

    if (at == ECR6600_REGIONS_MAX)
        return false;
    while (at && l->region[at - 1].addr > r->addr)
        at--;
    if (at && l->region[at - 1].addr + l->region[at - 1].len > r->addr)
        return false;
    if (at < l->count && r->addr + r->len > l->region[at].addr)
        return false;
    memmove(&l->region[at + 1], &l->region[at], (l->count - at) * sizeof l->region[0]);
    l->region[at] = *r;
    l->count++;
    return true;
}

static void layout_describe(struct pf_region *r)
{
    r->title = "";
    /* What nobody has described may be settings, too. */
    r->flags = strncmp(r->name, "nv", 2) == 0 ? PF_REGION_GUARD : 0;
    for (size_t i = 0; i < sizeof layout_known / sizeof layout_known[0]; i++)
        if (strcmp(layout_known[i].name, r->name) == 0) {
            r->title = layout_known[i].title;
            r->flags = layout_known[i].flags;
        }
    if (!*r->title)
        r->title = r->flags ? "settings" : "partition";
}

/* Add the partition of a live record. False: the table cannot be true. */
static bool layout_add(struct ecr6600_layout *l, const uint8_t *rec, uint32_t flash_size)
{
    size_t name = rec[RECORD_NAME], len = get_le32(rec + RECORD_VALUE);
    const uint8_t *text = rec + RECORD_HEAD + layout_pad4(name);
    char *store = l->name[l->count], value[VALUE_MAX + 1];
    struct pf_region r = {.name = store};
    const char *at = value;

    if (l->count == ECR6600_REGIONS_MAX || name >= ECR6600_NAME_MAX || len > VALUE_MAX)
        return false;
    for (size_t i = 0; i < name; i++) {
        char c = (char)rec[RECORD_HEAD + i];

        if (c < 0x21 || c > 0x7e)
            return false;
        store[i] = c;
    }
    store[name] = '\0';
    memcpy(value, text, len);
    value[len] = '\0';
    if (!layout_hex(&at, &r.addr) || *at++ != ',' || !layout_hex(&at, &r.len) || *at != '\0')
        return false;
    if (r.addr % PF_SECTOR || r.len % PF_SECTOR || r.len == 0 || r.addr > flash_size ||
        r.len > flash_size - r.addr)
        return false;
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->region[i].name, store) == 0)
            return false;
    layout_describe(&r);
    return layout_insert(l, &r);
}

static bool layout_list(struct ecr6600_layout *out, const uint8_t *sector, size_t at,
                        uint32_t flash_size)
{
    size_t n;

    memset(out, 0, sizeof *out);
    for (; (n = layout_record(sector + at, PF_SECTOR - at)) > 0; at += n)
        if (layout_is_live(sector + at, n) && !layout_add(out, sector + at, flash_size))
            return false;
    return out->count > 0;
}

bool ecr6600_layout_parse(struct ecr6600_layout *out, const uint8_t sector[PF_SECTOR],
                          uint32_t flash_size)
{
    static const uint8_t magic[4] = {'E', 'F', '4', '0'};

    memset(out, 0, sizeof *out);
    if (memcmp(sector + RECORD_CRC, magic, sizeof magic) != 0)
        return false;
    if (layout_list(out, sector, LIST_AT, flash_size))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}

void ecr6600_layout_default(struct ecr6600_layout *out, const struct pf_region *regions,
                            uint32_t flash_size)
{
    memset(out, 0, sizeof *out);
    for (const struct pf_region *r = regions; r->name && out->count < ECR6600_REGIONS_MAX; r++) {
        struct pf_region *to = &out->region[out->count];

        if (r->addr >= flash_size)
            break;
        *to = *r;
        if (to->len > flash_size - to->addr)
            to->len = flash_size - to->addr;
        out->count++;
    }
}
