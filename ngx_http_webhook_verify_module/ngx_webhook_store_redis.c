
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The store of several hosts: what a claim, a renewal, a commit and a
 * release are as commands, and what the replies mean.  Each of them may be
 * asked twice with the same effect, as ngx_webhook_redis.c may have to.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis.h"
#include "ngx_webhook_store_redis.h"


/* how long a commit is worth another attempt, ms */

#define NGX_WEBHOOK_REDIS_COMMIT_KEEP  600000

/* a key that comes and goes between SET and GET */

#define NGX_WEBHOOK_REDIS_TRIES  3

/* bytes by which refusals are told apart, ms until one is logged again */

#define NGX_WEBHOOK_REDIS_WORD      16
#define NGX_WEBHOOK_REDIS_COMPLAIN  60000

/* p: and a token in hexadecimal */

#define NGX_WEBHOOK_REDIS_CLAIM_LEN  (2 + 2 * NGX_WEBHOOK_TOKEN_LEN)


typedef struct {
    ngx_webhook_store_t       store;         /* must be first */
    ngx_webhook_redis_t       rds;

    /* the last word it refused a command by, and when it was logged */
    u_char                    refused[NGX_WEBHOOK_REDIS_WORD];
    ngx_msec_t                complained;
} ngx_webhook_store_redis_t;


/* of a command and its reply; the key stands behind it */

typedef struct {
    ngx_webhook_redis_op_t       op;         /* must be first */
    ngx_webhook_store_redis_t   *sr;
    ngx_webhook_claim_t         *claim;      /* NULL: nobody waits */
    ngx_str_t                    key;
    u_char                       value[NGX_WEBHOOK_REDIS_CLAIM_LEN];
    ngx_msec_t                   lease;
    ngx_uint_t                   tries;
    ngx_uint_t                   lost;       /* there was no reply */
} ngx_webhook_redis_cmd_t;


static ngx_int_t ngx_webhook_redis_claim(ngx_webhook_claim_t *claim);
static void ngx_webhook_redis_cancel(ngx_webhook_claim_t *claim);
static void ngx_webhook_redis_renew(ngx_webhook_claim_t *claim);
static void ngx_webhook_redis_commit(ngx_webhook_claim_t *claim,
    ngx_uint_t status);
static void ngx_webhook_redis_release(ngx_webhook_claim_t *claim);
static void ngx_webhook_redis_store_exit(void *data);

static ngx_webhook_redis_cmd_t *ngx_webhook_redis_cmd(
    ngx_webhook_claim_t *claim, ngx_webhook_redis_handler_pt handler);
static ngx_int_t ngx_webhook_redis_cmd_send(ngx_webhook_redis_cmd_t *cmd,
    ngx_uint_t argc, ngx_str_t *argv);
static ngx_int_t ngx_webhook_redis_set(ngx_webhook_redis_cmd_t *cmd);
static ngx_int_t ngx_webhook_redis_get(ngx_webhook_redis_cmd_t *cmd);
static ngx_int_t ngx_webhook_redis_eval(ngx_webhook_redis_cmd_t *cmd,
    ngx_str_t *script);
static void ngx_webhook_redis_set_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_get_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_settled(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_claimed(ngx_webhook_redis_cmd_t *cmd,
    ngx_uint_t result);
static ngx_uint_t ngx_webhook_redis_refused(ngx_webhook_store_redis_t *sr,
    ngx_webhook_resp_reply_t *reply);


/*
 * Both compare the token and act in one step.  A claim that the server has
 * lost, by a restart or an eviction, is restored by its renewal.
 */

static ngx_str_t  ngx_webhook_redis_renew_script = ngx_string(
    "local v=redis.call('get',KEYS[1]) "
    "if v==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) end "
    "if not v then redis.call('set',KEYS[1],ARGV[1],'px',ARGV[2]) end "
    "return 0");

static ngx_str_t  ngx_webhook_redis_release_script = ngx_string(
    "if redis.call('get',KEYS[1])==ARGV[1] then "
    "return redis.call('del',KEYS[1]) end "
    "return 0");


ngx_webhook_store_t *
ngx_webhook_store_redis_create(ngx_conf_t *cf, ngx_str_t *url)
{
    const char                 *err;
    ngx_pool_cleanup_t         *cln;
    ngx_webhook_store_redis_t  *sr;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_webhook_store_redis_t));
    if (cln == NULL) {
        return NULL;
    }

    sr = cln->data;
    ngx_memzero(sr, sizeof(ngx_webhook_store_redis_t));

    err = ngx_webhook_redis_url_parse(cf->pool, url, &sr->rds.peer.url);

    if (err) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" %s; \"webhook_verify_store\" takes "
                           "\"redis://[user[:password]@]host[:port][/db]\" "
                           "or \"unix:path[?db=number]\"",
                           sr->rds.peer.url.name.len ? &sr->rds.peer.url.name
                                                     : url, err);
        return NULL;
    }

    ngx_webhook_redis_init(&sr->rds, &cf->cycle->new_log);

    /* a single process outlives its configuration */

    cln->handler = ngx_webhook_redis_store_exit;

    sr->store.claim = ngx_webhook_redis_claim;
    sr->store.cancel = ngx_webhook_redis_cancel;
    sr->store.renew = ngx_webhook_redis_renew;
    sr->store.commit = ngx_webhook_redis_commit;
    sr->store.release = ngx_webhook_redis_release;
    sr->store.exit = ngx_webhook_redis_store_exit;
    sr->store.name = *url;
    sr->store.data = sr;

    return &sr->store;
}


ngx_int_t
ngx_webhook_store_redis_locate(ngx_conf_t *cf, ngx_webhook_store_t *store,
    ngx_resolver_t *resolver, ngx_msec_t resolver_timeout)
{
    ngx_webhook_store_redis_t  *sr;

    sr = store->data;

    return ngx_webhook_redis_peer_locate(cf, &sr->rds.peer, resolver,
                                         resolver_timeout);
}


static void
ngx_webhook_redis_store_exit(void *data)
{
    ngx_webhook_store_redis_t *sr = data;

    ngx_webhook_redis_exit(&sr->rds);
}


static ngx_int_t
ngx_webhook_redis_claim(ngx_webhook_claim_t *claim)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = ngx_webhook_redis_cmd(claim, ngx_webhook_redis_set_handler);
    if (cmd == NULL) {
        return NGX_WEBHOOK_STORE_ERROR;
    }

    if (ngx_webhook_redis_set(cmd) != NGX_OK) {
        ngx_free(cmd);
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
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = ngx_webhook_redis_cmd(claim, ngx_webhook_redis_settled);
    if (cmd == NULL) {
        return;
    }

    if (ngx_webhook_redis_eval(cmd, &ngx_webhook_redis_renew_script)
        != NGX_OK)
    {
        ngx_free(cmd);
    }
}


static void
ngx_webhook_redis_commit(ngx_webhook_claim_t *claim, ngx_uint_t status)
{
    u_char                    value[2 + NGX_TIME_T_LEN + 1 + NGX_INT_T_LEN];
    u_char                    window[NGX_INT_T_LEN];
    ngx_str_t                 argv[5];
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = ngx_webhook_redis_cmd(claim, ngx_webhook_redis_settled);
    if (cmd == NULL) {
        return;
    }

    ngx_str_set(&argv[0], "SET");
    argv[1] = cmd->key;
    argv[2].data = value;
    argv[2].len = (size_t) (ngx_sprintf(value, "d:%T:%ui", ngx_time(), status)
                            - value);
    ngx_str_set(&argv[3], "PX");
    argv[4].data = window;
    argv[4].len = (size_t) (ngx_sprintf(window, "%M", claim->window)
                            - window);

    cmd->op.keep = ngx_min(claim->window, NGX_WEBHOOK_REDIS_COMMIT_KEEP);

    if (ngx_webhook_redis_cmd_send(cmd, 5, argv) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "webhook store did not commit \"%V\"", &cmd->key);
        ngx_free(cmd);
    }
}


static void
ngx_webhook_redis_release(ngx_webhook_claim_t *claim)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = ngx_webhook_redis_cmd(claim, ngx_webhook_redis_settled);
    if (cmd == NULL) {
        return;
    }

    /* when its lease is over a claim is gone without us */

    cmd->op.keep = cmd->lease;

    if (ngx_webhook_redis_eval(cmd, &ngx_webhook_redis_release_script)
        != NGX_OK)
    {
        ngx_free(cmd);
    }
}


static ngx_webhook_redis_cmd_t *
ngx_webhook_redis_cmd(ngx_webhook_claim_t *claim,
    ngx_webhook_redis_handler_pt handler)
{
    u_char                   *p;
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = ngx_alloc(sizeof(ngx_webhook_redis_cmd_t) + claim->key.len,
                    ngx_cycle->log);
    if (cmd == NULL) {
        return NULL;
    }

    ngx_memzero(cmd, sizeof(ngx_webhook_redis_cmd_t));

    cmd->sr = claim->store->data;
    cmd->lease = claim->lease;
    cmd->key.data = (u_char *) cmd + sizeof(ngx_webhook_redis_cmd_t);
    cmd->key.len = claim->key.len;
    ngx_memcpy(cmd->key.data, claim->key.data, claim->key.len);

    p = ngx_cpymem(cmd->value, "p:", 2);
    (void) ngx_hex_dump(p, claim->token, NGX_WEBHOOK_TOKEN_LEN);

    cmd->op.handler = handler;
    cmd->op.timeout = claim->timeout;

    return cmd;
}


static ngx_int_t
ngx_webhook_redis_cmd_send(ngx_webhook_redis_cmd_t *cmd, ngx_uint_t argc,
    ngx_str_t *argv)
{
    ngx_webhook_resp_format(&cmd->op.command, argc, argv);

    if (cmd->op.command.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_webhook_redis_send(&cmd->sr->rds, &cmd->op) != NGX_OK) {
        ngx_webhook_resp_discard(&cmd->op.command);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_redis_set(ngx_webhook_redis_cmd_t *cmd)
{
    u_char     lease[NGX_INT_T_LEN];
    ngx_str_t  argv[6];

    ngx_str_set(&argv[0], "SET");
    argv[1] = cmd->key;
    argv[2].data = cmd->value;
    argv[2].len = NGX_WEBHOOK_REDIS_CLAIM_LEN;
    ngx_str_set(&argv[3], "NX");
    ngx_str_set(&argv[4], "PX");
    argv[5].data = lease;
    argv[5].len = (size_t) (ngx_sprintf(lease, "%M", cmd->lease) - lease);

    cmd->op.handler = ngx_webhook_redis_set_handler;
    cmd->tries++;

    return ngx_webhook_redis_cmd_send(cmd, 6, argv);
}


static ngx_int_t
ngx_webhook_redis_get(ngx_webhook_redis_cmd_t *cmd)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "GET");
    argv[1] = cmd->key;

    cmd->op.handler = ngx_webhook_redis_get_handler;

    return ngx_webhook_redis_cmd_send(cmd, 2, argv);
}


static ngx_int_t
ngx_webhook_redis_eval(ngx_webhook_redis_cmd_t *cmd, ngx_str_t *script)
{
    u_char     lease[NGX_INT_T_LEN];
    ngx_str_t  argv[6];

    ngx_str_set(&argv[0], "EVAL");
    argv[1] = *script;
    ngx_str_set(&argv[2], "1");
    argv[3] = cmd->key;
    argv[4].data = cmd->value;
    argv[4].len = NGX_WEBHOOK_REDIS_CLAIM_LEN;
    argv[5].data = lease;
    argv[5].len = (size_t) (ngx_sprintf(lease, "%M", cmd->lease) - lease);

    return ngx_webhook_redis_cmd_send(cmd, 6, argv);
}


static void
ngx_webhook_redis_set_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = (ngx_webhook_redis_cmd_t *) op;

    if (ngx_webhook_redis_refused(cmd->sr, reply)) {
        cmd->lost = (reply == NULL);
        ngx_webhook_redis_claimed(cmd, NGX_WEBHOOK_STORE_ERROR);
        return;
    }

    if (reply->type == NGX_WEBHOOK_RESP_STATUS) {
        ngx_webhook_redis_claimed(cmd, NGX_WEBHOOK_CLAIMED);
        return;
    }

    if (reply->type != NGX_WEBHOOK_RESP_NIL
        || ngx_webhook_redis_get(cmd) != NGX_OK)
    {
        ngx_webhook_redis_claimed(cmd, NGX_WEBHOOK_STORE_ERROR);
    }
}


static void
ngx_webhook_redis_get_handler(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_uint_t                result;
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = (ngx_webhook_redis_cmd_t *) op;

    result = NGX_WEBHOOK_STORE_ERROR;

    if (ngx_webhook_redis_refused(cmd->sr, reply)) {
        /* void */

    } else if (reply->type == NGX_WEBHOOK_RESP_NIL) {

        /* it was there a moment ago */

        if (cmd->tries == NGX_WEBHOOK_REDIS_TRIES) {
            result = NGX_WEBHOOK_IN_FLIGHT;

        } else if (ngx_webhook_redis_set(cmd) == NGX_OK) {
            return;
        }

    } else if (reply->type != NGX_WEBHOOK_RESP_STRING
               || reply->text.len < 2)
    {
        /* void */

    } else if (ngx_strncmp(reply->text.data, "d:", 2) == 0) {
        result = NGX_WEBHOOK_DONE;

    } else if (ngx_strncmp(reply->text.data, "p:", 2) == 0) {

        /* our own token: the reply to an earlier SET got lost */

        result = (reply->text.len == NGX_WEBHOOK_REDIS_CLAIM_LEN
                  && ngx_memcmp(reply->text.data, cmd->value,
                                NGX_WEBHOOK_REDIS_CLAIM_LEN)
                     == 0)
                 ? NGX_WEBHOOK_CLAIMED : NGX_WEBHOOK_IN_FLIGHT;

    } else {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "webhook store has a foreign value in \"%V\"",
                      &cmd->key);
    }

    ngx_webhook_redis_claimed(cmd, result);
}


static void
ngx_webhook_redis_settled(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = (ngx_webhook_redis_cmd_t *) op;

    (void) ngx_webhook_redis_refused(cmd->sr, reply);

    ngx_free(cmd);
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
        claim->handler(claim->data, result);
    }

    if (cmd->lost || (claim == NULL && result == NGX_WEBHOOK_CLAIMED)) {
        cmd->op.handler = ngx_webhook_redis_settled;
        cmd->op.keep = cmd->lease;

        if (ngx_webhook_redis_eval(cmd, &ngx_webhook_redis_release_script)
            == NGX_OK)
        {
            return;
        }
    }

    ngx_free(cmd);
}


/* true if there is no reply to go by; the log has the server's own word */

static ngx_uint_t
ngx_webhook_redis_refused(ngx_webhook_store_redis_t *sr,
    ngx_webhook_resp_reply_t *reply)
{
    size_t  len;

    if (reply == NULL) {
        return 1;
    }

    if (reply->type != NGX_WEBHOOK_RESP_ERROR) {
        return 0;
    }

    /* the same word from every request would fill the log */

    len = ngx_min(reply->text.len, NGX_WEBHOOK_REDIS_WORD - 1);

    if (sr->refused[0] == '\0'
        || ngx_strncmp(sr->refused, reply->text.data, len) != 0
        || ngx_current_msec - sr->complained > NGX_WEBHOOK_REDIS_COMPLAIN)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "webhook store \"%V\" refused a command: \"%V\"",
                      &sr->rds.peer.url.name, &reply->text);

        (void) ngx_cpystrn(sr->refused, reply->text.data, len + 1);
        sr->complained = ngx_current_msec;
    }

    return 1;
}
