/* termios.c - terminal devices opened by ourselves: ptys, socat links, and all
 * else that libserialport refuses. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "transport/backends.h"
#include "transport/ports.h"
#include "transport/tty_port.h"

static const struct pf_transport_ops termios_ops = TTY_PORT_OPS("termios");

enum pf_err pf_termios_open(struct pf_ctx *ctx, const char *path, struct pf_transport **out)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    *out = NULL;
    if (fd < 0)
        return ports_fail(ctx, path, errno);
    if (!isatty(fd)) {
        close(fd);
        return pf_fail(ctx, PF_ERR_PORT, "%.200s is not a serial port", path);
    }
    return tty_port_open(ctx, fd, path, &termios_ops, NULL, NULL, out);
}
