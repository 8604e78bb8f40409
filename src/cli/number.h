/* number.h - numbers as people type them: strict, no locale, no overflow. */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A span of flash. `to_end`: the length was ALL, `len` is 0. */
struct cli_span {
    uint32_t addr;
    uint32_t len;
    bool to_end;
};

/* `0x` hexadecimal, or decimal with an optional suffix k or M (1024, 1024^2).
 * The whole text must be the number; no sign, no blank, and no leading zero in
 * a decimal one, since 011000 may have been meant as an address. False, with
 * *out untouched, also when it exceeds `max`. */
bool cli_number(const char *text, uint64_t max, uint64_t *out);

/* Hexadecimal with or without 0x, at most 32 bits. */
bool cli_hex32(const char *text, uint32_t *out);

/* A decimal fraction such as 1.5 in units of 1/`unit`, at most `max` units;
 * more digits than the unit has are refused. */
bool cli_fraction(const char *text, uint64_t unit, uint64_t max, uint64_t *out);

/* A length: a number that is not 0, or ALL. */
bool cli_length(const char *text, struct cli_span *out);

/* ADDR:LEN */
bool cli_span(const char *text, struct cli_span *out);

#endif
