/* page_ota.c - the page that sends an update, and /api/ota that takes it. What is in an
 * update and whether it is one is ota.c's. */
#include "core/page.h"

#include "core/plug.h"

#define NOT_TAKEN (-20) /* what tools of the field know */

static bool page_ota(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    (void)c;
    if (round == 0) {
        page_top(rq->p, o, "Update");
        return true;
    }
    out_fmt(o,
            "<p>A file for %s. The plug checks it before it counts, and starts anew.</p>"
            "<input type=\"file\" id=\"f\"><button id=\"b\" class=\"on\">Update</button>"
            "<progress id=\"p\" max=\"1\" value=\"0\"></progress><p id=\"m\"></p>",
            rq->p->chip->name);
    out_text(o, "<script>var e=function(i){return document.getElementById(i)},"
                "say=function(t){e('m').textContent=t};e('b').onclick=function(){"
                "var f=e('f').files[0],x=new XMLHttpRequest();if(!f)return say('Which file?');"
                "e('b').disabled=true;x.open('POST','api/ota');"
                "x.upload.onprogress=function(v){e('p').value=v.loaded/v.total;"
                "say(Math.floor(v.loaded/1024)+' of '+Math.ceil(v.total/1024)+' KiB')};"
                "x.onerror=function(){e('b').disabled=false;say('The connection broke.')};"
                "x.onload=function(){if(x.status!=200){e('b').disabled=false;var r=x.responseText;"
                "try{r=JSON.parse(r).msg}catch(q){}return say('Not taken: '+r)}"
                "say('Taken. It starts anew ...');fetch('api/reboot',{method:'POST'});"
                "setTimeout(function(){location.href='index'},15000)};x.send(f)}</script>");
    page_end(o);
    return false;
}

static bool page_ota_exec(struct http_request *rq, struct http_conn *c, struct out *o,
                          unsigned round)
{
    (void)rq;
    (void)round;
    return http_refuse(c, o, 501, 501, "this plug fetches nothing; send the file to /api/ota");
}

/* One at a time: a second one would be mixed into the first. */
static bool is_mine(const struct http_request *rq)
{
    return rq->p->http.uploads && &rq->p->http.uploads->rq == rq;
}

static size_t take_update(struct http_request *rq, enum http_part part, const uint8_t *data,
                          size_t len, int *status)
{
    struct plug *p = rq->p;
    size_t n = 0;

    if (part == HTTP_BEGIN) {
        if (p->http.uploads)
            *status = 409;
        else if (!ota_begin(p, (uint32_t)rq->body_len))
            *status = 400;
        else
            p->http.uploads = (struct http_conn *)(void *)rq; /* its first member */
        return 0;
    }
    if (!is_mine(rq))
        return len;
    if (part == HTTP_DATA) {
        n = ota_take(p, data, len);
        if (p->ota.state == OTA_FAILED)
            *status = 400;
    } else if (part == HTTP_END) {
        if (!ota_end(p))
            *status = 400;
    } else {
        ota_abort(p, "the client left");
    }
    if (*status || part != HTTP_DATA)
        p->http.uploads = NULL;
    return n;
}

static bool serve_update(struct http_request *rq, struct http_conn *c, struct out *o,
                         unsigned round)
{
    (void)round;
    if (rq->taken == 409)
        return http_refuse(c, o, 409, NOT_TAKEN, "another update is on its way");
    if (rq->taken)
        return http_refuse(c, o, rq->taken, NOT_TAKEN,
                           rq->p->ota.error ? rq->p->ota.error : "it was not taken");
    http_type(c, "application/json");
    out_fmt(o, "{\"size\":%u}", (unsigned)rq->body_len);
    return false;
}

const struct http_route http_update_pages[] = {
    {"/ota", HTTP_ASK, false, page_ota, NULL},
    {"/ota_exec", HTTP_EITHER, false, page_ota_exec, NULL},
    {"/api/ota", HTTP_TELL, false, serve_update, take_update},
    {NULL, 0, false, NULL, NULL},
};
