
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Listening to a Sentinel.  What it says is not read, that it says something
 * is all there is to know.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_redis_listen.h"


/* ms until the next attempt, when one was in vain */

#define NGX_WEBHOOK_REDIS_LISTEN  1000


static ngx_int_t ngx_webhook_redis_listen_answer(
    ngx_webhook_redis_peer_t *peer, ngx_webhook_resp_reply_t *reply);
static void ngx_webhook_redis_listen_answered(void *data, ngx_int_t rc);
static void ngx_webhook_redis_listen_read(ngx_event_t *rev);
static void ngx_webhook_redis_listen_lost(ngx_webhook_redis_listen_t *listen);
static void ngx_webhook_redis_listen_again(ngx_event_t *ev);


void
ngx_webhook_redis_listen_init(ngx_webhook_redis_listen_t *listen,
    ngx_webhook_redis_conf_t *conf, ngx_webhook_redis_place_t **place,
    ngx_log_t *log)
{
    listen->ident = -1;

    ngx_str_set(&listen->ask.peer.question[0], "SUBSCRIBE");
    ngx_str_set(&listen->ask.peer.question[1], "+switch-master");

    listen->ask.peer.conf = conf;
    listen->ask.peer.answer = ngx_webhook_redis_listen_answer;
    listen->ask.handler = ngx_webhook_redis_listen_answered;
    listen->ask.data = listen;
    listen->ask.places = place;
    listen->ask.nplaces = 1;

    listen->again.handler = ngx_webhook_redis_listen_again;
    listen->again.data = listen;
    listen->again.log = log;
    listen->again.cancelable = 1;
}


void
ngx_webhook_redis_listen(ngx_webhook_redis_listen_t *listen)
{
    if (listen->ask.active || listen->again.timer_set || listen->exiting
        || ngx_exiting)
    {
        return;
    }

    ngx_webhook_redis_ask(&listen->ask);
}


static ngx_int_t
ngx_webhook_redis_listen_answer(ngx_webhook_redis_peer_t *peer,
    ngx_webhook_resp_reply_t *reply)
{
    if (reply->type == NGX_WEBHOOK_RESP_ARRAY) {
        return NGX_OK;
    }

    ngx_webhook_redis_peer_reason(peer, 0, "it says \"%V\"", &reply->text);

    return NGX_ERROR;
}


static void
ngx_webhook_redis_listen_answered(void *data, ngx_int_t rc)
{
    ngx_webhook_redis_listen_t *listen = data;

    ngx_connection_t  *c;

    if (rc != NGX_OK) {
        listen->missed = 1;
        ngx_webhook_redis_listen_lost(listen);
        return;
    }

    /* it stays active for as long as the connection does */

    listen->ask.active = 1;

    c = listen->ask.peer.connection;

    c->idle = 1;
    c->read->handler = ngx_webhook_redis_listen_read;

    /* a message may have come right behind */

    ngx_post_event(c->read, &ngx_posted_events);

    if (listen->missed) {
        listen->missed = 0;
        listen->handler(listen);
    }
}


static void
ngx_webhook_redis_listen_read(ngx_event_t *rev)
{
    u_char                       buf[512];
    ssize_t                      n;
    ngx_connection_t            *c;
    ngx_webhook_redis_ask_t     *ask;
    ngx_webhook_redis_listen_t  *listen;

    c = rev->data;
    ask = ((ngx_webhook_redis_peer_t *) c->data)->data;
    listen = ask->data;

    if (c->close) {
        ngx_webhook_redis_ask_cancel(ask);
        return;
    }

    n = c->recv(c, buf, sizeof(buf));

    if (n > 0) {
        listen->handler(listen);

        do {
            n = c->recv(c, buf, sizeof(buf));
        } while (n > 0);
    }

    if (n == NGX_AGAIN && ngx_handle_read_event(rev, 0) == NGX_OK) {
        return;
    }

    listen->missed = 1;
    ngx_webhook_redis_listen_lost(listen);
}


static void
ngx_webhook_redis_listen_lost(ngx_webhook_redis_listen_t *listen)
{
    ngx_webhook_redis_ask_cancel(&listen->ask);

    if (!listen->exiting && !ngx_exiting) {
        ngx_add_timer(&listen->again, NGX_WEBHOOK_REDIS_LISTEN);
    }
}


static void
ngx_webhook_redis_listen_again(ngx_event_t *ev)
{
    ngx_webhook_redis_listen(ev->data);
}


void
ngx_webhook_redis_listen_exit(ngx_webhook_redis_listen_t *listen)
{
    listen->exiting = 1;

    if (listen->again.timer_set) {
        ngx_del_timer(&listen->again);
    }

    ngx_webhook_redis_ask_cancel(&listen->ask);
}
