/* ota.h - an update taken as it comes: checked before it counts, erased piece by
 * piece, and a cut anywhere leaves what was there (reference 5.7, 5.8). */
#ifndef CORE_OTA_H
#define CORE_OTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sha256.h"

#define OTA_HEAD 688u /* what has to be there before the first erase, at most */
#define OTA_PAGE 256u

struct plug;

enum ota_state { OTA_IDLE, OTA_HEADER, OTA_BODY, OTA_DONE, OTA_FAILED };

struct ota {
    enum ota_state state;
    uint32_t total, have; /* bytes of the file */
    const char *error;    /* a sentence for people, of OTA_FAILED or of a refusal; else NULL */

    /* ota.c's own */
    uint32_t addr, room;      /* where the body goes, and how much may */
    uint32_t written;         /* of the body, on flash */
    uint32_t record, record2; /* where it is activated */
    uint32_t image;           /* BL602: length of the code, ECR6600: of the image that runs */
    uint32_t crc, since_ms;
    uint16_t page_len, head_len;
    uint8_t to_wipe; /* records to be erased before the body */
    struct sha256 body, code;
    uint8_t head[OTA_HEAD], page[OTA_PAGE];
};

/* `total` from Content-Length; 0 is refused. False: error says why, and nothing was
 * erased. One update at a time, and none behind one that waits for its restart. */
bool ota_begin(struct plug *p, uint32_t total);
/* Takes what it can with one sector's erase at most, and says how much: less than `len`
 * with the state still OTA_BODY means that the rest is to be given again. */
size_t ota_take(struct plug *p, const uint8_t *data, size_t len);
/* All is there: verify, then activate. The last flash operation that matters is one
 * program of one page; before it the old firmware starts, after it the new one. The caller
 * restarts the plug. False: error says why, and the old firmware stays. */
bool ota_end(struct plug *p);
/* The client has gone, or is not wanted any more. Nothing, when no update is under way. */
void ota_abort(struct plug *p, const char *why);
/* The flash is busy with an update: no MQTT, no saving of settings; energy has its marks. */
bool ota_running(const struct plug *p);

#endif
