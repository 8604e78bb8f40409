/* spec.c - the keys of "sim:CHIP,key=value..." that all devices share. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_internal.h"

#define VALUE_MAX 512

bool sim_number(const char *text, uint64_t lo, uint64_t hi, uint64_t *out)
{
    char *end;
    uint64_t v;

    if (*text < '0' || *text > '9' || strlen(text) > 20)
        return false;
    v = strtoull(text, &end, 0);
    if (*end || v < lo || v > hi)
        return false;
    *out = v;
    return true;
}

int sim_choice(const char *text, const char *choices)
{
    size_t len = strlen(text);

    for (int i = 0;; i++) {
        size_t n = strcspn(choices, "|");

        if (n == len && !memcmp(text, choices, n))
            return i;
        choices += n;
        if (!*choices++)
            return -1;
    }
}

enum pf_err sim_bad(struct sim *s, const char *key, const char *value, const char *what)
{
    return pf_fail(s->ctx, PF_ERR_USAGE, "sim: %s=%s: expected %s", key, value, what);
}

/* A byte count with K or M behind it. */
static bool bytes(const char *text, uint64_t hi, uint64_t *out)
{
    char digits[24];
    size_t n = strlen(text);
    unsigned shift = 0;

    if (!n || n >= sizeof digits)
        return false;
    memcpy(digits, text, n + 1);
    if (digits[n - 1] == 'K' || digits[n - 1] == 'k')
        shift = 10;
    else if (digits[n - 1] == 'M' || digits[n - 1] == 'm')
        shift = 20;
    if (shift)
        digits[n - 1] = '\0';
    if (!sim_number(digits, 1, hi >> shift, out))
        return false;
    *out <<= shift;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Exactly `n` bytes in hexadecimal; ':' and '-' may stand between them. */
static bool hex_bytes(const char *text, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int hi, lo;

        if (i && (*text == ':' || *text == '-'))
            text++;
        hi = hex_digit(text[0]);
        lo = hi < 0 ? -1 : hex_digit(text[1]);
        if (lo < 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | lo);
        text += 2;
    }
    return !*text;
}

static enum pf_err key_text(struct sim *s, const char *key, const char *value, char *out,
                            size_t cap)
{
    if (!*value || strlen(value) >= cap)
        return sim_bad(s, key, value, "a path");
    memcpy(out, value, strlen(value) + 1);
    return PF_OK;
}

static enum pf_err key_bool(struct sim *s, const char *key, const char *value, bool *out)
{
    int i = sim_choice(value, "0|1");

    if (i < 0)
        return sim_bad(s, key, value, "0 or 1");
    *out = i == 1;
    return PF_OK;
}

/* Milliseconds to nanoseconds. */
static enum pf_err key_ms(struct sim *s, const char *key, const char *value, uint64_t *out)
{
    uint64_t ms;

    if (!sim_number(value, 0, 86400000, &ms))
        return sim_bad(s, key, value, "milliseconds");
    *out = SIM_MS(ms);
    return PF_OK;
}

static enum pf_err key_size(struct sim *s, const char *key, const char *value)
{
    uint64_t n;

    if (!bytes(value, NOR_SIZE_MAX, &n) || !nor_size_ok(n))
        return sim_bad(s, key, value, "a power of two from 64K to 16M");
    s->cfg.size = (uint32_t)n;
    s->cfg.size_given = true;
    return PF_OK;
}

static enum pf_err key_jedec(struct sim *s, const char *key, const char *value)
{
    uint8_t id[3];

    if (!hex_bytes(value, id, 3))
        return sim_bad(s, key, value, "three bytes in hexadecimal, as EB6015");
    s->cfg.jedec = (uint32_t)id[0] << 16 | (uint32_t)id[1] << 8 | id[2];
    s->cfg.jedec_given = true;
    return PF_OK;
}

static enum pf_err key_status(struct sim *s, const char *key, const char *value)
{
    uint8_t sr[2];

    if (!hex_bytes(value, sr, 2))
        return sim_bad(s, key, value, "SR2 and SR1 in hexadecimal, as 4004");
    s->cfg.status = (uint16_t)(sr[0] << 8 | sr[1]);
    s->cfg.status_given = true;
    return PF_OK;
}

static enum pf_err key_power(struct sim *s, const char *key, const char *value)
{
    uint64_t ms;

    s->cfg.power_ns = 0;
    if (!strcmp(value, "wired"))
        s->cfg.power = SIM_POWER_WIRED;
    else if (!strcmp(value, "fixed"))
        s->cfg.power = SIM_POWER_FIXED;
    else if (!strncmp(value, "cycle:", 6) && sim_number(value + 6, 1, 86400000, &ms))
        s->cfg.power = SIM_POWER_CYCLE;
    else if (!strncmp(value, "on:", 3) && sim_number(value + 3, 0, 86400000, &ms))
        s->cfg.power = SIM_POWER_ON;
    else
        return sim_bad(s, key, value, "wired, fixed, cycle:MS or on:MS");
    if (s->cfg.power == SIM_POWER_CYCLE || s->cfg.power == SIM_POWER_ON)
        s->cfg.power_ns = SIM_MS(ms);
    return PF_OK;
}

static enum pf_err key_choice(struct sim *s, const char *key, const char *value,
                              const char *choices, int *out)
{
    *out = sim_choice(value, choices);
    return *out < 0 ? sim_bad(s, key, value, choices) : PF_OK;
}

static enum pf_err key_count(struct sim *s, const char *key, const char *value, uint64_t lo,
                             uint64_t hi, uint64_t *out)
{
    return sim_number(value, lo, hi, out) ? PF_OK : sim_bad(s, key, value, "a number in range");
}

/* Keys about the flash part. */
static enum pf_err flash_key(struct sim *s, const char *key, const char *value, bool *known)
{
    uint64_t n;

    if (!strcmp(key, "flash"))
        return key_text(s, key, value, s->cfg.flash, sizeof s->cfg.flash);
    if (!strcmp(key, "save"))
        return key_bool(s, key, value, &s->cfg.save);
    if (!strcmp(key, "size"))
        return key_size(s, key, value);
    if (!strcmp(key, "jedec"))
        return key_jedec(s, key, value);
    if (!strcmp(key, "sr"))
        return key_status(s, key, value);
    if (!strcmp(key, "srcount")) {
        PF_TRY(key_count(s, key, value, 1, 3, &n));
        s->cfg.sr_count = (unsigned)n;
        s->cfg.sr_count_given = true;
        return PF_OK;
    }
    if (!strcmp(key, "sr1clears"))
        return key_bool(s, key, value, &s->cfg.sr1_clears_sr2);
    if (!strcmp(key, "sr2by31"))
        return key_bool(s, key, value, &s->cfg.sr2_only_by_31);
    if (!strcmp(key, "terase"))
        return key_ms(s, key, value, &s->cfg.times.sector);
    if (!strcmp(key, "tblock"))
        return key_ms(s, key, value, &s->cfg.times.block);
    if (!strcmp(key, "tpage")) {
        PF_TRY(key_count(s, key, value, 0, 1000000, &n));
        s->cfg.times.page = SIM_US(n);
        return PF_OK;
    }
    if (!strcmp(key, "crc") || !strcmp(key, "sha")) {
        if (!bytes(value, 1u << 30, &s->cfg.crc_rate))
            return sim_bad(s, key, value, "bytes per second, as 4M");
        return PF_OK;
    }
    *known = false;
    return PF_OK;
}

/* Keys about wires, supply and what runs. */
static enum pf_err plug_key(struct sim *s, const char *key, const char *value, bool *known)
{
    uint64_t n;
    int i = 0;

    if (!strcmp(key, "lat"))
        return key_ms(s, key, value, &s->cfg.lat_ns);
    if (!strcmp(key, "packet")) {
        PF_TRY(key_count(s, key, value, 1, 65536, &n));
        s->cfg.packet = (uint32_t)n;
        return PF_OK;
    }
    if (!strcmp(key, "seed")) {
        PF_TRY(key_count(s, key, value, 0, UINT32_MAX, &n));
        s->cfg.seed = (uint32_t)n;
        return PF_OK;
    }
    if (!strcmp(key, "mac")) {
        s->cfg.mac_given = true;
        return hex_bytes(value, s->cfg.mac, 6) ? PF_OK : sim_bad(s, key, value, "six bytes");
    }
    if (!strcmp(key, "power"))
        return key_power(s, key, value);
    if (!strcmp(key, "reset")) {
        PF_TRY(key_choice(s, key, value, "none|dtr|rts|ndtr|nrts", &i));
        s->cfg.reset_line = !i ? 0 : i % 2 ? PF_LINE_DTR : PF_LINE_RTS;
        s->cfg.reset_inverted = i > 2;
        return PF_OK;
    }
    if (!strcmp(key, "start")) {
        PF_TRY(key_choice(s, key, value,
                          s->ops->has_stub ? "app|boot|loader|stub" : "app|boot|loader", &i));
        s->cfg.start = (enum sim_start)i;
        return PF_OK;
    }
    if (!strcmp(key, "app")) {
        PF_TRY(key_choice(s, key, value, "silent|reboot-text|chatty", &i));
        s->cfg.app = (enum sim_app)i;
        return PF_OK;
    }
    if (!strcmp(key, "chat")) {
        PF_TRY(key_count(s, key, value, 1, 3600000, &n));
        s->cfg.chat_ns = SIM_MS(n);
        return PF_OK;
    }
    if (!strcmp(key, "fault")) {
        PF_TRY(key_text(s, key, value, s->cfg.faults, sizeof s->cfg.faults));
        return fault_parse(s->ctx, value, &s->plan);
    }
    if (!strcmp(key, "levels")) {
        PF_TRY(key_choice(s, key, value, "ok|bad", &i));
        s->cfg.bad_levels = i == 1;
        return PF_OK;
    }
    if (!strcmp(key, "pace"))
        return key_bool(s, key, value, &s->cfg.pace);
    if (!strcmp(key, "limit"))
        return key_ms(s, key, value, &s->cfg.limit_ns);
    if (!strcmp(key, "linesock"))
        return key_text(s, key, value, s->cfg.linesock, sizeof s->cfg.linesock);
    *known = false;
    return PF_OK;
}

static enum pf_err one_key(struct sim *s, const char *key, const char *value)
{
    bool known = true;

    PF_TRY(flash_key(s, key, value, &known));
    if (known)
        return PF_OK;
    known = true;
    PF_TRY(plug_key(s, key, value, &known));
    if (known)
        return PF_OK;
    known = true;
    PF_TRY(s->ops->option(s, key, value, &known));
    if (!known)
        return pf_fail(s->ctx, PF_ERR_USAGE, "sim: %s has no key '%s'; see `plugflash sim --help`",
                       s->ops->name, key);
    return PF_OK;
}

enum pf_err sim_parse(struct sim *s, const char *keys)
{
    while (*keys) {
        size_t n = strcspn(keys, ",");
        char item[VALUE_MAX + 32], *value;

        if (n >= sizeof item)
            return pf_fail(s->ctx, PF_ERR_USAGE, "sim: a key is too long");
        memcpy(item, keys, n);
        item[n] = '\0';
        value = strchr(item, '=');
        if (!value || value == item)
            return pf_fail(s->ctx, PF_ERR_USAGE, "sim: '%s' is not key=value", item);
        *value++ = '\0';
        PF_TRY(one_key(s, item, value));
        keys += n;
        if (*keys == ',' && !*++keys)
            return pf_fail(s->ctx, PF_ERR_USAGE, "sim: a key is missing after ','");
    }
    return PF_OK;
}
