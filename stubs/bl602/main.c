/* main.c - set up the chip, then the stub for ever. */
#include "bl602/chip.h"
#include "common/stub.h"

int main(void);

static struct stub stub;

int main(void)
{
    chip_time_init(32); /* the ROM leaves everything on its oscillator of 32 MHz */
    chip_efuse_load();
    chip_clock_init();
    chip_time_init(80);
    chip_uart_init();
    hal_listen(NULL);
    chip_spi_init();

    stub_init(&stub, &stub_bl602, NULL);
    for (;;)
        stub_step(&stub);
}
