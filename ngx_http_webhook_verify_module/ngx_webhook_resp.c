
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * RESP2 by hiredis, which formats and reads here and does nothing else: it
 * sees no socket and makes no reply objects.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/hiredis.h>
#include "ngx_webhook_resp.h"


#define NGX_WEBHOOK_RESP_ARGS  8

/* bytes that may come without a reply getting whole */

#define NGX_WEBHOOK_RESP_MAX   16384


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
};


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
    void  *r;

    if (redisReaderGetReply(resp->reader, &r) != REDIS_OK) {
        return NGX_ERROR;
    }

    if (r == NULL) {
        return (resp->pending > NGX_WEBHOOK_RESP_MAX) ? NGX_ERROR : NGX_AGAIN;
    }

    resp->pending = 0;
    *reply = r;

    return NGX_OK;
}


static void *
ngx_webhook_resp_string(const redisReadTask *task, char *data, size_t len)
{
    ngx_webhook_resp_t        *resp;
    ngx_webhook_resp_reply_t  *reply;

    resp = task->privdata;
    reply = &resp->reply;

    switch (task->type) {

    case REDIS_REPLY_STATUS:
        reply->type = NGX_WEBHOOK_RESP_STATUS;
        break;

    case REDIS_REPLY_ERROR:
        reply->type = NGX_WEBHOOK_RESP_ERROR;
        break;

    default:
        reply->type = NGX_WEBHOOK_RESP_STRING;
    }

    reply->text.len = ngx_min(len, NGX_WEBHOOK_RESP_TEXT);
    reply->text.data = reply->buf;
    ngx_memcpy(reply->buf, data, reply->text.len);

    return reply;
}


/* no command of ours is answered by an array: the reader reports an error */

static void *
ngx_webhook_resp_array(const redisReadTask *task, ngx_webhook_resp_count_t n)
{
    return NULL;
}


#if (NGX_WEBHOOK_RESP3)

/* nor by what RESP3 has in addition, which nobody asked for */

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
    ngx_webhook_resp_t  *resp;

    resp = task->privdata;

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

    resp->reply.type = NGX_WEBHOOK_RESP_NIL;
    ngx_str_null(&resp->reply.text);

    return &resp->reply;
}


static void
ngx_webhook_resp_release(void *reply)
{
    /* void: a reply is a part of its reader */
}


void
ngx_webhook_resp_format(ngx_str_t *command, ngx_uint_t argc, ngx_str_t *argv)
{
    char        *cmd;
    size_t       lens[NGX_WEBHOOK_RESP_ARGS];
    long long    len;
    ngx_uint_t   i;
    const char  *args[NGX_WEBHOOK_RESP_ARGS];

    ngx_str_null(command);

    if (argc > NGX_WEBHOOK_RESP_ARGS) {
        return;
    }

    for (i = 0; i < argc; i++) {
        args[i] = (char *) argv[i].data;
        lens[i] = argv[i].len;
    }

    /* an int in 0.14, a long long in 1.x */

    len = redisFormatCommandArgv(&cmd, (int) argc, args, lens);

    if (len < 0) {
        return;
    }

    command->data = (u_char *) cmd;
    command->len = (size_t) len;
}


void
ngx_webhook_resp_discard(ngx_str_t *command)
{
    redisFreeCommand((char *) command->data);
    ngx_str_null(command);
}
