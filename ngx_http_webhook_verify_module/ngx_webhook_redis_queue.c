
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The operations of a connection to Redis: their deadlines, and what becomes
 * of them when the connection does not.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis.h"
#include "ngx_webhook_redis_queue.h"


/* connections that may break on a command that is kept */

#define NGX_WEBHOOK_REDIS_LOSSES  3


/* a timer that is set too early costs a look, one too late an answer */

void
ngx_webhook_redis_arm(ngx_webhook_redis_t *rds, ngx_msec_t when)
{
    ngx_msec_int_t  left;

    if (rds->deadline.timer_set) {

        if ((ngx_msec_int_t) (rds->deadline.timer.key - when) <= 0) {
            return;
        }

        ngx_del_timer(&rds->deadline);
    }

    left = (ngx_msec_int_t) (when - ngx_current_msec);

    ngx_add_timer(&rds->deadline, (ngx_msec_t) ngx_max(left, 1));
}


void
ngx_webhook_redis_requeue(ngx_webhook_redis_t *rds)
{
    ngx_queue_t             *q;
    ngx_webhook_redis_op_t  *op;

    for (q = ngx_queue_head(&rds->sent);
         q != ngx_queue_sentinel(&rds->sent);
         q = ngx_queue_next(q))
    {
        op = ngx_webhook_redis_op(q);
        op->losses++;
    }

    ngx_queue_add(&rds->sent, &rds->waiting);
    ngx_queue_init(&rds->waiting);

    ngx_queue_add(&rds->waiting, &rds->sent);
    ngx_queue_init(&rds->sent);
}


void
ngx_webhook_redis_sift(ngx_webhook_redis_t *rds)
{
    ngx_uint_t               losses;
    ngx_queue_t             *q, *next, failed;
    ngx_webhook_redis_op_t  *op;

    ngx_queue_init(&failed);

    for (q = ngx_queue_head(&rds->waiting);
         q != ngx_queue_sentinel(&rds->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        op = ngx_webhook_redis_op(q);

        /* a command may itself be what the server hangs up on */

        losses = op->keep ? NGX_WEBHOOK_REDIS_LOSSES : 1;

        if (!ngx_webhook_redis_over(op->expire)
            && op->losses <= losses
            && (!rds->down || (op->keep && !ngx_exiting)))
        {
            ngx_webhook_redis_arm(rds, op->expire);
            continue;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&failed, q);
    }

    ngx_webhook_redis_fail(rds, &failed);
}


void
ngx_webhook_redis_expire(ngx_webhook_redis_t *rds)
{
    ngx_queue_t             *q, *next, failed;
    ngx_webhook_redis_op_t  *op;

    ngx_queue_init(&failed);

    for (q = ngx_queue_head(&rds->waiting);
         q != ngx_queue_sentinel(&rds->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        op = ngx_webhook_redis_op(q);

        if (ngx_webhook_redis_over(op->expire)) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&failed, q);
            continue;
        }

        ngx_webhook_redis_arm(rds, op->expire);
    }

    ngx_webhook_redis_fail(rds, &failed);
}


void
ngx_webhook_redis_fail(ngx_webhook_redis_t *rds, ngx_queue_t *failed)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(failed)) {
        q = ngx_queue_head(failed);
        ngx_queue_remove(q);

        ngx_webhook_redis_finish(rds, ngx_webhook_redis_op(q), NULL);
    }
}


void
ngx_webhook_redis_finish(ngx_webhook_redis_t *rds,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply)
{
    if (op->keep) {
        rds->kept--;
    }

    ngx_webhook_resp_discard(&op->command);

    op->handler(op, reply);

    /* the timer is left to find out itself, but a worker may exit now */

    rds->deadline.cancelable = (ngx_queue_empty(&rds->sent)
                                && ngx_queue_empty(&rds->waiting));
}
