
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_HMAC_H_INCLUDED_
#define _NGX_WEBHOOK_HMAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes: of the longest digest, SHA-512, and of SHA-256 */

#define NGX_WEBHOOK_DIGEST_MAX  64
#define NGX_WEBHOOK_SHA256_LEN  32


/*
 * What is fetched from OpenSSL once in a cycle and lives as long as it, and
 * the one SHA-256 that a worker computes at a time.
 */

typedef struct ngx_webhook_crypto_s  ngx_webhook_crypto_t;

/*
 * A keyed HMAC (RFC 2104).  It is keyed once, by _create(), and used many
 * times, each time from _init() to _final() without returning to the event
 * loop, so a worker needs no copy of it.
 */

typedef struct ngx_webhook_mac_s  ngx_webhook_mac_t;


ngx_webhook_crypto_t *ngx_webhook_crypto_create(ngx_pool_t *pool);


/* bytes of a digest of an ngx_webhook_algorithm_e */

size_t ngx_webhook_digest_len(ngx_uint_t algorithm);


/* NULL on failure; freed by ngx_webhook_mac_free(), the key is not kept */

ngx_webhook_mac_t *ngx_webhook_mac_create(ngx_webhook_crypto_t *crypto,
    ngx_uint_t algorithm, ngx_str_t *key);
void ngx_webhook_mac_free(ngx_webhook_mac_t *mac);

ngx_int_t ngx_webhook_mac_init(ngx_webhook_mac_t *mac);
ngx_int_t ngx_webhook_mac_update(ngx_webhook_mac_t *mac, u_char *data,
    size_t len);

/* digest: NGX_WEBHOOK_DIGEST_MAX bytes */

ngx_int_t ngx_webhook_mac_final(ngx_webhook_mac_t *mac, u_char *digest);


ngx_int_t ngx_webhook_sha256_init(ngx_webhook_crypto_t *crypto);
ngx_int_t ngx_webhook_sha256_update(ngx_webhook_crypto_t *crypto,
    u_char *data, size_t len);
ngx_int_t ngx_webhook_sha256_final(ngx_webhook_crypto_t *crypto,
    u_char *digest);


/* in a time that depends on the length only */

ngx_uint_t ngx_webhook_equal(u_char *a, u_char *b, size_t len);

ngx_int_t ngx_webhook_random(u_char *data, size_t len);


#endif /* _NGX_WEBHOOK_HMAC_H_INCLUDED_ */
