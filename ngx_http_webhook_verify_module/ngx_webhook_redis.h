
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_connect.h"


typedef struct ngx_webhook_redis_op_s  ngx_webhook_redis_op_t;

/* reply: NULL if there was none */

typedef void (*ngx_webhook_redis_handler_pt)(ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);


/*
 * One command and what becomes of it.  The caller allocates it and sets the
 * command, the handler and the times (ms).  From an NGX_OK of _send() until
 * the handler it is the connection's; the command is discarded before.
 *
 * A command may be asked again over a new connection if the old one broke,
 * so it must have the same effect twice.  One with "keep" is asked again
 * for so long, however often the server goes away, unless the worker is
 * exiting; one without fails as soon as the server is known to be down.
 */

struct ngx_webhook_redis_op_s {
    ngx_queue_t                    queue;
    ngx_str_t                      command;
    ngx_webhook_redis_handler_pt   handler;
    void                          *data;       /* the caller's */

    ngx_msec_t                     timeout;    /* for an answer */
    ngx_msec_t                     keep;

    ngx_msec_t                     deadline;
    ngx_msec_t                     expire;
    ngx_uint_t                     losses;     /* after it was written */
    unsigned                       written:1;  /* the server may have it */
};


typedef enum {
    NGX_WEBHOOK_REDIS_IDLE = 0,
    NGX_WEBHOOK_REDIS_CONNECTING,
    NGX_WEBHOOK_REDIS_READY,
    NGX_WEBHOOK_REDIS_BACKOFF
} ngx_webhook_redis_state_e;


/*
 * A worker's connection to a server.  Commands of one turn of the event loop
 * leave in one write, replies are matched to them in order.
 *
 *     IDLE -> CONNECTING -> READY -> CONNECTING    it broke, once
 *                        -> BACKOFF -> CONNECTING  the server is down
 */

typedef struct {
    /* the events are logged as if this were an ngx_connection_t */
    void                       *dummy[3];
    ngx_int_t                   ident;

    ngx_webhook_redis_peer_t    peer;
    ngx_webhook_redis_state_e   state;

    ngx_queue_t                 waiting;     /* to be written */
    ngx_queue_t                 sent;        /* in the order of replies */
    ngx_uint_t                  kept;        /* operations with "keep" */
    ngx_buf_t                   out;

    ngx_event_t                 connect;     /* at once, or after a while */
    ngx_event_t                 deadline;    /* the nearest of operations */

    ngx_msec_t                  timeout;     /* to connect */
    ngx_uint_t                  failures;    /* in a row */
    unsigned                    down:1;      /* and the log says so */
    unsigned                    answered:1;  /* since it is READY */
    unsigned                    exiting:1;
} ngx_webhook_redis_t;


/* the caller sets rds->peer.url and rds->timeout, the rest is zero */

void ngx_webhook_redis_init(ngx_webhook_redis_t *rds, ngx_log_t *log);

/*
 * NGX_ERROR: the operation was not taken and is the caller's still.  The
 * handler is never called from within.
 */

ngx_int_t ngx_webhook_redis_send(ngx_webhook_redis_t *rds,
    ngx_webhook_redis_op_t *op);

/* of a worker: calls the handlers that are left */

void ngx_webhook_redis_exit(ngx_webhook_redis_t *rds);


#endif /* _NGX_WEBHOOK_REDIS_H_INCLUDED_ */
