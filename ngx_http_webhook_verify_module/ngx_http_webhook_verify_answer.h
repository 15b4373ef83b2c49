
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_ANSWER_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_ANSWER_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/*
 * Sends an answer of ours and ends the request with it.  Always NGX_DONE:
 * whatever became of it, the phases end here.
 */

ngx_int_t ngx_http_webhook_verify_answer(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *text);

/* a header of the answer; the value stays with the request */

ngx_int_t ngx_http_webhook_verify_answer_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_ANSWER_H_INCLUDED_ */
