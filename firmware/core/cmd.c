/* cmd.c - the parser: texts into commands, commands into arguments, scripts that wait.
 *
 * A command that runs lives in a piece of cmds.space, given back when it is done, so that
 * commands may run commands without copies on the stack. Handlers are in cmd_*.c. */
#include "core/cmd.h"

#include <string.h>

#include "core/event.h"
#include "core/expr.h"
#include "core/log.h"
#include "core/plug.h"

static const struct cmd_entry *const tables[] = {
    cmd_power, cmd_channels, cmd_core, cmd_pins, cmd_events,
    cmd_meter, cmd_network,  cmd_mqtt, cmd_time,
};

/* ---- characters ------------------------------------------------------------ */

/* Bytes of the character at the front of `n`; a byte that begins none is one of its own. */
static size_t char_len(const char *s, size_t n)
{
    const uint8_t c = (uint8_t)*s;
    const size_t len = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;

    for (size_t i = 1; i < len; i++)
        if (i >= n || ((uint8_t)s[i] & 0xc0) != 0x80)
            return 1;
    return len;
}

/* Length of the blank there; 0: there is none. A no-break space comes by itself (A0) or in
 * UTF-8; the same byte inside of another character is no blank. */
static size_t blank_len(const char *s, size_t n)
{
    if (!n)
        return 0;
    if (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n' || (uint8_t)*s == 0xa0)
        return 1;
    return n > 1 && (uint8_t)s[0] == 0xc2 && (uint8_t)s[1] == 0xa0 ? 2 : 0;
}

/* Of the quoted part there, with both quotes; 0: no quote, or none that closes it. */
static size_t quoted_len(const char *s, size_t n)
{
    if (!n || *s != '"')
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (s[i] == '\\' && i + 1 < n && s[i + 1] == '"')
            i++;
        else if (s[i] == '"')
            return i + 1;
    }
    return 0;
}

/* Is this word at the front, whatever its case, with digits behind it or not? Its length. */
static size_t word_len(const char *s, size_t n, const char *word, bool digits)
{
    const size_t len = strlen(word);
    size_t i;

    for (i = 0; i < len; i++)
        if (i >= n || (s[i] | 0x20) != (word[i] | 0x20))
            return 0;
    while (digits && i < n && s[i] >= '0' && s[i] <= '9')
        i++;
    return i == n || blank_len(s + i, n - i) ? i : 0;
}

/* ---- a text into commands ---------------------------------------------------- */

struct text {
    const char *s;
    size_t len, at;
    bool backlog; /* `;` parts commands, until the line ends */
};

static void skip_between(struct text *t)
{
    size_t n;

    while (t->at < t->len) {
        if (t->s[t->at] == '\n') {
            t->backlog = false;
            t->at++;
        } else if (t->backlog && t->s[t->at] == ';') {
            t->at++;
        } else if ((n = blank_len(t->s + t->at, t->len - t->at)) != 0) {
            t->at += n;
        } else if ((n = word_len(t->s + t->at, t->len - t->at, "backlog", true)) != 0) {
            t->backlog = true;
            t->at += n;
        } else {
            return;
        }
    }
}

static bool comment(const struct text *t)
{
    return t->len - t->at >= 2 && t->s[t->at] == '/' && t->s[t->at + 1] == '/';
}

static size_t line_end(const struct text *t)
{
    const char *end = memchr(t->s + t->at, '\n', t->len - t->at);

    return end ? (size_t)(end - t->s) : t->len;
}

/* Where the command that begins here ends. Quoted parts are whole. */
static size_t command_end(const struct text *t)
{
    const size_t end = line_end(t);
    bool start = true; /* of an argument */

    for (size_t i = t->at, n; i < end; i += n) {
        if (t->backlog && t->s[i] == ';')
            return i;
        n = start ? quoted_len(t->s + i, end - i) : 0;
        if (!n)
            n = char_len(t->s + i, end - i);
        start = blank_len(t->s + i, end - i) != 0;
    }
    return end;
}

/* A startup command that comes alone is all the rest, whatever lines and quotes it has. */
static bool takes_all(const struct text *t)
{
    size_t i = 0;

    while (i < t->len && (t->s[i] == ' ' || t->s[i] == '\t'))
        i++;
    return t->at == i && word_len(t->s + i, t->len - i, "StartupCommand", false);
}

static bool next_command(struct text *t, const char **s, size_t *len)
{
    for (skip_between(t); t->at < t->len && comment(t); skip_between(t))
        t->at = line_end(t);
    if (t->at >= t->len)
        return false;
    *s = t->s + t->at;
    t->at = takes_all(t) ? t->len : command_end(t);
    *len = (size_t)(t->s + t->at - *s);
    while (*len && strchr(" \t\r\n", (*s)[*len - 1]))
        --*len;
    return true;
}

static bool is_over(struct text t)
{
    const char *s;
    size_t len;

    return !next_command(&t, &s, &len);
}

/* ---- a command into arguments --------------------------------------------------- */

/* A piece of the space that commands live in; given back with all behind it. */
static char *take_space(struct cmds *m, size_t len)
{
    char *s = m->space + m->used;

    if (len > sizeof m->space - m->used)
        return NULL;
    m->used = (uint16_t)(m->used + len);
    return s;
}

/* The value of what begins with `$`, as text; 0: it has none. */
static size_t expand(struct plug *p, const char *s, size_t n, char value[CMD_CONSTANT + 1])
{
    char name[CMD_CONSTANT * 2];
    struct out o;
    double v;

    if (n >= sizeof name)
        return 0;
    memcpy(name, s, n);
    name[n] = '\0';
    if (!expr_eval(p, name, &v))
        return 0;
    out_init(&o, value, CMD_CONSTANT + 1);
    out_short(&o, v, 6);
    return o.len;
}

/* One argument into the space; false: no room. */
static bool add_arg(struct cmd *c, const char *s, size_t n)
{
    char value[CMD_CONSTANT + 1], *to;
    const bool quoted = quoted_len(s, n) == n && n;
    const size_t expanded = *s == '$' ? expand(c->p, s, n, value) : 0;
    size_t len = 0;

    if (expanded) {
        s = value;
        n = expanded;
    } else if (quoted) {
        s++;
        n -= 2;
    }
    to = take_space(&c->p->cmds, n + 1);
    if (!to)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!quoted || s[i] != '\\' || i + 1 >= n || s[i + 1] != '"')
            to[len++] = s[i];
    to[len] = '\0';
    c->arg[c->args++] = to;
    return true;
}

/* False: no room for them. More than CMD_ARGS are only in `all`. */
static bool split_args(struct cmd *c)
{
    const char *s = c->all;
    const size_t len = strlen(s);

    for (size_t i = 0, n; i < len && c->args < CMD_ARGS; i += n) {
        const size_t from = i;

        n = blank_len(s + i, len - i);
        if (n)
            continue;
        n = quoted_len(s + i, len - i);
        for (; !n && i < len && !blank_len(s + i, len - i); i += char_len(s + i, len - i))
            ;
        c->at[c->args] = (uint16_t)from;
        if (!add_arg(c, s + from, n ? n : i - from))
            return false;
    }
    return true;
}

struct out *cmd_answer(struct cmd *c)
{
    c->answered = c->reply != NULL;
    return c->reply;
}

void cmd_unescape(char *s)
{
    char *to = s;

    for (; *s; s++)
        if (*s != '\\' || s[1] != '"')
            *to++ = *s;
    *to = '\0';
}

char *cmd_part(struct cmd *c, unsigned from, unsigned to)
{
    char *s = c->all + (from < c->args ? c->at[from] : strlen(c->all));
    size_t len = to < c->args ? c->at[to] - (size_t)(s - c->all) : strlen(s);

    while (len && blank_len(s + len - 1, 1) && (uint8_t)s[len - 1] != 0xa0)
        len--;
    s[len] = '\0';
    if (!len || quoted_len(s, len) != len)
        return s;
    s[len - 1] = '\0';
    cmd_unescape(++s);
    return s;
}

char *cmd_rest(struct cmd *c, unsigned from)
{
    return cmd_part(c, from, c->args);
}

bool cmd_real(const struct cmd *c, unsigned i, double *out)
{
    return i < c->args && text_real(c->arg[i], out);
}

bool cmd_int(const struct cmd *c, unsigned i, int32_t min, int32_t max, int32_t *out)
{
    double real;

    if (i >= c->args)
        return false;
    if (!text_int(c->arg[i], out)) {
        if (c->all[c->at[i]] != '$' || !cmd_real(c, i, &real))
            return false;
        *out = (int32_t)real;
    }
    return *out >= min && *out <= max;
}

bool cmd_channel(const struct cmd *c, unsigned i, unsigned *ch)
{
    int32_t n;

    if (!cmd_int(c, i, 0, CHANNELS - 1, &n))
        return false;
    *ch = (unsigned)n;
    return true;
}

/* ---- a command by its name -------------------------------------------------------- */

static const struct cmd_entry *find(const char *name)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct cmd_entry *e = tables[i]; e->name; e++)
            if (text_same(e->name, name))
                return e;
    return NULL;
}

/* The name as it is, else cut at its first digit: the rest is the index. */
static const struct cmd_entry *find_indexed(char *name, int *index)
{
    const struct cmd_entry *e = find(name);
    const size_t cut = strcspn(name, "0123456789");
    int32_t n;

    *index = -1;
    if (e || !name[cut] || strlen(name + cut) > 4 || !text_int(name + cut, &n))
        return e;
    *index = n;
    name[cut] = '\0';
    return find(name);
}

bool cmd_exists(const char *name)
{
    char text[32];
    int index;

    return text_copy(text, sizeof text, name) && find_indexed(text, &index);
}

static const struct cmd_alias *find_alias(const struct cmds *m, const char *name)
{
    for (unsigned i = 0; i < m->aliases && i < CMD_ALIASES; i++)
        if (text_same(m->alias[i].name, name))
            return &m->alias[i];
    return NULL;
}

static enum cmd_result run_named(struct cmd *c, char *name)
{
    const struct cmd_entry *e = find_indexed(name, &c->index);
    const struct cmd_alias *a = e ? NULL : find_alias(&c->p->cmds, name);
    char *command;

    if (a) { /* a copy: what runs may change the aliases */
        command = take_space(&c->p->cmds, sizeof a->command);
        if (!command)
            return CMD_ERROR;
        text_copy(command, sizeof a->command, a->command);
        return cmd_run(c->p, command, c->source, NULL);
    }
    if (!e) {
        log_say(c->p, LOG_WARN, "command unknown: %s", name);
        return CMD_UNKNOWN;
    }
    if (!split_args(c))
        return CMD_ERROR;
    if (c->args < e->min_args)
        return CMD_FEW;
    c->name = e->name;
    c->value = e->value;
    return e->run(c);
}

/* Parse and run what stands in `s`, a copy of its own. */
static enum cmd_result run_line(struct cmd *c, char *s)
{
    const size_t n = strlen(s);
    size_t name = 0;

    while (name < n && !blank_len(s + name, n - name))
        name += char_len(s + name, n - name);
    c->all = s + name;
    for (size_t i = name; i < n; c->all = s + i) {
        const size_t len = blank_len(s + i, n - i);

        if (!len)
            break;
        i += len;
    }
    if (name > CMD_NAME)
        return CMD_UNKNOWN;
    s[name] = '\0';
    return run_named(c, s);
}

/* Too deep, or too many that one text has set off. */
static bool runs_away(struct plug *p)
{
    struct cmds *m = &p->cmds;

    if (m->depth < CMD_DEPTH && (!m->depth || m->chain < CMD_CHAIN))
        return false;
    if (m->chain != UINT8_MAX)
        log_say(p, LOG_WARN, "commands call each other, stopped");
    m->chain = UINT8_MAX; /* once is enough, and the rest of it ends here, too */
    return true;
}

static enum cmd_result run_one(struct cmd *c, const char *s, size_t len)
{
    struct cmds *m = &c->p->cmds;
    const uint16_t used = m->used;
    enum cmd_result r = CMD_ERROR;
    char *copy;

    if (len >= CMD_LINE)
        return CMD_BAD;
    if (runs_away(c->p))
        return CMD_ERROR;
    m->chain = (uint8_t)(m->chain + (m->depth > 0));
    copy = take_space(m, len + 1);
    if (copy) {
        memcpy(copy, s, len);
        copy[len] = '\0';
        m->depth++;
        r = run_line(c, copy);
        m->depth--;
    }
    m->used = used;
    return r;
}

/* ---- scripts: what waits ------------------------------------------------------------ */

static void drop_script(struct cmds *m, struct cmd_script *s)
{
    const unsigned end = s->from + (unsigned)s->len;

    memmove(m->pool + s->from, m->pool + end, m->pooled - end);
    m->pooled = (uint16_t)(m->pooled - s->len);
    for (unsigned i = 0; i < CMD_SCRIPTS; i++)
        if (m->script[i].busy && m->script[i].from >= end)
            m->script[i].from = (uint16_t)(m->script[i].from - s->len);
    *s = (struct cmd_script){0};
}

void cmd_stop_scripts(struct plug *p)
{
    for (unsigned i = 0; i < CMD_SCRIPTS; i++)
        if (p->cmds.script[i].busy)
            drop_script(&p->cmds, &p->cmds.script[i]);
}

/* What is left of a text waits. */
static bool park(struct plug *p, const struct text *t, const struct cmd_wait *wait)
{
    struct cmds *m = &p->cmds;
    const size_t len = t->len - t->at;

    for (unsigned i = 0; i < CMD_SCRIPTS; i++) {
        struct cmd_script *s = &m->script[i];

        if (s->busy || len > sizeof m->pool - m->pooled)
            continue;
        *s = (struct cmd_script){
            .busy = true,
            .backlog = t->backlog,
            .id = ++m->ids,
            .from = m->pooled,
            .len = (uint16_t)len,
            .wait = *wait,
        };
        memcpy(m->pool + m->pooled, t->s + t->at, len);
        m->pooled = (uint16_t)(m->pooled + len);
        return true;
    }
    log_say(p, LOG_ERROR, "too many commands wait already, %u bytes left out", (unsigned)len);
    return false;
}

/* States are asked for, so that what has come before is not waited for. */
static bool is_so(const struct plug *p, const struct cmd_wait *w)
{
    switch (w->event) {
    case EVENT_MQTT_STATE:
        return p->mqtt.connected == (w->arg != 0);
    case EVENT_NTP_STATE:
        return p->clock.synced == (w->arg != 0);
    case EVENT_WIFI_STATE:
        return wifi_code(p) == w->arg;
    default:
        return false;
    }
}

void cmd_event(struct plug *p, unsigned event, int32_t arg)
{
    for (unsigned i = 0; i < CMD_SCRIPTS; i++) {
        struct cmd_wait *w = &p->cmds.script[i].wait;

        if (p->cmds.script[i].busy && w->for_event && w->event == event && w->arg == arg)
            w->for_event = false; /* goes on at the next tick */
    }
}

static void resume(struct plug *p, struct cmd_script *s)
{
    const uint16_t id = s->id;

    p->cmds.chain = 0;
    while (s->busy && s->id == id) { /* it may have been stopped by its own command */
        struct text t = {p->cmds.pool + s->from, s->len, s->at, s->backlog};
        struct cmd_wait wait = {0};
        struct cmd c = {.p = p, .source = CMD_SCRIPT, .wait = &wait};
        const char *command;
        size_t len;

        if (!next_command(&t, &command, &len)) {
            drop_script(&p->cmds, s);
            return;
        }
        s->at = (uint16_t)t.at;
        s->backlog = t.backlog;
        run_one(&c, command, len);
        if (wait.asked && s->busy && s->id == id) {
            s->wait = wait;
            return;
        }
    }
}

void cmd_tick(struct plug *p, uint32_t ms)
{
    struct cmds *m = &p->cmds;

    if (m->discover_in_ms) {
        m->discover_in_ms = m->discover_in_ms > ms ? m->discover_in_ms - ms : 0;
        if (!m->discover_in_ms)
            mqtt_discover(p, "homeassistant");
    }
    for (unsigned i = 0; i < CMD_SCRIPTS; i++) {
        struct cmd_wait *w = &m->script[i].wait;

        w->ms = w->ms > ms ? w->ms - ms : 0;
        if (w->for_event && is_so(p, w))
            w->for_event = false;
    }
    for (unsigned i = 0; i < CMD_SCRIPTS; i++)
        if (m->script[i].busy && !m->script[i].wait.ms && !m->script[i].wait.for_event)
            resume(p, &m->script[i]);
}

/* ---- texts ------------------------------------------------------------------------- */

enum cmd_result cmd_run(struct plug *p, const char *line, enum cmd_source source, struct out *reply)
{
    struct text t = {line, strlen(line), 0, false};
    struct cmd_wait wait = {0};
    enum cmd_result first = CMD_OK;
    bool any = false, answered = false;
    const char *s;
    size_t len;

    if (!p->cmds.depth)
        p->cmds.chain = 0;
    while (!wait.asked && next_command(&t, &s, &len)) {
        const bool alone = !any && !t.backlog && is_over(t);
        struct cmd c = {
            .p = p, .source = source, .reply = alone ? reply : NULL, .wait = &wait, .index = -1};
        const enum cmd_result r = run_one(&c, s, len);

        any = true;
        answered = c.answered;
        if (first == CMD_OK)
            first = r;
    }
    if (wait.asked && !is_over(t) && !park(p, &t, &wait) && first == CMD_OK)
        first = CMD_ERROR;
    if (reply && !answered)
        out_text(reply, "{}");
    return any ? first : CMD_EMPTY;
}
