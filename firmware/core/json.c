/* json.c - a tokenizer over text that stays where it is. Every call looks at the text
 * anew, from left to right, with a stack of JSON_DEPTH brackets and no recursion. */
#include "core/json.h"

#include <string.h>

#include "core/out.h"

/* The text and how far it has been read. */
struct scan {
    const char *text;
    size_t len, at;
};

/* The next character; '\0': none, or one that JSON never has outside of strings. */
static char peek(const struct scan *s)
{
    return s->at < s->len ? s->text[s->at] : '\0';
}

static bool take(struct scan *s, char c)
{
    if (s->at >= s->len || s->text[s->at] != c)
        return false;
    s->at++;
    return true;
}

static void blanks(struct scan *s)
{
    while (s->at < s->len && s->text[s->at] && strchr(" \t\r\n", s->text[s->at]))
        s->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hex digits at an offset; -1: they are not. */
static int32_t hex4(const struct scan *s, size_t at)
{
    int32_t v = 0;

    if (s->len < 4 || at > s->len - 4)
        return -1;
    for (unsigned i = 0; i < 4; i++) {
        const int digit = hex(s->text[at + i]);

        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* ---- grammar ------------------------------------------------------------------ */

static bool scan_string(struct scan *s)
{
    if (!take(s, '"'))
        return false;
    while (s->at < s->len) {
        const char c = s->text[s->at++];

        if (c == '"')
            return true;
        if ((unsigned char)c < 0x20)
            return false;
        if (c != '\\')
            continue;
        if (take(s, 'u')) {
            if (hex4(s, s->at) < 0)
                return false;
            s->at += 4;
        } else if (!peek(s) || !strchr("\"\\/bfnrt", peek(s))) {
            return false;
        } else {
            s->at++;
        }
    }
    return false;
}

static bool digits(struct scan *s)
{
    const size_t from = s->at;

    while (is_digit(peek(s)))
        s->at++;
    return s->at > from;
}

static bool scan_number(struct scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !digits(s))
        return false;
    if (take(s, '.') && !digits(s))
        return false;
    if (peek(s) != 'e' && peek(s) != 'E')
        return true;
    s->at++;
    if (!take(s, '+'))
        take(s, '-');
    return digits(s);
}

static bool scan_word(struct scan *s, const char *word)
{
    const size_t n = strlen(word);

    if (s->len - s->at < n || memcmp(s->text + s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

static enum json_kind kind_of(char c)
{
    switch (c) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return c == '-' || is_digit(c) ? JSON_NUMBER : JSON_NONE;
    }
}

static bool scan_scalar(struct scan *s)
{
    switch (kind_of(peek(s))) {
    case JSON_STRING:
        return scan_string(s);
    case JSON_NUMBER:
        return scan_number(s);
    case JSON_TRUE:
        return scan_word(s, "true");
    case JSON_FALSE:
        return scan_word(s, "false");
    case JSON_NULL:
        return scan_word(s, "null");
    default:
        return false;
    }
}

static bool scan_key(struct scan *s)
{
    blanks(s);
    if (!scan_string(s))
        return false;
    blanks(s);
    return take(s, ':');
}

static char closing(char open)
{
    return open == '{' ? '}' : ']';
}

/* Behind a value: close what ends here. True: another value follows, or (depth 0) all
 * is read. */
static bool scan_between(struct scan *s, const char *open, unsigned *depth)
{
    while (*depth) {
        blanks(s);
        if (take(s, ','))
            return open[*depth - 1] == '[' || scan_key(s);
        if (!take(s, closing(open[*depth - 1])))
            return false;
        --*depth;
    }
    return true;
}

static bool scan_value(struct scan *s)
{
    char open[JSON_DEPTH];
    unsigned depth = 0;

    do {
        const char c = (blanks(s), peek(s));

        if (c == '{' || c == '[') {
            if (depth == JSON_DEPTH)
                return false;
            open[depth++] = c;
            s->at++;
            blanks(s);
            if (peek(s) != closing(c)) {
                if (c == '{' && !scan_key(s))
                    return false;
                continue;
            }
        } else if (!scan_scalar(s)) {
            return false;
        }
        if (!scan_between(s, open, &depth))
            return false;
    } while (depth);
    return true;
}

/* One value from here on; JSON_NONE: there is none. */
static struct json cut_value(struct scan *s)
{
    struct json v = {JSON_NONE, "", 0};
    size_t from;

    blanks(s);
    from = s->at;
    if (!scan_value(s))
        return v;
    v.kind = kind_of(s->text[from]);
    v.text = s->text + from;
    v.len = s->at - from;
    return v;
}

struct json json_parse(const char *text, size_t len)
{
    struct scan s = {text, len, 0};
    const struct json v = cut_value(&s);

    blanks(&s);
    return s.at == len ? v : (struct json){JSON_NONE, "", 0};
}

bool json_next(const struct json *of, size_t *at, struct json *key, struct json *value)
{
    struct scan s = {of->text, of->len, *at ? *at : 1};

    *key = *value = (struct json){JSON_NONE, "", 0};
    if ((of->kind != JSON_OBJECT && of->kind != JSON_ARRAY) || s.at > s.len)
        return false;
    blanks(&s);
    if (*at && !take(&s, ','))
        return false;
    if (of->kind == JSON_OBJECT) {
        size_t from;

        blanks(&s);
        from = s.at;
        if (!scan_string(&s))
            return false;
        *key = (struct json){JSON_STRING, of->text + from, s.at - from};
        blanks(&s);
        if (!take(&s, ':'))
            return false;
    }
    *value = cut_value(&s);
    *at = s.at;
    return value->kind != JSON_NONE;
}

/* ---- strings -------------------------------------------------------------------- */

static unsigned utf8(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* Behind "\u": the character, of two halves if need be; a half alone is U+FFFD. */
static uint32_t unicode(struct scan *s)
{
    const int32_t c = hex4(s, s->at);
    int32_t low = -1;

    s->at += 4;
    if (c < 0xd800 || c > 0xdfff)
        return c < 0 ? 0 : (uint32_t)c;
    if (c < 0xdc00 && s->len - s->at >= 6 && s->text[s->at] == '\\' && s->text[s->at + 1] == 'u')
        low = hex4(s, s->at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    s->at += 6;
    return 0x10000 + (((uint32_t)c & 0x3ff) << 10 | ((uint32_t)low & 0x3ff));
}

/* The next character of a string that was scanned, as bytes; 0: its end. */
static unsigned next_char(struct scan *s, char out[4])
{
    static const char codes[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *code;

    if (s->at >= s->len || s->text[s->at] == '"')
        return 0;
    out[0] = s->text[s->at++];
    if (out[0] != '\\' || s->at >= s->len)
        return 1;
    out[0] = s->text[s->at++];
    if (out[0] == 'u')
        return utf8(unicode(s), out);
    code = strchr(codes, out[0]);
    if (code && *code)
        out[0] = bytes[code - codes];
    return 1;
}

bool json_string(const struct json *v, char *buf, size_t cap)
{
    struct scan s = {v->text, v->len, 1};
    size_t n = 0;
    char c[4];
    unsigned len;

    if (!cap)
        return false;
    buf[0] = '\0';
    if (v->kind != JSON_STRING)
        return false;
    while ((len = next_char(&s, c)) != 0) {
        if (n + len >= cap || !c[0])
            return false; /* a NUL would cut it silently */
        memcpy(buf + n, c, len);
        n += len;
        buf[n] = '\0';
    }
    return true;
}

static bool is_text(const struct json *v, const char *text)
{
    struct scan s = {v->text, v->len, 1};
    size_t left = strlen(text);
    char c[4];
    unsigned len;

    while ((len = next_char(&s, c)) != 0) {
        if (len > left || memcmp(c, text, len) != 0)
            return false;
        text += len;
        left -= len;
    }
    return !left;
}

struct json json_member(const struct json *object, const char *key)
{
    struct json k, v;
    size_t at = 0;

    while (object->kind == JSON_OBJECT && json_next(object, &at, &k, &v))
        if (is_text(&k, key))
            return v;
    return (struct json){JSON_NONE, "", 0};
}

bool json_int(const struct json *v, int64_t *out)
{
    char text[24];
    uint64_t n;
    bool minus;

    if (v->kind == JSON_STRING) {
        if (!json_string(v, text, sizeof text))
            return false;
    } else {
        if (v->kind != JSON_NUMBER || v->len >= sizeof text)
            return false;
        memcpy(text, v->text, v->len);
        text[v->len] = '\0';
    }
    minus = text[0] == '-';
    if (!text_u64(text, &n) || (!minus && n > INT64_MAX))
        return false;
    *out = (int64_t)n;
    return true;
}
