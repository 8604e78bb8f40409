/* bl602_pack.c - see bl602_pack.h. */
#include "image/bl602_pack.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

static void copy_text(char out[17], const uint8_t *p)
{
    size_t n = 0;

    while (n < 16 && p[n] >= 0x20 && p[n] < 0x7f) {
        out[n] = (char)p[n];
        n++;
    }
    out[n] = '\0';
}

bool bl_ota_parse(const uint8_t *data, size_t len, struct bl_ota *out)
{
    memset(out, 0, sizeof *out);
    if (len < BL_OTA_HEAD || memcmp(data, "BL60X_OTA", 9) != 0)
        return false;
    out->xz = memcmp(data + 16, "XZ  ", 4) == 0;
    out->raw = memcmp(data + 16, "RAW ", 4) == 0;
    out->length = get_le32(data + 20);
    copy_text(out->hardware, data + 32);
    copy_text(out->version, data + 48);
    memcpy(out->hash, data + 64, sizeof out->hash);
    out->unpacked = get_le32(data + 96);
    if (out->unpacked == UINT32_MAX)
        out->unpacked = 0;
    return true;
}

enum unpacked bl_ota_unpack(const struct bl_ota *ota, const uint8_t *data, size_t len,
                            unpack_sink *sink, void *arg)
{
    size_t used;
    enum unpacked result;

    if (len < BL_OTA_HEAD || ota->length > len - BL_OTA_HEAD)
        return UNPACK_CUT;
    data += BL_OTA_HEAD;
    if (ota->raw)
        return ota->length > BL_APP_MAX       ? UNPACK_LONG
               : sink(arg, data, ota->length) ? UNPACK_OK
                                              : UNPACK_STOPPED;
    if (!ota->xz)
        return UNPACK_BAD;
    result = unpack_xz(data, ota->length, BL_APP_MAX, &used, sink, arg);
    return result == UNPACK_OK && used != ota->length ? UNPACK_BAD : result;
}

static void put_text(uint8_t *out, const char *text, const char *usual)
{
    size_t n = strlen(text ? text : usual);

    memcpy(out, text ? text : usual, n < 16 ? n : 16);
}

void bl_ota_build(const uint8_t *payload, uint32_t len, bool xz, uint32_t unpacked,
                  const char *hardware, const char *version, uint8_t out[BL_OTA_HEAD])
{
    memset(out, 0xff, BL_OTA_HEAD);
    memcpy(out, xz ? "BL60X_OTA_Ver1.0XZ  " : "BL60X_OTA_Ver1.0RAW ", 20);
    put_le32(out + 20, len);
    for (uint8_t i = 0; i < 8; i++)
        out[24 + i] = (uint8_t)(i + 1);
    memset(out + 32, 0, 32);
    put_text(out + 32, hardware, "BFL_Module_v1.1");
    put_text(out + 48, version, "EVENT_V1.1.1");
    pf_sha256(payload, len, out + 64);
    put_le32(out + 96, unpacked);
}

/* Device tree -------------------------------------------------------------- */

enum { FDT_BEGIN = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };

struct fdt_walk {
    const uint8_t *p; /* structure block */
    size_t len, at;
    const uint8_t *strings;
    size_t strings_len;
    unsigned depth;
};

static bool skip(struct fdt_walk *w, size_t n)
{
    n = (n + 3) / 4 * 4;
    if (n > w->len - w->at)
        return false;
    w->at += n;
    return true;
}

static bool begin_node(struct fdt_walk *w, struct bl_fdt *out)
{
    const uint8_t *name = w->p + w->at, *nul = memchr(name, 0, w->len - w->at);

    if (!nul || ++w->depth > 32)
        return false;
    out->nodes++;
    out->wifi |= w->depth == 2 && strcmp((const char *)name, "wifi") == 0;
    return skip(w, (size_t)(nul - name) + 1);
}

static bool prop(struct fdt_walk *w, struct bl_fdt *out)
{
    static const char mac[] = "sta_mac_addr";
    uint32_t len, name;

    if (w->len - w->at < 8 || w->depth == 0)
        return false;
    len = get_be32(w->p + w->at);
    name = get_be32(w->p + w->at + 4);
    w->at += 8;
    if (len > w->len - w->at || name >= w->strings_len)
        return false;
    out->props++;
    if (len == 6 && w->strings_len - name >= sizeof mac &&
        memcmp(w->strings + name, mac, sizeof mac) == 0) {
        out->has_mac = true;
        memcpy(out->mac, w->p + w->at, 6);
    }
    return skip(w, len);
}

/* True when the walk reaches the end mark with every node closed. */
static bool fdt_walk(struct fdt_walk *w, struct bl_fdt *out)
{
    while (w->len - w->at >= 4) {
        uint32_t token = get_be32(w->p + w->at);

        w->at += 4;
        if (token == FDT_END)
            return w->depth == 0 && out->nodes;
        if (token == FDT_END_NODE) {
            if (w->depth-- == 0)
                return false;
        } else if (token == FDT_BEGIN) {
            if (!begin_node(w, out))
                return false;
        } else if (token == FDT_PROP) {
            if (!prop(w, out))
                return false;
        } else if (token != FDT_NOP) {
            return false;
        }
    }
    return false;
}

bool bl_fdt_parse(const uint8_t *data, size_t len, struct bl_fdt *out)
{
    uint32_t structure, strings;
    struct fdt_walk w = {0};

    memset(out, 0, sizeof *out);
    if (len < 40 || get_be32(data) != 0xD00DFEED)
        return false;
    out->size = get_be32(data + 4);
    structure = get_be32(data + 8);
    strings = get_be32(data + 12);
    w.strings_len = get_be32(data + 32);
    w.len = get_be32(data + 36);
    if (out->size > len || structure > out->size || strings > out->size ||
        w.len > out->size - structure || w.strings_len > out->size - strings)
        return true;
    w.p = data + structure;
    w.strings = data + strings;
    out->sound = fdt_walk(&w, out);
    return true;
}
