/* zlib_oracle.h - what zlib says of the streams of stubs/common/codec.h. */
#ifndef ZLIB_ORACLE_H
#define ZLIB_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rule of stub_inflate(): `in` is one whole stream of exactly out_len bytes with
 * no distance beyond the history or 4096 bytes. `history` bytes lie before `out`. */
bool oracle_inflate(const uint8_t *in, size_t len, uint8_t *out, size_t out_len, size_t history);

/* Deflate with zlib, window of 4 KiB; returns the length, 0: longer than cap. */
size_t oracle_deflate(const uint8_t *in, size_t len, size_t history, int level, int strategy,
                      uint8_t *out, size_t cap);

#endif
