/* bl602_check.c - see bl602.h. */
#include "image/bl602.h"

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bl602_pack.h"

static bool hashed_at(const uint8_t *data, size_t len, const struct bl_boot *b, size_t at)
{
    uint8_t hash[32];

    if (at < BL_BOOT_HEAD || at > len || b->length == 0 || b->length > len - at)
        return false;
    pf_sha256(data + at, b->length, hash);
    return memcmp(hash, b->hash, sizeof hash) == 0;
}

size_t bl_boot2_code(const uint8_t *data, size_t len, const struct bl_boot *b)
{
    const size_t at[] = {b->offset, 0x2000, 0x1000};

    if (b->ram || b->length > BL_BOOT2_END)
        return 0;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        if (hashed_at(data, len, b, at[i]))
            return at[i];
    return 0;
}

bool bl_is_boot2(const uint8_t *data, size_t len, const struct bl_boot *b)
{
    size_t at = bl_boot2_code(data, len, b);

    if (!at || at + b->length > BL_BOOT2_END)
        return false;
    for (size_t i = at; i + 4 <= at + b->length; i++)
        if (memcmp(data + i, "oot2", 4) == 0)
            return true;
    return false;
}

bool bl_check_head(struct pf_image *img, const char *name, const struct bl_boot *b)
{
    const char *fault = bl_boot_fault(b);

    image_check(img, !*fault, name, "%s%s%s%s%s", *fault ? fault : "CRC-32 right",
                b->crc_ignored ? " (set to be ignored)" : "", b->fcfg ? "" : "; no flash settings",
                b->pcfg ? "" : "; no clock settings", b->ram ? "; for RAM" : "");
    return !*fault;
}

static void app_text(struct pf_image *img, const struct bk7231_text *text)
{
    bk7231_text_tell(text, img->firmware, sizeof img->firmware, img->version, sizeof img->version);
}

/* What follows an image is padding: one byte again and again. */
static bool padding(const uint8_t *p, size_t len)
{
    return len == 0 || ((*p == 0x00 || *p == 0xff) && memcmp(p, p + 1, len - 1) == 0);
}

bool bl_check_app(struct pf_image *img, const uint8_t *data, size_t len, bool alone)
{
    struct bl_app_check c;
    struct bl_boot b;
    uint64_t want;
    bool ok;

    if (!bl_boot_parse(data, len, &b)) {
        image_check(img, false, alone ? "length" : "app header",
                    len < BL_BOOT_HEAD ? "cut off in the header" : "no boot header");
        return false;
    }
    ok = bl_check_head(img, "app header", &b);
    if (!b.crc_ok)
        return false; /* the length cannot be believed */
    want = (uint64_t)BL_CODE + b.length;
    if (want > len) {
        image_check(img, false, alone ? "length" : "app length",
                    "cut off at %#zx, expected %#llx bytes", len, (unsigned long long)want);
        return false;
    }
    if (alone && !padding(data + want, len - (size_t)want)) {
        image_check(img, false, "length", "%#zx bytes, goes on after its end at %#llx", len,
                    (unsigned long long)want);
        ok = false;
    } else {
        image_check(img, b.length != 0, alone ? "length" : "app length",
                    "%#llx bytes, as the header says", (unsigned long long)want);
        ok &= b.length != 0;
    }
    bl_app_check_init(&c);
    bl_app_check_feed(&c, data, (size_t)want);
    if (!bl_app_check_end(&c)) {
        image_check(img, false, "app code", "SHA-256 of %#x bytes wrong", (unsigned)b.length);
        ok = false;
    } else {
        image_check(img, true, "app code", "%#x bytes, SHA-256 %s", (unsigned)b.length,
                    b.hash_ignored ? "set to be ignored: nothing proves them" : "right");
    }
    app_text(img, &c.text);
    return ok;
}

bool bl_check_table(struct pf_image *img, const char *name, const uint8_t *data, size_t len,
                    struct bl_table *out)
{
    if (!bl_table_parse(data, len, out)) {
        image_check(img, false, name, "none here");
        return false;
    }
    if (bl_table_ok(out))
        image_check(img, true, name, "%zu partitions up to %#x, age %u, both CRC-32 right",
                    out->count, (unsigned)out->end, (unsigned)out->age);
    else
        image_check(img, false, name, "%s%s%s", bl_table_fault(out), out->strange[0] ? ": " : "",
                    out->strange);
    return bl_table_ok(out);
}

bool bl_check_psm(struct pf_image *img, const uint8_t *data, size_t len)
{
    struct ef_record r;
    struct ef_count n;
    bool obk;

    ef_count(&ef_psm, data, len, &n);
    obk = ef_find(&ef_psm, data, len, "mY0bcFg", &r);
    if (n.bad || n.strange)
        image_check(img, false, "settings", "%u of %u records damaged, %u of %zu sectors strange",
                    n.bad, n.bad + n.live, n.strange, (len + EF_SECTOR - 1) / EF_SECTOR);
    else
        image_check(img, true, "settings", "%u sectors with %u records, CRC-32 right; %u blank%s",
                    n.sectors, n.live, n.blank, obk ? "; OpenBeken configuration" : "");
    if (obk && !img->firmware[0])
        image_text(img->firmware, sizeof img->firmware, "OpenBeken, by its settings");
    return !n.bad && !n.strange;
}

bool bl_check_dts(struct pf_image *img, const uint8_t *data, size_t len, bool alone)
{
    struct bl_fdt t;
    bool ok;

    if (!bl_fdt_parse(data, len, &t)) {
        image_check(img, false, alone ? "length" : "device tree", "no device tree, or cut off");
        return false;
    }
    if (t.size > len) {
        image_check(img, false, alone ? "length" : "device tree",
                    "cut off at %#zx, expected %#x bytes", len, (unsigned)t.size);
        return false;
    }
    ok = t.sound && t.wifi;
    if (!ok)
        image_check(img, false, "device tree",
                    t.sound ? "no node \"wifi\": not one of a BL602" : "its structure is damaged");
    else if (t.has_mac)
        image_check(img, true, "device tree",
                    "%#x bytes, %u nodes; MAC %02X:%02X:%02X:%02X:%02X:%02X for chips without one",
                    (unsigned)t.size, t.nodes, t.mac[0], t.mac[1], t.mac[2], t.mac[3], t.mac[4],
                    t.mac[5]);
    else
        image_check(img, true, "device tree", "%#x bytes, %u nodes", (unsigned)t.size, t.nodes);
    if (alone && !padding(data + t.size, len - t.size)) {
        image_check(img, false, "length", "%#zx bytes, goes on after its end at %#x", len,
                    (unsigned)t.size);
        ok = false;
    }
    return ok;
}
