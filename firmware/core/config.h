/* config.h - the configuration record of reference 7.2: 3584 bytes, kept as they are
 * on flash, so that nothing is lost that this firmware does not know. */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_SIZE    3584u
#define CONFIG_VERSION 5u
#define CHANNELS       64u
#define PINS           32u

/* Offsets of fields; see reference 7.2. Texts are NUL-ended within their size. */
enum config_text {
    CFG_SSID,
    CFG_PASSWORD,
    CFG_SSID2,
    CFG_PASSWORD2,
    CFG_MQTT_HOST,
    CFG_MQTT_CLIENT,
    CFG_MQTT_USER,
    CFG_MQTT_PASSWORD,
    CFG_MQTT_GROUP,
    CFG_WEBAPP,
    CFG_SHORT_NAME,
    CFG_LONG_NAME,
    CFG_NTP_SERVER,
    CFG_PING_HOST,
    CFG_STARTUP,
    CFG_WEB_PASSWORD,
    CFG_TEXTS
};
enum config_number {
    CFG_MQTT_PORT,
    CFG_FLAGS_LO,
    CFG_FLAGS_HI,
    CFG_CHANGES,
    CFG_OTAS,
    CFG_BTN_SHORT,
    CFG_BTN_LONG,
    CFG_BTN_REPEAT,
    CFG_BOOT_SECONDS,
    CFG_PING_INTERVAL,
    CFG_PING_SECONDS,
    CFG_NO_WEB,
    CFG_NUMBERS
};

struct config {
    uint8_t rec[CONFIG_SIZE];
    bool dirty;     /* differs from flash */
    uint32_t since; /* hal_ms() of the first unsaved change */
};

struct hal_chip;
struct store;

enum config_source { CONFIG_STORED, CONFIG_IMPORTED, CONFIG_DEFAULT };

/* From the store; else what OpenBeken has left, else the defaults, both marked dirty. */
enum config_source config_load(struct config *c, const struct store *s, const struct hal_chip *chip,
                               const uint8_t mac[6]);
/* Seal it and count the change, if it is dirty. False: the flash did not take it. */
bool config_save(struct config *c, struct store *s, const struct hal_chip *chip);

/* Both checksums of reference 7.3 over `len` bytes. */
uint8_t config_crc8(const uint8_t *data, size_t len, bool signed_char);
/* Fill in the defaults of a chip and MAC; marked dirty. */
void config_defaults(struct config *c, const struct hal_chip *chip, const uint8_t mac[6]);
/* Take over a record of version 3, 4 or 5 (or later: kept as it is) with either checksum.
 * `rec` may be c->rec. Dirty when it had to be mended. False: it is none, and c->rec is
 * as it was. */
bool config_import(struct config *c, const uint8_t *rec, size_t len, const struct hal_chip *chip,
                   const uint8_t mac[6]);
/* Put checksum and version in; the record is then as it goes to flash or to a reader. */
void config_seal(struct config *c, const struct hal_chip *chip);

const char *config_text(const struct config *c, enum config_text field);
/* False: too long, nothing changed. Marks dirty when it differs. */
bool config_set_text(struct config *c, enum config_text field, const char *text);
int32_t config_number(const struct config *c, enum config_number field);
/* What does not fit the field becomes its nearest value. */
void config_set_number(struct config *c, enum config_number field, int32_t value);
bool config_flag(const struct config *c, unsigned flag);
void config_set_flag(struct config *c, unsigned flag, bool on);
uint64_t config_flags(const struct config *c);
void config_set_flags(struct config *c, uint64_t mask);

uint8_t config_role(const struct config *c, unsigned pin);
uint8_t config_channel(const struct config *c, unsigned pin, unsigned which); /* 0, 1 */
void config_set_pin(struct config *c, unsigned pin, uint8_t role, uint8_t ch, uint8_t ch2);
uint8_t config_channel_type(const struct config *c, unsigned ch);
void config_set_channel_type(struct config *c, unsigned ch, uint8_t type);
int16_t config_start(const struct config *c, unsigned ch);
void config_set_start(struct config *c, unsigned ch, int16_t value);
float config_calibration(const struct config *c, unsigned i); /* 0..7; 0: default */
void config_set_calibration(struct config *c, unsigned i, float value);
void config_static_ip(const struct config *c, uint8_t ip[4], uint8_t mask[4], uint8_t gw[4],
                      uint8_t dns[4]);
void config_set_static_ip(struct config *c, const uint8_t ip[4], const uint8_t mask[4],
                          const uint8_t gw[4], const uint8_t dns[4]);

#endif
