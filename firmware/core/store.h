/* store.h - a log of key/value records on raw NOR: wear-levelled, and after a cut of
 * the power at any flash operation each key has its old or its new value.
 *
 * Keys are small numbers; values up to STORE_MAX. The span is whole sectors, four at
 * the least. Nothing is kept in RAM but where things are. */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_MAX  3600u
#define STORE_KEYS 16u

enum store_key { STORE_CONFIG = 1, STORE_VARS, STORE_LABELS, STORE_LAST, STORE_ENERGY, STORE_LINK };

/* A value of STORE_ENERGY: its end is not under the CRC, so that bits there can be cleared
 * in place. Such a mark costs neither a record nor an erase. */
#define STORE_SEALED 56u
#define STORE_MARKS  64u

struct store {
    uint32_t base, sectors;
    uint32_t at[STORE_KEYS]; /* of the newest record; 0: none */
    uint32_t sequence;       /* of the sector in use */
    uint32_t head;           /* where in it the next record goes; HAL_SECTOR: it is closed */
    bool ready;              /* opened */
    bool ahead;              /* the sector to come was erased by us */
    uint32_t erases, writes; /* since opened */
};

/* Look through the span; writes nothing. What is no record of ours is ignored. False: the
 * flash does not answer, or the span is none. */
bool store_open(struct store *s, uint32_t base, uint32_t len);
/* Length of the value, copied as far as `cap`; 0: there is none. */
size_t store_get(const struct store *s, enum store_key key, void *buf, size_t cap);
/* False: did not take; the old value stands. An identical value is not written again;
 * an empty one removes. Erases a sector when store_tidy() has not, and another one when
 * values of more than 400 bytes are in the way: as many as it takes in a store that is
 * nearly full, never more than twice the sectors. */
bool store_set(struct store *s, enum store_key key, const void *data, size_t len);
/* Clear bits of byte `at` of the marks of STORE_ENERGY: it becomes `byte`. False: there is
 * no such value, or the flash did not take it. */
bool store_mark(struct store *s, size_t at, uint8_t byte);
/* When there is time: erase ahead, one sector at most, so that the next set need not. */
void store_tidy(struct store *s);

#endif
