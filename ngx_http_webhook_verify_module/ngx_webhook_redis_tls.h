
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_TLS_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_TLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/* files and a name as configured; empty: not given */

typedef struct {
    ngx_str_t                    trusted_certificate;
    ngx_str_t                    certificate;
    ngx_str_t                    certificate_key;
    ngx_str_t                    name;          /* instead of the host's */
    ngx_flag_t                   verify;
} ngx_webhook_redis_tls_conf_t;


typedef struct ngx_webhook_redis_tls_s  ngx_webhook_redis_tls_t;

/*
 * Of a connection: what is to be reused by the next one to the same server.
 * It must be what the connection's "data" points to.
 */

typedef struct {
    void                        *session;
} ngx_webhook_redis_tls_session_t;


/* at configuration time; NULL after an error was logged */

ngx_webhook_redis_tls_t *ngx_webhook_redis_tls_create(ngx_conf_t *cf,
    ngx_webhook_redis_tls_conf_t *conf);

/*
 * NGX_AGAIN: c->ssl->handler is to be called and to ask
 * ngx_webhook_redis_tls_verify(), as after NGX_OK.  The host is a name or a
 * literal address.
 */

ngx_int_t ngx_webhook_redis_tls_handshake(ngx_webhook_redis_tls_t *tls,
    ngx_connection_t *c, ngx_str_t *host, ngx_connection_handler_pt handler);

/* NULL: this is the server that was meant */

const char *ngx_webhook_redis_tls_verify(ngx_webhook_redis_tls_t *tls,
    ngx_connection_t *c, ngx_str_t *host);

void ngx_webhook_redis_tls_close(ngx_connection_t *c);
void ngx_webhook_redis_tls_forget(ngx_webhook_redis_tls_session_t *s);


#endif /* _NGX_WEBHOOK_REDIS_TLS_H_INCLUDED_ */
