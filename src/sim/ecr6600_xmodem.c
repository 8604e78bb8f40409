/* ecr6600_xmodem.c - transfers of the custom stub (2.3, 91 to 98): XMODEM-1K to
 * and from flash, the same with a raw deflate stream inside. Block numbers of
 * what arrives are not compared with anything, as in the stub. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "sim/ecr6600.h"

enum { SOH = 0x01, STX = 0x02, EOT = 0x04, ACK = 0x06, NAK = 0x15, CAN = 0x18, CRC_PLEASE = 0x43 };

/* In the stub's time units (2.5). */
#define CALL_UNITS   3333u
#define BYTE_UNITS   20000u
#define ACK_UNITS    3000u
#define PACKED_UNITS 5000u
#define START_UNITS  10000u
#define TRIES        10u

#define ERASE_PAUSE_NS SIM_MS(100)
#define SHORT_BLOCK    128u

static struct ecrdev_xmodem *xm(const struct sim *s)
{
    return &ecrdev(s)->stub.x;
}

static uint16_t crc16(const uint8_t *p, size_t n)
{
    unsigned crc = 0;

    while (n--) {
        crc ^= (unsigned)*p++ << 8;
        for (int k = 0; k < 8; k++)
            crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return (uint16_t)crc;
}

static void wait_units(struct sim *s, uint64_t units)
{
    uint64_t from = s->busy_until > s->now ? s->busy_until : s->now;

    xm(s)->until = from + units * ecrdev(s)->unit_ns;
}

void ecrdev_x_end(struct ecrdev *e)
{
    struct ecrdev_xmodem *x = &e->stub.x;

    if (x->inflate)
        inflateEnd(x->inflate);
    free(x->inflate);
    free(x->packed);
    x->inflate = NULL;
    x->packed = NULL;
    x->state = ECRDEV_X_OFF;
}

/* Say something last and return to the command parser. */
static void leave(struct sim *s, const uint8_t *bytes, size_t len)
{
    ecrdev_x_end(ecrdev(s));
    ecrdev_say(s, bytes, len);
}

static bool say1(struct sim *s, uint8_t byte)
{
    return ecrdev_say(s, &byte, 1);
}

/* ---- host to flash: 91, 97 ------------------------------------------------ */

static void call(struct sim *s)
{
    xm(s)->state = ECRDEV_X_CALL;
    if (say1(s, CRC_PLEASE))
        wait_units(s, CALL_UNITS);
}

static void waited(struct sim *s)
{
    struct ecrdev_xmodem *x = xm(s);

    ecrdev_erase(s, x->at, x->left, false, call);
}

void ecrdev_cmd_xwrite(struct sim *s, const uint8_t *p)
{
    struct ecrdev_stub *b = &ecrdev(s)->stub;
    uint32_t addr = get_le32(p), len = get_le32(p + 4);

    if (!ecrdev_in_range(s, b->type, addr, len))
        return;
    b->x.type = b->type;
    b->x.deflated = b->type == 0x97;
    b->x.at = addr;
    b->x.left = len;
    b->x.out_len = 0;
    if (b->x.deflated) {
        b->x.inflate = calloc(1, sizeof(z_stream));
        if (!b->x.inflate || inflateInit2(b->x.inflate, -15) != Z_OK) {
            free(b->x.inflate);
            b->x.inflate = NULL;
            ecrdev_answer(s, b->type, ECRDEV_ERROR);
            return;
        }
    }
    if (ecrdev_answer(s, b->type, ECRDEV_OK))
        ecrdev_pause(s, ERASE_PAUSE_NS, waited);
}

static void stored(struct sim *s)
{
    xm(s)->state = ECRDEV_X_CALL;
    if (say1(s, ACK))
        wait_units(s, CALL_UNITS);
}

static void refuse_block(struct sim *s)
{
    xm(s)->state = ECRDEV_X_CALL;
    if (say1(s, NAK))
        wait_units(s, CALL_UNITS);
}

static void pump(struct sim *s);

/* What was inflated is in flash; the odd bytes wait for the next. */
static void pumped(struct sim *s)
{
    struct ecrdev_xmodem *x = xm(s);
    size_t whole = x->out_len & ~(size_t)3;

    memmove(x->out, x->out + whole, x->out_len - whole);
    x->out_len -= whole;
    x->at += (uint32_t)whole;
    x->left -= (uint32_t)whole;
    pump(s);
}

/* Inflate until the block is used up or there is something to program. */
static void pump(struct sim *s)
{
    static const uint8_t give_up[] = {CAN, CAN, 'N'};
    struct ecrdev_xmodem *x = xm(s);
    z_stream *z = x->inflate;
    int err;

    z->next_out = x->out + x->out_len;
    z->avail_out = (uInt)(sizeof x->out - x->out_len);
    err = inflate(z, Z_NO_FLUSH);
    x->out_len = sizeof x->out - z->avail_out;
    if ((err != Z_OK && err != Z_STREAM_END && err != Z_BUF_ERROR) || x->out_len > x->left) {
        leave(s, give_up, sizeof give_up);
        return;
    }
    if (x->out_len >= 4)
        ecrdev_program(s, x->at, x->out, (uint32_t)(x->out_len & ~(size_t)3), pumped);
    else
        stored(s);
}

static void block_done(struct sim *s)
{
    struct ecrdev_xmodem *x = xm(s);
    const uint8_t *data = x->block + 2;
    size_t len = x->need - 4;

    if ((x->block[0] ^ x->block[1]) != 0xFF || crc16(data, len) != get_be16(data + len)) {
        refuse_block(s);
        return;
    }
    if (!x->deflated) {
        uint32_t at = x->at;

        x->at += ECRDEV_XBLOCK; /* all of it, also beyond the announced end */
        ecrdev_program(s, at, data, ECRDEV_XBLOCK, stored);
        return;
    }
    ((z_stream *)x->inflate)->next_in = x->block + 2;
    ((z_stream *)x->inflate)->avail_in = (uInt)len;
    pump(s);
}

static void begin_block(struct sim *s, uint8_t byte)
{
    struct ecrdev_xmodem *x = xm(s);
    static const uint8_t ack = ACK;

    if (byte == EOT) {
        leave(s, &ack, 1);
    } else if (byte == STX || (byte == SOH && x->deflated)) {
        x->state = ECRDEV_X_DATA;
        x->have = 0;
        x->need = 4 + (byte == STX ? ECRDEV_XBLOCK : SHORT_BLOCK);
        wait_units(s, BYTE_UNITS);
    } else {
        refuse_block(s);
    }
}

/* The byte came, or the stub gave up waiting for it and goes on regardless. */
static void block_byte(struct sim *s, const uint8_t *byte)
{
    struct ecrdev_xmodem *x = xm(s);

    if (byte)
        x->block[x->have] = *byte;
    if (++x->have < x->need)
        wait_units(s, BYTE_UNITS);
    else
        block_done(s);
}

/* ---- flash to host: 92, 98, 96 -------------------------------------------- */

static void begin_read(struct sim *s, uint32_t addr, uint32_t len, uint64_t units)
{
    struct ecrdev_stub *b = &ecrdev(s)->stub;

    b->x.type = b->type;
    b->x.deflated = b->type == 0x96;
    b->x.at = addr;
    b->x.left = len;
    b->x.number = 1;
    b->x.sum = false;
    b->x.state = ECRDEV_X_START;
    b->x.until = SIM_NEVER;
    if (ecrdev_answer(s, b->type, ECRDEV_OK) && units)
        wait_units(s, units);
}

/* 92, 98: waits for ever, checks no range. */
void ecrdev_cmd_xread(struct sim *s, const uint8_t *p)
{
    begin_read(s, get_le32(p), get_le32(p + 4), 0);
}

static bool pack(struct sim *s, uint32_t addr, uint32_t len, uint8_t level)
{
    struct ecrdev_xmodem *x = xm(s);
    uint8_t *plain = malloc(len ? len : 1);
    z_stream z = {0};
    bool ok = false;

    if (plain && deflateInit2(&z,
                              level < 1 || level > 10 ? 5
                              : level > 9             ? 9
                                                      : level,
                              Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK) {
        uLong room = deflateBound(&z, len);

        nor_read(&s->nor, addr, plain, len);
        x->packed = malloc(room);
        z.next_in = plain;
        z.avail_in = len;
        z.next_out = x->packed;
        z.avail_out = (uInt)room;
        ok = x->packed && deflate(&z, Z_FINISH) == Z_STREAM_END;
        x->packed_len = room - z.avail_out;
        deflateEnd(&z);
    }
    free(plain);
    return ok;
}

/* More than the largest flash would only repeat it. */
void ecrdev_cmd_xpacked(struct sim *s, const uint8_t *p)
{
    uint32_t len = get_le32(p + 4);

    if (len > NOR_SIZE_MAX || !pack(s, get_le32(p), len, p[8])) {
        ecrdev_x_end(ecrdev(s));
        ecrdev_answer(s, 0x96, ECRDEV_ERROR);
        return;
    }
    xm(s)->plain_len = len;
    begin_read(s, 0, (uint32_t)xm(s)->packed_len, START_UNITS);
}

/* What 98 sees: a made-up mask ROM, the flash window; nothing else. */
static uint8_t memory_byte(const struct sim *s, uint32_t addr)
{
    struct rng r;

    if (addr < 0x10000) {
        rng_seed(&r, addr ^ 0x6600u);
        return rng_u8(&r);
    }
    addr &= ~0x40000000u;
    if (addr >= 0x00800000 && addr < 0x00C00000)
        return s->nor.cell[(addr - 0x00800000) & (s->nor.size - 1)];
    return 0;
}

static void fill_block(struct sim *s, uint8_t *data, uint32_t len)
{
    struct ecrdev_xmodem *x = xm(s);
    uint32_t n = x->left < len ? x->left : len;

    memset(data, 0xff, len);
    if (x->type == 0x96)
        memcpy(data, x->packed + x->at, n);
    else if (x->type == 0x92)
        nor_read(&s->nor, x->at, data, n);
    else
        for (uint32_t i = 0; i < n; i++)
            data[i] = memory_byte(s, x->at + i);
}

static void send_block(struct sim *s)
{
    struct ecrdev_xmodem *x = xm(s);
    uint32_t len = x->sum ? SHORT_BLOCK : ECRDEV_XBLOCK;
    uint8_t *b = x->block;

    if (!x->left) {
        x->state = ECRDEV_X_EOT_ACK;
        if (say1(s, EOT))
            wait_units(s, x->deflated ? PACKED_UNITS : ACK_UNITS);
        return;
    }
    b[0] = x->sum ? SOH : STX;
    b[1] = x->number;
    b[2] = (uint8_t)~x->number;
    fill_block(s, b + 3, len);
    if (x->sum) {
        b[3 + len] = 0;
        for (uint32_t i = 0; i < len; i++)
            b[3 + len] = (uint8_t)(b[3 + len] + b[3 + i]);
    } else {
        put_be16(b + 3 + len, crc16(b + 3, len));
    }
    x->state = ECRDEV_X_ACK;
    if (ecrdev_say(s, b, 3 + len + (x->sum ? 1 : 2)))
        wait_units(s, x->deflated ? PACKED_UNITS : ACK_UNITS);
}

/* The time to compress what the next block stands for. */
static void pack_time(struct sim *s)
{
    struct ecrdev_xmodem *x = xm(s);
    uint32_t len = x->sum ? SHORT_BLOCK : ECRDEV_XBLOCK;

    if (x->deflated && x->packed_len)
        sim_work(s, (uint64_t)((double)x->plain_len * len / (double)x->packed_len * 1e9 /
                               (double)ecrdev(s)->pack_rate));
}

static void start_sending(struct sim *s, uint8_t byte)
{
    struct ecrdev_xmodem *x = xm(s);

    if (byte != CRC_PLEASE && !(x->deflated && (byte == NAK || byte == CAN)))
        return;
    if (byte == CAN) {
        ecrdev_x_end(ecrdev(s));
        return;
    }
    x->sum = byte == NAK;
    x->tries = 1;
    pack_time(s);
    send_block(s);
}

/* No ACK: the same again, at most ten times. */
static void again(struct sim *s)
{
    static const uint8_t cancel[] = {CAN, CAN};
    struct ecrdev_xmodem *x = xm(s);

    if (x->tries++ < TRIES)
        send_block(s);
    else
        leave(s, cancel, x->deflated ? 2 : 1);
}

static void acked(struct sim *s)
{
    struct ecrdev_xmodem *x = xm(s);
    uint32_t len = x->sum ? SHORT_BLOCK : ECRDEV_XBLOCK;

    if (x->state == ECRDEV_X_EOT_ACK) {
        ecrdev_x_end(ecrdev(s));
        return;
    }
    x->number++;
    x->at += len;
    x->left = x->left > len ? x->left - len : 0;
    x->tries = 1;
    if (x->left)
        pack_time(s);
    send_block(s);
}

/* ---- both ----------------------------------------------------------------- */

void ecrdev_x_rx(struct sim *s, uint8_t byte)
{
    struct ecrdev_xmodem *x = xm(s);

    switch (x->state) {
    case ECRDEV_X_CALL:
        begin_block(s, byte);
        break;
    case ECRDEV_X_DATA:
        block_byte(s, &byte);
        break;
    case ECRDEV_X_START:
        start_sending(s, byte);
        break;
    case ECRDEV_X_ACK:
    case ECRDEV_X_EOT_ACK:
        if (byte == ACK)
            acked(s);
        else
            again(s);
        break;
    case ECRDEV_X_OFF:
        break;
    }
}

void ecrdev_x_timer(struct sim *s)
{
    static const uint8_t cancel[] = {CAN, CAN};
    struct ecrdev_xmodem *x = xm(s);

    switch (x->state) {
    case ECRDEV_X_CALL:
        call(s);
        break;
    case ECRDEV_X_DATA:
        block_byte(s, NULL);
        break;
    case ECRDEV_X_START:
        leave(s, cancel, sizeof cancel);
        break;
    case ECRDEV_X_ACK:
    case ECRDEV_X_EOT_ACK:
        again(s);
        break;
    case ECRDEV_X_OFF:
        break;
    }
}
