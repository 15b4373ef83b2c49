
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_CMD_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_CMD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis.h"
#include "ngx_webhook_store.h"


/* the value of a claimed key: p: and a token in hexadecimal */

#define NGX_WEBHOOK_REDIS_CLAIM_LEN  (2 + 2 * NGX_WEBHOOK_TOKEN_LEN)

/* of a committed one at most: d:, the time, and the status after a colon */

#define NGX_WEBHOOK_REDIS_DONE_LEN   (2 + NGX_TIME_T_LEN + 1 + NGX_INT_T_LEN)


/*
 * A command about a claim, which it copies what it needs of.  It is made by
 * ngx_alloc() and can be sent again from its handler; the handler that does
 * not frees it.
 */

typedef struct {
    ngx_webhook_redis_op_t    op;         /* must be first */
    ngx_webhook_redis_t      *redis;
    ngx_webhook_claim_t      *claim;      /* NULL: nobody waits */
    u_char                    value[NGX_WEBHOOK_REDIS_CLAIM_LEN];
    u_char                    done[NGX_WEBHOOK_REDIS_DONE_LEN];
    u_char                    ms[NGX_INT_T_LEN];
    ngx_msec_t                lease;
    ngx_uint_t                tries;      /* of the claim */
    ngx_uint_t                lost;       /* there was no reply */
    ngx_uint_t                error;      /* ngx_webhook_store_error_e */
    ngx_atomic_t             *stats;
} ngx_webhook_redis_cmd_t;


ngx_webhook_redis_cmd_t *ngx_webhook_redis_cmd_create(
    ngx_webhook_redis_t *redis, ngx_webhook_claim_t *claim);

/* as of ngx_webhook_redis_send(): with NGX_ERROR the command is not sent */

ngx_int_t ngx_webhook_redis_cmd_claim(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler);
ngx_int_t ngx_webhook_redis_cmd_get(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler);
ngx_int_t ngx_webhook_redis_cmd_renew(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler);
ngx_int_t ngx_webhook_redis_cmd_release(ngx_webhook_redis_cmd_t *cmd,
    ngx_webhook_redis_handler_pt handler);
ngx_int_t ngx_webhook_redis_cmd_commit(ngx_webhook_redis_cmd_t *cmd,
    ngx_msec_t window, ngx_uint_t status,
    ngx_webhook_redis_handler_pt handler);


#endif /* _NGX_WEBHOOK_REDIS_CMD_H_INCLUDED_ */
