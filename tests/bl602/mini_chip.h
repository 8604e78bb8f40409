/* mini_chip.h - just enough of a BL602 to test the driver's stories: a boot ROM
 * that takes a RAM loader, and the loader.
 *
 * Not a virtual device: no NOR rules beyond AND and erase, no timing but what a
 * story needs. It keeps sessions and their ends, and does one wrong thing when
 * told to. */
#ifndef TESTS_BL602_MINI_CHIP_H
#define TESTS_BL602_MINI_CHIP_H

#include "support/fake_transport.h"

#define MINI_SIZE  0x200000u
#define MINI_NEVER 0xffffffffu
#define MINI_STUB  (176u + 16u + 40u) /* size of mini_stub() */

enum mini_where { MINI_APP, MINI_ROM_WAITS, MINI_ROM, MINI_LOADER_WAITS, MINI_LOADER };

struct mini {
    struct fake *f;
    enum mini_where where;
    uint8_t *flash; /* MINI_SIZE bytes */
    uint8_t jedec[4], mac[6], sr;
    uint32_t rom_version;
    uint8_t sign, encrypt;
    bool old_loader;      /* no get_boot_info */
    unsigned idle_s;      /* receive time-out of the loader */
    int role;             /* 0: RTS boots, DTR resets; 1: the other way round; -1: no lines */
    bool boot_pin;        /* GPIO8 held high by a wire */
    uint32_t deaf_above;  /* a loader's train at a higher rate is not noticed; 0: none */
    uint32_t wrong_above; /* ... is answered at a wrong rate, and the session lost; 0: none */
    uint32_t clip;        /* most bytes of one flash_read */
    bool dead;            /* answers nothing, ever */

    /* state */
    uint32_t baud;
    uint8_t in[20000];
    size_t len;
    uint64_t last_us;
    bool deaf; /* a train has broken the session's receiver */
    unsigned strikes;
    unsigned lines;
    bool latched; /* a program has failed */
    uint8_t header[176], segment[16], ram[65536];
    size_t ram_len;
    int step;

    /* faults: index of the request to the loader, from 0 */
    unsigned requests;
    unsigned drop_reply_at, drop_request_at, late_at, noise_at, cut_at, twice_at, stray_pd_at;
    unsigned lose_first_at; /* the first byte of this request is lost */
    uint64_t late_us;
    unsigned erase_fl;     /* so many erases are answered FL 0003 */
    unsigned write_fl;     /* so many writes are answered FL 0006 */
    unsigned read_fl;      /* so many hashes are answered FL 0009 */
    bool write_fails;      /* the next program does nothing, and latches */
    bool reset_at_request; /* power is lost at the next request */
    bool header_astray;    /* the boot header becomes a flash_write on its way */
    unsigned sequence_fl;  /* so many segment headers are answered FL 0104 */
    unsigned bad_sha;      /* so many uploads are damaged on their way */
    uint64_t erase_us;     /* of one operation */

    /* counters */
    unsigned trains, probes, harmful_reads, pds, erases, writes, checks, reads, shas, loads, resets,
        efuse;
    size_t train_len; /* of the last one */
};

struct mini *mini_open(enum mini_where where);
void mini_close(struct mini *m);

/* The RAM image of reference 12.2; `out` has MINI_STUB bytes. */
void mini_stub(uint8_t *out);

#endif
