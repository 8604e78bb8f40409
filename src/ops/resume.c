/* resume.c - tell an interrupted write from news; see resume.h. */
#include "ops/resume.h"

#include <string.h>

#include "ops/util.h"

/* Every bit set in `low` is set in `high` too. */
static bool covers(const uint8_t *high, const uint8_t *low)
{
    for (size_t i = 0; i < PF_SECTOR; i++)
        if ((high[i] & low[i]) != low[i])
            return false;
    return true;
}

/* Guess all sectors that are still open (NULL: blank), then compare. */
static enum pf_err guess_open(struct prover *p, const uint8_t *whole)
{
    uint8_t blank[PF_SECTOR];

    memset(blank, 0xff, sizeof blank);
    for (uint32_t i = 0; i < p->count; i++)
        if (p->state[i] != SECTOR_PROVED)
            prover_guess(p, i, whole ? whole + (size_t)i * PF_SECTOR : blank);
    return prover_check(p, 0, p->count, PROVER_EXACT);
}

enum pf_err resume_check(struct prover *p, const struct target *t, const uint8_t *copy,
                         bool *stands)
{
    *stands = false;
    PF_TRY(guess_open(p, copy));
    for (uint32_t i = 0; i < p->count; i++)
        if (p->state[i] != SECTOR_PROVED && t->act[i] != TARGET_WANT)
            return PF_OK;
    PF_TRY(guess_open(p, NULL));
    for (uint32_t i = 0; i < p->count; i++) {
        const size_t at = (size_t)i * PF_SECTOR;

        if (p->state[i] == SECTOR_PROVED)
            continue;
        PF_TRY(prover_read_sure(p, i));
        if (!covers(p->content + at, copy + at) && !covers(p->content + at, t->want + at))
            return PF_OK;
    }
    *stands = true;
    return PF_OK;
}
