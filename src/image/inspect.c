/* inspect.c - ask every format in turn; the first that knows the bytes wins. */
#include "image/inspect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* From the surest sign to the weakest: magic words, then the CRC16 weave of
 * Beken code, then ARM vectors, then what is not ours, and last what only
 * statistics tell. */
static image_probe *const probes[] = {
    image_probe_blank, image_probe_ug,      image_probe_rbl,         image_probe_config,
    image_probe_rf,    image_probe_ecr6600, image_probe_bl602,       image_probe_bk7231,
    image_probe_plain, image_probe_foreign, image_probe_bl602_plain,
};

static const char *const kind_names[] = {
    [PF_IMAGE_UNKNOWN] = "raw",
    [PF_IMAGE_BLANK] = "blank",
    [PF_IMAGE_BK_BACKUP] = "backup",
    [PF_IMAGE_BK_ROTATED] = "rotated",
    [PF_IMAGE_BK_QIO] = "qio",
    [PF_IMAGE_BK_UA] = "ua",
    [PF_IMAGE_BK_UG] = "ug",
    [PF_IMAGE_BK_RBL] = "rbl",
    [PF_IMAGE_BK_PLAIN] = "plain",
    [PF_IMAGE_BK_RF] = "rf",
    [PF_IMAGE_OBK_CONFIG] = "obk-config",
    [PF_IMAGE_ECR_BACKUP] = "backup",
    [PF_IMAGE_ECR_ALLINONE] = "oneb",
    [PF_IMAGE_ECR_CPU] = "cpu",
    [PF_IMAGE_ECR_UBOOT] = "uboot",
    [PF_IMAGE_ECR_PARTITION] = "partition",
    [PF_IMAGE_ECR_NV] = "nv",
    [PF_IMAGE_ECR_OTA] = "ota",
    [PF_IMAGE_ECR_STUB] = "stub",
    [PF_IMAGE_BL_BACKUP] = "backup",
    [PF_IMAGE_BL_APP] = "app",
    [PF_IMAGE_BL_PLAIN] = "plain",
    [PF_IMAGE_BL_BOOT2] = "boot2",
    [PF_IMAGE_BL_PARTITION] = "partition",
    [PF_IMAGE_BL_OTA] = "ota",
    [PF_IMAGE_BL_DTS] = "dts",
    [PF_IMAGE_BL_PSM] = "psm",
    [PF_IMAGE_BL_LOADER] = "stub",
    [PF_IMAGE_FOREIGN] = "foreign",
};

void image_text(char *out, size_t cap, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out, cap, fmt, ap);
    va_end(ap);
}

void image_check(struct pf_image *img, bool ok, const char *name, const char *fmt, ...)
{
    struct pf_image_check *c;
    va_list ap;

    if (img->nchecks == PF_IMAGE_CHECKS)
        return;
    c = &img->check[img->nchecks++];
    c->ok = ok;
    image_text(c->name, sizeof c->name, "%s", name);
    va_start(ap, fmt);
    vsnprintf(c->text, sizeof c->text, fmt, ap);
    va_end(ap);
}

void image_part(struct pf_image *img, const char *name, size_t offset, size_t len, uint32_t addr)
{
    struct pf_image_part *p;

    if (img->nparts == PF_IMAGE_PARTS || len == 0)
        return;
    p = &img->part[img->nparts++];
    image_text(p->name, sizeof p->name, "%s", name);
    p->offset = (uint32_t)offset;
    p->len = (uint32_t)len;
    p->addr = addr;
}

const struct pf_image_check *image_fault(const struct pf_image *img)
{
    const struct pf_image_check *fault = NULL;

    for (size_t i = 0; i < img->nchecks; i++) {
        if (img->check[i].ok)
            continue;
        if (strcmp(img->check[i].name, "length") == 0)
            return &img->check[i];
        if (!fault)
            fault = &img->check[i];
    }
    return fault;
}

bool image_probe_blank(const uint8_t *data, size_t len, struct pf_image *out)
{
    if (len == 0) {
        image_text(out->title, sizeof out->title, "empty file");
    } else {
        if ((data[0] != 0x00 && data[0] != 0xff) || memcmp(data, data + 1, len - 1) != 0)
            return false;
        image_text(out->title, sizeof out->title, "nothing but %02X", data[0]);
    }
    out->kind = PF_IMAGE_BLANK;
    return true;
}

void pf_image_inspect(const uint8_t *data, size_t len, struct pf_image *out)
{
    memset(out, 0, sizeof *out);
    out->size = len;
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
        if (probes[i](data, len, out))
            break;
    out->kind_name = kind_names[out->kind];
    if (!out->title[0])
        image_text(out->title, sizeof out->title, "not a known image");
    out->intact = out->nchecks && !image_fault(out);
}
