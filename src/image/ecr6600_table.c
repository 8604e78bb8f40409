/* ecr6600_table.c - see ecr6600_table.h. */
#include "image/ecr6600_table.h"

#include <string.h>

#include "core/bytes.h"

#define FULL_LIST 0x400u

/* "0x" and 1 to 8 hex digits at *p. */
static bool hex(const uint8_t **p, const uint8_t *end, uint32_t *out)
{
    const uint8_t *at = *p;
    unsigned digits = 0;

    if (end - at < 3 || at[0] != '0' || (at[1] | 0x20) != 'x')
        return false;
    *out = 0;
    for (at += 2; at < end && digits <= 8; at++, digits++) {
        uint8_t c = *at;
        unsigned d;

        if (c >= '0' && c <= '9')
            d = c - '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            d = (c | 0x20) - 'a' + 10;
        else
            break;
        *out = *out << 4 | d;
    }
    *p = at;
    return digits >= 1 && digits <= 8;
}

static bool value(const struct ef_record *r, struct ecr_partition *out)
{
    const uint8_t *p = r->value, *end = p + r->value_len;

    if (r->name_len >= sizeof out->name || !hex(&p, end, &out->addr))
        return false;
    if (p == end || *p++ != ',' || !hex(&p, end, &out->len) || p != end)
        return false;
    for (size_t i = 0; i < r->name_len; i++)
        if (r->name[i] <= 0x20 || r->name[i] >= 0x7f)
            return false;
    memset(out->name, 0, sizeof out->name);
    memcpy(out->name, r->name, r->name_len);
    return out->len && out->addr < ECR_FLASH_MAX && out->len <= ECR_FLASH_MAX - out->addr;
}

static void wrong(struct ecr_table *t, const uint8_t *name, size_t len)
{
    if (t->wrong++)
        return;
    if (len >= sizeof t->wrong_name)
        len = sizeof t->wrong_name - 1;
    for (size_t i = 0; i < len; i++)
        t->wrong_name[i] = name[i] > 0x20 && name[i] < 0x7f ? (char)name[i] : '?';
}

/* One list of records: to `list`, at most ECR_PARTITIONS. */
static size_t read_list(struct ecr_table *t, const uint8_t *data, size_t from, size_t to,
                        struct ecr_partition *list)
{
    struct ef_record r;
    struct ef_walk w;
    size_t n = 0;

    ef_walk_init(&w, &ef_partition, data, to, from);
    while (ef_next(&w, &r)) {
        if (r.state == EF_DEAD)
            continue;
        if (!r.crc_ok) {
            if (t->bad++ == 0)
                t->bad_at = r.at;
        } else if (n == ECR_PARTITIONS || !value(&r, &list[n])) {
            wrong(t, r.name, r.name_len);
        } else {
            n++;
        }
    }
    if (w.broken && t->bad++ == 0)
        t->bad_at = w.at;
    return n;
}

const struct ecr_partition *ecr_table_find(const struct ecr_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->partition[i].name, name) == 0)
            return &t->partition[i];
    return NULL;
}

static bool overlap(const struct ecr_partition *a, const struct ecr_partition *b)
{
    return a->addr < b->addr + b->len && b->addr < a->addr + a->len;
}

static void check_list(struct ecr_table *t, const struct ecr_partition *early)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct ecr_partition *p = &t->partition[i];

        if (p->addr + p->len > t->end)
            t->end = p->addr + p->len;
        for (size_t k = 0; k < i; k++)
            if (overlap(p, &t->partition[k]) || strcmp(p->name, t->partition[k].name) == 0)
                wrong(t, (const uint8_t *)p->name, strlen(p->name));
    }
    for (size_t i = 0; i < t->early; i++) {
        const struct ecr_partition *p = ecr_table_find(t, early[i].name);

        if (!p || p->addr != early[i].addr || p->len != early[i].len)
            wrong(t, (const uint8_t *)early[i].name, strlen(early[i].name));
    }
}

bool ecr_table_parse(const uint8_t *data, size_t len, struct ecr_table *out)
{
    struct ecr_partition early[ECR_PARTITIONS];

    memset(out, 0, sizeof *out);
    if (!ef_is_sector(&ef_partition, data, len))
        return false;
    if (len > ECR_TABLE)
        len = ECR_TABLE;
    out->early =
        read_list(out, data, ef_partition.header, len < FULL_LIST ? len : FULL_LIST, early);
    if (len > FULL_LIST)
        out->count = read_list(out, data, FULL_LIST, len, out->partition);
    if (!out->count) {
        memcpy(out->partition, early, out->early * sizeof *early);
        out->count = out->early;
    }
    check_list(out, early);
    return true;
}

bool ecr_table_ok(const struct ecr_table *t)
{
    return !t->bad && !t->wrong && ecr_table_find(t, "partition") && ecr_table_find(t, "uboot") &&
           ecr_table_find(t, "cpu");
}
