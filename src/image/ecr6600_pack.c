/* ecr6600_pack.c - see ecr6600_pack.h. */
#include "image/ecr6600_pack.h"

#include <string.h>

#include "core/bytes.h"

bool ecr_oneb_open(struct ecr_oneb *o, const uint8_t *data, size_t len)
{
    if (len < ECR_ONEB_HEAD || memcmp(data, "oneb", 4) != 0)
        return false;
    *o = (struct ecr_oneb){.data = data, .len = len, .at = ECR_ONEB_HEAD, .count = data[4]};
    return true;
}

bool ecr_oneb_next(struct ecr_oneb *o, struct ecr_entry *out)
{
    const uint8_t *p = o->data + o->at;

    if (o->next == o->count || o->cut)
        return false;
    o->cut = o->len - o->at < ECR_ONEB_ENTRY;
    if (o->cut)
        return false;
    out->type = p[0];
    out->addr = get_le32(p + 1);
    out->len = get_le32(p + 5);
    out->offset = o->at + ECR_ONEB_ENTRY;
    o->cut = out->len > o->len - out->offset;
    if (o->cut)
        return false;
    o->at = out->offset + out->len;
    o->next++;
    return true;
}

static void copy_text(char out[33], const uint8_t *p)
{
    size_t n = 0;

    while (n < 32 && p[n] >= 0x20 && p[n] < 0x7f) {
        out[n] = (char)p[n];
        n++;
    }
    out[n] = '\0';
}

bool ecr_ota_parse(const uint8_t *data, size_t len, struct ecr_ota *out)
{
    if (len < ECR_OTA_HEAD || memcmp(data, "FotaPKG", 7) != 0)
        return false;
    out->method = data[7];
    out->size = get_le32(data + 0x08);
    out->crc = get_le32(data + 0x0c);
    out->old_size = get_le32(data + 0x14);
    out->new_size = get_le32(data + 0x18);
    copy_text(out->source, data + 0x30);
    copy_text(out->target, data + 0x50);
    return true;
}

enum unpacked ecr_ota_unpack(const struct ecr_ota *ota, const uint8_t *data, size_t len,
                             unpack_sink *sink, void *arg)
{
    if (len < ECR_OTA_HEAD || ota->new_size == 0)
        return UNPACK_CUT;
    if (ota->new_size > ECR_OTA_NEW_MAX)
        return UNPACK_LONG;
    return unpack_lzma(data + ECR_OTA_HEAD, len - ECR_OTA_HEAD, ota->new_size, sink, arg);
}
