/* backends.h - one opener per kind of port; src/port puts them behind one name.
 *
 * Each sets *out to NULL on failure. PF_ERR_USAGE: the name does not parse;
 * PF_ERR_PORT: missing, busy, not permitted, not reachable. */
#ifndef TRANSPORT_BACKENDS_H
#define TRANSPORT_BACKENDS_H

#include "plugflash/transport.h"

/* A device path, or a symbolic link to one. libserialport opens it; what it
 * refuses (ptys, socat links) the termios backend does. */
enum pf_err pf_serial_open(struct pf_ctx *ctx, const char *path, struct pf_transport **out);

/* The same by open(2). `path` is the real path of the device. A device without
 * modem lines only lacks PF_CAP_LINES. */
enum pf_err pf_termios_open(struct pf_ctx *ctx, const char *path, struct pf_transport **out);

/* "VID:PID[:SERIAL]" */
enum pf_err pf_usb_open(struct pf_ctx *ctx, const char *id, struct pf_transport **out);

/* "host:port", "[v6]:port": bytes only, no baud rate and no lines. Connecting
 * takes 5 s at most (the name server's time excepted). */
enum pf_err pf_tcp_open(struct pf_ctx *ctx, const char *address, struct pf_transport **out);

/* The same for a serial port behind a telnet server that speaks RFC 2217. */
enum pf_err pf_rfc2217_open(struct pf_ctx *ctx, const char *address, struct pf_transport **out);

/* Play a trace (trace.h) back. PF_ERR_FILE: not a trace. */
enum pf_err pf_replay_open(struct pf_ctx *ctx, const char *path, struct pf_transport **out);

#endif
