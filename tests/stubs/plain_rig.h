/* plain_rig.h - a stub on the chip of fake_hal.h and a host beside it, for the tests
 * of the plain languages. */
#ifndef TESTS_STUBS_PLAIN_RIG_H
#define TESTS_STUBS_PLAIN_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/stub.h"
#include "stubs/fake_hal.h"

#define BYTES(...)   ((const uint8_t[]){__VA_ARGS__})
#define SIZE(...)    sizeof((const uint8_t[]){__VA_ARGS__})
#define RIG_SECTOR   4096u
#define RIG_MS       1000u
#define RIG_FLASH    (2u << 20)
#define RIG_PATIENCE (20000u * RIG_MS)
#define RIG_QUIET    (20u * RIG_MS) /* so long after an answer nothing may follow */

struct rig {
    struct stub_hal h;
    struct stub s;
    uint8_t got[140000];
    size_t len;
    uint32_t random;
};

/* A stub after its start; a bl602 waits for a train. */
struct rig *rig_open(const struct stub_family *family);
/* Neither the flash nor the chip was misused, no byte was lost. */
void rig_close(struct rig *r);

/* Take what comes until it is `want` bytes and then until nothing follows. */
void rig_hear(struct rig *r, size_t want);
void rig_expect(struct rig *r, const uint8_t *want, size_t len, int line);
/* For so long not a byte comes. */
void rig_silent(struct rig *r, uint32_t us);

#define TELL(r, ...)   fake_send(&(r)->h, BYTES(__VA_ARGS__), SIZE(__VA_ARGS__))
#define EXPECT(r, ...) rig_expect(r, BYTES(__VA_ARGS__), SIZE(__VA_ARGS__), __LINE__)

uint32_t rig_random(struct rig *r, uint32_t below);
void rig_fill(struct rig *r, uint32_t addr, uint32_t len, uint8_t byte);
bool rig_holds(const struct rig *r, uint32_t addr, uint32_t len, uint8_t byte);
uint8_t rig_sum(const uint8_t *p, size_t len);
void rig_put32(uint8_t *p, uint32_t v);
uint32_t rig_get32(const uint8_t *p);

extern const uint8_t rig_sha_of_blank_sector[32];

/* A storm: garbage and damaged requests. */
struct rig_storm {
    uint8_t byte[6000];
    size_t len;
};
/* Makes the n-th kind of request, undamaged; returns its length. */
typedef size_t rig_request_fn(struct rig *r, unsigned n, uint8_t *out);
/* Whether a whole request that does more than ask stands in these bytes, anywhere. */
typedef bool rig_acts_fn(const uint8_t *p, size_t len);
/* One in which no such request stands. */
void rig_storm_make(struct rig *r, struct rig_storm *t, rig_request_fn *request, unsigned kinds,
                    rig_acts_fn *acts);

#endif
