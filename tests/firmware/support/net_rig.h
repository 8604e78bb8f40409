/* net_rig.h - the plug's network without the plug: firmware/net on the virtual chip, with
 * stand-ins above it that say what reached them, and either the PC's sockets or a test below. */
#ifndef TESTS_FIRMWARE_NET_RIG_H
#define TESTS_FIRMWARE_NET_RIG_H

#include "core/plug.h"
#include "hal/host/host.h"
#include "hal/host/wire.h"
#include "net/net.h"
#include "check.h"

extern struct plug rig;

/* A new chip that joins the network "home". Nothing is at the far end of the wire yet. */
void net_rig_new(void);
/* The same, with libslirp there, and 127.0.0.1:net_rig_port leading to the plug. */
void net_rig_online(void);
extern uint16_t net_rig_port;
/* Milliseconds pass for the plug, one turn of the loop each. */
void net_rig_run(uint32_t ms);
void net_rig_end(void);

/* ---- what http.h's stand-in saw -------------------------------------------------------
 * GET /N answers with N bytes of net_rig_byte(); POST answers with "LENGTH SUM\n" of its
 * body; GET /never does not answer. */
struct net_rig_http {
    unsigned accepted, busy, most_busy, dropped, broken;
    size_t largest_feed;
    size_t hold; /* takes no more than this of what it is fed; 0: all */
};
extern struct net_rig_http net_rig_http;
char net_rig_byte(size_t at);

/* ---- mqtt.h's, clock.h's, ping.h's, ssdp.h's ------------------------------------------- */
struct net_rig_mqtt {
    unsigned up, down, messages;
    char topic[MQTT_TOPIC + 1], payload[MQTT_PAYLOAD + 1];
    size_t len;
    bool close; /* net_mqtt_close() from within a message */
};
extern struct net_rig_mqtt net_rig_mqtt;
extern uint32_t net_rig_epoch;
extern unsigned net_rig_answers;
extern unsigned net_rig_searches;

/* ---- clients: the PC's own sockets --------------------------------------------------- */
struct client {
    int fd;
    const char *say;
    size_t say_len, said;
    size_t at_once; /* so many bytes in a turn; 0: all */
    bool deaf;      /* reads nothing */
    bool half;      /* closes its side when all is said */
    char heard[65536];
    size_t len;
    bool closed, failed; /* by the plug; with an error */
};
void client_open(struct client *c, const char *say);
void client_close(struct client *c);
/* Until all are closed by the plug, at most so long. */
void clients_run(struct client *c, size_t n, uint32_t ms);
/* A listening socket of the PC; port into *port. */
int listen_at(uint16_t *port);

#endif
