
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The request's side of a signature scheme: what the configuration calls the
 * signature, the timestamp, the secrets and the signed bytes, taken from a
 * request.  The order of the checks is that of the contract.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_body.h"
#include "ngx_http_webhook_verify_mac.h"
#include "ngx_http_webhook_verify_scheme.h"
#include "ngx_webhook_timestamp.h"


static ngx_int_t ngx_http_webhook_verify_signature(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static ngx_uint_t ngx_http_webhook_verify_blank(ngx_webhook_form_t *form,
    ngx_str_t *value);
static ngx_int_t ngx_http_webhook_verify_timestamp(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static ngx_int_t ngx_http_webhook_verify_sign(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_http_webhook_verify_macs_t *m,
    ngx_str_t *body);
static ngx_int_t ngx_http_webhook_verify_around(ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, ngx_http_webhook_verify_macs_t *m);
static ngx_int_t ngx_http_webhook_verify_match(
    ngx_http_webhook_verify_ctx_t *ctx, ngx_http_webhook_verify_macs_t *m);
static ngx_uint_t ngx_http_webhook_verify_candidate(
    ngx_http_webhook_verify_ctx_t *ctx, u_char *digest);
static ngx_int_t ngx_http_webhook_verify_age(
    ngx_http_webhook_verify_ctx_t *ctx);


ngx_int_t
ngx_http_webhook_verify_scheme_headers(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_webhook_verify_signature(r, ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_webhook_verify_timestamp(r, ctx);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    /* nothing can match without a secret, so there is no need of a body */

    rc = ngx_http_webhook_verify_macs_check(r, ctx);

    if (rc == NGX_DECLINED) {
        ctx->result = NGX_HTTP_WEBHOOK_NO_SECRET;
    }

    return rc;
}


static ngx_int_t
ngx_http_webhook_verify_signature(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    u_char                            digest[NGX_WEBHOOK_DIGEST_MAX];
    ngx_str_t                         rest, item;
    ngx_http_webhook_verify_field_t  *sig;

    sig = &ctx->conf->sig;

    if (ngx_http_complex_value(r, sig->value, &ctx->signature) != NGX_OK) {
        return NGX_ERROR;
    }

    if (sig->header.len
        && ngx_http_webhook_verify_scheme_repeated(r, &sig->header))
    {
        ctx->result = NGX_HTTP_WEBHOOK_MALFORMED_SIGNATURE;
        return NGX_DECLINED;
    }

    rest = ctx->signature;

    while (ngx_webhook_item_next(&sig->form, &rest, &item) == NGX_OK) {

        if (ngx_webhook_digest_decode(sig->encoding, &item, digest,
                                      ctx->conf->digest_len)
            == NGX_OK)
        {
            return NGX_OK;
        }
    }

    ctx->result = ngx_http_webhook_verify_blank(&sig->form, &ctx->signature)
                  ? NGX_HTTP_WEBHOOK_MISSING_SIGNATURE
                  : NGX_HTTP_WEBHOOK_MALFORMED_SIGNATURE;

    return NGX_DECLINED;
}


/*
 * A variable shows the first of several headers of its name before nginx
 * 1.23, and all of them since; an application may see yet another.
 */

ngx_uint_t
ngx_http_webhook_verify_scheme_repeated(ngx_http_request_t *r,
    ngx_str_t *header)
{
    size_t            n;
    u_char            ch;
    ngx_uint_t        i, found;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    found = 0;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {

            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len != header->len) {
            continue;
        }

        for (n = 0; n < header->len; n++) {
            ch = h[i].lowcase_key[n];

            if (header->data[n] != (ch == '-' ? '_' : ch)) {
                break;
            }
        }

        if (n == header->len) {
            found++;
        }
    }

    return found > 1;
}


/* a list of nothing is nothing */

static ngx_uint_t
ngx_http_webhook_verify_blank(ngx_webhook_form_t *form, ngx_str_t *value)
{
    ngx_str_t           rest, item;
    ngx_webhook_form_t  any;

    any = *form;
    any.prefix.len = 0;

    rest = *value;

    while (ngx_webhook_item_next(&any, &rest, &item) == NGX_OK) {
        if (item.len) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_webhook_verify_timestamp(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_str_t                         rest;
    ngx_http_webhook_verify_field_t  *time;

    time = &ctx->conf->time;

    if (time->value == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, time->value, &rest) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_webhook_item_next(&time->form, &rest, &ctx->timestamp) != NGX_OK
        || ctx->timestamp.len == 0)
    {
        ngx_str_null(&ctx->timestamp);
        ctx->result = NGX_HTTP_WEBHOOK_MISSING_TIMESTAMP;
        return NGX_DECLINED;
    }

    if (ngx_webhook_timestamp_parse(&ctx->timestamp, time->unit,
                                    &ctx->signed_at)
        != NGX_OK)
    {
        ctx->result = NGX_HTTP_WEBHOOK_MALFORMED_TIMESTAMP;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_webhook_verify_scheme_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_webhook_verify_macs_t  m;

    r->connection->log->action = "verifying webhook signature";

    rc = ngx_http_webhook_verify_macs_create(r, ctx, &m);

    if (rc == NGX_DECLINED) {
        ctx->result = NGX_HTTP_WEBHOOK_NO_SECRET;

    } else if (rc == NGX_OK) {
        rc = ngx_http_webhook_verify_sign(r, ctx, &m, NULL);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_webhook_verify_match(ctx, &m);
    }

    ngx_http_webhook_verify_macs_free(ctx, &m);

    if (rc == NGX_OK) {
        rc = ngx_http_webhook_verify_age(ctx);
    }

    return rc;
}


ngx_uint_t
ngx_http_webhook_verify_scheme_try(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *body)
{
    ngx_int_t                       rc;
    ngx_http_webhook_verify_macs_t  m;

    rc = ngx_http_webhook_verify_macs_create(r, ctx, &m);

    if (rc == NGX_OK) {
        rc = ngx_http_webhook_verify_sign(r, ctx, &m, body);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_webhook_verify_match(ctx, &m);
    }

    ngx_http_webhook_verify_macs_free(ctx, &m);

    /* it is not what was sent */

    ctx->secret_index = 0;
    ctx->result = NGX_HTTP_WEBHOOK_BAD_SIGNATURE;

    return rc == NGX_OK;
}


/* the bytes that were signed, around the body or around another one */

static ngx_int_t
ngx_http_webhook_verify_sign(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_http_webhook_verify_macs_t *m,
    ngx_str_t *body)
{
    ngx_int_t                          rc;
    ngx_http_webhook_verify_signed_t  *signed_bytes;

    signed_bytes = ctx->conf->signed_bytes;

    if (signed_bytes
        && ngx_http_webhook_verify_around(r, signed_bytes->before, m)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = body ? ngx_http_webhook_verify_macs_update(m, body->data, body->len)
              : ngx_http_webhook_verify_body_each(r,
                                     ngx_http_webhook_verify_macs_update, m);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (signed_bytes) {
        return ngx_http_webhook_verify_around(r, signed_bytes->after, m);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_around(ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, ngx_http_webhook_verify_macs_t *m)
{
    ngx_str_t  value;

    if (cv == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, cv, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_webhook_verify_macs_update(m, value.data, value.len);
}


/* every secret is tried against every candidate, found or not */

static ngx_int_t
ngx_http_webhook_verify_match(ngx_http_webhook_verify_ctx_t *ctx,
    ngx_http_webhook_verify_macs_t *m)
{
    u_char      digest[NGX_WEBHOOK_DIGEST_MAX];
    ngx_uint_t  i;

    ctx->tried = 0;

    for (i = 0; i < m->nmacs; i++) {

        if (m->macs[i] == NULL) {
            continue;
        }

        ctx->tried++;

        if (ngx_webhook_mac_final(m->macs[i], digest) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_http_webhook_verify_candidate(ctx, digest)
            && ctx->secret_index == 0)
        {
            ctx->secret_index = i + 1;
        }
    }

    ngx_explicit_memzero(digest, NGX_WEBHOOK_DIGEST_MAX);

    if (ctx->secret_index == 0) {
        ctx->result = NGX_HTTP_WEBHOOK_BAD_SIGNATURE;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_webhook_verify_candidate(ngx_http_webhook_verify_ctx_t *ctx,
    u_char *digest)
{
    u_char                            sent[NGX_WEBHOOK_DIGEST_MAX];
    ngx_str_t                         rest, item;
    ngx_uint_t                        found;
    ngx_http_webhook_verify_field_t  *sig;

    found = 0;
    sig = &ctx->conf->sig;
    rest = ctx->signature;

    while (ngx_webhook_item_next(&sig->form, &rest, &item) == NGX_OK) {

        if (ngx_webhook_digest_decode(sig->encoding, &item, sent,
                                      ctx->conf->digest_len)
            == NGX_OK)
        {
            found |= ngx_webhook_equal(sent, digest, ctx->conf->digest_len);
        }
    }

    return found;
}


static ngx_int_t
ngx_http_webhook_verify_age(ngx_http_webhook_verify_ctx_t *ctx)
{
    int64_t      now, tolerance;
    ngx_time_t  *tp;

    if (ctx->conf->time.value == NULL || ctx->conf->time.tolerance == 0) {
        return NGX_OK;
    }

    tp = ngx_timeofday();

    now = (int64_t) tp->sec * 1000 + (int64_t) tp->msec;
    tolerance = (int64_t) ctx->conf->time.tolerance;

    if (ctx->signed_at < now - tolerance) {
        ctx->result = NGX_HTTP_WEBHOOK_STALE;
        return NGX_DECLINED;
    }

    if (ctx->signed_at > now + tolerance) {
        ctx->result = NGX_HTTP_WEBHOOK_FUTURE;
        return NGX_DECLINED;
    }

    return NGX_OK;
}
