/* stub.c - a RAM stub from a file, told from firmware by its contents. */
#include <stdlib.h>
#include <string.h>

#include "ops/file.h"
#include "ops/util.h"
#include "plugflash/stub.h"

/* More than any of the chips has RAM for. */
#define STUB_FILE_MAX (1u << 20)

enum pf_err pf_stub_open(struct pf_ctx *ctx, const char *path, uint8_t **data, size_t *len)
{
    struct pf_image image;
    struct pf_stub_mark mark;
    uint8_t *file, *stub;
    size_t size, n;

    *data = NULL;
    *len = 0;
    PF_TRY(ops_file_read(ctx, path, OPS_FILE_MAX, &file, &size));
    pf_image_inspect(file, size, &image);
    if (!ops_is_stub(&image)) {
        free(file);
        if (image.kind == PF_IMAGE_UNKNOWN || image.kind == PF_IMAGE_BLANK)
            return pf_fail(ctx, PF_ERR_CHIP, "%s is no RAM stub", path);
        return pf_fail(ctx, PF_ERR_CHIP, "%s is %s, not a RAM stub", path, image.title);
    }
    stub = malloc(STUB_FILE_MAX);
    n = stub ? pf_image_stub(file, size, stub, STUB_FILE_MAX) : 0;
    free(file);
    if (!stub)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a stub");
    if (n == 0) {
        free(stub);
        return pf_fail(ctx, PF_ERR_FILE, "%s: the stub is larger than any RAM it could go to",
                       path);
    }
    if (pf_stub_mark(stub, n, &mark) && !mark.whole) {
        free(stub);
        return pf_fail(ctx, PF_ERR_FILE,
                       "%s is a stub of plugflash, but damaged or cut: its checksum is wrong",
                       path);
    }
    *data = stub;
    *len = n;
    return PF_OK;
}
