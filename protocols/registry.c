/* registry.c - the families and chips that exist, one line each; finding out
 * which of them is there. */
#include <stdio.h>
#include <string.h>

#include "bk7231/bk7231_chips.h"
#include "bl602/bl602_chips.h"
#include "ecr6600/ecr6600_chips.h"
#include "plugflash/protocol.h"
#include "stream/stream_session.h"

const struct pf_protocol *const pf_protocols[] = {
    &pf_bk7231_protocol,
    &pf_ecr6600_protocol,
    &pf_bl602_protocol,
    NULL,
};

const struct pf_chip *const pf_chips[] = {
    &bk7231_chip_t, &bk7231_chip_n, &ecr6600_chip, &bl602_chip, NULL,
};

/* How `--chip auto` goes round: the first turn of each family, longer each time.
 * A family whose loader takes nothing but a stub can, without one (--stub none), only
 * be found by a stub that runs already; that is a short look at the end. */
static const struct {
    const struct pf_protocol *proto;
    const char *title;
    uint64_t turn_us;
    bool wants_stub;
} registry_turns[] = {
    {&pf_bk7231_protocol, "BK7231", 5000000, false},
    {&pf_ecr6600_protocol, "ECR6600", 8000000, true},
    {&pf_bl602_protocol, "BL602", 8000000, true},
};
#define TURNS         (sizeof registry_turns / sizeof registry_turns[0])
#define LOOK_US       UINT64_C(500000)   /* for a stub that runs */
#define LOOK_EVERY_US UINT64_C(30000000) /* when there is no end */

const struct pf_chip *pf_chip_by_name(const char *name)
{
    for (size_t i = 0; name && pf_chips[i]; i++)
        if (strcmp(pf_chips[i]->name, name) == 0)
            return pf_chips[i];
    return NULL;
}

const struct pf_region *pf_region_at(const struct pf_chip *chip, uint32_t addr)
{
    for (const struct pf_region *r = chip->regions; r && r->name; r++)
        if (addr >= r->addr && addr - r->addr < r->len)
            return r;
    return NULL;
}

const struct pf_region *pf_region_by_name(const struct pf_chip *chip, const char *name)
{
    for (const struct pf_region *r = chip->regions; r && r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

static enum pf_err registry_unknown_chip(struct pf_ctx *ctx, const char *name)
{
    char list[160] = "";
    size_t at = 0;

    for (size_t i = 0; pf_chips[i]; i++) {
        size_t n = strlen(pf_chips[i]->name);

        if (at + n + 2 > sizeof list)
            break;
        list[at++] = ' ';
        memcpy(list + at, pf_chips[i]->name, n + 1);
        at += n;
    }
    return pf_fail(ctx, PF_ERR_USAGE, "no chip is called \"%.40s\"; known are: auto%s", name, list);
}

/* auto ---------------------------------------------------------------------- */

/* The same words in every turn are said once in a while only. */
#define HUSH_TEXTS 8
#define HUSH_US    UINT64_C(20000000)
struct registry_hush {
    struct pf_ctx *ctx;
    pf_event_fn sink;
    void *user;
    const void *text[HUSH_TEXTS]; /* identity of what was said: texts of drivers are constants */
    uint64_t at[HUSH_TEXTS];
    size_t count;
    bool again; /* not the first turn of this family */
};

static bool registry_is_told(struct registry_hush *h, const struct pf_event *ev)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->text[i] != ev->text)
            continue;
        if (h->again && ev->at_us - h->at[i] < HUSH_US)
            return true;
        h->at[i] = ev->at_us;
        return false;
    }
    if (h->count < HUSH_TEXTS) {
        h->text[h->count] = ev->text;
        h->at[h->count++] = ev->at_us;
    }
    return false;
}

static bool registry_sink(void *user, const struct pf_event *ev)
{
    struct registry_hush *h = user;

    if (ev->kind == PF_EV_SYNC && registry_is_told(h, ev))
        return true;
    return h->sink ? h->sink(h->user, ev) : true;
}

/* Time for a look at every family that wants a stub. */
static uint64_t registry_looks(void)
{
    uint64_t us = 0;

    for (size_t i = 0; i < TURNS; i++)
        us += registry_turns[i].wants_stub ? LOOK_US : 0;
    return us;
}

/* Time of the next turn of family `i`; 0: it has none now. */
static uint64_t registry_turn(const struct pf_link_options *opt, size_t i, unsigned round,
                              uint64_t used)
{
    uint64_t total = opt->sync_timeout_us, left = total > used ? total - used : 0;
    uint64_t first = registry_turns[i].turn_us, turn;

    if (opt->stub || opt->use_stub != PF_STUB_NONE)
        turn = first * (round + 2) / 2;
    else if (registry_turns[i].wants_stub)
        turn = LOOK_US;
    else if (!total)
        turn = LOOK_EVERY_US;
    else if (left >= first + registry_looks())
        turn = left - registry_looks();
    else
        turn = round ? 0 : left;
    return total && turn > left ? left : turn;
}

/* One text of what each family had to say: short ones whole, long ones cut to
 * an even share. */
static void registry_merge(struct pf_ctx *ctx, char why[TURNS][PF_TEXT_MAX])
{
    size_t used = 0, count = 0, share = 0;
    char text[PF_TEXT_MAX] = "";

    for (size_t i = 0; i < TURNS; i++)
        count += why[i][0] != '\0';
    if (count < 2)
        return;
    for (size_t pass = 0; pass < TURNS; pass++) { /* what the short ones leave */
        size_t room = sizeof text - 1, longer = 0;

        for (size_t i = 0; i < TURNS; i++) {
            size_t n = why[i][0] ? strlen(why[i]) + strlen(registry_turns[i].title) + 5 : 0;

            if (n > share)
                longer++;
            else
                room -= n;
        }
        share = longer ? room / longer : sizeof text;
    }
    for (size_t i = 0; i < TURNS; i++) {
        size_t room = sizeof text - used;

        if (!why[i][0] || room < 2)
            continue;
        if (room > share + 1)
            room = share + 1;
        (void)!snprintf(text + used, room, "%s%s: ", used ? " | " : "", registry_turns[i].title);
        room -= strlen(text + used);
        used += strlen(text + used);
        strncat(text, why[i], room - 1);
        used += strlen(text + used);
    }
    (void)pf_fail(ctx, PF_ERR_SYNC, "%s", text);
}

static enum pf_err registry_auto(struct pf_ctx *ctx, struct pf_transport *port,
                                 const struct pf_link_options *opt, struct registry_hush *hush,
                                 struct pf_session **out)
{
    const uint64_t start = pf_now(port);
    char why[TURNS][PF_TEXT_MAX] = {{0}};

    for (unsigned round = 0;; round++) {
        for (size_t i = 0; i < TURNS; i++) {
            struct pf_link_options turn = *opt;
            enum pf_err err;

            turn.sync_timeout_us = registry_turn(opt, i, round, pf_now(port) - start);
            if (!turn.sync_timeout_us)
                continue;
            hush->again = round > 0;
            err = registry_turns[i].proto->open(ctx, port, &turn, out);
            if (err != PF_ERR_SYNC)
                return err;
            memcpy(why[i], ctx->text, sizeof why[i]);
        }
        /* Who may not sync has looked at everything there is to see. */
        if (opt->before == PF_BEFORE_NO_SYNC ||
            (opt->sync_timeout_us && pf_now(port) - start >= opt->sync_timeout_us))
            break;
    }
    registry_merge(ctx, why);
    return PF_ERR_SYNC;
}

/* A faster language, where the stub has one. */
static enum pf_err registry_upgrade(const struct pf_link_options *opt, struct pf_session **out)
{
    enum pf_err err = stream_upgrade(opt, out);

    if (err) {
        pf_session_close(*out);
        *out = NULL;
    }
    return err;
}

enum pf_err pf_session_open(struct pf_ctx *ctx, struct pf_transport *port,
                            const struct pf_link_options *opt, struct pf_session **out)
{
    struct registry_hush hush = {.ctx = ctx, .sink = ctx->sink, .user = ctx->user};
    enum pf_err err;

    *out = NULL;
    if (opt->chip && strcmp(opt->chip, "auto") != 0) {
        const struct pf_chip *chip = pf_chip_by_name(opt->chip);

        if (!chip)
            return registry_unknown_chip(ctx, opt->chip);
        PF_TRY(chip->protocol->open(ctx, port, opt, out));
        return registry_upgrade(opt, out);
    }
    ctx->sink = registry_sink;
    ctx->user = &hush;
    err = registry_auto(ctx, port, opt, &hush, out);
    ctx->sink = hush.sink;
    ctx->user = hush.user;
    return err ? err : registry_upgrade(opt, out);
}

void pf_session_close(struct pf_session *s)
{
    if (s)
        s->proto->close(s);
}
