
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_NODE_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_peer.h"


#define NGX_WEBHOOK_REDIS_ARGS  6


typedef struct ngx_webhook_redis_op_s    ngx_webhook_redis_op_t;
typedef struct ngx_webhook_redis_node_s  ngx_webhook_redis_node_t;

/* reply: NULL if there was none */

typedef void (*ngx_webhook_redis_handler_pt)(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);


/*
 * One command and what becomes of it.  The caller allocates it and sets what
 * is above the line; times are in ms.  From an NGX_OK of
 * ngx_webhook_redis_send() until the handler it is not the caller's, and
 * neither are the strings.
 *
 * A command may be asked again, over a new connection or elsewhere, so it
 * must have the same effect twice.  One with "keep" is asked again for so
 * long, however often servers go away or refuse it, unless the worker is
 * exiting; one without fails as soon as its server is known to be down.
 */

struct ngx_webhook_redis_op_s {
    ngx_queue_t                    queue;
    ngx_uint_t                     argc;       /* of the command */
    ngx_str_t                      argv[NGX_WEBHOOK_REDIS_ARGS];
    ngx_str_t                      key;        /* says where, in a cluster */
    ngx_webhook_redis_handler_pt   handler;
    ngx_msec_t                     timeout;    /* for an answer */
    ngx_msec_t                     keep;
    unsigned                       first:1;    /* before all that wait */
    unsigned                       must:1;     /* however many break on it */

    /* ---------------------------------------------------------------- */

    unsigned                       written:1;  /* a server may have it */
    unsigned                       asking:1;   /* ASKING is to go before */
    unsigned                       asked:1;    /* and has, so has a reply */
    ngx_uint_t                     losses;     /* after it was written */
    ngx_uint_t                     redirects;
    ngx_uint_t                     refusals;
    ngx_msec_t                     deadline;
    ngx_msec_t                     expire;
};


typedef enum {
    NGX_WEBHOOK_REDIS_IDLE = 0,
    NGX_WEBHOOK_REDIS_CONNECTING,
    NGX_WEBHOOK_REDIS_READY,
    NGX_WEBHOOK_REDIS_BACKOFF
} ngx_webhook_redis_state_e;


/* what a node tells its owner; "done" takes the operation back */

typedef struct {
    void                         (*done)(ngx_webhook_redis_node_t *node,
                                         ngx_webhook_redis_op_t *op,
                                         ngx_webhook_resp_reply_t *reply);
    void                         (*lost)(ngx_webhook_redis_node_t *node);
    void                         (*ready)(ngx_webhook_redis_node_t *node);

    /* where is it?  Ends in ngx_webhook_redis_node_found(); NULL: known */
    void                         (*find)(ngx_webhook_redis_node_t *node);
} ngx_webhook_redis_owner_t;


/*
 * A worker's connection to a server.  Commands of one turn of the event loop
 * leave in one write, replies are matched to them in order.
 *
 *     IDLE -> CONNECTING -> READY -> CONNECTING    it broke, once
 *                        -> BACKOFF -> CONNECTING  the server is down
 */

struct ngx_webhook_redis_node_s {
    /* the events are logged as if this were an ngx_connection_t */
    void                         *dummy[3];
    ngx_int_t                     ident;

    ngx_queue_t                   queue;       /* the owner's */
    ngx_webhook_redis_owner_t    *owner;
    void                         *data;
    ngx_str_t                     name;        /* for logs */
    unsigned                      wanted:1;    /* by the owner */

    ngx_webhook_redis_peer_t      peer;
    ngx_webhook_redis_state_e     state;

    ngx_queue_t                   waiting;     /* to be written */
    ngx_queue_t                   sent;        /* in the order of replies */
    ngx_buf_t                     out;

    ngx_event_t                   connect;     /* at once, or after a while */
    ngx_event_t                   deadline;    /* the nearest of operations */

    ngx_msec_t                    since;       /* it was READY */
    ngx_uint_t                    failures;    /* in a row */
    unsigned                      down:1;
    unsigned                      told:1;      /* the log says so */
    unsigned                      answered:1;  /* since it is READY */
    unsigned                      unfit:1;     /* by its own word */
    unsigned                      broken:1;    /* since it was READY */
    unsigned                      exiting:1;
};


/* the caller sets owner, data, name and place, the rest is zero */

void ngx_webhook_redis_node_init(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_conf_t *conf, ngx_log_t *log);

/*
 * NGX_ERROR: the operation was not taken, as the server is down.  The owner
 * is never called from within.
 */

ngx_int_t ngx_webhook_redis_node_send(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_op_t *op);

/* connects one that is IDLE, though there is nothing to ask, in "delay" ms */

void ngx_webhook_redis_node_wake(ngx_webhook_redis_node_t *node,
    ngx_msec_t delay);

/* asks elsewhere what it was asking, if the owner finds it there */

void ngx_webhook_redis_node_leave(ngx_webhook_redis_node_t *node);

/* its place is set, or, with NGX_ERROR, there is a reason in its peer */

void ngx_webhook_redis_node_found(ngx_webhook_redis_node_t *node,
    ngx_int_t rc);

/* gives back to the owner what is left, and takes nothing more */

void ngx_webhook_redis_node_exit(ngx_webhook_redis_node_t *node);


#endif /* _NGX_WEBHOOK_REDIS_NODE_H_INCLUDED_ */
