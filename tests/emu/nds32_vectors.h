/* nds32_vectors.h - the table of tested instructions, see nds32_vectors.c. */
#ifndef EMU_NDS32_VECTORS_H
#define EMU_NDS32_VECTORS_H

#include <stddef.h>

struct nds32_vector {
    const char *text, *code, *before, *after;
};

extern const struct nds32_vector nds32_vectors[];
extern const size_t nds32_vector_count;

#endif
