
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_BODY_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_BODY_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/* NGX_OK: go on, NGX_DONE: enough, NGX_ERROR */

typedef ngx_int_t (*ngx_http_webhook_verify_body_pt)(void *data, u_char *p,
    size_t len);


/*
 * Hands the raw bytes of a body that has been read to the handler, piece by
 * piece, wherever they are kept: in no buffer, in one or many, in a
 * temporary file.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_http_webhook_verify_body_each(ngx_http_request_t *r,
    ngx_http_webhook_verify_body_pt handler, void *data);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_BODY_H_INCLUDED_ */
