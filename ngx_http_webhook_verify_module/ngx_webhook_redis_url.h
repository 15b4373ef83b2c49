
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_URL_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * redis://[user[:password]@]host[:port][/db], or unix:<path>[?db=<n>].
 * User and password are percent-decoded; the name is for logs and has none.
 */

typedef struct {
    ngx_str_t    name;
    ngx_str_t    user;
    ngx_str_t    password;
    ngx_str_t    host;           /* or the path of a socket */
    in_port_t    port;
    ngx_uint_t   db;
    unsigned     unix_socket:1;
} ngx_webhook_redis_url_t;


/* NULL, or what is wrong with the text, as the end of a sentence */

const char *ngx_webhook_redis_url_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url);


#endif /* _NGX_WEBHOOK_REDIS_URL_H_INCLUDED_ */
