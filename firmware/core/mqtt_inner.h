/* mqtt_inner.h - what mqtt_heard.c needs of mqtt.c; nobody else's. */
#ifndef CORE_MQTT_INNER_H
#define CORE_MQTT_INNER_H

#include "core/mqtt.h"

const char *mqtt_client(const struct plug *p); /* our name in topics */
/* The item of self state with this name is to be published, if there is one. */
void mqtt_want_self(struct plug *p, const char *name);
/* To stat/<client>/<kind>. */
void mqtt_answer(struct plug *p, const char *kind, const char *text);

#endif
