/* simplug.c - relays, loads, buttons, LEDs on the pins of the virtual chip. */
#include "hal/host/simplug.h"

#include <string.h>

#include "hal/host/host.h"
#include "hal/host/simplug_meter.h"

#define PINS_MAX 32u
#define CHANNELS 64u
#define MOVES    64u

enum part { NOTHING, RELAY, LED, BUTTON, SWITCH, SEL, CF, CF1 };

/* What a role means on the board: the part, whether it is active low (outputs) or pressed
 * high (buttons), and where the board holds the pin when nobody presses. */
static const struct {
    const char *name;
    enum part part;
    bool inverted;
    enum host_wire idle;
} roles[] = {
    {"Rel", RELAY, false, HOST_OPEN},
    {"Rel_n", RELAY, true, HOST_OPEN},
    {"LED", LED, false, HOST_OPEN},
    {"LED_n", LED, true, HOST_OPEN},
    {"WifiLED", LED, false, HOST_OPEN},
    {"WifiLED_n", LED, true, HOST_OPEN},
    {"Btn", BUTTON, false, HOST_OPEN},
    {"Btn_n", BUTTON, true, HOST_LOW},
    {"Btn_pd", BUTTON, false, HOST_HIGH},
    {"Btn_pd_n", BUTTON, true, HOST_OPEN},
    {"Btn_Tgl_All", BUTTON, false, HOST_OPEN},
    {"Btn_Tgl_All_n", BUTTON, true, HOST_LOW},
    {"Btn_ScriptOnly", BUTTON, false, HOST_OPEN},
    {"Btn_ScriptOnly_n", BUTTON, true, HOST_LOW},
    {"dInput", SWITCH, false, HOST_OPEN},
    {"dInput_n", SWITCH, true, HOST_OPEN},
    {"dInput_NoPullUp", SWITCH, false, HOST_LOW},
    {"dInput_NoPullUp_n", SWITCH, true, HOST_LOW},
    {"TglChanOnTgl", SWITCH, false, HOST_OPEN},
    {"TglChanOnTgl_pd", SWITCH, false, HOST_OPEN},
    {"BL0937SEL", SEL, false, HOST_OPEN},
    {"BL0937SEL_n", SEL, true, HOST_OPEN},
    {"BL0937CF", CF, false, HOST_OPEN},
    {"BL0937CF1", CF1, false, HOST_OPEN},
};

static struct {
    enum part part;
    bool inverted;
    enum host_wire idle;
    unsigned ch;
    bool on; /* a coil: energised */
} board[PINS_MAX];
static struct {
    unsigned pin;
    uint32_t left_ms; /* 0: no finger is on it */
} finger;

static struct {
    double watt, factor;
} load[CHANNELS];
static unsigned loads; /* channels that have had one: simplug_truth() is for each millisecond */

static struct {
    unsigned ch;
    struct simplug_move move;
} moves[MOVES];
static size_t move_count;

static double volt, hertz, wh;

/* ---- building --------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!b[i] || lower(a[i]) != lower(b[i]))
            return false;
    return !b[len];
}

static unsigned number(const char **at)
{
    unsigned n = 0;

    while (**at >= '0' && **at <= '9' && n < 1000)
        n = n * 10 + (unsigned)(*(*at)++ - '0');
    return n;
}

static void place(unsigned pin, const char *role, size_t len, unsigned ch)
{
    while (len && role[len - 1] == ' ')
        len--;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (!same(role, roles[i].name, len))
            continue;
        board[pin].part = roles[i].part;
        board[pin].inverted = roles[i].inverted;
        board[pin].idle = roles[i].idle;
        board[pin].ch = ch;
        host_pin_wire(pin, roles[i].idle);
    }
}

/* One entry: "14":"BL0937CF;0" or "24":"Btn;1;2". */
static bool entry(const char **text)
{
    const char *at = *text, *role;
    unsigned pin, ch = 0;
    size_t len;

    if (*at++ != '"')
        return false;
    pin = number(&at);
    if (pin >= PINS_MAX || strncmp(at, "\":\"", 3) != 0)
        return false;
    role = at += 3;
    while (*at && *at != ';' && *at != '"')
        at++;
    len = (size_t)(at - role);
    if (*at == ';') {
        at++;
        ch = number(&at);
    }
    while (*at && *at != '"')
        at++;
    if (!*at)
        return false;
    place(pin, role, len, ch);
    *text = at + 1;
    return true;
}

static bool coil(unsigned pin)
{
    return host_pin_driven(pin) && host_pin_level(pin) != board[pin].inverted;
}

static void pin_moved(void *user, unsigned pin)
{
    (void)user;
    if (pin >= PINS_MAX || board[pin].part != RELAY || board[pin].on == coil(pin))
        return;
    board[pin].on = coil(pin);
    if (move_count < MOVES) {
        moves[move_count].ch = board[pin].ch;
        moves[move_count++].move = (struct simplug_move){host_us(), board[pin].on};
    }
}

static void tick(void *user)
{
    const struct simplug_truth now = simplug_truth();

    (void)user;
    wh += now.watt / 3.6e6;
    if (finger.left_ms && !--finger.left_ms)
        simplug_release(finger.pin);
    simplug_meter_tick(&now);
}

bool simplug_build(const char *pins)
{
    struct simplug_wires wires = {-1, -1, -1, false};

    memset(board, 0, sizeof board);
    memset(load, 0, sizeof load);
    loads = 0;
    finger.left_ms = 0;
    move_count = 0;
    wh = 0;
    simplug_mains(230, 50);
    host_pins_watch(pin_moved, NULL);
    host_each_ms(tick, NULL);
    if (*pins++ != '{')
        return false;
    while (*pins == '"') {
        if (!entry(&pins))
            return false;
        while (*pins == ',' || *pins == ' ')
            pins++;
    }
    for (int pin = 0; pin < (int)PINS_MAX; pin++) {
        if (board[pin].part == SEL) {
            wires.sel = pin;
            wires.sel_inverted = board[pin].inverted;
        } else if (board[pin].part == CF) {
            wires.cf = pin;
        } else if (board[pin].part == CF1) {
            wires.cf1 = pin;
        }
    }
    simplug_meter_build(&wires);
    return *pins == '}';
}

/* ---- physics ---------------------------------------------------------------- */

void simplug_mains(double v, double hz)
{
    volt = v;
    hertz = hz;
}

void simplug_load(unsigned ch, double watt, double factor)
{
    if (ch >= CHANNELS)
        return;
    load[ch].watt = watt;
    load[ch].factor = factor;
    if (ch >= loads)
        loads = ch + 1;
}

bool simplug_relay(unsigned ch)
{
    for (unsigned pin = 0; pin < PINS_MAX; pin++)
        if (board[pin].part == RELAY && board[pin].ch == ch && board[pin].on)
            return true;
    return false;
}

struct simplug_truth simplug_truth(void)
{
    struct simplug_truth t = {.volt = volt, .hertz = hertz, .wh = wh};
    const double scale = volt * volt / (230.0 * 230.0);

    for (unsigned ch = 0; volt > 0 && ch < loads; ch++) {
        const double watt = load[ch].watt * scale;

        if (watt == 0 || !simplug_relay(ch))
            continue;
        t.watt += watt;
        t.ampere += (watt < 0 ? -watt : watt) / volt / load[ch].factor;
    }
    return t;
}

/* ---- what a person sees and does -------------------------------------------- */

size_t simplug_moves(unsigned ch, struct simplug_move *out, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < move_count; i++) {
        if (moves[i].ch != ch)
            continue;
        if (n < cap)
            out[n] = moves[i].move;
        n++;
    }
    return n;
}

void simplug_forget(void)
{
    move_count = 0;
}

bool simplug_lit(unsigned pin)
{
    return pin < PINS_MAX && board[pin].part == LED && coil(pin);
}

void simplug_press(unsigned pin)
{
    if (pin < PINS_MAX)
        host_pin_wire(pin, board[pin].inverted ? HOST_HIGH : HOST_LOW);
}

void simplug_click(unsigned pin, uint32_t ms)
{
    simplug_press(pin);
    finger.pin = pin;
    finger.left_ms = ms;
}

void simplug_release(unsigned pin)
{
    if (pin < PINS_MAX)
        host_pin_wire(pin, board[pin].idle);
}

void simplug_switch(unsigned pin, bool high)
{
    host_pin_wire(pin, high ? HOST_HIGH : HOST_LOW);
}
