/* report.c - see report.h. */
#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"

struct report_chunk {
    struct report_chunk *next;
    max_align_t data[];
};

void report_init(struct cli_report *r)
{
    memset(r, 0, sizeof *r);
}

void report_fini(struct cli_report *r)
{
    while (r->chunks) {
        struct report_chunk *next = r->chunks->next;

        free(r->chunks);
        r->chunks = next;
    }
    memset(r, 0, sizeof *r);
}

static void *take(struct cli_report *r, size_t size)
{
    struct report_chunk *c = calloc(1, sizeof *c + size);

    if (!c) {
        r->failed = true;
        return NULL;
    }
    c->next = r->chunks;
    r->chunks = c;
    return c->data;
}

void report_add(struct cli_report *r, struct pf_field field)
{
    if (r->count < REPORT_FIELDS)
        r->field[r->count++] = field;
    else
        r->failed = true;
}

const char *report_copy(struct cli_report *r, const char *text)
{
    size_t len;
    char *copy;

    if (!text)
        return NULL;
    len = strlen(text);
    copy = take(r, len + 1);
    if (!copy)
        return "";
    memcpy(copy, text, len);
    return copy;
}

const char *report_hex(struct cli_report *r, const uint8_t *data, size_t len)
{
    char *copy = take(r, 2 * len + 1);

    if (!copy)
        return "";
    pf_hex(data, len, copy);
    return copy;
}

const char *report_mac(struct cli_report *r, const uint8_t mac[6])
{
    char text[18];

    snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    return report_copy(r, text);
}

struct pf_field *report_fields(struct cli_report *r, size_t n)
{
    if (!n || n > SIZE_MAX / 2 / sizeof(struct pf_field))
        return NULL;
    return take(r, n * sizeof(struct pf_field));
}

struct pf_field report_object(struct cli_report *r, const char *name, const struct pf_field *child,
                              size_t n)
{
    struct pf_field *copy = report_fields(r, n);

    if (copy)
        memcpy(copy, child, n * sizeof *copy);
    return PF_F_OBJECT(name, copy, copy ? n : 0);
}

struct pf_field report_maybe(struct cli_report *r, const char *name, const char *text)
{
    if (!text || !*text)
        return (struct pf_field){.name = name, .type = PF_FIELD_NULL};
    return PF_F_STR(name, report_copy(r, text));
}
