/* rest.c - /api/... and /cm, as tools of the field ask for them (reference 5.3, 5.4, 5.6).
 * Files (LittleFS) this plug has not: those rows are 404. It is there in safe mode, too. */
#include "core/http.h"

#include <string.h>

#include "core/json.h"
#include "core/plug.h"
#include "core/role.h"
#include "core/status.h"

#define OUT_OF_RANGE (-1) /* what tools of the field know */
#define REBOOT_S     3u

static bool done(struct out *o)
{
    out_text(o, "{\"success\":200, \"msg\":\"OK\"}");
    return false;
}

static bool bad(struct http_conn *c, struct out *o, const char *why)
{
    return http_refuse(c, o, 400, 400, why);
}

static void json_answer(struct http_conn *c)
{
    http_type(c, "application/json");
}

/* ---- lists ---------------------------------------------------------------------- */

/* `n` numbers of a plug in brackets. */
static void numbers(struct plug *p, struct out *o, const char *name, unsigned n,
                    int32_t (*of)(struct plug *p, unsigned i))
{
    out_fmt(o, "%s[", name);
    for (unsigned i = 0; i < n; i++)
        out_fmt(o, i ? ",%d" : "%d", (int)of(p, i));
    out_char(o, ']');
}

/* Names from *at on, `n` in all, as many as a piece takes. True: there are more. */
static bool names(struct out *o, uint32_t *at, unsigned n, const char *(*of)(unsigned i))
{
    for (unsigned i = 0; i < 32 && *at < n; i++, (*at)++) {
        out_text(o, *at ? ",\"" : "[\"");
        out_json(o, of(*at));
        out_char(o, '"');
    }
    if (*at < n)
        return true;
    out_char(o, ']');
    return false;
}

/* Numbers of an array, each within its limits. False: it is not that. Not there: fine. */
static bool each_number(const struct json *array, unsigned n, int64_t min, int64_t max,
                        void (*set)(struct plug *p, unsigned i, int32_t value), struct plug *p)
{
    struct json key, value;
    size_t at = 0;
    int64_t v;

    if (array->kind == JSON_NONE)
        return true;
    if (array->kind != JSON_ARRAY)
        return false;
    for (unsigned i = 0; json_next(array, &at, &key, &value); i++) {
        if (i >= n || !json_int(&value, &v) || v < min || v > max)
            return false;
        if (set)
            set(p, i, (int32_t)v);
    }
    return true;
}

/* ---- pins ------------------------------------------------------------------------- */

static unsigned pin_count(void)
{
    return hal_pin_count() < PINS ? hal_pin_count() : PINS;
}

static int32_t role_of(struct plug *p, unsigned pin)
{
    return config_role(&p->cfg, pin);
}

static int32_t channel_of(struct plug *p, unsigned pin)
{
    return config_channel(&p->cfg, pin, 0);
}

static int32_t second_of(struct plug *p, unsigned pin)
{
    return config_channel(&p->cfg, pin, 1);
}

static int32_t value_of(struct plug *p, unsigned pin)
{
    return channel_get(p, config_channel(&p->cfg, pin, 0));
}

static bool tell_pins(struct http_request *rq, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    unsigned last = pin_count();

    if (!round)
        out_text(o, "{\"rolenames\":");
    if (rq->at < ROLES) {
        names(o, &rq->at, ROLES, role_name);
        return true;
    }
    numbers(p, o, ",\"roles\":", pin_count(), role_of);
    numbers(p, o, ",\"channels\":", pin_count(), channel_of);
    while (last && !second_of(p, last - 1))
        last--;
    if (last)
        numbers(p, o, ",\"channels2\":", last, second_of);
    numbers(p, o, ",\"states\":", pin_count(), value_of);
    out_char(o, '}');
    return false;
}

static void set_role(struct plug *p, unsigned pin, int32_t role)
{
    if (role == role_of(p, pin))
        return;
    config_set_pin(&p->cfg, pin, (uint8_t)role, (uint8_t)channel_of(p, pin),
                   (uint8_t)second_of(p, pin));
    pins_changed(p, pin);
}

static void set_channel(struct plug *p, unsigned pin, int32_t ch)
{
    if (ch == channel_of(p, pin))
        return;
    config_set_pin(&p->cfg, pin, (uint8_t)role_of(p, pin), (uint8_t)ch, (uint8_t)second_of(p, pin));
    pins_changed(p, pin);
}

/* All of it is looked at before any of it is done. */
static bool take_pins(struct http_request *rq, struct http_conn *c, struct out *o)
{
    const struct json all = json_parse(rq->body, rq->body_len);
    const struct json roles = json_member(&all, "roles"), chans = json_member(&all, "channels");
    const struct json flag = json_member(&all, "deviceFlag");
    const struct json command = json_member(&all, "deviceCommand");
    struct plug *p = rq->p;
    char text[CMD_TEXT];
    int64_t n = 0;

    if (all.kind != JSON_OBJECT)
        return bad(c, o, "the body is no object");
    if (!each_number(&roles, PINS, 0, ROLES - 1, NULL, p) ||
        !each_number(&chans, PINS, 0, UINT8_MAX, NULL, p))
        return bad(c, o, "roles or channels are not what pins can have");
    if (flag.kind != JSON_NONE && (!json_int(&flag, &n) || n < 0 || n > 10))
        return bad(c, o, "deviceFlag is 0 to 10");
    if (command.kind != JSON_NONE && !json_string(&command, text, sizeof text))
        return bad(c, o, "deviceCommand is too long");
    each_number(&roles, PINS, 0, ROLES - 1, set_role, p);
    each_number(&chans, PINS, 0, UINT8_MAX, set_channel, p);
    if (flag.kind != JSON_NONE)
        config_set_flag(&p->cfg, (unsigned)n, true);
    if (command.kind != JSON_NONE)
        config_set_text(&p->cfg, CFG_STARTUP, text);
    if (!plug_save(p))
        return http_refuse(c, o, 500, 500, "the flash does not take it");
    if (command.kind != JSON_NONE)
        cmd_run(p, text, CMD_HTTP, NULL);
    return done(o);
}

static bool pins(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    json_answer(c);
    return rq->method == HTTP_POST || rq->method == HTTP_PUT ? take_pins(rq, c, o)
                                                             : tell_pins(rq, o, round);
}

/* ---- channels ----------------------------------------------------------------------- */

static void tell_channels(struct plug *p, struct out *o)
{
    uint64_t told = 0;

    out_char(o, '{');
    for (unsigned pin = 0; pin < PINS; pin++) {
        const uint8_t ch = config_channel(&p->cfg, pin, 0);

        if (!config_role(&p->cfg, pin) || ch >= CHANNELS || (told >> ch & 1))
            continue;
        out_fmt(o, told ? ",\"%u\":%d" : "\"%u\":%d", ch, (int)channel_get(p, ch));
        told |= (uint64_t)1 << ch;
    }
    out_char(o, '}');
}

static void set_value(struct plug *p, unsigned ch, int32_t value)
{
    channel_set(p, ch, value, false);
}

static bool channels(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct json all;

    (void)round;
    json_answer(c);
    if (rq->method == HTTP_GET || rq->method == HTTP_HEAD_ONLY) {
        tell_channels(rq->p, o);
        return false;
    }
    all = json_parse(rq->body, rq->body_len);
    if (all.kind != JSON_ARRAY || !each_number(&all, CHANNELS, INT32_MIN, INT32_MAX, NULL, rq->p))
        return bad(c, o, "the body is no array of values");
    if (rq->p->safe_mode)
        return http_refuse(c, o, 409, 409, "safe mode: nothing is switched");
    each_number(&all, CHANNELS, INT32_MIN, INT32_MAX, set_value, rq->p);
    return done(o);
}

static int32_t type_of(struct plug *p, unsigned ch)
{
    return config_channel_type(&p->cfg, ch);
}

static void set_type(struct plug *p, unsigned ch, int32_t type)
{
    config_set_channel_type(&p->cfg, ch, (uint8_t)type);
}

static bool take_types(struct http_request *rq, struct http_conn *c, struct out *o)
{
    const struct json all = json_parse(rq->body, rq->body_len);
    const struct json types = json_member(&all, "types");

    if (types.kind == JSON_NONE ||
        !each_number(&types, CHANNELS, 0, CHANNEL_TYPES - 1, NULL, rq->p))
        return bad(c, o, "types are not what channels can have");
    each_number(&types, CHANNELS, 0, CHANNEL_TYPES - 1, set_type, rq->p);
    return plug_save(rq->p) ? done(o) : http_refuse(c, o, 500, 500, "the flash does not take it");
}

static bool types(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    json_answer(c);
    if (rq->method == HTTP_POST || rq->method == HTTP_PUT)
        return take_types(rq, c, o);
    if (!round)
        out_text(o, "{\"typenames\":");
    if (rq->at < CHANNEL_TYPES) {
        names(o, &rq->at, CHANNEL_TYPES, channel_type_name);
        return true;
    }
    numbers(rq->p, o, ",\"types\":", CHANNELS, type_of);
    out_char(o, '}');
    return false;
}

/* ---- what the plug is ------------------------------------------------------------------ */

static void address(struct out *o)
{
    uint8_t ip[4] = {0}, mask[4], gate[4], dns[4];

    if (!net_address(ip, mask, gate, dns))
        memset(ip, 0, sizeof ip);
    out_fmt(o, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
}

static void text_member(struct out *o, const char *name, const char *value)
{
    out_fmt(o, ",\"%s\":\"", name);
    out_json(o, value);
    out_char(o, '"');
}

/* The next characters of a text that is longer than a piece, none of them cut in two. True:
 * there are more. */
static bool long_text(struct out *o, const char *text, uint32_t *at)
{
    char piece[129];
    size_t n;

    if (text_copy(piece, sizeof piece, text + *at)) {
        out_json(o, piece);
        return false;
    }
    n = sizeof piece - 1;
    for (unsigned back = 0; back < 3 && (text[*at + n] & 0xc0) == 0x80; back++)
        n--;
    piece[n] = '\0';
    *at += (uint32_t)n;
    out_json(o, piece);
    return true;
}

#define HOST_TOLD 0x10000u /* in `at`: what is left is the startup command */

static void info_begin(struct plug *p, struct out *o)
{
    uint8_t mac[6];

    hal_mac(mac);
    out_fmt(o, "{\"uptime_s\":%u", (unsigned)p->uptime_s);
    text_member(o, "build", p->build);
    out_text(o, ",\"ip\":\"");
    address(o);
    out_fmt(o, "\",\"mac\":\"%02X:%02X:%02X:%02X:%02X:%02X\",\"flags\":\"%u\"", mac[0], mac[1],
            mac[2], mac[3], mac[4], mac[5], (unsigned)config_flags(&p->cfg));
    out_text(o, ",\"mqtthost\":\"");
}

static void info_middle(struct plug *p, struct out *o)
{
    out_fmt(o, ":%d\"", (int)config_number(&p->cfg, CFG_MQTT_PORT));
    text_member(o, "mqtttopic", config_text(&p->cfg, CFG_MQTT_CLIENT));
    text_member(o, "chipset", p->chip->name);
    text_member(o, "webapp", config_text(&p->cfg, CFG_WEBAPP));
    text_member(o, "shortName", config_text(&p->cfg, CFG_SHORT_NAME));
    out_text(o, ",\"startcmd\":\"");
}

static bool info(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    uint32_t at = rq->at & (HOST_TOLD - 1);
    bool more;

    if (!round) {
        json_answer(c);
        info_begin(p, o);
        return true;
    }
    if (!(rq->at & HOST_TOLD)) {
        more = long_text(o, config_text(&p->cfg, CFG_MQTT_HOST), &rq->at);
        if (!more) {
            info_middle(p, o);
            rq->at = HOST_TOLD;
        }
        return true;
    }
    more = long_text(o, config_text(&p->cfg, CFG_STARTUP), &at);
    rq->at = HOST_TOLD | at;
    if (!more)
        out_fmt(o, "\",\"supportsSSDP\":%d,\"supportsClientDeviceDB\":true}", p->ssdp.on);
    return more;
}

static const char *level_name(unsigned level)
{
    static const char *const of[] = {"None", "Error", "Warn", "Info", "Debug"};

    return of[level];
}

static bool log_config(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    uint32_t at = 0;
    struct json all, level;
    int64_t n;

    (void)round;
    json_answer(c);
    if (rq->method == HTTP_POST || rq->method == HTTP_PUT) {
        all = json_parse(rq->body, rq->body_len);
        level = json_member(&all, "level");
        if (all.kind != JSON_OBJECT)
            return bad(c, o, "the body is no object");
        if (level.kind != JSON_NONE && (!json_int(&level, &n) || n < 0 || n > LOG_DEBUG))
            return bad(c, o, "level is 0 to 4");
        if (level.kind != JSON_NONE)
            rq->p->log.level = (uint8_t)n;
        return done(o);
    }
    out_fmt(o, "{\"level\":%u,\"features\":1,\"levelnames\":", rq->p->log.level);
    names(o, &at, LOG_DEBUG + 1, level_name);
    out_text(o, ",\"featurenames\":[\"ALL\"]}");
    return false;
}

/* ---- flash ----------------------------------------------------------------------------- */

/* Up to eight digits. False: none, or more. */
static bool hex(const char **text, uint32_t *value)
{
    unsigned digits = 0;

    for (*value = 0; digits < 9; digits++, (*text)++) {
        const char lower = (char)(**text | 0x20);
        const bool digit = **text >= '0' && **text <= '9';

        if (!digit && (lower < 'a' || lower > 'f'))
            break;
        *value = *value << 4 | (uint32_t)(digit ? **text - '0' : lower - 'a' + 10);
    }
    return digits && digits < 9;
}

/* "/api/flash/1D1000-1000" */
static bool span_of(const char *path, uint32_t *addr, uint32_t *len)
{
    path += strlen("/api/flash/");
    return hex(&path, addr) && *path++ == '-' && hex(&path, len) && !*path;
}

static bool flash(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    const uint32_t size = rq->p->chip->flash_size;
    uint8_t piece[256];
    uint32_t addr, len, n;

    if (rq->method == HTTP_POST || rq->method == HTTP_PUT)
        return http_refuse(c, o, 403, 403, "flash is written by /api/ota only");
    if (!span_of(rq->path, &addr, &len))
        return http_refuse(c, o, 400, OUT_OF_RANGE, "an address and a length, hexadecimal");
    if (!len || addr >= size || len > size - addr)
        return http_refuse(c, o, 416, OUT_OF_RANGE, "that is not all in the flash");
    if (!round) {
        http_type(c, "application/octet-stream");
        http_length(c, len);
    }
    for (unsigned i = 0; i < 3 && rq->at < len; i++, rq->at += n) {
        n = len - rq->at < sizeof piece ? len - rq->at : (uint32_t)sizeof piece;
        if (!hal_flash_read(addr + rq->at, piece, n)) {
            if (!round && !i)
                return http_refuse(c, o, 500, OUT_OF_RANGE, "the flash does not answer");
            o->over = true; /* what has left cannot be taken back: the answer stays short */
            return false;
        }
        out_bytes(o, piece, n);
    }
    return rq->at < len;
}

/* However long the body: nobody wants it. */
static size_t take_none(struct http_request *rq, enum http_part part, const uint8_t *data,
                        size_t len, int *status)
{
    (void)rq;
    (void)part;
    (void)data;
    *status = 403;
    return len;
}

static bool no_files(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    (void)rq;
    (void)round;
    return http_refuse(c, o, 404, 404, "this plug has no files");
}

static bool serial_log(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    (void)round;
    if (rq->path[strlen(rq->path) - 1] == '1')
        return http_refuse(c, o, 501, 501, "this plug does not log to a UART; see /logs");
    json_answer(c);
    return done(o);
}

static bool reboot(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    (void)round;
    json_answer(c);
    plug_reboot(rq->p, REBOOT_S);
    out_fmt(o, "{\"reboot\":%u}", REBOOT_S);
    return false;
}

/* ---- commands ---------------------------------------------------------------------------- */

/* STATUS, whose answer is too long for one piece. */
static bool is_status(const char *command, unsigned *number)
{
    char name[7] = {0};
    int32_t n = 0;

    command += strspn(command, " \t\r\n");
    for (unsigned i = 0; i < 6 && command[i]; i++)
        name[i] = command[i];
    if (!text_same(name, "status"))
        return false;
    command += 6;
    if (*command && *command != ' ')
        return false;
    command += strspn(command, " ");
    if (*command && (!text_int(command, &n) || n < 0 || n > 99))
        return false;
    *number = (unsigned)n;
    return status_known(*number);
}

/* One round of an answer around what a command says: `before` and `behind` it. */
static bool run(struct http_request *rq, struct out *o, unsigned round, const char *command,
                enum cmd_result *r)
{
    unsigned number;

    *r = CMD_OK;
    if (is_status(command, &number))
        return status_write(rq->p, number, round, o);
    *r = cmd_run(rq->p, command, CMD_HTTP, o);
    return false;
}

static bool command(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    static const char *const why[] = {[CMD_UNKNOWN] = "unknown command",
                                      [CMD_FEW] = "not enough arguments",
                                      [CMD_EMPTY] = "no command",
                                      [CMD_BAD] = "bad argument",
                                      [CMD_ERROR] = "failed"};
    enum cmd_result r;
    bool more;

    if (!round) {
        if (memchr(rq->body, '\0', rq->body_len))
            return bad(c, o, "a NUL in the command");
        json_answer(c);
        out_text(o, "{\"success\":200, \"msg\":\"OK\", \"res\":");
    }
    more = run(rq, o, round, rq->body, &r);
    if (r == CMD_UNKNOWN)
        return http_refuse(c, o, 501, 501, why[r]);
    if (r != CMD_OK)
        return bad(c, o, why[r]);
    if (!more)
        out_char(o, '}');
    return more;
}

/* The command is decoded in round 0 where it is; `at` tells where that was. */
static bool cm(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    enum cmd_result r;
    char *text;

    if (!round) {
        text = http_long_field(rq, "cmnd");
        if (!text)
            return bad(c, o, "cmnd is missing");
        rq->at = (uint32_t)(text - rq->path);
        json_answer(c);
    }
    return run(rq, o, round, rq->path + rq->at, &r);
}

const struct http_route http_rest[] = {
    {"/cm", HTTP_EITHER, false, cm, NULL},
    {"/api/info", HTTP_ASK, false, info, NULL},
    {"/api/pins", HTTP_EITHER, false, pins, NULL},
    {"/api/channels", HTTP_EITHER, false, channels, NULL},
    {"/api/channelTypes", HTTP_EITHER, false, types, NULL},
    {"/api/logconfig", HTTP_EITHER, false, log_config, NULL},
    {"/api/seriallog0", HTTP_EITHER, false, serial_log, NULL},
    {"/api/seriallog1", HTTP_EITHER, false, serial_log, NULL},
    {"/api/fsblock", HTTP_EITHER, false, no_files, take_none},
    {"/api/lfs/*", HTTP_EITHER, false, no_files, take_none},
    {"/api/run/*", HTTP_EITHER, false, no_files, take_none},
    {"/api/del/*", HTTP_EITHER, false, no_files, take_none},
    {"/api/flash/*", HTTP_EITHER, false, flash, take_none},
    {"/api/reboot", HTTP_TELL, false, reboot, NULL},
    {"/api/cmnd", HTTP_TELL, false, command, NULL},
    {NULL, 0, false, NULL, NULL},
};
