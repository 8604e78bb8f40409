/* text.c - see text.h. */
#include "cli/text.h"

#include <stdarg.h>
#include <string.h>

#define LINE_COLUMN 14

const char *text_size(char buf[TEXT_SIZE], uint64_t bytes)
{
    const uint64_t kib = 1024, mib = kib * kib;

    if (bytes < kib)
        snprintf(buf, TEXT_SIZE, "%u B", (unsigned)bytes);
    else if (bytes % mib == 0)
        snprintf(buf, TEXT_SIZE, "%llu MiB", (unsigned long long)(bytes / mib));
    else if (bytes >= mib)
        snprintf(buf, TEXT_SIZE, "%.2f MiB", (double)bytes / (double)mib);
    else if (bytes % kib == 0)
        snprintf(buf, TEXT_SIZE, "%u KiB", (unsigned)(bytes / kib));
    else
        snprintf(buf, TEXT_SIZE, "%.1f KiB", (double)bytes / (double)kib);
    return buf;
}

const char *text_clock(char buf[TEXT_SIZE], uint64_t seconds)
{
    unsigned s = (unsigned)(seconds % 60), m = (unsigned)(seconds / 60 % 60);

    if (seconds >= 3600)
        snprintf(buf, TEXT_SIZE, "%llu:%02u:%02u", (unsigned long long)(seconds / 3600), m, s);
    else
        snprintf(buf, TEXT_SIZE, "%u:%02u", m, s);
    return buf;
}

/* C0, DEL, and the C1 controls as UTF-8 has them (C2 80 .. C2 9F); a bare byte
 * 80..9F does the same on an 8-bit terminal, but only inside a character is it
 * legitimate, so it passes only after a lead byte or a continuation. */
void text_put(FILE *out, const char *text)
{
    unsigned char before = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool c1 = c >= 0x80 && c <= 0x9f && (before < 0x80 || before == 0xc2);

        fputc(c < 0x20 || c == 0x7f || c1 ? '?' : c, out);
        before = c;
    }
}

void text_table(FILE *out, const char *const *cell, size_t rows, size_t cols, unsigned indent)
{
    for (size_t r = 0; r < rows; r++) {
        size_t pad = indent;

        for (size_t c = 0; c < cols; c++) {
            const char *text = cell[r * cols + c] ? cell[r * cols + c] : "";
            size_t width = 0;

            for (size_t k = 0; k < rows; k++) {
                size_t len = cell[k * cols + c] ? strlen(cell[k * cols + c]) : 0;

                width = len > width ? len : width;
            }
            if (*text) {
                fprintf(out, "%*s", (int)pad, "");
                text_put(out, text);
                pad = 0;
            }
            pad += width - strlen(text);
            if (width)
                pad += 2;
        }
        fputc('\n', out);
    }
}

void text_line(FILE *out, const char *name, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(out, "%-*s", LINE_COLUMN, name);
    text_put(out, text);
    fputc('\n', out);
}
