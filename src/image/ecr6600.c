/* ecr6600.c - files of an ECR6600, told by their first bytes. */
#include "image/ecr6600.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/ecr6600_pack.h"

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
    out->family = "ecr6600";
    out->chip = "ecr6600";
    image_text(out->why_chip, sizeof out->why_chip, "its format");
    image_text(out->title, sizeof out->title, "%s%s", title, state);
}

/* All-in-one --------------------------------------------------------------- */

struct segments {
    struct ecr_entry flash[PF_IMAGE_PARTS];
    size_t count, over; /* kept; more than can be kept */
    unsigned stubs, strange;
    uint8_t strange_type;
};

static void insert_segment(struct segments *s, const struct ecr_entry *e)
{
    size_t at = s->count;

    if (at == PF_IMAGE_PARTS) {
        s->over++;
        return;
    }
    for (; at > 0 && s->flash[at - 1].addr > e->addr; at--)
        s->flash[at] = s->flash[at - 1];
    s->flash[at] = *e;
    s->count++;
}

static void check_stub_entry(struct pf_image *out, const uint8_t *data, const struct ecr_entry *e)
{
    struct ecr_stub stub;
    bool ok = ecr_stub_parse(data + e->offset, e->len, &stub) && stub.sized;

    image_check(out, ok, "stub",
                ok ? "%#x bytes for RAM at %#x, never written to flash"
                   : "%#x bytes for RAM at %#x are no stub",
                (unsigned)e->len, (unsigned)e->addr);
}

static void read_entries(struct pf_image *out, struct ecr_oneb *o, struct segments *s)
{
    struct ecr_entry e;

    while (ecr_oneb_next(o, &e)) {
        if (e.type == ECR_ONEB_FLASH) {
            insert_segment(s, &e);
        } else if (e.type == ECR_ONEB_STUB) {
            if (s->stubs++ == 0)
                check_stub_entry(out, o->data, &e);
        } else if (s->strange++ == 0) {
            s->strange_type = e.type;
        }
    }
}

static void check_entries(struct pf_image *out, const struct ecr_oneb *o, const struct segments *s)
{
    if (o->cut)
        image_check(out, false, "length", "cut off at %#zx, in entry %u of %u", o->len, o->next + 1,
                    o->count);
    else if (o->at != o->len)
        image_check(out, false, "length", "%#zx bytes, goes on after its end at %#zx", o->len,
                    o->at);
    else
        image_check(out, true, "length", "%#zx bytes, %u entries", o->len, o->count);
    if (s->strange)
        image_check(out, false, "entries", "%u of an unknown type, the first of type %u",
                    s->strange, s->strange_type);
    if (s->over)
        image_check(out, false, "entries", "%zu flash segments, at most %d are known to be used",
                    s->count + s->over, PF_IMAGE_PARTS);
    if (!s->count && !o->cut)
        image_check(out, false, "entries", "no flash segment in it");
}

/* Segments are whole sectors' worth at sector bounds, inside a flash, and do
 * not touch each other. */
static void check_layout(struct pf_image *out, const struct segments *s)
{
    uint64_t end = 0;

    for (size_t i = 0; i < s->count; i++) {
        const struct ecr_entry *e = &s->flash[i];

        if (e->addr % EF_SECTOR != 0 || e->len == 0 || e->len > ECR_FLASH_MAX ||
            e->addr > ECR_FLASH_MAX - e->len) {
            image_check(out, false, "segments", "%#x bytes at %#x: no place of a flash segment",
                        (unsigned)e->len, (unsigned)e->addr);
            return;
        }
        if (e->addr < end) {
            image_check(out, false, "segments", "the one at %#x overlaps the one before",
                        (unsigned)e->addr);
            return;
        }
        end = ((uint64_t)e->addr + e->len + EF_SECTOR - 1) / EF_SECTOR * EF_SECTOR;
    }
}

/* A segment by its contents, and whether it stands where that belongs. */
static void check_segment(struct pf_image *out, const uint8_t *p, const struct ecr_entry *e,
                          const struct ecr_table *table)
{
    const struct ecr_partition *cpu = ecr_table_find(table, "cpu");
    struct ecr_table again;
    const char *name = "data";
    uint32_t place = e->addr, room = e->len;

    if (ef_is_sector(&ef_partition, p, e->len)) {
        name = "partition";
        place = 0;
        room = ECR_TABLE;
        ecr_check_table(out, p, e->len, &again);
    } else if (ef_is_sector(&ef_nv, p, e->len)) {
        name = "nv";
        ecr_check_nv(out, "nv", p, e->len);
    } else if (e->addr == (cpu ? cpu->addr : ECR_CPU) || has(p, e->len, 0, "\x18\x20\x26\x02", 4)) {
        name = "cpu";
        place = cpu ? cpu->addr : ECR_CPU;
        room = cpu ? cpu->len : ECR_CPU_END - ECR_CPU;
        ecr_check_cpu(out, p, e->len, ECR_SEGMENT);
    } else if (e->addr == ECR_UBOOT || has(p, e->len, 0, "\x32\x70\x78\x48", 4)) {
        name = "uboot";
        place = ECR_UBOOT;
        room = ECR_UBOOT_ROOM;
        ecr_check_uboot(out, p, e->len, ECR_SEGMENT);
    }
    if (e->addr != place || e->len > room)
        image_check(out, false, "segments", "%s of %#x bytes at %#x; it belongs at %#x, up to %#x",
                    name, (unsigned)e->len, (unsigned)e->addr, (unsigned)place,
                    (unsigned)(place + room));
    image_part(out, name, e->offset, e->len, e->addr);
}

static bool probe_oneb(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct segments s = {0};
    struct ecr_table table = {0};
    struct ecr_oneb o;

    if (!has(data, len, 0, "oneb", 4))
        return false;
    if (!ecr_oneb_open(&o, data, len)) {
        image_check(out, false, "length", "cut off at %#zx, in the header", len);
    } else {
        read_entries(out, &o, &s);
        check_entries(out, &o, &s);
        check_layout(out, &s);
        if (s.count && s.flash[0].addr == 0)
            ecr_table_parse(data + s.flash[0].offset, s.flash[0].len, &table);
        for (size_t i = 0; i < s.count; i++)
            check_segment(out, data + s.flash[i].offset, &s.flash[i], &table);
    }
    name_it(out, PF_IMAGE_ECR_ALLINONE, "ECR6600 all-in-one image");
    return true;
}

/* OTA package -------------------------------------------------------------- */

static bool feed_cpu(void *arg, const uint8_t *data, size_t len)
{
    ecr_cpu_check_feed(arg, data, len);
    return true;
}

static void check_payload(struct pf_image *out, const struct ecr_ota *ota, const uint8_t *data,
                          size_t len)
{
    struct ecr_cpu_check c;
    enum unpacked result;
    enum ecr_proof proof;
    char why[96], version[sizeof out->version];
    bool ok;

    ecr_cpu_check_init(&c);
    result = ecr_ota_unpack(ota, data, len, feed_cpu, &c);
    proof = ecr_cpu_check_end(&c, why, sizeof why);
    if (result != UNPACK_OK) {
        image_check(out, false, "payload", "LZMA stream for %#x bytes %s", (unsigned)ota->new_size,
                    unpacked_text(result));
        return;
    }
    ok = c.parsed && c.cpu.head_ok && !c.cpu.suspect && c.cpu.size == ota->new_size;
    if (!c.parsed)
        image_check(out, false, "payload", "unpacks to %#x bytes that are no application",
                    (unsigned)ota->new_size);
    else if (!ok)
        image_check(out, false, "payload",
                    "application of %#llx bytes in %#x, header CRC-32 %s%s%s",
                    (unsigned long long)c.cpu.size, (unsigned)ota->new_size,
                    c.cpu.head_ok ? "right" : "wrong", c.cpu.suspect ? "; " : "",
                    c.cpu.suspect ? c.cpu.suspect : "");
    else
        image_check(out, proof != ECR_BROKEN, "payload", "unpacks to an application of %#x: %s",
                    (unsigned)ota->new_size, why);
    if (!ok)
        return;
    bk7231_text_tell(&c.text, out->firmware, sizeof out->firmware, version, sizeof version);
    if (version[0])
        image_text(out->version, sizeof out->version, "%s", version);
}

static const char *method_text(uint8_t method)
{
    switch (method) {
    case ECR_METHOD_LZMA:
        return "compressed";
    case ECR_METHOD_DIFF:
        return "differential";
    case ECR_METHOD_AB:
        return "two slots";
    default:
        return "of an unknown method";
    }
}

static bool probe_ota(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct ecr_ota ota;

    if (!has(data, len, 0, "FotaPKG", 7))
        return false;
    if (!ecr_ota_parse(data, len, &ota)) {
        image_check(out, false, "length", "cut off at %#zx, in the header", len);
    } else if (ota.size > len) {
        image_check(out, false, "length", "cut off at %#zx, expected %#x bytes", len,
                    (unsigned)ota.size);
    } else if (ota.size < ECR_OTA_HEAD || ota.size != len) {
        image_check(out, false, "length", "%#zx bytes, the header says %#x", len,
                    (unsigned)ota.size);
    } else {
        uint32_t crc = pf_crc32(0, data + 0x10, len - 0x10);

        image_check(out, true, "length", "%#zx bytes, as the header says", len);
        image_text(out->version, sizeof out->version, "%.31s", ota.target);
        image_check(out, crc == ota.crc, "package", "%s, version %.31s, CRC-32 %08x expected %08x",
                    method_text(ota.method), ota.target, (unsigned)crc, (unsigned)ota.crc);
        if (ota.method == ECR_METHOD_LZMA)
            check_payload(out, &ota, data, len);
        else
            image_check(out, ota.method == ECR_METHOD_DIFF || ota.method == ECR_METHOD_AB,
                        "payload", "not opened: %s", method_text(ota.method));
    }
    name_it(out, PF_IMAGE_ECR_OTA, "ECR6600 OTA package");
    return true;
}

/* Whole flash, and the sector at its start --------------------------------- */

/* A backup ends where a flash chip ends, and not before its own table does. */
static void check_flash_length(struct pf_image *out, size_t len, const struct ecr_table *t)
{
    uint32_t want = 0x100000;

    while (want < t->end)
        want *= 2;
    if (len >= want && (len & (len - 1)) == 0 && len <= ECR_FLASH_MAX)
        image_check(out, true, "length", "%#zx bytes, the size of a flash chip", len);
    else if (len < want)
        image_check(out, false, "length", "cut off at %#zx, expected %#x bytes", len,
                    (unsigned)want);
    else
        image_check(out, false, "length", "%#zx bytes: no flash chip is of that size", len);
}

static void check_amt(struct pf_image *out, const uint8_t *data, size_t len,
                      const struct ecr_table *t)
{
    const struct ecr_partition *p = ecr_table_find(t, "nv_amt");
    uint32_t addr = p ? p->addr : ECR_NV_AMT, room = p ? p->len : ECR_NV_AMT_LEN;

    if (addr > len || room > len - addr)
        return; /* the length says it already */
    if (pf_is_blank(data + addr, room))
        image_check(out, false, "nv_amt", "blank at %#x: radio calibration and MAC are missing",
                    (unsigned)addr);
    else
        ecr_check_nv(out, "nv_amt", data + addr, room);
}

static void probe_flash(const uint8_t *data, size_t len, struct pf_image *out)
{
    const struct ecr_partition *cpu;
    struct ecr_table t;
    uint32_t addr;

    out->flash_size = (uint32_t)len;
    ecr_check_table(out, data, len, &t);
    check_flash_length(out, len, &t);
    ecr_check_uboot(out, data + ECR_UBOOT,
                    len - ECR_UBOOT < ECR_UBOOT_ROOM ? len - ECR_UBOOT : ECR_UBOOT_ROOM,
                    ECR_FLASH_SPAN);
    cpu = ecr_table_find(&t, "cpu");
    addr = cpu ? cpu->addr : ECR_CPU;
    if (addr < len)
        ecr_check_cpu(out, data + addr, cpu && cpu->len < len - addr ? cpu->len : len - addr,
                      ECR_FLASH_SPAN);
    check_amt(out, data, len, &t);
    if (!out->firmware[0] && ecr_table_find(&t, "cfg"))
        image_text(out->firmware, sizeof out->firmware, "OpenBeken, by its partition table");
    image_part(out, "flash", 0, len, 0);
    name_it(out, PF_IMAGE_ECR_BACKUP, "ECR6600 whole flash backup");
}

static bool probe_table(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct ecr_table t;

    if (!ef_is_sector(&ef_partition, data, len))
        return false;
    if (len > ECR_TABLE) {
        probe_flash(data, len, out);
        return true;
    }
    if (len < ECR_TABLE)
        image_check(out, false, "length", "cut off at %#zx, expected %#x bytes", len, ECR_TABLE);
    else
        image_check(out, true, "length", "one sector");
    ecr_check_table(out, data, len, &t);
    image_part(out, "partition", 0, len, 0);
    name_it(out, PF_IMAGE_ECR_PARTITION, "ECR6600 partition table");
    return true;
}

/* The rest ----------------------------------------------------------------- */

static bool probe_nv(const uint8_t *data, size_t len, struct pf_image *out)
{
    bool amt;

    if (!ef_is_sector(&ef_nv, data, len) || len > ECR_FLASH_MAX)
        return false;
    amt = ecr_nv_is_amt(data, len);
    if (len % EF_SECTOR != 0)
        image_check(out, false, "length", "cut off at %#zx, inside a sector", len);
    else
        image_check(out, true, "length", "%zu sectors", len / EF_SECTOR);
    ecr_check_nv(out, amt ? "nv_amt" : "nv", data, len);
    if (amt && len == ECR_NV_AMT_LEN)
        image_part(out, "nv_amt", 0, len, ECR_NV_AMT);
    name_it(out, PF_IMAGE_ECR_NV,
            amt ? "ECR6600 NV area with MAC and radio calibration (nv_amt)" : "ECR6600 NV area");
    return true;
}

static bool probe_code(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct ecr_uboot u;
    struct ecr_cpu cpu;

    if (has(data, len, 0, "\x18\x20\x26\x02", 4) ||
        (ecr_cpu_parse(data, len, &cpu) && cpu.hashed && !ecr_uboot_parse(data, len, &u))) {
        ecr_check_cpu(out, data, len, ECR_FILE);
        image_part(out, "cpu", 0, len, ECR_CPU);
        name_it(out, PF_IMAGE_ECR_CPU, "ECR6600 application (cpu)");
        return true;
    }
    if (!has(data, len, 0, "\x32\x70\x78\x48", 4))
        return false;
    ecr_check_uboot(out, data, len, ECR_FILE);
    image_part(out, "uboot", 0, len, ECR_UBOOT);
    name_it(out, PF_IMAGE_ECR_UBOOT, "ECR6600 second-stage loader (uboot)");
    return true;
}

static bool probe_flat_stub(const uint8_t *data, size_t len, bool zipped, struct pf_image *out)
{
    char title[sizeof out->title];
    struct ecr_stub stub;

    if (!ecr_stub_parse(data, len, &stub))
        return false;
    image_check(out, data[0] == 0x48 && data[1] == 0x00, "vectors",
                data[0] == 0x48 && data[1] == 0x00 ? "starts with a table of jumps"
                                                   : "does not start with a table of jumps");
    image_check(out, stub.sized, "size", "%#zx of at most %#x bytes", len, ECR_STUB_MAX);
    image_check(out, stub.signature != ECR_MISMATCH, "signature",
                stub.signature == ECR_SIGNED     ? "right"
                : stub.signature == ECR_UNSIGNED ? "none: 64 times one byte"
                                                 : "not of these bytes: cut off, changed, or "
                                                   "signed with a key of its own");
    image_text(out->version, sizeof out->version, "%.31s", stub.name);
    image_text(title, sizeof title, "ECR6600 RAM stub%s%s%s%s", stub.name[0] ? " (" : "", stub.name,
               stub.name[0] ? ")" : "", zipped ? ", gzipped" : "");
    name_it(out, PF_IMAGE_ECR_STUB, title);
    return true;
}

static bool probe_stub(const uint8_t *data, size_t len, struct pf_image *out)
{
    const size_t cap = 2 * ECR_STUB_MAX;
    uint8_t *plain;
    bool found = false;
    size_t n;

    if (!has(data, len, 0, "\x1f\x8b\x08", 3))
        return probe_flat_stub(data, len, false, out);
    if (len > cap)
        return false;
    plain = malloc(cap);
    if (!plain)
        return false;
    n = unpack_gzip(data, len, plain, cap);
    if (n)
        found = probe_flat_stub(plain, n, true, out);
    free(plain);
    return found;
}

bool image_probe_ecr6600(const uint8_t *data, size_t len, struct pf_image *out)
{
    return probe_oneb(data, len, out) || probe_ota(data, len, out) || probe_table(data, len, out) ||
           probe_nv(data, len, out) || probe_code(data, len, out) || probe_stub(data, len, out);
}
