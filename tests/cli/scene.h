/* scene.h - what scenarios with the real binary have in common: flash as files,
 * runs that must end in a certain way, fields of a result. All fail the test
 * when they cannot do what they say. */
#ifndef TESTS_CLI_SCENE_H
#define TESTS_CLI_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/spawn.h"

#define SIZE 0x200000u

/* Set up and tear down: an empty current folder. */
int enter(void **state);
int leave(void **state);
#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

/* Files of at most SIZE bytes. *data is malloc'ed, with room for one more. */
uint8_t *load(const char *path, size_t *len);
void save(const char *path, const uint8_t *data, size_t len);
bool exists(const char *path);
void same_files(const char *a, const char *b);

/* The factory flash of a virtual plug, as a file without manifest. */
void factory(const char *chip, const char *path);

/* A copy of `from` with byte `at` inverted. */
void spoil(const char *from, const char *to, size_t at);

/* Run and expect `status`. */
void quick(int status, const char *line);

/* The result of a --format json run that ends with `status`, stderr silent. */
json_t *result(int status, const char *line);
const char *text_of(const json_t *res, const char *name);
json_int_t int_of(const json_t *res, const char *name);

/* The same failure in text and in JSON: status, its name, a text for people. */
void fails(int status, const char *err, const char *line);

#endif
