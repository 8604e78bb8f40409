/* What a network may send to port 80, on a whole plug: each request is answered or given up
 * in seconds, its connection comes back, and no update stays half open. The first two bytes
 * say in which pieces the rest comes and leaves. */
#include <stdlib.h>
#include <string.h>

#include "core/plug.h"
#include "hal/host/host.h"

static struct plug plug;

static void boot(uint8_t how)
{
    host_reset();
    host_chip((enum hal_family)(how % HAL_FAMILIES));
    memset(&plug, 0, sizeof plug);
    plug_boot(&plug);
    if (how & 0x80)
        config_set_text(&plug.cfg, CFG_WEB_PASSWORD, "plug1");
    config_set_pin(&plug.cfg, 5, 1, 1, 0); /* a relay */
    pins_changed(&plug, 5);
}

static void pass(uint32_t ms)
{
    host_advance_ms(ms);
    plug_tick(&plug, hal_ms());
}

/* All that is there to be pulled; it begins as an answer does. */
static void drain(struct http_conn *c, size_t piece, size_t *got)
{
    static const char begin[] = "HTTP/1.1 ";
    uint8_t buf[1608];
    size_t n;

    while ((n = http_pull(c, buf, piece)) != 0) {
        for (size_t i = 0; i < n && *got + i < sizeof begin - 1; i++)
            if (buf[i] != begin[*got + i])
                abort();
        *got += n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_conn *c;
    size_t in, out, at = 2, got = 0;
    unsigned turns = 0;

    if (size < 3 || size > 20000)
        return 0;
    boot(data[0]);
    in = 1 + (size_t)(data[0] & 0x7c) * 8;
    out = 1 + (size_t)data[1] * 6;
    c = http_accept(&plug);
    if (!c)
        abort();
    while (at < size && !http_done(c) && turns++ < 40000) {
        at += http_feed(c, data + at, size - at < in ? size - at : in);
        drain(c, out, &got);
        pass(turns % 8 ? 1 : 25);
    }
    for (turns = 0; !http_done(c) && turns < 1200; turns++) {
        drain(c, out, &got);
        pass(25);
    }
    if (!http_done(c))
        abort();
    http_drop(c);
    for (unsigned i = 0; i < HTTP_CLIENTS; i++)
        if (plug.http.conn[i].state != HTTP_FREE)
            abort();
    if (plug.http.uploads || ota_running(&plug))
        abort();
    return 0;
}
