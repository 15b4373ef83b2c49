
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The life of a claim: it is made once for a delivery, renewed while the
 * request lives, and settled by the status that the provider is sent.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_dedup.h"
#include "ngx_webhook_stats.h"


static ngx_int_t ngx_http_webhook_verify_dedup_key(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static ngx_int_t ngx_http_webhook_verify_dedup_token(
    ngx_http_webhook_verify_main_conf_t *wmcf, u_char *token);
static void ngx_http_webhook_verify_dedup_handler(void *data,
    ngx_uint_t result);
static void ngx_http_webhook_verify_dedup_answer(
    ngx_http_webhook_verify_ctx_t *ctx, ngx_uint_t result);


ngx_int_t
ngx_http_webhook_verify_dedup_claim(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t                             rc;
    ngx_webhook_claim_t                  *claim;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    if (ctx->conf->store == NULL) {
        ctx->result = NGX_HTTP_WEBHOOK_FIRST;
        return NGX_OK;
    }

    r->connection->log->action = "claiming webhook event";

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_webhook_verify_module);

    claim = &ctx->claim;

    if (ngx_http_webhook_verify_dedup_key(r, ctx) != NGX_OK
        || ngx_http_webhook_verify_dedup_token(wmcf, claim->token) != NGX_OK)
    {
        return NGX_ERROR;
    }

    claim->store = ctx->conf->store;
    claim->lease = ctx->conf->lease;
    claim->window = ctx->conf->window;
    claim->handler = ngx_http_webhook_verify_dedup_handler;
    claim->data = ctx;
    claim->stats = ctx->conf->stats->counters;

    ctx->asked = ngx_current_msec;

    rc = claim->store->claim(claim);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_http_webhook_verify_dedup_answer(ctx, (ngx_uint_t) rc);

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_dedup_key(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   scope, *key;

    scope = ctx->conf->default_scope;

    if (ctx->conf->scope
        && ngx_http_complex_value(r, ctx->conf->scope, &scope) != NGX_OK)
    {
        return NGX_ERROR;
    }

    key = &ctx->claim.key;

    p = ngx_pnalloc(r->pool, sizeof("webhook::body:") - 1 + scope.len
                             + sizeof(ctx->digest));
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;

    p = ngx_cpymem(p, "webhook:", sizeof("webhook:") - 1);
    p = ngx_cpymem(p, scope.data, scope.len);
    *p++ = ':';

    if (ctx->body_id) {
        p = ngx_cpymem(p, "body:", sizeof("body:") - 1);
    }

    p = ngx_cpymem(p, ctx->digest, sizeof(ctx->digest));

    key->len = (size_t) (p - key->data);

    return NGX_OK;
}


/* nobody need guess it wrong: it has to be unique, and cheap */

static ngx_int_t
ngx_http_webhook_verify_dedup_token(ngx_http_webhook_verify_main_conf_t *wmcf,
    u_char *token)
{
    uint64_t  n;

    if (wmcf->tokens == 0
        && ngx_webhook_random(wmcf->worker, sizeof(wmcf->worker)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = ++wmcf->tokens;

    token = ngx_cpymem(token, wmcf->worker, sizeof(wmcf->worker));
    ngx_memcpy(token, &n, sizeof(uint64_t));

    return NGX_OK;
}


static void
ngx_http_webhook_verify_dedup_handler(void *data, ngx_uint_t result)
{
    ngx_http_webhook_verify_ctx_t *ctx = data;

    ngx_http_webhook_verify_dedup_answer(ctx, result);

    ctx->resume(ctx);
}


static void
ngx_http_webhook_verify_dedup_answer(ngx_http_webhook_verify_ctx_t *ctx,
    ngx_uint_t result)
{
    ngx_atomic_t                        *stats;
    ngx_http_webhook_verify_loc_conf_t  *wlcf;

    wlcf = ctx->conf;
    stats = ctx->claim.stats;

    ctx->store_time = (ngx_msec_int_t) (ngx_current_msec - ctx->asked);

    ngx_webhook_stats_time(stats, (ngx_msec_t) ctx->store_time);

    switch (result) {

    case NGX_WEBHOOK_CLAIMED:
        ctx->result = NGX_HTTP_WEBHOOK_FIRST;
        ctx->unsettled = 1;
        ctx->leased = 1;
        ngx_webhook_lease_add(wlcf->leases, &ctx->claim);
        break;

    case NGX_WEBHOOK_DONE:
        ctx->result = NGX_HTTP_WEBHOOK_DUPLICATE;
        break;

    case NGX_WEBHOOK_IN_FLIGHT:
        ctx->result = NGX_HTTP_WEBHOOK_IN_FLIGHT;
        break;

    default: /* NGX_WEBHOOK_STORE_ERROR */
        ctx->result = NGX_HTTP_WEBHOOK_STORE_ERROR;

        ngx_webhook_stats_count(stats, NGX_WEBHOOK_STATS_ERROR
                                       + ctx->claim.error);

        /*
         * one that is let through has no claim, but if the application
         * accepts it and the store is back by then, that can be remembered
         */

        ctx->unsettled = (wlcf->store_error == NGX_HTTP_WEBHOOK_STORE_PASS
                          || wlcf->dry_run);
    }
}


void
ngx_http_webhook_verify_dedup_settle(ngx_http_webhook_verify_ctx_t *ctx,
    ngx_uint_t status)
{
    ngx_uint_t  claimed;

    if (!ctx->unsettled) {
        return;
    }

    ctx->unsettled = 0;

    claimed = ctx->leased;

    if (claimed) {
        ctx->leased = 0;
        ngx_webhook_lease_remove(&ctx->claim);
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ctx->request->connection->log, 0,
                   "webhook verify settle: %ui", status);

    if (status >= NGX_HTTP_OK && status < NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_webhook_stats_add(ctx->claim.stats, NGX_WEBHOOK_STATS_COMMITTED,
                              claimed);
        ctx->claim.store->commit(&ctx->claim, status);
        return;
    }

    switch (status) {

    case 0:
    case NGX_HTTP_REQUEST_TIME_OUT:
    case NGX_HTTP_CLIENT_CLOSED_REQUEST:
    case NGX_HTTP_GATEWAY_TIME_OUT:

        /*
         * nobody knows whether the application did the work: the lease
         * runs out, and then a retry gets through
         */

        ngx_webhook_stats_add(ctx->claim.stats, NGX_WEBHOOK_STATS_HELD,
                              claimed);
        break;

    default:
        ngx_webhook_stats_add(ctx->claim.stats, NGX_WEBHOOK_STATS_RELEASED,
                              claimed);
        ctx->claim.store->release(&ctx->claim);
    }
}


void
ngx_http_webhook_verify_dedup_end(ngx_http_webhook_verify_ctx_t *ctx)
{
    if (ctx->claim.op) {
        ctx->claim.store->cancel(&ctx->claim);
    }

    ngx_http_webhook_verify_dedup_settle(ctx, 0);
}
