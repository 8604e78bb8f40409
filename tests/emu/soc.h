/* soc.h - what the emulated chips share: the board around them, their clock, and
 * complaints.
 *
 * A chip is written from its reference alone. What a program does that the
 * reference does not know or calls wrong is a complaint with a text: the test
 * asserts that there is none. Times inside a chip are picoseconds. */
#ifndef EMU_SOC_H
#define EMU_SOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMU_PS_PER_NS  1000ull
#define EMU_US(x)      ((uint64_t)(x)*1000000ull) /* in ps */
#define EMU_MS(x)      ((uint64_t)(x)*1000000000ull)
#define EMU_SECOND     1000000000000ull
#define EMU_SPI_MAX    512u
#define EMU_GARBAGE    0xA5 /* what RAM holds that nobody has written */
#define EMU_TEXT_LINES 24u

/* One transaction on the wires of the flash chip. */
struct emu_spi {
    uint8_t opcode;
    bool has_addr;
    uint32_t addr;
    const uint8_t *out;
    size_t out_len;
    uint8_t *in;
    size_t in_len;
};

/* The board; times are nanoseconds, never earlier than in a call before. */
struct emu_board {
    void *user;
    /* A byte begins to leave the TX pin. */
    void (*tx)(void *user, uint64_t ns, uint32_t baud, uint8_t byte);
    void (*spi)(void *user, uint64_t ns, const struct emu_spi *t);
    bool (*efuse)(void *user, uint16_t addr, uint8_t *buf, uint16_t len);
};

/* What has become of the program. */
enum emu_end {
    EMU_RUNS,
    EMU_BOOTS,   /* it left for what is in the flash, as a jump into the ROM */
    EMU_RESET,   /* it reset the chip by a register */
    EMU_BITTEN,  /* the watchdog did */
    EMU_CRASHED, /* a complaint tells how */
};

struct emu_complaints {
    unsigned count; /* all of them */
    unsigned lines;
    char text[EMU_TEXT_LINES * 120];
};

/* Add a line, unless the same is there already. */
void emu_complain(struct emu_complaints *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Cycles of a CPU as time, across changes of its frequency. */
struct emu_clock {
    uint64_t base_ps, base_cycles;
    uint64_t ps_20; /* per cycle, in 2^-20 ps */
    uint32_t hz;
};

void emu_clock_init(struct emu_clock *c, uint64_t ps, uint64_t cycles, uint32_t hz);
/* From `cycles` on the CPU runs at `hz`. */
void emu_clock_set(struct emu_clock *c, uint64_t cycles, uint32_t hz);
/* Keeps the product below 2^64: called now and then, with the cycles of now. */
void emu_clock_rebase(struct emu_clock *c, uint64_t cycles);
uint64_t emu_clock_ps(const struct emu_clock *c, uint64_t cycles);
/* Cycles, from the base on, that end at `ps` or just behind it. */
uint64_t emu_clock_cycles(const struct emu_clock *c, uint64_t ps);

/* A counter that runs at `hz` since `since_ps`, where it was `value`; hz 0: stopped. */
struct emu_counter {
    uint64_t value, since_ps;
    uint32_t hz;
};

uint64_t emu_counter_at(const struct emu_counter *c, uint64_t ps);
/* Go on from where it is, at another rate. */
void emu_counter_rate(struct emu_counter *c, uint64_t ps, uint32_t hz);
void emu_counter_set(struct emu_counter *c, uint64_t ps, uint64_t value);

/* `n` ticks of `hz` in ps. */
uint64_t emu_ticks_ps(uint64_t n, uint32_t hz);

#endif
