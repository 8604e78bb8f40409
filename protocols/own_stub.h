/* own_stub.h - the RAM stubs of our own: which to load, and whether one is whole.
 * No I/O. */
#ifndef PROTOCOLS_OWN_STUB_H
#define PROTOCOLS_OWN_STUB_H

#include "plugflash/protocol.h"

/* One of ours has to be whole (PF_ERR_FILE) and for this chip (PF_ERR_CHIP); any
 * other passes. `chip` may be NULL: any. */
enum pf_err own_stub_check(struct pf_ctx *ctx, const char *chip, const uint8_t *data, size_t len);

/* What to load for `opt`: the user's, the chip's own, or nothing (*data NULL). The
 * chip's own is checked, so that nothing else than what was built is ever sent. */
enum pf_err own_stub_choose(struct pf_ctx *ctx, const struct pf_chip *chip,
                            const struct pf_link_options *opt, const uint8_t **data, size_t *len);

#endif
