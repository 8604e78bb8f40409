/* bk7231_code.c - see bk7231_code.h. */
#include "image/bk7231_code.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

/* The span that holds `addr`, or NULL. */
static const struct bk7231_span *view_span(const struct bk7231_view *v, uint32_t addr)
{
    for (size_t i = 0; i < v->count; i++)
        if (addr >= v->span[i].addr && addr - v->span[i].addr < v->span[i].len)
            return &v->span[i];
    return NULL;
}

bool bk7231_view_get(const struct bk7231_view *v, uint32_t addr, uint8_t *out, size_t len)
{
    while (len) {
        const struct bk7231_span *s = view_span(v, addr);
        size_t n;

        if (!s)
            return false;
        n = s->len - (addr - s->addr);
        if (n > len)
            n = len;
        memcpy(out, s->data + (addr - s->addr), n);
        out += n;
        addr += (uint32_t)n;
        len -= n;
    }
    return true;
}

size_t bk7231_view_run(const struct bk7231_view *v, uint32_t addr)
{
    size_t run = 0;

    /* A span can be passed once: overlapping ones cannot make this endless. */
    for (size_t i = 0; i < v->count; i++) {
        const struct bk7231_span *s = view_span(v, addr + (uint32_t)run);

        if (!s)
            break;
        run += s->len - (addr + (uint32_t)run - s->addr);
    }
    return run;
}

uint32_t bk7231_view_next(const struct bk7231_view *v, uint32_t addr)
{
    uint32_t next = UINT32_MAX;

    if (view_span(v, addr))
        return addr;
    for (size_t i = 0; i < v->count; i++)
        if (v->span[i].len && v->span[i].addr > addr && v->span[i].addr < next)
            next = v->span[i].addr;
    return next;
}

uint32_t bk7231_code_skip(const struct bk7231_view *v, uint32_t logical)
{
    uint32_t block = logical / BK_CODE * BK_CODE + BK_CODE;
    uint32_t next = bk7231_view_next(v, bk7231_physical(block));

    return next == UINT32_MAX ? next : next / BK_CODED * BK_CODE;
}

void bk7231_count_blocks(const struct bk7231_view *v, uint32_t addr, size_t len,
                         struct bk7231_blocks *out)
{
    uint8_t block[BK_CODED];

    memset(out, 0, sizeof *out);
    for (size_t at = 0; at + BK_CODED <= len; at += BK_CODED) {
        if (!bk7231_view_get(v, addr + (uint32_t)at, block, sizeof block))
            continue;
        switch (bk7231_block_check(block)) {
        case BK_BLOCK_GOOD:
            out->good++;
            break;
        case BK_BLOCK_BLANK:
            out->blank++;
            break;
        case BK_BLOCK_BAD:
            if (!out->bad++)
                out->first_bad = addr + (uint32_t)at;
            break;
        }
    }
}

bool bk7231_is_coded(const struct bk7231_view *v, uint32_t addr)
{
    struct bk7231_blocks n;

    bk7231_count_blocks(v, addr, 16 * BK_CODED, &n);
    return n.good && n.good >= 3 * n.bad;
}

bool bk7231_code_get(const struct bk7231_view *v, const struct bk7231_key *key, uint32_t logical,
                     uint8_t *out, size_t len)
{
    while (len) {
        size_t n = BK_CODE - logical % BK_CODE;

        if (n > len)
            n = len;
        if (!bk7231_view_get(v, bk7231_physical(logical), out, n))
            return false;
        if (key)
            bk7231_crypt(key, logical, out, n);
        out += n;
        logical += (uint32_t)n;
        len -= n;
    }
    return true;
}

bool bk7231_is_vectors(const uint8_t code[32])
{
    unsigned loads = 0;

    for (size_t i = 1; i < 8; i++)
        loads += get_le32(code + 4 * i) >> 12 == 0xE59FF; /* ldr pc, [pc, #..] */
    return code[3] == 0xEA && loads >= 6;
}

bool bk7231_find_key(const struct bk7231_view *v, uint32_t logical, const struct bk7231_key *hint,
                     struct bk7231_key *out)
{
    uint8_t raw[32], code[32];

    if (!bk7231_code_get(v, NULL, logical, raw, sizeof raw))
        return false;
    for (size_t i = 0; i <= BK7231_KEYS; i++) {
        const struct bk7231_key *key = i ? &bk7231_keys[i - 1] : hint;

        if (!key)
            continue;
        memcpy(code, raw, sizeof code);
        bk7231_crypt(key, logical, code, sizeof code);
        if (bk7231_is_vectors(code)) {
            *out = *key;
            return true;
        }
    }
    return false;
}

/* 0x48 behind a marker: Tuya loaders; 0x3c: T 1.0.4; 0x1f08: Beken 1.0.8 and
 * 1.0.13. The last two have no marker: only words equal to a known key count,
 * anything else there may be code. */
bool bk7231_loader_key(const struct bk7231_view *v, const struct bk7231_key *key,
                       struct bk7231_key *out, uint32_t *at)
{
    static const uint8_t marker[4] = {0xEE, 0xBB, 0xAA, 0x10};
    static const uint32_t bare[] = {0x3c, 0x1f08};
    uint8_t code[20];

    if (bk7231_code_get(v, key, 0x44, code, sizeof code) && memcmp(code, marker, 4) == 0) {
        bk7231_key_get(code + 4, out);
        *at = 0x48;
        return true;
    }
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        if (!bk7231_code_get(v, key, bare[i], code, 16))
            continue;
        bk7231_key_get(code, out);
        *at = bare[i];
        if (strcmp(out->name, "own") != 0 && strcmp(out->name, "zero") != 0)
            return true;
    }
    return false;
}

/* Is there "BK7xxx_" with a version at `p`? Copies it, NUL-terminated. */
static bool version_at(const uint8_t *p, size_t len, char *out)
{
    size_t n = 0;

    if (len < 12 || memcmp(p, "BK7", 3) != 0)
        return false;
    while (n < len && n < 31 && p[n] > 0x20 && p[n] < 0x7f)
        n++;
    if (n < 9 || n == len || p[n] != '\0')
        return false;
    memcpy(out, p, n);
    out[n] = '\0';
    return strchr(out, '_') && strchr(out, '.') && bk7231_chip_of_version(out);
}

bool bk7231_loader_version(const struct bk7231_view *v, const struct bk7231_key *key, char *out)
{
    uint8_t window[2 * BK_CODE]; /* a version that starts in the first half ends in the second */

    if (bk7231_code_get(v, key, 0x94, window, BK_CODE) && version_at(window, BK_CODE, out))
        return true;
    for (uint32_t at = 0; at < BK_LOGICAL_APP; at = bk7231_code_skip(v, at)) {
        if (!bk7231_code_get(v, key, at, window, sizeof window))
            continue;
        for (size_t i = 0; i < BK_CODE; i++)
            if (window[i] == 'B' && version_at(window + i, sizeof window - i, out))
                return true;
    }
    return false;
}

const char *bk7231_chip_of_version(const char *version)
{
    /* The T die calls itself S (reference 1). */
    static const char *const names[][2] = {
        {"BK7231S_", "bk7231t"}, {"BK7231T_", "bk7231t"}, {"BK7231N_", "bk7231n"},
        {"BK7231U_", "bk7231u"}, {"BK7231Q_", "bk7231q"}, {"BK7231_", "bk7231q"},
        {"BK7231M_", "bk7231m"}, {"BK7238_", "bk7238"},   {"BK7251_", "bk7251"},
        {"BK7252_", "bk7252"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(version, names[i][0], strlen(names[i][0])) == 0)
            return names[i][1];
    return NULL;
}

bool bk7231_rbl_at(const struct bk7231_view *v, uint32_t addr, struct bk7231_rbl *out)
{
    uint8_t coded[RBL_CODED], header[RBL_SIZE];

    memset(out, 0, sizeof *out);
    if (!bk7231_view_get(v, addr, coded, sizeof coded) || memcmp(coded, "RBL", 4) != 0)
        return false;
    out->addr = addr;
    out->coded = true;
    for (size_t i = 0; i < RBL_CODED; i += BK_CODED)
        out->coded &= bk7231_block_check(coded + i) == BK_BLOCK_GOOD;
    bk7231_crc16_strip(coded, sizeof coded, header);
    return rbl_parse(header, &out->rbl);
}

/* Sums over `size` code bytes from physical `start`; `key` not NULL: hash what
 * they decrypt to. */
static bool code_sums(const struct bk7231_view *v, uint32_t start, uint32_t size,
                      const struct bk7231_key *key, uint32_t *crc, uint32_t *hash)
{
    uint32_t logical = bk7231_logical(start);
    uint8_t code[BK_CODE];

    *crc = 0;
    *hash = FNV1A_START;
    for (uint32_t done = 0; done < size;) {
        uint32_t n = size - done < BK_CODE ? size - done : BK_CODE;

        if (!bk7231_code_get(v, NULL, logical + done, code, n))
            return false;
        *crc = pf_crc32(*crc, code, n);
        if (key)
            bk7231_crypt(key, logical + done, code, n);
        *hash = fnv1a(*hash, code, n);
        done += n;
    }
    return true;
}

void bk7231_rbl_check(const struct bk7231_view *v, uint32_t start, const struct bk7231_key *key,
                      struct bk7231_rbl *rbl)
{
    const struct rbl *r = &rbl->rbl;
    uint32_t crc, plain;

    rbl->have_data = rbl->crc_ok = rbl->hash_ok = false;
    if (rbl->addr < start || r->raw_size > bk7231_logical(rbl->addr - start) ||
        !code_sums(v, start, r->raw_size, NULL, &crc, &rbl->hash))
        return;
    rbl->have_data = true;
    rbl->hash_ok = rbl->hash == r->raw_hash;
    if (rbl_pad_crc(r, crc, &rbl->crc))
        rbl->crc_ok = rbl->crc == r->package_crc;
    if (r->crypt == RBL_CRYPT_NONE && r->compress == RBL_COMPRESS_NONE)
        return;
    /* A header that came with an OTA package: its package is gone, its hash is
     * that of the code before flash encryption. */
    if (!rbl->hash_ok && key && code_sums(v, start, r->raw_size, key, &crc, &plain) &&
        plain == r->raw_hash)
        rbl->hash_ok = true;
    rbl->crc_ok |= rbl->hash_ok;
}

/* Take the header at `addr` if it is better than what `out` holds; true when
 * its data is right, so that there is no better one. */
static bool app_rbl_try(const struct bk7231_view *v, uint32_t addr, const struct bk7231_key *key,
                        bool *any, struct bk7231_rbl *out)
{
    struct bk7231_rbl found;

    if (!bk7231_rbl_at(v, addr, &found) || (*any && !found.rbl.header_ok))
        return false;
    bk7231_rbl_check(v, BK_LOADER, key, &found);
    if (!*any || found.crc_ok)
        *out = found;
    *any = true;
    return found.crc_ok;
}

bool bk7231_app_rbl(const struct bk7231_view *v, uint32_t end, const struct bk7231_key *key,
                    struct bk7231_rbl *out)
{
    enum { TRIES = 6 }; /* bounds the data read for headers planted by the dozen */
    const uint32_t usual[] = {
        end >= BK_LOADER + RBL_CODED ? end - RBL_CODED : 0,
        BK_LOADER + BK_APP_OBK_T - RBL_CODED,
        BK_LOADER + BK_APP_TUYA - RBL_CODED,
    };
    uint32_t stop = BK_LOADER + (uint32_t)bk7231_view_run(v, BK_LOADER);
    uint8_t window[1024];
    bool any = false;

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i] && app_rbl_try(v, usual[i], key, &any, out))
            return true;
    if (stop > BK_FLASH)
        stop = BK_FLASH;
    /* Anywhere: windows overlap by the three bytes that a magic may straddle. */
    for (uint32_t at = BK_LOADER, tries = 0; at + RBL_CODED <= stop && tries < TRIES;
         at += sizeof window - 3) {
        size_t n = stop - at < sizeof window ? stop - at : sizeof window;

        if (!bk7231_view_get(v, at, window, n))
            break;
        for (size_t i = 0; i + 4 <= n && tries < TRIES; i++)
            if (window[i] == 'R' && memcmp(window + i, "RBL", 4) == 0) {
                tries++;
                if (app_rbl_try(v, at + (uint32_t)i, key, &any, out))
                    return true;
            }
    }
    return any;
}

bool bk7231_app_rbl_usual(const struct bk7231_rbl *rbl, uint32_t end)
{
    return rbl->addr == BK_LOADER + BK_APP_OBK_T - RBL_CODED ||
           rbl->addr == BK_LOADER + BK_APP_TUYA - RBL_CODED || rbl->addr + RBL_CODED == end;
}

/* One 64-byte record: magic, name[24], device[24], offset, length, reserved. */
static bool partition_parse(const uint8_t record[64], struct bk7231_partition *out)
{
    static const char device[] = "beken_onchip";
    uint32_t offset = get_le32(record + 52), len = get_le32(record + 56);
    size_t n = 0;

    if (memcmp(record, "01PE", 4) != 0 || memcmp(record + 28, device, sizeof device - 1) != 0)
        return false;
    for (; n < 24 && record[4 + n]; n++) {
        if (record[4 + n] < 0x20 || record[4 + n] >= 0x7f)
            return false;
        out->name[n] = (char)record[4 + n];
    }
    if (n == 0 || n == 24 || len == 0 || offset > BK_FLASH_MAX || len > BK_FLASH_MAX - offset)
        return false;
    out->name[n] = '\0';
    out->addr = offset;
    out->len = len;
    if (memcmp(record + 28, "beken_onchip_crc", 16) == 0) { /* logical */
        out->addr = bk7231_physical(offset);
        out->len = bk7231_physical(len);
    }
    return true;
}

size_t bk7231_partitions(const struct bk7231_view *v, const struct bk7231_key *key,
                         struct bk7231_partition out[BK_PARTITIONS])
{
    size_t count = 0;

    /* Loaders leave the table in clear; ask for the encrypted form second. */
    for (unsigned pass = 0; pass < 2 && !count; pass++) {
        const struct bk7231_key *k = pass ? key : NULL;
        uint8_t code[BK_CODE], record[64];

        if (pass && !key)
            break;
        for (uint32_t at = 0; at < BK_LOGICAL_APP; at = bk7231_code_skip(v, at)) {
            if (!bk7231_code_get(v, k, at, code, sizeof code))
                continue;
            for (uint32_t i = 0; i < BK_CODE && count < BK_PARTITIONS; i += 4)
                if (code[i] == '0' && memcmp(code + i, "01PE", 4) == 0 &&
                    bk7231_code_get(v, k, at + i, record, sizeof record) &&
                    partition_parse(record, &out[count]))
                    count++;
        }
    }
    return count;
}
