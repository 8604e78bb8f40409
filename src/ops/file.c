/* file.c - bounded reading and atomic writing; see file.h. */
#include "ops/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef _WIN32
#include <sys/statvfs.h>
#endif

#ifndef O_BINARY
#define O_BINARY 0
#endif
#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif
#ifndef O_NONBLOCK
#define O_NONBLOCK 0
#endif

static enum pf_err read_all(struct pf_ctx *ctx, const char *path, int fd, uint8_t *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, data + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pf_fail(ctx, PF_ERR_FILE, "cannot read %s: %s", path, strerror(errno));
        if (n == 0)
            return pf_fail(ctx, PF_ERR_FILE, "%s became shorter while it was read", path);
        done += (size_t)n;
    }
    return PF_OK;
}

/* Check what has been opened; *len gets its size. */
static enum pf_err check_input(struct pf_ctx *ctx, const char *path, int fd, size_t limit,
                               size_t *len)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return pf_fail(ctx, PF_ERR_FILE, "cannot look at %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return pf_fail(ctx, PF_ERR_FILE, "%s is not a regular file", path);
    if (st.st_size == 0)
        return pf_fail(ctx, PF_ERR_FILE, "%s is empty (0 bytes)", path);
    if ((uint64_t)st.st_size > limit)
        return pf_fail(ctx, PF_ERR_FILE, "%s has %llu bytes; at most %zu make sense here", path,
                       (unsigned long long)st.st_size, limit);
    *len = (size_t)st.st_size;
    return PF_OK;
}

enum pf_err ops_file_read(struct pf_ctx *ctx, const char *path, size_t limit, uint8_t **data,
                          size_t *len)
{
    enum pf_err err;
    int fd;

    *data = NULL;
    *len = 0;
    /* Non-blocking: a FIFO without a writer must not hang us. */
    fd = open(path, O_RDONLY | O_BINARY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return pf_fail(ctx, PF_ERR_FILE, "cannot open %s: %s", path, strerror(errno));
    err = check_input(ctx, path, fd, limit, len);
    if (!err) {
        *data = malloc(*len);
        err = *data ? read_all(ctx, path, fd, *data, *len)
                    : pf_fail(ctx, PF_ERR_NOMEM, "no memory for %s (%zu bytes)", path, *len);
    }
    close(fd);
    if (err) {
        free(*data);
        *data = NULL;
    }
    return err;
}

bool ops_file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

void ops_file_folder(const char *path, char *out, size_t cap)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        snprintf(out, cap, ".");
    else if (slash == path)
        snprintf(out, cap, "/");
    else
        snprintf(out, cap, "%.*s", (int)(slash - path), path);
}

/* A rename is on the disk only when its folder is. Some file systems cannot
 * flush a folder; that is no reason to fail. */
static void sync_folder(const char *path)
{
    char folder[520];
    int fd;

    ops_file_folder(path, folder, sizeof folder);
    fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static enum pf_err disk_failed(struct pf_ctx *ctx, const char *path, int error)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return pf_fail(ctx, PF_ERR_FILE,
                       "no room for %s (%s): free some space; a backup goes on with --resume", path,
                       strerror(error));
    return pf_fail(ctx, PF_ERR_FILE, "cannot write %s: %s", path, strerror(error));
}

static enum pf_err check_room(struct pf_ctx *ctx, const char *path, uint64_t expect)
{
#ifndef _WIN32
    char folder[520];
    struct statvfs fs;
    struct stat st;
    uint64_t have = 0, room;

    ops_file_folder(path, folder, sizeof folder);
    if (!expect || statvfs(folder, &fs) != 0)
        return PF_OK;
    if (stat(path, &st) == 0 && st.st_size > 0)
        have = (uint64_t)st.st_size;
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (have < expect && room < expect - have)
        return pf_fail(ctx, PF_ERR_FILE, "no room for %s: %llu bytes are needed, %llu are free",
                       path, (unsigned long long)(expect - have), (unsigned long long)room);
#else
    (void)ctx, (void)path, (void)expect;
#endif
    return PF_OK;
}

enum pf_err ops_part_open(struct pf_ctx *ctx, struct ops_part *part, const char *path,
                          enum ops_part_mode mode, uint64_t expect)
{
    int flags = O_RDWR | O_CREAT | O_BINARY | O_CLOEXEC | O_NONBLOCK;
    struct stat st;

    part->fd = -1;
    if (strlen(path) >= sizeof part->path)
        return pf_fail(ctx, PF_ERR_FILE, "the name %.40s... is too long", path);
    snprintf(part->path, sizeof part->path, "%s", path);
    PF_TRY(check_room(ctx, path, expect));
    if (mode == PART_NEW)
        flags |= O_EXCL;
    if (mode == PART_TRUNCATE)
        flags |= O_TRUNC;
    part->fd = open(path, flags, 0644);
    if (part->fd < 0 && errno == EEXIST)
        return pf_fail(ctx, PF_ERR_FILE,
                       "%s exists, from a run that did not finish: go on with --resume or start "
                       "anew with --force",
                       path);
    if (part->fd < 0)
        return pf_fail(ctx, PF_ERR_FILE,
                       "cannot create %s: %s: choose a folder that can be written to", path,
                       strerror(errno));
    if (fstat(part->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        ops_part_close(part);
        return pf_fail(ctx, PF_ERR_FILE, "%s is not a regular file", path);
    }
    return PF_OK;
}

enum pf_err ops_part_write(struct pf_ctx *ctx, struct ops_part *part, uint64_t offset,
                           const void *data, size_t len)
{
    const uint8_t *at = data;

    if (lseek(part->fd, (off_t)offset, SEEK_SET) < 0)
        return disk_failed(ctx, part->path, errno);
    while (len) {
        ssize_t n = write(part->fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return disk_failed(ctx, part->path, n < 0 ? errno : ENOSPC);
        at += n;
        len -= (size_t)n;
    }
    return PF_OK;
}

enum pf_err ops_part_commit(struct pf_ctx *ctx, struct ops_part *part, const char *path,
                            bool replace)
{
    int fd = part->fd;

    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP)
        return disk_failed(ctx, part->path, errno);
    part->fd = -1;
    if (close(fd) != 0)
        return disk_failed(ctx, part->path, errno);
    if (!replace && ops_file_exists(path))
        return pf_fail(ctx, PF_ERR_FILE, "%s has come into being meanwhile: the result is in %s",
                       path, part->path);
    if (rename(part->path, path) != 0)
        return pf_fail(ctx, PF_ERR_FILE, "cannot rename %s to %s: %s", part->path, path,
                       strerror(errno));
    sync_folder(path);
    return PF_OK;
}

void ops_part_close(struct ops_part *part)
{
    if (part->fd >= 0)
        close(part->fd);
    part->fd = -1;
}

enum pf_err ops_file_write(struct pf_ctx *ctx, const char *path, const void *data, size_t len)
{
    struct ops_part part;
    char temp[540];
    enum pf_err err;

    /* A name of our own, never opened through somebody's link. */
    snprintf(temp, sizeof temp, "%.500s.%ld.tmp", path, (long)getpid());
    (void)unlink(temp);
    PF_TRY(ops_part_open(ctx, &part, temp, PART_NEW, len));
    err = ops_part_write(ctx, &part, 0, data, len);
    if (!err)
        err = ops_part_commit(ctx, &part, path, true);
    if (err) {
        ops_part_close(&part);
        (void)unlink(temp);
    }
    return err;
}

enum pf_err ops_fd_write(struct pf_ctx *ctx, int fd, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return pf_fail(ctx, PF_ERR_FILE, "cannot write to the output: %s",
                           strerror(n < 0 ? errno : ENOSPC));
        at += n;
        len -= (size_t)n;
    }
    return PF_OK;
}
