/* manifest.h - FILE.json beside a backup: where it came from and how it was
 * proved. Schema 1; unknown members are ignored, known ones are strict.
 *
 * {"schema":1,"tool":"plugflash","version":"0.1.0","chip":"bk7231n",
 *  "loader":"BK7231N mask ROM","chip_id":"0x0007231c","jedec":"eb6015",
 *  "flash_part":"TH25Q16HB","flash_size":2097152,"addr":0,"size":2097152,
 *  "mac":"70:89:76:00:00:00","sha256":"...","crc32":"9bd2c3a1",
 *  "sector_size":4096,"sectors":["f154670a",...],"verified":"device-crc32",
 *  "baud":921600,"retries":0,"seconds":18.2,"unstable":0}
 *
 * chip_id, jedec, flash_part and mac are null when unknown. */
#ifndef OPS_MANIFEST_H
#define OPS_MANIFEST_H

#include "plugflash/ops.h"

#define PF_MANIFEST_MAX (8u << 20) /* bytes of a manifest file */

struct pf_manifest {
    char tool[32], version[32], chip[32], loader[64], flash_part[32], verified[24];
    uint32_t chip_id;
    bool has_chip_id;
    uint8_t jedec[3];
    bool has_jedec;
    uint32_t flash_size, addr, size;
    uint8_t mac[6];
    bool has_mac;
    uint8_t sha256[32];
    uint32_t crc32;
    uint32_t *sector_crc; /* owned; size / PF_SECTOR, rounded up */
    size_t nsectors;
    uint32_t baud, retries, unstable;
    double seconds;
    char error[128]; /* why parsing failed */
};

/* Parse hostile text. PF_ERR_FILE: not a manifest, m->error says why;
 * PF_ERR_NOMEM. pf_manifest_fini() is needed and allowed after either. */
enum pf_err pf_manifest_parse(const char *text, size_t len, struct pf_manifest *m);
void pf_manifest_fini(struct pf_manifest *m);

/* Text of a manifest, malloc'ed, NUL-terminated; NULL: no memory. */
char *pf_manifest_format(const struct pf_manifest *m);

/* Fill size, crc32 and sector CRCs from content; sha256 is the caller's, who has
 * it already. PF_ERR_NOMEM. */
enum pf_err pf_manifest_sum(struct pf_manifest *m, const uint8_t *data, size_t len);

/* Compare a file with its manifest: length, SHA-256, then sector CRCs to name
 * the first bad one. PF_ERR_FILE says what differs. */
enum pf_err pf_manifest_check(struct pf_ctx *ctx, const struct pf_manifest *m, const char *path,
                              const uint8_t *data, size_t len);

/* Load PATH.json. *found is false when there is none (PF_OK); PF_ERR_FILE when
 * there is one that cannot be read or parsed. `m` needs fini when *found. */
enum pf_err pf_manifest_load(struct pf_ctx *ctx, const char *path, struct pf_manifest *m,
                             bool *found);

/* The manifest of a session's backup, without sums. */
void pf_manifest_describe(struct pf_manifest *m, const struct pf_session *s);

#endif
