/* fake_transport.h - a scripted port on a virtual clock, for driver tests.
 *
 * A test says what must happen on the wire, byte for byte and in time:
 *
 *     const struct fake_step script[] = {
 *         HOST(0x01, 0xe0, 0xfc, 0x01, 0x00),
 *         CHIP(500, 0x04, 0x0e, 0x05, 0x01, 0xe0, 0xfc, 0x01, 0x00),
 *         DONE,
 *     };
 *
 * HOST() is what we must send next, however it is cut into writes; CHIP(us, ...)
 * what arrives that much after the step before it; LINES() and BAUD() what we
 * must set. The first thing that differs fails the test with both sides in hex.
 *
 * For longer stories a `device` answers instead of a script: it is called with
 * every byte we write and with every line and baud change, and answers with
 * fake_chip(). Nothing here sleeps: waiting moves the clock. */
#ifndef TESTS_FAKE_TRANSPORT_H
#define TESTS_FAKE_TRANSPORT_H

#include "plugflash/transport.h"

enum fake_kind { FAKE_DONE, FAKE_HOST, FAKE_CHIP, FAKE_LINES, FAKE_BAUD, FAKE_POWER };

struct fake_step {
    enum fake_kind kind;
    const uint8_t *bytes;
    size_t len;
    uint64_t us;    /* CHIP: after the step before */
    unsigned value; /* LINES, BAUD, POWER */
};

#define FAKE_BYTES(...)                                                                            \
    .bytes = (const uint8_t[]){__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})
#define HOST(...)                                                                                  \
    {                                                                                              \
        .kind = FAKE_HOST, FAKE_BYTES(__VA_ARGS__)                                                 \
    }
#define CHIP(after, ...)                                                                           \
    {                                                                                              \
        .kind = FAKE_CHIP, .us = (after), FAKE_BYTES(__VA_ARGS__)                                  \
    }
#define LINES(set)                                                                                 \
    {                                                                                              \
        .kind = FAKE_LINES, .value = (set)                                                         \
    }
#define BAUD(rate)                                                                                 \
    {                                                                                              \
        .kind = FAKE_BAUD, .value = (rate)                                                         \
    }
#define POWER(on)                                                                                  \
    {                                                                                              \
        .kind = FAKE_POWER, .value = (on)                                                          \
    }
#define DONE                                                                                       \
    {                                                                                              \
        .kind = FAKE_DONE                                                                          \
    }

#define FAKE_QUEUE 262144

struct fake_logged {
    enum fake_kind kind;
    uint64_t at;
    unsigned value; /* HOST: the first byte */
    size_t len;
};
#define FAKE_LOG 32768

struct fake {
    struct pf_transport port; /* first: a cast recovers us */
    struct pf_ctx ctx;
    uint64_t now;

    /* script */
    const struct fake_step *step;
    size_t step_at; /* bytes of a HOST step already seen */

    /* device */
    void (*device)(void *user, struct fake *f, const uint8_t *bytes, size_t len);
    void (*device_set)(void *user, struct fake *f, enum fake_kind kind, unsigned value);
    void *user;

    unsigned lines;
    uint32_t baud;
    size_t fragment;  /* most bytes one read returns; 0: all */
    bool vanished;    /* every call is PF_ERR_IO */
    bool mute;        /* bytes from the chip are lost */
    uint64_t byte_us; /* a written byte takes so long; 0: none */

    /* bytes on their way to us, by arrival */
    struct {
        uint64_t at;
        uint8_t byte;
    } queue[FAKE_QUEUE];
    size_t head, tail;

    /* what was done, for assertions on time and order */
    struct fake_logged log[FAKE_LOG];
    size_t nlog;

    /* events */
    unsigned events[16]; /* by kind */
    char last_text[16][512];
    unsigned cancel_after; /* events until the sink says stop; 0: never */
};

/* A new fake port. `script` may be NULL when a device is set afterwards. */
struct fake *fake_open(const struct fake_step *script);
/* The device sends `len` bytes that arrive `after_us` from now, and after all
 * it has sent before. */
void fake_chip(struct fake *f, uint64_t after_us, const void *bytes, size_t len);
/* Assert that the script was played to its end. */
void fake_finish(struct fake *f);
void fake_close(struct fake *f);

#endif
