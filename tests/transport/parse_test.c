/* The pure parsers: trace lines, USB names, addresses, telnet. */
#include "transport/util.h"

#include <stdlib.h>
#include <string.h>

#include "transport/backends.h"
#include "transport/ports.h"
#include "transport/tcp.h"
#include "transport/telnet.h"
#include "transport/trace.h"

static void trace_lines_are_parsed_strictly(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "1",
        "1 ",
        "x D",
        "1  D",
        "1 D ",
        "01 D",
        "-1 D",
        "1 >",
        "1 > ",
        "1 > 0",
        "1 > 0G",
        "1 > 0A",
        "1 > 00 ",
        "1 L 1",
        "1 L 1 2",
        "1 L 11",
        "1 B",
        "1 B x",
        "1 B 4294967296",
        "1 P 2",
        "1 ! nonsense",
        "1 ! ok",
        "1 Z",
        "9223372036854775808 D",
        "port",
        "port ",
        "plugflash-trace 1 ",
    };
    struct pf_trace_event ev;
    char line[PF_TRACE_LINE_MAX + 2];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pf_trace_parse_line(bad[i], strlen(bad[i]), &ev) != PF_ERR_FILE)
            fail_msg("accepted: \"%s\"", bad[i]);

    assert_int_equal(pf_trace_parse_line("9223372036854775807 L 0 1", 25, &ev), PF_OK);
    assert_int_equal(ev.kind, PF_TRACE_LINES);
    assert_int_equal(ev.value, PF_LINE_RTS);
    assert_int_equal(pf_trace_parse_line("7 ! timeout", 11, &ev), PF_OK);
    assert_int_equal(ev.err, PF_ERR_TIMEOUT);

    /* the longest line, and one byte more */
    n = (size_t)snprintf(line, sizeof line, "1 < ");
    memset(line + n, '0', PF_TRACE_BYTES * 2 + 2);
    assert_int_equal(pf_trace_parse_line(line, n + PF_TRACE_BYTES * 2, &ev), PF_OK);
    assert_int_equal(ev.len, PF_TRACE_BYTES);
    assert_int_equal(pf_trace_parse_line(line, n + PF_TRACE_BYTES * 2 + 2, &ev), PF_ERR_FILE);
    memset(line, '#', sizeof line);
    assert_int_equal(pf_trace_parse_line(line, sizeof line, &ev), PF_ERR_FILE);
}

static void usb_names_are_parsed_and_matched(void **state)
{
    static const char *const bad[] = {
        "",           "1a86",       "1a86:",     "1a86:7523:", ":7523",
        "1a860:7523", "1a86:75233", "1a86:752x", "0x1a86:75",  "1a86 7523"};
    struct heard h = {.ctx = {.sink = NULL}};
    struct pf_port_info port = {.usb_vid = 0x1a86, .usb_pid = 0x7523, .serial = "A:1"};
    struct pf_transport *opened;
    struct usb_id id;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ports_usb_parse(&h.ctx, bad[i], &id) != PF_ERR_USAGE)
            fail_msg("accepted: usb:%s", bad[i]);
    assert_int_equal(ports_usb_parse(&h.ctx, "1A86:7523", &id), PF_OK);
    assert_true(ports_usb_match(&id, &port));
    assert_int_equal(ports_usb_parse(&h.ctx, "1a86:7523:A:1", &id), PF_OK);
    assert_true(ports_usb_match(&id, &port));
    assert_int_equal(ports_usb_parse(&h.ctx, "1a86:7523:A", &id), PF_OK);
    assert_false(ports_usb_match(&id, &port));
    assert_int_equal(ports_usb_parse(&h.ctx, "0:1", &id), PF_OK);
    assert_int_equal(pf_usb_open(&h.ctx, "dead:beef", &opened), PF_ERR_PORT);
    assert_says(h.ctx.text, "no port is usb:dead:beef");
}

static void a_usb_name_picks_one_port_or_says_why_not(void **state)
{
    static const struct pf_port_info ports[] = {
        {.name = "/dev/ttyS0", .usb_vid = -1, .usb_pid = -1},
        {.name = "/dev/ttyUSB0", .usb_vid = 0x0403, .usb_pid = 0x6001, .serial = "A1"},
        {.name = "/dev/ttyUSB1", .usb_vid = 0x0403, .usb_pid = 0x6001, .serial = "B2"},
        {.name = "/dev/ttyUSB2", .description = "USB Serial", .usb_vid = 0x1a86, .usb_pid = 0x7523},
    };
    struct heard h = {.ctx = {.sink = NULL}};
    struct pf_ctx *ctx = &h.ctx;
    struct usb_id id = {.vid = 0x1a86, .pid = 0x7523};
    char path[256];

    (void)state;
    assert_int_equal(ports_usb_pick(ctx, &id, ports, 4, path), PF_OK);
    assert_string_equal(path, "/dev/ttyUSB2");
    id = (struct usb_id){.vid = 0x0403, .pid = 0x6001, .serial = "B2"};
    assert_int_equal(ports_usb_pick(ctx, &id, ports, 4, path), PF_OK);
    assert_string_equal(path, "/dev/ttyUSB1");
    id.serial[0] = '\0';
    assert_int_equal(ports_usb_pick(ctx, &id, ports, 4, path), PF_ERR_PORT);
    assert_says(ctx->text, "2 ports are usb:0403:6001: /dev/ttyUSB0, /dev/ttyUSB1; add the serial");
    id = (struct usb_id){.vid = 0x0403, .pid = 0x6001, .serial = "C3"};
    assert_int_equal(ports_usb_pick(ctx, &id, ports, 4, path), PF_ERR_PORT);
    assert_says(ctx->text, "no port is usb:0403:6001:C3; ports here: /dev/ttyS0");
    assert_says(ctx->text, "/dev/ttyUSB2 (USB Serial)");
    assert_int_equal(ports_usb_pick(ctx, &id, NULL, 0, path), PF_ERR_PORT);
    assert_says(ctx->text, "ports here: none");
}

static void many_ports_do_not_overflow_the_text(void **state)
{
    static struct pf_port_info ports[200];
    struct heard h = {.ctx = {.sink = NULL}};
    struct usb_id id = {.vid = 1, .pid = 2};
    char path[256];

    (void)state;
    for (int i = 0; i < 200; i++) {
        ports[i] = (struct pf_port_info){.usb_vid = 1, .usb_pid = 2};
        snprintf(ports[i].name, sizeof ports[i].name, "/dev/serial-%0*d", 1 + i % 200, i);
    }
    assert_int_equal(ports_usb_pick(&h.ctx, &id, ports, 200, path), PF_ERR_PORT);
    assert_says(h.ctx.text, "200 ports are usb:0001:0002: /dev/serial-0");
    assert_says(h.ctx.text, "add the serial number");
}

static void tcp_addresses_are_parsed(void **state)
{
    static const char *const bad[] = {"",           "host", "host:", ":1",      "host:0",
                                      "host:65536", "h:1x", "::1:2", "[::1]",   "[::1:2",
                                      "[]:2",       "h:-1", "h: 1",  "h:000001"};
    struct heard h = {.ctx = {.sink = NULL}};
    char host[256], port[6];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (tcp_parse(&h.ctx, bad[i], host, port) != PF_ERR_USAGE)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(tcp_parse(&h.ctx, "plug.lan:4000", host, port), PF_OK);
    assert_string_equal(host, "plug.lan");
    assert_string_equal(port, "4000");
    assert_int_equal(tcp_parse(&h.ctx, "[fe80::1%eth0]:65535", host, port), PF_OK);
    assert_string_equal(host, "fe80::1%eth0");
    assert_string_equal(port, "65535");
}

static void telnet_escapes_and_finds_commands(void **state)
{
    static const uint8_t wire[] = {'a', 255, 255, 255, 241, 'b', 255, 251, 44, 255, 250, 44, 101, 0,
                                   255, 255, 2,   255, 240, 'c', 255, 250, 1,  255, 253, 3,  'd'};
    struct telnet t = {.state = TELNET_IN_DATA};
    char seen[64] = "";
    uint8_t out[16];
    size_t used;

    (void)state;
    for (size_t i = 0; i < sizeof wire; i++) {
        size_t n = strlen(seen);

        switch (pf_telnet_take(&t, wire[i])) {
        case TELNET_NOTHING:
            break;
        case TELNET_DATA:
            snprintf(seen + n, sizeof seen - n, "%02x ", wire[i]);
            break;
        case TELNET_NEGOTIATE:
            snprintf(seen + n, sizeof seen - n, "verb%u,%u ", t.verb, t.option);
            break;
        case TELNET_SUB:
            snprintf(seen + n, sizeof seen - n, "sub%zu:%u ", t.sub_len, t.sub[3]);
        }
    }
    /* the last subnegotiation is cut short by a DO: dropped, the DO kept */
    assert_string_equal(seen, "61 ff 62 verb251,44 sub5:255 63 verb253,3 64 ");

    assert_int_equal(pf_telnet_escape((const uint8_t *)"\x01\xff\x02", 3, out, 4, &used), 3);
    assert_int_equal(used, 2);
    assert_memory_equal(out, "\x01\xff\xff", 3);
    assert_int_equal(pf_telnet_sub((const uint8_t *)"\x2c\x01\xff", 3, out), 8);
    assert_memory_equal(out, "\xff\xfa\x2c\x01\xff\xff\xff\xf0", 8);
}

static void an_endless_subnegotiation_is_skipped(void **state)
{
    struct telnet t = {.state = TELNET_IN_DATA};

    (void)state;
    pf_telnet_take(&t, TELNET_IAC);
    pf_telnet_take(&t, TELNET_SB);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(pf_telnet_take(&t, 44), TELNET_NOTHING);
    pf_telnet_take(&t, TELNET_IAC);
    assert_int_equal(pf_telnet_take(&t, TELNET_SE), TELNET_NOTHING);
    assert_int_equal(pf_telnet_take(&t, 'x'), TELNET_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_lines_are_parsed_strictly),
        cmocka_unit_test(usb_names_are_parsed_and_matched),
        cmocka_unit_test(a_usb_name_picks_one_port_or_says_why_not),
        cmocka_unit_test(many_ports_do_not_overflow_the_text),
        cmocka_unit_test(tcp_addresses_are_parsed),
        cmocka_unit_test(telnet_escapes_and_finds_commands),
        cmocka_unit_test(an_endless_subnegotiation_is_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
