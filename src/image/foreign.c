/* foreign.c - files that are no image of a chip we know, called by their name.
 *
 * A plug looks the same from outside whatever chip it has, and a download may
 * be an archive or a web page: the message must say which it is. */
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/inspect.h"

struct magic {
    uint32_t offset;
    uint8_t len;
    const char *bytes;
    const char *title;
};

/* First match wins: put the special before the general. */
static const struct magic magics[] = {
    {0, 4, "\xD0\x0D\xFE\xED", "device tree blob, not one of a BL602"},
    {4, 4, "EF40", "EasyFlash settings area"},
    {0, 8, "UF2\n\x57\x51\x5D\x9E", "UF2 file"},
    {0, 4,
     "\x7F"
     "ELF",
     "ELF file from the linker, not a flash image"},
    {0, 4, "PK\x03\x04", "zip archive: unpack it first"},
    {0, 6,
     "\xFD"
     "7zXZ\0",
     "xz archive (or the payload of a BL602 OTA package)"},
    {0, 3, "\x1F\x8B\x08", "gzip file: unpack it first"},
    {0, 3, "BZh", "bzip2 file: unpack it first"},
    {0, 6, "7z\xBC\xAF\x27\x1C", "7z archive: unpack it first"},
    {0, 4, "Rar!", "rar archive: unpack it first"},
    {0, 4, "\x28\xB5\x2F\xFD", "zstd file: unpack it first"},
    {257, 5, "ustar", "tar archive: unpack it first"},
    {0, 5, "%PDF-", "PDF document"},
    {0, 4, "\x89PNG", "picture (PNG)"},
    {0, 3, "\xFF\xD8\xFF", "picture (JPEG)"},
    {0, 24, "version https://git-lfs.", "Git LFS pointer: the file itself was not fetched"},
};

static bool has(const uint8_t *data, size_t len, size_t at, const char *bytes, size_t n)
{
    return at <= len && len - at >= n && memcmp(data + at, bytes, n) == 0;
}

static bool foreign(struct pf_image *out, const char *family, const char *title)
{
    out->kind = PF_IMAGE_FOREIGN;
    out->family = family;
    image_text(out->title, sizeof out->title, "%s", title);
    return true;
}

/* ESP images: E9, 1..16 segments, flash mode, size and speed in range. Whole
 * flashes of the ESP32 start with FF up to 0x1000. */
static bool esp_header(const uint8_t *data, size_t len, size_t at)
{
    return len >= 24 && at <= len - 24 && data[at] == 0xE9 && data[at + 1] >= 1 &&
           data[at + 1] <= 16 && data[at + 2] <= 5;
}

static bool foreign_esp(const uint8_t *data, size_t len, struct pf_image *out)
{
    if (esp_header(data, len, 0) && get_le32(data + 4) >= 0x40000000 &&
        get_le32(data + 4) < 0x50000000)
        return foreign(out, "esp", "Espressif ESP image");
    if (len > 0x1000 && pf_is_blank(data, 0x1000) && esp_header(data, len, 0x1000))
        return foreign(out, "esp", "Espressif ESP32 whole flash image");
    return false;
}

/* Windows programs: "MZ" and a PE header where it points. */
static bool foreign_pe(const uint8_t *data, size_t len, struct pf_image *out)
{
    if (!has(data, len, 0, "MZ", 2) || len < 0x40)
        return false;
    if (!has(data, len, get_le32(data + 0x3c), "PE\0", 4))
        return false;
    return foreign(out, NULL, "Windows program");
}

static bool hex_digits(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'A' && p[i] <= 'F') ||
              (p[i] >= 'a' && p[i] <= 'f')))
            return false;
    return true;
}

static bool foreign_hex(const uint8_t *data, size_t len, struct pf_image *out)
{
    if (len >= 11 && data[0] == ':' && hex_digits(data + 1, 10))
        return foreign(out, NULL, "Intel HEX text: convert it to binary first");
    if (len >= 10 && data[0] == 'S' && data[1] >= '0' && data[1] <= '3' && hex_digits(data + 2, 8))
        return foreign(out, NULL, "Motorola S-record text: convert it to binary first");
    return false;
}

static bool same_word(const uint8_t *p, const char *word)
{
    for (; *word; p++, word++)
        if ((*p | ((*p >= 'A' && *p <= 'Z') ? 0x20 : 0)) != *word)
            return false;
    return true;
}

static bool foreign_text(const uint8_t *data, size_t len, struct pf_image *out)
{
    size_t i = has(data, len, 0, "\xEF\xBB\xBF", 3) ? 3 : 0, limit = len < 512 ? len : 512;
    bool text = true;

    while (i < limit && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n'))
        i++;
    if (len - i >= 9 && (same_word(data + i, "<!doctype") || same_word(data + i, "<html")))
        return foreign(out, NULL, "web page: the download gave a page instead of the file");
    for (size_t k = 0; k < limit; k++)
        text &= data[k] >= 0x80 || data[k] >= 0x20 || (data[k] >= '\t' && data[k] <= '\r');
    if (!text || limit < 16)
        return false;
    /* Bytes from 80 up may be UTF-8, or code: text has mostly others. */
    for (size_t k = i = 0; k < limit; k++)
        i += data[k] >= 0x80;
    if (i > limit / 4)
        return false;
    if (data[0] == '{' || data[0] == '[')
        return foreign(out, NULL, "JSON text, perhaps the manifest beside a backup");
    return foreign(out, NULL, "text file");
}

bool image_probe_foreign(const uint8_t *data, size_t len, struct pf_image *out)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (has(data, len, magics[i].offset, magics[i].bytes, magics[i].len))
            return foreign(out, NULL, magics[i].title);
    return foreign_esp(data, len, out) || foreign_pe(data, len, out) ||
           foreign_hex(data, len, out) || foreign_text(data, len, out);
}
