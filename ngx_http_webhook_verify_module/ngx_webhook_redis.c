
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * One connection to Redis and the operations on it.  It knows commands and
 * replies as bytes; what they mean is the business of the store.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis.h"
#include "ngx_webhook_redis_queue.h"


#define NGX_WEBHOOK_REDIS_BUFFER   16384

/* operations with "keep" that are remembered while the server is down */

#define NGX_WEBHOOK_REDIS_KEPT     16384

/* ms until the next attempt, doubled each time up to the other */

#define NGX_WEBHOOK_REDIS_BACKOFF_MIN  50
#define NGX_WEBHOOK_REDIS_BACKOFF_MAX  1000


static void ngx_webhook_redis_connect(ngx_event_t *ev);
static void ngx_webhook_redis_connected(void *data, ngx_int_t rc);
static void ngx_webhook_redis_write_handler(ngx_event_t *wev);
static ngx_int_t ngx_webhook_redis_fill(ngx_webhook_redis_t *rds);
static void ngx_webhook_redis_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_webhook_redis_replies(ngx_webhook_redis_t *rds);
static void ngx_webhook_redis_deadline(ngx_event_t *ev);
static void ngx_webhook_redis_lost(ngx_webhook_redis_t *rds,
    const char *reason, ngx_err_t err);
static void ngx_webhook_redis_down(ngx_webhook_redis_t *rds,
    const char *reason, ngx_err_t err);
static void ngx_webhook_redis_close(ngx_webhook_redis_t *rds);


void
ngx_webhook_redis_init(ngx_webhook_redis_t *rds, ngx_log_t *log)
{
    rds->ident = -1;

    ngx_queue_init(&rds->waiting);
    ngx_queue_init(&rds->sent);

    rds->peer.handler = ngx_webhook_redis_connected;
    rds->peer.data = rds;

    rds->connect.handler = ngx_webhook_redis_connect;
    rds->connect.data = rds;
    rds->connect.log = log;
    rds->connect.cancelable = 1;

    rds->deadline.handler = ngx_webhook_redis_deadline;
    rds->deadline.data = rds;
    rds->deadline.log = log;
}


ngx_int_t
ngx_webhook_redis_send(ngx_webhook_redis_t *rds, ngx_webhook_redis_op_t *op)
{
    if (rds->exiting
        || (rds->down && !op->keep)
        || (op->keep && rds->kept == NGX_WEBHOOK_REDIS_KEPT))
    {
        return NGX_ERROR;
    }

    op->losses = 0;
    op->written = 0;
    op->deadline = ngx_current_msec + op->timeout;
    op->expire = ngx_current_msec + (op->keep ? op->keep : op->timeout);

    if (op->keep) {
        rds->kept++;
    }

    rds->deadline.cancelable = 0;

    ngx_queue_insert_tail(&rds->waiting, &op->queue);
    ngx_webhook_redis_arm(rds, op->keep ? op->expire : op->deadline);

    switch (rds->state) {

    case NGX_WEBHOOK_REDIS_IDLE:
        rds->state = NGX_WEBHOOK_REDIS_CONNECTING;
        ngx_post_event(&rds->connect, &ngx_posted_events);
        break;

    case NGX_WEBHOOK_REDIS_READY:
        ngx_post_event(rds->peer.connection->write, &ngx_posted_events);
        break;

    default: /* CONNECTING, BACKOFF */
        break;
    }

    return NGX_OK;
}


static void
ngx_webhook_redis_connect(ngx_event_t *ev)
{
    ngx_webhook_redis_t  *rds;

    rds = ev->data;

    if (ngx_exiting && ngx_queue_empty(&rds->waiting)) {
        rds->state = NGX_WEBHOOK_REDIS_IDLE;
        return;
    }

    rds->state = NGX_WEBHOOK_REDIS_CONNECTING;

    ngx_webhook_redis_peer_connect(&rds->peer, rds->timeout);
}


static void
ngx_webhook_redis_connected(void *data, ngx_int_t rc)
{
    ngx_webhook_redis_t *rds = data;

    ngx_connection_t  *c;

    if (rc != NGX_OK) {
        ngx_webhook_redis_lost(rds, (char *) rds->peer.reason,
                               rds->peer.err);
        return;
    }

    if (rds->down) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "webhook store \"%V\" is back", &rds->peer.url.name);
    }

    rds->state = NGX_WEBHOOK_REDIS_READY;
    rds->answered = 0;
    rds->down = 0;

    c = rds->peer.connection;

    c->data = rds;
    c->idle = 1;
    c->read->handler = ngx_webhook_redis_read_handler;
    c->write->handler = ngx_webhook_redis_write_handler;

    ngx_post_event(c->write, &ngx_posted_events);
}


static void
ngx_webhook_redis_write_handler(ngx_event_t *wev)
{
    ssize_t               n;
    ngx_buf_t            *b;
    ngx_connection_t     *c;
    ngx_webhook_redis_t  *rds;

    c = wev->data;
    rds = c->data;
    b = &rds->out;

    for ( ;; ) {

        if (ngx_webhook_redis_fill(rds) != NGX_OK) {
            ngx_webhook_redis_lost(rds, "no memory", 0);
            return;
        }

        if (b->pos == b->last || !wev->ready) {
            break;
        }

        n = c->send(c, b->pos, (size_t) (b->last - b->pos));

        if (n == NGX_ERROR) {
            ngx_webhook_redis_lost(rds, "send() failed", ngx_socket_errno);
            return;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        b->pos += n;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_webhook_redis_lost(rds, "no event", 0);
    }
}


/* moves what waits into the buffer, as far as there is room */

static ngx_int_t
ngx_webhook_redis_fill(ngx_webhook_redis_t *rds)
{
    size_t                   size;
    ngx_buf_t               *b;
    ngx_queue_t             *q;
    ngx_webhook_redis_op_t  *op;

    b = &rds->out;

    if (b->pos == b->last) {
        b->pos = b->start;
        b->last = b->start;
    }

    while (!ngx_queue_empty(&rds->waiting)) {

        q = ngx_queue_head(&rds->waiting);
        op = ngx_webhook_redis_op(q);

        if (op->command.len > (size_t) (b->end - b->last)) {

            if (b->pos != b->last) {
                return NGX_OK;
            }

            size = ngx_max(op->command.len, NGX_WEBHOOK_REDIS_BUFFER);

            if (b->start) {
                ngx_free(b->start);
            }

            b->start = ngx_alloc(size, ngx_cycle->log);
            if (b->start == NULL) {
                b->end = NULL;
                b->pos = NULL;
                b->last = NULL;
                return NGX_ERROR;
            }

            b->end = b->start + size;
            b->pos = b->start;
            b->last = b->start;
        }

        b->last = ngx_cpymem(b->last, op->command.data, op->command.len);

        if (op->keep) {
            op->deadline = ngx_current_msec + op->timeout;
            ngx_webhook_redis_arm(rds, op->deadline);
        }

        op->written = 1;

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&rds->sent, q);
    }

    return NGX_OK;
}


static void
ngx_webhook_redis_read_handler(ngx_event_t *rev)
{
    u_char                buf[4096];
    ssize_t               n;
    ngx_connection_t     *c;
    ngx_webhook_redis_t  *rds;

    c = rev->data;
    rds = c->data;

    if (c->close) {

        /*
         * the worker is exiting; connections are in error when the time
         * of worker_shutdown_timeout is over
         */

        if (c->error) {
            ngx_webhook_redis_exit(rds);
            return;
        }

        if (ngx_queue_empty(&rds->sent) && ngx_queue_empty(&rds->waiting)) {
            ngx_webhook_redis_close(rds);
            return;
        }
    }

    for ( ;; ) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_webhook_redis_lost(rds, "it closed the connection",
                                   n ? ngx_socket_errno : 0);
            return;
        }

        if (ngx_webhook_resp_feed(rds->peer.resp, buf, (size_t) n) != NGX_OK
            || ngx_webhook_redis_replies(rds) != NGX_OK)
        {
            ngx_webhook_redis_lost(rds, "it sent what is no reply", 0);
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_webhook_redis_lost(rds, "no event", 0);
    }
}


static ngx_int_t
ngx_webhook_redis_replies(ngx_webhook_redis_t *rds)
{
    ngx_int_t                  rc;
    ngx_queue_t               *q;
    ngx_webhook_resp_reply_t  *reply;

    for ( ;; ) {

        rc = ngx_webhook_resp_next(rds->peer.resp, &reply);

        if (rc != NGX_OK) {
            return (rc == NGX_AGAIN) ? NGX_OK : NGX_ERROR;
        }

        if (ngx_queue_empty(&rds->sent)) {
            return NGX_ERROR;
        }

        q = ngx_queue_head(&rds->sent);
        ngx_queue_remove(q);

        rds->answered = 1;
        rds->failures = 0;

        ngx_webhook_redis_finish(rds, ngx_webhook_redis_op(q), reply);
    }
}


static void
ngx_webhook_redis_deadline(ngx_event_t *ev)
{
    ngx_queue_t             *q;
    ngx_webhook_redis_t     *rds;
    ngx_webhook_redis_op_t  *op;

    rds = ev->data;

    for (q = ngx_queue_head(&rds->sent);
         q != ngx_queue_sentinel(&rds->sent);
         q = ngx_queue_next(q))
    {
        op = ngx_webhook_redis_op(q);

        if (ngx_webhook_redis_over(op->deadline)) {
            ngx_webhook_redis_lost(rds, "no answer", NGX_ETIMEDOUT);
            return;
        }

        ngx_webhook_redis_arm(rds, op->deadline);
    }

    ngx_webhook_redis_expire(rds);
}


/*
 * The connection is gone, or never came about.  A server that has answered
 * over it is given a second chance at once, with all that was asked.
 */

static void
ngx_webhook_redis_lost(ngx_webhook_redis_t *rds, const char *reason,
    ngx_err_t err)
{
    ngx_uint_t  idle, again;

    idle = (rds->state == NGX_WEBHOOK_REDIS_READY
            && ngx_queue_empty(&rds->sent)
            && ngx_queue_empty(&rds->waiting));

    again = (rds->state == NGX_WEBHOOK_REDIS_READY
             && rds->answered && err != NGX_ETIMEDOUT);

    ngx_webhook_redis_close(rds);

    ngx_webhook_redis_requeue(rds);

    if (idle) {
        return;
    }

    if (again) {
        rds->state = NGX_WEBHOOK_REDIS_CONNECTING;
        ngx_post_event(&rds->connect, &ngx_posted_events);

    } else {
        ngx_webhook_redis_down(rds, reason, err);
    }

    ngx_webhook_redis_sift(rds);
}


static void
ngx_webhook_redis_down(ngx_webhook_redis_t *rds, const char *reason,
    ngx_err_t err)
{
    ngx_msec_t  delay;

    if (!rds->down) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "webhook store \"%V\" is down: %s",
                      &rds->peer.url.name, reason);
    }

    rds->down = 1;

    delay = NGX_WEBHOOK_REDIS_BACKOFF_MAX;

    if (rds->failures < 5) {
        delay = (ngx_msec_t) NGX_WEBHOOK_REDIS_BACKOFF_MIN << rds->failures;
    }

    rds->failures++;

    /* workers and hosts that lost it together shall not come together */

    delay = delay / 2 + (ngx_msec_t) ngx_random() % (delay / 2 + 1);

    rds->state = NGX_WEBHOOK_REDIS_BACKOFF;
    ngx_add_timer(&rds->connect, delay);
}


static void
ngx_webhook_redis_close(ngx_webhook_redis_t *rds)
{
    ngx_webhook_redis_peer_close(&rds->peer);

    rds->state = NGX_WEBHOOK_REDIS_IDLE;
    rds->out.pos = rds->out.start;
    rds->out.last = rds->out.start;
}


void
ngx_webhook_redis_exit(ngx_webhook_redis_t *rds)
{
    rds->exiting = 1;

    if (rds->connect.timer_set) {
        ngx_del_timer(&rds->connect);
    }

    if (rds->deadline.timer_set) {
        ngx_del_timer(&rds->deadline);
    }

    if (rds->connect.posted) {
        ngx_delete_posted_event(&rds->connect);
    }

    ngx_webhook_redis_close(rds);

    ngx_webhook_redis_fail(rds, &rds->sent);
    ngx_webhook_redis_fail(rds, &rds->waiting);

    if (rds->out.start) {
        ngx_free(rds->out.start);
        rds->out.start = NULL;
    }
}
