/* bench.c - the speed table of the README, from simulated time.
 *
 *   plugflash-bench [FLASH]      FLASH: a 2 MiB dump; default: the synthetic one
 *
 * Seconds run from the first valid answer to the proof; where a stub has to be
 * uploaded first, from when it answers. "raw wire" is what
 * moving 2 MiB would take at that rate with no protocol around it; "plain" is
 * every sector read in turn and one digest of the whole.
 *
 * Exits 1 when a row fails or is over its limit: the limits of docs/design.md
 * stand beside the rows they bind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "core/checksum.h"
#include "image/make_bl.h"
#include "plugflash/ops.h"
#include "plugflash/sim.h"

#define SIZE 0x200000u
#define FAST 4096u /* KiB/s of the device's CRC */
#define SLOW 410u  /* 0.4 MiB/s */

#define STUB_LEN 26096u /* as the custom stub of the ECR6600; an eflash_loader is alike */
#define STUB_MAX 32768u

static const uint8_t bench_mac[6] = {0x38, 0x1f, 0x8d, 0x01, 0x02, 0x03};

/* A virtual device and what its rows must keep to, at 921600 baud and 1 and 16
 * ms. Limits of 0 bind nothing. */
struct plug {
    const char *title, *chip, *keys;
    uint32_t baud[5];      /* ends with 0 */
    uint32_t app, app_len; /* what "write" writes */
    uint32_t changed[3];   /* addresses of the three changed bytes */
    enum { STUB_NONE, STUB_ECR, STUB_BL } stub;
    bool from_link; /* seconds count from the open session */
    double plain[2], backup[2], again, again3, same;
    bool slow; /* print the table of a device that hashes slowly */
};

static const struct plug plugs[] = {
    {.title = "BK7231N",
     .chip = "bk7231n",
     .keys = "",
     .baud = {115200, 921600, 1500000, 2000000},
     .app = 0x11000,
     .app_len = 0x118f70,
     .changed = {0x12345, 0xa0001, 0x1f0fff},
     .backup = {15, 25},
     .again = 1.5,
     .again3 = 3.5,
     .same = 1.5,
     .slow = true},
    {.title = "BK7231T",
     .chip = "bk7231t",
     .keys = "",
     .baud = {115200, 921600, 1500000, 2000000},
     .app = 0x11000,
     .app_len = 0x118f70,
     .changed = {0x12345, 0xa0001, 0x1f0fff},
     .backup = {15, 25},
     .again = 1.5,
     .again3 = 3.5,
     .same = 1.5,
     .slow = true},
    {.title = "ECR6600 with the custom stub",
     .chip = "ecr6600",
     .keys = ",stub=custom",
     .baud = {115200, 500000, 921600, 1000000, 2000000},
     .app = 0x7000,
     .app_len = 0x10e000,
     .changed = {0x7345, 0xa0001, 0x1b9fff},
     .stub = STUB_ECR,
     .from_link = true,
     .plain = {24, 25}},
    {.title = "ECR6600 with stub 1.3.11",
     .chip = "ecr6600",
     .keys = ",stub=1.3.11",
     .baud = {115200, 500000, 921600, 1000000, 2000000},
     .app = 0x7000,
     .app_len = 0x10e000,
     .changed = {0x7345, 0xa0001, 0x1b9fff},
     .stub = STUB_ECR,
     .from_link = true,
     .plain = {0, 28}},
    {.title = "BL602 with an eflash_loader",
     .chip = "bl602",
     .keys = "",
     .baud = {115200, 921600, 2000000},
     .app = 0x10000,
     .app_len = 0x90000,
     .changed = {0x10345, 0x50001, 0x1e9fff},
     .stub = STUB_BL,
     .from_link = true,
     .backup = {12, 23}},
};

struct bench {
    char dir[64];
    const struct plug *plug;
    uint8_t *flash;
    int failures;
};

struct row {
    const char *what;
    uint32_t baud, lat, crc_kib;
    double seconds, limit; /* limit 0: none */
    struct pf_stats stats;
    enum pf_err err;
    char text[PF_TEXT_MAX];
};

static double raw_wire(uint32_t baud)
{
    return SIZE * 10.0 / baud;
}

typedef enum pf_err bench_op(struct bench *b, struct pf_session *s, struct row *r);

/* Something that the device takes for its vendor's stub; returns its length. */
static size_t make_stub(const struct plug *plug, uint8_t *out)
{
    memset(out, 0, STUB_MAX);
    if (plug->stub == STUB_BL)
        return make_bl_loader(out, STUB_LEN);
    memcpy(out, "\x48\x00\x00\x54", 4);
    return plug->stub == STUB_ECR ? STUB_LEN : 0;
}

/* Open a virtual device that holds `flash`, link, run `op`, close. */
static void run(struct bench *b, struct row *r, const uint8_t *flash, bench_op *op)
{
    struct pf_ctx ctx = {0};
    uint8_t stub[STUB_MAX];
    struct pf_link_options link = {.chip = b->plug->chip, .baud = r->baud};
    struct pf_transport *port = NULL;
    struct pf_session *s = NULL;
    char spec[128];

    if (b->plug->stub) {
        link.stub_len = make_stub(b->plug, stub);
        link.stub = stub;
    }
    snprintf(spec, sizeof spec, "%s%s,lat=%u,crc=%uK", b->plug->chip, b->plug->keys, r->lat,
             r->crc_kib);
    r->err = pf_sim_open_flash(&ctx, spec, flash, SIZE, &port);
    if (!r->err) {
        ctx.clock = port;
        r->err = pf_session_open(&ctx, port, &link, &s);
    }
    if (!r->err) {
        uint64_t from = b->plug->from_link ? pf_now(port) : s->id.synced_us;

        r->err = op(b, s, r);
        r->seconds = (double)(pf_now(port) - from) / 1e6;
    }
    snprintf(r->text, sizeof r->text, "%s", ctx.text);
    pf_session_close(s);
    ctx.clock = NULL;
    if (port)
        port->ops->close(port);
}

static void report(struct bench *b, const struct row *r)
{
    bool bad = r->err || (r->limit > 0 && r->seconds > r->limit);

    printf("%-34s %8u %4u %7u %9.2f ", r->what, r->baud, r->lat, r->crc_kib, r->seconds);
    if (r->limit > 0)
        printf("%8.2f ", r->limit);
    else
        printf("%8s ", "-");
    printf("%9.1f %7u %6u %7.1f %s\n", raw_wire(r->baud), r->stats.digests, r->stats.reads,
           (double)r->stats.hashed / 1048576, bad ? "OVER" : "");
    if (r->err)
        printf("    %s\n", r->text);
    b->failures += bad;
}

static enum pf_err backup_to(struct bench *b, struct pf_session *s, struct row *r, const char *name,
                             const char *base)
{
    char path[96], from[96];
    struct pf_backup_options opt = {.path = path, .force = true};
    struct pf_backup_result res = {0};
    enum pf_err err;

    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    snprintf(from, sizeof from, "%s/%s", b->dir, base ? base : "");
    opt.base = base ? from : NULL;
    err = pf_backup(s, &opt, &res);
    r->stats = res.stats;
    return err;
}

static enum pf_err op_backup(struct bench *b, struct pf_session *s, struct row *r)
{
    return backup_to(b, s, r, "backup.bin", NULL);
}

static enum pf_err op_backup_base(struct bench *b, struct pf_session *s, struct row *r)
{
    return backup_to(b, s, r, "again.bin", "base.bin");
}

/* Everything read in turn, as much at a time as the session likes. */
static enum pf_err op_plain(struct bench *b, struct pf_session *s, struct row *r)
{
    const uint32_t chunk = s->read_chunk ? s->read_chunk : PF_SECTOR;
    uint8_t *buf = malloc(chunk);
    enum pf_err err = buf ? PF_OK : PF_ERR_NOMEM;

    (void)b;
    for (uint32_t at = 0; !err && at < SIZE; at += chunk)
        err = s->proto->read(s, at, buf, chunk);
    r->stats = (struct pf_stats){.reads = SIZE / chunk};
    free(buf);
    return err;
}

static enum pf_err op_plain_proved(struct bench *b, struct pf_session *s, struct row *r)
{
    struct pf_digest digest;

    PF_TRY(op_plain(b, s, r));
    r->stats.digests = 1;
    r->stats.hashed = SIZE;
    return s->proto->digest(s, 0, SIZE, &digest);
}

static enum pf_err write_file(struct bench *b, struct pf_session *s, struct row *r,
                              const char *name, uint32_t at)
{
    char path[96];
    struct pf_write_options opt = {.path = path, .no_backup = true, .at_given = true, .at = at};
    struct pf_write_result *res = calloc(1, sizeof *res);
    enum pf_err err;

    if (!res)
        return PF_ERR_NOMEM;
    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    err = pf_write(s, &opt, res);
    r->stats = res->stats;
    free(res);
    return err;
}

static enum pf_err op_write_app(struct bench *b, struct pf_session *s, struct row *r)
{
    return write_file(b, s, r, "app.bin", b->plug->app);
}

static enum pf_err op_write_random(struct bench *b, struct pf_session *s, struct row *r)
{
    return write_file(b, s, r, "random.bin", 0x20000);
}

static void save(const struct bench *b, const char *name, const uint8_t *data, size_t len)
{
    char path[96];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    f = fopen(path, "wb");
    if (!f || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

/* Returns the seconds. */
static double add(struct bench *b, const char *what, uint32_t baud, uint32_t lat, uint32_t crc_kib,
                  double limit, const uint8_t *flash, bench_op *op)
{
    struct row row = {.what = what, .baud = baud, .lat = lat, .crc_kib = crc_kib, .limit = limit};

    run(b, &row, flash, op);
    report(b, &row);
    return row.seconds;
}

static void rows(struct bench *b, uint32_t baud, int k, const uint8_t *changed)
{
    static const uint32_t lats[] = {1, 16};
    const struct plug *p = b->plug;
    const double bound = baud == 921600; /* the rate that the limits are for */
    const uint32_t lat = lats[k];

    if (p->from_link)
        add(b, "plain reading", baud, lat, FAST, bound * p->plain[k], b->flash, op_plain);
    add(b, "backup", baud, lat, FAST, bound * p->backup[k], b->flash, op_backup);
    add(b, "backup --base, nothing changed", baud, lat, FAST, bound * p->again, b->flash,
        op_backup_base);
    add(b, "backup --base, 3 sectors changed", baud, lat, FAST, bound * p->again3, changed,
        op_backup_base);
    add(b, "write, already there", baud, lat, FAST, bound * p->same, b->flash, op_write_app);
    add(b, "write, 3 sectors differ", baud, lat, FAST, 0, changed, op_write_app);
    add(b, "write 1 MiB, all differs", baud, lat, FAST, 0, b->flash, op_write_random);
}

static void slow_rows(struct bench *b, uint32_t lat, const uint8_t *full)
{
    double plain =
        add(b, "plain reading + one digest", 921600, lat, SLOW, 0, b->flash, op_plain_proved);

    add(b, "backup", 921600, lat, SLOW, plain, b->flash, op_backup);
    add(b, "backup, no blank sector", 921600, lat, SLOW, plain, full, op_backup);
}

static void heading(const struct bench *b)
{
    static const char line[] = "%-34s %8s %4s %7s %9s %8s %9s %7s %6s %7s\n";

    printf("\n%s, 2 MiB; CRC is the speed of the device's own hash\n", b->plug->title);
    printf(line, "operation", "baud", "lat", "CRC", "seconds", "limit", "raw wire", "digests",
           "reads", "hashed");
    printf(line, "", "", "ms", "KiB/s", "", "", "2 MiB", "", "", "MiB");
}

static void table(struct bench *b)
{
    const struct plug *p = b->plug;
    uint8_t *changed = malloc(SIZE), *random = malloc(0x100000);
    uint32_t x = 1;

    if (!changed || !random)
        exit(1);
    memcpy(changed, b->flash, SIZE);
    for (int i = 0; i < 3; i++)
        changed[p->changed[i]] ^= 1;
    for (size_t i = 0; i < 0x100000; i++) {
        x = x * 1664525 + 1013904223;
        random[i] = (uint8_t)(x >> 24);
    }
    save(b, "base.bin", b->flash, SIZE);
    save(b, "app.bin", b->flash + p->app, p->app_len);
    save(b, "random.bin", random, 0x100000);

    heading(b);
    for (size_t i = 0; i < 5 && p->baud[i]; i++)
        for (int k = 0; k < 2; k++)
            rows(b, p->baud[i], k, changed);
    if (p->slow) {
        for (size_t i = 0; i < SIZE; i++)
            changed[i] = pf_is_blank(b->flash + i / PF_SECTOR * PF_SECTOR, PF_SECTOR)
                             ? random[i % 0x100000]
                             : b->flash[i];
        printf("a device that hashes slowly: never slower than plain reading and one digest\n");
        slow_rows(b, 1, changed);
        slow_rows(b, 16, changed);
    }
    free(changed);
    free(random);
}

/* The dump named on the command line stands for the first device's flash. */
static bool load(struct bench *b, const char *path)
{
    FILE *f = path ? fopen(path, "rb") : NULL;
    bool ok;

    if (!path)
        return pf_sim_factory(b->plug->chip, 1, bench_mac, b->flash, SIZE) == PF_OK;
    ok = f && fread(b->flash, 1, SIZE, f) == SIZE;
    if (f)
        fclose(f);
    if (!ok)
        fprintf(stderr, "%s: not a 2 MiB dump\n", path);
    return ok;
}

int main(int argc, char **argv)
{
    const size_t count = argc > 1 ? 1 : sizeof plugs / sizeof *plugs;
    struct bench b = {.flash = malloc(SIZE)};
    char cmd[128];

    snprintf(b.dir, sizeof b.dir, "/tmp/plugflash-bench-XXXXXX");
    if (!b.flash || !mkdtemp(b.dir)) {
        perror("plugflash-bench");
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        b.plug = &plugs[i];
        if (load(&b, argc > 1 ? argv[1] : NULL))
            table(&b);
        else
            b.failures++;
    }
    free(b.flash);
    snprintf(cmd, sizeof cmd, "rm -rf %s", b.dir);
    if (system(cmd) != 0)
        fprintf(stderr, "%s: not removed\n", b.dir);
    if (argc == 1)
        b.failures += bench_stream() + bench_sync();
    printf("\n%d rows over their limit\n", b.failures);
    return b.failures != 0;
}
