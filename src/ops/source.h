/* source.h - the file behind write, restore and verify: what it is and where
 * its bytes belong on this device. Refuses before the device is touched. */
#ifndef OPS_SOURCE_H
#define OPS_SOURCE_H

#include "ops/manifest.h"

struct source {
    uint8_t *data; /* owned */
    size_t len;
    struct pf_image_part part[PF_IMAGE_PARTS]; /* in address order, inside flash and file */
    size_t nparts;
    bool explicit_at; /* the user named the address */
    bool whole;       /* a whole flash or loader + application */
    struct pf_manifest manifest;
    bool has_manifest;
};

enum source_use { SOURCE_WRITE, SOURCE_RESTORE, SOURCE_VERIFY };

struct source_options {
    const char *path;
    enum source_use use;
    bool at_given;
    uint32_t at;
    bool unrotate;
};

/* Read, recognise and place. *image is filled as soon as the file was read,
 * also on failure. PF_ERR_FILE: unreadable, damaged, or not what its manifest
 * says. PF_ERR_CHIP: belongs on another chip. PF_ERR_USAGE: needs --at.
 * PF_ERR_RANGE: --at places it outside the flash. Always fini. */
enum pf_err source_open(struct pf_session *s, const struct source_options *opt, struct source *src,
                        struct pf_image *image);
void source_fini(struct source *src);

#endif
