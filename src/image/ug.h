/* ug.h - the Tuya OTA container: 32 bytes, big-endian, before an RBL package.
 *
 *   offset size
 *   0      4    55 aa 55 aa
 *   4      12   version, NUL-padded
 *   16     4    length of the package
 *   20     4    byte sum of the package
 *   24     4    byte sum of bytes 0..23
 *   28     4    aa 55 aa 55 */
#ifndef IMAGE_UG_H
#define IMAGE_UG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UG_SIZE 32u

struct ug {
    char version[13];
    uint32_t length, sum, header_sum;
    bool header_ok; /* end mark and header sum are right */
};

uint32_t byte_sum(const uint8_t *data, size_t len);

/* False when `header` does not start as one. */
bool ug_parse(const uint8_t header[UG_SIZE], struct ug *out);

/* The header of a container around `package`. */
void ug_build(const char *version, const uint8_t *package, uint32_t len, uint8_t header[UG_SIZE]);

#endif
