/* cmd.h - console commands: one parser, tables of handlers (reference 3).
 *
 * A text is lines; a line is one command, or `backlog` and several parted by `;`. They run
 * in order, each once, an unknown one stops nothing. What follows a delay_s, delay_ms or
 * waitFor waits as a script and goes on from cmd_tick(): nothing here blocks. */
#ifndef CORE_CMD_H
#define CORE_CMD_H

#include "core/out.h"

#define CMD_NAME     127u /* the longest name */
#define CMD_TEXT     512u /* of a startup command, with its NUL */
#define CMD_LINE     660u /* one command, name and arguments; a longer one is refused */
#define CMD_ARGS     32u
#define CMD_CONSTANT 40u  /* characters a $constant becomes, at most */
#define CMD_DEPTH    6u   /* commands that run commands that run commands ... */
#define CMD_CHAIN    128u /* and so many of those from one text */

struct plug;

enum cmd_result { CMD_OK, CMD_UNKNOWN, CMD_FEW, CMD_EMPTY, CMD_BAD, CMD_ERROR };
/* Bits, so that a handler may ask for several. */
enum cmd_source {
    CMD_CONSOLE = 1,
    CMD_SCRIPT = 2,
    CMD_MQTT = 4,
    CMD_HTTP = 8,
    CMD_TCP = 16,
    CMD_TELE = 64
};

/* What a script waits for: time, or an event, or that it is so already. */
struct cmd_wait {
    bool asked, for_event;
    uint8_t event;
    int32_t arg;
    uint32_t ms;
};

struct cmd {
    struct plug *p;
    enum cmd_source source;
    const char *name; /* as in its table */
    int index;        /* behind the name, -1: none */
    unsigned value;   /* of its row */
    char *all;        /* arguments as they came */
    unsigned args;
    const char *arg[CMD_ARGS]; /* split, quotes taken off, $constants expanded */
    uint16_t at[CMD_ARGS];     /* where each begins in `all` */
    struct out *reply;         /* by way of cmd_answer() */
    bool answered;
    struct cmd_wait *wait; /* of the script this is a step of */
};

struct cmd_entry {
    const char *name;
    uint8_t min_args;
    enum cmd_result (*run)(struct cmd *c);
    uint8_t value; /* for handlers that serve several rows */
};

/* Run a text once. `reply`, NULL: nobody wants it, gets what `/cm` answers (reference
 * 5.4), "{}" by default. Returns the first result that is not CMD_OK. */
enum cmd_result cmd_run(struct plug *p, const char *line, enum cmd_source source,
                        struct out *reply);
void cmd_tick(struct plug *p, uint32_t ms);
/* Of event.c, for waitFor. */
void cmd_event(struct plug *p, unsigned event, int32_t arg);
void cmd_stop_scripts(struct plug *p);
bool cmd_exists(const char *name); /* in a table, with or without an index */

/* ---- for handlers --------------------------------------------------------- */

/* Where the reply goes instead of "{}"; NULL: nobody wants it. */
struct out *cmd_answer(struct cmd *c);
/* All from argument `from` on, or up to `to`, as it came, without the quotes around it; each
 * part once for each command. "" behind the last. */
char *cmd_rest(struct cmd *c, unsigned from);
char *cmd_part(struct cmd *c, unsigned from, unsigned to);
void cmd_unescape(char *s); /* \" becomes " */
/* A number; what a $constant became may have a fraction, which is cut. */
bool cmd_int(const struct cmd *c, unsigned i, int32_t min, int32_t max, int32_t *out);
bool cmd_real(const struct cmd *c, unsigned i, double *out);
bool cmd_channel(const struct cmd *c, unsigned i, unsigned *ch);

/* Tables, each in its own file, each ended by a NULL name. */
extern const struct cmd_entry cmd_core[], cmd_pins[], cmd_channels[], cmd_power[], cmd_events[],
    cmd_network[], cmd_mqtt[], cmd_meter[], cmd_time[];

/* ---- state ----------------------------------------------------------------- */

#define CMD_SCRIPTS 4u
#define CMD_ALIASES 8u
#define CMD_POOL    1600u /* a startup command as long as OpenBeken's record allows */
#define CMD_SPACE   2560u

struct cmd_script {
    bool busy, backlog;
    uint16_t id, from, len, at; /* in the pool; `at` of the next command */
    struct cmd_wait wait;
};
struct cmd_alias {
    char name[24], command[128];
};
struct cmds {
    struct cmd_script script[CMD_SCRIPTS];
    char pool[CMD_POOL]; /* what scripts still have to do */
    uint16_t pooled, ids;
    char space[CMD_SPACE]; /* of commands that run now, the innermost last */
    uint16_t used;
    uint8_t depth, chain;
    struct cmd_alias alias[CMD_ALIASES];
    uint8_t aliases;
    /* Told by commands, done by others; 0: as it is without the command. */
    uint8_t power_save;      /* level; wifi */
    uint16_t index_refresh;  /* ms between polls of the page */
    uint32_t discover_in_ms; /* until it is told to Home Assistant */
    uint16_t tele_sensor_s, tele_state_s;
};

#endif
