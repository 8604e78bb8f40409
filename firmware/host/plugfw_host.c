/* plugfw_host.c - a plug on this PC, in real time: the firmware's core, the virtual chip with
 * its simulated board, and the PC's own sockets as the plug's network.
 *
 * The plug finds one router, "plugfw", behind which the PC is 10.0.2.2. Its page is at
 * 127.0.0.1, the plug's own access point included. */
#include <errno.h>
#include <popt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/plug.h"
#include "core/tmpl.h"
#include "hal/host/host.h"
#include "hal/host/simplug.h"
#include "hal/host/wire.h"
#include "host/control.h"
#include "net/net.h"

#define SSID     "plugfw"
#define PASSWORD "plugfw-host"
#define TEMPLATE 16384u
#define STEP_MS  5u
#define CLICK_MS 150u

static struct {
    const char *template, *flash, *chip, *mqtt, *control, *mac;
    int http, new_wifi, verbose;
    double load;
} opt = {.http = 8080, .load = 0};

static struct plug plug;
static char template[TEMPLATE], pins[TEMPLATE];
static bool powered = true;
static volatile sig_atomic_t stop;
static jmp_buf bitten, dark;
static unsigned first_relay, first_button, mains_v = 230, starts;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "plugfw-host: %s: %s\n", what, why);
    exit(1);
}

/* ---- flash, kept in a file --------------------------------------------------------------- */

static uint8_t *kept; /* what the file holds */
static FILE *flash_file;

static void flash_open(void)
{
    const size_t size = hal_chip()->flash_size;

    if (!opt.flash)
        return;
    kept = malloc(size);
    flash_file = fopen(opt.flash, "r+b");
    if (!flash_file)
        flash_file = fopen(opt.flash, "w+b");
    if (!flash_file || !kept)
        die(opt.flash, strerror(errno));
    if (fread(host_flash(), 1, size, flash_file) < size)
        clearerr(flash_file);
    memset(kept, 0, size);
}

/* Sectors that differ go to the file. */
static void flash_keep(void)
{
    static struct host_flash_stats last;
    static bool once;
    const struct host_flash_stats now = host_flash_stats();
    const size_t size = hal_chip()->flash_size;

    if (!flash_file || (once && now.erases == last.erases && now.programs == last.programs))
        return;
    for (size_t at = 0; at < size; at += HAL_SECTOR) {
        if (once && !memcmp(kept + at, host_flash() + at, HAL_SECTOR))
            continue;
        memcpy(kept + at, host_flash() + at, HAL_SECTOR);
        if (fseek(flash_file, (long)at, SEEK_SET) ||
            fwrite(kept + at, 1, HAL_SECTOR, flash_file) != HAL_SECTOR)
            die(opt.flash, strerror(errno));
    }
    fflush(flash_file);
    last = now;
    once = true;
}

/* ---- the board, from a device template ------------------------------------------------------- */

static void template_read(void)
{
    FILE *f = fopen(opt.template, "rb");
    size_t n;

    if (!f)
        die(opt.template, strerror(errno));
    n = fread(template, 1, sizeof template - 1, f);
    template[n] = '\0';
    fclose(f);
}

/* The object of "pins", without blanks between its texts. */
static void template_pins(void)
{
    const char *from = strstr(template, "\"pins\"");
    bool text = false;
    char *to = pins;

    from = from ? strchr(from, '{') : NULL;
    if (!from)
        die(opt.template, "there are no pins in it");
    for (; *from; from++) {
        if (*from == '"')
            text = !text;
        if (text || !strchr(" \t\r\n", *from))
            *to++ = *from;
        if (!text && *from == '}')
            break;
    }
    *to = '\0';
}

/* Channel or pin of the first entry whose role begins so. */
static unsigned first_with(const char *role, bool channel)
{
    const char *p = pins;

    while ((p = strchr(p, '"')) != NULL) {
        const unsigned pin = (unsigned)atoi(p + 1);
        const char *value = strchr(p + 1, '"'), *semi;

        value = value ? strchr(value + 1, '"') : NULL;
        if (!value)
            break;
        semi = strchr(value, ';');
        if (!strncasecmp(value + 1, role, strlen(role)))
            return channel ? (unsigned)(semi ? atoi(semi + 1) : 0) : pin;
        p = strchr(value + 1, '"');
        if (!p)
            break;
        p++;
    }
    return 0;
}

static enum hal_family family(void)
{
    static const char *const names[HAL_FAMILIES] = {"ecr6600", "bl602", "bk7231t", "bk7231n"};
    const char *in = strstr(template, "\"chip\"");
    char name[16] = "";

    if (opt.chip)
        snprintf(name, sizeof name, "%s", opt.chip);
    else if (in)
        sscanf(in, "\"chip\" : \"%15[^\"]", name);
    if (!name[0])
        return HAL_ECR6600;
    for (unsigned i = 0; i < HAL_FAMILIES; i++)
        if (!strcasecmp(name, names[i]))
            return (enum hal_family)i;
    die(name, "no such chip; it is one of ecr6600, bl602, bk7231t, bk7231n");
    return HAL_ECR6600;
}

static void board_build(void)
{
    if (!opt.template)
        strcpy(pins, "{}");
    else
        template_pins();
    if (!simplug_build(pins))
        die(opt.template, "its pins cannot be understood");
    first_relay = first_with("Rel", true);
    first_button = strstr(pins, "Btn") ? first_with("Btn", false) : first_with("Button", false);
    if (strstr(template, "BL0942"))
        simplug_meter(SIMPLUG_BL0942, 0, 4800);
    else if (strstr(template, "CSE7766"))
        simplug_meter(SIMPLUG_CSE7766, 0, 4800);
    simplug_load(first_relay, opt.load, 1);
}

/* ---- life ------------------------------------------------------------------------------------- */

static void start(enum hal_reset_cause cause)
{
    net_stop();
    host_restart(cause);
    net_init(&plug);
    plug_boot(&plug);
    starts++;
}

static void lights_off(void)
{
    powered = false;
    simplug_mains(0, 0);
    net_stop();
    host_restart(HAL_RESET_POWER); /* its pins float */
}

static void lights_on(void)
{
    simplug_mains(mains_v, 50);
    powered = true;
    start(HAL_RESET_POWER);
}

static void set_broker(void)
{
    char host[128];
    char *colon;

    if (!opt.mqtt)
        return;
    snprintf(host, sizeof host, "%s", opt.mqtt);
    colon = strrchr(host, ':');
    if (colon)
        *colon++ = '\0';
    if (!strcmp(host, "localhost") || !strncmp(host, "127.", 4))
        strcpy(host, "10.0.2.2");
    config_set_text(&plug.cfg, CFG_MQTT_HOST, host);
    if (colon)
        config_set_number(&plug.cfg, CFG_MQTT_PORT, atoi(colon));
}

/* Settings as somebody would have made them, before the first start: it counts for nothing. */
static void set_up(bool fresh)
{
    char why[128];
    uint8_t mac[6];
    struct out o;

    hal_mac(mac);
    memset(&plug, 0, sizeof plug);
    plug.chip = hal_chip();
    store_open(&plug.store, plug.chip->store.addr, plug.chip->store.len);
    config_load(&plug.cfg, &plug.store, plug.chip, mac);
    set_broker();
    if (!fresh)
        return;
    out_init(&o, why, sizeof why);
    if (opt.template && !template_apply(&plug, template, strlen(template), &o))
        die(opt.template, why);
    if (!opt.new_wifi) {
        config_set_text(&plug.cfg, CFG_SSID, SSID);
        config_set_text(&plug.cfg, CFG_PASSWORD, PASSWORD);
    }
}

static bool blank(void)
{
    const struct hal_span s = hal_chip()->store;

    for (uint32_t i = 0; i < s.len; i++)
        if (host_flash()[s.addr + i] != 0xff)
            return false;
    return true;
}

static void begin(void)
{
    host_reset();
    host_wire_reset();
    host_chip(family());
    if (opt.mac) {
        unsigned b[6];
        uint8_t mac[6];

        if (sscanf(opt.mac, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6)
            die(opt.mac, "is no MAC address");
        for (unsigned i = 0; i < 6; i++)
            mac[i] = (uint8_t)b[i];
        host_mac(mac);
    }
    host_seed((uint32_t)getpid() | 1);
    flash_open();
    board_build();
    *host_ap(0) = (struct host_ap){
        .ssid = SSID, .password = PASSWORD, .bssid = {2, 0, 0, 0, 0, 1}, .channel = 6, .rssi = -52};
    if (!host_slirp_open())
        die("network", "libslirp does not start");
    set_up(blank());
    plug_save(&plug);
    flash_keep();
    host_follow_real_time();
    start(HAL_RESET_POWER);
}

/* ---- the page's port ---------------------------------------------------------------------------- */

static char ip_text[16];

/* The port follows the plug's address, and the network it is in. */
static void follow_address(void)
{
    static uint8_t last[4];
    static bool ready, warned;
    uint8_t ip[4], any[4];

    if (!powered || !net_address(ip, any, any, any)) {
        ip_text[0] = '\0';
        return;
    }
    snprintf(ip_text, sizeof ip_text, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    if (ready && !memcmp(ip, last, 4))
        return;
    memcpy(last, ip, 4);
    if (!host_slirp_forward((uint16_t)opt.http, ip)) {
        if (!warned)
            fprintf(stderr, "plugfw-host: port %d is taken\n", opt.http);
        warned = true;
        memset(last, 0, 4);
        return;
    }
    if (!ready) {
        printf("plugfw-host: http://127.0.0.1:%d/\n", opt.http);
        fflush(stdout);
    }
    ready = true;
}

/* Settings are, and the start counts as one that has lasted. What a relay is to remember is on
 * flash before it moves. */
static bool saved(void)
{
    return plug.boot_counted && !plug.cfg.dirty;
}

/* ---- commands of the control socket -------------------------------------------------------------- */

static void status(char *a, size_t cap)
{
    static const char *const states[] = {"off",         "connecting", "connected",   "lost",
                                         "auth failed", "not found",  "access point"};
    const struct simplug_truth t = simplug_truth();
    size_t n;

    n = (size_t)snprintf(a, cap,
                         "{\"powered\":%s,\"safe\":%s,\"ip\":\"%s\",\"radio\":\"%s\",\"mqtt\":%s,"
                         "\"sessions\":%u,\"saved\":%s,\"starts\":%u,"
                         "\"uptime\":%u,\"reset\":\"%s\",\"volt\":%.1f,\"watt\":%.1f,\"wh\":%.3f,"
                         "\"relay\":{",
                         powered ? "true" : "false", plug.safe_mode ? "true" : "false", ip_text,
                         states[hal_radio_state()], plug.mqtt.connected ? "true" : "false",
                         (unsigned)plug.mqtt.connects, saved() ? "true" : "false", starts,
                         (unsigned)plug.uptime_s, plug_reset_name(&plug), t.volt, t.watt, t.wh);
    for (unsigned ch = 0, any = 0; ch < CHANNELS && n < cap; ch++) {
        char role[24];

        snprintf(role, sizeof role, "Rel;%u\"", ch);
        if (!strstr(pins, role)) {
            snprintf(role, sizeof role, "Rel_n;%u\"", ch);
            if (!strstr(pins, role))
                continue;
        }
        n += (size_t)snprintf(a + n, cap - n, "%s\"%u\":%s", any++ ? "," : "", ch,
                              simplug_relay(ch) ? "true" : "false");
    }
    if (n < cap)
        snprintf(a + n, cap - n, "}}");
}

static const char *do_button(char *args, bool down)
{
    const unsigned pin = *args ? (unsigned)atoi(args) : first_button;

    if (down)
        simplug_press(pin);
    else
        simplug_release(pin);
    return NULL;
}

static const char *do_press(char *args)
{
    return do_button(args, true);
}

static const char *do_release(char *args)
{
    return do_button(args, false);
}

static const char *do_click(char *args)
{
    simplug_click(*args ? (unsigned)atoi(args) : first_button, CLICK_MS);
    return NULL;
}

static const char *do_load(char *args)
{
    unsigned ch;
    double w;

    if (sscanf(args, "%u %lf", &ch, &w) == 2)
        simplug_load(ch, w, 1);
    else if (sscanf(args, "%lf", &w) == 1)
        simplug_load(first_relay, w, 1);
    else
        return "load [CHANNEL] WATT";
    return NULL;
}

static const char *do_mains(char *args)
{
    const bool off = !strcmp(args, "off");
    unsigned v;

    if (off && powered) {
        lights_off();
    } else if (!strcmp(args, "on") && !powered) {
        lights_on();
    } else if (sscanf(args, "%u", &v) == 1) {
        mains_v = v;
        if (powered)
            simplug_mains(v, 50);
    } else if (!off && strcmp(args, "on") != 0) {
        return "mains on|off|VOLT";
    }
    return NULL;
}

static const char *do_cycle(char *args)
{
    (void)args;
    lights_off();
    lights_on();
    return NULL;
}

static const char *do_reset(char *args)
{
    (void)args;
    if (!powered)
        return "there is no power";
    start(HAL_RESET_EXCEPTION);
    return NULL;
}

static const char *do_cut(char *args)
{
    unsigned nth = 0, how = HOST_CUT_PART;

    if (sscanf(args, "%u %u", &nth, &how) < 1 || how >= HOST_CUTS)
        return "cut NTH [HOW]";
    host_flash_cut(nth, (enum host_cut)how, hal_random());
    return NULL;
}

static const char *do_router(char *args)
{
    unsigned ms;

    if (!strcmp(args, "off"))
        host_ap(0)->down = true;
    else if (!strcmp(args, "on"))
        host_ap(0)->down = false;
    else if (sscanf(args, "restart %u", &ms) == 1)
        host_router_restart(0, ms);
    else
        return "router on|off|restart MS";
    return NULL;
}

static const char *do_wire(char *args)
{
    struct host_wire_fault f = {.seed = 1};

    if (!strcmp(args, "cut"))
        f.cut = true;
    else if (sscanf(args, "delay %u", &f.delay_ms) != 1 && sscanf(args, "lose %u", &f.lose) != 1 &&
             strcmp(args, "ok") != 0)
        return "wire ok|cut|delay MS|lose PERMILLE";
    host_wire_faults(&f);
    return NULL;
}

static const char *do_quit(char *args)
{
    (void)args;
    stop = 1;
    return NULL;
}

static const struct {
    const char *name;
    const char *(*run)(char *args); /* NULL: done; else how it is said */
} commands[] = {
    {"click", do_click},   {"press", do_press}, {"release", do_release}, {"load", do_load},
    {"mains", do_mains},   {"cycle", do_cycle}, {"reset", do_reset},     {"cut", do_cut},
    {"router", do_router}, {"wire", do_wire},   {"quit", do_quit},
};

static void command(char *line, char *answer, size_t cap)
{
    const size_t name = strcspn(line, " \r");
    char *args = line + name + strspn(line + name, " ");

    args[strcspn(args, "\r")] = '\0';
    if (!strncmp(line, "status", name) && name == 6) {
        status(answer, cap);
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == name && !strncmp(line, commands[i].name, name)) {
            const char *how = commands[i].run(args);

            snprintf(answer, cap, how ? "error: %s" : "ok", how);
            return;
        }
    snprintf(
        answer, cap,
        "error: status, click, press, release, load, mains, cycle, reset, cut, router, wire, quit");
}

/* ---- the loop ------------------------------------------------------------------------------------- */

static void show_log(void)
{
    static uint32_t at;
    char text[1024];
    size_t n;

    if (!opt.verbose)
        return;
    if (at > plug.log.end)
        at = 0; /* it has started anew */
    while ((n = log_read(&plug, &at, text, sizeof text)) != 0)
        fwrite(text, 1, n, stderr);
}

/* A PC that is busy is no plug that is slow: what has been missed is lived through, step by
 * step. */
static void turn(void)
{
    uint32_t behind = host_behind_ms();

    do {
        const uint32_t step = behind < STEP_MS ? behind : STEP_MS;

        host_advance_ms(step);
        behind -= step;
        if (powered) {
            net_poll(&plug, hal_ms());
            plug_tick(&plug, hal_ms());
        }
        if (powered && host_reboot_asked())
            start(HAL_RESET_SOFTWARE);
    } while (behind);
}

static void run(void)
{
    while (!stop) {
        if (setjmp(bitten))
            start(HAL_RESET_WATCHDOG);
        if (setjmp(dark))
            lights_off();
        host_bite_to(&bitten);
        host_power_to(&dark);
        turn();
        flash_keep();
        follow_address();
        show_log();
        control_poll(command);
        host_slirp_wait(2, -1);
    }
}

static void on_signal(int n)
{
    (void)n;
    stop = 1;
}

static const struct poptOption options[] = {
    {"template", 't', POPT_ARG_STRING, &opt.template, 0,
     "the device template (JSON) the plug is built from, and set up with when its flash is blank",
     "FILE"},
    {"http", 'p', POPT_ARG_INT | POPT_ARGFLAG_SHOW_DEFAULT, &opt.http, 0,
     "its page is at this port of 127.0.0.1", "PORT"},
    {"flash", 'f', POPT_ARG_STRING, &opt.flash, 0, "its flash, kept in a file", "FILE"},
    {"chip", 'c', POPT_ARG_STRING, &opt.chip, 0, "if the template does not say it", "NAME"},
    {"mac", 'm', POPT_ARG_STRING, &opt.mac, 0, "of the unit", "AA:BB:CC:DD:EE:FF"},
    {"mqtt", 'b', POPT_ARG_STRING, &opt.mqtt, 0, "its broker; 127.0.0.1 is this PC", "HOST[:PORT]"},
    {"load", 'l', POPT_ARG_DOUBLE, &opt.load, 0, "what is plugged into it takes so much", "WATT"},
    {"control", 's', POPT_ARG_STRING, &opt.control, 0, "a socket for commands; status says most",
     "SOCKET"},
    {"new", 'n', POPT_ARG_NONE, &opt.new_wifi, 0,
     "knows no network yet: its page is that of its own access point", NULL},
    {"verbose", 'v', POPT_ARG_NONE, &opt.verbose, 0, "its log goes to stderr", NULL},
    POPT_AUTOHELP POPT_TABLEEND};

int main(int argc, char **argv)
{
    poptContext pc = poptGetContext(NULL, argc, (const char **)argv, options, 0);
    const int rc = poptGetNextOpt(pc);

    if (rc < -1 || poptPeekArg(pc) || opt.http < 1 || opt.http > UINT16_MAX)
        die(rc < -1 ? poptBadOption(pc, 0) : "arguments",
            rc < -1 ? poptStrerror(rc) : "--help tells what there is");
    if (opt.template)
        template_read();
    if (opt.control && !control_open(opt.control))
        die(opt.control, strerror(errno));
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    begin();
    run();
    net_stop();
    host_slirp_close();
    control_close();
    flash_keep();
    poptFreeContext(pc);
    free(kept);
    return 0;
}
