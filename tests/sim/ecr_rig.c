/* ecr_rig.c - see ecr_rig.h. */
#include "sim/ecr_rig.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

static void put(struct rig *r, const uint8_t *bytes, size_t len)
{
    assert_int_equal(r->t->ops->write(r->t, bytes, len), PF_OK);
}

void ecr_reset(struct rig *r)
{
    assert_int_equal(pf_set_lines(r->t, PF_LINE_RTS), PF_OK);
    pf_sleep(r->t, 60000);
    assert_int_equal(pf_set_lines(r->t, 0), PF_OK);
}

bool ecr_sync(struct rig *r, uint32_t ms)
{
    uint64_t end = pf_now(r->t) + (uint64_t)ms * 1000;

    while (pf_now(r->t) < end) {
        uint64_t next = pf_now(r->t) + 20000;
        uint8_t byte;
        size_t got;

        rig_send(r, "63 6E 79 73");
        while (r->t->ops->read(r->t, &byte, 1, next, &got) == PF_OK)
            if (byte == 0x01)
                return true;
    }
    return false;
}

void ecr_header(struct rig *r, uint32_t len)
{
    uint8_t head[12] = {1, 0, 0, 0, 0, 0, 1, 0};

    put_le32(head + 8, len);
    put(r, head, sizeof head);
    rig_expect(r, "00");
}

void ecr_blocks(struct rig *r, const uint8_t *image, uint32_t len)
{
    for (uint32_t done = 0; done < len; done += 1024) {
        put(r, image + done, len - done < 1024 ? len - done : 1024);
        rig_expect(r, "00");
    }
}

void ecr_upload(struct rig *r, uint32_t len)
{
    uint8_t *image = malloc(len);

    assert_non_null(image);
    for (uint32_t i = 0; i < len; i++)
        image[i] = (uint8_t)(i * 31);
    put_be32(image, 0x48000054);
    ecr_header(r, len);
    ecr_blocks(r, image, len);
    free(image);
}

void ecr_open_flash(struct rig *r, const char *spec, const uint8_t *flash, uint32_t size)
{
    rig_open_flash(r, spec, flash, size);
    pf_set_baud(r->t, 115200);
    ecr_reset(r);
    if (!ecr_sync(r, 3000))
        fail_msg("%s: no sync", spec);
    ecr_upload(r, 6904);
    pf_sleep(r->t, 20000);
    rig_silent(r, 1);
}

void ecr_open(struct rig *r, const char *spec)
{
    ecr_open_flash(r, spec, NULL, 0);
}

void ecr_send(struct rig *r, uint8_t type, const uint8_t *payload, size_t len)
{
    uint8_t *frame = malloc(len + 5), sum = 0;

    assert_non_null(frame);
    frame[0] = 0xA5;
    frame[1] = type;
    put_le16(frame + 2, (uint16_t)len);
    if (len)
        memcpy(frame + 4, payload, len);
    for (size_t i = 0; i < len + 4; i++)
        sum = (uint8_t)(sum + frame[i]);
    frame[len + 4] = sum;
    put(r, frame, len + 5);
    free(frame);
}

void ecr_send2(struct rig *r, uint8_t type, uint32_t a, uint32_t b)
{
    uint8_t payload[8];

    put_le32(payload, a);
    put_le32(payload + 4, b);
    ecr_send(r, type, payload, sizeof payload);
}

void ecr_data(struct rig *r, uint8_t type, uint8_t flag, const uint8_t *data, size_t len)
{
    uint8_t *payload = malloc(len + 1);

    assert_non_null(payload);
    payload[0] = flag;
    memcpy(payload + 1, data, len);
    ecr_send(r, type, payload, len + 1);
    free(payload);
}

int ecr_status(struct rig *r, uint8_t type)
{
    uint8_t f[6];
    size_t n = rig_read(r, f, sizeof f, 60000);

    if (n != sizeof f || f[0] != 0x5A || f[1] != type ||
        f[5] != (uint8_t)(f[0] + f[1] + f[2] + f[3] + f[4]))
        return -1;
    return f[4];
}

bool ecr_read(struct rig *r, uint32_t addr, uint32_t len, uint8_t *out)
{
    uint8_t *f = malloc(len + 6), sum = 0;
    bool ok;

    assert_non_null(f);
    ecr_send2(r, 0x03, addr, len);
    ok = rig_read(r, f, len + 6, 10000) == len + 6 && f[0] == 0x5A && f[1] == 0x03 &&
         get_le16(f + 2) == (uint16_t)len && f[4 + len] == 0;
    for (size_t i = 0; ok && i < len + 5; i++)
        sum = (uint8_t)(sum + f[i]);
    ok = ok && sum == f[len + 5];
    if (ok)
        memcpy(out, f + 4, len);
    free(f);
    return ok;
}

int ecr_write(struct rig *r, uint32_t addr, const uint8_t *data, uint32_t len)
{
    int status;

    ecr_send2(r, 0x02, addr, len);
    status = ecr_status(r, 0x02);
    for (uint32_t done = 0; !status && done < len; done += 4096) {
        ecr_data(r, 0x02, 0, data + done, len - done < 4096 ? len - done : 4096);
        status = ecr_status(r, 0x02);
    }
    return status;
}

bool ecr_sha(struct rig *r, uint32_t addr, uint32_t len, uint8_t hash[32])
{
    static const uint8_t head[4] = {0x5A, 0x09, 0x20, 0x00};
    uint8_t f[38];

    ecr_send2(r, 0x09, addr, len);
    if (rig_read(r, f, sizeof f, 30000) != sizeof f || memcmp(f, head, 4) || f[36])
        return false;
    memcpy(hash, f + 4, 32);
    return true;
}

void ecr_baud(struct rig *r, uint32_t baud)
{
    uint8_t payload[4];

    put_le32(payload, baud);
    ecr_send(r, 0x07, payload, sizeof payload);
    assert_int_equal(r->t->ops->drain(r->t), PF_OK);
    pf_sleep(r->t, 5000);
    assert_int_equal(pf_set_baud(r->t, baud), PF_OK);
    rig_expect(r, "5A 07 00 00 00 61");
}
