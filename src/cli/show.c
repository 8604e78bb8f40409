/* show.c - what is known about a device or an image: fields for JSON, and the
 * same facts as text unless --format json. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

#define CELL 64

static void add(struct cli *cli, struct pf_field f)
{
    report_add(&cli->report, f);
}

static struct pf_field null_field(const char *name)
{
    return (struct pf_field){.name = name, .type = PF_FIELD_NULL};
}

static void mac_text(const uint8_t mac[6], char buf[18])
{
    snprintf(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
}

/* The version, unless the firmware's own description has it already. */
static void show_version(FILE *out, const char *firmware, const char *version)
{
    bool more = *version && !strstr(firmware, version);

    text_line(out, "Firmware", "%s%s%s%s", firmware, *firmware && more ? ", " : "",
              more ? "version " : "", more ? version : "");
}

static void add_device(struct cli *cli, const struct pf_session *s)
{
    const struct pf_identity *id = &s->id;
    struct cli_report *r = &cli->report;

    add(cli, PF_F_STR("title", s->chip->title));
    add(cli, report_maybe(r, "evidence", id->evidence));
    add(cli, PF_F_BOOL("evidence_weak", id->evidence_weak));
    add(cli, report_maybe(r, "loader", id->loader));
    add(cli, id->has_chip_id ? PF_F_HEX("chip_id", id->chip_id) : null_field("chip_id"));
    add(cli, id->has_jedec ? PF_F_STR("jedec", report_hex(r, id->jedec, 3)) : null_field("jedec"));
    add(cli, report_maybe(r, "flash_part", id->flash_part));
    add(cli, PF_F_UINT("flash_size", id->flash_size));
    add(cli, report_maybe(r, "size_from", id->size_from));
    add(cli,
        id->has_status_reg ? PF_F_HEX("status_reg", id->status_reg) : null_field("status_reg"));
    add(cli, id->has_status_reg ? PF_F_BOOL("write_protected", id->write_protected)
                                : null_field("write_protected"));
    add(cli, PF_F_UINT("baud", id->baud));
    add(cli, PF_F_REAL("latency_ms", (double)id->latency_us / 1e3));
    add(cli, PF_F_UINT("sync_attempts", id->attempts));
}

void show_device(struct cli *cli, const struct pf_session *s)
{
    const struct pf_identity *id = &s->id;
    FILE *out = cli_text(cli);
    char size[TEXT_SIZE], jedec[16] = "not told";

    add_device(cli, s);
    if (!out)
        return;
    text_line(out, "Chip", "%s (%s)%s", s->chip->title, s->chip->name,
              id->evidence_weak ? ", best guess" : "");
    if (id->evidence[0])
        text_line(out, "Evidence", "%s", id->evidence);
    text_line(out, "Loader", "%s", id->loader[0] ? id->loader : "unknown");
    if (id->has_chip_id)
        text_line(out, "Chip id", "0x%x", (unsigned)id->chip_id);
    if (id->has_jedec)
        snprintf(jedec, sizeof jedec, "%02x%02x%02x", id->jedec[0], id->jedec[1], id->jedec[2]);
    text_line(out, "Flash", "%s (size from %s), id %s%s%s", text_size(size, id->flash_size),
              id->size_from ? id->size_from : "nowhere", jedec, id->flash_part ? ", " : "",
              id->flash_part ? id->flash_part : "");
    if (id->has_status_reg)
        text_line(out, "Protection", "%s (status 0x%04x)",
                  id->write_protected ? "write-protected" : "none", (unsigned)id->status_reg);
    text_line(out, "Link", "%u baud, %.1f ms latency%s", (unsigned)id->baud,
              (double)id->latency_us / 1e3, cli->simulated ? " (simulated)" : "");
}

/* Whose unit it is. A default MAC, or none where there ought to be one, means
 * that the unit has lost its own, and its calibration most likely too. */
static void show_identity(struct cli *cli, const struct pf_session *s, const struct pf_info *info)
{
    const uint8_t *lost = s->chip->default_mac;
    struct cli_report *r = &cli->report;
    FILE *out = cli_text(cli);
    char mac[18] = "not found", other[18] = "";

    add(cli, info->has_mac ? PF_F_STR("mac", report_mac(r, info->mac)) : null_field("mac"));
    add(cli, report_maybe(r, "mac_from", info->mac_from));
    add(cli, PF_F_BOOL("identity_lost", info->identity_lost));
    if (!out)
        return;
    if (info->has_mac)
        mac_text(info->mac, mac);
    if (lost)
        mac_text(lost, other);
    if (!info->identity_lost)
        text_line(out, "MAC", "%s%s", mac,
                  info->has_mac && strcmp(info->mac_from, "chip") == 0 ? " (of the chip)" : "");
    else if (info->has_mac)
        text_line(out, "MAC", "%s (identity lost: default MAC)", mac);
    else
        text_line(out, "MAC",
                  "not in the flash (identity lost: default MAC %s, unless the chip "
                  "keeps one elsewhere)",
                  other);
}

static void add_firmware(struct cli *cli, const struct pf_firmware *fw)
{
    struct cli_report *r = &cli->report;
    struct pf_field *part = report_fields(r, fw->npartitions);

    add(cli, report_maybe(r, "firmware", fw->firmware));
    add(cli, report_maybe(r, "version", fw->version));
    add(cli, report_maybe(r, "loader_in_flash", fw->loader));
    add(cli, report_maybe(r, "key_name", fw->has_key ? fw->key_name : NULL));
    add(cli, fw->has_key ? PF_F_STR("key", report_hex(r, fw->key, 16)) : null_field("key"));
    for (size_t i = 0; part && i < fw->npartitions; i++) {
        const struct pf_field child[] = {
            PF_F_STR("name", report_copy(r, fw->partition[i].name)),
            PF_F_HEX("addr", fw->partition[i].addr),
            PF_F_UINT("len", fw->partition[i].len),
        };

        part[i] = report_object(r, NULL, child, 3);
    }
    add(cli, PF_F_ARRAY("partitions", part, part ? fw->npartitions : 0));
}

/* Spans as a table: "0x000000..0x011000  68 KiB  NAME  TEXT". `end` columns. */
struct span_row {
    char from[CELL], size[TEXT_SIZE];
    const char *name, *text;
};

static void span_row(struct span_row *row, uint32_t addr, uint32_t len, const char *name,
                     const char *text)
{
    snprintf(row->from, sizeof row->from, "0x%06x..0x%06x", (unsigned)addr, (unsigned)(addr + len));
    text_size(row->size, len);
    row->name = name;
    row->text = text;
}

static void span_table(FILE *out, const struct span_row *row, size_t n)
{
    const char **cell = calloc(n ? n : 1, 4 * sizeof *cell);

    if (!cell)
        return;
    for (size_t i = 0; i < n; i++) {
        cell[4 * i] = row[i].from;
        cell[4 * i + 1] = row[i].size;
        cell[4 * i + 2] = row[i].name;
        cell[4 * i + 3] = row[i].text;
    }
    text_table(out, cell, n, 4, 2);
    free(cell);
}

void show_info(struct cli *cli, const struct pf_session *s, const struct pf_info *info)
{
    const struct pf_firmware *fw = &info->firmware;
    struct span_row row[sizeof fw->partition / sizeof *fw->partition];
    FILE *out = cli_text(cli);

    show_identity(cli, s, info);
    add_firmware(cli, fw);
    if (!out)
        return;
    show_version(out, fw->firmware[0] ? fw->firmware : "not recognised", fw->version);
    if (fw->loader[0])
        text_line(out, "In flash", "loader %s", fw->loader);
    if (fw->has_key)
        text_line(out, "Key", "%s", fw->key_name ? fw->key_name : "own");
    if (fw->npartitions)
        fputs("\nPartitions, as the flash itself has them\n", out);
    for (size_t i = 0; i < fw->npartitions; i++)
        span_row(&row[i], fw->partition[i].addr, fw->partition[i].len, fw->partition[i].name, NULL);
    span_table(out, row, fw->npartitions);
}

static const char *region_word(unsigned flags)
{
    if (flags & PF_REGION_LOCKED)
        return "locked";
    if (flags & PF_REGION_GUARD)
        return "guarded";
    return "open";
}

void show_regions(struct cli *cli, const struct pf_session *s)
{
    const struct pf_region *region = pf_session_regions(s);
    struct cli_report *r = &cli->report;
    FILE *out = cli_text(cli);
    struct span_row row[32];
    char text[32][CELL + 16];
    struct pf_field *field;
    size_t n = 0;

    while (region && region[n].name && n < sizeof row / sizeof *row)
        n++;
    field = report_fields(r, n);
    for (size_t i = 0; i < n; i++) {
        const struct pf_region *g = &region[i];
        const struct pf_field child[] = {
            /* The device's own are gone with its session. */
            PF_F_STR("name", report_copy(r, g->name)),
            PF_F_STR("title", report_copy(r, g->title)),
            PF_F_HEX("addr", g->addr),
            PF_F_UINT("len", g->len),
            PF_F_STR("guard", region_word(g->flags)),
            PF_F_BOOL("identity", (g->flags & PF_REGION_IDENTITY) != 0),
        };

        if (field)
            field[i] = report_object(r, NULL, child, 6);
        snprintf(text[i], sizeof text[i], "%-7s  %s", region_word(g->flags), g->title);
        span_row(&row[i], g->addr, g->len, g->name, text[i]);
    }
    add(cli, PF_F_ARRAY("regions", field, field ? n : 0));
    add(cli, PF_F_STR("regions_from", s->regions ? "device" : "chip"));
    if (!out || !n)
        return;
    fprintf(out, "\nRegions, %s; guarded ones are opened by --guard NAME\n",
            s->regions ? "by the device's own table" : "as such chips have them");
    span_table(out, row, n);
}

void show_plan(struct cli *cli, const char *name, const struct pf_plan_span *plan, size_t n)
{
    struct cli_report *r = &cli->report;
    struct pf_field *field = report_fields(r, n);
    FILE *out = cli_text(cli);
    struct span_row row[PF_PLAN_MAX];

    for (size_t i = 0; i < n; i++) {
        const struct pf_field child[] = {
            PF_F_HEX("addr", plan[i].addr),
            PF_F_UINT("len", plan[i].len),
            report_maybe(r, "region", plan[i].region),
            PF_F_STR("action", plan[i].action),
        };

        if (field)
            field[i] = report_object(r, NULL, child, 4);
        span_row(&row[i], plan[i].addr, plan[i].len, plan[i].action, plan[i].region);
    }
    add(cli, PF_F_ARRAY(name, field, field ? n : 0));
    if (out && n)
        span_table(out, row, n);
}

void report_stats(struct cli *cli, const struct pf_stats *st)
{
    const struct pf_field child[] = {
        PF_F_UINT("moved", st->moved),
        PF_F_UINT("proved_blank", st->proved_blank),
        PF_F_UINT("proved_same", st->proved_same),
        PF_F_UINT("hashed", st->hashed),
        PF_F_UINT("digests", st->digests),
        PF_F_UINT("reads", st->reads),
        PF_F_UINT("erased", st->erased),
        PF_F_UINT("programmed", st->programmed),
        PF_F_REAL("seconds", (double)st->us / 1e6),
    };

    add(cli, report_object(&cli->report, "stats", child, sizeof child / sizeof *child));
}

void show_stats(struct cli *cli, const struct pf_stats *st)
{
    FILE *out = cli_text(cli);
    char moved[TEXT_SIZE], blank[TEXT_SIZE], same[TEXT_SIZE];

    report_stats(cli, st);
    if (out)
        text_line(out, "Moved", "%s; proved without moving: %s blank, %s unchanged; %.2f s%s",
                  text_size(moved, st->moved), text_size(blank, st->proved_blank),
                  text_size(same, st->proved_same), (double)st->us / 1e6,
                  cli->simulated ? " (simulated)" : "");
}

static void add_image(struct cli *cli, const struct pf_image *img)
{
    struct cli_report *r = &cli->report;
    struct pf_field *part = report_fields(r, img->nparts);
    struct pf_field *check = report_fields(r, img->nchecks);

    for (size_t i = 0; part && i < img->nparts; i++) {
        const struct pf_field child[] = {
            PF_F_STR("name", report_copy(r, img->part[i].name)),
            PF_F_HEX("offset", img->part[i].offset),
            PF_F_UINT("len", img->part[i].len),
            PF_F_HEX("addr", img->part[i].addr),
        };

        part[i] = report_object(r, NULL, child, 4);
    }
    for (size_t i = 0; check && i < img->nchecks; i++) {
        const struct pf_field child[] = {
            PF_F_STR("name", report_copy(r, img->check[i].name)),
            PF_F_BOOL("ok", img->check[i].ok),
            PF_F_STR("text", report_copy(r, img->check[i].text)),
        };

        check[i] = report_object(r, NULL, child, 3);
    }
    const struct pf_field child[] = {
        PF_F_STR("kind", img->kind_name),
        PF_F_STR("title", report_copy(r, img->title)),
        report_maybe(r, "family", img->family),
        report_maybe(r, "chip", img->chip),
        report_maybe(r, "why_chip", img->why_chip),
        report_maybe(r, "key_name", img->has_key ? img->key_name : NULL),
        report_maybe(r, "key", img->has_key ? report_hex(r, img->key, 16) : NULL),
        report_maybe(r, "loader", img->loader),
        report_maybe(r, "version", img->version),
        report_maybe(r, "firmware", img->firmware),
        report_maybe(r, "mac", img->has_mac ? report_mac(r, img->mac) : NULL),
        PF_F_UINT("flash_size", img->flash_size),
        PF_F_BOOL("intact", img->intact),
        PF_F_ARRAY("parts", part, part ? img->nparts : 0),
        PF_F_ARRAY("checks", check, check ? img->nchecks : 0),
    };

    add(cli, report_object(r, "image", child, sizeof child / sizeof *child));
}

void show_image(struct cli *cli, const struct pf_image *img)
{
    FILE *out = cli_text(cli);
    char mac[18];

    add_image(cli, img);
    if (!out)
        return;
    text_line(out, "Image", "%s (%s)", img->title, img->kind_name);
    if (img->chip)
        text_line(out, "Made for", "%s: %s", img->chip, img->why_chip);
    else if (img->family)
        text_line(out, "Made for", "family %s; which chip is not told", img->family);
    if (img->firmware[0] || img->version[0])
        show_version(out, img->firmware, img->version);
    if (img->loader[0])
        text_line(out, "Loader", "%s", img->loader);
    if (img->has_key)
        text_line(out, "Key", "%s", img->key_name ? img->key_name : "own");
    if (img->has_mac) {
        mac_text(img->mac, mac);
        text_line(out, "MAC", "%s", mac);
    }
}
