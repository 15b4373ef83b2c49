
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_CONF_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_peer.h"


/*
 * What directives say beside the URL; names of files are as configured, or
 * empty.  Stores with the same URL and the same options are one.
 */

typedef struct {
    ngx_msec_t                      timeout;
    ngx_str_t                       password_file;
    ngx_webhook_redis_tls_conf_t    tls;
} ngx_webhook_redis_options_t;


/* NGX_ERROR after it was logged, without what may be a password */

ngx_int_t ngx_webhook_redis_conf_url(ngx_conf_t *cf,
    ngx_webhook_redis_conf_t *conf, ngx_str_t *url);
ngx_int_t ngx_webhook_redis_conf_options(ngx_conf_t *cf,
    ngx_webhook_redis_conf_t *conf, ngx_webhook_redis_options_t *options);

/* where the hosts of the URL are; NULL after it was logged */

ngx_webhook_redis_place_t **ngx_webhook_redis_conf_places(ngx_conf_t *cf,
    ngx_webhook_redis_conf_t *conf);

/* true if they are the same for a store of this URL */

ngx_uint_t ngx_webhook_redis_conf_same(ngx_webhook_redis_conf_t *conf,
    ngx_webhook_redis_options_t *a, ngx_webhook_redis_options_t *b);


#endif /* _NGX_WEBHOOK_REDIS_CONF_H_INCLUDED_ */
