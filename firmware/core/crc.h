/* crc.h - CRC-32 as zlib has it. */
#ifndef CORE_CRC_H
#define CORE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Begin with 0, go on with what it returned. */
uint32_t crc32_add(uint32_t crc, const void *data, size_t len);

#endif
