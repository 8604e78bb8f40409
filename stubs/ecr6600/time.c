/* time.c - microseconds from the 40 MHz of PIT1's channel 3. */
#include "ecr6600/chip.h"
#include "ecr6600/regs.h"

static uint32_t us_now, last_count;

void chip_time_init(void)
{
    CLK_EN0 |= CLK_EN0_PIT1;
    PIT1_CH_EN &= ~PIT1_CH3_TIMER;
    PIT1_CH3_CTRL = PIT1_CH3_APB32;
    PIT1_CH3_LOAD = 0xffffffff;
    PIT1_CH_EN |= PIT1_CH3_TIMER;
    last_count = PIT1_CH3_COUNT;
}

/* The counter goes round in 107 s: the main loop calls this oftener. */
uint32_t hal_us(struct stub_hal *h)
{
    uint32_t gone = (last_count - PIT1_CH3_COUNT) / PIT1_PER_US;

    (void)h;
    last_count -= gone * PIT1_PER_US;
    us_now += gone;
    return us_now;
}

void chip_wait(uint32_t us)
{
    uint32_t from = PIT1_CH3_COUNT;

    while (from - PIT1_CH3_COUNT < us * PIT1_PER_US)
        ;
}
