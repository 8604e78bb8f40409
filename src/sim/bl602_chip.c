/* bl602_chip.c - switches, memory and efuse of the virtual BL602 (reference
 * 3.4, 11.9, 13). Every key is explained in devices.h. */
#include <string.h>

#include "core/bytes.h"
#include "sim/bl602.h"

#define FIFO      32u /* bytes; INFERRED in reference 11.4 */
#define NO_FLAG   256u
#define EFUSE_SW  0x10u
#define EFUSE_MAC 0x14u
#define ROM_API   0x21010800u /* word 0: version */

/* ---- switches ------------------------------------------------------------ */

void bl602_defaults(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    s->cfg.reset_line = PF_LINE_DTR;
    s->cfg.app = SIM_APP_CHATTY;
    b->strap = BL602_STRAP_RTS;
    s->cfg.strap_line = PF_LINE_RTS;
    b->rom_max = 500000;
    b->sdio_ns = SIM_MS(2);
    b->train_min = 4;
    b->rom_idle_ns = SIM_MS(2000);
    b->id_flag = NO_FLAG;
    b->fifo = FIFO;
    b->build = bl602_build_newest;
    b->take_ns = SIM_US(100);
    b->start_ns = SIM_MS(20);
    b->session = 500000;
    b->xtal_khz = 40000;
}

static enum pf_err strap_option(struct sim *s, const char *key, const char *value)
{
    int i = sim_choice(value, "high|low|hand|dtr|rts|ndtr|nrts");

    if (i < 0)
        return sim_bad(s, key, value, "high, low, hand, dtr, rts, ndtr or nrts");
    bl602_of(s)->strap = (enum bl602_strap)i;
    s->cfg.strap_line = i == BL602_STRAP_DTR || i == BL602_STRAP_NDTR   ? PF_LINE_DTR
                        : i == BL602_STRAP_RTS || i == BL602_STRAP_NRTS ? PF_LINE_RTS
                                                                        : 0;
    return PF_OK;
}

static enum pf_err choice(struct sim *s, const char *key, const char *value, const char *choices,
                          bool *second)
{
    int i = sim_choice(value, choices);

    *second = i == 1;
    return i < 0 ? sim_bad(s, key, value, choices) : PF_OK;
}

static enum pf_err word_option(struct sim *s, const char *key, const char *value, bool *known)
{
    struct bl602_state *b = bl602_of(s);
    static const uint32_t khz[] = {24000, 26000, 32000, 38400, 40000};
    int i;

    if (!strcmp(key, "strap"))
        return strap_option(s, key, value);
    if (!strcmp(key, "loader") && !strcmp(value, "own")) {
        b->own = true;
        return PF_OK;
    }
    if (!strcmp(key, "loader"))
        return bl602_build_named(value, &b->build) ? PF_OK : sim_bad(s, key, value, BL602_BUILDS);
    if (!strcmp(key, "abr"))
        return choice(s, key, value, "55|any", &b->measure_any);
    if (!strcmp(key, "layout"))
        return choice(s, key, value, "vendor|obk", &b->obk_layout);
    if (!strcmp(key, "notable"))
        return choice(s, key, value, "boot|stop", &b->stop_without_table);
    if (!strcmp(key, "winbond"))
        return choice(s, key, value, "1|0", &b->no_winbond);
    if (!strcmp(key, "runs"))
        return choice(s, key, value, "loader|nothing", &b->runs_nothing);
    if (!strcmp(key, "table")) {
        i = sim_choice(value, "both|newer|first|second|none");
        b->table = (enum bl602_table)i;
        return i < 0 ? sim_bad(s, key, value, "both, newer, first, second or none") : PF_OK;
    }
    if (!strcmp(key, "xtal")) {
        i = sim_choice(value, "24|26|32|38.4|40");
        b->xtal_khz = i < 0 ? 0 : khz[i];
        return i < 0 ? sim_bad(s, key, value, "24, 26, 32, 38.4 or 40") : PF_OK;
    }
    *known = false;
    return PF_OK;
}

/* A number within limits, times `unit`, into the uint64_t at `at`. */
static const struct {
    const char *name, *what;
    uint64_t lo, hi, unit;
    size_t at;
} bl602_numbers[] = {
#define AT(member) offsetof(struct bl602_state, member)
    {"rommax", "9600 to 10000000 baud", 9600, 10000000, 1, AT(rom_max)},
    {"sdio", "0 to 1000 ms", 0, 1000, SIM_MS(1), AT(sdio_ns)},
    {"train", "1 to 1000 bytes", 1, 1000, 1, AT(train_min)},
    {"romidle", "milliseconds", 1, 3600000, SIM_MS(1), AT(rom_idle_ns)},
    {"idle", "milliseconds", 1, 3600000, SIM_MS(1), AT(idle_ns)},
    {"take", "0 to 10000 us", 0, 10000, SIM_US(1), AT(take_ns)},
    {"startup", "0 to 10000 ms", 0, 10000, SIM_MS(1), AT(start_ns)},
    {"idflag", "0 to 255", 0, 255, 1, AT(id_flag)},
    {"session", "a rate, or 0", 0, 10000000, 1, AT(session)},
    {"fifo", "1 to 8192 bytes", 1, SIM_RX_MAX, 1, AT(fifo)},
    {"sign", "0 or 1", 0, 1, 1, AT(sign)},
    {"encrypt", "0 to 3", 0, 3, 1, AT(encrypt)},
    {"swusage", "a 32-bit number", 0, UINT32_MAX, 1, AT(sw_usage)},
#undef AT
};

enum pf_err bl602_option(struct sim *s, const char *key, const char *value, bool *known)
{
    for (size_t i = 0; i < sizeof bl602_numbers / sizeof *bl602_numbers; i++) {
        uint64_t v;

        if (strcmp(key, bl602_numbers[i].name))
            continue;
        if (!sim_number(value, bl602_numbers[i].lo, bl602_numbers[i].hi, &v))
            return sim_bad(s, key, value, bl602_numbers[i].what);
        v *= bl602_numbers[i].unit;
        memcpy((uint8_t *)s->dev + bl602_numbers[i].at, &v, sizeof v);
        return PF_OK;
    }
    return word_option(s, key, value, known);
}

/* What the loader's build decides unless a key did. */
void bl602_attach(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    if (b->idle_ns)
        b->build.idle_ns = b->idle_ns;
    if (b->id_flag != NO_FLAG)
        b->build.id_flag = (uint8_t)b->id_flag;
    s->rx_cap = b->fifo;
}

/* ---- the chip's own words ------------------------------------------------ */

bool bl602_ram_span(uint32_t addr, uint32_t len, uint32_t *offset)
{
    uint32_t alias = addr >> 28, at = (addr & 0x0FFFFFFFu) | 0x20000000u;

    if (alias < 2 || alias > 5 || at < BL602_RAM || at > BL602_RAM_END || len > BL602_RAM_END - at)
        return false;
    *offset = at - BL602_RAM;
    return true;
}

uint32_t bl602_peek(const struct sim *s, uint32_t addr)
{
    struct rng r;
    uint32_t at;

    if (bl602_ram_span(addr, 4, &at))
        return get_le32(bl602_of(s)->ram + at);
    if (addr == ROM_API)
        return 0x06020002;
    if (addr >> 17 != 0x21000000u >> 17)
        return 0;
    rng_seed(&r, addr ^ 0xB1602000u); /* the real ROM is not ours to ship */
    return rng_u32(&r);
}

void bl602_poke(struct sim *s, uint32_t addr, uint32_t value)
{
    uint32_t at;

    if (bl602_ram_span(addr, 4, &at))
        put_le32(bl602_of(s)->ram + at, value);
}

void bl602_efuse(const struct sim *s, uint8_t out[BL602_EFUSE])
{
    const struct bl602_state *b = bl602_of(s);
    static const uint8_t code[] = {0, 1, 3, 2}; /* AES-256 and AES-192 swap places */
    struct rng r;

    memset(out, 0, BL602_EFUSE);
    out[0] = (uint8_t)(code[b->encrypt] | b->sign << 2 | (b->encrypt ? 0x80 : 0));
    out[1] = 0x10; /* the RC oscillator is trimmed */
    rng_seed(&r, s->cfg.seed ^ 0xEF05Eu);
    put_le32(out + 0x0C, rng_u32(&r));
    put_le32(out + EFUSE_SW, (uint32_t)b->sw_usage);
    for (size_t i = 0; i < 6; i++)
        out[EFUSE_MAC + i] = s->cfg.mac[5 - i];
    put_le32(out + 0x7C, rng_u32(&r) & 0x1FFF);
}

void bl602_boot_info(const struct sim *s, uint32_t version, uint8_t out[20])
{
    const struct bl602_state *b = bl602_of(s);

    memset(out, 0, 20);
    put_le32(out, version);
    out[4] = (uint8_t)b->sign;
    out[5] = (uint8_t)b->encrypt;
    put_le32(out + 8, (uint32_t)b->sw_usage);
    for (size_t i = 0; i < 6; i++)
        out[12 + i] = s->cfg.mac[5 - i];
}
