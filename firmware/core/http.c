/* http.c - requests in pieces, routes, answers in pieces. What is asked for is done in
 * routes (page*.c, rest.c); what carries the bytes is net_http.c.
 *
 * The answer's header is never kept: it is written again for each piece of it that leaves. */
#include "core/http.h"

#include <string.h>

#include "core/plug.h"

#define FIELDS_MAX  8192u   /* bytes of a request's header */
#define ASK_MS      15000u  /* for all of a request but an update */
#define TAKE_MS     600000u /* for an update */
#define ANSWER_MS   300000u
#define PATIENCE_MS 3000u /* with who is slow while others wait */
#define ROUNDS      16u   /* without a byte in a row; then it is somebody else's turn */
#define USER        "admin"
#define SECRET      33u /* a password and its NUL */

static const struct http_route *const tables[] = {http_update_pages, http_rest, http_pages,
                                                  http_config_pages, http_net_pages};

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* ---- fields of forms ---------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of an encoded text; *at moves on. A % that begins nothing is itself. */
static char decoded(const char **at, bool form)
{
    const char *s = *at;
    const int high = *s == '%' ? hex_digit(s[1]) : -1, low = high >= 0 ? hex_digit(s[2]) : -1;

    *at += low >= 0 ? 3 : 1;
    if (low >= 0)
        return (char)(high << 4 | low);
    return form && *s == '+' ? ' ' : *s;
}

/* Does this pair of a form begin with the encoded name? Then where its value is. */
static const char *value_of(const char *pair, const char *name)
{
    while (*pair && *pair != '&' && *pair != '=')
        if (!*name || decoded(&pair, true) != *name++)
            return NULL;
    if (*name)
        return NULL;
    return *pair == '=' ? pair + 1 : pair;
}

static const char *find(const char *query, const char *name)
{
    const char *value = NULL;

    while (query && *query && !(value = value_of(query, name))) {
        query += strcspn(query, "&");
        query += *query == '&';
    }
    return value;
}

bool http_arg(const char *query, const char *name, char *buf, size_t cap)
{
    const char *from = find(query, name);
    size_t n = 0;

    if (!from || !cap)
        return false;
    while (*from && *from != '&') {
        const char c = decoded(&from, true);

        if (!c || n + 1 >= cap)
            return false;
        buf[n++] = c;
    }
    buf[n] = '\0';
    return true;
}

bool http_has(const struct http_request *rq, const char *name)
{
    return find(rq->body, name) || find(rq->query, name);
}

bool http_field(const struct http_request *rq, const char *name, char *buf, size_t cap)
{
    return http_arg(find(rq->body, name) ? rq->body : rq->query, name, buf, cap);
}

bool http_number(const struct http_request *rq, const char *name, int32_t *value)
{
    char text[16];

    return http_field(rq, name, text, sizeof text) && text_int(text, value);
}

char *http_long_field(struct http_request *rq, const char *name)
{
    char *form = find(rq->body, name) ? rq->body : rq->query, *to;
    const char *from = find(form, name);

    if (!from)
        return NULL;
    form = to = form + (from - form);
    while (*from && *from != '&') {
        const char c = decoded(&from, true);

        if (!c)
            return NULL;
        *to++ = c;
    }
    *to = '\0';
    return form;
}

/* ---- answers -------------------------------------------------------------------------- */

void http_status(struct http_conn *c, int status)
{
    c->status = (int16_t)status;
}

void http_type(struct http_conn *c, const char *type)
{
    c->type = type;
}

/* A line that a name from outside could end is none. */
void http_header(struct http_conn *c, const char *name, const char *value)
{
    const size_t have = strlen(c->extra);
    struct out o;

    if (value[strcspn(value, "\r\n")])
        return;
    out_init(&o, c->extra + have, sizeof c->extra - have);
    out_fmt(&o, "%s: %s\r\n", name, value);
    if (o.over)
        c->extra[have] = '\0';
}

void http_length(struct http_conn *c, uint32_t len)
{
    c->length = len;
    c->known = true;
}

static bool speaks_json(const struct http_request *rq)
{
    return !strncmp(rq->path, "/api/", 5) || !strcmp(rq->path, "/cm");
}

bool http_refuse(struct http_conn *c, struct out *o, int status, int code, const char *why)
{
    out_init(o, o->buf, o->cap);
    http_status(c, status);
    if (speaks_json(&c->rq)) {
        http_type(c, "application/json");
        out_fmt(o, "{\"error\":%d, \"msg\":\"", code);
        out_json(o, why);
        out_text(o, "\"}");
        return false;
    }
    http_type(c, "text/html; charset=utf-8");
    out_fmt(o,
            "<!DOCTYPE html><html lang=\"en\"><head><meta name=\"viewport\" "
            "content=\"width=device-width\"><title>%d</title></head><body><h1>%d</h1><p>",
            status, status);
    out_html(o, why);
    out_text(o, "</p><p><a href=\"/index\">Main page</a></p></body></html>");
    return false;
}

bool http_see(struct http_conn *c, struct out *o, const char *where)
{
    (void)o;
    http_status(c, 303);
    http_header(c, "Location", where);
    http_length(c, 0);
    return false;
}

static const char *reason(int status)
{
    static const struct {
        uint16_t status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {204, "No Content"},
        {303, "See Other"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {416, "Range Not Satisfiable"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].text;
    return status < 500 ? "Bad Request" : "Internal Server Error";
}

static void write_header(const struct http_conn *c, struct out *o)
{
    out_fmt(o, "HTTP/1.1 %d %s\r\n", c->status, reason(c->status));
    if (c->status != 204 && c->status != 303)
        out_fmt(o, "Content-Type: %s\r\n", c->type);
    if (c->known && c->status != 204)
        out_fmt(o, "Content-Length: %u\r\n", (unsigned)c->length);
    if (c->status == 401)
        out_text(o, "WWW-Authenticate: Basic realm=\"OpenBeken HTTP Server\"\r\n");
    if (c->status == 405)
        out_text(o, "Allow: GET, HEAD, POST, PUT, OPTIONS\r\n");
    out_text(o, c->extra);
    out_text(o, "Cache-Control: no-store\r\n"
                "Access-Control-Allow-Origin: *\r\n"
                "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, OPTIONS\r\n"
                "Access-Control-Allow-Headers: Authorization, Content-Type, Accept, Origin, "
                "X-Requested-With\r\n"
                "Connection: close\r\n\r\n");
}

/* A text of which `skip` bytes have left already, and what fits of the rest is wanted. */
struct window {
    uint8_t *to;
    size_t cap, skip, got, rest;
};

static bool through_window(void *user, const char *text, size_t len)
{
    struct window *w = user;

    for (size_t i = 0; i < len; i++) {
        if (w->skip)
            w->skip--;
        else if (w->got < w->cap)
            w->to[w->got++] = (uint8_t)text[i];
        else
            w->rest++;
    }
    return true;
}

static size_t send_header(struct http_conn *c, uint8_t *buf, size_t cap)
{
    struct window w = {.to = buf, .cap = cap, .skip = c->sent};
    char piece[64];
    struct out o;

    out_init(&o, piece, sizeof piece);
    o.sink = through_window;
    o.user = &w;
    write_header(c, &o);
    out_flush(&o);
    c->sent = (uint16_t)(c->sent + w.got);
    if (!w.rest) {
        c->headed = true;
        c->sent = 0;
    }
    return w.got;
}

static void begin_answer(struct http_conn *c)
{
    c->state = HTTP_ANSWER;
    c->len = c->sent = c->round = 0;
    c->expects = c->began = c->more = c->known = c->headed = false;
    c->type = "text/html; charset=utf-8";
    c->idle_ms = c->age_ms = 0;
}

/* No route will do it. */
static void refuse(struct http_conn *c, int status, const char *why)
{
    c->route = NULL;
    c->status = c->code = (int16_t)status;
    c->why = why;
    c->rq.p->http.refused++;
    begin_answer(c);
}

/* Room for a piece is what the request does not need. */
static void write_piece(struct http_conn *c)
{
    struct out o;

    out_init(&o, c->room + c->kept, sizeof c->room - c->kept);
    if (c->route)
        c->more = c->route->serve(&c->rq, c, &o, c->round);
    else if (c->why)
        c->more = http_refuse(c, &o, c->status, c->code, c->why);
    if (o.over) { /* whole or not at all: what is missing could be anything */
        c->more = false;
        if (c->round)
            o.len = 0;
        else
            http_refuse(c, &o, 500, 500, "the answer is too long for this request");
    }
    c->len = (uint16_t)o.len;
    c->sent = 0;
    c->round++;
}

static void first_piece(struct http_conn *c)
{
    c->began = true;
    write_piece(c);
    if (c->more)
        return;
    if (!c->len && c->status == 200)
        c->status = 204;
    http_length(c, c->len);
}

static size_t send_piece(struct http_conn *c, uint8_t *buf, size_t cap)
{
    size_t n = (size_t)(c->len - c->sent);

    n = n < cap ? n : cap;
    memcpy(buf, c->room + c->kept + c->sent, n);
    c->sent = (uint16_t)(c->sent + n);
    return n;
}

/* The next bytes of the answer: header, pieces, the end. */
static size_t send_answer(struct http_conn *c, uint8_t *buf, size_t cap)
{
    if (!c->began) {
        first_piece(c);
        return 0;
    }
    if (!c->headed) {
        const size_t n = send_header(c, buf, cap);

        if (c->headed && c->rq.method == HTTP_HEAD_ONLY)
            c->state = HTTP_OVER;
        return n;
    }
    if (c->sent < c->len)
        return send_piece(c, buf, cap);
    if (c->more)
        write_piece(c);
    else
        c->state = HTTP_OVER;
    return 0;
}

static size_t send_go_on(struct http_conn *c, uint8_t *buf, size_t cap)
{
    size_t n = sizeof go_on - 1 - c->sent;

    n = n < cap ? n : cap;
    memcpy(buf, go_on + c->sent, n);
    c->sent = (uint16_t)(c->sent + n);
    c->expects = c->sent < sizeof go_on - 1;
    return n;
}

size_t http_pull(struct http_conn *c, uint8_t *buf, size_t cap)
{
    size_t n = 0;

    if (c->expects && (c->state == HTTP_COLLECT || c->state == HTTP_STREAM))
        n = send_go_on(c, buf, cap);
    for (unsigned empty = 0; c->state == HTTP_ANSWER && n < cap && empty < ROUNDS;) {
        const size_t more = send_answer(c, buf + n, cap - n);

        n += more;
        empty = more ? 0 : empty + 1;
    }
    if (n)
        c->idle_ms = 0;
    return n;
}

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
        *to = decoded(&from, false);
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
        refuse(c, 400, "this is not HTTP");
    } else if (strncmp(version, "HTTP/1.", 7) != 0) {
        refuse(c, 505, "only HTTP/1");
    } else if (!method_of(method, &c->rq.method)) {
        refuse(c, 501, "no such method");
    } else if (c->rq.method == HTTP_OPTIONS && !strcmp(target, "*")) {
        c->rq.path = c->room;
        c->room[0] = '\0';
        c->kept = 1;
    } else {
        target = without_host(target);
        if (*target && *target != '/' && *target != '?')
            refuse(c, 400, "what is asked for begins with /");
        else if (!keep_target(c, target))
            refuse(c, 400, "no such name");
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
            refuse(c, 413, "the body is too long");
            return;
        }
        c->rq.body = c->room + c->kept;
        c->kept = (uint16_t)(c->kept + c->left + 1);
        c->rq.body[c->left] = '\0';
        c->state = HTTP_COLLECT;
        if (!c->left)
            begin_answer(c);
        return;
    }
    if (!c->has_length) {
        refuse(c, 411, "how long it is has to be said before");
        return;
    }
    c->route->take(&c->rq, HTTP_BEGIN, NULL, 0, &status);
    c->state = HTTP_STREAM;
    c->rq.taken = status;
    if (status)
        begin_answer(c);
}

/* The header is complete. */
static void request(struct http_conn *c)
{
    const struct plug *p = c->rq.p;
    enum http_method method = c->rq.method;

    if (method == HTTP_OPTIONS) { /* whoever asks: the browser has no password yet */
        c->status = 204;
        c->why = NULL;
        begin_answer(c);
        return;
    }
    if (method == HTTP_HEAD_ONLY) {
        method = HTTP_GET;
        c->rq.query[0] = '\0';
    }
    c->route = route_of(c->rq.path);
    if (c->conflict)
        refuse(c, 400, "the length is no number");
    else if (locked(p) && !c->admitted && !(c->route && c->route->open))
        refuse(c, 401, "user and password, please");
    else if (config_number(&p->cfg, CFG_NO_WEB) && !p->safe_mode)
        refuse(c, 403, "the web server is off");
    else if (!c->route)
        refuse(c, 404, "there is nothing of that name");
    else if (!(c->route->methods >> method & 1))
        refuse(c, 405, "not with this method");
    else if (c->chunked)
        refuse(c, 411, "bodies have to come with their length");
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
        refuse(c, 431, "the header is too long");
    } else if (byte == '\n') {
        line_end(c);
    } else if (!byte) {
        refuse(c, 400, "a NUL in the header");
    } else if (c->len < room) {
        c->room[c->kept + c->len++] = (char)byte;
    } else if (c->state == HTTP_LINE) {
        refuse(c, 414, "what is asked for is too long");
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
        begin_answer(c);
    return n;
}

static void end_stream(struct http_conn *c, int status)
{
    c->rq.taken = status;
    begin_answer(c);
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
            refuse(c, 408, "that took too long");
        break;
    case HTTP_STREAM:
        if (!c->left) {
            c->route->take(&c->rq, HTTP_END, NULL, 0, &status);
            end_stream(c, status);
        } else if (idle || c->age_ms >= TAKE_MS) {
            broken(c);
            refuse(c, 408, "that took too long");
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
