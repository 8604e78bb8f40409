/* Fuzz: the manifest reader. What it accepts must survive being written and
 * read again. */
#include <stdlib.h>
#include <string.h>

#include "ops/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_manifest m, again;

    if (pf_manifest_parse((const char *)data, size, &m) == PF_OK) {
        char *text = pf_manifest_format(&m);

        if (!text || pf_manifest_parse(text, strlen(text), &again) != PF_OK)
            abort();
        if (again.size != m.size || again.crc32 != m.crc32 || again.nsectors != m.nsectors ||
            memcmp(again.sha256, m.sha256, sizeof m.sha256) != 0)
            abort();
        pf_manifest_fini(&again);
        free(text);
    }
    pf_manifest_fini(&m);
    return 0;
}
