/* stub_guest.h - our own stub on the PC: what its loop and its chip share. */
#ifndef SIM_STUB_GUEST_H
#define SIM_STUB_GUEST_H

#include "common/stub.h"
#include "sim/guest.h"

#define STUB_RING    4096u /* received and not yet taken, as hal.h says */
#define STUB_TX_RING 2048u

/* What differs between the chips. */
struct stub_chip {
    const char *name; /* of the device */
    const struct stub_family *family;
    uint32_t start_ms;         /* until it listens */
    uint32_t spi_ns;           /* of a transaction beside its bits */
    uint32_t spend[HAL_WORKS]; /* nanoseconds per byte */
    uint32_t (*real_baud)(uint32_t baud);
    bool trains; /* waits for a train of 55 */
    bool (*mac)(struct stub_hal *h, uint8_t mac[6]);
};
const struct stub_chip *stub_chip_named(const char *name);

/* The chip as the stub's sources see it. */
struct stub_hal {
    struct sim *sim;
    const struct stub_chip *chip;
    bool listening; /* no rate yet */
    unsigned train; /* 55s so far, all at train_baud */
    uint32_t train_baud;
    uint32_t us, asked; /* the clock of a served device, which must not stand still */
    size_t head, len;
    uint8_t ring[STUB_RING];
};

void stub_hal_init(struct stub_hal *h, struct sim *s, const struct stub_chip *chip);
/* A byte on the pin; true: it was part of a train, or nothing for a UART without rate. */
bool stub_hal_pin(struct stub_hal *h, uint32_t baud, uint8_t byte);
/* A byte received. */
void stub_hal_rx(struct stub_hal *h, uint8_t byte);

#endif
