/* serial.c - serial ports through libserialport.
 *
 * libserialport finds and opens the device. From then on its setters are left
 * alone: each of them rewrites DTR and RTS (reference/toolchains.md 1), which a
 * plug whose reset hangs on RTS would feel; and its reads cannot tell a
 * vanished adapter from silence. */
#include <errno.h>
#include <libserialport.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "transport/backends.h"
#include "transport/ports.h"
#include "transport/tty_port.h"

static const struct pf_transport_ops serial_ops = TTY_PORT_OPS("serial");

static void serial_release(void *handle, int fd)
{
    (void)fd;
    sp_close(handle);
    sp_free_port(handle);
}

/* The port opened by libserialport, or *port NULL when it does not want this
 * device. PF_ERR_PORT: the device itself refuses. */
static enum pf_err serial_find(struct pf_ctx *ctx, const char *path, struct sp_port **port)
{
    int why;

    *port = NULL;
    /* 0.1.1 knows only what /sys/class/tty knows. */
    if (sp_get_port_by_name(path, port) != SP_OK) {
        *port = NULL;
        return PF_OK;
    }
    if (sp_open(*port, SP_MODE_READ_WRITE) == SP_OK)
        return PF_OK;
    why = sp_last_error_code();
    sp_free_port(*port);
    *port = NULL;
    /* It insists on modem lines; we can do without. */
    return why == ENOTTY ? PF_OK : ports_fail(ctx, path, why);
}

enum pf_err pf_serial_open(struct pf_ctx *ctx, const char *path, struct pf_transport **out)
{
    char real[PATH_MAX];
    struct sp_port *port;
    struct stat st;
    int fd;

    *out = NULL;
    /* libserialport 0.1.1 follows no links such as /dev/serial/by-id. */
    if (!realpath(path, real) || stat(real, &st) != 0)
        return ports_fail(ctx, path, errno);
    if (!S_ISCHR(st.st_mode))
        return pf_fail(ctx, PF_ERR_PORT, "%.200s is not a serial port", path);
    PF_TRY(serial_find(ctx, real, &port));
    if (!port) {
        pf_log(ctx, "%s: not a port of the system's list, opened by termios", real);
        return pf_termios_open(ctx, real, out);
    }
    if (sp_get_port_handle(port, &fd) != SP_OK) {
        serial_release(port, -1);
        return pf_fail(ctx, PF_ERR_INTERNAL, "%.200s: no descriptor from libserialport", path);
    }
    pf_log(ctx, "%s: opened by libserialport", real);
    return tty_port_open(ctx, fd, real, &serial_ops, serial_release, port, out);
}

enum pf_err pf_usb_open(struct pf_ctx *ctx, const char *id, struct pf_transport **out)
{
    struct pf_port_info *list;
    struct usb_id usb;
    enum pf_err err;
    char path[256];
    size_t count;

    *out = NULL;
    PF_TRY(ports_usb_parse(ctx, id, &usb));
    PF_TRY(pf_port_list(ctx, &list, &count));
    err = ports_usb_pick(ctx, &usb, list, count, path);
    free(list);
    PF_TRY(err);
    pf_log(ctx, "usb:%s is %s", id, path);
    return pf_serial_open(ctx, path, out);
}
