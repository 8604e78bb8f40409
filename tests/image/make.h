/* make.h - BK7231 files made in memory, with no third-party byte in them. */
#ifndef TESTS_IMAGE_MAKE_H
#define TESTS_IMAGE_MAKE_H

#include "image/bk7231_code.h"

#define MAKE_FLASH 0x200000u

/* What to make it for. */
struct make {
    const char *chip;             /* "bk7231t" "bk7231n" */
    const struct bk7231_key *key; /* of the flash */
    const char *loader;           /* "BK7231N_1.0.1" */
    const char *strings;          /* put into the application, with their NULs */
    size_t strings_len;
    uint32_t code; /* bytes of application code */
    uint32_t seed;
};

extern const struct make make_t, make_n;

uint32_t make_random(uint32_t *state);

/* Plain application: vectors, marker of an N, noise, strings. Returns m->code. */
size_t make_plain(const struct make *m, uint8_t *out);

/* 0x11000 bytes of loader, and an application partition of `len` bytes that
 * ends in its RBL header. */
void make_loader(const struct make *m, uint8_t *out);
void make_app(const struct make *m, uint8_t *out, size_t len);

/* 4096 bytes of RF page with MAC 00:11:22:33:44:55. */
extern const uint8_t make_mac[6];
void make_rf(const struct make *m, uint8_t *out);

/* 3584 bytes of OpenBeken configuration, CRC-8 of the signed or unsigned kind. */
void make_config(uint8_t *out, bool is_signed);

/* 2 MiB from 0x0, and the same as if read from 0x11000 with wrap. */
void make_backup(const struct make *m, uint8_t *out);
void make_rotated(const struct make *m, uint8_t *out);

/* OTA package: gzip and AES. Returns its length, at most cap. */
size_t make_rbl(const struct make *m, const char *aes_key, uint8_t *out, size_t cap);
size_t make_ug(const struct make *m, uint8_t *out, size_t cap);

#endif
