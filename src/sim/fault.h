/* fault.h - the fault plan of a virtual device: what goes wrong, and when.
 *
 *   plan   = fault { "+" fault }
 *   fault  = KIND [ ">" | "<" ] "@" N [ ":" ARG ]
 *
 * ">" is host to device, "<" device to host; N counts from 0. The kinds are
 * listed in fault_help. Every random choice comes from the seed, so that plan
 * and seed replay a run. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugflash/event.h"
#include "sim/rng.h"

enum fault_kind {
    /* by byte of a direction */
    FAULT_DROP,
    FAULT_BURST,
    FAULT_FLIP,
    FAULT_DUP,
    FAULT_DELAY,
    FAULT_FRAGMENT,
    FAULT_ECHO,
    /* by occurrence */
    FAULT_LIE,
    FAULT_STICK,
    FAULT_POWERCUT,
    FAULT_READFLIP,
    FAULT_HOLDLATE,
    FAULT_SILENCE,
    FAULT_TRICKLE,
    FAULT_NOISE,
    FAULT_CHATTER,
    FAULT_WRONGCRC,
    FAULT_STATUS,
    FAULT_RESET,
    FAULT_CAP,
    FAULT_KIND_COUNT,
};

enum fault_dir { FAULT_TO_DEVICE, FAULT_TO_HOST };

#define FAULT_MAX 16

struct fault {
    enum fault_kind kind;
    enum fault_dir dir;
    uint64_t at;
    uint64_t arg; /* the kind's default when not given */
    bool word;    /* ARG was the kind's word instead of a number */
    bool fired;
};

struct fault_plan {
    struct fault fault[FAULT_MAX];
    size_t count;
    struct rng rng;
    bool fired; /* any of them */
};

/* Part of pf_sim_help(). */
#define FAULT_HELP                                                                                 \
    "fault=KIND@N[:ARG]   faults, joined by '+'; N counts from 0\n"                                \
    "  drop>@N[:COUNT]      bytes N.. from host to device are lost (drop<: device to host)\n"      \
    "  burst>@N[:COUNT]     COUNT (200) bytes vanish in the adapter, fewer if a pause\n"           \
    "                      of 10 ms ends it; what follows closes up\n"                             \
    "  flip<@N[:BIT]        one bit of byte N is inverted (default: chosen by the seed)\n"         \
    "  dup<@N[:TIMES]       byte N comes TIMES (1) more often\n"                                   \
    "  delay<@N[:MS]        byte N and what follows come MS (50) later\n"                          \
    "  fragment<@N[:COUNT]  COUNT (16) bytes from N on come 1 ms apart, each alone\n"              \
    "  echo>@N[:COUNT]      the host receives COUNT (16) of its own bytes from N on\n"             \
    "  lie@N[:wrong]        page program N is acknowledged but not done, or one byte is wrong\n"   \
    "  stick@N              erase N says done and did nothing\n"                                   \
    "  powercut@N[:MS|stay] power goes during erase-or-program N, for MS (500) or for good\n"      \
    "  readflip@N           flash read N sees one bit inverted, once\n"                            \
    "  holdlate@N           reply N is held until just before the next one\n"                      \
    "  silence@N            reply N is never sent\n"                                               \
    "  trickle@N[:COUNT]    COUNT (1) replies from N on arrive in single bytes\n"                  \
    "  noise@N[:COUNT]      COUNT (16) bytes of garbage before reply N\n"                          \
    "  chatter@N[:COUNT]    COUNT (64) bytes of text on UART1 at boot N\n"                         \
    "  wrongcrc@N           hash answer N is wrong\n"                                              \
    "  status@N[:CODE]      erase or write command N is not done and answered with CODE (1)\n"     \
    "  reset@N              the chip resets itself instead of sending reply N\n"                   \
    "  cap@N[:drop]         the host's receive queue holds N bytes; more is held back, or lost\n"

/* PF_ERR_USAGE: the text names the faulty item. Appends to *plan. */
enum pf_err fault_parse(struct pf_ctx *ctx, const char *text, struct fault_plan *plan);

/* The fault of `kind` at occurrence `n`, or NULL; marks it fired. */
struct fault *fault_hit(struct fault_plan *plan, enum fault_kind kind, uint64_t n);

/* The same for kinds that last: occurrence at .. at + arg - 1. */
struct fault *fault_span(struct fault_plan *plan, enum fault_kind kind, uint64_t n);

/* The line has been quiet before byte `n`: a burst that has begun is over. */
void fault_wire_quiet(struct fault_plan *plan, enum fault_dir dir, uint64_t n);

/* The wire fault that concerns byte `n` of `dir`, or NULL; marks it fired. */
struct fault *fault_wire(struct fault_plan *plan, enum fault_dir dir, uint64_t n);

/* How many of the bytes n .. n+len-1 of `dir` pass before a wire fault. */
size_t fault_wire_clean(const struct fault_plan *plan, enum fault_dir dir, uint64_t n, size_t len);

/* The only CAP of the plan, or NULL. */
struct fault *fault_cap(struct fault_plan *plan);

#endif
