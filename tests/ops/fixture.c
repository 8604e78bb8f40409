/* fixture.c - a scratch folder, and files in it. */
#include "ops/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct pf_region plug_regions[] = {
    {"loader", "boot loader", 0, 8 * PF_SECTOR, PF_REGION_GUARD | PF_REGION_CODE},
    {"app", "application", 8 * PF_SECTOR, 24 * PF_SECTOR, PF_REGION_CODE},
    {"rf", "MAC and calibration", 48 * PF_SECTOR, PF_SECTOR, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {0},
};

const struct pf_region locked_regions[] = {
    {"loader", "boot loader", 0, 8 * PF_SECTOR,
     PF_REGION_GUARD | PF_REGION_LOCKED | PF_REGION_CODE},
    {"app", "application", 8 * PF_SECTOR, 24 * PF_SECTOR, PF_REGION_CODE},
    {"rf", "MAC and calibration", 48 * PF_SECTOR, PF_SECTOR, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {0},
};

struct scratch {
    char folder[64], back[1024];
};

int scratch_open(void **state)
{
    struct scratch *s = calloc(1, sizeof *s);

    if (!s || !getcwd(s->back, sizeof s->back))
        return -1;
    /* In memory where there is such a folder: thousands of fsyncs are slow. */
    snprintf(s->folder, sizeof s->folder, "%s/pf-ops-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    *state = s;
    return mkdtemp(s->folder) ? chdir(s->folder) : -1;
}

int scratch_clear(void **state)
{
    DIR *dir = opendir(".");
    struct dirent *e;

    (void)state;
    while (dir && (e = readdir(dir)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(e->d_name) != 0)
            (void)rmdir(e->d_name);
    if (dir)
        closedir(dir);
    return 0;
}

int scratch_close(void **state)
{
    struct scratch *s = *state;
    int rc;

    scratch_clear(NULL);
    rc = chdir(s->back);
    rc |= rmdir(s->folder);
    free(s);
    return rc;
}

void put_file(const char *name, const void *data, size_t len)
{
    FILE *f = fopen(name, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

bool have_file(const char *name)
{
    struct stat st;

    return stat(name, &st) == 0;
}

uint8_t *get_file(const char *name, size_t *len)
{
    FILE *f = fopen(name, "rb");
    uint8_t *data;
    long size;

    if (!f)
        fail_msg("%s is not there", name);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    data = malloc((size_t)size + 1);
    assert_non_null(data);
    *len = fread(data, 1, (size_t)size, f);
    data[*len] = 0;
    fclose(f);
    return data;
}

void assert_file(const char *name, const void *data, size_t len)
{
    size_t got;
    uint8_t *file = get_file(name, &got);

    assert_int_equal(got, len);
    assert_memory_equal(file, data, len);
    free(file);
}

void check_err(const struct memdev *d, enum pf_err got, enum pf_err want, const char *file,
               int line)
{
    if (got == want)
        return;
    fprintf(stderr, "%s:%d: got '%s', wanted '%s'; text: %s\n", file, line, pf_err_name(got),
            pf_err_name(want), d->ctx.text);
    fail();
}

void plug_content(struct memdev *d)
{
    /* reference bk7231.md 7.3: "TLV\0", length, group, constant, MAC at 0x24. */
    static const uint8_t tlv[] = {
        0x54, 0x4c, 0x56, 0x00, 0xe0, 0x01, 0x00, 0x00, 0x00, 0x11, 0x11, 0x11, 0x5a, 0x00,
        0x00, 0x00, 0x01, 0x11, 0x11, 0x11, 0x04, 0x00, 0x00, 0x00, 0x4e, 0x61, 0xbc, 0x00,
        0x02, 0x11, 0x11, 0x11, 0x06, 0x00, 0x00, 0x00, 0x70, 0x89, 0x76, 0xa0, 0xb1, 0xc2,
    };

    memset(d->flash, 0xff, (size_t)d->sectors * PF_SECTOR);
    memdev_fill(d->flash, 0, 8, 1);
    memdev_fill(d->flash, 8, 16, 2);
    memdev_fill(d->flash, 28, 1, 3);
    memcpy(d->flash + 48 * PF_SECTOR, tlv, sizeof tlv);
    memdev_fill(d->flash, 50, 3, 4);
    memdev_fill(d->flash, 60, 4, 5);
}
