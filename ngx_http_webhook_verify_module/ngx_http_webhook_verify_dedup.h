
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_DEDUP_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_DEDUP_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/*
 * Claims the event of a verified delivery.  NGX_OK: ctx->result is set,
 * NGX_AGAIN: ctx->resume() is called when it is, NGX_ERROR.
 */

ngx_int_t ngx_http_webhook_verify_dedup_claim(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);

/* the provider is sent this status */

void ngx_http_webhook_verify_dedup_settle(ngx_http_webhook_verify_ctx_t *ctx,
    ngx_uint_t status);

/* the request is no more */

void ngx_http_webhook_verify_dedup_end(ngx_http_webhook_verify_ctx_t *ctx);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_DEDUP_H_INCLUDED_ */
