/* ecr6600_code.c - see ecr6600_code.h. */
#include "image/ecr6600_code.h"

#include <mbedtls/ecdsa.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/inspect.h"
#include "plugflash/stub.h"

#define MAGIC_UBOOT 0x48787032u
#define MAGIC_CPU   0x02262018u
#define UBOOT_ENTRY 0x000800ACu
#define XIP_BASE    0x40800000u /* flash 0x0, as the CPU sees it */

const uint8_t ecr_public_key[64] = {
    0x15, 0x21, 0xd4, 0x60, 0x42, 0x5e, 0x05, 0x43, 0xad, 0x0e, 0x17, 0x6a, 0x71, 0xf8, 0x5e, 0xba,
    0x51, 0x91, 0xb6, 0x4b, 0xda, 0x87, 0xa3, 0x4c, 0x03, 0x46, 0x5c, 0x0a, 0xdc, 0xaa, 0xa5, 0xca,
    0x8b, 0x3d, 0xf0, 0x70, 0x33, 0x74, 0x07, 0xe1, 0xc6, 0x4c, 0x6e, 0xbf, 0xb6, 0xf1, 0x57, 0x1b,
    0x20, 0x39, 0xb8, 0x1d, 0x91, 0x0a, 0xd2, 0x67, 0x90, 0x1d, 0x2d, 0xee, 0x4d, 0x71, 0xe3, 0xb2,
};

static bool one_byte(const uint8_t *p, size_t len)
{
    return (p[0] == 0x00 || p[0] == 0xff) && memcmp(p, p + 1, len - 1) == 0;
}

static bool verify(const uint8_t key[64], const uint8_t hash[32], const uint8_t *signature)
{
    uint8_t point[65] = {0x04};
    mbedtls_ecp_group group;
    mbedtls_ecp_point q;
    mbedtls_mpi r, s;
    bool ok;

    memcpy(point + 1, key, 64);
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    ok = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
         mbedtls_ecp_point_read_binary(&group, &q, point, sizeof point) == 0 &&
         mbedtls_mpi_read_binary(&r, signature, 32) == 0 &&
         mbedtls_mpi_read_binary(&s, signature + 32, 32) == 0 &&
         mbedtls_ecdsa_verify(&group, hash, 32, &q, &r, &s) == 0;
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_point_free(&q);
    mbedtls_ecp_group_free(&group);
    return ok;
}

enum ecr_signed ecr_signature(const uint8_t key[64], const uint8_t hash[32],
                              const uint8_t signature[ECR_SIGNATURE])
{
    if (one_byte(signature, ECR_SIGNATURE))
        return ECR_UNSIGNED;
    return verify(key, hash, signature) ? ECR_SIGNED : ECR_MISMATCH;
}

static enum ecr_signed signed_bytes(const uint8_t *data, size_t len, const uint8_t *signature)
{
    uint8_t hash[32];

    pf_sha256(data, len, hash);
    return ecr_signature(ecr_public_key, hash, signature);
}

/* A name like "ECR6600F_uboot_V1.3.4", or what follows `word` of it. */
static bool name_after(const uint8_t *data, size_t len, const char *word, bool all, char *out,
                       size_t cap)
{
    const size_t n = strlen(word);

    for (size_t i = 0; len >= n && i <= len - n; i++) {
        size_t from = all ? i : i + n, k = 0;

        if (data[i] != (uint8_t)word[0] || memcmp(data + i, word, n) != 0)
            continue;
        while (from + k < len && k + 1 < cap && data[from + k] > 0x20 && data[from + k] < 0x7f) {
            out[k] = (char)data[from + k];
            k++;
        }
        out[k] = '\0';
        return true;
    }
    return false;
}

/* An application may carry the magic of a uboot; only its header is longer. */
static bool is_hashed_cpu(const uint8_t *data, size_t len)
{
    return len >= ECR_CPU_HEAD && get_le32(data) == MAGIC_UBOOT &&
           get_le32(data + 0xfc) == pf_crc32(0, data, 0xfc);
}

bool ecr_uboot_parse(const uint8_t *data, size_t len, struct ecr_uboot *out)
{
    memset(out, 0, sizeof *out);
    if (len < ECR_UBOOT_HEAD || get_le32(data) != MAGIC_UBOOT)
        return false;
    out->body = get_le32(data + 4);
    out->entry = get_le32(data + 0x0c);
    out->crc = get_le32(data + 0x10);
    out->head_ok = get_le32(data + 0x54) == pf_crc32(0, data, 0x54);
    if (!out->head_ok && is_hashed_cpu(data, len))
        return false;
    out->whole = out->body <= len - ECR_UBOOT_HEAD;
    name_after(data, len < ECR_UBOOT_ROOM ? len : ECR_UBOOT_ROOM, "ECR6600F_uboot_", false,
               out->version, sizeof out->version);
    if (!out->whole || !out->head_ok)
        return true;
    out->crc_ok = pf_crc32(0, data + ECR_UBOOT_HEAD, out->body) == out->crc;
    out->signature = signed_bytes(data + ECR_UBOOT_HEAD, out->body, data + 0x14);
    return true;
}

static bool inside(uint32_t addr, uint32_t len, uint32_t from, uint32_t end)
{
    return addr >= from && addr <= end && len <= end - addr;
}

/* Where text and data may go: the two RAMs of reference 5.2. */
static const char *cpu_suspect(const struct ecr_cpu *c)
{
    if (!inside(c->text_addr, c->text, 0x10000, 0x40000))
        return "the text does not lie in the instruction RAM";
    if (c->data && !inside(c->data_addr, c->data, 0x40000, 0xB0000))
        return "the data does not lie in the data RAM";
    if (!inside(c->entry, 2, c->text_addr, c->text_addr + c->text) &&
        !inside(c->entry, 2, XIP_BASE, XIP_BASE + 0x400000))
        return "the entry point lies in no code";
    return NULL;
}

bool ecr_cpu_parse(const uint8_t *data, size_t len, struct ecr_cpu *out)
{
    memset(out, 0, sizeof *out);
    if (len < ECR_CPU_HEAD)
        return false;
    out->hashed = is_hashed_cpu(data, len);
    if (!out->hashed && get_le32(data) != MAGIC_CPU)
        return false;
    out->entry = get_le32(data + 0x08);
    out->text_addr = get_le32(data + 0x0c);
    out->text = get_le32(data + 0x10);
    out->data_addr = get_le32(data + 0x14);
    out->data = get_le32(data + 0x18);
    out->xip = get_le32(data + 0x1c);
    out->size = (uint64_t)ECR_CPU_HEAD + out->xip + out->text + out->data;
    for (size_t i = 0; i < 12 && data[0x60 + i] >= 0x20 && data[0x60 + i] < 0x7f; i++)
        out->version[i] = (char)data[0x60 + i];
    out->data_crc = get_le32(data + 0x6c);
    out->method = get_le32(data + 0x70);
    out->head_ok = get_le32(data + 0xfc) == pf_crc32(0, data, 0xfc);
    out->suspect = cpu_suspect(out);
    return true;
}

void ecr_cpu_check_init(struct ecr_cpu_check *c)
{
    memset(c, 0, sizeof *c);
    mbedtls_sha256_init(&c->sha);
    mbedtls_sha256_starts_ret(&c->sha, 0);
}

void ecr_cpu_check_feed(struct ecr_cpu_check *c, const uint8_t *data, size_t len)
{
    size_t n;

    if (c->fed < ECR_CPU_HEAD) {
        n = ECR_CPU_HEAD - (size_t)c->fed < len ? ECR_CPU_HEAD - (size_t)c->fed : len;
        memcpy(c->head + c->fed, data, n);
        c->fed += n;
        data += n;
        len -= n;
        if (c->fed == ECR_CPU_HEAD) {
            c->parsed = ecr_cpu_parse(c->head, sizeof c->head, &c->cpu);
            c->room = c->parsed ? c->cpu.size - ECR_CPU_HEAD : 0;
        }
    }
    c->fed += len;
    n = len < c->room ? len : (size_t)c->room;
    c->crc = pf_crc32(c->crc, data, n);
    mbedtls_sha256_update_ret(&c->sha, data, n);
    bk7231_text_feed(&c->text, data, n);
    c->room -= n;
}

enum ecr_proof ecr_cpu_check_end(struct ecr_cpu_check *c, char *why, size_t cap)
{
    enum ecr_signed signature;
    uint8_t hash[32];

    bk7231_text_end(&c->text);
    mbedtls_sha256_finish_ret(&c->sha, hash);
    mbedtls_sha256_free(&c->sha);
    if (c->cpu.hashed && memcmp(hash, c->head + 0x6c, 4) != 0) {
        image_text(why, cap, "SHA-256 does not start as the header says");
        return ECR_BROKEN;
    }
    signature = ecr_signature(ecr_public_key, hash, c->head + 0x20);
    if (signature == ECR_MISMATCH) {
        image_text(why, cap, "the signature is not of these bytes, or by a key of its own");
        return ECR_OTHER_KEY;
    }
    if (signature == ECR_SIGNED) {
        image_text(why, cap, "signature right");
        return ECR_PROVED;
    }
    if (c->cpu.hashed || (c->cpu.data_crc && c->cpu.data_crc == c->crc)) {
        image_text(why, cap, "not signed, checksum right");
        return ECR_PROVED;
    }
    image_text(why, cap, "neither signed nor with a known checksum: only the length is proved");
    return ECR_UNPROVED;
}

/* Entries of the jump table: `48 00 hh ll`, a jump by hh ll halfwords. */
static bool stub_vectors(const uint8_t *data, size_t len)
{
    uint32_t to = (uint32_t)get_be16(data + 2) * 2;
    unsigned jumps = 0;

    if (data[0] != 0x48 || data[1] != 0x00 || to < 4 || to >= len || to > 0x1000)
        return false;
    for (size_t i = 1; i < 9; i++)
        jumps += data[4 * i] == 0x48;
    return jumps >= 4;
}

static bool stub_ours(const uint8_t *data, size_t len, struct ecr_stub *out)
{
    struct pf_stub_mark mark;

    if (!pf_stub_mark(data, len, &mark) || !mark.chip || strcmp(mark.chip, "ecr6600") != 0)
        return false;
    pf_stub_name(mark.version, out->name, sizeof out->name);
    return true;
}

bool ecr_stub_parse(const uint8_t *data, size_t len, struct ecr_stub *out)
{
    size_t limit = len < ECR_STUB_MAX ? len : ECR_STUB_MAX;
    bool named;

    memset(out, 0, sizeof *out);
    if (len < ECR_STUB_MIN || len > 2 * ECR_STUB_MAX)
        return false;
    named = stub_ours(data, len, out) ||
            name_after(data, limit, "ECR6600F_stub", true, out->name, sizeof out->name) ||
            name_after(data, limit, "ECR6600F_customstub", true, out->name, sizeof out->name);
    if (!named && (data[0] != 0x48 || data[1] != 0x00))
        return false;
    out->sized = len <= ECR_STUB_MAX;
    out->signature = signed_bytes(data, len - ECR_SIGNATURE, data + len - ECR_SIGNATURE);
    return named || out->signature == ECR_SIGNED || stub_vectors(data, len);
}
