/* own_stub.h - the RAM stubs of our own: which to load, and whether one is whole.
 * Layout of an image: stubs/README.md. No I/O. */
#ifndef PROTOCOLS_OWN_STUB_H
#define PROTOCOLS_OWN_STUB_H

#include "plugflash/event.h"
#include "plugflash/protocol.h"
#include "plugflash/stub.h"

/* What an image of ours says of itself, raw or in the wrapping of its boot loader. */
struct own_stub {
    const char *chip; /* "ecr6600"; NULL: no chip that we know */
    uint32_t version;
    bool whole; /* neither cut nor damaged */
};

/* False: not one of ours. */
bool own_stub_parse(const uint8_t *data, size_t len, struct own_stub *out);

/* One of ours has to be whole (PF_ERR_FILE) and for this chip (PF_ERR_CHIP); any
 * other passes. `chip` may be NULL: any. */
enum pf_err own_stub_check(struct pf_ctx *ctx, const char *chip, const uint8_t *data, size_t len);

/* What to load for `opt`: the user's, the chip's own, or nothing (*data NULL). The
 * chip's own is checked, so that nothing else than what was built is ever sent. */
enum pf_err own_stub_choose(struct pf_ctx *ctx, const struct pf_chip *chip,
                            const struct pf_link_options *opt, const uint8_t **data, size_t *len);

/* "plugflash 1.0.0" */
void own_stub_name(uint32_t version, char *out, size_t cap);

#endif
