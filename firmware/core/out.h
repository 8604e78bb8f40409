/* out.h - text that grows: into a buffer, or through it into a sink. */
#ifndef CORE_OUT_H
#define CORE_OUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out {
    char *buf;
    size_t cap, len; /* len < cap: always NUL-ended */
    bool over;       /* something did not fit; len stays at what did */
    /* NULL: none. Takes a full buffer; false: broken, everything from here on is lost. */
    bool (*sink)(void *user, const char *text, size_t len);
    void *user;
};

void out_init(struct out *o, char *buf, size_t cap);
/* Whole or not at all, unless a sink takes it in parts. */
void out_text(struct out *o, const char *text);
void out_bytes(struct out *o, const void *data, size_t len);
void out_char(struct out *o, char c);
/* %s %d %u %x %X %02X %c %% and %lu-free: small, no floats. */
void out_fmt(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_vfmt(struct out *o, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Fixed decimals (9 at most), rounded half away from zero; "0" for what is not finite or
 * has more than 18 digits before the point. */
void out_real(struct out *o, double value, unsigned decimals);
/* The same without zeros at the end. */
void out_short(struct out *o, double value, unsigned decimals);
/* Inside quotes, as JSON, as HTML, as a URL's query value. JSON stays UTF-8 whatever
 * bytes a name has: what is not becomes U+FFFD. */
void out_json(struct out *o, const char *text);
void out_html(struct out *o, const char *text);
void out_url(struct out *o, const char *text);
bool out_flush(struct out *o);

/* Strict numbers: the whole text, nothing behind. */
bool text_int(const char *text, int32_t *out);
bool text_u64(const char *text, uint64_t *out); /* decimal, negative: two's complement */
bool text_real(const char *text, double *out);  /* finite, no exponent beyond 1e9 */
bool text_same(const char *a, const char *b);   /* ASCII case ignored */
/* Copy what fits, NUL-ended; false: it was cut. */
bool text_copy(char *to, size_t cap, const char *from);

#endif
