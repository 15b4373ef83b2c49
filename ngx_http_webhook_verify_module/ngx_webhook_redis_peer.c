
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * From a place to a connection over which a first question was answered as
 * it should be.  What is asked over it later is not known here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis_greeting.h"
#include "ngx_webhook_redis_peer.h"


static void ngx_webhook_redis_peer_resolved(void *data, const char *error);
static void ngx_webhook_redis_peer_open(ngx_webhook_redis_peer_t *peer);
static void ngx_webhook_redis_peer_write(ngx_event_t *wev);
static ngx_int_t ngx_webhook_redis_peer_opened(
    ngx_webhook_redis_peer_t *peer, ngx_connection_t *c);
static void ngx_webhook_redis_peer_handshake(ngx_connection_t *c);
static void ngx_webhook_redis_peer_greet(ngx_webhook_redis_peer_t *peer);
static void ngx_webhook_redis_peer_read(ngx_event_t *rev);
static ngx_int_t ngx_webhook_redis_peer_replies(
    ngx_webhook_redis_peer_t *peer);
static ngx_err_t ngx_webhook_redis_peer_error(ngx_connection_t *c);
static void ngx_webhook_redis_peer_hear(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);
static void ngx_webhook_redis_peer_fail(ngx_webhook_redis_peer_t *peer,
    ngx_err_t err, const char *reason);
static void ngx_webhook_redis_peer_failed(ngx_webhook_redis_peer_t *peer);


void
ngx_webhook_redis_peer_connect(ngx_webhook_redis_peer_t *peer)
{
    ngx_int_t                  rc;
    ngx_msec_t                 timeout;
    ngx_webhook_redis_conf_t  *conf;

    conf = peer->conf;

    peer->log = *ngx_cycle->log;

    if (peer->log.log_level & NGX_LOG_DEBUG_ALL) {
        /* void: everything is wanted */

    } else if (conf->tls) {
        peer->log.log_level = NGX_LOG_INFO;
        peer->log.writer = ngx_webhook_redis_peer_hear;
        peer->log.wdata = peer;
        peer->log.next = NULL;

    } else {
        peer->log.log_level = ngx_min(peer->log.log_level, NGX_LOG_CRIT);
    }

    peer->tried = 0;
    peer->connected = 0;
    peer->noauth = 0;
    peer->reason[0] = '\0';

    peer->place.handler = ngx_webhook_redis_peer_resolved;
    peer->place.data = peer;

    timeout = ngx_min(conf->resolver_timeout, conf->timeout);

    rc = ngx_webhook_redis_place_resolve(&peer->place, conf->resolver,
                                         timeout);

    if (rc == NGX_OK) {
        ngx_webhook_redis_peer_open(peer);

    } else if (rc == NGX_ERROR) {
        ngx_webhook_redis_peer_fail(peer, 0, "no resolver for its name");
    }
}


void
ngx_webhook_redis_peer_close(ngx_webhook_redis_peer_t *peer)
{
    ngx_connection_t  *c;

    ngx_webhook_redis_place_cancel(&peer->place);
    ngx_webhook_redis_greeting_free(&peer->greeting);

    c = peer->connection;

    if (c) {
        ngx_webhook_redis_tls_close(c);

        if (c->pool) {
            ngx_destroy_pool(c->pool);
        }

        ngx_close_connection(c);
        peer->connection = NULL;
    }

    if (peer->resp) {
        ngx_webhook_resp_free(peer->resp);
        peer->resp = NULL;
    }
}


static void
ngx_webhook_redis_peer_resolved(void *data, const char *error)
{
    ngx_webhook_redis_peer_t *peer = data;

    ngx_str_t  text;

    if (error == NULL) {
        ngx_webhook_redis_peer_open(peer);
        return;
    }

    text.data = (u_char *) error;
    text.len = ngx_strlen(error);

    ngx_webhook_redis_peer_reason(peer, 0, "its name was not resolved: %V",
                                  &text);
    ngx_webhook_redis_peer_failed(peer);
}


/* an address that works is stayed with */

static void
ngx_webhook_redis_peer_open(ngx_webhook_redis_peer_t *peer)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    peer->sent = 0;
    peer->connected = 0;

    peer->resp = ngx_webhook_resp_create();

    if (peer->resp == NULL
        || ngx_webhook_redis_greeting_create(peer) != NGX_OK)
    {
        ngx_webhook_redis_peer_fail(peer, 0, "no memory");
        return;
    }

    rc = ngx_webhook_redis_place_connect(&peer->place, &peer->log, &c);

    if (rc == NGX_ERROR) {
        ngx_webhook_redis_peer_fail(peer, ngx_socket_errno,
                                    "connect() failed");
        return;
    }

    c->data = peer;
    c->read->handler = ngx_webhook_redis_peer_read;
    c->write->handler = ngx_webhook_redis_peer_write;

    peer->connection = c;

    /* of TLS, and of an answer that is an array */

    c->pool = ngx_create_pool(256, &peer->log);
    if (c->pool == NULL) {
        ngx_webhook_redis_peer_fail(peer, 0, "no memory");
        return;
    }

    ngx_webhook_resp_arrays(peer->resp, c->pool);

    /* of all steps together */

    ngx_add_timer(c->write, peer->conf->timeout);

    if (rc == NGX_OK) {
        ngx_webhook_redis_peer_write(c->write);
    }
}


static void
ngx_webhook_redis_peer_write(ngx_event_t *wev)
{
    ngx_connection_t          *c;
    ngx_webhook_redis_peer_t  *peer;

    c = wev->data;
    peer = c->data;

    if (wev->timedout) {
        ngx_webhook_redis_peer_fail(peer, NGX_ETIMEDOUT,
                                    peer->connected ? "no answer to PING"
                                                    : "connect() failed");
        return;
    }

    if (peer->connected) {
        ngx_webhook_redis_peer_greet(peer);
        return;
    }

    switch (ngx_webhook_redis_peer_opened(peer, c)) {

    case NGX_OK:
        ngx_webhook_redis_peer_greet(peer);
        break;

    case NGX_AGAIN:
        break;

    default: /* NGX_ERROR */
        ngx_webhook_redis_peer_failed(peer);
    }
}


static ngx_int_t
ngx_webhook_redis_peer_opened(ngx_webhook_redis_peer_t *peer,
    ngx_connection_t *c)
{
    ngx_int_t   rc;
    ngx_err_t   err;

    err = ngx_webhook_redis_peer_error(c);

    if (err) {
        ngx_webhook_redis_peer_reason(peer, err, "connect() failed", NULL);
        return NGX_ERROR;
    }

    peer->connected = 1;

    if (!peer->place.host.unix_socket) {
        (void) ngx_tcp_nodelay(c);
    }

    if (peer->conf->tls == NULL) {
        return NGX_OK;
    }

    rc = ngx_webhook_redis_tls_handshake(peer->conf->tls, c,
                                         &peer->place.host.host,
                                         ngx_webhook_redis_peer_handshake);

    if (rc != NGX_AGAIN) {
        ngx_webhook_redis_peer_handshake(c);
    }

    return NGX_AGAIN;
}


/* the events are TLS's own until here, but the timer is ours */

static void
ngx_webhook_redis_peer_handshake(ngx_connection_t *c)
{
    const char                *error;
    ngx_webhook_redis_peer_t  *peer;

    peer = c->data;

    if (c->write->timedout) {
        ngx_webhook_redis_peer_fail(peer, NGX_ETIMEDOUT,
                                    "no end of the TLS handshake");
        return;
    }

    error = "the TLS handshake failed";

    if (c->ssl) {
        error = ngx_webhook_redis_tls_verify(peer->conf->tls, c,
                                             &peer->place.host.host);
    }

    if (error) {
        ngx_webhook_redis_tls_forget(&peer->session);
        ngx_webhook_redis_peer_fail(peer, 0, error);
        return;
    }

    c->read->handler = ngx_webhook_redis_peer_read;
    c->write->handler = ngx_webhook_redis_peer_write;

    ngx_webhook_redis_peer_greet(peer);
}


static void
ngx_webhook_redis_peer_greet(ngx_webhook_redis_peer_t *peer)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = peer->connection;

    if (peer->sent < peer->greeting.len) {

        n = c->send(c, peer->greeting.data + peer->sent,
                    peer->greeting.len - peer->sent);

        if (n == NGX_ERROR) {
            ngx_webhook_redis_peer_fail(peer, ngx_socket_errno,
                                        "send() failed");
            return;
        }

        if (n > 0) {
            peer->sent += (size_t) n;
        }
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_webhook_redis_peer_fail(peer, 0, "no event");
        return;
    }

    /* TLS may have read already what comes after its handshake */

    if (c->ssl && c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
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
        ngx_webhook_redis_peer_fail(peer, 0, "the worker is exiting");
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
                                        : "connect() failed");
            return;
        }

        if (ngx_webhook_resp_feed(peer->resp, buf, (size_t) n) != NGX_OK) {
            ngx_webhook_redis_peer_fail(peer, 0, "no memory");
            return;
        }

        rc = ngx_webhook_redis_peer_replies(peer);

        if (rc == NGX_OK) {
            ngx_del_timer(c->write);
            ngx_webhook_redis_greeting_free(&peer->greeting);
            peer->handler(peer->data, NGX_OK);
            return;
        }

        if (rc == NGX_ERROR) {
            ngx_webhook_redis_peer_failed(peer);
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_webhook_redis_peer_fail(peer, 0, "no event");
    }
}


/* NGX_OK: greeted, NGX_AGAIN: not yet, NGX_ERROR: there is a reason */

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
            ngx_webhook_redis_peer_reason(peer, 0, "it does not speak RESP",
                                          NULL);
            return NGX_ERROR;
        }

        if (--peer->replies == 0) {
            break;
        }

        if (reply->type == NGX_WEBHOOK_RESP_ERROR) {
            ngx_webhook_redis_greeting_hide(&reply->text);
            ngx_webhook_redis_peer_reason(peer, 0, "it says \"%V\"",
                                          &reply->text);
            return NGX_ERROR;
        }
    }

    peer->noauth = ngx_webhook_redis_says(reply, "NOAUTH") ? 1 : 0;

    if (peer->answer(peer, reply) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_webhook_resp_arrays(peer->resp, NULL);

    /* what comes unasked would be taken for the first reply */

    if (ngx_webhook_resp_next(peer->resp, &reply) != NGX_AGAIN) {
        ngx_webhook_redis_peer_reason(peer, 0, "it says more than was asked",
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


/* what core would log of TLS goes into the reason, so that it is told once */

static void
ngx_webhook_redis_peer_hear(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    u_char                    *p;
    ngx_str_t                  text;
    ngx_webhook_redis_peer_t  *peer;

    peer = log->wdata;

    p = ngx_strlcasestrn(buf, buf + len, (u_char *) "(SSL: ", 6 - 1);

    if (p && !peer->reason[0]) {
        text.data = p;
        text.len = (size_t) (buf + len - p);

        while (text.len && text.data[text.len - 1] <= ' ') {
            text.len--;
        }

        ngx_webhook_redis_peer_reason(peer, 0, "TLS failed %V", &text);
    }
}


static void
ngx_webhook_redis_peer_fail(ngx_webhook_redis_peer_t *peer, ngx_err_t err,
    const char *reason)
{
    if (!peer->reason[0]) {
        ngx_webhook_redis_peer_reason(peer, err, reason, NULL);
    }

    ngx_webhook_redis_peer_failed(peer);
}


void
ngx_webhook_redis_peer_reason(ngx_webhook_redis_peer_t *peer, ngx_err_t err,
    const char *fmt, ngx_str_t *text)
{
    u_char  *p;

    p = ngx_snprintf(peer->reason, NGX_WEBHOOK_REDIS_REASON - 1, fmt, text);
    *p = '\0';

    peer->err = err;
}


static void
ngx_webhook_redis_peer_failed(ngx_webhook_redis_peer_t *peer)
{
    ngx_webhook_redis_peer_close(peer);

    if (!peer->connected && ++peer->tried < peer->place.naddrs) {
        peer->place.current = (peer->place.current + 1) % peer->place.naddrs;
        peer->reason[0] = '\0';
        ngx_webhook_redis_peer_open(peer);
        return;
    }

    peer->handler(peer->data, NGX_ERROR);
}
