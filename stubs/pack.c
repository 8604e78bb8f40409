/* pack.c - makes of a linked stub what the chip's boot loader takes, and C.
 *
 *   pack FAMILY LOAD RAW OUT [KEY]   FAMILY: ecr6600 or bl602; LOAD: address of its first byte
 *   pack --c OUT                     print OUT as generated/FAMILY.c
 *
 * RAW is the flat output of the linker; it begins with a jump and room for the
 * mark, see README.md, "Image". KEY, a PEM file, signs the trailer of an ECR6600.
 * A host program of the build: what it reads is our own, or refused. */
#include <mbedtls/ecdsa.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "common/stub.h"

enum {
    MARK = 4,             /* behind the first jump */
    MARK_NAME = 9,        /* "PLUGFLASH" */
    MARK_FAMILY = 9,      /* offsets from the mark on */
    MARK_VERSION = 12,    /* */
    MARK_LEN = 16,        /* */
    MARK_END = MARK + 20, /* */
    END = 8,              /* "PFST", CRC-32 */
    BOOT_HEADER = 176,    /* bl602 */
    SEGMENT_HEADER = 16,  /* */
    ECR_SIGNATURE = 64,   /* r, s */
    MAX = 192 * 1024,     /* the smaller of the chips' memories */
};

struct bytes {
    uint8_t at[BOOT_HEADER + SEGMENT_HEADER + MAX + ECR_SIGNATURE];
    size_t len;
};

static const struct family {
    const char *name;
    uint8_t id;
    size_t head, tail, align; /* around the image; the image's length is a multiple of align */
} families[] = {
    {"ecr6600", STUB_FAMILY_ECR6600, 0, ECR_SIGNATURE, 4},
    {"bl602", STUB_FAMILY_BL602, BOOT_HEADER + SEGMENT_HEADER, 0, 16},
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("pack: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void put32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t crc(const uint8_t *data, size_t len)
{
    return (uint32_t)crc32(0, data, (uInt)len);
}

static void read_file(const char *path, uint8_t *to, size_t cap, size_t *len)
{
    FILE *f = fopen(path, "rb");

    if (!f)
        die("%s: cannot be read", path);
    *len = fread(to, 1, cap, f);
    if (ferror(f) || fgetc(f) != EOF)
        die("%s: longer than %zu bytes", path, cap);
    fclose(f);
}

static void write_file(const char *path, const struct bytes *b)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(b->at, 1, b->len, f) != b->len || fclose(f))
        die("%s: cannot be written", path);
}

static void sha256(const uint8_t *data, size_t len, uint8_t out[32])
{
    if (mbedtls_sha256_ret(data, len, out, 0))
        die("SHA-256 failed");
}

/* Fill in the mark and put the end mark behind it: the image of README.md. */
static size_t complete(const struct family *family, uint8_t *image, size_t len)
{
    uint8_t *mark = image + MARK;

    if (len < MARK_END || memcmp(mark, "PLUGFLASH", MARK_NAME))
        die("no mark behind the first jump");
    while ((len + END) % family->align)
        image[len++] = 0;
    mark[MARK_FAMILY] = family->id;
    put32(mark + MARK_VERSION, STUB_VERSION);
    put32(mark + MARK_LEN, (uint32_t)(len + END));
    memcpy(image + len, "PFST", 4);
    put32(image + len + 4, crc(image, len));
    return len + END;
}

/* Boot header and segment header of a RAM image: unsigned, one segment, flash and
 * clock blocks all zero, so that the ROM touches neither. */
static void bl602_headers(uint8_t *file, size_t len, uint32_t load)
{
    uint8_t *segment = file + BOOT_HEADER;

    put32(segment, load);
    put32(segment + 4, (uint32_t)len);
    put32(segment + 8, crc(segment + SEGMENT_HEADER, len));
    put32(segment + 12, crc(segment, 12));

    memset(file, 0, BOOT_HEADER);
    memcpy(file, "BFNP", 4);
    put32(file + 4, 1);      /* revision */
    put32(file + 120, 1);    /* segments */
    put32(file + 124, load); /* entry */
    sha256(segment, SEGMENT_HEADER + len, file + 132);
    put32(file + 172, crc(file, 172));
}

/* Signing is deterministic (RFC 6979); this only blinds its arithmetic. */
static int blinding(void *state, unsigned char *out, size_t len)
{
    (void)state;
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)(rand() >> 7);
    return 0;
}

/* ECDSA P-256 over the SHA-256 of the image: r, s, 32 bytes each, highest first. */
static void sign(const uint8_t *image, size_t len, const char *path, uint8_t out[ECR_SIGNATURE])
{
    mbedtls_pk_context key;
    mbedtls_mpi r, s;
    mbedtls_ecp_keypair *ec;
    uint8_t hash[32];

    mbedtls_pk_init(&key);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    sha256(image, len, hash);
    if (mbedtls_pk_parse_keyfile(&key, path, NULL))
        die("%s: no private key in PEM", path);
    ec = mbedtls_pk_can_do(&key, MBEDTLS_PK_ECDSA) ? mbedtls_pk_ec(key) : NULL;
    if (!ec || ec->grp.id != MBEDTLS_ECP_DP_SECP256R1)
        die("%s: not a key on P-256", path);
    if (mbedtls_ecdsa_sign_det_ext(&ec->grp, &r, &s, &ec->d, hash, sizeof(hash), MBEDTLS_MD_SHA256,
                                   blinding, NULL) ||
        mbedtls_mpi_write_binary(&r, out, 32) || mbedtls_mpi_write_binary(&s, out + 32, 32))
        die("%s: signing failed", path);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    mbedtls_pk_free(&key);
}

static void pack(const struct family *family, uint32_t load, const char *raw, const char *out,
                 const char *key)
{
    static struct bytes b;
    uint8_t *image = b.at + family->head;
    size_t len;

    read_file(raw, image, MAX - END - family->align, &len);
    len = complete(family, image, len);
    if (family->head)
        bl602_headers(b.at, len, load);
    if (key && !family->tail)
        die("%s has no signature", family->name);
    if (key)
        sign(image, len, key, image + len);
    b.len = family->head + len + family->tail;
    write_file(out, &b);
}

/* Which family's file this is, by its mark. */
static const struct family *family_of(const struct bytes *b)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const struct family *f = &families[i];
        const uint8_t *mark = b->at + f->head + MARK;

        if (b->len >= f->head + MARK_END + f->tail && !memcmp(mark, "PLUGFLASH", MARK_NAME) &&
            mark[MARK_FAMILY] == f->id && get32(mark + MARK_LEN) == b->len - f->head - f->tail)
            return f;
    }
    die("not a stub of ours");
}

static void print_bytes(const uint8_t *data, size_t len, const char *indent)
{
    for (size_t i = 0; i < len; i++)
        printf("%s0x%02x,%s", i % 16 ? " " : indent, data[i],
               i % 16 == 15 || i + 1 == len ? "\n" : "");
}

static void print_c(const char *path)
{
    static struct bytes b;
    const struct family *f;
    uint8_t hash[32];
    uint32_t load;

    read_file(path, b.at, sizeof(b.at), &b.len);
    f = family_of(&b);
    load = f->head ? get32(b.at + BOOT_HEADER) : 0x10000;
    sha256(b.at, b.len, hash);
    printf("/* %s.c - the RAM stub of the %s, built by scripts/stubs from stubs/. */\n"
           "#include \"plugflash/stub.h\"\n\n"
           "/* clang-format off */\n"
           "static const uint8_t data[] = {\n",
           f->name, strcmp(f->name, "bl602") ? "ECR6600" : "BL602");
    print_bytes(b.at, b.len, "    ");
    printf("};\n\n"
           "const struct pf_stub pf_stub_%s = {\n"
           "    .chip = \"%s\",\n"
           "    .version = 0x%08x,\n"
           "    .data = data,\n"
           "    .len = sizeof(data),\n"
           "    .load = 0x%08x,\n"
           "    .entry = 0x%08x,\n"
           "    .sha256 = {\n",
           f->name, f->name, STUB_VERSION, load, load);
    print_bytes(hash, sizeof(hash), "        ");
    printf("    },\n};\n/* clang-format on */\n");
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--c")) {
        print_c(argv[2]);
        return 0;
    }
    for (size_t i = 0; argc >= 5 && argc <= 6 && i < sizeof(families) / sizeof(families[0]); i++)
        if (!strcmp(argv[1], families[i].name)) {
            pack(&families[i], (uint32_t)strtoul(argv[2], NULL, 0), argv[3], argv[4], argv[5]);
            return 0;
        }
    fputs("usage: pack ecr6600|bl602 LOAD RAW OUT [KEY]\n       pack --c OUT\n", stderr);
    return 2;
}
