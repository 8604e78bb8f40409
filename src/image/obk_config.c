/* obk_config.c - see obk_config.h. */
#include "image/obk_config.h"

#include <string.h>

#include "core/bytes.h"
#include "image/inspect.h"

#define OBK_VERSION_MAX 100 /* firmware rejects more */

/* An arithmetic shift right by one, without relying on the compiler's. */
static uint8_t shift_signed(uint8_t v)
{
    return (uint8_t)(v >> 1 | (v & 0x80));
}

uint8_t obk_crc8(const uint8_t *data, size_t len, bool is_signed)
{
    uint8_t c = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t x = data[i];

        for (unsigned bit = 0; bit < 8; bit++) {
            bool mix = (c ^ x) & 1;

            c = is_signed ? shift_signed(c) : c >> 1;
            if (mix)
                c ^= 0x8C;
            x = is_signed ? shift_signed(x) : x >> 1;
        }
    }
    return c;
}

bool obk_config_parse(const uint8_t *data, size_t len, struct obk_config *out)
{
    memset(out, 0, sizeof *out);
    if (len < 8 || memcmp(data, "CFG", 3) != 0)
        return false;
    if (get_le32(data + 4) == 0 || get_le32(data + 4) > OBK_VERSION_MAX)
        return false;
    out->version = (int32_t)get_le32(data + 4);
    out->size = out->version <= 3 ? OBK_CONFIG_V3 : OBK_CONFIG;
    out->crc = data[3];
    out->complete = len >= out->size;
    if (!out->complete)
        return true;
    out->crc_beken = obk_crc8(data + 4, out->size - 4, true) == out->crc;
    out->crc_other = obk_crc8(data + 4, out->size - 4, false) == out->crc;
    for (size_t i = 0; i < 64 && data[0x2fe + i]; i++)
        out->name[i] =
            data[0x2fe + i] >= 0x20 && data[0x2fe + i] < 0x7f ? (char)data[0x2fe + i] : '?';
    memcpy(out->mac, data + 0x2d8, sizeof out->mac);
    for (size_t i = 0; i < sizeof out->mac; i++)
        out->has_mac |= out->mac[i] != 0 && out->mac[i] != 0xff;
    return true;
}

bool image_probe_config(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct obk_config c;

    if (!obk_config_parse(data, len, &c))
        return false;
    out->kind = PF_IMAGE_OBK_CONFIG;
    image_text(out->title, sizeof out->title, "OpenBeken configuration, version %d%s",
               (int)c.version, c.complete ? "" : ", cut off");
    image_text(out->version, sizeof out->version, "%d", (int)c.version);
    image_check(out, c.complete, "length", "%#zx bytes, the block has %#zx", len, c.size);
    if (!c.complete)
        return true;
    if (c.crc_beken)
        image_check(out, true, "config crc8", "%02x", c.crc);
    else if (c.crc_other)
        image_check(out, false, "config crc8",
                    "%02x is of a platform with unsigned char; a BK7231 rejects it", c.crc);
    else
        image_check(out, false, "config crc8", "%02x, expected %02x", c.crc,
                    obk_crc8(data + 4, c.size - 4, true));
    image_text(out->firmware, sizeof out->firmware, "OpenBeken%s%s", c.name[0] ? ", device " : "",
               c.name);
    out->has_mac = c.has_mac;
    memcpy(out->mac, c.mac, sizeof out->mac);
    return true;
}
