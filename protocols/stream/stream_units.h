/* stream_units.h - sectors as they travel in a transfer, both ways; no I/O.
 *
 *   kind  argument16  ...    0 BLANK  1 SAME + crc32  2 DEFLATE  3 RAW
 *
 * Deflate may refer to the sector before in the same transfer. */
#ifndef STREAM_UNITS_H
#define STREAM_UNITS_H

#include "plugflash/protocol.h"

enum stream_kind { STREAM_BLANK, STREAM_SAME, STREAM_DEFLATE, STREAM_RAW };

#define STREAM_UNIT_HEAD 3u
#define STREAM_UNIT_MAX  (STREAM_UNIT_HEAD + PF_SECTOR)
#define STREAM_RUN_MAX   65535u /* sectors of one BLANK or SAME */

/* Receiving. */
struct stream_reader;

/* For `sectors` sectors; NULL: no memory. */
struct stream_reader *stream_reader_new(uint32_t sectors);
void stream_reader_free(struct stream_reader *r);
/* Take the next bytes; `sector` is called for each whole sector, its `at` counted
 * from 0. PF_ERR_PROTOCOL: no units, or more than there should be; else what
 * `sector` says. After an error the reader is of no more use. */
enum pf_err stream_reader_feed(struct stream_reader *r, const uint8_t *data, size_t len,
                               pf_sector_fn sector, void *user);
/* All sectors are there and nothing is left over. */
bool stream_reader_is_done(const struct stream_reader *r);

/* Sending. */
struct stream_packer;

/* Units for `sectors` sectors of `data`; those that `differ` does not mark are SAME.
 * Both are borrowed. NULL: no memory. */
struct stream_packer *stream_packer_new(const uint8_t *data, const uint8_t *differ,
                                        uint32_t sectors);
void stream_packer_free(struct stream_packer *p);
/* The next `cap` bytes of the units; fewer only at their end, 0 behind it. */
size_t stream_packer_take(struct stream_packer *p, uint8_t *out, size_t cap);

#endif
