/* ota_kind.h - what ota.c asks of each kind of update; inside of the module only. */
#ifndef CORE_OTA_KIND_H
#define CORE_OTA_KIND_H

#include "core/plug.h"

struct ota_kind {
    uint16_t head; /* bytes of the file that are looked at before the first erase */
    uint16_t skip; /* of them, that do not go to flash; the rest of the file is the body */
    uint16_t late; /* of the body's beginning: not programmed as they come, but to activate it */
    /* Where the body goes, and where it is activated; addr is a sector's. */
    bool (*plan)(struct plug *p);
    /* Of o->head, when it is complete. */
    bool (*check)(struct plug *p);
    /* The body passes by, from offset `at` on. */
    void (*sum)(struct ota *o, uint32_t at, const uint8_t *data, size_t len);
    /* It has passed: is it what was promised? */
    bool (*verify)(struct ota *o);
    bool (*activate)(struct plug *p);
};

extern const struct ota_kind ota_bl602, ota_ecr6600, ota_bk7231;

/* Sets the error; false, always. */
bool ota_refuse(struct ota *o, const char *why);
/* Program within erased sectors, page by page from the last to the first, and read back. */
bool ota_put(struct ota *o, uint32_t addr, const uint8_t *data, size_t len);
/* Nothing of it is where settings are, ours or OpenBeken's. */
bool ota_apart(const struct plug *p, uint32_t addr, uint32_t len);
/* The piece of `data` (at offset `at`) that lies in [from, to): its length, *first. */
size_t ota_within(uint32_t at, size_t len, uint32_t from, uint32_t to, size_t *first);

static inline uint32_t ota_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void ota_put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

#endif
