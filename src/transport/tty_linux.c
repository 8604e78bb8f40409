/* tty_linux.c - tty.h on Linux, through termios2: any baud rate as a number.
 *
 * <asm/termbits.h> and <termios.h> define the same names differently, so this
 * file includes only the former and uses the ioctls behind tcdrain() and
 * friends. */
#include "transport/tty.h"

#ifdef __linux__

#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

#include "plugflash/transport.h"

static const tcflag_t OFF_INPUT = IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP | INLCR | IGNCR |
                                  ICRNL | IUCLC | IXON | IXANY | IXOFF | IMAXBEL;
static const tcflag_t OFF_LOCAL = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN | TOSTOP;

int tty_setup(int fd)
{
    struct termios2 t;

    if (ioctl(fd, TCGETS2, &t) != 0)
        return errno;
    t.c_iflag &= ~OFF_INPUT;
    t.c_oflag &= ~(tcflag_t)OPOST;
    t.c_lflag &= ~OFF_LOCAL;
    t.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | PARENB | PARODD | CMSPAR | CRTSCTS);
    t.c_cflag |= CS8 | CREAD | CLOCAL;
    /* With VMIN 0 an empty queue and a hang-up would both read as 0 bytes. */
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (ioctl(fd, TCSETS2, &t) != 0)
        return errno;

    /* TCSETS2 reports success when only a part was taken. */
    if (ioctl(fd, TCGETS2, &t) != 0)
        return errno;
    if ((t.c_cflag & CSIZE) != CS8 || (t.c_cflag & (CSTOPB | PARENB | CRTSCTS)) ||
        (t.c_iflag & OFF_INPUT) || (t.c_lflag & (ICANON | ECHO | ISIG)) || (t.c_oflag & OPOST))
        return EINVAL;
    return 0;
}

int tty_set_baud(int fd, uint32_t baud, uint32_t *actual)
{
    struct termios2 t;

    *actual = 0;
    if (ioctl(fd, TCGETS2, &t) != 0)
        return errno;
    t.c_cflag &= ~(tcflag_t)(CBAUD | CIBAUD);
    t.c_cflag |= BOTHER | (tcflag_t)BOTHER << IBSHIFT;
    t.c_ispeed = t.c_ospeed = baud;
    if (ioctl(fd, TCSETS2, &t) != 0)
        return errno;
    if (ioctl(fd, TCGETS2, &t) != 0)
        return errno;
    *actual = t.c_ospeed;
    return 0;
}

int tty_set_lines(int fd, unsigned old, unsigned lines)
{
    unsigned long op = TIOCMSET;
    unsigned up = lines & ~old, down = old & ~lines;
    int bits = 0;

    if (!up && !down)
        return 0;
    if (!down || !up) {
        unsigned change = up | down;

        op = up ? TIOCMBIS : TIOCMBIC;
        bits = (change & PF_LINE_DTR ? TIOCM_DTR : 0) | (change & PF_LINE_RTS ? TIOCM_RTS : 0);
    } else {
        if (ioctl(fd, TIOCMGET, &bits) != 0)
            return errno;
        bits &= ~(TIOCM_DTR | TIOCM_RTS);
        bits |= (lines & PF_LINE_DTR ? TIOCM_DTR : 0) | (lines & PF_LINE_RTS ? TIOCM_RTS : 0);
    }
    return ioctl(fd, op, &bits) == 0 ? 0 : errno;
}

int tty_low_latency(int fd)
{
    struct serial_struct ss;

    if (ioctl(fd, TIOCGSERIAL, &ss) != 0)
        return errno;
    if (ss.flags & ASYNC_LOW_LATENCY)
        return 0;
    ss.flags |= ASYNC_LOW_LATENCY;
    return ioctl(fd, TIOCSSERIAL, &ss) == 0 ? 0 : errno;
}

int tty_out_waiting(int fd, int *bytes)
{
    return ioctl(fd, TIOCOUTQ, bytes) == 0 ? 0 : errno;
}

int tty_drain(int fd)
{
    while (ioctl(fd, TCSBRK, 1) != 0) /* 1: wait, send no break */
        if (errno != EINTR)
            return errno;
    return 0;
}

int tty_discard_input(int fd)
{
    return ioctl(fd, TCFLSH, 0 /* TCIFLUSH */) == 0 ? 0 : errno;
}

int tty_exclusive(int fd)
{
    return ioctl(fd, TIOCEXCL) == 0 ? 0 : errno;
}

#endif
