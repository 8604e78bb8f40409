/* ops.h - what a user does with flash: backup, restore, write, verify, erase.
 *
 * Operations know flash, not the wire. Each checks its whole span before the
 * first byte, touches nothing outside it, and reports success only for what
 * the device has proved. Once the device has been changed, a broken link or a
 * cancel is PF_ERR_PARTIAL. Results are filled as far as they got, also on
 * failure. */
#ifndef PLUGFLASH_OPS_H
#define PLUGFLASH_OPS_H

#include "plugflash/image.h"
#include "plugflash/protocol.h"

/* Which guards are open. `names` holds region names; `none` opens all but
 * LOCKED ones and must be accompanied by the device's own chip id. */
struct pf_guard {
    const char *const *names;
    size_t count;
    bool none;
    uint32_t typed_id;
};

struct pf_stats {
    uint64_t moved;        /* flash bytes that crossed the wire */
    uint64_t proved_blank; /* bytes proved blank by a device digest, not moved */
    uint64_t proved_same;  /* bytes proved equal to a base, not moved */
    uint64_t hashed;       /* bytes the device hashed */
    uint32_t digests, reads;
    uint32_t erased, programmed; /* sectors */
    uint64_t us;                 /* port clock, from link to proof */
};

enum pf_proof { PF_PROOF_NONE, PF_PROOF_CRC32, PF_PROOF_SHA256, PF_PROOF_READBACK };
/* "none" "device-crc32" "device-sha256" "read-back": for manifests and results. */
const char *pf_proof_name(enum pf_proof proof);

/* backup -------------------------------------------------------------- */

struct pf_backup_options {
    const char *path; /* "-": buffered, given to stdout by `out_fd` when proved */
    int out_fd;       /* only for "-" */
    bool force;       /* overwrite an existing output */
    bool resume;      /* start from path.part */
    const char *base; /* an older backup: only what differs is moved; NULL none */
    unsigned repeat;  /* reads of every moved sector, majority vote; 0 and 1: once */
    bool range;       /* addr, len given; otherwise the whole flash */
    uint32_t addr;
    size_t len;
    bool dry_run;
};

struct pf_backup_result {
    uint32_t addr;
    size_t len;
    uint8_t sha256[32];
    uint32_t crc32; /* zlib form, of the whole span */
    enum pf_proof proof;
    uint8_t mac[6];
    bool has_mac;
    size_t unstable; /* sectors whose repeated reads disagreed */
    char path[512], manifest[520];
    struct pf_stats stats;
};

/* Copy the flash into a file. Streams to PATH.part (readable and resumable
 * whatever happens), proves it, then renames and writes PATH.json and
 * PATH.sha256. PF_ERR_FILE: exists, cannot be written, disk full.
 * PF_ERR_VERIFY: reads and device digest keep disagreeing. */
enum pf_err pf_backup(struct pf_session *s, const struct pf_backup_options *opt,
                      struct pf_backup_result *res);

/* write, restore, verify, erase ---------------------------------------- */

enum pf_identity_choice { PF_IDENTITY_DEVICE, PF_IDENTITY_IMAGE };

struct pf_write_options {
    const char *path;
    bool at_given; /* place the whole file at `at`, whatever it is */
    uint32_t at;
    const char *backup_path; /* NULL: a name made from chip, MAC and hash in the current folder */
    bool no_backup;
    bool resume; /* an interrupted write goes on: the backup made for it stands */
    bool dry_run;
    bool unrotate;  /* restore: accept a rotated backup */
    bool force_key; /* write code made for another flash key */
    struct pf_guard guard;
    enum pf_identity_choice identity; /* restore */
};

/* One span the plan would change or leave. */
struct pf_plan_span {
    uint32_t addr, len;
    const char *region; /* "" none */
    const char *action; /* "write" "same" "keep" (guarded, left as it is) "erase" */
};
#define PF_PLAN_MAX 64

struct pf_write_result {
    struct pf_image image;
    struct pf_plan_span plan[PF_PLAN_MAX];
    size_t nplan;
    uint32_t differ; /* sectors that differed */
    bool unchanged;  /* nothing had to be written */
    enum pf_proof proof;
    char backup_path[512]; /* "" none made */
    bool backup_reused;    /* a verified backup of this very content was at hand */
    struct pf_stats stats;
};

enum pf_err pf_write(struct pf_session *s, const struct pf_write_options *opt,
                     struct pf_write_result *res);
enum pf_err pf_restore(struct pf_session *s, const struct pf_write_options *opt,
                       struct pf_write_result *res);

struct pf_verify_result {
    struct pf_image image;
    uint32_t sectors, differ;
    uint32_t first_diff;                   /* address of the first sector that differs */
    struct pf_plan_span span[PF_PLAN_MAX]; /* spans that differ, action "differs" */
    size_t nspans;
    enum pf_proof proof;
    struct pf_stats stats;
};
/* PF_OK: every byte proved equal. PF_ERR_VERIFY: differs. PF_ERR_UNPROVEN:
 * the comparison did not run to the end. */
enum pf_err pf_verify(struct pf_session *s, const char *path, bool at_given, uint32_t at,
                      struct pf_verify_result *res);

struct pf_erase_options {
    bool all;
    uint32_t addr;
    size_t len;
    bool no_backup; /* a verified backup is made first otherwise */
    bool resume;
    const char *backup_path;
    bool dry_run;
    struct pf_guard guard;
};
enum pf_err pf_erase(struct pf_session *s, const struct pf_erase_options *opt,
                     struct pf_write_result *res);

/* Load a RAM stub for pf_link_options: raw or gzipped, recognised by content.
 * PF_ERR_CHIP: the file is firmware, a container or a backup, and `text` says
 * which. *data is malloc'ed, freed by the caller after pf_session_open(). */
enum pf_err pf_stub_open(struct pf_ctx *ctx, const char *path, uint8_t **data, size_t *len);

/* read, hash, map, info ------------------------------------------------ */

enum pf_err pf_read(struct pf_session *s, uint32_t addr, size_t len, const char *path, int out_fd,
                    bool force, struct pf_backup_result *res);
enum pf_err pf_hash(struct pf_session *s, uint32_t addr, size_t len, struct pf_digest *out,
                    struct pf_stats *stats);

struct pf_map_run {
    uint32_t addr, len;
    bool blank;
    const char *region;
};
/* Blank and used sectors, found by device digests. *runs is malloc'ed. */
enum pf_err pf_map(struct pf_session *s, struct pf_map_run **runs, size_t *count,
                   struct pf_stats *stats);

struct pf_info {
    struct pf_firmware firmware;
    bool has_mac; /* found: in the flash, or else where the session knows it from */
    uint8_t mac[6];
    const char *mac_from; /* "flash" "chip"; NULL without one */
    bool identity_lost;   /* no MAC in the flash, or the chip's default_mac */
    struct pf_stats stats;
};
enum pf_err pf_info_read(struct pf_session *s, struct pf_info *out);

#endif
