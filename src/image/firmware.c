/* firmware.c - what runs on a device, from a few of its sectors.
 *
 * The strings that name a firmware lie deep in the application; what a handful
 * of sectors can tell is the loader, the key, the partitions, the header that
 * closes the application, and whose data lies about. */
#include <stdio.h>
#include <string.h>

#include "image/bk7231_evidence.h"
#include "image/bk7231_text.h"
#include "image/inspect.h"
#include "image/obk_config.h"
#include "image/rf_tlv.h"

#define FIRMWARE_SECTORS 64

/* What single sectors tell, wherever they are. */
struct traces {
    bool obk_config;
    struct obk_config config;
    bool tuya_data;
};

static void firmware_sector(const uint8_t *sector, struct traces *t, struct pf_firmware *out)
{
    struct obk_config config;

    if (!out->has_mac && pf_bk7231_rf_mac(sector, 4096, out->mac))
        out->has_mac = true;
    if (!t->obk_config && obk_config_parse(sector, 4096, &config) && config.crc_beken) {
        t->config = config;
        t->obk_config = true;
    }
    t->tuya_data |= tuya_is_key_block(sector);
}

/* OpenBeken closes a T application at 0x100000, Tuya at 0x129f70; on N both use
 * the latter, and there a configuration block is the only trace. */
static void firmware_name(const struct traces *t, const struct bk7231_rbl *rbl, bool have_rbl,
                          struct pf_firmware *out)
{
    bool obk_t = have_rbl && rbl->addr == BK_LOADER + BK_APP_OBK_T - RBL_CODED;

    if (out->firmware[0]) /* a string named it */
        return;
    if (have_rbl)
        image_text(out->version, sizeof out->version, "%s", rbl->rbl.version);
    if (t->obk_config || obk_t)
        image_text(out->firmware, sizeof out->firmware, "OpenBeken%s%s",
                   t->config.name[0] ? ", device " : "", t->config.name);
    else if (t->tuya_data)
        image_text(out->firmware, sizeof out->firmware, "Tuya%s%s", have_rbl ? ", app " : "",
                   have_rbl ? rbl->rbl.version : "");
    else if (have_rbl)
        image_text(out->firmware, sizeof out->firmware, "unknown, app %s", rbl->rbl.version);
}

static void firmware_partitions(const struct bk7231_facts *f, struct pf_firmware *out)
{
    const size_t room = sizeof out->partition / sizeof *out->partition;

    for (size_t i = 0; i < f->nparts && i < room; i++) {
        image_text(out->partition[i].name, sizeof out->partition[i].name, "%s", f->part[i].name);
        out->partition[i].addr = f->part[i].addr;
        out->partition[i].len = f->part[i].len;
        out->npartitions++;
    }
}

/* The nearer one first: a Tuya header may survive behind a shorter OpenBeken
 * application, while a Tuya application covers the place of the other. */
static bool firmware_rbl(const struct bk7231_view *v, struct bk7231_rbl *out)
{
    static const uint32_t at[] = {
        BK_LOADER + BK_APP_OBK_T - RBL_CODED,
        BK_LOADER + BK_APP_TUYA - RBL_CODED,
    };

    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        if (bk7231_rbl_at(v, at[i], out) && out->coded && out->rbl.header_ok)
            return true;
    return false;
}

void pf_bk7231_firmware(const uint32_t *addr, const uint8_t *const *sector, size_t count,
                        struct pf_firmware *out)
{
    struct bk7231_span span[FIRMWARE_SECTORS];
    struct bk7231_view v = {span, 0};
    struct bk7231_evidence e = {0};
    struct bk7231_text text = {0};
    struct bk7231_facts facts;
    struct bk7231_rbl rbl;
    struct traces traces = {0};

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count && v.count < FIRMWARE_SECTORS; i++) {
        span[v.count++] = (struct bk7231_span){addr[i], sector[i], 4096};
        firmware_sector(sector[i], &traces, out);
    }
    bk7231_gather(&v, &facts, &e);
    image_text(out->loader, sizeof out->loader, "%s", facts.loader);
    out->has_key = facts.has_key;
    if (facts.has_key) {
        bk7231_key_put(&facts.key, out->key);
        out->key_name = facts.key.name;
    }
    firmware_partitions(&facts, out);
    if (facts.app_key_found) {
        bk7231_text_app(&text, &v, &facts.app_key, BK_LOADER + BK_APP_TUYA);
        bk7231_text_tell(&text, out->firmware, sizeof out->firmware, out->version,
                         sizeof out->version);
    }
    firmware_name(&traces, &rbl, firmware_rbl(&v, &rbl), out);
}
