/* form.h - what a settings page has been sent: looked at as a whole first, then taken. */
#ifndef CORE_FORM_H
#define CORE_FORM_H

#include "core/config.h"
#include "core/http.h"

#define FORM_FIELD 257u /* the longest text of a form but the startup command; with its end */

/* 400, and why; false, as pages end. */
bool form_refuse(struct http_conn *c, struct out *o, const char *why);
bool form_ticked(const struct http_request *rq, const char *name);
/* One line of at most `max` characters, or not there at all. */
bool form_fits(struct http_request *rq, const char *name, size_t max);
/* A text, known to fit, into a setting; one that is not in the form stays. */
void form_take(struct http_request *rq, const char *name, enum config_text setting);
/* The same for a secret: an empty one stays as it is, `none` ticked clears it. */
void form_take_secret(struct http_request *rq, const char *name, const char *none,
                      enum config_text setting);

#endif
