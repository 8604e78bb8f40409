/* trace.h - a record of everything that went through a port, as text.
 *
 *   plugflash-trace 1              first line: format and version
 *   port serial                    second line: the transport that was recorded
 *   # anything                     a comment, anywhere after that
 *   1200 B 115200                  host set the baud rate
 *   1300 L 0 1                     host set DTR and RTS; 1 asserted
 *   1350 P 1                       host switched the power
 *   1400 > 01e0fc0100              host sent these bytes
 *   1950 < 040e0501e0fc0100        host received these bytes
 *   1960 D                         host drained its output
 *   1970 I                         host discarded its input
 *   2970 T                         host read and nothing came
 *   2980 ! port-lost               the call above failed: word of pf_err_name()
 *
 * The number is the time in microseconds on the port's clock: when the host
 * called for what the host does, when the call returned for `<`, `T` and `!`.
 * It never decreases. A line carries at most PF_TRACE_BYTES bytes; longer
 * transfers take several. */
#ifndef TRANSPORT_TRACE_H
#define TRANSPORT_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "plugflash/error.h"

#define PF_TRACE_HEADER   "plugflash-trace 1"
#define PF_TRACE_BYTES    256
#define PF_TRACE_LINE_MAX (PF_TRACE_BYTES * 2 + 64)

enum pf_trace_kind {
    PF_TRACE_COMMENT,
    PF_TRACE_MAGIC,
    PF_TRACE_PORT,
    PF_TRACE_WRITE,
    PF_TRACE_READ,
    PF_TRACE_LINES,
    PF_TRACE_BAUD,
    PF_TRACE_POWER,
    PF_TRACE_DRAIN,
    PF_TRACE_DISCARD,
    PF_TRACE_TIMEOUT,
    PF_TRACE_ERROR,
};

struct pf_trace_event {
    enum pf_trace_kind kind;
    uint64_t at_us;
    uint32_t value; /* LINES: enum pf_line; BAUD; POWER: 0 or 1 */
    enum pf_err err;
    size_t len;
    uint8_t bytes[PF_TRACE_BYTES];
};

/* Parse one line without its newline. Strict: anything not as written above is
 * PF_ERR_FILE. Pure; `line` may hold any bytes. */
enum pf_err pf_trace_parse_line(const char *line, size_t len, struct pf_trace_event *ev);

#endif
