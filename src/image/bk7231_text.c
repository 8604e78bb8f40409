/* bk7231_text.c - see bk7231_text.h. */
#include "image/bk7231_text.h"

#include <mbedtls/aes.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "image/inspect.h"

#define TEXT_KEEP 192u /* a string found at a window's end is found whole next time */

/* Copy printable characters from `p` until NUL, `stop` or the end. */
static size_t text_copy(char *out, size_t cap, const uint8_t *p, const uint8_t *end, char stop)
{
    size_t n = 0;

    while (p + n < end && n + 1 < cap && p[n] >= 0x20 && p[n] < 0x7f && p[n] != (uint8_t)stop) {
        out[n] = (char)p[n];
        n++;
    }
    out[n] = '\0';
    return n;
}

static bool starts(const uint8_t *p, const uint8_t *end, const char *word)
{
    size_t n = strlen(word);

    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

/* "Built on DATE TIME version V", as OpenBeken's web page shows it. */
static void text_built(struct bk7231_text *t, const uint8_t *p, const uint8_t *end)
{
    static const char word[] = " version ";
    char line[112];
    char *cut;

    text_copy(line, sizeof line, p, end, '\0');
    cut = strstr(line, word);
    if (!cut)
        return;
    image_text(t->obk_version, sizeof t->obk_version, "%s", cut + strlen(word));
    *cut = '\0';
    image_text(t->obk_built, sizeof t->obk_built, "%s", line);
}

/* "oem_bk7231n_plug\0" "1.1.7\0": the product and its version, side by side. */
static void text_oem(struct bk7231_text *t, const uint8_t *p, const uint8_t *end)
{
    char name[sizeof t->tuya];
    size_t n = text_copy(name, sizeof name, p, end, '\0');

    if (n + 1 >= (size_t)(end - p) || p[n] != '\0' || strchr(name, '/'))
        return;
    p += n + 1;
    if (p[0] < '0' || p[0] > '9')
        return;
    memcpy(t->tuya, name, n + 1);
    text_copy(t->tuya_version, sizeof t->tuya_version, p, end, '\0');
}

/* What OpenBeken calls itself on each family; "OpenBK7231" is followed by the
 * letter of the chip. */
static bool text_obk(struct bk7231_text *t, const uint8_t *p, const uint8_t *end)
{
    static const struct {
        const char *word;
        size_t len;
    } names[] = {{"OpenBK7231", 11}, {"OpenECR6600", 11}, {"OpenBL602", 9}};

    if (t->obk[0])
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!starts(p, end, names[i].word) || (size_t)(end - p) <= names[i].len)
            continue;
        text_copy(t->obk, names[i].len + 1, p, end, '_');
        return true;
    }
    return false;
}

static void text_at(struct bk7231_text *t, const uint8_t *p, const uint8_t *end)
{
    if (text_obk(t, p, end))
        return;
    if (!t->obk_built[0] && (starts(p, end, "Built on ") || starts(p, end, "Build on ")))
        text_built(t, p + 9, end);
    else if (!t->tuya_sdk[0] && starts(p, end, "TUYA IOT SDK V:"))
        text_copy(t->tuya_sdk, sizeof t->tuya_sdk, p + 15, end, ' ');
    else if (!t->tuya[0] && starts(p, end, "oem_bk7231"))
        text_oem(t, p, end);
}

/* Search the window; strings that start in its last `keep` bytes are left to
 * the next one. */
static void text_search(struct bk7231_text *t, size_t keep)
{
    const uint8_t *end = t->window + t->fill;

    for (const uint8_t *p = t->window; p + keep < end; p++)
        if (*p == 'O' || *p == 'B' || *p == 'T' || *p == 'o')
            text_at(t, p, end);
    memmove(t->window, end - keep, keep);
    t->fill = keep;
}

void bk7231_text_feed(struct bk7231_text *t, const uint8_t *code, size_t len)
{
    while (len) {
        size_t n = sizeof t->window - t->fill;

        if (n > len)
            n = len;
        memcpy(t->window + t->fill, code, n);
        t->fill += n;
        code += n;
        len -= n;
        if (t->fill == sizeof t->window)
            text_search(t, TEXT_KEEP);
    }
}

void bk7231_text_end(struct bk7231_text *t)
{
    text_search(t, 0);
}

void bk7231_text_tell(const struct bk7231_text *t, char *firmware, size_t cap, char *version,
                      size_t vcap)
{
    firmware[0] = version[0] = '\0';
    if (t->obk[0]) {
        bool known = t->obk_version[0] != '\0';

        image_text(firmware, cap, "OpenBeken (%s)%s%s%s%s", t->obk, known ? " " : "",
                   t->obk_version, t->obk_built[0] ? ", built " : "", t->obk_built);
        image_text(version, vcap, "%s", t->obk_version);
    } else if (t->tuya[0] || t->tuya_sdk[0]) {
        image_text(firmware, cap, "Tuya%s%s%s%s%s%s", t->tuya[0] ? " " : "", t->tuya,
                   t->tuya_version[0] ? " " : "", t->tuya_version, t->tuya_sdk[0] ? ", SDK " : "",
                   t->tuya_sdk);
        image_text(version, vcap, "%s", t->tuya_version[0] ? t->tuya_version : t->tuya_sdk);
    }
}

void bk7231_text_app(struct bk7231_text *t, const struct bk7231_view *v,
                     const struct bk7231_key *key, uint32_t end)
{
    uint32_t last = bk7231_logical(end);
    uint8_t code[BK_CODE];

    for (uint32_t at = BK_LOGICAL_APP; at < last; at = bk7231_code_skip(v, at))
        if (bk7231_code_get(v, key, at, code, sizeof code))
            bk7231_text_feed(t, code, sizeof code);
    bk7231_text_end(t);
}

bool tuya_is_key_block(const uint8_t sector[4096])
{
    static const uint8_t master[] = "qwertyuiopasdfgh"; /* AES-128-ECB, the same everywhere */
    uint8_t plain[32];
    uint32_t sum = 0;
    mbedtls_aes_context aes;

    mbedtls_aes_init(&aes);
    mbedtls_aes_setkey_dec(&aes, master, 128);
    for (size_t i = 0; i < sizeof plain; i += 16)
        mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_DECRYPT, sector + i, plain + i);
    mbedtls_aes_free(&aes);
    for (size_t i = 8; i < 24; i++)
        sum += plain[i];
    return get_le32(plain) == 0x13579753 && get_le32(plain + 4) == sum;
}
