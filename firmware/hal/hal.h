/* hal.h - the chip, as the plug sees it. One header per device; this one is the
 * identity of the chip and includes the rest. A chip implements all of them in
 * hal/<chip>/, the PC in hal/host/. Nothing here blocks longer than its comment
 * says, and nothing calls back. */
#ifndef HAL_H
#define HAL_H

#include "hal/flash.h"
#include "hal/net.h"
#include "hal/pins.h"
#include "hal/pulse.h"
#include "hal/radio.h"
#include "hal/random.h"
#include "hal/reset.h"
#include "hal/time.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

enum hal_family { HAL_ECR6600, HAL_BL602, HAL_BK7231T, HAL_BK7231N, HAL_FAMILIES };

/* A span of flash; len 0: the chip has none. */
struct hal_span {
    uint32_t addr, len;
};

struct hal_chip {
    enum hal_family family;
    const char *name;         /* "ECR6600": Open<name>_..., Hardware in STATUS */
    const char *short_prefix; /* "ecr6600": short name and client id */
    const char *group;        /* "ecr6600s": default group topic */
    const char *maker;        /* "ESWIN": mf in discovery */
    bool signed_crc8;         /* which checksum its records carry (reference 7.3) */
    struct hal_span store;    /* our key/value log */
    struct hal_span obk;      /* where OpenBeken kept its configuration, to be read once */
    struct hal_span obk_vars; /* where it kept its 64 bytes, likewise */
    struct hal_span ota;      /* where an update goes */
    uint32_t flash_size;
};

const struct hal_chip *hal_chip(void);
/* The unit's own MAC. */
void hal_mac(uint8_t mac[6]);

#endif
