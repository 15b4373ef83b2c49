
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_URL_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_WEBHOOK_REDIS_SINGLE = 0,
    NGX_WEBHOOK_REDIS_SENTINEL,
    NGX_WEBHOOK_REDIS_CLUSTER
} ngx_webhook_redis_kind_e;


typedef struct {
    ngx_str_t                   text;          /* host[:port], for logs */
    ngx_str_t                   host;          /* or the path of a socket */
    in_port_t                   port;
    unsigned                    unix_socket:1;
} ngx_webhook_redis_host_t;


/*
 * redis://[user[:password]@]host[:port][/db], unix:<path>[?db=<n>],
 * redis-sentinel://[user[:password]@]host[:port],.../master-name[/db], or
 * redis-cluster://[user[:password]@]host[:port],...; with TLS they begin with
 * "rediss".  User and password are percent-decoded; the name is for logs and
 * has neither.
 */

typedef struct {
    ngx_str_t                   name;
    ngx_webhook_redis_kind_e    kind;
    ngx_str_t                   user;
    ngx_str_t                   password;
    ngx_webhook_redis_host_t   *hosts;
    ngx_uint_t                  nhosts;
    ngx_str_t                   master;        /* of a sentinel */
    ngx_uint_t                  db;
    unsigned                    tls:1;
} ngx_webhook_redis_url_t;


/* NULL, or what is wrong with the text, as the end of a sentence */

const char *ngx_webhook_redis_url_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url);


#endif /* _NGX_WEBHOOK_REDIS_URL_H_INCLUDED_ */
