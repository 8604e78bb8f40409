/* util.c - spans, regions, guards and link care; see util.h. */
#include "ops/util.h"

#include <string.h>

const char *pf_proof_name(enum pf_proof proof)
{
    switch (proof) {
    case PF_PROOF_CRC32:
        return "device-crc32";
    case PF_PROOF_SHA256:
        return "device-sha256";
    case PF_PROOF_READBACK:
        return "read-back";
    default:
        return "none";
    }
}

enum pf_err ops_check_span(struct pf_session *s, uint32_t addr, size_t len, uint32_t align)
{
    const uint32_t size = s->id.flash_size;

    if (!size || size % PF_SECTOR || size > OPS_FLASH_MAX)
        return pf_fail(s->ctx, PF_ERR_SUPPORT,
                       "flash size 0x%x is unknown or beyond 16 MiB: give it with --flash-size",
                       size);
    if (!len)
        return pf_fail(s->ctx, PF_ERR_RANGE, "the length is 0");
    if (addr >= size || len > size - addr)
        return pf_fail(s->ctx, PF_ERR_RANGE,
                       "0x%06x, length 0x%zx, reaches beyond the flash of 0x%x bytes", addr, len,
                       size);
    if (addr % align || len % align)
        return pf_fail(s->ctx, PF_ERR_RANGE, "0x%06x, length 0x%zx: both must be multiples of %u",
                       addr, len, align);
    return PF_OK;
}

const struct pf_region *ops_region_in(const struct pf_session *s, uint32_t addr, uint32_t len,
                                      unsigned flags)
{
    for (const struct pf_region *r = pf_session_regions(s); r && r->name; r++)
        if ((r->flags & flags) && (uint64_t)r->addr < (uint64_t)addr + len &&
            (uint64_t)addr < (uint64_t)r->addr + r->len)
            return r;
    return NULL;
}

const char *ops_region_name(const struct pf_session *s, uint32_t addr)
{
    const struct pf_region *r = ops_region_in(s, addr, 1, ~0u);

    /* Regions without flags count too. */
    for (const struct pf_region *q = pf_session_regions(s); !r && q && q->name; q++)
        if (addr >= q->addr && addr - q->addr < q->len)
            r = q;
    return r ? r->name : "";
}

bool ops_guard_open(const struct pf_guard *guard, const struct pf_region *region)
{
    if (region->flags & PF_REGION_LOCKED)
        return false;
    if (guard->none)
        return true;
    for (size_t i = 0; i < guard->count; i++)
        if (!strcmp(guard->names[i], region->name))
            return true;
    return false;
}

enum pf_err ops_guard_check(struct pf_session *s, const struct pf_guard *guard)
{
    for (size_t i = 0; i < guard->count; i++) {
        const struct pf_region *r = pf_session_regions(s);

        while (r && r->name && strcmp(r->name, guard->names[i]) != 0)
            r++;
        if (!r || !r->name)
            return pf_fail(s->ctx, PF_ERR_USAGE, "%s has no region called '%s' (see info)",
                           s->chip->title, guard->names[i]);
        if (r->flags & PF_REGION_LOCKED)
            return pf_fail(s->ctx, PF_ERR_GUARD,
                           "region '%s' never opens: without it the chip cannot be flashed over "
                           "its serial port again",
                           r->name);
    }
    if (guard->none && !s->id.has_chip_id)
        return pf_fail(s->ctx, PF_ERR_GUARD,
                       "--guard none wants the device's chip id typed back, and this loader does "
                       "not tell one: name the regions instead");
    if (guard->none && guard->typed_id != s->id.chip_id)
        return pf_fail(s->ctx, PF_ERR_GUARD,
                       "--guard none wants this device's chip id typed back: it is 0x%08x, not "
                       "0x%08x",
                       s->id.chip_id, guard->typed_id);
    return PF_OK;
}

void ops_keepalive(struct pf_session *s)
{
    if (s->proto->keepalive)
        (void)s->proto->keepalive(s);
}

bool ops_is_link_error(enum pf_err err)
{
    return err == PF_ERR_IO || err == PF_ERR_TIMEOUT || err == PF_ERR_PROTOCOL ||
           err == PF_ERR_SYNC;
}

bool ops_is_stub(const struct pf_image *image)
{
    return image->kind == PF_IMAGE_ECR_STUB || image->kind == PF_IMAGE_BL_LOADER;
}

bool ops_find_mac(const struct pf_session *s, uint32_t addr, const uint8_t *content, size_t len,
                  uint8_t mac[6])
{
    for (const struct pf_region *r = pf_session_regions(s); r && r->name; r++) {
        if (!(r->flags & PF_REGION_IDENTITY) || r->addr < addr)
            continue;
        if ((uint64_t)(r->addr - addr) + r->len > len)
            continue;
        if (pf_image_mac(content + (r->addr - addr), r->len, mac))
            return true;
    }
    if (s->id.has_mac)
        memcpy(mac, s->id.mac, 6);
    return s->id.has_mac;
}
