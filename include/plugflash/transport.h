/* transport.h - a byte pipe to a target, with its control lines and its clock.
 *
 * Code above this header makes no operating-system call: it asks the transport
 * for the time too, so a test with a virtual clock runs a thirty-second retry
 * schedule in a microsecond. Transports stack: `trace`, `fault` and `power`
 * wrap another transport and behave like one; closing the outermost closes the
 * chain. Times are microseconds on the transport's own monotonic clock. */
#ifndef PLUGFLASH_TRANSPORT_H
#define PLUGFLASH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugflash/error.h"
#include "plugflash/event.h"

/* Set = asserted = low at the pin of a TTL adapter. */
enum pf_line { PF_LINE_DTR = 1 << 0, PF_LINE_RTS = 1 << 1 };

enum pf_transport_cap {
    PF_CAP_BAUD = 1 << 0,      /* set_baud works */
    PF_CAP_LINES = 1 << 1,     /* set_lines reaches a real line */
    PF_CAP_POWER = 1 << 2,     /* set_power works */
    PF_CAP_SIMULATED = 1 << 3, /* the clock is virtual: seconds are exact, not measured */
};

struct pf_transport_ops {
    const char *name; /* "serial", "tcp", "fault"; shown in traces */

    /* Wait for at least one byte, at most until `deadline`; take what is there
     * up to `cap`. Sets *got in every case. PF_ERR_TIMEOUT: nothing came.
     * PF_ERR_IO: the port is gone, and stays gone. A deadline in the past
     * takes what has already arrived. */
    enum pf_err (*read)(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                        size_t *got);

    /* Hand all `len` bytes to the port. PF_ERR_IO: the port is gone.
     * PF_ERR_TIMEOUT: it takes no more (flow control, dead peer). */
    enum pf_err (*write)(struct pf_transport *t, const uint8_t *buf, size_t len);

    /* Wait until the last byte written has left the port. */
    enum pf_err (*drain)(struct pf_transport *t);

    /* NULL: this transport has no such thing. set_baud takes effect for the
     * next byte in either direction; set_lines sets both lines at once and
     * must not glitch a line that keeps its state. */
    enum pf_err (*set_baud)(struct pf_transport *t, uint32_t baud);
    enum pf_err (*set_lines)(struct pf_transport *t, unsigned lines);
    enum pf_err (*set_power)(struct pf_transport *t, bool on);

    /* Drop everything received and not yet read. */
    enum pf_err (*discard_input)(struct pf_transport *t);

    uint64_t (*now)(struct pf_transport *t);
    void (*sleep)(struct pf_transport *t, uint64_t us);
    void (*close)(struct pf_transport *t); /* frees t and what it wraps */
};

/* First member of every concrete transport. */
struct pf_transport {
    const struct pf_transport_ops *ops;
    struct pf_ctx *ctx; /* borrowed; where pf_fail() goes */
    unsigned caps;      /* enum pf_transport_cap */
};

/* Open a port by name: a serial device path or COM name, usb:VID:PID[:SERIAL],
 * tcp://host:port, rfc2217://host:port, sim:CHIP[,key=value...], replay:FILE.
 * Serial ports start at 115200 8N1 without flow control, both lines released.
 * PF_ERR_PORT: missing, busy, not permitted. PF_ERR_USAGE: no such scheme.
 * *out is NULL on failure; otherwise the caller closes it. */
enum pf_err pf_port_open(struct pf_ctx *ctx, const char *name, struct pf_transport **out);

/* Stacking transports. Each takes `under` (closes it with itself). On failure
 * `under` is untouched and *out is NULL. */

/* Write every byte, line, baud and time to `path` (format: transport/trace.h). */
enum pf_err pf_trace_open(struct pf_ctx *ctx, struct pf_transport *under, const char *path,
                          struct pf_transport **out);

/* Add set_power() by running shell commands: "on=CMD;off=CMD". */
enum pf_err pf_power_open(struct pf_ctx *ctx, struct pf_transport *under, const char *spec,
                          struct pf_transport **out);

/* One fault at one I/O call; the calls counted are read, write and drain. */
enum pf_fault_kind {
    PF_FAULT_NONE,
    PF_FAULT_DROP,    /* the first byte of this call is lost */
    PF_FAULT_FLIP,    /* one bit (from `seed`) of this call's data is inverted */
    PF_FAULT_DUP,     /* the first byte comes twice */
    PF_FAULT_NOISE,   /* `seed` chosen garbage goes before the data */
    PF_FAULT_SILENCE, /* this call's data vanishes whole */
    PF_FAULT_DELAY,   /* this call's data is held until the next call of its direction */
    PF_FAULT_ECHO,    /* what is written is also received */
    PF_FAULT_TRICKLE, /* from here on, reads give one byte at a time */
    PF_FAULT_VANISH,  /* from here on, every call is PF_ERR_IO */
    PF_FAULT_KINDS,
};

struct pf_fault {
    enum pf_fault_kind kind;
    uint64_t at;    /* index of the I/O call that fails, from 0 */
    uint32_t seed;  /* chooses bits and garbage */
    uint64_t calls; /* out: I/O calls seen */
    bool fired;     /* out */
};

/* `fault` is borrowed until close. */
enum pf_err pf_fault_open(struct pf_ctx *ctx, struct pf_transport *under, struct pf_fault *fault,
                          struct pf_transport **out);
const char *pf_fault_name(enum pf_fault_kind kind);

/* Serial ports of this machine. */
struct pf_port_info {
    char name[256];
    char description[128];
    int usb_vid, usb_pid; /* -1: not USB */
    char serial[128];
    char location[64]; /* "BUS-ADDRESS" or "" */
    char driver[64];   /* "ch341", "ftdi_sio"; "" unknown */
    char busy_by[128]; /* program that holds it; "" free or unknown */
};

/* *list is malloc'ed, freed by the caller; PF_OK with *count 0 when there are none. */
enum pf_err pf_port_list(struct pf_ctx *ctx, struct pf_port_info **list, size_t *count);

/* Convenience wrappers: they check for NULL slots (PF_ERR_SUPPORT). */
uint64_t pf_now(struct pf_transport *t);
void pf_sleep(struct pf_transport *t, uint64_t us);
enum pf_err pf_set_baud(struct pf_transport *t, uint32_t baud);
enum pf_err pf_set_lines(struct pf_transport *t, unsigned lines);
enum pf_err pf_set_power(struct pf_transport *t, bool on);

#endif
