/* fault.c - parsing and looking up of the fault plan; see fault.h. */
#include "sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often ARG counts as a length. */
enum arg_use { ARG_NONE, ARG_VALUE, ARG_LENGTH };

static const struct {
    const char *name;
    bool wire;
    enum arg_use use;
    uint64_t arg;     /* when none is given */
    const char *word; /* ARG may also be this */
} kinds[FAULT_KIND_COUNT] = {
    [FAULT_DROP] = {"drop", true, ARG_LENGTH, 1, NULL},
    [FAULT_BURST] = {"burst", true, ARG_LENGTH, 200, NULL},
    [FAULT_FLIP] = {"flip", true, ARG_VALUE, 8, NULL}, /* 8: the seed chooses */
    [FAULT_DUP] = {"dup", true, ARG_VALUE, 1, NULL},
    [FAULT_DELAY] = {"delay", true, ARG_VALUE, 50, NULL},
    [FAULT_FRAGMENT] = {"fragment", true, ARG_LENGTH, 16, NULL},
    [FAULT_ECHO] = {"echo", true, ARG_LENGTH, 16, NULL},
    [FAULT_LIE] = {"lie", false, ARG_NONE, 0, "wrong"},
    [FAULT_STICK] = {"stick", false, ARG_NONE, 0, NULL},
    [FAULT_POWERCUT] = {"powercut", false, ARG_VALUE, 500, "stay"},
    [FAULT_READFLIP] = {"readflip", false, ARG_NONE, 0, NULL},
    [FAULT_HOLDLATE] = {"holdlate", false, ARG_NONE, 0, NULL},
    [FAULT_SILENCE] = {"silence", false, ARG_NONE, 0, NULL},
    [FAULT_TRICKLE] = {"trickle", false, ARG_LENGTH, 1, NULL},
    [FAULT_NOISE] = {"noise", false, ARG_VALUE, 16, NULL},
    [FAULT_CHATTER] = {"chatter", false, ARG_VALUE, 64, NULL},
    [FAULT_WRONGCRC] = {"wrongcrc", false, ARG_NONE, 0, NULL},
    [FAULT_STATUS] = {"status", false, ARG_VALUE, 1, NULL},
    [FAULT_RESET] = {"reset", false, ARG_NONE, 0, NULL},
    [FAULT_CAP] = {"cap", false, ARG_NONE, 0, "drop"},
};

static bool number(const char *text, const char **end, uint64_t *out)
{
    char *stop;

    if (*text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &stop, 0);
    *end = stop;
    return *out < 1ull << 40;
}

static bool parse_arg(struct fault *f, const char *text)
{
    const char *end;

    if (kinds[f->kind].word && !strcmp(text, kinds[f->kind].word)) {
        f->word = true;
        return true;
    }
    if (kinds[f->kind].use == ARG_NONE || !number(text, &end, &f->arg) || *end)
        return false;
    if (f->kind == FAULT_FLIP && f->arg > 7)
        return false;
    if (f->kind == FAULT_STATUS && (f->arg < 1 || f->arg > 255))
        return false;
    return f->arg <= 1000000;
}

static bool parse_one(struct fault *f, const char *item)
{
    const char *p = NULL;

    memset(f, 0, sizeof *f);
    for (size_t k = 0; k < FAULT_KIND_COUNT; k++) {
        size_t n = strlen(kinds[k].name);

        if (!strncmp(item, kinds[k].name, n) && strchr("<>@", item[n])) {
            f->kind = (enum fault_kind)k;
            p = item + n;
            break;
        }
    }
    if (!p || !*p)
        return false;
    f->arg = kinds[f->kind].arg;
    if (kinds[f->kind].wire) {
        if (*p != '<' && *p != '>')
            return false;
        f->dir = *p++ == '<' ? FAULT_TO_HOST : FAULT_TO_DEVICE;
        if (f->kind == FAULT_ECHO && f->dir == FAULT_TO_HOST)
            return false;
    }
    if (*p++ != '@' || !number(p, &p, &f->at))
        return false;
    return !*p || (*p == ':' && parse_arg(f, p + 1));
}

enum pf_err fault_parse(struct pf_ctx *ctx, const char *text, struct fault_plan *plan)
{
    while (*text) {
        size_t n = strcspn(text, "+");
        char item[64];

        if (plan->count == FAULT_MAX)
            return pf_fail(ctx, PF_ERR_USAGE, "sim: more than %d faults", FAULT_MAX);
        snprintf(item, sizeof item, "%.*s", (int)(n < sizeof item ? n : sizeof item), text);
        if (n >= sizeof item || !parse_one(&plan->fault[plan->count], item))
            return pf_fail(ctx, PF_ERR_USAGE,
                           "sim: fault '%s' is not KIND@N[:ARG]; see `plugflash sim --help`", item);
        plan->count++;
        text += n;
        if (*text == '+' && !*++text)
            return pf_fail(ctx, PF_ERR_USAGE, "sim: a fault is missing after '+'");
    }
    return PF_OK;
}

static struct fault *fire(struct fault_plan *plan, struct fault *f)
{
    f->fired = true;
    plan->fired = true;
    return f;
}

struct fault *fault_hit(struct fault_plan *plan, enum fault_kind kind, uint64_t n)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct fault *f = &plan->fault[i];

        if (f->kind == kind && f->at == n && !f->fired)
            return fire(plan, f);
    }
    return NULL;
}

struct fault *fault_span(struct fault_plan *plan, enum fault_kind kind, uint64_t n)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct fault *f = &plan->fault[i];

        if (f->kind == kind && n >= f->at && n - f->at < f->arg)
            return fire(plan, f);
    }
    return NULL;
}

/* How many bytes from `at` on a wire fault concerns. */
static uint64_t reach(const struct fault *f)
{
    return kinds[f->kind].use == ARG_LENGTH ? f->arg : 1;
}

/* ECHO changes nothing about the byte that is sent. */
static bool alters(const struct fault *f, enum fault_dir dir)
{
    return kinds[f->kind].wire && f->kind != FAULT_ECHO && f->dir == dir;
}

size_t fault_wire_clean(const struct fault_plan *plan, enum fault_dir dir, uint64_t n, size_t len)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct fault *f = &plan->fault[i];

        if (!alters(f, dir) || n >= f->at + reach(f))
            continue;
        if (n >= f->at)
            return 0;
        if (f->at - n < len)
            len = f->at - n;
    }
    return len;
}

void fault_wire_quiet(struct fault_plan *plan, enum fault_dir dir, uint64_t n)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct fault *f = &plan->fault[i];

        if (f->kind == FAULT_BURST && f->dir == dir && f->fired && n > f->at && n - f->at < f->arg)
            f->arg = n - f->at;
    }
}

struct fault *fault_wire(struct fault_plan *plan, enum fault_dir dir, uint64_t n)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct fault *f = &plan->fault[i];

        if (alters(f, dir) && n >= f->at && n - f->at < reach(f))
            return fire(plan, f);
    }
    return NULL;
}

struct fault *fault_cap(struct fault_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->fault[i].kind == FAULT_CAP)
            return &plan->fault[i];
    return NULL;
}
