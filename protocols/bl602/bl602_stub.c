/* bl602_stub.c - see bl602_stub.h.
 *
 *   0  "BFNP"   100 "PCFG" clock block   116 flags   120 segments
 *   124 entry   128 entry, if that is 0  132 SHA-256 of all behind the header
 *   172 CRC-32 of 0..171                 176 per segment: 16 bytes, data
 *
 * A segment header is: where to, length, CRC-32 of the data (or 0), CRC-32 of
 * these twelve bytes. */
#include "bl602/bl602_stub.h"
#include "own_stub.h"
#include "plugflash/stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define RAM_START 0x008000u /* in any of the four aliases */
#define RAM_END   0x043000u /* the ROM works above while it loads */

#define AT_PCFG     100
#define AT_FLAGS    116
#define AT_SEGMENTS 120
#define AT_ENTRY    124
#define AT_ENTRY2   128
#define AT_HASH     132
#define AT_CRC      172

#define FLAG_SECURE  0x0000000fu /* signed, encrypted */
#define FLAG_NOT_ROM 0x00000400u

/* Builds in circulation, by the first bytes of their SHA-256. */
static const struct {
    uint8_t sha[6];
    unsigned idle_s;
    const char *name;
} stub_builds[] = {
    {{0xaf, 0x95, 0xde, 0x40, 0xe4, 0x8d}, 2, "eflash_loader of SharpBL602Tool"},
    {{0xfe, 0x27, 0xc9, 0xc4, 0xba, 0xf4}, 2, "eflash_loader of blflash"},
    {{0x79, 0xb9, 0xc6, 0xcd, 0x1b, 0xbd}, 2, "eflash_loader of DevCube 1.4.8"},
    {{0x07, 0x71, 0x2b, 0x07, 0xa0, 0x6c}, 2, "eflash_loader of OpenBL602"},
    {{0xb7, 0xda, 0x05, 0xe3, 0xcb, 0xd2}, 2, "eflash_loader of bflb-mcu-tool 1.8.1"},
    {{0xdf, 0xfa, 0x0d, 0x74, 0x65, 0xd4}, 10, "eflash_loader of bouffalo_sdk"},
    {{0x2a, 0xa4, 0x65, 0x89, 0xca, 0xbb}, 10, "eflash_loader of DevCube 1.9.0"},
};

bool bl602_stub_is_ours(const uint8_t *file, size_t len)
{
    return len >= 4 && memcmp(file, "BFNP", 4) == 0;
}

static bool stub_in_ram(uint32_t addr, uint32_t len)
{
    uint32_t alias = addr >> 24, at = addr & 0xffffff;

    if (alias != 0x22 && alias != 0x32 && alias != 0x42 && alias != 0x52)
        return false;
    return at >= RAM_START && at < RAM_END && len <= RAM_END - at;
}

/* One segment at `at`; *next is behind it. */
static enum pf_err stub_check_segment(struct pf_ctx *ctx, const uint8_t *file, size_t len,
                                      size_t at, size_t *next)
{
    const uint8_t *head = file + at;
    uint32_t dest, size;

    if (len - at < BL602_SEGMENT)
        return pf_fail(ctx, PF_ERR_FILE, "the RAM loader ends inside a segment header at 0x%zx",
                       at);
    dest = get_le32(head);
    size = get_le32(head + 4);
    if (pf_crc32(0, head, 12) != get_le32(head + 12))
        return pf_fail(ctx, PF_ERR_FILE,
                       "the RAM loader is damaged: CRC of the segment header at 0x%zx", at);
    if (size == 0 || size > len - at - BL602_SEGMENT)
        return pf_fail(ctx, PF_ERR_FILE,
                       "the RAM loader is cut: its segment at 0x%zx wants %u bytes", at,
                       (unsigned)size);
    if (!stub_in_ram(dest, size))
        return pf_fail(ctx, PF_ERR_CHIP,
                       "not a RAM loader for the BL602: it wants to be loaded to 0x%08x+0x%x",
                       (unsigned)dest, (unsigned)size);
    if (get_le32(head + 8) && get_le32(head + 8) != pf_crc32(0, head + BL602_SEGMENT, size))
        return pf_fail(ctx, PF_ERR_FILE,
                       "the RAM loader is damaged: CRC of the segment data at 0x%zx", at);
    *next = at + BL602_SEGMENT + size;
    return PF_OK;
}

static enum pf_err stub_check(struct pf_ctx *ctx, const uint8_t *file, size_t len,
                              struct bl602_stub *out)
{
    uint32_t flags, segments, entry;
    size_t at = BL602_HEADER;

    if (!bl602_stub_is_ours(file, len))
        return pf_fail(ctx, PF_ERR_CHIP,
                       "not a RAM loader for the BL602: it does not begin with \"BFNP\"");
    if (len < BL602_HEADER + BL602_SEGMENT)
        return pf_fail(ctx, PF_ERR_FILE, "the RAM loader is cut: %zu bytes", len);
    flags = get_le32(file + AT_FLAGS);
    segments = get_le32(file + AT_SEGMENTS);
    entry = get_le32(file + AT_ENTRY) ? get_le32(file + AT_ENTRY) : get_le32(file + AT_ENTRY2);
    if (segments == 0 || segments > BL602_SEGMENTS || !stub_in_ram(entry, 4))
        return pf_fail(ctx, PF_ERR_CHIP,
                       "this file boots from flash, it is no RAM loader (\"eflash_loader\")");
    if (flags & FLAG_SECURE || flags & FLAG_NOT_ROM)
        return pf_fail(ctx, PF_ERR_CHIP,
                       "this RAM loader is signed, encrypted or not for the ROM (flags 0x%08x)",
                       (unsigned)flags);
    for (unsigned i = 0; i < segments; i++)
        PF_TRY(stub_check_segment(ctx, file, len, at, &at));
    out->segments = segments;
    out->len = at;
    return PF_OK;
}

static void stub_patch(struct bl602_stub *s)
{
    memset(s->data + AT_PCFG, 0, 4);
    pf_sha256(s->data + BL602_HEADER, s->len - BL602_HEADER, s->data + AT_HASH);
    put_le32(s->data + AT_CRC, pf_crc32(0, s->data, AT_CRC));
}

static void stub_recognise(const uint8_t *file, size_t len, struct bl602_stub *s)
{
    struct pf_stub_mark own;
    uint8_t sha[32];

    s->ours = pf_stub_mark(file, len, &own);
    if (s->ours) {
        pf_stub_name(own.version, s->name, sizeof s->name);
        return;
    }
    snprintf(s->name, sizeof s->name, "unknown build");
    pf_sha256(file, len, sha);
    for (size_t i = 0; i < sizeof stub_builds / sizeof stub_builds[0]; i++)
        if (memcmp(sha, stub_builds[i].sha, sizeof stub_builds[i].sha) == 0) {
            snprintf(s->name, sizeof s->name, "%s", stub_builds[i].name);
            s->idle_s = stub_builds[i].idle_s;
        }
}

enum pf_err bl602_stub_open(struct pf_ctx *ctx, const uint8_t *file, size_t len,
                            struct bl602_stub *out)
{
    memset(out, 0, sizeof *out);
    PF_TRY(own_stub_check(ctx, "bl602", file, len));
    PF_TRY(stub_check(ctx, file, len, out));
    out->data = malloc(out->len);
    if (!out->data)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for the RAM loader");
    memcpy(out->data, file, out->len);
    stub_recognise(file, len, out);
    stub_patch(out);
    return PF_OK;
}

void bl602_stub_close(struct bl602_stub *stub)
{
    free(stub->data);
    memset(stub, 0, sizeof *stub);
}
