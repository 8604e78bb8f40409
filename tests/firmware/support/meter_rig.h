/* meter_rig.h - a plug with nothing around it but what a test says of its power, and time. */
#ifndef TESTS_FIRMWARE_METER_RIG_H
#define TESTS_FIRMWARE_METER_RIG_H

#include "rig.h"

#include <math.h>

#define TURN_MS 250u
#define DAY_S   86400u
#define NOON    (19675 * DAY_S + DAY_S / 2) /* of 2023-11-14, UTC */

static jmp_buf cut; /* where it goes on when the power went */

static inline double value(enum meter_quantity q)
{
    assert_true(rig.meter.valid[q]);
    assert_true(isfinite(rig.meter.value[q]));
    return rig.meter.value[q];
}

static inline void assert_near(double is, double should, double by)
{
    if (!(fabs(is - should) <= by))
        fail_msg("%.9g instead of %.9g, by more than %g", is, should, by);
}

static inline void test_power(double volt, double ampere, double watt)
{
    meter_set_test(&rig, &(struct meter_test){volt, ampere, watt, 50, 0});
}

static inline void start_again(void)
{
    host_restart(HAL_RESET_POWER);
    plug_boot(&rig);
    assert_true(meter_start(&rig, "TESTPOWER", NULL));
}

static inline int fresh(void **state)
{
    (void)state;
    host_reset();
    host_power_to(&cut);
    start_again();
    config_set_number(&rig.cfg, CFG_BOOT_SECONDS, PLUG_NO_SAFE); /* restarts follow quickly */
    assert_true(plug_save(&rig));
    return 0;
}

static inline void run(uint32_t ms)
{
    for (uint32_t done = 0; done < ms; done += TURN_MS) {
        host_advance_ms(TURN_MS);
        plug_tick(&rig, hal_ms());
    }
}

static inline void clock_says(uint32_t utc)
{
    rig.clock.synced = true;
    rig.clock.epoch_s = utc;
    rig.clock.at_ms = hal_ms();
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

#endif
