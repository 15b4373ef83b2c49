
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_PLACE_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_PLACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis_url.h"


/* addresses of a name, and bytes of a host and a port */

#define NGX_WEBHOOK_REDIS_ADDRS  8
#define NGX_WEBHOOK_REDIS_HOST   280


typedef struct ngx_webhook_redis_place_s  ngx_webhook_redis_place_t;

/* "error" is NULL if there are addresses, and otherwise says why not */

typedef void (*ngx_webhook_redis_place_pt)(void *data, const char *error);


/*
 * Where a server is: what was configured, or what a Sentinel or a Cluster
 * told.  Addresses are fixed, or asked of the resolver time and again.
 */

struct ngx_webhook_redis_place_s {
    ngx_webhook_redis_host_t      host;
    u_char                        buf[NGX_WEBHOOK_REDIS_HOST];

    ngx_addr_t                   *addrs;
    ngx_uint_t                    naddrs;
    ngx_uint_t                    current;
    ngx_uint_t                    fixed;

    ngx_addr_t                    found[NGX_WEBHOOK_REDIS_ADDRS];
    ngx_sockaddr_t                sockaddrs[NGX_WEBHOOK_REDIS_ADDRS];

    ngx_resolver_ctx_t           *resolving;
    ngx_webhook_redis_place_pt    handler;
    void                         *data;
};


/*
 * Of a configured host: a literal address, or the business of the resolver
 * if it has name servers, or resolved here.  NGX_ERROR after it was logged.
 */

ngx_int_t ngx_webhook_redis_place_locate(ngx_conf_t *cf,
    ngx_webhook_redis_place_t *place, ngx_webhook_redis_host_t *host,
    ngx_resolver_t *resolver);

/* of a host that was told at run time; NGX_DECLINED: it can not be one */

ngx_int_t ngx_webhook_redis_place_set(ngx_webhook_redis_place_t *place,
    ngx_str_t *host, ngx_int_t port);

/* NGX_OK: "host:port" are those of the place */

ngx_int_t ngx_webhook_redis_place_is(ngx_webhook_redis_place_t *place,
    ngx_str_t *host, ngx_int_t port);

/*
 * NGX_OK: there are addresses; NGX_AGAIN: the handler is called when the
 * resolver has answered, within "timeout" ms; NGX_ERROR: there is none.
 */

ngx_int_t ngx_webhook_redis_place_resolve(ngx_webhook_redis_place_t *place,
    ngx_resolver_t *resolver, ngx_msec_t timeout);
void ngx_webhook_redis_place_cancel(ngx_webhook_redis_place_t *place);

/*
 * To the current one of the addresses.  NGX_OK: connected, NGX_AGAIN: the
 * write event will tell; NGX_ERROR: no connection, and errno says why.
 */

ngx_int_t ngx_webhook_redis_place_connect(ngx_webhook_redis_place_t *place,
    ngx_log_t *log, ngx_connection_t **c);


#endif /* _NGX_WEBHOOK_REDIS_PLACE_H_INCLUDED_ */
