/* http.h - HTTP/1.1 in pieces, whatever the pieces are; routes; no sockets.
 *
 * A connection is fed bytes as they come and asked for bytes as they fit. It has HTTP_ROOM
 * bytes: the request's target and body stay at their start, what is being read or answered
 * is behind them. A route that takes more than HTTP_BODY (an update) takes it as it comes.
 * One slow client costs one of HTTP_CLIENTS connections, and that only for seconds when
 * others wait. */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include "core/out.h"

#define HTTP_CLIENTS 6u
#define HTTP_ROOM    3072u
#define HTTP_BODY    2048u                   /* of target and collected body together */
#define HTTP_PIECE   (HTTP_ROOM - HTTP_BODY) /* of an answer: each piece has so much at least */
#define HTTP_IDLE_MS 8000u                   /* without a byte in either direction */

struct plug;
struct http_conn;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_OPTIONS, HTTP_HEAD_ONLY };
/* HEAD is done where GET is, without its query: it changes nothing. */
#define HTTP_ASK    (1u << HTTP_GET)
#define HTTP_TELL   (1u << HTTP_POST | 1u << HTTP_PUT)
#define HTTP_EITHER (HTTP_ASK | HTTP_TELL)

struct http_request {
    struct plug *p;
    enum http_method method;
    char *path;      /* decoded */
    char *query;     /* as it came, without '?' */
    char *body;      /* whole, NUL-ended; "" while a route takes it as it comes */
    size_t body_len; /* of Content-Length */
    int taken;       /* what `take` ended with; 0: all is well */
    uint32_t at;     /* the route's own, from one round to the next */
};

enum http_part { HTTP_BEGIN, HTTP_DATA, HTTP_END, HTTP_BROKEN };

struct http_route {
    const char *path; /* ends with '*': a prefix */
    unsigned methods; /* 1 << enum http_method */
    bool open;        /* no password asked */
    /* Write the answer. Long ones are produced in rounds: return true to be called again
     * with `round` + 1 when what was written has left. Nothing written: 204. */
    bool (*serve)(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round);
    /* Bodies taken as they come; NULL: collected. Returns how much it has taken: what it has
     * not is held back and offered again. `*status` other than 0 ends it. BROKEN: the client
     * has left; BEGIN has been before. Answered by `serve` in every other case. */
    size_t (*take)(struct http_request *rq, enum http_part part, const uint8_t *data, size_t len,
                   int *status);
};
extern const struct http_route http_pages[], http_config_pages[], http_net_pages[],
    http_update_pages[], http_rest[]; /* each ended by a NULL path */

/* ---- for routes ------------------------------------------------------------------ */

/* In round 0: status (200) and type (text/html). */
void http_status(struct http_conn *c, int status);
void http_type(struct http_conn *c, const char *type); /* a constant */
void http_header(struct http_conn *c, const char *name, const char *value);
void http_length(struct http_conn *c, uint32_t len); /* of an answer in several rounds */
/* Instead of all that was written: an error, as JSON below /api and for /cm. `code`: in that
 * JSON. False, so that a route can end with it. */
bool http_refuse(struct http_conn *c, struct out *o, int status, int code, const char *why);
/* 303: what was asked is done, see there. False likewise. */
bool http_see(struct http_conn *c, struct out *o, const char *where);

/* Value of a field of a query or form, decoded; false: not there, cut, or with a NUL in it. */
bool http_arg(const char *query, const char *name, char *buf, size_t cap);
/* Of a request: its form, else its query. */
bool http_has(const struct http_request *rq, const char *name);
/* The same of a request. */
bool http_field(const struct http_request *rq, const char *name, char *buf, size_t cap);
bool http_number(const struct http_request *rq, const char *name, int32_t *value);
/* However long it is, decoded where it is: the form or query is no form from then on. NULL:
 * not there, or a NUL in it. */
char *http_long_field(struct http_request *rq, const char *name);

/* ---- the socket's side (net_http.c) ----------------------------------------------- */

struct http_conn *http_accept(struct plug *p); /* NULL: all are busy now, ask again */
/* Returns how much was taken. Less than `len`: not now, feed the rest later. */
size_t http_feed(struct http_conn *c, const uint8_t *data, size_t len);
size_t http_pull(struct http_conn *c, uint8_t *buf, size_t cap); /* 0: nothing now */
bool http_done(const struct http_conn *c);                       /* all pulled: close */
void http_drop(struct http_conn *c);                             /* the socket is gone */
void http_tick(struct plug *p, uint32_t ms);                     /* time-outs */

/* ---- state ------------------------------------------------------------------------- */

enum http_state {
    HTTP_FREE,
    HTTP_LINE,    /* the request line */
    HTTP_FIELDS,  /* the header's lines, each on its own */
    HTTP_COLLECT, /* the body */
    HTTP_STREAM,  /* the body, to `take` */
    HTTP_ANSWER,
    HTTP_OVER
};

struct http_conn {
    struct http_request rq;
    const struct http_route *route; /* NULL: refused */
    const char *why;                /* it was */
    uint8_t state;
    bool admitted;                           /* the right password came */
    bool has_length, chunked, conflict, cut; /* cut: the line is longer than what we look at */
    bool expects;                            /* 100 Continue, still to be sent */
    bool began, more;                        /* answer: round 0 is there; others follow */
    bool known;                              /* `length` is that of the answer */
    int16_t status, code;
    uint16_t kept; /* bytes of `room` the request has */
    uint16_t len;  /* of the line, the body or the piece behind them */
    uint16_t sent; /* of the header or 100 Continue, then of the piece */
    bool headed;   /* the header is sent */
    uint16_t round, fields;
    uint32_t left, length;
    uint32_t age_ms, idle_ms;
    const char *type;
    char extra[96]; /* header lines of the route */
    char room[HTTP_ROOM];
};

struct http {
    struct http_conn conn[HTTP_CLIENTS];
    struct http_conn *uploads; /* whose update it is */
    uint32_t wifi_in_ms;       /* until new Wi-Fi settings count: who set them gets an answer */
    uint32_t refused;
};

#endif
