/* sink_json.c - one JSON object per line on stdout; the stable interface for
 * scripts. "schema":1 changes when a field changes its meaning or goes away,
 * not when one is added. */
#include <jansson.h>
#include <string.h>

#include "cli/sink.h"

#define PROGRESS_US 100000
#define DEPTH_MAX   8

/* A string for JSON: bytes that are not UTF-8 (file names, firmware) become
 * U+FFFD. NULL only without memory. */
static json_t *text_json(const char *text)
{
    json_t *j = json_string(text);
    size_t len = strlen(text), n = 0;
    char *copy;

    if (j)
        return j;
    copy = malloc(3 * len + 1);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x80) {
            copy[n++] = text[i];
        } else {
            memcpy(copy + n, "\xef\xbf\xbd", 3);
            n += 3;
        }
    }
    j = json_stringn(copy, n);
    free(copy);
    return j;
}

static json_t *field_json(const struct pf_field *f, int depth);

static json_t *children_json(const struct pf_field *f, int depth)
{
    bool object = f->type == PF_FIELD_OBJECT;
    json_t *all = object ? json_object() : json_array();

    for (size_t i = 0; all && i < f->count; i++) {
        const struct pf_field *c = &f->v.child[i];
        json_t *j = field_json(c, depth + 1);

        if (object ? json_object_set_new(all, c->name, j) : json_array_append_new(all, j)) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static json_t *field_json(const struct pf_field *f, int depth)
{
    switch (f->type) {
    case PF_FIELD_STR:
        return f->v.str ? text_json(f->v.str) : json_null();
    case PF_FIELD_UINT:
    case PF_FIELD_HEX:
        if (f->v.uint > INT64_MAX)
            return json_real((double)f->v.uint);
        return json_integer((json_int_t)f->v.uint);
    case PF_FIELD_REAL:
        return json_real(f->v.real);
    case PF_FIELD_BOOL:
        return json_boolean(f->v.boolean);
    case PF_FIELD_OBJECT:
    case PF_FIELD_ARRAY:
        return depth < DEPTH_MAX ? children_json(f, depth) : NULL;
    case PF_FIELD_NULL:
        break;
    }
    return json_null();
}

static bool put(json_t *obj, const struct pf_field f)
{
    return json_object_set_new(obj, f.name, field_json(&f, 0)) == 0;
}

static double seconds(uint64_t us)
{
    return (double)us / 1e6;
}

static json_t *event_json(const struct pf_event *ev, uint64_t at_us)
{
    bool final = ev->kind == PF_EV_RESULT, ok = true;
    json_t *obj = json_object();

    if (!obj)
        return NULL;
    ok &= put(obj, PF_F_UINT("schema", 1));
    ok &= put(obj, PF_F_STR("ev", pf_event_name(ev->kind)));
    if (!final)
        ok &= put(obj, PF_F_REAL("t", seconds(at_us)));
    if (final)
        ok &= put(obj, PF_F_UINT("status", (uint64_t)pf_exit_status(ev->err)));
    if (final || ev->kind == PF_EV_ERROR || ev->kind == PF_EV_RETRY)
        ok &= put(obj, PF_F_STR("err", pf_err_name(ev->err)));
    if (ev->phase)
        ok &= put(obj, PF_F_STR("phase", ev->phase));
    if (ev->kind == PF_EV_PROGRESS) {
        ok &= put(obj, PF_F_UINT("done", ev->done));
        ok &= put(obj, PF_F_UINT("total", ev->total));
    }
    if (ev->text || final)
        ok &= put(obj, PF_F_STR("text", ev->text));
    for (size_t i = 0; ok && i < ev->nfields; i++)
        ok &= put(obj, ev->fields[i]);
    if (!ok) {
        json_decref(obj);
        return NULL;
    }
    return obj;
}

/* At most ten a second of the port's clock, but each phase's first and last. */
static bool progress_due(struct sink_json *s, const struct pf_event *ev)
{
    const char *phase = ev->phase ? ev->phase : "";
    bool same = s->progressed && strncmp(s->phase, phase, sizeof s->phase - 1) == 0;

    if (same && ev->done != ev->total && ev->at_us - s->progress_us < PROGRESS_US)
        return false;
    s->progressed = true;
    s->progress_us = ev->at_us;
    snprintf(s->phase, sizeof s->phase, "%s", phase);
    return true;
}

bool sink_json_event(void *user, const struct pf_event *ev)
{
    struct sink_json *s = user;
    char *line = NULL;
    json_t *obj;

    if (ev->kind == PF_EV_LOG && !s->verbose)
        return true;
    if (ev->kind == PF_EV_PROGRESS && !progress_due(s, ev))
        return true;
    if (ev->at_us > s->last_us)
        s->last_us = ev->at_us;
    obj = event_json(ev, s->last_us);
    if (obj)
        line = json_dumps(obj, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (line)
        fprintf(s->out, "%s\n", line);
    else if (ev->kind == PF_EV_RESULT) /* a result always appears */
        fprintf(s->out, "{\"schema\":1,\"ev\":\"result\",\"status\":%d,\"err\":\"%s\"}\n",
                pf_exit_status(ev->err), pf_err_name(ev->err));
    if (fflush(s->out) != 0 || ferror(s->out))
        s->failed = true;
    free(line);
    json_decref(obj);
    return true;
}
