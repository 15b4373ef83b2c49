
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_out.h"


#define NGX_WEBHOOK_OUT_BUF  16384


static u_char *ngx_webhook_out_room(ngx_webhook_out_t *out, size_t size);
static void ngx_webhook_out_text(ngx_webhook_out_t *out, u_char *data,
    size_t len, ngx_uint_t json);
static size_t ngx_webhook_out_char(u_char *p, u_char *last);


void
ngx_webhook_out_init(ngx_webhook_out_t *out, ngx_pool_t *pool)
{
    ngx_memzero(out, sizeof(ngx_webhook_out_t));

    out->pool = pool;
    out->next = &out->first;
}


/* where "size" bytes can be written, NULL if there is no memory */

static u_char *
ngx_webhook_out_room(ngx_webhook_out_t *out, size_t size)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = out->buf;

    if (b && (size_t) (b->end - b->last) >= size) {
        return b->last;
    }

    if (out->failed) {
        return NULL;
    }

    b = ngx_create_temp_buf(out->pool, ngx_max(size, NGX_WEBHOOK_OUT_BUF));
    if (b == NULL) {
        out->failed = 1;
        out->buf = NULL;
        return NULL;
    }

    cl = ngx_alloc_chain_link(out->pool);
    if (cl == NULL) {
        out->failed = 1;
        out->buf = NULL;
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    *out->next = cl;
    out->next = &cl->next;
    out->buf = b;

    return b->last;
}


void ngx_cdecl
ngx_webhook_out_print(ngx_webhook_out_t *out, const char *fmt, ...)
{
    u_char   *p, *last;
    va_list   args;

    p = ngx_webhook_out_room(out, NGX_WEBHOOK_OUT_PRINT);
    if (p == NULL) {
        return;
    }

    va_start(args, fmt);
    last = ngx_vslprintf(p, p + NGX_WEBHOOK_OUT_PRINT, fmt, args);
    va_end(args);

    out->buf->last = last;
    out->size += last - p;
}


void
ngx_webhook_out_bytes(ngx_webhook_out_t *out, const void *data, size_t len)
{
    u_char  *p;

    p = ngx_webhook_out_room(out, len);
    if (p == NULL) {
        return;
    }

    out->buf->last = ngx_cpymem(p, data, len);
    out->size += (off_t) len;
}


void
ngx_webhook_out_json(ngx_webhook_out_t *out, u_char *data, size_t len)
{
    ngx_webhook_out_text(out, data, len, 1);
}


void
ngx_webhook_out_label(ngx_webhook_out_t *out, u_char *data, size_t len)
{
    ngx_webhook_out_text(out, data, len, 0);
}


static void
ngx_webhook_out_text(ngx_webhook_out_t *out, u_char *data, size_t len,
    ngx_uint_t json)
{
    size_t   n;
    u_char   ch, *p, *last;

    last = data + len;

    for (p = data; p < last; p += n) {

        n = ngx_webhook_out_char(p, last);

        if (n == 0) {
            ngx_webhook_out_bytes(out, "\xef\xbf\xbd", 3);
            n = 1;
            continue;
        }

        ch = *p;

        if (ch == '"' || ch == '\\') {
            ngx_webhook_out_bytes(out, "\\", 1);
            ngx_webhook_out_bytes(out, p, 1);

        } else if (json && (ch < ' ' || ch == 0x7f || ch == '<' || ch == '>'
                            || ch == '&'))
        {
            ngx_webhook_out_print(out, "\\u%04xd", (ngx_int_t) ch);

        } else if (ch == LF) {
            ngx_webhook_out_bytes(out, "\\n", 2);

        } else {
            ngx_webhook_out_bytes(out, p, n);
        }
    }
}


/* bytes of the character of UTF-8 that is there, 0: there is none */

static size_t
ngx_webhook_out_char(u_char *p, u_char *last)
{
    u_char    *next;
    uint32_t   ch;

    if (*p < 0x80) {
        return 1;
    }

    next = p;
    ch = ngx_utf8_decode(&next, (size_t) (last - p));

    if (ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff)) {
        return 0;
    }

    return (size_t) (next - p);
}
