/* tty_port.c - see tty_port.h. */
#include "transport/tty_port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "transport/ports.h"
#include "transport/tty.h"

#define START_BAUD 115200u

static struct tty_port *self(struct pf_transport *t)
{
    return (struct tty_port *)t;
}

static bool is_gone(int err)
{
    return err == EIO || err == ENXIO || err == ENODEV || err == EBADF;
}

enum pf_err tty_port_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                          size_t *got)
{
    return pfd_read(&self(t)->fd, buf, cap, deadline, got);
}

enum pf_err tty_port_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    return pfd_write(&self(t)->fd, buf, len);
}

/* The kernel's own drain has no limit, so the queue is watched first: it must
 * move within stall_us. What is left then is the adapter's FIFO. */
enum pf_err tty_port_drain(struct pf_transport *t)
{
    struct tty_port *p = self(t);
    uint64_t give_up = pfd_now(&p->fd) + p->fd.stall_us;
    int last = -1, left, bad;

    PF_TRY(pfd_alive(&p->fd));
    while ((bad = tty_out_waiting(p->fd.fd, &left)) == 0 && left > 0) {
        uint64_t us = (uint64_t)left * 10 * 1000000 / p->baud;

        if (left != last)
            give_up = pfd_now(&p->fd) + p->fd.stall_us;
        else if (pfd_now(&p->fd) > give_up)
            return pf_fail(t->ctx, PF_ERR_TIMEOUT, "%s does not send: %d bytes wait", p->fd.name,
                           left);
        last = left;
        pfd_sleep(us < 200 ? 200 : us > 20000 ? 20000 : us);
    }
    if (!bad || bad == ENOTTY)
        bad = tty_drain(p->fd.fd);
    if (bad && bad != ENOTTY && bad != EINVAL)
        return pfd_lost(&p->fd, bad);
    return PF_OK;
}

/* Drivers round the rate, or keep another and report success (peers.md 3.11);
 * a UART tolerates about 3 %. */
static void check_baud(struct tty_port *p, uint32_t want, uint32_t actual)
{
    uint32_t off = actual > want ? actual - want : want - actual;

    if (actual && off > want / 33)
        pf_warn(p->base.ctx, "%s: asked for %u baud, the driver set %u", p->fd.name, want, actual);
}

enum pf_err tty_port_set_baud(struct pf_transport *t, uint32_t baud)
{
    struct tty_port *p = self(t);
    uint32_t actual;
    int bad;

    if (baud == 0)
        return pf_fail(t->ctx, PF_ERR_USAGE, "a baud rate of 0 makes no sense");
    PF_TRY(tty_port_drain(t)); /* what is queued belongs to the old rate */
    bad = tty_set_baud(p->fd.fd, baud, &actual);
    if (is_gone(bad))
        return pfd_lost(&p->fd, bad);
    if (bad)
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "%s cannot do %u baud: %s", p->fd.name, baud,
                       strerror(bad));
    p->baud = baud;
    check_baud(p, baud, actual);
    return PF_OK;
}

enum pf_err tty_port_set_lines(struct pf_transport *t, unsigned lines)
{
    struct tty_port *p = self(t);
    int bad;

    PF_TRY(pfd_alive(&p->fd));
    if (!(t->caps & PF_CAP_LINES))
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "%s has no DTR and RTS lines", p->fd.name);
    lines &= PF_LINE_DTR | PF_LINE_RTS;
    bad = tty_set_lines(p->fd.fd, p->lines, lines);
    if (is_gone(bad))
        return pfd_lost(&p->fd, bad);
    if (bad)
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "%s: cannot set DTR and RTS: %s", p->fd.name,
                       strerror(bad));
    p->lines = lines;
    return PF_OK;
}

enum pf_err tty_port_discard(struct pf_transport *t)
{
    struct tty_port *p = self(t);
    int bad;

    PF_TRY(pfd_alive(&p->fd));
    bad = tty_discard_input(p->fd.fd);
    return bad ? pfd_lost(&p->fd, bad) : PF_OK;
}

uint64_t tty_port_now(struct pf_transport *t)
{
    return pfd_now(&self(t)->fd);
}

void tty_port_sleep(struct pf_transport *t, uint64_t us)
{
    (void)t;
    pfd_sleep(us);
}

void tty_port_close(struct pf_transport *t)
{
    struct tty_port *p = self(t);

    (void)flock(p->fd.fd, LOCK_UN);
    if (p->release)
        p->release(p->handle, p->fd.fd);
    else
        close(p->fd.fd);
    free(p);
}

/* Ours alone: flock() also stops a second plugflash of root, which TIOCEXCL
 * lets pass. Programs that know neither are named in a warning; on a pty only
 * in the log, since whoever made it often keeps this end open, too. */
static enum pf_err lock_port(struct tty_port *p)
{
    char who[128];

    if (flock(p->fd.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return ports_fail(p->base.ctx, p->fd.name, EBUSY);
    (void)tty_exclusive(p->fd.fd);
    ports_holder(p->fd.name, true, who);
    if (who[0] && strncmp(p->fd.name, "/dev/pts/", 9) == 0)
        pf_log(p->base.ctx, "%s is also open in %s", p->fd.name, who);
    else if (who[0])
        pf_warn(p->base.ctx, "%s is also open in %s, which may take our bytes", p->fd.name, who);
    return PF_OK;
}

/* The kernel asserts both lines on open and there is no way to tell it not to;
 * so they are released before anything else. Never mind what the driver
 * remembers: `old` claims both asserted. */
static enum pf_err release_lines(struct tty_port *p)
{
    int bad = tty_set_lines(p->fd.fd, PF_LINE_DTR | PF_LINE_RTS, 0);

    if (is_gone(bad))
        return pfd_lost(&p->fd, bad);
    if (bad)
        pf_log(p->base.ctx, "%s has no DTR and RTS lines (%s)", p->fd.name, strerror(bad));
    else
        p->base.caps |= PF_CAP_LINES;
    return PF_OK;
}

static enum pf_err configure(struct tty_port *p)
{
    int bad;

    PF_TRY(lock_port(p));
    PF_TRY(release_lines(p));
    bad = tty_setup(p->fd.fd);
    if (bad)
        return pf_fail(p->base.ctx, PF_ERR_PORT, "%s cannot be set to 8N1 without flow control: %s",
                       p->fd.name, strerror(bad));
    PF_TRY(tty_port_set_baud(&p->base, START_BAUD));
    bad = tty_low_latency(p->fd.fd);
    if (bad)
        pf_log(p->base.ctx, "%s: no low-latency mode (%s)", p->fd.name, strerror(bad));
    return tty_port_discard(&p->base);
}

enum pf_err tty_port_open(struct pf_ctx *ctx, int fd, const char *path,
                          const struct pf_transport_ops *ops, void (*release)(void *, int),
                          void *handle, struct pf_transport **out)
{
    struct tty_port *p = calloc(1, sizeof *p);
    enum pf_err err;

    *out = NULL;
    if (!p) {
        if (release)
            release(handle, fd);
        else
            close(fd);
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a port");
    }
    p->base = (struct pf_transport){.ops = ops, .ctx = ctx, .caps = PF_CAP_BAUD};
    p->release = release;
    p->handle = handle;
    p->baud = START_BAUD;
    pfd_init(&p->fd, ctx, fd, false, path);
    err = configure(p);
    if (err) {
        tty_port_close(&p->base);
        return err;
    }
    *out = &p->base;
    return PF_OK;
}
