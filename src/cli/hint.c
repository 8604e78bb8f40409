/* hint.c - see hint.h. One remedy per code is why the codes are what they are. */
#include "cli/hint.h"

#include <stddef.h>

/* The situations in which a code's usual remedy is beside the point. */
static const char *special(const struct cli_situation *now, enum pf_err err)
{
    if (err == PF_ERR_PORT && now->had_port && now->power_cmd)
        return "both commands of --power-cmd are run by /bin/sh and must end with status 0 within "
               "10 s: try them by themselves in a terminal.";
    if (err == PF_ERR_SUPPORT && now->had_port && !now->linked && now->no_stub)
        return "without --stub none plugflash loads a stub of its own; --stub FILE loads another "
               "(for a BL602 those are called eflash_loader).";
    if (err == PF_ERR_SYNC && now->no_stub)
        return "start plugflash first, then take the power away from the chip and give it again, "
               "never while it is on mains; with --stub none an ECR6600 or a BL602 is only found "
               "when a stub runs on it already; --sync-timeout 0 waits for ever, --trace FILE "
               "keeps what the wire said.";
    if (err == PF_ERR_CHIP && !now->chip_named)
        return "`plugflash info` names the chip and `plugflash image info FILE` the file.";
    return NULL;
}

const char *cli_hint(const struct cli_situation *now, enum pf_err err)
{
    const char *hint = special(now, err);

    if (hint)
        return hint;
    switch (err) {
    case PF_ERR_PORT:
        return "`plugflash ports` lists what is there; close other programs that hold the port; "
               "on Linux your user must be in the group that owns it (often dialout).";
    case PF_ERR_SYNC:
        return "start plugflash first, then take the power away from the chip and give it again, "
               "never while it is on mains; --sync-timeout 0 waits for ever, --trace FILE keeps "
               "what the wire said.";
    case PF_ERR_CHIP:
        return "`plugflash info` names the chip and `plugflash image info FILE` the file; "
               "--chip auto accepts what is found.";
    case PF_ERR_IO:
        return "the adapter went away: check the cable and the USB port, then run it again.";
    case PF_ERR_TIMEOUT:
    case PF_ERR_PROTOCOL:
        return "a lower --baud, shorter wires and a better 3.3 V supply (a radio chip draws "
               "300 mA); -v shows each retry, --trace keeps the wire.";
    case PF_ERR_VERIFY:
        return "the file and the flash are not the same: run `write` or `restore`, or look at "
               "the spans named above.";
    case PF_ERR_UNPROVEN:
        return "nothing is known to be wrong, but it is not proved either: run `verify` again, "
               "with a lower --baud.";
    case PF_ERR_GUARD:
        return "`plugflash info` shows the guarded regions; name one with --guard to open it if "
               "you have a backup and mean it.";
    case PF_ERR_FILE:
        return NULL;
    case PF_ERR_REFUSED:
        return "the flash may be write-protected or badly supplied: check 3.3 V under load and "
               "run it again; `plugflash info` shows the protection bits.";
    case PF_ERR_PARTIAL:
        return "do not cut the power: run the same command again with --resume, it goes on where "
               "it "
               "stopped and proves the whole.";
    case PF_ERR_SUPPORT:
        return "another port, loader or option may be able to; -v says more.";
    case PF_ERR_INTERNAL:
        return "this is a bug in plugflash: please report it with the output of -v --trace FILE.";
    default:
        return NULL;
    }
}
