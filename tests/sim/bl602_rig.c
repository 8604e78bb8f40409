/* bl602_rig.c - see bl602_rig.h. */
#include "sim/bl602_rig.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define IMAGE_LEN 0x96C0u /* as the newest vendor loader */

static void reset(struct rig *r, unsigned strap)
{
    assert_int_equal(pf_set_lines(r->t, strap | PF_LINE_DTR), PF_OK);
    pf_sleep(r->t, 50000);
    assert_int_equal(pf_set_lines(r->t, strap), PF_OK);
    pf_sleep(r->t, 50000);
    assert_int_equal(r->t->ops->discard_input(r->t), PF_OK);
}

void bl_reset_to_rom(struct rig *r)
{
    reset(r, PF_LINE_RTS);
}

void bl_reset_to_flash(struct rig *r)
{
    reset(r, 0);
}

void bl_train(struct rig *r, uint32_t baud, size_t n)
{
    uint8_t *fives = malloc(n);

    assert_non_null(fives);
    memset(fives, 0x55, n);
    assert_int_equal(pf_set_baud(r->t, baud), PF_OK);
    assert_int_equal(r->t->ops->write(r->t, fives, n), PF_OK);
    assert_int_equal(r->t->ops->drain(r->t), PF_OK);
    free(fives);
}

bool bl_sync(struct rig *r, uint32_t baud)
{
    uint8_t ok[2];

    assert_int_equal(r->t->ops->discard_input(r->t), PF_OK);
    bl_train(r, baud, baud * 6 / 10000);
    if (rig_read(r, ok, 2, 200) != 2 || memcmp(ok, "OK", 2))
        return false;
    pf_sleep(r->t, 30000);
    return true;
}

void bl_rom(struct rig *r, const char *spec)
{
    rig_open(r, spec);
    bl_reset_to_rom(r);
    if (!bl_sync(r, BL_ROM_BAUD))
        fail_msg("the ROM of %s did not answer", spec);
}

static bool rom_command(struct rig *r, uint8_t id, const uint8_t *payload, size_t len, size_t more)
{
    uint8_t frame[4 + 4092] = {id}, answer[32];

    put_le16(frame + 2, (uint16_t)len);
    if (len)
        memcpy(frame + 4, payload, len);
    assert_int_equal(r->t->ops->write(r->t, frame, 4 + len), PF_OK);
    return rig_read(r, answer, 2 + more, 1000) == 2 + more && !memcmp(answer, "OK", 2);
}

bool bl_upload(struct rig *r, uint8_t crystal)
{
    static uint8_t const zero[176];
    uint8_t header[176], segment[16], *data = calloc(1, IMAGE_LEN);
    bool ok;

    assert_non_null(data);
    memcpy(header, zero, sizeof header);
    memcpy(header, "BFNP\1", 5);
    put_le32(header + 116, 0x00030300);
    put_le32(header + 120, 1);
    put_le32(header + 128, 0x22010000);
    put_le32(header + 132, 0xDEADBEEF);
    put_le32(header + 172, 0xDEADBEEF);
    put_le32(segment, 0x22010000);
    put_le32(segment + 4, IMAGE_LEN);
    data[0xE0] = crystal;
    put_le32(segment + 8, pf_crc32(0, data, IMAGE_LEN));
    put_le32(segment + 12, pf_crc32(0, segment, 12));
    ok = rom_command(r, 0x11, header, 176, 0) && rom_command(r, 0x17, segment, 16, 18);
    for (size_t at = 0; ok && at < IMAGE_LEN; at += 4092)
        ok = rom_command(r, 0x18, data + at, IMAGE_LEN - at < 4092 ? IMAGE_LEN - at : 4092, 0);
    ok = ok && rom_command(r, 0x19, NULL, 0, 0) && rom_command(r, 0x1A, NULL, 0, 0);
    free(data);
    pf_sleep(r->t, 100000);
    return ok;
}

void bl_loader(struct rig *r, const char *spec, uint32_t baud)
{
    bl_rom(r, spec);
    assert_true(bl_upload(r, 4));
    if (!bl_sync(r, baud))
        fail_msg("the loader of %s did not answer at %u", spec, (unsigned)baud);
}

void bl_send(struct rig *r, uint8_t id, const void *payload, size_t len)
{
    uint8_t *frame = malloc(4 + len);

    assert_non_null(frame);
    frame[0] = id;
    frame[1] = 0;
    put_le16(frame + 2, (uint16_t)len);
    if (len)
        memcpy(frame + 4, payload, len);
    for (size_t i = 2; i < 4 + len; i++)
        frame[1] = (uint8_t)(frame[1] + frame[i]);
    assert_int_equal(r->t->ops->write(r->t, frame, 4 + len), PF_OK);
    free(frame);
}

void bl_send2(struct rig *r, uint8_t id, uint32_t a, uint32_t b)
{
    uint8_t payload[8];

    put_le32(payload, a);
    put_le32(payload + 4, b);
    bl_send(r, id, payload, sizeof payload);
}

void bl_expect2(struct rig *r, const char *two)
{
    uint8_t have[2] = {0};

    assert_int_equal(rig_read(r, have, 2, 10000), 2);
    assert_memory_equal(have, two, 2);
}

bool bl_read(struct rig *r, uint32_t addr, uint8_t *out, uint16_t len)
{
    uint8_t head[4];

    bl_send2(r, 0x32, addr, len);
    return rig_read(r, head, 4, 2000) == 4 && !memcmp(head, "OK", 2) && get_le16(head + 2) == len &&
           rig_read(r, out, len, 2000) == len;
}

const char *bl_erase(struct rig *r, uint32_t start, uint32_t end, unsigned *pds)
{
    static const char *const words[] = {"OK", "FL"};
    uint8_t two[2];
    unsigned n = 0;

    bl_send2(r, 0x30, start, end);
    while (rig_read(r, two, 2, 30000) == 2) {
        if (!memcmp(two, "PD", 2)) {
            n++;
            continue;
        }
        if (pds)
            *pds = n;
        for (size_t i = 0; i < 2; i++)
            if (!memcmp(two, words[i], 2))
                return words[i];
        break;
    }
    return "";
}
