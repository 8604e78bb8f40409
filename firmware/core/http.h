/* http.h - HTTP/1.1 in pieces, whatever the pieces are; routes; no sockets.
 *
 * A connection is fed bytes as they come and asked for bytes as they fit. A body is
 * never collected beyond HTTP_BODY: a route that takes more (an update) takes it as
 * it comes. One slow client costs one of HTTP_CLIENTS connections and nothing else. */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include "core/out.h"

#define HTTP_CLIENTS 6u
#define HTTP_HEAD    1024u /* request line and the headers we look at */
#define HTTP_BODY    2048u
#define HTTP_IDLE_MS 8000u

struct plug;
struct http_conn;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_OPTIONS, HTTP_HEAD_ONLY };

struct http_request {
    struct plug *p;
    enum http_method method;
    const char *path;  /* decoded */
    const char *query; /* as it came, without '?' */
    const char *body;  /* whole, NUL-ended; NULL while a route streams */
    size_t body_len;   /* of Content-Length */
};

struct http_route {
    const char *path;        /* ends with '*': a prefix */
    unsigned methods;        /* 1 << enum http_method */
    bool in_safe_mode, open; /* open: no password asked */
    /* Write the answer. Long ones are produced in rounds: return true to be called again
     * with `round` + 1 when what was written has left. Nothing written: 204. */
    bool (*serve)(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round);
    /* Bodies taken as they come; NULL: collected. Returns an HTTP status, 0: go on. `end`:
     * the last piece; `broken`: the client left. */
    int (*take)(struct http_request *rq, const uint8_t *data, size_t len, bool end, bool broken);
};
extern const struct http_route http_pages[], http_rest[], http_commands[];

/* Before anything is written: status (200) and type (text/html). */
void http_status(struct http_conn *c, int status);
void http_type(struct http_conn *c, const char *type);
void http_header(struct http_conn *c, const char *name, const char *value);

/* Value of a field of a query or form, decoded; false: not there or cut. */
bool http_arg(const char *query, const char *name, char *buf, size_t cap);

/* The socket's side (net_http.c). */
struct http_conn *http_accept(struct plug *p); /* NULL: all are busy */
void http_feed(struct http_conn *c, const uint8_t *data, size_t len);
size_t http_pull(struct http_conn *c, uint8_t *buf, size_t cap); /* 0: nothing now */
bool http_done(const struct http_conn *c);                       /* all pulled: close */
void http_drop(struct http_conn *c);                             /* the socket is gone */
void http_tick(struct plug *p, uint32_t ms);                     /* time-outs */

#endif
