/* ecr6600_frame.c - see ecr6600_frame.h. */
#include "ecr6600/ecr6600_frame.h"

#include <string.h>

#include "core/bytes.h"

#define REQUEST_MARK 0xa5
#define ANSWER_MARK  0x5a
#define HEAD         4u
#define PAYLOAD_MAX  64u /* what the most generous stub has room for */
#define UART_CLOCK   80000000u

const uint8_t ecr6600_sync_bytes[4] = {0x63, 0x6e, 0x79, 0x73};

size_t ecr6600_encode_header(uint8_t out[ECR6600_GROUP], size_t len)
{
    if (len == 0 || len > ECR6600_STUB_MAX || len % 0x10000 == 0)
        return 0;
    put_le32(out, 1);
    put_le32(out + 4, ECR6600_RAM);
    put_le32(out + 8, (uint32_t)len);
    return ECR6600_GROUP;
}

static struct ecr6600_request request(const char *name, enum ecr6600_op op, size_t answer)
{
    return (struct ecr6600_request){.name = name, .op = (uint8_t)op, .answer = answer};
}

static struct ecr6600_request span(const char *name, enum ecr6600_op op, uint32_t addr,
                                   uint32_t len, size_t answer)
{
    struct ecr6600_request rq = request(name, op, answer);

    put_le32(rq.payload, addr);
    put_le32(rq.payload + 4, len);
    rq.len = 8;
    rq.addr = addr;
    rq.span = len;
    return rq;
}

struct ecr6600_request ecr6600_req_sync(void)
{
    struct ecr6600_request rq = request("sync", ECR6600_OP_SYNC, 0);

    memcpy(rq.payload, ecr6600_sync_bytes, sizeof ecr6600_sync_bytes);
    rq.len = sizeof ecr6600_sync_bytes;
    return rq;
}

struct ecr6600_request ecr6600_req_hole(void)
{
    return request("type 0A", ECR6600_OP_HOLE, 0);
}

struct ecr6600_request ecr6600_req_flash_id(void)
{
    return request("flash id", ECR6600_OP_FLASH_ID, 4);
}

struct ecr6600_request ecr6600_req_efuse_all(void)
{
    return request("efuse dump", ECR6600_OP_EFUSE_ALL, ECR6600_EFUSE_LEN);
}

struct ecr6600_request ecr6600_req_run(void)
{
    return request("run", ECR6600_OP_RUN, 0);
}

struct ecr6600_request ecr6600_req_stream(void)
{
    struct ecr6600_request rq = request("stream", ECR6600_OP_STREAM, ECR6600_CAPS_LEN);

    memcpy(rq.payload, "PFS1", 4);
    rq.len = 4;
    return rq;
}

struct ecr6600_request ecr6600_req_baud(uint32_t baud)
{
    struct ecr6600_request rq = request("baud rate", ECR6600_OP_BAUD, 0);

    put_le32(rq.payload, baud);
    rq.len = 4;
    return rq;
}

struct ecr6600_request ecr6600_req_efuse(uint16_t addr, uint16_t len)
{
    struct ecr6600_request rq = request("efuse read", ECR6600_OP_EFUSE, len);

    put_le16(rq.payload, 0); /* read; the other two values burn */
    put_le16(rq.payload + 2, addr);
    put_le16(rq.payload + 4, len);
    rq.len = 6;
    rq.addr = addr;
    rq.no_status = true;
    return rq;
}

struct ecr6600_request ecr6600_req_read(uint32_t addr, uint32_t len)
{
    return span("read", ECR6600_OP_READ, addr, len, len);
}

struct ecr6600_request ecr6600_req_erase(uint32_t addr, uint32_t len)
{
    return span("erase", ECR6600_OP_ERASE, addr, len, 0);
}

struct ecr6600_request ecr6600_req_sha256(uint32_t addr, uint32_t len)
{
    return span("SHA-256", ECR6600_OP_SHA256, addr, len, 32);
}

struct ecr6600_request ecr6600_req_write(uint32_t addr, uint32_t len)
{
    return span("write", ECR6600_OP_WRITE, addr, len, 0);
}

struct ecr6600_request ecr6600_req_which(void)
{
    return span("write probe", ECR6600_OP_WRITE, 0xffffff00, 0xffffffff, 0);
}

struct ecr6600_request ecr6600_req_data(uint32_t addr, const uint8_t *data, size_t len)
{
    struct ecr6600_request rq = request("write data", ECR6600_OP_WRITE, 0);

    rq.data = data;
    rq.data_len = len;
    rq.addr = addr;
    return rq;
}

uint8_t ecr6600_sum8(const uint8_t *data, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum;
}

size_t ecr6600_encode(uint8_t *out, size_t cap, const struct ecr6600_request *rq)
{
    size_t len = rq->data ? 1 + rq->data_len : rq->len;

    if (rq->data && (rq->data_len == 0 || rq->data_len > ECR6600_FRAME))
        return 0;
    if (!rq->data && len > sizeof rq->payload)
        return 0;
    if (rq->op == ECR6600_OP_READ && (rq->answer == 0 || rq->answer > ECR6600_READ_MAX))
        return 0;
    if (cap < HEAD + len + 1)
        return 0;
    out[0] = REQUEST_MARK;
    out[1] = rq->op;
    put_le16(out + 2, (uint16_t)len);
    if (rq->data) {
        out[HEAD] = 0; /* 01 would step back over what the last frame wrote */
        memcpy(out + HEAD + 1, rq->data, rq->data_len);
    } else {
        memcpy(out + HEAD, rq->payload, len);
    }
    out[HEAD + len] = ecr6600_sum8(out, HEAD + len);
    return HEAD + len + 1;
}

/* filler ------------------------------------------------------------------- */

struct lossy {
    const uint8_t *frame;
    size_t len, from, run; /* frame[from, from+run) is lost */
    uint8_t fill;          /* what follows, and then FF without end */
};

static uint8_t lossy_at(const struct lossy *l, size_t i)
{
    if (i >= l->from)
        i += l->run;
    if (i < l->len)
        return l->frame[i];
    return i == l->len ? l->fill : 0xff;
}

/* The stub's parser would find a whole request in what is left. */
static bool lossy_obeyed(const struct lossy *l)
{
    size_t left = l->len - l->run, at = 0, n;
    uint8_t sum = 0;

    while (at < left && lossy_at(l, at) != REQUEST_MARK)
        at++;
    if (at == left)
        return false;
    n = (size_t)lossy_at(l, at + 2) | (size_t)lossy_at(l, at + 3) << 8;
    if (n > PAYLOAD_MAX)
        return false;
    for (size_t i = 0; i < HEAD + n; i++)
        sum = (uint8_t)(sum + lossy_at(l, at + i));
    return lossy_at(l, at + HEAD + n) == sum;
}

static bool filler_is_safe(const uint8_t *frame, size_t len, uint8_t fill)
{
    struct lossy l = {.frame = frame, .len = len, .fill = fill};

    for (l.run = 1; l.run <= len; l.run++)
        for (l.from = 0; l.from + l.run <= len; l.from++)
            if (lossy_obeyed(&l))
                return false;
    return true;
}

uint8_t ecr6600_filler(const uint8_t *frame, size_t len)
{
    if (len > ECR6600_FILLER)
        return 0xff;
    for (unsigned fill = 0xff; fill; fill--)
        if (fill != REQUEST_MARK && filler_is_safe(frame, len, (uint8_t)fill))
            return (uint8_t)fill;
    return 0xff;
}

/* decode ------------------------------------------------------------------- */

static struct ecr6600_reply reply_skip(size_t n)
{
    return (struct ecr6600_reply){.what = ECR6600_SKIP, .used = n};
}

/* More may complete it; when no more comes, its first byte begins nothing. */
static struct ecr6600_reply reply_more(bool quiet)
{
    return quiet ? reply_skip(1) : (struct ecr6600_reply){.what = ECR6600_MORE};
}

static struct ecr6600_reply reply_frame(const uint8_t *in, size_t n, bool has_status, bool stray)
{
    return (struct ecr6600_reply){
        .what = ECR6600_ANSWER,
        .op = in[1],
        .status = has_status ? in[HEAD + n] : 0,
        .body = in + HEAD,
        .len = n,
        .used = HEAD + n + has_status + 1,
        .stray = stray,
    };
}

static bool sum_is_right(const uint8_t *in, size_t total)
{
    return ecr6600_sum8(in, total - 1) == in[total - 1];
}

/* Six bytes and then nothing: an error answer with a stale length. Stub 1.3.11
 * ends its SUM answer with the sum of the request as it came, not its own. */
static bool error_answer(const uint8_t *in, size_t len, const struct ecr6600_request *want)
{
    if (len != HEAD + 2 || in[HEAD] == ECR6600_ST_OK)
        return false;
    if (in[1] != want->op && in[1] != ECR6600_OP_NONE)
        return false;
    return sum_is_right(in, HEAD + 2) || (in[HEAD] == ECR6600_ST_SUM && in[1] == want->op);
}

static struct ecr6600_reply reply_error(const uint8_t *in)
{
    struct ecr6600_reply r = reply_frame(in, 0, true, false);

    return r;
}

/* The frame that `want` hopes for, header already seen. */
static struct ecr6600_reply decode_wanted(const uint8_t *in, size_t len,
                                          const struct ecr6600_request *want, bool quiet)
{
    size_t total = HEAD + want->answer + !want->no_status + 1;

    if (quiet && error_answer(in, len, want))
        return reply_error(in);
    if (len < total)
        return reply_more(quiet);
    if (sum_is_right(in, total))
        return reply_frame(in, want->answer, !want->no_status, false);
    /* The custom stub sends a left-over as the sum of its sync answer. */
    if (want->op == ECR6600_OP_SYNC && in[HEAD] == ECR6600_ST_OK)
        return reply_frame(in, 0, true, false);
    if (want->answer == 0 && in[HEAD] == ECR6600_ST_SUM && len == total)
        return reply_more(quiet);
    return reply_skip(1);
}

struct ecr6600_reply ecr6600_decode(const uint8_t *in, size_t len,
                                    const struct ecr6600_request *want, bool quiet)
{
    size_t n = 0;
    bool ours;

    while (n < len && in[n] != ANSWER_MARK)
        n++;
    if (n)
        return reply_skip(n);
    if (len < HEAD)
        return len ? reply_more(quiet) : (struct ecr6600_reply){.what = ECR6600_MORE};
    n = get_le16(in + 2);
    if (in[1] == want->op && n == want->answer)
        return decode_wanted(in, len, want, quiet);

    ours = in[1] == want->op || in[1] == ECR6600_OP_NONE;
    if (ours && quiet && error_answer(in, len, want))
        return reply_error(in);
    if (ours && len < HEAD + 2)
        return reply_more(quiet);
    if (ours && in[HEAD] != ECR6600_ST_OK && n == 0 && sum_is_right(in, HEAD + 2))
        return reply_error(in);
    /* Something that was asked for earlier. */
    if (n > ECR6600_READ_MAX)
        return ours ? reply_more(quiet) : reply_skip(1);
    if (len < HEAD + n + 2)
        return reply_more(quiet);
    if (sum_is_right(in, HEAD + n + 2))
        return reply_frame(in, n, true, true);
    return reply_skip(1);
}

/* baud --------------------------------------------------------------------- */

/* What the stubs have in a table; every other rate gets 8 and a quotient that
 * is cut off. */
static const struct {
    uint32_t baud;
    uint8_t sampling, divisor;
} baud_known[] = {
    {57600, 8, 173},  {76800, 8, 130},  {115200, 8, 87}, {230400, 8, 43},  {460800, 8, 21},
    {500000, 8, 20},  {576000, 8, 17},  {691200, 8, 15}, {806400, 10, 10}, {921600, 8, 11},
    {1000000, 8, 10}, {1500000, 18, 3}, {2000000, 8, 5}, {2500000, 8, 4},
};

uint32_t ecr6600_real_baud(uint32_t baud)
{
    uint32_t by = baud ? UART_CLOCK / 8 / baud * 8 : 0;

    for (size_t i = 0; i < sizeof baud_known / sizeof baud_known[0]; i++)
        if (baud_known[i].baud == baud)
            by = (uint32_t)baud_known[i].sampling * baud_known[i].divisor;
    return by ? (UART_CLOCK + by / 2) / by : 0;
}
