
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_IO_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_IO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_node.h"


#define ngx_webhook_redis_op(q)                                               \
    ngx_queue_data(q, ngx_webhook_redis_op_t, queue)

#define ngx_webhook_redis_over(when)                                          \
    ((ngx_msec_int_t) ((when) - ngx_current_msec) <= 0)


/* handlers of the events of a connection that is READY */

void ngx_webhook_redis_io_write(ngx_event_t *wev);
void ngx_webhook_redis_io_read(ngx_event_t *rev);

/* what they do to their node: has its timer look then, or earlier */

void ngx_webhook_redis_node_arm(ngx_webhook_redis_node_t *node,
    ngx_msec_t when);
void ngx_webhook_redis_node_lost(ngx_webhook_redis_node_t *node,
    const char *reason, ngx_err_t err);
void ngx_webhook_redis_node_close(ngx_webhook_redis_node_t *node);
void ngx_webhook_redis_node_done(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply);


#endif /* _NGX_WEBHOOK_REDIS_IO_H_INCLUDED_ */
