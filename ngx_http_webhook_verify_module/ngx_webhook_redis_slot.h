
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_SLOT_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_SLOT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_resp.h"


#define NGX_WEBHOOK_REDIS_SLOTS  16384


/* a range of slots and its master; without a host it is who was asked */

typedef struct {
    ngx_uint_t    first;
    ngx_uint_t    last;
    ngx_str_t     host;
    ngx_int_t     port;
} ngx_webhook_redis_slots_t;


ngx_uint_t ngx_webhook_redis_slot(ngx_str_t *key);

/*
 * The ranges in the answer to CLUSTER SLOTS: "n" is 0 at first.  NGX_DONE
 * after the last, NGX_ERROR when it is no such answer.
 */

ngx_int_t ngx_webhook_redis_slots_next(ngx_webhook_resp_reply_t *reply,
    ngx_uint_t *n, ngx_webhook_redis_slots_t *slots);

/* the one in "MOVED 866 127.0.0.1:7002", or in "ASK ..." */

ngx_int_t ngx_webhook_redis_slots_redirect(ngx_str_t *text,
    ngx_webhook_redis_slots_t *slots);


#endif /* _NGX_WEBHOOK_REDIS_SLOT_H_INCLUDED_ */
