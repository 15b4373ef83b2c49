
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_JSON_SET_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_JSON_SET_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/* the scalar there; empty where there is none, and with control characters */

ngx_int_t ngx_http_webhook_verify_json_find(ngx_http_request_t *r,
    ngx_webhook_json_pointer_t *pointer, ngx_str_t *value);

/* the setter of webhook_verify_json_set */

char *ngx_http_webhook_verify_conf_json_set(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_JSON_SET_H_INCLUDED_ */
