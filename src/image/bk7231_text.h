/* bk7231_text.h - what an application calls itself, from the strings in it. */
#ifndef IMAGE_BK7231_TEXT_H
#define IMAGE_BK7231_TEXT_H

#include "image/bk7231_code.h"

/* A search that takes the code in pieces. Zero it to start. */
struct bk7231_text {
    uint8_t window[4096];
    size_t fill;
    char obk[16];       /* "OpenBK7231N" */
    char obk_built[48]; /* "Aug  2 2021 11:00:28" */
    char obk_version[32];
    char tuya[32]; /* "oem_bk7231n_plug" */
    char tuya_version[16];
    char tuya_sdk[16]; /* "2.3.1" */
};

void bk7231_text_feed(struct bk7231_text *t, const uint8_t *code, size_t len);
void bk7231_text_end(struct bk7231_text *t);

/* One line about the firmware and its version; "" where nothing was found. */
void bk7231_text_tell(const struct bk7231_text *t, char *firmware, size_t cap, char *version,
                      size_t vcap);

/* Feed the decrypted application of `v`, from 0x11000 to `end`, and end. */
void bk7231_text_app(struct bk7231_text *t, const struct bk7231_view *v,
                     const struct bk7231_key *key, uint32_t end);

/* Is this the sector that holds the key of Tuya's key-value store? Its
 * presence says that Tuya firmware runs here, or once did. */
bool tuya_is_key_block(const uint8_t sector[4096]);

#endif
