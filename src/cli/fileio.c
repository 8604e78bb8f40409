/* fileio.c - whole files in and out, for commands that need no device. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define FILE_MAX (16u << 20) /* the largest flash that 24 address bits reach */

static enum pf_err read_all(struct pf_ctx *ctx, const char *path, FILE *f, uint8_t **data,
                            size_t *len)
{
    uint8_t *buf = malloc(FILE_MAX + 1);

    if (!buf)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for %s", path);
    errno = 0;
    *len = fread(buf, 1, FILE_MAX + 1, f);
    if (ferror(f)) {
        free(buf);
        return pf_fail(ctx, PF_ERR_FILE, "cannot read %s: %s", path, strerror(errno));
    }
    if (*len == 0 || *len > FILE_MAX) {
        free(buf);
        return pf_fail(ctx, PF_ERR_FILE,
                       *len ? "%s is larger than any flash (16 MiB)" : "%s is empty", path);
    }
    *data = buf;
    return PF_OK;
}

enum pf_err cli_file_read(struct pf_ctx *ctx, const char *path, uint8_t **data, size_t *len)
{
    FILE *f = fopen(path, "rb");
    enum pf_err err;

    *data = NULL;
    if (!f)
        return pf_fail(ctx, PF_ERR_FILE, "cannot open %s: %s", path, strerror(errno));
    err = read_all(ctx, path, f, data, len);
    fclose(f);
    return err;
}

static bool put_all(int fd, const uint8_t *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

/* Give the finished file its name. Without `force` a file that appeared in the
 * meantime is kept: link() refuses, where rename() would replace it. */
static bool publish(const char *temp, const char *path, bool force)
{
    if (force)
        return rename(temp, path) == 0;
    if (link(temp, path) == 0) {
        unlink(temp);
        return true;
    }
    if (errno == EEXIST)
        return false;
    return rename(temp, path) == 0; /* a file system without links */
}

enum pf_err cli_file_write(struct pf_ctx *ctx, const char *path, bool force, const uint8_t *data,
                           size_t len)
{
    char temp[1024];
    struct stat st;
    int fd, saved;
    bool ok;

    if (!force && lstat(path, &st) == 0)
        return pf_fail(ctx, PF_ERR_FILE, "%s exists; --force replaces it", path);
    if (snprintf(temp, sizeof temp, "%s.XXXXXX", path) >= (int)sizeof temp)
        return pf_fail(ctx, PF_ERR_FILE, "the name of the output file is too long");
    fd = mkstemp(temp);
    if (fd < 0)
        return pf_fail(ctx, PF_ERR_FILE, "cannot create %s: %s", path, strerror(errno));
    ok = fchmod(fd, 0644) == 0 && put_all(fd, data, len);
    saved = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        saved = errno;
    }
    if (ok && !publish(temp, path, force)) {
        ok = false;
        saved = errno;
    }
    if (ok)
        return PF_OK;
    unlink(temp);
    return pf_fail(ctx, PF_ERR_FILE, "cannot write %s: %s", path, strerror(saved));
}
