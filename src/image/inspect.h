/* inspect.h - between the files that know one format each.
 *
 * A prober looks at bytes and either fills `out` and returns true, or leaves
 * it as it was and returns false. inspect.c asks them in order. */
#ifndef IMAGE_INSPECT_H
#define IMAGE_INSPECT_H

#include "plugflash/image.h"

typedef bool image_probe(const uint8_t *data, size_t len, struct pf_image *out);

image_probe image_probe_blank, image_probe_ug, image_probe_rbl, image_probe_config, image_probe_rf,
    image_probe_ecr6600, image_probe_bl602, image_probe_bl602_plain, image_probe_bk7231,
    image_probe_plain, image_probe_foreign;

/* Record one check; more than PF_IMAGE_CHECKS are counted but not kept. */
void image_check(struct pf_image *img, bool ok, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

void image_part(struct pf_image *img, const char *name, size_t offset, size_t len, uint32_t addr);

/* Copy text, cut to `cap` with its NUL. */
void image_text(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The check that says best what is wrong: a wrong length, which explains what
 * else fails, otherwise the first that failed. NULL when there is none. */
const struct pf_image_check *image_fault(const struct pf_image *img);

#endif
