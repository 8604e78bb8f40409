/* cmd_image.c - `image info|check|convert FILE`: files, without a device. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"
#include "core/checksum.h"

#define USUAL_SIZE (2u << 20) /* of a chip whose flash size nobody told */

/* "bk7231n: app at 0x011000, ..." or why not. */
static void place_text(const struct pf_image_part *part, size_t n, char *buf, size_t cap)
{
    size_t used = 0;

    *buf = '\0';
    for (size_t i = 0; i < n && used < cap; i++)
        used += (size_t)snprintf(buf + used, cap - used, "%s%s at 0x%06x..0x%06x", i ? ", " : "",
                                 part[i].name, (unsigned)part[i].addr,
                                 (unsigned)(part[i].addr + part[i].len));
}

/* What `write` would do with the image on each chip of this build. */
static void show_placement(struct cli *cli, const struct pf_image *img)
{
    struct cli_report *r = &cli->report;
    FILE *out = cli_text(cli);
    struct pf_field *field;
    size_t n = 0;

    while (pf_chips[n])
        n++;
    field = report_fields(r, n);
    if (out)
        fputs("\n`write` would do\n", out);
    for (size_t i = 0; i < n; i++) {
        struct pf_image_part part[PF_IMAGE_PARTS];
        uint32_t size = pf_chips[i]->flash.size ? pf_chips[i]->flash.size : img->flash_size;
        char why[160] = "", text[512];
        size_t parts = pf_image_place(img, pf_chips[i]->name, size ? size : USUAL_SIZE, part,
                                      PF_IMAGE_PARTS, why, sizeof why);

        place_text(part, parts, text, sizeof text);
        if (field) {
            const struct pf_field child[] = {
                PF_F_STR("chip", pf_chips[i]->name),
                PF_F_BOOL("fits", parts > 0),
                PF_F_STR("text", report_copy(r, parts ? text : why)),
            };

            field[i] = report_object(r, NULL, child, 3);
        }
        if (out) {
            fprintf(out, "  %-8s  %s", pf_chips[i]->name, parts ? "" : "refused: ");
            text_put(out, parts ? text : why);
            fputc('\n', out);
        }
    }
    report_add(r, PF_F_ARRAY("placement", field, field ? n : 0));
}

static void print_parts(FILE *out, const struct pf_image *img)
{
    char size[TEXT_SIZE];

    if (img->nparts)
        fputs("\nParts\n", out);
    for (size_t i = 0; i < img->nparts; i++) {
        fprintf(out, "  offset 0x%06x  %-8s  ", (unsigned)img->part[i].offset,
                text_size(size, img->part[i].len));
        text_put(out, img->part[i].name);
        fputc('\n', out);
    }
}

static void print_checks(FILE *out, const struct pf_image *img)
{
    if (img->nchecks)
        fputs("\nChecks\n", out);
    for (size_t i = 0; i < img->nchecks; i++) {
        fprintf(out, "  %s  ", img->check[i].ok ? "ok    " : "WRONG ");
        text_put(out, img->check[i].name);
        fputs(": ", out);
        text_put(out, img->check[i].text);
        fputc('\n', out);
    }
}

static void show_file(struct cli *cli, const uint8_t *data, size_t len)
{
    struct cli_report *r = &cli->report;
    uint8_t sha[32];
    const char *hex;
    char size[TEXT_SIZE];

    pf_sha256(data, len, sha);
    hex = report_hex(r, sha, sizeof sha);
    report_add(r, PF_F_STR("file", cli->opt.arg[1]));
    report_add(r, PF_F_UINT("size", len));
    report_add(r, PF_F_STR("sha256", hex));
    if (cli_text(cli)) {
        text_line(cli_text(cli), "File", "%s, %s", cli->opt.arg[1], text_size(size, len));
        text_line(cli_text(cli), "SHA-256", "%s", hex);
    }
}

static enum pf_err info(struct cli *cli, const struct pf_image *img)
{
    if (cli_text(cli)) {
        print_parts(cli_text(cli), img);
        print_checks(cli_text(cli), img);
    }
    show_placement(cli, img);
    return PF_OK;
}

static enum pf_err check(struct cli *cli, const struct pf_image *img)
{
    size_t wrong = 0;

    if (cli_text(cli))
        print_checks(cli_text(cli), img);
    for (size_t i = 0; i < img->nchecks; i++)
        wrong += !img->check[i].ok;
    if (img->nchecks == 0)
        return pf_fail(&cli->ctx, PF_ERR_UNPROVEN, "a %s file has nothing that could be checked",
                       img->kind_name);
    if (wrong || !img->intact)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "%zu of %zu checks failed: the file is damaged",
                       wrong, img->nchecks);
    cli_summary(cli, "intact: %zu checks", img->nchecks);
    return PF_OK;
}

static enum pf_err convert(struct cli *cli, const struct pf_image *img, uint8_t *data, size_t len)
{
    uint8_t sha[32];
    const char *hex;

    if (img->kind != PF_IMAGE_BK_ROTATED)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "only rotated backups can be converted; this is: %s",
                       img->title);
    if (pf_image_unrotate(data, len) != PF_OK)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "the rotated backup cannot be turned back");
    PF_TRY(cli_file_write(&cli->ctx, cli->opt.output, cli->opt.force, data, len));
    pf_sha256(data, len, sha);
    hex = report_hex(&cli->report, sha, sizeof sha);
    report_add(&cli->report, PF_F_STR("output", cli->opt.output));
    report_add(&cli->report, PF_F_STR("output_sha256", hex));
    cli_summary(cli, "%s: starts at 0x0 now, SHA-256 %s", cli->opt.output, hex);
    return PF_OK;
}

static enum pf_err check_verb(struct cli *cli, const char *verb)
{
    bool turn = strcmp(verb, "convert") == 0;

    if (!turn && strcmp(verb, "info") != 0 && strcmp(verb, "check") != 0)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "image: '%.40s' is not info, check or convert",
                       verb);
    if (turn && !cli->opt.output)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "image convert needs -o FILE");
    if (turn && strcmp(cli->opt.output, "-") == 0)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "image convert writes to a file, not to stdout");
    if (!turn && (cli->opt.output || cli->opt.force))
        return pf_fail(&cli->ctx, PF_ERR_USAGE,
                       "image %s writes no file: -o and --force mean "
                       "nothing to it",
                       verb);
    return PF_OK;
}

enum pf_err cmd_image(struct cli *cli)
{
    const char *verb = cli->opt.arg[0];
    struct pf_image img;
    enum pf_err err;
    uint8_t *data;
    size_t len;

    PF_TRY(check_verb(cli, verb));
    PF_TRY(cli_file_read(&cli->ctx, cli->opt.arg[1], &data, &len));
    pf_image_inspect(data, len, &img);
    show_file(cli, data, len);
    show_image(cli, &img);
    if (strcmp(verb, "info") == 0)
        err = info(cli, &img);
    else if (strcmp(verb, "check") == 0)
        err = check(cli, &img);
    else
        err = convert(cli, &img, data, len);
    free(data);
    return err;
}
