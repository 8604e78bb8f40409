/* scene.h - a virtual chip with a stub of our own behind a port that can be spoiled,
 * and the questions every test of this folder asks. */
#ifndef TESTS_STREAM_SCENE_H
#define TESTS_STREAM_SCENE_H

#include "plugflash/protocol.h"
#include "plugflash/sim.h"
#include "stream/stream_frame.h"

#define SIZE   0x200000u
#define SPAN   0x40000u
#define AT     0x50000u
#define SECTOR 4096u
#define CHIPS  2u

extern const char *const chips[CHIPS];

struct scene;

/* What becomes of a frame: of the host (a whole write) or of the stub. */
enum verdict { PASS, LOSE, SPOIL };
typedef enum verdict (*spoil_fn)(struct scene *sc, bool from_stub, const struct stream_frame *f);

struct scene {
    struct pf_transport spoiler; /* first: a cast recovers us; between the driver and the device */
    struct pf_ctx ctx;
    struct pf_transport *sim, *port;
    struct pf_fault fault;
    struct pf_session *s;
    uint8_t *flash; /* what the device should hold */
    unsigned retries, warnings;
    uint64_t opened_us; /* when the session was */
    char loader[64];

    /* faults of a test's choice */
    spoil_fn spoil;          /* NULL: nothing is looked at */
    unsigned count;          /* for the test */
    uint32_t baud, bad_rate; /* nothing gets through at bad_rate */
    uint64_t mute_from, mute_to;
    uint8_t held[65536]; /* of the stub, not handed on yet */
    size_t held_len, ready;
    uint64_t held_us; /* when the last of it came */
};

void fill(uint8_t *p, size_t len, uint32_t seed);

/* A device with `keys`, not linked to yet. */
struct scene *scene_new(const char *chip, const char *keys);
enum pf_err scene_link(struct scene *sc, const char *chip, struct pf_link_options opt);
struct scene *scene_open(const char *chip, const char *keys);
void scene_must(struct scene *sc, enum pf_err err);
void scene_close(struct scene *sc);
double scene_seconds(const struct scene *sc, uint64_t since);
uint64_t scene_resets(struct scene *sc);

/* The next thing that is read: a frame the stub has not sent. */
void scene_forge(struct scene *sc, uint8_t type, uint16_t seq, const uint8_t *payload, size_t len);

/* Fetch and compare; store new contents in some sectors and compare everything. */
enum pf_err fetch(struct scene *sc, uint32_t addr, size_t len);
enum pf_err store(struct scene *sc, uint32_t addr, size_t len, uint32_t seed);

#endif
