
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * TLS to Redis by nginx's own ngx_ssl_*: settings, handshake, whether it is
 * the server that was meant, sessions.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_openssl.h>
#include <openssl/x509v3.h>
#include "ngx_webhook_redis_tls.h"


/* as in HTTP: name and address in brackets */

#define NGX_WEBHOOK_REDIS_TLS_NAME   256

/* certificates between that of the server and one that is trusted */

#define NGX_WEBHOOK_REDIS_TLS_DEPTH  9


struct ngx_webhook_redis_tls_s {
    ngx_ssl_t                    ssl;
    ngx_str_t                    name;
    ngx_flag_t                   verify;
};


static ngx_int_t ngx_webhook_redis_tls_trust(ngx_conf_t *cf,
    ngx_webhook_redis_tls_t *tls, ngx_webhook_redis_tls_conf_t *conf);
static ngx_uint_t ngx_webhook_redis_tls_name(ngx_webhook_redis_tls_t *tls,
    ngx_str_t *host, char *name);
static void ngx_webhook_redis_tls_save(ngx_connection_t *c);


ngx_webhook_redis_tls_t *
ngx_webhook_redis_tls_create(ngx_conf_t *cf,
    ngx_webhook_redis_tls_conf_t *conf)
{
    ngx_pool_cleanup_t       *cln;
    ngx_webhook_redis_tls_t  *tls;

    tls = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_redis_tls_t));
    if (tls == NULL) {
        return NULL;
    }

    tls->name = conf->name;
    tls->verify = conf->verify;
    tls->ssl.log = cf->log;

    if (ngx_ssl_create(&tls->ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(&tls->ssl);
        return NULL;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = &tls->ssl;

    if (conf->certificate.len
        && ngx_ssl_certificate(cf, &tls->ssl, &conf->certificate,
                               &conf->certificate_key, NULL)
           != NGX_OK)
    {
        return NULL;
    }

    if (conf->verify && ngx_webhook_redis_tls_trust(cf, tls, conf) != NGX_OK) {
        return NULL;
    }

    if (ngx_ssl_client_session_cache(cf, &tls->ssl, 1) != NGX_OK) {
        return NULL;
    }

    return tls;
}


static ngx_int_t
ngx_webhook_redis_tls_trust(ngx_conf_t *cf, ngx_webhook_redis_tls_t *tls,
    ngx_webhook_redis_tls_conf_t *conf)
{
    if (conf->trusted_certificate.len) {
        return ngx_ssl_trusted_certificate(cf, &tls->ssl,
                                           &conf->trusted_certificate,
                                           NGX_WEBHOOK_REDIS_TLS_DEPTH);
    }

    if (SSL_CTX_set_default_verify_paths(tls->ssl.ctx) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_webhook_redis_tls_handshake(ngx_webhook_redis_tls_t *tls,
    ngx_connection_t *c, ngx_str_t *host, ngx_connection_handler_pt handler)
{
    char                              name[NGX_WEBHOOK_REDIS_TLS_NAME];
    ngx_int_t                         rc;
    ngx_webhook_redis_tls_session_t  *s;

    s = c->data;

    if (ngx_ssl_create_connection(&tls->ssl, c,
                                  NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* by RFC 6066 a literal address is no server name */

    if (!ngx_webhook_redis_tls_name(tls, host, name)
        && SSL_set_tlsext_host_name(c->ssl->connection, name) == 0)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name(\"%s\") failed", name);
        return NGX_ERROR;
    }

    if (s->session && ngx_ssl_set_session(c, s->session) != NGX_OK) {
        return NGX_ERROR;
    }

    c->ssl->save_session = ngx_webhook_redis_tls_save;

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = handler;
    }

    return rc;
}


const char *
ngx_webhook_redis_tls_verify(ngx_webhook_redis_tls_t *tls,
    ngx_connection_t *c, ngx_str_t *host)
{
    int         match;
    char        name[NGX_WEBHOOK_REDIS_TLS_NAME];
    long        rc;
    X509       *cert;
    ngx_uint_t  literal;

    if (!c->ssl->handshaked) {
        return "the TLS handshake failed";
    }

    if (!tls->verify) {
        return NULL;
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        return X509_verify_cert_error_string(rc);
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);

    if (cert == NULL) {
        return "it has no certificate";
    }

    /* ngx_ssl_check_host() knows no addresses */

    literal = ngx_webhook_redis_tls_name(tls, host, name);

    match = literal ? X509_check_ip_asc(cert, name, 0)
                    : X509_check_host(cert, name, 0, 0, NULL);

    X509_free(cert);

    return (match == 1) ? NULL : "its certificate is for another name";
}


/* the name to ask for, NUL-terminated; true: it is a literal address */

static ngx_uint_t
ngx_webhook_redis_tls_name(ngx_webhook_redis_tls_t *tls, ngx_str_t *host,
    char *name)
{
    ngx_str_t         text;
#if (NGX_HAVE_INET6)
    struct in6_addr   inaddr6;
#endif

    text = tls->name.len ? tls->name : *host;

    if (text.len > 2 && text.data[0] == '[') {
        text.data++;
        text.len -= 2;
    }

    text.len = ngx_min(text.len, NGX_WEBHOOK_REDIS_TLS_NAME - 1);

    (void) ngx_cpystrn((u_char *) name, text.data, text.len + 1);

    if (ngx_inet_addr(text.data, text.len) != INADDR_NONE) {
        return 1;
    }

#if (NGX_HAVE_INET6)
    if (ngx_inet6_addr(text.data, text.len, inaddr6.s6_addr) == NGX_OK) {
        return 1;
    }
#endif

    return 0;
}


static void
ngx_webhook_redis_tls_save(ngx_connection_t *c)
{
    ngx_ssl_session_t                *session;
    ngx_webhook_redis_tls_session_t  *s;

    s = c->data;

    session = ngx_ssl_get_session(c);

    if (session) {
        ngx_webhook_redis_tls_forget(s);
        s->session = session;
    }
}


void
ngx_webhook_redis_tls_forget(ngx_webhook_redis_tls_session_t *s)
{
    if (s->session) {
        ngx_ssl_free_session(s->session);
        s->session = NULL;
    }
}


void
ngx_webhook_redis_tls_close(ngx_connection_t *c)
{
    if (c->ssl == NULL) {
        return;
    }

    /* an alert that is neither sent nor waited for: this ends at once */

    c->ssl->no_wait_shutdown = 1;
    c->ssl->no_send_shutdown = 1;

    (void) ngx_ssl_shutdown(c);
}
