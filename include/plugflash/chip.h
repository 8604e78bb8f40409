/* chip.h - a chip is data: one const table entry each, no code.
 *
 * Where code would ask `if (chip is ...)`, this table lacks a field. */
#ifndef PLUGFLASH_CHIP_H
#define PLUGFLASH_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PF_SECTOR 4096u
#define PF_BLOCK  65536u
#define PF_PAGE   256u

struct pf_protocol;
struct pf_stub;

enum pf_region_flag {
    PF_REGION_GUARD = 1 << 0,    /* not touched unless named with --guard */
    PF_REGION_LOCKED = 1 << 1,   /* never touched: losing it ends serial flashing */
    PF_REGION_IDENTITY = 1 << 2, /* MAC and calibration of this very unit */
    PF_REGION_CODE = 1 << 3,     /* code the chip decrypts: key must match */
};

/* A named span of flash with an owner. `addr` counts from 0x0; for flash sizes
 * that move a region, the table has an entry per size. */
struct pf_region {
    const char *name;  /* for --guard and `info` */
    const char *title; /* for people */
    uint32_t addr, len;
    unsigned flags; /* enum pf_region_flag */
};

enum pf_tested { PF_TESTED_NO, PF_TESTED_SIM, PF_TESTED_HW };

struct pf_chip {
    const char *name;   /* "bk7231n"; what --chip takes */
    const char *title;  /* "Beken BK7231N" */
    const char *family; /* "bk7231"; folder in protocols/ */
    const struct pf_protocol *protocol;
    struct {
        uint32_t size; /* 0: ask the device */
    } flash;
    struct {
        uint32_t boot;          /* rate after reset */
        uint32_t fast;          /* default transfer rate */
        const uint32_t *ladder; /* descending, 0-terminated: what to fall back to */
    } baud;
    const struct pf_region *regions; /* ends with name == NULL; sorted by addr; a device's own
                                        partition table wins: pf_session.regions */
    const uint32_t *info_sectors;    /* what `info` reads to tell the firmware; ends with ~0u */
    const uint8_t *default_mac;      /* 6 bytes that firmware falls back to when a unit has lost
                                        its own; NULL: no such */
    bool takes_stub;                 /* its loader can run a RAM stub (--stub) */
    const struct pf_stub *stub;      /* our own; NULL: none */
    struct {
        enum pf_tested read, erase, write;
    } tested;
};

/* All chips, for --chip, `info` and table checks; ends with NULL. */
extern const struct pf_chip *const pf_chips[];

/* NULL when there is no such chip. */
const struct pf_chip *pf_chip_by_name(const char *name);

/* The region that holds `addr`, or NULL. */
const struct pf_region *pf_region_at(const struct pf_chip *chip, uint32_t addr);
const struct pf_region *pf_region_by_name(const struct pf_chip *chip, const char *name);

#endif
