/* net_tx.h - bytes on their way out of a TCP connection, each in one place until the
 * other side has acknowledged it: lwIP refers to them and copies nothing, so a peer that
 * takes nothing holds this ring and no other memory. */
#ifndef NET_NET_TX_H
#define NET_NET_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcp_pcb;

struct net_tx {
    uint8_t *buf;
    uint16_t cap;
    uint16_t first;         /* where the oldest byte is */
    uint16_t kept, written; /* bytes in it; of them known to lwIP */
};

void net_tx_init(struct net_tx *t, uint8_t *buf, size_t cap);
size_t net_tx_room(const struct net_tx *t);
/* The room that begins at *at, as far as it is in one piece; then say how much was put there. */
size_t net_tx_gap(struct net_tx *t, uint8_t **at);
void net_tx_filled(struct net_tx *t, size_t len);
/* Whole or not at all. */
bool net_tx_put(struct net_tx *t, const void *data, size_t len);
/* Hand on to lwIP what it takes now. */
void net_tx_write(struct net_tx *t, struct tcp_pcb *pcb);
/* lwIP's word that so many have arrived. */
void net_tx_acked(struct net_tx *t, size_t len);

#endif
