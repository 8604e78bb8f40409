/* server.h - a telnet server in a thread of the test, polite or hostile.
 *
 * Written from RFC 854 and 2217 alone; it shares no code with the client. It
 * takes one client on 127.0.0.1 and echoes its data. */
#ifndef TESTS_TRANSPORT_SERVER_H
#define TESTS_TRANSPORT_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the server behaves. */
struct manners {
    bool raw;         /* no telnet: echoes every byte */
    bool mute;        /* takes everything, says nothing */
    bool refuse;      /* DONT COM-PORT */
    bool will_only;   /* agrees by WILL instead of DO */
    bool no_control;  /* leaves SET-CONTROL unanswered (ser2net on a pty) */
    bool no_purge;    /* leaves PURGE-DATA unanswered */
    bool no_baud;     /* leaves SET-BAUDRATE unanswered, after the first */
    bool no_binary;   /* refuses binary mode */
    bool dribble;     /* sends one byte at a time */
    bool chatter;     /* data, notifications and rubbish before every answer */
    bool haggle;      /* answers every negotiation with a further one */
    bool hang_up;     /* closes on connect */
    uint32_t rubbish; /* sends 2 MiB of random bytes on connect, from this seed */
    uint32_t spoilt;  /* the same, but on the first byte of data */
    bool flood;       /* sends 2 MiB of data before every answer */
    uint32_t baud_is; /* answers this rate whatever was asked */
    bool suspend;     /* pauses us once, for 50 ms, before the first data */
};

struct server {
    struct manners how;
    int listener, fd;
    int stop[2]; /* a pipe; closing [1] ends the thread */
    pthread_t thread;
    char address[32];
    /* telnet */
    int state;
    uint8_t verb, sub[256];
    size_t sub_len;
    bool bauded, broken;
    unsigned verbs_seen;
    pthread_mutex_t lock;
    char log[4096]; /* what was set, in order: "B115200 C9 ..." */
    uint8_t data[65536];
    size_t ndata;
};

struct server *server_start(struct manners how);

/* Close the connection and free it. */
void server_stop(struct server *s);

/* What was set since the last call, in order: "B115200 C9 ..." */
char *server_said(struct server *s, char text[4096]);

#endif
