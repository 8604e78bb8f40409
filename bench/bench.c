/* bench.c - the speed table of the README, from simulated time.
 *
 *   plugflash-bench [FLASH]      FLASH: a 2 MiB dump; default: the synthetic one
 *
 * Seconds run from the first valid answer to the proof. "raw wire" is what
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

#include "core/checksum.h"
#include "plugflash/ops.h"
#include "plugflash/sim.h"

#define SIZE 0x200000u
#define FAST 4096u /* KiB/s of the device's CRC */
#define SLOW 410u  /* 0.4 MiB/s */

static const uint8_t bench_mac[6] = {0x38, 0x1f, 0x8d, 0x01, 0x02, 0x03};

struct bench {
    char dir[64];
    const char *chip;
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

/* Open a virtual device that holds `flash`, link, run `op`, close. */
static void run(struct bench *b, struct row *r, const uint8_t *flash, bench_op *op)
{
    struct pf_ctx ctx = {0};
    struct pf_link_options link = {.baud = r->baud};
    struct pf_transport *port = NULL;
    struct pf_session *s = NULL;
    char spec[128];

    snprintf(spec, sizeof spec, "%s,lat=%u,crc=%uK", b->chip, r->lat, r->crc_kib);
    r->err = pf_sim_open_flash(&ctx, spec, flash, SIZE, &port);
    if (!r->err) {
        ctx.clock = port;
        r->err = pf_session_open(&ctx, port, &link, &s);
    }
    if (!r->err) {
        r->err = op(b, s, r);
        r->seconds = (double)(pf_now(port) - s->id.synced_us) / 1e6;
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

static enum pf_err op_plain(struct bench *b, struct pf_session *s, struct row *r)
{
    struct pf_digest digest;
    uint8_t *buf = malloc(PF_SECTOR);
    enum pf_err err = buf ? PF_OK : PF_ERR_NOMEM;

    (void)b;
    for (uint32_t at = 0; !err && at < SIZE; at += PF_SECTOR)
        err = s->proto->read(s, at, buf, PF_SECTOR);
    if (!err)
        err = s->proto->digest(s, 0, SIZE, &digest);
    r->stats = (struct pf_stats){.reads = SIZE / PF_SECTOR, .digests = 1, .hashed = SIZE};
    free(buf);
    return err;
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
    return write_file(b, s, r, "app.bin", 0x11000);
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

static void table(struct bench *b)
{
    static const uint32_t bauds[] = {115200, 921600, 1500000, 2000000}, lats[] = {1, 16};
    uint8_t *changed = malloc(SIZE), *random = malloc(0x100000);
    uint32_t x = 1;

    if (!changed || !random)
        exit(1);
    memcpy(changed, b->flash, SIZE);
    changed[0x12345] ^= 1;
    changed[0xa0001] ^= 1;
    changed[0x1f0fff] ^= 1;
    for (size_t i = 0; i < 0x100000; i++) {
        x = x * 1664525 + 1013904223;
        random[i] = (uint8_t)(x >> 24);
    }
    save(b, "base.bin", b->flash, SIZE);
    save(b, "app.bin", b->flash + 0x11000, 0x118f70);
    save(b, "random.bin", random, 0x100000);

    printf("%s, 2 MiB; CRC is the device's own speed\n", b->chip);
    printf("%-34s %8s %4s %7s %9s %8s %9s %7s %6s %7s\n", "operation", "baud", "lat", "CRC",
           "seconds", "limit", "raw wire", "digests", "reads", "hashed");
    printf("%-34s %8s %4s %7s %9s %8s %9s %7s %6s %7s\n", "", "", "ms", "KiB/s", "", "", "2 MiB",
           "", "", "MiB");
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 2; k++) {
            uint32_t baud = bauds[i], lat = lats[k];
            double bound = baud == 921600; /* the rate that the limits are for */

            add(b, "backup", baud, lat, FAST, bound * (lat == 1 ? 15 : 25), b->flash, op_backup);
            add(b, "backup --base, nothing changed", baud, lat, FAST, bound * 1.5, b->flash,
                op_backup_base);
            add(b, "backup --base, 3 sectors changed", baud, lat, FAST, bound * 3.5, changed,
                op_backup_base);
            add(b, "write, already there", baud, lat, FAST, bound * 1.5, b->flash, op_write_app);
            add(b, "write, 3 sectors differ", baud, lat, FAST, 0, changed, op_write_app);
            add(b, "write 1 MiB, all differs", baud, lat, FAST, 0, b->flash, op_write_random);
        }
    for (size_t i = 0; i < SIZE; i++)
        changed[i] = pf_is_blank(b->flash + i / PF_SECTOR * PF_SECTOR, PF_SECTOR)
                         ? random[i % 0x100000]
                         : b->flash[i];
    printf("\na device that hashes slowly: never slower than plain reading and one digest\n");
    for (size_t k = 0; k < 2; k++) {
        double plain =
            add(b, "plain reading + one digest", 921600, lats[k], SLOW, 0, b->flash, op_plain);

        add(b, "backup", 921600, lats[k], SLOW, plain, b->flash, op_backup);
        add(b, "backup, no blank sector", 921600, lats[k], SLOW, plain, changed, op_backup);
    }
    free(changed);
    free(random);
}

int main(int argc, char **argv)
{
    struct bench b = {.chip = "bk7231n", .flash = malloc(SIZE)};
    struct pf_ctx ctx = {0};
    char cmd[128];

    snprintf(b.dir, sizeof b.dir, "/tmp/plugflash-bench-XXXXXX");
    if (!b.flash || !mkdtemp(b.dir)) {
        perror("plugflash-bench");
        return 1;
    }
    if (argc > 1) {
        FILE *f = fopen(argv[1], "rb");

        if (!f || fread(b.flash, 1, SIZE, f) != SIZE) {
            fprintf(stderr, "%s: not a 2 MiB dump\n", argv[1]);
            return 1;
        }
        fclose(f);
    } else if (pf_sim_factory(b.chip, 1, bench_mac, b.flash, SIZE)) {
        return 1;
    }
    table(&b);
    if (argc == 1 && !pf_sim_factory("bk7231t", 1, bench_mac, b.flash, SIZE)) {
        b.chip = "bk7231t";
        printf("\n");
        table(&b);
    }
    free(b.flash);
    snprintf(cmd, sizeof cmd, "rm -rf %s", b.dir);
    if (system(cmd) != 0)
        fprintf(stderr, "%s: not removed\n", b.dir);
    (void)ctx;
    printf("\n%d rows over their limit\n", b.failures);
    return b.failures != 0;
}
