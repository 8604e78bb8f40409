/* What tools of the field ask a plug over HTTP, request by request as they send it: scanners,
 * the flash reader, the web application, updates. */
#include <stdlib.h>

#include "support/ota_boots.h"
#include "support/web.h"

#include "core/json.h"
#include "image/make.h"
#include "image/make_bl.h"

#define PLUG "{\"14\":\"BL0937CF;0\",\"22\":\"WifiLED;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

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
    assert_null(rig.http.uploads);
    return 0;
}

static struct answer api(const char *method, const char *target, const char *body)
{
    return web_send(method, target, "Content-Type: application/json\r\n", body,
                    body ? strlen(body) : 0);
}

static struct json all_of(const struct answer *a)
{
    const struct json v = json_parse(a->body, a->len);

    if (v.kind == JSON_NONE)
        fail_msg("not JSON: %s", a->body);
    return v;
}

static struct json member(const struct answer *a, const char *name)
{
    const struct json v = all_of(a);

    return json_member(&v, name);
}

static void assert_member(const struct answer *a, const char *name, const char *expected)
{
    const struct json v = member(a, name);

    if (v.len != strlen(expected) || memcmp(v.text, expected, v.len) != 0)
        fail_msg("%s is %.*s, not %s", name, (int)v.len, v.kind ? v.text : "", expected);
}

static unsigned count(const struct json *array)
{
    struct json key, value;
    size_t at = 0;
    unsigned n = 0;

    while (json_next(array, &at, &key, &value))
        n++;
    return n;
}

/* ---- being found ------------------------------------------------------------------------ */

static void a_scanner_knows_the_plug_by_its_sdk(void **state)
{
    struct answer a = web_get("/cm?user=admin&password=&cmnd=STATUS%200");
    struct json fwr = member(&a, "StatusFWR"), sdk = json_member(&fwr, "SDK");
    struct json sts = member(&a, "StatusSTS"), power = json_member(&sts, "POWER");

    (void)state;
    assert_int_equal(a.status, 200);
    assert_int_equal(sdk.len, 5);
    assert_memory_equal(sdk.text, "\"obk\"", 5);
    assert_int_equal(power.kind, JSON_STRING);
    assert_int_equal(count(&(struct json){JSON_OBJECT, a.body, a.len}), 10);
}

static void info_has_what_the_device_list_shows(void **state)
{
    struct answer a;
    char text[512];

    (void)state;
    memset(text, '"', 511);
    text[511] = '\0';
    for (unsigned full = 0; full < 2; full++) {
        a = web_get("/api/info");
        assert_int_equal(a.status, 200);
        assert_member(&a, "mac", "\"AA:BB:CC:DD:EE:FF\"");
        assert_member(&a, "chipset", "\"ECR6600\"");
        assert_member(&a, "flags", "\"1024\"");
        assert_member(&a, "supportsClientDeviceDB", "true");
        assert_member(&a, "supportsSSDP", "0");
        assert_int_equal(member(&a, "uptime_s").kind, JSON_NUMBER);
        assert_int_equal(member(&a, "ip").kind, JSON_STRING);
        assert_int_equal(member(&a, "startcmd").len, full ? 2 + 2 * 511 : 2);
        config_set_text(&rig.cfg, CFG_STARTUP, text);
        config_set_text(&rig.cfg, CFG_MQTT_HOST, text + 511 - 255);
    }
    assert_int_equal(member(&a, "mqtthost").len, 2 + 2 * 255 + 5);
}

static void a_text_in_pieces_is_cut_between_characters(void **state)
{
    char text[512] = "x", have[512];
    struct answer a;
    struct json v;

    (void)state;
    while (strlen(text) < 500)
        strcat(text, "\xe2\x82\xac");
    assert_true(config_set_text(&rig.cfg, CFG_STARTUP, text));
    a = web_get("/api/info");
    v = member(&a, "startcmd");
    assert_true(json_string(&v, have, sizeof have));
    assert_string_equal(have, text);
}

/* ---- commands ------------------------------------------------------------------------- */

static void cm_is_the_same_by_get_post_and_put(void **state)
{
    (void)state;
    assert_string_equal(web_get("/cm?cmnd=POWER%20ON").body, "{\"POWER\":\"ON\"}");
    assert_string_equal(web_post("/cm", "cmnd=POWER%20OFF").body, "{\"POWER\":\"OFF\"}");
    assert_string_equal(web_send("PUT", "/cm", "", "cmnd=POWER+TOGGLE", 17).body,
                        "{\"POWER\":\"ON\"}");
    assert_string_equal(web_send("POST", "/cm?cmnd=POWER", "", NULL, 0).body, "{\"POWER\":\"ON\"}");
    assert_string_equal(web_get("/cm?cmnd=Flags").body, "{\"Flags\":\"1024\"}");
    assert_string_equal(web_get("/cm?cmnd=NoSuchThing").body, "{}");
    assert_int_equal(web_get("/cm").status, 400);
    assert_int_equal(web_get("/cm?cmnd=a%00b").status, 400);
}

/* §3.1: the original ran it twice. */
static void a_command_of_200_characters_over_http_is_done_once(void **state)
{
    char target[400] = "/cm?cmnd=backlog%20AddChannel%205%201";

    (void)state;
    while (strlen(target) < 250)
        strcat(target, ";%20SetChannel%206%201");
    assert_int_equal(web_get(target).status, 200);
    assert_int_equal(channel_get(&rig, 5), 1);
}

static void api_cmnd_answers_as_the_web_application_expects(void **state)
{
    struct answer a = api("POST", "/api/cmnd", "POWER ON");

    (void)state;
    assert_string_equal(a.body, "{\"success\":200, \"msg\":\"OK\", \"res\":{\"POWER\":\"ON\"}}");
    a = api("POST", "/api/cmnd", "NoSuchThing 1");
    assert_int_equal(a.status, 501);
    assert_member(&a, "error", "501");
    a = api("POST", "/api/cmnd", "SetChannel");
    assert_int_equal(a.status, 400);
    assert_int_equal(api("POST", "/api/cmnd", "").status, 400);
    a = api("POST", "/api/cmnd", "STATUS");
    assert_int_equal(member(&a, "res").kind, JSON_OBJECT);
    assert_int_equal(web_send("POST", "/api/cmnd", "", "POWER\0OFF", 9).status, 400);
    assert_true(simplug_relay(1));
}

/* §2.6: the import as the web application sends it, line by line. */
static void a_template_comes_line_by_line(void **state)
{
    static const char *const lines[] = {
        "backlog setPinRole 25 Btn; setPinChannel 25 2",
        "backlog setPinRole 24 Rel; setPinChannel 24 2",
        "Flags 1088",
        "StartupCommand \"backlog SetChannel 2 1\"",
    };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(api("POST", "/api/cmnd", lines[i]).status, 200);
    assert_int_equal(config_role(&rig.cfg, 24), 1);
    assert_int_equal(config_channel(&rig.cfg, 24, 0), 2);
    assert_true(config_flags(&rig.cfg) == 1088);
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), "backlog SetChannel 2 1");
}

/* ---- lists --------------------------------------------------------------------------------- */

static void pins_are_told_and_taken(void **state)
{
    struct answer a = web_get("/api/pins");
    struct json v = member(&a, "rolenames");

    (void)state;
    assert_int_equal(count(&v), 99);
    v = member(&a, "roles");
    assert_int_equal(count(&v), hal_pin_count());
    v = member(&a, "states");
    assert_int_equal(count(&v), hal_pin_count());
    assert_int_equal(member(&a, "channels2").kind, JSON_NONE);
    config_set_pin(&rig.cfg, 2, 3, 4, 5);
    a = web_get("/api/pins");
    assert_member(&a, "channels2", "[0,0,5]");

    a = api("POST", "/api/pins",
            "{\"roles\":[0,0,3],\"channels\":[0,0,9],\"deviceFlag\":6,"
            "\"deviceCommand\":\"SetChannel 1 1\"}");
    assert_string_equal(a.body, "{\"success\":200, \"msg\":\"OK\"}");
    assert_int_equal(config_channel(&rig.cfg, 2, 0), 9);
    assert_int_equal(config_channel(&rig.cfg, 2, 1), 5);
    assert_true(config_flag(&rig.cfg, 6));
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), "SetChannel 1 1");
    assert_int_equal(channel_get(&rig, 1), 1);
    assert_int_equal(config_role(&rig.cfg, 25), 1); /* beyond the array: as it was */
}

static void pins_that_cannot_be_change_nothing(void **state)
{
    static const char *const bodies[] = {
        "{\"roles\":[0,0,99]}",
        "{\"roles\":[0,0,-1]}",
        "{\"channels\":[0,0,256]}",
        "{\"roles\":[5,5,\"x\"]}",
        "{\"roles\":{\"a\":1}}",
        "{\"roles\":[5],\"deviceFlag\":11}",
        "{\"roles\":[5]",
        "[]",
        "",
        "{\"roles\":[5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        const struct answer a = api("POST", "/api/pins", bodies[i]);

        if (a.status != 400)
            fail_msg("%d: %s", a.status, bodies[i]);
        assert_member(&a, "error", "400");
        assert_int_equal(config_role(&rig.cfg, 0), 0);
    }
}

static void channels_are_told_once_each_and_taken(void **state)
{
    struct answer a;

    (void)state;
    web_get("/cm?cmnd=POWER%20ON");
    a = web_get("/api/channels");
    assert_string_equal(a.body, "{\"0\":0,\"1\":1}");
    assert_int_equal(api("POST", "/api/channels", "[0,0,7]").status, 200);
    assert_false(simplug_relay(1));
    assert_int_equal(channel_get(&rig, 2), 7);
    assert_int_equal(api("POST", "/api/channels", "[0,1,\"x\"]").status, 400);
    assert_false(simplug_relay(1));
    assert_int_equal(api("POST", "/api/channelTypes", "{\"types\":[0,0,6]}").status, 200);
    assert_int_equal(config_channel_type(&rig.cfg, 2), CHANNEL_TOGGLE);
    assert_int_equal(api("POST", "/api/channelTypes", "{\"types\":[68]}").status, 400);
    a = web_get("/api/channelTypes");
    assert_int_equal(
        count(&(struct json){JSON_ARRAY, member(&a, "types").text, member(&a, "types").len}), 64);
}

static void the_log_is_configured(void **state)
{
    struct answer a;

    (void)state;
    assert_int_equal(api("POST", "/api/logconfig", "{\"level\":1}").status, 200);
    a = web_get("/api/logconfig");
    assert_member(&a, "level", "1");
    assert_int_equal(member(&a, "featurenames").kind, JSON_ARRAY);
    assert_int_equal(api("POST", "/api/logconfig", "{\"level\":9}").status, 400);
    assert_int_equal(web_get("/api/seriallog0").status, 200);
}

static void what_needs_files_is_404_whatever_is_sent(void **state)
{
    static char body[40000];

    (void)state;
    assert_int_equal(web_get("/api/fsblock").status, 404);
    assert_int_equal(web_get("/api/lfs/autoexec.bat").status, 404);
    assert_int_equal(web_get("/api/run/a.bat").status, 404);
    assert_int_equal(web_get("/api/del/a").status, 404);
    assert_int_equal(web_send("POST", "/api/fsblock", "", body, sizeof body).status, 404);
    assert_int_equal(web_send("POST", "/api/lfs/a", "", "x", 1).status, 404);
    assert_int_equal(web_get("/api/").status, 404);
    assert_int_equal(web_get("/api/nothing").status, 404);
}

/* ---- flash ------------------------------------------------------------------------------------ */

static void flash_is_read_as_the_reader_asks(void **state)
{
    struct answer a;

    (void)state;
    for (unsigned i = 0; i < 0x2000; i++)
        host_flash()[0x1d0800 + i] = (uint8_t)(i * 7 >> 3);
    a = web_get("/api/flash/1D1000-1000");
    assert_int_equal(a.status, 200);
    assert_string_equal(web_line(&a, "Content-Length"), "4096");
    assert_int_equal(a.len, 4096);
    assert_memory_equal(a.body, host_flash() + 0x1d1000, 4096);
    a = web_get("/api/flash/0-1");
    assert_int_equal(a.len, 1);
    a = web_get("/api/flash/1fffff-1");
    assert_int_equal(a.len, 1);
    a = web_get("/api/flash/0-200000"); /* all of it, in one */
    assert_int_equal(a.len, 0x200000);
    assert_memory_equal(a.body, host_flash(), 0x200000);
}

static void flash_that_is_not_there_is_an_error(void **state)
{
    static const char *const targets[] = {
        "/api/flash/200000-1",    "/api/flash/1FFFFF-2",
        "/api/flash/0-200001",    "/api/flash/FFFFFFFF-1",
        "/api/flash/1-FFFFFFFF",  "/api/flash/FFFFFFFF-FFFFFFFF",
        "/api/flash/1000-0",      "/api/flash/",
        "/api/flash/1000",        "/api/flash/-10",
        "/api/flash/1000-",       "/api/flash/x-10",
        "/api/flash/0x1000-10",   "/api/flash/1000-10x",
        "/api/flash/100000000-1", "/api/flash/1000-100000000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        const struct answer a = web_get(targets[i]);

        if (a.status != 400 && a.status != 416)
            fail_msg("%d: %s", a.status, targets[i]);
        assert_member(&a, "error", "-1");
    }
    assert_int_equal(web_send("POST", "/api/flash/1D1000", "", "abc", 3).status, 403);
}

/* ---- restart and safe mode ---------------------------------------------------------------- */

static void a_reboot_needs_no_body_and_comes_three_seconds_later(void **state)
{
    (void)state;
    assert_string_equal(web_send("POST", "/api/reboot", "", NULL, 0).body, "{\"reboot\":3}");
    rig_run(1500);
    assert_int_equal(rig_restarts, 0);
    rig_run(3000);
    assert_int_equal(rig_restarts, 1);
}

/* §10 (5): #527, no REST in safe mode. */
static void rest_and_updates_are_there_in_safe_mode(void **state)
{
    (void)state;
    rig.safe_mode = true;
    assert_int_equal(web_get("/api/info").status, 200);
    assert_int_equal(web_get("/api/pins").status, 200);
    assert_int_equal(api("POST", "/api/cmnd", "Flags 1024").status, 200);
    assert_int_equal(web_get("/cm?cmnd=STATUS%200").status, 200);
    assert_int_equal(web_get("/ota").status, 200);
    assert_int_equal(web_send("POST", "/api/ota", "", "none", 4).status, 400);
    assert_int_equal(api("POST", "/api/channels", "[0,1]").status, 409);
}

/* ---- updates ---------------------------------------------------------------------------------- */

static uint8_t file[0x40000];

static size_t bl602_with_update(void)
{
    rig_new(HAL_BL602, "{\"5\":\"Btn;1\",\"14\":\"Rel;1\"}");
    make_bl_backup(host_flash(), 0x3000, NULL);
    rig_boot(HAL_RESET_POWER);
    rig_run(7000);
    return make_bl_ota(file, sizeof file, 0x3450, false);
}

static void an_update_is_streamed_and_starts(void **state)
{
    static uint8_t before[0x40000], after[0x40000];
    const size_t len = bl602_with_update();
    const size_t old = ota_boots(HAL_BL602, host_flash(), before, sizeof before);
    const struct answer a = web_send(
        "POST", "/api/ota", "Content-Type: application/octet-stream\r\n", (const char *)file, len);
    char expected[40];

    (void)state;
    sprintf(expected, "{\"size\":%u}", (unsigned)len);
    assert_string_equal(a.body, expected);
    assert_true(ota_boots(HAL_BL602, host_flash(), after, sizeof after) > 0);
    assert_true(memcmp(before, after, old) != 0);
}

/* A body faster than the flash: no call takes more than one erase, nothing is lost. */
static void an_update_waits_for_the_flash(void **state)
{
    const size_t len = bl602_with_update();
    struct http_conn *c = http_accept(&rig);
    char head[100];
    size_t fed = 0;
    unsigned held = 0;

    (void)state;
    sprintf(head, "POST /api/ota HTTP/1.1\r\nContent-Length: %u\r\n\r\n", (unsigned)len);
    assert_int_equal(http_feed(c, (const uint8_t *)head, strlen(head)), strlen(head));
    while (fed < len) {
        const uint32_t erases = host_flash_stats().erases;
        const size_t n = http_feed(c, file + fed, len - fed);

        if (host_flash_stats().erases - erases > 1)
            fail_msg("%u erases at %u", (unsigned)(host_flash_stats().erases - erases),
                     (unsigned)fed);
        held += n < len - fed;
        fed += n;
        rig_run(5);
    }
    assert_true(held > 1);
    rig_run(50);
    assert_int_equal(rig.ota.state, OTA_DONE);
    http_drop(c);
}

static void a_wrong_hash_a_short_body_and_an_early_close_change_nothing(void **state)
{
    static uint8_t before[0x40000], after[0x40000];
    size_t len = bl602_with_update();
    const size_t old = ota_boots(HAL_BL602, host_flash(), before, sizeof before);
    struct answer a;
    struct http_conn *c;
    char head[100];

    (void)state;
    file[len - 100] ^= 1;
    a = web_send("POST", "/api/ota", "", (const char *)file, len);
    assert_int_equal(a.status, 400);
    assert_member(&a, "error", "-20");
    file[len - 100] ^= 1;
    a = web_send("POST", "/api/ota", "", (const char *)file, len - 50);
    assert_int_equal(a.status, 400);
    /* §5.8: a close in the middle made the original spin for ever. */
    c = http_accept(&rig);
    sprintf(head, "POST /api/ota HTTP/1.1\r\nContent-Length: %u\r\n\r\n", (unsigned)len);
    http_feed(c, (const uint8_t *)head, strlen(head));
    http_feed(c, file, 5000);
    http_drop(c);
    assert_false(ota_running(&rig));
    rig_run(20000);
    /* Silent in the middle: 408, and the plug is free again. */
    c = http_accept(&rig);
    http_feed(c, (const uint8_t *)head, strlen(head));
    http_feed(c, file, 600);
    rig_run(HTTP_IDLE_MS + 1000);
    assert_false(ota_running(&rig));
    http_drop(c);
    assert_int_equal(ota_boots(HAL_BL602, host_flash(), after, sizeof after), old);
    assert_memory_equal(before, after, old);
    a = web_send("POST", "/api/ota", "", (const char *)file, len);
    assert_int_equal(a.status, 200);
}

static void a_second_update_meanwhile_is_refused_and_harms_nothing(void **state)
{
    const size_t len = bl602_with_update();
    struct http_conn *c = http_accept(&rig);
    char head[100];
    size_t fed = 0;

    (void)state;
    sprintf(head, "POST /api/ota HTTP/1.1\r\nContent-Length: %u\r\n\r\n", (unsigned)len);
    http_feed(c, (const uint8_t *)head, strlen(head));
    while (fed < len / 2)
        fed += http_feed(c, file + fed, 512);
    assert_int_equal(web_send("POST", "/api/ota", "", "another", 7).status, 409);
    assert_int_equal(web_get("/index").status, 200);
    while (fed < len)
        fed += http_feed(c, file + fed, len - fed);
    rig_run(50);
    assert_int_equal(rig.ota.state, OTA_DONE);
    http_drop(c);
}

/* §10 (1, 19): the relay stays and the button works while an update comes. */
static void the_button_works_while_an_update_comes(void **state)
{
    const size_t len = bl602_with_update();
    struct http_conn *c = http_accept(&rig);
    char head[100];
    size_t fed = 0;

    (void)state;
    sprintf(head, "POST /api/ota HTTP/1.1\r\nContent-Length: %u\r\n\r\n", (unsigned)len);
    http_feed(c, (const uint8_t *)head, strlen(head));
    for (unsigned i = 0; i < 4; i++) {
        const bool was = simplug_relay(1);

        fed += http_feed(c, file + fed, 2000);
        rig_click(5, 150, 1000);
        assert_int_equal(simplug_relay(1), !was);
    }
    http_drop(c);
    assert_false(ota_running(&rig));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, all_back)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_scanner_knows_the_plug_by_its_sdk),
        TEST(info_has_what_the_device_list_shows),
        TEST(a_text_in_pieces_is_cut_between_characters),
        TEST(cm_is_the_same_by_get_post_and_put),
        TEST(a_command_of_200_characters_over_http_is_done_once),
        TEST(api_cmnd_answers_as_the_web_application_expects),
        TEST(a_template_comes_line_by_line),
        TEST(pins_are_told_and_taken),
        TEST(pins_that_cannot_be_change_nothing),
        TEST(channels_are_told_once_each_and_taken),
        TEST(the_log_is_configured),
        TEST(what_needs_files_is_404_whatever_is_sent),
        TEST(flash_is_read_as_the_reader_asks),
        TEST(flash_that_is_not_there_is_an_error),
        TEST(a_reboot_needs_no_body_and_comes_three_seconds_later),
        TEST(rest_and_updates_are_there_in_safe_mode),
        TEST(an_update_is_streamed_and_starts),
        TEST(an_update_waits_for_the_flash),
        TEST(a_wrong_hash_a_short_body_and_an_early_close_change_nothing),
        TEST(a_second_update_meanwhile_is_refused_and_harms_nothing),
        TEST(the_button_works_while_an_update_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
