
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_QUEUE_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_QUEUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis.h"


#define ngx_webhook_redis_op(q)                                               \
    ngx_queue_data(q, ngx_webhook_redis_op_t, queue)

#define ngx_webhook_redis_over(when)                                          \
    ((ngx_msec_int_t) ((when) - ngx_current_msec) <= 0)


/* has the timer look at the operations at this moment, or earlier */

void ngx_webhook_redis_arm(ngx_webhook_redis_t *rds, ngx_msec_t when);

/* what was sent waits again, before what has been waiting */

void ngx_webhook_redis_requeue(ngx_webhook_redis_t *rds);

/* ends what waits and is not worth another attempt, and what is too late */

void ngx_webhook_redis_sift(ngx_webhook_redis_t *rds);
void ngx_webhook_redis_expire(ngx_webhook_redis_t *rds);

/* ends operations without a reply, and one with whatever there is */

void ngx_webhook_redis_fail(ngx_webhook_redis_t *rds, ngx_queue_t *failed);
void ngx_webhook_redis_finish(ngx_webhook_redis_t *rds,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply);


#endif /* _NGX_WEBHOOK_REDIS_QUEUE_H_INCLUDED_ */
