/* uart_fifo_test.c - FIFOs, shift register and wrong rates of the emulated UARTs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "emu/soc.h"
#include "emu/uart_fifo.h"

struct line {
    struct uart_fifo u;
    uint8_t byte[64];
    uint64_t ps[64];
    uint32_t baud[64];
    size_t len;
};

static void out(void *user, uint64_t ps, uint32_t baud, uint8_t byte)
{
    struct line *l = user;

    assert_in_range(l->len, 0, 63);
    l->byte[l->len] = byte;
    l->ps[l->len] = ps;
    l->baud[l->len++] = baud;
}

static void open_line(struct line *l, unsigned depth, uint32_t baud)
{
    memset(l, 0, sizeof *l);
    uart_fifo_init(&l->u, depth, depth, out, l);
    uart_fifo_rx_baud(&l->u, 0, baud);
    uart_fifo_tx_baud(&l->u, 0, baud);
}

static void bytes_are_read_in_the_order_they_came(void **state)
{
    struct line l;
    uint8_t byte;

    (void)state;
    open_line(&l, 16, 2000000);
    for (unsigned i = 1; i <= 40; i++) {
        uart_fifo_pin(&l.u, EMU_US(5) * i, 2000000, (uint8_t)i);
        if (i % 2)
            continue;
        assert_true(uart_fifo_get(&l.u, &byte));
        assert_int_equal(byte, i / 2);
    }
    assert_int_equal(l.u.rx.len + l.u.overruns, 20);
    assert_int_equal(l.u.overruns, 5);
}

static void when_nobody_reads_the_newest_bytes_are_lost_and_counted(void **state)
{
    struct line l;
    uint8_t byte;

    (void)state;
    open_line(&l, 32, 115200);
    for (unsigned i = 0; i < 35; i++)
        uart_fifo_pin(&l.u, EMU_MS(1) * (i + 1), 115200, (uint8_t)i);
    assert_int_equal(l.u.overruns, 3);
    assert_int_equal(l.u.received, 32);
    assert_int_equal(l.u.peak, 32);
    for (unsigned i = 0; i < 32; i++) {
        assert_true(uart_fifo_get(&l.u, &byte));
        assert_int_equal(byte, i);
    }
    assert_false(uart_fifo_get(&l.u, &byte));
}

static void a_rate_three_per_cent_off_is_understood_and_four_is_not(void **state)
{
    struct line l;
    uint8_t byte;

    (void)state;
    open_line(&l, 32, 1000000);
    uart_fifo_pin(&l.u, EMU_MS(1), 1030000, 0x12);
    uart_fifo_pin(&l.u, EMU_MS(2), 970000, 0x34);
    assert_true(uart_fifo_get(&l.u, &byte));
    assert_int_equal(byte, 0x12);
    assert_true(uart_fifo_get(&l.u, &byte));
    assert_int_equal(byte, 0x34);
    assert_int_equal(l.u.garbled, 0);
    uart_fifo_pin(&l.u, EMU_MS(3), 1040000, 0x12);
    assert_int_equal(l.u.garbled, 1);
    assert_false(l.u.rx.len == 1 && uart_fifo_get(&l.u, &byte) && byte == 0x12);
}

static void a_byte_that_began_before_the_receiver_was_on_is_lost(void **state)
{
    struct line l;
    uint8_t byte;

    (void)state;
    open_line(&l, 32, 0);
    uart_fifo_rx_baud(&l.u, EMU_US(100), 1000000);
    uart_fifo_pin(&l.u, EMU_US(109), 1000000, 0x77);
    uart_fifo_pin(&l.u, EMU_US(119), 1000000, 0x78);
    assert_int_equal(l.u.unheard, 1);
    assert_true(uart_fifo_get(&l.u, &byte));
    assert_int_equal(byte, 0x78);
}

static void sent_bytes_leave_one_behind_the_other_at_the_rate(void **state)
{
    struct line l;

    (void)state;
    open_line(&l, 4, 1000000);
    for (unsigned i = 0; i < 5; i++) /* one goes straight into the shift register */
        assert_true(uart_fifo_put(&l.u, EMU_US(50), (uint8_t)i));
    assert_int_equal(uart_fifo_waiting(&l.u, EMU_US(50)), 4);
    assert_false(uart_fifo_put(&l.u, EMU_US(59), 9));
    assert_true(uart_fifo_put(&l.u, EMU_US(60), 5));
    assert_int_equal(uart_fifo_waiting(&l.u, EMU_US(99)), 1);
    assert_true(uart_fifo_sending(&l.u, EMU_US(109)));
    assert_false(uart_fifo_sending(&l.u, EMU_US(110)));
    assert_int_equal(l.len, 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(l.byte[i], i);
        assert_int_equal(l.ps[i], EMU_US(50 + 10 * i));
        assert_int_equal(l.baud[i], 1000000);
    }
}

static void a_rate_that_changes_while_sending_is_noticed(void **state)
{
    struct line l;

    (void)state;
    open_line(&l, 4, 1000000);
    uart_fifo_put(&l.u, EMU_US(50), 1);
    assert_false(uart_fifo_tx_baud(&l.u, EMU_US(59), 500000));
    assert_true(uart_fifo_tx_baud(&l.u, EMU_US(200), 1000000));
}

static void a_counter_counts_at_its_rate_and_keeps_its_value_when_that_changes(void **state)
{
    struct emu_counter c = {0, 0, 4000000};

    (void)state;
    assert_int_equal(emu_counter_at(&c, EMU_US(1)), 4);
    assert_int_equal(emu_counter_at(&c, EMU_SECOND * 100000 + EMU_US(1)), 400000000004u);
    emu_counter_rate(&c, EMU_US(10), 10000000);
    assert_int_equal(emu_counter_at(&c, EMU_US(11)), 50);
    emu_counter_rate(&c, EMU_US(11), 0);
    assert_int_equal(emu_counter_at(&c, EMU_US(99)), 50);
    assert_int_equal(emu_ticks_ps(3, 32000), 93750000);
    assert_int_equal(emu_ticks_ps(160000001, 160000000), EMU_SECOND + 6250);
}

static void complaints_are_counted_and_each_text_is_kept_once(void **state)
{
    struct emu_complaints c = {0};

    (void)state;
    emu_complain(&c, "write %x", 1u);
    emu_complain(&c, "write %x", 2u);
    emu_complain(&c, "write %x", 1u);
    assert_int_equal(c.count, 3);
    assert_string_equal(c.text, "write 1\nwrite 2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_read_in_the_order_they_came),
        cmocka_unit_test(when_nobody_reads_the_newest_bytes_are_lost_and_counted),
        cmocka_unit_test(a_rate_three_per_cent_off_is_understood_and_four_is_not),
        cmocka_unit_test(a_byte_that_began_before_the_receiver_was_on_is_lost),
        cmocka_unit_test(sent_bytes_leave_one_behind_the_other_at_the_rate),
        cmocka_unit_test(a_rate_that_changes_while_sending_is_noticed),
        cmocka_unit_test(a_counter_counts_at_its_rate_and_keeps_its_value_when_that_changes),
        cmocka_unit_test(complaints_are_counted_and_each_text_is_kept_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
