
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The insides of strings, which most of a document is: passed over, or
 * unescaped where the text is wanted.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_scan.h"
#include "ngx_webhook_scan_string.h"


static ngx_int_t ngx_webhook_scan_escape(ngx_webhook_scan_t *s, u_char ch);
static ngx_int_t ngx_webhook_scan_hex(ngx_webhook_scan_t *s, u_char ch);
static void ngx_webhook_scan_flush(ngx_webhook_scan_t *s);
static void ngx_webhook_scan_utf8(ngx_webhook_scan_t *s, ngx_uint_t code);


ngx_int_t
ngx_webhook_scan_string_chars(ngx_webhook_scan_t *s, u_char **p, u_char *end)
{
    u_char  *start;

    if (s->escape) {
        return ngx_webhook_scan_escape(s, *(*p)++);
    }

    if (s->digits) {
        return ngx_webhook_scan_hex(s, *(*p)++);
    }

    start = *p;

    if (!s->wanted) {
        *p = ngx_webhook_scan_string_skip(start, end);

    } else {
        *p = ngx_webhook_scan_string_plain(start, end);

        if (*p != start) {
            ngx_webhook_scan_flush(s);
            ngx_webhook_scan_string_append(s, start, (size_t) (*p - start));
        }
    }

    if (*p == end) {
        return NGX_OK;
    }

    switch (*(*p)++) {

    case '"':
        ngx_webhook_scan_flush(s);
        return NGX_DECLINED;

    case '\\':
        s->escape = 1;
        return NGX_OK;

    default: /* a control character */
        return NGX_DONE;
    }
}


static ngx_int_t
ngx_webhook_scan_escape(ngx_webhook_scan_t *s, u_char ch)
{
    s->escape = 0;

    switch (ch) {

    case '"':
    case '\\':
    case '/':
        break;

    case 'b':
        ch = '\b';
        break;

    case 'f':
        ch = '\f';
        break;

    case 'n':
        ch = LF;
        break;

    case 'r':
        ch = CR;
        break;

    case 't':
        ch = '\t';
        break;

    case 'u':
        s->digits = 4;
        s->code = 0;
        return NGX_OK;

    default:
        return NGX_DONE;
    }

    if (s->wanted) {
        ngx_webhook_scan_flush(s);
        ngx_webhook_scan_string_append(s, &ch, 1);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_scan_hex(ngx_webhook_scan_t *s, u_char ch)
{
    ngx_int_t  n;

    n = ngx_hextoi(&ch, 1);

    if (n == NGX_ERROR) {
        return NGX_DONE;
    }

    s->code = s->code << 4 | (ngx_uint_t) n;
    s->digits = (s->digits - 1u) & 7u;

    if (s->digits || !s->wanted) {
        return NGX_OK;
    }

    if (s->high && s->code >= 0xdc00 && s->code <= 0xdfff) {
        s->code = 0x10000 + ((s->high - 0xd800) << 10) + (s->code - 0xdc00);
        s->high = 0;
    }

    ngx_webhook_scan_flush(s);

    if (s->code >= 0xd800 && s->code <= 0xdbff) {
        s->high = s->code;
        return NGX_OK;
    }

    ngx_webhook_scan_utf8(s, s->code);

    return NGX_OK;
}


/*
 * A half without the other: no character, but it has to stay what it is,
 * or two texts would be one.
 */

static void
ngx_webhook_scan_flush(ngx_webhook_scan_t *s)
{
    if (s->high) {
        ngx_webhook_scan_utf8(s, s->high);
        s->high = 0;
    }
}


static void
ngx_webhook_scan_utf8(ngx_webhook_scan_t *s, ngx_uint_t code)
{
    u_char   buf[4];
    u_char  *p;

    p = buf;

    if (code < 0x80) {
        *p++ = (u_char) code;

    } else if (code < 0x800) {
        *p++ = (u_char) (0xc0 | code >> 6);
        *p++ = (u_char) (0x80 | (code & 0x3f));

    } else if (code < 0x10000) {
        *p++ = (u_char) (0xe0 | code >> 12);
        *p++ = (u_char) (0x80 | (code >> 6 & 0x3f));
        *p++ = (u_char) (0x80 | (code & 0x3f));

    } else {
        *p++ = (u_char) (0xf0 | code >> 18);
        *p++ = (u_char) (0x80 | (code >> 12 & 0x3f));
        *p++ = (u_char) (0x80 | (code >> 6 & 0x3f));
        *p++ = (u_char) (0x80 | (code & 0x3f));
    }

    ngx_webhook_scan_string_append(s, buf, (size_t) (p - buf));
}


void
ngx_webhook_scan_string_append(ngx_webhook_scan_t *s, u_char *data, size_t len)
{
    size_t   size;
    u_char  *p;

    if (s->cut || len > NGX_WEBHOOK_SCAN_TEXT - s->text.len) {
        s->cut = 1;
        return;
    }

    if (s->text.len + len > s->size) {

        size = ngx_max(2 * s->size, 32);
        size = ngx_max(size, s->text.len + len);

        p = ngx_pnalloc(s->pool, size);
        if (p == NULL) {
            s->failed = 1;
            return;
        }

        if (s->text.len) {
            ngx_memcpy(p, s->text.data, s->text.len);
        }

        s->text.data = p;
        s->size = size;
    }

    ngx_memcpy(s->text.data + s->text.len, data, len);
    s->text.len += len;
}
