/* family.h - one plug of any family, from its first flash byte to the judgement
 * of what an operation has left on it: a virtual device, the wire to it (a tap
 * that can listen, go mute and add noise), a session, and files in a folder.
 *
 * Everything here asserts; on failure the text of the library is printed. */
#ifndef TESTS_E2E_FAMILY_H
#define TESTS_E2E_FAMILY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugflash/ops.h"
#include "plugflash/sim.h"

/* Between session and device. It passes everything on. */
struct unit_tap {
    struct pf_transport base;
    struct pf_transport *under;
    bool mute;         /* from now on nothing from the device is heard */
    uint64_t noise_us; /* a byte `noise` is heard so often; 0: never */
    uint64_t noise_at; /* when the next one is due */
    uint8_t noise;
    /* Every write of the host, before the device gets it; NULL: nobody listens. */
    void (*heard)(void *user, const uint8_t *data, size_t len);
    void *user;
};

struct unit {
    struct pf_ctx ctx;
    struct pf_transport *sim; /* for pf_sim_view() */
    struct unit_tap *tap;     /* the port of the session */
    struct pf_session *s;     /* NULL: not linked */
    struct pf_link_options link;
    struct pf_write_result res; /* of the last write, restore or erase */
    struct pf_backup_result backup;
    uint8_t *was; /* flash at the beginning */
    uint32_t size;
    uint8_t stub[6000];
    char dir[48], path[4][96];
    unsigned paths;
    char told[4096]; /* NAME=VALUE of the CHIP events, one a line */
};

/* Factory flash of `chip`, malloc'ed, the caller's. */
uint8_t *unit_factory(const char *chip, uint32_t size, uint32_t seed, const uint8_t mac[6]);

/* A device with this flash (copied) and `keys` (",key=value...") in its spec;
 * u->link gets a RAM stub made up for it and 30 s to sync. */
void unit_plug(struct unit *u, const char *chip, const char *keys, const uint8_t *flash,
               uint32_t size);
enum pf_err unit_link(struct unit *u);
/* Both; linking must work. */
void unit_open(struct unit *u, const char *chip, const char *keys, const uint8_t *flash,
               uint32_t size);
void unit_close(struct unit *u);

/* A path in the unit's folder; good for three more calls. */
const char *unit_path(struct unit *u, const char *name);
void unit_save(struct unit *u, const char *name, const uint8_t *data, size_t len);

/* Operations. `opt` may be NULL: no backup, no guard opened, placed by content. */
enum pf_err unit_backup(struct unit *u, const char *name);
enum pf_err unit_write(struct unit *u, const char *name, const struct pf_write_options *opt);
enum pf_err unit_write_at(struct unit *u, uint32_t at, const uint8_t *data, size_t len);
enum pf_err unit_restore(struct unit *u, const char *name, const struct pf_write_options *opt);
enum pf_err unit_verify(struct unit *u, const char *name, bool at_given, uint32_t at);
enum pf_err unit_erase(struct unit *u, uint32_t addr, size_t len);

/* Bytes of the flash now; borrowed until unit_close(). */
const uint8_t *unit_flash(struct unit *u);

/* Judgements; `what` is printed on failure. */
void unit_assert_ok(struct unit *u, enum pf_err err, const char *what);
void unit_assert_holds(struct unit *u, const uint8_t *want, const char *what);
void unit_assert_file(struct unit *u, const char *name, const uint8_t *want, const char *what);
/* No sector outside [lo, hi) was ever erased or programmed. */
void unit_assert_only(struct unit *u, uint32_t lo, uint32_t hi, const char *what);
/* Nothing was programmed over something; aborted writes do that within their
 * span, so not for runs with a fault. */
void unit_assert_erased_first(struct unit *u, const char *what);
void unit_assert_untouched(struct unit *u, const char *what);
/* `err` is `code`, and the text has every one of the words up to NULL. */
void unit_assert_refused(struct unit *u, enum pf_err err, enum pf_err code,
                         const char *const *words, const char *what);

/* Backup of all, an erased range, a write at an offset inside of it, verify,
 * restore: the flash is byte for byte what it should be after each, and nothing
 * outside is touched. [addr, addr+len) are whole sectors nobody guards. */
void unit_round_trip(struct unit *u, uint32_t addr, uint32_t len, const char *what);

/* Judgements of many units ---------------------------------------------------- */

/* Linking works at `runs` moments within 3 s, whatever the moment: of the power,
 * where `grammar` has a %u for it in ms, else of our coming. PF_SYNC_SEED
 * chooses others; the seed and the longest wait are printed. */
void unit_gets_in(const char *chip, const char *grammar, unsigned runs);

/* A line that must not lead to a link, and what the text about it must name. */
struct unit_line {
    const char *keys;
    uint8_t noise; /* of the tap */
    uint64_t noise_us;
    uint32_t boot_baud;   /* 0: as usual */
    const char *words[6]; /* ends with NULL */
};
void unit_is_diagnosed(const char *chip, const struct unit_line *line);

/* pf_write() of this file is PF_ERR_CHIP with both words in the text (the
 * second may be NULL), status 5, and leaves the flash alone. */
void unit_refuses_file(struct unit *u, const char *name, const uint8_t *data, size_t len,
                       const char *word, const char *another);

/* Seeded numbers, for moments and contents. */
uint32_t unit_random(uint32_t *state);
void unit_noise(uint8_t *out, size_t len, uint32_t seed);

#endif
