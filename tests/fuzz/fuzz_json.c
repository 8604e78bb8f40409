/* JSON from a network, as templates and REST calls are read. Whatever is taken can be
 * walked to its end, and no member lies outside of what it belongs to. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

static void walk(const struct json *v, unsigned depth)
{
    struct json key, value;
    char buf[24];
    int64_t n;
    size_t at = 0;

    if (depth > JSON_DEPTH)
        abort();
    json_string(v, buf, sizeof buf);
    json_int(v, &n);
    while (json_next(v, &at, &key, &value)) {
        if (value.text < v->text || value.text + value.len > v->text + v->len)
            abort();
        json_int(&key, &n);
        if (json_string(&key, buf, sizeof buf) && json_member(v, buf).kind == JSON_NONE)
            abort();
        walk(&value, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct json v = json_parse((const char *)data, size < 2048 ? size : 2048);

    if (v.kind != JSON_NONE)
        walk(&v, 0);
    return 0;
}
