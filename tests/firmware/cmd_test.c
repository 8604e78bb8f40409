/* The console: each row of the command table with good and bad arguments, how texts become
 * commands, how scripts wait, and that nothing runs twice, away or for ever. */
#include "support/rig.h"

#include <stdlib.h>

#include "core/expr.h"
#include "core/role.h"

#define PLUG "{\"22\":\"WifiLED;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

static char reply[4096];

static int plug_of(const char *pins)
{
    rig_new(HAL_ECR6600, pins);
    rig_boot(HAL_RESET_POWER);
    return 0;
}

static int up(void **state)
{
    (void)state;
    plug_of(PLUG);
    rig_run(6000);
    return 0;
}

static enum cmd_result run(const char *line)
{
    struct out o;
    enum cmd_result r;

    out_init(&o, reply, sizeof reply);
    r = cmd_run(&rig, line, CMD_HTTP, &o);
    assert_false(o.over);
    assert_int_equal(rig.cmds.depth, 0);
    assert_int_equal(rig.cmds.used, 0);
    return r;
}

static void ok(const char *line)
{
    if (run(line) != CMD_OK)
        fail_msg("%s: not done", line);
}

static void assert_reply(const char *line, const char *expected)
{
    run(line);
    if (strcmp(reply, expected) != 0)
        fail_msg("%s\nsays  %s\nnot   %s", line, reply, expected);
}

static bool holds(const char *condition)
{
    double v;

    if (!expr_eval(&rig, condition, &v))
        fail_msg("%s: no condition", condition);
    return v != 0;
}

/* ---- the table ------------------------------------------------------------------ */

/* On a fresh plug: `before`, then `line` has this result, says this (NULL: "{}"), and then
 * this holds. */
static const struct row {
    const char *before, *line;
    enum cmd_result result;
    const char *says, *holds;
} rows[] = {
    /* power */
    {0, "POWER", CMD_OK, "{\"POWER\":\"OFF\"}", "$CH1==0"},
    {0, "POWER ON", CMD_OK, "{\"POWER\":\"ON\"}", "$CH1==1"},
    {0, "power on", CMD_OK, "{\"POWER\":\"ON\"}", "$CH1==1"},
    {0, "POWER1 1", CMD_OK, "{\"POWER\":\"ON\"}", "$CH1==1"},
    {"POWER ON", "POWER OFF", CMD_OK, "{\"POWER\":\"OFF\"}", "$CH1==0"},
    {"POWER ON", "POWER 0", CMD_OK, "{\"POWER\":\"OFF\"}", "$CH1==0"},
    {"POWER ON", "POWER Toggle", CMD_OK, "{\"POWER\":\"OFF\"}", "$CH1==0"},
    {"POWER ON", "POWER STATUS", CMD_OK, "{\"POWER\":\"ON\"}", "$CH1==1"},
    {"POWER ON", "POWER banana", CMD_BAD, "{\"POWER\":\"ON\"}", "$CH1==1"},
    {"POWER ON", "POWER 1x", CMD_BAD, "{\"POWER\":\"ON\"}", "$CH1==1"},
    {0, "POWER64 ON", CMD_BAD, "{\"POWER\":\"OFF\"}", "$CH1==0"},
    {0, "POWER99999 ON", CMD_UNKNOWN, 0, "$CH1==0"},
    {0, "powerAll ON", CMD_OK, 0, "$CH1==1"},
    {0, "powerAll", CMD_FEW, 0, "$CH1==0"},
    {0, "powerAll perhaps", CMD_BAD, 0, "$CH1==0"},
    /* channels */
    {0, "SetChannel 5 42", CMD_OK, "42", "$CH5==42"},
    {0, "SetChannel 5 -42", CMD_OK, "-42", "$CH5==-42"},
    {0, "SetChannel 5", CMD_FEW, 0, "$CH5==0"},
    {0, "SetChannel 64 1", CMD_BAD, 0, 0},
    {0, "SetChannel -1 1", CMD_BAD, 0, 0},
    {0, "SetChannel 5 1.5", CMD_BAD, 0, "$CH5==0"},
    {0, "SetChannel 5 99999999999", CMD_BAD, 0, "$CH5==0"},
    {0, "SetChannel five 1", CMD_BAD, 0, 0},
    {0, "SetChannelFloat 5 2.5", CMD_OK, "3", "$CH5==3"},
    {0, "SetChannelFloat 5 -2.6", CMD_OK, "-3", "$CH5==-3"},
    {0, "SetChannelFloat 5 nan", CMD_BAD, 0, "$CH5==0"},
    {0, "SetChannelFloat 99 2.5", CMD_BAD, 0, 0},
    {"SetChannel 5 40", "AddChannel 5 2", CMD_OK, "42", "$CH5==42"},
    {"SetChannel 5 99", "AddChannel 5 5 0 100", CMD_OK, "100", "$CH5==100"},
    {"SetChannel 5 99", "AddChannel 5 5 0 100 1", CMD_OK, "0", "$CH5==0"},
    {"SetChannel 5 99", "AddChannel 5 1 0 100 1", CMD_OK, "100", "$CH5==100"},
    {"SetChannel 5 1", "AddChannel 5 -1 0 100 1", CMD_OK, "0", "$CH5==0"},
    {"SetChannel 5 1", "AddChannel 5 -5 0 100 1", CMD_OK, "100", "$CH5==100"},
    {"SetChannel 5 2147483647", "AddChannel 5 1", CMD_OK, "2147483647", 0},
    {0, "AddChannel 5 1 10", CMD_BAD, 0, "$CH5==0"},
    {0, "AddChannel 5 1 10 0", CMD_BAD, 0, "$CH5==0"},
    {0, "AddChannel 5 1 0 10 2", CMD_BAD, 0, "$CH5==0"},
    {0, "AddChannel 5", CMD_FEW, 0, 0},
    {"SetChannel 5 200", "ClampChannel 5 0 100", CMD_OK, 0, "$CH5==100"},
    {"SetChannel 5 -7", "ClampChannel 5 0 100", CMD_OK, 0, "$CH5==0"},
    {"SetChannel 5 200", "ClampChannel 5 100 0", CMD_BAD, 0, "$CH5==200"},
    {0, "ClampChannel 5 0", CMD_FEW, 0, 0},
    {0, "ToggleChannel 1", CMD_OK, 0, "$CH1==1"},
    {0, "ToggleChannel 64", CMD_BAD, 0, 0},
    {0, "ToggleChannel", CMD_FEW, 0, 0},
    {"SetChannel 5 7", "GetChannel 5", CMD_OK, "7", 0},
    {0, "GetChannel x", CMD_BAD, 0, 0},
    {0, "GetChannel", CMD_FEW, 0, 0},
    {"POWER ON", "Ch1", CMD_OK, "{\"Ch1\":1}", 0},
    {0, "Ch5 3", CMD_OK, "{\"Ch5\":3}", "$CH5==3"},
    {"SetChannel 5 7", "Ch", CMD_OK, "{\"Ch1\":0,\"Ch5\":7}", 0},
    {0, "Ch64", CMD_BAD, 0, 0},
    {0, "Ch5 x", CMD_BAD, "{\"Ch5\":0}", 0},
    {0, "Ch 5", CMD_BAD, 0, 0},
    {0, "SetChannelType 5 Toggle", CMD_OK, "6", 0},
    {"SetChannelType 5 Power_div10", "SetChannelType 5", CMD_OK, "35", 0},
    {0, "SetChannelType 5 Nonsense", CMD_BAD, 0, 0},
    {0, "SetChannelType 64 Toggle", CMD_BAD, 0, 0},
    {0, "SetChannelType", CMD_FEW, 0, 0},
    {0, "SetChannelLabel 1 Kettle and more", CMD_OK, 0, 0},
    {0, "SetChannelLabel 1 \"a name that is longer than a label\"", CMD_BAD, 0, 0},
    {0, "SetChannelLabel 64 x", CMD_BAD, 0, 0},
    {0, "SetChannelLabel", CMD_FEW, 0, 0},
    {0, "SetChannelVisible 1 0", CMD_OK, 0, 0},
    {0, "SetChannelVisible 1 2", CMD_BAD, 0, 0},
    {0, "SetChannelVisible 1", CMD_FEW, 0, 0},
    {0, "SetChannelPrivate 1 1", CMD_OK, 0, 0},
    {0, "SetChannelPrivate 64 1", CMD_BAD, 0, 0},
    {0, "SetStartValue 1 -1", CMD_OK, 0, 0},
    {0, "SetStartValue 1 1", CMD_OK, 0, 0},
    {0, "SetStartValue 1 40000", CMD_BAD, 0, 0},
    {0, "SetStartValue 64 1", CMD_BAD, 0, 0},
    {0, "SetStartValue 1", CMD_FEW, 0, 0},
    {0, "showChannelValues", CMD_OK, 0, 0},
    /* pins */
    {0, "SetPinRole 14 LED_n", CMD_OK, 0, 0},
    {0, "SetPinRole P14 led_N", CMD_OK, 0, 0},
    {0, "SetPinRole 14 98", CMD_OK, 0, 0},
    {0, "SetPinRole 25 None", CMD_OK, 0, 0},
    {0, "SetPinRole 14 99", CMD_BAD, 0, 0},
    {0, "SetPinRole 14 Rely", CMD_BAD, 0, 0},
    {0, "SetPinRole 7 Rel", CMD_BAD, 0, 0}, /* the flash's */
    {0, "SetPinRole 26 Rel", CMD_BAD, 0, 0},
    {0, "SetPinRole -1 Rel", CMD_BAD, 0, 0},
    {0, "SetPinRole 14", CMD_FEW, 0, 0},
    {0, "SetPinChannel 25 3", CMD_OK, 0, 0},
    {0, "SetPinChannel 24 1 2", CMD_OK, 0, 0},
    {0, "SetPinChannel 25 64", CMD_BAD, 0, 0},
    {0, "SetPinChannel 25 1 64", CMD_BAD, 0, 0},
    {0, "SetPinChannel 7 1", CMD_BAD, 0, 0},
    {0, "SetPinChannel 25", CMD_FEW, 0, 0},
    {0, "setButtonTimes 20 4 6", CMD_OK, 0, 0},
    {0, "setButtonTimes 20 4 0", CMD_BAD, 0, 0},
    {0, "setButtonTimes 256 4 6", CMD_BAD, 0, 0},
    {0, "setButtonTimes 20 4", CMD_FEW, 0, 0},
    {0, "setButtonHoldRepeat 7", CMD_OK, 0, 0},
    {0, "setButtonHoldRepeat 0", CMD_BAD, 0, 0},
    {0, "showgpi", CMD_OK, 0, 0},
    /* events */
    {0, "AddEventHandler OnClick 24 POWER TOGGLE", CMD_OK, 0, 0},
    {0, "AddEventHandler onclick 24 \"backlog POWER ON; echo x\"", CMD_OK, 0, 0},
    {0, "AddEventHandler Channel1 1 echo on", CMD_OK, 0, 0},
    {0, "AddEventHandler OnClick 24 \"\"", CMD_EMPTY, 0, 0},
    {0, "AddEventHandler OnClick 24", CMD_FEW, 0, 0},
    {0, "AddEventHandler OnClock 24 POWER TOGGLE", CMD_BAD, 0, 0},
    {0, "AddEventHandler OnClick x POWER TOGGLE", CMD_BAD, 0, 0},
    {0, "AddEventHandler Channel0 1 echo on", CMD_OK, 0, 0},
    {0, "AddEventHandler Channel 1 echo on", CMD_BAD, 0, 0},
    {0, "AddEventHandler Chanell1 1 echo on", CMD_BAD, 0, 0},
    {0, "AddEventHandler Channel64 1 echo on", CMD_BAD, 0, 0},
    {0, "AddChangeHandler Power > 100 echo much", CMD_OK, 0, 0},
    {0, "AddChangeHandler Power => 100 echo much", CMD_BAD, 0, 0},
    {0, "AddChangeHandler Power > lots echo much", CMD_BAD, 0, 0},
    {0, "AddChangeHandler AVariableWithALongName > 1 echo x", CMD_BAD, 0, 0},
    {0, "AddChangeHandler Power > 100", CMD_FEW, 0, 0},
    {0, "listEventHandlers", CMD_OK, 0, 0},
    {0, "clearAllHandlers", CMD_OK, 0, 0},
    {0, "addRepeatingEvent 5 -1 POWER TOGGLE", CMD_OK, 0, 0},
    {0, "addRepeatingEvent 0.5 3 POWER TOGGLE", CMD_OK, 0, 0},
    {0, "addRepeatingEvent 0 3 POWER TOGGLE", CMD_BAD, 0, 0},
    {0, "addRepeatingEvent 5 0 POWER TOGGLE", CMD_BAD, 0, 0},
    {0, "addRepeatingEvent 5 -2 POWER TOGGLE", CMD_BAD, 0, 0},
    {0, "addRepeatingEvent 5 3", CMD_FEW, 0, 0},
    {0, "addRepeatingEventID 5 -1 7 POWER TOGGLE", CMD_OK, 0, 0},
    {0, "addRepeatingEventID 5 -1 x POWER TOGGLE", CMD_BAD, 0, 0},
    {0, "addRepeatingEventID 5 -1 7", CMD_FEW, 0, 0},
    {0, "cancelRepeatingEvent 7", CMD_OK, 0, 0},
    {0, "cancelRepeatingEvent x", CMD_BAD, 0, 0},
    {0, "cancelRepeatingEvent", CMD_FEW, 0, 0},
    {0, "clearRepeatingEvents", CMD_OK, 0, 0},
    {0, "listRepeatingEvents", CMD_OK, 0, 0},
    /* the plug */
    {0, "State 1", CMD_OK, "", 0},
    {0, "Sensor", CMD_OK, "", 0},
    {0, "Status 0", CMD_OK, "", 0},
    {0, "Status", CMD_OK, "", 0},
    {0, "Status 9", CMD_BAD, 0, 0},
    {0, "Status x", CMD_BAD, 0, 0},
    {0, "echo hello there", CMD_OK, 0, 0},
    {0, "Flags", CMD_OK, "{\"Flags\":\"1024\"}", "$FLAG10"},
    {0, "Flags 1088", CMD_OK, "{\"Flags\":\"1088\"}", "$FLAG6&&$FLAG10&&!$FLAG5"},
    {0, "Flags 2251799813685248", CMD_OK, "{\"Flags\":\"2251799813685248\"}", "$FLAG51"},
    {0, "Flags -2080373664", CMD_OK, "{\"Flags\":\"18446744071629177952\"}", "$FLAG5&&$FLAG31"},
    {0, "Flags 18446744073709551616", CMD_BAD, "{\"Flags\":\"1024\"}", "$FLAG10"},
    {0, "Flags ten", CMD_BAD, "{\"Flags\":\"1024\"}", "$FLAG10"},
    {0, "SetFlag 6 1", CMD_OK, 0, "$FLAG6&&$FLAG10"},
    {0, "SetFlag 10 0", CMD_OK, 0, "!$FLAG10"},
    {0, "SetFlag 64 1", CMD_BAD, 0, 0},
    {0, "SetFlag 6 2", CMD_BAD, 0, "!$FLAG6"},
    {0, "SetFlag 6", CMD_FEW, 0, "!$FLAG6"},
    {0, "StartupCommand \"POWER ON\"", CMD_OK, 0, "$CH1==0"},
    {0, "StartupCommand \"POWER ON\" 1", CMD_OK, 0, "$CH1==1"},
    {0, "StartupCommand \"POWER ON\" 0", CMD_OK, 0, "$CH1==0"},
    {0, "StartupCommand \"POWER ON\" x", CMD_BAD, 0, "$CH1==0"},
    {0, "StartupCommand \"POWER ON", CMD_BAD, 0, "$CH1==0"},
    {0, "StartupCommand \"\"", CMD_OK, 0, 0},
    {0, "StartupCommand", CMD_FEW, 0, 0},
    {0, "alias lamp backlog POWER ON; SetChannel 5 1", CMD_OK, 0, "$CH1==0"},
    {"alias lamp POWER ON", "lamp", CMD_OK, 0, "$CH1==1"},
    {0, "alias lamp \"\"", CMD_BAD, 0, 0},
    {0, "alias power echo", CMD_BAD, 0, 0},
    {0, "alias Ch5 echo", CMD_BAD, 0, 0},
    {0, "alias aVeryLongNameForAnAliasIndeed echo", CMD_BAD, 0, 0},
    {0, "alias lamp", CMD_FEW, 0, 0},
    {0, "if $CH1==0 then POWER ON", CMD_OK, 0, "$CH1==1"},
    {0, "if 1 then \"backlog Ch5 1; Ch6 2\" else \"Ch7 3\"", CMD_OK, 0, "$CH5+$CH6*10+$CH7==21"},
    {0, "if $CH1 then Ch5 1 else Ch6 2", CMD_OK, 0, "$CH5==0&&$CH6==2"},
    {0, "if $CH1 then Ch5 1", CMD_OK, 0, "$CH5==0"},
    {0, "if $CH1== then Ch5 1", CMD_BAD, 0, "$CH5==0"},
    {0, "if 1 Ch5 1", CMD_BAD, 0, "$CH5==0"},
    {0, "if 1 then Ch5 1 else", CMD_BAD, 0, "$CH5==0"},
    {0, "if 1 then else Ch5 1", CMD_BAD, 0, "$CH5==0"},
    {0, "if then Ch5 1", CMD_BAD, 0, "$CH5==0"},
    {0, "if 1 then", CMD_FEW, 0, 0},
    {0, "Choice 1 \"Ch5 1\" \"Ch5 2\"", CMD_OK, 0, "$CH5==2"},
    {0, "Choice 2 \"Ch5 1\" \"Ch5 2\"", CMD_BAD, 0, "$CH5==0"},
    {0, "Choice -1 \"Ch5 1\"", CMD_BAD, 0, "$CH5==0"},
    {0, "Choice 0", CMD_FEW, 0, 0},
    {0, "startDriver ntp", CMD_OK, 0, 0},
    {0, "startDriver SSDP", CMD_OK, 0, 0},
    {0, "startDriver TESTPOWER", CMD_OK, 0, 0},
    {"startDriver bl0942", "startDriver BL0942 9600", CMD_OK, 0, 0},
    {0, "startDriver BL0937", CMD_ERROR, 0, 0}, /* no pins for it */
    {0, "startDriver DDP", CMD_BAD, 0, 0},
    {0, "startDriver", CMD_FEW, 0, 0},
    {"startDriver NTP", "stopDriver NTP", CMD_OK, 0, 0},
    {"startDriver TESTPOWER", "stopDriver testpower", CMD_OK, 0, 0},
    {0, "stopDriver DDP", CMD_BAD, 0, 0},
    {0, "stopDriver", CMD_FEW, 0, 0},
    {0, "restart", CMD_OK, 0, 0},
    {0, "reboot 10", CMD_OK, 0, 0},
    {0, "restart soon", CMD_BAD, 0, 0},
    {0, "SafeMode 5", CMD_OK, 0, 0},
    {0, "SafeMode x", CMD_BAD, 0, 0},
    {"FullBootTime 255", "SafeMode", CMD_ERROR, 0, 0},
    {0, "FullBootTime 30", CMD_OK, 0, 0},
    {0, "FullBootTime 0", CMD_BAD, 0, 0},
    {0, "FullBootTime 256", CMD_BAD, 0, 0},
    {0, "FullBootTime", CMD_FEW, 0, 0},
    {0, "clearConfig", CMD_OK, 0, 0},
    {0, "clearIO", CMD_OK, 0, 0},
    {"Ch5 1", "clearAll", CMD_OK, 0, "$CH5==0"},
    /* network */
    {0, "SSID1 My Wi-Fi", CMD_OK, "{\"SSID1\":\"My Wi-Fi\"}", 0},
    {0, "SSID1 \"$CH1\"", CMD_OK, "{\"SSID1\":\"$CH1\"}", 0},
    {0, "SSID1 a\"b\\c", CMD_OK, "{\"SSID1\":\"a\\\"b\\\\c\"}", 0},
    {0, "SSID1", CMD_OK, "{\"SSID1\":\"\"}", 0},
    {0, "SSID1 0123456789012345678901234567890123456789012345678901234567890123", CMD_BAD,
     "{\"SSID1\":\"\"}", 0},
    {0, "Password1 a secret; with $CH1", CMD_OK, 0, 0},
    {0, "Password1", CMD_FEW, 0, 0},
    {0, "Password1 0123456789012345678901234567890123456789012345678901234567890123", CMD_BAD, 0,
     0},
    {0, "ShortName kitchen", CMD_OK, 0, 0},
    {0, "ShortName", CMD_FEW, 0, 0},
    {0, "ShortName 01234567890123456789012345678901", CMD_BAD, 0, 0},
    {0, "FriendlyName Kitchen kettle", CMD_OK, 0, 0},
    {0, "FriendlyName", CMD_FEW, 0, 0},
    {0, "OpenAP", CMD_OK, 0, 0},
    {0, "PowerSave", CMD_OK, 0, 0},
    {0, "PowerSave 0", CMD_OK, 0, 0},
    {0, "PowerSave 3", CMD_BAD, 0, 0},
    {0, "PingHost 192.168.1.1", CMD_OK, 0, 0},
    {0, "PingHost", CMD_FEW, 0, 0},
    {0, "PingInterval 60", CMD_OK, 0, 0},
    {0, "PingInterval -1", CMD_BAD, 0, 0},
    {0, "PingInterval", CMD_FEW, 0, 0},
    {0, "ClearNoPingTime", CMD_OK, 0, 0},
    {0, "WebServer 0", CMD_OK, 0, 0},
    {0, "WebServer off", CMD_BAD, 0, 0},
    {0, "IndexRefreshInterval 2000", CMD_OK, 0, 0},
    {0, "IndexRefreshInterval 1", CMD_BAD, 0, 0},
    /* mqtt */
    {0, "MqttHost 10.0.0.1", CMD_OK, "{\"MqttHost\":\"10.0.0.1\"}", 0},
    {0, "MqttHost", CMD_OK, "{\"MqttHost\":\"\"}", 0},
    {0, "MqttUser me", CMD_OK, "{\"MqttUser\":\"me\"}", 0},
    {0, "MqttUser 0123456789012345678901234567890123456789012345678901234567890123", CMD_BAD,
     "{\"MqttUser\":\"homeassistant\"}", 0},
    {0, "MqttClient kettle", CMD_OK, "{\"MqttClient\":\"kettle\"}", 0},
    {0, "MqttPassword hush", CMD_OK, "{\"MqttPassword\":\"****\"}", 0},
    {0, "MqttPassword", CMD_OK, "{\"MqttPassword\":\"****\"}", 0},
    {0, "MqttGroup plugs", CMD_OK, 0, 0},
    {0, "publish a/b hello", CMD_OK, 0, 0},
    {0, "publish a/b \"two words\" 1", CMD_OK, 0, 0},
    {0, "publish a/b hello 2", CMD_BAD, 0, 0},
    {0, "publish \"\" hello", CMD_EMPTY, 0, 0},
    {0, "publish a/b", CMD_FEW, 0, 0},
    {0, "publishInt a/b 42", CMD_OK, 0, 0},
    {0, "publishInt a/b 4.2", CMD_BAD, 0, 0},
    {0, "publishFloat a/b 4.2", CMD_OK, 0, 0},
    {0, "publishFloat a/b inf", CMD_BAD, 0, 0},
    {0, "publishAll", CMD_OK, 0, 0},
    {0, "publishChannel 1", CMD_OK, 0, 0},
    {0, "publishChannel 64", CMD_BAD, 0, 0},
    {0, "publishChannels", CMD_OK, 0, 0},
    {0, "mqtt_broadcastInterval 30", CMD_OK, 0, 0},
    {0, "mqtt_broadcastInterval 0", CMD_BAD, 0, 0},
    {0, "TasTeleInterval 10 300", CMD_OK, 0, 0},
    {0, "TasTeleInterval 0 300", CMD_BAD, 0, 0},
    {0, "TasTeleInterval 10", CMD_FEW, 0, 0},
    {0, "scheduleHADiscovery", CMD_OK, 0, 0},
    {0, "scheduleHADiscovery 1", CMD_OK, 0, 0},
    {0, "scheduleHADiscovery never", CMD_BAD, 0, 0},
    /* meter */
    {0, "VoltageSet 230", CMD_ERROR, 0, 0}, /* no meter */
    {0, "VoltageSet x", CMD_BAD, 0, 0},
    {0, "VoltageSet", CMD_FEW, 0, 0},
    {0, "CurrentSet 1.2", CMD_ERROR, 0, 0},
    {0, "PowerSet 100", CMD_ERROR, 0, 0},
    {0, "VREF 15987.125000", CMD_OK, 0, 0},
    {0, "VREF", CMD_FEW, 0, 0},
    {0, "VREF many", CMD_BAD, 0, 0},
    {0, "IREF 272302.687500", CMD_OK, 0, 0},
    {0, "PREF -683.023987", CMD_OK, 0, 0},
    {0, "PowerMax 4000", CMD_OK, 0, 0},
    {0, "PowerMax 200", CMD_BAD, 0, 0},
    {0, "PowerMax 7200", CMD_BAD, 0, 0},
    {0, "EnergyCntReset", CMD_OK, 0, 0},
    {0, "EnergyCntReset 1234.5", CMD_OK, 0, 0},
    {0, "EnergyCntReset x", CMD_BAD, 0, 0},
    {0, "SetupEnergyStats 1 60 60", CMD_OK, 0, 0},
    {0, "SetupEnergyStats 1 60 60 1", CMD_OK, 0, 0},
    {0, "SetupEnergyStats 1 30 120 0", CMD_OK, 0, 0},
    {0, "SetupEnergyStats 0 0 0", CMD_OK, 0, 0},
    {0, "SetupEnergyStats 1 9 60", CMD_BAD, 0, 0},
    {0, "SetupEnergyStats 1 60 181", CMD_BAD, 0, 0},
    {0, "SetupEnergyStats 2 60 60", CMD_BAD, 0, 0},
    {0, "SetupEnergyStats 1 60", CMD_FEW, 0, 0},
    {0, "ConsumptionThreshold 20", CMD_OK, 0, 0},
    {0, "ConsumptionThreshold 0", CMD_BAD, 0, 0},
    {0, "ConsumptionThreshold 5001", CMD_BAD, 0, 0},
    {0, "VCPPublishThreshold 0.5 0.01 1", CMD_OK, 0, 0},
    {0, "VCPPublishThreshold 0.5 0.01 1 2 0.1", CMD_OK, 0, 0},
    {0, "VCPPublishThreshold 0.5 0.01", CMD_FEW, 0, 0},
    {0, "VCPPublishThreshold 0.5 x 1", CMD_BAD, 0, 0},
    {0, "VCPPublishThreshold 1 1 1 1 1 1", CMD_BAD, 0, 0},
    {0, "VCPPublishIntervals 3 30", CMD_OK, 0, 0},
    {0, "VCPPublishIntervals 3", CMD_FEW, 0, 0},
    {0, "VCPPublishIntervals x 30", CMD_BAD, 0, 0},
    {0, "VCPPrecision 1 3 2 3", CMD_OK, 0, 0},
    {0, "VCPPrecision 10", CMD_BAD, 0, 0},
    {0, "VCPPrecision", CMD_FEW, 0, 0},
    {"startDriver TESTPOWER", "SetupTestPower 230 1 200 50 0", CMD_OK, 0, 0},
    {0, "SetupTestPower 230 1 200 50", CMD_FEW, 0, 0},
    {0, "SetupTestPower 230 1 x 50 0", CMD_BAD, 0, 0},
    {0, "GetReadings", CMD_OK, 0, 0},
    /* time and scripts */
    {0, "backlog delay_s 2; Ch5 1", CMD_OK, 0, "$CH5==0"},
    {0, "backlog delay_s 0; Ch5 1", CMD_OK, 0, "$CH5==0"},
    {0, "backlog Delay_MS 200; Ch5 1", CMD_OK, 0, "$CH5==0"},
    {0, "delay_s", CMD_FEW, 0, 0},
    {0, "delay_s -1", CMD_BAD, 0, 0},
    {0, "delay_ms long", CMD_BAD, 0, 0},
    {0, "backlog waitFor OnClick 24; Ch5 1", CMD_OK, 0, "$CH5==0"},
    {0, "waitFor Godot 1", CMD_BAD, 0, 0},
    {0, "waitFor MQTTState x", CMD_BAD, 0, 0},
    {0, "waitFor", CMD_FEW, 0, 0},
    {0, "stopAllScripts", CMD_OK, 0, 0},
    {"backlog delay_s 9; echo x", "listScripts", CMD_OK, 0, 0},
    {0, "ntp_setServer pool.ntp.org", CMD_OK, 0, 0},
    {0, "ntp_setServer a.name.that.is.much.longer.than.its.place", CMD_BAD, 0, 0},
    {0, "ntp_setServer", CMD_FEW, 0, 0},
    {0, "ntp_timeZoneOfs 13", CMD_OK, 0, 0},
    {0, "ntp_timeZoneOfs -3:30", CMD_OK, 0, 0},
    {0, "ntp_timeZoneOfs 14", CMD_OK, 0, 0},
    {0, "ntp_timeZoneOfs +5:59", CMD_OK, 0, 0},
    {0, "ntp_timeZoneOfs 15", CMD_BAD, 0, 0},
    {0, "ntp_timeZoneOfs 5:60", CMD_BAD, 0, 0},
    {0, "ntp_timeZoneOfs 5:-1", CMD_BAD, 0, 0},
    {0, "ntp_timeZoneOfs 1:2:3", CMD_BAD, 0, 0},
    {0, "ntp_timeZoneOfs Vienna", CMD_BAD, 0, 0},
    {0, "ntp_timeZoneOfs", CMD_FEW, 0, 0},
    {0, "ntp_info", CMD_OK, 0, 0},
    /* of LittleFS, lamps, infra-red: not of a plug */
    {0, "startScript autoexec.bat", CMD_UNKNOWN, 0, 0},
    {0, "lfs_format", CMD_UNKNOWN, 0, 0},
    {0, "led_dimmer 50", CMD_UNKNOWN, 0, 0},
    {0, "IRSend NEC-1-1", CMD_UNKNOWN, 0, 0},
    {0, "Exec autoexec.bat", CMD_UNKNOWN, 0, 0},
    {0, "", CMD_EMPTY, 0, 0},
    {0, "  ; ", CMD_UNKNOWN, 0, 0},
    {0, "backlog ; ;", CMD_EMPTY, 0, 0},
};

#define ROWS (sizeof rows / sizeof rows[0])

static void every_row_of_the_table_does_what_it_says_with_good_and_bad_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *r = &rows[i];
        const char *says = r->says ? r->says : "{}";
        enum cmd_result result;

        plug_of(PLUG);
        if (r->before)
            ok(r->before);
        result = run(r->line);
        if (result != r->result)
            fail_msg("%s: result %d, not %d", r->line, (int)result, (int)r->result);
        if (says[0] && strcmp(reply, says) != 0)
            fail_msg("%s\nsays  %s\nnot   %s", r->line, reply, says);
        if (r->holds && !holds(r->holds))
            fail_msg("%s: then %s does not hold", r->line, r->holds);
    }
}

/* Of all that the rows name. */
static bool tried(const char *name, bool badly)
{
    for (size_t i = 0; i < ROWS; i++) {
        const char *line = rows[i].line;
        char word[64];
        size_t n;

        if (!strncmp(line, "backlog ", 8))
            line += 8;
        n = strcspn(line, " ");
        memcpy(word, line, n < sizeof word ? n : 0);
        word[n < sizeof word ? n : 0] = '\0';
        if (!text_same(word, name))
            word[strcspn(word, "0123456789")] = '\0';
        if (text_same(word, name) && (rows[i].result != CMD_OK) == badly)
            return true;
    }
    return false;
}

static void no_command_is_without_a_row_above(void **state)
{
    static const struct cmd_entry *const tables[] = {
        cmd_core,    cmd_pins, cmd_channels, cmd_power, cmd_events,
        cmd_network, cmd_mqtt, cmd_meter,    cmd_time,
    };

    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct cmd_entry *e = tables[t]; e->name; e++) {
            const bool calibrates =
                e->value < 3 && strstr(e->name, "Set") && tables[t] == cmd_meter;

            if (!tried(e->name, false) && !calibrates)
                fail_msg("%s is never tried", e->name);
            if (e->min_args && !tried(e->name, true) && strcmp(e->name, "IREF") != 0 &&
                strcmp(e->name, "PREF") != 0)
                fail_msg("%s is never tried with bad arguments", e->name);
        }
}

/* The table of the reference, name by name: an area that loses a row is noticed, and what is
 * not here is so on purpose and in firmware/README.md. */
static void each_command_of_the_reference_is_here_or_is_of_no_plug(void **state)
{
    static const char *const here[] = {
        "Backlog",
        "Status",
        "State",
        "Sensor",
        "SSID1",
        "Password1",
        "MqttHost",
        "MqttUser",
        "MqttPassword",
        "MqttClient",
        "MqttGroup",
        "alias",
        "echo",
        "restart",
        "reboot",
        "clearConfig",
        "clearIO",
        "clearAll",
        "OpenAP",
        "SafeMode",
        "PowerSave",
        "scheduleHADiscovery",
        "Flags",
        "SetFlag",
        "SetStartValue",
        "StartupCommand",
        "PingInterval",
        "PingHost",
        "ClearNoPingTime",
        "WebServer",
        "IndexRefreshInterval",
        "Choice",
        "if",
        "FullBootTime",
        "SetPinRole",
        "SetPinChannel",
        "SetChannel",
        "SetChannelFloat",
        "AddChannel",
        "ToggleChannel",
        "ClampChannel",
        "GetChannel",
        "GetReadings",
        "Ch5",
        "SetChannelType",
        "SetChannelLabel",
        "SetChannelVisible",
        "SetChannelPrivate",
        "ShortName",
        "FriendlyName",
        "setButtonTimes",
        "setButtonHoldRepeat",
        "showChannelValues",
        "showgpi",
        "AddEventHandler",
        "AddChangeHandler",
        "listEventHandlers",
        "clearAllHandlers",
        "addRepeatingEvent",
        "addRepeatingEventID",
        "cancelRepeatingEvent",
        "clearRepeatingEvents",
        "listRepeatingEvents",
        "stopAllScripts",
        "delay_s",
        "delay_ms",
        "waitFor",
        "listScripts",
        "startDriver",
        "stopDriver",
        "ntp_setServer",
        "ntp_timeZoneOfs",
        "ntp_info",
        "publish",
        "publishInt",
        "publishFloat",
        "publishAll",
        "publishChannel",
        "publishChannels",
        "mqtt_broadcastInterval",
        "TasTeleInterval",
        "VoltageSet",
        "CurrentSet",
        "PowerSet",
        "PowerMax",
        "EnergyCntReset",
        "SetupEnergyStats",
        "ConsumptionThreshold",
        "VCPPublishThreshold",
        "VCPPublishIntervals",
        "VCPPrecision",
        "POWER",
        "POWER2",
        "powerAll",
        "VREF",
        "IREF",
        "PREF",
        "SetupTestPower",
    };
    static const char *const not_here[] = {
        "Exec",
        "startScript",
        "stopScript",
        "goto",
        "return",
        "resetSVM",
        "lfs_size",
        "lfs_mount",
        "lfs_unmount",
        "lfs_format",
        "lfs_append",
        "lfs_write",
        "lfs_remove",
        "lfs_mkdir",
        "publishFile",
        "DeepSleep",
        "PWMFrequency",
        "DSEdge",
        "SetFlash",
        "ota_http",
        "setStartupSSIDChannel",
        "setStartupSSID",
        "mqtt_broadcastItemsPerSec",
        "Result",
        "Json",
        "time_setTZ",
        "SSID2",
    };

    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        if (strcmp(here[i], "Backlog") != 0 && !cmd_exists(here[i]))
            fail_msg("%s is unknown", here[i]);
    ok("Backlog Ch5 1");
    assert_true(holds("$CH5"));
    for (size_t i = 0; i < sizeof not_here / sizeof *not_here; i++) {
        char line[64];

        snprintf(line, sizeof line, "backlog %s 1; AddChannel 6 1", not_here[i]);
        assert_int_equal(run(line), CMD_UNKNOWN);
        assert_int_equal(channel_get(&rig, 6), (int32_t)i + 1); /* and what follows is done */
    }
}

static void names_of_commands_are_unique(void **state)
{
    static const struct cmd_entry *const tables[] = {
        cmd_core,    cmd_pins, cmd_channels, cmd_power, cmd_events,
        cmd_network, cmd_mqtt, cmd_meter,    cmd_time,
    };
    const char *seen[256];
    size_t n = 0;

    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct cmd_entry *e = tables[t]; e->name; e++) {
            for (size_t i = 0; i < n; i++)
                assert_false(text_same(seen[i], e->name));
            assert_true(n < 256);
            seen[n++] = e->name;
            assert_true(cmd_exists(e->name));
        }
    assert_true(cmd_exists("POWER12"));
    assert_false(cmd_exists("POWERS"));
}

/* ---- what a command leaves behind ------------------------------------------------- */

static void settings_are_where_they_belong(void **state)
{
    (void)state;
    ok("Password1 a secret; with $CH1 \"in it\"");
    assert_string_equal(config_text(&rig.cfg, CFG_PASSWORD), "a secret; with $CH1 \"in it\"");
    ok("MqttPassword \"hush hush\"");
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_PASSWORD), "hush hush");
    ok("MqttGroup plugs");
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_GROUP), "plugs");
    ok("FriendlyName Kitchen kettle");
    assert_string_equal(config_text(&rig.cfg, CFG_LONG_NAME), "Kitchen kettle");
    ok("setButtonTimes 20 4 6");
    assert_int_equal(config_number(&rig.cfg, CFG_BTN_LONG), 20);
    assert_int_equal(config_number(&rig.cfg, CFG_BTN_SHORT), 4);
    assert_int_equal(config_number(&rig.cfg, CFG_BTN_REPEAT), 6);
    ok("SetPinRole 14 btn_pd");
    ok("SetPinChannel P14 3 4");
    assert_int_equal(config_role(&rig.cfg, 14), ROLE_BTN_PD);
    assert_int_equal(config_channel(&rig.cfg, 14, 0), 3);
    assert_int_equal(config_channel(&rig.cfg, 14, 1), 4);
    ok("ntp_timeZoneOfs -3:30");
    assert_int_equal(rig.clock.offset_s, -12600);
    ok("WebServer 0");
    assert_int_equal(config_number(&rig.cfg, CFG_NO_WEB), 1);
    ok("SetChannelLabel 1 \"Kettle; hot\"");
    assert_string_equal(rig.ch.label[1], "Kettle; hot");
    ok("PREF -683.023987");
    assert_true(config_calibration(&rig.cfg, 2) < -683);
}

static void no_password_is_in_the_log_or_in_an_answer(void **state)
{
    (void)state;
    run("Password1 hunter2hunter2");
    assert_null(strstr(reply, "hunter2"));
    run("MqttPassword hunter2hunter2");
    assert_null(strstr(reply, "hunter2"));
    run("backlog SSID1 x; Passwort1 hunter2hunter2");
    for (size_t i = 0; i + 7 < LOG_SIZE; i++)
        assert_memory_not_equal(rig.log.ring + i, "hunter2", 7);
}

static void a_role_works_at_once(void **state)
{
    (void)state;
    ok("POWER ON");
    ok("backlog SetPinChannel 14 1; SetPinRole 14 Rel_n");
    assert_true(host_pin_driven(14));
    assert_false(host_pin_level(14));
    ok("SetPinRole 14 None");
    assert_false(host_pin_driven(14));
}

static void a_start_value_of_minus_one_remembers_from_now_on(void **state)
{
    (void)state;
    ok("backlog POWER ON; SetStartValue 1 -1");
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(simplug_relay(1));
    ok("POWER OFF");
    rig_restart(HAL_RESET_POWER);
    assert_false(simplug_relay(1));
}

/* A slot has 16 bits; what is beyond comes back as the nearest, not with the other sign. */
static void what_is_too_large_to_be_remembered_is_remembered_as_the_nearest(void **state)
{
    (void)state;
    ok("backlog Ch5 -40000; SetStartValue 5 -1; SetStartValue 6 -1; Ch6 40000");
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(holds("$CH5==-32768&&$CH6==32767"));
}

static void a_channel_may_be_hidden_or_kept_to_itself(void **state)
{
    (void)state;
    ok("backlog SetChannelVisible 1 0; SetChannelPrivate 2 1");
    assert_int_equal(rig.ch.hidden, 1u << 1);
    assert_int_equal(rig.ch.is_private, 1u << 2);
    ok("backlog SetChannelVisible 1 1; SetChannelPrivate 1 1");
    assert_int_equal(rig.ch.hidden, 0);
    assert_false(channel_published(&rig, 1));
    ok("backlog SetChannelPrivate 1 0; SetChannelPrivate 2 0");
    assert_true(channel_published(&rig, 1));
}

static void handlers_of_the_table_do_run(void **state)
{
    (void)state;
    ok("AddEventHandler Channel6 2 AddChannel 5 1");
    ok("backlog Ch6 1; Ch6 2; Ch6 2; Ch6 3; Ch6 2");
    assert_true(holds("$CH5==2"));
    ok("AddChangeHandler Channel6 >= 10 backlog Ch7 1; Ch8 1"); /* all behind it is its command */
    ok("Ch6 10");
    assert_true(holds("$CH7&&$CH8"));
}

static void repeating_events_of_the_table_do_run_and_are_cancelled_by_their_number(void **state)
{
    (void)state;
    ok("addRepeatingEvent 0.5 3 AddChannel 10 1");
    ok("addRepeatingEventID 1 -1 7 AddChannel 11 1");
    ok("addRepeatingEventID 1 -1 8 \"AddChannel 12 1\"");
    rig_run(3050);
    assert_true(holds("$CH10==3&&$CH11==3&&$CH12==3"));
    ok("cancelRepeatingEvent 7");
    rig_run(1000);
    assert_true(holds("$CH10==3&&$CH11==3&&$CH12==4"));
}

static void safe_mode_is_what_the_next_start_is_in_and_keeps_what_was_remembered(void **state)
{
    (void)state;
    ok("backlog SetStartValue 1 -1; POWER ON; SafeMode");
    rig_run(2500);
    assert_int_equal(rig_restarts, 1);
    assert_true(rig.safe_mode);
    assert_int_equal(run("POWER ON"), CMD_ERROR);
    assert_false(simplug_relay(1));
    assert_int_equal(run("startDriver BL0942"), CMD_ERROR);
    assert_int_equal(vars_retained(&rig.vars, 1), 1);
}

static void restart_comes_after_so_many_seconds(void **state)
{
    (void)state;
    ok("restart 3");
    rig_run(1900);
    assert_int_equal(rig_restarts, 0);
    rig_run(1500);
    assert_int_equal(rig_restarts, 1);
}

static void clearing_is_saved_at_once_and_does_not_restart(void **state)
{
    (void)state;
    ok("backlog POWER ON; SSID1 home; SetStartValue 1 1; SetChannelType 1 Toggle");
    ok("clearIO");
    assert_false(rig.cfg.dirty);
    assert_false(host_pin_driven(25));
    assert_int_equal(config_role(&rig.cfg, 25), 0);
    assert_int_equal(config_channel_type(&rig.cfg, 1), 0);
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "home");
    up(NULL);
    ok("backlog Ch5 5; AddEventHandler OnClick 24 echo x; SSID1 home; clearAll");
    assert_false(rig.cfg.dirty);
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "");
    assert_int_equal(rig.events.handlers, 0);
    rig_run(5000);
    assert_int_equal(rig_restarts, 0);
}

static void the_access_point_opens_five_seconds_later(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID, "home");
    rig_boot(HAL_RESET_POWER);
    ok("OpenAP");
    rig_run(3500);
    assert_string_equal(host_radio_ap_name(), "");
    rig_run(3000);
    assert_string_equal(host_radio_ap_name(), "OpenECR6600_CCDDEEFF");
}

/* ---- power: which relay an index means ------------------------------------------------ */

static void an_index_means_a_channel_and_one_less_when_a_relay_is_on_channel_0(void **state)
{
    (void)state;
    plug_of("{\"24\":\"Rel;1\",\"25\":\"Rel;2\"}");
    assert_reply("POWER2 ON", "{\"POWER1\":\"OFF\",\"POWER2\":\"ON\"}");
    assert_true(holds("$CH2==1&&$CH1==0"));
    assert_reply("POWER ON", "{\"POWER1\":\"ON\",\"POWER2\":\"ON\"}");
    assert_reply("powerAll OFF", "{}");
    assert_true(holds("$CH2==0&&$CH1==0"));
    plug_of("{\"24\":\"Rel;0\",\"25\":\"Rel_n;1\"}");
    assert_reply("POWER ON", "{\"POWER1\":\"ON\",\"POWER2\":\"OFF\"}");
    assert_reply("POWER0 OFF", "{\"POWER1\":\"OFF\",\"POWER2\":\"OFF\"}");
    assert_reply("POWER1 ON", "{\"POWER1\":\"ON\",\"POWER2\":\"OFF\"}");
    assert_reply("POWER2 ON", "{\"POWER1\":\"ON\",\"POWER2\":\"ON\"}");
    assert_true(holds("$CH0&&$CH1&&!$CH2"));
    plug_of("{\"25\":\"Rel;0\"}");
    assert_reply("POWER1 ON", "{\"POWER\":\"ON\"}");
    assert_true(holds("$CH0"));
    plug_of("{\"25\":\"Rel;5\",\"24\":\"LED;5\"}");
    assert_reply("POWER TOGGLE", "{\"POWER\":\"ON\"}");
    assert_true(holds("$CH5"));
}

static void without_a_relay_power_is_the_first_toggle_channel_or_nothing(void **state)
{
    (void)state;
    plug_of("{\"24\":\"Btn;1\"}");
    assert_int_equal(run("POWER ON"), CMD_BAD);
    assert_string_equal(reply, "{\"POWER\":\"ON\"}");
    ok("SetChannelType 7 Toggle");
    ok("POWER ON");
    assert_true(holds("$CH7"));
}

/* ---- texts ---------------------------------------------------------------------------- */

static void a_backlog_of_two_hundred_characters_runs_each_command_exactly_once(void **state)
{
    char line[512] = "backlog ";

    (void)state;
    for (unsigned i = 0; i < 17; i++)
        strcat(line, "AddChannel 5 1;");
    assert_in_range(strlen(line), 200, 300);
    ok(line);
    assert_true(holds("$CH5==17"));
    assert_string_equal(reply, "{}");
    /* In one command, and through a reply: the original ran this twice. */
    up(state);
    snprintf(line, sizeof line, "AddChannel 5 1 0 100 0 %0200d", 0);
    assert_reply(line, "1");
    up(state);
    snprintf(line, sizeof line, "POWER TOGGLE %0300d", 0);
    assert_reply(line, "{\"POWER\":\"ON\"}");
}

static void a_part_of_a_backlog_may_be_longer_than_127_characters(void **state)
{
    char line[512];

    (void)state;
    snprintf(line, sizeof line, "backlog MqttHost %0200d; Ch5 1", 7);
    ok(line);
    assert_int_equal(strlen(config_text(&rig.cfg, CFG_MQTT_HOST)), 200);
    assert_true(holds("$CH5==1"));
}

static void an_unknown_command_stops_nothing_and_is_told(void **state)
{
    (void)state;
    assert_int_equal(run("backlog Ch5 1; Nonsense 3; Ch6 1"), CMD_UNKNOWN);
    assert_true(holds("$CH5&&$CH6"));
}

static void quotes_keep_blanks_and_semicolons_together(void **state)
{
    (void)state;
    ok("backlog AddEventHandler OnClick 24 \"backlog Ch5 1; Ch6 1\"; Ch7 1");
    assert_true(holds("$CH7&&!$CH5&&!$CH6"));
    event_fire(&rig, EVENT_CLICK, 24);
    assert_true(holds("$CH5&&$CH6"));
    ok("SetChannelLabel 1 \"say \\\"on\\\"\"");
    assert_string_equal(rig.ch.label[1], "say \"on\"");
    ok("backlog SetChannelLabel 1 it\"s; Ch8 1"); /* no quote begins here */
    assert_string_equal(rig.ch.label[1], "it\"s");
    ok("backlog SetChannelLabel 1 \"open; Ch9 1"); /* nor is this one closed */
    assert_true(holds("$CH8&&$CH9"));
}

static void lines_are_commands_and_comments_are_not(void **state)
{
    (void)state;
    assert_int_equal(run("//"), CMD_EMPTY);
    assert_int_equal(run("/"), CMD_UNKNOWN);
    ok("Ch5 1\r\n// Ch6 1\n\n  backlog Ch7 1; Ch8 1\nCh9 1");
    assert_true(holds("$CH5&&!$CH6&&$CH7&&$CH8&&$CH9"));
}

static void a_no_break_space_is_a_blank_and_the_same_byte_in_a_letter_is_not(void **state)
{
    (void)state;
    ok("SetChannel\xa0"
       "5 1");
    ok("SetChannel\xc2\xa0"
       "6\xc2\xa0"
       "1");
    assert_true(holds("$CH5&&$CH6"));
    ok("SetChannelLabel 1 voil\xc3\xa0");
    assert_string_equal(rig.ch.label[1], "voil\xc3\xa0");
    ok("publish \xe5\xa0\xb4 1");
}

static void constants_are_expanded_in_arguments(void **state)
{
    (void)state;
    ok("backlog SetChannel 5 7; SetChannel 6 $CH5; SetChannel 7 $CH5*10+1");
    assert_true(holds("$CH6==7&&$CH7==71"));
    assert_int_equal(run("Ch8 $CH99"), CMD_BAD); /* there is none */
    assert_true(holds("$CH8==0"));
    ok("backlog Ch9 3; Ch9 $CH9/2"); /* a whole number, cut */
    assert_true(holds("$CH9==1"));
    ok("SetChannelLabel 1 $CH5"); /* a label is text */
    assert_string_equal(rig.ch.label[1], "$CH5");
}

static void a_constant_is_never_longer_than_forty_characters(void **state)
{
    (void)state;
    rig.meter.valid[METER_TOTAL] = true;
    rig.meter.value[METER_TOTAL] = -1.0e17 - 0.123456789;
    ok("echo $energy $energy");
    rig.meter.value[METER_TOTAL] = 1e300;
    ok("echo $energy");
    ok("publish a $CH5000000000000000000000000000000000000000000000000000000000000000000000000");
}

static void what_is_published_is_the_value_and_not_its_name(void **state)
{
    const struct mqtt *m = &rig.mqtt;

    (void)state;
    ok("backlog Ch5 42; publish a/b $CH5 1; publishFloat a/c 2.50 1; publish a/d \"$CH5 it is\" 1");
    assert_int_equal(m->queued, 3);
    assert_string_equal(m->queue[0].topic, "a/b");
    assert_string_equal(m->queue[0].text, "42");
    assert_string_equal(m->queue[1].text, "2.5");
    assert_string_equal(m->queue[2].text, "$CH5 it is");
    ok("publish a/e \"{\\\"a\\\":\\\"b\\\\c\\\"}\" 1"); /* a backslash protects a quote only */
    assert_string_equal(m->queue[3].text, "{\"a\":\"b\\\\c\"}");
}

static void more_arguments_than_there_is_room_for_hurt_nobody(void **state)
{
    char line[CMD_LINE * 2] = "echo";

    (void)state;
    for (unsigned i = 0; i < 300; i++)
        strcat(line, " x");
    ok(line);
    for (unsigned i = 0; i < 200; i++)
        strcat(line, " x");
    assert_int_equal(run(line), CMD_BAD); /* longer than a command may be */
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    assert_int_equal(run(line), CMD_BAD);
    line[200] = '\0';
    assert_int_equal(run(line), CMD_UNKNOWN);
}

static void commands_inside_of_commands_that_have_no_room_do_not_run(void **state)
{
    char line[CMD_LINE];

    (void)state;
    snprintf(line, sizeof line, "if 1 then if 1 then if 1 then if 1 then Ch5 1 %0600d", 0);
    assert_int_equal(run(line), CMD_ERROR);
    assert_true(holds("$CH5==0"));
    snprintf(line, sizeof line, "if 1 then if 1 then if 1 then if 1 then Ch5 1 %0100d", 0);
    ok(line);
    assert_true(holds("$CH5==1"));
}

/* ---- the startup command --------------------------------------------------------------- */

static void a_startup_command_of_511_characters_is_kept_and_one_more_is_refused(void **state)
{
    char text[600], line[700];

    (void)state;
    memset(text, 0, sizeof text);
    strcpy(text, "backlog Ch5 1; echo ");
    while (strlen(text) < 511 - 7)
        strcat(text, "x");
    strcat(text, "; Ch6 1");
    assert_int_equal(strlen(text), 511);
    snprintf(line, sizeof line, "StartupCommand \"%s\"", text);
    ok(line);
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(holds("$CH5&&$CH6"));
    snprintf(line, sizeof line, "StartupCommand \"x%s\"", text);
    assert_int_equal(run(line), CMD_BAD);
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    snprintf(line, sizeof line, "StartupCommand \"%s\" 1", text);
    up(state);
    ok(line);
    assert_true(holds("$CH5&&$CH6"));
}

static void a_startup_command_may_have_lines_and_quotes_of_its_own(void **state)
{
    const char *text = "addEventHandler OnClick 24 \"backlog Ch5 1; Ch6 1\"\nCh7 1";
    char line[200];

    (void)state;
    snprintf(line, sizeof line, "StartupCommand \"%s\"", text);
    ok(line);
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    ok("StartupCommand \"addEventHandler OnClick 24 \\\"backlog Ch5 1; Ch6 1\\\"\nCh7 1\"");
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    assert_true(holds("!$CH7"));
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(holds("$CH7&&!$CH5"));
    rig_run(6000);
    rig_click(24, 150, 700);
    assert_true(holds("$CH5&&$CH6"));
    assert_false(simplug_relay(1)); /* a handler takes the built-in action's place */
}

/* OpenBeken's record has room for 1567, and one that came with it is not cut. */
static void a_startup_command_longer_than_commands_give_still_runs_and_waits(void **state)
{
    char text[1568] = "delay_s 2\n";

    (void)state;
    while (strlen(text) < 1540)
        strcat(text, "AddChannel 5 1\n");
    assert_true(config_set_text(&rig.cfg, CFG_STARTUP, text));
    rig_boot(HAL_RESET_POWER);
    assert_true(holds("$CH5==0"));
    rig_run(2200);
    assert_true(holds("$CH5>=100"));
}

/* ---- waiting -------------------------------------------------------------------------- */

static void what_follows_a_delay_runs_so_much_later_and_nothing_waits_for_it(void **state)
{
    (void)state;
    ok("backlog Ch5 1; delay_s 2; Ch6 1; delay_ms 500; Ch7 1");
    assert_true(holds("$CH5&&!$CH6"));
    rig_click(24, 150, 700); /* the button works meanwhile */
    assert_true(simplug_relay(1));
    rig_run(1050);
    assert_true(holds("!$CH6"));
    rig_run(200);
    assert_true(holds("$CH6&&!$CH7"));
    rig_run(600);
    assert_true(holds("$CH7"));
    assert_int_equal(rig.cmds.pooled, 0);
}

static void delays_are_seen_in_any_spelling_but_not_inside_other_words(void **state)
{
    (void)state;
    ok("BackLog Ch5 1; DELAY_S 0.5; Ch6 1");
    assert_true(holds("!$CH6"));
    ok("backlog echo delay_s 100; Ch7 1");
    assert_true(holds("$CH7"));
    rig_run(700);
    assert_true(holds("$CH6"));
}

static void a_script_waits_for_an_event(void **state)
{
    (void)state;
    ok("backlog waitFor OnClick 24; Ch5 1");
    event_fire(&rig, EVENT_CLICK, 23);
    event_fire(&rig, EVENT_DBL_CLICK, 24);
    rig_run(100);
    assert_true(holds("!$CH5"));
    rig_click(24, 150, 700);
    assert_true(holds("$CH5"));
    assert_true(simplug_relay(1)); /* who waits does not take the click away */
}

static void a_script_does_not_wait_for_what_has_come_already(void **state)
{
    (void)state;
    rig.clock.synced = true;
    ok("backlog waitFor NTPState 1; Ch5 1");
    rig_run(100);
    assert_true(holds("$CH5"));
    ok("backlog waitFor NTPState 0; Ch6 1");
    rig_run(100);
    assert_true(holds("!$CH6"));
    rig.clock.synced = false;
    rig_run(100);
    assert_true(holds("$CH6"));
}

static void several_scripts_wait_each_for_its_own_and_one_too_many_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CMD_SCRIPTS; i++) {
        char line[64];

        snprintf(line, sizeof line, "backlog delay_s %u; Ch%u 1", CMD_SCRIPTS - i, 10 + i);
        ok(line);
    }
    assert_int_equal(run("backlog Ch20 1; delay_s 1; Ch21 1"), CMD_ERROR);
    ok("delay_s 5"); /* nothing follows: nothing waits */
    rig_run(1100);
    assert_true(holds("$CH13&&!$CH12&&!$CH11&&!$CH10"));
    rig_run(3100);
    assert_true(holds("$CH10&&$CH11&&$CH12&&$CH20&&!$CH21"));
    assert_int_equal(rig.cmds.pooled, 0);
}

static void scripts_can_be_stopped_also_by_themselves(void **state)
{
    (void)state;
    ok("backlog delay_s 1; Ch5 1");
    ok("stopAllScripts");
    ok("backlog delay_s 1; stopAllScripts; Ch6 1");
    rig_run(3000);
    assert_true(holds("!$CH5&&!$CH6"));
    assert_int_equal(rig.cmds.pooled, 0);
}

static void an_alias_may_blink_for_ever_without_growing(void **state)
{
    (void)state;
    ok("alias blink backlog AddChannel 5 1; delay_s 1; blink");
    ok("blink");
    rig_run(20500);
    assert_in_range(channel_get(&rig, 5), 19, 22);
    assert_in_range(rig.cmds.pooled, 1, 32);
    ok("stopAllScripts");
}

/* ---- running away ------------------------------------------------------------------------ */

static void commands_that_call_themselves_come_to_an_end(void **state)
{
    (void)state;
    ok("alias a AddChannel 5 1");
    ok("alias b backlog a; b; a; b; a; b");
    assert_int_equal(run("b"), CMD_ERROR);
    assert_in_range(channel_get(&rig, 5), 1, CMD_CHAIN);
    ok("alias c if 1 then c else c");
    assert_int_equal(run("c"), CMD_ERROR);
    ok("StartupCommand \"StartupCommand Ch5\" 1");
    ok("POWER ON");
}

static void a_handler_may_run_aliases_that_fire_it_again(void **state)
{
    (void)state;
    ok("alias more AddChannel 5 1");
    ok("AddEventHandler OnChannelChange 5 more");
    run("SetChannel 5 1");
    assert_in_range(channel_get(&rig, 5), 2, CMD_DEPTH + 1);
    ok("clearAllHandlers");
    ok("Ch5 0");
}

static void tables_that_are_full_say_so(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_HANDLERS; i++)
        ok("AddEventHandler OnClick 24 echo");
    assert_int_equal(run("AddEventHandler OnClick 24 echo"), CMD_ERROR);
    for (unsigned i = 0; i < EVENT_CHANGES; i++)
        ok("AddChangeHandler Power > 1 echo");
    assert_int_equal(run("AddChangeHandler Power > 1 echo"), CMD_ERROR);
    for (unsigned i = 0; i < EVENT_REPEATS; i++)
        ok("addRepeatingEventID 1 -1 3 echo");
    assert_int_equal(run("addRepeatingEvent 1 -1 echo"), CMD_ERROR);
    ok("cancelRepeatingEvent 3");
    assert_int_equal(rig.events.repeats, 0);
    for (unsigned i = 0; i < CMD_ALIASES; i++) {
        char line[32];

        snprintf(line, sizeof line, "alias name%c echo", 'a' + (char)i);
        ok(line);
        ok(line); /* again: the same one */
    }
    assert_int_equal(run("alias onemore echo"), CMD_ERROR);
}

static void a_handler_command_that_does_not_fit_is_refused_whole(void **state)
{
    char line[300];

    (void)state;
    snprintf(line, sizeof line, "AddEventHandler OnClick 24 echo %0122d", 0);
    ok(line);
    snprintf(line, sizeof line, "AddEventHandler OnClick 24 echo %0123d", 0);
    assert_int_equal(run(line), CMD_BAD);
    assert_int_equal(rig.events.handlers, 1);
}

static void noise_does_no_harm(void **state)
{
    static const char *const words[] = {
        "backlog ",
        "POWER",
        " ON",
        ";",
        "\"",
        " ",
        "delay_ms 50",
        "\n",
        "if ",
        "then ",
        "else ",
        "$CH",
        "1",
        "5",
        "alias x ",
        "x",
        "Ch",
        "waitFor",
        "\\",
        "//",
        "\xa0",
        "\xc2",
        "stopAllScripts",
        "StartupCommand ",
        "Choice ",
        "(",
        "SetChannel 5 ",
        "AddEventHandler OnClick 24 ",
    };
    uint32_t seed = seeded(0x5eed0007);

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        char line[CMD_LINE * 2] = "";

        for (unsigned n = noise(&seed) % 24; n; n--)
            strcat(line, words[noise(&seed) % (sizeof words / sizeof *words)]);
        run(line);
        rig_run(25);
        assert_true(rig.cmds.pooled <= CMD_POOL);
    }
    ok("backlog stopAllScripts; clearAllHandlers");
    assert_int_equal(rig.cmds.pooled, 0);
}

#define T(name) cmocka_unit_test_setup(name, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_row_of_the_table_does_what_it_says_with_good_and_bad_arguments),
        T(no_command_is_without_a_row_above),
        T(each_command_of_the_reference_is_here_or_is_of_no_plug),
        T(names_of_commands_are_unique),
        T(settings_are_where_they_belong),
        T(no_password_is_in_the_log_or_in_an_answer),
        T(a_role_works_at_once),
        T(a_start_value_of_minus_one_remembers_from_now_on),
        T(what_is_too_large_to_be_remembered_is_remembered_as_the_nearest),
        T(a_channel_may_be_hidden_or_kept_to_itself),
        T(handlers_of_the_table_do_run),
        T(repeating_events_of_the_table_do_run_and_are_cancelled_by_their_number),
        T(safe_mode_is_what_the_next_start_is_in_and_keeps_what_was_remembered),
        T(restart_comes_after_so_many_seconds),
        T(clearing_is_saved_at_once_and_does_not_restart),
        T(the_access_point_opens_five_seconds_later),
        T(an_index_means_a_channel_and_one_less_when_a_relay_is_on_channel_0),
        T(without_a_relay_power_is_the_first_toggle_channel_or_nothing),
        T(a_backlog_of_two_hundred_characters_runs_each_command_exactly_once),
        T(a_part_of_a_backlog_may_be_longer_than_127_characters),
        T(an_unknown_command_stops_nothing_and_is_told),
        T(quotes_keep_blanks_and_semicolons_together),
        T(lines_are_commands_and_comments_are_not),
        T(a_no_break_space_is_a_blank_and_the_same_byte_in_a_letter_is_not),
        T(constants_are_expanded_in_arguments),
        T(a_constant_is_never_longer_than_forty_characters),
        T(what_is_published_is_the_value_and_not_its_name),
        T(more_arguments_than_there_is_room_for_hurt_nobody),
        T(commands_inside_of_commands_that_have_no_room_do_not_run),
        T(a_startup_command_of_511_characters_is_kept_and_one_more_is_refused),
        T(a_startup_command_may_have_lines_and_quotes_of_its_own),
        T(a_startup_command_longer_than_commands_give_still_runs_and_waits),
        T(what_follows_a_delay_runs_so_much_later_and_nothing_waits_for_it),
        T(delays_are_seen_in_any_spelling_but_not_inside_other_words),
        T(a_script_waits_for_an_event),
        T(a_script_does_not_wait_for_what_has_come_already),
        T(several_scripts_wait_each_for_its_own_and_one_too_many_is_refused),
        T(scripts_can_be_stopped_also_by_themselves),
        T(an_alias_may_blink_for_ever_without_growing),
        T(commands_that_call_themselves_come_to_an_end),
        T(a_handler_may_run_aliases_that_fire_it_again),
        T(tables_that_are_full_say_so),
        T(a_handler_command_that_does_not_fit_is_refused_whole),
        T(noise_does_no_harm),
    };

    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
