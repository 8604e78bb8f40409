/* ota_world.h - a plug of any family as it was made, an update for it, and what starts then. */
#ifndef TESTS_FIRMWARE_OTA_WORLD_H
#define TESTS_FIRMWARE_OTA_WORLD_H

#include "rig.h"

#include "core/ota.h"

#define FLASH 0x200000u
#define ROOM  0x40000u
#define PIECE 1024u

extern const enum hal_family families[4];
#define FAMILIES (sizeof families / sizeof *families)

/* A plug of a family as it was made, an update for it, and what runs with and without. */
extern struct world {
    enum hal_family family;
    uint8_t base[FLASH], file[ROOM], old[ROOM], new[ROOM];
    size_t len, old_len, new_len;
} w;

/* A new world, its plug on a flash as it was made. */
void world(enum hal_family family);
/* An update of the family, `more` making it another one; at most ROOM. Returns its length. */
size_t make_file(enum hal_family family, uint8_t *out, unsigned more);

/* The plug starts on this flash, of the world's family. */
void plug_with(const uint8_t *flash);
/* The same on the flash as it is, without saving anything. */
void plug_on_flash(void);

/* Give the rest again, as a caller has to. False: it was refused. */
bool give(const uint8_t *data, size_t len);
/* From begin to end, in pieces. */
bool upload(const uint8_t *file, size_t len, size_t piece);

/* What starts from the flash now is the firmware of before, or that of the update. */
bool starts_old(void);
bool starts_new(void);

#endif
