
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The commands that the store has for Redis.  Each of them may be asked twice
 * with the same effect, as ngx_webhook_redis.c may have to.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_cmd.h"


static ngx_int_t ngx_webhook_redis_cmd_eval(ngx_webhook_redis_cmd_t *cmd,
    ngx_str_t *script, ngx_webhook_redis_handler_pt handler);
static void ngx_webhook_redis_cmd_ms(ngx_webhook_redis_cmd_t *cmd,
    ngx_str_t *arg, ngx_msec_t ms);
static ngx_int_t ngx_webhook_redis_cmd_send(ngx_webhook_redis_cmd_t *cmd,
    ngx_uint_t argc, ngx_webhook_redis_handler_pt handler);


/*
 * Both compare the token and act in one step.  A claim that the server has
 * lost, by a restart or an eviction, is restored by its renewal: then the
 * reply is a status and no integer.
 */

static ngx_str_t  ngx_webhook_redis_cmd_renew_script = ngx_string(
    "local v=redis.call('get',KEYS[1]) "
    "if v==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) end "
    "if not v then "
    "return redis.call('set',KEYS[1],ARGV[1],'px',ARGV[2]) end "
    "return 0");

static ngx_str_t  ngx_webhook_redis_cmd_release_script = ngx_string(
    "if redis.call('get',KEYS[1])==ARGV[1] then "
    "return redis.call('del',KEYS[1]) end "
    "return 0");


ngx_webhook_redis_cmd_t *
ngx_webhook_redis_cmd_create(ngx_webhook_redis_t *redis,
    ngx_webhook_claim_t *claim)
{
    u_char                   *p;
    ngx_webhook_redis_cmd_t  *cmd;

    cmd = ngx_alloc(sizeof(ngx_webhook_redis_cmd_t) + claim->key.len,
                    ngx_cycle->log);
    if (cmd == NULL) {
        return NULL;
    }

    ngx_memzero(cmd, sizeof(ngx_webhook_redis_cmd_t));

    cmd->redis = redis;
    cmd->lease = claim->lease;
    cmd->stats = claim->stats;
    cmd->op.key.data = (u_char *) cmd + sizeof(ngx_webhook_redis_cmd_t);
    cmd->op.key.len = claim->key.len;
    ngx_memcpy(cmd->op.key.data, claim->key.data, claim->key.len);

    p = ngx_cpymem(cmd->value, "p:", 2);
    (void) ngx_hex_dump(p, claim->token, NGX_WEBHOOK_TOKEN_LEN);

    cmd->op.timeout = claim->store->timeout;

    return cmd;
}


ngx_int_t
ngx_webhook_redis_cmd_claim(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler)
{
    ngx_str_t  *argv;

    argv = cmd->op.argv;

    ngx_str_set(&argv[0], "SET");
    argv[1] = cmd->op.key;
    argv[2].data = cmd->value;
    argv[2].len = NGX_WEBHOOK_REDIS_CLAIM_LEN;
    ngx_str_set(&argv[3], "NX");
    ngx_str_set(&argv[4], "PX");
    ngx_webhook_redis_cmd_ms(cmd, &argv[5], cmd->lease);

    cmd->tries++;

    return ngx_webhook_redis_cmd_send(cmd, 6, handler);
}


ngx_int_t
ngx_webhook_redis_cmd_get(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler)
{
    ngx_str_t  *argv;

    argv = cmd->op.argv;

    ngx_str_set(&argv[0], "GET");
    argv[1] = cmd->op.key;

    return ngx_webhook_redis_cmd_send(cmd, 2, handler);
}


ngx_int_t
ngx_webhook_redis_cmd_renew(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler)
{
    return ngx_webhook_redis_cmd_eval(cmd,
                                      &ngx_webhook_redis_cmd_renew_script,
                                      handler);
}


ngx_int_t
ngx_webhook_redis_cmd_release(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler)
{
    return ngx_webhook_redis_cmd_eval(cmd,
                                      &ngx_webhook_redis_cmd_release_script,
                                      handler);
}


ngx_int_t
ngx_webhook_redis_cmd_commit(ngx_webhook_redis_cmd_t *cmd, ngx_msec_t window,
    ngx_uint_t status, ngx_webhook_redis_handler_pt handler)
{
    u_char     *last;
    ngx_str_t  *argv;

    argv = cmd->op.argv;

    last = ngx_sprintf(cmd->done, "d:%T:%ui", ngx_time(), status);

    ngx_str_set(&argv[0], "SET");
    argv[1] = cmd->op.key;
    argv[2].data = cmd->done;
    argv[2].len = (size_t) (last - cmd->done);
    ngx_str_set(&argv[3], "PX");
    ngx_webhook_redis_cmd_ms(cmd, &argv[4], window);

    return ngx_webhook_redis_cmd_send(cmd, 5, handler);
}


static ngx_int_t
ngx_webhook_redis_cmd_eval(ngx_webhook_redis_cmd_t *cmd, ngx_str_t *script,
    ngx_webhook_redis_handler_pt handler)
{
    ngx_str_t  *argv;

    argv = cmd->op.argv;

    ngx_str_set(&argv[0], "EVAL");
    argv[1] = *script;
    ngx_str_set(&argv[2], "1");
    argv[3] = cmd->op.key;
    argv[4].data = cmd->value;
    argv[4].len = NGX_WEBHOOK_REDIS_CLAIM_LEN;
    ngx_webhook_redis_cmd_ms(cmd, &argv[5], cmd->lease);

    return ngx_webhook_redis_cmd_send(cmd, 6, handler);
}


static void
ngx_webhook_redis_cmd_ms(ngx_webhook_redis_cmd_t *cmd, ngx_str_t *arg,
    ngx_msec_t ms)
{
    arg->data = cmd->ms;
    arg->len = (size_t) (ngx_sprintf(cmd->ms, "%M", ms) - cmd->ms);
}


static ngx_int_t
ngx_webhook_redis_cmd_send(ngx_webhook_redis_cmd_t *cmd, ngx_uint_t argc,
    ngx_webhook_redis_handler_pt handler)
{
    cmd->op.argc = argc;
    cmd->op.handler = handler;

    return ngx_webhook_redis_send(cmd->redis, &cmd->op);
}
