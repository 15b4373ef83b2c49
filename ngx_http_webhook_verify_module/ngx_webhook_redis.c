
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Which server an operation is for, and whether it is asked again when that
 * one does not answer, refuses, or names another.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis.h"
#include "ngx_webhook_redis_conf.h"
#include "ngx_webhook_redis_greeting.h"
#include "ngx_webhook_redis_io.h"


#define NGX_WEBHOOK_REDIS_KEPT       16384   /* operations, if all is down */
#define NGX_WEBHOOK_REDIS_LATER      100     /* ms until one is asked again */
#define NGX_WEBHOOK_REDIS_LOSSES     3       /* connections it may break */
#define NGX_WEBHOOK_REDIS_REDIRECTS  5       /* nodes that name another */
#define NGX_WEBHOOK_REDIS_COMPLAIN   60000   /* ms between equal log lines */


static ngx_int_t ngx_webhook_redis_places(ngx_conf_t *cf,
    ngx_webhook_redis_t *redis);
static ngx_int_t ngx_webhook_redis_route(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op);
static void ngx_webhook_redis_done(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply);
static ngx_int_t ngx_webhook_redis_unanswered(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op);
static ngx_int_t ngx_webhook_redis_refused(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_node_t *node, ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_lost(ngx_webhook_redis_node_t *node);
static void ngx_webhook_redis_ready(ngx_webhook_redis_node_t *node);
static void ngx_webhook_redis_find(ngx_webhook_redis_node_t *node);
static void ngx_webhook_redis_slots(void *data, ngx_int_t rc);
static void ngx_webhook_redis_later(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op, ngx_msec_t delay);
static void ngx_webhook_redis_again(ngx_event_t *ev);
static void ngx_webhook_redis_flush(ngx_webhook_redis_t *redis,
    ngx_uint_t all);
static void ngx_webhook_redis_finish(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply);


static ngx_webhook_redis_owner_t  ngx_webhook_redis_owner = {
    ngx_webhook_redis_done,
    ngx_webhook_redis_lost,
    ngx_webhook_redis_ready,
    NULL
};


static ngx_webhook_redis_owner_t  ngx_webhook_redis_sentinel_owner = {
    ngx_webhook_redis_done,
    ngx_webhook_redis_lost,
    ngx_webhook_redis_ready,
    ngx_webhook_redis_find
};


ngx_int_t
ngx_webhook_redis_init(ngx_conf_t *cf, ngx_webhook_redis_t *redis)
{
    redis->ident = -1;

    ngx_queue_init(&redis->later);

    redis->again.handler = ngx_webhook_redis_again;
    redis->again.data = redis;
    redis->again.log = &cf->cycle->new_log;
    redis->again.cancelable = 1;

    redis->node.owner = &ngx_webhook_redis_owner;
    redis->node.data = redis;
    redis->node.name = redis->conf.url.name;

    ngx_webhook_redis_node_init(&redis->node, &redis->conf,
                                &cf->cycle->new_log);

    return ngx_webhook_redis_places(cf, redis);
}


static ngx_int_t
ngx_webhook_redis_places(ngx_conf_t *cf, ngx_webhook_redis_t *redis)
{
    ngx_webhook_redis_url_t     *url;
    ngx_webhook_redis_place_t  **places;

    url = &redis->conf.url;

    if (url->kind == NGX_WEBHOOK_REDIS_SINGLE) {
        return ngx_webhook_redis_place_locate(cf, &redis->node.peer.place,
                                              &url->hosts[0],
                                              redis->conf.resolver);
    }

    places = ngx_webhook_redis_conf_places(cf, &redis->conf);
    if (places == NULL) {
        return NGX_ERROR;
    }

    if (url->kind == NGX_WEBHOOK_REDIS_CLUSTER) {
        redis->cluster = ngx_webhook_redis_cluster_create(cf, &redis->conf,
                                                          places,
                                                          url->nhosts);
        if (redis->cluster == NULL) {
            return NGX_ERROR;
        }

        redis->cluster->owner = &ngx_webhook_redis_owner;
        redis->cluster->handler = ngx_webhook_redis_slots;
        redis->cluster->data = redis;

        return NGX_OK;
    }

    redis->sentinel = ngx_webhook_redis_sentinel_create(cf, &redis->conf,
                                                        places, url->nhosts);
    if (redis->sentinel == NULL) {
        return NGX_ERROR;
    }

    redis->node.owner = &ngx_webhook_redis_sentinel_owner;
    redis->node.peer.answer = ngx_webhook_redis_sentinel_role;
    ngx_str_set(&redis->node.peer.question[0], "ROLE");

    return NGX_OK;
}


ngx_int_t
ngx_webhook_redis_send(ngx_webhook_redis_t *redis, ngx_webhook_redis_op_t *op)
{
    if (redis->exiting
        || (op->keep && redis->kept == NGX_WEBHOOK_REDIS_KEPT))
    {
        return NGX_ERROR;
    }

    op->losses = 0;
    op->redirects = 0;
    op->refusals = 0;
    op->asking = 0;
    op->written = 0;
    op->expire = ngx_current_msec + (op->keep ? op->keep : op->timeout);

    if (ngx_webhook_redis_route(redis, op) != NGX_OK) {

        if (!op->keep || ngx_exiting) {
            return NGX_ERROR;
        }

        ngx_webhook_redis_later(redis, op, NGX_WEBHOOK_REDIS_LATER);
    }

    if (op->keep) {
        redis->kept++;
    }

    return NGX_OK;
}


/* NGX_ERROR: there is nobody to ask at the moment */

static ngx_int_t
ngx_webhook_redis_route(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op)
{
    ngx_int_t                  rc;
    ngx_webhook_redis_node_t  *node;

    node = &redis->node;

    if (redis->cluster) {
        rc = ngx_webhook_redis_cluster_node(redis->cluster, &op->key, &node);

        if (rc == NGX_AGAIN) {
            ngx_webhook_redis_later(redis, op, op->timeout);
            return NGX_OK;
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_webhook_redis_node_send(node, op);
}


static void
ngx_webhook_redis_done(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply)
{
    ngx_int_t             rc;
    ngx_webhook_redis_t  *redis;

    redis = node->data;

    if (redis->exiting) {
        rc = NGX_DECLINED;

    } else if (reply == NULL) {
        rc = ngx_webhook_redis_unanswered(redis, op);

    } else if (reply->type == NGX_WEBHOOK_RESP_ERROR) {
        rc = ngx_webhook_redis_refused(redis, node, op, reply);

    } else {
        rc = NGX_DECLINED;
    }

    if (rc != NGX_OK) {
        ngx_webhook_redis_finish(redis, op, reply);
    }
}


/* NGX_OK: it is asked again */

static ngx_int_t
ngx_webhook_redis_unanswered(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op)
{
    ngx_uint_t  n;

    if (ngx_webhook_redis_over(op->expire)) {
        return NGX_DECLINED;
    }

    /* a command may itself be what the server hangs up on */

    if (op->losses <= 1 && ngx_webhook_redis_route(redis, op) == NGX_OK) {
        return NGX_OK;
    }

    if (!op->keep || ngx_exiting
        || (op->losses > NGX_WEBHOOK_REDIS_LOSSES && !op->must))
    {
        return NGX_DECLINED;
    }

    n = (op->losses > NGX_WEBHOOK_REDIS_LOSSES) ? 10 : 1;

    ngx_webhook_redis_later(redis, op, n * NGX_WEBHOOK_REDIS_LATER);
    return NGX_OK;
}


static ngx_int_t
ngx_webhook_redis_refused(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_node_t *node, ngx_webhook_redis_op_t *op,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_uint_t                 moved, n;
    ngx_webhook_redis_node_t  *to;

    moved = ngx_webhook_redis_says(reply, "MOVED");

    if (redis->cluster && (moved || ngx_webhook_redis_says(reply, "ASK"))
        && op->redirects++ < NGX_WEBHOOK_REDIS_REDIRECTS)
    {
        to = ngx_webhook_redis_cluster_redirect(redis->cluster, node,
                                                &reply->text, moved);
        op->asking = !moved;

        if (to && ngx_webhook_redis_node_send(to, op) == NGX_OK) {
            return NGX_OK;
        }

        op->asking = 0;
    }

    if (redis->cluster && ngx_webhook_redis_says(reply, "CLUSTERDOWN")) {
        ngx_webhook_redis_cluster_refresh(redis->cluster);
    }

    ngx_webhook_redis_complain(redis, "refused a command", &reply->text);

    if (ngx_webhook_redis_over(op->expire)
        || (!op->keep && !ngx_webhook_redis_says(reply, "TRYAGAIN"))
        || ngx_exiting)
    {
        return NGX_DECLINED;
    }

    /* one that is full or has no rights is not worn out by asking */

    op->redirects = 0;
    n = ngx_min(op->refusals, 3);
    op->refusals++;

    ngx_webhook_redis_later(redis, op,
                            (ngx_msec_t) NGX_WEBHOOK_REDIS_LATER << n);

    return NGX_OK;
}


/*
 * Claims of requests in flight may be gone with the server's memory: they
 * are worth a connection for which there is nothing else to do.
 */

static void
ngx_webhook_redis_lost(ngx_webhook_redis_node_t *node)
{
    ngx_webhook_redis_t  *redis;

    redis = node->data;

    if (redis->exiting) {
        return;
    }

    if (redis->cluster && node->down) {
        redis->lost = 1;
        ngx_webhook_redis_cluster_refresh(redis->cluster);
    }

    /* at once, but not again and again if it hangs up on each renewal */

    if (redis->restore(redis->data, 0)) {
        ngx_webhook_redis_node_wake(node, ngx_current_msec - node->since
                                          < NGX_WEBHOOK_REDIS_LATER
                                          ? NGX_WEBHOOK_REDIS_LATER : 0);
    }
}


static void
ngx_webhook_redis_ready(ngx_webhook_redis_node_t *node)
{
    ngx_webhook_redis_t  *redis;

    redis = node->data;

    (void) redis->restore(redis->data, 1);

    ngx_webhook_redis_flush(redis, 1);
}


static void
ngx_webhook_redis_find(ngx_webhook_redis_node_t *node)
{
    ngx_webhook_redis_t  *redis;

    redis = node->data;

    ngx_webhook_redis_sentinel_find(redis->sentinel, node);
}


static void
ngx_webhook_redis_slots(void *data, ngx_int_t rc)
{
    ngx_webhook_redis_t *redis = data;

    /* who has the slots now may not have the claims */

    if (rc == NGX_OK && redis->lost) {
        redis->lost = 0;
        (void) redis->restore(redis->data, 1);
    }

    /* now there is a node for them, or they are known to have none */

    ngx_webhook_redis_flush(redis, 1);
}


static void
ngx_webhook_redis_later(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op, ngx_msec_t delay)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (op->expire - ngx_current_msec);

    if (left < (ngx_msec_int_t) delay) {
        delay = (ngx_msec_t) ngx_max(left, 1);
    }

    op->deadline = ngx_current_msec + delay;

    /* what was done is to be known before a claim asks whether it was */

    op->first = (op->keep != 0);

    ngx_queue_insert_tail(&redis->later, &op->queue);

    /* a request waits for it */

    if (!op->keep) {
        redis->again.cancelable = 0;
    }

    if (redis->again.timer_set) {

        if ((ngx_msec_int_t) (redis->again.timer.key - op->deadline) <= 0) {
            return;
        }

        ngx_del_timer(&redis->again);
    }

    ngx_add_timer(&redis->again, delay);
}


static void
ngx_webhook_redis_again(ngx_event_t *ev)
{
    ngx_webhook_redis_flush(ev->data, 0);
}


/* asks again what is due, or all of them */

static void
ngx_webhook_redis_flush(ngx_webhook_redis_t *redis, ngx_uint_t all)
{
    ngx_queue_t             *q, ops;
    ngx_webhook_redis_op_t  *op;

    ngx_queue_init(&ops);

    ngx_queue_add(&ops, &redis->later);
    ngx_queue_init(&redis->later);

    redis->again.cancelable = 1;

    while (!ngx_queue_empty(&ops)) {

        q = ngx_queue_head(&ops);
        ngx_queue_remove(q);

        op = ngx_webhook_redis_op(q);

        if (!all && !ngx_webhook_redis_over(op->deadline)) {
            ngx_webhook_redis_later(redis, op,
                                    op->deadline - ngx_current_msec);
            continue;
        }

        if (!ngx_webhook_redis_over(op->expire)) {

            if (ngx_webhook_redis_route(redis, op) == NGX_OK) {
                continue;
            }

            if (op->keep && !ngx_exiting) {
                ngx_webhook_redis_later(redis, op, NGX_WEBHOOK_REDIS_LATER);
                continue;
            }
        }

        ngx_webhook_redis_finish(redis, op, NULL);
    }
}


static void
ngx_webhook_redis_finish(ngx_webhook_redis_t *redis,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply)
{
    if (op->keep) {
        redis->kept--;
    }

    op->handler(op, reply);
}


/* the same word from every request would fill the log */

void
ngx_webhook_redis_complain(ngx_webhook_redis_t *redis, const char *what,
    ngx_str_t *text)
{
    size_t  len;

    for (len = 0; len < text->len && len < sizeof(redis->refused) - 1; len++) {
        if (text->data[len] == ' ') {
            break;
        }
    }

    if (redis->complained
        && ngx_strncmp(redis->refused, text->data, len) == 0
        && redis->refused[len] == '\0'
        && ngx_current_msec - redis->complained < NGX_WEBHOOK_REDIS_COMPLAIN)
    {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "webhook store \"%V\" %s: \"%V\"",
                  &redis->conf.url.name, what, text);

    (void) ngx_cpystrn(redis->refused, text->data, len + 1);
    redis->complained = ngx_current_msec;
}


void
ngx_webhook_redis_exit(ngx_webhook_redis_t *redis)
{
    ngx_queue_t  *q;

    redis->exiting = 1;

    if (redis->again.timer_set) {
        ngx_del_timer(&redis->again);
    }

    if (redis->sentinel) {
        ngx_webhook_redis_sentinel_exit(redis->sentinel);
    }

    if (redis->cluster) {
        ngx_webhook_redis_cluster_exit(redis->cluster);
    }

    ngx_webhook_redis_node_exit(&redis->node);

    while (!ngx_queue_empty(&redis->later)) {
        q = ngx_queue_head(&redis->later);
        ngx_queue_remove(q);

        ngx_webhook_redis_finish(redis, ngx_webhook_redis_op(q), NULL);
    }
}
