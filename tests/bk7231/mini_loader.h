/* mini_loader.h - just enough of a T or N loader to test the driver's stories.
 *
 * Not a virtual device: no timing model, no NOR rules beyond AND and erase, no
 * windows. It speaks frames, keeps the protection latch of the T, and does one
 * wrong thing when told to. */
#ifndef TESTS_MINI_LOADER_H
#define TESTS_MINI_LOADER_H

#include "support/fake_transport.h"

#define MINI_SIZE 0x200000u

struct mini {
    struct fake *f;
    void (*real_device)(void *, struct fake *, const uint8_t *,
                        size_t); /* for tests that wrap it */
    bool is_n;
    const char *version; /* T: ReadBootVersion; NULL: silent */
    uint32_t chip_id;
    uint8_t jedec[3];
    uint16_t sr;
    bool sr2_by_31; /* the second byte of a status write is ignored */
    bool one_sr;    /* the second register reads FF, two-byte writes are ignored */
    uint8_t *flash; /* MINI_SIZE bytes */
    uint32_t baud;
    bool dead;   /* answers nothing */
    bool in_app; /* deaf until a reset */
    uint64_t reset_ms;

    /* T */
    bool armed, spoiled, spoils, page_crc;
    bool crc_behind; /* CheckCRC takes an exclusive end */

    /* efuse */
    uint8_t efuse[32];
    uint32_t efuse_ctrl;
    unsigned efuse_busy, otp_burns;

    /* parser */
    uint8_t in[70000];
    size_t len;

    /* faults: index of the request (from 0, LinkChecks not counted) */
    unsigned requests;
    unsigned drop_reply_at, drop_request_at, late_reply_at, cut_reply_at, noise_at;
    unsigned insert_at; /* one byte too many in the middle of this reply */
    unsigned lie_at;    /* bit 4 of byte 13 of this reply is inverted: an address */
    uint64_t late_us;
    unsigned refuse;   /* so many erase/write requests are refused with status 6 */
    unsigned bad_rate; /* this rate yields garbage */
    bool ignore_set_baud;
    bool stuck;        /* erase and program answer and do nothing */
    bool stale_links;  /* two old LinkCheck answers before the SetBaud echo */
    unsigned reset_at; /* the device resets when it gets this request */

    /* counters */
    unsigned erases4k, erases64k, writes, reads, crcs, links, reboots, sr_writes, set_bauds;
};
#define MINI_NEVER 0xffffffffu

struct mini *mini_open(bool is_n);
void mini_close(struct mini *m);

#endif
