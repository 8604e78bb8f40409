/* json.h - reading JSON in place: a tokenizer that remembers nothing. Bounded depth,
 * every input accepted or refused in one pass. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH 8

enum json_kind {
    JSON_NONE,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

/* A value inside its text; borrowed. */
struct json {
    enum json_kind kind;
    const char *text;
    size_t len; /* with quotes or brackets */
};

/* The one value of a text; JSON_NONE: it is not JSON, or deeper than JSON_DEPTH. */
struct json json_parse(const char *text, size_t len);
/* Members in turn; *at starts at 0. `key` is JSON_NONE in arrays. False: no more. */
bool json_next(const struct json *of, size_t *at, struct json *key, struct json *value);
struct json json_member(const struct json *object, const char *key);
/* Unescaped; false: no string, or cut. */
bool json_string(const struct json *v, char *buf, size_t cap);
bool json_int(const struct json *v, int64_t *out); /* also a string of digits */

#endif
