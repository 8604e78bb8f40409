/* bk7231_code.h - reading code out of a flash: CRC blocks, key, headers, table.
 *
 * All of it works on a view, which may be a whole file, a rotated one, or a few
 * sectors read from a device, so that one set of rules serves them all.
 * Addresses are physical unless a name says logical. */
#ifndef IMAGE_BK7231_CODE_H
#define IMAGE_BK7231_CODE_H

#include "image/bk7231_crc16.h"
#include "image/bk7231_crypt.h"
#include "image/bk7231_map.h"
#include "image/rbl.h"

/* Bytes of a flash that are at hand; `data` is borrowed. */
struct bk7231_span {
    uint32_t addr;
    const uint8_t *data;
    size_t len;
};

struct bk7231_view {
    const struct bk7231_span *span;
    size_t count;
};

/* Copy [addr, addr+len), across spans where needed. False: not all at hand. */
bool bk7231_view_get(const struct bk7231_view *v, uint32_t addr, uint8_t *out, size_t len);

/* Bytes at hand from `addr` on without a gap. */
size_t bk7231_view_run(const struct bk7231_view *v, uint32_t addr);

/* The first address from `addr` on that is at hand; UINT32_MAX none. */
uint32_t bk7231_view_next(const struct bk7231_view *v, uint32_t addr);

/* The logical address of the first code block after the one at `logical` that
 * may be at hand: how a search passes gaps. */
uint32_t bk7231_code_skip(const struct bk7231_view *v, uint32_t logical);

/* CRC16 blocks of [addr, addr+len); a partial block at the end is left out.
 * Blocks not at hand are not counted. */
struct bk7231_blocks {
    uint32_t good, blank, bad;
    uint32_t first_bad; /* address of the first bad block */
};
void bk7231_count_blocks(const struct bk7231_view *v, uint32_t addr, size_t len,
                         struct bk7231_blocks *out);

/* True when the first blocks from `addr` on mostly carry the right CRC16. */
bool bk7231_is_coded(const struct bk7231_view *v, uint32_t addr);

/* Code bytes at a logical address, decrypted with `key` (NULL: as they are).
 * `logical` is a multiple of 4. False: not all at hand. */
bool bk7231_code_get(const struct bk7231_view *v, const struct bk7231_key *key, uint32_t logical,
                     uint8_t *out, size_t len);

/* Do 32 bytes look like ARM vectors: a branch, then loads of the PC? */
bool bk7231_is_vectors(const uint8_t code[32]);

/* Find the key under which there are ARM vectors at `logical` (0: a loader,
 * 0x10000: an application). `hint` is tried first, NULL none. */
bool bk7231_find_key(const struct bk7231_view *v, uint32_t logical, const struct bk7231_key *hint,
                     struct bk7231_key *out);

/* The key that a loader, read with `key`, carries in itself. `at` gets its
 * logical address. */
bool bk7231_loader_key(const struct bk7231_view *v, const struct bk7231_key *key,
                       struct bk7231_key *out, uint32_t *at);

/* The version string of a loader, "BK7231N_1.0.1"; `out` holds 32 bytes. */
bool bk7231_loader_version(const struct bk7231_view *v, const struct bk7231_key *key, char *out);

/* The chip a name like "BK7231S_1.0.5" stands for; NULL unknown. */
const char *bk7231_chip_of_version(const char *version);

/* An RBL header inside an executable partition. */
struct bk7231_rbl {
    struct rbl rbl;
    uint32_t addr;      /* of the header */
    bool coded;         /* its own CRC16 are right */
    bool have_data;     /* all of its data is at hand */
    bool crc_ok;        /* CRC-32 over the data, with the padding rule */
    bool hash_ok;       /* FNV-1a over the data, or over what it decrypts to */
    uint32_t crc, hash; /* as computed */
};

/* The header at `addr`; false when there is none. Data is not looked at. */
bool bk7231_rbl_at(const struct bk7231_view *v, uint32_t addr, struct bk7231_rbl *out);

/* Check the data of `rbl`, which starts at `start`. */
void bk7231_rbl_check(const struct bk7231_view *v, uint32_t start, const struct bk7231_key *key,
                      struct bk7231_rbl *rbl);

/* The header that closes the application at 0x11000: of all headers found (an
 * older, longer application may have left one) the one whose data is right,
 * otherwise the first. `end`: where a file ends, 0 none. */
bool bk7231_app_rbl(const struct bk7231_view *v, uint32_t end, const struct bk7231_key *key,
                    struct bk7231_rbl *out);

/* Is it where packers put it: at the end of a known partition or of the file? */
bool bk7231_app_rbl_usual(const struct bk7231_rbl *rbl, uint32_t end);

/* A record of the partition table in the loader. */
struct bk7231_partition {
    char name[25];
    uint32_t addr, len;
};
#define BK_PARTITIONS 16

/* The partition table of the loader, in clear or under `key`. Returns the
 * number of records put to `out`. */
size_t bk7231_partitions(const struct bk7231_view *v, const struct bk7231_key *key,
                         struct bk7231_partition out[BK_PARTITIONS]);

#endif
