
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Scalars out of a JSON document that comes in pieces: what is found on the
 * way of a pointer, and when there is nothing more to look for.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_json.h"


static ngx_int_t ngx_webhook_json_token(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_json_token_t *token);
static ngx_uint_t ngx_webhook_json_want_name(void *data);
static ngx_uint_t ngx_webhook_json_want_scalar(void *data);
static void ngx_webhook_json_name(void *data, ngx_str_t *text);
static ngx_int_t ngx_webhook_json_scalar(void *data, ngx_str_t *text);
static ngx_int_t ngx_webhook_json_open(void *data, ngx_uint_t array);
static ngx_int_t ngx_webhook_json_close(void *data);
static ngx_uint_t ngx_webhook_json_element(ngx_webhook_json_t *json);
static ngx_int_t ngx_webhook_json_wanted(ngx_webhook_json_t *json);


static const ngx_webhook_scan_handlers_t  ngx_webhook_json_handlers = {
    ngx_webhook_json_want_name,
    ngx_webhook_json_want_scalar,
    ngx_webhook_json_name,
    ngx_webhook_json_scalar,
    ngx_webhook_json_open,
    ngx_webhook_json_close
};


ngx_int_t
ngx_webhook_json_pointer(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_json_pointer_t *pointer)
{
    u_char                    *p, *end, *slash;
    ngx_int_t                  rc;
    ngx_str_t                  part;
    ngx_array_t                tokens;
    ngx_webhook_json_token_t  *token;

    if (text->len == 0 || text->data[0] != '/') {
        return NGX_DECLINED;
    }

    if (ngx_array_init(&tokens, pool, 4, sizeof(ngx_webhook_json_token_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    end = text->data + text->len;

    for (p = text->data; p < end; p = slash) {

        p++;

        slash = ngx_strlchr(p, end, '/');
        if (slash == NULL) {
            slash = end;
        }

        part.data = p;
        part.len = (size_t) (slash - p);

        token = ngx_array_push(&tokens);
        if (token == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_webhook_json_token(pool, &part, token);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    pointer->tokens = tokens.elts;
    pointer->ntokens = tokens.nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_json_token(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_json_token_t *token)
{
    size_t   i;
    u_char  *p;

    p = ngx_pnalloc(pool, text->len ? text->len : 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    token->name.data = p;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] != '~') {
            *p++ = text->data[i];
            continue;
        }

        if (++i == text->len
            || (text->data[i] != '0' && text->data[i] != '1'))
        {
            return NGX_DECLINED;
        }

        *p++ = (u_char) (text->data[i] == '0' ? '~' : '/');
    }

    token->name.len = (size_t) (p - token->name.data);
    token->index = -1;

    /* an index has no leading zeros */

    if (token->name.len == 1
        || (token->name.len > 1 && token->name.data[0] != '0'))
    {
        token->index = ngx_atoi(token->name.data, token->name.len);
    }

    return NGX_OK;
}


void
ngx_webhook_json_init(ngx_webhook_json_t *json, ngx_pool_t *pool,
    ngx_webhook_json_want_t *wants, ngx_uint_t nwants)
{
    ngx_memzero(json, sizeof(ngx_webhook_json_t));

    json->pool = pool;
    json->wants = wants;
    json->nwants = nwants;

    json->scan.handlers = &ngx_webhook_json_handlers;
    json->scan.data = json;
    json->scan.pool = pool;
    json->scan.text.data = json->text;
    json->scan.size = sizeof(json->text);
}


ngx_int_t
ngx_webhook_json_feed(ngx_webhook_json_t *json, u_char *data, size_t len)
{
    return ngx_webhook_scan(&json->scan, data, len);
}


/* is a member of this container on the way of a pointer? */

static ngx_uint_t
ngx_webhook_json_want_name(void *data)
{
    ngx_webhook_json_t *json = data;

    ngx_uint_t                i;
    ngx_webhook_json_want_t  *want;

    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (want[i].state == NGX_WEBHOOK_JSON_UNKNOWN
            && want[i].level + 1 == json->depth)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_webhook_json_name(void *data, ngx_str_t *text)
{
    ngx_webhook_json_t *json = data;

    ngx_str_t                *name;
    ngx_uint_t                i;
    ngx_webhook_json_want_t  *want;

    if (text == NULL) {
        return;
    }

    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (want[i].state != NGX_WEBHOOK_JSON_UNKNOWN
            || want[i].level + 1 != json->depth)
        {
            continue;
        }

        name = &want[i].pointer->tokens[want[i].level].name;

        want[i].hit = (name->len == text->len
                       && ngx_memcmp(name->data, text->data, text->len) == 0);
    }
}


/* a value begins: in an array it may be the element that is on the way */

static ngx_uint_t
ngx_webhook_json_element(ngx_webhook_json_t *json)
{
    ngx_uint_t                i, hit;
    ngx_webhook_json_want_t  *want;

    hit = 0;
    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (want[i].state == NGX_WEBHOOK_JSON_UNKNOWN
            && want[i].array && want[i].level + 1 == json->depth)
        {
            want[i].hit =
                (want[i].next++
                 == want[i].pointer->tokens[want[i].level].index);
        }

        hit |= want[i].hit;
    }

    return hit;
}


static ngx_uint_t
ngx_webhook_json_want_scalar(void *data)
{
    return ngx_webhook_json_element(data);
}


static ngx_int_t
ngx_webhook_json_scalar(void *data, ngx_str_t *text)
{
    ngx_webhook_json_t *json = data;

    ngx_uint_t                i, known;
    ngx_webhook_json_want_t  *want;

    known = 0;
    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (!want[i].hit) {
            continue;
        }

        known = 1;
        want[i].hit = 0;
        want[i].state = NGX_WEBHOOK_JSON_ABSENT;

        if (text == NULL
            || want[i].level + 1 != want[i].pointer->ntokens)
        {
            continue;
        }

        want[i].value.data = ngx_pnalloc(json->pool, text->len + 1);
        if (want[i].value.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(want[i].value.data, text->data, text->len);
        want[i].value.len = text->len;
        want[i].state = NGX_WEBHOOK_JSON_FOUND;
    }

    return known ? ngx_webhook_json_wanted(json) : NGX_OK;
}


static ngx_int_t
ngx_webhook_json_open(void *data, ngx_uint_t array)
{
    ngx_webhook_json_t *json = data;

    ngx_int_t                 rc;
    ngx_uint_t                i, entered, known;
    ngx_webhook_json_want_t  *want;

    (void) ngx_webhook_json_element(json);

    entered = 0;
    known = 0;
    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (json->depth == 0) {
            want[i].array = (array != 0);
            entered = 1;
            continue;
        }

        if (!want[i].hit) {
            continue;
        }

        want[i].hit = 0;

        if (want[i].level + 1 == want[i].pointer->ntokens) {
            want[i].state = NGX_WEBHOOK_JSON_ABSENT;
            known = 1;
            continue;
        }

        want[i].level++;
        want[i].array = (array != 0);
        want[i].next = 0;
        entered = 1;
    }

    rc = known ? ngx_webhook_json_wanted(json) : NGX_OK;

    if (rc == NGX_OK && !entered) {
        return NGX_DECLINED;
    }

    json->depth++;

    return rc;
}


static ngx_int_t
ngx_webhook_json_close(void *data)
{
    ngx_webhook_json_t *json = data;

    ngx_uint_t                i, known;
    ngx_webhook_json_want_t  *want;

    json->depth--;

    known = 0;
    want = json->wants;

    /*
     * a wanted member that was not in the first container of its name is
     * in none: a second container of that name does not count
     */

    for (i = 0; i < json->nwants; i++) {

        if (want[i].state == NGX_WEBHOOK_JSON_UNKNOWN
            && want[i].level == json->depth)
        {
            want[i].state = NGX_WEBHOOK_JSON_ABSENT;
            known = 1;
        }
    }

    return known ? ngx_webhook_json_wanted(json) : NGX_OK;
}


/* is there a reason to read on? */

static ngx_int_t
ngx_webhook_json_wanted(ngx_webhook_json_t *json)
{
    ngx_uint_t                i, group, absent, unknown;
    ngx_webhook_json_want_t  *want;

    want = json->wants;

    for (i = 0; i < json->nwants; /* void */ ) {

        group = want[i].group;
        absent = 0;
        unknown = 0;

        for ( /* void */ ; i < json->nwants && want[i].group == group; i++) {

            if (want[i].state == NGX_WEBHOOK_JSON_ABSENT
                || (want[i].state == NGX_WEBHOOK_JSON_FOUND
                    && want[i].value.len == 0))
            {
                absent = 1;

            } else if (want[i].state == NGX_WEBHOOK_JSON_UNKNOWN) {
                unknown = 1;
            }
        }

        if (!absent) {
            return unknown ? NGX_OK : NGX_DONE;
        }
    }

    return NGX_DONE;
}
