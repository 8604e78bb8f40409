/* tcp.h - connecting, for tcp.c and rfc2217.c. */
#ifndef TRANSPORT_TCP_H
#define TRANSPORT_TCP_H

#include "plugflash/event.h"

/* Split "host:port" or "[v6]:port". PF_ERR_USAGE: does not parse; the port is
 * 1 to 65535. */
enum pf_err tcp_parse(struct pf_ctx *ctx, const char *address, char host[256], char port[6]);

/* A connected, non-blocking socket without Nagle delay and with keep-alive.
 * PF_ERR_PORT: unknown host, refused, or no answer within 5 s. */
enum pf_err tcp_connect(struct pf_ctx *ctx, const char *address, int *fd);

#endif
