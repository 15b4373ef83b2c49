
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_STORE_SHM_H_INCLUDED_
#define _NGX_WEBHOOK_STORE_SHM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_store.h"


/*
 * A store in the shared memory zone "name" of "size" bytes, 0 for a zone
 * that is declared elsewhere; the tag is the module.  Keys outlive a reload.
 */

ngx_webhook_store_t *ngx_webhook_store_shm_create(ngx_conf_t *cf,
    ngx_webhook_crypto_t *crypto, ngx_str_t *name, size_t size, void *tag);

/*
 * When the configuration is read: a zone that nobody gave a size gets this
 * one, 0 makes it an error.
 */

ngx_int_t ngx_webhook_store_shm_size(ngx_conf_t *cf,
    ngx_webhook_store_t *store, size_t size);

/* in keys; there is room for so many */

typedef struct {
    ngx_uint_t   room;
    ngx_uint_t   keys;
    ngx_uint_t   evictions;
} ngx_webhook_shm_usage_t;

void ngx_webhook_store_shm_usage(ngx_webhook_store_t *store,
    ngx_webhook_shm_usage_t *usage);

/*
 * Forgets an event that is done.  NGX_OK, NGX_DECLINED: it is not known,
 * NGX_BUSY: a delivery has claimed it, NGX_ERROR.
 */

ngx_int_t ngx_webhook_store_shm_forget(ngx_webhook_store_t *store,
    ngx_str_t *key);


#endif /* _NGX_WEBHOOK_STORE_SHM_H_INCLUDED_ */
