/* help.c - help printed from the tables of commands and options. */
#include <string.h>

#include "cli/options.h"

#define COLUMN 27
#define WIDTH  80

/* Print `text` from column COLUMN on, broken at blanks. */
static void wrap(FILE *out, const char *text)
{
    size_t at = COLUMN;

    while (*text) {
        size_t n = strcspn(text, " ");

        if (at > COLUMN && at + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", COLUMN, "");
            at = COLUMN;
        } else if (at > COLUMN) {
            fputc(' ', out);
            at++;
        }
        fwrite(text, 1, n, out);
        at += n;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct cli_option *o)
{
    char left[80], letter[8] = "    ";
    int n;

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name, o->arg ? " " : "",
                 o->arg ? o->arg : "");
    fputs(left, out);
    if (n + 2 > COLUMN)
        fprintf(out, "\n%*s", COLUMN, "");
    else
        fprintf(out, "%*s", COLUMN - n, "");
    wrap(out, o->help);
}

static void print_globals(FILE *out)
{
    fputs("Global options, before or after the command:\n", out);
    for (size_t i = 0; i < OPT_COUNT; i++)
        if (!cli_option_table[i].commands)
            print_option(out, &cli_option_table[i]);
    fputs("\nThe environment gives defaults to those with a value: PLUGFLASH_PORT,\n"
          "PLUGFLASH_BAUD, PLUGFLASH_SYNC_TIMEOUT and so on; an option wins.\n"
          "ADDR and LEN are 0x11000, 69632 or 68k; 2M; LEN may be ALL where it makes sense.\n",
          out);
}

static void print_overview(FILE *out)
{
    fputs("usage: plugflash [GLOBAL OPTIONS] COMMAND [ARGS]\n\n"
          "Backs up, writes and verifies the flash of Wi-Fi plugs over a serial port.\n\n"
          "Commands (plugflash COMMAND --help tells more):\n",
          out);
    for (const struct cli_command *c = cli_commands; c->name; c++)
        fprintf(out, "  %-9s %s\n", c->name, c->title);
    fputs("Also understood: read-flash, write-flash, fread (backup), fwrite (write).\n\n", out);
    print_globals(out);
    fputs("\nExit status: 0 done and verified, 1 internal, 2 usage, 3 port, 4 no sync,\n"
          "5 wrong chip or image, 6 link broke, 7 content differs, 8 could not verify,\n"
          "9 guard refused, 10 file, 11 device refused, 12 interrupted half-way (run it\n"
          "again), 130 stopped by Ctrl-C with nothing changed.\n",
          out);
}

void cli_help(FILE *out, const struct cli_command *command)
{
    bool any = false;

    if (!command) {
        print_overview(out);
        return;
    }
    fprintf(out, "usage: plugflash %s%s%s [OPTIONS]\n\n%s\n", command->name,
            *command->args ? " " : "", command->args, command->title);
    if (command->help)
        fprintf(out, "\n%s", command->help);
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct cli_option *o = &cli_option_table[i];

        if (!o->commands || !(o->commands & CMD_BIT(command->id)))
            continue;
        if (!any)
            fputs("\nOptions:\n", out);
        any = true;
        print_option(out, o);
    }
    fputc('\n', out);
    print_globals(out);
}
