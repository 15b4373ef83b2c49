
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_PEER_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_PEER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_webhook_redis_place.h"
#include "ngx_webhook_redis_tls.h"
#include "ngx_webhook_redis_url.h"
#include "ngx_webhook_resp.h"


#define NGX_WEBHOOK_REDIS_REASON    300

/* words of a question */

#define NGX_WEBHOOK_REDIS_QUESTION  4


typedef struct ngx_webhook_redis_peer_s  ngx_webhook_redis_peer_t;

typedef void (*ngx_webhook_redis_peer_pt)(void *data, ngx_int_t rc);
typedef ngx_int_t (*ngx_webhook_redis_answer_pt)(
    ngx_webhook_redis_peer_t *peer, ngx_webhook_resp_reply_t *reply);


/* how to speak to the servers of a store, all of them; times in ms */

typedef struct {
    ngx_webhook_redis_url_t        url;
    ngx_webhook_redis_tls_t       *tls;        /* NULL: in the clear */
    ngx_resolver_t                *resolver;   /* NULL: there is none */
    ngx_msec_t                     resolver_timeout;
    ngx_msec_t                     timeout;
} ngx_webhook_redis_conf_t;


/*
 * A server and how a connection to it comes about: name, connect, TLS, AUTH,
 * SELECT, a question.  The owner sets what is above the line, and is called
 * once for each _connect(): with NGX_OK, when the answer was found right, the
 * connection and the reader of its replies are the owner's until _close(),
 * with NGX_ERROR there is a reason.
 */

struct ngx_webhook_redis_peer_s {
    ngx_webhook_redis_tls_session_t   session;    /* must be first */

    ngx_webhook_redis_conf_t         *conf;
    ngx_webhook_redis_place_t         place;
    ngx_str_t                         question[NGX_WEBHOOK_REDIS_QUESTION];
    ngx_webhook_redis_answer_pt       answer;
    ngx_webhook_redis_peer_pt         handler;
    void                             *data;
    unsigned                          auth:1;
    unsigned                          select:1;

    /* ------------------------------------------------------------------ */

    ngx_connection_t                 *connection;
    ngx_webhook_resp_t               *resp;
    ngx_uint_t                        tried;      /* addresses, in vain */

    ngx_str_t                         greeting;
    size_t                            sent;       /* bytes of it */
    ngx_uint_t                        replies;    /* that are to come */
    unsigned                          connected:1;
    unsigned                          noauth:1;   /* it wants a password */

    /* errors of sockets are told as reasons, not by nginx core */
    ngx_log_t                         log;

    ngx_err_t                         err;
    u_char                            reason[NGX_WEBHOOK_REDIS_REASON];
};


void ngx_webhook_redis_peer_connect(ngx_webhook_redis_peer_t *peer);
void ngx_webhook_redis_peer_close(ngx_webhook_redis_peer_t *peer);

/* from within an answer, for its NGX_ERROR: why; "%V" is of the text */

void ngx_webhook_redis_peer_reason(ngx_webhook_redis_peer_t *peer,
    ngx_err_t err, const char *fmt, ngx_str_t *text);


#endif /* _NGX_WEBHOOK_REDIS_PEER_H_INCLUDED_ */
