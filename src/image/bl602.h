/* bl602.h - what the files about BL602 images share. */
#ifndef IMAGE_BL602_H
#define IMAGE_BL602_H

#include "image/bl602_boot.h"
#include "image/bl602_table.h"
#include "image/ef_env.h"
#include "image/inspect.h"

/* Where the code of a boot2 lies in a file or flash that starts with its
 * header: where the header says, or at 0x1000 or 0x2000, wherever the hash is
 * right. 0: nowhere. */
size_t bl_boot2_code(const uint8_t *data, size_t len, const struct bl_boot *b);

/* Is it a boot2 rather than an application? They have one header; a boot2
 * ends before the partition table and names itself. */
bool bl_is_boot2(const uint8_t *data, size_t len, const struct bl_boot *b);

/* Checks shared by files and backups; false when one failed. */
bool bl_check_head(struct pf_image *img, const char *name, const struct bl_boot *b);
bool bl_check_app(struct pf_image *img, const uint8_t *data, size_t len, bool alone);
bool bl_check_psm(struct pf_image *img, const uint8_t *data, size_t len);
bool bl_check_dts(struct pf_image *img, const uint8_t *data, size_t len, bool alone);

/* One copy of the table; `name` says which. */
bool bl_check_table(struct pf_image *img, const char *name, const uint8_t *data, size_t len,
                    struct bl_table *out);

/* The whole flash (bl602_flash.c): the file starts with a boot2. */
void bl_inspect_flash(const uint8_t *data, size_t len, struct pf_image *out);

#endif
