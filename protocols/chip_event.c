/* chip_event.c - see chip_event.h. */
#include "chip_event.h"

#include <stdio.h>

void chip_event(struct pf_session *s, const struct pf_field *extra, size_t count)
{
    const struct pf_identity *id = &s->id;
    struct pf_field jedec[3], field[16 + CHIP_EVENT_EXTRA];
    char mac[18];
    size_t n = 0;

    field[n++] = PF_F_STR("chip", s->chip->name);
    field[n++] = PF_F_STR("title", s->chip->title);
    field[n++] = PF_F_STR("loader", id->loader);
    if (id->has_chip_id)
        field[n++] = PF_F_HEX("chip_id", id->chip_id);
    for (size_t i = 0; i < count && i < CHIP_EVENT_EXTRA; i++)
        field[n++] = extra[i];
    if (id->has_mac) {
        snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", id->mac[0], id->mac[1],
                 id->mac[2], id->mac[3], id->mac[4], id->mac[5]);
        field[n++] = PF_F_STR("mac", mac);
    }
    if (id->has_jedec) {
        for (size_t i = 0; i < 3; i++)
            jedec[i] = PF_F_HEX(NULL, id->jedec[i]);
        field[n++] = PF_F_ARRAY("jedec", jedec, 3);
    }
    if (id->flash_part)
        field[n++] = PF_F_STR("flash_part", id->flash_part);
    field[n++] = PF_F_UINT("flash_size", id->flash_size);
    field[n++] = PF_F_STR("size_from", id->size_from);
    if (id->has_status_reg) {
        field[n++] = PF_F_HEX("status_reg", id->status_reg);
        field[n++] = PF_F_BOOL("write_protected", id->write_protected);
    }
    field[n++] = PF_F_UINT("baud", id->baud);
    field[n++] = PF_F_UINT("latency_us", id->latency_us);
    field[n++] = PF_F_STR("evidence", id->evidence);
    field[n++] = PF_F_BOOL("evidence_weak", id->evidence_weak);
    pf_emit(s->ctx, &(struct pf_event){
                        .kind = PF_EV_CHIP, .text = s->chip->title, .fields = field, .nfields = n});
}
