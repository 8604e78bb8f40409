/* bk7231_map.c - see bk7231_map.h. */
#include "image/bk7231_map.h"

#include <string.h>

static const struct bk7231_map maps[] = {
    {
        .chip = "bk7231t",
        .title = "BK7231T",
        .download = 0x132000,
        .rf = 0x1E0000,
        .config = 0x1E1000,
        .loader_fixed = true,
    },
    {
        .chip = "bk7231n",
        .title = "BK7231N",
        .download = 0x12A000,
        .rf = 0x1D0000,
        .config = 0x1D1000,
    },
};

const struct bk7231_map *bk7231_map(const char *chip)
{
    for (size_t i = 0; chip && i < sizeof maps / sizeof *maps; i++)
        if (strcmp(maps[i].chip, chip) == 0)
            return &maps[i];
    return NULL;
}

const char *bk7231_title(const char *chip)
{
    static const char *const other[][2] = {
        {"bk7231u", "BK7231U"}, {"bk7231q", "BK7231Q"}, {"bk7231m", "BK7231M"},
        {"bk7238", "BK7238"},   {"bk7251", "BK7251"},   {"bk7252", "BK7252"},
    };
    const struct bk7231_map *map = bk7231_map(chip);

    for (size_t i = 0; chip && i < sizeof other / sizeof *other; i++)
        if (strcmp(other[i][0], chip) == 0)
            return other[i][1];
    return map ? map->title : "BK7231";
}

bool bk7231_flash_size(size_t len)
{
    return len >= 0x100000 && len <= BK_FLASH_MAX && (len & (len - 1)) == 0;
}
