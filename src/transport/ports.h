/* ports.h - which serial ports there are, who holds them, and what to say when
 * one cannot be opened. */
#ifndef TRANSPORT_PORTS_H
#define TRANSPORT_PORTS_H

#include "plugflash/transport.h"

/* usb:VID:PID[:SERIAL], the text after "usb:"; hexadecimal, 1 to 4 digits each.
 * A serial number may hold colons; "" means any. */
struct usb_id {
    int vid, pid;
    char serial[128];
};
/* PF_ERR_USAGE: does not parse. */
enum pf_err ports_usb_parse(struct pf_ctx *ctx, const char *text, struct usb_id *out);

/* Whether `info` is the port that `id` asks for. */
bool ports_usb_match(const struct usb_id *id, const struct pf_port_info *info);

/* The path of the one port in `list` that matches. PF_ERR_PORT: none or
 * several; the text lists them. */
enum pf_err ports_usb_pick(struct pf_ctx *ctx, const struct usb_id *id,
                           const struct pf_port_info *list, size_t count, char path[256]);

/* Program that has the device node `path` (its real path) open, "NAME (pid N)";
 * "" when none is seen: other users' programs are not visible to us. `others`: ignore this
 * process. */
void ports_holder(const char *path, bool others, char who[128]);

/* PF_ERR_PORT for a port that would not open because of errno `why`, with what
 * to do about it. */
enum pf_err ports_fail(struct pf_ctx *ctx, const char *path, int why);

#endif
