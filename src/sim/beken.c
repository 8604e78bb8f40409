/* beken.c - parser and frames of the BK7231 loaders; see beken.h. */
#include "sim/beken.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

enum { WAIT_01, WAIT_E0, WAIT_FC, WAIT_LEN, WAIT_F4, WAIT_LO, WAIT_HI, IN_PAYLOAD };

static enum beken_frame mismatch(struct beken_parser *p, uint8_t byte)
{
    bool again = p->rescan && p->state != WAIT_01;

    p->state = WAIT_01;
    return again ? beken_parse(p, byte) : BEKEN_NONE;
}

static enum beken_frame header(struct beken_parser *p, uint8_t byte)
{
    static const uint8_t want[] = {0x01, 0xE0, 0xFC};

    switch (p->state) {
    case WAIT_01:
    case WAIT_E0:
    case WAIT_FC:
        if (byte != want[p->state])
            return mismatch(p, byte);
        p->state++;
        return BEKEN_NONE;
    case WAIT_LEN:
        p->have = 0;
        p->need = byte;
        p->long_form = byte == 0xFF;
        p->state = byte == 0 ? WAIT_01 : byte == 0xFF ? WAIT_F4 : IN_PAYLOAD;
        return BEKEN_NONE;
    case WAIT_F4:
        if (byte != 0xF4)
            return mismatch(p, byte);
        p->state = WAIT_LO;
        return BEKEN_NONE;
    case WAIT_LO:
        p->need = byte;
        p->state = WAIT_HI;
        return BEKEN_NONE;
    default:
        p->need |= (uint16_t)(byte << 8);
        p->state = p->need ? IN_PAYLOAD : WAIT_01;
        return BEKEN_NONE;
    }
}

enum beken_frame beken_parse(struct beken_parser *p, uint8_t byte)
{
    if (p->state != IN_PAYLOAD)
        return header(p, byte);
    if (!p->long_form)
        p->shrt[p->have] = byte;
    else if (p->have < BEKEN_LONG_MAX)
        p->lng[p->have] = byte;
    if (++p->have < p->need)
        return BEKEN_NONE;
    p->state = WAIT_01;
    return p->long_form ? BEKEN_LONG : BEKEN_SHORT;
}

bool beken_in_long(const struct beken_parser *p)
{
    return p->state == IN_PAYLOAD && p->long_form;
}

bool beken_mute_parse(struct beken_mute *m, const char *text)
{
    while (*text) {
        char digits[3] = {0}, *end;
        unsigned long op;

        if ((text[0] != 's' && text[0] != 'l') || !text[1] || !text[2])
            return false;
        memcpy(digits, text + 1, 2);
        op = strtoul(digits, &end, 16);
        if (*end || digits[0] == '-' || digits[0] == '+' || digits[0] == ' ')
            return false;
        (text[0] == 's' ? m->shrt : m->lng)[op / 8] |= (uint8_t)(1u << op % 8);
        text += 3;
        if (*text == '-' && !*++text)
            return false;
    }
    return true;
}

bool beken_muted(const struct beken_mute *m, enum beken_frame kind, uint8_t opcode)
{
    return (kind == BEKEN_SHORT ? m->shrt : m->lng)[opcode / 8] >> opcode % 8 & 1;
}

void beken_reply_short(struct sim *s, uint8_t opcode, const uint8_t *payload, size_t len)
{
    uint8_t frame[32] = {0x04, 0x0E, (uint8_t)(4 + len), 0x01, 0xE0, 0xFC, opcode};

    memcpy(frame + 7, payload, len);
    sim_reply(s, frame, 7 + len);
}

void beken_reply_long(struct sim *s, uint8_t opcode, uint8_t status, const uint8_t *payload,
                      size_t len)
{
    uint8_t frame[16 + NOR_SECTOR + 8] = {0x04, 0x0E, 0xFF, 0x01, 0xE0, 0xFC, 0xF4};

    put_le16(frame + 7, (uint16_t)(2 + len));
    frame[9] = opcode;
    frame[10] = status;
    memcpy(frame + 11, payload, len);
    sim_reply(s, frame, 11 + len);
}

uint32_t beken_baud(uint32_t baud)
{
    uint64_t d = 225;

    if (baud) {
        uint64_t q = (25999999u + baud / 2) / baud;

        d = q ? q - 1 : 0;
        if (d < 4)
            d = 4;
        if (d > 0x1FFF)
            d = 0x1FFF;
    }
    return (uint32_t)(26000000u / (d + 1));
}

void beken_job_start(struct sim *s, struct beken_job *job)
{
    job->active = true;
    beken_job_step(s, job);
}

void beken_job_step(struct sim *s, struct beken_job *job)
{
    uint32_t part = NOR_PAGE - (job->addr & (NOR_PAGE - 1));

    if (!job->len) {
        job->active = false;
        beken_reply_long(s, job->reply[0], job->reply[1], job->reply + 2, job->reply_len - 2);
        return;
    }
    if (part > job->len)
        part = job->len;
    sim_flash_work(s, nor_program(&s->nor, job->addr, job->data, part));
    job->addr += part;
    job->data += part;
    job->len -= part;
}
