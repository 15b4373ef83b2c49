
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The text of a signature header: its items, and the digests they stand
 * for.  It knows no header, no key and no verdict.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_preset.h"
#include "ngx_webhook_sig.h"


#define ngx_webhook_is_blank(ch)  ((ch) == ' ' || (ch) == '\t')

#define NGX_WEBHOOK_NOT_HEX       16


static void ngx_webhook_item_cut(ngx_str_t *separator, ngx_str_t *rest,
    ngx_str_t *item);
static void ngx_webhook_item_trim(ngx_str_t *item);
static ngx_int_t ngx_webhook_base64_decode(ngx_uint_t url, ngx_str_t *text,
    u_char *digest, size_t len);


ngx_int_t
ngx_webhook_item_next(ngx_webhook_form_t *form, ngx_str_t *rest,
    ngx_str_t *item)
{
    while (rest->len) {

        *item = *rest;

        if (form->separator.len) {
            ngx_webhook_item_cut(&form->separator, rest, item);

        } else {
            rest->len = 0;
        }

        ngx_webhook_item_trim(item);

        if (item->len < form->prefix.len
            || ngx_memcmp(item->data, form->prefix.data, form->prefix.len)
               != 0)
        {
            continue;
        }

        item->data += form->prefix.len;
        item->len -= form->prefix.len;

        return NGX_OK;
    }

    return NGX_DONE;
}


static void
ngx_webhook_item_cut(ngx_str_t *separator, ngx_str_t *rest, ngx_str_t *item)
{
    size_t   i;
    u_char  *p;

    p = rest->data;

    for (i = 0; i + separator->len <= rest->len; i++) {
        if (ngx_memcmp(&p[i], separator->data, separator->len) == 0) {
            item->len = i;
            break;
        }
    }

    i = item->len + separator->len;

    if (i < rest->len) {
        rest->data += i;
        rest->len -= i;

    } else {
        rest->len = 0;
    }
}


/* RFC 9110: blanks around a value are no part of it */

static void
ngx_webhook_item_trim(ngx_str_t *item)
{
    while (item->len && ngx_webhook_is_blank(item->data[0])) {
        item->data++;
        item->len--;
    }

    while (item->len && ngx_webhook_is_blank(item->data[item->len - 1])) {
        item->len--;
    }
}


ngx_int_t
ngx_webhook_digest_decode(ngx_uint_t encoding, ngx_str_t *text,
    u_char *digest, size_t len)
{
    switch (encoding) {

    case NGX_WEBHOOK_HEX:

        if (text->len != 2 * len) {
            return NGX_DECLINED;
        }

        return ngx_webhook_hex_decode(digest, text->data, len);

    case NGX_WEBHOOK_BASE64:
        return ngx_webhook_base64_decode(0, text, digest, len);

    case NGX_WEBHOOK_BASE64URL:
        return ngx_webhook_base64_decode(1, text, digest, len);

    default:
        return NGX_DECLINED;
    }
}


/* without a branch for each digit: digits of digests cannot be predicted */

ngx_int_t
ngx_webhook_hex_decode(u_char *dst, u_char *text, size_t len)
{
    size_t         i;
    u_char         bad, hi, lo;
    static u_char  basis16[] = {
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
         0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 16, 16, 16, 16, 16, 16,
        16, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16
    };

    bad = 0;

    for (i = 0; i < len; i++) {
        hi = basis16[text[2 * i]];
        lo = basis16[text[2 * i + 1]];

        bad |= hi | lo;
        dst[i] = (u_char) (hi << 4 | lo);
    }

    return (bad & NGX_WEBHOOK_NOT_HEX) ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_webhook_base64_decode(ngx_uint_t url, ngx_str_t *text, u_char *digest,
    size_t len)
{
    u_char     bytes[NGX_WEBHOOK_DIGEST_MAX + 3];
    u_char     again[ngx_base64_encoded_length(NGX_WEBHOOK_DIGEST_MAX)];
    ngx_int_t  rc;
    ngx_str_t  src, dst, enc;

    src = *text;

    if (src.len > ngx_base64_encoded_length(len)) {
        return NGX_DECLINED;
    }

    if (url && src.len == ngx_base64_encoded_length(len)) {

        /* URL-safe text comes with or without its padding */

        while (src.len && src.data[src.len - 1] == '=') {
            src.len--;
        }
    }

    dst.data = bytes;

    rc = url ? ngx_decode_base64url(&dst, &src)
             : ngx_decode_base64(&dst, &src);

    if (rc != NGX_OK || dst.len != len) {
        return NGX_DECLINED;
    }

    /*
     * the decoders of nginx take a missing padding and stray low bits;
     * what does not come out the same again was not written by an encoder
     */

    enc.data = again;

    if (url) {
        ngx_encode_base64url(&enc, &dst);

    } else {
        ngx_encode_base64(&enc, &dst);
    }

    if (enc.len != src.len || ngx_memcmp(enc.data, src.data, enc.len) != 0) {
        return NGX_DECLINED;
    }

    ngx_memcpy(digest, bytes, len);

    return NGX_OK;
}
