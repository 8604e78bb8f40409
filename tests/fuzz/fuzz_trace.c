/* Fuzz: the trace reader, line by line as replay feeds it. */
#include <stdlib.h>
#include <string.h>

#include "transport/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;

    while (at < end) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        size_t len = nl ? (size_t)(nl - at) : (size_t)(end - at);
        char *line = malloc(len ? len : 1); /* exact size: one byte too many is seen */
        struct pf_trace_event ev;

        if (!line)
            abort();
        memcpy(line, at, len);
        if (pf_trace_parse_line(line, len, &ev) == PF_OK && ev.len > PF_TRACE_BYTES)
            abort();
        free(line);
        at += len + 1;
        if (!nl)
            break;
    }
    return 0;
}
