/* make_ecr.h - ECR6600 files made in memory, with no third-party byte in them. */
#ifndef TESTS_IMAGE_MAKE_ECR_H
#define TESTS_IMAGE_MAKE_ECR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECR_MAKE_ROOM 0x200000u

extern const uint8_t make_ecr_mac[6]; /* 84:E3:42:12:34:56 */

/* One live record of the 32-bit wide kind at `out`; returns its length. */
size_t make_ecr_record(uint8_t *out, const char *name, const void *value, size_t len);

/* The partition table of OpenBeken's standalone board: one sector. */
void make_ecr_table(uint8_t *out);

/* nv_amt: 0x2000 bytes, with a MAC record or without. */
void make_ecr_amt(uint8_t *out, bool with_mac);

/* uboot with `body` bytes, application, RAM stub: they return their length. */
size_t make_ecr_uboot(uint8_t *out, uint32_t body);
size_t make_ecr_cpu(uint8_t *out, uint32_t xip);
size_t make_ecr_stub(uint8_t *out, const char *name);

/* Stub, table, uboot, cpu. */
size_t make_ecr_oneb(uint8_t *out, uint32_t xip);
/* Header and count only; then one entry at a time. */
size_t make_ecr_entry(uint8_t *out, size_t at, uint8_t type, uint32_t addr, const uint8_t *data,
                      uint32_t len);

/* Compressed package of such an application. */
size_t make_ecr_ota(uint8_t *out, size_t cap, uint32_t xip);
/* Put size and CRC-32 right again after a change. */
void make_ecr_ota_seal(uint8_t *package, size_t len);

/* Header CRC-32 of an application or uboot after a change. */
void make_ecr_cpu_seal(uint8_t *cpu);
void make_ecr_uboot_seal(uint8_t *uboot);

/* 2 MiB from 0x0. */
void make_ecr_backup(uint8_t *out, uint32_t xip);

#endif
