/* The flashes of the virtual devices, which were written from the reference by
 * other hands: each is known for what it is. Two readings of one text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "plugflash/image.h"
#include "plugflash/sim.h"

static const uint8_t mac[6] = {0x84, 0xE3, 0x42, 0x01, 0x02, 0x03};

static void factory_flashes_are_intact_backups(void **state)
{
    static const struct {
        const char *chip;
        uint32_t size;
        enum pf_image_kind kind;
        bool mac;
    } v[] = {
        {"ecr6600", 0x100000, PF_IMAGE_ECR_BACKUP, true},
        {"ecr6600", 0x200000, PF_IMAGE_ECR_BACKUP, true},
        {"ecr6600", 0x400000, PF_IMAGE_ECR_BACKUP, true},
        {"bl602", 0x100000, PF_IMAGE_BL_BACKUP, false},
        {"bl602", 0x200000, PF_IMAGE_BL_BACKUP, false},
        {"bl602", 0x400000, PF_IMAGE_BL_BACKUP, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        uint8_t *flash = malloc(v[i].size);
        struct pf_image_part part[PF_IMAGE_PARTS];
        struct pf_image img;
        char why[200];

        assert_non_null(flash);
        assert_int_equal(pf_sim_factory(v[i].chip, 5, mac, flash, v[i].size), PF_OK);
        pf_image_inspect(flash, v[i].size, &img);
        for (size_t k = 0; k < img.nchecks; k++)
            if (!img.check[k].ok)
                fail_msg("%s of 0x%x: %s: %s", v[i].chip, (unsigned)v[i].size, img.check[k].name,
                         img.check[k].text);
        assert_int_equal(img.kind, v[i].kind);
        assert_true(img.intact);
        assert_int_equal(img.flash_size, v[i].size);
        assert_int_equal(img.has_mac, v[i].mac);
        if (v[i].mac)
            assert_memory_equal(img.mac, mac, sizeof mac);
        assert_int_equal(
            pf_image_place(&img, v[i].chip, v[i].size, part, PF_IMAGE_PARTS, why, sizeof why), 1);
        free(flash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factory_flashes_are_intact_backups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
