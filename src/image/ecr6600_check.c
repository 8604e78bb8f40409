/* ecr6600_check.c - see ecr6600.h. */
#include "image/ecr6600.h"

#include <stdio.h>
#include <string.h>

#include "core/checksum.h"

static const char *signed_text(enum ecr_signed s)
{
    switch (s) {
    case ECR_SIGNED:
        return "signature right";
    case ECR_UNSIGNED:
        return "not signed";
    default:
        return "signed with a key of its own";
    }
}

bool ecr_check_table(struct pf_image *img, const uint8_t *data, size_t len, struct ecr_table *out)
{
    bool ok;

    if (!ecr_table_parse(data, len, out)) {
        image_check(img, false, "partition table", "none at 0x0");
        return false;
    }
    ok = ecr_table_ok(out);
    if (out->bad)
        image_check(img, false, "partition table", "%u records damaged, the first at %#zx",
                    out->bad, out->bad_at);
    else if (out->wrong)
        image_check(img, false, "partition table", "record \"%s\" makes no sense", out->wrong_name);
    else
        image_check(img, ok, "partition table", "%zu partitions up to %#x, CRC-32 right%s",
                    out->count, (unsigned)out->end,
                    ok ? "" : ", but partition, uboot or cpu is missing");
    return ok;
}

/* Is what a file has beyond an image nothing but padding? */
static bool tail_ok(const uint8_t *data, size_t len, uint64_t used)
{
    return used <= len && pf_is_blank(data + used, len - (size_t)used);
}

/* The length of an image: in a file of its own it decides what else is said. */
static bool check_length(struct pf_image *img, const char *name, const uint8_t *data, size_t len,
                         uint64_t want, enum ecr_where where)
{
    if (want > len)
        image_check(img, false, name, "cut off at %#zx, expected %#llx bytes", len,
                    (unsigned long long)want);
    else if (where != ECR_FLASH_SPAN && !tail_ok(data, len, want))
        image_check(img, false, name, "%#zx bytes, goes on after its end at %#llx", len,
                    (unsigned long long)want);
    else
        image_check(img, true, name, "%#llx bytes, as the header says", (unsigned long long)want);
    return want <= len && (where == ECR_FLASH_SPAN || tail_ok(data, len, want));
}

bool ecr_check_uboot(struct pf_image *img, const uint8_t *data, size_t len, enum ecr_where where)
{
    struct ecr_uboot u;
    bool ok;

    if (!ecr_uboot_parse(data, len, &u)) {
        image_check(img, false, where == ECR_FILE ? "length" : "uboot header",
                    len < ECR_UBOOT_HEAD ? "cut off in the header" : "no uboot header");
        return false;
    }
    ok = u.head_ok && u.entry == 0x800AC;
    image_check(img, ok, "uboot header", "entry %#x, CRC-32 %s", (unsigned)u.entry,
                u.head_ok ? "right" : "wrong");
    if (!u.head_ok)
        return false; /* the length cannot be believed */
    image_text(img->loader, sizeof img->loader, "uboot%s%s", u.version[0] ? " " : "", u.version);
    if (!check_length(img, where == ECR_FILE ? "length" : "uboot length", data, len,
                      (uint64_t)ECR_UBOOT_HEAD + u.body, where))
        return false;
    if (u.body > ECR_UBOOT_ROOM - ECR_UBOOT_HEAD) {
        image_check(img, false, "uboot size", "%#x bytes do not fit %#x", (unsigned)u.body,
                    ECR_UBOOT_ROOM - ECR_UBOOT_HEAD);
        ok = false;
    }
    image_check(img, u.crc_ok, "uboot code", "CRC-32 expected %08x: %s; %s", (unsigned)u.crc,
                u.crc_ok ? "right" : "wrong", signed_text(u.signature));
    return ok && u.crc_ok;
}

static void cpu_text(struct pf_image *img, const struct ecr_cpu_check *c)
{
    char version[sizeof img->version];

    image_text(img->version, sizeof img->version, "%s", c->cpu.version);
    bk7231_text_tell(&c->text, img->firmware, sizeof img->firmware, version, sizeof version);
    if (version[0])
        image_text(img->version, sizeof img->version, "%s", version);
}

bool ecr_check_cpu(struct pf_image *img, const uint8_t *data, size_t len, enum ecr_where where)
{
    struct ecr_cpu_check c;
    enum ecr_proof proof;
    struct ecr_cpu cpu;
    char why[96];
    bool ok, proved;

    if (!ecr_cpu_parse(data, len, &cpu)) {
        image_check(img, false, where == ECR_FILE ? "length" : "cpu header",
                    len < ECR_CPU_HEAD ? "cut off in the header" : "no application header");
        return false;
    }
    ok = cpu.head_ok && !cpu.suspect;
    image_check(img, ok, "cpu header", "version %s, entry %#x, CRC-32 %s%s%s", cpu.version,
                (unsigned)cpu.entry, cpu.head_ok ? "right" : "wrong", cpu.suspect ? "; " : "",
                cpu.suspect ? cpu.suspect : "");
    if (!cpu.head_ok)
        return false;
    image_text(img->version, sizeof img->version, "%s", cpu.version);
    if (!check_length(img, where == ECR_FILE ? "length" : "cpu length", data, len, cpu.size, where))
        return false;
    ecr_cpu_check_init(&c);
    ecr_cpu_check_feed(&c, data, (size_t)cpu.size);
    proof = ecr_cpu_check_end(&c, why, sizeof why);
    /* Whose key the firmware of a device is signed with is its maker's business;
     * in a file to be written nothing else would show a changed byte. */
    proved = proof != ECR_BROKEN && (proof != ECR_OTHER_KEY || where == ECR_FLASH_SPAN);
    image_check(img, proved, "cpu code", "%#x in place, %#x text, %#x data: %s", (unsigned)cpu.xip,
                (unsigned)cpu.text, (unsigned)cpu.data, why);
    cpu_text(img, &c);
    return ok && proved;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 17 characters AA:BB:CC:DD:EE:FF; the SDK takes it when the first octet is
 * even (reference 4.6). */
static bool mac_text(const uint8_t *p, size_t len, uint8_t mac[6])
{
    if (len == 18 && p[17] == '\0')
        len = 17;
    if (len != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        int high = hex_digit(p[3 * i]), low = hex_digit(p[3 * i + 1]);

        if (high < 0 || low < 0 || (i < 5 && p[3 * i + 2] != ':'))
            return false;
        mac[i] = (uint8_t)(high << 4 | low);
    }
    return (mac[0] & 1) == 0;
}

bool ecr_nv_mac(const uint8_t *data, size_t len, uint8_t mac[6])
{
    struct ef_record r;
    uint8_t found[6];

    if (!ef_find(&ef_nv, data, len, "mac", &r) || !mac_text(r.value, r.value_len, found))
        return false;
    memcpy(mac, found, sizeof found);
    return true;
}

bool ecr_nv_is_amt(const uint8_t *data, size_t len)
{
    static const char *const names[] = {"mac",        "txPower",   "txGainFlag", "FineTune",
                                        "CoarseTune", "loLeakage", "FinishFlag"};
    struct ef_record r;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ef_find(&ef_nv, data, len, names[i], &r))
            return true;
    return false;
}

bool ecr_check_nv(struct pf_image *img, const char *name, const uint8_t *data, size_t len)
{
    const bool amt = ecr_nv_is_amt(data, len);
    struct ef_count n;
    uint8_t mac[6];
    bool ok;

    ef_count(&ef_nv, data, len, &n);
    ok = !n.bad && !n.strange;
    if (n.bad)
        image_check(img, false, name, "%u of %u records damaged, the first at %#zx", n.bad,
                    n.bad + n.live, n.first_bad);
    else if (n.strange)
        image_check(img, false, name, "%u of %zu sectors are no NV sectors", n.strange,
                    (len + EF_SECTOR - 1) / EF_SECTOR);
    else
        image_check(img, true, name, "%u sectors with %u records, CRC-32 right; %u blank",
                    n.sectors, n.live, n.blank);
    if (!img->has_mac && ecr_nv_mac(data, len, mac)) {
        img->has_mac = true;
        memcpy(img->mac, mac, sizeof mac);
    }
    if (amt && !img->has_mac)
        image_check(img, true, "mac",
                    "no record: the device shows the MAC of its flash chip, or "
                    "00:06:06:00:00:00");
    return ok;
}
