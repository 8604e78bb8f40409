/* Device templates from anywhere: one that is refused has changed nothing, one that is
 * applied can be exported, and that makes the same plug again. */
#include <stdlib.h>
#include <string.h>

#include "core/plug.h"
#include "core/tmpl.h"
#include "hal/host/host.h"

static struct plug p;

/* The template of the plug as it is; its length. */
static size_t export(char *to, size_t cap)
{
    struct out o;

    out_init(&o, to, cap);
    template_export(&p, &o);
    if (o.over)
        abort();
    return o.len;
}

static bool apply(const char *json, size_t len)
{
    char why[96];
    struct out o;
    bool done;

    out_init(&o, why, sizeof why);
    done = template_apply(&p, json, len, &o);
    if (!done && !o.len && !o.over)
        abort(); /* it has to say why */
    return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char first[8192], second[8192];
    uint8_t before[CONFIG_SIZE];
    size_t len;

    if (!p.chip) {
        host_reset();
        plug_boot(&p);
    }
    memcpy(before, p.cfg.rec, CONFIG_SIZE);
    if (!apply((const char *)data, size)) {
        if (memcmp(before, p.cfg.rec, CONFIG_SIZE) != 0)
            abort();
        return 0;
    }
    len = export(first, sizeof first);
    for (unsigned pin = 0; pin < PINS; pin++)
        config_set_pin(&p.cfg, pin, 0, 0, 0);
    config_set_flags(&p.cfg, 0);
    config_set_text(&p.cfg, CFG_STARTUP, "");
    /* What is no UTF-8 comes back as a sign for that, which may not fit any more. */
    if (!apply(first, len))
        return 0;
    len = export(second, sizeof second);
    if (strstr(first, "\\ufffd") == NULL && strcmp(first, second) != 0)
        abort();
    return 0;
}
