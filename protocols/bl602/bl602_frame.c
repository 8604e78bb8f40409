/* bl602_frame.c - see bl602_frame.h. */
#include "bl602/bl602_frame.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define MS            UINT64_C(1000)
#define SHA_RATE      131072u /* bytes a second the slowest hash is allowed */
#define SECTOR        4096u
#define BUSY_TIMEOUT  (15000 * MS) /* of one erase operation */
#define QUICK_TIMEOUT (500 * MS)

static uint8_t bl602_sum(uint8_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + p[i]);
    return sum;
}

uint8_t bl602_checksum(const uint8_t *arg, size_t arg_len, const uint8_t *data, size_t data_len)
{
    uint8_t len[2];

    put_le16(len, (uint16_t)(arg_len + data_len));
    return bl602_sum(bl602_sum(bl602_sum(0, len, 2), arg, arg_len), data, data_len);
}

size_t bl602_encode(uint8_t *out, size_t cap, const struct bl602_request *rq)
{
    size_t len = rq->arg_len + rq->data_len;

    if (len > BL602_DATA_MAX || cap < BL602_HEAD + len || rq->arg_len > sizeof rq->arg)
        return 0;
    out[0] = rq->cmd;
    out[1] = rq->plain ? 0 : bl602_checksum(rq->arg, rq->arg_len, rq->data, rq->data_len);
    put_le16(out + 2, (uint16_t)len);
    memcpy(out + BL602_HEAD, rq->arg, rq->arg_len);
    if (rq->data_len)
        memcpy(out + BL602_HEAD + rq->arg_len, rq->data, rq->data_len);
    return BL602_HEAD + len;
}

/* requests ----------------------------------------------------------------- */

static struct bl602_request req_bare(uint8_t cmd, const char *name)
{
    return (struct bl602_request){.cmd = cmd, .name = name, .timeout_us = QUICK_TIMEOUT};
}

static struct bl602_request req_asking(uint8_t cmd, const char *name, size_t reply_len)
{
    struct bl602_request rq = req_bare(cmd, name);

    rq.has_reply = true;
    rq.reply_len = reply_len;
    return rq;
}

static void req_words(struct bl602_request *rq, uint32_t a, uint32_t b)
{
    put_le32(rq->arg, a);
    put_le32(rq->arg + 4, b);
    rq->arg_len = 8;
    rq->addr = a;
}

struct bl602_request bl602_req_boot_info(void)
{
    return req_asking(BL602_GET_BOOT_INFO, "get_boot_info", 20);
}

struct bl602_request bl602_req_load_header(const uint8_t header[176])
{
    struct bl602_request rq = req_bare(BL602_LOAD_BOOT_HEADER, "load_boot_header");

    rq.plain = true;
    rq.data = header;
    rq.data_len = 176;
    return rq;
}

struct bl602_request bl602_req_load_segment(const uint8_t header[16])
{
    struct bl602_request rq = req_asking(BL602_LOAD_SEGMENT_HEADER, "load_segment_header", 16);

    rq.plain = true;
    memcpy(rq.arg, header, 16);
    rq.arg_len = 16;
    rq.addr = get_le32(header);
    return rq;
}

struct bl602_request bl602_req_load_data(const uint8_t *data, size_t len)
{
    struct bl602_request rq = req_bare(BL602_LOAD_SEGMENT_DATA, "load_segment_data");

    rq.plain = true;
    rq.data = data;
    rq.data_len = len;
    return rq;
}

struct bl602_request bl602_req_check_image(void)
{
    return req_bare(BL602_CHECK_IMAGE, "check_image");
}

struct bl602_request bl602_req_run_image(void)
{
    return req_bare(BL602_RUN_IMAGE, "run_image");
}

struct bl602_request bl602_req_reset(void)
{
    return req_bare(BL602_RESET, "reset");
}

struct bl602_request bl602_req_jedec(void)
{
    return req_asking(BL602_READ_JEDEC, "read_jedec_id", 4);
}

struct bl602_request bl602_req_mac(void)
{
    return req_asking(BL602_READ_MAC, "read_mac", 10);
}

struct bl602_request bl602_req_stream(void)
{
    struct bl602_request rq = req_asking(BL602_STREAM, "stream", BL602_CAPS_LEN);

    memcpy(rq.arg, "PFS1", 4);
    rq.arg_len = 4;
    return rq;
}

struct bl602_request bl602_req_status(uint8_t opcode)
{
    struct bl602_request rq = req_asking(BL602_READ_STATUS, "read_status_register", 1);

    req_words(&rq, opcode, 1);
    return rq;
}

struct bl602_request bl602_req_memory(uint32_t addr)
{
    struct bl602_request rq = req_asking(BL602_MEMORY_READ, "memory_read", 4);

    req_words(&rq, addr, 4);
    return rq;
}

struct bl602_request bl602_req_erase(uint32_t first, uint32_t last)
{
    struct bl602_request rq = req_bare(BL602_FLASH_ERASE, "flash_erase");

    req_words(&rq, first, last);
    /* The end may lie anywhere in its sector: take one that the checksum
     * protects, for a sum of 0 is not looked at. */
    if (last % SECTOR && bl602_checksum(rq.arg, 8, NULL, 0) == 0)
        req_words(&rq, first, last - 1);
    rq.busy = true;
    rq.busy_max = last < first ? 0 : (last - first) / SECTOR + 3;
    rq.timeout_us = BUSY_TIMEOUT;
    return rq;
}

struct bl602_request bl602_req_write(uint32_t addr, const uint8_t *data, size_t len)
{
    struct bl602_request rq = req_bare(BL602_FLASH_WRITE, "flash_write");

    put_le32(rq.arg, addr);
    rq.arg_len = 4;
    rq.addr = addr;
    rq.data = data;
    rq.data_len = len;
    rq.timeout_us = 2000 * MS; /* the frame before this one is being programmed */
    return rq;
}

struct bl602_request bl602_req_write_check(void)
{
    struct bl602_request rq = req_bare(BL602_WRITE_CHECK, "write_check");

    rq.timeout_us = 2000 * MS;
    return rq;
}

struct bl602_request bl602_req_read(uint32_t addr, uint32_t len)
{
    struct bl602_request rq = req_asking(BL602_FLASH_READ, "flash_read", len);

    req_words(&rq, addr, len);
    rq.timeout_us = 1000 * MS;
    return rq;
}

struct bl602_request bl602_req_sha256(uint32_t addr, uint32_t len)
{
    struct bl602_request rq = req_asking(BL602_READ_SHA256, "read_sha256", 32);

    req_words(&rq, addr, len);
    rq.timeout_us = 2000 * MS + (uint64_t)len * 1000000u / SHA_RATE;
    return rq;
}

struct bl602_request bl602_req_mistake(void)
{
    struct bl602_request rq = req_asking(BL602_FLASH_READ, "end of session", SIZE_MAX);

    memset(rq.arg, 0x11, 4);
    rq.arg_len = 4;
    return rq;
}

/* answers ------------------------------------------------------------------ */

static struct bl602_reply bl602_skip(size_t n)
{
    return (struct bl602_reply){.what = BL602_SKIP, .used = n};
}

static struct bl602_reply bl602_decode_ok(const uint8_t *in, size_t len, bool has_reply)
{
    struct bl602_reply r = {.what = BL602_OK, .used = 2};

    if (!has_reply)
        return r;
    r.what = BL602_MORE;
    if (len < BL602_HEAD)
        return r;
    r.len = get_le16(in + 2);
    if (r.len > BL602_DATA_MAX)
        return bl602_skip(2); /* OK OK, OK FL, OK PD: the first is an older answer */
    if (len < BL602_HEAD + r.len)
        return r;
    r.what = BL602_OK;
    r.used = BL602_HEAD + r.len;
    r.data = in + BL602_HEAD;
    return r;
}

struct bl602_reply bl602_decode(const uint8_t *in, size_t len, bool has_reply)
{
    static const char letters[3][2] = {{'O', 'K'}, {'F', 'L'}, {'P', 'D'}};
    size_t i = 0;

    if (len == 0)
        return (struct bl602_reply){.what = BL602_MORE};
    while (i < 3 && in[0] != (uint8_t)letters[i][0])
        i++;
    if (i == 3)
        return bl602_skip(1);
    if (len < 2)
        return (struct bl602_reply){.what = BL602_MORE};
    if (in[1] != (uint8_t)letters[i][1])
        return bl602_skip(1);
    if (i == 0)
        return bl602_decode_ok(in, len, has_reply);
    if (i == 2)
        return (struct bl602_reply){.what = BL602_BUSY, .used = 2};
    if (len < BL602_HEAD)
        return (struct bl602_reply){.what = BL602_MORE};
    return (struct bl602_reply){.what = BL602_FAIL, .used = BL602_HEAD, .code = get_le16(in + 2)};
}

bool bl602_has_ok(const uint8_t *in, size_t len)
{
    for (size_t i = 0; i + 2 <= len; i++)
        if (in[i] == 'O' && in[i + 1] == 'K')
            return true;
    return false;
}

bool bl602_error_is_damage(unsigned code)
{
    return code == BL602_ERR_CHECKSUM || code == BL602_ERR_LENGTH || code == BL602_ERR_PARA ||
           code == BL602_ERR_ERASE_PARA || code == BL602_ERR_WRITE_ADDR ||
           code == BL602_ERR_SET_PARA;
}

const char *bl602_error_name(unsigned code)
{
    static const struct {
        unsigned code;
        const char *name;
    } names[] = {
        {0x0001, "flash does not start"},
        {0x0002, "erase parameters"},
        {0x0003, "erase failed"},
        {0x0004, "read or write parameters"},
        {0x0005, "write address"},
        {0x0006, "write failed"},
        {0x0007, "flash boot parameters"},
        {0x0008, "flash parameters"},
        {0x0009, "status register not read"},
        {0x000a, "status register not written"},
        {0x000b, "write of unpacked data failed"},
        {0x000c, "packed data is damaged"},
        {0x0101, "command disabled"},
        {0x0102, "frame length"},
        {0x0103, "frame checksum"},
        {0x0104, "command out of sequence"},
        {0x0201, "boot header length"},
        {0x0202, "boot header not for the ROM"},
        {0x0203, "boot header magic"},
        {0x0204, "boot header CRC"},
        {0x0205, "the chip's fuses want another encryption"},
        {0x0206, "the chip's fuses want another signature"},
        {0x0207, "no segments"},
        {0x0208, "AES IV length"},
        {0x0209, "AES IV CRC"},
        {0x020a, "public key length"},
        {0x020b, "public key CRC"},
        {0x020c, "public key hash"},
        {0x020d, "signature length"},
        {0x020e, "signature CRC"},
        {0x020f, "segment header length"},
        {0x0210, "segment header CRC"},
        {0x0211, "segment outside RAM"},
        {0x0212, "segment data length"},
        {0x0213, "decryption"},
        {0x0214, "more data than announced"},
        {0x0215, "data CRC"},
        {0x0216, "image incomplete"},
        {0x0217, "image hash"},
        {0x0218, "signature not understood"},
        {0x0219, "signature wrong"},
        {0x021a, "decryption"},
        {0x021b, "no valid image"},
        {0x0301, "baud rate command length"},
        {0x0302, "baud rate"},
        {0x0401, "fuse or memory write parameters"},
        {0x0402, "fuse address"},
        {0x0403, "fuses not written"},
        {0x0404, "fuse read parameters"},
        {0x0405, "fuse read address"},
        {0x0406, "fuses not read"},
        {0x0407, "MAC not read"},
        {0x0408, "MAC not written"},
        {0x0501, "memory write parameters"},
        {0x0502, "memory write address"},
        {0x0503, "memory not written"},
        {0x0504, "memory read parameters"},
        {0x0505, "memory read address"},
        {0x0506, "memory not read"},
        {0xfffc, "PLL"},
        {0xfffd, "intrusion"},
        {0xfffe, "polling"},
        {0xffff, "failed"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    return "unknown code";
}

void bl602_boot_info_decode(const uint8_t data[20], struct bl602_boot_info *out)
{
    out->version = get_le32(data);
    out->sign = data[4];
    out->encrypt = data[5];
    out->debug = data[6];
    out->sw_usage = get_le32(data + 8);
    for (size_t i = 0; i < 6; i++)
        out->mac[i] = data[17 - i];
}

bool bl602_mac_decode(const uint8_t data[10], uint8_t mac[6])
{
    for (size_t i = 0; i < 6; i++)
        mac[i] = data[5 - i];
    return pf_crc32(0, data, 6) == get_le32(data + 6);
}

size_t bl602_train_len(uint32_t baud)
{
    size_t n = (size_t)((uint64_t)baud * 6 / 10000);

    return n < 8 ? 8 : n;
}
