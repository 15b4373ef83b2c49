
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_OUT_H_INCLUDED_
#define _NGX_WEBHOOK_OUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a text that grows in buffers, from the pool; without memory it failed */

typedef struct {
    ngx_pool_t    *pool;
    ngx_chain_t   *first;
    ngx_chain_t  **next;
    ngx_buf_t     *buf;
    off_t          size;
    unsigned       failed:1;
} ngx_webhook_out_t;


void ngx_webhook_out_init(ngx_webhook_out_t *out, ngx_pool_t *pool);

/* at most NGX_WEBHOOK_OUT_PRINT bytes at a time */

#define NGX_WEBHOOK_OUT_PRINT  1024

void ngx_cdecl ngx_webhook_out_print(ngx_webhook_out_t *out, const char *fmt,
    ...);

void ngx_webhook_out_bytes(ngx_webhook_out_t *out, const void *data,
    size_t len);

/*
 * A text from outside, without quotes, as a string of JSON that may also
 * stand in HTML, and as a label of Prometheus.  What is not UTF-8 is
 * replaced.
 */

void ngx_webhook_out_json(ngx_webhook_out_t *out, u_char *data, size_t len);
void ngx_webhook_out_label(ngx_webhook_out_t *out, u_char *data, size_t len);


#endif /* _NGX_WEBHOOK_OUT_H_INCLUDED_ */
