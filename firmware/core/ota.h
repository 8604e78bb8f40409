/* ota.h - an update taken as it comes: checked before it counts, erased piece by
 * piece, and a cut anywhere leaves what was there (reference 5.7, 5.8). */
#ifndef CORE_OTA_H
#define CORE_OTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plug;

enum ota_state { OTA_IDLE, OTA_HEADER, OTA_BODY, OTA_DONE, OTA_FAILED };

struct ota {
    enum ota_state state;
    uint32_t total, have, erased; /* bytes */
    uint8_t head[512];
    uint8_t page[256];
    uint16_t page_len;
    uint8_t sha[128]; /* state of the hash, ota.c's own */
    const char *error;
};

/* `total` from Content-Length; 0 is refused. False: error says why. */
bool ota_begin(struct plug *p, uint32_t total);
/* Takes what it can without blocking longer than a sector's erase; returns how much. */
size_t ota_take(struct plug *p, const uint8_t *data, size_t len);
/* All is there: verify, then activate in one flash operation. */
bool ota_end(struct plug *p);
void ota_abort(struct plug *p, const char *why);

#endif
