/* ota_world.c - see ota_world.h. */
#include "ota_world.h"

#include "image/make.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"
#include "ota_boots.h"

const enum hal_family families[] = {HAL_ECR6600, HAL_BL602, HAL_BK7231T, HAL_BK7231N};
struct world w;

size_t make_file(enum hal_family family, uint8_t *out, unsigned more)
{
    struct make m = family == HAL_BK7231N ? make_n : make_t;

    switch (family) {
    case HAL_BL602:
        return make_bl_ota(out, ROOM, 0x3450 + 16 * more, false);
    case HAL_ECR6600:
        return make_ecr_ota(out, ROOM, 0x4000 + 16 * more);
    default:
        m.code += 0x800 + 16 * more;
        m.seed = 99 + more;
        return make_rbl(&m, "0123456789ABCDEF0123456789ABCDEF", out, ROOM);
    }
}

static void make_flash(enum hal_family family, uint8_t *out)
{
    if (family == HAL_BL602)
        make_bl_backup(out, 0x3000, NULL);
    else if (family == HAL_ECR6600)
        make_ecr_backup(out, 0x3000);
    else
        make_backup(family == HAL_BK7231N ? &make_n : &make_t, out);
    if (family == HAL_BK7231T) /* what Tuya has left there is no business of these tests */
        memset(out + 0x1ab000, 0xff, 0x8000);
}

void plug_on_flash(void)
{
    uint8_t mac[6];

    memset(&rig, 0, sizeof rig);
    rig.chip = hal_chip();
    hal_mac(mac);
    config_defaults(&rig.cfg, rig.chip, mac);
}

void plug_with(const uint8_t *flash)
{
    host_reset();
    host_chip(w.family);
    memcpy(host_flash(), flash, FLASH);
    plug_on_flash();
}

bool give(const uint8_t *data, size_t len)
{
    while (len) {
        const size_t n = ota_take(&rig, data, len);

        if (rig.ota.state != OTA_BODY && rig.ota.state != OTA_HEADER)
            return false;
        data += n;
        len -= n;
    }
    return true;
}

bool upload(const uint8_t *file, size_t len, size_t piece)
{
    if (!ota_begin(&rig, (uint32_t)len))
        return false;
    for (size_t at = 0; at < len; at += piece)
        if (!give(file + at, len - at < piece ? len - at : piece))
            return false;
    return ota_end(&rig);
}

static bool starts(const uint8_t *want, size_t want_len)
{
    static uint8_t have[ROOM];

    return ota_boots(w.family, host_flash(), have, sizeof have) == want_len &&
           memcmp(have, want, want_len) == 0;
}

bool starts_old(void)
{
    return starts(w.old, w.old_len);
}

bool starts_new(void)
{
    return starts(w.new, w.new_len);
}

void world(enum hal_family family)
{
    memset(&w, 0, sizeof w);
    w.family = family;
    make_flash(family, w.base);
    w.len = make_file(family, w.file, 0);
    w.old_len = ota_boots(family, w.base, w.old, sizeof w.old);
    assert_true(w.old_len > 0);
    plug_with(w.base);
    assert_true(upload(w.file, w.len, PIECE));
    w.new_len = ota_boots(family, host_flash(), w.new, sizeof w.new);
    assert_true(w.new_len > 0);
    assert_true(w.new_len != w.old_len || memcmp(w.new, w.old, w.new_len) != 0);
    plug_with(w.base);
}
