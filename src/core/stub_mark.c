/* stub_mark.c - what a RAM stub of our own says of itself. */
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "plugflash/stub.h"

#define AT_MARK    4u
#define AT_FAMILY  13u
#define AT_VERSION 16u
#define AT_LEN     20u
#define HEAD       24u
#define TAIL       8u
#define BL_WRAP    192u /* boot header and segment header of a BL602 */

static const char stub_word[] = "PLUGFLASH";
static const char stub_tail[] = "PFST";

static const char *const stub_chips[] = {NULL, "ecr6600", "bl602"};

static bool stub_image(const uint8_t *data, size_t len, struct pf_stub_mark *out)
{
    uint32_t n;

    if (len < HEAD || memcmp(data + AT_MARK, stub_word, sizeof stub_word - 1) != 0)
        return false;
    memset(out, 0, sizeof *out);
    if (data[AT_FAMILY] < sizeof stub_chips / sizeof stub_chips[0])
        out->chip = stub_chips[data[AT_FAMILY]];
    out->version = get_le32(data + AT_VERSION);
    n = get_le32(data + AT_LEN);
    out->whole = n >= HEAD + TAIL && n <= len && memcmp(data + n - TAIL, stub_tail, 4) == 0 &&
                 get_le32(data + n - 4) == pf_crc32(0, data, n - TAIL);
    return true;
}

bool pf_stub_mark(const uint8_t *data, size_t len, struct pf_stub_mark *out)
{
    if (stub_image(data, len, out))
        return true;
    return len > BL_WRAP && stub_image(data + BL_WRAP, len - BL_WRAP, out);
}

void pf_stub_name(uint32_t version, char *out, size_t cap)
{
    snprintf(out, cap, "plugflash %u.%u.%u", (unsigned)(version >> 16),
             (unsigned)(version >> 8 & 0xff), (unsigned)(version & 0xff));
}
