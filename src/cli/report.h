/* report.h - the fields of a result, collected while a command runs.
 *
 * Owns what it is given copies of. When memory runs out it keeps what it has
 * and remembers the failure; the caller asks once, at the end. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "plugflash/event.h"

#define REPORT_FIELDS 64

struct report_chunk;

struct cli_report {
    struct report_chunk *chunks;
    struct pf_field field[REPORT_FIELDS];
    size_t count;
    bool failed;
};

void report_init(struct cli_report *r);
void report_fini(struct cli_report *r);

/* Append a field; its strings and children must live as long as the report
 * (constants, or from the functions below). */
void report_add(struct cli_report *r, struct pf_field field);

/* A copy of `text`, NULL for NULL; "" when memory runs out. */
const char *report_copy(struct cli_report *r, const char *text);
const char *report_hex(struct cli_report *r, const uint8_t *data, size_t len);
const char *report_mac(struct cli_report *r, const uint8_t mac[6]);

/* `n` zeroed fields, or NULL when memory runs out or n is 0. */
struct pf_field *report_fields(struct cli_report *r, size_t n);

/* An object of `n` children, copied. */
struct pf_field report_object(struct cli_report *r, const char *name, const struct pf_field *child,
                              size_t n);

/* String, or null for "" and NULL. */
struct pf_field report_maybe(struct cli_report *r, const char *name, const char *text);

#endif
