/* bk7231_evidence.c - see bk7231_evidence.h. */
#include "image/bk7231_evidence.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/inspect.h"

static const uint8_t marker[8] = "BK7231\0"; /* what the N's ROM looks for at logical 0x100 */

/* T, U, Q and 7252 share one kind of die: what says T about code does not
 * speak against the others. */
static bool same_die(const char *a, const char *b)
{
    static const char *const kin[] = {"bk7231t", "bk7231u", "bk7231q", "bk7251", "bk7252"};
    bool has_a = false, has_b = false;

    if (strcmp(a, b) == 0)
        return true;
    for (size_t i = 0; i < sizeof kin / sizeof *kin; i++) {
        has_a |= strcmp(kin[i], a) == 0;
        has_b |= strcmp(kin[i], b) == 0;
    }
    return has_a && has_b;
}

void bk7231_vote(struct bk7231_evidence *e, const char *chip, enum bk7231_weight weight,
                 const char *fmt, ...)
{
    char why[sizeof e->why];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    e->strong += weight >= BK_VOTE_STRONG;
    if (!e->chip || weight > e->weight) {
        if (e->chip && e->weight >= BK_VOTE_STRONG && !same_die(e->chip, chip)) {
            e->rival = e->chip;
            memcpy(e->rival_why, e->why, sizeof e->rival_why);
        }
        e->chip = chip;
        e->weight = weight;
        memcpy(e->why, why, sizeof e->why);
    } else if (weight >= BK_VOTE_STRONG && !same_die(e->chip, chip)) {
        e->rival = chip;
        memcpy(e->rival_why, why, sizeof e->rival_why);
    }
}

void bk7231_verdict(const struct bk7231_evidence *e, struct pf_image *img)
{
    if (!e->chip)
        return;
    img->chip = e->chip;
    memcpy(img->why_chip, e->why, sizeof img->why_chip);
    if (e->rival)
        image_check(img, false, "chip", "%.40s (%s), but %.40s (%s)", e->why, e->chip, e->rival_why,
                    e->rival);
    else
        image_check(img, true, "chip", "%s: %s", e->chip, e->why);
}

static void gather_loader(const struct bk7231_view *v, struct bk7231_facts *f,
                          struct bk7231_evidence *e)
{
    const struct bk7231_key *key = f->loader_key_found ? &f->loader_key
                                   : f->app_key_found  ? &f->app_key
                                                       : NULL;
    uint8_t plain[8];

    if (key && bk7231_loader_version(v, key, f->loader)) {
        bk7231_vote(e, bk7231_chip_of_version(f->loader), BK_VOTE_SURE, "boot loader %s",
                    f->loader);
    }
    if (bk7231_code_get(v, NULL, 0x100, plain, sizeof plain) && !memcmp(plain, marker, 8))
        bk7231_vote(e, "bk7231n", BK_VOTE_SURE, "marker BK7231 at 0x110");
    f->nparts = bk7231_partitions(v, key, f->part);
    for (size_t i = 0; i < f->nparts; i++) {
        if (strcmp(f->part[i].name, "download") != 0)
            continue;
        if (f->part[i].addr == 0x132000)
            bk7231_vote(e, "bk7231t", BK_VOTE_STRONG, "download partition at 0x132000");
        else if (f->part[i].addr == 0x12A000)
            bk7231_vote(e, "bk7231n", BK_VOTE_STRONG, "download partition at 0x12a000");
    }
}

/* An N application carries the marker, encrypted like the rest; a T one does
 * not. Code that is not encrypted at all is not a T's. */
static void gather_app(const struct bk7231_view *v, struct bk7231_facts *f,
                       struct bk7231_evidence *e)
{
    uint8_t code[8];

    if (!f->app_key_found ||
        !bk7231_code_get(v, &f->app_key, BK_LOGICAL_APP + 0x100, code, sizeof code))
        return;
    if (memcmp(code, marker, sizeof marker) == 0)
        bk7231_vote(e, "bk7231n", BK_VOTE_SURE, "application has the marker BK7231");
    else if (strcmp(f->app_key.name, "zero") == 0)
        bk7231_vote(e, "bk7231u", BK_VOTE_STRONG,
                    "application without marker and not encrypted: BK7231U, Q or BK7252");
    else
        bk7231_vote(e, "bk7231t", BK_VOTE_STRONG, "application without the marker of a BK7231N");
}

void bk7231_gather(const struct bk7231_view *v, struct bk7231_facts *f, struct bk7231_evidence *e)
{
    struct bk7231_key hint;
    uint32_t at;
    bool hinted;

    memset(f, 0, sizeof *f);
    f->loader_key_found = bk7231_find_key(v, 0, NULL, &f->loader_key);
    hinted = f->loader_key_found && bk7231_loader_key(v, &f->loader_key, &f->own_copy, &at);
    if (hinted) {
        hint = f->own_copy;
        f->own_copy_at = at;
    }
    f->app_key_found = bk7231_find_key(v, BK_LOGICAL_APP, hinted ? &hint : NULL, &f->app_key);
    f->has_key = f->loader_key_found || f->app_key_found;
    if (f->has_key)
        f->key = f->app_key_found ? f->app_key : f->loader_key;
    gather_loader(v, f, e);
    gather_app(v, f, e);
}
