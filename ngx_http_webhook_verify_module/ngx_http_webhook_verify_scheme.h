
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_SCHEME_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_SCHEME_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/*
 * Is a delivery what its sender has signed?  NGX_OK: so far yes,
 * NGX_DECLINED: no, and ctx->result says why, NGX_ERROR.
 */

/* all that can be told before the body is there */

ngx_int_t ngx_http_webhook_verify_scheme_headers(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);

/* the signature over the body, then the age of what was signed */

ngx_int_t ngx_http_webhook_verify_scheme_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);

/* was another body signed?  For hints about one whose signature is bad */

ngx_uint_t ngx_http_webhook_verify_scheme_try(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *body);

/* does this header occur more than once? */

ngx_uint_t ngx_http_webhook_verify_scheme_repeated(ngx_http_request_t *r,
    ngx_str_t *header);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_SCHEME_H_INCLUDED_ */
