/* protocol.h - a session with one bootloader or stub.
 *
 * A protocol knows the wire, not the system: every byte and every microsecond
 * goes through a transport. It hides retries, resynchronisation and the baud
 * ladder; it reports facts and leaves decisions about flash to ops.
 *
 * All addresses count from 0x0 of the flash chip (the wrap-around of a
 * BK7231T is the session's business). Spans are multiples of PF_SECTOR unless
 * said otherwise. Every function may return PF_ERR_TIMEOUT, PF_ERR_PROTOCOL
 * (both after its own bounded retries) and PF_ERR_IO; it never returns PF_OK
 * for something the device has not acknowledged for this very request. */
#ifndef PLUGFLASH_PROTOCOL_H
#define PLUGFLASH_PROTOCOL_H

#include "plugflash/chip.h"
#include "plugflash/transport.h"

enum pf_digest_kind { PF_DIGEST_NONE, PF_DIGEST_CRC32, PF_DIGEST_SHA256 };

/* CRC-32 is kept in zlib form, whatever the wire does. */
struct pf_digest {
    enum pf_digest_kind kind;
    uint32_t crc32;
    uint8_t sha256[32];
};

enum pf_before { PF_BEFORE_DEFAULT, PF_BEFORE_NONE, PF_BEFORE_NO_SYNC };
enum pf_after { PF_AFTER_RUN, PF_AFTER_STAY };

/* AUTO: the given stub or the chip's own, streaming where it can. PLAIN: the same, in
 * the family's plain language. NONE: load nothing, use what runs. */
enum pf_stub_use { PF_STUB_AUTO, PF_STUB_PLAIN, PF_STUB_NONE };

struct pf_link_options {
    const char *chip;         /* "auto", NULL or a chip's name: wrong evidence is PF_ERR_CHIP */
    uint32_t baud;            /* transfer rate; 0: the chip's default; wrong ones step down */
    uint32_t boot_baud;       /* rate of the sync phase; 0: the chip's */
    const char *reset_seq;    /* --reset-seq text; NULL: the family's default */
    enum pf_before before;    /* NONE: touch no line; NO_SYNC: the loader is already linked */
    uint64_t sync_timeout_us; /* 0: for ever */
    unsigned retries;         /* per command; 0: default (5) */
    unsigned timeout_scale;   /* percent; 0: 100 */
    uint32_t flash_size;      /* 0: detect */
    enum pf_stub_use use_stub;
    const uint8_t *stub; /* RAM stub to load, as pf_stub_open() gave it (ops.h); NULL: the
                                 chip's own; borrowed until open() returns */
    size_t stub_len;
};

/* What the device said about itself. Filled by open(). */
struct pf_identity {
    char loader[64]; /* "BK7231S_1.0.5", "BK7231N mask ROM"; "" unknown */
    uint32_t chip_id;
    bool has_chip_id;
    uint8_t jedec[3]; /* manufacturer, type, capacity: wire order */
    bool has_jedec;
    const char *flash_part; /* "TH25Q16HB"; NULL unknown */
    uint32_t flash_size;
    const char *size_from; /* "jedec" "wrap-around" "option" "table" */
    uint32_t status_reg;   /* SR1 | SR2<<8 */
    bool has_status_reg;
    bool write_protected; /* only with has_status_reg */
    uint8_t mac[6];       /* kept outside the flash: fuses; in the order it is printed */
    bool has_mac;
    uint32_t baud;       /* in use now */
    uint64_t latency_us; /* median round trip of a minimal exchange, wire time removed */
    uint64_t synced_us;  /* port clock when the first valid answer was seen */
    uint32_t attempts;   /* sync attempts until then */
    bool evidence_weak;  /* the chip is the best guess only */
    char evidence[160];  /* why this chip and not its neighbour, one sentence */
};

/* Base of every concrete session. */
struct pf_session {
    const struct pf_protocol *proto;
    struct pf_ctx *ctx;        /* borrowed */
    struct pf_transport *port; /* borrowed */
    const struct pf_chip *chip;
    const struct pf_region *regions; /* by the device's own table, owned by the session; NULL: as
                                        the chip has them, see pf_session_regions() */
    uint32_t read_chunk; /* bytes of a read() that use the link well: a multiple of PF_SECTOR; 0:
                            one sector */
    bool strayed; /* set when the device reported a change that nobody asked for (a request was
                     damaged on the way): whoever can compare the flash clears it */
    bool unsaid;  /* open() has left the CHIP event to pf_session_open(): the rate changes yet */
    struct pf_field extra[2]; /* of that event: what only this family has */
    size_t extras;
    struct pf_identity id;
};

/* The regions of this very device; ends with name == NULL, sorted by addr. */
static inline const struct pf_region *pf_session_regions(const struct pf_session *s)
{
    return s->regions ? s->regions : s->chip->regions;
}

/* `at`: flash address of the sector; `data`: PF_SECTOR bytes, borrowed. */
typedef enum pf_err (*pf_sector_fn)(void *user, uint32_t at, const uint8_t *data);
/* Bytes of the span done so far. An error stops it at the next safe place. */
typedef enum pf_err (*pf_done_fn)(void *user, size_t done);

struct pf_protocol {
    const char *name; /* "bk7231-uart" */
    enum pf_digest_kind digest_kind;

    /* Reset or guide, sync, tell the chip by evidence, raise the baud rate.
     * Emits SYNC and CHIP events. PF_ERR_SYNC: nobody answered, text says what
     * to check. PF_ERR_CHIP: another chip than asked for. *out is owned by the
     * caller (close), NULL on failure. */
    enum pf_err (*open)(struct pf_ctx *ctx, struct pf_transport *port,
                        const struct pf_link_options *opt, struct pf_session **out);

    /* Read `len` bytes. A span of several sectors is read sector by sector. */
    enum pf_err (*read)(struct pf_session *s, uint32_t addr, uint8_t *buf, size_t len);

    /* Digest of [addr, addr+len) computed by the device; multiples of PF_PAGE.
     * NULL slot: none. May cost the session its write permission; erase() then
     * gets it back. */
    enum pf_err (*digest)(struct pf_session *s, uint32_t addr, size_t len, struct pf_digest *out);

    /* Make the flash writable; restore what was found. lock() is called once at
     * the end of an operation that called unlock(), also on failure.
     * PF_ERR_REFUSED: protection does not come off. */
    enum pf_err (*unlock)(struct pf_session *s);
    enum pf_err (*lock)(struct pf_session *s);

    /* Erase; 64 KiB blocks where they fit. PF_ERR_REFUSED: the device said no,
     * or took the command and did nothing. */
    enum pf_err (*erase)(struct pf_session *s, uint32_t addr, size_t len);

    /* Program an erased span. An acknowledged write is not yet a proof. */
    enum pf_err (*write)(struct pf_session *s, uint32_t addr, const uint8_t *data, size_t len);

    /* Flash encryption key of the chip, 16 bytes as four little-endian words
     * in the order coef0..coef3. PF_ERR_SUPPORT: this loader cannot tell. */
    enum pf_err (*read_key)(struct pf_session *s, uint8_t key[16]);

    /* The rest is for links that stream (protocols/stream); NULL slots elsewhere. */

    /* CRC-32, zlib form, of each sector of a span, computed by the device:
     * len / PF_SECTOR of them. Never a proof of its own. */
    enum pf_err (*map)(struct pf_session *s, uint32_t addr, size_t len, uint32_t *crc);

    /* Read a span in one go; `sector` is called once for each sector, in order, and
     * may stop it by an error. *out: the device's digest of what it has read. */
    enum pf_err (*fetch)(struct pf_session *s, uint32_t addr, size_t len, pf_sector_fn sector,
                         void *user, struct pf_digest *out);

    /* Make the sectors of [addr, addr+len) that differ[] marks hold `data`: erase,
     * program, read back. The others are left alone; `data` says what they are believed
     * to hold. `done` (may be NULL) is told how far it is. *out: the device's digest of
     * the whole span, taken as it was read back. PF_ERR_VERIFY: the flash did not take
     * it, or a sector that was not to change is different. */
    enum pf_err (*store)(struct pf_session *s, uint32_t addr, size_t len, const uint8_t *data,
                         const uint8_t *differ, pf_done_fn done, void *user, struct pf_digest *out);

    /* Enter the stream language when the stub has it: its 32 bytes of capabilities.
     * One try: after PF_ERR_TIMEOUT and PF_ERR_PROTOCOL it may have been entered all the
     * same. PF_ERR_SUPPORT: it has not; the session is as good as without the question.
     * Called again, the stub has fallen silent in that language for more than 5 s, or
     * was reset: the family finds out. Used by protocols/stream only. */
    enum pf_err (*enter_stream)(struct pf_session *s, uint8_t caps[32]);

    /* Keep an idle link alive; called by ops before and between slow host
     * work. Cheap when nothing is due. */
    enum pf_err (*keepalive)(struct pf_session *s);

    /* RUN: reboot into the application. STAY: leave the loader running. */
    enum pf_err (*leave)(struct pf_session *s, enum pf_after after);

    void (*close)(struct pf_session *s); /* frees s, not the port */
};

/* Families, in the order in which `--chip auto` tries them; ends with NULL. */
extern const struct pf_protocol *const pf_protocols[];

/* Open with the protocol of opt->chip, or find out. */
enum pf_err pf_session_open(struct pf_ctx *ctx, struct pf_transport *port,
                            const struct pf_link_options *opt, struct pf_session **out);
void pf_session_close(struct pf_session *s);

/* Reset, power and sync-help as data: a table of steps a user can override, a
 * trace shows and a test times. Language of --reset-seq, steps joined by '|':
 *   D0 D1 R0 R1   release / assert DTR, RTS (consecutive ones apply at once
 *                 when joined by '&')
 *   P0 P1         power off / on (needs --power-cmd or a sim port)
 *   W0.25         wait seconds
 *   X'01e0'       send bytes      T'reboot\r\n'  send text
 *   B115200       host baud rate */
enum pf_step_op { PF_STEP_LINES, PF_STEP_POWER, PF_STEP_WAIT, PF_STEP_SEND, PF_STEP_BAUD };
#define PF_STEP_BYTES 64
struct pf_step {
    enum pf_step_op op;
    unsigned mask, lines; /* LINES: which lines, and their state */
    bool on;              /* POWER */
    uint64_t us;          /* WAIT */
    uint32_t baud;        /* BAUD */
    uint8_t bytes[PF_STEP_BYTES];
    size_t len; /* SEND */
};
#define PF_STEPS_MAX 64
struct pf_steps {
    struct pf_step step[PF_STEPS_MAX];
    size_t count;
    bool touches_lines, touches_power;
};
/* PF_ERR_USAGE: does not parse; the text names the place. */
enum pf_err pf_steps_parse(struct pf_ctx *ctx, const char *text, struct pf_steps *out);
/* Run them; a step the port lacks (PF_ERR_SUPPORT) is skipped when `lenient`. */
enum pf_err pf_steps_run(struct pf_ctx *ctx, struct pf_transport *port,
                         const struct pf_steps *steps, bool lenient);

#endif
