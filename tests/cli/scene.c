/* scene.c - see scene.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/scene.h"

int enter(void **state)
{
    (void)state;
    spawn_enter();
    return 0;
}

int leave(void **state)
{
    (void)state;
    spawn_leave();
    return 0;
}

/* files */

uint8_t *load(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(SIZE + 1);

    if (!f)
        fail_msg("%s is not there", path);
    *len = fread(data, 1, SIZE + 1, f);
    fclose(f);
    return data;
}

void save(const char *path, const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

void same_files(const char *a, const char *b)
{
    size_t la, lb;
    uint8_t *da = load(a, &la), *db = load(b, &lb);

    if (la != lb || memcmp(da, db, la) != 0)
        fail_msg("%s (%zu bytes) and %s (%zu bytes) are not the same", a, la, b, lb);
    free(da);
    free(db);
}

/* The factory flash of a virtual plug, as a file. */
void factory(const char *chip, const char *path)
{
    char line[256];
    struct run r;

    snprintf(line, sizeof line, "-q -p sim:%s backup -o %s", chip, path);
    spawn_run(&r, NULL, line);
    spawn_expect(&r, 0);
    spawn_free(&r);
    /* What is left is a flash chip, not somebody's verified backup. */
    snprintf(line, sizeof line, "%s.json", path);
    unlink(line);
    snprintf(line, sizeof line, "%s.sha256", path);
    unlink(line);
}

/* A copy of `from` with byte `at` inverted. */
void spoil(const char *from, const char *to, size_t at)
{
    size_t len;
    uint8_t *data = load(from, &len);

    assert_true(at < len);
    data[at] ^= 0xff;
    save(to, data, len);
    free(data);
}

/* running */

void quick(int status, const char *line)
{
    struct run r;

    spawn_run(&r, NULL, line);
    spawn_expect(&r, status);
    spawn_free(&r);
}

/* The result of a --format json run that ends with `status`. */
json_t *result(int status, const char *line)
{
    char full[1024];
    struct run r;
    json_t *res;

    snprintf(full, sizeof full, "%s --format json", line);
    spawn_run(&r, NULL, full);
    spawn_expect(&r, status);
    res = spawn_result(&r);
    spawn_silent(&r);
    spawn_free(&r);
    return res;
}

const char *text_of(const json_t *res, const char *name)
{
    const char *text = json_string_value(json_object_get(res, name));

    if (!text)
        fail_msg("the result has no text '%s'", name);
    return text;
}

json_int_t int_of(const json_t *res, const char *name)
{
    json_t *v = json_object_get(res, name);

    if (!json_is_integer(v))
        fail_msg("the result has no number '%s'", name);
    return json_integer_value(v);
}

/* The same failure in both formats: status, its name, a text for people on
 * stderr and nothing on stdout that could be taken for success. */
void fails(int status, const char *err, const char *line)
{
    struct run r;
    json_t *res;

    spawn_run(&r, NULL, line);
    spawn_expect(&r, status);
    spawn_tells(&r, "plugflash: error: ");
    spawn_free(&r);
    res = result(status, line);
    assert_string_equal(text_of(res, "err"), err);
    assert_true(strlen(text_of(res, "text")) > 0);
    json_decref(res);
}
