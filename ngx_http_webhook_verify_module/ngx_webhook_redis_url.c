
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The text of a Redis URL.  Nothing is resolved here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_url.h"


#define NGX_WEBHOOK_REDIS_PORT           6379
#define NGX_WEBHOOK_REDIS_SENTINEL_PORT  26379


typedef struct {
    ngx_str_t                   text;
    ngx_webhook_redis_kind_e    kind;
    ngx_uint_t                  tls;
} ngx_webhook_redis_scheme_t;


static ngx_webhook_redis_scheme_t *ngx_webhook_redis_url_scheme(
    ngx_str_t *text);
static size_t ngx_webhook_redis_url_public(u_char *text, u_char *end);
static const char *ngx_webhook_redis_url_unix(ngx_pool_t *pool,
    ngx_str_t *text, ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_server(ngx_pool_t *pool,
    ngx_str_t *text, ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_user(ngx_pool_t *pool,
    ngx_str_t *text, ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_path(u_char *p, u_char *end,
    ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_hosts(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_webhook_redis_url_t *url);
static const char *ngx_webhook_redis_url_host(u_char *p, u_char *end,
    ngx_webhook_redis_host_t *host);
static const char *ngx_webhook_redis_url_db(u_char *p, u_char *end,
    ngx_webhook_redis_url_t *url);
static ngx_int_t ngx_webhook_redis_url_unescape(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_str_t *value);


static ngx_webhook_redis_scheme_t  ngx_webhook_redis_schemes[] = {
    { ngx_string("redis://"), NGX_WEBHOOK_REDIS_SINGLE, 0 },
    { ngx_string("rediss://"), NGX_WEBHOOK_REDIS_SINGLE, 1 },
    { ngx_string("redis-sentinel://"), NGX_WEBHOOK_REDIS_SENTINEL, 0 },
    { ngx_string("rediss-sentinel://"), NGX_WEBHOOK_REDIS_SENTINEL, 1 },
    { ngx_string("redis-cluster://"), NGX_WEBHOOK_REDIS_CLUSTER, 0 },
    { ngx_string("rediss-cluster://"), NGX_WEBHOOK_REDIS_CLUSTER, 1 },
    { ngx_null_string, NGX_WEBHOOK_REDIS_SINGLE, 0 }
};


const char *
ngx_webhook_redis_url_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url)
{
    u_char                      *p, *end, *at;
    ngx_str_t                    part;
    const char                  *err;
    ngx_webhook_redis_scheme_t  *s;

    ngx_memzero(url, sizeof(ngx_webhook_redis_url_t));

    if (text->len >= 5 && ngx_strncmp(text->data, "unix:", 5) == 0) {
        return ngx_webhook_redis_url_unix(pool, text, url);
    }

    p = text->data;
    end = p + text->len;

    /* the last "@" divides: one in a password need not be escaped */

    for (at = end; at > p && at[-1] != '@'; at--) { /* void */ }

    /* an error is logged with no more of the text than cannot be secret */

    url->name.data = at;
    url->name.len = (size_t) (end - at);

    if (at == p) {
        url->name.len = ngx_webhook_redis_url_public(p, end);
    }

    s = ngx_webhook_redis_url_scheme(text);
    if (s == NULL) {
        return "is not a \"redis://\" URL";
    }

    url->kind = s->kind;
    url->tls = s->tls ? 1 : 0;
    p += s->text.len;

    if (at > p) {
        part.data = p;
        part.len = (size_t) (at - 1 - p);

        err = ngx_webhook_redis_url_user(pool, &part, url);
        if (err) {
            return err;
        }

        p = at;
    }

    part.data = p;
    part.len = (size_t) (end - p);

    err = ngx_webhook_redis_url_server(pool, &part, url);

    if (err == NULL) {
        url->name = part;
    }

    return err;
}


static ngx_webhook_redis_scheme_t *
ngx_webhook_redis_url_scheme(ngx_str_t *text)
{
    ngx_webhook_redis_scheme_t  *s;

    for (s = ngx_webhook_redis_schemes; s->text.len; s++) {

        if (text->len >= s->text.len
            && ngx_strncmp(text->data, s->text.data, s->text.len) == 0)
        {
            return s;
        }
    }

    return NULL;
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

        if (digits == p + 1
            || (digits < end && *digits != '/' && *digits != ','))
        {
            return (size_t) (p + 1 - text);
        }
    }

    return (size_t) (end - text);
}


static const char *
ngx_webhook_redis_url_unix(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url)
{
    u_char                    *p, *end, *query;
    ngx_webhook_redis_host_t  *host;

    p = text->data + 5;
    end = text->data + text->len;

    url->name = *text;

    host = ngx_pcalloc(pool, sizeof(ngx_webhook_redis_host_t));
    if (host == NULL) {
        return "finds no memory";
    }

    query = ngx_strlchr(p, end, '?');

    host->text = *text;
    host->unix_socket = 1;
    host->host.data = p;
    host->host.len = (size_t) ((query ? query : end) - p);

    url->hosts = host;
    url->nhosts = 1;

    if (query && (end - query < 4 || ngx_strncmp(query, "?db=", 4) != 0)) {
        return "has an unknown parameter, only \"?db=\" is known";
    }

    if (host->host.len == 0) {
        return "has no path";
    }

    return query ? ngx_webhook_redis_url_db(query + 4, end, url) : NULL;
}


/* all but the user: host[:port],... and what its kind has behind the slash */

static const char *
ngx_webhook_redis_url_server(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url)
{
    u_char      *end, *slash;
    const char  *err;

    end = text->data + text->len;
    slash = ngx_strlchr(text->data, end, '/');

    if (slash == NULL) {
        slash = end;
    }

    err = ngx_webhook_redis_url_path(ngx_min(slash + 1, end), end, url);
    if (err) {
        return err;
    }

    return ngx_webhook_redis_url_hosts(pool, text->data, slash, url);
}


static const char *
ngx_webhook_redis_url_user(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_redis_url_t *url)
{
    u_char  *end, *colon;

    end = text->data + text->len;

    colon = ngx_strlchr(text->data, end, ':');

    /* the password may be in a file */

    if (colon == NULL) {
        colon = end;
    }

    if (ngx_webhook_redis_url_unescape(pool, text->data, colon, &url->user)
        != NGX_OK
        || ngx_webhook_redis_url_unescape(pool, ngx_min(colon + 1, end), end,
                                          &url->password)
        != NGX_OK)
    {
        return "has a wrong escape in its user or password";
    }

    return NULL;
}


static const char *
ngx_webhook_redis_url_path(u_char *p, u_char *end,
    ngx_webhook_redis_url_t *url)
{
    u_char  *slash;

    switch (url->kind) {

    case NGX_WEBHOOK_REDIS_CLUSTER:
        return (p == end) ? NULL : "has a database, a cluster has only one";

    case NGX_WEBHOOK_REDIS_SENTINEL:
        slash = ngx_strlchr(p, end, '/');

        url->master.data = p;
        url->master.len = (size_t) ((slash ? slash : end) - p);

        if (url->master.len == 0) {
            return "has no name of a master after its hosts";
        }

        p = slash ? slash + 1 : end;

        /* fall through */

    default: /* NGX_WEBHOOK_REDIS_SINGLE */
        return (p == end) ? NULL : ngx_webhook_redis_url_db(p, end, url);
    }
}


static const char *
ngx_webhook_redis_url_hosts(ngx_pool_t *pool, u_char *p, u_char *end,
    ngx_webhook_redis_url_t *url)
{
    u_char                    *comma;
    const char                *err;
    ngx_uint_t                 n;
    ngx_webhook_redis_host_t  *host;

    n = 1;

    for (comma = p; comma < end; comma++) {
        n += (*comma == ',');
    }

    if (n > 1 && url->kind == NGX_WEBHOOK_REDIS_SINGLE) {
        return "has several hosts, as only \"redis-sentinel://\" and "
               "\"redis-cluster://\" may";
    }

    host = ngx_pcalloc(pool, n * sizeof(ngx_webhook_redis_host_t));
    if (host == NULL) {
        return "finds no memory";
    }

    url->hosts = host;
    url->nhosts = n;

    for ( /* void */ ; n; n--, host++, p = comma + 1) {

        comma = ngx_strlchr(p, end, ',');
        if (comma == NULL) {
            comma = end;
        }

        host->port = (url->kind == NGX_WEBHOOK_REDIS_SENTINEL)
                     ? NGX_WEBHOOK_REDIS_SENTINEL_PORT
                     : NGX_WEBHOOK_REDIS_PORT;

        err = ngx_webhook_redis_url_host(p, comma, host);
        if (err) {
            return err;
        }
    }

    return NULL;
}


static const char *
ngx_webhook_redis_url_host(u_char *p, u_char *end,
    ngx_webhook_redis_host_t *host)
{
    u_char     *colon;
    ngx_int_t   port;

    host->text.data = p;
    host->text.len = (size_t) (end - p);

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

        host->port = (in_port_t) port;
        end = colon;
    }

    host->host.data = p;
    host->host.len = (size_t) (end - p);

    if (host->host.len == 0) {
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
