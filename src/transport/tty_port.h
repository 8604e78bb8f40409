/* tty_port.h - the transport on an open terminal device, however it was opened.
 *
 * serial.c opens through libserialport, termios.c by itself; from then on both
 * are this. */
#ifndef TRANSPORT_TTY_PORT_H
#define TRANSPORT_TTY_PORT_H

#include "plugflash/transport.h"
#include "transport/posix_fd.h"

struct tty_port {
    struct pf_transport base;
    struct pf_fd fd;
    unsigned lines; /* what we last set */
    uint32_t baud;
    /* Close the descriptor the way it was opened; NULL: close(2). */
    void (*release)(void *handle, int fd);
    void *handle;
};

/* Take `fd`, lock it for us, release both lines, set 115200 8N1 without flow
 * control, ask for low latency. `path` is the real path of the device, `kind`
 * names the transport ("serial" or "termios"). On failure the descriptor has
 * been released. PF_ERR_PORT: busy (names who), or it cannot be set so. */
enum pf_err tty_port_open(struct pf_ctx *ctx, int fd, const char *path,
                          const struct pf_transport_ops *ops, void (*release)(void *, int),
                          void *handle, struct pf_transport **out);

/* The slots; an ops table copies them and adds its name. */
enum pf_err tty_port_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                          size_t *got);
enum pf_err tty_port_write(struct pf_transport *t, const uint8_t *buf, size_t len);
enum pf_err tty_port_drain(struct pf_transport *t);
enum pf_err tty_port_set_baud(struct pf_transport *t, uint32_t baud);
enum pf_err tty_port_set_lines(struct pf_transport *t, unsigned lines);
enum pf_err tty_port_discard(struct pf_transport *t);
uint64_t tty_port_now(struct pf_transport *t);
void tty_port_sleep(struct pf_transport *t, uint64_t us);
void tty_port_close(struct pf_transport *t);

#define TTY_PORT_OPS(NAME)                                                                         \
    {                                                                                              \
        .name = (NAME), .read = tty_port_read, .write = tty_port_write, .drain = tty_port_drain,   \
        .set_baud = tty_port_set_baud, .set_lines = tty_port_set_lines,                            \
        .discard_input = tty_port_discard, .now = tty_port_now, .sleep = tty_port_sleep,           \
        .close = tty_port_close,                                                                   \
    }

#endif
