/* posix_fd.h - bytes and time on a POSIX descriptor, the same for ttys and sockets.
 *
 * What it adds to read(2) and write(2): deadlines in microseconds, silence told
 * apart from a port that is gone, and a bound on every wait. A port that is
 * gone stays gone.
 *
 * A Win32 backend would implement these functions on a HANDLE: CreateFile with
 * share mode 0 (that is the lock), COMMTIMEOUTS for the deadline, ReadFile and
 * WriteFile with ERROR_OPERATION_ABORTED, ERROR_ACCESS_DENIED or
 * ERROR_GEN_FAILURE as "gone", PurgeComm, EscapeCommFunction; tty.h likewise on
 * a DCB. Nothing above the two headers knows POSIX. */
#ifndef TRANSPORT_POSIX_FD_H
#define TRANSPORT_POSIX_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugflash/event.h"

struct pf_fd {
    struct pf_ctx *ctx; /* borrowed */
    int fd;             /* non-blocking, close-on-exec */
    bool socket;        /* else a tty, whose device node is `name` */
    bool gone;
    uint64_t epoch_us; /* CLOCK_MONOTONIC when opened: our clock starts at 0 */
    uint64_t stall_us; /* a write that makes no progress for so long has failed */
    char name[256];    /* for people; of a tty, the real path of its node */
};

/* Take over `fd` (made non-blocking and close-on-exec). */
void pfd_init(struct pf_fd *p, struct pf_ctx *ctx, int fd, bool is_socket, const char *name);

uint64_t pfd_now(const struct pf_fd *p);
void pfd_sleep(uint64_t us);

/* As pf_transport_ops.read. A signal handler that ran ends the wait early with
 * PF_ERR_TIMEOUT and *got 0, so that the caller's loop can look whether it was
 * asked to stop; a caller that wants the whole time reads again until its
 * deadline has passed. */
enum pf_err pfd_read(struct pf_fd *p, uint8_t *buf, size_t cap, uint64_t deadline, size_t *got);

/* As pf_transport_ops.write. Signals do not interrupt it: half a frame would be
 * worse than a late stop. */
enum pf_err pfd_write(struct pf_fd *p, const uint8_t *buf, size_t len);

/* Note that the port is gone because of `why` (an errno, 0: end of file) and
 * return PF_ERR_IO. */
enum pf_err pfd_lost(struct pf_fd *p, int why);

/* PF_ERR_IO with a text when the port is gone already, PF_OK otherwise. */
enum pf_err pfd_alive(struct pf_fd *p);

/* Read and drop what has arrived; at most 4 MiB, so that a flood ends. */
enum pf_err pfd_discard(struct pf_fd *p);

#endif
