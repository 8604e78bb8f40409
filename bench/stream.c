/* stream.c - our own stubs: what a stream costs beside the bytes it must move.
 *
 * "deflated" is what a flash comes to when each sector is deflated with the one
 * before it as history, blank ones left out: by the stub's own code for reads, by
 * zlib level 9 for writes. The limit is the time of those bytes on the wire,
 * divided by 0.97; and a latency of 16 ms may cost 3 % more than one of 1 ms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bench.h"
#include "common/deflate.h"
#include "core/checksum.h"
#include "plugflash/ops.h"
#include "plugflash/sim.h"
#include "sim/code_like.h"

#define SIZE    0x200000u
#define SECTORS (SIZE / PF_SECTOR)
#define MIB     0x100000u
#define FULL    0.97 /* of the wire's speed */
#define FLAT    1.03 /* latency of 16 ms against 1 ms */
#define NEAR    4.0  /* points of compression behind zlib level 6 */

static const uint8_t bench_mac[6] = {0x38, 0x1f, 0x8d, 0x01, 0x02, 0x03};

struct stream_plug {
    const char *title, *chip;
    uint32_t app;       /* where the application goes */
    unsigned code;      /* percent that its code deflates to */
    double upload;      /* seconds that loading the stub may take */
    double read, wrote; /* seconds of a backup, and of a write with all around it, at 921600 */
};

static const struct stream_plug plugs[] = {
    {"ECR6600 with our stub", "ecr6600", 0x7000, 60, 1.3, 8.0, 7.5},
    {"BL602 with our stub", "bl602", 0x10000, 51, 0.4, 6.5, 7.5},
};

/* The flash of a plug, the application to be written over it, and noise. */
struct stream_bench {
    const struct stream_plug *plug;
    uint8_t *flash, *other, *random;
    char dir[64];
    int failures;
};

struct stream_run {
    uint32_t baud, lat;
    const uint8_t *flash;
    struct pf_session *s;
    struct pf_transport *port;
    uint64_t sent[2]; /* bytes from the device before and behind the operation */
    double upload, seconds, hash;
    uint64_t upload_from, upload_to;
    enum pf_err err;
    char text[PF_TEXT_MAX];
};

/* ---- what has to cross the wire ------------------------------------------- */

/* The stub's own code, without a chip around it. */
static size_t by_stub(const uint8_t *sector, size_t history)
{
    static struct stub_deflate work;
    uint8_t out[PF_SECTOR];
    const size_t n = stub_deflate(&work, NULL, sector, PF_SECTOR, history, out, PF_SECTOR - 1);

    return n ? n : PF_SECTOR;
}

static size_t by_zlib(const uint8_t *sector, size_t history)
{
    uint8_t out[2 * PF_SECTOR];
    z_stream z = {0};
    size_t n;

    if (deflateInit2(&z, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        exit(1);
    if (history)
        deflateSetDictionary(&z, sector - history, (uInt)history);
    z.next_in = (Bytef *)(uintptr_t)sector;
    z.avail_in = PF_SECTOR;
    z.next_out = out;
    z.avail_out = sizeof out;
    deflate(&z, Z_FINISH);
    n = z.total_out;
    deflateEnd(&z);
    return n < PF_SECTOR ? n : PF_SECTOR;
}

static uint64_t deflated(const uint8_t *data, size_t len,
                         size_t (*by)(const uint8_t *sector, size_t history))
{
    uint64_t sum = 0;

    for (size_t at = 0; at < len; at += PF_SECTOR)
        if (!pf_is_blank(data + at, PF_SECTOR))
            sum += by(data + at, at ? PF_SECTOR : 0);
    return sum;
}

/* All used sectors as one stream of zlib level 6 with a window of 4 KiB. */
static uint64_t zlib_level_6(const uint8_t *data, size_t len, size_t *used)
{
    uint8_t out[65536];
    uint64_t sum = 0;
    z_stream z = {0};

    *used = 0;
    if (deflateInit2(&z, 6, Z_DEFLATED, -12, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        exit(1);
    for (size_t at = 0; at <= len; at += PF_SECTOR) {
        const bool end = at == len;

        if (!end && pf_is_blank(data + at, PF_SECTOR))
            continue;
        *used += end ? 0 : PF_SECTOR;
        z.next_in = (Bytef *)(uintptr_t)(data + (end ? 0 : at));
        z.avail_in = end ? 0 : PF_SECTOR;
        do {
            z.next_out = out;
            z.avail_out = sizeof out;
            deflate(&z, end ? Z_FINISH : Z_NO_FLUSH);
            sum += sizeof out - z.avail_out;
        } while (!z.avail_out);
    }
    deflateEnd(&z);
    return sum;
}

/* ---- one run -------------------------------------------------------------- */

static bool watch_upload(void *user, const struct pf_event *ev)
{
    struct stream_run *r = user;

    if (ev->kind != PF_EV_PROGRESS || !ev->phase || strcmp(ev->phase, "stub") != 0)
        return true;
    if (!r->upload_from)
        r->upload_from = ev->at_us;
    r->upload_to = ev->at_us;
    return true;
}

typedef enum pf_err stream_op(struct stream_bench *b, struct stream_run *r);

static void run(struct stream_bench *b, struct stream_run *r, stream_op *op)
{
    struct pf_ctx ctx = {.sink = watch_upload, .user = r};
    struct pf_link_options link = {.chip = b->plug->chip, .baud = r->baud};
    struct pf_sim_view view;
    char spec[64];

    snprintf(spec, sizeof spec, "%s,lat=%u", b->plug->chip, r->lat);
    r->err = pf_sim_open_flash(&ctx, spec, r->flash, SIZE, &r->port);
    if (r->err) {
        snprintf(r->text, sizeof r->text, "%s", ctx.text);
        return;
    }
    ctx.clock = r->port;
    r->err = pf_session_open(&ctx, r->port, &link, &r->s);
    if (!r->err && !r->s->proto->fetch)
        r->err = pf_fail(&ctx, PF_ERR_SUPPORT, "the link does not stream");
    r->upload = (double)(r->upload_to - r->upload_from) / 1e6;
    if (!r->err) {
        const uint64_t start = pf_now(r->port);

        pf_sim_view(r->port, &view);
        r->sent[0] = view.tx_bytes;
        r->err = op(b, r);
        r->seconds = (double)(pf_now(r->port) - start) / 1e6;
        pf_sim_view(r->port, &view);
        r->sent[1] = view.tx_bytes;
    }
    snprintf(r->text, sizeof r->text, "%s", ctx.text);
    pf_session_close(r->s);
    ctx.clock = NULL;
    r->port->ops->close(r->port);
}

/* ---- operations ----------------------------------------------------------- */

struct copy {
    uint8_t *to;
    uint32_t from;
};

static enum pf_err copy_sector(void *user, uint32_t at, const uint8_t *data)
{
    const struct copy *c = user;

    memcpy(c->to + (at - c->from), data, PF_SECTOR);
    return PF_OK;
}

static enum pf_err fetch(struct stream_run *r, uint32_t at, size_t len)
{
    struct copy c = {malloc(len), at};
    struct pf_digest digest;
    enum pf_err err = c.to ? PF_OK : PF_ERR_NOMEM;

    if (!err)
        err = r->s->proto->fetch(r->s, at, len, copy_sector, &c, &digest);
    if (!err && memcmp(c.to, r->flash + at, len) != 0)
        err = pf_fail(r->s->ctx, PF_ERR_VERIFY, "wrong contents");
    free(c.to);
    return err;
}

static enum pf_err op_fetch(struct stream_bench *b, struct stream_run *r)
{
    (void)b;
    return fetch(r, 0, SIZE);
}

static enum pf_err op_fetch_random(struct stream_bench *b, struct stream_run *r)
{
    (void)b;
    return fetch(r, 0, MIB);
}

static enum pf_err op_backup(struct stream_bench *b, struct stream_run *r)
{
    char path[96];
    struct pf_backup_options opt = {.path = path, .force = true};
    struct pf_backup_result res = {0};

    snprintf(path, sizeof path, "%s/backup.bin", b->dir);
    return pf_backup(r->s, &opt, &res);
}

static enum pf_err write_file(struct stream_bench *b, struct stream_run *r, const char *name,
                              bool whole)
{
    char path[96];
    struct pf_write_options opt = {
        .path = path, .no_backup = true, .at_given = !whole, .at = b->plug->app};
    struct pf_write_result *res = calloc(1, sizeof *res);
    enum pf_err err;

    if (!res)
        return PF_ERR_NOMEM;
    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    err = whole ? pf_restore(r->s, &opt, res) : pf_write(r->s, &opt, res);
    if (!err && whole && !res->unchanged)
        err = pf_fail(r->s->ctx, PF_ERR_VERIFY, "something was written");
    free(res);
    return err;
}

/* What it takes to hash the whole flash, alone. */
static enum pf_err op_same(struct stream_bench *b, struct stream_run *r)
{
    const uint64_t start = pf_now(r->port);
    struct pf_digest digest;

    PF_TRY(r->s->proto->digest(r->s, 0, SIZE, &digest));
    r->hash = (double)(pf_now(r->port) - start) / 1e6;
    return write_file(b, r, "same.bin", true);
}

/* The transfer of a MiB alone, of what differs in it. */
static enum pf_err store(struct stream_bench *b, struct stream_run *r, const uint8_t *data)
{
    const uint32_t at = b->plug->app;
    struct pf_digest device;
    uint8_t differ[MIB / PF_SECTOR], sum[32];

    for (uint32_t i = 0; i < sizeof differ; i++)
        differ[i] = memcmp(r->flash + at + i * PF_SECTOR, data + i * PF_SECTOR, PF_SECTOR) != 0;
    PF_TRY(r->s->proto->store(r->s, at, MIB, data, differ, NULL, NULL, &device));
    pf_sha256(data, MIB, sum);
    if (memcmp(sum, device.sha256, sizeof sum) != 0)
        return pf_fail(r->s->ctx, PF_ERR_VERIFY, "wrong contents");
    return PF_OK;
}

static enum pf_err op_store(struct stream_bench *b, struct stream_run *r)
{
    return store(b, r, b->other + b->plug->app);
}

static enum pf_err op_store_random(struct stream_bench *b, struct stream_run *r)
{
    return store(b, r, b->random);
}

static enum pf_err op_write(struct stream_bench *b, struct stream_run *r)
{
    return write_file(b, r, "app.bin", false);
}

static enum pf_err op_write_random(struct stream_bench *b, struct stream_run *r)
{
    return write_file(b, r, "random.bin", false);
}

/* ---- rows ----------------------------------------------------------------- */

static void report(struct stream_bench *b, const char *what, const struct stream_run *r,
                   double limit, double wire)
{
    const bool bad = r->err || (limit > 0 && r->seconds > limit);

    printf("%-34s %8u %4u %9.3f ", what, r->baud, r->lat, r->seconds);
    if (limit > 0)
        printf("%8.3f ", limit);
    else
        printf("%8s ", "-");
    printf("%9.3f %s\n", wire, bad ? "OVER" : "");
    if (r->err)
        printf("    %s\n", r->text);
    b->failures += bad;
}

/* Both latencies of one operation. `bytes` is what it must move, 0: nothing to compare
 * with; `most` another limit, 0: none. Returns the upload's seconds. */
static double pair(struct stream_bench *b, const char *what, uint32_t baud, const uint8_t *flash,
                   stream_op *op, uint64_t bytes, double most)
{
    static const uint32_t lats[] = {1, 16};
    const double wire = (double)bytes * 10 / baud;
    double first = 0, upload = 0;

    for (int k = 0; k < 2; k++) {
        struct stream_run r = {.baud = baud, .lat = lats[k], .flash = flash};
        double limit = bytes ? wire / FULL : 0;

        run(b, &r, op);
        if (r.hash > 0) { /* "unchanged": measured from behind the hash alone */
            r.seconds -= r.hash;
            limit = 0.5 + r.hash;
        }
        if (most > 0 && (limit == 0 || most < limit))
            limit = most;
        if (k && first > 0 && (limit == 0 || first * FLAT < limit) && r.hash == 0)
            limit = first * FLAT;
        report(b, what, &r, limit, wire);
        first = r.seconds;
        upload = r.upload > upload ? r.upload : upload;
    }
    return upload;
}

static void save(const struct stream_bench *b, const char *name, const uint8_t *data, size_t len)
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

static void ratio(struct stream_bench *b, const char *what, const uint8_t *data, size_t len)
{
    size_t used;
    const double six = (double)zlib_level_6(data, len, &used);
    const double ours = (double)deflated(data, len, by_stub);
    const double points = 100 * (ours - six) / (double)used;

    printf("%s: %zu KiB used, zlib level 6 %.1f %%, stub %.1f %%, %+.1f points %s\n", what,
           used / 1024, 100 * six / (double)used, 100 * ours / (double)used, points,
           points > NEAR ? "OVER" : "");
    b->failures += points > NEAR;
}

static void table(struct stream_bench *b)
{
    static const uint32_t bauds[] = {921600, 2000000};
    const struct stream_plug *p = b->plug;
    const uint8_t *app = b->other + p->app;
    double upload = 0, took;

    save(b, "same.bin", b->flash, SIZE);
    save(b, "app.bin", app, MIB);
    save(b, "random.bin", b->random, MIB);
    printf("\n%s, 2 MiB, any latency\n", p->title);
    ratio(b, "the flash", b->flash, SIZE);
    ratio(b, "the application", app, MIB);
    printf("%-34s %8s %4s %9s %8s %9s\n", "operation", "baud", "lat", "seconds", "limit", "bytes");
    printf("%-34s %8s %4s %9s %8s %9s\n", "", "", "ms", "", "", "alone");
    for (size_t i = 0; i < 2; i++) {
        const uint32_t baud = bauds[i];
        const bool bound = baud == 921600; /* at 2 Mbaud the flash is slower than the wire */

        took = pair(b, "read 2 MiB", baud, b->flash, op_fetch, deflated(b->flash, SIZE, by_stub),
                    bound * p->read);
        upload = took > upload ? took : upload;
        pair(b, "read 1 MiB that does not deflate", baud, b->random, op_fetch_random, MIB, 0);
        pair(b, "backup, proved", baud, b->flash, op_backup, 0, bound * p->read);
        pair(b, "write, already there", baud, b->flash, op_same, 0, 0);
        pair(b, "1 MiB over an application", baud, b->flash, op_store,
             bound ? deflated(app, MIB, by_zlib) : 0, 0);
        pair(b, "1 MiB that does not deflate", baud, b->flash, op_store_random, MIB, 0);
        pair(b, "the same by write, compared first", baud, b->flash, op_write, 0, bound * p->wrote);
        pair(b, "write 1 MiB that does not deflate", baud, b->flash, op_write_random, 0, 0);
    }
    printf("loading the stub: %.2f s (limit %.2f)%s\n", upload, p->upload,
           upload > p->upload ? " OVER" : "");
    b->failures += upload > p->upload;
}

int bench_stream(void)
{
    struct stream_bench b = {.flash = malloc(SIZE), .other = malloc(SIZE), .random = malloc(SIZE)};
    uint32_t x = 1;
    char cmd[128];

    snprintf(b.dir, sizeof b.dir, "/tmp/plugflash-stream-XXXXXX");
    if (!b.flash || !b.other || !b.random || !mkdtemp(b.dir)) {
        perror("plugflash-bench");
        exit(1);
    }
    for (size_t i = 0; i < SIZE; i++) {
        x = x * 1664525 + 1013904223;
        b.random[i] = (uint8_t)(x >> 24);
    }
    for (size_t i = 0; i < sizeof plugs / sizeof *plugs; i++) {
        struct rng rng;

        b.plug = &plugs[i];
        rng_seed(&rng, 77);
        memset(b.other, 0xff, SIZE);
        code_like(&rng, b.plug->code, b.other + b.plug->app, MIB);
        if (pf_sim_factory(b.plug->chip, 1, bench_mac, b.flash, SIZE))
            b.failures++;
        else
            table(&b);
    }
    free(b.flash);
    free(b.other);
    free(b.random);
    snprintf(cmd, sizeof cmd, "rm -rf %s", b.dir);
    if (system(cmd) != 0)
        fprintf(stderr, "%s: not removed\n", b.dir);
    return b.failures;
}
