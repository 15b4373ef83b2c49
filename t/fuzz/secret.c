
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* keys against OpenSSL and a naive reader, files against memchr() */


#include "fuzz.h"
#include <openssl/evp.h>
#include "ngx_webhook_preset.h"
#include "ngx_webhook_secret.h"


static void
check_hex(const uint8_t *data, size_t size, ngx_int_t rc, ngx_str_t *key)
{
    char         byte[3] = "";
    size_t       i;
    ngx_uint_t   good;
    static char  digits[] = "0123456789abcdefABCDEF";

    good = (size > 0 && size % 2 == 0);

    for (i = 0; i < size; i++) {
        good = good && memchr(digits, data[i], 22) != NULL;
    }

    fuzz_check(rc == (good ? NGX_OK : NGX_DECLINED));

    for (i = 0; good && i < key->len; i++) {
        memcpy(byte, data + 2 * i, 2);
        fuzz_check(key->data[i] == (u_char) strtol(byte, NULL, 16));
    }

    fuzz_check(!good || key->len == size / 2);
}


/* what is taken begins as OpenSSL writes it, what it writes is taken */

static void
check_base64(const uint8_t *data, size_t size, ngx_int_t rc, ngx_str_t *key)
{
    int     n;
    u_char  bytes[4096], again[8192];
    size_t  len;

    if (rc == NGX_OK) {
        n = EVP_EncodeBlock(again, key->data, (int) key->len);
        len = strcspn((char *) again, "=");

        /* the low bits of the last character are free */

        fuzz_check(len <= size && memcmp(again, data, len - 1) == 0);
        fuzz_check(len == size || data[len] == '=');
        return;
    }

    if (size == 0 || size % 4) {
        return;
    }

    n = EVP_DecodeBlock(bytes, data, (int) size);

    if (n > 0) {
        n -= (data[size - 1] == '=') + (data[size - 2] == '=');

        fuzz_check(n == 0 || EVP_EncodeBlock(again, bytes, n) != (int) size
                   || memcmp(again, data, size) != 0);
    }
}


static void
decode(ngx_uint_t encoding, const uint8_t *data, size_t size)
{
    ngx_int_t    rc;
    ngx_str_t    text, key;
    ngx_uint_t   side;
    ngx_pool_t  *pool;

    for (test_sides(side)) {
        pool = test_pool();
        text = test_text((char *) data, size, side);

        rc = ngx_webhook_secret_decode(pool, encoding, &text, &key);
        test_forget();

        fuzz_check(rc == NGX_OK || rc == NGX_DECLINED);
        fuzz_check(rc != NGX_OK || key.len > 0);

        switch (encoding) {

        case NGX_WEBHOOK_UTF8:
            fuzz_check(rc == (size ? NGX_OK : NGX_DECLINED));
            fuzz_check(rc != NGX_OK || test_eq(&key, (char *) data, size));
            break;

        case NGX_WEBHOOK_HEX:
            check_hex(data, size, rc, &key);
            break;

        case NGX_WEBHOOK_BASE64:
            check_base64(data, size, rc, &key);
            break;

        default:
            if (size >= 6 && memcmp(data, "whsec_", 6) == 0) {
                check_base64(data + 6, size - 6, rc, &key);

            } else {
                check_base64(data, size, rc, &key);
            }
        }

        ngx_destroy_pool(pool);
    }
}


static void
file(const uint8_t *data, size_t size)
{
    int                  fd;
    char                 path[32];
    size_t               len;
    ngx_log_t            log;
    ngx_str_t            name, *line;
    ngx_uint_t           n;
    ngx_conf_t           cf;
    ngx_cycle_t          cycle;
    ngx_array_t         *lines;
    const uint8_t       *p, *end, *lf;

    log = *ngx_cycle->log;
    log.log_level = 0;

    memset(&cycle, 0, sizeof(cycle));
    memset(&cf, 0, sizeof(cf));

    cf.pool = test_pool();
    cf.log = &log;
    cf.cycle = &cycle;
    cycle.pool = cf.pool;

    fd = memfd_create("secret", 0);

    if (fd == -1 || write(fd, data, size) != (ssize_t) size) {
        abort();
    }

    name.data = (u_char *) path;
    name.len = (size_t) sprintf(path, "/proc/self/fd/%d", fd);

    lines = ngx_webhook_secret_file(&cf, &name,
                                    "webhook_verify_secret_file");

    line = lines ? lines->elts : NULL;
    n = 0;
    end = data + size;

    for (p = data; p < end; p = lf + 1) {
        lf = memchr(p, LF, (size_t) (end - p));
        lf = lf ? lf : end;

        for (len = (size_t) (lf - p); len && p[len - 1] == CR; len--) {
            /* void */
        }

        if (len) {
            fuzz_check(lines && n < lines->nelts);
            fuzz_check(test_eq(&line[n++], (char *) p, len));
        }
    }

    fuzz_check(n == (lines ? lines->nelts : 0));

    close(fd);
    ngx_destroy_pool(cf.pool);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }

    ngx_use_stderr = 0;

    switch (data[0]) {

    case 'u':
        decode(NGX_WEBHOOK_UTF8, data + 1, size - 1);
        break;

    case 'h':
        decode(NGX_WEBHOOK_HEX, data + 1, size - 1);
        break;

    case 'b':
        decode(NGX_WEBHOOK_BASE64, data + 1, size - 1);
        break;

    case 'w':
        decode(NGX_WEBHOOK_WHSEC, data + 1, size - 1);
        break;

    default:
        file(data + 1, size - 1);
    }

    return 0;
}
