/* http_answer.c - answers in pieces, as routes write them and as the socket has room.
 *
 * The header is never kept: it is written again for each piece of it that leaves. */
#include "core/http_inner.h"

#include <string.h>

#include "core/plug.h"

#define ROUNDS 16u /* without a byte in a row; then it is somebody else's turn */

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* ---- what routes say ------------------------------------------------------------------------- */

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

/* ---- the header ------------------------------------------------------------------------------ */

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

/* ---- pieces ---------------------------------------------------------------------------------- */

void http_begin_answer(struct http_conn *c)
{
    c->state = HTTP_ANSWER;
    c->len = c->sent = c->round = 0;
    c->expects = c->began = c->more = c->known = c->headed = false;
    c->type = "text/html; charset=utf-8";
    c->idle_ms = c->age_ms = 0;
}

void http_turn_away(struct http_conn *c, int status, const char *why)
{
    c->route = NULL;
    c->status = c->code = (int16_t)status;
    c->why = why;
    c->rq.p->http.refused++;
    http_begin_answer(c);
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
