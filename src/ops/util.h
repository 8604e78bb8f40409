/* util.h - what every operation needs: spans, regions, guards, link care. */
#ifndef OPS_UTIL_H
#define OPS_UTIL_H

#include "plugflash/ops.h"

/* Operations hold at most two copies of the flash in memory. */
#define OPS_FLASH_MAX (16u << 20)

/* Check [addr, addr+len) against the flash and `align` (a power of two, 1:
 * none). len must not be 0. PF_ERR_RANGE otherwise; PF_ERR_SUPPORT when the
 * size of the flash is unknown or beyond OPS_FLASH_MAX. */
enum pf_err ops_check_span(struct pf_session *s, uint32_t addr, size_t len, uint32_t align);

/* The first region with one of `flags` that meets [addr, addr+len); NULL: none. */
const struct pf_region *ops_region_in(const struct pf_session *s, uint32_t addr, uint32_t len,
                                      unsigned flags);

/* Name of the region at `addr`, "" outside all of them. */
const char *ops_region_name(const struct pf_session *s, uint32_t addr);

/* True when `guard` opens this region. LOCKED never opens. */
bool ops_guard_open(const struct pf_guard *guard, const struct pf_region *region);

/* Check the guard option itself: known names, and the typed id behind `none`. */
enum pf_err ops_guard_check(struct pf_session *s, const struct pf_guard *guard);

/* Keep the link alive around host work; a failure shows at the next command. */
void ops_keepalive(struct pf_session *s);

/* The link failed, as opposed to the device having said something. */
bool ops_is_link_error(enum pf_err err);

/* True for what runs in RAM only and is never written to a flash. */
bool ops_is_stub(const struct pf_image *image);

/* MAC from the identity regions inside content [addr, addr+len), or else the one
 * that the chip itself tells. */
bool ops_find_mac(const struct pf_session *s, uint32_t addr, const uint8_t *content, size_t len,
                  uint8_t mac[6]);

#endif
