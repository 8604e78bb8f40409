/* The pages as a person has them on a phone: what is on them, what their forms do, what names
 * from outside may not do to them. */
#include "support/web.h"

#include <stdlib.h>

#include "core/json.h"

#define PLUG                                                                                       \
    "{\"14\":\"BL0937CF;0\",\"15\":\"BL0937SEL;0\",\"20\":\"BL0937CF1;0\",\"22\":\"WifiLED;0\","   \
    "\"24\":\"Btn;1\",\"25\":\"Rel;1\",\"26\":\"dInput;3\"}"
#define HOSTILE "\"><script>alert('x')</script>&<!--"

static const char *const pages[] = {
    "/",
    "/index",
    "/about",
    "/cfg",
    "/cfg_pins",
    "/cfg_generic",
    "/cfg_startup",
    "/startup_command",
    "/cfg_wifi",
    "/cfg_wifi?scan=1",
    "/cfg_wifi?scan=2",
    "/cfg_ip",
    "/cfg_mqtt",
    "/ha_cfg",
    "/cfg_name",
    "/cfg_ping",
    "/cfg_webapp",
    "/cfg_template",
    "/cmd_tool",
    "/ota",
    "/logs",
    "/app",
};
#define PAGES (sizeof pages / sizeof pages[0])

static int up(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, PLUG);
    rig_boot(HAL_RESET_POWER);
    return 0;
}

static int all_back(void **state)
{
    (void)state;
    assert_int_equal(web_busy(), 0);
    return 0;
}

static void assert_page(const char *target)
{
    const struct answer a = web_get(target);
    const char *wrong = web_html(a.body);

    if (a.status != 200 || wrong)
        fail_msg("%s: %d, %s\n%s", target, a.status, wrong ? wrong : "", a.body);
    if (strncmp(a.body, "<!DOCTYPE html>", 15) != 0)
        fail_msg("%s has no beginning", target);
}

static void the_checker_sees_what_is_wrong(void **state)
{
    (void)state;
    assert_null(web_html("<!DOCTYPE html><p a=\"b>c\" d='e' f>x &amp; y<br></p>"));
    assert_non_null(web_html("<p><b></p></b>"));
    assert_non_null(web_html("<p>"));
    assert_non_null(web_html("<p a=b></p>"));
    assert_non_null(web_html("<p a=\"b\"\"c\"></p>"));
    assert_non_null(web_html("<p>a & b</p>"));
    assert_non_null(web_html("<p>a > b</p>"));
    assert_non_null(web_html("<script>"));
}

static void each_page_is_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAGES; i++)
        assert_page(pages[i]);
}

/* Every text of the record as full as it gets, with what would break out of where it stands. */
static void hostile_names_stay_text_on_each_page(void **state)
{
    static const char *const evil[] = {
        HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE
            HOSTILE HOSTILE HOSTILE HOSTILE HOSTILE,
        "''''''''''''''''''''''''''''''''''''''''''''''''''''''''"
        "''''''''''''''''''''''''''''''''''''''''''''''''''''''''"};
    char text[512];

    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        for (unsigned t = 0; t < CFG_TEXTS; t++) {
            if (t == CFG_WEB_PASSWORD)
                continue;
            for (size_t n = strlen(evil[kind]); n; n--) {
                snprintf(text, sizeof text, "%.*s", (int)n, evil[kind]);
                if (config_set_text(&rig.cfg, (enum config_text)t, text))
                    break;
            }
        }
        for (unsigned ch = 0; ch < CHANNELS; ch++) {
            memset(rig.ch.label[ch], "\"'"[kind], CHANNEL_LABEL - 1);
            config_set_channel_type(&rig.cfg, ch, ch % 2 ? CHANNEL_TOGGLE : 2);
        }
        config_set_text(&rig.cfg, CFG_WEBAPP, "https://a/\"><script>alert(1)</script>");
        for (size_t i = 0; i < PAGES; i++) {
            assert_page(pages[i]);
            assert_null(strstr(web_get(pages[i]).body, "<script>alert"));
        }
        assert_null(web_html(web_get("/index?state=1").body));
    }
}

static void a_hostile_network_on_the_air_stays_text(void **state)
{
    struct answer a = {0};

    (void)state;
    *host_ap(0) = (struct host_ap){.ssid = "<b>\"'&", .rssi = -40, .channel = 3};
    web_get("/cfg_wifi?scan=1");
    for (unsigned i = 0; i < 20; i++) {
        rig_run(1000);
        a = web_get("/cfg_wifi?scan=2");
        if (strstr(a.body, "dBm"))
            break;
    }
    assert_non_null(strstr(a.body, "&lt;b&gt;&quot;&#39;&amp;"));
    assert_null(web_html(a.body));
}

/* A plug that passwords were given to never says them again. */
static void secrets_are_on_no_page(void **state)
{
    static const enum config_text secrets[] = {CFG_PASSWORD, CFG_PASSWORD2, CFG_MQTT_PASSWORD};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_true(config_set_text(&rig.cfg, secrets[i], "s3cr3t!s3cr3t"));
    for (size_t i = 0; i < PAGES; i++)
        assert_null(strstr(web_get(pages[i]).body, "s3cr3t"));
    assert_null(strstr(web_get("/lograw").body, "s3cr3t"));
    assert_null(strstr(web_get("/api/info").body, "s3cr3t"));
    assert_null(strstr(web_get("/cm?cmnd=STATUS%200").body, "s3cr3t"));
}

static void pages_take_nothing_from_elsewhere(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < PAGES; i++) { /* /app is a way to elsewhere */
        const struct answer a = web_get(pages[i]);
        const char *at = a.body;

        while ((at = strstr(at, "://")) != NULL) {
            if (strncmp(at - 5, "https://openbeken", 17) != 0) /* text in a field */
                fail_msg("%s: %.60s", pages[i], at - 8);
            at++;
        }
        assert_null(strstr(a.body, " src="));
        assert_non_null(strstr(a.body, "width=device-width"));
    }
}

/* ---- switching ----------------------------------------------------------------------- */

static void a_press_on_the_page_switches_and_a_reload_does_not(void **state)
{
    struct answer a = web_post("/index", "tgl=1");

    (void)state;
    assert_int_equal(a.status, 303);
    assert_string_equal(web_line(&a, "Location"), "/index");
    assert_true(simplug_relay(1));
    assert_non_null(strstr(web_get("/index").body, "ON</button>"));
    web_get("/index");
    assert_true(simplug_relay(1));
}

static void queries_of_the_field_switch(void **state)
{
    (void)state;
    web_get("/index?on=1");
    assert_true(simplug_relay(1));
    web_get("/index?off=1");
    assert_false(simplug_relay(1));
    web_get("/index?set=1&setIndex=1");
    assert_true(simplug_relay(1));
    web_get("/?tgl=1");
    assert_false(simplug_relay(1));
    web_get("/index?dim=40&dimIndex=5");
    assert_int_equal(channel_get(&rig, 5), 40);
    web_get("/index?pwm=41&pwmIndex=5");
    assert_int_equal(channel_get(&rig, 5), 41);
    assert_int_equal(web_get("/index?tgl=64").status, 400);
    assert_int_equal(web_get("/index?tgl=-1").status, 400);
    assert_int_equal(web_get("/index?set=1").status, 400);
}

static void the_values_of_the_page_live(void **state)
{
    struct answer a;

    (void)state;
    simplug_load(1, 500, 1);
    web_get("/index?on=1");
    rig_run(20000);
    a = web_get("/index?state=1");
    assert_int_equal(a.status, 200);
    assert_null(strstr(a.body, "<html"));
    assert_non_null(strstr(a.body, "Voltage"));
    assert_non_null(strstr(a.body, "ON</button>"));
    assert_null(web_html(a.body));
}

static void a_switch_that_is_hidden_is_not_there(void **state)
{
    (void)state;
    rig.ch.hidden = 2;
    assert_null(strstr(web_get("/index").body, "name=\"tgl\""));
}

/* §10 (3, 4): what safe mode is, is said, and there is a way out. */
static void safe_mode_is_told_and_left_by_the_page(void **state)
{
    (void)state;
    rig.safe_mode = true;
    assert_non_null(strstr(web_get("/index").body, "Safe mode"));
    assert_int_equal(web_post("/index", "tgl=1").status, 409);
    assert_int_equal(web_post("/index?unsafe=1", "").status, 303);
    assert_false(rig.safe_mode);
}

static void a_restart_comes_after_its_answer(void **state)
{
    (void)state;
    assert_int_equal(web_post("/index?restart=1", "").status, 303);
    assert_int_equal(rig_restarts, 0);
    rig_run(3000);
    assert_int_equal(rig_restarts, 1);
}

/* §10 (22): flag 41 is one tick on a page. */
static void the_button_is_locked_by_a_tick(void **state)
{
    (void)state;
    web_post("/cfg_generic", "setFlags=1&flag10=1&flag41=1");
    assert_true(config_flag(&rig.cfg, 41));
    rig_click(24, 150, 1000);
    assert_false(simplug_relay(1));
    web_post("/cfg_generic", "setFlags=1&flag10=1");
    assert_false(config_flag(&rig.cfg, 41));
    assert_true(config_flag(&rig.cfg, 10));
}

/* ---- settings ------------------------------------------------------------------------ */

static void flags_the_page_does_not_show_stay(void **state)
{
    (void)state;
    config_set_flags(&rig.cfg, (uint64_t)1 << 5 | 1 << 10);
    web_get("/cfg_generic?setFlags=1&flag2=1&boot_ok_delay=30");
    assert_true(config_flags(&rig.cfg) == ((uint64_t)1 << 5 | 1 << 2));
    assert_int_equal(config_number(&rig.cfg, CFG_BOOT_SECONDS), 30);
    assert_int_equal(web_get("/cfg_generic?boot_ok_delay=256").status, 400);
}

static void pins_are_saved_at_once_by_number_or_name(void **state)
{
    (void)state;
    assert_int_equal(web_get("/cfg_pins?2=5&r2=7").status, 303);
    assert_int_equal(config_role(&rig.cfg, 2), 5);
    assert_int_equal(config_channel(&rig.cfg, 2, 0), 7);
    assert_int_equal(web_post("/cfg_pins", "2=Btn&r2=7&e2=8").status, 303);
    rig_restart(HAL_RESET_POWER);
    assert_int_equal(config_role(&rig.cfg, 2), 3);
    assert_int_equal(config_channel(&rig.cfg, 2, 1), 8);
    assert_int_equal(config_role(&rig.cfg, 25), 1);
    assert_int_equal(web_post("/cfg_pins", "2=&25=NoSuchRole").status, 400);
    assert_int_equal(config_role(&rig.cfg, 2), 3);
    assert_int_equal(web_post("/cfg_pins", "r2=256").status, 400);
}

/* What the form itself sends changes nothing: no relay moves, no pin is set up anew. */
static void saving_pins_as_they_are_moves_nothing(void **state)
{
    (void)state;
    web_get("/index?on=1");
    rig_run(100);
    simplug_forget();
    web_post("/cfg_pins", "14=BL0937CF&r14=0&e14=0&24=Btn&r24=1&e24=0&25=Rel&r25=1&e25=0");
    rig_run(100);
    assert_int_equal(simplug_moves(1, NULL, 0), 0);
    assert_true(simplug_relay(1));
}

static unsigned times(const char *text, const char *part)
{
    unsigned n = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

/* The original has two RX0 and two TX0 on an ECR6600, names of UARTs instead of pins. */
static void each_pin_is_labelled_once_by_its_chip(void **state)
{
    (void)state;
    for (int f = 0; f < HAL_FAMILIES; f++) {
        const char *page;

        rig_new((enum hal_family)f, "{}");
        rig_boot(HAL_RESET_POWER);
        page = web_get("/cfg_pins").body;
        for (unsigned pin = 0; pin < 32; pin++) {
            char label[32];

            snprintf(label, sizeof label, ">%s%u<", f == HAL_BL602 ? "IO" : "P", pin);
            assert_int_equal(times(page, label), hal_pin_usable(pin));
        }
        assert_null(strstr(page, "RX"));
        assert_null(strstr(page, "TX"));
    }
}

static void wifi_is_changed_after_the_answer_and_the_relay_stays(void **state)
{
    (void)state;
    web_get("/index?on=1");
    assert_int_equal(web_post("/cfg_wifi_set", "ssid=My+Net%21&pass=abc%26defgh").status, 303);
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "My Net!");
    assert_string_equal(config_text(&rig.cfg, CFG_PASSWORD), "abc&defgh");
    rig_run(8000);
    assert_int_equal(rig_restarts, 0);
    assert_true(simplug_relay(1));
    /* As the form comes back, with nothing typed: all stays. */
    web_post("/cfg_wifi_set", "ssid=My+Net%21&pass=&ssid2=&pass2=&web_admin_password=");
    assert_string_equal(config_text(&rig.cfg, CFG_PASSWORD), "abc&defgh");
    web_get("/cfg_wifi_set?ssid=Other&pass=");
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "Other");
    assert_string_equal(config_text(&rig.cfg, CFG_PASSWORD), "");
}

static void a_name_that_is_too_long_changes_nothing(void **state)
{
    char form[600] = "pass=newpassword&ssid=";

    (void)state;
    config_set_text(&rig.cfg, CFG_SSID, "old");
    memset(form + strlen(form), 's', 400);
    assert_int_equal(web_post("/cfg_wifi_set", form).status, 400);
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "old");
    assert_string_equal(config_text(&rig.cfg, CFG_PASSWORD), "");
    assert_int_equal(web_post("/cfg_name", form).status, 200);
    memcpy(form, "shortName=a&name=aaaaa", 22);
    assert_int_equal(web_post("/cfg_name", form).status, 400);
    assert_string_not_equal(config_text(&rig.cfg, CFG_SHORT_NAME), "a");
}

static void the_pages_get_a_password_and_lose_it(void **state)
{
    static const char auth[] = "Authorization: Basic YWRtaW46cGx1ZzE=\r\n"
                               "Content-Type: application/x-www-form-urlencoded\r\n";

    (void)state;
    assert_int_equal(
        web_post("/cfg_wifi_set", "web_admin_password_enabled=1&web_admin_password=four").status,
        400);
    web_post("/cfg_wifi_set", "web_admin_password_enabled=1&web_admin_password=plug1");
    assert_int_equal(web_get("/index").status, 401);
    web_send("POST", "/cfg_wifi_set", auth, "ssid=x&pass=y", 13);
    assert_int_equal(web_get("/index").status, 401);
    web_send("POST", "/cfg_wifi_set", auth, "web_admin_password=", 19);
    assert_int_equal(web_get("/index").status, 200);
}

static void the_other_forms_do_what_they_say(void **state)
{
    uint8_t ip[4], mask[4], gate[4], dns[4];

    (void)state;
    web_post("/cfg_mqtt_set",
             "host=broker.lan&port=1884&client=plug_1&group=all&user=u&password=p");
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_HOST), "broker.lan");
    assert_int_equal(config_number(&rig.cfg, CFG_MQTT_PORT), 1884);
    web_post("/cfg_mqtt_set", "host=broker.lan&password=");
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_PASSWORD), "p");
    assert_int_equal(web_post("/cfg_mqtt_set", "host=x&port=0").status, 400);
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_HOST), "broker.lan");
    web_get("/cfg_ip?IP=192.168.1.9&mask=255.255.255.0&dns=192.168.1.1&gate=192.168.1.2");
    config_static_ip(&rig.cfg, ip, mask, gate, dns);
    assert_memory_equal(ip, "\xc0\xa8\x01\x09", 4);
    assert_memory_equal(gate, "\xc0\xa8\x01\x02", 4);
    assert_memory_equal(dns, "\xc0\xa8\x01\x01", 4);
    assert_int_equal(web_get("/cfg_ip?IP=192.168.1").status, 400);
    assert_int_equal(web_get("/cfg_ip?IP=192.168.1.256").status, 400);
    assert_int_equal(web_get("/cfg_ip?IP=1.2.3.4.5").status, 400);
    web_post("/cfg_startup", "idx=1&value=-1");
    assert_int_equal(config_start(&rig.cfg, 1), -1);
    web_get("/startup_command?data=backlog+SetChannel+1+1%3B%20Flags+1024&startup_cmd=1");
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), "backlog SetChannel 1 1; Flags 1024");
    web_post("/cfg_name", "shortName=lamp&name=Lamp+at+the+door");
    assert_non_null(strstr(web_get("/index").body, "<h1>Lamp at the door</h1>"));
    web_post("/cfg_webapp_set", "url=http://app/");
    assert_string_equal(config_text(&rig.cfg, CFG_WEBAPP), "http://app/");
    web_post("/cfg_ping", "host=10.0.0.1&disconnectTime=60&interval=5");
    assert_int_equal(config_number(&rig.cfg, CFG_PING_SECONDS), 60);
    assert_int_equal(config_number(&rig.cfg, CFG_PING_INTERVAL), 5);
    assert_int_equal(web_post("/cfg_ping", "interval=86401").status, 400);
    assert_int_equal(web_post("/cfg_ping", "disconnectTime=-1").status, 400);
    assert_string_equal(config_text(&rig.cfg, CFG_PING_HOST), "10.0.0.1");
    web_post("/cfg_ping", "clear=1");
    assert_string_equal(config_text(&rig.cfg, CFG_PING_HOST), "");
    assert_int_equal(config_number(&rig.cfg, CFG_PING_INTERVAL), 0);
    web_get("/cfg_loglevel_set?loglevel=4");
    assert_int_equal(rig.log.level, 4);
    web_get("/pmntp?EPOCH=1700000000&OFFSET=3600");
    assert_true(rig.clock.synced);
    assert_int_equal(rig.clock.offset_s, 3600);
    assert_int_equal(web_get("/pmntp?EPOCH=1&OFFSET=3600").status, 400);
    assert_non_null(strstr(web_post("/cmd_tool", "cmd=Flags").body, "&quot;Flags&quot;"));
    assert_non_null(strstr(web_post("/cmd_tool", "cmd=NoSuchThing").body, "unknown"));
    assert_null(web_html(web_post("/cmd_tool", "cmd=STATUS+0").body));
    assert_non_null(strstr(web_get("/lograw").body, "\n"));
}

static void a_template_pasted_into_the_page_is_the_plug(void **state)
{
    static const char raw[] =
        "template={\"pins\":{\"24\":\"Btn;2\",\"25\":\"Rel;2\"},\"flags\":\"1088\"}\r\n";
    struct answer a =
        web_send("POST", "/cfg_template", "Content-Type: text/plain\r\n", raw, sizeof raw - 1);

    (void)state;
    assert_int_equal(a.status, 303);
    assert_int_equal(config_channel(&rig.cfg, 25, 0), 2);
    assert_true(config_flags(&rig.cfg) == 1088);
    assert_non_null(strstr(web_get("/cfg_template").body, "&quot;25&quot;:&quot;Rel;2&quot;"));
    assert_int_equal(web_post("/cfg_template", "template=%7B%22pins%22%3A%7B%2225%22%3A%22Rel%3B3"
                                               "%22%7D%7D")
                         .status,
                     303);
    assert_int_equal(config_channel(&rig.cfg, 25, 0), 3);
    assert_int_equal(web_post("/cfg_template", "template={\"pins\":{\"25\":\"Nothing;3\"}}").status,
                     400);
    assert_int_equal(config_channel(&rig.cfg, 25, 0), 3);
}

static void a_flash_that_takes_nothing_is_told(void **state)
{
    (void)state;
    rig.store.ready = false;
    assert_int_equal(web_post("/cfg_name", "shortName=lamp").status, 500);
}

static void ssdp_is_there_when_it_is_on(void **state)
{
    (void)state;
    assert_int_equal(web_get("/ssdp.xml").status, 404);
    ssdp_start(&rig);
    assert_int_equal(web_get("/ssdp.xml").status, 200);
    assert_null(strchr(web_get("/ssdp.xml").body, '\1'));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, all_back)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_checker_sees_what_is_wrong),
        TEST(each_page_is_well_formed),
        TEST(hostile_names_stay_text_on_each_page),
        TEST(a_hostile_network_on_the_air_stays_text),
        TEST(secrets_are_on_no_page),
        TEST(pages_take_nothing_from_elsewhere),
        TEST(a_press_on_the_page_switches_and_a_reload_does_not),
        TEST(queries_of_the_field_switch),
        TEST(the_values_of_the_page_live),
        TEST(a_switch_that_is_hidden_is_not_there),
        TEST(safe_mode_is_told_and_left_by_the_page),
        TEST(a_restart_comes_after_its_answer),
        TEST(the_button_is_locked_by_a_tick),
        TEST(flags_the_page_does_not_show_stay),
        TEST(pins_are_saved_at_once_by_number_or_name),
        TEST(saving_pins_as_they_are_moves_nothing),
        TEST(each_pin_is_labelled_once_by_its_chip),
        TEST(wifi_is_changed_after_the_answer_and_the_relay_stays),
        TEST(a_name_that_is_too_long_changes_nothing),
        TEST(the_pages_get_a_password_and_lose_it),
        TEST(the_other_forms_do_what_they_say),
        TEST(a_template_pasted_into_the_page_is_the_plug),
        TEST(a_flash_that_takes_nothing_is_told),
        TEST(ssdp_is_there_when_it_is_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
