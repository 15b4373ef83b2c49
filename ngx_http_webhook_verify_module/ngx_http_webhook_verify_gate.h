
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_GATE_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_GATE_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/*
 * Makes a gate of merged directives, or says why there can be none.
 * NGX_OK, or NGX_ERROR after it was logged.
 */

ngx_int_t ngx_http_webhook_verify_gate(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_GATE_H_INCLUDED_ */
