/* rig.c - one plug on the virtual chip with the simulated board around it. */
#include "rig.h"

#include "core/out.h"
#include "core/role.h"

struct plug rig;
unsigned rig_restarts;

/* One entry after another: "14":"BL0937CF;0" or "24":"Btn;1;2". */
static void configure(const char *pins)
{
    while ((pins = strchr(pins, '"')) != NULL) {
        unsigned pin, ch = 0, ch2 = 0;
        char name[32];
        uint8_t role;

        assert_true(sscanf(pins, "\"%u\":\"%31[^;\"];%u;%u", &pin, name, &ch, &ch2) >= 2);
        assert_true(role_parse(name, &role));
        config_set_pin(&rig.cfg, pin, role, (uint8_t)ch, (uint8_t)ch2);
        pins = strchr(strchr(pins + 1, '"') + 1, '"') + 1; /* behind the first of the value */
        pins = strchr(pins, '"') + 1;
    }
}

void rig_new(enum hal_family family, const char *pins)
{
    uint8_t mac[6];

    host_reset();
    host_chip(family);
    assert_true(simplug_build(pins));
    memset(&rig, 0, sizeof rig);
    rig_restarts = 0;
    rig.chip = hal_chip();
    hal_mac(mac);
    config_defaults(&rig.cfg, rig.chip, mac);
    configure(pins);
}

void rig_boot(enum hal_reset_cause cause)
{
    assert_true(store_open(&rig.store, rig.chip->store.addr, rig.chip->store.len));
    rig.cfg.dirty = true;
    assert_true(plug_save(&rig));
    rig_restart(cause);
}

void rig_restart(enum hal_reset_cause cause)
{
    host_restart(cause);
    host_calls_forget();
    plug_boot(&rig);
}

void rig_run(uint32_t ms)
{
    for (uint32_t done = 0; done < ms; done += 5) {
        host_advance_ms(5);
        plug_tick(&rig, hal_ms());
        if (host_reboot_asked()) {
            rig_restarts++;
            rig_restart(HAL_RESET_SOFTWARE);
        }
    }
}

void rig_click(unsigned pin, uint32_t down_ms, uint32_t up_ms)
{
    simplug_press(pin);
    rig_run(down_ms);
    simplug_release(pin);
    rig_run(up_ms);
}

void rig_on(enum event e, int32_t arg, const char *command)
{
    struct event_handler *h = &rig.events.handler[rig.events.handlers];

    assert_true(rig.events.handlers < EVENT_HANDLERS);
    rig.events.handlers++;
    h->event = (uint8_t)e;
    h->arg = arg;
    text_copy(h->command, sizeof h->command, command);
}
