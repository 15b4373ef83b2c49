
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_COMPILE_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_COMPILE_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/* configuration time; NGX_ERROR and NULL come after an error was logged */

ngx_http_complex_value_t *ngx_http_webhook_verify_compile_value(
    ngx_conf_t *cf, ngx_str_t *text);

/* a value, and the header that it is where it is $http_<header> alone */

ngx_int_t ngx_http_webhook_verify_compile_field(ngx_conf_t *cf,
    ngx_str_t *text, ngx_http_webhook_verify_field_t *field);

/* text and variables around exactly one $request_body */

ngx_http_webhook_verify_signed_t *ngx_http_webhook_verify_compile_signed(
    ngx_conf_t *cf, ngx_str_t *text);

ngx_int_t ngx_http_webhook_verify_compile_id(ngx_conf_t *cf,
    ngx_str_t *parts, ngx_uint_t nparts, ngx_http_webhook_verify_id_t *id);

/* all fields "not given" */

void ngx_http_webhook_verify_field_init(
    ngx_http_webhook_verify_field_t *field);

/* data: NULL for the generic scheme */

ngx_http_webhook_verify_preset_t *ngx_http_webhook_verify_compile_preset(
    ngx_conf_t *cf, ngx_str_t *name, const ngx_webhook_preset_t *data);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_COMPILE_H_INCLUDED_ */
