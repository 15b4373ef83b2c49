
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* a keyed MAC fed in pieces, again and again, against HMAC() of OpenSSL */


#include "fuzz.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_preset.h"


static const EVP_MD *
algorithm(ngx_uint_t n)
{
    switch (n) {

    case NGX_WEBHOOK_SHA256:
        return EVP_sha256();

    case NGX_WEBHOOK_SHA1:
        return EVP_sha1();

    case NGX_WEBHOOK_SHA384:
        return EVP_sha384();

    default:
        return EVP_sha512();
    }
}


/* what came before, whole or not, leaves no trace */

static void
mac(ngx_webhook_mac_t *mac, const uint8_t *data, size_t size, uint32_t *seed,
    u_char *digest)
{
    size_t  step;

    fuzz_check(ngx_webhook_mac_init(mac) == NGX_OK);

    for ( /* void */ ; size; size -= step) {
        step = fuzz_step(seed, size);

        fuzz_check(ngx_webhook_mac_update(mac,
                                          test_input(data, step, step & 1),
                                          step)
                   == NGX_OK);
        test_forget();
        data += step;
    }

    if (digest) {
        fuzz_check(ngx_webhook_mac_final(mac, digest) == NGX_OK);
    }
}


static void
sha256(ngx_webhook_crypto_t *crypto, const uint8_t *data, size_t size,
    uint32_t *seed)
{
    size_t  step, rest;
    u_char  digest[NGX_WEBHOOK_SHA256_LEN], want[NGX_WEBHOOK_DIGEST_MAX];

    fuzz_check(EVP_Digest(data, size, want, NULL, EVP_sha256(), NULL) == 1);
    fuzz_check(ngx_webhook_sha256_init(crypto) == NGX_OK);

    for (rest = size; rest; rest -= step) {
        step = fuzz_step(seed, rest);
        fuzz_check(ngx_webhook_sha256_update(crypto, (u_char *) data, step)
                   == NGX_OK);
        data += step;
    }

    fuzz_check(ngx_webhook_sha256_final(crypto, digest) == NGX_OK);
    fuzz_check(memcmp(digest, want, sizeof(digest)) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 digest[NGX_WEBHOOK_DIGEST_MAX];
    u_char                 want[NGX_WEBHOOK_DIGEST_MAX];
    unsigned               len;
    uint32_t               seed;
    ngx_str_t              key;
    ngx_uint_t             n, wrong;
    ngx_pool_t            *pool;
    ngx_webhook_mac_t     *keyed;
    ngx_webhook_crypto_t  *crypto;

    seed = fuzz_seed(data, size);
    key = fuzz_line(&data, &size);

    if (key.len == 0) {
        return 0;
    }

    pool = test_pool();
    crypto = ngx_webhook_crypto_create(pool);

    for (n = NGX_WEBHOOK_SHA256; n <= NGX_WEBHOOK_SHA512; n++) {

        keyed = ngx_webhook_mac_create(crypto, n, &key);
        fuzz_check(keyed != NULL);

        fuzz_check(HMAC(algorithm(n), key.data, (int) key.len, data, size,
                        want, &len)
                   != NULL);
        fuzz_check(ngx_webhook_digest_len(n) == len);

        mac(keyed, data, size, &seed, digest);
        fuzz_check(memcmp(digest, want, len) == 0);

        mac(keyed, data, size / 2, &seed, NULL);
        mac(keyed, data, size, &seed, digest);
        fuzz_check(memcmp(digest, want, len) == 0);

        fuzz_check(ngx_webhook_equal(digest, want, len) == 1);

        wrong = seed % (8 * len);
        digest[wrong / 8] ^= (u_char) (1 << (wrong % 8));
        fuzz_check(ngx_webhook_equal(digest, want, len) == 0);

        ngx_webhook_mac_free(keyed);
    }

    sha256(crypto, data, size, &seed);

    ngx_destroy_pool(pool);

    return 0;
}
