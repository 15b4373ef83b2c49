
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * RESP2.  Replies are read by hiredis, which does nothing else here: it sees
 * no socket.  A reply is a part of its reader, no object of its own, but for
 * the arrays by which Sentinel and Cluster tell where the servers are.
 * Commands are not written by hiredis, whose sprintf() and copies took 8 000
 * of the 46 000 instructions that a first delivery of 512 bytes is without
 * its hashing, and 5 % of its time.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/hiredis.h>
#include "ngx_webhook_resp.h"


/* the most that a count takes: "$", digits, CRLF */

#define NGX_WEBHOOK_RESP_COUNT      (1 + NGX_SIZE_T_LEN + 2)

/* bytes that may come without a reply getting whole */

#define NGX_WEBHOOK_RESP_MAX        16384
#define NGX_WEBHOOK_RESP_ARRAY_MAX  1048576

/* items of an array, with those of arrays in it */

#define NGX_WEBHOOK_RESP_ITEMS      65536


#if (HIREDIS_MAJOR >= 1)
#define NGX_WEBHOOK_RESP3  1
typedef size_t  ngx_webhook_resp_count_t;
#else
typedef int     ngx_webhook_resp_count_t;
#endif


struct ngx_webhook_resp_s {
    redisReader               *reader;
    size_t                     pending;     /* bytes since the last reply */
    ngx_webhook_resp_reply_t   reply;
    ngx_pool_t                *pool;        /* NULL: no arrays */
    ngx_array_t                items;
    ngx_uint_t                 array;       /* one has begun */
};


static ngx_webhook_resp_item_t *ngx_webhook_resp_item(
    const redisReadTask *task, ngx_webhook_resp_type_e type);
static void *ngx_webhook_resp_string(const redisReadTask *task, char *data,
    size_t len);
static void *ngx_webhook_resp_array(const redisReadTask *task,
    ngx_webhook_resp_count_t n);
static void *ngx_webhook_resp_integer(const redisReadTask *task,
    long long value);
static void *ngx_webhook_resp_nil(const redisReadTask *task);
static void ngx_webhook_resp_release(void *reply);
#if (NGX_WEBHOOK_RESP3)
static void *ngx_webhook_resp_double(const redisReadTask *task, double value,
    char *data, size_t len);
static void *ngx_webhook_resp_bool(const redisReadTask *task, int value);
#endif

static u_char *ngx_webhook_resp_count(u_char *p, u_char what, size_t n);


static redisReplyObjectFunctions  ngx_webhook_resp_functions = {
    .createString = ngx_webhook_resp_string,
    .createArray = ngx_webhook_resp_array,
    .createInteger = ngx_webhook_resp_integer,
    .createNil = ngx_webhook_resp_nil,
#if (NGX_WEBHOOK_RESP3)
    .createDouble = ngx_webhook_resp_double,
    .createBool = ngx_webhook_resp_bool,
#endif
    .freeObject = ngx_webhook_resp_release
};


ngx_webhook_resp_t *
ngx_webhook_resp_create(void)
{
    ngx_webhook_resp_t  *resp;

    resp = ngx_calloc(sizeof(ngx_webhook_resp_t), ngx_cycle->log);
    if (resp == NULL) {
        return NULL;
    }

    resp->reader = redisReaderCreateWithFunctions(&ngx_webhook_resp_functions);
    if (resp->reader == NULL) {
        ngx_free(resp);
        return NULL;
    }

    resp->reader->privdata = resp;

    return resp;
}


void
ngx_webhook_resp_free(ngx_webhook_resp_t *resp)
{
    redisReaderFree(resp->reader);
    ngx_free(resp);
}


void
ngx_webhook_resp_arrays(ngx_webhook_resp_t *resp, ngx_pool_t *pool)
{
    resp->pool = pool;
}


ngx_int_t
ngx_webhook_resp_feed(ngx_webhook_resp_t *resp, u_char *data, size_t len)
{
    if (redisReaderFeed(resp->reader, (char *) data, len) != REDIS_OK) {
        return NGX_ERROR;
    }

    resp->pending += len;

    return NGX_OK;
}


ngx_int_t
ngx_webhook_resp_next(ngx_webhook_resp_t *resp,
    ngx_webhook_resp_reply_t **reply)
{
    void    *r;
    size_t   max;

    if (redisReaderGetReply(resp->reader, &r) != REDIS_OK) {
        return NGX_ERROR;
    }

    if (r == NULL) {
        max = resp->array ? NGX_WEBHOOK_RESP_ARRAY_MAX : NGX_WEBHOOK_RESP_MAX;
        return (resp->pending > max) ? NGX_ERROR : NGX_AGAIN;
    }

    resp->pending = 0;
    resp->array = 0;

    if (resp->reply.type == NGX_WEBHOOK_RESP_ARRAY) {
        resp->reply.items = resp->items.elts;
        resp->reply.nitems = resp->items.nelts;
    }

    *reply = r;

    return NGX_OK;
}


static ngx_webhook_resp_item_t *
ngx_webhook_resp_item(const redisReadTask *task, ngx_webhook_resp_type_e type)
{
    ngx_webhook_resp_t       *resp;
    ngx_webhook_resp_item_t  *item;

    resp = task->privdata;

    if (resp->items.nelts == NGX_WEBHOOK_RESP_ITEMS) {
        return NULL;
    }

    item = ngx_array_push(&resp->items);
    if (item == NULL) {
        return NULL;
    }

    ngx_memzero(item, sizeof(ngx_webhook_resp_item_t));

    item->type = type;

    for (task = task->parent; task; task = task->parent) {
        item->level++;
    }

    return item;
}


static void *
ngx_webhook_resp_string(const redisReadTask *task, char *data, size_t len)
{
    ngx_str_t                *text;
    ngx_webhook_resp_t       *resp;
    ngx_webhook_resp_item_t  *item;
    ngx_webhook_resp_type_e   type;

    resp = task->privdata;

    switch (task->type) {

    case REDIS_REPLY_STATUS:
        type = NGX_WEBHOOK_RESP_STATUS;
        break;

    case REDIS_REPLY_ERROR:
        type = NGX_WEBHOOK_RESP_ERROR;
        break;

    default:
        type = NGX_WEBHOOK_RESP_STRING;
    }

    len = ngx_min(len, NGX_WEBHOOK_RESP_TEXT);

    if (task->parent == NULL) {
        resp->reply.type = type;
        text = &resp->reply.text;
        text->data = resp->reply.buf;

    } else {
        item = ngx_webhook_resp_item(task, type);
        if (item == NULL) {
            return NULL;
        }

        text = &item->text;
        text->data = ngx_pnalloc(resp->pool, len + 1);
        if (text->data == NULL) {
            return NULL;
        }
    }

    text->len = len;
    ngx_memcpy(text->data, data, len);

    return &resp->reply;
}


static void *
ngx_webhook_resp_array(const redisReadTask *task, ngx_webhook_resp_count_t n)
{
    ngx_webhook_resp_t  *resp;

    resp = task->privdata;

    /* without a pool no command was asked that is answered by an array */

    if (resp->pool == NULL || n > NGX_WEBHOOK_RESP_ITEMS) {
        return NULL;
    }

    if (task->parent == NULL) {

        if (ngx_array_init(&resp->items, resp->pool, 16,
                           sizeof(ngx_webhook_resp_item_t))
            != NGX_OK)
        {
            return NULL;
        }

        resp->array = 1;
        resp->reply.type = NGX_WEBHOOK_RESP_ARRAY;
        ngx_str_null(&resp->reply.text);
    }

    return &resp->reply;
}


#if (NGX_WEBHOOK_RESP3)

/* what RESP3 has in addition nobody asked for */

static void *
ngx_webhook_resp_double(const redisReadTask *task, double value, char *data,
    size_t len)
{
    return NULL;
}


static void *
ngx_webhook_resp_bool(const redisReadTask *task, int value)
{
    return NULL;
}

#endif


static void *
ngx_webhook_resp_integer(const redisReadTask *task, long long value)
{
    ngx_webhook_resp_t       *resp;
    ngx_webhook_resp_item_t  *item;

    resp = task->privdata;

    if (task->parent) {
        item = ngx_webhook_resp_item(task, NGX_WEBHOOK_RESP_INTEGER);
        if (item == NULL) {
            return NULL;
        }

        item->integer = value;
        return &resp->reply;
    }

    resp->reply.type = NGX_WEBHOOK_RESP_INTEGER;
    resp->reply.integer = value;
    ngx_str_null(&resp->reply.text);

    return &resp->reply;
}


static void *
ngx_webhook_resp_nil(const redisReadTask *task)
{
    ngx_webhook_resp_t  *resp;

    resp = task->privdata;

    if (task->parent) {
        return ngx_webhook_resp_item(task, NGX_WEBHOOK_RESP_NIL)
               ? &resp->reply : NULL;
    }

    resp->reply.type = NGX_WEBHOOK_RESP_NIL;
    ngx_str_null(&resp->reply.text);

    return &resp->reply;
}


static void
ngx_webhook_resp_release(void *reply)
{
    /* void: a reply is a part of its reader */
}


size_t
ngx_webhook_resp_size(ngx_uint_t argc, ngx_str_t *argv)
{
    size_t      size;
    ngx_uint_t  i;

    size = NGX_WEBHOOK_RESP_COUNT;

    for (i = 0; i < argc; i++) {
        size += NGX_WEBHOOK_RESP_COUNT + argv[i].len + 2;
    }

    return size;
}


u_char *
ngx_webhook_resp_write(u_char *p, ngx_uint_t argc, ngx_str_t *argv)
{
    ngx_uint_t  i;

    p = ngx_webhook_resp_count(p, '*', argc);

    for (i = 0; i < argc; i++) {
        p = ngx_webhook_resp_count(p, '$', argv[i].len);
        p = ngx_cpymem(p, argv[i].data, argv[i].len);
        *p++ = CR; *p++ = LF;
    }

    return p;
}


static u_char *
ngx_webhook_resp_count(u_char *p, u_char what, size_t n)
{
    u_char  buf[NGX_SIZE_T_LEN], *digit, *last;

    last = buf + NGX_SIZE_T_LEN;
    digit = last;

    do {
        *--digit = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    *p++ = what;
    p = ngx_cpymem(p, digit, (size_t) (last - digit));
    *p++ = CR; *p++ = LF;

    return p;
}
