
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_LISTEN_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_LISTEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_ask.h"


typedef struct ngx_webhook_redis_listen_s  ngx_webhook_redis_listen_t;


/*
 * An ear at a Sentinel.  The handler is called when a master was switched,
 * ours or another, or may have been while nothing was heard.
 */

struct ngx_webhook_redis_listen_s {
    /* the event is logged as if this were an ngx_connection_t */
    void                        *dummy[3];
    ngx_int_t                    ident;

    ngx_webhook_redis_ask_t      ask;
    ngx_event_t                  again;
    unsigned                     missed:1;
    unsigned                     exiting:1;

    void                       (*handler)(ngx_webhook_redis_listen_t *listen);
    void                        *data;
};


void ngx_webhook_redis_listen_init(ngx_webhook_redis_listen_t *listen,
    ngx_webhook_redis_conf_t *conf, ngx_webhook_redis_place_t **place,
    ngx_log_t *log);

/* from now on, as soon as it answers; twice is once */

void ngx_webhook_redis_listen(ngx_webhook_redis_listen_t *listen);
void ngx_webhook_redis_listen_exit(ngx_webhook_redis_listen_t *listen);


#endif /* _NGX_WEBHOOK_REDIS_LISTEN_H_INCLUDED_ */
