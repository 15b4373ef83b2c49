
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* digests against OpenSSL, items against a naive reader */


#include "fuzz.h"
#include <openssl/evp.h>
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_preset.h"
#include "ngx_webhook_sig.h"


static int
naive_hex(const uint8_t *text, size_t size, u_char *bytes)
{
    size_t       i;
    char         byte[3] = "";
    static char  digits[] = "0123456789abcdefABCDEF";

    if (size % 2) {
        return -1;
    }

    for (i = 0; i < size; i++) {
        if (memchr(digits, text[i], 22) == NULL) {
            return -1;
        }

        byte[i % 2] = (char) text[i];
        bytes[i / 2] = (u_char) strtol(byte, NULL, 16);
    }

    return (int) size / 2;
}


static int
naive_base64(const uint8_t *text, size_t size, u_char *bytes, int url)
{
    int     n;
    size_t  i, len;
    u_char  copy[128], out[128], again[132];

    if (size > 100) {
        return -1;
    }

    for (i = 0; i < size; i++) {
        copy[i] = text[i];

        if (url) {
            copy[i] = (text[i] == '-') ? '+' : (text[i] == '_') ? '/'
                      : (text[i] == '+' || text[i] == '/') ? '!' : text[i];
        }
    }

    for (len = size; url && size && text[size - 1] != '=' && len % 4; len++) {
        copy[len] = '=';
    }

    if (len == 0) {
        return 0;
    }

    n = (len % 4) ? -1 : EVP_DecodeBlock(out, copy, (int) len);

    if (n < 0) {
        return -1;
    }

    n -= (copy[len - 1] == '=') + (copy[len - 2] == '=');

    if (EVP_EncodeBlock(again, out, n) != (int) len
        || memcmp(again, copy, len) != 0)
    {
        return -1;
    }

    memcpy(bytes, out, (size_t) n);

    return n;
}


static void
digest(ngx_uint_t encoding, const uint8_t *data, size_t size)
{
    int                   n;
    u_char                got[NGX_WEBHOOK_DIGEST_MAX], want[2048];
    size_t                i;
    ngx_int_t             rc;
    ngx_str_t             text;
    ngx_uint_t            side;

    n = (encoding == NGX_WEBHOOK_HEX)
        ? naive_hex(data, size, want)
        : naive_base64(data, size, want, encoding == NGX_WEBHOOK_BASE64URL);

    for (test_sides(side)) {
        text = test_text((char *) data, size, side);

        for (i = 0; i <= NGX_WEBHOOK_DIGEST_MAX; i++) {
            rc = ngx_webhook_digest_decode(encoding, &text, got, i);

            fuzz_check(rc == ((n == (int) i) ? NGX_OK : NGX_DECLINED));
            fuzz_check(rc != NGX_OK || memcmp(got, want, i) == 0);
        }

        test_forget();
    }
}


/* moves "p" behind the next item, of which the prefix is still a part */

static ngx_str_t
naive_item(ngx_str_t *separator, const uint8_t **p, const uint8_t *end)
{
    ngx_str_t       item;
    const uint8_t  *next;

    next = separator->len ? memmem(*p, (size_t) (end - *p), separator->data,
                                   separator->len)
                          : NULL;

    item.data = (u_char *) *p;
    item.len = (size_t) ((next ? next : end) - *p);

    *p = next ? next + separator->len : end;

    while (item.len && memchr(" \t", item.data[0], 2)) {
        item.data++;
        item.len--;
    }

    while (item.len && memchr(" \t", item.data[item.len - 1], 2)) {
        item.len--;
    }

    return item;
}


static void
items(const uint8_t *data, size_t size)
{
    ngx_str_t            separator, prefix, rest, item, naive;
    ngx_uint_t           side;
    const uint8_t       *p, *end;
    ngx_webhook_form_t   form;

    separator = fuzz_line(&data, &size);
    prefix = fuzz_line(&data, &size);
    end = data + size;

    for (test_sides(side)) {
        form.separator = test_text((char *) separator.data, separator.len,
                                   side);
        form.prefix = test_text((char *) prefix.data, prefix.len, side);
        rest = test_text((char *) data, size, side);

        for (p = data; p < end; /* void */ ) {
            naive = naive_item(&separator, &p, end);

            if (naive.len < prefix.len
                || memcmp(naive.data, prefix.data, prefix.len) != 0)
            {
                continue;
            }

            fuzz_check(ngx_webhook_item_next(&form, &rest, &item) == NGX_OK);
            fuzz_check(item.len == naive.len - prefix.len);
            fuzz_check(memcmp(item.data, naive.data + prefix.len, item.len)
                       == 0);
        }

        fuzz_check(ngx_webhook_item_next(&form, &rest, &item) == NGX_DONE);
        test_forget();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }

    switch (data[0]) {

    case 'h':
        digest(NGX_WEBHOOK_HEX, data + 1, size - 1);
        break;

    case 'b':
        digest(NGX_WEBHOOK_BASE64, data + 1, size - 1);
        break;

    case 'u':
        digest(NGX_WEBHOOK_BASE64URL, data + 1, size - 1);
        break;

    default:
        items(data + 1, size - 1);
    }

    return 0;
}
