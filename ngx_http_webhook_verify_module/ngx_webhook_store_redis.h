
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_STORE_REDIS_H_INCLUDED_
#define _NGX_WEBHOOK_STORE_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_conf.h"
#include "ngx_webhook_store.h"


/*
 * A store in the Redis of this URL, of which the options are not yet known.
 * NULL after an error was logged, the password is not.
 */

ngx_webhook_store_t *ngx_webhook_store_redis_create(ngx_conf_t *cf,
    ngx_str_t *url);

/* true if it is one with these options, or has none yet */

ngx_uint_t ngx_webhook_store_redis_is(ngx_webhook_store_t *store,
    ngx_webhook_redis_options_t *options);

/* once, when the location that uses the store is known, and its resolver */

ngx_int_t ngx_webhook_store_redis_options(ngx_conf_t *cf,
    ngx_webhook_store_t *store, ngx_webhook_redis_options_t *options,
    ngx_resolver_t *resolver, ngx_msec_t resolver_timeout);


#endif /* _NGX_WEBHOOK_STORE_REDIS_H_INCLUDED_ */
