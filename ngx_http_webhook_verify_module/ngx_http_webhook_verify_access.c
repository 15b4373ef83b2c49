
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The gate.  The handler is entered anew after each wait, and by any event
 * of the client's connection in between, so all it knows is the state:
 *
 *     START ---> BODY ---> VERIFY ---> CLAIM ---> ACCEPTED
 *       |                    |           |
 *       +--------------------+-----------+------> REFUSED
 *
 * BODY and CLAIM are waits, and are passed through without one where the
 * body is there already and where the store answers at once.  Each state is
 * left in one place only, and one place accepts.
 *
 * ACCEPTED and REFUSED stay when an internal redirect enters the handler
 * once more: a delivery is verified once, and the error page for a refusal
 * is shown and not verified.  A handshake that was answered is REFUSED, too.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_access.h"
#include "ngx_http_webhook_verify_answer.h"
#include "ngx_http_webhook_verify_challenge.h"
#include "ngx_http_webhook_verify_dedup.h"
#include "ngx_http_webhook_verify_id.h"
#include "ngx_http_webhook_verify_refusal.h"
#include "ngx_http_webhook_verify_scheme.h"


typedef ngx_int_t (*ngx_http_webhook_verify_challenge_pt)(
    ngx_http_request_t *r, ngx_http_webhook_verify_ctx_t *ctx);


static ngx_int_t ngx_http_webhook_verify_enter(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static ngx_http_webhook_verify_ctx_t *ngx_http_webhook_verify_create_ctx(
    ngx_http_request_t *r, ngx_http_webhook_verify_loc_conf_t *wlcf);
static void ngx_http_webhook_verify_cleanup(void *data);
static void ngx_http_webhook_verify_count(ngx_http_webhook_verify_ctx_t *ctx);
static ngx_int_t ngx_http_webhook_verify_handshake(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx,
    ngx_http_webhook_verify_challenge_pt challenge);
static ngx_int_t ngx_http_webhook_verify_start(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static void ngx_http_webhook_verify_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_webhook_verify_verify(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static void ngx_http_webhook_verify_resume(
    ngx_http_webhook_verify_ctx_t *ctx);
static ngx_int_t ngx_http_webhook_verify_verdict(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static ngx_int_t ngx_http_webhook_verify_refuse(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
static ngx_int_t ngx_http_webhook_verify_retry_after(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);


static ngx_str_t  ngx_http_webhook_verify_text = ngx_string("text/plain");

static ngx_str_t  ngx_http_webhook_verify_duplicate =
    ngx_string("Already processed");


ngx_int_t
ngx_http_webhook_verify_access_handler(ngx_http_request_t *r)
{
    ngx_http_webhook_verify_ctx_t       *ctx;
    ngx_http_webhook_verify_loc_conf_t  *wlcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_webhook_verify_module);

    if (wlcf->preset == NULL || wlcf->status) {
        return NGX_DECLINED;
    }

    if (wlcf->keys == NULL) {

        /* a level that _gate.c took for one that handles no request */

        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_webhook_verify_get_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_http_webhook_verify_create_ctx(r, wlcf);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "webhook verify access: %ui", ctx->state);

    return ngx_http_webhook_verify_enter(r, ctx);
}


static ngx_int_t
ngx_http_webhook_verify_enter(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t  rc;

    switch (ctx->state) {

    case NGX_HTTP_WEBHOOK_START:
        rc = ngx_http_webhook_verify_start(r, ctx);

        /* answered, and the context is gone; or let through by a dry run */

        if (rc != NGX_OK || ctx->state == NGX_HTTP_WEBHOOK_ACCEPTED) {
            return rc;
        }

        /* fall through */

    case NGX_HTTP_WEBHOOK_VERIFY:
        return ngx_http_webhook_verify_verify(r, ctx);

    case NGX_HTTP_WEBHOOK_BODY:

        /*
         * the body reader has the request, and may finalize it without
         * telling us: then this is the error page for that
         */

        if (r->uri_changes == ctx->uri_changes) {
            return NGX_DONE;
        }

        ctx->state = NGX_HTTP_WEBHOOK_REFUSED;
        return NGX_DECLINED;

    case NGX_HTTP_WEBHOOK_CLAIM:

        if (ctx->result == NGX_HTTP_WEBHOOK_NONE) {
            return NGX_AGAIN;
        }

        return ngx_http_webhook_verify_verdict(r, ctx);

    case NGX_HTTP_WEBHOOK_ACCEPTED:
    case NGX_HTTP_WEBHOOK_REFUSED:
        return NGX_DECLINED;
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_http_webhook_verify_ctx_t *
ngx_http_webhook_verify_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t             *cln;
    ngx_http_webhook_verify_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_webhook_verify_module);

    if (ctx == NULL && (r->internal || r->filter_finalize)) {

        /* as in ngx_http_realip_get_module_ctx() */

        for (cln = r->pool->cleanup; cln; cln = cln->next) {
            if (cln->handler == ngx_http_webhook_verify_cleanup) {
                ctx = cln->data;
                ngx_http_set_ctx(r, ctx, ngx_http_webhook_verify_module);
                break;
            }
        }
    }

    return ctx;
}


static ngx_http_webhook_verify_ctx_t *
ngx_http_webhook_verify_create_ctx(ngx_http_request_t *r,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_pool_cleanup_t             *cln;
    ngx_http_webhook_verify_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_webhook_verify_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_webhook_verify_ctx_t));

    ctx->request = r;
    ctx->conf = wlcf;
    ctx->store_time = -1;
    ctx->body_len = r->headers_in.content_length_n;

    cln->handler = ngx_http_webhook_verify_cleanup;

    ngx_webhook_stats_count(wlcf->stats->counters,
                            NGX_WEBHOOK_STATS_REQUESTS);

    ngx_http_set_ctx(r, ctx, ngx_http_webhook_verify_module);

    return ctx;
}


/*
 * The request goes, by whatever way: no reference count keeps one from
 * being terminated while the store answers.
 */

static void
ngx_http_webhook_verify_cleanup(void *data)
{
    ngx_http_webhook_verify_ctx_t *ctx = data;

    ngx_http_webhook_verify_dedup_end(ctx);
    ngx_http_webhook_verify_count(ctx);
}


/* what became of it, once */

static void
ngx_http_webhook_verify_count(ngx_http_webhook_verify_ctx_t *ctx)
{
    if (ctx->counted) {
        return;
    }

    ctx->counted = 1;

    ngx_webhook_stats_count(ctx->conf->stats->counters,
                            ctx->handshake
                            ? (ngx_uint_t) NGX_WEBHOOK_STATS_HANDSHAKES
                            : NGX_WEBHOOK_STATS_RESULT + ctx->result);
}


/* a request that was answered is gone, and is counted when it goes */

static ngx_int_t
ngx_http_webhook_verify_handshake(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx,
    ngx_http_webhook_verify_challenge_pt challenge)
{
    ngx_int_t  rc;

    ctx->handshake = 1;

    rc = challenge(r, ctx);

    if (rc != NGX_DONE) {
        ctx->handshake = 0;
    }

    return rc;
}


/* what can be refused without the body, then the body */

static ngx_int_t
ngx_http_webhook_verify_start(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t  rc;

    /* a request that was answered is gone, so this is said before */

    ctx->state = NGX_HTTP_WEBHOOK_REFUSED;

    if (r->err_status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {

        /* an error page: there is no body any more that could be verified */

        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    rc = ngx_http_webhook_verify_handshake(r, ctx,
                                    ngx_http_webhook_verify_challenge_query);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_webhook_verify_scheme_headers(r, ctx);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? ngx_http_webhook_verify_verdict(r, ctx)
                                    : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->state = NGX_HTTP_WEBHOOK_BODY;
    ctx->uri_changes = r->uri_changes;

    rc = ngx_http_read_client_request_body(r,
                                         ngx_http_webhook_verify_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        ctx->state = NGX_HTTP_WEBHOOK_REFUSED;
        return rc;
    }

    /*
     * the reader's reference goes now: if reading fails later, core ends
     * the request without calling our handler, which could not give it back
     */

    ngx_http_finalize_request(r, NGX_DONE);

    if (ctx->state == NGX_HTTP_WEBHOOK_BODY) {
        ctx->waiting = 1;
        return NGX_DONE;
    }

    return NGX_OK;
}


static void
ngx_http_webhook_verify_body_handler(ngx_http_request_t *r)
{
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    if (ctx->state != NGX_HTTP_WEBHOOK_BODY) {

        /* the request was refused while its body came */

        return;
    }

    ctx->state = NGX_HTTP_WEBHOOK_VERIFY;
    ctx->body_len = r->headers_in.content_length_n;

    /* the upstream shall not remove a temporary file that retries need */

    r->preserve_body = 1;
    r->write_event_handler = ngx_http_core_run_phases;

    if (ctx->waiting) {
        ctx->waiting = 0;
        ngx_http_core_run_phases(r);
    }
}


static ngx_int_t
ngx_http_webhook_verify_verify(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t  rc;

    ctx->state = NGX_HTTP_WEBHOOK_REFUSED;

    rc = ngx_http_webhook_verify_scheme_body(r, ctx);

    if (rc == NGX_DECLINED) {
        return ngx_http_webhook_verify_verdict(r, ctx);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_webhook_verify_challenge_forged(r, ctx)) {
        ctx->secret_index = 0;
        ctx->result = NGX_HTTP_WEBHOOK_BAD_SIGNATURE;
        return ngx_http_webhook_verify_verdict(r, ctx);
    }

    ctx->verified = 1;

    ngx_webhook_stats_count(ctx->conf->stats->counters,
                            NGX_WEBHOOK_STATS_SECRET - 1
                            + ngx_min(ctx->secret_index,
                                      NGX_WEBHOOK_STATS_SECRETS));

    rc = ngx_http_webhook_verify_handshake(r, ctx,
                                     ngx_http_webhook_verify_challenge_body);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_webhook_verify_id(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->state = NGX_HTTP_WEBHOOK_CLAIM;
    ctx->resume = ngx_http_webhook_verify_resume;

    rc = ngx_http_webhook_verify_dedup_claim(r, ctx);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc == NGX_OK) {
        return ngx_http_webhook_verify_verdict(r, ctx);
    }

    ctx->state = NGX_HTTP_WEBHOOK_REFUSED;

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/*
 * The store has answered.  The phases go on from an event of the client's
 * connection and not from here, where the stack is that of the store's
 * connection; a request that is gone by then takes its events along.
 */

static void
ngx_http_webhook_verify_resume(ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = ctx->request->connection;

    ngx_post_event(c->write, &ngx_posted_events);
}


static ngx_int_t
ngx_http_webhook_verify_verdict(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_uint_t  refused;

    r->connection->log->action = NULL;

    ngx_http_webhook_verify_count(ctx);

    refused = (ctx->result != NGX_HTTP_WEBHOOK_FIRST
               && (ctx->result != NGX_HTTP_WEBHOOK_STORE_ERROR
                   || ctx->conf->store_error
                      != NGX_HTTP_WEBHOOK_STORE_PASS));

    if (refused) {
        ngx_http_webhook_verify_refusal(r, ctx);
    }

    if (refused && ctx->conf->dry_run) {
        ctx->dry_run = 1;
        ngx_webhook_stats_count(ctx->conf->stats->counters,
                                NGX_WEBHOOK_STATS_DRY_RUN);
    }

    if (!refused || ctx->dry_run) {
        ctx->state = NGX_HTTP_WEBHOOK_ACCEPTED;
        return NGX_OK;
    }

    ctx->state = NGX_HTTP_WEBHOOK_REFUSED;

    return ngx_http_webhook_verify_refuse(r, ctx);
}


static ngx_int_t
ngx_http_webhook_verify_refuse(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    switch (ctx->result) {

    case NGX_HTTP_WEBHOOK_DUPLICATE:
        return ngx_http_webhook_verify_answer(r,
                                          ctx->conf->duplicate_status,
                                          &ngx_http_webhook_verify_text,
                                          &ngx_http_webhook_verify_duplicate);

    case NGX_HTTP_WEBHOOK_IN_FLIGHT:

        if (ngx_http_webhook_verify_retry_after(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return (ngx_int_t) ctx->conf->in_flight_status;

    case NGX_HTTP_WEBHOOK_STORE_ERROR:

        if (ngx_http_webhook_verify_retry_after(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_HTTP_SERVICE_UNAVAILABLE;

    default:

        /* one answer for all that is wrong with a delivery */

        return NGX_HTTP_UNAUTHORIZED;
    }
}


static ngx_int_t
ngx_http_webhook_verify_retry_after(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = (size_t) (ngx_sprintf(value.data, "%M",
                                      (ctx->conf->retry_after + 999) / 1000)
                          - value.data);

    return ngx_http_webhook_verify_answer_header(r, "Retry-After", &value);
}
