/* bl602.h - the virtual BL602: what its mask ROM and its RAM loader share.
 *
 *   bl602.c          straps, auto-baud, time, what runs
 *   bl602_chip.c     switches, memory, efuse
 *   bl602_job.c      erasing and programming
 *   bl602_rom.c      the mask ROM's command parser (reference 3)
 *   bl602_loader.c   the uploaded eflash_loader (reference 4)
 *   bl602_factory.c  boot headers, partition tables, a synthetic flash (6, 7)
 *
 * One of the two programs runs. Each listens for a train of 55 first, then
 * holds a session until it goes quiet. */
#ifndef SIM_BL602_H
#define SIM_BL602_H

#include "sim/sim_internal.h"

#define BL602_RAM       0x22008000u
#define BL602_RAM_END   0x2204C000u
#define BL602_RAM_SIZE  (BL602_RAM_END - BL602_RAM)
#define BL602_EFUSE     128u
#define BL602_HEADER    176u
#define BL602_SEGMENT   16u     /* its header */
#define BL602_ROM_MAX   4092u   /* payload */
#define BL602_FRAME_MAX 0x4004u /* payload of the newer loaders */
#define BL602_IMAGE_MAX 0x80000u

enum bl602_program { BL602_IN_ROM, BL602_IN_LOADER, BL602_IN_GUEST };

enum bl602_link {
    BL602_LISTENING, /* measures the rate of 55s */
    BL602_MEASURED,  /* waits before it sets its UART up and says OK */
    BL602_DRAINING,  /* throws away what is left of the train */
    BL602_SESSION,
    BL602_LEAVING, /* has answered, something else runs at `link_at` */
};

enum bl602_strap {
    BL602_STRAP_HIGH,
    BL602_STRAP_LOW,
    BL602_STRAP_HAND, /* a person holds it high until the link, then lets go */
    BL602_STRAP_DTR,  /* asserted: high */
    BL602_STRAP_RTS,
    BL602_STRAP_NDTR, /* asserted: low */
    BL602_STRAP_NRTS,
};

enum bl602_table {
    BL602_TABLE_BOTH,
    BL602_TABLE_NEWER, /* the second copy is the younger one */
    BL602_TABLE_FIRST, /* the second copy is damaged */
    BL602_TABLE_SECOND,
    BL602_TABLE_NONE,
};

/* What BL602_LEAVING leads to. */
enum bl602_then { BL602_THEN_RESET, BL602_THEN_RUN, BL602_THEN_FLASH };

/* An erase or program under way, step by step so that power may go between. */
struct bl602_job {
    bool active;
    enum { BL602_ERASE, BL602_ERASE_CHIP, BL602_PROGRAM } kind;
    uint64_t addr, end; /* end: exclusive */
    const uint8_t *data;
    bool say_pd;
    bool failed; /* an operation took longer than the program waits */
    uint64_t pd_at;
};

struct bl602_rom {
    unsigned have; /* bytes of the frame header */
    uint8_t id;
    uint32_t need, got; /* payload */
    uint8_t payload[BL602_ROM_MAX];

    unsigned step; /* of loading an image, 0..7 */
    uint8_t header[BL602_HEADER];
    uint32_t segments, segment_at, segment_len, segment_got;
    uint32_t image_len;
    uint8_t image[BL602_IMAGE_MAX]; /* segment headers and data in wire order */
};

/* What an older or newer build of the loader knows. */
struct bl602_build {
    bool boot_info, flash_boot; /* 10, 33 */
    uint32_t limit;             /* payload */
    uint64_t idle_ns;           /* of one receive time-out */
    uint8_t id_flag;            /* fourth byte behind the flash id */
};

struct bl602_loader {
    uint8_t buf[2][4 + BL602_FRAME_MAX];
    unsigned filling; /* which of them receives; the other is being worked on */
    uint32_t have;
    bool poisoned; /* a length beyond the limit: only silence helps */
    bool complete; /* a frame waits; what follows it is lost */
    uint64_t complete_at;
    unsigned errors;
    bool write_failed;
    bool xip;
    uint32_t ms_sector, ms_half, ms_block, ms_page; /* of the flash configuration */
};

struct bl602_state {
    /* switches */
    enum bl602_strap strap;
    enum bl602_table table;
    bool obk_layout;
    bool stop_without_table;
    bool measure_any;  /* bytes other than 55 are measured as well */
    bool no_winbond;   /* without the shortcut for blank ranges */
    bool runs_nothing; /* an accepted image crashes */
    bool own;          /* start=loader is our own stub */
    struct bl602_build build;
    uint32_t xtal_khz; /* on the board */
    /* Numbers, see bl602_numbers in bl602.c. */
    uint64_t rom_max;   /* baud */
    uint64_t sdio_ns;   /* how long the ROM looks at SDIO in turn */
    uint64_t train_min; /* 55s a measurement takes */
    uint64_t rom_idle_ns, idle_ns, take_ns, start_ns;
    uint64_t id_flag;
    uint64_t session; /* start=loader: its rate; 0: waits for a train */
    uint64_t fifo;
    uint64_t sign, encrypt, sw_usage;

    /* since the last reset */
    enum bl602_program program;
    enum bl602_link link;
    uint64_t link_at;
    enum bl602_then then;
    uint64_t heard_at; /* the last byte of a session */
    uint64_t booted_at;
    unsigned train; /* 55s so far */
    uint32_t measured;
    unsigned drained;
    bool fresh;           /* no byte of this session was anything but 55 */
    uint32_t assumed_khz; /* crystal the loader was built for; 0: as the board's */
    struct bl602_job job;
    bool let_go; /* strap=hand: of the pin */

    struct bl602_rom rom;
    struct bl602_loader loader;
    uint8_t ram[BL602_RAM_SIZE];
};

static inline struct bl602_state *bl602_of(const struct sim *s)
{
    return s->dev;
}

/* ---- bl602.c ---- */

/* Two letters, "OK", or "OK", length and data. False: the chip was reset instead. */
bool bl602_say(struct sim *s, const char *two);
bool bl602_ok(struct sim *s);
bool bl602_data(struct sim *s, const uint8_t *data, uint32_t len);
/* "FL" and a code of reference 3.5. */
bool bl602_fail(struct sim *s, uint16_t code);

/* Back to listening for a train. */
void bl602_listen(struct sim *s);
/* The same when a session ends: a person at the plug will try again. */
void bl602_lose(struct sim *s);
/* Once the answer has left: 4 ms later something else runs. */
void bl602_leave(struct sim *s, enum bl602_then then);

/* ---- bl602_job.c ---- */

/* Begin a job; rom_job_done() or loader_job_done() follows. `end` of an erase
 * is inclusive, as on the wire. */
void bl602_flash_erase(struct sim *s, uint32_t start, uint32_t end, bool say_pd);
void bl602_erase_chip(struct sim *s);
void bl602_program(struct sim *s, uint32_t addr, const uint8_t *data, uint32_t len);
/* The next operation, once the one before is over. */
void bl602_job_step(struct sim *s);

/* ---- bl602_chip.c ---- */

/* Words of RAM or of the made-up ROM and registers. */
uint32_t bl602_peek(const struct sim *s, uint32_t addr);
void bl602_poke(struct sim *s, uint32_t addr, uint32_t value);
/* Offset in ram[] of a span in any alias of the RAM; false: not all inside. */
bool bl602_ram_span(uint32_t addr, uint32_t len, uint32_t *offset);

void bl602_efuse(const struct sim *s, uint8_t out[BL602_EFUSE]);
/* The 20 bytes of command 10 (reference 3.4). */
void bl602_boot_info(const struct sim *s, uint32_t version, uint8_t out[20]);

/* Of struct sim_device_ops. */
void bl602_defaults(struct sim *s);
enum pf_err bl602_option(struct sim *s, const char *key, const char *value, bool *known);
void bl602_attach(struct sim *s);

/* ---- bl602_rom.c ---- */

void rom_start(struct sim *s);
/* A session has begun. */
void rom_linked(struct sim *s);
void rom_rx(struct sim *s, uint8_t byte);
void rom_job_done(struct sim *s);

/* ---- bl602_loader.c ---- */

extern const struct bl602_build bl602_build_newest;
/* By name; false: unknown. */
bool bl602_build_named(const char *name, struct bl602_build *out);
#define BL602_BUILDS "1.9.0, cube, mcu, sdk, 1.4.8, blflash, rc32m or own"

void loader_start(struct sim *s);
void loader_linked(struct sim *s);
/* A byte reached the receive interrupt. */
void loader_rx(struct sim *s, uint8_t byte);
/* Work on the complete frame. */
void loader_frame(struct sim *s);
void loader_job_done(struct sim *s);

/* ---- bl602_factory.c ---- */

/* The boot header of `len` bytes at `image`, stored at flash offset `offset`,
 * for a 40 MHz board with an EF4015 (reference 6.1, 12.4). */
void bl602_header(uint8_t out[BL602_HEADER], uint32_t offset, const uint8_t *image, uint32_t len);

/* `s` NULL: default switches. */
void bl602_factory(const struct sim *s, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                   uint32_t size);

/* True when ROM, boot2 and application of this flash would start. */
bool bl602_flash_boots(const struct sim *s);

#endif
