/* Tests of the NDS32 interpreter: the table of instructions, and what surrounds them.
 * `nds32_test --list` prints the table for nds32_coverage.sh. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/bytes.h"
#include "emu/nds32.h"
#include "emu/nds32_insn.h"
#include "emu/nds32_vectors.h"

#define MEM_BASE 0x1000u
#define MEM_SIZE 0x3000u
#define AT       0x1800u

/* ---- a CPU with 12 KiB and a device ---- */

struct rig {
    struct nds32 cpu;
    uint8_t mem[MEM_SIZE];

    struct {
        uint32_t addr, value;
        unsigned size;
        bool write;
    } seen[8];
    size_t accesses;
    bool stop; /* the device asks to stop */
    uint64_t when;
};

static bool device_read(void *ctx, uint32_t addr, unsigned size, uint32_t *value)
{
    struct rig *rig = ctx;

    if (addr >> 12 != 0x200)
        return false;
    assert_true(rig->accesses < 8);
    rig->seen[rig->accesses].addr = addr;
    rig->seen[rig->accesses].size = size;
    rig->seen[rig->accesses++].write = false;
    rig->when = rig->cpu.instructions;
    *value = 0xffu >> (4 - size) << 4 * (size - 1);
    if (rig->stop)
        nds32_stop(&rig->cpu);
    return true;
}

static bool device_write(void *ctx, uint32_t addr, unsigned size, uint32_t value)
{
    struct rig *rig = ctx;

    if (addr >> 12 != 0x200)
        return false;
    assert_true(rig->accesses < 8);
    rig->seen[rig->accesses].addr = addr;
    rig->seen[rig->accesses].size = size;
    rig->seen[rig->accesses].value = value;
    rig->seen[rig->accesses++].write = true;
    return true;
}

/* A ROM with one function: r0 = r0 + r1. */
static bool rom_call(void *ctx, struct nds32 *cpu)
{
    (void)ctx;
    if (cpu->pc != 0x250)
        return false;
    cpu->r[0] += cpu->r[1];
    cpu->pc = cpu->r[NDS32_LP];
    return true;
}

static struct rig *rig_open(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct nds32_bus bus = {rig, device_read, device_write, rom_call};

    assert_non_null(rig);
    nds32_init(&rig->cpu, &bus);
    assert_true(nds32_map(&rig->cpu, MEM_BASE, MEM_SIZE, rig->mem, true));
    rig->cpu.pc = AT;
    return rig;
}

static void rig_close(struct rig *rig)
{
    nds32_fini(&rig->cpu);
    free(rig);
}

/* Put instructions, as hexadecimal digits with blanks anywhere, at an address. */
static size_t code_at(struct rig *rig, uint32_t addr, const char *hex)
{
    size_t n = 0;
    unsigned byte;

    for (; *hex; hex += *hex == ' ' ? 1 : 2)
        if (*hex != ' ') {
            assert_int_equal(sscanf(hex, "%2x", &byte), 1);
            rig->mem[addr - MEM_BASE + n++] = (uint8_t)byte;
        }
    return n;
}

static uint32_t word_at(struct rig *rig, uint32_t addr)
{
    return get_le32(rig->mem + (addr - MEM_BASE));
}

/* ---- the table ---- */

struct state {
    uint32_t r[32], pc, itb, psw;
    uint8_t mem[MEM_SIZE];
    uint32_t swid;
    char fault[32];
    bool stopped;
};

static unsigned reg_number(const char *name)
{
    static const char *const named[] = {"fp", "gp", "lp", "sp"};

    for (unsigned i = 0; i < 4; i++)
        if (!strcmp(name, named[i]))
            return NDS32_FP + i;
    if (name[0] != 'r')
        fail_msg("no register %s", name);
    return (unsigned)strtoul(name + 1, NULL, 10);
}

static void set(struct state *s, const char *name, const char *value)
{
    uint32_t v = (uint32_t)strtoul(value, NULL, 0);

    if (name[0] == '[') {
        put_le32(s->mem + (strtoul(name + 1, NULL, 0) - MEM_BASE), v);
    } else if (!strcmp(name, "pc")) {
        s->pc = v;
    } else if (!strcmp(name, "itb")) {
        s->itb = v;
    } else if (!strcmp(name, "psw")) {
        s->psw = v;
    } else if (!strcmp(name, "break")) {
        s->swid = v;
        s->stopped = true;
        s->pc = AT;
    } else if (!strcmp(name, "fault")) {
        snprintf(s->fault, sizeof(s->fault), "%s", value);
        s->stopped = true;
        s->pc = AT;
    } else {
        s->r[reg_number(name)] = v;
    }
}

/* "name=value name=value" */
static void apply(struct state *s, const char *text)
{
    char name[16], value[16];
    int used;

    while (sscanf(text, " %15[^=]=%15s%n", name, value, &used) == 2) {
        set(s, name, value);
        text += used;
    }
}

static void recognizable(struct state *s)
{
    for (unsigned i = 0; i < 32; i++)
        s->r[i] = 0xc0de0000u + 0x111 * i;
    for (uint32_t off = 0; off < MEM_SIZE; off += 4)
        put_le32(s->mem + off, 0xa5a50000u + off);
    s->itb = 0x17b;
    s->psw = 0x50;
}

static bool same(const struct nds32_vector *v, const char *what, uint32_t is, uint32_t wanted)
{
    if (is != wanted)
        print_error("%s (%s) from %s: %s is 0x%x, not 0x%x\n", v->text, v->code, v->before, what,
                    is, wanted);
    return is == wanted;
}

static bool same_state(const struct nds32_vector *v, struct rig *rig, const struct state *s)
{
    bool ok = same(v, "pc", rig->cpu.pc, s->pc);
    char name[16];

    for (unsigned i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "r%u", i);
        ok &= same(v, name, rig->cpu.r[i], s->r[i]);
    }
    for (uint32_t off = 0; off < MEM_SIZE; off += 4) {
        snprintf(name, sizeof(name), "[0x%x]", MEM_BASE + off);
        ok &= same(v, name, get_le32(rig->mem + off), get_le32(s->mem + off));
    }
    ok &= same(v, "itb", rig->cpu.itb, s->itb);
    ok &= same(v, "psw", rig->cpu.sr[NDS32_SR_PSW], s->psw);
    ok &= same(v, "swid", rig->cpu.swid, s->swid);
    return ok;
}

static bool row_holds(const struct nds32_vector *v)
{
    struct rig *rig = rig_open();
    struct state *s = calloc(1, sizeof(*s));
    enum nds32_stop wanted = NDS32_BUDGET, got;
    bool ok;

    recognizable(s);
    apply(s, v->before);
    memcpy(rig->mem, s->mem, sizeof(s->mem));
    s->pc = AT + (uint32_t)code_at(rig, AT, v->code);
    memcpy(s->mem, rig->mem, sizeof(s->mem));
    memcpy(rig->cpu.r, s->r, sizeof(s->r));
    rig->cpu.itb = s->itb;
    rig->cpu.sr[NDS32_SR_PSW] = s->psw;

    apply(s, v->after);
    if (s->stopped)
        wanted = s->fault[0] ? NDS32_FAULT : NDS32_BREAK;
    got = nds32_run(&rig->cpu, 1);
    ok = same(v, "the reason to stop", got, wanted);
    if (got == NDS32_FAULT)
        ok &= same(v, rig->cpu.fault, !!strstr(rig->cpu.fault, s->fault), 1);
    ok &= same_state(v, rig, s);
    ok &= same(v, "the count", (uint32_t)rig->cpu.instructions, wanted == NDS32_BUDGET);
    free(s);
    rig_close(rig);
    return ok;
}

static void every_instruction_does_what_its_row_says(void **state)
{
    size_t bad = 0;

    (void)state;
    for (size_t i = 0; i < nds32_vector_count; i++)
        bad += !row_holds(&nds32_vectors[i]);
    assert_int_equal(bad, 0);
}

static struct nds32_insn decoded(const char *code)
{
    uint32_t word = (uint32_t)strtoul(code, NULL, 16);

    return nds32_decode(strlen(code) == 4 ? word << 16 : word);
}

static void no_operation_is_without_a_row(void **state)
{
    bool has[OP_SYSCALL + 1] = {[OP_NONE] = true, [OP_UNDEFINED] = true};

    (void)state;
    for (size_t i = 0; i < nds32_vector_count; i++) {
        struct nds32_insn insn = decoded(nds32_vectors[i].code);

        assert_int_equal(insn.size * 2, strlen(nds32_vectors[i].code));
        has[insn.op] = true;
    }
    for (size_t op = 0; op <= OP_SYSCALL; op++)
        if (!has[op])
            fail_msg("operation %zu has no row", op);
}

static bool in_table(const char *mnemonic)
{
    size_t n = strlen(mnemonic);

    for (size_t i = 0; i < nds32_vector_count; i++)
        if (!strncmp(nds32_vectors[i].text, mnemonic, n) &&
            (nds32_vectors[i].text[n] == ' ' || !nds32_vectors[i].text[n]))
            return true;
    return false;
}

static bool in_list(const char *text)
{
    char line[32];
    FILE *f = fopen(NDS32_TESTED, "r");
    bool found = false;
    size_t n = strcspn(text, " ");

    assert_non_null(f);
    while (!found && fgets(line, sizeof(line), f))
        found = strcspn(line, "\n") == n && !strncmp(line, text, n);
    fclose(f);
    return found;
}

static void the_list_of_tested_mnemonics_is_that_of_the_table(void **state)
{
    char line[32];
    FILE *f = fopen(NDS32_TESTED, "r");

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        if (!in_table(line))
            fail_msg("%s has no row", line);
    }
    fclose(f);
    for (size_t i = 0; i < nds32_vector_count; i++)
        if (!in_list(nds32_vectors[i].text))
            fail_msg("%s is not in " NDS32_TESTED, nds32_vectors[i].text);
}

/* ---- what it refuses ---- */

static void faults_with(const char *code, const char *text)
{
    struct rig *rig = rig_open();
    uint32_t before[32];

    rig->cpu.r[1] = 0x2001;
    rig->cpu.r[2] = 0x300000;
    rig->cpu.r[3] = 0x200000;
    memcpy(before, rig->cpu.r, sizeof(before));
    code_at(rig, AT, code);
    if (nds32_run(&rig->cpu, 1) != NDS32_FAULT)
        fail_msg("%s is executed", code);
    if (!strstr(rig->cpu.fault, text))
        fail_msg("%s: '%s' does not say '%s'", code, rig->cpu.fault, text);
    assert_non_null(strstr(rig->cpu.fault, "pc 00001800"));
    assert_int_equal(rig->cpu.pc, AT);
    assert_int_equal(rig->cpu.instructions, 0);
    assert_memory_equal(rig->cpu.r, before, sizeof(before));
    rig_close(rig);
}

static void an_unknown_instruction_is_a_fault_that_names_it(void **state)
{
    static const char *const words[] = {
        "06000000", /* ldi */
        "26000000", /* lwsi */
        "30000000", /* flsi */
        "6a000000", /* coprocessor */
        "70000000", /* SIMD */
        "4200000e", /* ffb */
        "42000029", /* mult64 */
        "420003ff", /* DSP */
        "42000020", /* mfusr of d0.lo */
        "420f8021", /* mtusr of pc */
        "42108068", /* mulsr64 into an odd register */
        "38000003", /* ld */
        "38000018", /* llw */
        "38000020", /* lbup */
        "3a020001", /* lmwa */
        "3a010403", /* LSMW of unknown kind */
        "3a200000", /* lmw of r2 to r0 */
        "3bf00000", /* lmw of sp to r0 */
        "3a00f800", /* lmw of r0 to lp */
        "3bf0fc00", /* lmw of nothing */
        "3a000404", /* lmw.bim into its base */
        "4e000000", /* ifcall */
        "4e0c0000", /* bgezal */
        "4a000002", /* jrnez */
        "4a000100", /* jr.itoff */
        "4a000060", /* ifret */
        "4a100000", /* jr with something in rt */
        "64000000", /* standby */
        "64000001", /* cctl */
        "64000004", /* iret */
        "64000006", /* teqz */
        "64020023", /* setend.l */
        "64200043", /* mtsr with a sub-operation, of another register */
        "83ff",     /* ifret16 */
        "dd40",     /* ex9.it */
        "ddc0",     /* reserved */
        "ea20",     /* ex9.it */
        "f800",     /* ifcall9 */
        "fe00",     /* misc33, reserved */
        "fe01",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        faults_with(words[i], words[i]);
}

static void reserved_fields_must_be_zero(void **state)
{
    (void)state;
    faults_with("40008828", "undefined instruction 40008828"); /* slli, rd 1 */
    faults_with("40008830", "undefined");                      /* seb, rd 1 */
    faults_with("40008410", "undefined");                      /* seb, rb 1 */
    faults_with("40008827", "undefined");                      /* slts, rd 1 */
    faults_with("42000407", "undefined");                      /* clz, rb 1 */
    faults_with("64000028", "undefined");                      /* dsb */
    faults_with("64000029", "undefined");                      /* isb */
    faults_with("6400004c", "undefined");                      /* msync of kind 2 */
    faults_with("64020022", "undefined");                      /* mfsr */
    faults_with("641000aa", "undefined");                      /* break */
}

static void an_access_across_its_boundary_is_a_fault(void **state)
{
    (void)state;
    faults_with("02008000", "load of 2 bytes from 00002001 is not aligned");
    faults_with("04008000", "load of 4 bytes from 00002001 is not aligned");
    faults_with("12008000", "store of 2 bytes to 00002001 is not aligned");
    faults_with("14008000", "store of 4 bytes to 00002001 is not aligned");
    faults_with("3a008000", "load of 4 bytes from 00002001 is not aligned");    /* lmw.bi */
    faults_with("3a008020", "store of 4 bytes to 00002001 is not aligned");     /* smw.bi */
    faults_with("0401ffff", "load of 4 bytes from 001ffffc, nothing is there"); /* aligned */
}

static void an_access_where_nothing_is_is_a_fault(void **state)
{
    (void)state;
    faults_with("00010000", "load of 1 bytes from 00300000, nothing is there");
    faults_with("14010000", "store of 4 bytes to 00300000, nothing is there");
}

static void a_moving_load_may_not_load_its_base(void **state)
{
    (void)state;
    faults_with("08108001", "base"); /* lbi.bi $r1, [$r1], 1 */
}

static void division_without_a_result_is_a_fault(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    faults_with("40010037", "division by zero");
    code_at(rig, AT, "40010c36"); /* divsr $r0, $r1, $r2, $r3 */
    rig->cpu.r[2] = 0x80000000u;
    rig->cpu.r[3] = 0xffffffffu;
    assert_int_equal(nds32_run(&rig->cpu, 1), NDS32_FAULT);
    rig_close(rig);
}

static void rom_cannot_be_written(void **state)
{
    struct rig *rig = rig_open();
    uint8_t rom[64] = {0x11, 0x22, 0x33, 0x44};

    (void)state;
    assert_true(nds32_map(&rig->cpu, 0x10000, sizeof(rom), rom, false));
    code_at(rig, AT, "b401 b601"); /* lwi450 $r0, [$r1]; swi450 $r0, [$r1] */
    rig->cpu.r[1] = 0x10000;
    assert_int_equal(nds32_run(&rig->cpu, 2), NDS32_FAULT);
    assert_int_equal(rig->cpu.r[0], 0x44332211);
    assert_non_null(strstr(rig->cpu.fault, "store of 4 bytes to 00010000, which is read only"));
    rig_close(rig);
}

/* ---- what surrounds it ---- */

static void other_addresses_are_the_bus(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    rig->cpu.r[1] = 0x200010;
    rig->cpu.r[2] = 0x12345678;
    /* lbi r3, [r1+1]; lbsi r4, [r1+1]; lhi r5, [r1+2]; lwi r6, [r1]; sbi, shi, swi r2 */
    code_at(rig, AT, "00308001 20408001 02508001 04608000 10208001 12208001 14208001");
    assert_int_equal(nds32_run(&rig->cpu, 7), NDS32_BUDGET);
    assert_int_equal(rig->accesses, 7);
    assert_int_equal(rig->when, 3);
    assert_int_equal(rig->seen[0].addr, 0x200011);
    assert_int_equal(rig->seen[0].size, 1);
    assert_int_equal(rig->seen[2].addr, 0x200012);
    assert_int_equal(rig->seen[2].size, 2);
    assert_int_equal(rig->seen[3].size, 4);
    assert_true(rig->seen[4].write && rig->seen[5].write && rig->seen[6].write);
    assert_int_equal(rig->seen[4].value & 0xff, 0x78);
    assert_int_equal(rig->seen[5].addr, 0x200012);
    assert_int_equal(rig->seen[6].value, 0x12345678);
    assert_int_equal(rig->seen[6].addr, 0x200014);
    rig_close(rig);
}

static void a_device_can_stop_the_cpu_behind_its_access(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    rig->stop = true;
    rig->cpu.r[1] = 0x200000;
    code_at(rig, AT, "b401 8c01 8c01"); /* lwi450 $r0, [$r1]; addi45 $r0, 1; again */
    assert_int_equal(nds32_run(&rig->cpu, 100), NDS32_ASKED);
    assert_int_equal(rig->cpu.instructions, 1);
    assert_int_equal(rig->cpu.r[0], 0xff000);
    assert_int_equal(nds32_run(&rig->cpu, 2), NDS32_BUDGET);
    assert_int_equal(rig->cpu.r[0], 0xff002);
    rig_close(rig);
}

static void it_stops_when_the_budget_is_used_and_goes_on_from_there(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    code_at(rig, AT, "8c01 d5ff"); /* addi45 $r0, 1; j8 .-2 */
    assert_int_equal(nds32_run(&rig->cpu, 0), NDS32_BUDGET);
    assert_int_equal(rig->cpu.pc, AT);
    assert_int_equal(nds32_run(&rig->cpu, 1001), NDS32_BUDGET);
    assert_int_equal(rig->cpu.instructions, 1001);
    assert_int_equal(rig->cpu.r[0], 501);
    assert_int_equal(rig->cpu.pc, AT + 2);
    assert_int_equal(nds32_run(&rig->cpu, 999), NDS32_BUDGET);
    assert_int_equal(rig->cpu.r[0], 1000);
    rig_close(rig);
}

static void a_called_function_halts_when_it_returns(void **state)
{
    struct rig *rig = rig_open();
    uint32_t args[] = {40, 2};

    (void)state;
    code_at(rig, AT, "9801 dd9e"); /* add333 $r0, $r0, $r1; ret5 */
    assert_int_equal(nds32_call(&rig->cpu, AT, args, 2, UINT64_MAX), NDS32_HALT);
    assert_int_equal(rig->cpu.r[0], 42);
    assert_int_equal(rig->cpu.instructions, 2);
    rig_close(rig);
}

static void a_function_that_is_not_in_memory_can_be_the_hosts(void **state)
{
    struct rig *rig = rig_open();
    uint32_t args[] = {40, 2};

    (void)state;
    /* push25 $r6, 0; movi $r2, 0x250; jral5 $r2; addi45 $r0, 1; pop25 $r6, 0 */
    code_at(rig, AT, "fc00 44200250 dd22 8c01 fc80");
    rig->cpu.r[NDS32_SP] = 0x3000;
    assert_int_equal(nds32_call(&rig->cpu, AT, args, 2, 100), NDS32_HALT);
    assert_int_equal(rig->cpu.r[0], 43);
    assert_int_equal(rig->cpu.r[NDS32_SP], 0x3000);
    rig_close(rig);
}

static void jumping_where_nothing_is_is_a_fault(void **state)
{
    static const uint32_t to[] = {0x5000, 0x1801, 0xfffffffc, 0x248};

    (void)state;
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        struct rig *rig = rig_open();

        code_at(rig, AT, "dd00"); /* jr5 $r0 */
        rig->cpu.r[0] = to[i];
        assert_int_equal(nds32_run(&rig->cpu, 5), NDS32_FAULT);
        assert_non_null(strstr(rig->cpu.fault, "execution"));
        assert_int_equal(rig->cpu.pc, to[i]);
        rig_close(rig);
    }
}

static void an_instruction_does_not_reach_over_the_end_of_memory(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    rig->cpu.pc = 0x3ffe;
    assert_int_equal(nds32_run(&rig->cpu, 1), NDS32_FAULT);
    code_at(rig, 0x3ffc, "9200 9200");
    rig->cpu.pc = 0x3ffc;
    nds32_flush(&rig->cpu);
    assert_int_equal(nds32_run(&rig->cpu, 3), NDS32_FAULT);
    assert_int_equal(rig->cpu.pc, 0x4000);
    rig_close(rig);
}

static void written_code_is_what_is_executed(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    /* 1840: shi333 $r2, [$r1]; addi $r0, $r0, 1; j8 .-6. The store hits the constant. */
    code_at(rig, 0x1840, "ac88 50000001 d5fd");
    rig->cpu.pc = 0x1840;
    rig->cpu.r[1] = 0x1844;
    rig->cpu.r[2] = 0x0100; /* big-endian: 0001 */
    assert_int_equal(nds32_run(&rig->cpu, 3), NDS32_BUDGET);
    assert_int_equal(rig->cpu.r[0], 1);
    rig->cpu.r[2] = 0x1000; /* 0010 */
    assert_int_equal(nds32_run(&rig->cpu, 3), NDS32_BUDGET);
    assert_int_equal(rig->cpu.r[0], 17);
    rig_close(rig);
}

static void every_size_of_store_hits_code(void **state)
{
    static const struct {
        const char *store;
        uint32_t at, value;
    } cases[] = {
        {"ae88", 0x1a01, 0x07},       /* sbi333 $r2, [$r1], the constant of addi45 */
        {"ac88", 0x1a00, 0x078c},     /* shi333 */
        {"a888", 0x1a00, 0x9edd078c}, /* swi333, with the ret5 behind it */
        {"a888", 0x19fc, 0x00000000}, /* beside it */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rig *rig = rig_open();
        uint32_t args[] = {0, cases[i].at, cases[i].value};

        code_at(rig, 0x1a00, "8c01 dd9e"); /* addi45 $r0, 1; ret5 */
        code_at(rig, AT, cases[i].store);
        code_at(rig, AT + 2, "dd9e");
        assert_int_equal(nds32_call(&rig->cpu, 0x1a00, args, 3, 9), NDS32_HALT);
        assert_int_equal(nds32_call(&rig->cpu, AT, args, 3, 9), NDS32_HALT);
        assert_int_equal(nds32_call(&rig->cpu, 0x1a00, args, 3, 9), NDS32_HALT);
        assert_int_equal(rig->cpu.r[0], i < 3 ? 7 : 1);
        rig_close(rig);
    }
}

static void one_memory_at_two_addresses_is_one_memory(void **state)
{
    struct rig *rig = rig_open();
    uint32_t args[] = {0, 0x40001a01, 7};

    (void)state;
    assert_true(nds32_map(&rig->cpu, 0x40001800, 0x800, rig->mem + 0x800, true));
    code_at(rig, 0x1a00, "8c01 dd9e"); /* addi45 $r0, 1; ret5 */
    code_at(rig, AT, "ae88 dd9e");     /* sbi333 $r2, [$r1]; ret5 */
    assert_int_equal(nds32_call(&rig->cpu, 0x40001a00, args, 1, 9), NDS32_HALT);
    assert_int_equal(rig->cpu.r[0], 1);
    assert_int_equal(nds32_call(&rig->cpu, AT, args, 3, 9), NDS32_HALT);
    assert_int_equal(word_at(rig, 0x1a00), 0x9edd078c);
    assert_int_equal(nds32_call(&rig->cpu, 0x1a00, args, 1, 9), NDS32_HALT);
    assert_int_equal(rig->cpu.r[0], 7);
    assert_int_equal(nds32_call(&rig->cpu, 0x40001a00, args, 1, 9), NDS32_HALT);
    assert_int_equal(rig->cpu.r[0], 7);
    rig_close(rig);
}

static void code_changed_from_outside_needs_a_flush(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    code_at(rig, AT, "8401 dd9e"); /* movi55 $r0, 1; ret5 */
    assert_int_equal(nds32_call(&rig->cpu, AT, NULL, 0, 9), NDS32_HALT);
    code_at(rig, AT, "8402");
    nds32_flush(&rig->cpu);
    assert_int_equal(nds32_call(&rig->cpu, AT, NULL, 0, 9), NDS32_HALT);
    assert_int_equal(rig->cpu.r[0], 2);
    rig_close(rig);
}

static void memory_that_overlaps_is_not_mapped(void **state)
{
    struct rig *rig = rig_open();
    uint8_t more[128] = {0};

    (void)state;
    assert_false(nds32_map(&rig->cpu, 0x3fc0, 128, more, true));
    assert_false(nds32_map(&rig->cpu, 0x0fc0, 128, more, true));
    assert_false(nds32_map(&rig->cpu, 0x8020, 64, more, true));
    assert_false(nds32_map(&rig->cpu, 0x8000, 0, more, true));
    assert_true(nds32_map(&rig->cpu, 0x4000, 128, more, true));
    assert_true(nds32_map(&rig->cpu, 0xffffffc0, 64, more, true));
    rig_close(rig);
}

/* ---- anything ---- */

static uint32_t chance(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed ^ *seed >> 13;
}

/* Every fault is survived; memory beside the CPU's is the sanitizers' to watch. */
static void whatever_lies_in_memory_it_ends(void **state)
{
    struct rig *rig = rig_open();
    uint32_t seed = 5;
    size_t executed = 0;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        for (size_t i = 0; i < MEM_SIZE; i++)
            rig->mem[i] = (uint8_t)(chance(&seed) >> 8);
        for (unsigned i = 0; i < 32; i++)
            rig->cpu.r[i] =
                chance(&seed) % 8 ? MEM_BASE + chance(&seed) % (MEM_SIZE / 4) * 4 : chance(&seed);
        nds32_flush(&rig->cpu);
        rig->accesses = 0;
        rig->cpu.instructions = 0;
        rig->cpu.pc = AT;
        while (rig->cpu.instructions < 300) {
            enum nds32_stop stop = nds32_run(&rig->cpu, 100);

            executed += rig->cpu.instructions;
            rig->accesses = 0;
            if (stop == NDS32_FAULT || stop == NDS32_BREAK || stop == NDS32_HALT)
                rig->cpu.pc = MEM_BASE + chance(&seed) % MEM_SIZE;
            if (stop == NDS32_FAULT)
                assert_non_null(strstr(rig->cpu.fault, "pc "));
            rig->cpu.instructions++;
        }
    }
    assert_true(executed > 10000);
    rig_close(rig);
}

static int list(void)
{
    for (size_t i = 0; i < nds32_vector_count; i++)
        printf("%s\t%s\n", nds32_vectors[i].code, nds32_vectors[i].text);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_does_what_its_row_says),
        cmocka_unit_test(no_operation_is_without_a_row),
        cmocka_unit_test(the_list_of_tested_mnemonics_is_that_of_the_table),
        cmocka_unit_test(an_unknown_instruction_is_a_fault_that_names_it),
        cmocka_unit_test(reserved_fields_must_be_zero),
        cmocka_unit_test(an_access_across_its_boundary_is_a_fault),
        cmocka_unit_test(an_access_where_nothing_is_is_a_fault),
        cmocka_unit_test(a_moving_load_may_not_load_its_base),
        cmocka_unit_test(division_without_a_result_is_a_fault),
        cmocka_unit_test(rom_cannot_be_written),
        cmocka_unit_test(other_addresses_are_the_bus),
        cmocka_unit_test(a_device_can_stop_the_cpu_behind_its_access),
        cmocka_unit_test(it_stops_when_the_budget_is_used_and_goes_on_from_there),
        cmocka_unit_test(a_called_function_halts_when_it_returns),
        cmocka_unit_test(a_function_that_is_not_in_memory_can_be_the_hosts),
        cmocka_unit_test(jumping_where_nothing_is_is_a_fault),
        cmocka_unit_test(an_instruction_does_not_reach_over_the_end_of_memory),
        cmocka_unit_test(written_code_is_what_is_executed),
        cmocka_unit_test(every_size_of_store_hits_code),
        cmocka_unit_test(one_memory_at_two_addresses_is_one_memory),
        cmocka_unit_test(code_changed_from_outside_needs_a_flush),
        cmocka_unit_test(memory_that_overlaps_is_not_mapped),
        cmocka_unit_test(whatever_lies_in_memory_it_ends),
    };

    if (argc == 2 && !strcmp(argv[1], "--list"))
        return list();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
