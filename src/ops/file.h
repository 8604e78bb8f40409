/* file.h - files as operations need them: read whole within limits, or made
 * so that a name never stands for something half-written. */
#ifndef OPS_FILE_H
#define OPS_FILE_H

#include "plugflash/ops.h"

/* No image, backup or manifest is larger. */
#define OPS_FILE_MAX (64u << 20)

/* Read a whole regular file. *data is malloc'ed, freed by the caller, NULL on
 * failure. PF_ERR_FILE: missing, unreadable, not a regular file, empty, or
 * larger than `limit`, which is told from its size without reading it. */
enum pf_err ops_file_read(struct pf_ctx *ctx, const char *path, size_t limit, uint8_t **data,
                          size_t *len);

bool ops_file_exists(const char *path);

/* Put `data` under `path` through a temporary file, fsync and rename; replaces
 * what is there. PF_ERR_FILE leaves no temporary file behind. */
enum pf_err ops_file_write(struct pf_ctx *ctx, const char *path, const void *data, size_t len);

/* A file that grows under a temporary name and gets its own when it is proved. */
struct ops_part {
    int fd;         /* -1: none */
    char path[520]; /* of the temporary file */
};

enum ops_part_mode {
    PART_NEW,      /* must not exist */
    PART_TRUNCATE, /* start anew over what is there */
    PART_KEEP,     /* go on with what is there, or start */
};

/* Open `path` for writing; `expect` bytes must fit the disk (0: unknown).
 * PF_ERR_FILE with the remedy in the text; part->fd is -1 then. */
enum pf_err ops_part_open(struct pf_ctx *ctx, struct ops_part *part, const char *path,
                          enum ops_part_mode mode, uint64_t expect);

/* Write all `len` bytes at `offset`. PF_ERR_FILE: disk full and the like; what
 * was written before stays. */
enum pf_err ops_part_write(struct pf_ctx *ctx, struct ops_part *part, uint64_t offset,
                           const void *data, size_t len);

/* Flush to the disk, close, rename to `path`, flush the folder. Unless
 * `replace`, `path` must not have come into being meanwhile. On failure the
 * temporary file stays. */
enum pf_err ops_part_commit(struct pf_ctx *ctx, struct ops_part *part, const char *path,
                            bool replace);

/* Close without renaming; the file stays. Harmless after commit. */
void ops_part_close(struct ops_part *part);

/* Write all of `data` to an open descriptor (stdout). */
enum pf_err ops_fd_write(struct pf_ctx *ctx, int fd, const void *data, size_t len);

/* Folder of `path`: "." when it names none. */
void ops_file_folder(const char *path, char *out, size_t cap);

#endif
