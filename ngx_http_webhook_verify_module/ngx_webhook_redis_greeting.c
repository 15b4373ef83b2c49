
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The first words to a server.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_greeting.h"


static ngx_int_t ngx_webhook_redis_greeting_add(
    ngx_webhook_redis_peer_t *peer, ngx_uint_t argc, ngx_str_t *argv);


ngx_int_t
ngx_webhook_redis_greeting_create(ngx_webhook_redis_peer_t *peer)
{
    u_char                    buf[NGX_INT_T_LEN];
    ngx_str_t                 argv[3];
    ngx_uint_t                n;
    ngx_webhook_redis_url_t  *url;

    url = &peer->conf->url;

    peer->replies = 0;

    if (peer->auth && url->password.len) {
        ngx_str_set(&argv[0], "AUTH");
        n = 1;

        if (url->user.len) {
            argv[n++] = url->user;
        }

        argv[n++] = url->password;

        if (ngx_webhook_redis_greeting_add(peer, n, argv) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (peer->select && url->db) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].data = buf;
        argv[1].len = (size_t) (ngx_sprintf(buf, "%ui", url->db) - buf);

        if (ngx_webhook_redis_greeting_add(peer, 2, argv) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (n = 0; n < NGX_WEBHOOK_REDIS_QUESTION; n++) {
        if (peer->question[n].len == 0) {
            break;
        }
    }

    return ngx_webhook_redis_greeting_add(peer, n, peer->question);
}


static ngx_int_t
ngx_webhook_redis_greeting_add(ngx_webhook_redis_peer_t *peer,
    ngx_uint_t argc, ngx_str_t *argv)
{
    u_char     *p, *last;
    ngx_str_t  *greeting;

    greeting = &peer->greeting;

    p = ngx_alloc(greeting->len + ngx_webhook_resp_size(argc, argv),
                  &peer->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = p;

    if (greeting->len) {
        last = ngx_cpymem(p, greeting->data, greeting->len);
    }

    last = ngx_webhook_resp_write(last, argc, argv);

    ngx_webhook_redis_greeting_free(greeting);

    greeting->data = p;
    greeting->len = (size_t) (last - p);

    peer->replies++;

    return NGX_OK;
}


void
ngx_webhook_redis_greeting_free(ngx_str_t *greeting)
{
    if (greeting->data) {
        ngx_explicit_memzero(greeting->data, greeting->len);
        ngx_free(greeting->data);
    }

    ngx_str_null(greeting);
}


void
ngx_webhook_redis_greeting_hide(ngx_str_t *text)
{
    u_char  *p;

    /* "ERR unknown command 'AUTH', with args beginning with: ..." */

    p = ngx_strlcasestrn(text->data, text->data + text->len,
                         (u_char *) ", with args", 11 - 1);

    if (p) {
        text->len = (size_t) (p - text->data);
    }
}


ngx_uint_t
ngx_webhook_redis_says(ngx_webhook_resp_reply_t *reply, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    return reply->type == NGX_WEBHOOK_RESP_ERROR
           && reply->text.len >= len
           && ngx_strncmp(reply->text.data, word, len) == 0
           && (reply->text.len == len || reply->text.data[len] == ' ');
}
