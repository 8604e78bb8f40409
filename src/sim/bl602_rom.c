/* bl602_rom.c - the mask ROM of the BL602 as UART0 sees it (reference 3).
 *
 * Signed and encrypted images need keys that nobody here has: they are taken
 * apart as far as the reference tells and then refused. */
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/bl602.h"

#define DEADBEEF      0xDEADBEEFu
#define CFG_NOTLOAD   0x00000400u
#define CFG_CRC_OFF   0x00010000u
#define CFG_HASH_OFF  0x00020000u
#define SW_MEMORY_OFF 0x00100000u

/* Where loading an image stands; the numbers are the reference's. */
enum {
    STEP_NONE,
    STEP_KEY,
    STEP_SIGNATURE,
    STEP_IV,
    STEP_SEGMENT,
    STEP_DATA,
    STEP_LOADED,
    STEP_CHECKED,
};

static struct bl602_rom *rom_of(const struct sim *s)
{
    return &bl602_of(s)->rom;
}

void rom_start(struct sim *s)
{
    struct bl602_rom *r = rom_of(s);

    r->have = 0;
    r->step = STEP_NONE;
    r->segments = r->image_len = 0;
    memset(r->header, 0, sizeof r->header);
}

void rom_linked(struct sim *s)
{
    rom_of(s)->have = 0;
}

/* ---- loading an image ---------------------------------------------------- */

/* What is wrong with a boot header (3.5, 3.6); 0: nothing. */
static uint16_t judge_header(const struct bl602_state *b, const uint8_t *h, uint32_t len)
{
    uint32_t crc, cfg;

    if (len != BL602_HEADER)
        return 0x0201;
    if (memcmp(h, "BFNP", 4))
        return 0x0203;
    crc = get_le32(h + 172);
    cfg = get_le32(h + 116);
    if (!((cfg & CFG_CRC_OFF) && crc == DEADBEEF) && crc != pf_crc32(0, h, 172))
        return 0x0204;
    if (cfg & CFG_NOTLOAD)
        return 0x0202;
    if ((cfg & 3) != b->sign)
        return 0x0206;
    if ((cfg >> 2 & 3) != b->encrypt)
        return 0x0205;
    return get_le32(h + 120) ? 0 : 0x0207;
}

/* A valid clock block changes the UART's clock under its divider: the answer
 * already comes at another rate, and the session is lost (3.6). */
static void apply_clock(struct sim *s, const uint8_t *h)
{
    static const uint32_t crystal[] = {0, 24000, 32000, 38400, 40000, 26000, 32000};
    static const uint32_t pll[] = {32000, 0, 48000, 120000, 160000, 192000};
    uint8_t xtal = h[104], clk = h[105];
    uint32_t khz;

    if (memcmp(h + 100, "PCFG", 4) || get_le32(h + 112) != pf_crc32(0, h + 104, 8))
        return;
    if (!xtal || xtal >= sizeof crystal / sizeof *crystal || clk >= sizeof pll / sizeof *pll)
        return;
    khz = clk == 1 ? crystal[xtal] : pll[clk];
    s->baud = (uint32_t)((uint64_t)s->baud * khz / 32000);
}

static void load_header(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_state *b = bl602_of(s);
    uint16_t wrong = judge_header(b, p, len);

    if (wrong) {
        bl602_fail(s, wrong);
        return;
    }
    memcpy(b->rom.header, p, BL602_HEADER);
    b->rom.segments = get_le32(p + 120);
    b->rom.segment_len = b->rom.segment_got = b->rom.image_len = 0;
    b->rom.step = b->sign ? STEP_KEY : b->encrypt ? STEP_IV : STEP_SEGMENT;
    apply_clock(s, p);
    bl602_ok(s);
}

/* Blocks that end in their own CRC: key, signature, IV. */
static bool block_ok(const uint8_t *p, uint32_t len)
{
    return get_le32(p + len - 4) == pf_crc32(0, p, len - 4);
}

static void load_key(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_rom *r = rom_of(s);

    if (r->step != STEP_KEY) {
        bl602_fail(s, 0x0104);
    } else if (len != 68) {
        bl602_fail(s, 0x020A);
    } else if (!block_ok(p, len)) {
        bl602_fail(s, 0x020B);
    } else {
        r->step = STEP_SIGNATURE;
        bl602_ok(s);
    }
}

static void load_signature(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_rom *r = rom_of(s);

    if (r->step != STEP_SIGNATURE) {
        bl602_fail(s, 0x0104);
    } else if (len < 8 || get_le32(p) > 256 || len != 8 + get_le32(p)) {
        bl602_fail(s, 0x020D);
    } else if (!block_ok(p, len)) {
        bl602_fail(s, 0x020E);
    } else {
        r->step = bl602_of(s)->encrypt ? STEP_IV : STEP_SEGMENT;
        bl602_ok(s);
    }
}

static void load_iv(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_rom *r = rom_of(s);

    if (r->step != STEP_IV) {
        bl602_fail(s, 0x0104);
    } else if (len != 20) {
        bl602_fail(s, 0x0208);
    } else if (!block_ok(p, len)) {
        bl602_fail(s, 0x0209);
    } else {
        r->step = STEP_SEGMENT;
        bl602_ok(s);
    }
}

/* Keep `len` bytes for the hash; false: more than any RAM image has. */
static bool keep(struct bl602_rom *r, const uint8_t *p, uint32_t len)
{
    if (len > BL602_IMAGE_MAX - r->image_len)
        return false;
    memcpy(r->image + r->image_len, p, len);
    r->image_len += len;
    return true;
}

static void load_segment(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_rom *r = rom_of(s);
    uint32_t offset;
    uint16_t wrong = 0;

    if (r->step != STEP_SEGMENT)
        wrong = 0x0104;
    else if (len != 16)
        wrong = 0x020F;
    else if (bl602_of(s)->encrypt)
        wrong = 0x0213; /* decrypted with a key nobody has, it is noise */
    else if (get_le32(p + 12) != pf_crc32(0, p, 12))
        wrong = 0x0210;
    else if (!bl602_ram_span(get_le32(p), get_le32(p + 4), &offset))
        wrong = 0x0211;
    else if (!keep(r, p, 16))
        wrong = 0x0214;
    if (wrong) {
        bl602_fail(s, wrong);
        return;
    }
    r->segment_at = get_le32(p);
    r->segment_len = get_le32(p + 4);
    r->segment_got = 0;
    r->step = STEP_DATA;
    bl602_data(s, p, 16);
}

static void load_data(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_state *b = bl602_of(s);
    struct bl602_rom *r = &b->rom;
    uint32_t offset;

    if (r->step != STEP_DATA) {
        bl602_fail(s, 0x0104);
        return;
    }
    if (!len) {
        bl602_fail(s, 0x0212);
        return;
    }
    if (len > r->segment_len - r->segment_got || !keep(r, p, len) ||
        !bl602_ram_span(r->segment_at + r->segment_got, len, &offset)) {
        bl602_fail(s, 0x0214);
        return;
    }
    memcpy(b->ram + offset, p, len);
    r->segment_got += len;
    if (r->segment_got == r->segment_len)
        r->step = --r->segments ? STEP_SEGMENT : STEP_LOADED;
    bl602_ok(s);
}

static bool hash_right(const struct bl602_state *b)
{
    const uint8_t *h = b->rom.header;
    uint8_t hash[32];

    if ((get_le32(h + 116) & CFG_HASH_OFF) && get_le32(h + 132) == DEADBEEF && !b->sign)
        return true;
    pf_sha256(b->rom.image, b->rom.image_len, hash);
    return !memcmp(hash, h + 132, 32);
}

static void check_image(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    if (b->rom.step != STEP_LOADED) {
        bl602_fail(s, 0x0216);
    } else if (!hash_right(b)) {
        bl602_fail(s, 0x0217);
    } else if (b->sign) {
        bl602_fail(s, 0x0219); /* no signature is right without the key */
    } else {
        b->rom.step = STEP_CHECKED;
        bl602_ok(s);
    }
}

static void run(struct sim *s)
{
    if (rom_of(s)->step != STEP_CHECKED)
        bl602_fail(s, 0x0104);
    else if (bl602_ok(s))
        bl602_leave(s, BL602_THEN_RUN);
}

/* ---- everything else ----------------------------------------------------- */

static void boot_info(struct sim *s)
{
    uint8_t info[20];

    bl602_boot_info(s, 1, info);
    bl602_data(s, info, sizeof info);
}

/* The answer comes at the new rate, 4 ms later. */
static void change_rate(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint64_t rate;

    if (len != 8) {
        bl602_fail(s, 0x0301);
        return;
    }
    rate = get_le32(p) ? (uint64_t)s->baud * get_le32(p + 4) / get_le32(p) : 0;
    if (rate < 300 || rate > 10000000) {
        bl602_fail(s, 0x0302);
        return;
    }
    s->baud = (uint32_t)rate;
    sim_delay(s, SIM_MS(4));
    bl602_ok(s);
}

static void erase(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t status;

    if (len != 8) {
        bl602_fail(s, 0x0002);
        return;
    }
    status = sim_fault_status(s);
    if (status)
        bl602_fail(s, status == 1 ? 0x0003 : status);
    else
        bl602_flash_erase(s, get_le32(p), get_le32(p + 4), false);
}

static void program(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t status;

    if (len < 5) {
        bl602_fail(s, 0x0004);
        return;
    }
    if (get_le32(p) == UINT32_MAX) {
        bl602_fail(s, 0x0005);
        return;
    }
    status = sim_fault_status(s);
    if (status)
        bl602_fail(s, status == 1 ? 0x0006 : status);
    else
        bl602_program(s, get_le32(p), p + 4, len - 4);
}

void rom_job_done(struct sim *s)
{
    bl602_ok(s);
}

static void efuse_read(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t efuse[BL602_EFUSE];
    uint32_t at, n;

    if (len != 8) {
        bl602_fail(s, 0x0404);
        return;
    }
    at = get_le32(p) & ~3u;
    n = get_le32(p + 4) & ~3u;
    if (at >= BL602_EFUSE) {
        bl602_fail(s, 0x0405);
        return;
    }
    bl602_efuse(s, efuse);
    bl602_data(s, efuse + at, n < BL602_EFUSE - at ? n : BL602_EFUSE - at);
}

static void memory_write(struct sim *s, const uint8_t *p, uint32_t len)
{
    if (!len || len % 8) {
        bl602_fail(s, 0x0501);
        return;
    }
    for (uint32_t i = 0; i < len; i += 8)
        bl602_poke(s, get_le32(p + i), get_le32(p + i + 4));
    bl602_ok(s);
}

static void memory_read(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t out[BL602_ROM_MAX];
    uint32_t at, n;

    at = len == 8 ? get_le32(p) & ~3u : 0;
    n = len == 8 ? get_le32(p + 4) & ~3u : UINT32_MAX;
    if (n > sizeof out || (at & 0x0FFF0000u) == 0x01000000u) {
        bl602_fail(s, 0x0504);
        return;
    }
    for (uint32_t i = 0; i < n; i += 4)
        put_le32(out + i, bl602_peek(s, at + i));
    bl602_data(s, out, n);
}

static void memory(struct sim *s, uint8_t id, const uint8_t *p, uint32_t len)
{
    if (bl602_of(s)->sw_usage & SW_MEMORY_OFF)
        bl602_fail(s, 0x0101);
    else if (id == 0x50)
        memory_write(s, p, len);
    else
        memory_read(s, p, len);
}

/* ---- the parser ---------------------------------------------------------- */

/* 32 (read flash) is in the ROM and switched off. */
static bool enabled(uint8_t id)
{
    static const uint8_t ids[] = {0x10, 0x11, 0x12, 0x14, 0x16, 0x17, 0x18, 0x19, 0x1A,
                                  0x20, 0x21, 0x30, 0x31, 0x33, 0x40, 0x41, 0x50, 0x51};

    return memchr(ids, id, sizeof ids) != NULL;
}

static void load(struct sim *s, uint8_t id, const uint8_t *p, uint32_t len)
{
    switch (id) {
    case 0x11:
        load_header(s, p, len);
        break;
    case 0x12:
        load_key(s, p, len);
        break;
    case 0x14:
        load_signature(s, p, len);
        break;
    case 0x16:
        load_iv(s, p, len);
        break;
    case 0x17:
        load_segment(s, p, len);
        break;
    case 0x18:
        load_data(s, p, len);
        break;
    case 0x19:
        check_image(s);
        break;
    default:
        run(s);
        break;
    }
}

static void command(struct sim *s, uint8_t id, const uint8_t *p, uint32_t len)
{
    switch (id) {
    case 0x10:
        boot_info(s);
        break;
    case 0x20:
        change_rate(s, p, len);
        break;
    case 0x21:
        if (bl602_ok(s))
            bl602_leave(s, BL602_THEN_RESET);
        break;
    case 0x30:
        erase(s, p, len);
        break;
    case 0x31:
        program(s, p, len);
        break;
    case 0x33:
        if (len == 4 && bl602_ok(s))
            bl602_leave(s, BL602_THEN_FLASH);
        break;
    case 0x40: /* it would burn fuses */
        s->violations++;
        bl602_fail(s, 0x0401);
        break;
    case 0x41:
        efuse_read(s, p, len);
        break;
    case 0x50:
    case 0x51:
        memory(s, id, p, len);
        break;
    default:
        load(s, id, p, len);
        break;
    }
}

/* 3.2: bytes that are no command id are skipped one by one. */
void rom_rx(struct sim *s, uint8_t byte)
{
    struct bl602_rom *r = rom_of(s);

    switch (r->have) {
    case 0:
        r->id = byte;
        r->have = enabled(byte) ? 1 : 0;
        return;
    case 1:
        r->have = 2;
        return;
    case 2:
        r->need = byte;
        r->have = 3;
        return;
    case 3:
        r->need |= (uint32_t)byte << 8;
        r->got = 0;
        r->have = 4;
        break;
    default:
        r->payload[r->got++] = byte;
        break;
    }
    if (r->need > BL602_ROM_MAX) {
        r->have = 0;
        if (bl602_fail(s, 0x0102))
            bl602_lose(s);
    } else if (r->got == r->need) {
        r->have = 0;
        command(s, r->id, r->payload, r->need);
    }
}
