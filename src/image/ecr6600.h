/* ecr6600.h - checks that files, containers and backups of an ECR6600 share. */
#ifndef IMAGE_ECR6600_H
#define IMAGE_ECR6600_H

#include "image/ecr6600_code.h"
#include "image/inspect.h"

/* What an image stands in. Behind it, a file and a segment hold nothing but
 * padding; in a flash anything may follow. */
enum ecr_where { ECR_FILE, ECR_SEGMENT, ECR_FLASH_SPAN };

/* Each adds checks whose names start with its own word (but for the "length" of
 * a file), and fills what it learns (loader, version, firmware, MAC) into
 * `img`. `len` is what there is. They return false when a check failed. */
bool ecr_check_table(struct pf_image *img, const uint8_t *data, size_t len, struct ecr_table *out);
bool ecr_check_uboot(struct pf_image *img, const uint8_t *data, size_t len, enum ecr_where where);
bool ecr_check_cpu(struct pf_image *img, const uint8_t *data, size_t len, enum ecr_where where);
bool ecr_check_nv(struct pf_image *img, const char *name, const uint8_t *data, size_t len);

/* The MAC record of NV sectors; false when there is none that could be one. */
bool ecr_nv_mac(const uint8_t *data, size_t len, uint8_t mac[6]);

/* Is it the area with MAC and radio calibration? Told by its record names. */
bool ecr_nv_is_amt(const uint8_t *data, size_t len);

#endif
