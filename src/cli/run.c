/* run.c - which function runs which command. */
#include "cli/cli.h"

enum pf_err cli_run(struct cli *cli)
{
    switch (cli->opt.command->id) {
    case CMD_PORTS:
        return cmd_ports(cli);
    case CMD_INFO:
        return cmd_info(cli);
    case CMD_BACKUP:
        return cmd_backup(cli);
    case CMD_RESTORE:
        return cmd_restore(cli);
    case CMD_WRITE:
        return cmd_write(cli);
    case CMD_VERIFY:
        return cmd_verify(cli);
    case CMD_ERASE:
        return cmd_erase(cli);
    case CMD_READ:
        return cmd_read(cli);
    case CMD_HASH:
        return cmd_hash(cli);
    case CMD_MAP:
        return cmd_map(cli);
    case CMD_IMAGE:
        return cmd_image(cli);
    case CMD_SIM:
        return cmd_sim(cli);
    case CMD_CHIPS:
        return cmd_chips(cli);
    case CMD_NONE:
    case CMD_COUNT:
        break;
    }
    return pf_fail(&cli->ctx, PF_ERR_INTERNAL, "a command without a function");
}
