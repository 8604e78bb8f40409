/* command.h - the commands as data: names, arguments, what they do.
 *
 * What runs them is in run.c, so that help and parsing need no other layer. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum cli_command_id {
    CMD_NONE,
    CMD_PORTS,
    CMD_INFO,
    CMD_BACKUP,
    CMD_RESTORE,
    CMD_WRITE,
    CMD_VERIFY,
    CMD_ERASE,
    CMD_READ,
    CMD_HASH,
    CMD_MAP,
    CMD_IMAGE,
    CMD_SIM,
    CMD_CHIPS,
    CMD_COUNT,
};

#define CMD_BIT(id) (1u << (id))
/* Commands that talk to a device. */
#define CMD_DEVICE                                                                                 \
    (CMD_BIT(CMD_INFO) | CMD_BIT(CMD_BACKUP) | CMD_BIT(CMD_RESTORE) | CMD_BIT(CMD_WRITE) |         \
     CMD_BIT(CMD_VERIFY) | CMD_BIT(CMD_ERASE) | CMD_BIT(CMD_READ) | CMD_BIT(CMD_HASH) |            \
     CMD_BIT(CMD_MAP))

struct cli_command {
    enum cli_command_id id;
    const char *name;
    const char *args; /* synopsis after the name */
    size_t min, max;  /* positional arguments */
    const char *title;
    const char *help; /* paragraph, lines of at most 78 columns; NULL none */
};

/* Ends with name == NULL. */
extern const struct cli_command cli_commands[];

/* Finds a command by name or alias; dashes and underscores are the same.
 * *alias tells whether it was called write-flash, which takes esptool's
 * `ADDR FILE`. NULL: unknown. */
const struct cli_command *cli_command_by_name(const char *name, bool *write_flash);
const struct cli_command *cli_command_by_id(enum cli_command_id id);

#endif
