/* command.c - see command.h. */
#include "cli/command.h"

#include <string.h>

const struct cli_command cli_commands[] = {
    {CMD_PORTS, "ports", "", 0, 0, "list serial ports: name, USB id, serial number, who holds it",
     NULL},
    {CMD_INFO, "info", "", 0, 0, "chip, loader, flash, MAC, partitions, what firmware is on it",
     NULL},
    {CMD_BACKUP, "backup", "-o FILE", 0, 0, "copy the whole flash from 0x0 into a file, proved",
     "Writes FILE.part while it reads, and renames it when the device has proved the\n"
     "contents; FILE.json (manifest) and FILE.sha256 stand beside it. `-o -` gives the\n"
     "proved bytes to stdout. An interrupted backup goes on with --resume.\n"},
    {CMD_RESTORE, "restore", "FILE", 1, 1, "write a backup back, keeping this device's identity",
     "FILE is a whole-flash backup made by plugflash or another tool. MAC and\n"
     "calibration stay those of the device unless --identity image is given.\n"},
    {CMD_WRITE, "write", "FILE", 1, 2, "recognise a firmware image, place it and prove it",
     "What FILE is, is told by its contents. A raw file needs --at. Only sectors that\n"
     "differ are erased and written; a verified backup is made first. Called as\n"
     "write-flash it also takes `ADDR FILE`. Interrupted: run it again.\n"},
    {CMD_VERIFY, "verify", "FILE", 1, 1, "compare the flash with a file, by device hash",
     "Exit status 0: every byte proved equal; 7: differs; 8: could not tell.\n"},
    {CMD_ERASE, "erase", "ADDR LEN | --all", 0, 2, "erase sectors, guarded regions excepted",
     "A verified backup is made first unless --no-backup is given.\n"},
    {CMD_READ, "read", "ADDR LEN FILE", 3, 3, "read a range into a file (- is stdout)",
     "LEN may be ALL: up to the end of the flash.\n"},
    {CMD_HASH, "hash", "ADDR LEN", 2, 2, "hash a range on the device",
     "LEN may be ALL: up to the end of the flash.\n"},
    {CMD_MAP, "map", "", 0, 0, "which parts of the flash are used and which are blank", NULL},
    {CMD_IMAGE, "image", "info|check|unpack|convert FILE", 2, 2,
     "look into a file, take it apart; needs no device",
     "info      what the file is, its parts, and what `write` would do with it\n"
     "check     every checksum in it; exit status 10 when one is wrong, 8 when the\n"
     "          kind of file has none\n"
     "unpack    every piece into a file of its own in the folder -o: segments of an\n"
     "          all-in-one image, partitions of a backup, what is in a package\n"
     "convert   another kind of file as -o: a backup read from 0x11000 with wrap to\n"
     "          one that starts at 0x0 (flash); an all-in-one image to flash; a\n"
     "          package to the application in it (app); a bare application to one\n"
     "          with a header (app); an application to a package (ota) or, with\n"
     "          --boot2 and --table, to a bootable flash. --flash-size pads a flash\n"},
    {CMD_SIM, "sim", "CHIP[,key=value...]", 1, 1, "a virtual device on a pty or network port",
     "Give one of --pty, --tcp and --rfc2217. Prints `ready ADDRESS` and serves until\n"
     "SIGINT or SIGTERM.\n"},
    {CMD_CHIPS, "chips", "", 0, 0, "chips this build knows, and how far each is tested", NULL},
    {CMD_NONE, NULL, NULL, 0, 0, NULL, NULL},
};

/* Words that users of esptool and BK7231GUIFlashTool have in their fingers;
 * fread of the latter reads the whole flash, hence `backup`. */
static const struct {
    const char *alias;
    enum cli_command_id id;
} aliases[] = {
    {"read-flash", CMD_READ},
    {"write-flash", CMD_WRITE},
    {"fread", CMD_BACKUP},
    {"fwrite", CMD_WRITE},
};

static bool same_word(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '_' ? '-' : *a) != *b)
            return false;
    return *a == *b;
}

const struct cli_command *cli_command_by_id(enum cli_command_id id)
{
    for (const struct cli_command *c = cli_commands; c->name; c++)
        if (c->id == id)
            return c;
    return NULL;
}

const struct cli_command *cli_command_by_name(const char *name, bool *write_flash)
{
    *write_flash = same_word(name, "write-flash");
    for (const struct cli_command *c = cli_commands; c->name; c++)
        if (same_word(name, c->name))
            return c;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (same_word(name, aliases[i].alias))
            return cli_command_by_id(aliases[i].id);
    return NULL;
}
