/* bk7231_evidence.h - which chip the contents speak for, and why.
 *
 * Several places tell T from N. Each votes; the strongest vote names the chip,
 * and a strong one against it is a contradiction that the checks report. */
#ifndef IMAGE_BK7231_EVIDENCE_H
#define IMAGE_BK7231_EVIDENCE_H

#include "image/bk7231_code.h"
#include "plugflash/image.h"

enum bk7231_weight { BK_VOTE_WEAK = 1, BK_VOTE_STRONG, BK_VOTE_SURE };

struct bk7231_evidence {
    const char *chip;
    enum bk7231_weight weight;
    char why[96];
    const char *rival; /* another chip with a strong vote, NULL none */
    char rival_why[96];
    unsigned strong; /* votes of at least BK_VOTE_STRONG */
};

void bk7231_vote(struct bk7231_evidence *e, const char *chip, enum bk7231_weight weight,
                 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Set chip and why_chip, and record the check "chip" when there was a vote. */
void bk7231_verdict(const struct bk7231_evidence *e, struct pf_image *img);

/* What code areas tell about themselves. */
struct bk7231_facts {
    bool loader_key_found, app_key_found; /* vectors seen under that key */
    struct bk7231_key loader_key, app_key;
    bool has_key;
    struct bk7231_key key; /* the application's, else the loader's */
    uint32_t own_copy_at;  /* logical address of the loader's own copy; 0 none */
    struct bk7231_key own_copy;
    char loader[32]; /* version string; "" none */
    struct bk7231_partition part[BK_PARTITIONS];
    size_t nparts;
};

/* Look at the loader at 0x0 and the application at 0x11000 of `v`, and vote. */
void bk7231_gather(const struct bk7231_view *v, struct bk7231_facts *f, struct bk7231_evidence *e);

#endif
