
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * What is kept of a delivery when it is over, for the status page.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_access.h"
#include "ngx_http_webhook_verify_status.h"


static ngx_uint_t ngx_http_webhook_verify_history_status(
    ngx_http_request_t *r);
static ngx_msec_int_t ngx_http_webhook_verify_history_upstream(
    ngx_http_request_t *r);


ngx_int_t
ngx_http_webhook_verify_history_handler(ngx_http_request_t *r)
{
    ngx_time_t                           *tp;
    ngx_webhook_history_entry_t           e;
    ngx_http_webhook_verify_ctx_t        *ctx;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    if (r != r->main) {
        return NGX_OK;
    }

    ctx = ngx_http_webhook_verify_get_ctx(r);

    if (ctx == NULL) {
        return NGX_OK;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_webhook_verify_module);

    ngx_memzero(&e, sizeof(ngx_webhook_history_entry_t));

    tp = ngx_timeofday();

    e.time = (int64_t) tp->sec * 1000 + (int64_t) tp->msec;
    e.request_time = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                                       + ((ngx_msec_int_t) tp->msec
                                          - (ngx_msec_int_t) r->start_msec));
    e.request_time = ngx_max(e.request_time, 0);

    e.body = ctx->body_len;
    e.upstream_time = ngx_http_webhook_verify_history_upstream(r);
    e.store_time = ctx->store_time;
    e.result = ctx->result;
    e.status = ngx_http_webhook_verify_history_status(r);
    e.secret = ctx->secret_index;
    e.dry_run = ctx->dry_run;

    if (ctx->id.len) {
        e.keyed = 1;
        ngx_memcpy(e.digest, ctx->digest, sizeof(e.digest));
        e.cut = ngx_webhook_history_text(e.id, sizeof(e.id), &ctx->id) & 1;
    }

    (void) ngx_webhook_history_text(e.provider, sizeof(e.provider),
                                    &ctx->conf->preset->name);
    (void) ngx_webhook_history_text(e.location, sizeof(e.location),
                                    &ctx->conf->location);

    ngx_webhook_history_add(wmcf->history, &e);

    return NGX_OK;
}


/* as $status */

static ngx_uint_t
ngx_http_webhook_verify_history_status(ngx_http_request_t *r)
{
    return r->err_status ? r->err_status : r->headers_out.status;
}


/* of all attempts together */

static ngx_msec_int_t
ngx_http_webhook_verify_history_upstream(ngx_http_request_t *r)
{
    ngx_uint_t                  i;
    ngx_msec_int_t              time;
    ngx_http_upstream_state_t  *state;

    if (r->upstream_states == NULL || r->upstream_states->nelts == 0) {
        return -1;
    }

    time = 0;
    state = r->upstream_states->elts;

    for (i = 0; i < r->upstream_states->nelts; i++) {

        if (state[i].peer && (ngx_msec_int_t) state[i].response_time > 0) {
            time += (ngx_msec_int_t) state[i].response_time;
        }
    }

    return time;
}
