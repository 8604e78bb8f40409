/* cmd_make.c - `image unpack|convert`: files made from files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/cmd_image.h"
#include "cli/text.h"
#include "core/checksum.h"

#define PIECES_MAX 256 /* a container counts its segments in one byte */

static void warn_faults(struct cli *cli, const char *path, const struct pf_image *img)
{
    for (size_t i = 0; i < img->nchecks; i++)
        if (!img->check[i].ok)
            pf_warn(&cli->ctx, "%s: %s: %s", path, img->check[i].name, img->check[i].text);
}

/* unpack ----------------------------------------------------------------- */

struct unpacking {
    struct cli *cli;
    const char *folder;
    bool write; /* false: only see whether it can be done */
    enum pf_err err;
    struct pf_field *field; /* PIECES_MAX of the report */
    size_t count;
};

/* The image layer promises it; a file name is no place for trust. */
static bool safe_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    return n > 0 && !name[n] && *name != '-';
}

static enum pf_err piece_path(struct unpacking *u, const char *name, char *buf, size_t cap)
{
    size_t folder = strlen(u->folder);

    if (!safe_name(name))
        return pf_fail(&u->cli->ctx, PF_ERR_FILE, "a piece in %s has no name fit for a file",
                       u->cli->opt.arg[1]);
    while (folder > 1 && u->folder[folder - 1] == '/')
        folder--;
    if (folder >= cap ||
        snprintf(buf, cap, "%.*s/%s.bin", (int)folder, u->folder, name) >= (int)cap)
        return pf_fail(&u->cli->ctx, PF_ERR_FILE, "the name of the output folder is too long");
    return PF_OK;
}

static enum pf_err piece_free(struct unpacking *u, const char *path)
{
    struct stat st;

    if (!u->cli->opt.force && lstat(path, &st) == 0)
        return pf_fail(&u->cli->ctx, PF_ERR_FILE, "%s exists; --force replaces it", path);
    return PF_OK;
}

static void show_piece(struct unpacking *u, const struct pf_image_piece *piece, const char *path)
{
    struct cli_report *r = &u->cli->report;
    FILE *out = cli_text(u->cli);
    char size[TEXT_SIZE], addr[16] = "";
    uint8_t sha[32];

    pf_sha256(piece->data, piece->len, sha);
    if (piece->has_addr)
        snprintf(addr, sizeof addr, "0x%06x", (unsigned)piece->addr);
    if (u->field) {
        struct pf_field child[] = {
            PF_F_STR("name", report_copy(r, piece->name)),
            PF_F_STR("file", report_copy(r, path)),
            PF_F_HEX("addr", piece->addr),
            PF_F_UINT("len", piece->len),
            PF_F_STR("sha256", report_hex(r, sha, sizeof sha)),
        };

        if (!piece->has_addr)
            child[2] = (struct pf_field){.name = "addr", .type = PF_FIELD_NULL};
        u->field[u->count] = report_object(r, NULL, child, sizeof child / sizeof *child);
    }
    if (out)
        fprintf(out, "  %-8s  %-10s  %s\n", addr, text_size(size, piece->len), path);
}

static bool take_piece(void *arg, const struct pf_image_piece *piece)
{
    struct unpacking *u = arg;
    char path[1024];

    if (u->count == PIECES_MAX)
        u->err = pf_fail(&u->cli->ctx, PF_ERR_FILE, "more than %d pieces", PIECES_MAX);
    else
        u->err = piece_path(u, piece->name, path, sizeof path);
    if (!u->err && !u->write)
        u->err = piece_free(u, path);
    if (!u->err && u->write)
        u->err = cli_file_write(&u->cli->ctx, path, u->cli->opt.force, piece->data, piece->len);
    if (!u->err && u->write)
        show_piece(u, piece, path);
    u->count++;
    return !u->err;
}

static enum pf_err walk(struct unpacking *u, const struct pf_image *img, const uint8_t *data)
{
    enum pf_err err;

    u->count = 0;
    u->err = PF_OK;
    err = pf_image_unpack(img, data, take_piece, u);
    if (u->err)
        return u->err;
    if (err == PF_ERR_NOMEM)
        return pf_fail(&u->cli->ctx, err, "no memory to unpack it");
    if (err)
        return pf_fail(&u->cli->ctx, err, "nothing can be unpacked from it: %s", img->title);
    return PF_OK;
}

static enum pf_err make_folder(struct cli *cli, const char *path)
{
    struct stat st;

    if (mkdir(path, 0777) == 0)
        return PF_OK;
    if (errno != EEXIST)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "cannot create the folder %s: %s", path,
                       strerror(errno));
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return pf_fail(&cli->ctx, PF_ERR_FILE, "%s is not a folder", path);
    return PF_OK;
}

enum pf_err image_unpack(struct cli *cli, const struct pf_image *img, const uint8_t *data)
{
    struct unpacking u = {.cli = cli, .folder = cli->opt.output};

    /* All names are looked at before the first file is made. */
    PF_TRY(walk(&u, img, data));
    PF_TRY(make_folder(cli, u.folder));
    u.write = true;
    u.field = report_fields(&cli->report, PIECES_MAX);
    if (cli_text(cli))
        fputs("\nPieces\n", cli_text(cli));
    PF_TRY(walk(&u, img, data));
    report_add(&cli->report, PF_F_STR("output", cli->opt.output));
    report_add(&cli->report, PF_F_ARRAY("pieces", u.field, u.field ? u.count : 0));
    warn_faults(cli, cli->opt.arg[1], img);
    cli_summary(cli, "%zu piece%s in %s", u.count, u.count == 1 ? "" : "s", cli->opt.output);
    return PF_OK;
}

/* convert ---------------------------------------------------------------- */

/* What can be made of what, in the words of --to. A flash image is padded to
 * `size` unless --flash-size says another; 0: ends where its last part does. */
static const struct making {
    enum pf_image_kind from;
    enum image_to to;
    enum pf_image_kind kind;
    bool needs_boot; /* --boot2 and --table */
    uint32_t size;
} makings[] = {
    {PF_IMAGE_BK_ROTATED, IMAGE_TO_FLASH, PF_IMAGE_BK_BACKUP, false, 0},
    {PF_IMAGE_ECR_ALLINONE, IMAGE_TO_FLASH, PF_IMAGE_ECR_BACKUP, false, USUAL_SIZE},
    {PF_IMAGE_ECR_OTA, IMAGE_TO_APP, PF_IMAGE_ECR_CPU, false, 0},
    {PF_IMAGE_BL_OTA, IMAGE_TO_APP, PF_IMAGE_BL_APP, false, 0},
    {PF_IMAGE_BL_PLAIN, IMAGE_TO_APP, PF_IMAGE_BL_APP, false, 0},
    {PF_IMAGE_BL_PLAIN, IMAGE_TO_OTA, PF_IMAGE_BL_OTA, false, 0},
    {PF_IMAGE_BL_PLAIN, IMAGE_TO_FLASH, PF_IMAGE_BL_BACKUP, true, 0},
    {PF_IMAGE_BL_APP, IMAGE_TO_OTA, PF_IMAGE_BL_OTA, false, 0},
    {PF_IMAGE_BL_APP, IMAGE_TO_FLASH, PF_IMAGE_BL_BACKUP, true, 0},
};
#define MAKINGS (sizeof makings / sizeof *makings)

static const char *const to_words[] = {
    [IMAGE_TO_APP] = "app",
    [IMAGE_TO_OTA] = "ota",
    [IMAGE_TO_FLASH] = "flash",
};

/* The row for this image: by --to, or the only one there is. */
static enum pf_err choose(struct cli *cli, const struct pf_image *img, const struct making **out)
{
    const bool told = cli->opt.source[OPT_TO] != CLI_UNSET;
    char words[64] = "";
    size_t n = 0, used = 0;

    *out = NULL;
    for (size_t i = 0; i < MAKINGS; i++) {
        if (makings[i].from != img->kind)
            continue;
        used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", n++ ? ", " : "",
                                 to_words[makings[i].to]);
        if (!told || cli->opt.to == (int)makings[i].to)
            *out = &makings[i];
    }
    if (n == 0)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "nothing else can be made of it: %s", img->title);
    if (!*out)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "--to %s: of this file can be made: %s",
                       to_words[cli->opt.to], words);
    if (n > 1 && !told)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "say what to make of it with --to: %s", words);
    return PF_OK;
}

/* --boot2 and --table are wanted together or not at all. */
static enum pf_err check_boot(struct cli *cli, const struct making *m)
{
    const struct cli_options *o = &cli->opt;

    if (m->needs_boot && (!o->boot2 || !o->table))
        return pf_fail(&cli->ctx, PF_ERR_USAGE,
                       "a bootable flash needs a second-stage loader and a partition table: "
                       "--boot2 FILE --table FILE (both may be a backup of the same device)");
    if (!m->needs_boot && (o->boot2 || o->table))
        return pf_fail(&cli->ctx, PF_ERR_USAGE,
                       "--boot2 and --table mean nothing to this conversion");
    return PF_OK;
}

/* A partition table by itself, or that of a backup. */
static enum pf_err load_table(struct cli *cli, uint8_t **data, struct pf_convert *with)
{
    struct pf_image img;
    uint32_t addr, len;
    size_t size;

    PF_TRY(cli_file_read(&cli->ctx, cli->opt.table, data, &size));
    pf_image_inspect(*data, size, &img);
    with->table = *data;
    with->table_len = size;
    if (!img.flash_size || !img.chip || !pf_image_table_at(img.chip, &addr, &len))
        return PF_OK;
    if (addr >= size || len > size - addr)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "%s ends before its partition table",
                       cli->opt.table);
    with->table += addr;
    with->table_len = len;
    return PF_OK;
}

static enum pf_err make(struct cli *cli, const struct pf_image *img, const uint8_t *data,
                        const struct making *m, uint8_t **out, size_t *len)
{
    struct pf_convert with = {.flash_size = cli->opt.flash_size ? cli->opt.flash_size : m->size};
    uint8_t *boot2 = NULL, *table = NULL;
    enum pf_err err = PF_OK;
    char why[256];

    if (m->needs_boot) {
        err = cli_file_read(&cli->ctx, cli->opt.boot2, &boot2, &with.boot2_len);
        with.boot2 = boot2;
        if (!err)
            err = load_table(cli, &table, &with);
    }
    if (!err) {
        err = pf_image_convert(img, data, m->kind, &with, out, len, why, sizeof why);
        if (err)
            err = pf_fail(&cli->ctx, err, "it cannot be converted: %s", why);
    }
    free(boot2);
    free(table);
    return err;
}

static void show_made(struct cli *cli, const uint8_t *data, size_t len)
{
    struct cli_report *r = &cli->report;
    char size[TEXT_SIZE];
    struct pf_image img;
    uint8_t sha[32];
    const char *hex;

    pf_image_inspect(data, len, &img);
    pf_sha256(data, len, sha);
    hex = report_hex(r, sha, sizeof sha);
    report_add(r, PF_F_STR("output", cli->opt.output));
    report_add(r, PF_F_UINT("output_size", len));
    report_add(r, PF_F_STR("output_sha256", hex));
    report_add(r, PF_F_STR("output_kind", img.kind_name));
    report_add(r, PF_F_STR("output_title", report_copy(r, img.title)));
    warn_faults(cli, cli->opt.output, &img);
    cli_summary(cli, "%s: %s, %s, SHA-256 %s", cli->opt.output, img.title, text_size(size, len),
                hex);
}

enum pf_err image_convert(struct cli *cli, const struct pf_image *img, const uint8_t *data)
{
    const struct making *m;
    uint8_t *out = NULL;
    enum pf_err err;
    size_t len;

    PF_TRY(choose(cli, img, &m));
    PF_TRY(check_boot(cli, m));
    PF_TRY(make(cli, img, data, m, &out, &len));
    err = cli_file_write(&cli->ctx, cli->opt.output, cli->opt.force, out, len);
    if (!err)
        show_made(cli, out, len);
    free(out);
    return err;
}
