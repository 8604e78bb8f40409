/* expr.h - conditions and constants (reference 3.4): no recursion beyond EXPR_DEPTH. */
#ifndef CORE_EXPR_H
#define CORE_EXPR_H

#include <stdbool.h>

#define EXPR_DEPTH 12

struct plug;

/* False: does not parse. */
bool expr_eval(struct plug *p, const char *text, double *out);
/* Value of a constant without its `$`; false: there is none of that name. */
bool expr_constant(struct plug *p, const char *name, double *out);

#endif
