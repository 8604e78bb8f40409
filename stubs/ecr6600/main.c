/* main.c - set up the chip, then the stub for ever. */
#include "common/stub.h"
#include "ecr6600/chip.h"
#include "ecr6600/regs.h"

int main(void);

static struct stub stub;

int main(void)
{
    chip_time_init();
    chip_uart_init();
    chip_spi_init();
    hal_listen(NULL);

    stub_init(&stub, &stub_ecr6600, NULL);
    for (;;) {
        stub_step(&stub);
        hal_us(NULL);
    }
}
