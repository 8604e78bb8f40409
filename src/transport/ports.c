/* ports.c - see ports.h. Enumeration by libserialport; drivers from sysfs and
 * holders from /proc, both best effort and bounded. */
#include "transport/ports.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTS_MAX     256
#define PROC_PIDS_MAX 8192
#define PROC_FDS_MAX  65536

/* ---- who holds a port ---- */

struct holders {
    const char *const *path;
    char (*who)[128];
    size_t count;
    size_t fds_left;
};

static void holder_name(const char *pid, char who[128])
{
    char path[300], comm[64] = "";
    FILE *f;

    snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    f = fopen(path, "re");
    if (f) {
        if (!fgets(comm, sizeof comm, f))
            comm[0] = '\0';
        fclose(f);
    }
    comm[strcspn(comm, "\n")] = '\0';
    for (char *c = comm; *c; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    snprintf(who, 128, "%s (pid %.20s)", comm[0] ? comm : "a program", pid);
}

/* By the text of the links alone: to look at what they point to could block on
 * a dead network file system. */
static void scan_process(struct holders *h, const char *pid)
{
    char path[300], target[300];
    DIR *dir;
    struct dirent *e;

    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    dir = opendir(path);
    if (!dir)
        return; /* gone, or another user's */
    while (h->fds_left && (e = readdir(dir))) {
        ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof target - 1);

        h->fds_left--;
        if (n <= 0)
            continue;
        target[n] = '\0';
        for (size_t i = 0; i < h->count; i++)
            if (!h->who[i][0] && strcmp(h->path[i], target) == 0)
                holder_name(pid, h->who[i]);
    }
    closedir(dir);
}

/* who[i] becomes the holder of the device path[i]; entries are "" on entry. */
static void find_holders(const char *const *path, char (*who)[128], size_t count, bool others)
{
    struct holders h = {.path = path, .who = who, .count = count, .fds_left = PROC_FDS_MAX};
    size_t pids = 0;
    DIR *proc = opendir("/proc");
    struct dirent *e;

    if (!proc)
        return;
    while (pids < PROC_PIDS_MAX && h.fds_left && (e = readdir(proc))) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        pids++;
        if (!others || strtol(e->d_name, NULL, 10) != (long)getpid())
            scan_process(&h, e->d_name);
    }
    closedir(proc);
}

void ports_holder(const char *path, bool others, char who[128])
{
    who[0] = '\0';
    find_holders(&path, (char(*)[128])who, 1, others);
}

/* ---- which ports there are ---- */

static void copy_text(char *to, size_t cap, const char *from)
{
    snprintf(to, cap, "%s", from ? from : "");
    for (char *c = to; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = '?';
}

static void find_driver(const char *name, char *driver, size_t cap)
{
    const char *base = strrchr(name, '/');
    char link[320], target[512];
    ssize_t n;

    driver[0] = '\0';
    snprintf(link, sizeof link, "/sys/class/tty/%s/device/driver", base ? base + 1 : name);
    n = readlink(link, target, sizeof target - 1);
    if (n <= 0)
        return;
    target[n] = '\0';
    base = strrchr(target, '/');
    copy_text(driver, cap, base ? base + 1 : target);
}

static void fill_info(struct pf_port_info *info, struct sp_port *port)
{
    int bus, address;

    copy_text(info->name, sizeof info->name, sp_get_port_name(port));
    copy_text(info->description, sizeof info->description, sp_get_port_description(port));
    info->usb_vid = info->usb_pid = -1;
    if (sp_get_port_transport(port) == SP_TRANSPORT_USB) {
        if (sp_get_port_usb_vid_pid(port, &info->usb_vid, &info->usb_pid) != SP_OK)
            info->usb_vid = info->usb_pid = -1;
        if (sp_get_port_usb_bus_address(port, &bus, &address) == SP_OK)
            snprintf(info->location, sizeof info->location, "%d-%d", bus, address);
        copy_text(info->serial, sizeof info->serial, sp_get_port_usb_serial(port));
    }
    find_driver(info->name, info->driver, sizeof info->driver);
}

static void fill_holders(struct pf_port_info *list, size_t count)
{
    const char *path[PORTS_MAX] = {NULL};
    char(*who)[128] = calloc(PORTS_MAX, sizeof *who);

    if (!who)
        return; /* it is only a convenience */
    for (size_t i = 0; i < count; i++)
        path[i] = list[i].name;
    find_holders(path, who, count, false);
    for (size_t i = 0; i < count; i++)
        snprintf(list[i].busy_by, sizeof list[i].busy_by, "%s", who[i]);
    free(who);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pf_port_info *)a)->name, ((const struct pf_port_info *)b)->name);
}

enum pf_err pf_port_list(struct pf_ctx *ctx, struct pf_port_info **list, size_t *count)
{
    struct sp_port **ports = NULL;
    size_t n = 0;

    *list = NULL;
    *count = 0;
    if (sp_list_ports(&ports) != SP_OK)
        return pf_fail(ctx, PF_ERR_PORT, "the serial ports of this machine cannot be listed");
    while (ports[n] && n < PORTS_MAX)
        n++;
    *list = calloc(n ? n : 1, sizeof **list);
    if (!*list) {
        sp_free_port_list(ports);
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for the list of ports");
    }
    for (size_t i = 0; i < n; i++)
        fill_info(&(*list)[i], ports[i]);
    sp_free_port_list(ports);
    qsort(*list, n, sizeof **list, by_name);
    fill_holders(*list, n);
    *count = n;
    return PF_OK;
}

/* ---- usb:VID:PID[:SERIAL] ---- */

static bool take_hex16(const char **text, int *value)
{
    int digits = 0;

    *value = 0;
    for (; digits < 5 && isxdigit((unsigned char)**text); digits++, (*text)++) {
        char c = (char)tolower((unsigned char)**text);

        *value = *value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return digits >= 1 && digits <= 4;
}

enum pf_err ports_usb_parse(struct pf_ctx *ctx, const char *text, struct usb_id *out)
{
    const char *at = text;

    *out = (struct usb_id){0};
    if (take_hex16(&at, &out->vid) && *at++ == ':' && take_hex16(&at, &out->pid) &&
        (*at == '\0' || (*at == ':' && at[1] && strlen(at + 1) < sizeof out->serial))) {
        if (*at == ':')
            snprintf(out->serial, sizeof out->serial, "%s", at + 1);
        return PF_OK;
    }
    return pf_fail(ctx, PF_ERR_USAGE,
                   "usb:%.80s is not usb:VID:PID[:SERIAL], such as usb:1a86:7523", text);
}

bool ports_usb_match(const struct usb_id *id, const struct pf_port_info *info)
{
    return info->usb_vid == id->vid && info->usb_pid == id->pid &&
           (!id->serial[0] || strcmp(id->serial, info->serial) == 0);
}

/* "/dev/ttyUSB0 (USB Serial), /dev/ttyACM0"; only those that match `id` unless
 * it is NULL. Returns how many there are. */
static size_t describe_ports(const struct pf_port_info *list, size_t count, const struct usb_id *id,
                             char *text, size_t cap)
{
    size_t used = 0, found = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct pf_port_info *p = &list[i];
        int n;

        if (id && !ports_usb_match(id, p))
            continue;
        n = snprintf(text + used, cap - used, "%s%s%s%.40s%s", found ? ", " : "", p->name,
                     p->description[0] ? " (" : "", p->description, p->description[0] ? ")" : "");
        found++;
        if (n > 0 && used + (size_t)n < cap)
            used += (size_t)n;
        else
            text[used] = '\0'; /* full: the count still says so */
    }
    return found;
}

enum pf_err ports_usb_pick(struct pf_ctx *ctx, const struct usb_id *id,
                           const struct pf_port_info *list, size_t count, char path[256])
{
    char names[320];
    size_t found = describe_ports(list, count, id, names, sizeof names);

    if (found > 1)
        return pf_fail(ctx, PF_ERR_PORT,
                       "%zu ports are usb:%04x:%04x: %s; add the serial number (plugflash ports)",
                       found, (unsigned)id->vid, (unsigned)id->pid, names);
    for (size_t i = 0; i < count; i++)
        if (ports_usb_match(id, &list[i])) {
            snprintf(path, 256, "%s", list[i].name);
            return PF_OK;
        }
    describe_ports(list, count, NULL, names, sizeof names);
    return pf_fail(ctx, PF_ERR_PORT, "no port is usb:%04x:%04x%s%s; ports here: %s",
                   (unsigned)id->vid, (unsigned)id->pid, id->serial[0] ? ":" : "", id->serial,
                   names[0] ? names : "none");
}

/* ---- why a port does not open ---- */

static enum pf_err fail_missing(struct pf_ctx *ctx, const char *path)
{
    struct pf_port_info *list;
    size_t count;
    char names[300] = "";

    if (pf_port_list(ctx, &list, &count) == PF_OK) {
        describe_ports(list, count, NULL, names, sizeof names);
        free(list);
    }
    if (names[0])
        return pf_fail(ctx, PF_ERR_PORT, "there is no %.120s; ports here: %s", path, names);
    /* CH340 adapters are taken for a Braille display (peers.md 3.9). */
    return pf_fail(ctx, PF_ERR_PORT,
                   "there is no %.120s, nor any other serial port: is the adapter plugged in? "
                   "(brltty may take a CH340 away: remove it)",
                   path);
}

static enum pf_err fail_denied(struct pf_ctx *ctx, const char *path)
{
    struct stat st;
    struct group grp, *found = NULL;
    char buf[4096];

    if (stat(path, &st) != 0 || getgrgid_r(st.st_gid, &grp, buf, sizeof buf, &found) != 0 ||
        !found || st.st_gid == 0)
        return pf_fail(ctx, PF_ERR_PORT,
                       "no permission to open %.120s: serial ports usually belong to the group "
                       "dialout (sudo usermod -aG dialout $USER, then log in again)",
                       path);
    return pf_fail(ctx, PF_ERR_PORT,
                   "no permission to open %.120s: it belongs to the group %.40s "
                   "(sudo usermod -aG %.40s $USER, then log in again)",
                   path, grp.gr_name, grp.gr_name);
}

static enum pf_err fail_busy(struct pf_ctx *ctx, const char *path)
{
    const char *hint = "close it first";
    char who[128];

    ports_holder(path, false, who);
    if (!who[0])
        return pf_fail(ctx, PF_ERR_PORT,
                       "%.120s is in use by another program: a terminal, ModemManager or brltty?",
                       path);
    if (strncmp(who, "ModemManager", 12) == 0)
        hint = "it probes new ports for modems: wait, or sudo systemctl stop ModemManager";
    else if (strncmp(who, "brltty", 6) == 0)
        hint = "it takes the adapter for a Braille display: sudo systemctl stop brltty";
    return pf_fail(ctx, PF_ERR_PORT, "%.120s is in use by %s: %s", path, who, hint);
}

enum pf_err ports_fail(struct pf_ctx *ctx, const char *path, int why)
{
    switch (why) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
        return fail_missing(ctx, path);
    case EACCES:
    case EPERM:
        return fail_denied(ctx, path);
    case EBUSY:
    case EWOULDBLOCK:
        return fail_busy(ctx, path);
    default:
        return pf_fail(ctx, PF_ERR_PORT, "%.120s cannot be opened: %s", path,
                       why ? strerror(why) : "unknown error");
    }
}
