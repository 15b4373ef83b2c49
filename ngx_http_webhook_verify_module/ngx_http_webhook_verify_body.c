
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The one iterator over a body.  $request_body would be empty for a body in
 * a temporary file, and the buffers of a request may be many.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_body.h"


#define NGX_HTTP_WEBHOOK_BODY_PIECE  65536


static ngx_int_t ngx_http_webhook_verify_body_file(ngx_http_request_t *r,
    ngx_buf_t *b, ngx_http_webhook_verify_body_pt handler, void *data);


ngx_int_t
ngx_http_webhook_verify_body_each(ngx_http_request_t *r,
    ngx_http_webhook_verify_body_pt handler, void *data)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        b = cl->buf;

        if (ngx_buf_in_memory(b)) {

            if (b->pos == b->last) {
                continue;
            }

            rc = handler(data, b->pos, (size_t) (b->last - b->pos));

        } else if (b->in_file) {
            rc = ngx_http_webhook_verify_body_file(r, b, handler, data);

        } else {
            continue;
        }

        if (rc != NGX_OK) {
            return (rc == NGX_DONE) ? NGX_OK : NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_body_file(ngx_http_request_t *r, ngx_buf_t *b,
    ngx_http_webhook_verify_body_pt handler, void *data)
{
    off_t       offset;
    size_t      size;
    u_char     *piece;
    ssize_t     n;
    ngx_int_t   rc;

    piece = ngx_palloc(r->pool, NGX_HTTP_WEBHOOK_BODY_PIECE);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    for (offset = b->file_pos; offset < b->file_last; offset += n) {

        size = (size_t) ngx_min(b->file_last - offset,
                                (off_t) NGX_HTTP_WEBHOOK_BODY_PIECE);

        n = ngx_read_file(b->file, piece, size, offset);

        if (n <= 0) {

            /* 0: somebody else has cut the file */

            rc = NGX_ERROR;
            break;
        }

        rc = handler(data, piece, (size_t) n);

        if (rc != NGX_OK) {
            break;
        }
    }

    ngx_pfree(r->pool, piece);

    return rc;
}
