/* event.h - the library's one voice.
 *
 * The progress bar, the JSON lines and a library user receive the same events,
 * so none can know more than the others. A struct pf_ctx carries the sink and
 * the text of the last failure; there is one per session and no global state.
 * A sink that returns false asks to stop: the running operation ends at its
 * next safe boundary with PF_ERR_CANCELED (or PF_ERR_PARTIAL once the device
 * has been changed).
 *
 * Strings and arrays in an event are borrowed for the call. */
#ifndef PLUGFLASH_EVENT_H
#define PLUGFLASH_EVENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugflash/error.h"

struct pf_transport;

enum pf_event_kind {
    PF_EV_START,    /* a command begins */
    PF_EV_PORT,     /* a port was opened */
    PF_EV_SYNC,     /* waiting for a device, or linked; `text` tells a person what to do */
    PF_EV_CHIP,     /* the device is known */
    PF_EV_PROGRESS, /* phase, done, total */
    PF_EV_RETRY,    /* something failed and is tried again */
    PF_EV_WARNING,
    PF_EV_LOG,    /* for -v: what is being done and why */
    PF_EV_ERROR,  /* the failure that ends the command */
    PF_EV_RESULT, /* last event of a command, on every path */
};

enum pf_field_type {
    PF_FIELD_STR,
    PF_FIELD_UINT,
    PF_FIELD_HEX,
    PF_FIELD_REAL,
    PF_FIELD_BOOL,
    PF_FIELD_OBJECT,
    PF_FIELD_ARRAY,
    PF_FIELD_NULL
};

/* One named value; OBJECT and ARRAY hold `count` children (ARRAY children have
 * no name). HEX is a number that people read in hexadecimal: JSON gets the
 * plain number. */
struct pf_field {
    const char *name;
    enum pf_field_type type;
    union {
        const char *str;
        uint64_t uint;
        double real;
        bool boolean;
        const struct pf_field *child;
    } v;
    size_t count;
};

struct pf_event {
    enum pf_event_kind kind;
    uint64_t at_us;    /* the port's clock; 0 before a port is open */
    const char *phase; /* PROGRESS, RETRY: "sync" "probe" "read" "erase" "write" "verify" ... */
    uint64_t done;     /* PROGRESS: bytes */
    uint64_t total;
    enum pf_err err;  /* RETRY, ERROR, RESULT */
    const char *text; /* one sentence for a person, no newline; may be NULL */
    const struct pf_field *fields;
    size_t nfields;
};

/* Returns false to ask for a stop. */
typedef bool (*pf_event_fn)(void *user, const struct pf_event *ev);

#define PF_TEXT_MAX 512

struct pf_ctx {
    pf_event_fn sink; /* NULL: nobody listens */
    void *user;
    struct pf_transport *clock; /* borrowed; stamps events; NULL before a port is open */
    enum pf_err err;            /* of the last pf_fail() */
    char text[PF_TEXT_MAX];     /* of the last pf_fail() */
    bool cancel;                /* a sink returned false, or the caller set it */
    unsigned retries;           /* RETRY events so far */
};

/* Record a failure: `code` is returned, the text kept in ctx->text. Emits
 * nothing, since a caller may still try again. */
enum pf_err pf_fail(struct pf_ctx *ctx, enum pf_err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Emit an event as it is; at_us is filled in. */
void pf_emit(struct pf_ctx *ctx, struct pf_event *ev);

/* Shorthands. pf_retry() counts and carries the error that caused it. */
void pf_log(struct pf_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pf_warn(struct pf_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pf_retry(struct pf_ctx *ctx, const char *phase, enum pf_err err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Report progress in bytes and pass a safe boundary: returns PF_ERR_CANCELED
 * when a stop was asked for, PF_OK otherwise. */
enum pf_err pf_progress(struct pf_ctx *ctx, const char *phase, uint64_t done, uint64_t total);

/* A safe boundary without progress. */
enum pf_err pf_check_cancel(struct pf_ctx *ctx);

/* The stable JSON word of an event kind: "start", "port", ... */
const char *pf_event_name(enum pf_event_kind kind);

#define PF_F_STR(n, x)  ((struct pf_field){.name = (n), .type = PF_FIELD_STR, .v.str = (x)})
#define PF_F_UINT(n, x) ((struct pf_field){.name = (n), .type = PF_FIELD_UINT, .v.uint = (x)})
#define PF_F_HEX(n, x)  ((struct pf_field){.name = (n), .type = PF_FIELD_HEX, .v.uint = (x)})
#define PF_F_REAL(n, x) ((struct pf_field){.name = (n), .type = PF_FIELD_REAL, .v.real = (x)})
#define PF_F_BOOL(n, x) ((struct pf_field){.name = (n), .type = PF_FIELD_BOOL, .v.boolean = (x)})
#define PF_F_OBJECT(n, c, k)                                                                       \
    ((struct pf_field){.name = (n), .type = PF_FIELD_OBJECT, .v.child = (c), .count = (k)})
#define PF_F_ARRAY(n, c, k)                                                                        \
    ((struct pf_field){.name = (n), .type = PF_FIELD_ARRAY, .v.child = (c), .count = (k)})

#endif
