/* bl602_rig.h - the emulated BL602 alone, for its tests: a program that waits or one of the
 * test's, its registers from outside, and time. */
#ifndef TESTS_EMU_BL602_RIG_H
#define TESTS_EMU_BL602_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "emu/bl602_soc.h"
#include "emu/board.h"

#define LOAD 0x22010000u
#define GLB  0x40000000u

struct chip {
    struct board board;
    struct bl602_soc soc;
};

/* csrci mstatus, 8; j . */
static const uint8_t idle[] = {0x73, 0x70, 0x04, 0x30, 0x01, 0xA0};

static inline void open_program(struct chip *c, const uint8_t *image, size_t len)
{
    struct emu_board slots;

    board_init(&c->board);
    slots = board_slots(&c->board);
    assert_true(bl602_soc_init(&c->soc, &slots, 40000000, 0, image, len, LOAD, LOAD));
}

static inline void open_idle(struct chip *c)
{
    open_program(c, idle, sizeof idle);
    bl602_soc_run(&c->soc, EMU_US(1));
}

static inline void close_chip(struct chip *c)
{
    bl602_soc_fini(&c->soc);
    board_fini(&c->board);
}

static inline void assert_content(struct chip *c)
{
    if (c->soc.complaints.count)
        fail_msg("%u complaints:\n%s", c->soc.complaints.count, c->soc.complaints.text);
}

static inline uint32_t get(struct chip *c, uint32_t addr)
{
    return bl602_soc_read(&c->soc, addr, 4);
}

static inline void put(struct chip *c, uint32_t addr, uint32_t value)
{
    bl602_soc_write(&c->soc, addr, 4, value);
}

static inline void wait_us(struct chip *c, uint64_t us)
{
    bl602_soc_run(&c->soc, bl602_soc_ps(&c->soc) + EMU_US(us));
}

#endif
