/* telnet.h - the server's half of telnet with RFC 2217 (COM-PORT-CONTROL).
 *
 * Pure: bytes in, calls out. It knows no socket and no device; the caller's
 * sink takes the data, the answers to send and the changes of the port. */
#ifndef SIM_TELNET_H
#define SIM_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct telnet_sink {
    void *user;
    void (*data)(void *user, const uint8_t *bytes, size_t len);   /* for the device */
    void (*send)(void *user, const uint8_t *bytes, size_t len);   /* for the client, escaped */
    uint32_t (*baud)(void *user, uint32_t baud);                  /* 0: ask; returns the rate */
    unsigned (*lines)(void *user, unsigned mask, unsigned value); /* enum pf_line; the state */
    void (*purge)(void *user, bool input, bool output);           /* as the client sees them */
};

#define TELNET_SB_MAX 64

struct telnet {
    unsigned state;
    uint8_t verb;
    uint8_t sb[TELNET_SB_MAX]; /* of the subnegotiation being received */
    size_t sb_len;
    bool us[3], him[3];             /* options agreed: BINARY, SGA, COM-PORT */
    bool us_asked[3], him_asked[3]; /* our offers that await an answer */
};

/* Begin a connection: sends our offers. */
void telnet_open(struct telnet *t, const struct telnet_sink *sink);

/* Bytes from the client. */
void telnet_input(struct telnet *t, const struct telnet_sink *sink, const uint8_t *bytes,
                  size_t len);

/* Double every FF of `in`; `out` holds 2 * len. Returns the length. */
size_t telnet_escape(uint8_t *out, const uint8_t *in, size_t len);

#endif
