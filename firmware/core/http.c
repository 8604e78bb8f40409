/* http.c - requests in pieces, and routes; answers are http_answer.c's. What is asked for is done
 * in routes (page*.c, rest.c); what carries the bytes is net_http.c. */
#include "core/http_inner.h"

#include <string.h>

#include "core/plug.h"

#define FIELDS_MAX  8192u   /* bytes of a request's header */
#define ASK_MS      15000u  /* for all of a request but an update */
#define TAKE_MS     600000u /* for an update */
#define ANSWER_MS   300000u
#define PATIENCE_MS 3000u /* with who is slow while others wait */
#define USER        "admin"
#define SECRET      33u /* a password and its NUL */

static const struct http_route *const tables[] = {http_update_pages, http_rest, http_pages,
                                                  http_config_pages, http_net_pages};

/* Lower case, whatever the text's is. */
static bool begins(const char *text, const char *with)
{
    while (*with && (*text | (*text >= 'A' && *text <= 'Z' ? 0x20 : 0)) == *with) {
        text++;
        with++;
    }
    return !*with;
}

/* ---- who may ----------------------------------------------------------------------- */

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* False: it is none, or longer than `cap`. */
static bool base64(const char *text, char *to, size_t cap)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    for (; *text && *text != '='; text++) {
        const int digit = base64_digit(*text);

        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (n + 1 >= cap)
            return false;
        to[n++] = (char)(bits >> have & 0xff);
    }
    to[n] = '\0';
    return strspn(text, "=") == strlen(text) && strlen(to) == n;
}

/* In the same time, wherever they differ first. */
static bool same_secret(const char *a, const char *b)
{
    char x[SECRET] = {0}, y[SECRET] = {0};
    const bool whole_a = text_copy(x, sizeof x, a), whole_b = text_copy(y, sizeof y, b);
    volatile uint8_t differ = !whole_a || !whole_b;

    for (size_t i = 0; i < SECRET; i++)
        differ = (uint8_t)(differ | (x[i] ^ y[i]));
    return !differ;
}

static bool knows_password(const struct plug *p, const char *value)
{
    char text[SECRET + 16];
    char *colon;

    if (!begins(value, "basic "))
        return false;
    value += 6;
    value += strspn(value, " ");
    if (!base64(value, text, sizeof text) || !(colon = strchr(text, ':')))
        return false;
    *colon = '\0';
    return same_secret(colon + 1, config_text(&p->cfg, CFG_WEB_PASSWORD)) && text_same(text, USER);
}

static bool locked(const struct plug *p)
{
    return config_text(&p->cfg, CFG_WEB_PASSWORD)[0] && !(p->safe_mode && config_flag(&p->cfg, 44));
}

/* ---- the request line ---------------------------------------------------------------- */

static const struct http_route *route_of(const char *path)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (const struct http_route *r = tables[t]; r->path; r++) {
            const size_t n = strcspn(r->path, "*");

            if (r->path[n] ? !strncmp(r->path, path, n) : !strcmp(r->path, path))
                return r;
        }
    return NULL;
}

/* False: there is none of that name here. */
static bool method_of(const char *text, enum http_method *method)
{
    static const char *const names[] = {"GET", "POST", "PUT", "OPTIONS", "HEAD"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(text, names[i])) {
            *method = (enum http_method)i;
            return true;
        }
    return false;
}

/* Of "http://plug/index" what is behind the host. */
static char *without_host(char *target)
{
    if (!begins(target, "http://"))
        return target;
    target += 7;
    target += strcspn(target, "/?");
    return target;
}

/* Target to the start of `room`, parted and decoded. False: there is a NUL in its path. */
static bool keep_target(struct http_conn *c, char *target)
{
    const char *from;
    size_t n = strlen(target), path;
    char *query, *to;

    memmove(c->room + 1, target, n + 1);
    c->room[0] = '/'; /* "http://plug?a" has a path, too */
    target = c->room + (c->room[1] == '/');
    c->rq.path = target;
    target[strcspn(target, "#")] = '\0';
    query = target + strcspn(target, "?");
    path = (size_t)(query - target);
    if (*query)
        *query++ = '\0';
    for (from = to = target; (size_t)(from - target) < path;) {
        *to = http_decoded(&from, false);
        if (!*to++)
            return false;
    }
    *to++ = '\0';
    c->rq.query = query;
    c->kept = (uint16_t)(query + strlen(query) + 1 - c->room);
    return true;
}

/* "GET /index?state=1 HTTP/1.1" */
static void request_line(struct http_conn *c)
{
    char *method = c->room, *target, *version, *nothing = c->room + c->len;

    target = method + strcspn(method, " ");
    if (*target)
        *target++ = '\0';
    target += strspn(target, " ");
    version = target + strcspn(target, " ");
    if (*version)
        *version++ = '\0';
    version += strspn(version, " ");
    c->rq.path = c->rq.query = c->rq.body = nothing; /* "", until there are others */
    if (strlen(version) < 8 || strncmp(version, "HTTP/", 5) != 0) {
        http_turn_away(c, 400, "this is not HTTP");
    } else if (strncmp(version, "HTTP/1.", 7) != 0) {
        http_turn_away(c, 505, "only HTTP/1");
    } else if (!method_of(method, &c->rq.method)) {
        http_turn_away(c, 501, "no such method");
    } else if (c->rq.method == HTTP_OPTIONS && !strcmp(target, "*")) {
        c->rq.path = c->room;
        c->room[0] = '\0';
        c->kept = 1;
    } else {
        target = without_host(target);
        if (*target && *target != '/' && *target != '?')
            http_turn_away(c, 400, "what is asked for begins with /");
        else if (!keep_target(c, target))
            http_turn_away(c, 400, "no such name");
    }
    if (c->state == HTTP_LINE)
        c->state = HTTP_FIELDS;
    c->rq.body = c->rq.query + strlen(c->rq.query);
}

/* ---- fields ---------------------------------------------------------------------------- */

/* Digits and nothing else; more than 32 bits are as many as that. */
static void content_length(struct http_conn *c, const char *value)
{
    uint64_t n;

    if (value[0] < '0' || value[0] > '9' || !text_u64(value, &n)) {
        c->conflict = true;
        return;
    }
    n = n < UINT32_MAX ? n : UINT32_MAX;
    c->conflict |= c->has_length && c->left != n;
    c->has_length = true;
    c->left = (uint32_t)n;
}

static void field(struct http_conn *c, char *line)
{
    char *value = line + strcspn(line, ":"), *end;

    if (!*value || value == line)
        return; /* no field: nothing to us */
    *value++ = '\0';
    value += strspn(value, " \t");
    for (end = value + strlen(value); end > value && (end[-1] == ' ' || end[-1] == '\t');)
        *--end = '\0';
    if (text_same(line, "content-length")) {
        if (c->cut)
            c->conflict = true;
        else
            content_length(c, value);
    } else if (text_same(line, "transfer-encoding")) {
        c->chunked = true;
    } else if (text_same(line, "authorization")) {
        c->admitted = !c->cut && knows_password(c->rq.p, value);
    } else if (text_same(line, "expect")) {
        c->expects = text_same(value, "100-continue");
    }
}

static void begin_body(struct http_conn *c)
{
    int status = 0;

    c->len = c->sent = 0;
    c->rq.body_len = c->left;
    c->expects = c->expects && c->left;
    if (!c->route->take || !(HTTP_TELL >> c->rq.method & 1)) {
        if (c->left > HTTP_BODY || c->kept + c->left + 1 > HTTP_BODY) {
            http_turn_away(c, 413, "the body is too long");
            return;
        }
        c->rq.body = c->room + c->kept;
        c->kept = (uint16_t)(c->kept + c->left + 1);
        c->rq.body[c->left] = '\0';
        c->state = HTTP_COLLECT;
        if (!c->left)
            http_begin_answer(c);
        return;
    }
    if (!c->has_length) {
        http_turn_away(c, 411, "how long it is has to be said before");
        return;
    }
    c->route->take(&c->rq, HTTP_BEGIN, NULL, 0, &status);
    c->state = HTTP_STREAM;
    c->rq.taken = status;
    if (status)
        http_begin_answer(c);
}

/* The header is complete. */
static void request(struct http_conn *c)
{
    const struct plug *p = c->rq.p;
    enum http_method method = c->rq.method;

    if (method == HTTP_OPTIONS) { /* whoever asks: the browser has no password yet */
        c->status = 204;
        c->why = NULL;
        http_begin_answer(c);
        return;
    }
    if (method == HTTP_HEAD_ONLY) {
        method = HTTP_GET;
        c->rq.query[0] = '\0';
    }
    c->route = route_of(c->rq.path);
    if (c->conflict)
        http_turn_away(c, 400, "the length is no number");
    else if (locked(p) && !c->admitted && !(c->route && c->route->open))
        http_turn_away(c, 401, "user and password, please");
    else if (config_number(&p->cfg, CFG_NO_WEB) && !p->safe_mode)
        http_turn_away(c, 403, "the web server is off");
    else if (!c->route)
        http_turn_away(c, 404, "there is nothing of that name");
    else if (!(c->route->methods >> method & 1))
        http_turn_away(c, 405, "not with this method");
    else if (c->chunked)
        http_turn_away(c, 411, "bodies have to come with their length");
    else
        begin_body(c);
}

/* ---- bytes in -------------------------------------------------------------------------- */

static void line_end(struct http_conn *c)
{
    char *line = c->room + c->kept;

    if (c->len && line[c->len - 1] == '\r')
        c->len--;
    line[c->len] = '\0';
    if (c->state == HTTP_LINE) {
        if (c->len) /* empty ones before are let pass, as many as a header has bytes */
            request_line(c);
    } else if (!c->len && !c->cut) {
        request(c);
        return;
    } else {
        field(c, line);
    }
    c->len = 0;
    c->cut = false;
}

static void head_byte(struct http_conn *c, uint8_t byte)
{
    /* A line needs one byte more for its NUL; a target one more for its slash. */
    const size_t room = c->state == HTTP_LINE ? HTTP_BODY - 8 : sizeof c->room - c->kept - 1;

    if (++c->fields > FIELDS_MAX) {
        http_turn_away(c, 431, "the header is too long");
    } else if (byte == '\n') {
        line_end(c);
    } else if (!byte) {
        http_turn_away(c, 400, "a NUL in the header");
    } else if (c->len < room) {
        c->room[c->kept + c->len++] = (char)byte;
    } else if (c->state == HTTP_LINE) {
        http_turn_away(c, 414, "what is asked for is too long");
    } else {
        c->cut = true;
    }
}

static size_t collect(struct http_conn *c, const uint8_t *data, size_t len)
{
    const size_t n = len < c->left ? len : c->left;

    memcpy(c->rq.body + c->len, data, n);
    c->len = (uint16_t)(c->len + n);
    c->left -= (uint32_t)n;
    if (!c->left)
        http_begin_answer(c);
    return n;
}

static void end_stream(struct http_conn *c, int status)
{
    c->rq.taken = status;
    http_begin_answer(c);
}

/* The end is left to the next tick: it may erase a sector, and so may this. */
static size_t stream(struct http_conn *c, const uint8_t *data, size_t len)
{
    const size_t offered = len < c->left ? len : c->left;
    int status = 0;
    size_t n;

    if (!offered)
        return len; /* behind the body: nobody listens */
    n = c->route->take(&c->rq, HTTP_DATA, data, offered, &status);
    n = n < offered ? n : offered;
    c->left -= (uint32_t)n;
    if (status)
        end_stream(c, status);
    return n;
}

size_t http_feed(struct http_conn *c, const uint8_t *data, size_t len)
{
    size_t n = 0;

    while (n < len && c->state != HTTP_STREAM) {
        if (c->state == HTTP_LINE || c->state == HTTP_FIELDS)
            head_byte(c, data[n++]);
        else if (c->state == HTTP_COLLECT)
            n += collect(c, data + n, len - n);
        else
            n = len; /* nobody listens any more */
    }
    if (n < len)
        n += stream(c, data + n, len - n); /* once: asked again, it would erase again */
    if (n && c->state < HTTP_ANSWER)
        c->idle_ms = 0;
    return n;
}

/* ---- connections --------------------------------------------------------------------- */

bool http_done(const struct http_conn *c)
{
    return c->state == HTTP_OVER;
}

static void broken(struct http_conn *c)
{
    int status = 0;

    if (c->state == HTTP_STREAM)
        c->route->take(&c->rq, HTTP_BROKEN, NULL, 0, &status);
}

void http_drop(struct http_conn *c)
{
    broken(c);
    c->state = HTTP_FREE;
    c->room[0] = '\0';
}

/* All are busy: who is slowest goes, if he is slow. */
static void make_room(struct http *h)
{
    struct http_conn *slowest = NULL;

    for (unsigned i = 0; i < HTTP_CLIENTS; i++) {
        struct http_conn *c = &h->conn[i];
        const uint32_t waited = c->state == HTTP_ANSWER ? c->idle_ms : c->age_ms;

        if (c->state == HTTP_OVER)
            return; /* there will be one */
        if (c->state != HTTP_STREAM && waited >= PATIENCE_MS &&
            (!slowest || c->age_ms > slowest->age_ms))
            slowest = c;
    }
    if (slowest)
        slowest->state = HTTP_OVER;
}

struct http_conn *http_accept(struct plug *p)
{
    for (unsigned i = 0; i < HTTP_CLIENTS; i++) {
        struct http_conn *c = &p->http.conn[i];

        if (c->state != HTTP_FREE)
            continue;
        memset(c, 0, offsetof(struct http_conn, room));
        c->room[0] = '\0';
        c->rq = (struct http_request){.p = p, .path = c->room, .query = c->room, .body = c->room};
        c->state = HTTP_LINE;
        c->status = 200;
        return c;
    }
    make_room(&p->http);
    return NULL;
}

/* What time does: ends of streams, and of patience. */
static void tick(struct http_conn *c)
{
    const bool idle = c->idle_ms >= HTTP_IDLE_MS;
    int status = 0;

    switch (c->state) {
    case HTTP_LINE:
    case HTTP_FIELDS:
    case HTTP_COLLECT:
        if (idle || c->age_ms >= ASK_MS)
            http_turn_away(c, 408, "that took too long");
        break;
    case HTTP_STREAM:
        if (!c->left) {
            c->route->take(&c->rq, HTTP_END, NULL, 0, &status);
            end_stream(c, status);
        } else if (idle || c->age_ms >= TAKE_MS) {
            broken(c);
            http_turn_away(c, 408, "that took too long");
        }
        break;
    case HTTP_ANSWER:
        if (idle || c->age_ms >= ANSWER_MS)
            c->state = HTTP_OVER;
        break;
    }
}

void http_tick(struct plug *p, uint32_t ms)
{
    struct http *h = &p->http;

    for (unsigned i = 0; i < HTTP_CLIENTS; i++) {
        h->conn[i].age_ms += ms;
        h->conn[i].idle_ms += ms;
        tick(&h->conn[i]);
    }
    if (!h->wifi_in_ms)
        return;
    h->wifi_in_ms = h->wifi_in_ms > ms ? h->wifi_in_ms - ms : 0;
    if (!h->wifi_in_ms)
        wifi_changed(p);
}
