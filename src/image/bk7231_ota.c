/* bk7231_ota.c - OTA packages: RBL, and the UG container around it.
 *
 * A package tells nothing in clear about the chip it is for, so it is opened:
 * AES-256-CBC, gzip, and then the raw application says it. The output is never
 * kept, only hashed and searched, and bounded by what a flash can hold. */
#include <mbedtls/aes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/checksum.h"
#include "image/bk7231_evidence.h"
#include "image/bk7231_text.h"
#include "image/inspect.h"
#include "image/ug.h"

#define OTA_RAW_MAX BK_FLASH /* no application is larger than the flash */
#define OTA_HEAD    0x108u   /* start of the raw application, up to the marker's end */

/* Keys seen in loaders and build scripts (bk7231 reference 8.3, openbeken
 * reference 11), IV "0123456789ABCDEF". */
static const char *const ota_keys[] = {
    "0123456789ABCDEF0123456789ABCDEF",
    "BDB4CE110F4787C2F539BF50E30A14E0",
};

/* The raw application as it comes out. */
struct ota_raw {
    uint32_t size, hash;
    uint8_t head[OTA_HEAD];
    struct bk7231_text text;
};

enum ota_result {
    OTA_OPENED,
    OTA_CLOSED,  /* cannot be opened here: other key, other compression */
    OTA_DAMAGED, /* opens, but breaks off or does not give the stated data */
};

static void ota_take(struct ota_raw *raw, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && raw->size + i < OTA_HEAD; i++)
        raw->head[raw->size + i] = data[i];
    raw->hash = fnv1a(raw->hash, data, len);
    bk7231_text_feed(&raw->text, data, len);
    raw->size += (uint32_t)len;
}

/* Hands out the package decrypted, up to `cap` bytes (a multiple of 16). */
struct ota_source {
    const uint8_t *data;
    size_t left;
    bool aes;
    mbedtls_aes_context ctx;
    uint8_t iv[16];
};

static size_t ota_next(struct ota_source *s, uint8_t *out, size_t cap)
{
    size_t n = s->left < cap ? s->left : cap;

    if (s->aes) {
        n -= n % 16;
        if (n)
            mbedtls_aes_crypt_cbc(&s->ctx, MBEDTLS_AES_DECRYPT, n, s->iv, s->data, out);
    } else {
        memcpy(out, s->data, n);
    }
    s->data += n;
    s->left = n ? s->left - n : 0;
    return n;
}

static enum ota_result ota_gunzip(struct ota_source *s, const struct rbl *rbl, struct ota_raw *raw)
{
    uint8_t in[1024], out[4096];
    z_stream z = {0};
    int status = Z_OK;

    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return OTA_CLOSED;
    while (status == Z_OK && raw->size <= rbl->raw_size) {
        if (!z.avail_in) {
            z.next_in = in;
            z.avail_in = (uInt)ota_next(s, in, sizeof in);
            if (!z.avail_in)
                break;
        }
        z.next_out = out;
        z.avail_out = sizeof out;
        status = inflate(&z, Z_NO_FLUSH);
        ota_take(raw, out, sizeof out - z.avail_out);
    }
    inflateEnd(&z);
    return status == Z_STREAM_END ? OTA_OPENED : OTA_DAMAGED;
}

static enum ota_result ota_copy(struct ota_source *s, const struct rbl *rbl, struct ota_raw *raw)
{
    uint8_t in[1024];

    while (raw->size < rbl->raw_size) {
        size_t n = ota_next(s, in, sizeof in), want = rbl->raw_size - raw->size;

        if (!n)
            return OTA_DAMAGED;
        ota_take(raw, in, n < want ? n : want);
    }
    return OTA_OPENED;
}

/* Open with `key`; NULL: not encrypted. */
static enum ota_result ota_open(const struct rbl *rbl, const uint8_t *data, size_t len,
                                const char *key, struct ota_raw *raw)
{
    struct ota_source s = {.data = data, .left = len, .aes = key != NULL};
    enum ota_result result;
    uint8_t first[16] = {0};

    memset(raw, 0, sizeof *raw);
    raw->hash = FNV1A_START;
    mbedtls_aes_init(&s.ctx);
    if (key) {
        mbedtls_aes_setkey_dec(&s.ctx, (const uint8_t *)key, 256);
        memcpy(s.iv, "0123456789ABCDEF", sizeof s.iv);
    }
    if (rbl->compress == RBL_COMPRESS_GZIP) {
        struct ota_source peek = s; /* a wrong key shows in the first block */

        if (ota_next(&peek, first, sizeof first) && first[0] == 0x1f && first[1] == 0x8b)
            result = ota_gunzip(&s, rbl, raw);
        else
            result = key ? OTA_CLOSED : OTA_DAMAGED;
    } else {
        result = ota_copy(&s, rbl, raw);
        if (key && raw->hash != rbl->raw_hash)
            result = OTA_CLOSED; /* nothing but the hash tells the key */
    }
    mbedtls_aes_free(&s.ctx);
    bk7231_text_end(&raw->text);
    if (result == OTA_OPENED && (raw->size != rbl->raw_size || raw->hash != rbl->raw_hash))
        result = OTA_DAMAGED;
    return result;
}

static enum ota_result ota_unpack(const struct rbl *rbl, const uint8_t *data, size_t len,
                                  struct ota_raw *raw)
{
    enum ota_result result = OTA_CLOSED;

    memset(raw, 0, sizeof *raw);
    if (rbl->crypt > RBL_CRYPT_AES || rbl->crypt == RBL_CRYPT_XOR ||
        rbl->compress > RBL_COMPRESS_GZIP || len > BK_DOWNLOAD || rbl->raw_size > OTA_RAW_MAX)
        return OTA_CLOSED;
    if (rbl->crypt == RBL_CRYPT_NONE)
        return ota_open(rbl, data, len, NULL, raw);
    for (size_t i = 0; i < sizeof ota_keys / sizeof *ota_keys && result == OTA_CLOSED; i++)
        result = ota_open(rbl, data, len, ota_keys[i], raw);
    return result;
}

/* The chip, from the opened application. Only code that starts with vectors
 * says anything. */
static void ota_evidence(const struct ota_raw *raw, struct bk7231_evidence *e)
{
    if (raw->size < OTA_HEAD || !bk7231_is_vectors(raw->head))
        return;
    if (memcmp(raw->head + 0x100, "BK7231\0", 8) == 0)
        bk7231_vote(e, "bk7231n", BK_VOTE_SURE, "application has the marker BK7231");
    else
        bk7231_vote(e, "bk7231t", BK_VOTE_STRONG, "application without the marker of a BK7231N");
}

static void check_raw(struct pf_image *out, const struct rbl *rbl, enum ota_result result,
                      const struct ota_raw *raw)
{
    if (result == OTA_CLOSED)
        image_check(out, true, "rbl raw", "not opened: encryption %u, compression %u or their key",
                    rbl->crypt, rbl->compress);
    else if (result == OTA_DAMAGED && raw->size != rbl->raw_size)
        image_check(out, false, "rbl raw", "unpacks to %#x bytes or more, expected %#x",
                    (unsigned)raw->size, (unsigned)rbl->raw_size);
    else
        image_check(out, result == OTA_OPENED, "rbl raw",
                    "%#x bytes unpacked, FNV-1a %08x expected %08x", (unsigned)raw->size,
                    (unsigned)raw->hash, (unsigned)rbl->raw_hash);
}

/* The checks of an RBL package, which is the same alone and inside a UG.
 * Returns what the title says about its length. */
static const char *rbl_inspect(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bk7231_evidence e = {0};
    struct ota_raw raw;
    struct rbl rbl;
    size_t have = len < RBL_SIZE ? 0 : len - RBL_SIZE;
    enum ota_result result;

    if (len < RBL_SIZE) {
        image_check(out, false, "length", "RBL cut off at %#zx, in its header", len);
        return ", cut off";
    }
    rbl_parse(data, &rbl);
    image_check(out, rbl.header_ok, "rbl header", "\"%s\" version %s, CRC-32 %08x%s", rbl.name,
                rbl.version, (unsigned)rbl.header_crc, rbl.header_ok ? "" : " is wrong");
    if (!rbl.header_ok)
        return ", damaged"; /* sizes cannot be believed */
    image_text(out->version, sizeof out->version, "%s", rbl.version);
    if (have < rbl.package_size) {
        image_check(out, false, "length", "RBL cut off at %#zx, expected %#zx bytes", len,
                    (size_t)rbl.package_size + RBL_SIZE);
        return ", cut off";
    }
    image_check(out, have == rbl.package_size, "length", "%#zx bytes%s", len,
                have == rbl.package_size ? ", as it should be" : ": goes on after its end");
    image_check(out, len <= BK_DOWNLOAD, "size", "%#zx of %#x bytes of a download partition", len,
                BK_DOWNLOAD);
    image_check(out, pf_crc32(0, data + RBL_SIZE, rbl.package_size) == rbl.package_crc, "rbl data",
                "CRC-32 expected %08x", (unsigned)rbl.package_crc);
    result = ota_unpack(&rbl, data + RBL_SIZE, rbl.package_size, &raw);
    check_raw(out, &rbl, result, &raw);
    if (result == OTA_OPENED) {
        char version[sizeof out->version];

        ota_evidence(&raw, &e);
        bk7231_text_tell(&raw.text, out->firmware, sizeof out->firmware, version, sizeof version);
        if (version[0])
            image_text(out->version, sizeof out->version, "%s", version);
    }
    bk7231_verdict(&e, out);
    return "";
}

/* The download partition's address depends on the chip: without one there is
 * no part to show yet. */
static void ota_part(struct pf_image *out, size_t offset, size_t len)
{
    const struct bk7231_map *map = bk7231_map(out->chip);

    if (map)
        image_part(out, "download", offset, len, map->download);
}

bool image_probe_rbl(const uint8_t *data, size_t len, struct pf_image *out)
{
    const char *state;

    if (len < 8 || memcmp(data, "RBL", 4) != 0)
        return false;
    out->kind = PF_IMAGE_BK_RBL;
    out->family = "bk7231";
    state = rbl_inspect(data, len, out);
    image_text(out->title, sizeof out->title, "%s OTA package (RBL)%s", bk7231_title(out->chip),
               state);
    ota_part(out, 0, len);
    return true;
}

bool image_probe_ug(const uint8_t *data, size_t len, struct pf_image *out)
{
    static const uint8_t head[4] = {0x55, 0xAA, 0x55, 0xAA};
    const char *state = ", cut off";
    struct ug ug;

    if (len < sizeof head || memcmp(data, head, sizeof head) != 0)
        return false;
    out->kind = PF_IMAGE_BK_UG;
    out->family = "bk7231";
    if (len < UG_SIZE || !ug_parse(data, &ug)) {
        image_check(out, false, "length", "UG cut off at %#zx, in its header", len);
    } else {
        image_check(out, ug.header_ok, "ug header", "version %s, byte sum %08x%s", ug.version,
                    (unsigned)ug.header_sum, ug.header_ok ? "" : " or end mark wrong");
        if (ug.length > len - UG_SIZE)
            image_check(out, false, "length", "UG cut off at %#zx, expected %#zx bytes", len,
                        (size_t)ug.length + UG_SIZE);
        else
            image_check(out, byte_sum(data + UG_SIZE, ug.length) == ug.sum, "ug sum",
                        "%#x bytes, byte sum expected %08x", (unsigned)ug.length, (unsigned)ug.sum);
        if (ug.header_ok && ug.length < len - UG_SIZE)
            image_check(out, false, "length", "UG of %#zx bytes goes on after its end", len);
        if (len - UG_SIZE < 8 || memcmp(data + UG_SIZE, "RBL", 4) != 0)
            image_check(out, false, "ug payload", "is not an RBL package");
        else
            state = rbl_inspect(data + UG_SIZE, len - UG_SIZE, out);
        ota_part(out, UG_SIZE, len - UG_SIZE);
    }
    image_text(out->title, sizeof out->title, "%s OTA container (UG)%s", bk7231_title(out->chip),
               state);
    return true;
}
