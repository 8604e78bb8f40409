/* form.c - what a settings page has been sent. */
#include "core/form.h"

#include <string.h>

#include "core/plug.h"

bool form_refuse(struct http_conn *c, struct out *o, const char *why)
{
    return http_refuse(c, o, 400, 400, why);
}

bool form_ticked(const struct http_request *rq, const char *name)
{
    char text[8];

    return http_field(rq, name, text, sizeof text) && text[0] && strcmp(text, "0") != 0;
}

bool form_fits(struct http_request *rq, const char *name, size_t max)
{
    char text[FORM_FIELD];

    if (!http_has(rq, name))
        return true;
    return http_field(rq, name, text, sizeof text) && strlen(text) <= max &&
           !text[strcspn(text, "\r\n")];
}

void form_take(struct http_request *rq, const char *name, enum config_text setting)
{
    char text[FORM_FIELD];

    if (http_field(rq, name, text, sizeof text))
        config_set_text(&rq->p->cfg, setting, text);
}

void form_take_secret(struct http_request *rq, const char *name, const char *none,
                      enum config_text setting)
{
    char text[FORM_FIELD];

    if (form_ticked(rq, none))
        config_set_text(&rq->p->cfg, setting, "");
    else if (http_field(rq, name, text, sizeof text) && text[0])
        config_set_text(&rq->p->cfg, setting, text);
}
