/* setup.h - registers set up by a table: a row is a third as long as the code that
 * does the same. On chips only. */
#ifndef STUB_SETUP_H
#define STUB_SETUP_H

#include <stdint.h>

/* Change the bits of `clear` that are not in `set` to 0, those of `set` to 1; both of
 * the half word at `at`, which is written with its other half. */
struct stub_setup {
    uint16_t at; /* offset of the half word; STUB_WAIT: do nothing for `set` us */
    uint16_t clear, set;
};
#define STUB_WAIT 0xffff

#endif
