/* status.c - the sections of STATUS, written straight into what they are sent with.
 *
 * Members and their order are what clients know. What this plug has not (a heap, a sleep
 * of its own) is there with the value that says so. */
#include "core/status.h"

#include <string.h>

#include "core/plug.h"

#define DAY_S 86400u

static const struct {
    const char *name;
    uint8_t number; /* 0: only among all of them */
} sections[STATUS_SECTIONS] = {
    [STATUS_MAIN] = {"Status", 0},    [STATUS_PRM] = {"StatusPRM", 0},
    [STATUS_FWR] = {"StatusFWR", 2},  [STATUS_LOG] = {"StatusLOG", 0},
    [STATUS_MEM] = {"StatusMEM", 4},  [STATUS_NET] = {"StatusNET", 5},
    [STATUS_MQT] = {"StatusMQT", 6},  [STATUS_TIM] = {"StatusTIM", 7},
    [STATUS_SNS] = {"StatusSNS", 10}, [STATUS_STS] = {"StatusSTS", 11},
};

/* ---- parts --------------------------------------------------------------------- */

void status_u64(struct out *o, uint64_t value)
{
    const uint32_t unit = 1000000000u;

    if (value >= unit) {
        status_u64(o, value / unit);
        out_fmt(o, "%09u", (unsigned)(value % unit));
    } else {
        out_fmt(o, "%u", (unsigned)value);
    }
}

static void text(struct out *o, const char *before, const char *value)
{
    out_text(o, before);
    out_char(o, '"');
    out_json(o, value);
    out_char(o, '"');
}

static void setting(struct plug *p, struct out *o, const char *before, enum config_text field)
{
    text(o, before, config_text(&p->cfg, field));
}

/* 0T06:16:14 */
static void span(struct out *o, uint32_t s)
{
    out_fmt(o, "%uT%02u:%02u:%02u", (unsigned)(s / DAY_S), (unsigned)(s / 3600 % 24),
            (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

static void date(struct out *o, uint32_t s)
{
    struct clock_date d;

    clock_date_of(s, &d);
    out_fmt(o, "%d-%02d-%02dT%02d:%02d:%02d", d.year, d.month, d.day, d.hour, d.minute, d.second);
}

/* Local; since 1970 and the boot, when nobody has told the time. */
static uint32_t local_time(const struct plug *p)
{
    struct clock_date d;
    uint32_t local;

    return clock_now(p, &local, &d) ? local : p->uptime_s;
}

static void time_member(const struct plug *p, struct out *o)
{
    out_text(o, "\"Time\":\"");
    date(o, local_time(p));
    out_char(o, '"');
}

static void uptime_member(const struct plug *p, struct out *o)
{
    out_text(o, "\"Uptime\":\"");
    span(o, p->uptime_s);
    out_char(o, '"');
}

static void address(struct out *o, const char *before, const uint8_t ip[4])
{
    out_fmt(o, "%s\"%u.%u.%u.%u\"", before, ip[0], ip[1], ip[2], ip[3]);
}

static void mac(struct out *o, const char *before, const uint8_t m[6])
{
    out_fmt(o, "%s\"%02X:%02X:%02X:%02X:%02X:%02X\"", before, m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* ---- relays --------------------------------------------------------------------- */

/* The channel of the nth relay, and the number Tasmota has for it; -1: there are fewer. */
static int relay(const struct plug *p, unsigned nth, unsigned *number)
{
    const uint64_t relays = pins_relays(p);

    for (unsigned ch = 0; ch < CHANNELS; ch++)
        if ((relays >> ch & 1) && !nth--) {
            *number = ch + (unsigned)(relays & 1);
            return (int)ch;
        }
    return -1;
}

void status_power(struct plug *p, struct out *o)
{
    unsigned number, other;
    const bool several = relay(p, 1, &other) >= 0;

    if (relay(p, 0, &number) < 0) {
        out_text(o, "\"POWER\":\"ON\""); /* what stands for "no relay" */
        return;
    }
    for (unsigned i = 0; relay(p, i, &number) >= 0; i++) {
        const int ch = relay(p, i, &number);

        out_text(o, i ? ",\"POWER" : "\"POWER");
        if (several)
            out_fmt(o, "%u", number);
        out_fmt(o, "\":\"%s\"", channel_get(p, (unsigned)ch) > 0 ? "ON" : "OFF");
    }
}

/* ---- sections ---------------------------------------------------------------------- */

static void names(struct plug *p, struct out *o)
{
    char whole[64];
    unsigned n, i;

    for (i = 0; relay(p, i, &n) >= 0; i++) {
        out_text(o, i ? ",\"" : "\"");
        out_json(o, config_text(&p->cfg, CFG_SHORT_NAME));
        out_fmt(o, "_%u\"", n);
    }
    if (i)
        return;
    plug_long_name(p, whole);
    text(o, "", whole);
}

static void write_main(struct plug *p, struct out *o)
{
    uint64_t power = 0;
    unsigned n;

    for (unsigned i = 0; relay(p, i, &n) >= 0; i++)
        power |= (uint64_t)(channel_get(p, (unsigned)relay(p, i, &n)) > 0) << i;
    setting(p, o, "\"Module\":0,\"DeviceName\":", CFG_SHORT_NAME);
    out_text(o, ",\"FriendlyName\":[");
    names(p, o);
    setting(p, o, "],\"Topic\":", CFG_MQTT_CLIENT);
    out_text(o, ",\"ButtonTopic\":\"0\",\"Power\":");
    status_u64(o, power);
    out_text(o, ",\"PowerOnState\":3,\"LedState\":1,\"LedMask\":\"FFFF\",\"SaveData\":1,"
                "\"SaveState\":1,\"SwitchTopic\":\"0\",\"SwitchMode\":[0,0,0,0,0,0,0,0],"
                "\"ButtonRetain\":0,\"SwitchRetain\":0,\"SensorRetain\":0,\"PowerRetain\":0,"
                "\"InfoRetain\":0,\"StateRetain\":0");
}

static void write_prm(struct plug *p, struct out *o)
{
    setting(p, o, "\"Baudrate\":115200,\"SerialConfig\":\"8N1\",\"GroupTopic\":", CFG_MQTT_GROUP);
    text(o, ",\"OtaUrl\":\"\",\"RestartReason\":", plug_reset_name(p));
    out_char(o, ',');
    uptime_member(p, o);
    out_fmt(o, ",\"Sleep\":%u,\"BootCount\":%u,\"SaveCount\":%d", p->cmds.power_save ? 10u : 0u,
            vars_boots(&p->vars), (int)config_number(&p->cfg, CFG_CHANGES));
}

/* Whoever scans for plugs looks at SDK, and Hardware is the chip. */
static void write_fwr(struct plug *p, struct out *o)
{
    text(o, "\"Version\":", p->build);
    text(o,
         ",\"BuildDateTime\":\"\",\"Boot\":\"\",\"Core\":\"" PLUG_VERSION "\",\"SDK\":\"obk\","
         "\"CpuFrequency\":0,\"Hardware\":",
         p->chip->name);
    out_text(o, ",\"CR\":\"0/0\"");
}

static void write_log(struct plug *p, struct out *o)
{
    out_fmt(o,
            "\"SerialLog\":0,\"WebLog\":%u,\"MqttLog\":0,\"SysLog\":0,\"LogHost\":\"\","
            "\"LogPort\":514,\"SSId\":[",
            p->log.level);
    setting(p, o, "", CFG_SSID);
    setting(p, o, ",", CFG_SSID2);
    out_fmt(o, "],\"TelePeriod\":%u", p->cmds.tele_state_s ? (unsigned)p->cmds.tele_state_s : 120u);
}

static void write_mem(struct plug *p, struct out *o)
{
    out_fmt(o, "\"Heap\":0,\"FlashSize\":%u,\"ProgramFlashSize\":%u",
            (unsigned)(p->chip->flash_size / 1024), (unsigned)(p->chip->flash_size / 1024));
}

static void write_net(struct plug *p, struct out *o)
{
    uint8_t ip[4] = {0}, mask[4] = {0}, gw[4] = {0}, dns[4] = {0}, m[6];

    if (!net_address(ip, mask, gw, dns))
        memset(ip, 0, sizeof ip);
    hal_mac(m);
    setting(p, o, "\"Hostname\":", CFG_SHORT_NAME);
    address(o, ",\"IPAddress\":", ip);
    address(o, ",\"Gateway\":", gw);
    address(o, ",\"Subnetmask\":", mask);
    address(o, ",\"DNSServer1\":", dns);
    out_text(o, ",\"DNSServer2\":\"0.0.0.0\"");
    mac(o, ",\"Mac\":", m);
    out_text(o, ",\"Webserver\":2,\"HTTP_API\":1,\"WifiConfig\":4,\"WifiPower\":17.0");
}

static void write_mqt(struct plug *p, struct out *o)
{
    setting(p, o, "\"MqttHost\":", CFG_MQTT_HOST);
    out_fmt(o, ",\"MqttPort\":%d", (int)config_number(&p->cfg, CFG_MQTT_PORT));
    setting(p, o, ",\"MqttClientMask\":", CFG_MQTT_CLIENT);
    setting(p, o, ",\"MqttClient\":", CFG_MQTT_CLIENT);
    setting(p, o, ",\"MqttUser\":", CFG_MQTT_USER);
    out_fmt(o, ",\"MqttCount\":%u,\"MAX_PACKET_SIZE\":%u,\"KEEPALIVE\":100",
            (unsigned)p->mqtt.connects, MQTT_PAYLOAD);
}

static void write_tim(struct plug *p, struct out *o)
{
    const uint32_t local = local_time(p);
    const int32_t offset = p->clock.offset_s, size = offset < 0 ? -offset : offset;
    struct clock_date d;
    uint32_t known;

    out_text(o, "\"UTC\":\"");
    date(o, clock_now(p, &known, &d) ? local - (uint32_t)offset : local);
    out_text(o, "\",\"Local\":\"");
    date(o, local);
    out_fmt(o, "\",\"StartDST\":\"\",\"EndDST\":\"\",\"Timezone\":\"%c%02d:%02d\"",
            offset < 0 ? '-' : '+', (int)(size / 3600), (int)(size / 60 % 60));
    out_text(o, ",\"Sunrise\":\"\",\"Sunset\":\"\"");
}

static void write_sns(struct plug *p, struct out *o)
{
    time_member(p, o);
    if (p->meter.driver != METER_NONE) {
        out_char(o, ',');
        meter_status(p, o);
    }
    out_text(o, ",\"TempUnit\":\"C\"");
}

/* Tasmota's quality: 100 at -50 dBm and above, 0 at -100. */
static int quality(int dbm)
{
    return dbm <= -100 ? 0 : dbm >= -50 ? 100 : (dbm + 100) * 2;
}

static void write_wifi(struct plug *p, struct out *o)
{
    struct hal_radio_network link = {0};

    if (!hal_radio_link(&link))
        link = (struct hal_radio_network){.rssi = -100};
    text(o, ",\"Wifi\":{\"AP\":1,\"SSId\":", link.ssid);
    mac(o, ",\"BSSId\":", link.bssid);
    out_fmt(o, ",\"Channel\":%u,\"Mode\":\"11n\",\"RSSI\":%d,\"Signal\":%d,\"LinkCount\":%u",
            link.channel, quality(link.rssi), link.rssi, (unsigned)p->wifi.links);
    out_text(o, ",\"Downtime\":\"");
    span(o, p->wifi.down_s);
    out_text(o, "\"}");
}

static void write_sts(struct plug *p, struct out *o)
{
    const bool sleeps = p->cmds.power_save;

    time_member(p, o);
    out_char(o, ',');
    uptime_member(p, o);
    out_fmt(o, ",\"UptimeSec\":%u,\"Heap\":0,\"SleepMode\":\"%s\",\"Sleep\":%u",
            (unsigned)p->uptime_s, sleeps ? "Dynamic" : "None", sleeps ? 10u : 0u);
    out_fmt(o, ",\"LoadAvg\":0,\"MqttCount\":%u,", (unsigned)p->mqtt.connects);
    status_power(p, o);
    write_wifi(p, o);
}

void status_section(struct plug *p, unsigned section, struct out *o)
{
    static void (*const write[STATUS_SECTIONS])(struct plug * p, struct out * o) = {
        [STATUS_MAIN] = write_main, [STATUS_PRM] = write_prm, [STATUS_FWR] = write_fwr,
        [STATUS_LOG] = write_log,   [STATUS_MEM] = write_mem, [STATUS_NET] = write_net,
        [STATUS_MQT] = write_mqt,   [STATUS_TIM] = write_tim, [STATUS_SNS] = write_sns,
        [STATUS_STS] = write_sts,
    };

    out_char(o, '{');
    if (section < STATUS_SECTIONS)
        write[section](p, o);
    out_char(o, '}');
}

/* 8 is 10 by another number. STATUS_SECTIONS: none of its own. */
static unsigned section_of(unsigned number)
{
    unsigned i = 0;

    while (i < STATUS_SECTIONS && (!sections[i].number || sections[i].number != number))
        i++;
    return i == STATUS_SECTIONS && number == 8 ? STATUS_SNS : i;
}

bool status_known(unsigned number)
{
    return !number || section_of(number) < STATUS_SECTIONS;
}

bool status_write(struct plug *p, unsigned number, unsigned round, struct out *o)
{
    const unsigned section = number ? section_of(number) : round;
    const bool last = number || round + 1 >= STATUS_SECTIONS;

    if (section >= STATUS_SECTIONS)
        return false;
    out_text(o, round ? ",\"" : "{\"");
    out_text(o, sections[section].name);
    out_text(o, "\":");
    status_section(p, section, o);
    if (last)
        out_char(o, '}');
    return !last;
}
