/* Device templates: all 39 of the reference, applied, driven by the importer's commands,
 * pressed and measured on the board they describe; and what is no template. */
#include "support/rig.h"

#include <math.h>
#include <stdlib.h>

#include "core/role.h"
#include "core/tmpl.h"
#include "support/templates.h"

static char text[4096], why[128];

/* ---- from the notation of templates.h -------------------------------------------------- */

/* Each pin of a map: false behind the last. */
static bool next_pin(const char **at, unsigned *pin, char role[32], unsigned *ch, unsigned *ch2)
{
    int n;

    *ch2 = 0;
    if (sscanf(*at, "%u %31s %u%n", pin, role, ch, &n) != 3)
        return false;
    *at += n;
    if (sscanf(*at, " %u%n", ch2, &n) == 1)
        *at += n;
    *at += strspn(*at, ", ");
    return true;
}

static const char *json_pins(const char *pins)
{
    static char json[1024];
    char role[32];
    unsigned pin, ch, ch2;
    struct out o;

    out_init(&o, json, sizeof json);
    out_char(&o, '{');
    for (const char *at = pins; next_pin(&at, &pin, role, &ch, &ch2);) {
        out_fmt(&o, "%s\"%u\":\"%s;%u", at == pins || o.len == 1 ? "" : ",", pin, role, ch);
        if (ch2)
            out_fmt(&o, ";%u", ch2);
        out_char(&o, '"');
    }
    out_char(&o, '}');
    assert_false(o.over);
    return json;
}

/* As it is in a database of devices. */
static const char *json_of(const struct device *d, const char *chip)
{
    struct out o;

    out_init(&o, text, sizeof text);
    out_fmt(&o, "{ \"vendor\":\"x\", \"bDetailed\": \"0\",\n \"name\":\"%s\",\"chip\":\"%s\",",
            d->what, chip);
    out_text(&o, "\"keywords\":[\"a\",\"b\"],\"image\":null,");
    if (d->flags)
        out_fmt(&o, "\"flags\":\"%s\",", d->flags);
    if (d->command) {
        out_text(&o, "\"command\":\"");
        out_json(&o, d->command);
        out_text(&o, "\",");
    }
    out_fmt(&o, "\"pins\":%s}", json_pins(d->pins));
    assert_false(o.over);
    return text;
}

/* ---- on a new plug ----------------------------------------------------------------------- */

/* The board is there, its chip is as it left the factory. */
static void blank_board(enum hal_family family, const char *pins)
{
    rig_new(family, pins);
    for (unsigned pin = 0; pin < PINS; pin++)
        config_set_pin(&rig.cfg, pin, 0, 0, 0);
    rig_boot(HAL_RESET_POWER);
    rig_run(6000);
}

static bool apply(const char *json)
{
    struct out o;

    out_init(&o, why, sizeof why);
    return template_apply(&rig, json, strlen(json), &o);
}

static void applied(const struct device *d)
{
    blank_board(d->family, json_pins(d->pins));
    if (!apply(json_of(d, rig.chip->name)))
        fail_msg("%s: %s", d->what, why);
}

static void run(const char *line)
{
    char answer[256];
    struct out o;

    out_init(&o, answer, sizeof answer);
    if (cmd_run(&rig, line, CMD_HTTP, &o) != CMD_OK)
        fail_msg("%s: not done", line);
}

/* What the importer of the web application sends. */
static void import(const struct device *d)
{
    char line[700], role[32];
    unsigned pin, ch, ch2;

    for (const char *at = d->pins; next_pin(&at, &pin, role, &ch, &ch2);) {
        int n = snprintf(line, sizeof line, "backlog setPinRole %u %s; setPinChannel %u %u", pin,
                         role, pin, ch);

        if (ch2)
            snprintf(line + n, sizeof line - (size_t)n, " %u", ch2);
        run(line);
    }
    if (d->flags) {
        snprintf(line, sizeof line, "Flags %s", d->flags);
        run(line);
    }
    if (d->command) {
        snprintf(line, sizeof line, "StartupCommand \"%s\"", d->command);
        run(line);
    }
}

static bool has(const struct device *d, const char *role)
{
    return strstr(d->pins, role) != NULL;
}

/* ---- use (a): each can be read -------------------------------------------------------------- */

static void each_of_the_39_templates_is_applied_as_it_says(void **state)
{
    (void)state;
    assert_int_equal(DEVICES, 39);
    for (size_t i = 0; i < DEVICES; i++) {
        const struct device *d = &devices[i];
        unsigned pin, ch, ch2, pins = 0;
        char name[32];
        uint8_t role;

        applied(d);
        for (const char *at = d->pins; next_pin(&at, &pin, name, &ch, &ch2); pins++) {
            assert_true(role_parse(name, &role));
            assert_int_equal(config_role(&rig.cfg, pin), role);
            assert_int_equal(config_channel(&rig.cfg, pin, 0), ch);
            assert_int_equal(config_channel(&rig.cfg, pin, 1), ch2);
        }
        for (pin = 0; pin < PINS; pin++)
            pins -= config_role(&rig.cfg, pin) != 0;
        assert_int_equal(pins, 0); /* and no other one */
        assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), d->command ? d->command : "");
        assert_int_equal(host_pin_fights(), 0);
    }
}

static void a_template_is_the_same_as_the_commands_of_the_importer(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        uint8_t as_template[CONFIG_SIZE];

        applied(&devices[i]);
        config_seal(&rig.cfg, rig.chip);
        memcpy(as_template, rig.cfg.rec, CONFIG_SIZE);
        blank_board(devices[i].family, json_pins(devices[i].pins));
        import(&devices[i]);
        config_seal(&rig.cfg, rig.chip);
        assert_memory_equal(as_template, rig.cfg.rec, CONFIG_SIZE);
    }
}

/* Two words of the last device are of no plug: TelePeriod and PowerSave_WFI. */
static void each_command_of_a_template_is_known_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        const struct device *d = &devices[i];
        char line[CMD_TEXT];
        enum cmd_result r;

        if (!d->command)
            continue;
        applied(d);
        text_copy(line, sizeof line, d->command);
        r = cmd_run(&rig, line, CMD_CONSOLE, NULL);
        assert_int_equal(r, strstr(line, "TelePeriod") ? CMD_UNKNOWN : CMD_OK);
    }
}

/* ---- use (b): drivers ------------------------------------------------------------------------- */

static void pins_of_a_bl0937_start_it_at_once_and_at_each_start(void **state)
{
    unsigned n = 0;

    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        if (!has(&devices[i], "BL0937"))
            continue;
        applied(&devices[i]);
        assert_int_equal(rig.meter.driver, METER_BL0937);
        rig_run(3000);
        rig_restart(HAL_RESET_POWER);
        assert_int_equal(rig.meter.driver, METER_BL0937);
        n++;
    }
    assert_in_range(n, 15, 25);
}

static void a_template_that_forbids_drivers_starts_none(void **state)
{
    (void)state;
    blank_board(HAL_ECR6600, json_pins(devices[0].pins));
    assert_true(
        apply("{\"flags\":68719477760,\"pins\":{\"14\":\"BL0937CF;0\",\"15\":\"BL0937SEL;0\","
              "\"20\":\"BL0937CF1;0\"}}"));
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_int_equal(rig.meter.driver, METER_NONE);
}

static void
a_bl0937_without_its_select_line_or_with_another_meter_running_is_not_started(void **state)
{
    static const char *const maps[] = {"14 BL0937CF 0, 20 BL0937CF1 0",
                                       "14 BL0937CF 0, 15 BL0937SEL 0",
                                       "15 BL0937SEL 0, 20 BL0937CF1 0"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct device d = {HAL_ECR6600, "half a meter", maps[i], NULL, NULL};

        applied(&d);
        assert_int_equal(rig.meter.driver, METER_NONE);
    }
    blank_board(HAL_ECR6600, json_pins(devices[0].pins));
    run("startDriver TESTPOWER");
    assert_true(apply(json_of(&devices[0], "ECR6600")));
    assert_int_equal(rig.meter.driver, METER_TEST);
    blank_board(HAL_ECR6600, "{}");
    assert_true(apply("{\"pins\":{\"0\":\"BL0937SEL_n\",\"1\":\"BL0937CF\",\"2\":\"BL0937CF1\"}}"));
    assert_int_equal(rig.meter.driver, METER_BL0937);
}

static void a_template_that_changes_nothing_touches_no_pin(void **state)
{
    (void)state;
    applied(&devices[1]);
    rig_click(0, 150, 700);
    host_calls_forget();
    assert_true(apply(json_of(&devices[1], "ECR6600")));
    assert_int_equal(host_calls(), 0);
    assert_true(simplug_relay(1));
}

static void a_command_that_starts_a_driver_runs_behind_the_pins(void **state)
{
    static const struct {
        const char *word;
        enum meter_driver driver;
    } meters[] = {{"BL0942", METER_BL0942}, {"bl0942", METER_BL0942}, {"CSE7766", METER_CSE7766}};
    unsigned n = 0;

    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        const struct device *d = &devices[i];

        if (!d->command || !(strstr(d->command, "tartDriver") || strstr(d->command, "tartdriver")))
            continue;
        applied(d);
        rig_run(3000);
        rig_restart(HAL_RESET_POWER);
        if (strstr(d->command, "delay_s 11")) {
            assert_int_equal(rig.meter.driver, METER_NONE);
            rig_run(11500);
        }
        assert_int_equal(rig.clock.ntp, strstr(d->command, "NTP") || strstr(d->command, "ntp"));
        assert_int_equal(rig.ssdp.on, strstr(d->command, "SSDP") != NULL);
        for (size_t m = 0; m < 3; m++)
            if (strstr(d->command, meters[m].word)) {
                assert_int_equal(rig.meter.driver, meters[m].driver);
                assert_true(host_first(HOST_UART_OPEN, HOST_ANY) >
                            host_first(HOST_PIN_DRIVE, HOST_ANY));
            }
        n++;
    }
    assert_int_equal(n, 12);
}

static void what_a_startup_command_sets_is_set(void **state)
{
    (void)state;
    applied(&devices[13]); /* time zone, statistics */
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_int_equal(rig.clock.offset_s, 13 * 3600);
    assert_true(rig.meter.stats);
    assert_int_equal(rig.meter.interval_s, 60);
    applied(&devices[31]); /* 9600 baud, two pins that are always high */
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_int_equal(host_uart(0).baud, 9600);
    assert_true(host_pin_level(8) && host_pin_level(9));
    assert_int_equal(rig.cmds.power_save, 1);
    applied(&devices[37]); /* constants by their old names */
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_in_range((int)(config_calibration(&rig.cfg, 0) * 1000), 15987124, 15987126);
    assert_in_range((int)(config_calibration(&rig.cfg, 1)), 272302, 272303);
    assert_in_range((int)(-config_calibration(&rig.cfg, 2) * 1000), 683023, 683025);
}

/* ---- use (c): channels that several pins share --------------------------------------------------- */

static void a_switch_of_three_gangs_moves_both_lines_and_the_led_of_each(void **state)
{
    static const struct {
        unsigned button, line, inverse, led, ch;
    } gangs[] = {{0, 14, 15, 21, 1}, {2, 22, 23, 16, 2}, {17, 24, 25, 20, 3}};

    (void)state;
    applied(&devices[1]);
    for (unsigned on = 1; on <= 2; on++)
        for (unsigned g = 0; g < 3; g++) {
            rig_click(gangs[g].button, 150, 700);
            for (unsigned other = 0; other < 3; other++) {
                const bool lit = on == 1 ? other <= g : other > g;

                assert_int_equal(channel_get(&rig, gangs[other].ch), lit);
                assert_int_equal(host_pin_level(gangs[other].line), lit);
                assert_int_equal(host_pin_level(gangs[other].inverse), !lit);
                assert_int_equal(simplug_lit(gangs[other].led), lit);
            }
        }
}

/* ---- uses (d) and (e) ---------------------------------------------------------------------------- */

static void a_template_without_flags_leaves_them_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        applied(&devices[i]);
        if (!devices[i].flags)
            assert_int_equal(config_flags(&rig.cfg), 1024);
    }
    assert_true(apply("{\"flags\":\"-2080373664\",\"pins\":{}}"));
    assert_true(config_flag(&rig.cfg, 5) && config_flag(&rig.cfg, 31) && config_flag(&rig.cfg, 63));
    assert_true(apply("{\"flags\":null,\"command\":null,\"pins\":{}}"));
    assert_true(config_flag(&rig.cfg, 5));
}

static void a_template_without_pins_clears_all_of_them(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}");
    rig_boot(HAL_RESET_POWER);
    assert_true(host_pin_driven(25));
    assert_true(apply(json_of(&devices[2], "ECR6600")));
    for (unsigned pin = 0; pin < PINS; pin++)
        assert_int_equal(config_role(&rig.cfg, pin), 0);
    assert_false(host_pin_driven(25));
}

/* ---- pressed ----------------------------------------------------------------------------------------- */

static void each_button_of_each_template_switches_its_relay(void **state)
{
    unsigned tried = 0;

    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        unsigned pin, ch, ch2;
        char name[32];
        uint8_t role;

        applied(&devices[i]);
        for (const char *at = devices[i].pins; next_pin(&at, &pin, name, &ch, &ch2);) {
            bool was;

            assert_true(role_parse(name, &role));
            if ((role != ROLE_BTN && role != ROLE_BTN_N) || !(pins_relays(&rig) >> ch & 1))
                continue;
            was = simplug_relay(ch);
            rig_click(pin, 150, 700);
            assert_int_equal(simplug_relay(ch), !was);
            rig_click(pin, 150, 700);
            assert_int_equal(simplug_relay(ch), was);
            tried++;
        }
    }
    assert_in_range(tried, 39, 60);
}

/* ---- the five plugs, from the button to the meter ------------------------------------------- */

enum { NONE = 255 };

struct hands_on {
    const struct device *template;
    unsigned button, relay, ch; /* pins; and the channel of both */
    unsigned led, wifi_led;     /* NONE: it has none */
};

static void connected(const struct device *d)
{
    applied(d);
    *host_ap(0) = (struct host_ap){.ssid = "home", .channel = 6, .rssi = -60};
    config_set_text(&rig.cfg, CFG_SSID, "home");
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    rig_run(20000);
}

static unsigned blinks(unsigned pin, uint32_t ms)
{
    unsigned n = 0;

    for (bool was = simplug_lit(pin); ms >= 5; ms -= 5) {
        rig_run(5);
        n += simplug_lit(pin) != was;
        was = simplug_lit(pin);
    }
    return n;
}

static void assert_switched(const struct hands_on *h, bool on)
{
    assert_int_equal(simplug_relay(h->ch), on);
    assert_int_equal(host_pin_level(h->relay), on);
    if (h->led != NONE)
        assert_int_equal(simplug_lit(h->led), on);
}

/* Within 1 %, below 5 W within 1 W, three seconds after the load has come. */
static void assert_measured(unsigned ch, double watt)
{
    struct simplug_truth t;

    simplug_load(ch, watt, 1);
    rig_run(3000);
    t = simplug_truth();
    if (fabs(rig.meter.value[METER_POWER] - t.watt) > (t.watt >= 5 ? t.watt / 100 : 1) ||
        fabs(rig.meter.value[METER_VOLTAGE] - t.volt) > t.volt / 100 ||
        (t.watt >= 5 && fabs(rig.meter.value[METER_CURRENT] - t.ampere) > t.ampere / 100))
        fail_msg("%g W: shows %g W %g V %g A", watt, rig.meter.value[METER_POWER],
                 rig.meter.value[METER_VOLTAGE], rig.meter.value[METER_CURRENT]);
}

static void works_from_button_to_meter(const struct hands_on *h)
{
    static const double watts[] = {0, 2, 5, 100, 3680, 40, 0};

    connected(h->template);
    assert_switched(h, false);
    if (h->wifi_led != NONE) {
        assert_int_equal(blinks(h->wifi_led, 3000), 0);
        assert_true(simplug_lit(h->wifi_led));
    }
    rig_click(h->button, 150, 700);
    assert_switched(h, true);
    for (size_t i = 0; i < sizeof watts / sizeof *watts; i++)
        assert_measured(h->ch, watts[i]);
    assert_true(rig.meter.value[METER_TOTAL] > 2);
    simplug_load(h->ch, 100, 1);
    rig_click(h->button, 150, 700);
    assert_switched(h, false);
    rig_run(10000);
    assert_true(rig.meter.value[METER_POWER] == 0);

    run("POWER ON"); /* over the network as well */
    assert_switched(h, true);
    run(h->ch ? "SetStartValue 1 -1" : "SetStartValue 0 -1");
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_switched(h, true);
    *host_ap(0) = (struct host_ap){.ssid = NULL};
    rig_run(20000);
    if (h->wifi_led != NONE)
        assert_in_range(blinks(h->wifi_led, 5000), 8, 11);
    assert_measured(h->ch, 60); /* without a network as with one */
    rig_click(h->button, 150, 700);
    assert_switched(h, false);
    assert_int_equal(host_pin_fights(), 0);
}

static void the_tnce_plug_with_an_ecr6600_works_from_button_to_meter(void **state)
{
    (void)state;
    works_from_button_to_meter(&(struct hands_on){&devices[0], 24, 25, 1, NONE, 22});
}

static void an_sm_028_with_its_button_on_gpio17_works_from_button_to_meter(void **state)
{
    (void)state;
    works_from_button_to_meter(&(struct hands_on){&devices[3], 17, 2, 1, 20, NONE});
    works_from_button_to_meter(&(struct hands_on){&devices[4], 17, 2, 0, 20, NONE});
}

static void an_sm_028_with_its_button_on_gpio22_works_from_button_to_meter(void **state)
{
    (void)state;
    works_from_button_to_meter(&(struct hands_on){&devices[5], 22, 2, 1, 20, NONE});
}

static void an_rmc021_with_a_bk7231n_works_from_button_to_meter(void **state)
{
    (void)state;
    works_from_button_to_meter(&(struct hands_on){&devices[26], 10, 26, 1, NONE, 8});
}

/* The maps as the people who convert these plugs write them down. */
static void the_templates_of_these_plugs_are_theirs(void **state)
{
    (void)state;
    assert_string_equal(
        devices[0].pins,
        "14 BL0937CF 0, 15 BL0937SEL 0, 20 BL0937CF1 0, 22 WifiLED 0, 24 Btn 1, 25 Rel 1");
    assert_string_equal(
        devices[3].pins,
        "2 Rel 1, 3 BL0937CF1 0, 14 BL0937CF 0, 17 Btn 1, 20 LED_n 1, 21 BL0937SEL 0");
    assert_string_equal(
        devices[5].pins,
        "2 Rel 1, 3 BL0937CF1 0, 14 BL0937CF 0, 20 LED_n 1, 21 BL0937SEL 0, 22 Btn 1");
    assert_string_equal(
        devices[26].pins,
        "6 BL0937CF1 0, 7 BL0937CF 0, 8 WifiLED_n 0, 10 Btn 1, 24 BL0937SEL 0, 26 Rel 1");
}

static void double_click(unsigned pin)
{
    rig_click(pin, 120, 120);
    rig_click(pin, 120, 800);
}

static void assert_relays(bool first, bool second)
{
    assert_int_equal(simplug_relay(1), first);
    assert_int_equal(simplug_relay(2), second);
}

/* One click for one relay, two for the other. */
static void press_both(void)
{
    assert_relays(false, false);
    rig_click(10, 150, 700);
    assert_relays(true, false);
    double_click(10);
    assert_relays(true, true);
    rig_click(10, 150, 700);
    assert_relays(false, true);
    double_click(10);
    assert_relays(false, false);
}

/* ECF-SOP02: BK7231T on a WB2S, one button for two relays. */
static void one_button_serves_two_relays_by_its_second_channel(void **state)
{
    const struct device d = {HAL_BK7231T, "ECF-SOP02", "10 Btn 1 2, 24 Rel 1, 26 Rel 2", "1024",
                             NULL};

    (void)state;
    applied(&d);
    press_both();
}

static void one_button_serves_two_relays_by_a_handler_of_the_startup_command(void **state)
{
    const struct device d = {HAL_BK7231T, "ECF-SOP02", "10 Btn 1, 24 Rel 1, 26 Rel 2", "1024",
                             "addEventHandler OnDblClick 10 ToggleChannel 2"};

    (void)state;
    applied(&d);
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    rig_run(6000);
    press_both();
    applied(&devices[20]); /* the same in a backlog, with one relay on from the start */
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    rig_run(6000);
    assert_relays(false, true);
    double_click(10);
    assert_relays(false, false);
    assert_string_equal(rig.ch.label[2], "USB");
}

/* Button and Relay, as templates were written at first. */
static void old_names_of_roles_are_understood(void **state)
{
    (void)state;
    blank_board(HAL_ECR6600, "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}");
    assert_true(apply("{\"pins\":{\"24\":\"Button;1\",\"25\":\" relay ; 1\"}}"));
    rig_click(24, 150, 700);
    assert_true(simplug_relay(1));
}

/* ---- what is none ---------------------------------------------------------------------------------- */

static void nothing_is_changed_by_a_template_that_cannot_be_used_whole(void **state)
{
    static const struct {
        const char *json, *why;
    } bad[] = {
        {"", "JSON"},
        {"[]", "JSON"},
        {"{\"pins\":{\"24\":\"Btn;1\"}", "JSON"},
        {"{}", "neither"},
        {"{\"name\":\"x\"}", "neither"},
        {"{\"pins\":[]}", "no object"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"24\":\"Rely;1\"},\"flags\":\"6\"}", "24"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"24\":\"Rel;64\"}}", "24"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"24\":\"Rel;-1\"}}", "24"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"24\":\"Btn;1;2;3\"}}", "24"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"24\":\"\"}}", "24"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"24\":1}}", "24"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"7\":\"Rel;2\"}}", "7"}, /* the flash's */
        {"{\"pins\":{\"22\":\"Rel;1\",\"26\":\"Rel;2\"}}", "26"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"P24\":\"Rel;2\"}}", "P24"},
        {"{\"pins\":{\"22\":\"Rel;1\",\"22\":\"Btn;1\"}}", "twice"},
        {"{\"pins\":{\"22\":\"Rel;1\"},\"flags\":\"many\"}", "flags"},
        {"{\"pins\":{\"22\":\"Rel;1\"},\"flags\":1.5}", "flags"},
        {"{\"pins\":{\"22\":\"Rel;1\"},\"flags\":{}}", "flags"},
        {"{\"pins\":{\"22\":\"Rel;1\"},\"command\":[]}", "command"},
        {"{\"pins\":{\"22\":\"Rel;1\"},\"chip\":\"BL602\"}", "chip"},
        {"{\"pins\":{\"22\":\"Rel;1\"},\"chip\":7}", "chip"},
    };

    (void)state;
    rig_new(HAL_ECR6600, "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}");
    rig_boot(HAL_RESET_POWER);
    rig_run(6000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t before[CONFIG_SIZE];

        memcpy(before, rig.cfg.rec, CONFIG_SIZE);
        host_calls_forget();
        if (apply(bad[i].json))
            fail_msg("%s was applied", bad[i].json);
        if (!strstr(why, bad[i].why))
            fail_msg("%s: %s", bad[i].json, why);
        assert_memory_equal(before, rig.cfg.rec, CONFIG_SIZE);
        assert_int_equal(host_calls(), 0);
        assert_false(rig.cfg.dirty);
    }
}

static void a_command_of_511_characters_is_taken_and_one_more_is_not(void **state)
{
    (void)state;
    blank_board(HAL_ECR6600, "{}");
    snprintf(text, sizeof text, "{\"command\":\"%0511d\"}", 0);
    assert_true(apply(text));
    assert_int_equal(strlen(config_text(&rig.cfg, CFG_STARTUP)), 511);
    snprintf(text, sizeof text, "{\"command\":\"%0512d\"}", 0);
    assert_false(apply(text));
    assert_non_null(strstr(why, "511"));
    assert_true(apply("{\"command\":\"\"}"));
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), "");
}

/* Modules with T and N have the same pins, and people use each other's templates. */
static void a_template_of_a_bk7231t_is_taken_by_a_bk7231n(void **state)
{
    (void)state;
    blank_board(HAL_BK7231N, "{}");
    assert_true(apply(json_of(&devices[14], "BK7231T")));
    assert_false(apply(json_of(&devices[14], "ECR6600")));
}

/* ---- and back ---------------------------------------------------------------------------------------- */

static void an_exported_template_makes_the_same_plug_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        char json[2048], again[2048];
        struct out o;

        applied(&devices[i]);
        out_init(&o, json, sizeof json);
        template_export(&rig, &o);
        assert_false(o.over);
        blank_board(devices[i].family, "{}");
        if (!apply(json))
            fail_msg("%s: %s", json, why);
        out_init(&o, again, sizeof again);
        template_export(&rig, &o);
        assert_string_equal(json, again);
    }
}

static void an_export_is_as_schemas_of_templates_want_it(void **state)
{
    char json[1024];
    struct out o;

    (void)state;
    rig_new(HAL_ECR6600, "{\"24\":\"Btn;1;2\",\"25\":\"Rel;1\"}");
    config_set_text(&rig.cfg, CFG_STARTUP, "echo \"a\nb\"");
    rig_boot(HAL_RESET_POWER);
    out_init(&o, json, sizeof json);
    template_export(&rig, &o);
    assert_string_equal(json,
                        "{\"vendor\":\"\",\"bDetailed\":\"0\",\"name\":\"OpenECR6600_CCDDEEFF\","
                        "\"model\":\"\",\"chip\":\"ECR6600\",\"board\":\"\",\"flags\":\"1024\","
                        "\"pins\":{\"24\":\"Btn;1;2\",\"25\":\"Rel;1\"},"
                        "\"command\":\"echo \\\"a\\nb\\\"\"}");
}

/* ---- what Tuya's firmware kept --------------------------------------------------------------- */

static void assert_pin(unsigned pin, unsigned role, unsigned ch)
{
    if (config_role(&rig.cfg, pin) != role || config_channel(&rig.cfg, pin, 0) != ch)
        fail_msg("pin %u is %s of channel %u, not %s of %u", pin,
                 role_name(config_role(&rig.cfg, pin)), config_channel(&rig.cfg, pin, 0),
                 role_name(role), ch);
}

static unsigned pins_used(void)
{
    unsigned n = 0;

    for (unsigned pin = 0; pin < PINS; pin++)
        n += config_role(&rig.cfg, pin) != ROLE_NONE;
    return n;
}

/* Without quotes and with a comma at its end, as it stands in a flash. */
static void settings_of_tuya_are_a_template(void **state)
{
    (void)state;
    blank_board(HAL_BK7231N, "{\"6\":\"Rel;1\"}");
    assert_true(apply("{reset_t:3,netled1_pin:26,rl1_lv:1,bt_type:0,led1_pin:8,module:CB2S,"
                      "netled1_lv:1,led1_lv:0,total_bt_pin:7,total_bt_lv:0,ch_num:1,rl1_pin:6,"
                      "crc:101,}"));
    assert_int_equal(pins_used(), 4);
    assert_pin(6, ROLE_REL, 1);
    assert_pin(7, ROLE_BTN_ALL, 1);
    assert_pin(8, ROLE_LED_N, 1);
    assert_pin(26, ROLE_WIFI_LED, 0);
    run("POWER ON");
    assert_true(simplug_relay(1));
}

static void they_may_be_json_and_every_level_may_be_the_other(void **state)
{
    (void)state;
    blank_board(HAL_BL602, "{}");
    assert_true(apply(" { \"rl1_pin\" : \"2\", \"rl1_lv\" : 0 ,\"rl2_pin\":3, \"rl2_lv\":\"1\",\n"
                      "\"bt1_pin\":4,\"bt1_lv\":1,\"bt2_pin\":5,\"led2_pin\":14,\"led2_lv\":1,"
                      "\"wfst_pin\":17,\"onoff2\":20,\"reset_pin\":21,\"module\":\"\"}"));
    assert_int_equal(pins_used(), 8);
    assert_pin(2, ROLE_REL_N, 1);
    assert_pin(3, ROLE_REL, 2);
    assert_pin(4, ROLE_BTN_N, 1);
    assert_pin(5, ROLE_BTN, 2);
    assert_pin(14, ROLE_LED, 2);
    assert_pin(17, ROLE_WIFI_LED_N, 0);
    assert_pin(20, ROLE_TOGGLE, 2);
    assert_pin(21, ROLE_BTN, 0);
}

static void their_meter_starts_at_once(void **state)
{
    (void)state;
    blank_board(HAL_ECR6600, "{\"14\":\"BL0937CF;0\",\"15\":\"BL0937SEL;0\",\"20\":\"BL0937CF1;0\","
                             "\"25\":\"Rel;1\"}");
    assert_true(apply("{ele_pin:14,sel_pin_pin:15,vi_pin:20,rl_pin:25,key_pin:24}"));
    assert_pin(25, ROLE_REL, 1);
    assert_pin(24, ROLE_BTN_ALL, 1);
    assert_int_equal(rig.meter.driver, METER_BL0937);
}

static void a_pin_with_two_uses_has_the_one_that_switches(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        blank_board(HAL_BK7231T, "{}");
        assert_true(apply(turn ? "{rl1_pin:6,led1_pin:6,netled_pin:8,led2_pin:8}"
                               : "{led2_pin:8,netled_pin:8,led1_pin:6,rl1_pin:6}"));
        assert_pin(6, ROLE_REL, 1);
        assert_pin(8, ROLE_LED, 2);
        assert_int_equal(pins_used(), 2);
    }
}

static void settings_of_tuya_that_cannot_be_used_change_nothing(void **state)
{
    static const char *const bad[][2] = {
        {"{rl1_pin:99}", "rl1_pin: this chip has no such pin"},
        {"{rl1_pin:}", "rl1_pin: this chip has no such pin"},
        {"{bt1_pin:24,rl1_pin:-1}", "rl1_pin: this chip has no such pin"},
        {"{rl64_pin:25}", "rl64_pin: there are not so many channels"},
        {"{rl1_pin:25,module:CB2S}", "it is for another chip than ECR6600"},
        {"{rlx_pin:25,rl1_lv:1}", "it is no JSON object"},
        {"{\"rlx_pin\":25}", "it has neither pins nor flags nor a command"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        blank_board(HAL_ECR6600, "{}");
        config_set_pin(&rig.cfg, 25, ROLE_REL, 1, 0);
        why[0] = '\0';
        assert_false(apply(bad[i][0]));
        assert_string_equal(why, bad[i][1]);
        assert_pin(25, ROLE_REL, 1);
        assert_int_equal(pins_used(), 1);
    }
}

static void settings_of_tuya_may_end_anywhere(void **state)
{
    static const char whole[] = "{\"rl1_pin\":\"25\",\"rl1_lv\": 1 ,led1_pin:22,\"module\":\"X\",}";

    (void)state;
    blank_board(HAL_ECR6600, "{}");
    for (size_t len = 0; len < sizeof whole; len++) {
        char *copy = malloc(len ? len : 1); /* nothing behind it may be looked at */
        struct out o;

        assert_non_null(copy);
        memcpy(copy, whole, len);
        out_init(&o, why, sizeof why);
        template_apply(&rig, copy, len, &o);
        free(copy);
    }
    assert_pin(25, ROLE_REL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_the_39_templates_is_applied_as_it_says),
        cmocka_unit_test(a_template_is_the_same_as_the_commands_of_the_importer),
        cmocka_unit_test(each_command_of_a_template_is_known_here),
        cmocka_unit_test(pins_of_a_bl0937_start_it_at_once_and_at_each_start),
        cmocka_unit_test(a_template_that_forbids_drivers_starts_none),
        cmocka_unit_test(
            a_bl0937_without_its_select_line_or_with_another_meter_running_is_not_started),
        cmocka_unit_test(a_template_that_changes_nothing_touches_no_pin),
        cmocka_unit_test(a_command_that_starts_a_driver_runs_behind_the_pins),
        cmocka_unit_test(what_a_startup_command_sets_is_set),
        cmocka_unit_test(a_switch_of_three_gangs_moves_both_lines_and_the_led_of_each),
        cmocka_unit_test(a_template_without_flags_leaves_them_as_they_are),
        cmocka_unit_test(a_template_without_pins_clears_all_of_them),
        cmocka_unit_test(each_button_of_each_template_switches_its_relay),
        cmocka_unit_test(the_templates_of_these_plugs_are_theirs),
        cmocka_unit_test(the_tnce_plug_with_an_ecr6600_works_from_button_to_meter),
        cmocka_unit_test(an_sm_028_with_its_button_on_gpio17_works_from_button_to_meter),
        cmocka_unit_test(an_sm_028_with_its_button_on_gpio22_works_from_button_to_meter),
        cmocka_unit_test(an_rmc021_with_a_bk7231n_works_from_button_to_meter),
        cmocka_unit_test(one_button_serves_two_relays_by_its_second_channel),
        cmocka_unit_test(one_button_serves_two_relays_by_a_handler_of_the_startup_command),
        cmocka_unit_test(old_names_of_roles_are_understood),
        cmocka_unit_test(nothing_is_changed_by_a_template_that_cannot_be_used_whole),
        cmocka_unit_test(a_command_of_511_characters_is_taken_and_one_more_is_not),
        cmocka_unit_test(a_template_of_a_bk7231t_is_taken_by_a_bk7231n),
        cmocka_unit_test(an_exported_template_makes_the_same_plug_again),
        cmocka_unit_test(an_export_is_as_schemas_of_templates_want_it),
        cmocka_unit_test(settings_of_tuya_are_a_template),
        cmocka_unit_test(they_may_be_json_and_every_level_may_be_the_other),
        cmocka_unit_test(their_meter_starts_at_once),
        cmocka_unit_test(a_pin_with_two_uses_has_the_one_that_switches),
        cmocka_unit_test(settings_of_tuya_that_cannot_be_used_change_nothing),
        cmocka_unit_test(settings_of_tuya_may_end_anywhere),
    };

    return cmocka_run_group_tests_name("templates", tests, NULL, NULL);
}
