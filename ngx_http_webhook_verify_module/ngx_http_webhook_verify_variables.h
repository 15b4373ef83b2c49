
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_VARIABLES_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_VARIABLES_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


ngx_int_t ngx_http_webhook_verify_add_variables(ngx_conf_t *cf);

/* the word for it, empty for none */

ngx_str_t *ngx_http_webhook_verify_result_name(ngx_uint_t result);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_VARIABLES_H_INCLUDED_ */
