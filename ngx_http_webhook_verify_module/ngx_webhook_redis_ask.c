
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The search for a server that knows: a Sentinel, or a node of a Cluster.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_ask.h"


static void ngx_webhook_redis_ask_place(ngx_webhook_redis_ask_t *ask);
static void ngx_webhook_redis_ask_handler(void *data, ngx_int_t rc);


void
ngx_webhook_redis_ask(ngx_webhook_redis_ask_t *ask)
{
    ask->active = 1;
    ask->tried = 0;

    ask->peer.handler = ngx_webhook_redis_ask_handler;
    ask->peer.data = ask;
    ask->peer.auth = ask->auth;

    ngx_webhook_redis_ask_place(ask);
    ngx_webhook_redis_peer_connect(&ask->peer);
}


void
ngx_webhook_redis_ask_cancel(ngx_webhook_redis_ask_t *ask)
{
    ask->active = 0;

    ngx_webhook_redis_peer_close(&ask->peer);
    ngx_webhook_redis_tls_forget(&ask->peer.session);
}


/* a copy, in which the resolver may leave its answer */

static void
ngx_webhook_redis_ask_place(ngx_webhook_redis_ask_t *ask)
{
    ngx_webhook_redis_place_t  *place, *from;

    /* a session is of one server only */

    ngx_webhook_redis_tls_forget(&ask->peer.session);

    place = &ask->peer.place;
    from = ask->places[ask->current % ask->nplaces];

    if (from->fixed && from->addrs != from->found) {
        place->host = from->host;
        place->addrs = from->addrs;
        place->naddrs = from->naddrs;
        place->current = 0;
        place->fixed = 1;

    } else {
        (void) ngx_webhook_redis_place_set(place, &from->host.host,
                                           from->host.port);
    }
}


static void
ngx_webhook_redis_ask_handler(void *data, ngx_int_t rc)
{
    ngx_webhook_redis_ask_t *ask = data;

    ngx_uint_t  again;

    if (rc != NGX_OK) {

        /* a Sentinel mostly has no password, and is not told ours unasked */

        again = (ask->peer.noauth && !ask->peer.auth
                 && ask->peer.conf->url.password.len);

        if (!again) {
            ask->current++;
            ask->tried++;
        }

        if (ask->tried < ask->nplaces) {
            ask->peer.auth = (again || ask->auth) ? 1 : 0;

            ngx_webhook_redis_ask_place(ask);
            ngx_webhook_redis_peer_connect(&ask->peer);
            return;
        }
    }

    ask->active = 0;
    ask->handler(ask->data, rc);

    if (!ask->active) {
        ngx_webhook_redis_peer_close(&ask->peer);
    }
}
