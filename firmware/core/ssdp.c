/* ssdp.c - being found by UPnP's discovery: requests taken apart, answers, notices, the
 * description. Sockets are net_ssdp.c's.
 *
 * Chatter was the complaint about the original: here a search for somebody else is not
 * answered, nor is a flood of them, and notices are rare. */
#include "core/ssdp.h"

#include <string.h>

#include "core/plug.h"

#define DEVICE "urn:schemas-upnp-org:device:Basic:1"
#define ROOT   "upnp:rootdevice"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The same identifier for ever: who knows the plug knows it again. */
void ssdp_start(struct plug *p)
{
    uint8_t mac[6];
    struct out o;

    hal_mac(mac);
    out_init(&o, p->ssdp.uuid, sizeof p->ssdp.uuid);
    out_text(&o, "6f626b00-706c-5567-8000-");
    for (unsigned i = 0; i < 6; i++)
        out_fmt(&o, "%02x", mac[i]);
    p->ssdp.on = true;
    p->ssdp.answered = false;
    p->ssdp.notify_in_s = 1 + hal_random() % 5;
}

void ssdp_second(struct plug *p)
{
    struct ssdp *s = &p->ssdp;

    if (!s->on || (s->notify_in_s && --s->notify_in_s) || p->wifi.state != WIFI_UP)
        return;
    s->notify_in_s = SSDP_NOTIFY_S - hal_random() % (SSDP_NOTIFY_S / 8);
    net_ssdp_notify(p);
}

/* ---- what is asked --------------------------------------------------------------------- */

struct span {
    const char *text;
    size_t len;
};

static bool span_is(struct span s, const char *text)
{
    size_t i = 0;

    for (; i < s.len && text[i]; i++)
        if (lower(s.text[i]) != lower(text[i]))
            return false;
    return i == s.len && !text[i];
}

static bool next_line(struct span *rest, struct span *line)
{
    const char *end;

    if (!rest->len)
        return false;
    end = memchr(rest->text, '\n', rest->len);
    line->text = rest->text;
    line->len = end ? (size_t)(end - rest->text) : rest->len;
    rest->text += line->len + (end ? 1 : 0);
    rest->len -= line->len + (end ? 1 : 0);
    if (line->len && line->text[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* The value of a header without blanks and quotes around it; false: another header. */
static bool header(struct span line, const char *name, struct span *value)
{
    const size_t n = strlen(name);

    if (line.len <= n || !span_is((struct span){line.text, n}, name) || line.text[n] != ':')
        return false;
    line.text += n + 1;
    line.len -= n + 1;
    while (line.len && (blank(*line.text) || *line.text == '"')) {
        line.text++;
        line.len--;
    }
    while (line.len && (blank(line.text[line.len - 1]) || line.text[line.len - 1] == '"'))
        line.len--;
    *value = line;
    return true;
}

/* What is searched for, if it is us; NULL: somebody else. */
static const char *target(const struct ssdp *s, struct span st)
{
    if (span_is(st, "ssdp:all") || span_is(st, ROOT))
        return ROOT;
    if (span_is(st, DEVICE))
        return DEVICE;
    if (st.len == 5 + strlen(s->uuid) && span_is((struct span){st.text, 5}, "uuid:") &&
        span_is((struct span){st.text + 5, st.len - 5}, s->uuid))
        return ""; /* its own identifier */
    return NULL;
}

/* ---- what is said ------------------------------------------------------------------------ */

static void url(const struct plug *p, struct out *o, const char *path)
{
    const uint8_t *ip = p->wifi.ip;

    out_fmt(o, "http://%u.%u.%u.%u%s", ip[0], ip[1], ip[2], ip[3], path);
}

static void where(const struct plug *p, struct out *o)
{
    out_fmt(o, "CACHE-CONTROL: max-age=%u\r\nLOCATION: ", SSDP_AGE_S);
    url(p, o, "/ssdp.xml");
    out_fmt(o, "\r\nSERVER: Open%s/%s UPnP/1.1 plug/%s\r\n", p->chip->name, PLUG_VERSION,
            PLUG_VERSION);
}

static void who(const struct plug *p, struct out *o, const char *header_name, const char *what)
{
    const char *uuid = p->ssdp.uuid;

    if (*what)
        out_fmt(o, "%s: %s\r\nUSN: uuid:%s::%s\r\n\r\n", header_name, what, uuid, what);
    else
        out_fmt(o, "%s: uuid:%s\r\nUSN: uuid:%s\r\n\r\n", header_name, uuid, uuid);
}

bool ssdp_datagram(struct plug *p, const char *data, size_t len, struct out *reply)
{
    struct ssdp *s = &p->ssdp;
    struct span rest = {data, len}, line, value;
    const char *what = NULL;
    bool discover = false;

    if (!s->on || p->wifi.state != WIFI_UP || !next_line(&rest, &line) ||
        !span_is(line, "M-SEARCH * HTTP/1.1"))
        return false;
    while (next_line(&rest, &line)) {
        if (header(line, "MAN", &value))
            discover = span_is(value, "ssdp:discover");
        else if (header(line, "ST", &value))
            what = target(s, value);
    }
    if (!discover || !what || (s->answered && hal_ms() - s->answered_ms < SSDP_ANSWER_MS))
        return false;
    s->answered = true;
    s->answered_ms = hal_ms();
    out_text(reply, "HTTP/1.1 200 OK\r\nEXT:\r\n");
    where(p, reply);
    who(p, reply, "ST", what);
    return !reply->over;
}

void ssdp_notify(struct plug *p, struct out *o)
{
    out_text(o, "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\n");
    where(p, o);
    who(p, o, "NT", ROOT);
}

static void element(struct out *o, const char *name, const char *text)
{
    out_fmt(o, "<%s>", name);
    out_html(o, text);
    out_fmt(o, "</%s>", name);
}

void ssdp_xml(struct plug *p, struct out *o)
{
    char name[64];

    plug_long_name(p, name);
    out_text(o, "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\">"
                "<specVersion><major>1</major><minor>1</minor></specVersion><URLBase>");
    url(p, o, "/");
    out_text(o, "</URLBase><device>");
    element(o, "deviceType", DEVICE);
    element(o, "friendlyName", config_text(&p->cfg, CFG_SHORT_NAME));
    element(o, "manufacturer", p->chip->maker);
    element(o, "modelName", p->chip->name);
    element(o, "modelNumber", PLUG_VERSION);
    element(o, "serialNumber", name);
    out_fmt(o, "<UDN>uuid:%s</UDN><presentationURL>", p->ssdp.uuid);
    url(p, o, "/index");
    out_text(o, "</presentationURL></device></root>");
}
