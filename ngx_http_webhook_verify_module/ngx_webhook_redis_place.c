
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * From a host to addresses, and to a connection to one of them.  At run time
 * nothing but nginx's resolver is asked, which does not block.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_webhook_redis_place.h"


static void ngx_webhook_redis_place_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_webhook_redis_place_literal(ngx_webhook_redis_place_t *place);


ngx_int_t
ngx_webhook_redis_place_locate(ngx_conf_t *cf,
    ngx_webhook_redis_place_t *place, ngx_webhook_redis_host_t *host,
    ngx_resolver_t *resolver)
{
    u_char     *p;
    ngx_url_t   u;

    place->host = *host;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.len = sizeof("unix:") - 1 + host->host.len;
    u.url.data = ngx_pnalloc(cf->pool, u.url.len);
    if (u.url.data == NULL) {
        return NGX_ERROR;
    }

    p = u.url.data;

    if (host->unix_socket) {
        p = ngx_cpymem(p, "unix:", sizeof("unix:") - 1);
    }

    p = ngx_cpymem(p, host->host.data, host->host.len);

    u.url.len = (size_t) (p - u.url.data);
    u.default_port = host->port;
    u.no_resolve = (resolver && resolver->connections.nelts) ? 1 : 0;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" of \"webhook_verify_store\"",
                           u.err ? u.err : "error", &u.url);
        return NGX_ERROR;
    }

    place->addrs = u.addrs;
    place->naddrs = u.naddrs;
    place->fixed = (u.naddrs != 0);

    return NGX_OK;
}


ngx_int_t
ngx_webhook_redis_place_set(ngx_webhook_redis_place_t *place,
    ngx_str_t *host, ngx_int_t port)
{
    u_char     *p;
    ngx_str_t   text;

    /* a node that does not know its address has that of the URL */

    text = *host;

    if (text.len > 2 && text.data[0] == '['
        && text.data[text.len - 1] == ']')
    {
        text.data++;
        text.len -= 2;
    }

    host = &text;

    if (host->len == 0 || host->len > NGX_WEBHOOK_REDIS_HOST - 10
        || port < 1 || port > 65535)
    {
        return NGX_DECLINED;
    }

    p = ngx_cpymem(place->buf, host->data, host->len);

    place->host.host.data = place->buf;
    place->host.host.len = host->len;
    place->host.port = (in_port_t) port;
    place->host.unix_socket = 0;

    place->host.text.data = place->buf;
    place->host.text.len = (size_t) (ngx_sprintf(p, ":%i", port)
                                     - place->buf);

    place->addrs = place->found;
    place->naddrs = 0;
    place->current = 0;

    ngx_webhook_redis_place_literal(place);

    place->fixed = (place->naddrs != 0);

    return NGX_OK;
}


ngx_int_t
ngx_webhook_redis_place_is(ngx_webhook_redis_place_t *place, ngx_str_t *host,
    ngx_int_t port)
{
    if (place->host.port == port
        && place->host.host.len == host->len
        && ngx_memcmp(place->host.host.data, host->data, host->len) == 0)
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static void
ngx_webhook_redis_place_literal(ngx_webhook_redis_place_t *place)
{
    ngx_str_t         *host;
    in_addr_t          inaddr;
    ngx_addr_t        *addr;
    ngx_sockaddr_t    *sa;
#if (NGX_HAVE_INET6)
    struct in6_addr    inaddr6;
#endif

    host = &place->host.host;
    addr = &place->found[0];
    sa = &place->sockaddrs[0];

    ngx_memzero(sa, sizeof(ngx_sockaddr_t));

    inaddr = ngx_inet_addr(host->data, host->len);

    addr->socklen = 0;

    if (inaddr != INADDR_NONE) {
        sa->sockaddr_in.sin_family = AF_INET;
        sa->sockaddr_in.sin_addr.s_addr = inaddr;
        addr->socklen = sizeof(struct sockaddr_in);
    }

#if (NGX_HAVE_INET6)
    if (ngx_inet6_addr(host->data, host->len, inaddr6.s6_addr) == NGX_OK) {
        sa->sockaddr_in6.sin6_family = AF_INET6;
        sa->sockaddr_in6.sin6_addr = inaddr6;
        addr->socklen = sizeof(struct sockaddr_in6);
    }
#endif

    if (addr->socklen == 0) {
        return;
    }

    addr->sockaddr = &sa->sockaddr;
    addr->name = place->host.text;

    ngx_inet_set_port(addr->sockaddr, place->host.port);

    place->naddrs = 1;
}


ngx_int_t
ngx_webhook_redis_place_resolve(ngx_webhook_redis_place_t *place,
    ngx_resolver_t *resolver, ngx_msec_t timeout)
{
    ngx_resolver_ctx_t  *ctx;

    if (place->fixed) {
        return NGX_OK;
    }

    if (resolver == NULL) {
        return NGX_ERROR;
    }

    ctx = ngx_resolve_start(resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        return NGX_ERROR;
    }

    ctx->name = place->host.host;
    ctx->handler = ngx_webhook_redis_place_resolved;
    ctx->data = place;
    ctx->timeout = timeout;

    place->naddrs = 0;
    place->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        place->resolving = NULL;
        return NGX_ERROR;
    }

    /* the handler may have been called; what it began is well under way */

    return NGX_AGAIN;
}


void
ngx_webhook_redis_place_cancel(ngx_webhook_redis_place_t *place)
{
    if (place->resolving) {
        ngx_resolve_name_done(place->resolving);
        place->resolving = NULL;
    }
}


static void
ngx_webhook_redis_place_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_addr_t                 *addr;
    const char                 *error;
    ngx_uint_t                  i;
    ngx_webhook_redis_place_t  *place;

    place = ctx->data;
    place->resolving = NULL;

    error = ctx->state ? ngx_resolver_strerror(ctx->state) : NULL;

    if (error == NULL) {
        place->naddrs = ngx_min(ctx->naddrs, NGX_WEBHOOK_REDIS_ADDRS);
        place->addrs = place->found;
        place->current = 0;

        for (i = 0; i < place->naddrs; i++) {
            addr = &place->found[i];

            addr->socklen = ctx->addrs[i].socklen;
            addr->sockaddr = &place->sockaddrs[i].sockaddr;
            addr->name = place->host.text;

            ngx_memcpy(addr->sockaddr, ctx->addrs[i].sockaddr, addr->socklen);
            ngx_inet_set_port(addr->sockaddr, place->host.port);
        }
    }

    ngx_resolve_name_done(ctx);

    place->handler(place->data, error);
}


ngx_int_t
ngx_webhook_redis_place_connect(ngx_webhook_redis_place_t *place,
    ngx_log_t *log, ngx_connection_t **c)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_peer_connection_t   pc;

    ngx_memzero(&pc, sizeof(ngx_peer_connection_t));

    addr = &place->addrs[place->current % place->naddrs];

    pc.sockaddr = addr->sockaddr;
    pc.socklen = addr->socklen;
    pc.name = &addr->name;
    pc.get = ngx_event_get_peer;
    pc.log = log;
    pc.log_error = NGX_ERROR_ERR;
    pc.so_keepalive = 1;

    rc = ngx_event_connect_peer(&pc);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        return NGX_ERROR;
    }

    *c = pc.connection;
    (*c)->addr_text = place->host.text;

    return rc;
}
