/* bl602_soc_test.c - the emulated BL602 against what its reference tells: registers,
 * baud arithmetic, flash controller, watchdog, PLL, and small programs. */
#include <string.h>

#include "emu/bl602_rig.h"

#define FUSE 0x40007000u
#define L1C  0x40009000u
#define UART 0x4000A000u
#define TMR  0x4000A500u
#define SF   0x4000B000u
#define BUF  0x4000B700u
#define PLL  0x4000E400u
#define HBN  0x4000F000u

static void assert_complaint(struct chip *c, const char *text)
{
    if (!strstr(c->soc.complaints.text, text))
        fail_msg("no complaint \"%s\" in:\n%s", text, c->soc.complaints.text);
}

/* UART0 on GPIO16 and 7 with this BIT_PRD in both halves. */
static void start_uart(struct chip *c, uint32_t prd)
{
    put(c, GLB + 0x120, (get(c, GLB + 0x120) & 0xFFFF0000) | 0x0717);
    put(c, GLB + 0x10C, (get(c, GLB + 0x10C) & 0xFFFF) | 0x07130000);
    put(c, GLB + 0xC0, 0x30040002);
    put(c, UART + 0x08, prd << 16 | prd);
    put(c, UART + 0x00, 0x1705);
    put(c, UART + 0x04, 0x0701);
    put(c, UART + 0x80, 0x0C);
}

/* The flash controller from RC32M, as 11.5 lists it; 8 MHz. */
static void start_flash(struct chip *c)
{
    put(c, GLB + 0x80, get(c, GLB + 0x80) | 0x300);
    put(c, GLB + 0x12C, 0x0B030B03);
    put(c, GLB + 0x130, 0x0B030B23);
    put(c, GLB + 0x134, 0x0B030B03);
    put(c, GLB + 0x138, 0x0B030B03);
    put(c, SF + 0x70, 0);
    put(c, GLB + 0x08, 0x2910); /* BCLK / 2 */
    put(c, SF + 0x04, 0xA0000000);
}

static void command(struct chip *c, uint32_t r08, uint32_t buf0)
{
    while (get(c, SF + 8) & 1)
        wait_us(c, 1);
    put(c, SF + 0x08, r08);
    put(c, SF + 0x0C, buf0);
    put(c, SF + 0x00, get(c, SF) | 0x20);
    put(c, SF + 0x08, r08 | 2);
    while (get(c, SF + 8) & 1)
        wait_us(c, 1);
    put(c, SF + 0x00, get(c, SF) & ~0x20u);
}

/* ---- state at entry, clocks ---------------------------------------------------- */

static void an_image_finds_what_the_rom_leaves_behind(void **state)
{
    struct chip c;
    uint32_t then;

    (void)state;
    open_idle(&c);
    assert_int_equal(get(&c, GLB + 0x08), 0x10);
    assert_int_equal(get(&c, GLB + 0x90), 0x00040007);
    assert_int_equal(get(&c, GLB + 0xC0), 0x70040000);
    assert_int_equal(get(&c, L1C), 0xF08);
    assert_int_equal(get(&c, HBN + 0x108), 32000000);
    assert_int_equal(get(&c, UART), 0);
    assert_int_equal(get(&c, SF + 4), 0);
    assert_int_equal(get(&c, 0x21010800), 0x06020002);
    then = get(&c, 0x0200BFF8);
    wait_us(&c, 1000);
    assert_in_range(get(&c, 0x0200BFF8) - then, 4000, 4002); /* 4 MHz */
    assert_content(&c);
    close_chip(&c);
}

static void the_uart_of_a_fresh_image_is_silent_until_it_is_set_up(void **state)
{
    /* The program of 12.2: it writes "HI" into the transmit register. */
    static const uint8_t hi[] = {
        0x73, 0x70, 0x04, 0x30, 0x37, 0xA5, 0x00, 0x40, 0x93, 0x05, 0x80, 0x04, 0x23, 0x04,
        0xB5, 0x08, 0x93, 0x05, 0x90, 0x04, 0x23, 0x04, 0xB5, 0x08, 0x01, 0xA0, 0x00, 0x00,
    };
    struct chip c;

    (void)state;
    open_program(&c, hi, sizeof hi);
    bl602_soc_run(&c.soc, EMU_MS(1));
    assert_int_equal(c.board.sent, 0);
    assert_complaint(&c, "a transmitter that does not run");
    assert_int_equal(c.soc.end, EMU_RUNS);
    close_chip(&c);
}

/* Sets pins and UART0 up for 500000 baud and sends back each byte plus one. */
static const uint32_t echo[] = {
    0x30047073, 0x40000437, 0x71700293, 0x12042303, 0x733373c1, 0x63330073, 0x20230053, 0x23031264,
    0x034210c4, 0x01035313, 0x071302b7, 0x00536333, 0x10642623, 0x300402b7, 0x20230289, 0xa4b70c54,
    0x02b74000, 0x8293003f, 0xa42303f2, 0x62850054, 0x70528293, 0x0054a023, 0x70100293, 0x0054a223,
    0xa02342b1, 0xa2830854, 0xd2930844, 0xf2930082, 0x8ae303f2, 0xc303fe02, 0x030508c4, 0x0844a283,
    0x03f2f293, 0xfe028ce3, 0x08648423, 0x0000bfe9,
};

static void a_program_echoes_at_half_a_megabaud(void **state)
{
    struct chip c;

    (void)state;
    open_program(&c, (const uint8_t *)echo, sizeof echo);
    bl602_soc_run(&c.soc, EMU_US(200));
    for (unsigned i = 0; i < 100; i++) {
        uint64_t at = EMU_US(220 + 20 * i);

        bl602_soc_run(&c.soc, at);
        bl602_soc_pin(&c.soc, at, 500000, (uint8_t)i);
    }
    bl602_soc_run(&c.soc, EMU_MS(4));
    assert_content(&c);
    assert_int_equal(c.board.sent, 100);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(c.board.tx[i].byte, i + 1);
        assert_int_equal(c.board.tx[i].baud, 500000);
        assert_in_range(c.board.tx[i].ns, 220000 + 20000 * i, 223000 + 20000 * i);
    }
    assert_int_equal(c.soc.uart.overruns, 0);
    close_chip(&c);
}

/* 10: BIT_PRD at 32 MHz and what it makes. */
static void the_divider_makes_the_rates_of_the_reference(void **state)
{
    static const struct {
        uint32_t prd, baud;
    } rows[] = {{277, 115107}, {138, 230215}, {68, 463768}, {63, 500000},
                {34, 914285},  {31, 1000000}, {15, 2000000}};
    struct chip c;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_idle(&c);
        start_uart(&c, rows[i].prd);
        bl602_soc_write(&c.soc, UART + 0x88, 1, 'x');
        assert_int_equal(get(&c, UART + 0x30), 1);
        wait_us(&c, 200);
        assert_int_equal(get(&c, UART + 0x30), 0);
        assert_int_equal(c.board.sent, 1);
        assert_int_equal(c.board.tx[0].baud, rows[i].baud);
        assert_content(&c);
        close_chip(&c);
    }
}

static void fifo_counters_are_true_and_the_33rd_byte_is_lost(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    start_uart(&c, 31);
    put(&c, UART + 0x18, 79);
    assert_int_equal(get(&c, UART + 0x84) & 0x3F3F, 0x20);
    for (unsigned i = 0; i < 33; i++)
        bl602_soc_pin(&c.soc, EMU_MS(1) + EMU_US(10) * i, 1000000, (uint8_t)i);
    assert_int_equal(c.soc.uart.overruns, 1);
    assert_int_equal(get(&c, UART + 0x84) >> 8 & 0x3F, 32);
    assert_int_equal(get(&c, UART + 0x80) & 0x40, 0x40);
    assert_int_equal(get(&c, UART + 0x20) & 0x18, 0x08);
    bl602_soc_run(&c.soc, EMU_MS(2));
    assert_int_equal(get(&c, UART + 0x20) & 0x18, 0x18); /* 80 bit times of silence */
    put(&c, UART + 0x28, 0x10);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(bl602_soc_read(&c.soc, UART + 0x8C, 1), i);
    assert_int_equal(get(&c, UART + 0x84) >> 8 & 0x3F, 0);
    assert_content(&c);
    bl602_soc_read(&c.soc, UART + 0x8C, 1);
    assert_complaint(&c, "its empty FIFO was read");
    for (unsigned i = 0; i < 33; i++) /* one of them is in the shift register at once */
        bl602_soc_write(&c.soc, UART + 0x88, 1, i);
    assert_int_equal(get(&c, UART + 0x84) & 0x3F, 1); /* 34 * 10 cycles: a byte has gone */
    close_chip(&c);
}

static void a_wrong_divider_receives_garbage(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    start_uart(&c, 31);
    bl602_soc_pin(&c.soc, EMU_MS(1), 921600, 0x12);
    assert_int_equal(c.soc.uart.garbled, 1);
    bl602_soc_pin(&c.soc, EMU_MS(2), 1020000, 0x12);
    assert_int_equal(c.soc.uart.garbled, 1);
    close_chip(&c);
}

static void auto_baud_measures_55_and_keeps_it_out_of_the_fifo(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    start_uart(&c, 0);
    put(&c, UART + 0x04, 0x0709);
    bl602_soc_pin(&c.soc, EMU_MS(1), 500000, 0x00);
    assert_int_equal(get(&c, UART + 0x20) & 2, 0);
    bl602_soc_pin(&c.soc, EMU_MS(1) + EMU_US(20), 500000, 0x55);
    assert_int_equal(get(&c, UART + 0x20) & 2, 2);
    assert_int_equal(get(&c, UART + 0x34) >> 16, 63); /* 32 MHz / 64 */
    assert_int_equal(get(&c, UART + 0x84) >> 8 & 0x3F, 0);
    put(&c, UART + 0x28, 2);
    assert_int_equal(get(&c, UART + 0x20) & 2, 0);
    put(&c, GLB + 0x14, 0x10000);
    put(&c, GLB + 0x14, 0);
    assert_int_equal(get(&c, UART + 0x04), 0);
    assert_content(&c);
    close_chip(&c);
}

static void an_unclocked_uart_does_not_work(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    start_uart(&c, 31);
    put(&c, GLB + 0x08, 0);
    bl602_soc_pin(&c.soc, EMU_MS(1), 1000000, 0x12);
    assert_int_equal(c.soc.uart.received, 0);
    put(&c, UART + 0x00, 0x1705);
    assert_complaint(&c, "no clock");
    close_chip(&c);
}

/* 11.8 with a 40 MHz crystal. */
static void start_xtal(struct chip *c)
{
    put(c, HBN + 0x880, get(c, HBN + 0x880) | 0x30);
    while (!(get(c, HBN + 0x88C) >> 28 & 1))
        wait_us(c, 10);
}

static void start_pll(struct chip *c)
{
    uint32_t r = get(c, PLL);

    put(c, PLL + 0x04, 0x10214);
    put(c, PLL, 0);
    put(c, PLL + 0x08, 0x20);
    put(c, PLL + 0x0C, 0x17120);
    put(c, PLL + 0x18, 0x300000);
    put(c, PLL + 0x10, 5);
    put(c, PLL, r |= 1 << 9);
    wait_us(c, 6);
    put(c, PLL, r |= 1 << 10);
    put(c, PLL, r |= 0x1B0);
    wait_us(c, 6);
    put(c, PLL, r |= 1);
    wait_us(c, 2);
    put(c, PLL, r |= 4);
    wait_us(c, 3);
    put(c, PLL, r &= ~4u);
    wait_us(c, 2);
    put(c, PLL, r & ~1u);
    wait_us(c, 56);
    put(c, PLL + 0x1C, 0x1FF);
}

static void to_pll(struct chip *c)
{
    put(c, GLB, get(c, GLB) | 1);
    put(c, GLB, (get(c, GLB) & ~0x30u) | 0x20);
    put(c, L1C, get(c, L1C) | 0x1000);
    put(c, GLB, (get(c, GLB) & ~0xFF0000u) | 0x10000);
    put(c, GLB + 0xFFC, 1);
    put(c, GLB + 0xFFC, 0);
    put(c, HBN + 0x30, (get(c, HBN + 0x30) & ~3u) | 2);
    put(c, HBN + 0x108, 160000000);
}

/* 10: BIT_PRD at 40 MHz, the UART clock of the vendor's loader. */
static void the_pll_locks_in_the_order_of_the_reference(void **state)
{
    static const struct {
        uint32_t prd, baud;
    } rows[] = {{346, 115273}, {173, 229885}, {86, 459770}, {79, 500000},
                {42, 930232},  {39, 1000000}, {19, 2000000}};
    struct chip c;
    uint64_t cycles;

    (void)state;
    open_idle(&c);
    start_xtal(&c);
    start_pll(&c);
    to_pll(&c);
    assert_int_equal(c.soc.cpu_hz, 160000000);
    assert_int_equal(c.soc.bclk_hz, 80000000);
    cycles = c.soc.cpu.cycles;
    wait_us(&c, 1000);
    assert_in_range(c.soc.cpu.cycles - cycles, 160000, 160100);
    put(&c, GLB + 0x08, 0x13); /* 160 MHz / 4 */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start_uart(&c, rows[i].prd);
        bl602_soc_write(&c.soc, UART + 0x88, 1, 'x');
        wait_us(&c, 200);
        assert_int_equal(c.board.tx[i].baud, rows[i].baud);
    }
    assert_content(&c);
    close_chip(&c);
}

static void a_pll_that_was_hurried_never_locks(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    start_pll(&c); /* without a crystal */
    assert_complaint(&c, "its crystal does not run");
    to_pll(&c);
    assert_int_equal(c.soc.end, EMU_CRASHED);
    close_chip(&c);

    open_idle(&c);
    start_xtal(&c);
    put(&c, PLL + 0x04, 0x10214);
    put(&c, PLL + 0x08, 0x20);
    put(&c, PLL + 0x0C, 0x17120);
    put(&c, PLL + 0x18, 0x300000);
    put(&c, PLL + 0x10, 5);
    put(&c, PLL, 1 << 9);
    put(&c, PLL, 3 << 9);
    assert_complaint(&c, "too early");
    close_chip(&c);
}

/* ---- flash ------------------------------------------------------------------------- */

static void the_flash_answers_once_pins_clock_and_owner_are_right(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    start_flash(&c);
    command(&c, 0x09000008, 0x9F000000);
    assert_int_equal(get(&c, BUF) & 0xFFFFFF, 0x1540C8);
    command(&c, 0x09000000, 0x05000000);
    assert_int_equal(bl602_soc_read(&c.soc, BUF, 1), 0);
    assert_content(&c);
    put(&c, GLB + 0x80, 0x02000200); /* no swap: not how this chip is bonded */
    command(&c, 0x09000008, 0x9F000000);
    assert_int_equal(get(&c, BUF) & 0xFFFFFF, 0xFFFFFF);
    assert_complaint(&c, "pins do not lead to the flash");
    close_chip(&c);

    open_idle(&c);
    start_flash(&c);
    put(&c, SF + 4, 0xB0000000);
    command(&c, 0x09000008, 0x9F000000);
    assert_complaint(&c, "command while 04 is");
    assert_int_equal(c.board.transactions, 0);
    close_chip(&c);
}

static void a_page_is_programmed_and_read_back_in_the_time_its_clock_takes(void **state)
{
    struct chip c;
    uint64_t from;

    (void)state;
    open_idle(&c);
    start_flash(&c);
    command(&c, 0x08000000, 0x06000000);
    for (unsigned i = 0; i < 256; i += 4)
        put(&c, BUF + i, 0x03020100 + 0x04040404 * (i / 4));
    put(&c, SF + 0x08, 0x0D840000 | 255 << 2);
    put(&c, SF + 0x0C, 0x02012300);
    put(&c, SF, 0x20);
    from = bl602_soc_ps(&c.soc);
    put(&c, SF + 0x08, 0x0D840002 | 255 << 2);
    while (get(&c, SF + 8) & 1)
        wait_us(&c, 1);
    /* 260 bytes at 16 MHz */
    assert_in_range(bl602_soc_ps(&c.soc) - from, EMU_US(130), EMU_US(133));
    put(&c, SF, 0);
    command(&c, 0x09000000, 0x05000000);
    assert_int_equal(bl602_soc_read(&c.soc, BUF, 1), 3); /* WIP and WEL */
    wait_us(&c, 600);
    command(&c, 0x09000000, 0x05000000);
    assert_int_equal(bl602_soc_read(&c.soc, BUF, 1), 0);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(c.board.nor.cell[0x12300 + i], i);
    command(&c, 0x0D040000 | 15 << 2, 0x03012380);
    assert_int_equal(get(&c, BUF + 12), 0x8F8E8D8C);
    assert_content(&c);
    close_chip(&c);
}

static void the_window_shows_the_flash_behind_the_image_offset(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    memcpy(c.board.nor.cell + 0x2010, "\x11\x22\x33\x44", 4);
    assert_int_equal(get(&c, 0x23000010), 0xFFFFFFFF);
    assert_complaint(&c, "XIP window");
    memset(&c.soc.complaints, 0, sizeof c.soc.complaints);
    start_flash(&c);
    put(&c, SF + 0x14, 0x0D040000);
    put(&c, SF + 0x18, 0x03000000);
    put(&c, SF + 0x434, 0x2000);
    put(&c, SF + 0x04, 0xF0000000);
    assert_int_equal(get(&c, 0x23000010), 0x44332211);
    assert_content(&c);
    put(&c, 0x23000010, 0);
    assert_complaint(&c, "read only");
    close_chip(&c);
}

/* ---- the rest ------------------------------------------------------------------------ */

static void fuses_are_there_once_they_were_loaded(void **state)
{
    struct chip c;

    (void)state;
    board_init(&c.board);
    memcpy(c.board.efuse + 0x14, "\xD1\xA2\xB3\xC4", 4);
    {
        struct emu_board slots = board_slots(&c.board);

        assert_true(bl602_soc_init(&c.soc, &slots, 40000000, 0, idle, sizeof idle, LOAD, LOAD));
    }
    for (unsigned i = 0; i < 32; i++)
        put(&c, FUSE + 4 * i, 0);
    put(&c, FUSE + 0x800, 0x0024BF00);
    put(&c, FUSE + 0x800, 0x0024BF10);
    assert_int_not_equal(get(&c, FUSE + 0x800) >> 1 & 3, 1);
    wait_us(&c, 11);
    assert_int_equal(get(&c, FUSE + 0x800) >> 1 & 3, 1);
    put(&c, FUSE + 0x800, 0x0024BF80);
    assert_int_equal(get(&c, FUSE + 0x14), 0xC4B3A2D1);
    assert_int_equal(get(&c, FUSE), 0);
    assert_content(&c);
    put(&c, FUSE + 0x800, 0x0024BF04);
    assert_complaint(&c, "fuses: control");
    close_chip(&c);
}

static void the_watchdog_bites_unless_it_is_fed(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, TMR + 0x64, 3);
    assert_complaint(&c, "without unlocking");
    memset(&c.soc.complaints, 0, sizeof c.soc.complaints);
    put(&c, TMR, 1 << 8);           /* 32 kHz */
    put(&c, TMR + 0xBC, 31u << 24); /* / 32 */
    for (unsigned i = 0; i < 2; i++) {
        put(&c, TMR + 0x9C, 0xBABA);
        put(&c, TMR + 0xA0, 0xEB10);
        put(&c, TMR + (i ? 0x64 : 0x68), i ? 3 : 10);
    }
    wait_us(&c, 8000);
    put(&c, TMR + 0x9C, 0xBABA);
    put(&c, TMR + 0xA0, 0xEB10);
    put(&c, TMR + 0x98, 1);
    wait_us(&c, 9000);
    assert_int_equal(c.soc.end, EMU_RUNS);
    assert_in_range(get(&c, TMR + 0x6C), 9, 9);
    bl602_soc_run(&c.soc, EMU_MS(30));
    assert_int_equal(c.soc.end, EMU_BITTEN);
    assert_in_range(c.soc.end_ps, EMU_MS(17), EMU_MS(19));
    assert_content(&c);
    close_chip(&c);
}

static void a_reset_register_ends_the_program(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, HBN + 0x30, get(&c, HBN + 0x30) & ~3u);
    put(&c, GLB, get(&c, GLB) & 0xFF0000FF);
    put(&c, GLB + 0xFFC, 1);
    put(&c, GLB + 0xFFC, 0);
    put(&c, GLB + 0x18, get(&c, GLB + 0x18) & ~7u);
    assert_int_equal(c.soc.end, EMU_RUNS);
    put(&c, GLB + 0x18, get(&c, GLB + 0x18) | 6);
    assert_int_equal(c.soc.end, EMU_RESET);
    assert_content(&c);
    close_chip(&c);
}

static void what_the_reference_does_not_know_is_a_complaint(void **state)
{
    static const uint8_t interrupts[] = {0x01, 0xA0}; /* j . with MIE as the ROM left it */
    static const uint32_t atomic[] = {0x30047073, 0x100522AF};
    static const uint32_t lost[] = {0x00000067}; /* jr zero */
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, 0x4000A600, 1);
    assert_complaint(&c, "to 4000a600");
    get(&c, 0x21010804);
    assert_complaint(&c, "read of the ROM at 21010804");
    bl602_soc_write(&c.soc, 0x0280042D, 1, 1);
    assert_complaint(&c, "interrupt 45 enabled");
    close_chip(&c);

    open_program(&c, interrupts, sizeof interrupts);
    bl602_soc_run(&c.soc, EMU_MS(1));
    assert_complaint(&c, "interrupts are still on");
    close_chip(&c);

    open_program(&c, (const uint8_t *)atomic, sizeof atomic);
    bl602_soc_run(&c.soc, EMU_MS(1));
    assert_int_equal(c.soc.end, EMU_CRASHED);
    assert_complaint(&c, "an atomic instruction at 22010004");
    close_chip(&c);

    open_program(&c, (const uint8_t *)lost, sizeof lost);
    bl602_soc_run(&c.soc, EMU_MS(1));
    assert_int_equal(c.soc.end, EMU_CRASHED);
    assert_complaint(&c, "executed 00000000");
    close_chip(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_finds_what_the_rom_leaves_behind),
        cmocka_unit_test(the_uart_of_a_fresh_image_is_silent_until_it_is_set_up),
        cmocka_unit_test(a_program_echoes_at_half_a_megabaud),
        cmocka_unit_test(the_divider_makes_the_rates_of_the_reference),
        cmocka_unit_test(fifo_counters_are_true_and_the_33rd_byte_is_lost),
        cmocka_unit_test(a_wrong_divider_receives_garbage),
        cmocka_unit_test(auto_baud_measures_55_and_keeps_it_out_of_the_fifo),
        cmocka_unit_test(an_unclocked_uart_does_not_work),
        cmocka_unit_test(the_pll_locks_in_the_order_of_the_reference),
        cmocka_unit_test(a_pll_that_was_hurried_never_locks),
        cmocka_unit_test(the_flash_answers_once_pins_clock_and_owner_are_right),
        cmocka_unit_test(a_page_is_programmed_and_read_back_in_the_time_its_clock_takes),
        cmocka_unit_test(the_window_shows_the_flash_behind_the_image_offset),
        cmocka_unit_test(fuses_are_there_once_they_were_loaded),
        cmocka_unit_test(the_watchdog_bites_unless_it_is_fed),
        cmocka_unit_test(a_reset_register_ends_the_program),
        cmocka_unit_test(what_the_reference_does_not_know_is_a_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
