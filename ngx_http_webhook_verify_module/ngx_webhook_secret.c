
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Secrets as operators keep them: how their text becomes a key, and files
 * of them.  What is made here is wiped with its pool.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_preset.h"
#include "ngx_webhook_sig.h"
#include "ngx_webhook_secret.h"


#define NGX_WEBHOOK_SECRET_FILE_MAX  65536


static u_char *ngx_webhook_secret_alloc(ngx_pool_t *pool, size_t size);
static void ngx_webhook_secret_wipe(void *data);
static ngx_int_t ngx_webhook_secret_read(ngx_conf_t *cf, ngx_str_t *name,
    const char *directive, ngx_str_t *text);
static ngx_int_t ngx_webhook_secret_load(ngx_conf_t *cf, ngx_file_t *file,
    const char *directive, ngx_str_t *text);


ngx_int_t
ngx_webhook_secret_decode(ngx_pool_t *pool, ngx_uint_t encoding,
    ngx_str_t *text, ngx_str_t *key)
{
    ngx_str_t   src;
    ngx_uint_t  i;

    src = *text;

    if (encoding == NGX_WEBHOOK_WHSEC
        && src.len >= 6 && ngx_strncmp(src.data, "whsec_", 6) == 0)
    {
        src.data += 6;
        src.len -= 6;
    }

    if (src.len == 0) {
        return NGX_DECLINED;
    }

    key->data = ngx_webhook_secret_alloc(pool,
                                         ngx_base64_decoded_length(src.len)
                                         + src.len);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    switch (encoding) {

    case NGX_WEBHOOK_UTF8:
        ngx_memcpy(key->data, src.data, src.len);
        key->len = src.len;
        return NGX_OK;

    case NGX_WEBHOOK_HEX:

        if (src.len % 2) {
            return NGX_DECLINED;
        }

        key->len = src.len / 2;
        return ngx_webhook_hex_decode(key->data, src.data, key->len);

    default: /* NGX_WEBHOOK_BASE64, NGX_WEBHOOK_WHSEC */

        /* nginx would decode up to the first "=" and forget the rest */

        for (i = 0; i < 2 && src.data[src.len - 1] == '=' && src.len > 1; i++)
        {
            src.len--;
        }

        if (ngx_strlchr(src.data, src.data + src.len, '=') != NULL
            || ngx_decode_base64(key, &src) != NGX_OK
            || key->len == 0)
        {
            return NGX_DECLINED;
        }

        return NGX_OK;
    }
}


ngx_array_t *
ngx_webhook_secret_file(ngx_conf_t *cf, ngx_str_t *name,
    const char *directive)
{
    u_char       *p, *end, *eol;
    ngx_str_t     text, *line;
    ngx_array_t  *lines;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK
        || ngx_webhook_secret_read(cf, name, directive, &text) != NGX_OK)
    {
        return NULL;
    }

    lines = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (lines == NULL) {
        return NULL;
    }

    end = text.data + text.len;

    for (p = text.data; p < end; p = eol + 1) {

        eol = ngx_strlchr(p, end, LF);
        if (eol == NULL) {
            eol = end;
        }

        text.data = p;
        text.len = (size_t) (eol - p);

        while (text.len && text.data[text.len - 1] == CR) {
            text.len--;
        }

        if (text.len == 0) {
            continue;
        }

        line = ngx_array_push(lines);
        if (line == NULL) {
            return NULL;
        }

        *line = text;
    }

    if (lines->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no secret in \"%V\" of \"%s\", it needs one a "
                           "line", name, directive);
        return NULL;
    }

    return lines;
}


static ngx_int_t
ngx_webhook_secret_read(ngx_conf_t *cf, ngx_str_t *name,
    const char *directive, ngx_str_t *text)
{
    ngx_int_t   rc;
    ngx_file_t  file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *name;
    file.log = cf->log;

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" of \"%s\" failed",
                           name, directive);
        return NGX_ERROR;
    }

    rc = ngx_webhook_secret_load(cf, &file, directive, text);

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


static ngx_int_t
ngx_webhook_secret_load(ngx_conf_t *cf, ngx_file_t *file,
    const char *directive, ngx_str_t *text)
{
    size_t   size;
    ssize_t  n;

    text->data = ngx_webhook_secret_alloc(cf->pool,
                                          NGX_WEBHOOK_SECRET_FILE_MAX);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    size = 0;

    do {
        n = ngx_read_file(file, text->data + size,
                          NGX_WEBHOOK_SECRET_FILE_MAX - size, (off_t) size);

        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               ngx_read_file_n " \"%V\" of \"%s\" failed",
                               &file->name, directive);
            return NGX_ERROR;
        }

        size += (size_t) n;

    } while (n > 0 && size < NGX_WEBHOOK_SECRET_FILE_MAX);

    if (size == NGX_WEBHOOK_SECRET_FILE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%s\" is too long for a file of "
                           "secrets", &file->name, directive);
        return NGX_ERROR;
    }

    text->len = size;

    return NGX_OK;
}


static u_char *
ngx_webhook_secret_alloc(ngx_pool_t *pool, size_t size)
{
    ngx_str_t           *secret;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_str_t));
    if (cln == NULL) {
        return NULL;
    }

    secret = cln->data;

    secret->data = ngx_pnalloc(pool, size);
    if (secret->data == NULL) {
        return NULL;
    }

    secret->len = size;
    cln->handler = ngx_webhook_secret_wipe;

    return secret->data;
}


static void
ngx_webhook_secret_wipe(void *data)
{
    ngx_str_t  *secret = data;

    ngx_explicit_memzero(secret->data, secret->len);
}


ngx_uint_t
ngx_webhook_secret_blank(ngx_str_t *key)
{
    size_t  i;
    u_char  ch;

    if (key->len == 0) {
        return 0;
    }

    /* random bytes may be anything, at either end */

    for (i = 0; i < key->len; i++) {
        ch = key->data[i];

        if ((ch < ' ' && ch != '\t' && ch != CR && ch != LF) || ch > '~') {
            return 0;
        }
    }

    return key->data[0] <= ' ' || key->data[key->len - 1] <= ' ';
}
