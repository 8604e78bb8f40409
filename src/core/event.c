/* event.c - failures and events of one context; see event.h. */
#include "plugflash/event.h"

#include <stdio.h>

#include "plugflash/transport.h"

static const char *const event_names[] = {
    [PF_EV_START] = "start",     [PF_EV_PORT] = "port",         [PF_EV_SYNC] = "sync",
    [PF_EV_CHIP] = "chip",       [PF_EV_PROGRESS] = "progress", [PF_EV_RETRY] = "retry",
    [PF_EV_WARNING] = "warning", [PF_EV_LOG] = "log",           [PF_EV_ERROR] = "error",
    [PF_EV_RESULT] = "result",
};

const char *pf_event_name(enum pf_event_kind kind)
{
    return event_names[kind];
}

enum pf_err pf_fail(struct pf_ctx *ctx, enum pf_err code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(ctx->text, sizeof ctx->text, fmt, ap);
    va_end(ap);
    ctx->err = code;
    return code;
}

void pf_emit(struct pf_ctx *ctx, struct pf_event *ev)
{
    ev->at_us = ctx->clock ? pf_now(ctx->clock) : 0;
    if (ctx->sink && !ctx->sink(ctx->user, ev))
        ctx->cancel = true;
}

static void emit_text(struct pf_ctx *ctx, enum pf_event_kind kind, const char *phase,
                      enum pf_err err, const char *fmt, va_list ap)
{
    char text[PF_TEXT_MAX];
    struct pf_event ev = {.kind = kind, .phase = phase, .err = err, .text = text};

    vsnprintf(text, sizeof text, fmt, ap);
    pf_emit(ctx, &ev);
}

void pf_log(struct pf_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit_text(ctx, PF_EV_LOG, NULL, PF_OK, fmt, ap);
    va_end(ap);
}

void pf_warn(struct pf_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit_text(ctx, PF_EV_WARNING, NULL, PF_OK, fmt, ap);
    va_end(ap);
}

void pf_retry(struct pf_ctx *ctx, const char *phase, enum pf_err err, const char *fmt, ...)
{
    va_list ap;

    ctx->retries++;
    va_start(ap, fmt);
    emit_text(ctx, PF_EV_RETRY, phase, err, fmt, ap);
    va_end(ap);
}

enum pf_err pf_check_cancel(struct pf_ctx *ctx)
{
    if (ctx->cancel)
        return pf_fail(ctx, PF_ERR_CANCELED, "stopped as asked");
    return PF_OK;
}

enum pf_err pf_progress(struct pf_ctx *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct pf_event ev = {.kind = PF_EV_PROGRESS, .phase = phase, .done = done, .total = total};

    pf_emit(ctx, &ev);
    return pf_check_cancel(ctx);
}
