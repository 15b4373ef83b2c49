
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_SENTINEL_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_SENTINEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_node.h"


typedef struct ngx_webhook_redis_sentinel_s  ngx_webhook_redis_sentinel_t;


/*
 * Sentinels at the places, asked for the master of conf->url whenever the
 * node has to connect; made at configuration time.
 */

ngx_webhook_redis_sentinel_t *ngx_webhook_redis_sentinel_create(
    ngx_conf_t *cf, ngx_webhook_redis_conf_t *conf,
    ngx_webhook_redis_place_t **places, ngx_uint_t nplaces);

/* sets the place of the node and ends in ngx_webhook_redis_node_found() */

void ngx_webhook_redis_sentinel_find(ngx_webhook_redis_sentinel_t *sentinel,
    ngx_webhook_redis_node_t *node);

/* the answer to ROLE, the first question to a master */

ngx_int_t ngx_webhook_redis_sentinel_role(ngx_webhook_redis_peer_t *peer,
    ngx_webhook_resp_reply_t *reply);

void ngx_webhook_redis_sentinel_exit(ngx_webhook_redis_sentinel_t *sentinel);


#endif /* _NGX_WEBHOOK_REDIS_SENTINEL_H_INCLUDED_ */
