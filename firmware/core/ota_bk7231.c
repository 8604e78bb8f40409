/* ota_bk7231.c - an .rbl goes to the loader's "download" area as it is; the loader unpacks it
 * at the next start. It looks at the 96 bytes of header first, so those are written last.
 *
 *   0x00  "RBL\0"               0x4c  CRC-32 of the package
 *   0x04  encryption, packing   0x50  FNV-1a of the application
 *   0x0c  partition, 16 bytes   0x54  its size
 *   0x1c  version, 24 bytes     0x58  the package's size
 *   0x34  serial number         0x5c  CRC-32 of all before
 *
 * Whether the application inside is for a T or an N is told by nothing in clear; a version
 * that names a chip is believed. */
#include <string.h>

#include "core/crc.h"
#include "core/ota_kind.h"

#define HEAD    96u
#define RAW_MAX 0x108700u /* the loader's own idea of "app" */

static bool plan(struct plug *p)
{
    struct ota *o = &p->ota;

    o->addr = p->chip->ota.addr;
    o->room = p->chip->ota.len;
    if (!o->room || o->addr % HAL_SECTOR || !ota_apart(p, o->addr, o->room))
        return ota_refuse(o, "this plug has no space for updates");
    return true;
}

/* "BK7231N" in the text where we are a T. */
static bool other_chip(const char *own, const uint8_t *text, size_t len)
{
    for (size_t i = 0; i + 7 <= len; i++)
        if (memcmp(text + i, own, 6) == 0)
            return memcmp(text + i, own, 7) != 0;
    return false;
}

static bool check(struct plug *p)
{
    struct ota *o = &p->ota;
    const uint8_t *h = o->head;

    if (memcmp(h, "RBL", 4) != 0)
        return ota_refuse(o, "this is no update for a BK7231");
    if (crc32_add(0, h, 0x5c) != ota_le32(h + 0x5c))
        return ota_refuse(o, "it is damaged: the checksum of its header is wrong");
    if (h[4] != 2 || h[5] != 1)
        return ota_refuse(o, "it is not packed and encrypted as the loader wants it");
    if (memcmp(h + 0x0c, "app", 4) != 0)
        return ota_refuse(o, "it is not for the application");
    if (other_chip(p->chip->name, h + 0x1c, 24))
        return ota_refuse(o, "this update is for another kind of BK7231");
    if (ota_le32(h + 0x58) != o->total - HEAD)
        return ota_refuse(o, "its header tells another length");
    if (!ota_le32(h + 0x54) || ota_le32(h + 0x54) > RAW_MAX)
        return ota_refuse(o, "what it unpacks to does not fit");
    return true;
}

static void sum(struct ota *o, uint32_t at, const uint8_t *data, size_t len)
{
    size_t first;
    const size_t n = ota_within(at, len, HEAD, o->total, &first);

    if (n)
        o->crc = crc32_add(o->crc, data + first, n);
}

static bool verify(struct ota *o)
{
    return o->crc == ota_le32(o->head + 0x4c);
}

static bool activate(struct plug *p)
{
    return ota_put(&p->ota, p->ota.addr, p->ota.head, HEAD);
}

const struct ota_kind ota_bk7231 = {
    .head = HEAD,
    .late = HEAD,
    .plan = plan,
    .check = check,
    .sum = sum,
    .verify = verify,
    .activate = activate,
};
