/* bl602_identify.c - flash id, MAC and the partition table of this unit.
 *
 * Fuses are read by questions without an argument only (get_boot_info,
 * read_mac). efuse_read is never sent: one flipped bit in its command byte,
 * which no checksum covers, makes it efuse_write. */
#include "bl602/bl602_session.h"

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"

#define OPTIONAL_US    UINT64_C(400000)
#define ROM_API        0x21010800u /* a word of mask ROM: version of its function table */
#define ROM_API_BL602  0x06020002u
#define CAPACITY_MIN   0x10 /* 64 KiB */
#define CAPACITY_MAX   0x18 /* 16 MiB: what 24 address bits reach */
#define STATUS_PROTECT 0x7c /* BP4..BP0 */

enum pf_err bl602_ask_optional(struct bl602 *s, struct bl602_request rq, struct bl602_reply *r)
{
    enum pf_err err;

    if (s->dirty)
        PF_TRY(bl602_barrier(s));
    err = bl602_ask(s, rq, OPTIONAL_US, r);
    if (err == PF_ERR_TIMEOUT)
        s->dirty = true; /* it may come yet */
    return err;
}

static enum pf_err identify_jedec(struct bl602 *s)
{
    struct bl602_request rq = bl602_req_jedec();
    struct pf_identity *id = &s->base.id;
    struct bl602_reply r;

    /* 00 00 00 and FF FF FF: nobody drove the flash's data line. */
    for (int try = 0; try < 3; try++) {
        PF_TRY(bl602_command(s, "identify", &rq, &r));
        memcpy(id->jedec, r.data, 3); /* the fourth byte differs by build and means nothing */
        if (id->jedec[2] >= CAPACITY_MIN && id->jedec[2] <= CAPACITY_MAX) {
            id->has_jedec = true;
            id->flash_size = 1u << id->jedec[2];
            id->size_from = "jedec";
            break;
        }
    }
    if (s->option_size) {
        if (id->flash_size && id->flash_size != s->option_size)
            pf_warn(s->base.ctx, "the flash id says %u bytes; using %u as asked",
                    (unsigned)id->flash_size, (unsigned)s->option_size);
        id->flash_size = s->option_size;
        id->size_from = "option";
    }
    if (!id->flash_size)
        return pf_fail(s->base.ctx, PF_ERR_CHIP,
                       "the flash does not tell its size (id %02x %02x %02x): give --flash-size",
                       id->jedec[0], id->jedec[1], id->jedec[2]);
    return PF_OK;
}

static void identify_take_mac(struct bl602 *s, const uint8_t mac[6])
{
    struct pf_identity *id = &s->base.id;

    memcpy(id->mac, mac, 6);
    id->has_mac = true;
    /* The chip has no number of its own but this one. */
    id->chip_id = get_be32(mac + 2);
    id->has_chip_id = true;
}

static enum pf_err identify_mac(struct bl602 *s)
{
    struct bl602_reply r;
    uint8_t mac[6];

    for (int try = 0; try < 3; try++) {
        enum pf_err err = bl602_ask_optional(s, bl602_req_mac(), &r);

        if (!err && bl602_mac_decode(r.data, mac)) {
            identify_take_mac(s, mac);
            return PF_OK;
        }
        if (err && err != PF_ERR_TIMEOUT)
            return err;
    }
    if (s->has_boot_info)
        identify_take_mac(s, s->boot_info.mac);
    return PF_OK;
}

static enum pf_err identify_status(struct bl602 *s)
{
    struct pf_identity *id = &s->base.id;
    struct bl602_reply r;
    enum pf_err err = bl602_ask_optional(s, bl602_req_status(0x05), &r);

    if (err)
        return err == PF_ERR_TIMEOUT ? PF_OK : err;
    id->status_reg = r.data[0];
    id->has_status_reg = r.data[0] != 0xff;
    id->write_protected = id->has_status_reg && (id->status_reg & STATUS_PROTECT) != 0;
    return PF_OK;
}

/* A loader that ran before we came: what speaks for a BL602. */
static enum pf_err identify_live(struct bl602 *s)
{
    struct pf_identity *id = &s->base.id;
    struct bl602_reply r;
    enum pf_err err;

    snprintf(id->loader, sizeof id->loader,
             s->ours ? "plugflash stub, running before" : "RAM loader, running before");
    if (s->ours) {
        snprintf(id->evidence, sizeof id->evidence,
                 "a plugflash stub for the BL602 answers get_boot_info with version %08x",
                 BL602_VERSION_STUB);
        return PF_OK;
    }
    if (!s->has_boot_info) {
        uint32_t version;

        err = bl602_ask_optional(s, bl602_req_boot_info(), &r);
        if (!err)
            err = bl602_take_boot_info(s, r.data, &version);
        if (err && err != PF_ERR_TIMEOUT)
            return err;
    }
    err = bl602_ask_optional(s, bl602_req_memory(ROM_API), &r);
    if (!err && get_le32(r.data) == ROM_API_BL602) {
        snprintf(id->evidence, sizeof id->evidence,
                 "a RAM loader answers and reads the function table version of a BL602 ROM, "
                 "%08x",
                 ROM_API_BL602);
        return PF_OK;
    }
    if (err && err != PF_ERR_TIMEOUT)
        return err;
    id->evidence_weak = true;
    snprintf(id->evidence, sizeof id->evidence,
             "a RAM loader of Bouffalo's kind answers, no more is known");
    pf_warn(s->base.ctx, "%s: taken for a BL602", id->evidence);
    return PF_OK;
}

static enum pf_err identify_chip(struct bl602 *s)
{
    struct pf_identity *id = &s->base.id;

    if (!s->has_boot_info || s->came_live || s->boot_info.version != BL602_VERSION_ROM)
        PF_TRY(identify_live(s));
    else {
        snprintf(id->loader, sizeof id->loader, "BL602 mask ROM 1, %s", s->stub.name);
        snprintf(id->evidence, sizeof id->evidence,
                 "the boot ROM answers get_boot_info with version 1; fuse word %08x",
                 (unsigned)s->boot_info.sw_usage);
    }
    return PF_OK;
}

/* partition table ----------------------------------------------------------- */

static enum pf_err identify_table(struct bl602 *s, uint32_t addr, struct bl602_table *t, bool *ok)
{
    struct bl602_request rq = bl602_req_read(addr, BL602_TABLE_MAX);
    struct bl602_reply r;

    *ok = false;
    /* A copy that is damaged on the wire is not damaged in the flash. */
    for (int try = 0; try < 2 && !*ok; try++) {
        PF_TRY(bl602_command(s, "identify", &rq, &r));
        *ok = bl602_table_decode(r.data, r.len, t);
    }
    return PF_OK;
}

static void identify_note(struct bl602 *s, const char *text)
{
    struct pf_identity *id = &s->base.id;
    size_t at = strlen(id->evidence);

    snprintf(id->evidence + at, sizeof id->evidence - at, "; %s", text);
}

static enum pf_err identify_regions(struct bl602 *s)
{
    struct bl602_table t[2];
    char note[64];
    bool ok[2];
    int use;

    PF_TRY(identify_table(s, BL602_TABLE0, &t[0], &ok[0]));
    PF_TRY(identify_table(s, BL602_TABLE1, &t[1], &ok[1]));
    if (!ok[0] && !ok[1]) {
        if (s->base.id.flash_size < 2u * 1024 * 1024)
            s->base.regions = bl602_regions_1m;
        identify_note(s, "no valid partition table, layout assumed");
        return PF_OK;
    }
    use = ok[1] && (!ok[0] || t[1].age > t[0].age) ? 1 : 0;
    bl602_layout_make(&t[use], s->base.id.flash_size, &s->layout);
    s->base.regions = s->layout.region;
    snprintf(note, sizeof note, "partition table %d, age %u%s", use, (unsigned)t[use].age,
             ok[0] && ok[1] ? "" : ", the other copy is damaged");
    identify_note(s, note);
    return PF_OK;
}

enum pf_err bl602_identify(struct bl602 *s)
{
    PF_TRY(identify_chip(s));
    PF_TRY(identify_jedec(s));
    PF_TRY(identify_mac(s));
    PF_TRY(identify_status(s));
    return identify_regions(s);
}
