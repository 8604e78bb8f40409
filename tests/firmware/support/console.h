/* console.h - the console of one plug: a line of commands, what it answers, what holds then. */
#ifndef TESTS_FIRMWARE_CONSOLE_H
#define TESTS_FIRMWARE_CONSOLE_H

#include "core/expr.h"
#include "rig.h"

#define PLUG "{\"22\":\"WifiLED;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

static char reply[4096]; /* of the last line that ran */

static inline int plug_of(const char *pins)
{
    rig_new(HAL_ECR6600, pins);
    rig_boot(HAL_RESET_POWER);
    return 0;
}

/* A setup of tests: the boot has lasted. */
static inline int up(void **state)
{
    (void)state;
    plug_of(PLUG);
    rig_run(6000);
    return 0;
}

/* Whatever the line is, no room for its arguments stays taken. */
static inline enum cmd_result run(const char *line)
{
    struct out o;
    enum cmd_result r;

    out_init(&o, reply, sizeof reply);
    r = cmd_run(&rig, line, CMD_HTTP, &o);
    assert_false(o.over);
    assert_int_equal(rig.cmds.depth, 0);
    assert_int_equal(rig.cmds.used, 0);
    return r;
}

static inline void ok(const char *line)
{
    if (run(line) != CMD_OK)
        fail_msg("%s: not done", line);
}

static inline void assert_reply(const char *line, const char *expected)
{
    run(line);
    if (strcmp(reply, expected) != 0)
        fail_msg("%s\nsays  %s\nnot   %s", line, reply, expected);
}

static inline bool holds(const char *condition)
{
    double v;

    if (!expr_eval(&rig, condition, &v))
        fail_msg("%s: no condition", condition);
    return v != 0;
}

#endif
