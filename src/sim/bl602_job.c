/* bl602_job.c - erasing and programming, operation by operation, for the ROM
 * and the loader of the virtual BL602 (reference 4.4). */
#include "sim/bl602.h"

void bl602_flash_erase(struct sim *s, uint32_t start, uint32_t end, bool say_pd)
{
    struct bl602_job *j = &bl602_of(s)->job;

    *j = (struct bl602_job){.active = true, .kind = BL602_ERASE, .say_pd = say_pd};
    j->addr = start & ~(NOR_SECTOR - 1);
    j->end = (uint64_t)end + 1;
    if (end < start)
        j->addr = j->end;
}

void bl602_erase_chip(struct sim *s)
{
    bl602_of(s)->job = (struct bl602_job){.active = true, .kind = BL602_ERASE_CHIP, .end = 1};
}

void bl602_program(struct sim *s, uint32_t addr, const uint8_t *data, uint32_t len)
{
    struct bl602_job *j = &bl602_of(s)->job;

    *j = (struct bl602_job){.active = true, .kind = BL602_PROGRAM, .data = data};
    j->addr = addr;
    j->end = (uint64_t)addr + len;
}

/* Let `ns` of flash work pass; the loader waits three times what the flash
 * configuration says and then gives up (reference 6.2). */
static void flash_work(struct sim *s, uint64_t ns, uint32_t limit_ms)
{
    struct bl602_state *b = bl602_of(s);
    uint64_t most = 3 * SIM_MS(limit_ms);

    if (b->program == BL602_IN_LOADER && ns > most && !s->instant) {
        b->job.failed = true;
        b->job.addr = b->job.end;
        ns = most;
    }
    sim_flash_work(s, ns);
}

static void erase_step(struct sim *s, struct bl602_job *j)
{
    const struct bl602_loader *l = &bl602_of(s)->loader;
    uint64_t left = j->end - j->addr;
    uint32_t unit = NOR_SECTOR, ms = l->ms_sector, at = (uint32_t)j->addr;

    if (!(at % NOR_BLOCK) && left > 60u << 10) {
        unit = NOR_BLOCK;
        ms = l->ms_block;
    } else if (!(at % NOR_HALF) && left > 28u << 10) {
        unit = NOR_HALF;
        ms = l->ms_half;
    }
    if (j->say_pd && !bl602_say(s, "PD"))
        return;
    j->addr += unit;
    nor_write_enable(&s->nor);
    flash_work(s, nor_erase(&s->nor, at, unit), ms);
}

/* One long operation; PD about once a second (reference 4.4). */
static void erase_chip_step(struct sim *s, struct bl602_job *j)
{
    if (j->pd_at && s->now < s->busy_until) {
        sim_chat(s, (const uint8_t *)"PD", 2);
        j->pd_at += SIM_MS(1000);
    } else if (j->pd_at) {
        j->addr = j->end;
    } else {
        nor_write_enable(&s->nor);
        sim_flash_work(s, nor_erase(&s->nor, 0, s->nor.size));
        j->pd_at = s->now + SIM_MS(1000);
    }
}

static void program_step(struct sim *s, struct bl602_job *j)
{
    uint32_t at = (uint32_t)j->addr, part = NOR_PAGE - at % NOR_PAGE;

    if (part > j->end - j->addr)
        part = (uint32_t)(j->end - j->addr);
    j->addr += part;
    flash_work(s, nor_program(&s->nor, at, j->data, part), bl602_of(s)->loader.ms_page);
    j->data += part;
}

void bl602_job_step(struct sim *s)
{
    struct bl602_job *j = &bl602_of(s)->job;

    if (j->addr >= j->end) {
        j->active = false;
        if (bl602_of(s)->program == BL602_IN_ROM)
            rom_job_done(s);
        else
            loader_job_done(s);
    } else if (j->kind == BL602_ERASE) {
        erase_step(s, j);
    } else if (j->kind == BL602_ERASE_CHIP) {
        erase_chip_step(s, j);
    } else {
        program_step(s, j);
    }
}
