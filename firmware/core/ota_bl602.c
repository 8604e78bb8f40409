/* ota_bl602.c - 512 bytes of header, then an application for the slot that does not run. A new
 * copy of the partition table, in place of the older one, makes boot2 take that slot.
 *
 *   header                            table, copies at 0xe000 and 0xf000
 *   0x00  "BL60X_OTA_Ver1.0"          0   "BFPT"      entry, 36 bytes:
 *   0x10  "RAW " or "XZ  "            6   count       2   active slot
 *   0x14  length of the body          8   age         3   name
 *   0x40  SHA-256 of it               12  CRC-32      12  address of slot 0, 1
 *   0x60  length unpacked             16  entries     20  room of slot 0, 1
 *                                     +   CRC-32      28  length, age
 *
 * Of two sound copies the higher age counts, the first when both are of one age. The
 * body begins with a boot header of 176 bytes (CRC-32 at 172, length at 120, SHA-256 of the code
 * at 132); boot2 checks it and the code behind 0x1000, so it is checked here.
 *
 * XZ is refused: boot2 would unpack it over the application that runs, and nothing but unpacking
 * it tells whether it is one. */
#include <string.h>

#include "core/crc.h"
#include "core/ota_kind.h"

#define HEAD       512u
#define BOOT       176u
#define CODE       0x1000u
#define TABLE      0xe000u
#define TABLE_HEAD 16u
#define ENTRY      36u
#define ENTRIES    16u
#define TABLE_MAX  (TABLE_HEAD + ENTRY * ENTRIES + 4)
#define FIRMWARE   0x10000u    /* nothing of it is before */
#define BITS_OTHER 0x0001000fu /* signed, encrypted, without a checksum */
#define BITS_TRUST 0x00020000u /* the code's hash is not looked at */

struct table {
    uint8_t raw[TABLE_MAX];
    size_t size;
    uint32_t age;
    unsigned copy;
    uint8_t *fw; /* its entry; NULL: none */
};

static size_t entries(const uint8_t *raw)
{
    return raw[6] | (size_t)raw[7] << 8;
}

static bool load(struct table *t, unsigned copy)
{
    const uint32_t at = TABLE + copy * HAL_SECTOR;
    size_t len;

    if (!hal_flash_read(at, t->raw, sizeof t->raw) || memcmp(t->raw, "BFPT", 4) != 0 ||
        entries(t->raw) > ENTRIES || crc32_add(0, t->raw, 12) != ota_le32(t->raw + 12))
        return false;
    len = ENTRY * entries(t->raw);
    t->size = TABLE_HEAD + len + 4;
    t->age = ota_le32(t->raw + 8);
    t->copy = copy;
    return crc32_add(0, t->raw + TABLE_HEAD, len) == ota_le32(t->raw + TABLE_HEAD + len);
}

/* By its name; else by its type, which is 0 everywhere. */
static uint8_t *find_fw(struct table *t)
{
    uint8_t *by_type = NULL;

    for (size_t i = 0; i < entries(t->raw); i++) {
        uint8_t *e = t->raw + TABLE_HEAD + ENTRY * i;

        if (memcmp(e + 3, "FW", 3) == 0)
            return e;
        if (!e[0] && !by_type)
            by_type = e;
    }
    return by_type;
}

/* The copy that boot2 takes. */
static bool pick(struct table *t)
{
    bool second;
    uint32_t age;

    t->age = 0;
    second = load(t, 1);
    age = t->age;
    if (!load(t, 0)) {
        if (!second || !load(t, 1))
            return false;
    } else if (second && age > t->age) {
        load(t, 1);
    }
    t->fw = find_fw(t);
    return t->fw != NULL;
}

/* Nothing that begins behind the slot's own beginning may be in it. */
static void cap(uint32_t addr, uint32_t *room, uint32_t other)
{
    if (other > addr && other - addr < *room)
        *room = other - addr;
}

static bool plan(struct plug *p)
{
    struct ota *o = &p->ota;
    struct table t;
    unsigned slot;
    uint32_t own;

    if (!pick(&t))
        return ota_refuse(o, "this plug has no partition table");
    if (t.fw[2] > 1 || t.age == UINT32_MAX)
        return ota_refuse(o, "the partition table is in a state that is not known");
    slot = !t.fw[2];
    o->addr = ota_le32(t.fw + 12 + 4 * slot);
    o->room = ota_le32(t.fw + 20 + 4 * slot);
    if (o->addr < FIRMWARE || o->addr % HAL_SECTOR || !o->room)
        return ota_refuse(o, "this plug has no space for updates");
    own = ota_le32(t.fw + 12 + 4 * !slot);
    if (own <= o->addr && ota_le32(t.fw + 20 + 4 * !slot) > o->addr - own)
        return ota_refuse(o, "the running application lies where the update would go");
    cap(o->addr, &o->room, p->chip->flash_size);
    cap(o->addr, &o->room, p->chip->store.addr);
    for (size_t i = 0; i < entries(t.raw); i++)
        for (unsigned k = 0; k < 2; k++)
            cap(o->addr, &o->room, ota_le32(t.raw + TABLE_HEAD + ENTRY * i + 12 + 4 * k));
    if (!ota_apart(p, o->addr, o->room))
        return ota_refuse(o, "settings lie where the update would go");
    o->record = TABLE + !t.copy * HAL_SECTOR;
    return true;
}

static bool check_boot(struct ota *o, const uint8_t *b, uint32_t body)
{
    if (memcmp(b, "BFNP", 4) != 0)
        return ota_refuse(o, "there is no application in it");
    if (crc32_add(0, b, 172) != ota_le32(b + 172) || ota_le32(b + 116) & BITS_OTHER)
        return ota_refuse(o, "the application in it is damaged, signed or encrypted");
    o->image = ota_le32(b + 120);
    if (body <= CODE || !o->image || o->image > body - CODE)
        return ota_refuse(o, "the application in it is cut off");
    return true;
}

static bool check(struct plug *p)
{
    struct ota *o = &p->ota;
    const uint8_t *h = o->head;
    const uint32_t body = o->total - HEAD, unpacked = ota_le32(h + 0x60);

    if (memcmp(h, "BL60X_OTA", 9) != 0)
        return ota_refuse(o, "this is no update for a BL602");
    if (memcmp(h + 0x10, "XZ", 2) == 0)
        return ota_refuse(o, "this update is packed (XZ): take the one that is not (RAW)");
    if (memcmp(h + 0x10, "RAW", 3) != 0)
        return ota_refuse(o, "this kind of update is not known");
    if (ota_le32(h + 0x14) != body || (unpacked != UINT32_MAX && unpacked != body))
        return ota_refuse(o, "its header tells another length");
    return check_boot(o, h + HEAD, body);
}

static void sum(struct ota *o, uint32_t at, const uint8_t *data, size_t len)
{
    size_t first;
    const size_t n = ota_within(at, len, CODE, CODE + o->image, &first);

    sha256_add(&o->body, data, len);
    if (n)
        sha256_add(&o->code, data + first, n);
}

static bool verify(struct ota *o)
{
    const uint8_t *b = o->head + HEAD;
    uint8_t digest[SHA256_SIZE];

    sha256_end(&o->body, digest);
    if (memcmp(digest, o->head + 0x40, sizeof digest) != 0)
        return false;
    sha256_end(&o->code, digest);
    return ota_le32(b + 116) & BITS_TRUST || memcmp(digest, b + 132, sizeof digest) == 0;
}

/* The copy that counts is left alone: what is damaged on the way is the other one. Its head
 * goes to flash last (ota_put). */
static bool activate(struct plug *p)
{
    struct ota *o = &p->ota;
    struct table t;
    size_t len;

    if (!pick(&t) || TABLE + !t.copy * HAL_SECTOR != o->record)
        return ota_refuse(o, "the partition table has changed meanwhile");
    t.fw[2] = !t.fw[2];
    ota_put_le32(t.fw + 28, o->total);
    ota_put_le32(t.fw + 32, ota_le32(t.fw + 32) + 1);
    ota_put_le32(t.raw + 8, t.age + 1);
    ota_put_le32(t.raw + 12, crc32_add(0, t.raw, 12));
    len = t.size - TABLE_HEAD - 4;
    ota_put_le32(t.raw + t.size - 4, crc32_add(0, t.raw + TABLE_HEAD, len));
    if (!hal_flash_erase(o->record))
        return ota_refuse(o, "the flash does not take it");
    return ota_put(o, o->record, t.raw, t.size);
}

const struct ota_kind ota_bl602 = {
    .head = HEAD + BOOT,
    .skip = HEAD,
    .plan = plan,
    .check = check,
    .sum = sum,
    .verify = verify,
    .activate = activate,
};
