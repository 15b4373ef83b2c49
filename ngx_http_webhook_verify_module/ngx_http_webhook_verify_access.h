
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_ACCESS_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_ACCESS_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


ngx_int_t ngx_http_webhook_verify_access_handler(ngx_http_request_t *r);

/*
 * The delivery of the main request, also after an internal redirect has
 * wiped the contexts of modules; NULL where no gate was met.
 */

ngx_http_webhook_verify_ctx_t *ngx_http_webhook_verify_get_ctx(
    ngx_http_request_t *r);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_ACCESS_H_INCLUDED_ */
