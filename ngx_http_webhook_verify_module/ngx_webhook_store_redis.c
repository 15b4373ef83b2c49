
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The store of several hosts: what a claim, a renewal, a commit and a
 * release have to ask Redis, and what the replies mean.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_lease.h"
#include "ngx_webhook_redis.h"
#include "ngx_webhook_redis_cmd.h"
#include "ngx_webhook_stats.h"
#include "ngx_webhook_store_redis.h"


/* how long a commit is worth another attempt, ms */

#define NGX_WEBHOOK_REDIS_COMMIT_KEEP  60000

/* a key that comes and goes between SET and GET */

#define NGX_WEBHOOK_REDIS_TRIES  3


typedef struct {
    ngx_webhook_store_t            store;    /* must be first */
    ngx_webhook_redis_t            redis;
    ngx_webhook_redis_options_t    options;  /* as configured */
} ngx_webhook_store_redis_t;


static ngx_int_t ngx_webhook_redis_claim(ngx_webhook_claim_t *claim);
static void ngx_webhook_redis_cancel(ngx_webhook_claim_t *claim);
static void ngx_webhook_redis_renew(ngx_webhook_claim_t *claim);
static void ngx_webhook_redis_commit(ngx_webhook_claim_t *claim,
    ngx_uint_t status);
static void ngx_webhook_redis_release(ngx_webhook_claim_t *claim);
static ngx_uint_t ngx_webhook_redis_store_restore(void *data,
    ngx_uint_t send);
static void ngx_webhook_redis_store_exit(void *data);

static void ngx_webhook_redis_set_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_get_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static ngx_uint_t ngx_webhook_redis_value(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_committed(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_not_committed(ngx_str_t *key);
static void ngx_webhook_redis_renewed(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_released(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_claimed(ngx_webhook_redis_cmd_t *cmd,
    ngx_uint_t result);
static ngx_uint_t ngx_webhook_redis_unheard(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_resp_reply_t *reply);


ngx_webhook_store_t *
ngx_webhook_store_redis_create(ngx_conf_t *cf, ngx_str_t *url)
{
    ngx_webhook_store_redis_t  *sr;

    sr = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_store_redis_t));
    if (sr == NULL) {
        return NULL;
    }

    if (ngx_webhook_redis_conf_url(cf, &sr->redis.conf, url) != NGX_OK) {
        return NULL;
    }

    sr->store.claim = ngx_webhook_redis_claim;
    sr->store.cancel = ngx_webhook_redis_cancel;
    sr->store.renew = ngx_webhook_redis_renew;
    sr->store.commit = ngx_webhook_redis_commit;
    sr->store.release = ngx_webhook_redis_release;
    sr->store.exit = ngx_webhook_redis_store_exit;
    sr->store.name = *url;
    sr->store.data = sr;

    ngx_queue_init(&sr->store.leases);

    return &sr->store;
}


ngx_uint_t
ngx_webhook_store_redis_is(ngx_webhook_store_t *store,
    ngx_webhook_redis_options_t *options)
{
    ngx_webhook_store_redis_t  *sr;

    sr = store->data;

    return store->timeout == 0
           || ngx_webhook_redis_conf_same(&sr->redis.conf, &sr->options,
                                          options);
}


ngx_int_t
ngx_webhook_store_redis_options(ngx_conf_t *cf, ngx_webhook_store_t *store,
    ngx_webhook_redis_options_t *options, ngx_resolver_t *resolver,
    ngx_msec_t resolver_timeout)
{
    ngx_pool_cleanup_t           *cln;
    ngx_webhook_store_redis_t    *sr;
    ngx_webhook_redis_options_t   full;

    sr = store->data;

    if (store->timeout) {
        return NGX_OK;
    }

    store->timeout = options->timeout;

    sr->options = *options;
    sr->redis.conf.resolver = resolver;
    sr->redis.conf.resolver_timeout = resolver_timeout;
    sr->redis.restore = ngx_webhook_redis_store_restore;
    sr->redis.data = sr;

    /* the names of files are completed in there */

    full = *options;

    if (ngx_webhook_redis_conf_options(cf, &sr->redis.conf, &full) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a single process outlives its configuration */

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    if (ngx_webhook_redis_init(cf, &sr->redis) != NGX_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_webhook_redis_store_exit;
    cln->data = sr;

    return NGX_OK;
}


static ngx_uint_t
ngx_webhook_redis_store_restore(void *data, ngx_uint_t send)
{
    ngx_webhook_store_redis_t *sr = data;

    return ngx_webhook_lease_live(&sr->store, send);
}


static void
ngx_webhook_redis_store_exit(void *data)
{
    ngx_webhook_store_redis_t *sr = data;

    /* no gate uses one that has no timeout */

    if (sr->store.timeout) {
        ngx_webhook_redis_exit(&sr->redis);
    }
}


static ngx_int_t
ngx_webhook_redis_claim(ngx_webhook_claim_t *claim)
{
    ngx_webhook_redis_cmd_t    *cmd;
    ngx_webhook_store_redis_t  *sr;

    sr = claim->store->data;

    cmd = ngx_webhook_redis_cmd_create(&sr->redis, claim);
    if (cmd == NULL) {
        return NGX_WEBHOOK_STORE_ERROR;
    }

    if (ngx_webhook_redis_cmd_claim(cmd, ngx_webhook_redis_set_handler)
        != NGX_OK)
    {
        ngx_free(cmd);
        claim->error = NGX_WEBHOOK_ERROR_CONNECTION;
        return NGX_WEBHOOK_STORE_ERROR;
    }

    cmd->claim = claim;
    claim->op = cmd;

    return NGX_AGAIN;
}


static void
ngx_webhook_redis_cancel(ngx_webhook_claim_t *claim)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = claim->op;

    if (cmd) {
        cmd->claim = NULL;
        claim->op = NULL;
    }
}


static void
ngx_webhook_redis_renew(ngx_webhook_claim_t *claim)
{
    ngx_webhook_redis_cmd_t    *cmd;
    ngx_webhook_store_redis_t  *sr;

    sr = claim->store->data;

    cmd = ngx_webhook_redis_cmd_create(&sr->redis, claim);
    if (cmd == NULL) {
        return;
    }

    /* before a claim that finds the key gone */

    cmd->op.first = 1;

    if (ngx_webhook_redis_cmd_renew(cmd, ngx_webhook_redis_renewed)
        != NGX_OK)
    {
        ngx_free(cmd);
    }
}


static void
ngx_webhook_redis_commit(ngx_webhook_claim_t *claim, ngx_uint_t status)
{
    ngx_webhook_redis_cmd_t    *cmd;
    ngx_webhook_store_redis_t  *sr;

    sr = claim->store->data;

    cmd = ngx_webhook_redis_cmd_create(&sr->redis, claim);
    if (cmd == NULL) {
        ngx_webhook_redis_not_committed(&claim->key);
        return;
    }

    cmd->op.keep = ngx_min(claim->window, NGX_WEBHOOK_REDIS_COMMIT_KEEP);
    cmd->op.must = 1;

    if (ngx_webhook_redis_cmd_commit(cmd, claim->window, status,
                                     ngx_webhook_redis_committed)
        != NGX_OK)
    {
        ngx_webhook_redis_committed(&cmd->op, NULL);
    }
}


static void
ngx_webhook_redis_release(ngx_webhook_claim_t *claim)
{
    ngx_webhook_redis_cmd_t    *cmd;
    ngx_webhook_store_redis_t  *sr;

    sr = claim->store->data;

    cmd = ngx_webhook_redis_cmd_create(&sr->redis, claim);
    if (cmd == NULL) {
        return;
    }

    /* when its lease is over a claim is gone without us */

    cmd->op.keep = cmd->lease;

    if (ngx_webhook_redis_cmd_release(cmd, ngx_webhook_redis_released)
        != NGX_OK)
    {
        ngx_free(cmd);
    }
}


static void
ngx_webhook_redis_set_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = (ngx_webhook_redis_cmd_t *) op;

    if (ngx_webhook_redis_unheard(cmd, reply)) {
        cmd->lost = (op->losses != 0 || (reply == NULL && op->written));

    } else if (reply->type == NGX_WEBHOOK_RESP_STATUS
               && reply->text.len == 2
               && ngx_strncmp(reply->text.data, "OK", 2) == 0)
    {
        ngx_webhook_redis_claimed(cmd, NGX_WEBHOOK_CLAIMED);
        return;

    } else if (reply->type != NGX_WEBHOOK_RESP_NIL) {
        ngx_webhook_redis_complain(cmd->redis, "has a strange reply to SET",
                                   &reply->text);

    } else if (ngx_webhook_redis_cmd_get(cmd, ngx_webhook_redis_get_handler)
               == NGX_OK)
    {
        return;
    }

    ngx_webhook_redis_claimed(cmd, NGX_WEBHOOK_STORE_ERROR);
}


static void
ngx_webhook_redis_get_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_uint_t                result;
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = (ngx_webhook_redis_cmd_t *) op;

    if (ngx_webhook_redis_unheard(cmd, reply)) {

        /* the key may be ours, if a reply to SET got lost before */

        cmd->lost = 1;
        ngx_webhook_redis_claimed(cmd, NGX_WEBHOOK_STORE_ERROR);
        return;
    }

    if (reply->type != NGX_WEBHOOK_RESP_NIL) {
        ngx_webhook_redis_claimed(cmd, ngx_webhook_redis_value(cmd, reply));
        return;
    }

    /* it was there a moment ago */

    result = NGX_WEBHOOK_IN_FLIGHT;

    if (cmd->tries < NGX_WEBHOOK_REDIS_TRIES) {

        if (ngx_webhook_redis_cmd_claim(cmd, ngx_webhook_redis_set_handler)
            == NGX_OK)
        {
            return;
        }

        result = NGX_WEBHOOK_STORE_ERROR;
    }

    ngx_webhook_redis_claimed(cmd, result);
}


/* what the value of a key says */

static ngx_uint_t
ngx_webhook_redis_value(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_str_t  *text;

    text = &reply->text;

    if (reply->type == NGX_WEBHOOK_RESP_STRING && text->len > 2) {

        if (ngx_strncmp(text->data, "d:", 2) == 0) {
            return NGX_WEBHOOK_DONE;
        }

        if (text->len == NGX_WEBHOOK_REDIS_CLAIM_LEN
            && ngx_memcmp(text->data, cmd->value, text->len) == 0)
        {
            /* our own: the reply to an earlier SET got lost */

            return NGX_WEBHOOK_CLAIMED;
        }

        if (ngx_strncmp(text->data, "p:", 2) == 0) {
            return NGX_WEBHOOK_IN_FLIGHT;
        }
    }

    ngx_webhook_redis_complain(cmd->redis, "has a foreign value in a key",
                               &cmd->op.key);

    return NGX_WEBHOOK_STORE_ERROR;
}


static void
ngx_webhook_redis_committed(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = (ngx_webhook_redis_cmd_t *) op;

    if (ngx_webhook_redis_unheard(cmd, reply)) {
        ngx_webhook_redis_not_committed(&cmd->op.key);
    }

    ngx_free(cmd);
}


static void
ngx_webhook_redis_not_committed(ngx_str_t *key)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "webhook store did not commit \"%V\", the event was "
                  "accepted but will not be remembered", key);
}


static void
ngx_webhook_redis_renewed(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = (ngx_webhook_redis_cmd_t *) op;

    if (reply && reply->type == NGX_WEBHOOK_RESP_INTEGER
        && reply->integer == 0)
    {
        ngx_webhook_stats_count(cmd->stats, NGX_WEBHOOK_STATS_LOST);

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "webhook store has lost the claim of \"%V\" while its "
                      "request lives", &cmd->op.key);
    }

    ngx_free(cmd);
}


static void
ngx_webhook_redis_released(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_free(op);
}


/*
 * The end of a claim.  What nobody waits for is not kept; neither is what
 * may have been claimed without our hearing of it.
 */

static void
ngx_webhook_redis_claimed(ngx_webhook_redis_cmd_t *cmd, ngx_uint_t result)
{
    ngx_webhook_claim_t  *claim;

    claim = cmd->claim;
    cmd->claim = NULL;

    if (claim) {
        claim->op = NULL;
        claim->error = cmd->error;
        claim->handler(claim->data, result);
    }

    if (cmd->lost || (claim == NULL && result == NGX_WEBHOOK_CLAIMED)) {
        cmd->op.keep = cmd->lease;

        if (ngx_webhook_redis_cmd_release(cmd, ngx_webhook_redis_released)
            == NGX_OK)
        {
            return;
        }
    }

    ngx_free(cmd);
}


/* true if there is no reply to go by; if it was refused that is logged */

static ngx_uint_t
ngx_webhook_redis_unheard(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_resp_reply_t *reply)
{
    if (reply == NULL) {
        cmd->error = ((ngx_msec_int_t) (cmd->op.expire - ngx_current_msec)
                      <= 0)
                     ? NGX_WEBHOOK_ERROR_TIMEOUT
                     : NGX_WEBHOOK_ERROR_CONNECTION;
        return 1;
    }

    cmd->error = NGX_WEBHOOK_ERROR_REFUSED;

    return reply->type == NGX_WEBHOOK_RESP_ERROR;
}
