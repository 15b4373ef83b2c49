
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The status that the provider is sent settles the claim.  It stands in the
 * header as the last filters see it, after all that may still change it, so
 * this one comes right before the range filter, next to the wire.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_access.h"
#include "ngx_http_webhook_verify_dedup.h"


static ngx_int_t ngx_http_webhook_verify_header_filter(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_webhook_verify_filter_init(ngx_conf_t *cf);


static ngx_http_module_t  ngx_http_webhook_verify_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_webhook_verify_filter_init,   /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_webhook_verify_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_webhook_verify_filter_module_ctx, /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


static ngx_int_t
ngx_http_webhook_verify_header_filter(ngx_http_request_t *r)
{
    ngx_http_webhook_verify_ctx_t  *ctx;

    if (r == r->main) {
        ctx = ngx_http_webhook_verify_get_ctx(r);

        if (ctx) {
            ngx_http_webhook_verify_dedup_settle(ctx, r->headers_out.status);
        }
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_webhook_verify_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_webhook_verify_header_filter;

    return NGX_OK;
}
