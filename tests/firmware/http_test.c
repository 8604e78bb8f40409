/* The web server as clients meet it: requests in pieces, requests that are none, clients that
 * are slow or leave, passwords; and the plug that goes on meanwhile. */
#include "support/web.h"

#include <stdlib.h>

#define PLUG "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

static int up(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, PLUG);
    rig_boot(HAL_RESET_POWER);
    return 0;
}

static int with_password(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, PLUG);
    assert_true(config_set_text(&rig.cfg, CFG_WEB_PASSWORD, "plug1"));
    rig_boot(HAL_RESET_POWER);
    return 0;
}

/* All connections are free again. */
static int all_back(void **state)
{
    (void)state;
    assert_int_equal(web_busy(), 0);
    assert_null(rig.http.uploads);
    return 0;
}

/* ---- pieces -------------------------------------------------------------------------- */

static void a_get_split_at_every_byte_is_answered_the_same(void **state)
{
    static const char rq[] = "GET /cm?cmnd=SetChannel%201%201 HTTP/1.1\r\nHost: plug\r\n"
                             "User-Agent: x\r\nAccept: */*\r\n\r\n";
    char whole[600];

    (void)state;
    strcpy(whole, web(rq).body);
    for (size_t cut = 1; cut < sizeof rq - 1; cut++) {
        struct http_conn *c = http_accept(&rig);
        char got[2000] = "";
        size_t n = 0;

        channel_set(&rig, 1, 0, false);
        assert_int_equal(http_feed(c, (const uint8_t *)rq, cut), cut);
        rig_run(50);
        assert_int_equal(http_feed(c, (const uint8_t *)rq + cut, sizeof rq - 1 - cut),
                         sizeof rq - 1 - cut);
        while (!http_done(c))
            n += http_pull(c, (uint8_t *)got + n, 7);
        http_drop(c);
        assert_non_null(strstr(got, whole));
        assert_int_equal(channel_get(&rig, 1), 1);
    }
}

static void a_post_split_at_every_byte_is_answered_the_same(void **state)
{
    static const char rq[] = "POST /api/cmnd HTTP/1.1\r\nHost: plug\r\nContent-Length: 20\r\n\r\n"
                             "backlog AddChannel 1";
    char text[sizeof rq + 40];
    char whole[600];

    (void)state;
    sprintf(text, "%s", rq);
    sprintf(strstr(text, "Length: ") + 8, "18\r\n\r\nSetChannel   1   1");
    strcpy(whole, web(text).body);
    assert_non_null(strstr(whole, "\"success\":200, \"msg\":\"OK\""));
    for (size_t cut = 1; cut < strlen(text); cut++) {
        struct http_conn *c = http_accept(&rig);
        char got[2000] = "";
        size_t n = 0;

        channel_set(&rig, 1, 0, false);
        http_feed(c, (const uint8_t *)text, cut);
        rig_run(30);
        http_feed(c, (const uint8_t *)text + cut, strlen(text) - cut);
        while (!http_done(c))
            n += http_pull(c, (uint8_t *)got + n, 1);
        http_drop(c);
        assert_non_null(strstr(got, whole));
        assert_int_equal(channel_get(&rig, 1), 1);
    }
}

static void a_body_in_a_second_segment_is_not_lost(void **state)
{
    static const char head[] = "POST /startup_command HTTP/1.1\r\nContent-Length: 1829\r\n\r\n";
    char body[1830], rq[2000];

    (void)state;
    /* 511 characters, all encoded, and what pads them: more than any segment */
    strcpy(body, "startup_cmd=1&pad=");
    memset(body + 18, 'p', 272);
    strcpy(body + 290, "&data=");
    for (unsigned i = 0; i < 511; i++)
        strcpy(body + 296 + 3 * i, "%41");
    assert_int_equal(strlen(body), 1829);
    strcpy(rq, head);
    strcat(rq, body);
    assert_int_equal(web_pieces(rq, strlen(rq), 536, 536).status, 303);
    assert_int_equal(strlen(config_text(&rig.cfg, CFG_STARTUP)), 511);
}

static void an_answer_pulled_byte_by_byte_is_the_same(void **state)
{
    static const char rq[] = "GET /about HTTP/1.0\r\n\r\n";
    char whole[8000];
    struct answer a = web(rq);

    (void)state;
    memcpy(whole, a.body, a.len + 1);
    a = web_pieces(rq, strlen(rq), 1, 1);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, whole);
}

static void bare_line_feeds_and_empty_lines_before_are_taken(void **state)
{
    (void)state;
    assert_int_equal(web("\r\n\nGET /about HTTP/1.1\nHost: x\n\n").status, 200);
    assert_int_equal(web("GET http://plug:80/about HTTP/1.1\r\n\r\n").status, 200);
    assert_int_equal(web("GET http://plug?x HTTP/1.1\r\n\r\n").status, 200);
    assert_int_equal(web("GET /%61bout HTTP/1.1\r\n\r\n").status, 200);
}

/* ---- what it says -------------------------------------------------------------------- */

static void statuses_have_their_own_reason_not_404_ok(void **state)
{
    struct answer a = web("GET /nothing HTTP/1.1\r\n\r\n");

    (void)state;
    assert_memory_equal(a.head, "HTTP/1.1 404 Not Found\r\n", 24);
    assert_string_equal(web_line(&a, "Connection"), "close");
    assert_string_equal(web_line(&a, "Access-Control-Allow-Origin"), "*");
    a = web("GET /cm?cmnd=POWER HTTP/1.1\r\n\r\n");
    assert_memory_equal(a.head, "HTTP/1.1 200 OK\r\n", 17);
    assert_string_equal(web_line(&a, "Content-Length"), "15");
    assert_int_equal(a.len, 15);
}

static void a_browser_elsewhere_is_told_what_it_may(void **state)
{
    struct answer a = web_send("OPTIONS", "/api/cmnd", "Origin: https://elsewhere\r\n", NULL, 0);

    (void)state;
    assert_int_equal(a.status, 204);
    assert_int_equal(a.len, 0);
    assert_string_equal(web_line(&a, "Access-Control-Allow-Origin"), "*");
    assert_non_null(strstr(web_line(&a, "Access-Control-Allow-Methods"), "POST"));
    assert_non_null(strstr(web_line(&a, "Access-Control-Allow-Headers"), "Authorization"));
    assert_int_equal(web_send("OPTIONS", "*", "", NULL, 0).status, 204);
}

static void head_has_no_body_and_does_nothing(void **state)
{
    struct answer a;

    (void)state;
    a = web_send("HEAD", "/about", "", NULL, 0);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 0);
    a = web_send("HEAD", "/api/channels", "", NULL, 0);
    assert_string_equal(web_line(&a, "Content-Length"), "7");
    assert_int_equal(a.len, 0);
    assert_int_equal(web_send("HEAD", "/index?tgl=1", "", NULL, 0).status, 200);
    web_send("HEAD", "/cm?cmnd=POWER%20ON", "", NULL, 0);
    assert_int_equal(channel_get(&rig, 1), 0);
}

static void what_is_none_is_refused_by_its_own_number(void **state)
{
    static const struct {
        const char *rq;
        int status;
    } rows[] = {
        {"hello\r\n\r\n", 400},
        {"GET /about\r\n\r\n", 400},
        {"GET about HTTP/1.1\r\n\r\n", 400},
        {"GET /about HTTP/2.0\r\n\r\n", 505},
        {"BREW /about HTTP/1.1\r\n\r\n", 501},
        {"get /about HTTP/1.1\r\n\r\n", 501},
        {"GET /%00 HTTP/1.1\r\n\r\n", 400},
        {"GET /../../etc/passwd HTTP/1.1\r\n\r\n", 404},
        {"POST /about HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405},
        {"GET /api/cmnd HTTP/1.1\r\n\r\n", 405},
        {"POST /api/ota HTTP/1.1\r\n\r\n", 411},
        {"POST /api/cmnd HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length: 0x10\r\n\r\n", 400},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length: 5 5\r\n\r\n", 400},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length:\r\n\r\n", 400},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length: 2049\r\n\r\n", 413},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length: 4294967297\r\n\r\n", 413},
        {"POST /api/cmnd HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct answer a = web(rows[i].rq);

        if (a.status != rows[i].status)
            fail_msg("%d, not %d: %s", a.status, rows[i].status, rows[i].rq);
        assert_int_equal(web_busy(), 0);
    }
}

static void what_is_too_long_is_refused_and_not_kept(void **state)
{
    static char rq[20000];

    (void)state;
    memset(rq, 'a', sizeof rq - 1);
    memcpy(rq, "GET /", 5);
    assert_int_equal(web(rq).status, 414);
    memcpy(rq, "GET /about HTTP/1.1\r\nX: ", 24);
    assert_int_equal(web(rq).status, 431);
    /* A cookie of 5000 characters is nothing to us, and does no harm. */
    strcpy(rq + 5000, "\r\n\r\n");
    assert_int_equal(web(rq).status, 200);
    assert_int_equal(web("GET /a\0b HTTP/1.1\r\n\r\n").status, 408); /* ends at its NUL: half */
    assert_int_equal(web_pieces("GET /a\0b HTTP/1.1\r\n\r\n", 21, 99, 99).status, 400);
}

static void who_expects_to_be_told_to_go_on_is(void **state)
{
    static const char head[] = "POST /api/cmnd HTTP/1.1\r\nExpect: 100-continue\r\n"
                               "Content-Length: 14\r\n\r\n";
    struct http_conn *c = http_accept(&rig);
    char got[1000] = "";
    size_t n = 0;

    (void)state;
    http_feed(c, (const uint8_t *)head, sizeof head - 1);
    while (n < 25)
        n += http_pull(c, (uint8_t *)got + n, 3);
    assert_string_equal(got, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(http_pull(c, (uint8_t *)got, 99), 0);
    http_feed(c, (const uint8_t *)"SetChannel 1 1", 14);
    n = http_pull(c, (uint8_t *)got, sizeof got - 1);
    assert_true(n > 0);
    assert_memory_equal(got, "HTTP/1.1 200 OK", 15);
    http_drop(c);
}

/* ---- passwords ----------------------------------------------------------------------- */

static void without_the_password_there_is_nothing(void **state)
{
    struct answer a = web_get("/index");

    (void)state;
    assert_int_equal(a.status, 401);
    assert_string_equal(web_line(&a, "WWW-Authenticate"), "Basic realm=\"OpenBeken HTTP Server\"");
    assert_int_equal(web_get("/cm?cmnd=POWER%20ON&user=admin&password=plug1").status, 401);
    assert_int_equal(web_get("/nothing").status, 401);
    assert_int_equal(web_send("POST", "/api/ota", "", "xxxx", 4).status, 401);
    assert_int_equal(channel_get(&rig, 1), 0);
    assert_int_equal(rig.ota.state, OTA_IDLE);
    assert_int_equal(web_send("OPTIONS", "/cm", "", NULL, 0).status, 204);
}

static void with_the_password_of_the_reference_there_is_all(void **state)
{
    static const char *const right[] = {
        "Authorization: Basic YWRtaW46cGx1ZzE=\r\n",
        "authorization:   basic   YWRtaW46cGx1ZzE=  \r\n",
        "Authorization: Basic QURNSU46cGx1ZzE=\r\n", /* ADMIN */
    };
    static const char *const wrong[] = {
        "Authorization: Basic YWRtaW46cGx1ZzI=\r\n", /* plug2 */
        "Authorization: Basic YWRtaW46cGx1Zw==\r\n", /* plug */
        "Authorization: Basic YWRtaW46\r\n",         /* none */
        "Authorization: Basic cm9vdDpwbHVnMQ==\r\n", /* root */
        "Authorization: Basic YWRtaW46cGx1ZzEA\r\n", /* plug1 and a NUL */
        "Authorization: Basic ****\r\n",
        "Authorization: Digest YWRtaW46cGx1ZzE=\r\n",
        "Authorization: \r\n",
        "Authorization: Basic YWRtaW46cGx1ZzFwbHVnMXBsdWcxcGx1ZzFwbHVnMXBsdWcxcGx1ZzFwbHVnMXA=\r\n",
        "Authorization: Basic YWRtaW46cGx1ZzE=\r\nAuthorization: Basic YWRtaW46cGx1ZzI=\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(web_send("GET", "/about", right[i], NULL, 0).status, 200);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(web_send("GET", "/about", wrong[i], NULL, 0).status, 401);
}

static void flag_44_lets_in_without_it_in_safe_mode_only(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 44, true);
    assert_int_equal(web_get("/about").status, 401);
    rig.safe_mode = true;
    assert_int_equal(web_get("/about").status, 200);
    config_set_flag(&rig.cfg, 44, false);
    assert_int_equal(web_get("/about").status, 401);
}

static void a_web_server_that_is_off_comes_back_in_safe_mode(void **state)
{
    (void)state;
    config_set_number(&rig.cfg, CFG_NO_WEB, 1);
    assert_int_equal(web_get("/about").status, 403);
    rig.safe_mode = true;
    assert_int_equal(web_get("/about").status, 200);
}

/* ---- who is slow, and who leaves ------------------------------------------------------- */

static void the_button_switches(void)
{
    const bool was = simplug_relay(1);

    rig_click(24, 150, 1000);
    assert_int_equal(simplug_relay(1), !was);
}

static void who_says_nothing_is_told_so_and_gone_in_seconds(void **state)
{
    struct http_conn *c = http_accept(&rig);
    char got[2000] = "";

    (void)state;
    http_feed(c, (const uint8_t *)"GET /ab", 7);
    rig_run(HTTP_IDLE_MS + 100);
    assert_true(http_pull(c, (uint8_t *)got, sizeof got - 1) > 0);
    assert_memory_equal(got, "HTTP/1.1 408 Request Timeout", 28);
    while (http_pull(c, (uint8_t *)got, sizeof got - 1))
        ;
    assert_true(http_done(c));
    http_drop(c);
}

static void who_sends_a_byte_now_and_then_does_not_stay(void **state)
{
    struct http_conn *c = http_accept(&rig);

    (void)state;
    for (unsigned s = 0; s < 40 && !http_done(c); s++) {
        http_feed(c, (const uint8_t *)"G", 1);
        rig_run(1000);
    }
    assert_true(http_done(c)); /* told 408, and did not listen */
    http_drop(c);
}

static void who_does_not_read_his_answer_does_not_stay(void **state)
{
    struct http_conn *c = http_accept(&rig);
    uint8_t some[10];

    (void)state;
    http_feed(c, (const uint8_t *)"GET /cfg HTTP/1.1\r\n\r\n", 22);
    http_pull(c, some, sizeof some);
    rig_run(HTTP_IDLE_MS + 100);
    assert_true(http_done(c));
    http_drop(c);
}

static void a_body_that_never_comes_whole_does_nothing(void **state)
{
    static const char rq[] = "POST /api/cmnd HTTP/1.1\r\nContent-Length: 99\r\n\r\nSetChannel 1 1";
    struct http_conn *c = http_accept(&rig);

    (void)state;
    http_feed(c, (const uint8_t *)rq, sizeof rq - 1);
    http_drop(c);
    rig_run(20000);
    assert_int_equal(channel_get(&rig, 1), 0);
}

/* 16 clients for 6 connections: most slow, each in its own way, one honest. */
static void sixteen_clients_and_the_honest_one_is_served(void **state)
{
    static const char *const ways[] = {"",
                                       "G",
                                       "GET /index HTTP/1.1\r\n",
                                       "POST /cm HTTP/1.1\r\nContent-Length: 2000\r\n\r\ncmnd=",
                                       "GET /cfg_pins HTTP/1.1\r\n\r\n",
                                       "POST /api/ota HTTP/1.1\r\nContent-Length: 200000\r\n\r\n"};
    struct http_conn *c[15] = {0};
    uint32_t waited = 0, worst = 0;
    bool was_done = false;

    (void)state;
    for (uint32_t ms = 0; ms < 60000; ms += 100) {
        for (unsigned i = 0; i < 15; i++) {
            uint8_t some[3];

            if (c[i] && http_done(c[i])) {
                http_drop(c[i]);
                c[i] = NULL;
            } else if (!c[i] && (c[i] = http_accept(&rig)) != NULL) {
                http_feed(c[i], (const uint8_t *)ways[i % 6], strlen(ways[i % 6]));
            } else if (c[i] && ms % 1000 == 0) {
                http_feed(c[i], (const uint8_t *)"x", 1);
                http_pull(c[i], some, sizeof some);
            }
        }
        if (ms % 5000 == 0)
            the_button_switches();
        rig_run(100);
        /* The honest one stands in line like the others, and asks as soon as it may. */
        waited += 100;
        for (unsigned i = 0; i < HTTP_CLIENTS; i++)
            if (rig.http.conn[i].state == HTTP_OVER) {
                for (unsigned k = 0; k < 15; k++)
                    if (c[k] == &rig.http.conn[i]) {
                        http_drop(c[k]);
                        c[k] = NULL;
                    }
                assert_int_equal(web_get("/cm?cmnd=POWER").status, 200);
                worst = waited > worst ? waited : worst;
                waited = 0;
                was_done = true;
            }
    }
    assert_true(was_done);
    printf("longest wait %u ms\n", (unsigned)worst);
    assert_true(worst <= 10000);
    for (unsigned i = 0; i < 15; i++)
        if (c[i])
            http_drop(c[i]);
}

/* ---- 2000 requests that are wrong somewhere --------------------------------------------- */

static size_t spoil(char *rq, size_t len, size_t cap, uint32_t *seed)
{
    for (unsigned times = 1 + noise(seed) % 4; times; times--) {
        const size_t at = noise(seed) % (len + 1);
        const size_t n = noise(seed) % 40;

        switch (noise(seed) % 6) {
        case 0:
            if (at < len)
                rq[at] = (char)noise(seed);
            break;
        case 1: /* cut off */
            len = at;
            break;
        case 2: /* a piece twice */
            if (at + n <= len && len + n <= cap) {
                memmove(rq + at + n, rq + at, len - at);
                len += n;
            }
            break;
        case 3: /* a piece missing */
            if (at + n <= len) {
                memmove(rq + at, rq + at + n, len - at - n);
                len -= n;
            }
            break;
        case 4: /* a long one of the same */
            for (size_t i = at; i < len && i < at + n * 20; i++)
                rq[i] = "%&=\r\n:/\"<"[noise(seed) % 9];
            break;
        default: /* noise behind */
            while (len < cap && noise(seed) % 64)
                rq[len++] = (char)noise(seed);
        }
    }
    return len;
}

static void two_thousand_wrong_requests_do_no_harm(void **state)
{
    static const char *const good[] = {
        "GET /index?state=1 HTTP/1.1\r\nHost: plug\r\nAccept: */*\r\n\r\n",
        "GET /cm?cmnd=STATUS%200 HTTP/1.1\r\nAuthorization: Basic YWRtaW46cGx1ZzE=\r\n\r\n",
        "POST /cfg_pins HTTP/1.1\r\nContent-Length: 17\r\n\r\n25=Rel&r25=1&e25=",
        "POST /api/pins HTTP/1.1\r\nContent-Length: "
        "32\r\n\r\n{\"roles\":[0,0],\"channels\":[1,2]} ",
        "POST /api/ota HTTP/1.1\r\nContent-Length: 40\r\nExpect: 100-continue\r\n\r\n"
        "BL60X_OTA_Ver1.0RAW ....................",
        "GET /api/flash/1E0000-1000 HTTP/1.1\r\n\r\n",
        "POST /cfg_template HTTP/1.1\r\nContent-Length: "
        "30\r\n\r\ntemplate={\"pins\":{\"1\":\"Rel\"}}  ",
        "OPTIONS /api/cmnd HTTP/1.1\r\n\r\n",
        "PUT /cm HTTP/1.1\r\nContent-Length: 11\r\n\r\ncmnd=Flags+",
    };
    uint32_t seed = seeded(0x5eed0006);
    unsigned served = 0;
    static char rq[6000], got[4096];

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct http_conn *c = http_accept(&rig);
        size_t len = strlen(good[i % 9]), fed = 0;

        assert_non_null(c);
        memcpy(rq, good[i % 9], len);
        len = spoil(rq, len, sizeof rq, &seed);
        for (unsigned turn = 0; turn < 3000 && !http_done(c); turn++) {
            const size_t n = len - fed < 97 ? len - fed : 97;

            fed += http_feed(c, (const uint8_t *)rq + fed, n);
            if (!http_pull(c, (uint8_t *)got, 1 + noise(&seed) % sizeof got) && !n) {
                if (noise(&seed) % 4 == 0)
                    break; /* leaves */
                rig_run(100);
            }
        }
        served += http_done(c);
        http_drop(c);
        assert_int_equal(web_busy(), 0);
        assert_null(rig.http.uploads);
        if (rig.ota.state == OTA_HEADER || rig.ota.state == OTA_BODY)
            fail_msg("an update nobody sends stays, request %u", i);
    }
    assert_true(served > 1000);
    rig_run(5000);
    /* What a request may do, some have done. The plug is one still. */
    rig_new(HAL_ECR6600, PLUG);
    rig_boot(HAL_RESET_POWER);
    the_button_switches();
    assert_int_equal(web_get("/index").status, 200);
}

#define TEST(f)          cmocka_unit_test_setup_teardown(f, up, all_back)
#define TEST_PASSWORD(f) cmocka_unit_test_setup_teardown(f, with_password, all_back)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_get_split_at_every_byte_is_answered_the_same),
        TEST(a_post_split_at_every_byte_is_answered_the_same),
        TEST(a_body_in_a_second_segment_is_not_lost),
        TEST(an_answer_pulled_byte_by_byte_is_the_same),
        TEST(bare_line_feeds_and_empty_lines_before_are_taken),
        TEST(statuses_have_their_own_reason_not_404_ok),
        TEST(a_browser_elsewhere_is_told_what_it_may),
        TEST(head_has_no_body_and_does_nothing),
        TEST(what_is_none_is_refused_by_its_own_number),
        TEST(what_is_too_long_is_refused_and_not_kept),
        TEST(who_expects_to_be_told_to_go_on_is),
        TEST_PASSWORD(without_the_password_there_is_nothing),
        TEST_PASSWORD(with_the_password_of_the_reference_there_is_all),
        TEST_PASSWORD(flag_44_lets_in_without_it_in_safe_mode_only),
        TEST(a_web_server_that_is_off_comes_back_in_safe_mode),
        TEST(who_says_nothing_is_told_so_and_gone_in_seconds),
        TEST(who_sends_a_byte_now_and_then_does_not_stay),
        TEST(who_does_not_read_his_answer_does_not_stay),
        TEST(a_body_that_never_comes_whole_does_nothing),
        TEST(sixteen_clients_and_the_honest_one_is_served),
        TEST(two_thousand_wrong_requests_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
