/* bl602_sha.h - the SHA engine of the emulated BL602, SEC_ENG at 0x40004000, written from
 * reference bl602 (11.3, 11.11) and from how the vendor describes and drives it.
 *
 *   00  [0] BUSY [1] trigger, reads 0 [4:2] 0 SHA-256 [5] enable [6] go on with the last
 *       hash [8] done [9] clears, [10] sets it [11] its mask [31:16] blocks of 64 bytes
 *   04  where they are, a multiple of 4 in the RAM's alias at 0x42008000
 *   0C  [0] order of the words, 1 after a reset
 *   10  to 2C, the hash: its bytes, if each word is stored little-endian
 *
 * The program pads. Not modelled, and so a complaint: SHA-1, SHA-224, link mode, the other
 * order of the words, 08, FC. There are no interrupts.
 *
 * Assumptions, where nobody tells:
 *   - a trigger takes `trigger_clocks` of BCLK and each block `block_clocks`: see there;
 *   - it sees no alias but 0x42...; of that, all (the vendor keeps the descriptors of link
 *     mode, which are written to, out of what lies below 0x42020000, but not the data);
 *   - the data may not change from the trigger until BUSY was seen to be gone: what has
 *     changed by then was changed too early;
 *   - it leaves nothing of use in 00 and 04, so both are written for every trigger, and 00
 *     without the trigger first, as the drivers known for SHA-256 do;
 *   - when it is disabled the hash is gone. */
#ifndef EMU_BL602_SHA_H
#define EMU_BL602_SHA_H

#include "emu/soc.h"

#define BL602_SHA_RAM            0x42008000u
#define BL602_SHA_TRIGGER_CLOCKS 16u
#define BL602_SHA_BLOCK_CLOCKS   80u

struct bl602_sha {
    /* How fast it is, in clocks of BCLK: what init sets is a guess, so a test may set what
     * it likes, from the next trigger on. */
    uint32_t trigger_clocks, block_clocks;

    struct emu_complaints *complaints;
    const uint8_t *ram;
    uint32_t ram_size;
    uint8_t *copy; /* owned: the data as they were at the trigger */

    uint32_t ctrl, source; /* 00 without what is told below, 04 */
    bool held;             /* the block is in reset */
    bool set_up, sourced;  /* 00 and 04 were written since the last trigger */
    bool busy, done;
    bool hashed; /* `hash` is one, to be read and to go on with */
    uint32_t hash[8];
    uint32_t at, len;          /* of the data, in RAM */
    struct emu_counter clocks; /* since the trigger */
    uint64_t busy_clocks;
};

/* `ram` is what the program has at BL602_SHA_RAM; it and `complaints` are kept. False: no
 * memory. */
bool bl602_sha_init(struct bl602_sha *s, struct emu_complaints *complaints, const uint8_t *ram,
                    uint32_t ram_size);
void bl602_sha_fini(struct bl602_sha *s);

/* The bit of its block in GLB 14; setting it forgets everything but the switches above. */
void bl602_sha_hold(struct bl602_sha *s, bool held);
/* BCLK has changed; 0: it stands. */
void bl602_sha_clock(struct bl602_sha *s, uint64_t ps, uint32_t hz);

/* Words at 00, 04, 0C, and 10 to 2C, which are read only. */
uint32_t bl602_sha_read(struct bl602_sha *s, uint64_t ps, uint32_t offset);
void bl602_sha_write(struct bl602_sha *s, uint64_t ps, uint32_t offset, uint32_t value);

#endif
