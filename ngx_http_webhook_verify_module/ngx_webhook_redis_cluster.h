
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_CLUSTER_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_CLUSTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_ask.h"
#include "ngx_webhook_redis_node.h"
#include "ngx_webhook_redis_slot.h"


typedef struct ngx_webhook_redis_cluster_s  ngx_webhook_redis_cluster_t;


/* NGX_OK: the slots are known, NGX_ERROR: they could not be asked for */

typedef void (*ngx_webhook_redis_cluster_pt)(void *data, ngx_int_t rc);


/*
 * Which node has which slot, of a worker.  Nodes are made when they are
 * heard of, one to an address, and are gone when the Cluster does not name
 * them any more and nothing is asked of them.
 */

struct ngx_webhook_redis_cluster_s {
    /* the event is logged as if this were an ngx_connection_t */
    void                           *dummy[3];
    ngx_int_t                       ident;

    ngx_webhook_redis_conf_t       *conf;
    ngx_webhook_redis_owner_t      *owner;      /* of the nodes */
    void                           *data;
    ngx_webhook_redis_cluster_pt    handler;

    ngx_webhook_redis_ask_t         ask;
    ngx_webhook_redis_place_t     **places;     /* as configured */
    ngx_uint_t                      nplaces;
    ngx_uint_t                      turn;       /* another one each time */

    ngx_webhook_redis_node_t      **slots;      /* NULL: not yet known */
    ngx_queue_t                     nodes;

    ngx_event_t                     refresh;
    ngx_msec_t                      refreshed;
    ngx_uint_t                      failures;   /* to refresh, in a row */
    unsigned                        down:1;     /* and the log says so */
    unsigned                        exiting:1;
};


ngx_webhook_redis_cluster_t *ngx_webhook_redis_cluster_create(
    ngx_conf_t *cf, ngx_webhook_redis_conf_t *conf,
    ngx_webhook_redis_place_t **places, ngx_uint_t nplaces);

/*
 * NGX_OK with the node that has the slot of the key.  NGX_AGAIN: that is
 * being asked, the handler will be called; NGX_ERROR: nobody tells.
 */

ngx_int_t ngx_webhook_redis_cluster_node(ngx_webhook_redis_cluster_t *cluster,
    ngx_str_t *key, ngx_webhook_redis_node_t **node);

/*
 * Who is named by "MOVED 866 127.0.0.1:7002" or "ASK ...", which "from" said;
 * a move is remembered.  NULL: nobody, or there is no memory.
 */

ngx_webhook_redis_node_t *ngx_webhook_redis_cluster_redirect(
    ngx_webhook_redis_cluster_t *cluster, ngx_webhook_redis_node_t *from,
    ngx_str_t *text, ngx_uint_t moved);

/* asks for the slots, but not too often */

void ngx_webhook_redis_cluster_refresh(ngx_webhook_redis_cluster_t *cluster);

/* nodes are not to be used any more; for exit_process, and twice is once */

void ngx_webhook_redis_cluster_exit(ngx_webhook_redis_cluster_t *cluster);


#endif /* _NGX_WEBHOOK_REDIS_CLUSTER_H_INCLUDED_ */
