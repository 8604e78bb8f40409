/* tmpl.h - device templates (reference 2.6): pins, flags and startup command, in and out. */
#ifndef CORE_TMPL_H
#define CORE_TMPL_H

#include "core/out.h"

struct plug;

/* Apply a template, or the settings that Tuya's firmware kept (tmpl_tuya.c). Nothing is changed
 * unless all of it can be used: `why` names what cannot. True: applied, settings marked for
 * saving. */
bool template_apply(struct plug *p, const char *json, size_t len, struct out *why);
void template_export(struct plug *p, struct out *o);

#endif
