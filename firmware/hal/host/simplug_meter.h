/* simplug_meter.h - between the simulated plug and its meter chip. */
#ifndef HAL_HOST_SIMPLUG_METER_H
#define HAL_HOST_SIMPLUG_METER_H

#include "hal/host/simplug.h"

struct simplug_wires {
    int sel, cf, cf1; /* pins of a BL0937; -1: not there */
    bool sel_inverted;
};

void simplug_meter_build(const struct simplug_wires *wires);
/* A millisecond has passed, in which this flowed. */
void simplug_meter_tick(const struct simplug_truth *now);

#endif
