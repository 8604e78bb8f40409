/* page.h - what all pages have in common: head, style, ways around, forms. */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include "core/http.h"

struct plug;

/* Everything before and behind what a page has of its own. */
void page_top(struct plug *p, struct out *o, const char *title);
void page_end(struct out *o);
void page_form(struct out *o, const char *action); /* by POST */
void page_form_end(struct out *o, const char *button);
void page_text(struct out *o, const char *label, const char *name, const char *value, unsigned max);
/* Never shows what it is; empty: stays. */
void page_secret(struct out *o, const char *label, const char *name, const char *value,
                 unsigned max);
void page_number(struct out *o, const char *label, const char *name, int32_t value);
void page_check(struct out *o, const char *name, bool on, const char *label);
/* Settings go to flash now; false: it does not take them, and that is the answer. */
bool page_saved(struct http_request *rq, struct http_conn *c, struct out *o);

#endif
