/* source.c - recognise and place a file; see source.h. */
#include "ops/source.h"

#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/file.h"
#include "ops/util.h"

#define TABLE_READS 4 /* after the first */

void source_fini(struct source *src)
{
    free(src->data);
    src->data = NULL;
    if (src->has_manifest)
        pf_manifest_fini(&src->manifest);
    src->has_manifest = false;
}

/* A manifest beside the file must match it. Beside a file that is merely to be
 * written, a .json of somebody else is nobody's business. */
static enum pf_err load_manifest(struct pf_session *s, const struct source_options *opt,
                                 struct source *src)
{
    enum pf_err err = pf_manifest_load(s->ctx, opt->path, &src->manifest, &src->has_manifest);

    if (err == PF_ERR_FILE && opt->use != SOURCE_RESTORE) {
        pf_log(s->ctx, "%s; ignored", s->ctx->text);
        return PF_OK;
    }
    PF_TRY(err);
    if (!src->has_manifest)
        return PF_OK;
    return pf_manifest_check(s->ctx, &src->manifest, opt->path, src->data, src->len);
}

static enum pf_err unrotate(struct pf_session *s, const struct source_options *opt,
                            struct source *src, struct pf_image *image)
{
    enum pf_err err;

    if (image->kind != PF_IMAGE_BK_ROTATED)
        return PF_OK;
    if (!opt->unrotate)
        return pf_fail(s->ctx, PF_ERR_CHIP,
                       "%s is a rotated backup: it starts at 0x11000 and wraps around; restore it "
                       "with --unrotate, or turn it with `image convert`",
                       opt->path);
    err = pf_image_unrotate(src->data, src->len);
    if (err)
        return pf_fail(s->ctx, err, "%s cannot be unrotated", opt->path);
    pf_image_inspect(src->data, src->len, image);
    return PF_OK;
}

static bool is_container(const struct pf_image *image)
{
    return image->kind == PF_IMAGE_ECR_ALLINONE || image->kind == PF_IMAGE_ECR_OTA ||
           image->kind == PF_IMAGE_BL_OTA;
}

/* The whole file at one address. Refused only where it would replace code with
 * something made for another chip. */
static enum pf_err place_at(struct pf_session *s, const struct source_options *opt,
                            struct source *src, const struct pf_image *image)
{
    const struct pf_region *code;
    const bool foreign = image->family && strcmp(image->family, s->chip->family) != 0;
    const bool other = image->chip && strcmp(image->chip, s->chip->name) != 0;

    if (ops_is_stub(image) && opt->use != SOURCE_VERIFY)
        return pf_fail(s->ctx, PF_ERR_CHIP,
                       "%s is a RAM stub, not firmware: no place of a flash is right for it (give "
                       "it to --stub)",
                       opt->path);
    if (is_container(image) && opt->use != SOURCE_VERIFY)
        return pf_fail(s->ctx, PF_ERR_CHIP,
                       "%s is %s: what is in it has places of its own, so leave out --at",
                       opt->path, image->title);
    PF_TRY(ops_check_span(s, opt->at, src->len, 1));
    code = ops_region_in(s, opt->at, (uint32_t)src->len, PF_REGION_CODE);
    if ((foreign || other) && code && opt->use != SOURCE_VERIFY)
        return pf_fail(s->ctx, PF_ERR_CHIP, "%s is %s: it does not belong into '%s' of %s",
                       opt->path, image->title, code->name, s->chip->title);
    if (foreign || other)
        pf_warn(s->ctx, "%s looks like %s; taken as it is", opt->path, image->title);
    src->explicit_at = true;
    src->nparts = 1;
    src->part[0] = (struct pf_image_part){
        .name = "file", .offset = 0, .len = (uint32_t)src->len, .addr = opt->at};
    return PF_OK;
}

/* A backup of ours is placed by its manifest, whatever its bytes look like. */
static bool place_by_manifest(struct pf_session *s, const struct source_options *opt,
                              struct source *src, const struct pf_image *image)
{
    const struct pf_manifest *m = &src->manifest;

    if (opt->use == SOURCE_WRITE || !src->has_manifest || strcmp(m->chip, s->chip->name) != 0)
        return false;
    if (image->chip && strcmp(image->chip, s->chip->name) != 0)
        return false;
    if (m->addr >= s->id.flash_size || src->len > s->id.flash_size - m->addr)
        return false;
    src->whole = true;
    src->nparts = 1;
    src->part[0] = (struct pf_image_part){
        .name = "flash", .offset = 0, .len = (uint32_t)src->len, .addr = m->addr};
    return true;
}

static enum pf_err refuse_unplaceable(struct pf_session *s, const struct source_options *opt,
                                      const struct pf_image *image)
{
    if (image->kind == PF_IMAGE_UNKNOWN && opt->use == SOURCE_RESTORE)
        return pf_fail(s->ctx, PF_ERR_CHIP,
                       "%s is no backup that can be recognised and has no manifest", opt->path);
    if (image->kind == PF_IMAGE_UNKNOWN)
        return pf_fail(s->ctx, PF_ERR_USAGE,
                       "%s is not an image that can be recognised: say where it belongs with --at",
                       opt->path);
    if (image->kind == PF_IMAGE_BLANK)
        return pf_fail(s->ctx, PF_ERR_FILE,
                       "%s holds nothing but one repeated byte: if that is meant, say where with "
                       "--at",
                       opt->path);
    return PF_OK;
}

static bool is_backup(const struct pf_image *image)
{
    return image->kind == PF_IMAGE_BK_BACKUP || image->kind == PF_IMAGE_ECR_BACKUP ||
           image->kind == PF_IMAGE_BL_BACKUP;
}

/* A backup of the right length goes back as it is, with a warning: it may be
 * the only one there is, and the device may have held just that. */
static enum pf_err refuse_damaged(struct pf_session *s, const struct source_options *opt,
                                  const struct source *src, const struct pf_image *image)
{
    const bool exact =
        opt->use == SOURCE_RESTORE && is_backup(image) && src->len == s->id.flash_size;

    for (size_t i = 0; i < image->nchecks; i++) {
        const struct pf_image_check *c = &image->check[i];

        if (c->ok)
            continue;
        if (src->has_manifest || exact || opt->use == SOURCE_VERIFY) {
            pf_warn(s->ctx, "%s: %s: %s", opt->path, c->name, c->text);
            continue;
        }
        return pf_fail(s->ctx, PF_ERR_CHIP,
                       "%s (%s) is damaged: %s: %.200s; if it is meant, place it with --at",
                       opt->path, image->title, c->name, c->text);
    }
    return PF_OK;
}

/* Keep parts inside the file and the flash; a part may be longer than the
 * flash only by blank bytes (a backup of a larger chip with the same layout). */
static enum pf_err fit_parts(struct pf_session *s, const struct source_options *opt,
                             struct source *src)
{
    uint64_t end = 0;

    for (size_t i = 0; i < src->nparts; i++) {
        struct pf_image_part *p = &src->part[i];
        const uint32_t room = p->addr < s->id.flash_size ? s->id.flash_size - p->addr : 0;

        if (!p->len || p->offset > src->len || p->len > src->len - p->offset || p->addr < end)
            return pf_fail(s->ctx, PF_ERR_FILE, "%s: part '%s' lies outside of the file", opt->path,
                           p->name);
        if (p->len > room && (!room || !pf_is_blank(src->data + p->offset + room, p->len - room)))
            return pf_fail(s->ctx, PF_ERR_CHIP,
                           "%s: part '%s' (0x%x bytes for 0x%06x) does not fit the flash of 0x%x "
                           "bytes",
                           opt->path, p->name, p->len, p->addr, s->id.flash_size);
        if (p->len > room)
            p->len = room;
        end = (uint64_t)p->addr + p->len;
    }
    return PF_OK;
}

/* The flash bytes that hold the device's own partition table. A loader's read
 * may carry no checksum, and a table with two copies has a wrong answer for
 * every flipped bit in the newer one: two reads in a row must be the same.
 * *table is malloc'ed; NULL where the chip has none that counts. */
static enum pf_err read_table(struct pf_session *s, uint8_t **table, uint32_t *len)
{
    enum pf_err err = PF_OK;
    bool same = false;
    uint8_t *again;
    uint32_t at;

    *table = NULL;
    *len = 0;
    if (!pf_image_table_at(s->chip->name, &at, len))
        return PF_OK;
    PF_TRY(ops_check_span(s, at, *len, PF_SECTOR));
    *table = malloc(*len);
    again = malloc(*len);
    if (!*table || !again)
        err = pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for the partition table");
    if (!err)
        err = s->proto->read(s, at, *table, *len);
    for (unsigned i = 0; !err && !same && i < TABLE_READS; i++) {
        err = s->proto->read(s, at, again, *len);
        same = !err && memcmp(*table, again, *len) == 0;
        if (!err)
            memcpy(*table, again, *len);
    }
    free(again);
    if (!err && !same)
        err = pf_fail(s->ctx, PF_ERR_PROTOCOL,
                      "the device's partition table reads differently each time");
    return err;
}

/* Ask the image layer. What a file is and whose, weighs more than what is wrong
 * with it: its faults are judged afterwards. */
static enum pf_err place_by_device(struct pf_session *s, const struct source_options *opt,
                                   struct source *src, const struct pf_image *image)
{
    struct pf_image sound = *image;
    char why[160] = "it does not belong there";
    uint8_t *table;
    uint32_t len;
    enum pf_err err = read_table(s, &table, &len);

    sound.nchecks = 0;
    sound.intact = true;
    if (!err)
        src->nparts = pf_image_place_by_table(&sound, table, len, s->chip->name, s->id.flash_size,
                                              src->part, PF_IMAGE_PARTS, why, sizeof why);
    free(table);
    PF_TRY(err);
    if (src->nparts)
        return PF_OK;
    if (strstr(why, image->title))
        return pf_fail(s->ctx, PF_ERR_CHIP, "%s cannot go on this %s: %s", opt->path,
                       s->chip->title, why);
    return pf_fail(s->ctx, PF_ERR_CHIP, "%s (%s) cannot go on this %s: %s", opt->path, image->title,
                   s->chip->title, why);
}

static enum pf_err place(struct pf_session *s, const struct source_options *opt, struct source *src,
                         const struct pf_image *image)
{
    if (opt->at_given)
        return place_at(s, opt, src, image);
    if (place_by_manifest(s, opt, src, image))
        return refuse_damaged(s, opt, src, image);
    PF_TRY(refuse_unplaceable(s, opt, image));
    PF_TRY(place_by_device(s, opt, src, image));
    if (opt->use == SOURCE_RESTORE && !is_backup(image))
        return pf_fail(s->ctx, PF_ERR_CHIP,
                       "%s is %s, not a backup of a whole flash: use `write` for it", opt->path,
                       image->title);
    PF_TRY(refuse_damaged(s, opt, src, image));
    src->whole = is_backup(image) || image->kind == PF_IMAGE_BK_QIO;
    return fit_parts(s, opt, src);
}

enum pf_err source_open(struct pf_session *s, const struct source_options *opt, struct source *src,
                        struct pf_image *image)
{
    memset(src, 0, sizeof *src);
    PF_TRY(ops_file_read(s->ctx, opt->path, OPS_FILE_MAX, &src->data, &src->len));
    ops_keepalive(s);
    pf_image_inspect(src->data, src->len, image);
    ops_keepalive(s);
    PF_TRY(load_manifest(s, opt, src));
    ops_keepalive(s);
    if (!opt->at_given)
        PF_TRY(unrotate(s, opt, src, image));
    return place(s, opt, src, image);
}
