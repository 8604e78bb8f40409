/* rf_tlv.c - see rf_tlv.h. */
#include "image/rf_tlv.h"

#include <string.h>

#include "core/bytes.h"
#include "image/bk7231_map.h"
#include "image/inspect.h"

#define TLV_HEAD 8u
#define TLV_PAGE 4096u
#define TAG_MAC  0x11111102u

/* The sub-records of the group `tag` in [at, end). */
static void rf_tlv_group(const uint8_t *page, size_t at, size_t end, uint32_t tag,
                         struct rf_tlv *out)
{
    while (end - at >= TLV_HEAD) {
        uint32_t sub = get_le32(page + at), n = get_le32(page + at + 4);

        if ((sub ^ tag) & 0xffffff00u)
            return; /* filler */
        if (n > end - at - TLV_HEAD) {
            out->fault = "a record is longer than its group";
            return;
        }
        at += TLV_HEAD;
        if (sub == TAG_MAC && n == sizeof out->mac) {
            memcpy(out->mac, page + at, sizeof out->mac);
            out->has_mac = true;
        }
        at += n;
        out->records++;
    }
}

/* In every dump examined the body has one length per chip; a page made by a
 * tool has 0x62. */
static const char *rf_tlv_chip(uint32_t body)
{
    switch (body) {
    case 0x1e0:
        return "bk7231t";
    case 0x1f6:
        return "bk7231n";
    default:
        return NULL;
    }
}

bool rf_tlv_parse(const uint8_t *page, size_t len, struct rf_tlv *out)
{
    size_t at = TLV_HEAD, end;

    memset(out, 0, sizeof *out);
    if (len < TLV_HEAD || memcmp(page, "TLV", 4) != 0)
        return false;
    out->body = get_le32(page + 4);
    if (len > TLV_PAGE)
        len = TLV_PAGE;
    if (out->body > len - TLV_HEAD) {
        out->fault = "the body is longer than the page";
        return true;
    }
    end = TLV_HEAD + out->body;
    while (!out->fault && end - at >= TLV_HEAD) {
        uint32_t tag = get_le32(page + at), n = get_le32(page + at + 4);

        if ((tag & 0xff) || tag == 0)
            break; /* filler */
        if (n > end - at - TLV_HEAD) {
            out->fault = "a group is longer than the body";
            break;
        }
        at += TLV_HEAD;
        rf_tlv_group(page, at, at + n, tag, out);
        at += n;
    }
    if (!out->fault && !out->records)
        out->fault = "there are no records";
    out->ok = !out->fault;
    if (out->ok)
        out->chip = rf_tlv_chip(out->body);
    return true;
}

bool pf_bk7231_rf_mac(const uint8_t *page, size_t len, uint8_t mac[6])
{
    struct rf_tlv tlv;

    if (!rf_tlv_parse(page, len, &tlv) || !tlv.has_mac)
        return false;
    memcpy(mac, tlv.mac, sizeof tlv.mac);
    return true;
}

bool image_probe_rf(const uint8_t *data, size_t len, struct pf_image *out)
{
    const struct bk7231_map *map;
    struct rf_tlv tlv;

    if (!rf_tlv_parse(data, len, &tlv))
        return false;
    out->kind = PF_IMAGE_BK_RF;
    out->family = "bk7231";
    out->chip = tlv.chip;
    out->has_mac = tlv.has_mac;
    memcpy(out->mac, tlv.mac, sizeof out->mac);
    if (tlv.ok)
        image_check(out, true, "tlv", "%u records in %#x bytes", tlv.records, (unsigned)tlv.body);
    else
        image_check(out, false, "tlv", "%s", tlv.fault);
    image_check(out, tlv.has_mac, "mac", "%s", tlv.has_mac ? "present" : "there is none");
    image_check(out, len <= TLV_PAGE, "length", "%#zx of %#x bytes", len, TLV_PAGE);
    if (tlv.chip)
        image_text(out->why_chip, sizeof out->why_chip, "shape of the RF page");
    image_text(out->title, sizeof out->title, "%s RF page (calibration and MAC)%s",
               bk7231_title(tlv.chip), tlv.ok ? "" : ", damaged");
    map = bk7231_map(tlv.chip);
    if (map)
        image_part(out, "rf", 0, len, map->rf);
    return true;
}
