/* ptyshim.c - LD_PRELOAD module that lets libserialport open a pty.
 *
 * Without it two things refuse (reference/toolchains.md 1): a pty is not in
 * /sys/class/tty, and it has no modem lines. So questions about
 * /sys/class/tty/pts/N are answered as for /sys/class/tty/tty, and DTR and RTS
 * become two remembered bits per device, asserted by each open as the kernel
 * does on a real port. Each change of them is one datagram
 * "L <dtr> <rts>\n" to the socket named in PLUGFLASH_SHIM_SOCKET. With
 * PLUGFLASH_SHIM_BAUD set, the device does that rate and no other, and reports
 * success for any, as some drivers do.
 *
 * Test code: its state is global, as a kernel's would be. */
#define _GNU_SOURCE
#include <asm/termbits.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PTS_PREFIX "/sys/class/tty/pts/"
#define STAND_IN   "/sys/class/tty/tty"
#define DEV_PREFIX "/dev/pts/"
#define DEVICES    64

static struct {
    dev_t dev;
    int bits;
} devices[DEVICES];
static size_t known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int __lxstat(int version, const char *path, struct stat *st);
ssize_t __readlink_chk(const char *path, char *buf, size_t len, size_t size);
int __open_2(const char *path, int flags);

static const char *map(const char *path)
{
    return strncmp(path, PTS_PREFIX, strlen(PTS_PREFIX)) == 0 ? STAND_IN : path;
}

int __lxstat(int version, const char *path, struct stat *st)
{
    int (*real)(int, const char *, struct stat *);

    *(void **)&real = dlsym(RTLD_NEXT, "__lxstat");
    return real(version, map(path), st);
}

int lstat(const char *path, struct stat *st)
{
    int (*real)(const char *, struct stat *);

    *(void **)&real = dlsym(RTLD_NEXT, "lstat");
    return real(map(path), st);
}

ssize_t readlink(const char *path, char *buf, size_t size)
{
    ssize_t (*real)(const char *, char *, size_t);

    *(void **)&real = dlsym(RTLD_NEXT, "readlink");
    return real(map(path), buf, size);
}

ssize_t __readlink_chk(const char *path, char *buf, size_t len, size_t size)
{
    return readlink(path, buf, len < size ? len : size);
}

static void tell(int bits)
{
    const char *name = getenv("PLUGFLASH_SHIM_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char text[16];
    int fd, len;

    if (!name || strlen(name) >= sizeof to.sun_path)
        return;
    strcpy(to.sun_path, name);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    len = snprintf(text, sizeof text, "L %d %d\n", !!(bits & TIOCM_DTR), !!(bits & TIOCM_RTS));
    (void)sendto(fd, text, (size_t)len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to);
    close(fd);
}

/* The remembered bits of the device behind `fd`; NULL when it is not a device
 * or there are too many. */
static int *bits_of(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode))
        return NULL;
    for (size_t i = 0; i < known; i++)
        if (devices[i].dev == st.st_rdev)
            return &devices[i].bits;
    if (known == DEVICES)
        return NULL;
    devices[known].dev = st.st_rdev;
    devices[known].bits = 0;
    return &devices[known++].bits;
}

static int modem_lines(int fd, unsigned long request, int *arg)
{
    int *bits, old;

    pthread_mutex_lock(&lock);
    bits = bits_of(fd);
    if (!bits) {
        pthread_mutex_unlock(&lock);
        errno = ENOTTY;
        return -1;
    }
    old = *bits;
    if (request == TIOCMGET)
        *arg = *bits;
    else if (request == TIOCMSET)
        *bits = *arg;
    else if (request == TIOCMBIS)
        *bits |= *arg;
    else
        *bits &= ~*arg;
    if (*bits != old)
        tell(*bits);
    pthread_mutex_unlock(&lock);
    return 0;
}

static int opened(const char *path, int fd)
{
    int keep = errno, both = TIOCM_DTR | TIOCM_RTS;

    if (fd >= 0 && strncmp(path, DEV_PREFIX, strlen(DEV_PREFIX)) == 0)
        (void)modem_lines(fd, TIOCMBIS, &both);
    errno = keep;
    return fd;
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, mode_t);
    mode_t mode = 0;
    va_list ap;

    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    *(void **)&real = dlsym(RTLD_NEXT, "open");
    return opened(path, real(path, flags, mode));
}

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*real)(int, unsigned long, void *);
    va_list ap;
    void *arg;
    int result;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    *(void **)&real = dlsym(RTLD_NEXT, "ioctl");
    if (request == TCSETS2 && getenv("PLUGFLASH_SHIM_BAUD"))
        ((struct termios2 *)arg)->c_ospeed = (speed_t)atoi(getenv("PLUGFLASH_SHIM_BAUD"));
    result = real(fd, request, arg);
    if (result == 0 || errno != ENOTTY)
        return result;
    if (request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC)
        return modem_lines(fd, request, arg);
    errno = ENOTTY;
    return result;
}
