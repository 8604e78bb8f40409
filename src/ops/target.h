/* target.h - what the flash shall hold when a write is done, sector by sector,
 * and which sectors are none of our business. No I/O except reading the edges
 * of unaligned parts. */
#ifndef OPS_TARGET_H
#define OPS_TARGET_H

#include "ops/prover.h"
#include "ops/source.h"

enum target_act {
    TARGET_OUT,  /* outside: not touched */
    TARGET_WANT, /* shall hold `want` */
    TARGET_KEEP, /* inside the span, but guarded: left as it is */
};

struct target {
    struct pf_session *s;
    uint32_t count;     /* sectors of the flash */
    uint8_t *want;      /* whole flash; valid where act is WANT */
    uint8_t *act;       /* enum target_act per sector */
    uint8_t *differ;    /* per sector: WANT and not what the device holds */
    uint8_t *edge;      /* per sector: also holds device bytes that no file has */
    const char *action; /* plan word for what changes: "write" "erase" */
};

enum pf_err target_init(struct target *t, struct pf_session *s, const char *action);
void target_fini(struct target *t);

/* Want the parts of a source; they lie inside the flash. */
void target_want(struct target *t, const struct source *src);

/* Want FF in [addr, addr+len), whole sectors. */
void target_want_blank(struct target *t, uint32_t addr, size_t len);

/* What happens when a guarded region lies inside the target. */
enum guard_verdict { GUARD_REFUSE, GUARD_LEAVE, GUARD_CHANGE };
struct target_policy {
    const struct pf_guard *guard;
    enum guard_verdict locked, identity, other;
    bool identity_needs_name; /* --guard none does not open identity regions */
};

/* Apply guards: sectors become KEEP, or PF_ERR_GUARD names the region. */
enum pf_err target_guard(struct target *t, const struct target_policy *policy);

/* Parts that begin or end inside a sector: read that sector from the device
 * (proved) and put the part's bytes over it. */
enum pf_err target_merge_edges(struct target *t, const struct source *src, struct prover *p);

/* The same with what a copy of the whole flash holds around the parts. */
void target_merge_copy(struct target *t, const struct source *src, const uint8_t *copy);

/* Set differ[] from what the prover knows; returns how many. */
uint32_t target_diff(struct target *t, const struct prover *p);

/* Fill the plan of a result from act[] and differ[]. */
void target_plan(const struct target *t, struct pf_write_result *res);

/* A maximal run of WANT sectors at or after *at; 0: none left. */
uint32_t target_next(const struct target *t, uint32_t *at);

#endif
