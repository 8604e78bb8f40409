/* web.h - clients of the plug's web server, without sockets: bytes in, bytes out. */
#ifndef TESTS_FIRMWARE_WEB_H
#define TESTS_FIRMWARE_WEB_H

#include "rig.h"

struct answer {
    int status;        /* 0: there was none */
    char *head, *body; /* NUL-ended */
    size_t len;        /* of the body */
};

/* Ask the rig. The request goes in pieces of `in` bytes, the answer comes in pieces of `out`;
 * time passes in between as a network takes it. Kept until the next one. */
struct answer web_pieces(const char *request, size_t len, size_t in, size_t out);
struct answer web(const char *request);
struct answer web_get(const char *target);
struct answer web_post(const char *target, const char *body);
/* `method target`, with what header lines it takes, each with its CR LF. */
struct answer web_send(const char *method, const char *target, const char *lines, const char *body,
                       size_t len);
/* Value of a header line; "" if it is not there. */
const char *web_line(const struct answer *a, const char *name);
/* Connections in use. */
unsigned web_busy(void);
/* What is wrong with this HTML: tags that do not pair, attributes without quotes, ids twice;
 * NULL: nothing. */
const char *web_html(const char *text);

#endif
