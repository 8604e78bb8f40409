/* http_inner.h - between requests (http.c), their fields (http_field.c) and answers
 * (http_answer.c); nobody else's. */
#ifndef CORE_HTTP_INNER_H
#define CORE_HTTP_INNER_H

#include "core/http.h"

/* One character of an encoded text; *at moves on. A % that begins nothing is itself. */
char http_decoded(const char **at, bool form);
/* The request is done with: from now on its answer is pulled. */
void http_begin_answer(struct http_conn *c);
/* The same, but no route will do it. */
void http_turn_away(struct http_conn *c, int status, const char *why);

#endif
