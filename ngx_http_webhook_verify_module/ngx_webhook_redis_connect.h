
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_CONNECT_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_CONNECT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_webhook_redis_url.h"
#include "ngx_webhook_resp.h"


#define NGX_WEBHOOK_REDIS_REASON  300

/* of a name that is resolved at run time */

#define NGX_WEBHOOK_REDIS_ADDRS   8


typedef void (*ngx_webhook_redis_connect_pt)(void *data, ngx_int_t rc);


/*
 * A server and how a connection to it comes about: name, connect, AUTH,
 * SELECT, PING.  The owner sets the handler, which is called once for each
 * _connect(): with NGX_OK the connection and the reader of its replies are
 * the owner's until _close(), with NGX_ERROR there is a reason.
 */

typedef struct {
    ngx_webhook_redis_url_t        url;

    ngx_addr_t                    *addrs;      /* fixed at configuration, */
    ngx_uint_t                     naddrs;     /* or what was resolved */
    ngx_uint_t                     current;
    ngx_uint_t                     tried;      /* of them, in vain */

    ngx_resolver_t                *resolver;   /* otherwise */
    ngx_msec_t                     resolver_timeout;
    ngx_resolver_ctx_t            *resolving;
    ngx_addr_t                     found[NGX_WEBHOOK_REDIS_ADDRS];
    ngx_sockaddr_t                 sockaddrs[NGX_WEBHOOK_REDIS_ADDRS];

    ngx_webhook_redis_connect_pt   handler;
    void                          *data;

    ngx_connection_t              *connection;
    ngx_webhook_resp_t            *resp;
    ngx_msec_t                     timeout;    /* of all steps together */

    ngx_str_t                      greeting;
    size_t                         sent;       /* bytes of it */
    unsigned                       connected:1;

    /* errors of sockets are told as reasons, not by nginx core */
    ngx_log_t                      log;

    ngx_err_t                      err;
    u_char                         reason[NGX_WEBHOOK_REDIS_REASON];
} ngx_webhook_redis_peer_t;


/*
 * Where the server is: a literal address, or the resolver's business if it
 * has name servers, or resolved here.  NGX_ERROR after it was logged.
 */

ngx_int_t ngx_webhook_redis_peer_locate(ngx_conf_t *cf,
    ngx_webhook_redis_peer_t *peer, ngx_resolver_t *resolver,
    ngx_msec_t resolver_timeout);

void ngx_webhook_redis_peer_connect(ngx_webhook_redis_peer_t *peer,
    ngx_msec_t timeout);
void ngx_webhook_redis_peer_close(ngx_webhook_redis_peer_t *peer);


#endif /* _NGX_WEBHOOK_REDIS_CONNECT_H_INCLUDED_ */
