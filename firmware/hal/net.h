/* net.h - the network interface below lwIP: Ethernet frames. */
#ifndef HAL_NET_H
#define HAL_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAL_FRAME_MAX 1514u

/* Send one frame; false: no link, or no room now. */
bool hal_net_send(const void *frame, size_t len);
/* Take one received frame; 0: none. Never more than `cap`. */
size_t hal_net_receive(void *frame, size_t cap);

#endif
