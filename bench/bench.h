/* bench.h - the parts of plugflash-bench; each prints its table and returns how
 * many rows are over their limit. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

/* What our own stubs make of a link. */
int bench_stream(void);

/* How long it takes to get in, over many power-on moments. */
int bench_sync(void);

#endif
