/* The names of ports, through the one function that knows them all. */
#include "transport/util.h"

#include <stdlib.h>
#include <string.h>

static void names_go_to_their_kind_of_port(void **state)
{
    static const struct {
        const char *name;
        enum pf_err err;
        const char *says;
    } names[] = {
        {"", PF_ERR_USAGE, "no port was named"},
        {"/dev/ttyUSB99", PF_ERR_PORT, "there is no /dev/ttyUSB99"},
        {"usb:1a86", PF_ERR_USAGE, "usb:VID:PID"},
        {"usb:dead:beef", PF_ERR_PORT, "no port is usb:dead:beef"},
        {"tcp://nowhere", PF_ERR_USAGE, "not HOST:PORT"},
        {"tcp://127.0.0.1:0", PF_ERR_USAGE, "not HOST:PORT"},
        {"rfc2217://[::1]", PF_ERR_USAGE, "not HOST:PORT"},
        {"telnet://127.0.0.1:23", PF_ERR_USAGE, "rfc2217://HOST:PORT"},
        {"replay:/nonexistent", PF_ERR_FILE, "/nonexistent"},
        {"sim:nosuchchip", PF_ERR_USAGE, "nosuchchip"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct pf_transport *port = (struct pf_transport *)&port;
        struct heard h;
        enum pf_err err;

        heard_init(&h);
        err = pf_port_open(&h.ctx, names[i].name, &port);
        if (err != names[i].err)
            fail_msg("\"%s\": %s: %s", names[i].name, pf_err_name(err), h.ctx.text);
        assert_says(h.ctx.text, names[i].says);
        assert_null(port);
    }
}

static void a_virtual_device_is_a_port_like_any_other(void **state)
{
    struct pf_transport *port;
    struct heard h;

    (void)state;
    heard_init(&h);
    if (pf_port_open(&h.ctx, "sim:bk7231n", &port) != PF_OK)
        fail_msg("%s", h.ctx.text);
    assert_true(port->caps & PF_CAP_SIMULATED);
    port->ops->close(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_to_their_kind_of_port),
        cmocka_unit_test(a_virtual_device_is_a_port_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
