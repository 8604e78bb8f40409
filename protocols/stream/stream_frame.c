/* stream_frame.c - see stream_frame.h. */
#include "stream/stream_frame.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define MARK 0xb5u

size_t stream_encode(uint8_t *out, size_t cap, uint8_t type, uint16_t seq, const uint8_t *payload,
                     size_t len)
{
    if (len > STREAM_MAX || cap < STREAM_HEAD + len + STREAM_TAIL)
        return 0;
    out[0] = MARK;
    out[1] = type;
    put_le16(out + 2, seq);
    put_le16(out + 4, (uint16_t)len);
    put_le16(out + 6, (uint16_t)pf_crc32(0, out, 6));
    if (len && payload != out + STREAM_HEAD)
        memcpy(out + STREAM_HEAD, payload, len);
    put_le32(out + STREAM_HEAD + len, pf_crc32(0, out, STREAM_HEAD + len));
    return STREAM_HEAD + len + STREAM_TAIL;
}

static struct stream_frame frame_skip(size_t n)
{
    return (struct stream_frame){.what = STREAM_SKIP, .used = n};
}

static struct stream_frame frame_more(bool quiet)
{
    return quiet ? frame_skip(1) : (struct stream_frame){.what = STREAM_MORE};
}

struct stream_frame stream_decode(const uint8_t *in, size_t len, bool quiet)
{
    const uint8_t *mark = len ? memchr(in, MARK, len) : NULL;
    size_t n, sealed;

    if (len == 0)
        return (struct stream_frame){.what = STREAM_MORE};
    if (mark != in)
        return frame_skip(mark ? (size_t)(mark - in) : len);
    if (len < STREAM_HEAD)
        return frame_more(quiet);
    n = get_le16(in + 4);
    if (n > STREAM_MAX || get_le16(in + 6) != (uint16_t)pf_crc32(0, in, 6))
        return frame_skip(1);
    sealed = STREAM_HEAD + n;
    if (len < sealed + STREAM_TAIL)
        return frame_more(quiet);
    if (get_le32(in + sealed) != pf_crc32(0, in, sealed))
        return frame_skip(1);
    return (struct stream_frame){
        .what = STREAM_FRAME,
        .type = in[1],
        .seq = get_le16(in + 2),
        .body = in + STREAM_HEAD,
        .len = n,
        .used = sealed + STREAM_TAIL,
    };
}

bool stream_caps_decode(const uint8_t *body, size_t len, struct stream_caps *out)
{
    memset(out, 0, sizeof *out);
    if (len != STREAM_CAPS || body[0] != STREAM_VERSION)
        return false;
    out->family = body[1];
    out->payload = get_le16(body + 2);
    out->window = get_le16(body + 4);
    out->keeps = get_le16(body + 6);
    out->flash_size = get_le32(body + 8);
    memcpy(out->jedec, body + 12, 3);
    out->sr1 = body[15];
    out->max_baud = get_le32(body + 16);
    memcpy(out->mac, body + 20, 6);
    out->has_mac = body[26] == 1;
    out->sr2 = body[27];
    out->version = get_le32(body + 28);
    return out->payload == STREAM_MAX && out->window && out->keeps;
}

const char *stream_status_name(uint8_t status)
{
    static const char *const name[] = {
        "done",
        "a command it does not know",
        "a bad payload",
        "an address outside of the flash",
        "the flash did not take it",
        "the flash holds something else than was said",
        "a damaged unit",
        "no flash was found",
        "a rate it cannot make",
        "the transfer is over",
    };

    return status < sizeof name / sizeof name[0] ? name[status] : "an unknown status";
}
