
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_cluster.h"
#include "ngx_webhook_redis_node.h"
#include "ngx_webhook_redis_sentinel.h"


typedef struct ngx_webhook_redis_s  ngx_webhook_redis_t;

typedef ngx_uint_t (*ngx_webhook_redis_restore_pt)(void *data,
    ngx_uint_t send);


/*
 * A worker's way to Redis, be it one server, the master that Sentinels name
 * or the nodes of a Cluster: an operation goes in, and its reply comes out
 * when there is one that counts.
 */

struct ngx_webhook_redis_s {
    /* the event is logged as if this were an ngx_connection_t */
    void                           *dummy[3];
    ngx_int_t                       ident;

    ngx_webhook_redis_conf_t        conf;
    ngx_webhook_redis_node_t        node;       /* unless it is a cluster */
    ngx_webhook_redis_sentinel_t   *sentinel;   /* NULL: it is none */
    ngx_webhook_redis_cluster_t    *cluster;

    ngx_queue_t                     later;      /* operations */
    ngx_event_t                     again;      /* the first of them */
    ngx_uint_t                      kept;       /* operations with "keep" */

    /*
     * What a server may have lost with its memory is to be sent again, before
     * all else; without "send": is there something?
     */
    ngx_webhook_redis_restore_pt    restore;
    void                           *data;

    /* the last word it refused a command by, and when it was logged */
    u_char                          refused[16];
    ngx_msec_t                      complained;

    unsigned                        lost:1;     /* a node of a cluster */
    unsigned                        exiting:1;
};


/* the caller has set redis->conf, but for its timeout; it is logged why not */

ngx_int_t ngx_webhook_redis_init(ngx_conf_t *cf, ngx_webhook_redis_t *redis);

/*
 * NGX_ERROR: the operation was not taken and is the caller's still.  The
 * handler is never called from within.
 */

ngx_int_t ngx_webhook_redis_send(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op);

/* logs a text of the server's, though not from each request */

void ngx_webhook_redis_complain(ngx_webhook_redis_t *redis, const char *what,
    ngx_str_t *text);

/* of a worker: calls the handlers that are left */

void ngx_webhook_redis_exit(ngx_webhook_redis_t *redis);


#endif /* _NGX_WEBHOOK_REDIS_H_INCLUDED_ */
