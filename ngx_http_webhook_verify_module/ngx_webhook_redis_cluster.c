
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The nodes of a Redis Cluster and who of them has which slot.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis_cluster.h"


/* ms between two questions for the slots, and after one without an answer */

#define NGX_WEBHOOK_REDIS_REFRESH      100
#define NGX_WEBHOOK_REDIS_REFRESH_MAX  1000

/* nodes that are asked before the configured hosts are */

#define NGX_WEBHOOK_REDIS_ASKED        16


static void ngx_webhook_redis_cluster_timer(ngx_event_t *ev);
static void ngx_webhook_redis_cluster_ask(
    ngx_webhook_redis_cluster_t *cluster);
static ngx_int_t ngx_webhook_redis_cluster_answer(
    ngx_webhook_redis_peer_t *peer, ngx_webhook_resp_reply_t *reply);
static ngx_int_t ngx_webhook_redis_cluster_slots(
    ngx_webhook_redis_cluster_t *cluster, ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_cluster_answered(void *data, ngx_int_t rc);
static ngx_webhook_redis_node_t *ngx_webhook_redis_cluster_find(
    ngx_webhook_redis_cluster_t *cluster, ngx_webhook_redis_slots_t *slots);
static ngx_webhook_redis_node_t *ngx_webhook_redis_cluster_add(
    ngx_webhook_redis_cluster_t *cluster, ngx_webhook_redis_slots_t *slots);
static void ngx_webhook_redis_cluster_sweep(
    ngx_webhook_redis_cluster_t *cluster);


ngx_webhook_redis_cluster_t *
ngx_webhook_redis_cluster_create(ngx_conf_t *cf,
    ngx_webhook_redis_conf_t *conf, ngx_webhook_redis_place_t **places,
    ngx_uint_t nplaces)
{
    ngx_webhook_redis_cluster_t  *cluster;

    cluster = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_redis_cluster_t));
    if (cluster == NULL) {
        return NULL;
    }

    /* nodes that are known go before the places, see _ask() */

    cluster->places = ngx_palloc(cf->pool,
                                 (NGX_WEBHOOK_REDIS_ASKED + nplaces)
                                 * sizeof(ngx_webhook_redis_place_t *));
    if (cluster->places == NULL) {
        return NULL;
    }

    ngx_memcpy(cluster->places + NGX_WEBHOOK_REDIS_ASKED, places,
               nplaces * sizeof(ngx_webhook_redis_place_t *));

    cluster->ident = -1;
    cluster->nplaces = nplaces;
    cluster->conf = conf;

    ngx_str_set(&cluster->ask.peer.question[0], "CLUSTER");
    ngx_str_set(&cluster->ask.peer.question[1], "SLOTS");

    cluster->ask.peer.conf = conf;
    cluster->ask.peer.answer = ngx_webhook_redis_cluster_answer;
    cluster->ask.handler = ngx_webhook_redis_cluster_answered;
    cluster->ask.data = cluster;
    cluster->ask.auth = 1;

    ngx_queue_init(&cluster->nodes);

    cluster->refresh.handler = ngx_webhook_redis_cluster_timer;
    cluster->refresh.data = cluster;
    cluster->refresh.log = &cf->cycle->new_log;
    cluster->refresh.cancelable = 1;

    return cluster;
}


ngx_int_t
ngx_webhook_redis_cluster_node(ngx_webhook_redis_cluster_t *cluster,
    ngx_str_t *key, ngx_webhook_redis_node_t **node)
{
    if (cluster->slots) {
        *node = cluster->slots[ngx_webhook_redis_slot(key)];

        if (*node) {
            return NGX_OK;
        }
    }

    ngx_webhook_redis_cluster_refresh(cluster);

    return (cluster->slots || cluster->down) ? NGX_ERROR : NGX_AGAIN;
}


ngx_webhook_redis_node_t *
ngx_webhook_redis_cluster_redirect(ngx_webhook_redis_cluster_t *cluster,
    ngx_webhook_redis_node_t *from, ngx_str_t *text, ngx_uint_t moved)
{
    ngx_webhook_redis_node_t   *node;
    ngx_webhook_redis_slots_t   slots;

    if (ngx_webhook_redis_slots_redirect(text, &slots) != NGX_OK) {
        return NULL;
    }

    if (slots.host.len == 0) {
        slots.host = from->peer.place.host.host;
    }

    node = ngx_webhook_redis_cluster_find(cluster, &slots);

    if (moved) {

        if (node && cluster->slots) {
            cluster->slots[slots.first] = node;
        }

        /* what is true of this slot may be of others */

        ngx_webhook_redis_cluster_refresh(cluster);
    }

    return node;
}


void
ngx_webhook_redis_cluster_refresh(ngx_webhook_redis_cluster_t *cluster)
{
    ngx_msec_t  passed;

    if (cluster->ask.active || cluster->refresh.timer_set
        || cluster->refresh.posted || cluster->exiting)
    {
        return;
    }

    passed = ngx_current_msec - cluster->refreshed;

    if (cluster->refreshed && passed < NGX_WEBHOOK_REDIS_REFRESH) {
        ngx_add_timer(&cluster->refresh, NGX_WEBHOOK_REDIS_REFRESH - passed);
        return;
    }

    ngx_post_event(&cluster->refresh, &ngx_posted_events);
}


static void
ngx_webhook_redis_cluster_timer(ngx_event_t *ev)
{
    ngx_webhook_redis_cluster_t  *cluster;

    cluster = ev->data;

    if (!cluster->ask.active && !cluster->exiting) {
        ngx_webhook_redis_cluster_ask(cluster);
    }
}


/* nodes that are up, then the configured hosts */

static void
ngx_webhook_redis_cluster_ask(ngx_webhook_redis_cluster_t *cluster)
{
    ngx_uint_t                  n;
    ngx_queue_t                *q;
    ngx_webhook_redis_node_t   *node;

    n = NGX_WEBHOOK_REDIS_ASKED;

    for (q = ngx_queue_head(&cluster->nodes);
         q != ngx_queue_sentinel(&cluster->nodes) && n > 0;
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_webhook_redis_node_t, queue);

        if (node->state == NGX_WEBHOOK_REDIS_READY) {
            cluster->places[--n] = &node->peer.place;
        }
    }

    cluster->ask.places = cluster->places + n;
    cluster->ask.nplaces = NGX_WEBHOOK_REDIS_ASKED - n + cluster->nplaces;
    cluster->ask.current = cluster->turn++;

    ngx_webhook_redis_ask(&cluster->ask);
}


static ngx_int_t
ngx_webhook_redis_cluster_answer(ngx_webhook_redis_peer_t *peer,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_webhook_redis_ask_t      *ask;
    ngx_webhook_redis_cluster_t  *cluster;

    ask = peer->data;
    cluster = ask->data;

    if (reply->type != NGX_WEBHOOK_RESP_ARRAY) {
        ngx_webhook_redis_peer_reason(peer, 0, "it says \"%V\"",
                                      &reply->text);
        return NGX_ERROR;
    }

    /* one that knows of no slots has not heard of the others */

    if (reply->nitems == 0
        || ngx_webhook_redis_cluster_slots(cluster, reply) != NGX_OK)
    {
        ngx_webhook_redis_peer_reason(peer, 0, "it does not tell who has "
                                      "which slot", NULL);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_redis_cluster_slots(ngx_webhook_redis_cluster_t *cluster,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_int_t                    rc;
    ngx_uint_t                   n;
    ngx_webhook_redis_node_t    *node, **slot;
    ngx_webhook_redis_slots_t    slots;

    slot = ngx_calloc(NGX_WEBHOOK_REDIS_SLOTS
                      * sizeof(ngx_webhook_redis_node_t *), ngx_cycle->log);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for ( ;; ) {

        rc = ngx_webhook_redis_slots_next(reply, &n, &slots);

        if (rc != NGX_OK) {
            break;
        }

        if (slots.host.len == 0) {
            slots.host = cluster->ask.peer.place.host.host;
        }

        node = ngx_webhook_redis_cluster_find(cluster, &slots);

        while (slots.first <= slots.last) {
            slot[slots.first++] = node;
        }
    }

    if (rc == NGX_ERROR) {
        ngx_free(slot);
        return NGX_ERROR;
    }

    if (cluster->slots) {
        ngx_free(cluster->slots);
    }

    cluster->slots = slot;

    return NGX_OK;
}


static void
ngx_webhook_redis_cluster_answered(void *data, ngx_int_t rc)
{
    ngx_webhook_redis_cluster_t *cluster = data;

    ngx_msec_t                 delay;
    ngx_webhook_redis_peer_t  *peer;

    peer = &cluster->ask.peer;
    cluster->refreshed = ngx_max(ngx_current_msec, 1);

    if (rc == NGX_OK) {

        if (cluster->down) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "webhook store \"%V\" is back",
                          &cluster->conf->url.name);
        }

        cluster->down = 0;
        cluster->failures = 0;

        ngx_webhook_redis_cluster_sweep(cluster);

    } else {

        /* with slots it is the nodes that know, and say, what is wrong */

        if (!cluster->down && cluster->slots == NULL) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, peer->err,
                          "webhook store \"%V\" is down: %s",
                          &cluster->conf->url.name, peer->reason);
            cluster->down = 1;
        }

        cluster->failures++;

        delay = NGX_WEBHOOK_REDIS_REFRESH_MAX;

        if (cluster->failures < 4) {
            delay = (ngx_msec_t) NGX_WEBHOOK_REDIS_REFRESH
                    << (cluster->failures - 1);
        }

        delay = delay / 2 + (ngx_msec_t) ngx_random() % (delay / 2 + 1);

        ngx_add_timer(&cluster->refresh, delay);
    }

    cluster->handler(cluster->data, rc);
}


/* the node at an address, which is made if there is none */

static ngx_webhook_redis_node_t *
ngx_webhook_redis_cluster_find(ngx_webhook_redis_cluster_t *cluster,
    ngx_webhook_redis_slots_t *slots)
{
    ngx_queue_t               *q;
    ngx_webhook_redis_node_t  *node;

    for (q = ngx_queue_head(&cluster->nodes);
         q != ngx_queue_sentinel(&cluster->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_webhook_redis_node_t, queue);

        if (ngx_webhook_redis_place_is(&node->peer.place, &slots->host,
                                       slots->port)
            == NGX_OK)
        {
            return node;
        }
    }

    return ngx_webhook_redis_cluster_add(cluster, slots);
}


static ngx_webhook_redis_node_t *
ngx_webhook_redis_cluster_add(ngx_webhook_redis_cluster_t *cluster,
    ngx_webhook_redis_slots_t *slots)
{
    size_t                     len;
    ngx_str_t                 *name;
    ngx_webhook_redis_node_t  *node;

    name = &cluster->conf->url.name;
    len = name->len + sizeof("\" at \"") - 1 + NGX_WEBHOOK_REDIS_HOST;

    node = ngx_calloc(sizeof(ngx_webhook_redis_node_t) + len, ngx_cycle->log);
    if (node == NULL) {
        return NULL;
    }

    if (ngx_webhook_redis_place_set(&node->peer.place, &slots->host,
                                    slots->port)
        != NGX_OK)
    {
        ngx_free(node);
        return NULL;
    }

    node->name.data = (u_char *) node + sizeof(ngx_webhook_redis_node_t);
    node->name.len = (size_t) (ngx_sprintf(node->name.data, "%V\" at \"%V",
                                           name, &node->peer.place.host.text)
                               - node->name.data);

    /* it may be a replica that has taken over */

    node->broken = 1;
    node->owner = cluster->owner;
    node->data = cluster->data;

    ngx_webhook_redis_node_init(node, cluster->conf, ngx_cycle->log);

    ngx_queue_insert_tail(&cluster->nodes, &node->queue);

    return node;
}


/* nodes without a slot, that have nothing left to answer */

static void
ngx_webhook_redis_cluster_sweep(ngx_webhook_redis_cluster_t *cluster)
{
    ngx_uint_t                 i;
    ngx_queue_t               *q, *next;
    ngx_webhook_redis_node_t  *node;

    for (i = 0; i < NGX_WEBHOOK_REDIS_SLOTS; i++) {
        if (cluster->slots[i]) {
            cluster->slots[i]->wanted = 1;
        }
    }

    for (q = ngx_queue_head(&cluster->nodes);
         q != ngx_queue_sentinel(&cluster->nodes);
         q = next)
    {
        next = ngx_queue_next(q);
        node = ngx_queue_data(q, ngx_webhook_redis_node_t, queue);

        if (!node->wanted && ngx_queue_empty(&node->sent)
            && ngx_queue_empty(&node->waiting))
        {
            ngx_queue_remove(q);
            ngx_webhook_redis_node_exit(node);
            ngx_free(node);
            continue;
        }

        node->wanted = 0;
    }
}


void
ngx_webhook_redis_cluster_exit(ngx_webhook_redis_cluster_t *cluster)
{
    ngx_queue_t               *q;
    ngx_webhook_redis_node_t  *node;

    cluster->exiting = 1;

    if (cluster->refresh.timer_set) {
        ngx_del_timer(&cluster->refresh);
    }

    if (cluster->refresh.posted) {
        ngx_delete_posted_event(&cluster->refresh);
    }

    ngx_webhook_redis_ask_cancel(&cluster->ask);

    while (!ngx_queue_empty(&cluster->nodes)) {
        q = ngx_queue_head(&cluster->nodes);
        ngx_queue_remove(q);

        node = ngx_queue_data(q, ngx_webhook_redis_node_t, queue);

        ngx_webhook_redis_node_exit(node);
        ngx_free(node);
    }

    if (cluster->slots) {
        ngx_free(cluster->slots);
        cluster->slots = NULL;
    }
}
