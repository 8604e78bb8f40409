/* bk7231_frame.c - encode requests, decode and judge replies; see bk7231_frame.h. */
#include "bk7231/bk7231_frame.h"

#include <string.h>

#include "core/bytes.h"

#define SHORT_HEAD 7u  /* 04 0E L 01 E0 FC OP */
#define LONG_HEAD  11u /* 04 0E FF 01 E0 FC F4 LL LL OP ST */

/* The longest short reply is ReadBootVersion (L = 14h); leave room for longer version strings. */
#define SHORT_L_MIN 4u
#define SHORT_L_MAX 0x40u

/* Only the flash reads answer with more than a handful of bytes. */
#define LONG_LL_MIN  2u
#define LONG_LL_MAX  16u
#define LONG_LL_READ (2u + 4u + 4096u)

size_t bk7231_encode_short(uint8_t *out, size_t cap, uint8_t op, const uint8_t *arg, size_t len)
{
    if (len > 0xfe - 1 || cap < 5 + len)
        return 0;

    out[0] = 0x01;
    out[1] = 0xe0;
    out[2] = 0xfc;
    out[3] = (uint8_t)(1 + len);
    out[4] = op;
    if (len)
        memcpy(out + 5, arg, len);
    return 5 + len;
}

size_t bk7231_encode_long(uint8_t *out, size_t cap, uint8_t op, const uint8_t *arg, size_t len,
                          const uint8_t *data, size_t data_len)
{
    if (len > 0xffff || data_len > 0xffff || 1 + len + data_len > 0xffff ||
        cap < 8 + len + data_len)
        return 0;

    out[0] = 0x01;
    out[1] = 0xe0;
    out[2] = 0xfc;
    out[3] = 0xff;
    out[4] = 0xf4;
    put_le16(out + 5, (uint16_t)(1 + len + data_len));
    out[7] = op;
    if (len)
        memcpy(out + 8, arg, len);
    if (data_len)
        memcpy(out + 8 + len, data, data_len);
    return 8 + len + data_len;
}

/* Not a reply: drop the first byte and everything up to the next 04. */
static struct bk7231_reply bk7231_skip(const uint8_t *in, size_t len)
{
    const uint8_t *next = len > 1 ? memchr(in + 1, 0x04, len - 1) : NULL;

    return (struct bk7231_reply){.what = BK7231_SKIP, .used = next ? (size_t)(next - in) : len};
}

/* The bytes at in[at..] agree with `want` as far as they have come. */
static bool bk7231_agrees(const uint8_t *in, size_t len, size_t at, const char *want, size_t n)
{
    if (len <= at)
        return true;
    return memcmp(in + at, want, len - at < n ? len - at : n) == 0;
}

static struct bk7231_reply bk7231_decode_short(const uint8_t *in, size_t len)
{
    size_t total = 3u + in[2];

    if (in[2] < SHORT_L_MIN || in[2] > SHORT_L_MAX)
        return bk7231_skip(in, len);
    if (len < total)
        return (struct bk7231_reply){.what = BK7231_MORE};
    return (struct bk7231_reply){
        .what = BK7231_FRAME,
        .used = total,
        .op = in[6],
        .body = in + SHORT_HEAD,
        .len = total - SHORT_HEAD,
    };
}

static struct bk7231_reply bk7231_decode_long(const uint8_t *in, size_t len)
{
    size_t ll, max;

    if (!bk7231_agrees(in, len, 6, "\xf4", 1))
        return bk7231_skip(in, len);
    if (len < 10)
        return (struct bk7231_reply){.what = BK7231_MORE};

    ll = get_le16(in + 7);
    max = in[9] == BK7231_FLASH_READ_4K || in[9] == BK7231_FLASH_READ ? LONG_LL_READ : LONG_LL_MAX;
    if (in[9] == BK7231_FLASH_GET_MID && ll == 5) {
        /* Either the pad is missing, or it is there and not counted (reference
         * 4.1). No maker's code is 00. */
        if (len < 12)
            return (struct bk7231_reply){.what = BK7231_MORE};
        ll = in[11] == 0x00 ? 6 : 5;
    }
    if (ll < LONG_LL_MIN || ll > max)
        return bk7231_skip(in, len);
    if (len < 9 + ll)
        return (struct bk7231_reply){.what = BK7231_MORE};
    return (struct bk7231_reply){
        .what = BK7231_FRAME,
        .used = 9 + ll,
        .is_long = true,
        .op = in[9],
        .status = in[10],
        .body = in + LONG_HEAD,
        .len = ll - 2,
    };
}

struct bk7231_reply bk7231_decode(const uint8_t *in, size_t len)
{
    if (len == 0)
        return (struct bk7231_reply){.what = BK7231_MORE};
    if (!bk7231_agrees(in, len, 0, "\x04\x0e", 2) || !bk7231_agrees(in, len, 3, "\x01\xe0\xfc", 3))
        return bk7231_skip(in, len);
    if (len < 3)
        return (struct bk7231_reply){.what = BK7231_MORE};
    return in[2] == 0xff ? bk7231_decode_long(in, len) : bk7231_decode_short(in, len);
}

struct bk7231_request bk7231_req_link_check(void)
{
    return (struct bk7231_request){
        .op = BK7231_LINK_CHECK,
        .reply_op = BK7231_LINK_REPLY,
        .echo = {0x00},
        .echo_len = 1,
        .body_len = 1,
        .name = "LinkCheck",
    };
}

struct bk7231_request bk7231_req_reboot(void)
{
    return (struct bk7231_request){
        .op = BK7231_REBOOT, .arg = {0xa5}, .arg_len = 1, .silent = true, .name = "Reboot"};
}

struct bk7231_request bk7231_req_set_baud(uint32_t baud, uint8_t delay)
{
    struct bk7231_request rq = {
        .op = BK7231_SET_BAUD,
        .arg_len = 5,
        .reply_op = BK7231_SET_BAUD,
        .echo_len = 5,
        .body_len = 5,
        .name = "SetBaudRate",
    };

    put_le32(rq.arg, baud);
    rq.arg[4] = delay;
    memcpy(rq.echo, rq.arg, 5);
    return rq;
}

struct bk7231_request bk7231_req_boot_version(void)
{
    return (struct bk7231_request){
        .op = BK7231_BOOT_VERSION,
        .reply_op = BK7231_BOOT_VERSION,
        .body_len = SIZE_MAX,
        .name = "ReadBootVersion",
    };
}

struct bk7231_request bk7231_req_check_crc(uint32_t start, uint32_t end)
{
    struct bk7231_request rq = {
        .op = BK7231_CHECK_CRC,
        .arg_len = 8,
        .reply_op = BK7231_CHECK_CRC,
        .body_len = 4,
        .addr = start,
        .name = "CheckCRC",
    };

    put_le32(rq.arg, start);
    put_le32(rq.arg + 4, end);
    return rq;
}

/* Requests that begin with an address, which the reply repeats. */
static struct bk7231_request bk7231_req_addr(const char *name, uint8_t op, bool is_long,
                                             uint32_t addr, size_t body_len)
{
    struct bk7231_request rq = {
        .op = op,
        .is_long = is_long,
        .arg_len = 4,
        .reply_op = op,
        .echo_len = 4,
        .body_len = body_len,
        .addr = addr,
        .name = name,
    };

    put_le32(rq.arg, addr);
    put_le32(rq.echo, addr);
    return rq;
}

struct bk7231_request bk7231_req_read_reg(uint32_t addr)
{
    return bk7231_req_addr("ReadReg", BK7231_READ_REG, false, addr, 8);
}

struct bk7231_request bk7231_req_write_reg(uint32_t addr, uint32_t value)
{
    struct bk7231_request rq = bk7231_req_addr("WriteReg", BK7231_WRITE_REG, false, addr, 8);

    put_le32(rq.arg + 4, value);
    rq.arg_len = 8;
    return rq;
}

struct bk7231_request bk7231_req_read_4k(uint32_t addr)
{
    return bk7231_req_addr("FlashRead4K", BK7231_FLASH_READ_4K, true, addr, 4 + 4096);
}

struct bk7231_request bk7231_req_write_4k(uint32_t addr, const uint8_t *data)
{
    struct bk7231_request rq =
        bk7231_req_addr("FlashWrite4K", BK7231_FLASH_WRITE_4K, true, addr, 4);

    rq.data = data;
    rq.data_len = 4096;
    return rq;
}

struct bk7231_request bk7231_req_erase(enum bk7231_erase_code code, uint32_t addr)
{
    struct bk7231_request rq = {
        .op = BK7231_FLASH_ERASE,
        .is_long = true,
        .arg_len = 5,
        .reply_op = BK7231_FLASH_ERASE,
        .echo_len = 5,
        .body_len = 5,
        .addr = addr,
        .name = "FlashErase",
    };

    rq.arg[0] = (uint8_t)code;
    put_le32(rq.arg + 1, addr);
    memcpy(rq.echo, rq.arg, 5);
    return rq;
}

struct bk7231_request bk7231_req_get_mid(void)
{
    return (struct bk7231_request){
        .op = BK7231_FLASH_GET_MID,
        .is_long = true,
        .arg = {0x9f},
        .arg_len = 4,
        .reply_op = BK7231_FLASH_GET_MID,
        .body_len = SIZE_MAX, /* 3, or 4 with a pad in front */
        .name = "FlashGetMID",
    };
}

struct bk7231_request bk7231_req_read_sr(uint8_t reg)
{
    return (struct bk7231_request){
        .op = BK7231_FLASH_READ_SR,
        .is_long = true,
        .arg = {reg},
        .arg_len = 1,
        .reply_op = BK7231_FLASH_READ_SR,
        .echo = {reg},
        .echo_len = 1,
        .body_len = 2,
        .addr = reg,
        .name = "FlashReadSR",
    };
}

struct bk7231_request bk7231_req_write_sr(uint8_t reg, uint16_t value, unsigned bytes)
{
    struct bk7231_request rq = {
        .op = BK7231_FLASH_WRITE_SR,
        .is_long = true,
        .arg = {reg, (uint8_t)value, (uint8_t)(value >> 8)},
        .arg_len = bytes == 2 ? 3 : 2,
        .reply_op = BK7231_FLASH_WRITE_SR,
        .addr = reg,
        .name = "FlashWriteSR",
    };

    rq.echo_len = rq.arg_len;
    rq.body_len = rq.arg_len;
    memcpy(rq.echo, rq.arg, rq.echo_len);
    return rq;
}

size_t bk7231_encode(uint8_t *out, size_t cap, const struct bk7231_request *rq)
{
    if (rq->is_long)
        return bk7231_encode_long(out, cap, rq->op, rq->arg, rq->arg_len, rq->data, rq->data_len);
    return bk7231_encode_short(out, cap, rq->op, rq->arg, rq->arg_len);
}

size_t bk7231_reply_size(const struct bk7231_request *rq)
{
    if (rq->silent)
        return 0;
    if (rq->body_len == SIZE_MAX)
        return rq->is_long ? LONG_HEAD + 4 : SHORT_HEAD + 16;
    return (rq->is_long ? LONG_HEAD : SHORT_HEAD) + rq->body_len;
}

/* A refusal need not have the length of a success: T answers a refused
 * FlashRead4K with five bytes, and puts its limit 20E0h over the low half of a
 * refused FlashWrite4K's address. */
static bool bk7231_refusal_is_for(const struct bk7231_request *rq, const struct bk7231_reply *r)
{
    size_t from = rq->op == BK7231_FLASH_WRITE_4K ? 2 : 0;

    if (r->len < rq->echo_len)
        return false;
    return rq->echo_len <= from ||
           memcmp(r->body + from, rq->echo + from, rq->echo_len - from) == 0;
}

enum bk7231_match bk7231_match(const struct bk7231_request *rq, const struct bk7231_reply *r)
{
    if (r->what != BK7231_FRAME || rq->silent)
        return BK7231_FOREIGN;
    if (!r->is_long && r->len == 0 && (r->op == BK7231_SYS_ERR || r->op == BK7231_SYS_ERR2))
        return BK7231_REFUSED;
    if (r->is_long != rq->is_long || r->op != rq->reply_op)
        return BK7231_FOREIGN;
    if (r->status != 0)
        return bk7231_refusal_is_for(rq, r) ? BK7231_REFUSED : BK7231_FOREIGN;
    if (rq->body_len != SIZE_MAX && r->len != rq->body_len)
        return BK7231_FOREIGN;
    if (rq->is_long && rq->op == BK7231_FLASH_GET_MID && r->len != 3 && r->len != 4)
        return BK7231_FOREIGN;
    if (rq->echo_len && memcmp(r->body, rq->echo, rq->echo_len) != 0)
        return BK7231_FOREIGN;
    return BK7231_DONE;
}

bool bk7231_reply_changes_flash(const struct bk7231_reply *r, uint32_t *addr)
{
    *addr = 0;
    if (r->what != BK7231_FRAME || !r->is_long || r->status != 0)
        return false;
    switch (r->op) {
    case BK7231_FLASH_ERASE_ALL:
        return r->len == 1;
    case BK7231_FLASH_ERASE:
        if (r->len != 5)
            return false;
        *addr = get_le32(r->body + 1);
        return true;
    case BK7231_FLASH_WRITE:
    case BK7231_FLASH_WRITE_4K:
    case BK7231_FLASH_ERASE_4K:
        if (r->len != (r->op == BK7231_FLASH_WRITE ? 5 : 4))
            return false;
        *addr = get_le32(r->body);
        return true;
    default:
        return false;
    }
}
