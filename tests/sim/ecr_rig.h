/* ecr_rig.h - raw bytes against the virtual ECR6600; beside rig.h. */
#ifndef TESTS_SIM_ECR_RIG_H
#define TESTS_SIM_ECR_RIG_H

#include "sim/rig.h"

/* Pulse RTS for 60 ms. */
void ecr_reset(struct rig *r);
/* "cnys" every 20 ms, at most for `ms`; true when 01 came. Times: microseconds
 * from the first to the last frame sent. */
bool ecr_sync(struct rig *r, uint32_t ms);
/* A header for `len` bytes, which must be answered by 00. */
void ecr_header(struct rig *r, uint32_t len);
/* Blocks of 1024 from `image`, each answered by 00. */
void ecr_blocks(struct rig *r, const uint8_t *image, uint32_t len);
/* Header and blocks of something that begins like a stub. */
void ecr_upload(struct rig *r, uint32_t len);
/* Open `spec`, reset, sync and upload; fails the test when that does not work. */
void ecr_open(struct rig *r, const char *spec);
void ecr_open_flash(struct rig *r, const char *spec, const uint8_t *flash, uint32_t size);

/* A frame A5 type len payload sum. */
void ecr_send(struct rig *r, uint8_t type, const uint8_t *payload, size_t len);
/* The same with two numbers as payload. */
void ecr_send2(struct rig *r, uint8_t type, uint32_t a, uint32_t b);
/* A data frame of 01 or 02. */
void ecr_data(struct rig *r, uint8_t type, uint8_t flag, const uint8_t *data, size_t len);
/* Status of the next answer of `type` without payload, -1: none that is right. */
int ecr_status(struct rig *r, uint8_t type);
/* 03; false: no valid single frame of `len` bytes. */
bool ecr_read(struct rig *r, uint32_t addr, uint32_t len, uint8_t *out);
/* 02 and data frames of 4096; the status of whatever failed first, or 0. */
int ecr_write(struct rig *r, uint32_t addr, const uint8_t *data, uint32_t len);
/* 09; false: no valid answer. */
bool ecr_sha(struct rig *r, uint32_t addr, uint32_t len, uint8_t hash[32]);
/* 07 on both sides. */
void ecr_baud(struct rig *r, uint32_t baud);

#endif
