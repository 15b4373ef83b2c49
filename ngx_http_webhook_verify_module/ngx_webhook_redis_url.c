
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The text of a Redis URL.  Nothing is resolved here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_url.h"


#define NGX_WEBHOOK_REDIS_PORT  6379


static size_t ngx_webhook_redis_url_public(u_char *text, u_char *end);
static const char *ngx_webhook_redis_url_unix(ngx_str_t *text,
    ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_user(ngx_pool_t *pool,
    ngx_str_t *text, ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_host(ngx_str_t *text,
    ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_db(u_char *p, u_char *end,
    ngx_webhook_redis_url_t *url);
static ngx_int_t ngx_webhook_redis_url_unescape(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_str_t *value);


const char *
ngx_webhook_redis_url_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url)
{
    u_char      *p, *end, *at;
    ngx_str_t    user, host;
    const char  *err;

    ngx_memzero(url, sizeof(ngx_webhook_redis_url_t));

    if (text->len >= 5 && ngx_strncmp(text->data, "unix:", 5) == 0) {
        return ngx_webhook_redis_url_unix(text, url);
    }

    p = text->data;
    end = text->data + text->len;

    /* the last "@" divides: one in a password need not be escaped */

    at = end;

    while (at > p && at[-1] != '@') {
        at--;
    }

    /* an error is logged with no more of the text than cannot be secret */

    url->name.data = at;
    url->name.len = (size_t) (end - at);

    if (at == p) {
        url->name.len = ngx_webhook_redis_url_public(p, end);
    }

    if (text->len < 8 || ngx_strncmp(text->data, "redis://", 8) != 0) {
        return "is not a \"redis://\" URL";
    }

    p += 8;

    if (at > p) {
        at--;

        user.data = p;
        user.len = (size_t) (at - p);

        err = ngx_webhook_redis_url_user(pool, &user, url);
        if (err) {
            return err;
        }

        p = at + 1;
    }

    host.data = p;
    host.len = (size_t) (end - p);

    err = ngx_webhook_redis_url_host(&host, url);

    if (err == NULL) {
        url->name = host;
    }

    return err;
}


/* up to a colon that is neither of a scheme nor of a port: "user:password" */

static size_t
ngx_webhook_redis_url_public(u_char *text, u_char *end)
{
    u_char  *p, *digits, *scheme;

    scheme = ngx_strlchr(text, end, ':');

    for (p = scheme ? scheme + 1 : end; p < end; p++) {

        if (*p != ':') {
            continue;
        }

        digits = p + 1;

        while (digits < end && *digits >= '0' && *digits <= '9') {
            digits++;
        }

        if (digits == p + 1 || (digits < end && *digits != '/')) {
            return (size_t) (p + 1 - text);
        }
    }

    return (size_t) (end - text);
}


static const char *
ngx_webhook_redis_url_unix(ngx_str_t *text, ngx_webhook_redis_url_t *url)
{
    u_char  *p, *end, *query;

    p = text->data + 5;
    end = text->data + text->len;

    url->unix_socket = 1;
    url->name = *text;

    query = ngx_strlchr(p, end, '?');

    if (query) {
        if (end - query < 4 || ngx_strncmp(query, "?db=", 4) != 0) {
            return "has an unknown parameter, only \"?db=\" is known";
        }

        url->host.data = p;
        url->host.len = (size_t) (query - p);

        if (url->host.len == 0) {
            return "has no path";
        }

        return ngx_webhook_redis_url_db(query + 4, end, url);
    }

    url->host.data = p;
    url->host.len = (size_t) (end - p);

    return url->host.len ? NULL : "has no path";
}


static const char *
ngx_webhook_redis_url_user(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url)
{
    u_char  *end, *colon;

    end = text->data + text->len;

    colon = ngx_strlchr(text->data, end, ':');

    if (colon == NULL) {
        return "has a user but no password";
    }

    if (ngx_webhook_redis_url_unescape(pool, text->data, colon, &url->user)
        != NGX_OK
        || ngx_webhook_redis_url_unescape(pool, colon + 1, end,
                                          &url->password)
        != NGX_OK)
    {
        return "has a wrong escape in its user or password";
    }

    return NULL;
}


static const char *
ngx_webhook_redis_url_host(ngx_str_t *text, ngx_webhook_redis_url_t *url)
{
    u_char      *p, *end, *slash, *colon;
    ngx_int_t    port;
    const char  *err;

    p = text->data;
    end = p + text->len;

    slash = ngx_strlchr(p, end, '/');

    if (slash) {
        if (slash + 1 < end) {
            err = ngx_webhook_redis_url_db(slash + 1, end, url);
            if (err) {
                return err;
            }
        }

        end = slash;
    }

    url->port = NGX_WEBHOOK_REDIS_PORT;

    if (p < end && *p == '[') {
        colon = ngx_strlchr(p, end, ']');
        if (colon == NULL) {
            return "has no \"]\" after its address";
        }

        colon = (colon + 1 < end) ? colon + 1 : NULL;

        if (colon && *colon != ':') {
            return "has no port after its address";
        }

    } else {
        colon = ngx_strlchr(p, end, ':');
    }

    if (colon) {
        port = ngx_atoi(colon + 1, (size_t) (end - colon - 1));

        if (port < 1 || port > 65535) {
            return "has an invalid port";
        }

        url->port = (in_port_t) port;
        end = colon;
    }

    url->host.data = p;
    url->host.len = (size_t) (end - p);

    if (url->host.len == 0) {
        return "has no host";
    }

    for ( /* void */ ; p < end; p++) {

        if (*p <= ' ' || *p == '?' || *p == '#') {
            return "has an invalid character in its host";
        }
    }

    return NULL;
}


static const char *
ngx_webhook_redis_url_db(u_char *p, u_char *end,
    ngx_webhook_redis_url_t *url)
{
    ngx_int_t  db;

    db = ngx_atoi(p, (size_t) (end - p));

    if (db == NGX_ERROR) {
        return "has an invalid database number";
    }

    url->db = (ngx_uint_t) db;

    return NULL;
}


static ngx_int_t
ngx_webhook_redis_url_unescape(ngx_pool_t *pool, u_char *p, u_char *end,
    ngx_str_t *value)
{
    u_char     *dst;
    ngx_int_t   n;

    dst = ngx_pnalloc(pool, (size_t) (end - p) + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    value->data = dst;

    for ( /* void */ ; p < end; p++) {

        if (*p != '%') {
            *dst++ = *p;
            continue;
        }

        if (end - p < 3) {
            return NGX_ERROR;
        }

        n = ngx_hextoi(p + 1, 2);
        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        *dst++ = (u_char) n;
        p += 2;
    }

    value->len = (size_t) (dst - value->data);

    return NGX_OK;
}
