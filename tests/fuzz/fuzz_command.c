/* Texts for the console of a plug that runs, and some seconds of its life behind them: each
 * is answered with JSON, all comes to an end, and what was lent is given back. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/plug.h"
#include "hal/host/host.h"

static struct plug p;

/* A chip that is new as far as the plug can see. */
static void start(void)
{
    if (!p.chip)
        host_reset();
    host_restart(HAL_RESET_POWER);
    memset(host_flash() + hal_chip()->store.addr, 0xff, hal_chip()->store.len);
    plug_boot(&p);
    config_set_pin(&p.cfg, 24, 3, 1, 0);
    config_set_pin(&p.cfg, 25, 1, 1, 0);
    pins_changed(&p, 24);
    pins_changed(&p, 25);
}

static void live(unsigned ms)
{
    for (unsigned i = 0; i < ms && !host_reboot_asked(); i += 25) {
        host_advance_ms(25);
        plug_tick(&p, hal_ms());
    }
}

/* One text; it ends at a NUL, as those that come by the network do. */
static void run(const char *text)
{
    static char answer[16384];
    struct out o;

    out_init(&o, answer, sizeof answer);
    cmd_run(&p, text, CMD_HTTP, &o);
    if (!o.over && json_parse(answer, o.len).kind == JSON_NONE)
        abort();
    if (p.cmds.depth || p.cmds.used || p.cmds.pooled > CMD_POOL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[2048];
    unsigned waiting = 0;

    size = size < sizeof text ? size : sizeof text - 1;
    memcpy(text, data, size);
    text[size] = '\0';
    start();
    for (size_t at = 0; at < size; at += strlen(text + at) + 1) {
        run(text + at);
        live(50);
    }
    host_pin_wire(24, HOST_LOW); /* whatever handlers there are now */
    live(200);
    host_pin_wire(24, HOST_OPEN);
    live(1500);
    run("stopAllScripts");
    for (unsigned i = 0; i < CMD_SCRIPTS; i++)
        waiting += p.cmds.script[i].busy;
    if (waiting || p.cmds.pooled || host_flash_stats().violations)
        abort();
    return 0;
}
