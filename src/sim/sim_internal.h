/* sim_internal.h - one virtual plug: flash, wires, power, reset, and a loader.
 *
 * struct sim is a pure state machine. Time is a number: sim_run() moves it
 * forward and lets everything due happen in order. The same machine sits
 * behind a transport with a virtual clock (sim_transport.c) and behind real
 * sockets (serve.c). Times are nanoseconds since it was made.
 *
 * A chip family is one struct sim_device_ops and one line in devices.c. */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include "plugflash/sim.h"
#include "sim/bus.h"
#include "sim/fault.h"
#include "sim/nor.h"
#include "sim/nor_spi.h"

#define SIM_NEVER  UINT64_MAX
#define SIM_US(x)  ((uint64_t)(x)*1000u)
#define SIM_MS(x)  ((uint64_t)(x)*1000000u)
#define SIM_RX_MAX 8192u

struct sim;
struct sim_guest_ops;

enum sim_phase {
    SIM_OFF,    /* no power */
    SIM_HELD,   /* reset pin low */
    SIM_LOADER, /* the loader listens, or is linked */
    SIM_APP,    /* the application runs */
    SIM_DEAD,   /* nothing runs until the next reset */
};

struct sim_device_ops {
    const char *name; /* what stands behind "sim:" */
    uint32_t jedec;   /* default id, MMTTCC; the capacity byte follows the size */
    uint16_t status;  /* default SR1 | SR2 << 8 */
    uint32_t size;    /* default flash size */
    size_t state_size;

    /* Set defaults in the zeroed state at s->dev. */
    void (*defaults)(struct sim *s);

    /* One switch of the spec. *known is set false for another's key. PF_ERR_USAGE:
     * a bad value, the text says which are good. */
    enum pf_err (*option)(struct sim *s, const char *key, const char *value, bool *known);

    /* Synthetic factory flash into `buf`; the switches have been read. `s` is NULL
     * when pf_sim_factory() asks. */
    void (*factory)(const struct sim *s, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                    uint32_t size);

    /* Flash is in place; look at it before anything runs. */
    void (*attach)(struct sim *s);

    /* Power has come or reset was released: begin at s->now. */
    void (*boot)(struct sim *s);

    /* The loader takes one byte from its receive buffer. */
    void (*rx)(struct sim *s, uint8_t byte);

    /* When the loader next acts by itself, SIM_NEVER: only when spoken to. Then
     * timer() is called, which must move that time on. */
    uint64_t (*next)(const struct sim *s);
    void (*timer)(struct sim *s);

    /* Optional: a byte on the pin of a loader that listens, before any rate is
     * compared (auto-baud). `baud` is its sender's, 0: the carrier has none. True:
     * it was taken. */
    bool (*pin)(struct sim *s, uint32_t baud, uint8_t byte);

    /* Optional: the receive interrupt; it sees every byte at once, however busy the
     * loader is. True: it was taken and does not go through the receive buffer. */
    bool (*isr)(struct sim *s, uint8_t byte);

    /* False: the application cannot run from this flash. */
    bool (*app_ok)(const struct sim *s);

    /* The rest may be NULL, false or 0. */
    bool has_stub; /* start=stub makes sense */

    /* True: what runs ignores the reset pin. */
    bool (*reset_ignored)(const struct sim *s);

    /* The n-th thing a chatty application says since it started, into `buf`; returns
     * its length. It first speaks after `app_boot_ns`. */
    size_t (*app_says)(const struct sim *s, unsigned n, char *buf, size_t cap);
    uint64_t app_boot_ns;

    /* For guests (guest.h): the fuses, false outside; and start what is in the flash. */
    bool (*efuse)(const struct sim *s, uint16_t addr, uint8_t *buf, uint16_t len);
    void (*run_flash)(struct sim *s);

    /* Free what the state at s->dev owns. */
    void (*fini)(struct sim *s);
};

enum sim_power { SIM_POWER_WIRED, SIM_POWER_FIXED, SIM_POWER_CYCLE, SIM_POWER_ON };
enum sim_start { SIM_START_APP, SIM_START_BOOT, SIM_START_LOADER, SIM_START_STUB };
enum sim_app { SIM_APP_SILENT, SIM_APP_REBOOT, SIM_APP_CHATTY };

struct sim_config {
    char flash[512]; /* "" synthetic */
    bool save;
    bool size_given, jedec_given, status_given, mac_given, sr_count_given;
    uint32_t size, jedec;
    uint16_t status;
    unsigned sr_count;
    uint64_t lat_ns;
    uint64_t crc_rate; /* bytes per second */
    uint32_t seed;
    uint8_t mac[6];
    enum sim_power power;
    uint64_t power_ns; /* CYCLE: period; ON: when */
    enum sim_start start;
    unsigned reset_line; /* enum pf_line, 0: none */
    bool reset_inverted; /* a transistor between: asserted lets the chip run */
    unsigned strap_line; /* wired to a boot strap, which the device looks at */
    enum sim_app app;
    uint64_t chat_ns;
    uint32_t packet; /* bytes a USB packet carries */
    bool bad_levels; /* chip and adapter do not understand each other's voltages */
    char faults[256];
    struct nor_times times;
    bool sr1_clears_sr2, sr2_only_by_31;
    /* serve */
    bool pace;
    uint64_t limit_ns; /* 0: none */
    char linesock[108];
};

/* What becomes of a guest when its function has returned. */
enum sim_guest_then { SIM_GUEST_STAYS, SIM_GUEST_RUNS_FLASH, SIM_GUEST_CRASHED };

/* The program that was uploaded, when it is run and not modelled: guest.h. */
struct sim_guest {
    const struct sim_guest_ops *ops; /* NULL until the first one starts */
    void *state;                     /* owned by `ops`; NULL: none runs */
    const uint8_t *image;            /* borrowed from the device */
    size_t len;
    uint32_t load, entry;
    uint64_t ahead; /* how far it has got beyond `now` in this call */
    enum sim_guest_then then;
    uint64_t ignored, ignored_from; /* bytes since it last said something */
};

struct sim {
    struct pf_ctx *ctx; /* borrowed */
    const struct sim_device_ops *ops;
    void *dev; /* owned, ops->state_size */
    struct sim_config cfg;
    struct nor nor;
    struct fault_plan plan;
    struct rng rng;

    uint64_t now;
    enum sim_phase phase;
    bool linked;  /* the loader has been spoken to properly */
    bool powered; /* supply */
    bool held;    /* reset line */
    unsigned lines;
    bool instant; /* served: the wire and flash work take no time */

    /* Supply and its user. */
    uint64_t power_on_at, power_off_at, cycle_base;
    bool supply_dead; /* POWERCUT ... stay: it never comes back */

    /* The chip's UART. */
    uint32_t baud;
    uint64_t rx_from;    /* deaf before */
    uint64_t busy_until; /* the loader looks at its buffer again */
    uint64_t tx_free;    /* the transmitter has sent everything */
    uint64_t garbled_to; /* a slow receiver is still inside a frame */
    uint8_t rx[SIM_RX_MAX];
    size_t rx_head, rx_len, rx_cap;
    bool rx_overwrite;           /* a full buffer loses its oldest byte, not the newest */
    uint64_t work_from, work_to; /* when the flash was last busy */
    struct nor_spi spi;          /* the flash as a guest sees it */
    struct sim_guest guest;

    /* The host's adapter. */
    uint32_t host_baud; /* 0: always right (the carrier has no rate) */
    uint64_t host_tx_free;
    uint64_t wire_end[2];       /* by enum fault_dir: when the last byte on it was complete */
    struct bus_queue to_device; /* on the wire */
    struct bus_queue to_adapter;
    struct bus_queue to_host; /* received; `end` is when the host may see it */

    /* Counted for fault positions and for the view. */
    uint64_t host_bytes, device_bytes, rx_bytes;
    uint64_t replies, crcs, statuses, boots, resets, digest_bytes, violations, overruns;
    uint8_t *held_reply; /* owned; of HOLDLATE */
    size_t held_len;

    /* The application. */
    uint64_t app_next;
    unsigned app_line;
    char app_word[8];
    size_t app_have;
    bool app_reboots;
};

/* The table of devices, ended by NULL; and lookup by name. */
extern const struct sim_device_ops *const sim_devices[];
const struct sim_device_ops *sim_device_by_name(const char *name, size_t len);

/* machine.c: making one ---------------------------------------------- */

/* From a spec; `flash` of `size` bytes is copied and overrides flash= and the
 * factory; NULL: by the spec. *out is NULL on failure. */
enum pf_err sim_new(struct pf_ctx *ctx, const char *spec, const uint8_t *flash, uint32_t size,
                    struct sim **out);
/* Writes the flash back when save=1, frees. PF_ERR_FILE: it could not be saved. */
enum pf_err sim_free(struct sim *s);

/* spec.c: split and check the keys of `spec` into s->cfg and the device. */
enum pf_err sim_parse(struct sim *s, const char *keys);

/* Strict numbers for switches: decimal or 0x, nothing behind; within lo..hi. */
bool sim_number(const char *text, uint64_t lo, uint64_t hi, uint64_t *out);
/* Index of `text` in "a|b|c", or -1. */
int sim_choice(const char *text, const char *choices);
/* PF_ERR_USAGE "sim: KEY=VALUE: expected WHAT". */
enum pf_err sim_bad(struct sim *s, const char *key, const char *value, const char *what);

/* machine.c: time ------------------------------------------------------ */

/* Let everything up to and including `until` happen; s->now becomes `until`. */
void sim_run(struct sim *s, uint64_t until);
/* When something happens next, or something becomes readable. */
uint64_t sim_next(const struct sim *s);

/* machine.c: the host's side ------------------------------------------- */

void sim_host_write(struct sim *s, const uint8_t *data, size_t len);
/* Take what the host can see now. */
size_t sim_host_read(struct sim *s, uint8_t *buf, size_t cap);
void sim_host_baud(struct sim *s, uint32_t baud);
void sim_host_lines(struct sim *s, unsigned lines);
/* Forget what the host could read now; what the adapter still holds comes later. */
void sim_host_purge(struct sim *s);
void sim_power(struct sim *s, bool on);

/* machine.c: what a loader may do -------------------------------------- */

/* Work of the loader: it is deaf (but buffers) for `ns`. No time when served. */
void sim_work(struct sim *s, uint64_t ns);
/* The same for flash operations: power that goes meanwhile leaves them half done. */
void sim_flash_work(struct sim *s, uint64_t ns);
/* A deliberate wait, which takes its time also when served. */
void sim_delay(struct sim *s, uint64_t ns);
/* Send a reply when the work is done; the loader is busy until it has left. */
void sim_reply(struct sim *s, const uint8_t *bytes, size_t len);
/* Send something that is not a reply. */
void sim_chat(struct sim *s, const uint8_t *bytes, size_t len);
/* The same from `at` on. */
void sim_send(struct sim *s, uint64_t at, const uint8_t *bytes, size_t len);
/* Watchdog: reset the chip. */
void sim_reset(struct sim *s);
/* Leave the loader for the application. */
void sim_start_app(struct sim *s);
/* A valid link request was seen. */
void sim_linked(struct sim *s);
/* The fault plan's status for this erase or write command; 0: do it. */
uint8_t sim_fault_status(struct sim *s);
/* Hash flash (zlib form), spend the time, count, apply WRONGCRC. */
uint32_t sim_hash(struct sim *s, uint32_t addr, uint64_t len);

/* app.c: what runs after the loader ------------------------------------ */

void app_start(struct sim *s);
void app_rx(struct sim *s, uint8_t byte);
void app_timer(struct sim *s);

#endif
