/* ecr6600_soc_test.c - the emulated ECR6600 against what its reference tells: registers,
 * rates, flash controller, timers, watchdog, PLL, and small programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "emu/board.h"
#include "emu/ecr6600_soc.h"

#define AON  0x201200u
#define SMU  0x202000u
#define RFC  0x203000u
#define UART 0x204000u
#define PIT1 0x208000u
#define WDT  0x209000u
#define SPI  0x20B000u
#define FUSE 0x20F000u
#define XIP  0x00800000u

struct chip {
    struct board board;
    struct ecr6600_soc soc;
};

/* j . */
static const uint8_t idle[] = {0x48, 0x00, 0x00, 0x00};

static void open_at(struct chip *c, const uint8_t *image, size_t len, uint32_t xtal_hz)
{
    struct emu_board slots;

    board_init(&c->board);
    c->board.efuse[0x22] = xtal_hz == 40000000;
    slots = board_slots(&c->board);
    assert_true(ecr6600_soc_init(&c->soc, &slots, xtal_hz, false, 0, image, len, 0x10000, 0x10000));
}

static void open_idle(struct chip *c)
{
    open_at(c, idle, sizeof idle, 40000000);
    ecr6600_soc_run(&c->soc, EMU_US(1));
}

static void close_chip(struct chip *c)
{
    ecr6600_soc_fini(&c->soc);
    board_fini(&c->board);
}

static void assert_content(struct chip *c)
{
    if (c->soc.complaints.count)
        fail_msg("%u complaints:\n%s", c->soc.complaints.count, c->soc.complaints.text);
}

static void assert_complaint(struct chip *c, const char *text)
{
    if (!strstr(c->soc.complaints.text, text))
        fail_msg("no complaint \"%s\" in:\n%s", text, c->soc.complaints.text);
}

static uint32_t get(struct chip *c, uint32_t addr)
{
    return ecr6600_soc_read(&c->soc, addr, 4);
}

static void put(struct chip *c, uint32_t addr, uint32_t value)
{
    ecr6600_soc_write(&c->soc, addr, 4, value);
}

static void set(struct chip *c, uint32_t addr, uint32_t bits)
{
    put(c, addr, get(c, addr) | bits);
}

static void wait_us(struct chip *c, uint64_t us)
{
    ecr6600_soc_run(&c->soc, ecr6600_soc_ps(&c->soc) + EMU_US(us));
}

/* 5.4 for a 40 MHz crystal, up to the clock switch. */
static void start_pll(struct chip *c)
{
    set(c, SMU + 0x0C, 1 << 10 | 1 << 19);
    put(c, RFC + 0x8C, (get(c, RFC + 0x8C) & ~0xF0u) | 0x60);
    set(c, RFC + 0x84, 1 << 13);
    wait_us(c, 11);
    put(c, RFC + 0x148, 1);
    wait_us(c, 11);
    put(c, RFC + 0x8C, get(c, RFC + 0x8C) & ~(1u << 14 | 0xF));
    put(c, RFC + 0x148, 0);
    wait_us(c, 6);
    set(c, RFC + 0x88, 1 << 27);
    set(c, RFC + 0x130, 1);
    wait_us(c, 21);
    set(c, RFC + 0x8C, 1 << 23);
    put(c, SMU + 0x74, 6);
    wait_us(c, 2);
}

static void to_pll(struct chip *c)
{
    put(c, SMU + 0x04, (get(c, SMU + 0x04) & ~0xFu) | 6);
    put(c, SMU + 0x50, 1);
}

static void set_divisor(struct chip *c, uint32_t oscr, uint32_t div)
{
    put(c, UART + 0x14, oscr);
    put(c, UART + 0x2C, 0x83);
    put(c, UART + 0x20, div & 0xFF);
    put(c, UART + 0x24, div >> 8);
    put(c, UART + 0x2C, 3);
}

static void send_x(struct chip *c)
{
    put(c, UART + 0x20, 'x');
    assert_int_equal(get(c, UART + 0x34) & 0x40, 0);
    wait_us(c, 300);
    assert_int_equal(get(c, UART + 0x34) & 0x60, 0x60);
}

/* ---- clocks and UART0 ---------------------------------------------------------------- */

static void an_image_finds_uart0_at_the_rate_of_the_loader(void **state)
{
    static const struct {
        uint32_t xtal, baud;
    } rows[] = {{40000000, 116279}, {26000000, 116071}}; /* 1.2 */
    struct chip c;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        open_at(&c, idle, sizeof idle, rows[i].xtal);
        send_x(&c);
        assert_int_equal(c.board.sent, 1);
        assert_int_equal(c.board.tx[0].baud, rows[i].baud);
        assert_content(&c);
        close_chip(&c);
    }
}

/* 2.6: what over-sampling and divisor make of 80 MHz. */
static void the_pll_gives_the_rates_of_the_reference(void **state)
{
    static const struct {
        uint32_t oscr, div, baud;
    } rows[] = {{8, 173, 57803},  {8, 87, 114942},  {8, 43, 232558}, {8, 21, 476190},
                {8, 20, 500000},  {10, 10, 800000}, {8, 11, 909090}, {8, 10, 1000000},
                {18, 3, 1481481}, {8, 5, 2000000},  {8, 4, 2500000}};
    struct chip c;
    uint64_t cycles;

    (void)state;
    open_idle(&c);
    start_pll(&c);
    to_pll(&c);
    assert_int_equal(c.soc.cpu_hz, 160000000);
    cycles = ecr6600_soc_cycles(&c.soc);
    wait_us(&c, 1000);
    assert_in_range(ecr6600_soc_cycles(&c.soc) - cycles, 160000, 160010);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_divisor(&c, rows[i].oscr, rows[i].div);
        send_x(&c);
        assert_int_equal(c.board.tx[i].baud, rows[i].baud);
    }
    assert_content(&c);
    close_chip(&c);
}

static void a_pll_out_of_order_never_locks(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, RFC + 0x148, 1);
    assert_complaint(&c, "RFC touched without its clock");
    set(&c, SMU + 0x0C, 1 << 10 | 1 << 19);
    set(&c, RFC + 0x84, 1 << 13);
    assert_complaint(&c, "PLL: step 2 after step 0");
    to_pll(&c);
    assert_int_equal(c.soc.end, EMU_CRASHED);
    close_chip(&c);
}

static void a_pll_for_another_crystal_never_locks(void **state)
{
    struct chip c;

    (void)state;
    open_at(&c, idle, sizeof idle, 26000000);
    start_pll(&c);
    assert_complaint(&c, "set for another crystal");
    close_chip(&c);
    open_at(&c, idle, sizeof idle, 26000000);
    set(&c, SMU + 0x0C, 1 << 10 | 1 << 19);
    put(&c, RFC + 0x8C, get(&c, RFC + 0x8C) & ~(1u << 15));
    put(&c, RFC + 0x88, 0x25 << 14);
    put(&c, RFC + 0x134, 0x49);
    put(&c, RFC + 0x138, 0x6C4EC5);
    put(&c, RFC + 0x150, 0x49E);
    start_pll(&c);
    to_pll(&c);
    assert_int_equal(c.soc.cpu_hz, 160000000);
    assert_content(&c);
    close_chip(&c);
}

static void the_17th_byte_is_lost_and_lsr_tells_once(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, UART + 0x28, 7);
    for (unsigned i = 0; i < 17; i++)
        ecr6600_soc_pin(&c.soc, EMU_MS(1 + i), 115200, (uint8_t)i);
    assert_int_equal(c.soc.uart.overruns, 1);
    assert_int_equal(get(&c, UART + 0x34) & 3, 3);
    assert_int_equal(get(&c, UART + 0x34) & 3, 1);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(get(&c, UART + 0x20), i);
    assert_int_equal(get(&c, UART + 0x34) & 1, 0);
    for (unsigned i = 0; i < 17; i++)
        put(&c, UART + 0x20, i);
    assert_int_equal(get(&c, UART + 0x34) & 0x60, 0);
    assert_content(&c);
    put(&c, UART + 0x20, 0);
    assert_complaint(&c, "a byte for a full FIFO");
    close_chip(&c);
}

static void a_wrong_rate_is_garbage_and_another_pin_is_deaf(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    ecr6600_soc_pin(&c.soc, EMU_MS(1), 921600, 0x12);
    assert_int_equal(c.soc.uart.garbled, 1);
    put(&c, SMU + 0x30, 1 << 20);
    ecr6600_soc_pin(&c.soc, EMU_MS(2), 115200, 0x12);
    assert_int_equal(c.soc.uart.unheard, 1);
    put(&c, SMU + 0x30, 2 << 24);
    put(&c, UART + 0x20, 'x');
    assert_int_equal(c.board.sent, 0);
    assert_complaint(&c, "GPIO6 is not its TXD");
    close_chip(&c);
}

static void an_unclocked_uart_does_not_work(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, SMU + 0x0C, get(&c, SMU + 0x0C) & ~6u);
    put(&c, UART + 0x20, 'x');
    assert_complaint(&c, "UART0 touched without its clock");
    assert_int_equal(c.board.sent, 0);
    close_chip(&c);
}

/* ---- flash ---------------------------------------------------------------------------------- */

static void start_flash(struct chip *c)
{
    set(c, SMU + 0x0C, 1 << 7 | 1 << 28);
    put(c, SMU + 0x18, 0x80);
    put(c, SMU + 0x30, (get(c, SMU + 0x30) & 0x0FFFFFFF) | 2u << 28);
    put(c, SMU + 0x34, 0x22222);
    put(c, SPI + 0x40, 0xFF);
    put(c, SPI + 0x50, 0);
}

static void wait_spi(struct chip *c)
{
    while (get(c, SPI + 0x34) & 1)
        wait_us(c, 1);
}

static void go(struct chip *c, uint32_t control, uint32_t addr, uint8_t opcode)
{
    wait_spi(c);
    set(c, SPI + 0x30, 6);
    while (get(c, SPI + 0x30) & 6)
        ;
    put(c, SPI + 0x28, addr);
    put(c, SPI + 0x20, control);
    put(c, SPI + 0x24, opcode);
}

static uint32_t take(struct chip *c)
{
    while (get(c, SPI + 0x34) & 1 << 14)
        wait_us(c, 1);
    return get(c, SPI + 0x2C);
}

static void the_flash_answers_once_clock_and_pins_are_right(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, SPI + 0x24, 0x9F);
    assert_complaint(&c, "SPI0 touched without its clock");
    memset(&c.soc.complaints, 0, sizeof c.soc.complaints);
    start_flash(&c);
    go(&c, 0x42000002, 0, 0x9F);
    assert_int_equal(take(&c) & 0xFFFFFF, 0x1540C8);
    assert_content(&c);
    put(&c, SMU + 0x34, 0x22221);
    go(&c, 0x42000002, 0, 0x9F);
    assert_int_equal(take(&c) & 0xFFFFFF, 0xFFFFFF);
    assert_complaint(&c, "pins do not lead to the flash");
    close_chip(&c);
}

static void a_page_goes_through_the_fifo_and_keeps_the_chip_busy(void **state)
{
    struct chip c;
    unsigned words = 0;
    uint64_t from;

    (void)state;
    open_idle(&c);
    start_flash(&c);
    go(&c, 0x47000000, 0, 0x06);
    from = ecr6600_soc_ps(&c.soc);
    go(&c, 0x61000000 | 255 << 12, 0x012300, 0x02);
    for (; words < 64; words++) {
        while (get(&c, SPI + 0x34) & 1 << 23)
            wait_us(&c, 1);
        put(&c, SPI + 0x2C, 0x03020100 + 0x04040404 * words);
    }
    wait_spi(&c);
    /* 260 bytes at 20 MHz */
    assert_in_range(ecr6600_soc_ps(&c.soc) - from, EMU_US(104), EMU_US(110));
    go(&c, 0x42000000, 0, 0x05);
    assert_int_equal(take(&c) & 0xFF, 3);
    wait_us(&c, 600);
    go(&c, 0x42000000, 0, 0x05);
    assert_int_equal(take(&c) & 0xFF, 0);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(c.board.nor.cell[0x12300 + i], i);
    assert_content(&c);
    close_chip(&c);
}

static void a_read_of_512_bytes_waits_while_nobody_takes_its_words(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    start_flash(&c);
    for (unsigned i = 0; i < 512; i++)
        c.board.nor.cell[0x7000 + i] = (uint8_t)(i * 7);
    go(&c, 0x62000000 | 511, 0x7000, 0x03);
    wait_us(&c, 1000);
    assert_int_equal(get(&c, SPI + 0x34), 1 | ECR_SPI_FIFO << 8);
    for (unsigned i = 0; i < 128; i++)
        assert_int_equal(take(&c) & 0xFF, i * 28 & 0xFF);
    assert_int_equal(get(&c, SPI + 0x34), 1 << 14);
    assert_content(&c);
    get(&c, SPI + 0x2C);
    assert_complaint(&c, "empty FIFO was read");
    close_chip(&c);
}

static void the_window_shows_the_flash(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    memcpy(c.board.nor.cell + 0x1FE010, "\x11\x22\x33\x44", 4);
    get(&c, XIP);
    assert_complaint(&c, "flash window");
    memset(&c.soc.complaints, 0, sizeof c.soc.complaints);
    start_flash(&c);
    assert_int_equal(get(&c, XIP + 0x1FE010), 0x44332211);
    assert_int_equal(ecr6600_soc_read(&c.soc, XIP + 0x1FE013, 1), 0x44);
    put(&c, SPI + 0x50, 1);
    assert_int_equal(get(&c, XIP + 0x1FE010), 0x44332211);
    assert_content(&c);
    close_chip(&c);
}

/* ---- timers, fuses, the rest ------------------------------------------------------------------ */

static void pit1_counts_down_40_times_in_a_microsecond_at_160_mhz(void **state)
{
    struct chip c;
    uint32_t from;

    (void)state;
    open_idle(&c);
    start_pll(&c);
    to_pll(&c);
    assert_int_equal(get(&c, PIT1 + 0x1C), 1 << 12);
    from = get(&c, PIT1 + 0x58);
    wait_us(&c, 100);
    assert_in_range(from - get(&c, PIT1 + 0x58), 4000, 4010);
    put(&c, PIT1 + 0x24, 99);
    put(&c, PIT1 + 0x20, 9);
    set(&c, PIT1 + 0x1C, 1);
    wait_us(&c, 1000);
    assert_in_range(get(&c, PIT1 + 0x28), 0, 99);
    get(&c, 0x207028);
    assert_complaint(&c, "PIT touched without its clock");
    close_chip(&c);
}

static void the_watchdog_bites_unless_it_is_fed(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    set(&c, SMU + 0x0C, 1 << 13 | 1 << 14);
    put(&c, AON + 0x04, 0);
    put(&c, WDT + 0x10, 9);
    assert_complaint(&c, "without unlocking");
    memset(&c.soc.complaints, 0, sizeof c.soc.complaints);
    put(&c, WDT + 0x18, 0x5AA5);
    put(&c, WDT + 0x10, 9); /* 1/512 s, then 1/256 s */
    wait_us(&c, 5000);
    put(&c, WDT + 0x18, 0x5AA5);
    put(&c, WDT + 0x14, 0xCAFE);
    wait_us(&c, 5000);
    assert_int_equal(c.soc.end, EMU_RUNS);
    wait_us(&c, 5000);
    assert_int_equal(c.soc.end, EMU_BITTEN);
    assert_in_range(c.soc.end_ps, EMU_US(10860), EMU_US(11050));
    assert_content(&c);
    close_chip(&c);
}

static void fuses_need_their_clock_and_the_timing_of_the_cpus(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    memcpy(c.soc.fuse + 0x18, "\x11\x22\x33\x44", 4);
    get(&c, FUSE + 0x318);
    assert_complaint(&c, "EFUSE touched without its clock");
    memset(&c.soc.complaints, 0, sizeof c.soc.complaints);
    set(&c, SMU + 0x0C, 3 << 17);
    assert_int_equal(get(&c, FUSE + 0x1C) & 1, 1);
    assert_int_equal(get(&c, FUSE + 0x318), 0x44332211);
    assert_int_equal(get(&c, FUSE + 0x120), 0x00010000);
    assert_content(&c);
    start_pll(&c);
    to_pll(&c);
    get(&c, FUSE + 0x318);
    assert_complaint(&c, "timing for another clock");
    memset(&c.soc.complaints, 0, sizeof c.soc.complaints);
    put(&c, FUSE + 0x10, 0x0801012C);
    put(&c, FUSE + 0x18, 0x00020101);
    assert_int_equal(get(&c, FUSE + 0x318), 0x44332211);
    assert_content(&c);
    close_chip(&c);
}

static void what_the_reference_does_not_know_is_a_complaint(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, 0x205020, 1);
    assert_complaint(&c, "to 00205020");
    get(&c, 0x20F1FC);
    assert_complaint(&c, "at 0020f1fc");
    ecr6600_soc_write(&c.soc, UART + 0x20, 1, 1);
    assert_complaint(&c, "write of 1 bytes, 1, to 00204020");
    put(&c, SMU + 0x38, 0x12345678); /* a pin mux is storage */
    assert_int_equal(get(&c, SMU + 0x38), 0x12345678);
    close_chip(&c);
}

/* ---- programs ------------------------------------------------------------------------------------ */

/* sethi r0, 204; L: lwi r1, [r0 + 34]; andi r1, r1, 1; beqz r1, L; lwi r1, [r0 + 20];
 * addi r1, r1, 1; swi r1, [r0 + 20]; j L */
static const uint8_t echo[] = {
    0x46, 0x00, 0x02, 0x04, 0x04, 0x10, 0x00, 0x0D, 0x54, 0x10, 0x80, 0x01, 0x4E, 0x12, 0xFF, 0xFC,
    0x04, 0x10, 0x00, 0x08, 0x50, 0x10, 0x80, 0x01, 0x14, 0x10, 0x00, 0x08, 0x48, 0xFF, 0xFF, 0xF4,
};

static void a_program_echoes_at_the_loaders_rate(void **state)
{
    struct chip c;

    (void)state;
    open_at(&c, echo, sizeof echo, 40000000);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t at = EMU_US(200 + 87 * i);

        ecr6600_soc_run(&c.soc, at);
        ecr6600_soc_pin(&c.soc, at, 115200, (uint8_t)i);
    }
    ecr6600_soc_run(&c.soc, EMU_MS(10));
    assert_content(&c);
    assert_int_equal(c.board.sent, 100);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(c.board.tx[i].byte, i + 1);
    assert_int_equal(c.soc.uart.overruns, 0);
    close_chip(&c);
}

static void a_jump_to_flash_boot_ends_the_program(void **state)
{
    /* movi r0, 0; movi r1, 772C; jr r1 */
    static const uint8_t boot[] = {0x44, 0, 0, 0, 0x44, 0x10, 0x77, 0x2C, 0x4A, 0, 0x04, 0};
    /* movi r1, 7FF00; swi r1, [r1]; then the same */
    static const uint8_t spoil[] = {0x44, 0x17, 0xFF, 0x00, 0x14, 0x10, 0x80, 0x00, 0x44, 0,
                                    0,    0,    0x44, 0x10, 0x77, 0x2C, 0x4A, 0,    0x04, 0};
    struct chip c;

    (void)state;
    open_at(&c, boot, sizeof boot, 40000000);
    ecr6600_soc_run(&c.soc, EMU_MS(1));
    assert_int_equal(c.soc.end, EMU_BOOTS);
    assert_content(&c);
    close_chip(&c);

    open_at(&c, spoil, sizeof spoil, 40000000);
    ecr6600_soc_run(&c.soc, EMU_MS(1));
    assert_int_equal(c.soc.end, EMU_BOOTS);
    assert_complaint(&c, "the ROM's data at 7ff00 was overwritten");
    close_chip(&c);
}

static void iram_is_there_once_it_is_clocked(void **state)
{
    /* sethi r0, 80; swi r0, [r0]; j . */
    static const uint8_t touch[] = {0x46, 0, 0, 0x80, 0x14, 0, 0, 0, 0x48, 0, 0, 0};
    /* sethi r1, 202; lwi r2, [r1 + 0C]; sethi r3, 4000; or r2, r2, r3; swi r2, [r1 + 0C];
     * then the same */
    static const uint8_t enable[] = {
        0x46, 0x10, 0x02, 0x02, 0x04, 0x20, 0x80, 0x03, 0x46, 0x30, 0x40,
        0x00, 0x40, 0x21, 0x0C, 0x04, 0x14, 0x20, 0x80, 0x03, 0x46, 0,
        0,    0x80, 0x14, 0,    0,    0,    0x48, 0,    0,    0,
    };
    struct chip c;

    (void)state;
    open_at(&c, touch, sizeof touch, 40000000);
    ecr6600_soc_run(&c.soc, EMU_MS(1));
    assert_int_equal(c.soc.end, EMU_CRASHED);
    assert_complaint(&c, "IRAM touched at 00080000 without its clock");
    close_chip(&c);

    open_at(&c, enable, sizeof enable, 40000000);
    ecr6600_soc_run(&c.soc, EMU_MS(1));
    assert_int_equal(c.soc.end, EMU_RUNS);
    assert_content(&c);
    close_chip(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_finds_uart0_at_the_rate_of_the_loader),
        cmocka_unit_test(the_pll_gives_the_rates_of_the_reference),
        cmocka_unit_test(a_pll_out_of_order_never_locks),
        cmocka_unit_test(a_pll_for_another_crystal_never_locks),
        cmocka_unit_test(the_17th_byte_is_lost_and_lsr_tells_once),
        cmocka_unit_test(a_wrong_rate_is_garbage_and_another_pin_is_deaf),
        cmocka_unit_test(an_unclocked_uart_does_not_work),
        cmocka_unit_test(the_flash_answers_once_clock_and_pins_are_right),
        cmocka_unit_test(a_page_goes_through_the_fifo_and_keeps_the_chip_busy),
        cmocka_unit_test(a_read_of_512_bytes_waits_while_nobody_takes_its_words),
        cmocka_unit_test(the_window_shows_the_flash),
        cmocka_unit_test(pit1_counts_down_40_times_in_a_microsecond_at_160_mhz),
        cmocka_unit_test(the_watchdog_bites_unless_it_is_fed),
        cmocka_unit_test(fuses_need_their_clock_and_the_timing_of_the_cpus),
        cmocka_unit_test(what_the_reference_does_not_know_is_a_complaint),
        cmocka_unit_test(a_program_echoes_at_the_loaders_rate),
        cmocka_unit_test(a_jump_to_flash_boot_ends_the_program),
        cmocka_unit_test(iram_is_there_once_it_is_clocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
