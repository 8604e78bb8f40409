/* sink_log.c - every event as a line of plain text, for --log. */
#include <string.h>

#include "cli/sink.h"
#include "cli/text.h"

#define PROGRESS_US 1000000

static void put_fields(FILE *out, const struct pf_field *f, size_t n, int depth)
{
    for (size_t i = 0; i < n; i++, f++) {
        fputc(' ', out);
        if (f->name)
            fprintf(out, "%s=", f->name);
        switch (f->type) {
        case PF_FIELD_STR:
            text_put(out, f->v.str ? f->v.str : "-");
            break;
        case PF_FIELD_UINT:
            fprintf(out, "%llu", (unsigned long long)f->v.uint);
            break;
        case PF_FIELD_HEX:
            fprintf(out, "0x%llx", (unsigned long long)f->v.uint);
            break;
        case PF_FIELD_REAL:
            fprintf(out, "%.6f", f->v.real);
            break;
        case PF_FIELD_BOOL:
            fputs(f->v.boolean ? "yes" : "no", out);
            break;
        case PF_FIELD_NULL:
            fputc('-', out);
            break;
        case PF_FIELD_OBJECT:
        case PF_FIELD_ARRAY:
            fputc('{', out);
            if (depth < 8)
                put_fields(out, f->v.child, f->count, depth + 1);
            fputs(" }", out);
        }
    }
}

static bool progress_due(struct sink_log *s, const struct pf_event *ev)
{
    const char *phase = ev->phase ? ev->phase : "";

    if (strncmp(s->phase, phase, sizeof s->phase - 1) == 0 && ev->done != ev->total &&
        ev->at_us - s->progress_us < PROGRESS_US)
        return false;
    s->progress_us = ev->at_us;
    snprintf(s->phase, sizeof s->phase, "%s", phase);
    return true;
}

bool sink_log_event(void *user, const struct pf_event *ev)
{
    struct sink_log *s = user;

    if (ev->kind == PF_EV_PROGRESS && !progress_due(s, ev))
        return true;
    if (ev->at_us > s->last_us)
        s->last_us = ev->at_us;
    fprintf(s->out, "%12.6f %-8s", (double)s->last_us / 1e6, pf_event_name(ev->kind));
    if (ev->phase)
        fprintf(s->out, " %s", ev->phase);
    if (ev->kind == PF_EV_PROGRESS)
        fprintf(s->out, " %llu/%llu", (unsigned long long)ev->done, (unsigned long long)ev->total);
    if (ev->err || ev->kind == PF_EV_RESULT)
        fprintf(s->out, " [%s]", pf_err_name(ev->err));
    if (ev->text) {
        fputc(' ', s->out);
        text_put(s->out, ev->text);
    }
    put_fields(s->out, ev->fields, ev->nfields, 0);
    fputc('\n', s->out);
    fflush(s->out);
    return true;
}
