/* ota.c - an update as it comes in: its header is collected and judged, then its body goes to
 * flash a page at a time, each read back, with a sector erased when its first page is due.
 * What a file has to be, where it goes and how it is activated is told by its kind, one
 * source for each family. Nothing is activated before all of it is there and proved.
 *
 * Everything here belongs to the loop: the relay, the meter and the watchdog are served
 * between two pieces, so a piece costs one erase at the most. */
#include "core/ota.h"

#include <string.h>

#include "core/ota_kind.h"

#define LIMIT_MS 1200000u /* for all of it: who takes longer keeps settings from being saved */

/* What a file is that is not for this chip, by its first bytes. */
static const struct {
    enum hal_family family; /* HAL_FAMILIES: of any */
    const char *magic, *text;
} others[] = {
    {HAL_BL602, "BL60X_OTA", "this update is for another chip: BL602"},
    {HAL_ECR6600, "FotaPKG", "this update is for another chip: ECR6600"},
    {HAL_BK7231T, "RBL", "this update is for another chip: BK7231"},
    {HAL_FAMILIES, "BFNP", "this is an image for the serial port of a BL602, no update"},
    {HAL_FAMILIES, "oneb", "this is an image for the serial port of an ECR6600, no update"},
    {HAL_FAMILIES, "\x55\xaa\x55\xaa", "this is a UG container: take the .rbl"},
    {HAL_FAMILIES,
     "\xfd"
     "7zXZ",
     "this is packed (XZ), and has no update's header"},
};

static const struct ota_kind *kind_of(const struct plug *p)
{
    switch (p->chip->family) {
    case HAL_BL602:
        return &ota_bl602;
    case HAL_ECR6600:
        return &ota_ecr6600;
    default:
        return &ota_bk7231;
    }
}

bool ota_refuse(struct ota *o, const char *why)
{
    o->error = why;
    return false;
}

bool ota_running(const struct plug *p)
{
    return p->ota.state == OTA_HEADER || p->ota.state == OTA_BODY;
}

static bool fail(struct plug *p, const char *why)
{
    const bool was = ota_running(p);

    p->ota.state = OTA_FAILED;
    p->ota.error = why;
    log_say(p, LOG_ERROR, "update refused at byte %u: %s", (unsigned)p->ota.have, why);
    if (was)
        mqtt_restart(p);
    return false;
}

/* ---- flash ------------------------------------------------------------------- */

static bool put_page(uint32_t addr, const uint8_t *data, size_t len)
{
    uint8_t back[64];

    if (!hal_flash_program(addr, data, len))
        return false;
    for (size_t at = 0; at < len; at += sizeof back) {
        const size_t n = len - at < sizeof back ? len - at : sizeof back;

        if (!hal_flash_read(addr + (uint32_t)at, back, n) || memcmp(back, data + at, n) != 0)
            return false;
    }
    return true;
}

bool ota_put(struct ota *o, uint32_t addr, const uint8_t *data, size_t len)
{
    while (len) {
        const size_t at = (len - 1) / HAL_PAGE * HAL_PAGE; /* addr is a page's */

        if (!put_page(addr + (uint32_t)at, data + at, len - at))
            return ota_refuse(o, "the flash does not take it");
        len = at;
    }
    return true;
}

static bool touch(struct hal_span s, uint32_t addr, uint32_t len)
{
    return s.len && addr < s.addr + s.len && s.addr < addr + len;
}

bool ota_apart(const struct plug *p, uint32_t addr, uint32_t len)
{
    const struct hal_chip *c = p->chip;

    return addr < c->flash_size && len <= c->flash_size - addr && !touch(c->store, addr, len) &&
           !touch(c->obk, addr, len) && !touch(c->obk_vars, addr, len);
}

size_t ota_within(uint32_t at, size_t len, uint32_t from, uint32_t to, size_t *first)
{
    const size_t skip = at < from ? from - at : 0;
    const size_t end = to <= at ? 0 : to - at < len ? to - at : len;

    *first = skip;
    return skip < end ? end - skip : 0;
}

/* ---- beginning ----------------------------------------------------------------- */

bool ota_begin(struct plug *p, uint32_t total)
{
    const struct ota_kind *kind = kind_of(p);
    struct ota *o = &p->ota;

    if (ota_running(p))
        return ota_refuse(o, "another update is coming in");
    if (o->state == OTA_DONE) /* its space is the new firmware's, or the running one's */
        return ota_refuse(o, "an update waits for the restart");
    memset(o, 0, sizeof *o);
    o->total = total;
    if (!total)
        return fail(p, "its length is not told");
    if (total <= kind->head)
        return fail(p, "it is too short to be an update");
    if (!kind->plan(p))
        return fail(p, o->error);
    if (total - kind->skip > o->room)
        return fail(p, "it is larger than the space for updates");
    o->state = OTA_HEADER;
    o->since_ms = hal_ms();
    log_say(p, LOG_INFO, "update: %u bytes come in", (unsigned)total);
    mqtt_restart(p);
    return true;
}

static const char *judge(const struct plug *p)
{
    const enum hal_family own = p->chip->family == HAL_BK7231N ? HAL_BK7231T : p->chip->family;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *magic = others[i].magic;

        if (others[i].family != own && memcmp(p->ota.head, magic, strlen(magic)) == 0)
            return others[i].text;
    }
    return NULL;
}

/* The header, as far as it goes; how much was taken. Nothing was erased up to its end. */
static size_t take_head(struct plug *p, const uint8_t *data, size_t len)
{
    const struct ota_kind *kind = kind_of(p);
    struct ota *o = &p->ota;
    const size_t room = kind->head - (size_t)o->head_len, n = len < room ? len : room;
    const char *why;

    memcpy(o->head + o->head_len, data, n);
    o->head_len = (uint16_t)(o->head_len + n);
    o->have += (uint32_t)n;
    if (o->head_len < kind->head)
        return n;
    why = judge(p);
    if (why) {
        fail(p, why);
        return 0;
    }
    o->error = NULL;
    if (!kind->check(p)) {
        fail(p, o->error);
        return 0;
    }
    sha256_init(&o->body);
    sha256_init(&o->code);
    o->state = OTA_BODY;
    return n;
}

/* ---- the body ------------------------------------------------------------------ */

enum step { STEP_DONE, STEP_LATER, STEP_FAILED };

/* Erase, if nothing was erased in this call. */
static enum step erase(uint32_t addr, unsigned *erases)
{
    if (*erases)
        return STEP_LATER;
    ++*erases;
    return hal_flash_erase(addr) ? STEP_DONE : STEP_FAILED;
}

/* Records of an earlier update go first, the one that counts less before the other:
 * whatever is left of them speaks of what is still there. */
static enum step wipe(struct ota *o, unsigned *erases)
{
    while (o->to_wipe) {
        const uint8_t bit = o->to_wipe & 2 ? 2 : 1;
        const enum step s = erase(bit == 2 ? o->record2 : o->record, erases);

        if (s != STEP_DONE)
            return s;
        o->to_wipe &= (uint8_t)~bit;
    }
    return STEP_DONE;
}

/* The page goes to flash, behind what there is. */
static enum step flush(struct plug *p, unsigned *erases)
{
    const struct ota_kind *kind = kind_of(p);
    struct ota *o = &p->ota;
    const uint32_t to = o->addr + o->written;
    const uint16_t late = o->written ? 0 : kind->late;
    enum step s = wipe(o, erases);

    if (s == STEP_DONE && to % HAL_SECTOR == 0)
        s = erase(to, erases);
    if (s != STEP_DONE)
        return s;
    memset(o->page + o->page_len, 0xff, sizeof o->page - o->page_len);
    kind->sum(o, o->written, o->page, o->page_len);
    if (!put_page(to + late, o->page + late, sizeof o->page - late))
        return STEP_FAILED;
    o->written += o->page_len;
    o->page_len = 0;
    return STEP_DONE;
}

/* A page is due when it is full, or the last one. */
static bool due(const struct ota *o, const struct ota_kind *kind, uint32_t taken)
{
    return o->page_len == sizeof o->page ||
           (o->page_len && o->written + o->page_len == o->total - kind->skip && taken == o->total);
}

/* Bytes of the body; how many of them were taken. */
static size_t take_body(struct plug *p, const uint8_t *data, size_t len, unsigned *erases)
{
    const struct ota_kind *kind = kind_of(p);
    struct ota *o = &p->ota;
    size_t done = 0;

    for (;;) {
        const size_t room = sizeof o->page - o->page_len;
        const size_t n = len - done < room ? len - done : room;

        memcpy(o->page + o->page_len, data + done, n);
        o->page_len = (uint16_t)(o->page_len + n);
        done += n;
        if (!due(o, kind, o->have + (uint32_t)done))
            return done;
        switch (flush(p, erases)) {
        case STEP_DONE:
            break;
        case STEP_LATER:
            return done;
        default:
            fail(p, "the flash does not take it");
            return 0;
        }
    }
}

size_t ota_take(struct plug *p, const uint8_t *data, size_t len)
{
    const struct ota_kind *kind = kind_of(p);
    struct ota *o = &p->ota;
    size_t done = 0;
    unsigned erases = 0;

    if (!ota_running(p))
        return 0;
    if (hal_ms() - o->since_ms > LIMIT_MS) {
        fail(p, "it took too long");
        return 0;
    }
    if (len > o->total - o->have) {
        fail(p, "more came than was told");
        return 0;
    }
    if (o->state == OTA_HEADER) {
        done = take_head(p, data, len);
        if (o->state != OTA_BODY)
            return done;
        o->have -= kind->head - kind->skip; /* they are the body's: given to it here */
        take_body(p, o->head + kind->skip, kind->head - kind->skip, &erases);
        o->have += kind->head - kind->skip;
    }
    if (o->state == OTA_BODY) {
        const size_t n = take_body(p, data + done, len - done, &erases);

        o->have += (uint32_t)n;
        done += n;
    }
    return o->state == OTA_BODY ? done : 0;
}

/* ---- the end ------------------------------------------------------------------- */

bool ota_end(struct plug *p)
{
    const struct ota_kind *kind = kind_of(p);
    struct ota *o = &p->ota;
    unsigned erases = 0;

    if (!ota_running(p))
        return false;
    if (o->have != o->total || o->state != OTA_BODY)
        return fail(p, "it broke off");
    while (o->page_len) {
        if (flush(p, &erases) == STEP_FAILED)
            return fail(p, "the flash does not take it");
        erases = 0;
    }
    if (!kind->verify(o))
        return fail(p, "it is damaged: its checksum is wrong");
    o->error = NULL;
    if (!kind->activate(p))
        return fail(p, o->error);
    o->state = OTA_DONE;
    config_set_number(&p->cfg, CFG_OTAS, config_number(&p->cfg, CFG_OTAS) + 1);
    log_say(p, LOG_INFO, "update: all of it is there and right; it starts with the restart");
    return true;
}

void ota_abort(struct plug *p, const char *why)
{
    if (ota_running(p))
        fail(p, why);
}
