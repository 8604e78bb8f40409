/* role.c - the 99 roles of a pin: their names, and what each does to a pin.
 *
 * Numbers are on flash and names are in templates, both for ever. Roles of lamps and
 * sensors are kept, shown and given back, but a plug does nothing with them. */
#include "core/role.h"

#include <stddef.h>

#include "core/out.h"

#define OUT  (ROLE_OUTPUT | ROLE_SUPPORTED)
#define BTN  (ROLE_BUTTON | ROLE_SUPPORTED)
#define IN   (ROLE_INPUT | ROLE_SUPPORTED)
#define NOCH ROLE_NO_CHANNEL

static const struct {
    const char *name;
    uint16_t flags;
} roles[ROLES] = {
    [ROLE_NONE] = {"", NOCH | ROLE_SUPPORTED},
    [ROLE_REL] = {"Rel", OUT | ROLE_RELAY | ROLE_PUBLISHES},
    [ROLE_REL_N] = {"Rel_n", OUT | ROLE_RELAY | ROLE_PUBLISHES | ROLE_INVERTED},
    [ROLE_BTN] = {"Btn", BTN | ROLE_TWO_CHANNELS},
    [ROLE_BTN_N] = {"Btn_n", BTN | ROLE_TWO_CHANNELS | ROLE_INVERTED},
    [ROLE_LED] = {"LED", OUT | ROLE_PUBLISHES},
    [ROLE_LED_N] = {"LED_n", OUT | ROLE_PUBLISHES | ROLE_INVERTED},
    [7] = {"PWM", ROLE_PUBLISHES},
    [ROLE_WIFI_LED] = {"WifiLED", OUT | NOCH},
    [ROLE_WIFI_LED_N] = {"WifiLED_n", OUT | NOCH | ROLE_INVERTED},
    [ROLE_BTN_ALL] = {"Btn_Tgl_All", BTN | NOCH},
    [ROLE_BTN_ALL_N] = {"Btn_Tgl_All_n", BTN | NOCH | ROLE_INVERTED},
    [ROLE_DINPUT] = {"dInput", IN | ROLE_PUBLISHES},
    [ROLE_DINPUT_N] = {"dInput_n", IN | ROLE_PUBLISHES | ROLE_INVERTED},
    [ROLE_TOGGLE] = {"TglChanOnTgl", IN | ROLE_EDGE},
    [ROLE_DINPUT_NOPUP] = {"dInput_NoPullUp", IN | ROLE_PUBLISHES | ROLE_NO_PULL},
    [ROLE_DINPUT_NOPUP_N] = {"dInput_NoPullUp_n",
                             IN | ROLE_PUBLISHES | ROLE_NO_PULL | ROLE_INVERTED},
    [ROLE_SEL] = {"BL0937SEL", NOCH | ROLE_SUPPORTED},
    [ROLE_CF] = {"BL0937CF", NOCH | ROLE_SUPPORTED},
    [ROLE_CF1] = {"BL0937CF1", NOCH | ROLE_SUPPORTED},
    [20] = {"ADC", ROLE_PUBLISHES},
    [21] = {"SM2135DAT", NOCH},
    [22] = {"SM2135CLK", NOCH},
    [23] = {"BP5758D_DAT", NOCH},
    [24] = {"BP5758D_CLK", NOCH},
    [25] = {"BP1658CJ_DAT", NOCH},
    [26] = {"BP1658CJ_CLK", NOCH},
    [27] = {"PWM_n", ROLE_PUBLISHES},
    [28] = {"IRRecv", NOCH},
    [29] = {"IRSend", NOCH},
    [30] = {"Btn_NextColor", 0},
    [31] = {"Btn_NextColor_n", 0},
    [32] = {"Btn_NextDimmer", 0},
    [33] = {"Btn_NextDimmer_n", 0},
    [ROLE_HIGH] = {"AlwaysHigh", OUT | ROLE_CONSTANT},
    [ROLE_LOW] = {"AlwaysLow", OUT | ROLE_CONSTANT | ROLE_INVERTED},
    [36] = {"UCS1912_DIN", NOCH},
    [37] = {"SM16703P_DIN", NOCH},
    [38] = {"Btn_NextTemperature", 0},
    [39] = {"Btn_NextTemperature_n", 0},
    [ROLE_BTN_SCRIPT] = {"Btn_ScriptOnly", BTN},
    [ROLE_BTN_SCRIPT_N] = {"Btn_ScriptOnly_n", BTN | ROLE_INVERTED},
    [42] = {"DHT11", ROLE_TWO_CHANNELS | ROLE_PUBLISHES},
    [43] = {"DHT12", ROLE_TWO_CHANNELS | ROLE_PUBLISHES},
    [44] = {"DHT21", ROLE_TWO_CHANNELS | ROLE_PUBLISHES},
    [45] = {"DHT22", ROLE_TWO_CHANNELS | ROLE_PUBLISHES},
    [46] = {"CHT83XX_SDA", ROLE_TWO_CHANNELS | ROLE_PUBLISHES},
    [47] = {"CHT83XX_SCK", NOCH},
    [48] = {"SHT3X_SDA", ROLE_TWO_CHANNELS | ROLE_PUBLISHES},
    [49] = {"SHT3X_SCK", NOCH},
    [50] = {"SoftSDA", 0},
    [51] = {"SoftSCL", NOCH},
    [52] = {"SM2235DAT", NOCH},
    [53] = {"SM2235CLK", NOCH},
    [54] = {"BridgeFWD", 0},
    [55] = {"BridgeREV", 0},
    [56] = {"Btn_SmartLED", 0},
    [57] = {"Btn_SmartLED_n", 0},
    [58] = {"DoorSnsrWSleep", ROLE_PUBLISHES},
    [59] = {"DoorSnsrWSleep_nPup", ROLE_PUBLISHES},
    [60] = {"BAT_ADC", ROLE_PUBLISHES},
    [61] = {"BAT_Relay", 0},
    [62] = {"TM1637_DIO", 0},
    [63] = {"TM1637_CLK", NOCH},
    [ROLE_SEL_N] = {"BL0937SEL_n", NOCH | ROLE_SUPPORTED | ROLE_INVERTED},
    [65] = {"DoorSnsrWSleep_pd", ROLE_PUBLISHES},
    [66] = {"SGP_CLK", NOCH},
    [67] = {"SGP_DAT", ROLE_TWO_CHANNELS | ROLE_PUBLISHES},
    [68] = {"ADC_Button", 0},
    [69] = {"GN6932_CLK", NOCH},
    [70] = {"GN6932_DAT", 0},
    [71] = {"GN6932_STB", 0},
    [72] = {"TM1638_CLK", NOCH},
    [73] = {"TM1638_DAT", 0},
    [74] = {"TM1638_STB", 0},
    [75] = {"BAT_Relay_n", 0},
    [76] = {"KP18058_CLK", NOCH},
    [77] = {"KP18058_DAT", NOCH},
    [78] = {"DS1820_IO", ROLE_PUBLISHES},
    [79] = {"PWM_ScriptOnly", 0},
    [80] = {"PWM_ScriptOnly_n", 0},
    [81] = {"Counter_f", ROLE_PUBLISHES},
    [82] = {"Counter_r", ROLE_PUBLISHES},
    [83] = {"IRRecv_nPup", NOCH},
    [84] = {"StripState", 0},
    [85] = {"StripState_n", 0},
    [86] = {"HLW_8112_SCSN", NOCH},
    [87] = {"RCRecv", NOCH},
    [88] = {"RCRecv_nPup", NOCH},
    [ROLE_BTN_PD] = {"Btn_pd", BTN | ROLE_TWO_CHANNELS | ROLE_PULL_DOWN},
    [ROLE_BTN_PD_N] = {"Btn_pd_n", BTN | ROLE_TWO_CHANNELS | ROLE_PULL_DOWN | ROLE_INVERTED},
    [ROLE_TOGGLE_PD] = {"TglChanOnTgl_pd", IN | ROLE_EDGE | ROLE_PULL_DOWN},
    [92] = {"ShutterA", 0},
    [93] = {"ShutterB", 0},
    [94] = {"BtnShutterUp", 0},
    [95] = {"BtnShutterDown", 0},
    [96] = {"BL0939_SCLK", NOCH},
    [97] = {"BL0939_MOSI", NOCH},
    [98] = {"BL0939_MISO", NOCH},
};

/* As found in published templates and in what an old web application sends. */
static const struct {
    const char *name;
    uint8_t role;
} aliases[] = {
    {"None", ROLE_NONE}, {"Button", ROLE_BTN}, {"Relay", ROLE_REL},
    {"Btnl", ROLE_BTN},  {"SM2135_DAT", 21},   {"SM2135_CLK", 22},
};

const char *role_name(unsigned role)
{
    return role < ROLES ? roles[role].name : "";
}

unsigned role_flags(unsigned role)
{
    return role < ROLES ? roles[role].flags : 0;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool role_parse(const char *text, uint8_t *role)
{
    char name[32];
    size_t len;
    int32_t number;

    while (blank(*text))
        text++;
    if (!text_copy(name, sizeof name, text)) {
        for (len = sizeof name - 1; text[len] && blank(text[len]); len++)
            ;
        if (text[len])
            return false; /* longer than any name, and not of blanks */
    }
    for (len = 0; name[len]; len++)
        ;
    while (len && blank(name[len - 1]))
        name[--len] = '\0';
    if (!len)
        return false;
    if (text_int(name, &number)) {
        if (number < 0 || number >= (int32_t)ROLES)
            return false;
        *role = (uint8_t)number;
        return true;
    }
    for (unsigned i = 1; i < ROLES; i++)
        if (text_same(name, roles[i].name)) {
            *role = (uint8_t)i;
            return true;
        }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (text_same(name, aliases[i].name)) {
            *role = aliases[i].role;
            return true;
        }
    return false;
}
