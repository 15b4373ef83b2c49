
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * One line of the log for a delivery that is not passed on: the reason, and
 * a hint at the mistakes that people make.  A hint never says what would
 * have been right, only which other reading of the same bytes is.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_body.h"
#include "ngx_http_webhook_verify_refusal.h"
#include "ngx_http_webhook_verify_scheme.h"
#include "ngx_http_webhook_verify_variables.h"
#include "ngx_webhook_secret.h"
#include "ngx_webhook_timestamp.h"


/* a body is signed once more only if that is cheap, bytes */

#define NGX_HTTP_WEBHOOK_HINT_BODY  65536
#define NGX_HTTP_WEBHOOK_HINT_ROOM  2

/* items of a signature that are looked at */

#define NGX_HTTP_WEBHOOK_HINT_ITEMS  16

/* for a time in another unit to be plausible, ms */

#define NGX_HTTP_WEBHOOK_HINT_TIME  86400000

#define NGX_HTTP_WEBHOOK_HINT_LEN   256


static u_char *ngx_http_webhook_verify_detail(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last);
static u_char *ngx_http_webhook_verify_hint_signature(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last);
static u_char *ngx_http_webhook_verify_hint_item(
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *item, u_char *p,
    u_char *last);
static u_char *ngx_http_webhook_verify_hint_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last);
static ngx_int_t ngx_http_webhook_verify_hint_read(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_webhook_verify_hint_copy(void *data, u_char *p,
    size_t len);
static ngx_uint_t ngx_http_webhook_verify_hint_blank(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static u_char *ngx_http_webhook_verify_hint_age(
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last);
static u_char *ngx_http_webhook_verify_hint_unit(
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last);


/* as in "encoding=", "algorithm=" and "unit=" */

static const char  *ngx_http_webhook_verify_encodings[] = {
    "utf8", "hex", "base64", "base64url"
};

static const char  *ngx_http_webhook_verify_algorithms[] = {
    "sha256", "sha1", "sha384", "sha512"
};

static const char  *ngx_http_webhook_verify_units[] = {
    "s", "ms", "rfc3339"
};


void
ngx_http_webhook_verify_refusal(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    u_char  *p, detail[NGX_HTTP_WEBHOOK_HINT_LEN];

    if (r->connection->log->log_level < NGX_LOG_INFO) {
        return;
    }

    p = ngx_http_webhook_verify_detail(r, ctx, detail,
                                       detail + sizeof(detail));

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "webhook of \"%V\" not passed on%s: %V%*s",
                  &ctx->conf->preset->name,
                  ctx->conf->dry_run ? ", dry run" : "",
                  ngx_http_webhook_verify_result_name(ctx->result),
                  (size_t) (p - detail), detail);
}


static u_char *
ngx_http_webhook_verify_detail(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last)
{
    switch (ctx->result) {

    case NGX_HTTP_WEBHOOK_MALFORMED_SIGNATURE:
        return ngx_http_webhook_verify_hint_signature(r, ctx, p, last);

    case NGX_HTTP_WEBHOOK_BAD_SIGNATURE:
        p = ngx_slprintf(p, last, ", %ui secret%s tried", ctx->tried,
                         ctx->tried == 1 ? "" : "s");

        if (ngx_http_webhook_verify_hint_blank(r, ctx)) {
            return ngx_slprintf(p, last, "; a secret begins or ends with "
                                         "a blank or newline");
        }

        return ngx_http_webhook_verify_hint_body(r, ctx, p, last);

    case NGX_HTTP_WEBHOOK_MALFORMED_TIMESTAMP:
        return ngx_http_webhook_verify_hint_unit(ctx, p, last);

    case NGX_HTTP_WEBHOOK_STALE:
    case NGX_HTTP_WEBHOOK_FUTURE:
        return ngx_http_webhook_verify_hint_age(ctx, p, last);

    default:
        return p;
    }
}


static u_char *
ngx_http_webhook_verify_hint_signature(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last)
{
    u_char                           *hint;
    ngx_str_t                         rest, item;
    ngx_uint_t                        n;
    ngx_webhook_form_t                any;
    ngx_http_webhook_verify_field_t  *sig;

    sig = &ctx->conf->sig;

    if (sig->header.len
        && ngx_http_webhook_verify_scheme_repeated(r, &sig->header))
    {
        return ngx_slprintf(p, last, "; the header occurs more than once");
    }

    rest = ctx->signature;

    for (n = 0;
         n < NGX_HTTP_WEBHOOK_HINT_ITEMS
         && ngx_webhook_item_next(&sig->form, &rest, &item) == NGX_OK;
         n++)
    {

        hint = ngx_http_webhook_verify_hint_item(ctx, &item, p, last);

        if (hint != p) {
            return hint;
        }
    }

    if (sig->form.prefix.len == 0) {
        return p;
    }

    any = sig->form;
    any.prefix.len = 0;

    rest = ctx->signature;

    for (n = 0;
         n < NGX_HTTP_WEBHOOK_HINT_ITEMS
         && ngx_webhook_item_next(&any, &rest, &item) == NGX_OK;
         n++)
    {

        if (ngx_http_webhook_verify_hint_item(ctx, &item, p, last) != p) {
            return ngx_slprintf(p, last, "; it comes without the prefix "
                                "\"%V\"", &sig->form.prefix);
        }
    }

    return p;
}


/* is it a digest, only not the one that is configured? */

static u_char *
ngx_http_webhook_verify_hint_item(ngx_http_webhook_verify_ctx_t *ctx,
    ngx_str_t *item, u_char *p, u_char *last)
{
    size_t                            len;
    u_char                            digest[NGX_WEBHOOK_DIGEST_MAX];
    ngx_uint_t                        algorithm, encoding, i;
    ngx_http_webhook_verify_field_t  *sig;

    sig = &ctx->conf->sig;

    /* that of the configured algorithm is the first guess */

    for (i = 0; i <= NGX_WEBHOOK_SHA512 + 1; i++) {

        algorithm = (i == 0) ? sig->algorithm : i - 1;
        len = ngx_webhook_digest_len(algorithm);

        for (encoding = NGX_WEBHOOK_HEX;
             encoding <= NGX_WEBHOOK_BASE64URL;
             encoding++)
        {
            if (ngx_webhook_digest_decode(encoding, item, digest, len)
                != NGX_OK)
            {
                continue;
            }

            return ngx_slprintf(p, last,
                                "; it would be well-formed with "
                                "\"algorithm=%s encoding=%s\" instead of "
                                "\"algorithm=%s encoding=%s\"",
                          ngx_http_webhook_verify_algorithms[algorithm],
                          ngx_http_webhook_verify_encodings[encoding],
                          ngx_http_webhook_verify_algorithms[sig->algorithm],
                          ngx_http_webhook_verify_encodings[sig->encoding]);
        }
    }

    return p;
}


/* what a proxy or a framework does to the end of a body */

static u_char *
ngx_http_webhook_verify_hint_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, u_char *p, u_char *last)
{
    u_char      *data;
    size_t       len, cut;
    ngx_str_t    body;
    ngx_uint_t   i;

    static struct {
        ngx_str_t    text;
        const char  *name;
    } ends[] = {
        { ngx_string(""), "no newline" },
        { ngx_string("\n"), "a newline" },
        { ngx_string("\r\n"), "CR and LF" }
    };

    if (ngx_http_webhook_verify_hint_read(r, &body) != NGX_OK) {
        return p;
    }

    data = body.data;
    len = body.len;
    cut = 0;

    if (len && data[len - 1] == LF) {
        cut = (len > 1 && data[len - 2] == CR) ? 2 : 1;
    }

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {

        /* the end that it has was tried with the body itself */

        if (ends[i].text.len == cut) {
            continue;
        }

        body.len = len - cut;

        ngx_memcpy(data + body.len, ends[i].text.data, ends[i].text.len);
        body.len += ends[i].text.len;

        if (ngx_http_webhook_verify_scheme_try(r, ctx, &body)) {
            return ngx_slprintf(p, last, "; it is right for the body with "
                                "%s at its end", ends[i].name);
        }
    }

    body.len = 0;

    if (len && ngx_http_webhook_verify_scheme_try(r, ctx, &body)) {
        return ngx_slprintf(p, last, "; it is right for an empty body");
    }

    return p;
}


/* a copy of the body with some room behind it; NGX_DECLINED: too costly */

static ngx_int_t
ngx_http_webhook_verify_hint_read(ngx_http_request_t *r, ngx_str_t *body)
{
    size_t     size;
    ngx_buf_t  b;
    ngx_int_t  rc;

    if (r->headers_in.content_length_n < 0
        || r->headers_in.content_length_n > NGX_HTTP_WEBHOOK_HINT_BODY
        || r->request_body == NULL || r->request_body->temp_file)
    {
        return NGX_DECLINED;
    }

    size = (size_t) r->headers_in.content_length_n;

    body->data = ngx_pnalloc(r->pool, size + NGX_HTTP_WEBHOOK_HINT_ROOM);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    b.last = body->data;
    b.end = body->data + size;

    rc = ngx_http_webhook_verify_body_each(r,
                                       ngx_http_webhook_verify_hint_copy, &b);

    body->len = (size_t) (b.last - body->data);

    return rc;
}


static ngx_int_t
ngx_http_webhook_verify_hint_copy(void *data, u_char *p, size_t len)
{
    ngx_buf_t *b = data;

    if (len > (size_t) (b->end - b->last)) {
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->last, p, len);

    return NGX_OK;
}


/* of secrets from variables; others were looked at with the configuration */

static ngx_uint_t
ngx_http_webhook_verify_hint_blank(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_str_t                       value;
    ngx_uint_t                      i;
    ngx_http_webhook_verify_key_t  *key;

    key = ctx->conf->keys->elts;

    for (i = 0; i < ctx->conf->keys->nelts; i++) {

        if (key[i].mac == NULL
            && ngx_http_complex_value(r, key[i].value, &value) == NGX_OK
            && ngx_webhook_secret_blank(&value))
        {
            return 1;
        }
    }

    return 0;
}


static u_char *
ngx_http_webhook_verify_hint_age(ngx_http_webhook_verify_ctx_t *ctx,
    u_char *p, u_char *last)
{
    int64_t      now, skew, other;
    ngx_time_t  *tp;
    ngx_uint_t   unit;

    tp = ngx_timeofday();

    now = (int64_t) tp->sec * 1000 + (int64_t) tp->msec;
    skew = ctx->signed_at - now;

    p = ngx_slprintf(p, last, ", %L s %s", (skew < 0 ? -skew : skew) / 1000,
                     skew < 0 ? "ago" : "ahead");

    unit = ctx->conf->time.unit;

    if (unit == NGX_WEBHOOK_RFC3339) {
        return p;
    }

    other = (unit == NGX_WEBHOOK_SECONDS) ? ctx->signed_at / 1000
                                          : ctx->signed_at * 1000;

    if (other > now - NGX_HTTP_WEBHOOK_HINT_TIME
        && other < now + NGX_HTTP_WEBHOOK_HINT_TIME)
    {
        unit = (unit == NGX_WEBHOOK_SECONDS);

        p = ngx_slprintf(p, last, "; it would be right with \"unit=%s\"",
                         ngx_http_webhook_verify_units[unit]);
    }

    return p;
}


static u_char *
ngx_http_webhook_verify_hint_unit(ngx_http_webhook_verify_ctx_t *ctx,
    u_char *p, u_char *last)
{
    int64_t     ms;
    ngx_uint_t  unit;

    /* seconds that are too far away are milliseconds */

    for (unit = NGX_WEBHOOK_SECONDS; unit <= NGX_WEBHOOK_RFC3339; unit++) {

        if (ngx_webhook_timestamp_parse(&ctx->timestamp, unit, &ms) != NGX_OK
            || (unit == NGX_WEBHOOK_SECONDS
                && ms / 1000 > ngx_time() + 1000 * 86400LL * 365))
        {
            continue;
        }

        return ngx_slprintf(p, last, "; it would be well-formed with "
                            "\"unit=%s\"",
                            ngx_http_webhook_verify_units[unit]);
    }

    return p;
}
