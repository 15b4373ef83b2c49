
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Who is the master?  As Redis has it in "Guidelines for Redis clients with
 * support for Redis Sentinel": Sentinels are asked one after the other at
 * each connect, the one that answered first the next time, and the server
 * that they name is asked for its role.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_ask.h"
#include "ngx_webhook_redis_greeting.h"
#include "ngx_webhook_redis_listen.h"
#include "ngx_webhook_redis_sentinel.h"


struct ngx_webhook_redis_sentinel_s {
    ngx_webhook_redis_ask_t        ask;
    ngx_webhook_redis_node_t      *node;      /* that wants to know */
    ngx_webhook_redis_listen_t    *listens;   /* one to a place */
};


static ngx_int_t ngx_webhook_redis_sentinel_answer(
    ngx_webhook_redis_peer_t *peer, ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_sentinel_answered(void *data, ngx_int_t rc);
static void ngx_webhook_redis_sentinel_switched(
    ngx_webhook_redis_listen_t *listen);


ngx_webhook_redis_sentinel_t *
ngx_webhook_redis_sentinel_create(ngx_conf_t *cf,
    ngx_webhook_redis_conf_t *conf, ngx_webhook_redis_place_t **places,
    ngx_uint_t nplaces)
{
    ngx_str_t                     *question;
    ngx_uint_t                     i;
    ngx_webhook_redis_sentinel_t  *sentinel;

    sentinel = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_redis_sentinel_t));
    if (sentinel == NULL) {
        return NULL;
    }

    question = sentinel->ask.peer.question;

    ngx_str_set(&question[0], "SENTINEL");
    ngx_str_set(&question[1], "get-master-addr-by-name");
    question[2] = conf->url.master;

    sentinel->ask.peer.conf = conf;
    sentinel->ask.peer.answer = ngx_webhook_redis_sentinel_answer;
    sentinel->ask.handler = ngx_webhook_redis_sentinel_answered;
    sentinel->ask.data = sentinel;
    sentinel->ask.places = places;
    sentinel->ask.nplaces = nplaces;

    sentinel->listens = ngx_pcalloc(cf->pool, nplaces
                                         * sizeof(ngx_webhook_redis_listen_t));
    if (sentinel->listens == NULL) {
        return NULL;
    }

    for (i = 0; i < nplaces; i++) {
        ngx_webhook_redis_listen_init(&sentinel->listens[i], conf, &places[i],
                                      &cf->cycle->new_log);

        sentinel->listens[i].handler = ngx_webhook_redis_sentinel_switched;
        sentinel->listens[i].data = sentinel;
    }

    return sentinel;
}


void
ngx_webhook_redis_sentinel_find(ngx_webhook_redis_sentinel_t *sentinel,
    ngx_webhook_redis_node_t *node)
{
    ngx_uint_t  i;

    sentinel->node = node;

    for (i = 0; i < sentinel->ask.nplaces; i++) {
        ngx_webhook_redis_listen(&sentinel->listens[i]);
    }

    /* one whose master is of no use is not the only one to believe */

    if (node->down) {
        sentinel->ask.current++;
    }

    ngx_webhook_redis_ask(&sentinel->ask);
}


static ngx_int_t
ngx_webhook_redis_sentinel_answer(ngx_webhook_redis_peer_t *peer,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_int_t                      port;
    ngx_webhook_redis_ask_t       *ask;
    ngx_webhook_resp_item_t       *item;
    ngx_webhook_redis_sentinel_t  *sentinel;

    ask = peer->data;
    sentinel = ask->data;

    if (reply->type == NGX_WEBHOOK_RESP_ERROR) {
        ngx_webhook_redis_peer_reason(peer, 0, "a Sentinel says \"%V\"",
                                      &reply->text);
        return NGX_ERROR;
    }

    if (reply->type == NGX_WEBHOOK_RESP_NIL) {
        ngx_webhook_redis_peer_reason(peer, 0, "no Sentinel knows a master "
                                      "of the name \"%V\"",
                                      &peer->conf->url.master);
        return NGX_ERROR;
    }

    if (reply->type == NGX_WEBHOOK_RESP_ARRAY && reply->nitems == 2) {

        item = reply->items;
        port = ngx_atoi(item[1].text.data, item[1].text.len);

        if (ngx_webhook_redis_place_is(&sentinel->node->peer.place,
                                       &item[0].text, port)
            == NGX_OK)
        {
            /* the session of TLS is still good for it */

            return NGX_OK;
        }

        if (ngx_webhook_redis_place_set(&sentinel->node->peer.place,
                                        &item[0].text, port)
            == NGX_OK)
        {
            ngx_webhook_redis_tls_forget(&sentinel->node->peer.session);

            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "webhook store \"%V\" has its master at \"%V\"",
                          &sentinel->node->name,
                          &sentinel->node->peer.place.host.text);
            return NGX_OK;
        }
    }

    ngx_webhook_redis_peer_reason(peer, 0, "a Sentinel has a strange answer",
                                  NULL);
    return NGX_ERROR;
}


static void
ngx_webhook_redis_sentinel_answered(void *data, ngx_int_t rc)
{
    ngx_webhook_redis_sentinel_t *sentinel = data;

    ngx_webhook_redis_node_t  *node;
    ngx_webhook_redis_peer_t  *peer;

    node = sentinel->node;
    peer = &sentinel->ask.peer;

    ngx_webhook_redis_peer_close(peer);

    if (rc != NGX_OK) {
        node->peer.err = peer->err;
        ngx_memcpy(node->peer.reason, peer->reason,
                   NGX_WEBHOOK_REDIS_REASON);
    }

    ngx_webhook_redis_node_found(node, rc);
}


/* the others hear of it up to two seconds later, and so this one is asked */

static void
ngx_webhook_redis_sentinel_switched(ngx_webhook_redis_listen_t *listen)
{
    ngx_webhook_redis_sentinel_t  *sentinel;

    sentinel = listen->data;
    sentinel->ask.current = (ngx_uint_t) (listen - sentinel->listens);

    ngx_webhook_redis_node_leave(sentinel->node);
}


ngx_int_t
ngx_webhook_redis_sentinel_role(ngx_webhook_redis_peer_t *peer,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_str_t  *role;

    /* who may not ask finds out by READONLY */

    if (ngx_webhook_redis_says(reply, "NOPERM")) {
        return NGX_OK;
    }

    if (reply->type != NGX_WEBHOOK_RESP_ARRAY || reply->nitems == 0) {
        ngx_webhook_redis_peer_reason(peer, 0, "it says \"%V\"",
                                      &reply->text);
        return NGX_ERROR;
    }

    role = &reply->items[0].text;

    if (role->len == 6 && ngx_strncmp(role->data, "master", 6) == 0) {
        return NGX_OK;
    }

    ngx_webhook_redis_peer_reason(peer, 0, "its role is \"%V\"", role);

    return NGX_ERROR;
}


void
ngx_webhook_redis_sentinel_exit(ngx_webhook_redis_sentinel_t *sentinel)
{
    ngx_uint_t  i;

    ngx_webhook_redis_ask_cancel(&sentinel->ask);

    for (i = 0; i < sentinel->ask.nplaces; i++) {
        ngx_webhook_redis_listen_exit(&sentinel->listens[i]);
    }
}
