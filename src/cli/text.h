/* text.h - text for people: sizes, times, tables. Nothing that comes from a
 * wire, a file or a USB descriptor may move the cursor of their terminal. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_SIZE 32

/* "512 B" "68 KiB" "1.25 MiB"; whole numbers without fraction. Returns buf. */
const char *text_size(char buf[TEXT_SIZE], uint64_t bytes);

/* "0:07" "12:34" "1:02:03" */
const char *text_clock(char buf[TEXT_SIZE], uint64_t seconds);

/* Write `text` with control characters replaced by '?'. */
void text_put(FILE *out, const char *text);

/* A table: `rows` rows of `cols` cells, columns as wide as their widest cell
 * and two blanks apart, indented by `indent`; NULL cells are empty. */
void text_table(FILE *out, const char *const *cell, size_t rows, size_t cols, unsigned indent);

/* "Name          value" of a report, the value on its own columns. */
void text_line(FILE *out, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
