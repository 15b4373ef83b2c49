
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_MAC_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_MAC_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/* an index without a MAC is a secret that this request has not */

typedef struct {
    ngx_webhook_mac_t  **macs;
    ngx_uint_t           nmacs;
} ngx_http_webhook_verify_macs_t;


/* NGX_DECLINED: there is no secret at all, NGX_ERROR */

ngx_int_t ngx_http_webhook_verify_macs_check(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);
ngx_int_t ngx_http_webhook_verify_macs_create(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_http_webhook_verify_macs_t *m);

/* after _create(), whatever it returned */

void ngx_http_webhook_verify_macs_free(ngx_http_webhook_verify_ctx_t *ctx,
    ngx_http_webhook_verify_macs_t *m);

/* for ngx_http_webhook_verify_body_each(), data: the MACs */

ngx_int_t ngx_http_webhook_verify_macs_update(void *data, u_char *p,
    size_t len);

/* the digest of a short text; as of _create() */

ngx_int_t ngx_http_webhook_verify_macs_sign(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *text, u_char *digest);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_MAC_H_INCLUDED_ */
