/* steps.c - the language of --reset-seq: parse it, run it; see protocol.h.
 *
 * A run starts from released lines, as a port is opened. */
#include <string.h>

#include "plugflash/protocol.h"

#define STEPS_WAIT_MAX_S   600.0
#define STEPS_WAIT_SLICE   UINT64_C(100000) /* how often a wait looks for a stop */
#define STEPS_BAUD_MAX     20000000ul
#define STEPS_NUMBER_CHARS 16

struct steps_text {
    struct pf_ctx *ctx;
    const char *all, *at;
};

static enum pf_err steps_error(const struct steps_text *t, const char *what)
{
    return pf_fail(t->ctx, PF_ERR_USAGE, "reset sequence: %s at character %zu: \"%.24s\"", what,
                   (size_t)(t->at - t->all) + 1, t->at);
}

static int steps_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The digits and points at the cursor, as a number; never locale-dependent
 * signs, exponents or hex, which strtod would take. */
static enum pf_err steps_number(struct steps_text *t, double *out)
{
    double value = 0, unit = 1;
    size_t n = 0;
    bool point = false, digit = false;

    for (; (*t->at >= '0' && *t->at <= '9') || (*t->at == '.' && !point); t->at++, n++) {
        if (n == STEPS_NUMBER_CHARS)
            return steps_error(t, "number too long");
        if (*t->at == '.') {
            point = true;
            continue;
        }
        digit = true;
        if (point)
            value += (unit /= 10) * (*t->at - '0');
        else
            value = value * 10 + (*t->at - '0');
    }
    if (!digit)
        return steps_error(t, "a number is expected");
    *out = value;
    return PF_OK;
}

static enum pf_err steps_escape(struct steps_text *t, uint8_t *out)
{
    static const char name[] = "rnt0\\'";
    static const char value[] = "\r\n\t\0\\'";
    const char *hit;

    t->at++;
    if (*t->at == 'x' && steps_hex(t->at[1]) >= 0 && steps_hex(t->at[2]) >= 0) {
        *out = (uint8_t)(steps_hex(t->at[1]) << 4 | steps_hex(t->at[2]));
        t->at += 3;
        return PF_OK;
    }
    hit = *t->at ? strchr(name, *t->at) : NULL;
    if (!hit)
        return steps_error(t, "unknown escape");
    *out = (uint8_t)value[hit - name];
    t->at++;
    return PF_OK;
}

/* X'0102' and T'text', from the quote on. */
static enum pf_err steps_bytes(struct steps_text *t, bool hex, struct pf_step *step)
{
    step->op = PF_STEP_SEND;
    if (*t->at != '\'')
        return steps_error(t, "a quote ' is expected");
    t->at++;
    while (*t->at != '\'') {
        if (*t->at == '\0')
            return steps_error(t, "the closing quote ' is missing");
        if (step->len == sizeof step->bytes)
            return steps_error(t, "more than 64 bytes in one step");
        if (hex) {
            if (steps_hex(t->at[0]) < 0 || steps_hex(t->at[1]) < 0)
                return steps_error(t, "two hex digits per byte are expected");
            step->bytes[step->len++] = (uint8_t)(steps_hex(t->at[0]) << 4 | steps_hex(t->at[1]));
            t->at += 2;
        } else if (*t->at == '\\') {
            PF_TRY(steps_escape(t, &step->bytes[step->len]));
            step->len++;
        } else {
            step->bytes[step->len++] = (uint8_t)*t->at++;
        }
    }
    t->at++;
    if (step->len == 0)
        return steps_error(t, "nothing to send");
    return PF_OK;
}

static enum pf_err steps_switch(struct steps_text *t, bool *on)
{
    if (*t->at != '0' && *t->at != '1')
        return steps_error(t, "0 or 1 is expected");
    *on = *t->at++ == '1';
    return PF_OK;
}

/* D1 or R0, with everything that '&' joins to it. */
static enum pf_err steps_lines(struct steps_text *t, struct pf_step *step)
{
    step->op = PF_STEP_LINES;
    for (;;) {
        unsigned line = *t->at == 'D' ? PF_LINE_DTR : PF_LINE_RTS;
        bool on = false;

        if (*t->at != 'D' && *t->at != 'R')
            return steps_error(t, "D or R is expected after &");
        if (step->mask & line)
            return steps_error(t, "the same line twice in one step");
        t->at++;
        PF_TRY(steps_switch(t, &on));
        step->mask |= line;
        step->lines |= on ? line : 0;
        if (*t->at != '&')
            return PF_OK;
        t->at++;
    }
}

static enum pf_err steps_one(struct steps_text *t, struct pf_step *step)
{
    double number;
    char op = *t->at;

    *step = (struct pf_step){.op = PF_STEP_WAIT};
    if (op == 'D' || op == 'R')
        return steps_lines(t, step);
    if (!op || !strchr("PWXTB", op))
        return steps_error(t, "a step D R P W X T or B is expected");
    t->at++;
    switch (op) {
    case 'P':
        step->op = PF_STEP_POWER;
        return steps_switch(t, &step->on);
    case 'W':
        PF_TRY(steps_number(t, &number));
        if (number > STEPS_WAIT_MAX_S)
            return steps_error(t, "a wait of more than 600 seconds");
        step->us = (uint64_t)(number * 1e6 + 0.5);
        return PF_OK;
    case 'B':
        PF_TRY(steps_number(t, &number));
        if (number < 300 || number > STEPS_BAUD_MAX)
            return steps_error(t, "a baud rate of 300 to 20000000 is expected");
        step->op = PF_STEP_BAUD;
        step->baud = (uint32_t)number;
        return PF_OK;
    default:
        return steps_bytes(t, op == 'X', step);
    }
}

enum pf_err pf_steps_parse(struct pf_ctx *ctx, const char *text, struct pf_steps *out)
{
    struct steps_text t = {.ctx = ctx, .all = text, .at = text};

    memset(out, 0, sizeof *out);
    if (!*text)
        return PF_OK;
    for (;;) {
        struct pf_step *step = &out->step[out->count];

        if (out->count == PF_STEPS_MAX)
            return steps_error(&t, "more than 64 steps");
        PF_TRY(steps_one(&t, step));
        out->count++;
        out->touches_lines |= step->op == PF_STEP_LINES;
        out->touches_power |= step->op == PF_STEP_POWER;
        if (*t.at == '\0')
            return PF_OK;
        if (*t.at != '|')
            return steps_error(&t, "| is expected between steps");
        t.at++;
    }
}

static enum pf_err steps_wait(struct pf_ctx *ctx, struct pf_transport *port, uint64_t us)
{
    while (us) {
        uint64_t slice = us < STEPS_WAIT_SLICE ? us : STEPS_WAIT_SLICE;

        PF_TRY(pf_check_cancel(ctx));
        pf_sleep(port, slice);
        us -= slice;
    }
    return PF_OK;
}

static enum pf_err steps_send(struct pf_transport *port, const struct pf_step *step)
{
    PF_TRY(port->ops->write(port, step->bytes, step->len));
    return port->ops->drain(port);
}

enum pf_err pf_steps_run(struct pf_ctx *ctx, struct pf_transport *port,
                         const struct pf_steps *steps, bool lenient)
{
    unsigned lines = 0;

    for (size_t i = 0; i < steps->count; i++) {
        const struct pf_step *step = &steps->step[i];
        enum pf_err err = PF_OK;

        switch (step->op) {
        case PF_STEP_LINES:
            lines = (lines & ~step->mask) | step->lines;
            err = pf_set_lines(port, lines);
            break;
        case PF_STEP_POWER:
            err = pf_set_power(port, step->on);
            break;
        case PF_STEP_WAIT:
            err = steps_wait(ctx, port, step->us);
            break;
        case PF_STEP_SEND:
            err = steps_send(port, step);
            break;
        case PF_STEP_BAUD:
            err = pf_set_baud(port, step->baud);
            break;
        }
        if (err && !(lenient && err == PF_ERR_SUPPORT))
            return err;
    }
    return PF_OK;
}
