/* ug.c - see ug.h. */
#include "image/ug.h"

#include <string.h>

#include "core/bytes.h"

#define UG_HEAD 0x55AA55AAu
#define UG_TAIL 0xAA55AA55u

uint32_t byte_sum(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += data[i];
    return sum;
}

bool ug_parse(const uint8_t header[UG_SIZE], struct ug *out)
{
    memset(out, 0, sizeof *out);
    if (get_be32(header) != UG_HEAD)
        return false;
    for (size_t i = 0; i < 12 && header[4 + i]; i++)
        out->version[i] = header[4 + i] >= 0x20 && header[4 + i] < 0x7f ? (char)header[4 + i] : '?';
    out->length = get_be32(header + 16);
    out->sum = get_be32(header + 20);
    out->header_sum = get_be32(header + 24);
    out->header_ok = get_be32(header + 28) == UG_TAIL && out->header_sum == byte_sum(header, 24);
    return true;
}

void ug_build(const char *version, const uint8_t *package, uint32_t len, uint8_t header[UG_SIZE])
{
    memset(header, 0, UG_SIZE);
    put_be32(header, UG_HEAD);
    memcpy(header + 4, version, strnlen(version, 12));
    put_be32(header + 16, len);
    put_be32(header + 20, byte_sum(package, len));
    put_be32(header + 24, byte_sum(header, 24));
    put_be32(header + 28, UG_TAIL);
}
