/* ping.c - when to ask, and what silence means.
 *
 * A link that lets nothing through is found out by wifi.c, which asks the router. This is for who
 * wants more than that: the world behind the router, or handlers of noPingTime. */
#include "core/ping.h"

#include <string.h>

#include "core/event.h"
#include "core/plug.h"

static uint32_t seconds(const struct plug *p, enum config_number which)
{
    const int32_t s = config_number(&p->cfg, which);

    return s > 0 ? (uint32_t)s : 0;
}

static bool wanted(const struct plug *p)
{
    return config_text(&p->cfg, CFG_PING_HOST)[0] &&
           (seconds(p, CFG_PING_INTERVAL) || seconds(p, CFG_PING_SECONDS));
}

void ping_answered(struct plug *p)
{
    p->ping.answered++;
    ping_clear(p);
}

void ping_clear(struct plug *p)
{
    p->ping.silent_s = p->ping.bear_s = 0;
}

static void ask_in_time(struct plug *p)
{
    struct ping *g = &p->ping;

    if (g->in_s > 1) {
        g->in_s--;
        return;
    }
    g->in_s = seconds(p, CFG_PING_INTERVAL);
    if (!g->in_s)
        g->in_s = PING_EACH_S;
    g->sent++;
    net_ping_ask(p);
}

/* A host that is off must not cost the plug its network each minute. */
static void bear(struct plug *p)
{
    struct ping *g = &p->ping;
    const uint32_t set_s = seconds(p, CFG_PING_SECONDS);
    const uint32_t s = g->bear_s > set_s ? g->bear_s : set_s;

    if (!set_s || g->silent_s < s || p->wifi.in_state_s < s)
        return;
    g->bear_s = s < PING_BEAR_MAX / 2 ? 2 * s : PING_BEAR_MAX;
    wifi_drop(p, "PingHost does not answer");
}

void ping_second(struct plug *p)
{
    struct ping *g = &p->ping;

    if (!wanted(p) || p->uptime_s < PING_START_S) {
        memset(g, 0, sizeof *g);
        return;
    }
    if (g->silent_s < INT32_MAX)
        g->silent_s++;
    event_value(p, "noPingTime", (int32_t)g->silent_s);
    if (p->wifi.state != WIFI_UP || ota_running(p))
        return;
    ask_in_time(p);
    bear(p);
}
