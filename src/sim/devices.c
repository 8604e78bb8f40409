/* devices.c - the table of virtual devices, and all keys for people. */
#include "sim/devices.h"

#include <string.h>

const struct sim_device_ops *const sim_devices[] = {
    &sim_bk7231t, &sim_bk7231n, &sim_bl602, &sim_ecr6600, NULL,
};

const struct sim_device_ops *sim_device_by_name(const char *name, size_t len)
{
    for (size_t i = 0; sim_devices[i]; i++)
        if (strlen(sim_devices[i]->name) == len && !memcmp(sim_devices[i]->name, name, len))
            return sim_devices[i];
    return NULL;
}

const char *pf_sim_help(void)
{
    return "flash=FILE           initial contents; not written unless save=1\n"
           "save=1               write the contents back at the end\n"
           "size=2M              flash size, 64K to 16M\n"
           "jedec=EB6015         flash id; its last byte follows the size unless given\n"
           "sr=4004              status registers SR2 SR1 at power-on\n"
           "srcount=2            status registers the part has: 1, 2, 3\n"
           "sr1clears=0          1: writing SR1 alone clears SR2\n"
           "sr2by31=0            1: SR2 is only written by opcode 31\n"
           "terase=45 tblock=150 tpage=500   ms per sector and block, us per page\n"
           "crc=4M               hash speed of the device, bytes per second\n"
           "lat=1                USB latency from device to host, ms\n"
           "packet=512           bytes a USB packet carries\n"
           "seed=1               of synthetic flash, faults and garbage\n"
           "mac=02:50:46:..      of synthetic flash\n"
           "power=wired          --power-cmd and set_power() switch it; fixed: nobody does;\n"
           "                     cycle:MS a person does until linked; on:MS it comes then\n"
           "reset=rts            line wired to the reset pin: rts, dtr, none; nrts, ndtr: "
           "inverted\n"
           "start=app            what runs at first: app, boot, loader (waits for a link), stub\n"
           "app=silent           application: silent, reboot-text, chatty\n"
           "chat=200             ms between what a chatty application says\n"
           "levels=ok            bad: the adapter's voltage is wrong, all bytes are garbage\n"
           "pace=1               served: keep real wire and flash times\n"
           "limit=0              served: end after so many ms\n"
           "linesock=PATH        served: datagram socket that takes `L DTR RTS` lines\n" FAULT_HELP
               BK7231T_HELP BK7231N_HELP BL602_HELP ECR6600_HELP;
}
