
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * OpenSSL: keyed HMACs, SHA-256 and the comparison.  Bytes in, bytes out;
 * how they are written as text is the business of ngx_webhook_sig.c.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include "ngx_webhook_hmac.h"


struct ngx_webhook_crypto_s {
    EVP_MAC     *hmac;
    EVP_MD      *sha256;
    EVP_MD_CTX  *ctx;
};


static void ngx_webhook_crypto_cleanup(void *data);


/* indexed by ngx_webhook_algorithm_e */

static struct {
    const char  *name;
    size_t       len;
} ngx_webhook_algorithms[] = {
    { "SHA256", 32 },
    { "SHA1", 20 },
    { "SHA384", 48 },
    { "SHA512", 64 }
};


ngx_webhook_crypto_t *
ngx_webhook_crypto_create(ngx_pool_t *pool)
{
    u_char                 seed;
    ngx_pool_cleanup_t    *cln;
    ngx_webhook_crypto_t  *crypto;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_webhook_crypto_t));
    if (cln == NULL) {
        return NULL;
    }

    crypto = cln->data;
    ngx_memzero(crypto, sizeof(ngx_webhook_crypto_t));
    cln->handler = ngx_webhook_crypto_cleanup;

    crypto->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    crypto->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    crypto->ctx = EVP_MD_CTX_new();

    if (crypto->hmac == NULL || crypto->sha256 == NULL
        || crypto->ctx == NULL)
    {
        return NULL;
    }

    /*
     * OpenSSL sets up its generator when it is first asked, and where there
     * is no memory for that, never again: so not in a worker
     */

    if (ngx_webhook_random(&seed, 1) != NGX_OK) {
        return NULL;
    }

    return crypto;
}


static void
ngx_webhook_crypto_cleanup(void *data)
{
    ngx_webhook_crypto_t  *crypto = data;

    EVP_MD_CTX_free(crypto->ctx);
    EVP_MD_free(crypto->sha256);
    EVP_MAC_free(crypto->hmac);
}


size_t
ngx_webhook_digest_len(ngx_uint_t algorithm)
{
    return ngx_webhook_algorithms[algorithm].len;
}


ngx_webhook_mac_t *
ngx_webhook_mac_create(ngx_webhook_crypto_t *crypto, ngx_uint_t algorithm,
    ngx_str_t *key)
{
    char         name[sizeof("SHA256")];
    OSSL_PARAM   params[2];
    EVP_MAC_CTX  *ctx;

    ctx = EVP_MAC_CTX_new(crypto->hmac);
    if (ctx == NULL) {
        return NULL;
    }

    /* the parameter is not const in OpenSSL, the name is copied */

    (void) ngx_cpystrn((u_char *) name,
                       (u_char *) ngx_webhook_algorithms[algorithm].name,
                       sizeof(name));

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 name, 0);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_MAC_init(ctx, key->data, key->len, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return (ngx_webhook_mac_t *) ctx;
}


void
ngx_webhook_mac_free(ngx_webhook_mac_t *mac)
{
    EVP_MAC_CTX_free((EVP_MAC_CTX *) mac);
}


ngx_int_t
ngx_webhook_mac_init(ngx_webhook_mac_t *mac)
{
    /* no key: the one that the context was made with is used again */

    if (EVP_MAC_init((EVP_MAC_CTX *) mac, NULL, 0, NULL) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_webhook_mac_update(ngx_webhook_mac_t *mac, u_char *data, size_t len)
{
    if (EVP_MAC_update((EVP_MAC_CTX *) mac, data, len) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_webhook_mac_final(ngx_webhook_mac_t *mac, u_char *digest)
{
    size_t  len;

    if (EVP_MAC_final((EVP_MAC_CTX *) mac, digest, &len,
                      NGX_WEBHOOK_DIGEST_MAX)
        != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_webhook_sha256_init(ngx_webhook_crypto_t *crypto)
{
    if (EVP_DigestInit_ex(crypto->ctx, crypto->sha256, NULL) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_webhook_sha256_update(ngx_webhook_crypto_t *crypto, u_char *data,
    size_t len)
{
    if (EVP_DigestUpdate(crypto->ctx, data, len) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_webhook_sha256_final(ngx_webhook_crypto_t *crypto, u_char *digest)
{
    if (EVP_DigestFinal_ex(crypto->ctx, digest, NULL) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_webhook_equal(u_char *a, u_char *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}


ngx_int_t
ngx_webhook_random(u_char *data, size_t len)
{
    if (RAND_bytes(data, (int) len) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}
