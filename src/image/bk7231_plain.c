/* bk7231_plain.c - code as the linker leaves it: no cipher, no CRC16.
 *
 * It cannot run from flash like this; it is what `image pack` takes. */
#include <string.h>

#include "image/bk7231_code.h"
#include "image/bk7231_text.h"
#include "image/inspect.h"

#define PLAIN_SEARCH 0x400000u /* bytes searched for strings */

bool image_probe_plain(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bk7231_text text = {0};

    if (len < 32 || !bk7231_is_vectors(data))
        return false;
    out->kind = PF_IMAGE_BK_PLAIN;
    if (len >= 0x108 && memcmp(data + 0x100, "BK7231\0", 8) == 0) {
        out->family = "bk7231";
        out->chip = "bk7231n";
        image_text(out->why_chip, sizeof out->why_chip, "marker BK7231 at 0x100");
    }
    bk7231_text_feed(&text, data, len < PLAIN_SEARCH ? len : PLAIN_SEARCH);
    bk7231_text_end(&text);
    bk7231_text_tell(&text, out->firmware, sizeof out->firmware, out->version, sizeof out->version);
    if (out->firmware[0])
        out->family = "bk7231";
    image_text(out->title, sizeof out->title, "%s, not packed: no encryption, no CRC16",
               out->family ? "BK7231 code" : "ARM code");
    return true;
}
