/* serve_baud.c - the exact rate of a pty. Apart from everything else, because
 * the kernel's termios2 and the C library's termios cannot be included
 * together. */
#ifdef __linux__
#include <asm/termbits.h>
#include <sys/ioctl.h>

#include "sim/serve.h"

/* TCGETS2 on the master shows the slave's settings, odd rates included. */
uint32_t carrier_pty_baud(int fd)
{
    struct termios2 t;

    return ioctl(fd, TCGETS2, &t) ? 0 : (uint32_t)t.c_ospeed;
}
#else
#include "sim/serve.h"

uint32_t carrier_pty_baud(int fd)
{
    (void)fd;
    return 0;
}
#endif
