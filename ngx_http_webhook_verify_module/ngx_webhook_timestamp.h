
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_TIMESTAMP_H_INCLUDED_
#define _NGX_WEBHOOK_TIMESTAMP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The moment that the text names, in ms since the Epoch; "unit" is an
 * ngx_webhook_unit_e.  NGX_ERROR for whatever is not exactly such a text:
 * signs, blanks, letters, an overflow, a date that no calendar has.
 */

ngx_int_t ngx_webhook_timestamp_parse(ngx_str_t *text, ngx_uint_t unit,
    int64_t *msec);


#endif /* _NGX_WEBHOOK_TIMESTAMP_H_INCLUDED_ */
