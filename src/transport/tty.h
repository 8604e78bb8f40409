/* tty.h - the settings of a terminal device that matter to us: raw 8N1 without
 * any flow control, a numeric baud rate, two lines.
 *
 * tty_linux.c speaks termios2, tty_posix.c plain termios. All functions return
 * 0 or an errno; ENOTTY means that the device has no such thing (a pty has no
 * lines), ENODEV, EIO or ENXIO that it is gone. */
#ifndef TRANSPORT_TTY_H
#define TRANSPORT_TTY_H

#include <stdint.h>

/* Raw, 8N1, receiver on, modem status ignored, XON/XOFF and RTS/CTS off. Checked
 * by reading it back: EINVAL when the driver keeps something else. */
int tty_setup(int fd);

/* Set both directions to `baud` at once, leaving the lines alone. *actual is
 * what the driver says it did; 0 when it cannot tell. */
int tty_set_baud(int fd, uint32_t baud, uint32_t *actual);

/* From `old` to `lines` (enum pf_line) in one ioctl that names only what changes. */
int tty_set_lines(int fd, unsigned old, unsigned lines);

/* Ask the driver to deliver bytes without waiting for more. */
int tty_low_latency(int fd);

/* Bytes not yet sent. */
int tty_out_waiting(int fd, int *bytes);

/* Wait for the last of them to leave. */
int tty_drain(int fd);

int tty_discard_input(int fd);

/* Refuse later opens by other users. */
int tty_exclusive(int fd);

#endif
