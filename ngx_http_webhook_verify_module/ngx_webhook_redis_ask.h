
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_ASK_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_ASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_peer.h"


/*
 * One question to several servers, each over a connection of its own, until
 * one has an answer that is right.  The owner sets conf, question and answer
 * of the peer, whose data is this, and what is above the line.
 */

typedef struct {
    ngx_webhook_redis_peer_t      peer;
    ngx_webhook_redis_peer_pt     handler;
    void                         *data;
    ngx_webhook_redis_place_t   **places;
    ngx_uint_t                    nplaces;
    ngx_uint_t                    current;     /* where to begin */
    unsigned                      auth:1;      /* or only when told to */

    /* ---------------------------------------------------------------- */

    ngx_uint_t                    tried;
    unsigned                      active:1;
} ngx_webhook_redis_ask_t;


/*
 * Ends in the handler, once: with NGX_OK an answer was taken and the peer is
 * still open, with NGX_ERROR the peer has the reason of the last server.
 */

void ngx_webhook_redis_ask(ngx_webhook_redis_ask_t *ask);

/* the handler is not called */

void ngx_webhook_redis_ask_cancel(ngx_webhook_redis_ask_t *ask);


#endif /* _NGX_WEBHOOK_REDIS_ASK_H_INCLUDED_ */
