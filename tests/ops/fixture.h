/* fixture.h - a scratch folder, and files in it. */
#ifndef OPS_FIXTURE_H
#define OPS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/memdev.h"

/* Group setup and teardown: an empty folder becomes the current one. */
int scratch_open(void **state);
int scratch_close(void **state);

/* Remove every file of the scratch folder. */
int scratch_clear(void **state);

void put_file(const char *name, const void *data, size_t len);

/* Contents, malloc'ed; fails the test when it is not there. */
uint8_t *get_file(const char *name, size_t *len);
bool have_file(const char *name);

/* The file holds exactly `len` bytes of `data`. */
void assert_file(const char *name, const void *data, size_t len);

/* Fails, printing both names, the context's text included. */
#define assert_err(d, got, want) check_err(d, got, want, __FILE__, __LINE__)
void check_err(const struct memdev *d, enum pf_err got, enum pf_err want, const char *file,
               int line);

/* Small plug of 64 sectors: guarded loader, code, identity at sector 48. */
extern const struct pf_region plug_regions[];
/* The same with a loader that never opens. */
extern const struct pf_region locked_regions[];

/* Content like a real plug's in `sectors` sectors: used, blank and single used
 * ones in turn, with a page of MAC 70:89:76:a0:b1:c2 in the identity sector. */
void plug_content(struct memdev *d);

#endif
