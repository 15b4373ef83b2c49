
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_REDIS_GREETING_H_INCLUDED_
#define _NGX_WEBHOOK_REDIS_GREETING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_peer.h"


/*
 * What a peer says first, in one write: AUTH and SELECT, if it is to, and
 * its question.  Sets how many replies are to come.  It has the password in
 * it and is wiped when it is freed.
 */

ngx_int_t ngx_webhook_redis_greeting_create(ngx_webhook_redis_peer_t *peer);
void ngx_webhook_redis_greeting_free(ngx_str_t *greeting);

/* cuts what a server repeats of it: it can be the password */

void ngx_webhook_redis_greeting_hide(ngx_str_t *text);

/* true if it is an error that begins with the word */

ngx_uint_t ngx_webhook_redis_says(ngx_webhook_resp_reply_t *reply,
    const char *word);


#endif /* _NGX_WEBHOOK_REDIS_GREETING_H_INCLUDED_ */
