/* ef_env.h - named records in sectors, as EasyFlash and its forks keep them.
 *
 * A sector starts with two status tables and a magic word, records follow. A
 * status table has one slot per step that was reached; a slot counts from its
 * first byte 00. The forks differ in the width of a slot and in what else a
 * record carries:
 *
 *   ECR6600 (ecr6600 reference 4.2)      BL602 PSM (bl602 reference 7.5)
 *   header   0x24 bytes, magic at 0x18   0x14 bytes, magic at 8
 *   slot     4 bytes                     1 byte
 *   record   20 status                   8 status, "KV40"
 *            +20 total length            +12 total length
 *            +24 CRC-32                  +16 CRC-32
 *            +28 name length, 3 x FF     +20 name length, 3 x FF
 *            +32 value length            +24 value length
 *            +36 name, value             +28 name, value
 *            each padded to 4 with FF    not padded
 *
 * The CRC-32 covers everything from the name length to the end of the value,
 * padding included. */
#ifndef IMAGE_EF_ENV_H
#define IMAGE_EF_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EF_SECTOR 4096u

struct ef_format {
    char magic[5];
    uint8_t header, magic_at, slot;
    uint8_t status, record; /* bytes of a record's status, and before its name */
    uint8_t align;
    const char *record_magic; /* NULL: none */
};

extern const struct ef_format ef_partition; /* ECR6600 "EF40" */
extern const struct ef_format ef_nv;        /* ECR6600 "EF41" */
extern const struct ef_format ef_psm;       /* BL602 "EF40" */

enum ef_state {
    EF_LIVE,    /* written, not being deleted */
    EF_RETIRED, /* being deleted: counts when no live one took its place */
    EF_DEAD,    /* deleted, or never finished */
};

struct ef_record {
    enum ef_state state;
    bool crc_ok;
    size_t at;           /* of the record, in the sector */
    const uint8_t *name; /* borrowed from the sector, not terminated */
    size_t name_len;
    const uint8_t *value;
    size_t value_len;
};

struct ef_walk {
    const struct ef_format *format;
    const uint8_t *sector;
    size_t len, at;
    bool broken; /* something stands there that is no record: the rest is lost */
};

/* Does a sector of this format start here? `len` may be short. */
bool ef_is_sector(const struct ef_format *f, const uint8_t *data, size_t len);

/* Go through the records of a sector from `at` on; 0: from the first. */
void ef_walk_init(struct ef_walk *w, const struct ef_format *f, const uint8_t *sector, size_t len,
                  size_t at);
bool ef_next(struct ef_walk *w, struct ef_record *out);

/* The newest sound record of that name in sectors that follow each other. */
bool ef_find(const struct ef_format *f, const uint8_t *data, size_t len, const char *name,
             struct ef_record *out);

/* What is in an area of whole sectors. */
struct ef_count {
    unsigned sectors, blank, strange; /* of the format, FF all over, neither */
    unsigned live, dead, bad;         /* records; bad: live with a wrong CRC-32, or broken */
    size_t first_bad;                 /* offset of the first bad one */
};
void ef_count(const struct ef_format *f, const uint8_t *data, size_t len, struct ef_count *out);

#endif
