/* lwipopts.h - lwIP as the plug has it: no threads, raw calls, IPv4, all memory static.
 *
 * What the plug serves is bounded here as well: a client that stalls holds its own share
 * and nothing of the others'. Sums are in firmware/README.md. */
#ifndef NET_LWIPOPTS_H
#define NET_LWIPOPTS_H

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_IPV6            0
#define LWIP_IGMP            1
#define LWIP_DHCP            1
#define LWIP_DNS             1
#define LWIP_UDP             1
#define LWIP_TCP             1
#define LWIP_RAW             1
#define LWIP_ICMP            1
#define LWIP_NETIF_HOSTNAME  1
#define LWIP_SINGLE_NETIF    1

#define IP_REASSEMBLY                 0 /* nobody has to send the plug more than a frame */
#define IP_FRAG                       0
#define DHCP_DOES_ARP_CHECK           0 /* a second of everyone's first connect */
#define ARP_TABLE_SIZE                8
#define DNS_TABLE_SIZE                2
#define DNS_MAX_NAME_LENGTH           128
#define LWIP_DNS_SUPPORT_MDNS_QUERIES 1 /* homeassistant.local */

/* ---- memory -------------------------------------------------------------------- */

#define MEM_ALIGNMENT           __SIZEOF_POINTER__
#define MEM_SIZE                5120 /* what is sent but TCP's data: net_tx.h keeps that */
#define PBUF_POOL_SIZE          24   /* what is received: a full frame takes three */
#define PBUF_POOL_BUFSIZE       512
#define MEMP_NUM_PBUF           48
#define MEMP_NUM_RAW_PCB        1 /* the ping watchdog */
#define MEMP_NUM_UDP_PCB        8
#define MEMP_NUM_TCP_PCB        21 /* slots of net_http.c, the broker, two that are closing */
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG        40
#define MEMP_NUM_IGMP_GROUP     4

/* ---- TCP ----------------------------------------------------------------------- */

#define TCP_MSS             1460
#define TCP_WND             (2 * TCP_MSS)
#define TCP_SND_BUF         (2 * TCP_MSS)
#define TCP_SND_QUEUELEN    12
#define TCP_QUEUE_OOSEQ     0 /* two segments are under way at most */
#define TCP_LISTEN_BACKLOG  1
#define LWIP_TCP_RTO_TIME   1000 /* before the first repetition, RFC 6298 */
#define LWIP_TCP_TIMESTAMPS 0

/* The PC says what it thinks of us and counts what is lent; a chip has no one to tell. */
#ifdef PF_LWIP_ASSERT
#define LWIP_STATS 1
#else
#define LWIP_STATS 0
#define LWIP_NOASSERT
#endif
#define LWIP_ERROR(message, expression, handler)                                                   \
    do {                                                                                           \
        if (!(expression)) {                                                                       \
            handler;                                                                               \
        }                                                                                          \
    } while (0)

#endif
