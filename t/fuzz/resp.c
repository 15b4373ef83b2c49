
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* replies however they are cut, and against a naive reader */


#include "fuzz.h"
#include "ngx_webhook_resp.h"


#define REPLIES  256


typedef struct {
    ngx_uint_t                 n;
    ngx_int_t                  rc;
    ngx_webhook_resp_reply_t   reply[REPLIES];
} replies_t;


static void
take(ngx_webhook_resp_t *resp, replies_t *r)
{
    ngx_webhook_resp_reply_t  *reply, *copy;

    while ((r->rc = ngx_webhook_resp_next(resp, &reply)) == NGX_OK) {

        fuzz_check(reply->text.len <= NGX_WEBHOOK_RESP_TEXT);
        fuzz_check(reply->text.len == 0 || reply->text.data == reply->buf);

        if (r->n == REPLIES) {
            continue;
        }

        copy = &r->reply[r->n++];
        copy->type = reply->type;
        copy->text.len = reply->text.len;
        memcpy(copy->buf, reply->buf, reply->text.len);
        copy->integer = (reply->type == NGX_WEBHOOK_RESP_INTEGER)
                        ? reply->integer : 0;
    }
}


static void
feed(const uint8_t *data, size_t size, uint32_t *seed, replies_t *r)
{
    u_char              *p;
    size_t               step;
    ngx_webhook_resp_t  *resp;

    r->n = 0;
    r->rc = NGX_AGAIN;

    resp = ngx_webhook_resp_create();

    for ( /* void */ ; size && r->rc == NGX_AGAIN; size -= step) {
        step = seed ? fuzz_step(seed, size) : size;

        p = test_input(data, step, step & 1);
        fuzz_check(ngx_webhook_resp_feed(resp, p, step) == NGX_OK);
        test_forget();

        take(resp, r);
        data += step;
    }

    ngx_webhook_resp_free(resp);
}


/* 1 if a good reply begins here, 0 if nobody knows */

static int
naive(const uint8_t **p, const uint8_t *end, ngx_webhook_resp_reply_t *reply)
{
    char            number[32];
    size_t          len;
    long long       n;
    const uint8_t  *line, *cr;

    line = *p + 1;
    cr = (line < end) ? memmem(line, (size_t) (end - line), "\r\n", 2) : NULL;

    if (cr == NULL) {
        return 0;
    }

    len = (size_t) (cr - line);
    *p = cr + 2;

    reply->text.len = 0;
    reply->integer = 0;

    switch (line[-1]) {

    case '+':
    case '-':
        reply->type = (line[-1] == '+') ? NGX_WEBHOOK_RESP_STATUS
                                        : NGX_WEBHOOK_RESP_ERROR;
        break;

    case ':':
    case '$':
        if (len == 0 || len > 18) {
            return 0;
        }

        memcpy(number, line, len);
        number[len] = '\0';
        n = strtoll(number, NULL, 10);

        if (snprintf(number, sizeof(number), "%lld", n) != (int) len
            || memcmp(number, line, len) != 0)
        {
            return 0;
        }

        if (line[-1] == ':') {
            reply->type = NGX_WEBHOOK_RESP_INTEGER;
            reply->integer = n;
            return 1;
        }

        if (n == -1) {
            reply->type = NGX_WEBHOOK_RESP_NIL;
            return 1;
        }

        if (n < 0 || end - *p < n + 2) {
            return 0;
        }

        reply->type = NGX_WEBHOOK_RESP_STRING;
        line = *p;
        len = (size_t) n;
        *p += n + 2;
        break;

    default:
        return 0;
    }

    reply->text.len = ngx_min(len, NGX_WEBHOOK_RESP_TEXT);
    memcpy(reply->buf, line, reply->text.len);

    return 1;
}


static int
same(ngx_webhook_resp_reply_t *a, ngx_webhook_resp_reply_t *b)
{
    return a->type == b->type && a->integer == b->integer
           && a->text.len == b->text.len
           && memcmp(a->buf, b->buf, a->text.len) == 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t                   seed;
    ngx_uint_t                 i;
    const uint8_t             *p, *end;
    static replies_t           whole, cut;
    ngx_webhook_resp_reply_t   reply;

    seed = fuzz_seed(data, size);

    feed(data, size, NULL, &whole);
    feed(data, size, &seed, &cut);

    fuzz_check(whole.n == cut.n);
    fuzz_check(whole.rc == cut.rc);

    for (i = 0; i < whole.n; i++) {
        fuzz_check(same(&whole.reply[i], &cut.reply[i]));
    }

    p = data;
    end = data + size;

    for (i = 0; p < end && i < REPLIES && naive(&p, end, &reply); i++) {
        fuzz_check(i < whole.n);
        fuzz_check(same(&whole.reply[i], &reply));
    }

    return 0;
}
