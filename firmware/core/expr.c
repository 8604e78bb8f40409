/* expr.c - conditions: numbers, constants, + - * / < > <= >= == != && || ! and brackets.
 *
 * A descent over the text that goes at most EXPR_DEPTH brackets and signs deep. Whatever
 * has no finite value is no expression: nothing here makes infinities or NaN. */
#include "core/expr.h"

#include <math.h>
#include <string.h>

#include "core/out.h"
#include "core/plug.h"

#define NAME 24u

/* ---- constants ------------------------------------------------------------- */

static double metered(const struct plug *p, unsigned quantity)
{
    return p->meter.valid[quantity] ? p->meter.value[quantity] : 0;
}

static const struct {
    const char *name;
    uint8_t quantity;
} quantities[] = {
    {"voltage", METER_VOLTAGE},     {"current", METER_CURRENT}, {"power", METER_POWER},
    {"frequency", METER_FREQUENCY}, {"energy", METER_TOTAL},    {"today", METER_TODAY},
    {"yesterday", METER_YESTERDAY},
};

static bool of_meter(const struct plug *p, const char *name, double *out)
{
    for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++)
        if (text_same(name, quantities[i].name)) {
            *out = metered(p, quantities[i].quantity);
            return true;
        }
    return false;
}

/* 0 as long as nobody has told the time. */
static bool of_clock(const struct plug *p, const char *name, double *out)
{
    static const char *const names[] = {"hour", "minute", "second", "day", "mday", "month", "year"};
    struct clock_date d = {0};
    uint32_t local;

    if (!clock_now(p, &local, &d))
        d = (struct clock_date){0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_same(name, names[i])) {
            const int values[] = {d.hour, d.minute, d.second, d.weekday, d.day, d.month, d.year};

            *out = values[i];
            return true;
        }
    return false;
}

static bool of_plug(const struct plug *p, const char *name, double *out)
{
    if (text_same(name, "uptime"))
        *out = p->uptime_s;
    else if (text_same(name, "failedBoots"))
        *out = p->failed_boots;
    else if (text_same(name, "rebootReason"))
        *out = p->reset_cause;
    else if (text_same(name, "MQTTOn"))
        *out = p->mqtt.connected;
    else if (text_same(name, "NTPOn"))
        *out = p->clock.synced;
    else if (text_same(name, "rand"))
        *out = hal_random() & INT32_MAX;
    else
        return false;
    return true;
}

/* CH and FLAG with a number behind. */
static bool of_index(const struct plug *p, const char *name, double *out)
{
    char word[NAME];
    const size_t n = strcspn(name, "0123456789");
    int32_t i;

    if (!name[n] || !text_copy(word, sizeof word, name) || !text_int(name + n, &i))
        return false;
    word[n] = '\0';
    if (text_same(word, "CH") && i < (int32_t)CHANNELS)
        *out = channel_get(p, (unsigned)i);
    else if (text_same(word, "FLAG") && i < 64)
        *out = config_flag(&p->cfg, (unsigned)i);
    else
        return false;
    return true;
}

bool expr_constant(struct plug *p, const char *name, double *out)
{
    return of_index(p, name, out) || of_meter(p, name, out) || of_plug(p, name, out) ||
           of_clock(p, name, out);
}

/* ---- grammar ----------------------------------------------------------------- */

struct scan {
    struct plug *p;
    const char *s;
    unsigned depth;
};

/* A higher rank binds closer. Longer signs before their beginnings. */
static const struct {
    const char *sign;
    uint8_t rank;
} operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<=", 4}, {">=", 4},
    {"<", 4},  {">", 4},  {"+", 5},  {"-", 5},  {"*", 6},  {"/", 6},
};
enum { RANK_LOWEST = 1 };
enum { OR, AND, EQ, NE, LE, GE, LT, GT, ADD, SUB, MUL, DIV, OPERATORS };

static void blanks(struct scan *s)
{
    while (*s->s == ' ' || *s->s == '\t')
        s->s++;
}

/* The operator that stands there if it binds at least so close; OPERATORS: none. */
static unsigned take_operator(struct scan *s, unsigned rank)
{
    blanks(s);
    for (unsigned i = 0; i < OPERATORS; i++) {
        const size_t n = strlen(operators[i].sign);

        if (strncmp(s->s, operators[i].sign, n) != 0)
            continue;
        if (operators[i].rank < rank)
            return OPERATORS;
        s->s += n;
        return i;
    }
    return OPERATORS;
}

static bool apply(unsigned op, double a, double b, double *out)
{
    switch (op) {
    case OR:
        *out = a != 0 || b != 0;
        break;
    case AND:
        *out = a != 0 && b != 0;
        break;
    case EQ:
        *out = a == b;
        break;
    case NE:
        *out = a != b;
        break;
    case LE:
        *out = a <= b;
        break;
    case GE:
        *out = a >= b;
        break;
    case LT:
        *out = a < b;
        break;
    case GT:
        *out = a > b;
        break;
    case ADD:
        *out = a + b;
        break;
    case SUB:
        *out = a - b;
        break;
    case MUL:
        *out = a * b;
        break;
    default:
        if (b == 0)
            return false;
        *out = a / b;
    }
    return isfinite(*out);
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A number or a constant, with its `$` or without. */
static bool leaf(struct scan *s, double *out)
{
    char word[NAME];
    const bool number = (*s->s >= '0' && *s->s <= '9') || *s->s == '.';
    size_t n = 0;

    if (!number && *s->s == '$')
        s->s++;
    while (is_word(s->s[n]) || (number && s->s[n] == '.'))
        n++;
    if (!n || n >= sizeof word)
        return false;
    memcpy(word, s->s, n);
    word[n] = '\0';
    s->s += n;
    return number ? text_real(word, out) : expr_constant(s->p, word, out);
}

static bool value(struct scan *s, unsigned rank, double *out);

/* Signs and brackets before a leaf. */
static bool unary(struct scan *s, double *out)
{
    const char c = (blanks(s), *s->s);
    bool ok;

    if (c != '(' && c != '!' && c != '-')
        return leaf(s, out);
    if (s->depth == EXPR_DEPTH)
        return false;
    s->s++;
    s->depth++;
    ok = c == '(' ? value(s, RANK_LOWEST, out) : unary(s, out);
    s->depth--;
    if (!ok)
        return false;
    if (c == '!')
        *out = *out == 0;
    if (c == '-')
        *out = -*out;
    if (c != '(')
        return true;
    blanks(s);
    return *s->s == ')' && s->s++;
}

static bool value(struct scan *s, unsigned rank, double *out)
{
    double right;
    unsigned op;

    if (!unary(s, out))
        return false;
    while ((op = take_operator(s, rank)) != OPERATORS)
        if (!value(s, operators[op].rank + 1u, &right) || !apply(op, *out, right, out))
            return false;
    return true;
}

bool expr_eval(struct plug *p, const char *text, double *out)
{
    struct scan s = {p, text, 0};

    if (!value(&s, RANK_LOWEST, out))
        return false;
    blanks(&s);
    return !*s.s;
}
