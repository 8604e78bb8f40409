/* ECR6600 files: what each kind is, what is wrong with it, where it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/ecdsa.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/ecr6600_code.h"
#include "image/make_ecr.h"
#include "plugflash/image.h"

#define CHIP "ecr6600"
#define XIP  0x3000u

static uint8_t *buffer(size_t len)
{
    uint8_t *p = malloc(len ? len : 1);

    assert_non_null(p);
    return p;
}

static void print_image(const struct pf_image *img)
{
    print_message("%s: %s\n", img->kind_name, img->title);
    for (size_t i = 0; i < img->nchecks; i++)
        print_message("  %s %s: %s\n", img->check[i].ok ? "ok " : "BAD", img->check[i].name,
                      img->check[i].text);
}

static void assert_kind(const uint8_t *data, size_t len, enum pf_image_kind kind, const char *word,
                        struct pf_image *img)
{
    pf_image_inspect(data, len, img);
    if (img->kind != kind || strcmp(img->kind_name, word) != 0 || !img->intact) {
        print_image(img);
        fail_msg("expected an intact %s", word);
    }
    assert_string_equal(img->family, CHIP);
    assert_string_equal(img->chip, CHIP);
}

/* The same kind, but the check `name` failed and tells `word`. */
static void assert_fault(const uint8_t *data, size_t len, enum pf_image_kind kind, const char *name,
                         const char *word)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    struct pf_image img;
    char why[200];

    pf_image_inspect(data, len, &img);
    for (size_t i = 0; i < img.nchecks; i++) {
        if (img.check[i].ok || strcmp(img.check[i].name, name) != 0 ||
            !strstr(img.check[i].text, word))
            continue;
        assert_int_equal(img.kind, kind);
        assert_false(img.intact);
        if (kind != PF_IMAGE_ECR_BACKUP)
            assert_int_equal(
                pf_image_place(&img, CHIP, 0x200000, part, PF_IMAGE_PARTS, why, sizeof why), 0);
        return;
    }
    print_image(&img);
    fail_msg("expected \"%s\" to fail and tell \"%s\"", name, word);
}

static size_t place(const struct pf_image *img, const uint8_t *table, struct pf_image_part *part,
                    char why[200])
{
    return pf_image_place_by_table(img, table, table ? 4096 : 0, CHIP, 0x200000, part,
                                   PF_IMAGE_PARTS, why, 200);
}

static void assert_refused(const struct pf_image *img, const char *chip, const char *word)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    char why[200];

    assert_int_equal(pf_image_place(img, chip, 0x200000, part, PF_IMAGE_PARTS, why, sizeof why), 0);
    if (!strstr(why, word))
        fail_msg("%s on %s: \"%s\", expected \"%s\"", img->title, chip, why, word);
}

/* Records and tables ------------------------------------------------------- */

static void the_standalone_partition_table_comes_out_byte_for_byte(void **state)
{
    static const uint8_t head[0x60] = {
        0x00, 0xFF, 0xFF, 0xFF, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x45, 0x46, 0x34, 0x30,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0xFF, 0xFF, 0xFF, 0x00, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0x3C, 0x00, 0x00, 0x00, 0xB6, 0x66, 0xDC, 0x2D, 0x09, 0xFF, 0xFF, 0xFF, 0x0A, 0x00,
        0x00, 0x00, 0x70, 0x61, 0x72, 0x74, 0x69, 0x74, 0x69, 0x6F, 0x6E, 0xFF, 0xFF, 0xFF,
        0x30, 0x78, 0x30, 0x2C, 0x30, 0x78, 0x31, 0x30, 0x30, 0x30, 0xFF, 0xFF};
    uint8_t sector[4096], sha[32];

    (void)state;
    make_ecr_table(sector);
    assert_memory_equal(sector, head, sizeof head);
    /* reference 7: CRC-32 and SHA-256 of that board's file */
    assert_int_equal(pf_crc32(0, sector, sizeof sector), 0x174A0AD8);
    pf_sha256(sector, sizeof sector, sha);
    assert_int_equal(get_be32(sha), 0x6F8A267E);
    assert_int_equal(get_be32(sha + 28), 0xDED136AE);
}

static void the_partition_table_is_read_in_full(void **state)
{
    static const uint32_t crc[] = {0x2DDC66B6, 0x8435D122, 0x42107170, 0x9AF96A6F, 0x641DF028,
                                   0x0C452462, 0x7393CB8B, 0xBD39B80C, 0x06A0020C};
    struct ecr_table t;
    struct ef_record r;
    struct ef_walk w;
    uint8_t sector[4096];
    size_t n = 0;

    (void)state;
    make_ecr_table(sector);
    assert_true(ecr_table_parse(sector, sizeof sector, &t));
    assert_true(ecr_table_ok(&t));
    assert_int_equal(t.count, 9);
    assert_int_equal(t.early, 2);
    assert_int_equal(t.end, 0x200000);
    assert_int_equal(ecr_table_find(&t, "cpu")->len, 0x1B0000);
    assert_int_equal(ecr_table_find(&t, "nv_amt")->addr, 0x1FE000);
    ef_walk_init(&w, &ef_partition, sector, sizeof sector, 0x400);
    while (ef_next(&w, &r)) {
        assert_true(r.crc_ok);
        assert_int_equal(get_le32(sector + r.at + 24), crc[n++]);
    }
    assert_int_equal(n, 9);
}

static void a_table_with_a_changed_record_names_it(void **state)
{
    uint8_t sector[4096];

    (void)state;
    make_ecr_table(sector);
    sector[0x400 + 0x3c + 0x30] ^= 1;
    assert_fault(sector, sizeof sector, PF_IMAGE_ECR_PARTITION, "partition table", "0x43c");
    make_ecr_table(sector);
    make_ecr_record(sector + 0x400 + 2 * 0x3c, "cpu", "0x7000,0x1B0000g", 15);
    make_ecr_record(sector + 0x400 + 0x3c, "cpu", "0x7000,0xZ", 10);
    pf_image_inspect(sector, sizeof sector, &(struct pf_image){0});
    make_ecr_table(sector);
    make_ecr_record(sector + 0x24, "partition", "0x0,0x2000", 10);
    assert_fault(sector, sizeof sector, PF_IMAGE_ECR_PARTITION, "partition table", "\"partition\"");
    make_ecr_table(sector);
    memset(sector + 0x400, 0xff, 0xc00); /* only the list for the ROM is left */
    assert_fault(sector, sizeof sector, PF_IMAGE_ECR_PARTITION, "partition table", "missing");
    make_ecr_table(sector);
    assert_fault(sector, 4000, PF_IMAGE_ECR_PARTITION, "length", "cut off");
}

static void partitions_that_overlap_are_no_table(void **state)
{
    uint8_t sector[4096];
    size_t at = 0x400;

    (void)state;
    make_ecr_table(sector);
    memset(sector + at, 0xff, 0xc00);
    at += make_ecr_record(sector + at, "partition", "0x0,0x1000", 10);
    at += make_ecr_record(sector + at, "uboot", "0x1000,0x6000", 13);
    make_ecr_record(sector + at, "cpu", "0x6000,0x1000", 13);
    assert_fault(sector, sizeof sector, PF_IMAGE_ECR_PARTITION, "partition table", "\"cpu\"");
}

static void the_mac_is_read_from_nv_records_of_any_state(void **state)
{
    uint8_t area[0x2000], mac[6] = {0}, *record;
    struct pf_image img;
    size_t at;

    (void)state;
    make_ecr_amt(area, true);
    assert_kind(area, sizeof area, PF_IMAGE_ECR_NV, "nv", &img);
    assert_true(img.has_mac);
    assert_memory_equal(img.mac, make_ecr_mac, 6);
    assert_true(pf_image_mac(area, sizeof area, mac));
    assert_memory_equal(mac, make_ecr_mac, 6);

    /* A newer one, while the old one is being deleted; then a cut before the
     * newer one was finished: the old one counts again. */
    at = 0x24 + 36 + 8 + 240;
    record = area + at;
    record[8] = 0;
    at += 36 + 4 + 20;
    make_ecr_record(area + at, "mac", "02:00:00:00:00:02", 17);
    assert_true(pf_image_mac(area, sizeof area, mac));
    assert_int_equal(mac[5], 2);
    area[at + 4] = 0xff;
    assert_true(pf_image_mac(area, sizeof area, mac));
    assert_memory_equal(mac, make_ecr_mac, 6);
    record[12] = 0; /* deleted */
    assert_false(pf_image_mac(area, sizeof area, mac));

    make_ecr_amt(area, false);
    assert_kind(area, sizeof area, PF_IMAGE_ECR_NV, "nv", &img);
    assert_false(img.has_mac);
    assert_false(pf_image_mac(area, sizeof area, mac));
    make_ecr_record(area + 0x24, "mac", "85:E3:42:12:34:56", 17); /* first octet is odd */
    assert_false(pf_image_mac(area, sizeof area, mac));
    make_ecr_record(area + 0x24, "mac", "84:E3:42:12:34-56", 17);
    assert_false(pf_image_mac(area, sizeof area, mac));
}

/* Code --------------------------------------------------------------------- */

static void an_application_is_known_and_goes_to_the_cpu_partition(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *cpu = buffer(0x8000), table[4096];
    struct pf_image img;
    char why[200];
    size_t n;

    (void)state;
    make_ecr_table(table);
    n = make_ecr_cpu(cpu, XIP);
    assert_kind(cpu, n, PF_IMAGE_ECR_CPU, "cpu", &img);
    assert_string_equal(img.version, "1.18.57");
    assert_non_null(strstr(img.firmware, "OpenBeken (OpenECR6600)"));
    for (int with = 0; with < 2; with++) {
        assert_int_equal(place(&img, with ? table : NULL, part, why), 1);
        assert_int_equal(part[0].addr, 0x7000);
        assert_int_equal(part[0].len, n);
        assert_int_equal(part[0].offset, 0);
    }
    /* The device's own table decides. */
    make_ecr_record(table + 0x400 + 0x3c + 0x3c, "cpu", "0x8000,0x1A0000", 15);
    assert_int_equal(place(&img, table, part, why), 1);
    assert_int_equal(part[0].addr, 0x8000);
    make_ecr_record(table + 0x400 + 0x3c + 0x3c, "cpu", "0x7000,0x001000", 15);
    assert_int_equal(place(&img, table, part, why), 0);
    assert_non_null(strstr(why, "do not fit the partition \"cpu\""));
    table[0x400 + 40] ^= 1;
    assert_int_equal(place(&img, table, part, why), 0);
    assert_non_null(strstr(why, "damaged"));
    memset(table, 0xff, sizeof table);
    assert_int_equal(place(&img, table, part, why), 0);
    assert_non_null(strstr(why, "no partition table"));

    cpu[0x40] ^= 1;
    assert_fault(cpu, n, PF_IMAGE_ECR_CPU, "cpu header", "wrong");
    make_ecr_cpu_seal(cpu); /* the header is right again, the signature is not */
    assert_fault(cpu, n, PF_IMAGE_ECR_CPU, "cpu code", "signature");
    make_ecr_cpu(cpu, XIP);
    assert_fault(cpu, n - 1, PF_IMAGE_ECR_CPU, "length", "cut off");
    cpu[n] = 0;
    assert_fault(cpu, n + 1, PF_IMAGE_ECR_CPU, "length", "goes on");
    put_le32(cpu + 0x0c, 0x60000); /* not where text may be */
    make_ecr_cpu_seal(cpu);
    assert_fault(cpu, n, PF_IMAGE_ECR_CPU, "cpu header", "instruction RAM");
    free(cpu);
}

/* With the magic of a uboot an application carries a hash that the uboot
 * checks (reference 4.4). */
static void an_application_with_a_hash_is_proved_by_it(void **state)
{
    uint8_t *cpu = buffer(0x8000), sha[32];
    struct pf_image img;
    size_t n;

    (void)state;
    n = make_ecr_cpu(cpu, XIP);
    put_le32(cpu, 0x48787032);
    pf_sha256(cpu + 0x100, n - 0x100, sha);
    memcpy(cpu + 0x6c, sha, 4);
    make_ecr_cpu_seal(cpu);
    assert_kind(cpu, n, PF_IMAGE_ECR_CPU, "cpu", &img);
    cpu[0x900] ^= 1;
    assert_fault(cpu, n, PF_IMAGE_ECR_CPU, "cpu code", "SHA-256");
    free(cpu);
}

static void a_uboot_is_known_with_its_version_and_goes_to_1000(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *uboot = buffer(0x8000);
    struct pf_image img;
    char why[200];
    size_t n;

    (void)state;
    n = make_ecr_uboot(uboot, 0x2000);
    assert_kind(uboot, n, PF_IMAGE_ECR_UBOOT, "uboot", &img);
    assert_string_equal(img.loader, "uboot V1.3.4");
    assert_int_equal(place(&img, NULL, part, why), 1);
    assert_int_equal(part[0].addr, 0x1000);
    memset(uboot + n, 0xff, 100); /* padding is no damage */
    assert_kind(uboot, n + 100, PF_IMAGE_ECR_UBOOT, "uboot", &img);
    uboot[0x1000] ^= 1;
    assert_fault(uboot, n, PF_IMAGE_ECR_UBOOT, "uboot code", "wrong");
    uboot[0x1000] ^= 1;
    uboot[0x08] ^= 1;
    assert_fault(uboot, n, PF_IMAGE_ECR_UBOOT, "uboot header", "wrong");
    uboot[0x08] ^= 1;
    assert_fault(uboot, n - 1, PF_IMAGE_ECR_UBOOT, "length", "cut off");
    n = make_ecr_uboot(uboot, 0x6000);
    assert_fault(uboot, n, PF_IMAGE_ECR_UBOOT, "uboot size", "do not fit");
    free(uboot);
}

static int weak_random(void *state, unsigned char *out, size_t len)
{
    uint32_t *x = state;

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)((*x = *x * 1664525u + 1013904223u) >> 24);
    return 0;
}

static void a_signature_is_right_only_for_its_bytes_and_its_key(void **state)
{
    uint8_t hash[32] = {1, 2, 3}, key[65], sig[64], empty[64] = {0};
    uint32_t seed = 5;
    mbedtls_ecp_keypair pair;
    mbedtls_mpi r, s;
    size_t n;

    (void)state;
    mbedtls_ecp_keypair_init(&pair);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, &pair, weak_random, &seed), 0);
    assert_int_equal(mbedtls_ecp_point_write_binary(&pair.grp, &pair.Q, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                                    &n, key, 65),
                     0);
    assert_int_equal(mbedtls_ecdsa_sign(&pair.grp, &r, &s, &pair.d, hash, 32, weak_random, &seed),
                     0);
    assert_int_equal(mbedtls_mpi_write_binary(&r, sig, 32), 0);
    assert_int_equal(mbedtls_mpi_write_binary(&s, sig + 32, 32), 0);
    assert_int_equal(ecr_signature(key + 1, hash, sig), ECR_SIGNED);
    assert_int_equal(ecr_signature(ecr_public_key, hash, sig), ECR_MISMATCH);
    assert_int_equal(ecr_signature(ecr_public_key, hash, empty), ECR_UNSIGNED);
    hash[31] ^= 1;
    assert_int_equal(ecr_signature(key + 1, hash, sig), ECR_MISMATCH);
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_keypair_free(&pair);
}

static size_t gzip(const uint8_t *data, size_t len, uint8_t *out, size_t cap)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static void a_stub_is_never_firmware_raw_or_gzipped(void **state)
{
    static const char *const names[] = {NULL, "ECR6600F_stub_V1.4.0", "ECR6600F_customstub_V1.0.0"};
    uint8_t stub[0x1000], packed[0x2000], back[0x1000];
    struct pf_image img;
    size_t n, z;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        n = make_ecr_stub(stub, names[i]);
        assert_kind(stub, n, PF_IMAGE_ECR_STUB, "stub", &img);
        assert_int_equal(img.nparts, 0);
        if (names[i])
            assert_string_equal(img.version, names[i]);
        assert_refused(&img, CHIP, "this is a RAM stub, not firmware");
        assert_refused(&img, "bk7231n", "this is a RAM stub, not firmware");
        z = gzip(stub, n, packed, sizeof packed);
        assert_kind(packed, z, PF_IMAGE_ECR_STUB, "stub", &img);
        assert_refused(&img, CHIP, "gzip");
        assert_int_equal(pf_image_stub(packed, z, back, sizeof back), n);
        assert_memory_equal(back, stub, n);
        assert_int_equal(pf_image_stub(packed, z, back, n - 1), 0);
        assert_int_equal(pf_image_stub(packed, z - 1, back, n), 0);
        assert_int_equal(pf_image_stub(stub, n, back, sizeof back), n);
    }
    pf_image_inspect(stub, n - 10, &img);
    assert_int_equal(img.kind, PF_IMAGE_ECR_STUB);
    assert_false(img.intact); /* the end is where the signature is */
    memset(stub + 100, 0x11, 900);
    n = gzip(stub + 100, 900, packed, sizeof packed);
    pf_image_inspect(packed, n, &img);
    assert_int_equal(img.kind, PF_IMAGE_FOREIGN);
}

/* Containers --------------------------------------------------------------- */

static void an_all_in_one_places_its_segments_and_never_the_stub(void **state)
{
    static const struct {
        const char *name;
        uint32_t addr;
    } want[] = {{"partition", 0}, {"uboot", 0x1000}, {"cpu", 0x7000}};
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *oneb = buffer(0x10000);
    struct pf_image img;
    char why[200];
    size_t n;

    (void)state;
    n = make_ecr_oneb(oneb, XIP);
    assert_kind(oneb, n, PF_IMAGE_ECR_ALLINONE, "oneb", &img);
    assert_string_equal(img.loader, "uboot V1.3.4");
    assert_int_equal(place(&img, NULL, part, why), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(part[i].name, want[i].name);
        assert_int_equal(part[i].addr, want[i].addr);
        assert_int_not_equal(part[i].offset, 5 + 9); /* the stub's data */
    }
    assert_memory_equal(oneb + part[2].offset, "\x18\x20\x26\x02", 4);
    assert_refused(&img, "bk7231n", "it is no BK7231 image: ECR6600 all-in-one");
    assert_refused(&img, "bk7231t", "it is no BK7231 image");

    for (size_t cut = 0; cut < 64; cut++)
        assert_fault(oneb, n - 1 - cut * 200, PF_IMAGE_ECR_ALLINONE, "length", "cut off");
    oneb[n] = 0;
    assert_fault(oneb, n + 1, PF_IMAGE_ECR_ALLINONE, "length", "goes on");
    oneb[part[1].offset + 0x700] ^= 1;
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "uboot code", "wrong");
    free(oneb);
}

static void segments_in_any_order_are_placed_in_address_order(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *oneb = buffer(0x20000), *p = buffer(0x8000);
    struct pf_image img;
    char why[200];
    size_t n;

    (void)state;
    n = make_ecr_entry(oneb, 0, 2, 0x7000, p, (uint32_t)make_ecr_cpu(p, XIP));
    make_ecr_amt(p, true);
    n = make_ecr_entry(oneb, n, 2, 0x1FE000, p, 0x2000);
    make_ecr_table(p);
    n = make_ecr_entry(oneb, n, 2, 0, p, 0x1000);
    assert_kind(oneb, n, PF_IMAGE_ECR_ALLINONE, "oneb", &img);
    assert_int_equal(place(&img, NULL, part, why), 3);
    assert_string_equal(part[0].name, "partition");
    assert_string_equal(part[1].name, "cpu");
    assert_string_equal(part[2].name, "nv");
    assert_true(img.has_mac);
    free(p);
    free(oneb);
}

static void containers_that_make_no_sense_are_refused_by_reason(void **state)
{
    uint8_t *oneb = buffer(0x20000), *p = buffer(0x8000);
    uint32_t len;
    size_t n;

    (void)state;
    len = (uint32_t)make_ecr_cpu(p, XIP);
    n = make_ecr_entry(oneb, 0, 2, 0x9000, p, len);
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "segments", "it belongs at 0x7000");
    n = make_ecr_entry(oneb, 0, 2, 0x7000, p, len);
    n = make_ecr_entry(oneb, n, 2, 0x8000, p, 16);
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "segments", "overlaps");
    n = make_ecr_entry(oneb, 0, 2, 0x7010, p, 16);
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "segments", "no place");
    n = make_ecr_entry(oneb, 0, 3, 0x7000, p, len);
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "entries", "unknown type");
    n = make_ecr_entry(oneb, 0, 0, 0x10000, p, (uint32_t)make_ecr_stub(p, NULL));
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "entries", "no flash segment");
    n = make_ecr_entry(oneb, 0, 2, 0xFFFFF000, p, 0x2000);
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "segments", "no place");
    for (uint32_t i = n = 0; i < 10; i++)
        n = make_ecr_entry(oneb, n, 2, 0x100000 + i * 0x1000, p, 16);
    assert_fault(oneb, n, PF_IMAGE_ECR_ALLINONE, "entries", "10 flash segments");
    free(p);
    free(oneb);
}

static void a_container_without_a_table_must_fit_the_devices(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *oneb = buffer(0x20000), *p = buffer(0x8000), table[4096];
    struct pf_image img;
    char why[200];
    size_t n;

    (void)state;
    n = make_ecr_entry(oneb, 0, 2, 0x7000, p, (uint32_t)make_ecr_cpu(p, XIP));
    pf_image_inspect(oneb, n, &img);
    make_ecr_table(table);
    assert_int_equal(place(&img, table, part, why), 1);
    make_ecr_record(table + 0x400 + 0x3c + 0x3c, "cpu", "0x8000,0x1A0000", 15);
    assert_int_equal(place(&img, table, part, why), 0);
    assert_non_null(strstr(why, "0x1a0000 at 0x8000"));
    free(p);
    free(oneb);
}

static void an_ota_package_unpacks_to_its_application(void **state)
{
    struct pf_image img;
    uint8_t *ota = buffer(0x10000);
    size_t n;

    (void)state;
    n = make_ecr_ota(ota, 0x10000, 0x6000);
    assert_kind(ota, n, PF_IMAGE_ECR_OTA, "ota", &img);
    assert_string_equal(img.version, "1.18.57");
    assert_refused(&img, CHIP, "HTTP");
    assert_fault(ota, n - 1, PF_IMAGE_ECR_OTA, "length", "cut off");
    assert_fault(ota, 0x60, PF_IMAGE_ECR_OTA, "length", "cut off");
    ota[0x400] ^= 0x10;
    assert_fault(ota, n, PF_IMAGE_ECR_OTA, "package", "CRC-32");
    make_ecr_ota_seal(ota, n); /* the sum is right again, the stream is not */
    pf_image_inspect(ota, n, &img);
    assert_false(img.intact);

    n = make_ecr_ota(ota, 0x10000, 0x6000);
    make_ecr_ota_seal(ota, n - 40); /* sum and size right, stream cut */
    assert_fault(ota, n - 40, PF_IMAGE_ECR_OTA, "payload", "ends too early");
    n = make_ecr_ota(ota, 0x10000, 0x6000);
    put_le32(ota + 0x18, 0x50000000);
    make_ecr_ota_seal(ota, n);
    assert_fault(ota, n, PF_IMAGE_ECR_OTA, "payload", "more than it may");
    n = make_ecr_ota(ota, 0x10000, 0x6000);
    put_le32(ota + 0x18, get_le32(ota + 0x18) - 1);
    make_ecr_ota_seal(ota, n);
    assert_fault(ota, n, PF_IMAGE_ECR_OTA, "payload", "application of");
    ota[7] = 0x11;
    make_ecr_ota_seal(ota, n);
    assert_fault(ota, n, PF_IMAGE_ECR_OTA, "payload", "unknown method");
    free(ota);
}

/* Whole flash -------------------------------------------------------------- */

static void a_backup_is_known_with_uboot_version_firmware_and_mac(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *flash = buffer(2 * ECR_MAKE_ROOM);
    struct pf_image img;
    char why[200];

    (void)state;
    make_ecr_backup(flash, XIP);
    assert_kind(flash, ECR_MAKE_ROOM, PF_IMAGE_ECR_BACKUP, "backup", &img);
    assert_int_equal(img.flash_size, 0x200000);
    assert_memory_equal(img.mac, make_ecr_mac, 6);
    assert_string_equal(img.loader, "uboot V1.3.4");
    assert_int_equal(place(&img, NULL, part, why), 1);
    assert_int_equal(part[0].len, 0x200000);
    assert_int_equal(part[0].addr, 0);
    assert_int_equal(pf_image_place(&img, CHIP, 0x100000, part, 8, why, sizeof why), 0);
    assert_int_equal(pf_image_place(&img, CHIP, 0x400000, part, 8, why, sizeof why), 1);
    assert_refused(&img, "bk7231n", "whole flash backup");

    memset(flash + ECR_MAKE_ROOM, 0xff, ECR_MAKE_ROOM);
    assert_kind(flash, 2 * ECR_MAKE_ROOM, PF_IMAGE_ECR_BACKUP, "backup", &img);
    assert_fault(flash, 0x100000, PF_IMAGE_ECR_BACKUP, "length", "cut off");
    assert_fault(flash, 0x1FFFFF, PF_IMAGE_ECR_BACKUP, "length", "cut off");
    assert_fault(flash, 0x1001, PF_IMAGE_ECR_BACKUP, "length", "cut off");
    assert_fault(flash, 0x300000, PF_IMAGE_ECR_BACKUP, "length", "no flash chip");
    memset(flash + 0x7020, 0x77, 64); /* whose key firmware is signed with is not our business */
    make_ecr_cpu_seal(flash + 0x7000);
    assert_kind(flash, ECR_MAKE_ROOM, PF_IMAGE_ECR_BACKUP, "backup", &img);
    memset(flash + 0x1FE000, 0xff, 0x2000);
    assert_fault(flash, 0x200000, PF_IMAGE_ECR_BACKUP, "nv_amt", "blank");
    /* A copy of what was there is still placed; a cut one is not. */
    pf_image_inspect(flash, 0x200000, &img);
    assert_int_equal(place(&img, NULL, part, why), 1);
    pf_image_inspect(flash, 0x1FFFFF, &img);
    assert_int_equal(place(&img, NULL, part, why), 0);
    free(flash);
}

static void a_lone_nv_amt_goes_where_the_device_has_it(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t area[0x2000], table[4096];
    struct pf_image img;
    char why[200];

    (void)state;
    make_ecr_table(table);
    make_ecr_amt(area, true);
    pf_image_inspect(area, sizeof area, &img);
    assert_int_equal(place(&img, table, part, why), 1);
    assert_int_equal(part[0].addr, 0x1FE000);
    pf_image_inspect(area, 0x1000, &img); /* half of it: which half? */
    assert_int_equal(place(&img, table, part, why), 0);
    assert_fault(area, 0x1800, PF_IMAGE_ECR_NV, "length", "cut off");
    area[0x24 + 36 + 8 + 3] ^= 1;
    assert_fault(area, sizeof area, PF_IMAGE_ECR_NV, "nv_amt", "damaged");
}

static void what_runs_is_told_from_a_few_sectors(void **state)
{
    static const uint32_t addr[] = {0, 0x1000, 0x7000, 0x1FE000, 0x1FF000};
    uint8_t *flash = buffer(ECR_MAKE_ROOM);
    const uint8_t *sector[5];
    struct pf_firmware fw;

    (void)state;
    make_ecr_backup(flash, XIP);
    for (size_t i = 0; i < 5; i++)
        sector[i] = flash + addr[i];
    pf_firmware_inspect(CHIP, addr, sector, 5, &fw);
    assert_string_equal(fw.loader, "uboot V1.3.4");
    assert_string_equal(fw.version, "1.0.0");
    assert_non_null(strstr(fw.firmware, "OpenBeken"));
    assert_int_equal(fw.npartitions, 9);
    assert_string_equal(fw.partition[8].name, "nv_amt");
    assert_true(fw.has_mac);
    assert_memory_equal(fw.mac, make_ecr_mac, 6);
    memset(flash, 0xff, ECR_MAKE_ROOM);
    pf_firmware_inspect(CHIP, addr, sector, 5, &fw);
    assert_false(fw.has_mac);
    assert_int_equal(fw.npartitions, 0);
    assert_string_equal(fw.firmware, "");
    pf_firmware_inspect(NULL, addr, sector, 5, &fw);
    pf_firmware_inspect("none", addr, sector, 5, &fw);
    assert_string_equal(fw.loader, "");
    free(flash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standalone_partition_table_comes_out_byte_for_byte),
        cmocka_unit_test(the_partition_table_is_read_in_full),
        cmocka_unit_test(a_table_with_a_changed_record_names_it),
        cmocka_unit_test(partitions_that_overlap_are_no_table),
        cmocka_unit_test(the_mac_is_read_from_nv_records_of_any_state),
        cmocka_unit_test(an_application_is_known_and_goes_to_the_cpu_partition),
        cmocka_unit_test(an_application_with_a_hash_is_proved_by_it),
        cmocka_unit_test(a_uboot_is_known_with_its_version_and_goes_to_1000),
        cmocka_unit_test(a_signature_is_right_only_for_its_bytes_and_its_key),
        cmocka_unit_test(a_stub_is_never_firmware_raw_or_gzipped),
        cmocka_unit_test(an_all_in_one_places_its_segments_and_never_the_stub),
        cmocka_unit_test(segments_in_any_order_are_placed_in_address_order),
        cmocka_unit_test(containers_that_make_no_sense_are_refused_by_reason),
        cmocka_unit_test(a_container_without_a_table_must_fit_the_devices),
        cmocka_unit_test(an_ota_package_unpacks_to_its_application),
        cmocka_unit_test(a_backup_is_known_with_uboot_version_firmware_and_mac),
        cmocka_unit_test(a_lone_nv_amt_goes_where_the_device_has_it),
        cmocka_unit_test(what_runs_is_told_from_a_few_sectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
