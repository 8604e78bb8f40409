/* stub.c - the bytes of a RAM stub, as they are sent to the device. */
#include <string.h>

#include "image/unpack_stream.h"
#include "plugflash/image.h"

size_t pf_image_stub(const uint8_t *data, size_t len, uint8_t *out, size_t cap)
{
    if (len >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return unpack_gzip(data, len, out, cap);
    if (len > cap)
        return 0;
    memcpy(out, data, len);
    return len;
}
