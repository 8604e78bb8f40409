/* telnet.h - telnet framing (RFC 854), pure: bytes in, data and commands out. */
#ifndef TRANSPORT_TELNET_H
#define TRANSPORT_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum telnet_code {
    TELNET_SE = 240,
    TELNET_SB = 250,
    TELNET_WILL = 251,
    TELNET_WONT = 252,
    TELNET_DO = 253,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
};

enum telnet_event {
    TELNET_NOTHING,   /* the byte was part of something longer, or nothing for us */
    TELNET_DATA,      /* the byte is data */
    TELNET_NEGOTIATE, /* verb and option are set */
    TELNET_SUB,       /* sub holds sub_len bytes, the option first */
};

/* Longer subnegotiations than this are skipped whole; ours take 6 bytes. */
#define TELNET_SUB_MAX 64

/* All zero is the start. */
struct telnet {
    enum { TELNET_IN_DATA, TELNET_IN_IAC, TELNET_IN_VERB, TELNET_IN_SUB, TELNET_IN_SUB_IAC } state;
    uint8_t verb, option;
    uint8_t sub[TELNET_SUB_MAX];
    size_t sub_len; /* > TELNET_SUB_MAX: too long */
};

/* Take one byte from the wire. `byte` itself is the data for TELNET_DATA (an
 * escaped 255 included). A subnegotiation that a command cuts short is dropped. */
enum telnet_event pf_telnet_take(struct telnet *t, uint8_t byte);

/* Escape as much of `in` as fits `out`; *used input bytes were taken. Returns
 * the output length. `cap` must be at least 2. */
size_t pf_telnet_escape(const uint8_t *in, size_t len, uint8_t *out, size_t cap, size_t *used);

/* IAC SB body IAC SE with the body escaped. `out` must hold 2 * len + 4 bytes.
 * Returns the length. */
size_t pf_telnet_sub(const uint8_t *body, size_t len, uint8_t *out);

#endif
