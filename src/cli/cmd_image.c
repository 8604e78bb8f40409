/* cmd_image.c - `image info|check|unpack|convert FILE`: files, without a device. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd_image.h"
#include "cli/text.h"
#include "core/checksum.h"

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

static const char *const verbs[] = {"info", "check", "unpack", "convert"};
enum verb { VERB_INFO, VERB_CHECK, VERB_UNPACK, VERB_CONVERT, VERB_COUNT };

static enum pf_err check_verb(struct cli *cli, enum verb *verb)
{
    const struct cli_options *o = &cli->opt;
    bool makes;

    for (*verb = VERB_INFO; *verb < VERB_COUNT; (*verb)++)
        if (strcmp(o->arg[0], verbs[*verb]) == 0)
            break;
    if (*verb == VERB_COUNT)
        return pf_fail(&cli->ctx, PF_ERR_USAGE,
                       "image: '%.40s' is not info, check, unpack or convert", o->arg[0]);
    makes = *verb == VERB_UNPACK || *verb == VERB_CONVERT;
    if (makes && !o->output)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "image %s needs -o %s", verbs[*verb],
                       *verb == VERB_UNPACK ? "FOLDER" : "FILE");
    if (makes && strcmp(o->output, "-") == 0)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "image %s writes files, nothing to stdout",
                       verbs[*verb]);
    if (!makes && (o->output || o->force))
        return pf_fail(&cli->ctx, PF_ERR_USAGE,
                       "image %s writes no file: -o and --force mean nothing to it", verbs[*verb]);
    if (*verb != VERB_CONVERT && (o->source[OPT_TO] != CLI_UNSET || o->boot2 || o->table))
        return pf_fail(&cli->ctx, PF_ERR_USAGE,
                       "--to, --boot2 and --table mean nothing to image %s", verbs[*verb]);
    return PF_OK;
}

static enum pf_err run_verb(struct cli *cli, enum verb verb, const struct pf_image *img,
                            const uint8_t *data)
{
    switch (verb) {
    case VERB_CHECK:
        return check(cli, img);
    case VERB_UNPACK:
        return image_unpack(cli, img, data);
    case VERB_CONVERT:
        return image_convert(cli, img, data);
    default:
        return info(cli, img);
    }
}

enum pf_err cmd_image(struct cli *cli)
{
    struct pf_image img;
    enum verb verb;
    enum pf_err err;
    uint8_t *data;
    size_t len;

    PF_TRY(check_verb(cli, &verb));
    PF_TRY(cli_file_read(&cli->ctx, cli->opt.arg[1], &data, &len));
    pf_image_inspect(data, len, &img);
    show_file(cli, data, len);
    show_image(cli, &img);
    err = run_verb(cli, verb, &img, data);
    free(data);
    return err;
}
