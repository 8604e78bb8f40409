/* bl602.c - files of a BL602, told by their first bytes. */
#include "image/bl602.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bl602_pack.h"
#include "plugflash/stub.h"

static bool has(const uint8_t *data, size_t len, size_t at, const char *bytes, size_t n)
{
    return at <= len && len - at >= n && memcmp(data + at, bytes, n) == 0;
}

static void name_it(struct pf_image *out, enum pf_image_kind kind, const char *title)
{
    const struct pf_image_check *fault = image_fault(out);
    const char *state = "";

    if (fault)
        state = strncmp(fault->text, "cut off", 7) == 0 ? ", cut off" : ", damaged";
    out->kind = kind;
    out->family = "bl602";
    out->chip = "bl602";
    image_text(out->why_chip, sizeof out->why_chip, "its format");
    image_text(out->title, sizeof out->title, "%s%s", title, state);
}

/* OTA package -------------------------------------------------------------- */

static bool feed_app(void *arg, const uint8_t *data, size_t len)
{
    bl_app_check_feed(arg, data, len);
    return true;
}

static void check_payload(struct pf_image *out, const struct bl_ota *ota, const uint8_t *data,
                          size_t len)
{
    struct bl_app_check c;
    enum unpacked result;
    const char *fault;
    bool ok;

    bl_app_check_init(&c);
    result = bl_ota_unpack(ota, data, len, feed_app, &c);
    ok = bl_app_check_end(&c);
    fault = bl_boot_fault(&c.boot);
    if (result != UNPACK_OK)
        image_check(out, false, "payload", "%s of %#x bytes %s", ota->xz ? "xz stream" : "image",
                    (unsigned)ota->length, unpacked_text(result));
    else if (!c.parsed || c.boot.ram)
        image_check(out, false, "payload", "%#llx bytes that are no application",
                    (unsigned long long)c.fed);
    else if (ota->unpacked && ota->unpacked != c.fed)
        image_check(out, false, "payload", "unpacks to %#llx bytes, expected %#x",
                    (unsigned long long)c.fed, (unsigned)ota->unpacked);
    else
        image_check(out, ok && !*fault, "payload", "application of %#x bytes, SHA-256 %s%s%s",
                    (unsigned)c.boot.length, ok ? "right" : "wrong", *fault ? "; " : "", fault);
    bk7231_text_tell(&c.text, out->firmware, sizeof out->firmware, out->version,
                     sizeof out->version);
}

static bool probe_ota(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bl_ota ota;
    uint8_t hash[32];

    if (!has(data, len, 0, "BL60X_OTA", 9))
        return false;
    if (!bl_ota_parse(data, len, &ota)) {
        image_check(out, false, "length", "cut off at %#zx, in the header", len);
    } else if (ota.length > len - BL_OTA_HEAD) {
        image_check(out, false, "length", "cut off at %#zx, expected %#llx bytes", len,
                    (unsigned long long)ota.length + BL_OTA_HEAD);
    } else if (ota.length != len - BL_OTA_HEAD) {
        image_check(out, false, "length", "%#zx bytes, the header says %#llx", len,
                    (unsigned long long)ota.length + BL_OTA_HEAD);
    } else {
        image_check(out, true, "length", "%#zx bytes, as the header says", len);
        pf_sha256(data + BL_OTA_HEAD, ota.length, hash);
        image_check(out, memcmp(hash, ota.hash, sizeof hash) == 0, "package",
                    "for %s, version %s, SHA-256 %s", ota.hardware, ota.version,
                    memcmp(hash, ota.hash, sizeof hash) == 0 ? "right" : "wrong");
        check_payload(out, &ota, data, len);
        if (!out->version[0])
            image_text(out->version, sizeof out->version, "%s", ota.version);
    }
    name_it(out, PF_IMAGE_BL_OTA, "BL602 OTA package");
    return true;
}

/* Files with a boot header ------------------------------------------------- */

static void check_segments(struct pf_image *out, const uint8_t *data, size_t len,
                           const struct bl_boot *b)
{
    size_t at = BL_BOOT_HEAD;
    struct bl_segment s;
    uint8_t hash[32];
    bool ok = true;

    if (b->length == 0 || b->length > 16) {
        image_check(out, false, "segments", "%u: no such loader is known", (unsigned)b->length);
        return;
    }
    for (uint32_t i = 0; i < b->length; i++) {
        if (!bl_segment_next(data, len, &at, &s)) {
            image_check(out, false, "length", "cut off at %#zx, in segment %u of %u", len,
                        (unsigned)i + 1, (unsigned)b->length);
            return;
        }
        ok &= s.head_ok && s.data_ok && s.ram;
    }
    image_check(out, ok, "segments", "%u, the last of %#x bytes at %#x%s", (unsigned)b->length,
                (unsigned)s.len, (unsigned)s.addr, ok ? "" : ": CRC-32 or address wrong");
    image_check(out, at == len, "length", at == len ? "%#zx bytes" : "%#zx bytes, ends at %#zx",
                len, at);
    pf_sha256(data + BL_BOOT_HEAD, at - BL_BOOT_HEAD, hash);
    image_check(out, b->hash_ignored || memcmp(hash, b->hash, sizeof hash) == 0, "hash",
                b->hash_ignored                           ? "set to be ignored"
                : memcmp(hash, b->hash, sizeof hash) == 0 ? "SHA-256 right"
                                                          : "SHA-256 wrong");
}

static bool probe_loader(const uint8_t *data, size_t len, bool zipped, struct pf_image *out)
{
    char title[sizeof out->title], name[40] = "eflash_loader";
    struct pf_stub_mark mark;
    struct bl_boot b;

    if (!bl_boot_parse(data, len, &b) || !b.ram)
        return false;
    bl_check_head(out, "header", &b);
    image_check(out, len <= BL_LOADER_MAX, "size", "%#zx of at most %#x bytes", len, BL_LOADER_MAX);
    check_segments(out, data, len, &b);
    if (pf_stub_mark(data, len, &mark))
        pf_stub_name(mark.version, name, sizeof name);
    image_text(title, sizeof title, "BL602 RAM stub (%s)%s", name, zipped ? ", gzipped" : "");
    name_it(out, PF_IMAGE_BL_LOADER, title);
    return true;
}

static bool is_flash(const uint8_t *data, size_t len, const struct bl_boot *b)
{
    if (has(data, len, BL_TABLE, "BFPT", 4) || has(data, len, BL_TABLE + BL_TABLE_COPY, "BFPT", 4))
        return true;
    /* Both tables gone: the size, and a first image that ends before them. */
    return len >= 0x100000 && (len & (len - 1)) == 0 && b->crc_ok &&
           (uint64_t)b->offset + b->length <= BL_BOOT2_END;
}

static bool probe_boot(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bl_boot b;
    bool flash;

    if (!has(data, len, 0, "BFNP", 4))
        return false;
    if (!bl_boot_parse(data, len, &b)) {
        image_check(out, false, "length", "cut off at %#zx, in the header", len);
        name_it(out, PF_IMAGE_BL_APP, "BL602 image with boot header");
        return true;
    }
    if (b.ram && probe_loader(data, len, false, out))
        return true;
    flash = is_flash(data, len, &b);
    if (flash && len > BL_TABLE) {
        bl_inspect_flash(data, len, out);
        name_it(out, PF_IMAGE_BL_BACKUP,
                out->flash_size ? "BL602 whole flash backup" : "BL602 whole flash image");
        return true;
    }
    if (bl_is_boot2(data, len, &b)) {
        bl_check_head(out, "boot2 header", &b);
        image_check(out, true, "boot2", "%#x bytes, SHA-256 right", (unsigned)b.length);
        name_it(out, PF_IMAGE_BL_BOOT2, "BL602 boot2 (second-stage loader)");
        return true;
    }
    bl_check_app(out, data, len, true);
    image_part(out, "app", 0, len, BL_FW);
    name_it(out, PF_IMAGE_BL_APP, "BL602 application");
    return true;
}

/* Tables, settings, device trees ------------------------------------------- */

static bool probe_table(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bl_table t;
    size_t room = len < BL_TABLE_COPY ? len : BL_TABLE_COPY;

    if (!has(data, len, 0, "BFPT", 4))
        return false;
    if (bl_check_table(out, "table", data, room, &t) || t.size > len)
        image_check(out, t.size <= len && len <= BL_TABLE_LEN, "length", "%s%#zx of %#zx bytes",
                    t.size > len ? "cut off at " : "", len, t.size);
    if (len > BL_TABLE_COPY)
        bl_check_table(out, "second table", data + BL_TABLE_COPY, len - BL_TABLE_COPY, &t);
    image_part(out, "table", 0, room, BL_TABLE);
    if (len > BL_TABLE_COPY)
        image_part(out, "table 2", BL_TABLE_COPY, len - BL_TABLE_COPY, BL_TABLE + BL_TABLE_COPY);
    name_it(out, PF_IMAGE_BL_PARTITION, "BL602 partition table");
    return true;
}

static bool probe_psm(const uint8_t *data, size_t len, struct pf_image *out)
{
    if (!ef_is_sector(&ef_psm, data, len) || len > BL_FLASH_MAX)
        return false;
    image_check(out, len % EF_SECTOR == 0, "length", "%s%#zx bytes",
                len % EF_SECTOR ? "cut off at " : "", len);
    bl_check_psm(out, data, len);
    name_it(out, PF_IMAGE_BL_PSM, "BL602 settings area (PSM)");
    return true;
}

static bool probe_dts(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bl_fdt t;

    if (!has(data, len, 0, "\xd0\x0d\xfe\xed", 4))
        return false;
    if (bl_fdt_parse(data, len, &t) && t.sound && !t.wifi)
        return false; /* of some other machine */
    if (bl_check_dts(out, data, len, true))
        image_check(out, true, "length", "%#x of %#zx bytes in use", (unsigned)t.size, len);
    name_it(out, PF_IMAGE_BL_DTS, "BL602 device tree blob (factory parameters)");
    return true;
}

/* An application as the linker gives it: RISC-V code for 0x23000000 without any
 * header. Told by how often a function returns (c.ret, 82 80) and by words that
 * point into itself; by chance neither is found so often. */
static bool probe_plain(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bk7231_text text = {0};
    size_t returns = 0, pointers = 0;

    if (len < 0x1000 || len > BL_APP_MAX)
        return false;
    for (size_t i = 0; i + 2 <= len; i += 2)
        returns += data[i] == 0x82 && data[i + 1] == 0x80;
    for (size_t i = 0; i + 4 <= len; i += 4)
        pointers += get_le32(data + i) - BL_XIP < len;
    if (returns < 16 + len / 4096 || pointers < 16 + len / 8192)
        return false;
    bk7231_text_feed(&text, data, len);
    bk7231_text_end(&text);
    bk7231_text_tell(&text, out->firmware, sizeof out->firmware, out->version, sizeof out->version);
    image_check(out, true, "code", "RISC-V, %zu returns, %zu pointers; nothing in it proves it",
                returns, pointers);
    name_it(out, PF_IMAGE_BL_PLAIN, "BL602 application without a boot header");
    return true;
}

static bool probe_gzip(const uint8_t *data, size_t len, struct pf_image *out)
{
    bool found = false;
    uint8_t *plain;
    size_t n;

    if (!has(data, len, 0, "\x1f\x8b\x08", 3) || len > BL_LOADER_MAX)
        return false;
    plain = malloc(BL_LOADER_MAX);
    if (!plain)
        return false;
    n = unpack_gzip(data, len, plain, BL_LOADER_MAX);
    if (n)
        found = probe_loader(plain, n, true, out);
    free(plain);
    return found;
}

bool image_probe_bl602(const uint8_t *data, size_t len, struct pf_image *out)
{
    return probe_ota(data, len, out) || probe_boot(data, len, out) || probe_table(data, len, out) ||
           probe_psm(data, len, out) || probe_dts(data, len, out) || probe_gzip(data, len, out);
}

bool image_probe_bl602_plain(const uint8_t *data, size_t len, struct pf_image *out)
{
    return probe_plain(data, len, out);
}
