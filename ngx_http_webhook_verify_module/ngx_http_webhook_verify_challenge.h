
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_CHALLENGE_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_CHALLENGE_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/*
 * Handshakes that a provider demands before it delivers.  NGX_DECLINED: this
 * is none, otherwise it was answered and the handler is to return the code.
 */

/* those that come as an unsigned GET */

ngx_int_t ngx_http_webhook_verify_challenge_query(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);

/*
 * Could the signature of this delivery be the answer to a challenge?  Then
 * it proves nothing, as anybody can have one.
 */

ngx_uint_t ngx_http_webhook_verify_challenge_forged(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);

/* those that come as a delivery, which has been verified */

ngx_int_t ngx_http_webhook_verify_challenge_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx);


/* webhook_verify_challenge on|off [token=<value>], and if it can be on */

char *ngx_http_webhook_verify_conf_challenge(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_webhook_verify_gate_challenge(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_CHALLENGE_H_INCLUDED_ */
