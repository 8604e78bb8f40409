/* ecr6600_stub.c - models of the RAM stubs: custom V1.0.0 and the vendor's
 * 1.3.11, 1.3.4 and 1.4.0. Frames (2.1), dispatch (2.2) and the commands that
 * take no time. What they leave undone is done as they do it: lengths and sums
 * of earlier answers stay in the answer structure. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sim/ecr6600.h"

#define START_NS     SIM_MS(5)  /* PLL, flash reset; nothing is known of it */
#define BAUD_WAIT_NS SIM_MS(50) /* 2.3, 07 */
#define IGNORED_MAX  400u       /* two seconds of "cnys" every 20 ms */
#define ALL          0x0Fu

#define BIT(kind) (1u << (kind))

static const struct model {
    uint8_t limit;       /* types above are refused before the payload is read */
    uint8_t payload_max; /* more overwrites the stack */
} models[ECRDEV_KINDS] = {
    [ECRDEV_CUSTOM] = {0x9F, 9}, /* 8, and the ninth of 96 happens to do no harm */
    [ECRDEV_1_3_11] = {0x0C, 64},
    [ECRDEV_1_3_4] = {0x09, 8},
    [ECRDEV_1_4_0] = {0x08, 8},
};

static struct ecrdev_stub *stub(const struct sim *s)
{
    return &ecrdev(s)->stub;
}

/* ---- answers -------------------------------------------------------------- */

static uint8_t sum8(const uint8_t *p, size_t n)
{
    unsigned sum = 0;

    while (n--)
        sum += *p++;
    return (uint8_t)sum;
}

/* 5A, type, length field, status, sum. */
static bool short_answer(struct sim *s, uint8_t type, uint16_t len, uint8_t status, uint8_t sum)
{
    uint8_t frame[6] = {0x5A, type, (uint8_t)len, (uint8_t)(len >> 8), status, sum};

    return ecrdev_say(s, frame, sizeof frame);
}

static uint8_t short_sum(uint8_t type, uint16_t len, uint8_t status)
{
    return (uint8_t)(0x5A + type + (len & 0xff) + (len >> 8) + status);
}

bool ecrdev_answer(struct sim *s, uint8_t type, uint8_t status)
{
    struct ecrdev_stub *b = stub(s);

    b->stale_len = 0;
    b->stale_sum = short_sum(type, 0, status);
    return short_answer(s, type, 0, status, b->stale_sum);
}

bool ecrdev_not_understood(struct sim *s)
{
    struct ecrdev_stub *b = stub(s);

    b->stale_sum = short_sum(0xFF, b->stale_len, ECRDEV_TYPE);
    return short_answer(s, 0xFF, b->stale_len, ECRDEV_TYPE, b->stale_sum);
}

/* An answer with `len` bytes of payload; the vendor's efuse read has no status. */
static void payload_answer(struct sim *s, uint8_t type, const uint8_t *payload, size_t len,
                           bool with_status)
{
    struct ecrdev_stub *b = stub(s);
    size_t n = 4;

    b->out[0] = 0x5A;
    b->out[1] = type;
    put_le16(b->out + 2, (uint16_t)len);
    memcpy(b->out + n, payload, len);
    n += len;
    if (with_status)
        b->out[n++] = ECRDEV_OK;
    b->out[n] = sum8(b->out, n);
    b->stale_len = (uint16_t)len;
    /* The plain answer was prepared first, then replaced (2.3, 00). */
    b->stale_sum = short_sum(type, 0, ECRDEV_OK);
    ecrdev_say(s, b->out, n + 1);
}

bool ecrdev_in_range(struct sim *s, uint8_t type, uint32_t addr, uint32_t len)
{
    if ((uint64_t)addr + len <= stub(s)->flash_size)
        return true;
    ecrdev_answer(s, type, ECRDEV_ADDR);
    return false;
}

/* ---- commands ------------------------------------------------------------- */

static void cmd_sync(struct sim *s, const uint8_t *p)
{
    static const uint8_t word[4] = {0x63, 0x6E, 0x79, 0x73};
    struct ecrdev_stub *b = stub(s);

    if (memcmp(p, word, sizeof word)) {
        ecrdev_answer(s, 0x00, ECRDEV_ERROR);
    } else if (ecrdev(s)->kind == ECRDEV_CUSTOM) {
        b->stale_len = 0;
        short_answer(s, 0x00, 0, ECRDEV_OK, b->stale_sum); /* it forgets to sum up */
    } else {
        ecrdev_answer(s, 0x00, ECRDEV_OK);
    }
}

uint32_t ecrdev_real_baud(uint32_t baud)
{
    static const struct {
        uint32_t baud;
        uint8_t osc, div;
    } table[] = {
        {115200, 8, 87}, {691200, 8, 15}, {806400, 10, 10}, {921600, 8, 11}, {1500000, 18, 3},
    };
    uint32_t div;

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].baud == baud)
            return 80000000u / (table[i].osc * table[i].div);
    div = baud ? 10000000u / baud & 0xffff : 0;
    return div ? 10000000u / div : 0;
}

static void cmd_baud(struct sim *s, const uint8_t *p)
{
    uint32_t baud = ecrdev_real_baud(get_le32(p));

    if (!baud) { /* division by zero, or a divisor of zero */
        ecrdev_crash(s);
        return;
    }
    s->baud = baud;
    sim_delay(s, BAUD_WAIT_NS);
    ecrdev_answer(s, 0x07, ECRDEV_OK);
}

static void cmd_run(struct sim *s, const uint8_t *p)
{
    (void)p;
    if (ecrdev_answer(s, 0x06, ECRDEV_OK))
        ecrdev_pause(s, SIM_MS(10), ecrdev_jump_to_flash);
}

static void cmd_efuse(struct sim *s, const uint8_t *p)
{
    uint16_t rw = get_le16(p), addr = get_le16(p + 2), len = get_le16(p + 4);
    struct ecrdev *e = ecrdev(s);
    uint8_t data[ECRDEV_EFUSE];

    if (len % 4) {
        ecrdev_answer(s, 0x08, ECRDEV_LEN);
    } else if (addr % 4 || addr > 0x80 || len > sizeof data) {
        ecrdev_answer(s, 0x08, ECRDEV_ADDR);
    } else if (rw) { /* burns fuses for ever */
        s->violations++;
        ecrdev_answer(s, 0x08, ECRDEV_OK);
    } else {
        memset(data, 0, sizeof data);
        for (size_t i = 0; i < len && addr + i < ECRDEV_EFUSE; i++)
            data[i] = e->efuse[addr + i];
        payload_answer(s, 0x08, data, len, false);
    }
}

static void cmd_set_mac(struct sim *s, const uint8_t *p)
{
    char text[18];
    uint8_t mac[6];

    memcpy(text, p, 17);
    text[17] = '\0';
    if (!ecrdev_parse_mac(text, mac))
        ecrdev_answer(s, 0x0C, ECRDEV_MAC);
    else
        ecrdev_answer(s, 0x0C, ecrdev_store_mac(s, text) ? ECRDEV_OK : ECRDEV_ERROR);
}

static void cmd_flash_id(struct sim *s, const uint8_t *p)
{
    uint8_t id[4] = {s->nor.jedec[0], s->nor.jedec[1], s->nor.jedec[2], 0};

    (void)p;
    payload_answer(s, 0x90, id, sizeof id, true);
}

static void cmd_efuse_dump(struct sim *s, const uint8_t *p)
{
    (void)p;
    payload_answer(s, 0x99, ecrdev(s)->efuse, ECRDEV_EFUSE, true);
}

static const struct {
    uint8_t type;
    unsigned kinds;
    void (*run)(struct sim *s, const uint8_t *payload);
} commands[] = {
    {0x00, ALL, cmd_sync},
    {0x01, ALL, ecrdev_cmd_ram},
    {0x02, ALL, ecrdev_cmd_write},
    {0x03, ALL, ecrdev_cmd_read},
    {0x04, ALL, ecrdev_cmd_erase},
    {0x05, ALL, ecrdev_cmd_chip_erase},
    {0x06, ALL, cmd_run},
    {0x07, ALL, cmd_baud},
    {0x08, ALL & ~BIT(ECRDEV_CUSTOM), cmd_efuse},
    {0x09, ALL & ~BIT(ECRDEV_1_4_0), ecrdev_cmd_sha},
    {0x0C, BIT(ECRDEV_1_3_11), cmd_set_mac},
    {0x90, BIT(ECRDEV_CUSTOM), cmd_flash_id},
    {0x91, BIT(ECRDEV_CUSTOM), ecrdev_cmd_xwrite},
    {0x92, BIT(ECRDEV_CUSTOM), ecrdev_cmd_xread},
    {0x96, BIT(ECRDEV_CUSTOM), ecrdev_cmd_xpacked},
    {0x97, BIT(ECRDEV_CUSTOM), ecrdev_cmd_xwrite},
    {0x98, BIT(ECRDEV_CUSTOM), ecrdev_cmd_xread},
    {0x99, BIT(ECRDEV_CUSTOM), cmd_efuse_dump},
};

static void dispatch(struct sim *s)
{
    struct ecrdev_stub *b = stub(s);
    enum ecrdev_kind kind = ecrdev(s)->kind;

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (commands[i].type == b->type && commands[i].kinds & BIT(kind)) {
            commands[i].run(s, b->body);
            return;
        }
    }
    if (kind == ECRDEV_1_3_11) { /* the holes 0A and 0B: its own type, as in all sums */
        b->stale_sum = short_sum(b->type, b->stale_len, ECRDEV_TYPE);
        short_answer(s, b->type, b->stale_len, ECRDEV_TYPE, b->stale_sum);
        return;
    }
    ecrdev_not_understood(s);
}

/* ---- parser --------------------------------------------------------------- */

/* The header of a frame is complete, its body is not. True: read the body. */
static bool admit(struct sim *s)
{
    struct ecrdev_stub *b = stub(s);

    if (b->loop ? b->type == b->loop_type || ecrdev(s)->any_type
                : b->type <= models[ecrdev(s)->kind].limit)
        return true;
    b->state = ECRDEV_HUNT; /* what follows is searched for A5 */
    ecrdev_not_understood(s);
    return false;
}

static void bad_sum(struct sim *s, uint8_t sum)
{
    struct ecrdev_stub *b = stub(s);

    if (ecrdev(s)->kind == ECRDEV_1_3_11) {
        b->stale_sum = sum; /* of the request, not of this answer */
        short_answer(s, b->type, b->stale_len, ECRDEV_CRC, sum);
        return;
    }
    ecrdev_not_understood(s);
}

/* The sum byte of a frame has come. */
static void frame_done(struct sim *s, uint8_t byte)
{
    struct ecrdev_stub *b = stub(s);

    b->state = ECRDEV_HUNT;
    b->ignored = 0;
    if (b->loop)
        ecrdev_data_frame(s, byte != b->sum);
    else if (b->len > models[ecrdev(s)->kind].payload_max)
        ecrdev_crash(s);
    else if (byte != b->sum)
        bad_sum(s, b->sum);
    else
        dispatch(s);
}

static void body_byte(struct sim *s, uint8_t byte)
{
    struct ecrdev_stub *b = stub(s);

    if (b->have == b->len) {
        frame_done(s, byte);
        return;
    }
    if (b->loop)
        b->data[b->have] = byte;
    else if (b->have < sizeof b->body)
        b->body[b->have] = byte;
    b->have++;
    b->sum = (uint8_t)(b->sum + byte);
}

/* A data frame's length counts its flag; 0 is one less than 1. */
static void begin_body(struct ecrdev_stub *b)
{
    b->state = ECRDEV_BODY;
    b->have = 0;
    if (b->loop && !b->len)
        b->len = ECRDEV_DATA_MAX;
    if (!b->loop)
        memset(b->body, 0, sizeof b->body);
}

void ecrdev_stub_rx(struct sim *s, uint8_t byte)
{
    struct ecrdev_stub *b = stub(s);

    if (b->x.state != ECRDEV_X_OFF) {
        ecrdev_x_rx(s, byte);
        return;
    }
    if (b->state == ECRDEV_BODY) {
        body_byte(s, byte);
        return;
    }
    if (b->state == ECRDEV_HUNT) {
        if (byte == 0xA5) {
            b->sum = byte;
            b->state = ECRDEV_TYPE_BYTE;
        } else if (++b->ignored == IGNORED_MAX) {
            ecrdev_unlink(s); /* the host polls for a loader, the person sees it */
        }
        return;
    }
    b->sum = (uint8_t)(b->sum + byte);
    if (b->state == ECRDEV_TYPE_BYTE) {
        b->type = byte;
        b->state = ECRDEV_LEN_LO;
    } else if (b->state == ECRDEV_LEN_LO) {
        b->len = byte;
        b->state = ECRDEV_LEN_HI;
    } else {
        b->len |= (uint32_t)byte << 8;
        if (admit(s))
            begin_body(b);
    }
}

/* ---- its life ------------------------------------------------------------- */

void ecrdev_stub_fini(struct ecrdev *e)
{
    ecrdev_x_end(e);
}

/* The stub's own idea of the size; it knows three. Returns what it prints. */
static const char *detect_flash(struct sim *s)
{
    const uint8_t *id = s->nor.jedec;

    stub(s)->flash_size = 0;
    if (id[0] == 0xFF && id[1] == 0xFF && id[2] == 0xFF)
        return "no flash!";
    if (id[2] < 0x14 || id[2] > 0x16)
        return "flash!";
    stub(s)->flash_size = 1u << id[2];
    return NULL;
}

void ecrdev_stub_start(struct sim *s)
{
    struct ecrdev *e = ecrdev(s);
    struct ecrdev_stub *b = &e->stub;
    const char *complaint;

    ecrdev_stub_fini(e);
    memset(b, 0, offsetof(struct ecrdev_stub, data));
    memset(&b->job, 0, sizeof b->job);
    memset(e->tag, 0xff, sizeof e->tag);
    e->at = ECRDEV_STUB;
    s->rx_len = 0;
    s->baud = ecrdev_real_baud(115200); /* the PLL runs from now on */
    sim_linked(s);
    complaint = detect_flash(s);
    if (complaint)
        sim_chat(s, (const uint8_t *)complaint, strlen(complaint));
    sim_work(s, START_NS);
}

uint64_t ecrdev_stub_next(const struct sim *s)
{
    const struct ecrdev_stub *b = stub(s);

    if (b->job.kind != ECRDEV_IDLE)
        return s->busy_until;
    return b->x.state != ECRDEV_X_OFF ? b->x.until : SIM_NEVER;
}

void ecrdev_stub_timer(struct sim *s)
{
    if (stub(s)->job.kind != ECRDEV_IDLE)
        ecrdev_job_step(s);
    else
        ecrdev_x_timer(s);
}
