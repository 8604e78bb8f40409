/* The console: each row of the command table with good and bad arguments, and that the table
 * is the reference's. */
#include "support/console.h"

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

#define T(name) cmocka_unit_test_setup(name, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_row_of_the_table_does_what_it_says_with_good_and_bad_arguments),
        T(no_command_is_without_a_row_above),
        T(each_command_of_the_reference_is_here_or_is_of_no_plug),
        T(names_of_commands_are_unique),
    };

    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
