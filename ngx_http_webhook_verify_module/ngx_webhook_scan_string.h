
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_SCAN_STRING_H_INCLUDED_
#define _NGX_WEBHOOK_SCAN_STRING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_scan.h"


/*
 * Some bytes of a string.  NGX_OK: it goes on, NGX_DECLINED: its closing
 * quote was there, NGX_DONE: this is no string of JSON.
 */

ngx_int_t ngx_webhook_scan_string_chars(ngx_webhook_scan_t *s, u_char **p,
    u_char *end);

/* to the text that is kept; without room for it the text is cut */

void ngx_webhook_scan_string_append(ngx_webhook_scan_t *s, u_char *data,
    size_t len);


#endif /* _NGX_WEBHOOK_SCAN_STRING_H_INCLUDED_ */
