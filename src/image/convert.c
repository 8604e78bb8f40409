/* convert.c - one kind of image made of another. */
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bl602.h"
#include "image/bl602_pack.h"
#include "image/collect.h"
#include "image/ecr6600_pack.h"
#include "image/ecr6600_table.h"

#define OTA_DICTIONARY 0x8000u /* what boot2 has room for (reference 7.6) */

struct converting {
    const struct pf_image *img;
    const uint8_t *data;
    const struct pf_convert *with;
    uint8_t *out; /* malloc'ed */
    size_t len;
    char *why;
    size_t why_cap;
};

#define CONVERT_FAIL(c, code, ...) (image_text((c)->why, (c)->why_cap, __VA_ARGS__), (code))

static enum pf_err room(struct converting *c, size_t len, uint8_t fill)
{
    c->out = malloc(len);
    if (!c->out)
        return CONVERT_FAIL(c, PF_ERR_NOMEM, "no memory for %zu bytes", len);
    memset(c->out, fill, len);
    c->len = len;
    return PF_OK;
}

static enum pf_err unrotate(struct converting *c)
{
    PF_TRY(room(c, c->img->size, 0xff));
    memcpy(c->out, c->data, c->len);
    if (pf_image_unrotate(c->out, c->len) != PF_OK)
        return CONVERT_FAIL(c, PF_ERR_FILE, "the rotated backup cannot be turned back");
    return PF_OK;
}

/* Flash segments where they belong, FF between them; the stub stays behind. */
static enum pf_err oneb_to_flash(struct converting *c)
{
    const struct pf_image *img = c->img;
    uint64_t end = 0;

    for (size_t i = 0; i < img->nparts; i++)
        if ((uint64_t)img->part[i].addr + img->part[i].len > end)
            end = (uint64_t)img->part[i].addr + img->part[i].len;
    if (end < c->with->flash_size)
        end = c->with->flash_size;
    if (end == 0 || end > ECR_FLASH_MAX)
        return CONVERT_FAIL(c, PF_ERR_RANGE, "no flash is of 0x%llx bytes",
                            (unsigned long long)end);
    PF_TRY(room(c, (size_t)end, 0xff));
    for (size_t i = 0; i < img->nparts; i++)
        memcpy(c->out + img->part[i].addr, c->data + img->part[i].offset, img->part[i].len);
    return PF_OK;
}

static enum pf_err unpack_to(struct converting *c, bool ecr)
{
    struct collect to = {.most = ecr ? ECR_OTA_NEW_MAX : BL_APP_MAX};
    enum unpacked result = UNPACK_BAD;
    struct ecr_ota e;
    struct bl_ota b;

    if (ecr && ecr_ota_parse(c->data, c->img->size, &e)) {
        if (e.method != 0x22)
            return CONVERT_FAIL(c, PF_ERR_SUPPORT,
                                "only a compressed package holds all of an "
                                "application");
        result = ecr_ota_unpack(&e, c->data, c->img->size, collect_take, &to);
    } else if (!ecr && bl_ota_parse(c->data, c->img->size, &b)) {
        result = bl_ota_unpack(&b, c->data, c->img->size, collect_take, &to);
    }
    c->out = to.data;
    c->len = to.len;
    if (result != UNPACK_OK)
        return CONVERT_FAIL(c, PF_ERR_FILE, "its payload %s", unpacked_text(result));
    return PF_OK;
}

static size_t pad(size_t len)
{
    return (len + BL_PAD - 1) / BL_PAD * BL_PAD;
}

/* Header, FF up to 0x1000, code padded with 00: the application as partitions
 * and packages hold it. `like`: whose flash and clock settings, NULL usual. */
static enum pf_err bl_app(struct converting *c, const uint8_t *like)
{
    const struct pf_image *img = c->img;
    const uint8_t *code = c->data;
    size_t len = img->size;
    struct bl_boot b;

    if (img->kind == PF_IMAGE_BL_APP) {
        if (!bl_boot_parse(c->data, img->size, &b) || img->size < BL_CODE ||
            b.length > img->size - BL_CODE)
            return CONVERT_FAIL(c, PF_ERR_FILE, "the application is cut off");
        PF_TRY(room(c, BL_CODE + b.length, 0xff));
        memcpy(c->out, c->data, c->len);
        return PF_OK;
    }
    if (len == 0 || len > BL_APP_MAX - BL_CODE)
        return CONVERT_FAIL(c, PF_ERR_RANGE, "0x%zx bytes: no application is that large", len);
    PF_TRY(room(c, BL_CODE + pad(len), 0x00));
    memcpy(c->out + BL_CODE, code, len);
    memset(c->out, 0xff, BL_CODE);
    bl_boot_build(BL_CODE, c->out + BL_CODE, (uint32_t)pad(len), like, c->out);
    return PF_OK;
}

static enum pf_err bl_ota(struct converting *c)
{
    lzma_options_lzma opt;
    lzma_filter filters[] = {
        {.id = LZMA_FILTER_LZMA2, .options = &opt},
        {.id = LZMA_VLI_UNKNOWN, .options = NULL},
    };
    uint8_t *app;
    size_t app_len, at = BL_OTA_HEAD;
    enum pf_err err;

    PF_TRY(bl_app(c, NULL));
    app = c->out;
    app_len = c->len;
    c->out = NULL;
    err = room(c, BL_OTA_HEAD + lzma_stream_buffer_bound(app_len), 0xff);
    if (!err && lzma_lzma_preset(&opt, 9 | LZMA_PRESET_EXTREME))
        err = CONVERT_FAIL(c, PF_ERR_INTERNAL, "no such compression");
    opt.dict_size = OTA_DICTIONARY;
    if (!err && lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, app, app_len, c->out,
                                          &at, c->len) != LZMA_OK)
        err = CONVERT_FAIL(c, PF_ERR_NOMEM, "no memory to compress");
    if (!err) {
        bl_ota_build(c->out + BL_OTA_HEAD, (uint32_t)(at - BL_OTA_HEAD), true, (uint32_t)app_len,
                     c->with->hardware, c->with->version, c->out);
        c->len = at;
    }
    free(app);
    return err;
}

/* Put boot2 into [0, 0xE000): a file with a header as it is, bare code with a
 * header of its own and its code at 0x1000. */
static enum pf_err put_boot2(struct converting *c, uint8_t *flash)
{
    const uint8_t *boot2 = c->with->boot2;
    size_t len = c->with->boot2_len, at;
    struct bl_boot b;

    if (len >= 4 && memcmp(boot2, "BFNP", 4) == 0) {
        if (!bl_boot_parse(boot2, len, &b) || *bl_boot_fault(&b))
            return CONVERT_FAIL(c, PF_ERR_FILE, "boot2: its header is damaged");
        at = bl_boot2_code(boot2, len, &b);
        if (!at || (uint64_t)b.offset + b.length > BL_TABLE || b.offset < BL_BOOT_HEAD)
            return CONVERT_FAIL(c, PF_ERR_FILE,
                                "boot2: its SHA-256 is wrong, or it does not end "
                                "before 0xe000");
        memcpy(flash, boot2, BL_BOOT_HEAD);
        memcpy(flash + b.offset, boot2 + at, b.length);
        return PF_OK;
    }
    if (len < 0x100 || pad(len) > BL_TABLE - BL_CODE)
        return CONVERT_FAIL(c, PF_ERR_FILE, "boot2: 0x%zx bytes are not the code of one", len);
    memset(flash + BL_CODE, 0x00, pad(len));
    memcpy(flash + BL_CODE, boot2, len);
    bl_boot_build(BL_CODE, flash + BL_CODE, (uint32_t)pad(len), NULL, flash);
    return PF_OK;
}

/* A boot2 with a header knows the flash chip and the crystal of its board. */
static const uint8_t *settings(const uint8_t *boot2, size_t len)
{
    struct bl_boot b;

    return bl_boot_parse(boot2, len, &b) && b.fcfg && b.fcfg_ok && b.pcfg && b.pcfg_ok ? boot2
                                                                                       : NULL;
}

static enum pf_err bl_whole(struct converting *c)
{
    const struct pf_convert *with = c->with;
    const struct bl_entry *fw;
    struct bl_table t;
    enum pf_err err;
    size_t app_len, end;
    unsigned copy;
    uint8_t *app;

    if (!with->boot2 || !with->table)
        return CONVERT_FAIL(c, PF_ERR_USAGE,
                            "a bootable flash needs a boot2 and a partition table");
    if (!bl_table_pick(with->table, with->table_len, &t, &copy))
        return CONVERT_FAIL(c, PF_ERR_FILE, "the partition table is damaged");
    fw = bl_table_find(&t, "FW");
    if (!fw || fw->active > 1)
        return CONVERT_FAIL(c, PF_ERR_FILE, "the partition table has no FW to start from");
    PF_TRY(bl_app(c, settings(with->boot2, with->boot2_len)));
    app = c->out;
    app_len = c->len;
    c->out = NULL;
    end = fw->addr[fw->active] + app_len;
    if (app_len > fw->room[fw->active] || (with->flash_size && end > with->flash_size) ||
        with->flash_size > BL_FLASH_MAX) {
        free(app);
        return CONVERT_FAIL(c, PF_ERR_RANGE, "0x%zx bytes do not fit the partition FW of 0x%x",
                            app_len, (unsigned)fw->room[fw->active]);
    }
    err = room(c, with->flash_size ? with->flash_size : end, 0xff);
    if (!err)
        err = put_boot2(c, c->out);
    if (!err) {
        memcpy(c->out + BL_TABLE, with->table + copy * BL_TABLE_COPY, t.size);
        memcpy(c->out + BL_TABLE + BL_TABLE_COPY, with->table + copy * BL_TABLE_COPY, t.size);
        memcpy(c->out + fw->addr[fw->active], app, app_len);
    }
    free(app);
    return err;
}

static enum pf_err convert(struct converting *c, enum pf_image_kind to)
{
    const enum pf_image_kind from = c->img->kind;
    const bool code = from == PF_IMAGE_BL_APP || from == PF_IMAGE_BL_PLAIN;
    const struct pf_image_check *fault = image_fault(c->img);

    if (fault && from != PF_IMAGE_BK_ROTATED)
        return CONVERT_FAIL(c, PF_ERR_FILE, "%s: %s: %s", c->img->title, fault->name, fault->text);
    if (from == PF_IMAGE_BK_ROTATED && to == PF_IMAGE_BK_BACKUP)
        return unrotate(c);
    if (from == PF_IMAGE_ECR_ALLINONE && to == PF_IMAGE_ECR_BACKUP)
        return oneb_to_flash(c);
    if (from == PF_IMAGE_ECR_OTA && to == PF_IMAGE_ECR_CPU)
        return unpack_to(c, true);
    if (from == PF_IMAGE_BL_OTA && to == PF_IMAGE_BL_APP)
        return unpack_to(c, false);
    if (from == PF_IMAGE_BL_PLAIN && to == PF_IMAGE_BL_APP)
        return bl_app(c, NULL);
    if (code && to == PF_IMAGE_BL_OTA)
        return bl_ota(c);
    if (code && to == PF_IMAGE_BL_BACKUP)
        return bl_whole(c);
    return CONVERT_FAIL(c, PF_ERR_SUPPORT, "%s: it cannot be made into that", c->img->title);
}

enum pf_err pf_image_convert(const struct pf_image *img, const uint8_t *data, enum pf_image_kind to,
                             const struct pf_convert *with, uint8_t **out, size_t *out_len,
                             char *why, size_t why_cap)
{
    static const struct pf_convert nothing = {0};
    struct converting c = {
        .img = img, .data = data, .with = with ? with : &nothing, .why = why, .why_cap = why_cap};
    enum pf_err err;

    if (why_cap)
        why[0] = '\0';
    *out = NULL;
    *out_len = 0;
    err = convert(&c, to);
    if (err) {
        free(c.out);
        return err;
    }
    *out = c.out;
    *out_len = c.len;
    return PF_OK;
}
