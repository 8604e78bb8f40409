/* Every table entry is looked at: names, ladders, regions, flash parts. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bk7231/bk7231_chips.h"
#include "bk7231/bk7231_flashid.h"
#include "plugflash/protocol.h"

#define MIB2 0x200000u

static void chip_names_are_unique_lower_case_and_found_again(void **state)
{
    (void)state;
    assert_non_null(pf_chips[0]);
    for (size_t i = 0; pf_chips[i]; i++) {
        const struct pf_chip *c = pf_chips[i];

        assert_true(c->name && c->title && c->family && c->protocol);
        for (const char *p = c->name; *p; p++)
            assert_true(islower((unsigned char)*p) || isdigit((unsigned char)*p));
        assert_ptr_equal(pf_chip_by_name(c->name), c);
    }
    assert_null(pf_chip_by_name("bk7252"));
    assert_null(pf_chip_by_name(NULL));
}

static void every_protocol_has_its_mandatory_functions(void **state)
{
    (void)state;
    for (size_t i = 0; pf_protocols[i]; i++) {
        const struct pf_protocol *p = pf_protocols[i];

        assert_true(p->name && p->open && p->read && p->unlock && p->lock && p->erase && p->write);
        assert_true(p->read_key && p->keepalive && p->leave && p->close);
        assert_int_equal(p->digest != NULL, p->digest_kind != PF_DIGEST_NONE);
    }
}

static void ladders_descend_to_the_boot_rate(void **state)
{
    (void)state;
    for (size_t i = 0; pf_chips[i]; i++) {
        const uint32_t *l = pf_chips[i]->baud.ladder;
        int fast = 0;

        assert_non_null(l);
        for (; *l; l++) {
            assert_true(l[1] < *l);
            fast += *l == pf_chips[i]->baud.fast;
            if (!l[1])
                assert_int_equal(*l, pf_chips[i]->baud.boot);
        }
        assert_int_equal(fast, 1);
    }
}

static void regions_are_sorted_disjoint_and_made_of_sectors(void **state)
{
    (void)state;
    for (size_t i = 0; pf_chips[i]; i++) {
        const struct pf_chip *c = pf_chips[i];
        uint32_t end = 0;

        for (const struct pf_region *r = c->regions; r->name; r++) {
            assert_true(r->title && r->len);
            assert_int_equal(r->addr % PF_SECTOR, 0);
            assert_int_equal(r->len % PF_SECTOR, 0);
            assert_true(r->addr >= end);
            end = r->addr + r->len;
            assert_ptr_equal(pf_region_by_name(c, r->name), r);
            assert_ptr_equal(pf_region_at(c, r->addr), r);
            assert_ptr_equal(pf_region_at(c, end - 1), r);
        }
        assert_int_equal(end, MIB2); /* all of a 2 MiB part has a name */
        assert_null(pf_region_at(c, MIB2));
        assert_null(pf_region_by_name(c, "nothing"));
    }
}

static void loader_and_identity_are_guarded(void **state)
{
    const struct pf_region *t = pf_region_by_name(&bk7231_chip_t, "loader");
    const struct pf_region *n = pf_region_by_name(&bk7231_chip_n, "loader");

    (void)state;
    assert_int_equal(t->addr, 0);
    assert_int_equal(t->len, 0x11000);
    assert_true(t->flags & PF_REGION_LOCKED);
    assert_true(n->flags & PF_REGION_GUARD);
    assert_false(n->flags & PF_REGION_LOCKED); /* the N talks from mask ROM */
    t = pf_region_by_name(&bk7231_chip_t, "rf");
    n = pf_region_by_name(&bk7231_chip_n, "rf");
    assert_int_equal(t->addr, 0x1e0000);
    assert_int_equal(n->addr, 0x1d0000);
    assert_int_equal(t->flags, PF_REGION_GUARD | PF_REGION_IDENTITY);
    assert_int_equal(n->flags, PF_REGION_GUARD | PF_REGION_IDENTITY);
}

static void info_sectors_are_sectors_of_a_small_flash(void **state)
{
    (void)state;
    for (size_t i = 0; pf_chips[i]; i++)
        for (const uint32_t *a = pf_chips[i]->info_sectors; *a != ~0u; a++) {
            assert_int_equal(*a % PF_SECTOR, 0);
            assert_true(*a < MIB2);
        }
}

static void flash_parts_are_unique_and_their_size_is_their_capacity_byte(void **state)
{
    size_t n = 0;

    (void)state;
    for (const struct bk7231_flash *f = bk7231_flashes; f->size; f++, n++) {
        assert_ptr_equal(bk7231_flash_by_id(f->jedec), f);
        if (f->jedec[2] != 0x42) /* one entry of the tools is no JEDEC id */
            assert_int_equal(f->size, 1u << f->jedec[2]);
        assert_in_range(f->sr_bytes, 0, 3);
        assert_int_equal(f->mask & 0x0183, 0); /* busy, write enable, SRP stay */
        if (f->second_reg)
            assert_true(f->second_reg == 0x35 || f->second_reg == 0x15);
    }
    assert_int_equal(n, 87);
    assert_null(bk7231_flash_by_id((const uint8_t *)"\x01\x02\x03"));
    assert_string_equal(bk7231_flash_by_id((const uint8_t *)"\xeb\x60\x15")->part, "TH25Q16HB");
    assert_int_equal(bk7231_flash_by_id((const uint8_t *)"\xc2\x23\x15")->second_reg, 0x15);
}

static void an_unknown_chip_is_a_usage_error_that_lists_the_known(void **state)
{
    struct pf_ctx ctx = {0};
    struct pf_link_options opt = {.chip = "bl602x"};
    struct pf_session *s;

    (void)state;
    assert_int_equal(pf_session_open(&ctx, NULL, &opt, &s), PF_ERR_USAGE);
    assert_null(s);
    assert_non_null(strstr(ctx.text, "bk7231t"));
    assert_non_null(strstr(ctx.text, "bk7231n"));
    pf_session_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chip_names_are_unique_lower_case_and_found_again),
        cmocka_unit_test(every_protocol_has_its_mandatory_functions),
        cmocka_unit_test(ladders_descend_to_the_boot_rate),
        cmocka_unit_test(regions_are_sorted_disjoint_and_made_of_sectors),
        cmocka_unit_test(loader_and_identity_are_guarded),
        cmocka_unit_test(info_sectors_are_sectors_of_a_small_flash),
        cmocka_unit_test(flash_parts_are_unique_and_their_size_is_their_capacity_byte),
        cmocka_unit_test(an_unknown_chip_is_a_usage_error_that_lists_the_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
