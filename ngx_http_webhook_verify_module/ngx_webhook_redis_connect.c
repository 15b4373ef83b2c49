
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * From a URL to a connection that answers PING.  What is asked over it
 * later is not known here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_webhook_redis_connect.h"


static void ngx_webhook_redis_peer_resolve(ngx_webhook_redis_peer_t *peer);
static void ngx_webhook_redis_peer_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_webhook_redis_peer_open(ngx_webhook_redis_peer_t *peer);
static ngx_int_t ngx_webhook_redis_peer_greeting(
    ngx_webhook_redis_peer_t *peer);
static ngx_int_t ngx_webhook_redis_peer_say(ngx_str_t *greeting,
    ngx_uint_t argc, ngx_str_t *argv);
static void ngx_webhook_redis_peer_write(ngx_event_t *wev);
static void ngx_webhook_redis_peer_read(ngx_event_t *rev);
static ngx_int_t ngx_webhook_redis_peer_replies(
    ngx_webhook_redis_peer_t *peer);
static ngx_err_t ngx_webhook_redis_peer_error(ngx_connection_t *c);
static void ngx_webhook_redis_peer_fail(ngx_webhook_redis_peer_t *peer,
    ngx_err_t err, const char *fmt, ngx_str_t *text);


ngx_int_t
ngx_webhook_redis_peer_locate(ngx_conf_t *cf, ngx_webhook_redis_peer_t *peer,
    ngx_resolver_t *resolver, ngx_msec_t resolver_timeout)
{
    u_char     *p;
    ngx_url_t   u;

    if (peer->naddrs || peer->resolver) {
        return NGX_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.len = sizeof("unix:") - 1 + peer->url.host.len;
    u.url.data = ngx_pnalloc(cf->pool, u.url.len);
    if (u.url.data == NULL) {
        return NGX_ERROR;
    }

    p = u.url.data;

    if (peer->url.unix_socket) {
        p = ngx_cpymem(p, "unix:", sizeof("unix:") - 1);
    }

    p = ngx_cpymem(p, peer->url.host.data, peer->url.host.len);

    u.url.len = (size_t) (p - u.url.data);
    u.default_port = peer->url.port;
    u.no_resolve = (resolver && resolver->connections.nelts) ? 1 : 0;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" of \"webhook_verify_store\"",
                           u.err ? u.err : "error", &u.url);
        return NGX_ERROR;
    }

    if (u.naddrs) {
        peer->addrs = u.addrs;
        peer->naddrs = u.naddrs;
        return NGX_OK;
    }

    peer->resolver = resolver;
    peer->resolver_timeout = resolver_timeout;

    return NGX_OK;
}


void
ngx_webhook_redis_peer_connect(ngx_webhook_redis_peer_t *peer,
    ngx_msec_t timeout)
{
    peer->log = *ngx_cycle->log;

    if (!(peer->log.log_level & NGX_LOG_DEBUG_ALL)) {
        peer->log.log_level = ngx_min(peer->log.log_level, NGX_LOG_CRIT);
    }

    peer->timeout = timeout;
    peer->tried = 0;
    peer->connected = 0;

    if (peer->greeting.data == NULL
        && ngx_webhook_redis_peer_greeting(peer) != NGX_OK)
    {
        ngx_webhook_redis_peer_fail(peer, 0, "no memory", NULL);
        return;
    }

    if (peer->resolver) {
        peer->naddrs = 0;
        ngx_webhook_redis_peer_resolve(peer);
        return;
    }

    ngx_webhook_redis_peer_open(peer);
}


void
ngx_webhook_redis_peer_close(ngx_webhook_redis_peer_t *peer)
{
    if (peer->resolving) {
        ngx_resolve_name_done(peer->resolving);
        peer->resolving = NULL;
    }

    if (peer->connection) {
        ngx_close_connection(peer->connection);
        peer->connection = NULL;
    }

    if (peer->resp) {
        ngx_webhook_resp_free(peer->resp);
        peer->resp = NULL;
    }
}


static void
ngx_webhook_redis_peer_resolve(ngx_webhook_redis_peer_t *peer)
{
    ngx_resolver_ctx_t  *ctx;

    ctx = ngx_resolve_start(peer->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_webhook_redis_peer_fail(peer, 0, "no resolver for its name",
                                    NULL);
        return;
    }

    ctx->name = peer->url.host;
    ctx->handler = ngx_webhook_redis_peer_resolved;
    ctx->data = peer;
    ctx->timeout = ngx_min(peer->resolver_timeout, peer->timeout);

    peer->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        peer->resolving = NULL;
        ngx_webhook_redis_peer_fail(peer, 0, "its name was not resolved",
                                    NULL);
    }
}


static void
ngx_webhook_redis_peer_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_str_t                  text;
    ngx_addr_t                *addr;
    ngx_uint_t                 i;
    ngx_webhook_redis_peer_t  *peer;

    peer = ctx->data;
    peer->resolving = NULL;

    if (ctx->state) {
        text.data = (u_char *) ngx_resolver_strerror(ctx->state);
        text.len = ngx_strlen(text.data);

        ngx_resolve_name_done(ctx);

        ngx_webhook_redis_peer_fail(peer, 0,
                                    "its name was not resolved: %V", &text);
        return;
    }

    peer->naddrs = ngx_min(ctx->naddrs, NGX_WEBHOOK_REDIS_ADDRS);
    peer->addrs = peer->found;
    peer->current = 0;

    for (i = 0; i < peer->naddrs; i++) {
        addr = &peer->found[i];

        addr->socklen = ctx->addrs[i].socklen;
        addr->sockaddr = &peer->sockaddrs[i].sockaddr;
        addr->name = peer->url.name;

        ngx_memcpy(addr->sockaddr, ctx->addrs[i].sockaddr, addr->socklen);
        ngx_inet_set_port(addr->sockaddr, peer->url.port);
    }

    ngx_resolve_name_done(ctx);

    ngx_webhook_redis_peer_open(peer);
}


/* an address that works is stayed with */

static void
ngx_webhook_redis_peer_open(ngx_webhook_redis_peer_t *peer)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_connection_t       *c;
    ngx_peer_connection_t   pc;

    peer->sent = 0;
    peer->connected = 0;

    ngx_memzero(&pc, sizeof(ngx_peer_connection_t));

    addr = &peer->addrs[peer->current];

    pc.sockaddr = addr->sockaddr;
    pc.socklen = addr->socklen;
    pc.name = &addr->name;
    pc.get = ngx_event_get_peer;
    pc.log = &peer->log;
    pc.log_error = NGX_ERROR_ERR;
    pc.so_keepalive = 1;

    peer->resp = ngx_webhook_resp_create();
    if (peer->resp == NULL) {
        ngx_webhook_redis_peer_fail(peer, 0, "no memory", NULL);
        return;
    }

    rc = ngx_event_connect_peer(&pc);

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        ngx_webhook_redis_peer_fail(peer, ngx_socket_errno,
                                    "connect() failed", NULL);
        return;
    }

    c = pc.connection;

    c->data = peer;
    c->addr_text = peer->url.name;
    c->read->handler = ngx_webhook_redis_peer_read;
    c->write->handler = ngx_webhook_redis_peer_write;

    peer->connection = c;

    ngx_add_timer(c->write, peer->timeout);

    if (rc == NGX_OK) {
        ngx_webhook_redis_peer_write(c->write);
    }
}


/* what the server hears first; its last reply is the one to PING */

static ngx_int_t
ngx_webhook_redis_peer_greeting(ngx_webhook_redis_peer_t *peer)
{
    u_char     buf[NGX_INT_T_LEN];
    ngx_str_t  argv[3];

    if (peer->url.password.len) {
        ngx_str_set(&argv[0], "AUTH");

        if (peer->url.user.len) {
            argv[1] = peer->url.user;
            argv[2] = peer->url.password;

        } else {
            argv[1] = peer->url.password;
        }

        if (ngx_webhook_redis_peer_say(&peer->greeting,
                                       peer->url.user.len ? 3 : 2, argv)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (peer->url.db) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].data = buf;
        argv[1].len = (size_t) (ngx_sprintf(buf, "%ui", peer->url.db) - buf);

        if (ngx_webhook_redis_peer_say(&peer->greeting, 2, argv) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&argv[0], "PING");

    return ngx_webhook_redis_peer_say(&peer->greeting, 1, argv);
}


/* once in the life of a worker, so what is outgrown stays with the cycle */

static ngx_int_t
ngx_webhook_redis_peer_say(ngx_str_t *greeting, ngx_uint_t argc,
    ngx_str_t *argv)
{
    u_char     *p;
    ngx_str_t   command;

    ngx_webhook_resp_format(&command, argc, argv);
    if (command.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(ngx_cycle->pool, greeting->len + command.len);
    if (p == NULL) {
        ngx_webhook_resp_discard(&command);
        return NGX_ERROR;
    }

    if (greeting->len) {
        ngx_memcpy(p, greeting->data, greeting->len);
    }

    ngx_memcpy(p + greeting->len, command.data, command.len);

    greeting->data = p;
    greeting->len += command.len;

    ngx_webhook_resp_discard(&command);

    return NGX_OK;
}


static void
ngx_webhook_redis_peer_write(ngx_event_t *wev)
{
    ssize_t                    n;
    ngx_err_t                  err;
    ngx_connection_t          *c;
    ngx_webhook_redis_peer_t  *peer;

    c = wev->data;
    peer = c->data;

    if (wev->timedout) {
        ngx_webhook_redis_peer_fail(peer, NGX_ETIMEDOUT,
                                    peer->connected ? "no answer to PING"
                                                    : "connect() failed",
                                    NULL);
        return;
    }

    if (!peer->connected) {
        err = ngx_webhook_redis_peer_error(c);

        if (err) {
            ngx_webhook_redis_peer_fail(peer, err, "connect() failed", NULL);
            return;
        }

        peer->connected = 1;

        if (!peer->url.unix_socket) {
            (void) ngx_tcp_nodelay(c);
        }
    }

    if (peer->sent < peer->greeting.len) {

        n = c->send(c, peer->greeting.data + peer->sent,
                    peer->greeting.len - peer->sent);

        if (n == NGX_ERROR) {
            ngx_webhook_redis_peer_fail(peer, ngx_socket_errno,
                                        "send() failed", NULL);
            return;
        }

        if (n > 0) {
            peer->sent += (size_t) n;
        }
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_webhook_redis_peer_fail(peer, 0, "no event", NULL);
    }
}


static void
ngx_webhook_redis_peer_read(ngx_event_t *rev)
{
    u_char                     buf[1024];
    ssize_t                    n;
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_webhook_redis_peer_t  *peer;

    c = rev->data;
    peer = c->data;

    if (c->close) {
        ngx_webhook_redis_peer_fail(peer, 0, "the worker is exiting", NULL);
        return;
    }

    for ( ;; ) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_webhook_redis_peer_fail(peer, n ? ngx_socket_errno : 0,
                                        peer->connected
                                        ? "it closed the connection"
                                        : "connect() failed", NULL);
            return;
        }

        if (ngx_webhook_resp_feed(peer->resp, buf, (size_t) n) != NGX_OK) {
            ngx_webhook_redis_peer_fail(peer, 0, "no memory", NULL);
            return;
        }

        rc = ngx_webhook_redis_peer_replies(peer);

        if (rc == NGX_OK) {
            ngx_del_timer(c->write);
            peer->handler(peer->data, NGX_OK);
            return;
        }

        if (rc == NGX_ERROR) {
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_webhook_redis_peer_fail(peer, 0, "no event", NULL);
    }
}


/* NGX_OK: greeted, NGX_AGAIN: not yet, NGX_ERROR: failed and told so */

static ngx_int_t
ngx_webhook_redis_peer_replies(ngx_webhook_redis_peer_t *peer)
{
    ngx_int_t                  rc;
    ngx_webhook_resp_reply_t  *reply;

    for ( ;; ) {

        rc = ngx_webhook_resp_next(peer->resp, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_ERROR) {
            ngx_webhook_redis_peer_fail(peer, 0, "it does not speak RESP",
                                        NULL);
            return NGX_ERROR;
        }

        if (reply->type == NGX_WEBHOOK_RESP_ERROR) {
            ngx_webhook_redis_peer_fail(peer, 0, "it says \"%V\"",
                                        &reply->text);
            return NGX_ERROR;
        }

        if (reply->type == NGX_WEBHOOK_RESP_STATUS
            && reply->text.len == 4
            && ngx_strncmp(reply->text.data, "PONG", 4) == 0)
        {
            break;
        }
    }

    /* what comes unasked would be taken for the first reply */

    if (ngx_webhook_resp_next(peer->resp, &reply) != NGX_AGAIN) {
        ngx_webhook_redis_peer_fail(peer, 0, "it says more than was asked",
                                    NULL);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_err_t
ngx_webhook_redis_peer_error(ngx_connection_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    /* Solaris returns -1 and sets errno, other systems set err */

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    return err;
}


static void
ngx_webhook_redis_peer_fail(ngx_webhook_redis_peer_t *peer, ngx_err_t err,
    const char *fmt, ngx_str_t *text)
{
    u_char  *p;

    p = ngx_snprintf(peer->reason, NGX_WEBHOOK_REDIS_REASON - 1, fmt, text);
    *p = '\0';

    peer->err = err;

    ngx_webhook_redis_peer_close(peer);

    if (!peer->connected && ++peer->tried < peer->naddrs) {
        peer->current = (peer->current + 1) % peer->naddrs;
        ngx_webhook_redis_peer_open(peer);
        return;
    }

    peer->handler(peer->data, NGX_ERROR);
}
