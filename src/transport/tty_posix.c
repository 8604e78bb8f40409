/* tty_posix.c - tty.h on macOS and other POSIX systems, through termios. */
#include "transport/tty.h"

#ifndef __linux__

#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#ifdef __APPLE__
#include <IOKit/serial/ioss.h>
#endif

#include "plugflash/transport.h"

#define OFF_INPUT (IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF)
#define OFF_LOCAL (ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN)

int tty_setup(int fd)
{
    struct termios t;

    if (tcgetattr(fd, &t) != 0)
        return errno;
    t.c_iflag &= ~(tcflag_t)OFF_INPUT;
    t.c_oflag &= ~(tcflag_t)OPOST;
    t.c_lflag &= ~(tcflag_t)OFF_LOCAL;
    t.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | PARENB | CRTSCTS);
    t.c_cflag |= CS8 | CREAD | CLOCAL;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSANOW, &t) != 0 || tcgetattr(fd, &t) != 0)
        return errno;
    if ((t.c_cflag & CSIZE) != CS8 || (t.c_cflag & (CSTOPB | PARENB | CRTSCTS)) ||
        (t.c_iflag & OFF_INPUT) || (t.c_lflag & OFF_LOCAL) || (t.c_oflag & OPOST))
        return EINVAL;
    return 0;
}

int tty_set_baud(int fd, uint32_t baud, uint32_t *actual)
{
#ifdef IOSSIOSPEED
    /* The driver does not report this rate back: tcgetattr() may go on showing
     * the former one. */
    speed_t speed = baud;

    *actual = 0;
    return ioctl(fd, IOSSIOSPEED, &speed) == 0 ? 0 : errno;
#else
    struct termios t;

    *actual = 0;
    if (tcgetattr(fd, &t) != 0 || cfsetspeed(&t, baud) != 0 || tcsetattr(fd, TCSANOW, &t) != 0 ||
        tcgetattr(fd, &t) != 0)
        return errno;
    *actual = (uint32_t)cfgetospeed(&t);
    return 0;
#endif
}

int tty_set_lines(int fd, unsigned old, unsigned lines)
{
    int bits;

    if (old == lines)
        return 0;
    if (ioctl(fd, TIOCMGET, &bits) != 0)
        return errno;
    bits &= ~(TIOCM_DTR | TIOCM_RTS);
    bits |= (lines & PF_LINE_DTR ? TIOCM_DTR : 0) | (lines & PF_LINE_RTS ? TIOCM_RTS : 0);
    return ioctl(fd, TIOCMSET, &bits) == 0 ? 0 : errno;
}

int tty_low_latency(int fd)
{
#ifdef IOSSDATALAT
    unsigned long us = 1;

    return ioctl(fd, IOSSDATALAT, &us) == 0 ? 0 : errno;
#else
    (void)fd;
    return ENOTTY;
#endif
}

int tty_out_waiting(int fd, int *bytes)
{
    return ioctl(fd, TIOCOUTQ, bytes) == 0 ? 0 : errno;
}

int tty_drain(int fd)
{
    while (tcdrain(fd) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int tty_discard_input(int fd)
{
    return tcflush(fd, TCIFLUSH) == 0 ? 0 : errno;
}

int tty_exclusive(int fd)
{
    return ioctl(fd, TIOCEXCL) == 0 ? 0 : errno;
}

#endif
