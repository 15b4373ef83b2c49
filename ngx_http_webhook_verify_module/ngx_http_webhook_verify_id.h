
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_ID_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_ID_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/*
 * Which event a verified delivery is of: sets the id and its digest, which
 * is the body's where no configured id is there.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_http_webhook_verify_id(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_ID_H_INCLUDED_ */
