/* rf_tlv.h - the RF page: radio calibration and MAC of one unit.
 *
 *   "TLV\0"  u32 body length  records {u32 tag, u32 length, value}
 *
 * A tag that ends in 00 opens a group: its length is that of its sub-records,
 * which follow at once and share its upper 24 bits. Nothing is aligned. Group
 * 0x222222 of a BK7231N ends in 22 bytes 5a as filler.
 *
 *   544c5600 e0010000  00111111 5a000000  01111111 04000000 4e61bc00
 *                      02111111 06000000 <mac> ... */
#ifndef IMAGE_RF_TLV_H
#define IMAGE_RF_TLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rf_tlv {
    uint32_t body;     /* stated length */
    bool ok;           /* records fit their groups, groups the body, the body the page */
    const char *fault; /* what is wrong, NULL when ok */
    unsigned records;
    bool has_mac;
    uint8_t mac[6];
    const char *chip; /* whose pages look like this, NULL: cannot be told */
};

/* False when `page` does not start as an RF page. Only its first 4096 bytes
 * are looked at. */
bool rf_tlv_parse(const uint8_t *page, size_t len, struct rf_tlv *out);

#endif
