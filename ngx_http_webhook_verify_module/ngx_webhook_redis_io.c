
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Commands and replies of a node as bytes, and the words by which a server
 * says that it is not the one to ask.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis_greeting.h"
#include "ngx_webhook_redis_io.h"
#include "ngx_webhook_redis_node.h"


#define NGX_WEBHOOK_REDIS_BUFFER  16384


static ngx_int_t ngx_webhook_redis_io_fill(ngx_webhook_redis_node_t *node);
static ngx_int_t ngx_webhook_redis_io_room(ngx_webhook_redis_node_t *node,
    size_t size);
static ngx_int_t ngx_webhook_redis_io_replies(
    ngx_webhook_redis_node_t *node);
static ngx_uint_t ngx_webhook_redis_io_unfit(ngx_webhook_redis_node_t *node,
    ngx_webhook_resp_reply_t *reply);


/* what is said before a command about a slot that is on its way */

static ngx_str_t  ngx_webhook_redis_io_asking =
    ngx_string("*1" CRLF "$6" CRLF "ASKING" CRLF);


static const char  *ngx_webhook_redis_io_unfits[] = {
    "READONLY", "LOADING", "MASTERDOWN", "NOAUTH", NULL
};


void
ngx_webhook_redis_io_write(ngx_event_t *wev)
{
    ssize_t                    n;
    ngx_buf_t                 *b;
    ngx_connection_t          *c;
    ngx_webhook_redis_node_t  *node;

    c = wev->data;
    node = ((ngx_webhook_redis_peer_t *) c->data)->data;
    b = &node->out;

    for ( ;; ) {

        if (ngx_webhook_redis_io_fill(node) != NGX_OK) {
            ngx_webhook_redis_node_lost(node, "no memory", 0);
            return;
        }

        if (b->pos == b->last || !wev->ready) {
            break;
        }

        n = c->send(c, b->pos, (size_t) (b->last - b->pos));

        if (n == NGX_ERROR) {
            ngx_webhook_redis_node_lost(node, "send() failed",
                                        ngx_socket_errno);
            return;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        b->pos += n;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_webhook_redis_node_lost(node, "no event", 0);
    }
}


/* moves what waits into the buffer, as far as there is room */

static ngx_int_t
ngx_webhook_redis_io_fill(ngx_webhook_redis_node_t *node)
{
    size_t                   size;
    ngx_int_t                rc;
    ngx_buf_t               *b;
    ngx_queue_t             *q;
    ngx_webhook_redis_op_t  *op;

    b = &node->out;

    if (b->pos == b->last) {
        b->pos = b->start;
        b->last = b->start;
    }

    while (!ngx_queue_empty(&node->waiting)) {

        q = ngx_queue_head(&node->waiting);
        op = ngx_webhook_redis_op(q);

        size = ngx_webhook_resp_size(op->argc, op->argv);

        if (op->asking) {
            size += ngx_webhook_redis_io_asking.len;
        }

        rc = ngx_webhook_redis_io_room(node, size);

        if (rc != NGX_OK) {
            return (rc == NGX_AGAIN) ? NGX_OK : NGX_ERROR;
        }

        if (op->asking) {
            b->last = ngx_cpymem(b->last, ngx_webhook_redis_io_asking.data,
                                 ngx_webhook_redis_io_asking.len);
            op->asking = 0;
            op->asked = 1;
        }

        b->last = ngx_webhook_resp_write(b->last, op->argc, op->argv);

        op->deadline = op->keep ? ngx_current_msec + op->timeout : op->expire;
        op->written = 1;

        ngx_webhook_redis_node_arm(node, op->deadline);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&node->sent, q);
    }

    return NGX_OK;
}


/* NGX_AGAIN: when what is in the buffer has been sent */

static ngx_int_t
ngx_webhook_redis_io_room(ngx_webhook_redis_node_t *node, size_t size)
{
    ngx_buf_t  *b;

    b = &node->out;

    if (size <= (size_t) (b->end - b->last)) {
        return NGX_OK;
    }

    if (b->pos != b->last) {
        return NGX_AGAIN;
    }

    if (b->start) {
        ngx_free(b->start);
    }

    ngx_memzero(b, sizeof(ngx_buf_t));

    size = ngx_max(size, NGX_WEBHOOK_REDIS_BUFFER);

    b->start = ngx_alloc(size, ngx_cycle->log);
    if (b->start == NULL) {
        return NGX_ERROR;
    }

    b->end = b->start + size;
    b->pos = b->start;
    b->last = b->start;

    return NGX_OK;
}


void
ngx_webhook_redis_io_read(ngx_event_t *rev)
{
    u_char                     buf[4096];
    ssize_t                    n;
    ngx_connection_t          *c;
    ngx_webhook_redis_node_t  *node;

    c = rev->data;
    node = ((ngx_webhook_redis_peer_t *) c->data)->data;

    if (c->close) {

        /*
         * the worker is exiting; connections are in error when the time
         * of worker_shutdown_timeout is over
         */

        if (c->error) {
            ngx_webhook_redis_node_exit(node);
            return;
        }

        if (ngx_queue_empty(&node->sent) && ngx_queue_empty(&node->waiting)) {
            ngx_webhook_redis_node_close(node);
            return;
        }
    }

    for ( ;; ) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_webhook_redis_node_lost(node, "it closed the connection",
                                        n ? ngx_socket_errno : 0);
            return;
        }

        if (ngx_webhook_resp_feed(node->peer.resp, buf, (size_t) n) != NGX_OK)
        {
            ngx_webhook_redis_node_lost(node, "no memory", 0);
            return;
        }

        if (ngx_webhook_redis_io_replies(node) != NGX_AGAIN) {
            ngx_webhook_redis_node_lost(node, "it sent what is no reply", 0);
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_webhook_redis_node_lost(node, "no event", 0);
    }
}


static ngx_int_t
ngx_webhook_redis_io_replies(ngx_webhook_redis_node_t *node)
{
    ngx_int_t                  rc;
    ngx_queue_t               *q;
    ngx_webhook_redis_op_t    *op;
    ngx_webhook_resp_reply_t  *reply;

    for ( ;; ) {

        rc = ngx_webhook_resp_next(node->peer.resp, &reply);

        if (rc != NGX_OK) {
            return rc;
        }

        if (ngx_queue_empty(&node->sent)) {
            return NGX_ERROR;
        }

        q = ngx_queue_head(&node->sent);
        op = ngx_webhook_redis_op(q);

        if (ngx_webhook_redis_io_unfit(node, reply)) {
            return NGX_ERROR;
        }

        if (op->asked) {

            /* if ASKING was refused, the command is and tells */

            op->asked = 0;
            continue;
        }

        ngx_queue_remove(q);

        node->answered = 1;

        /* a replica answers a release that finds nothing to release, too */

        if (!op->keep) {
            node->failures = 0;

            if (node->told) {
                node->told = 0;
                ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                              "webhook store \"%V\" is back", &node->name);
            }
        }

        ngx_webhook_redis_node_done(node, op, reply);
    }
}


/* a replica, or a server that starts: it is the connection that is wrong */

static ngx_uint_t
ngx_webhook_redis_io_unfit(ngx_webhook_redis_node_t *node,
    ngx_webhook_resp_reply_t *reply)
{
    ngx_uint_t  i;

    if (reply->type != NGX_WEBHOOK_RESP_ERROR) {
        return 0;
    }

    for (i = 0; ngx_webhook_redis_io_unfits[i]; i++) {

        if (ngx_webhook_redis_says(reply, ngx_webhook_redis_io_unfits[i])) {
            ngx_webhook_redis_peer_reason(&node->peer, 0, "it says \"%V\"",
                                          &reply->text);
            node->unfit = 1;
            return 1;
        }
    }

    return 0;
}
