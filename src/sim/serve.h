/* serve.h - the carriers behind pf_sim_serve(): how bytes reach a real client. */
#ifndef SIM_SERVE_H
#define SIM_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugflash/event.h"

enum carrier_kind { CARRIER_PTY, CARRIER_TCP, CARRIER_RFC2217 };

struct carrier {
    enum carrier_kind kind;
    int listener;  /* TCP; -1 none */
    int client;    /* socket of the client, or the pty's master; -1 none */
    int slave;     /* kept open, so that a client may come and go; -1 none */
    int line_sock; /* datagrams "L DTR RTS"; -1 none */
    char address[128];
    char link[512];      /* symlink to remove; "" none */
    char line_path[108]; /* socket to remove; "" none */
};

/* Open what `how` names ("pty:LINK", "tcp:[HOST:]PORT", "rfc2217:[HOST:]PORT").
 * PF_ERR_USAGE: it names nothing. PF_ERR_PORT: it cannot be had. After either,
 * carrier_close() is still right. */
enum pf_err carrier_open(struct pf_ctx *ctx, struct carrier *c, const char *how,
                         const char *line_path);
void carrier_close(struct carrier *c);

/* A client is waiting: take it when there is none, turn it away otherwise.
 * True when a new one was taken. */
bool carrier_accept(struct carrier *c);
void carrier_hang_up(struct carrier *c);

/* The rate the client has set on a pty; 0 when it cannot be told. */
uint32_t carrier_pty_baud(int fd);

/* The next state sent to line_sock: true and *lines (enum pf_line) when one came. */
bool carrier_lines(struct carrier *c, unsigned *lines);

#endif
