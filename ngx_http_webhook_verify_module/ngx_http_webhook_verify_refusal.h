
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_REFUSAL_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_REFUSAL_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/*
 * Logs why a delivery is not passed on, and what may be wrong with it; the
 * answer does not depend on that, and nothing is looked for unless logged.
 */

void ngx_http_webhook_verify_refusal(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_REFUSAL_H_INCLUDED_ */
