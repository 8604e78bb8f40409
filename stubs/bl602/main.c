/* main.c - set up the chip, then the stub for ever. */
#include "bl602/chip.h"
#include "common/stub.h"

int main(void);

static struct stub stub;

int main(void)
{
    chip_init();
    hal_listen(NULL);
    /* Whoever read the flash last may have left it in continuous read, which FF ends. */
    hal_spi(NULL, &(struct hal_spi){.opcode = 0xff, .has_addr = true, .addr = 0xffffff});

    stub_init(&stub, &stub_bl602, NULL);
    for (;;)
        stub_step(&stub);
}
