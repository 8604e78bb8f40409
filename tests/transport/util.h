/* util.h - what the transport tests share: a context that remembers what was
 * said, and a port in memory on a virtual clock. */
#ifndef TESTS_TRANSPORT_UTIL_H
#define TESTS_TRANSPORT_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "plugflash/transport.h"

struct heard {
    struct pf_ctx ctx;
    char warnings[2048]; /* all of them, a line each */
    char logs[4096];
};

void heard_init(struct heard *h);

/* Fail unless `text` holds `part`; prints both. */
void assert_says(const char *text, const char *part);

/* Read until `len` bytes are there or `timeout_us` has passed; fails the test
 * unless they are `want`. */
void assert_reads(struct pf_transport *t, const void *want, size_t len, uint64_t timeout_us);
#define assert_reads_text(t, text) assert_reads(t, text, sizeof(text) - 1, 3000000)

/* A port in memory. Input chunk i arrives at its time; what is written is kept. */
struct mem {
    struct pf_transport base;
    uint64_t now;
    struct {
        uint64_t at_us;
        uint8_t bytes[600];
        size_t len;
    } in[16];
    size_t nin, next;
    uint8_t out[4096];
    size_t nout;
    unsigned lines;
    uint32_t baud;
    bool power;
    unsigned drains, discards;
    bool *closed;
    enum pf_err next_error; /* of the next set_baud */
};

/* Allocated, as closing frees it. */
struct mem *mem_open(struct pf_ctx *ctx, bool *closed);
void mem_arrives(struct mem *m, uint64_t at_us, const void *bytes, size_t len);

#endif
