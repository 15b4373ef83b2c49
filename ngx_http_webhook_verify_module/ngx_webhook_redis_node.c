/*
 * One server of Redis: its states, and the deadlines of what it is asked.
 * What commands and replies mean is the business of others.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis_io.h"
#include "ngx_webhook_redis_node.h"


/* ms until the next attempt, doubled each time up to the other */

#define NGX_WEBHOOK_REDIS_BACKOFF_MIN  50
#define NGX_WEBHOOK_REDIS_BACKOFF_MAX  1000


static void ngx_webhook_redis_node_connect(ngx_event_t *ev);
static ngx_int_t ngx_webhook_redis_node_pong(ngx_webhook_redis_peer_t *peer,
    ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_node_connected(void *data, ngx_int_t rc);
static void ngx_webhook_redis_node_deadline(ngx_event_t *ev);
static ngx_uint_t ngx_webhook_redis_node_overdue(
    ngx_webhook_redis_node_t *node);
static void ngx_webhook_redis_node_down(ngx_webhook_redis_node_t *node,
    const char *reason, ngx_err_t err);
static void ngx_webhook_redis_node_fail(ngx_webhook_redis_node_t *node,
    ngx_queue_t *failed);


void
ngx_webhook_redis_node_init(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_conf_t *conf, ngx_log_t *log)
{
    node->ident = -1;

    ngx_queue_init(&node->waiting);
    ngx_queue_init(&node->sent);

    ngx_str_set(&node->peer.question[0], "PING");

    node->peer.conf = conf;
    node->peer.answer = ngx_webhook_redis_node_pong;
    node->peer.handler = ngx_webhook_redis_node_connected;
    node->peer.data = node;
    node->peer.auth = 1;
    node->peer.select = 1;

    node->connect.handler = ngx_webhook_redis_node_connect;
    node->connect.data = node;
    node->connect.log = log;
    node->connect.cancelable = 1;

    node->deadline.handler = ngx_webhook_redis_node_deadline;
    node->deadline.data = node;
    node->deadline.log = log;
}


ngx_int_t
ngx_webhook_redis_node_send(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_op_t *op)
{
    if (node->exiting || node->down) {
        return NGX_ERROR;
    }

    op->written = 0;
    op->asked = 0;

    node->deadline.cancelable = 0;

    if (op->first) {
        ngx_queue_insert_head(&node->waiting, &op->queue);

    } else {
        ngx_queue_insert_tail(&node->waiting, &op->queue);
    }

    ngx_webhook_redis_node_arm(node, op->expire);

    if (node->state == NGX_WEBHOOK_REDIS_READY) {
        ngx_post_event(node->peer.connection->write, &ngx_posted_events);

    } else {
        ngx_webhook_redis_node_wake(node, 0);
    }

    return NGX_OK;
}


void
ngx_webhook_redis_node_wake(ngx_webhook_redis_node_t *node, ngx_msec_t delay)
{
    if (node->state != NGX_WEBHOOK_REDIS_IDLE || node->exiting) {
        return;
    }

    node->state = NGX_WEBHOOK_REDIS_CONNECTING;

    if (delay) {
        ngx_add_timer(&node->connect, delay);

    } else {
        ngx_post_event(&node->connect, &ngx_posted_events);
    }
}


void
ngx_webhook_redis_node_leave(ngx_webhook_redis_node_t *node)
{
    if (node->state == NGX_WEBHOOK_REDIS_READY) {
        node->answered = 1;
        ngx_webhook_redis_node_lost(node, "its master was switched", 0);
    }
}


static void
ngx_webhook_redis_node_connect(ngx_event_t *ev)
{
    ngx_webhook_redis_node_t  *node;

    node = ev->data;

    if (ngx_exiting && ngx_queue_empty(&node->waiting)) {

        /* what requests that are left have to ask is worth an attempt */

        node->state = NGX_WEBHOOK_REDIS_IDLE;
        node->down = 0;
        return;
    }

    node->state = NGX_WEBHOOK_REDIS_CONNECTING;

    if (node->owner->find) {
        node->owner->find(node);
        return;
    }

    ngx_webhook_redis_peer_connect(&node->peer);
}


void
ngx_webhook_redis_node_found(ngx_webhook_redis_node_t *node, ngx_int_t rc)
{
    if (rc == NGX_OK) {
        ngx_webhook_redis_peer_connect(&node->peer);

    } else {
        ngx_webhook_redis_node_connected(node, rc);
    }
}


static ngx_int_t
ngx_webhook_redis_node_pong(ngx_webhook_redis_peer_t *peer,
    ngx_webhook_resp_reply_t *reply)
{
    if (reply->type == NGX_WEBHOOK_RESP_STATUS
        && reply->text.len == 4
        && ngx_strncmp(reply->text.data, "PONG", 4) == 0)
    {
        return NGX_OK;
    }

    ngx_webhook_redis_peer_reason(peer, 0, "it says \"%V\"", &reply->text);

    return NGX_ERROR;
}


static void
ngx_webhook_redis_node_connected(void *data, ngx_int_t rc)
{
    ngx_webhook_redis_node_t *node = data;

    ngx_connection_t  *c;

    if (rc != NGX_OK) {
        ngx_webhook_redis_node_lost(node, (char *) node->peer.reason,
                                    node->peer.err);
        return;
    }

    node->state = NGX_WEBHOOK_REDIS_READY;
    node->since = ngx_current_msec;
    node->answered = 0;
    node->down = 0;

    c = node->peer.connection;

    c->idle = 1;
    c->read->handler = ngx_webhook_redis_io_read;
    c->write->handler = ngx_webhook_redis_io_write;

    ngx_post_event(c->write, &ngx_posted_events);

    if (node->broken) {
        node->broken = 0;
        node->owner->ready(node);
    }
}


/* a timer that is set too early costs a look, one too late an answer */

void
ngx_webhook_redis_node_arm(ngx_webhook_redis_node_t *node, ngx_msec_t when)
{
    ngx_msec_int_t  left;

    if (node->deadline.timer_set) {

        if ((ngx_msec_int_t) (node->deadline.timer.key - when) <= 0) {
            return;
        }

        ngx_del_timer(&node->deadline);
    }

    left = (ngx_msec_int_t) (when - ngx_current_msec);

    ngx_add_timer(&node->deadline, (ngx_msec_t) ngx_max(left, 1));
}


static void
ngx_webhook_redis_node_deadline(ngx_event_t *ev)
{
    ngx_queue_t               *q, *next, failed;
    ngx_webhook_redis_op_t    *op;
    ngx_webhook_redis_node_t  *node;

    node = ev->data;

    /* it may be the worker that is late: what has come by now counts */

    if (ngx_webhook_redis_node_overdue(node)) {
        ngx_webhook_redis_io_read(node->peer.connection->read);
    }

    if (ngx_webhook_redis_node_overdue(node)) {
        ngx_webhook_redis_node_lost(node, "no answer", NGX_ETIMEDOUT);
        return;
    }

    ngx_queue_init(&failed);

    for (q = ngx_queue_head(&node->waiting);
         q != ngx_queue_sentinel(&node->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        op = ngx_webhook_redis_op(q);

        if (ngx_webhook_redis_over(op->expire)) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&failed, q);
            continue;
        }

        ngx_webhook_redis_node_arm(node, op->expire);
    }

    ngx_webhook_redis_node_fail(node, &failed);
}


/* is there an operation that should have its reply? */

static ngx_uint_t
ngx_webhook_redis_node_overdue(ngx_webhook_redis_node_t *node)
{
    ngx_queue_t             *q;
    ngx_webhook_redis_op_t  *op;

    for (q = ngx_queue_head(&node->sent);
         q != ngx_queue_sentinel(&node->sent);
         q = ngx_queue_next(q))
    {
        op = ngx_webhook_redis_op(q);

        if (ngx_webhook_redis_over(op->deadline)) {
            return 1;
        }

        ngx_webhook_redis_node_arm(node, op->deadline);
    }

    return 0;
}


/*
 * The connection is gone, or never came about.  A server that has answered
 * over it is given a second chance at once.
 */

void
ngx_webhook_redis_node_lost(ngx_webhook_redis_node_t *node,
    const char *reason, ngx_err_t err)
{
    ngx_uint_t               ready, idle, again;
    ngx_queue_t             *q, failed;
    ngx_webhook_redis_op_t  *op;

    ready = (node->state == NGX_WEBHOOK_REDIS_READY);

    idle = (ready && ngx_queue_empty(&node->sent)
            && ngx_queue_empty(&node->waiting));

    again = (ready && node->answered && !node->unfit && err != NGX_ETIMEDOUT);

    ngx_webhook_redis_node_close(node);

    node->unfit = 0;

    if (ready) {
        node->broken = 1;
    }

    for (q = ngx_queue_head(&node->sent);
         q != ngx_queue_sentinel(&node->sent);
         q = ngx_queue_next(q))
    {
        op = ngx_webhook_redis_op(q);
        op->losses++;
    }

    ngx_queue_init(&failed);

    ngx_queue_add(&failed, &node->sent);
    ngx_queue_init(&node->sent);

    ngx_queue_add(&failed, &node->waiting);
    ngx_queue_init(&node->waiting);

    if (!idle) {

        if (again) {
            ngx_webhook_redis_node_wake(node, 0);

        } else {
            ngx_webhook_redis_node_down(node, reason, err);
        }
    }

    node->owner->lost(node);

    ngx_webhook_redis_node_fail(node, &failed);
}


static void
ngx_webhook_redis_node_down(ngx_webhook_redis_node_t *node,
    const char *reason, ngx_err_t err)
{
    ngx_msec_t  delay;

    if (!node->told) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "webhook store \"%V\" is down: %s", &node->name,
                      node->peer.reason[0] ? (char *) node->peer.reason
                                           : reason);
    }

    node->down = 1;
    node->told = 1;

    delay = NGX_WEBHOOK_REDIS_BACKOFF_MAX;

    if (node->failures < 5) {
        delay = (ngx_msec_t) NGX_WEBHOOK_REDIS_BACKOFF_MIN << node->failures;
    }

    node->failures++;

    /* workers and hosts that lost it together shall not come together */

    delay = delay / 2 + (ngx_msec_t) ngx_random() % (delay / 2 + 1);

    node->state = NGX_WEBHOOK_REDIS_BACKOFF;
    ngx_add_timer(&node->connect, delay);
}


void
ngx_webhook_redis_node_done(ngx_webhook_redis_node_t *node,
    ngx_webhook_redis_op_t *op, ngx_webhook_resp_reply_t *reply)
{
    node->owner->done(node, op, reply);

    /* the timer is left to find out itself, but a worker may exit now */

    node->deadline.cancelable = (ngx_queue_empty(&node->sent)
                                 && ngx_queue_empty(&node->waiting));
}


static void
ngx_webhook_redis_node_fail(ngx_webhook_redis_node_t *node,
    ngx_queue_t *failed)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(failed)) {
        q = ngx_queue_head(failed);
        ngx_queue_remove(q);

        ngx_webhook_redis_node_done(node, ngx_webhook_redis_op(q), NULL);
    }
}


void
ngx_webhook_redis_node_close(ngx_webhook_redis_node_t *node)
{
    ngx_webhook_redis_peer_close(&node->peer);

    node->state = NGX_WEBHOOK_REDIS_IDLE;
    node->out.pos = node->out.start;
    node->out.last = node->out.start;
}


void
ngx_webhook_redis_node_exit(ngx_webhook_redis_node_t *node)
{
    node->exiting = 1;

    if (node->connect.timer_set) {
        ngx_del_timer(&node->connect);
    }

    if (node->deadline.timer_set) {
        ngx_del_timer(&node->deadline);
    }

    if (node->connect.posted) {
        ngx_delete_posted_event(&node->connect);
    }

    ngx_webhook_redis_node_close(node);
    ngx_webhook_redis_tls_forget(&node->peer.session);

    ngx_webhook_redis_node_fail(node, &node->sent);
    ngx_webhook_redis_node_fail(node, &node->waiting);

    if (node->out.start) {
        ngx_free(node->out.start);
        ngx_memzero(&node->out, sizeof(ngx_buf_t));
    }
}
