/* safety.h - a verified backup before anything is changed. */
#ifndef OPS_SAFETY_H
#define OPS_SAFETY_H

#include "ops/prover.h"

/* Make sure that a proved copy of the whole flash is on disk, and learn the
 * flash's content by it: on success every sector of `p` (which spans the whole
 * flash and may hold guesses) is PROVED.
 *
 * Without `path` a backup in the current folder with this chip, MAC and content
 * is taken instead of a new one (*reused); with it only the file of that very
 * name is. An older one of this unit serves as a guess.
 * path  where to put it; NULL: plugflash-CHIP-MAC-HASH.bin in the current folder
 * name  (cap bytes) gets the name of the backup
 * Any failure means that there is none; the caller must not write then. */
enum pf_err safety_backup(struct prover *p, const char *path, char *name, size_t cap, bool *reused);

/* The newest proved backup of this unit at hand (with `path`: the file of that very
 * name), for a write that goes on. *copy: its bytes, malloc'ed, NULL: there is none;
 * `name` (cap bytes) what it is called. Only the link can fail. */
enum pf_err safety_find(struct prover *p, const char *path, uint8_t **copy, char *name, size_t cap);

#endif
