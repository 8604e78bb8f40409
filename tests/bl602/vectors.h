/* vectors.h - tables and headers of reference 12.2, 12.4 and 12.5, in hex. */
#ifndef TESTS_BL602_VECTORS_H
#define TESTS_BL602_VECTORS_H

#include <stddef.h>
#include <stdint.h>

extern const char vector_obk_1m[];
extern const char vector_obk_2m[];
extern const char vector_obk_4m[];
extern const char vector_vendor_2m[];
extern const char vector_obk_2m_flipped[];
extern const char vector_app_header[];
extern const char vector_ram_header_frame[];

/* Decode; returns the bytes, at most `cap`. */
size_t vector_bytes(const char *hex, uint8_t *out, size_t cap);

#endif
