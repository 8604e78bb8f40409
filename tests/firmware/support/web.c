/* web.c - clients of the plug's web server, without sockets. */
#include "web.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

static char bytes[4 << 20];

static void parse(struct answer *a, size_t len)
{
    char *end;

    bytes[len] = '\0';
    *a = (struct answer){.head = bytes, .body = bytes + len};
    end = strstr(bytes, "\r\n\r\n");
    if (!strncmp(bytes, "HTTP/1.1 100 ", 13) && end) {
        a->head = end + 4;
        end = strstr(a->head, "\r\n\r\n");
    }
    if (!end || sscanf(a->head, "HTTP/1.1 %d ", &a->status) != 1)
        return;
    end[2] = '\0';
    a->body = end + 4;
    a->len = len - (size_t)(a->body - bytes);
    if (web_line(a, "Content-Length")[0] && a->status != 0)
        assert_true(a->len == 0 || a->len == strtoul(web_line(a, "Content-Length"), NULL, 10));
}

struct answer web_pieces(const char *request, size_t len, size_t in, size_t out)
{
    struct http_conn *c = http_accept(&rig);
    struct answer a;
    size_t fed = 0, got = 0;

    assert_non_null(c);
    for (unsigned turn = 0; !http_done(c) && turn < 400000; turn++) {
        const size_t n = len - fed < in ? len - fed : in;
        size_t more;

        if (n)
            fed += http_feed(c, (const uint8_t *)request + fed, n);
        more = sizeof bytes - 1 - got < out ? sizeof bytes - 1 - got : out;
        more = http_pull(c, (uint8_t *)bytes + got, more);
        got += more;
        if (!more && (fed == len || turn % 64 == 0))
            rig_run(5);
    }
    assert_true(http_done(c));
    http_drop(c);
    parse(&a, got);
    return a;
}

struct answer web(const char *request)
{
    return web_pieces(request, strlen(request), 1024, 1608);
}

struct answer web_send(const char *method, const char *target, const char *lines, const char *body,
                       size_t len)
{
    char *request = malloc(len + strlen(lines) + strlen(target) + 200);
    size_t n;
    struct answer a;

    assert_non_null(request);
    n = (size_t)sprintf(request, "%s %s HTTP/1.1\r\nHost: plug\r\n%s", method, target, lines);
    if (body)
        n += (size_t)sprintf(request + n, "Content-Length: %u\r\n", (unsigned)len);
    n += (size_t)sprintf(request + n, "\r\n");
    if (len)
        memcpy(request + n, body, len);
    a = web_pieces(request, n + len, 1024, 1608);
    free(request);
    return a;
}

struct answer web_get(const char *target)
{
    return web_send("GET", target, "", NULL, 0);
}

struct answer web_post(const char *target, const char *body)
{
    return web_send("POST", target, "Content-Type: application/x-www-form-urlencoded\r\n", body,
                    strlen(body));
}

const char *web_line(const struct answer *a, const char *name)
{
    static char value[256];
    const char *at = a->head;
    const size_t n = strlen(name);

    for (; (at = strstr(at, "\r\n")) != NULL;) {
        at += 2;
        if (strncasecmp(at, name, n) != 0 || at[n] != ':')
            continue;
        at += n + 1;
        at += strspn(at, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
        return value;
    }
    return "";
}

unsigned web_busy(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < HTTP_CLIENTS; i++)
        n += rig.http.conn[i].state != HTTP_FREE;
    return n;
}

/* ---- a small checker of HTML ---------------------------------------------------------- */

static bool one_of(const char *name, const char *list)
{
    char with[40];

    snprintf(with, sizeof with, " %s ", name);
    return strstr(list, with) != NULL;
}

/* From behind a tag's name to behind its '>'. NULL: attributes are no attributes. */
static const char *attributes(const char *at)
{
    for (;;) {
        at += strspn(at, " \n");
        if (*at == '>')
            return at + 1;
        if (!isalpha((unsigned char)*at))
            return NULL;
        at += strcspn(at, "= \n<>\"'");
        if (*at != '=')
            continue;
        at++;
        if (*at != '"' && *at != '\'')
            return NULL;
        at = strchr(at + 1, *at);
        if (!at++ || !strchr(" >\n", *at))
            return NULL;
    }
}

const char *web_html(const char *text)
{
    static char wrong[160], open[32][16];
    const char *at = text;
    unsigned depth = 0;

    for (; *at; at++) {
        char name[16];
        bool closing;
        const char *tag = at;
        size_t n;

        if (*at == '>' || (*at == '&' && !(strchr(at, ';') && strchr(at, ';') - at < 8)))
            return "a > or & that is none";
        if (*at != '<')
            continue;
        if (!strncasecmp(at, "<!DOCTYPE html>", 15) && at == text) {
            at += 14;
            continue;
        }
        closing = *++at == '/';
        at += closing;
        n = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789");
        snprintf(name, sizeof name, "%.*s", (int)(n < 15 ? n : 15), at);
        snprintf(wrong, sizeof wrong, "here: %.100s", tag);
        if (!n || !(at = attributes(at + n)))
            return wrong;
        if (closing && (!depth || strcmp(open[--depth], name) != 0))
            return wrong;
        if (!closing && !one_of(name, " br input link meta ")) {
            if (depth == 32)
                return "too deep";
            strcpy(open[depth++], name);
        }
        if (!closing && one_of(name, " script style ")) {
            char end[24];

            snprintf(end, sizeof end, "</%s>", name);
            if (!(at = strstr(at, end)))
                return wrong;
        }
        at--;
    }
    return depth ? "a tag stays open" : NULL;
}
