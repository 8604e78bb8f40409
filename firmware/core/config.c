/* config.c - the configuration record. It stays in RAM byte for byte as it is on flash;
 * fields are read and written where they are, unaligned as they are. */
#include "core/config.h"

#include <math.h>
#include <string.h>

#include "core/obk.h"
#include "core/out.h"
#include "core/store.h"
#include "hal/hal.h"

enum {
    AT_IDENT = 0x000,
    AT_CRC = 0x003,
    AT_VERSION = 0x004,
    AT_FLAGS = 0x008,
    AT_MAC = 0x2d8,
    AT_ROLE = 0x33e,
    AT_CHANNEL = 0x35e,
    AT_CHANNEL2 = 0x37e,
    AT_TYPE = 0x39e,
    AT_START = 0x3de,
    AT_CALIBRATION = 0x498,
    AT_BUTTONS = 0x4b8,
    AT_STATIC_IP = 0x527,
    AT_LED_CORRECTION = 0x53c,
    SIZE_V3 = 2016, /* what records up to version 3 had */
    VERSION_MAX = 100,
};

static const struct {
    uint16_t at, size;
} texts[CFG_TEXTS] = {
    [CFG_SSID] = {0x014, 64},       [CFG_PASSWORD] = {0x054, 64},
    [CFG_SSID2] = {0xc00, 64},      [CFG_PASSWORD2] = {0xc40, 68},
    [CFG_MQTT_HOST] = {0x094, 256}, [CFG_MQTT_CLIENT] = {0x194, 64},
    [CFG_MQTT_USER] = {0x1d4, 64},  [CFG_MQTT_PASSWORD] = {0x214, 128},
    [CFG_MQTT_GROUP] = {0x554, 64}, [CFG_WEBAPP] = {0x298, 64},
    [CFG_SHORT_NAME] = {0x2de, 32}, [CFG_LONG_NAME] = {0x2fe, 64},
    [CFG_NTP_SERVER] = {0x478, 32}, [CFG_PING_HOST] = {0x5a0, 64},
    [CFG_STARTUP] = {0x5e0, 1568},  [CFG_WEB_PASSWORD] = {0xc84, 33},
};

static const struct {
    uint16_t at;
    uint8_t size;
} numbers[CFG_NUMBERS] = {
    [CFG_MQTT_PORT] = {0x294, 4},    [CFG_FLAGS_LO] = {0x008, 4},
    [CFG_FLAGS_HI] = {0x00c, 4},     [CFG_CHANGES] = {0x010, 2},
    [CFG_OTAS] = {0x012, 2},         [CFG_BTN_SHORT] = {0x4b8, 1},
    [CFG_BTN_LONG] = {0x4b9, 1},     [CFG_BTN_REPEAT] = {0x4ba, 1},
    [CFG_BOOT_SECONDS] = {0x597, 1}, [CFG_PING_INTERVAL] = {0x598, 4},
    [CFG_PING_SECONDS] = {0x59c, 4}, [CFG_NO_WEB] = {0xcbb, 1},
};

static const uint8_t button_times[3] = {3, 10, 5};

/* 1, 1, 1, 2.2, 0.1, 0.1 as floats: a colour lamp's, kept for who moves on. */
static const uint8_t led_correction[24] = {
    0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x80, 0x3f,
    0xcd, 0xcc, 0x0c, 0x40, 0xcd, 0xcc, 0xcc, 0x3d, 0xcd, 0xcc, 0xcc, 0x3d,
};

/* ---- bytes ----------------------------------------------------------------- */

static uint32_t get_le(const uint8_t *p, unsigned size)
{
    uint32_t v = 0;

    while (size--)
        v = v << 8 | p[size];
    return v;
}

static void mark(struct config *c)
{
    if (!c->dirty)
        c->since = hal_ms();
    c->dirty = true;
}

/* All changes of a field come through here. */
static void put(struct config *c, unsigned at, const void *data, size_t len)
{
    if (memcmp(c->rec + at, data, len) == 0)
        return;
    memcpy(c->rec + at, data, len);
    mark(c);
}

static void put_le(struct config *c, unsigned at, unsigned size, uint32_t v)
{
    uint8_t bytes[4];

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(v >> 8 * i);
    put(c, at, bytes, size);
}

static bool all_zero(const uint8_t *p, size_t len)
{
    while (len)
        if (p[--len])
            return false;
    return true;
}

/* ---- the record ------------------------------------------------------------- */

uint8_t config_crc8(const uint8_t *data, size_t len, bool signed_char)
{
    int crc = 0;

    /* What a compiler with signed `char` made of it: both shifts drag the sign along. */
    while (len--) {
        int x = signed_char && *data >= 0x80 ? *data - 256 : *data;

        for (unsigned bit = 0; bit < 8; bit++, x >>= 1) {
            const bool odd = (crc ^ x) & 1;

            crc >>= 1;
            if (odd)
                crc = (crc ^ 0x8c) & 0xff;
            if (signed_char && crc >= 0x80)
                crc -= 256;
        }
        data++;
    }
    return (uint8_t)crc;
}

static void default_names(struct config *c, const struct hal_chip *chip, const uint8_t mac[6])
{
    char text[64];
    struct out o;

    out_init(&o, text, sizeof text);
    out_fmt(&o, "Open%s_%02X%02X%02X%02X", chip->name, mac[2], mac[3], mac[4], mac[5]);
    config_set_text(c, CFG_LONG_NAME, text);
    out_init(&o, text, sizeof text);
    out_fmt(&o, "%s%02X%02X%02X%02X", chip->short_prefix, mac[2], mac[3], mac[4], mac[5]);
    config_set_text(c, CFG_SHORT_NAME, text);
    config_set_text(c, CFG_MQTT_CLIENT, text);
}

void config_defaults(struct config *c, const struct hal_chip *chip, const uint8_t mac[6])
{
    memset(c->rec, 0, sizeof c->rec);
    memcpy(c->rec, "CFG", 3);
    mark(c);
    put_le(c, AT_VERSION, 4, CONFIG_VERSION);
    put_le(c, AT_FLAGS, 4, 1u << 10);
    put(c, AT_MAC, mac, 6);
    default_names(c, chip, mac);
    config_set_text(c, CFG_MQTT_USER, "homeassistant");
    config_set_text(c, CFG_MQTT_PASSWORD, "qqqqqqqqqq");
    config_set_number(c, CFG_MQTT_PORT, 1883);
    config_set_text(c, CFG_MQTT_GROUP, chip->group);
    config_set_text(c, CFG_WEBAPP, "https://openbekeniot.github.io/webapp/");
    config_set_text(c, CFG_NTP_SERVER, "217.147.223.78");
    config_set_text(c, CFG_PING_HOST, "192.168.0.1");
    config_set_number(c, CFG_BOOT_SECONDS, 5);
    put(c, AT_BUTTONS, button_times, sizeof button_times);
    put(c, AT_LED_CORRECTION, led_correction, sizeof led_correction);
    config_seal(c, chip);
}

/* Length of the record that stands there; 0: none. */
static size_t recognise(const uint8_t *rec, size_t len)
{
    uint32_t version;
    size_t size;

    if (len < SIZE_V3 || memcmp(rec + AT_IDENT, "CFG", 3) != 0)
        return 0;
    version = get_le(rec + AT_VERSION, 4);
    size = version <= 3 ? SIZE_V3 : CONFIG_SIZE;
    if (version < 1 || version > VERSION_MAX || len < size)
        return 0;
    if (config_crc8(rec + 4, size - 4, true) != rec[AT_CRC] &&
        config_crc8(rec + 4, size - 4, false) != rec[AT_CRC])
        return 0;
    return size;
}

/* What older versions lacked, and what must never be there. */
static void mend(struct config *c, uint32_t version, const uint8_t mac[6])
{
    for (unsigned i = 0; i < CFG_TEXTS; i++)
        put_le(c, texts[i].at + texts[i].size - 1u, 1, 0);
    if (version < 3)
        config_set_text(c, CFG_MQTT_CLIENT, config_text(c, CFG_SHORT_NAME));
    if (version < 5)
        config_set_text(c, CFG_WEB_PASSWORD, "");
    for (unsigned i = 0; i < sizeof button_times; i++)
        if (!c->rec[AT_BUTTONS + i])
            put_le(c, AT_BUTTONS + i, 1, button_times[i]);
    if (all_zero(c->rec + AT_LED_CORRECTION, sizeof led_correction))
        put(c, AT_LED_CORRECTION, led_correction, sizeof led_correction);
    if (all_zero(c->rec + AT_MAC, 6))
        put(c, AT_MAC, mac, 6);
    if (version < CONFIG_VERSION)
        put_le(c, AT_VERSION, 4, CONFIG_VERSION);
}

bool config_import(struct config *c, const uint8_t *rec, size_t len, const struct hal_chip *chip,
                   const uint8_t mac[6])
{
    const size_t size = recognise(rec, len);

    if (!size)
        return false;
    memmove(c->rec, rec, size);
    memset(c->rec + size, 0, CONFIG_SIZE - size);
    mend(c, get_le(c->rec + AT_VERSION, 4), mac);
    config_seal(c, chip);
    return true;
}

void config_seal(struct config *c, const struct hal_chip *chip)
{
    memcpy(c->rec + AT_IDENT, "CFG", 3);
    c->rec[AT_CRC] = config_crc8(c->rec + 4, CONFIG_SIZE - 4, chip->signed_crc8);
}

enum config_source config_load(struct config *c, const struct store *s, const struct hal_chip *chip,
                               const uint8_t mac[6])
{
    size_t len = store_get(s, STORE_CONFIG, c->rec, sizeof c->rec);

    c->dirty = false;
    if (len && len <= sizeof c->rec && config_import(c, c->rec, len, chip, mac))
        return CONFIG_STORED;
    len = obk_config(chip, c->rec);
    if (len && config_import(c, c->rec, len, chip, mac)) {
        mark(c);
        return CONFIG_IMPORTED;
    }
    config_defaults(c, chip, mac);
    return CONFIG_DEFAULT;
}

bool config_save(struct config *c, struct store *s, const struct hal_chip *chip)
{
    const uint32_t changes = get_le(c->rec + numbers[CFG_CHANGES].at, 2);

    if (!c->dirty)
        return true;
    put_le(c, numbers[CFG_CHANGES].at, 2, changes + 1);
    config_seal(c, chip);
    if (store_set(s, STORE_CONFIG, c->rec, sizeof c->rec)) {
        c->dirty = false;
        return true;
    }
    put_le(c, numbers[CFG_CHANGES].at, 2, changes);
    c->since = hal_ms(); /* to be tried again, but not at once */
    return false;
}

/* ---- fields ------------------------------------------------------------------ */

const char *config_text(const struct config *c, enum config_text field)
{
    return (const char *)c->rec + texts[field].at;
}

bool config_set_text(struct config *c, enum config_text field, const char *text)
{
    const size_t len = strlen(text), size = texts[field].size;
    uint8_t *at = c->rec + texts[field].at;

    if (len >= size)
        return false;
    if (memcmp(at, text, len + 1) == 0)
        return true;
    /* Behind the end nothing is left of a longer text: it may have been a password. */
    memmove(at, text, len);
    memset(at + len, 0, size - len);
    mark(c);
    return true;
}

int32_t config_number(const struct config *c, enum config_number field)
{
    return (int32_t)get_le(c->rec + numbers[field].at, numbers[field].size);
}

void config_set_number(struct config *c, enum config_number field, int32_t value)
{
    const unsigned size = numbers[field].size;

    if (size < 4) {
        const int32_t most = size == 1 ? 0xff : 0xffff;

        value = value < 0 ? 0 : value > most ? most : value;
    }
    put_le(c, numbers[field].at, size, (uint32_t)value);
}

uint64_t config_flags(const struct config *c)
{
    return get_le(c->rec + AT_FLAGS, 4) | (uint64_t)get_le(c->rec + AT_FLAGS + 4, 4) << 32;
}

void config_set_flags(struct config *c, uint64_t mask)
{
    put_le(c, AT_FLAGS, 4, (uint32_t)mask);
    put_le(c, AT_FLAGS + 4, 4, (uint32_t)(mask >> 32));
}

bool config_flag(const struct config *c, unsigned flag)
{
    return flag < 64 && config_flags(c) >> flag & 1;
}

void config_set_flag(struct config *c, unsigned flag, bool on)
{
    const uint64_t bit = flag < 64 ? (uint64_t)1 << flag : 0, now = config_flags(c);

    config_set_flags(c, on ? now | bit : now & ~bit);
}

uint8_t config_role(const struct config *c, unsigned pin)
{
    return pin < PINS ? c->rec[AT_ROLE + pin] : 0;
}

uint8_t config_channel(const struct config *c, unsigned pin, unsigned which)
{
    return pin < PINS ? c->rec[(which ? AT_CHANNEL2 : AT_CHANNEL) + pin] : 0;
}

void config_set_pin(struct config *c, unsigned pin, uint8_t role, uint8_t ch, uint8_t ch2)
{
    if (pin >= PINS)
        return;
    put_le(c, AT_ROLE + pin, 1, role);
    put_le(c, AT_CHANNEL + pin, 1, ch);
    put_le(c, AT_CHANNEL2 + pin, 1, ch2);
}

uint8_t config_channel_type(const struct config *c, unsigned ch)
{
    return ch < CHANNELS ? c->rec[AT_TYPE + ch] : 0;
}

void config_set_channel_type(struct config *c, unsigned ch, uint8_t type)
{
    if (ch < CHANNELS)
        put_le(c, AT_TYPE + ch, 1, type);
}

int16_t config_start(const struct config *c, unsigned ch)
{
    return ch < CHANNELS ? (int16_t)get_le(c->rec + AT_START + 2 * ch, 2) : 0;
}

void config_set_start(struct config *c, unsigned ch, int16_t value)
{
    if (ch < CHANNELS)
        put_le(c, AT_START + 2 * ch, 2, (uint16_t)value);
}

float config_calibration(const struct config *c, unsigned i)
{
    uint32_t bits;
    float value;

    if (i >= 8)
        return 0;
    bits = get_le(c->rec + AT_CALIBRATION + 4 * i, 4);
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 0;
}

void config_set_calibration(struct config *c, unsigned i, float value)
{
    uint32_t bits;

    if (i >= 8 || !isfinite(value))
        return;
    memcpy(&bits, &value, sizeof bits);
    put_le(c, AT_CALIBRATION + 4 * i, 4, bits);
}

void config_static_ip(const struct config *c, uint8_t ip[4], uint8_t mask[4], uint8_t gw[4],
                      uint8_t dns[4])
{
    const uint8_t *at = c->rec + AT_STATIC_IP;

    memcpy(ip, at, 4);
    memcpy(mask, at + 4, 4);
    memcpy(gw, at + 8, 4);
    memcpy(dns, at + 12, 4);
}

void config_set_static_ip(struct config *c, const uint8_t ip[4], const uint8_t mask[4],
                          const uint8_t gw[4], const uint8_t dns[4])
{
    put(c, AT_STATIC_IP, ip, 4);
    put(c, AT_STATIC_IP + 4, mask, 4);
    put(c, AT_STATIC_IP + 8, gw, 4);
    put(c, AT_STATIC_IP + 12, dns, 4);
}
