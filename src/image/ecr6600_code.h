/* ecr6600_code.h - code for an ECR6600: uboot, application ("cpu"), RAM stub.
 *
 *   uboot (reference 4.3)                 cpu (reference 4.4)
 *   0x00  magic 0x48787032                0x00  magic 0x02262018
 *   0x04  body length                     0x04  header version
 *   0x08  0x40                            0x08  entry point
 *   0x0C  entry 0x000800AC                0x0C  text address, size
 *   0x10  CRC-32 of the body              0x14  data address, size
 *   0x14  signature over the body         0x1C  size of the code run in place
 *   0x54  CRC-32 of 0x00..0x53            0x20  signature over 0x100..end
 *   0x58  body                            0x60  version, 12 bytes of ASCII
 *                                         0x6C  data CRC, 0 when not used
 *                                         0x70  update method
 *                                         0xFC  CRC-32 of 0x00..0xFB
 *                                         0x100 code run in place, text, data
 *
 * A stub (reference 1.5) is flat code for 0x10000 that starts with a table of
 * jumps; its last 64 bytes are the signature over all before. Signatures are
 * ECDSA P-256 over SHA-256, r and s big-endian; the key that signs everything
 * in the field is public, so a good one proves integrity and nothing else. */
#ifndef IMAGE_ECR6600_CODE_H
#define IMAGE_ECR6600_CODE_H

#include <mbedtls/sha256.h>

#include "image/bk7231_text.h"
#include "image/ecr6600_table.h"

#define ECR_UBOOT_HEAD  0x58u
#define ECR_CPU_HEAD    0x100u
#define ECR_SIGNATURE   64u
#define ECR_STUB_MAX    0x30000u /* all of the RAM that it is loaded to */
#define ECR_STUB_MIN    0x400u
#define ECR_METHOD_LZMA 0x22u
#define ECR_METHOD_DIFF 0x42u
#define ECR_METHOD_AB   0x82u

enum ecr_signed {
    ECR_UNSIGNED, /* 64 times 00 or FF */
    ECR_SIGNED,   /* right, by the public key */
    ECR_MISMATCH, /* by another key, or the contents are not what was signed */
};

/* The public key everything is signed with: x and y, big-endian. */
extern const uint8_t ecr_public_key[64];

enum ecr_signed ecr_signature(const uint8_t key[64], const uint8_t hash[32],
                              const uint8_t signature[ECR_SIGNATURE]);

struct ecr_uboot {
    uint32_t body; /* bytes of it */
    uint32_t entry;
    uint32_t crc; /* of the body, as stated */
    bool head_ok;
    bool whole;  /* all of the body is at hand */
    bool crc_ok; /* with `whole` */
    enum ecr_signed signature;
    char version[32]; /* "V1.3.11" when the code tells, else "" */
};

/* False: no uboot header here. */
bool ecr_uboot_parse(const uint8_t *data, size_t len, struct ecr_uboot *out);

struct ecr_cpu {
    bool hashed; /* magic of a uboot: the data CRC is then the start of the SHA-256 */
    uint32_t entry, text_addr, text, data_addr, data, xip;
    char version[13];
    uint32_t data_crc, method;
    bool head_ok;
    uint64_t size;       /* of the whole image, header included */
    const char *suspect; /* a fact in the header that cannot be; NULL none */
};

/* False: no cpu header here. `len` may be just the header. */
bool ecr_cpu_parse(const uint8_t *data, size_t len, struct ecr_cpu *out);

/* What the bytes of an application prove; they may come in pieces. */
struct ecr_cpu_check {
    uint8_t head[ECR_CPU_HEAD];
    uint64_t fed;
    struct ecr_cpu cpu; /* filled once `fed` reaches the header's size */
    bool parsed;
    uint64_t room; /* bytes of the image still to come */
    uint32_t crc;
    mbedtls_sha256_context sha;
    struct bk7231_text text;
};

enum ecr_proof {
    ECR_PROVED,    /* by signature or checksum */
    ECR_UNPROVED,  /* there is nothing in it that could */
    ECR_BROKEN,    /* a checksum says no */
    ECR_OTHER_KEY, /* signed with a key we do not know, or changed afterwards */
};

void ecr_cpu_check_init(struct ecr_cpu_check *c);
void ecr_cpu_check_feed(struct ecr_cpu_check *c, const uint8_t *data, size_t len);
/* `why` gets the fact, at most `cap` bytes. Ends the check. Asks for c->parsed
 * and for all of the image to have been fed. */
enum ecr_proof ecr_cpu_check_end(struct ecr_cpu_check *c, char *why, size_t cap);

struct ecr_stub {
    char name[40]; /* "ECR6600F_stub_V1.4.0" when it tells */
    enum ecr_signed signature;
    bool sized; /* not too long and not too short for the RAM */
};

/* False: no stub. `data` is not compressed. */
bool ecr_stub_parse(const uint8_t *data, size_t len, struct ecr_stub *out);

#endif
