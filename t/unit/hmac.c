
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_preset.h"


#define LONG_KEY  "Test Using Larger Than Block-Size Key - Hash Key First"
#define LONG_DATA                                                             \
    "This is a test using a larger than block-size key and a larger than "    \
    "block-size data. The key needs to be hashed before being used by the "   \
    "HMAC algorithm."


typedef struct {
    const char  *key;
    size_t       keylen;
    int          fill;                /* or the byte that the key repeats */
    const char  *data;
    size_t       datalen;
    int          repeat;
    const char  *digests[4];          /* by ngx_webhook_algorithm_e */
} vector_t;


/* RFC 4231, 4.2 to 4.8; SHA-1 from RFC 2202 where it has the same case */

static vector_t  vectors[] = {

    { NULL, 20, 0x0b, "Hi There", 8, 0,
      { "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "b617318655057264e28bc0b6fb378c8ef146be00",
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
        "faea9ea9076ede7f4af152e8b2fa9cb6",
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" } },

    { "Jefe", 4, 0, "what do ya want for nothing?", 28, 0,
      { "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
        "8e2240ca5e69e2c78b3239ecfab21649",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" } },

    { NULL, 20, 0xaa, NULL, 50, 0xdd,
      { "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
        "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
        "2a5ab39dc13814b94e3ab6e101a34f27",
        "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
        "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" } },

    { "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11"
      "\x12\x13\x14\x15\x16\x17\x18\x19", 25, 0, NULL, 50, 0xcd,
      { "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
        "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e"
        "6801dd23c4a7d679ccf8a386c674cffb",
        "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
        "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd" } },

    { NULL, 131, 0xaa, LONG_KEY, sizeof(LONG_KEY) - 1, 0,
      { "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        NULL,
        "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
        "0c2ef6ab4030fe8296248df163f44952",
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" } },

    { NULL, 131, 0xaa, LONG_DATA, sizeof(LONG_DATA) - 1, 0,
      { "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        NULL,
        "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5"
        "a678cc31e799176d3860e6110c46523e",
        "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
        "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58" } }
};


/* expected: hexadecimal */

static void
mac(ngx_webhook_crypto_t *crypto, ngx_uint_t algorithm, ngx_str_t *key,
    ngx_str_t *data, const char *expected)
{
    char                hex[2 * NGX_WEBHOOK_DIGEST_MAX + 1];
    u_char              digest[NGX_WEBHOOK_DIGEST_MAX];
    size_t              len, split;
    ngx_str_t           k;
    ngx_uint_t          side, n;
    ngx_webhook_mac_t  *m;

    len = ngx_webhook_digest_len(algorithm);

    for (test_sides(side)) {

        k = test_text((char *) key->data, key->len, side);
        m = ngx_webhook_mac_create(crypto, algorithm, &k);
        test_ok(m != NULL, "%d", (int) algorithm);

        test_forget();                          /* the key is not kept */

        for (n = 0; n < 3; n++) {
            test_is(ngx_webhook_mac_init(m), NGX_OK, "init");

            /* what is left behind by an abandoned one does not matter */

            test_is(ngx_webhook_mac_update(m, (u_char *) "x", 1), NGX_OK, "x");
            test_is(ngx_webhook_mac_init(m), NGX_OK, "init");

            split = n * data->len / 2;

            test_is(ngx_webhook_mac_update(m, test_input(data->data, split,
                                                         side),
                                           split),
                    NGX_OK, "update");
            test_forget();
            test_is(ngx_webhook_mac_update(m, test_input(data->data + split,
                                                         data->len - split,
                                                         side),
                                           data->len - split),
                    NGX_OK, "update");
            test_forget();

            memset(digest, 0x5a, sizeof(digest));
            test_is(ngx_webhook_mac_final(m, digest), NGX_OK, "final");

            *ngx_hex_dump((u_char *) hex, digest, len) = '\0';
            test_ok(strcmp(hex, expected) == 0, "run %d: got %s, not %s",
                    (int) n, hex, expected);
            test_ok(len == sizeof(digest) || digest[len] == 0x5a,
                    "more than %d bytes written", (int) len);
        }

        ngx_webhook_mac_free(m);
    }
}


static void
random_macs(ngx_webhook_crypto_t *crypto)
{
    char         hex[2 * NGX_WEBHOOK_DIGEST_MAX + 1];
    u_char       keys[300], bytes[1000], md[EVP_MAX_MD_SIZE];
    size_t       i;
    unsigned     len;
    ngx_str_t    key, data;
    ngx_uint_t   n;

    test_case("keys and data of any length, as HMAC() of OpenSSL");

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (u_char) test_random();
        keys[i % sizeof(keys)] = (u_char) test_random();
    }

    for (n = 0; n < 400; n++) {
        key.data = keys;
        key.len = (n < 300) ? n : test_random() % sizeof(keys);
        data.data = bytes;
        data.len = test_random() % sizeof(bytes);

        HMAC((n % 4 == NGX_WEBHOOK_SHA256) ? EVP_sha256()
             : (n % 4 == NGX_WEBHOOK_SHA1) ? EVP_sha1()
             : (n % 4 == NGX_WEBHOOK_SHA384) ? EVP_sha384() : EVP_sha512(),
             key.data, (int) key.len, data.data, data.len, md, &len);

        *ngx_hex_dump((u_char *) hex, md, len) = '\0';
        mac(crypto, n % 4, &key, &data, hex);
    }
}


static void
together(ngx_webhook_crypto_t *crypto)
{
    u_char              a[NGX_WEBHOOK_DIGEST_MAX], b[NGX_WEBHOOK_DIGEST_MAX];
    u_char              sha[2][NGX_WEBHOOK_SHA256_LEN];
    ngx_str_t           key[2] = { test_str("one"), test_str("two") };
    ngx_uint_t          n;
    ngx_webhook_mac_t  *m[2];

    test_case("two keys and a SHA-256 at the same time");

    for (n = 0; n < 2; n++) {
        m[n] = ngx_webhook_mac_create(crypto, NGX_WEBHOOK_SHA256, &key[n]);
        test_is(ngx_webhook_mac_init(m[n]), NGX_OK, "init");
    }

    test_is(ngx_webhook_sha256_init(crypto), NGX_OK, "init");

    for (n = 0; n < 2; n++) {
        ngx_webhook_mac_update(m[n], (u_char *) "data", 4);
        ngx_webhook_sha256_update(crypto, (u_char *) "abc" + n, 1 + n);
    }

    ngx_webhook_mac_final(m[0], a);
    ngx_webhook_mac_final(m[1], b);
    ngx_webhook_sha256_final(crypto, sha[0]);

    test_ok(!ngx_webhook_equal(a, b, 32), "a key was shared");

    HMAC(EVP_sha256(), "one", 3, (u_char *) "data", 4, sha[1], NULL);
    test_ok(ngx_webhook_equal(a, sha[1], 32), "one");
    HMAC(EVP_sha256(), "two", 3, (u_char *) "data", 4, sha[1], NULL);
    test_ok(ngx_webhook_equal(b, sha[1], 32), "two");

    EVP_Digest("abc", 3, sha[1], NULL, EVP_sha256(), NULL);
    test_ok(ngx_webhook_equal(sha[0], sha[1], 32), "abc");

    ngx_webhook_sha256_init(crypto);
    ngx_webhook_sha256_final(crypto, sha[0]);
    EVP_Digest("", 0, sha[1], NULL, EVP_sha256(), NULL);
    test_ok(ngx_webhook_equal(sha[0], sha[1], 32), "nothing");

    ngx_webhook_mac_free(m[0]);
    ngx_webhook_mac_free(m[1]);
}


int
main(void)
{
    char                   title[64];
    u_char                 key[256], data[256], bytes[2][16];
    size_t                 i;
    vector_t              *v;
    ngx_str_t              k, d;
    ngx_pool_t            *pool;
    ngx_uint_t             n, side;
    ngx_webhook_crypto_t  *crypto;

    pool = test_pool();
    crypto = ngx_webhook_crypto_create(pool);

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        v = &vectors[i];

        sprintf(title, "vector %d of RFC 4231, three times over", (int) i + 1);
        test_case(title);

        memset(key, v->fill, sizeof(key));
        memset(data, v->repeat, sizeof(data));

        k.data = v->key ? (u_char *) v->key : key;
        k.len = v->keylen;
        d.data = v->data ? (u_char *) v->data : data;
        d.len = v->datalen;

        for (n = 0; n < 4; n++) {
            if (v->digests[n]) {
                mac(crypto, n, &k, &d, v->digests[n]);
            }
        }
    }

    test_case("lengths of digests");
    test_is(ngx_webhook_digest_len(NGX_WEBHOOK_SHA256), 32, "");
    test_is(ngx_webhook_digest_len(NGX_WEBHOOK_SHA1), 20, "");
    test_is(ngx_webhook_digest_len(NGX_WEBHOOK_SHA384), 48, "");
    test_is(ngx_webhook_digest_len(NGX_WEBHOOK_SHA512), 64, "");

    random_macs(crypto);
    together(crypto);

    test_case("comparison: any bit counts, and no byte more");

    for (test_sides(side)) {
        memset(data, 7, sizeof(data));

        for (i = 0; i < 64 * 8; i++) {
            memset(key, 7, sizeof(key));
            key[i / 8] ^= (u_char) (1 << (i % 8));
            test_ok(!ngx_webhook_equal(test_input(key, 64, side),
                                       test_input(data, 64, side), 64),
                    "bit %d", (int) i);
            test_forget();
        }

        test_ok(ngx_webhook_equal(test_input(data, 64, side),
                                  test_input(data, 64, side), 64), "same");
        test_ok(ngx_webhook_equal(test_input(data, 0, side),
                                  test_input(data, 0, side), 0), "nothing");
        test_forget();
    }

    test_case("random bytes are not the same twice");
    test_is(ngx_webhook_random(bytes[0], 16), NGX_OK, "");
    test_is(ngx_webhook_random(bytes[1], 16), NGX_OK, "");
    test_ok(memcmp(bytes[0], bytes[1], 16) != 0, "the same");

    ngx_destroy_pool(pool);

    return test_done();
}
