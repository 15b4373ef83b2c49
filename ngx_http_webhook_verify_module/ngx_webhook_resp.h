
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_RESP_H_INCLUDED_
#define _NGX_WEBHOOK_RESP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_WEBHOOK_RESP_STATUS = 0,
    NGX_WEBHOOK_RESP_ERROR,
    NGX_WEBHOOK_RESP_INTEGER,
    NGX_WEBHOOK_RESP_STRING,
    NGX_WEBHOOK_RESP_NIL,
    NGX_WEBHOOK_RESP_ARRAY
} ngx_webhook_resp_type_e;


#define NGX_WEBHOOK_RESP_TEXT  256


/*
 * What an array holds, all its arrays laid out one after the other: an item
 * of level 1 is in the array itself, one of level 2 in an array in it.
 */

typedef struct {
    ngx_webhook_resp_type_e    type;
    ngx_uint_t                 level;
    int64_t                    integer;
    ngx_str_t                  text;
} ngx_webhook_resp_item_t;


/*
 * One reply.  The text is of a status, an error or a string, cut after
 * NGX_WEBHOOK_RESP_TEXT bytes, and stays until the next reply is asked for.
 */

typedef struct {
    ngx_webhook_resp_type_e    type;
    int64_t                    integer;
    ngx_str_t                  text;
    u_char                     buf[NGX_WEBHOOK_RESP_TEXT];

    ngx_webhook_resp_item_t   *items;        /* of an array */
    ngx_uint_t                 nitems;
} ngx_webhook_resp_reply_t;


typedef struct ngx_webhook_resp_s  ngx_webhook_resp_t;


/* freed by ngx_webhook_resp_free() */

ngx_webhook_resp_t *ngx_webhook_resp_create(void);
void ngx_webhook_resp_free(ngx_webhook_resp_t *resp);

/*
 * Arrays are no replies unless there is a pool for their items, which are
 * the caller's then.  Back to NULL: no longer.
 */

void ngx_webhook_resp_arrays(ngx_webhook_resp_t *resp, ngx_pool_t *pool);

/*
 * Bytes that came, then the replies that are whole: NGX_OK with one,
 * NGX_AGAIN when more bytes are needed, NGX_ERROR when these are no replies
 * that a command of ours can have, or too long a one.
 */

ngx_int_t ngx_webhook_resp_feed(ngx_webhook_resp_t *resp, u_char *data,
    size_t len);
ngx_int_t ngx_webhook_resp_next(ngx_webhook_resp_t *resp,
    ngx_webhook_resp_reply_t **reply);

/*
 * A command as it goes over the wire: the bytes that it takes at most, and
 * its bytes, up to the pointer returned.
 */

size_t ngx_webhook_resp_size(ngx_uint_t argc, ngx_str_t *argv);
u_char *ngx_webhook_resp_write(u_char *p, ngx_uint_t argc, ngx_str_t *argv);


#endif /* _NGX_WEBHOOK_RESP_H_INCLUDED_ */
