/* cmd.h - console commands: one parser, tables of handlers (reference 3). */
#ifndef CORE_CMD_H
#define CORE_CMD_H

#include "core/out.h"

#define CMD_LINE 512u
#define CMD_ARGS 32u

struct plug;

enum cmd_result { CMD_OK, CMD_UNKNOWN, CMD_FEW, CMD_EMPTY, CMD_BAD, CMD_ERROR };
enum cmd_source {
    CMD_CONSOLE = 1,
    CMD_SCRIPT = 2,
    CMD_MQTT = 4,
    CMD_HTTP = 8,
    CMD_TCP = 16,
    CMD_TELE = 64
};

struct cmd {
    struct plug *p;
    enum cmd_source source;
    struct out *reply;         /* JSON of `/cm` and stat/...; NULL: nobody wants it */
    const char *name;          /* without index */
    int index;                 /* behind the name, -1: none */
    const char *all;           /* arguments as one text */
    const char *arg[CMD_ARGS]; /* split, quotes taken off, $constants expanded */
    unsigned args;
};

struct cmd_entry {
    const char *name;
    uint8_t min_args;
    enum cmd_result (*run)(struct cmd *c);
    uint8_t value; /* for handlers that serve several rows */
};

/* Run one line once. `reply` gets what `/cm` answers (reference 5.4), "{}" by default. */
enum cmd_result cmd_run(struct plug *p, const char *line, enum cmd_source source,
                        struct out *reply);
/* Commands of a startup script or backlog that wait: delay_s, delay_ms, waitFor. */
void cmd_tick(struct plug *p, uint32_t ms);

/* Tables, each in its own file, each ended by a NULL name. */
extern const struct cmd_entry cmd_core[], cmd_pins[], cmd_channels[], cmd_power[], cmd_events[],
    cmd_network[], cmd_mqtt[], cmd_meter[], cmd_time[];

#define CMD_SCRIPTS 4u
struct cmd_script {
    char text[CMD_LINE];
    uint16_t at;
    uint32_t wait_ms;
    char waits_for[24];
    int32_t wait_arg;
    bool busy;
};
struct cmds {
    struct cmd_script script[CMD_SCRIPTS];
    char alias[8][2][64];
    unsigned aliases, depth;
};

#endif
