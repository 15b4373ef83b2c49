
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Scalars out of a JSON document that comes in pieces: no tree, nothing kept
 * but what is wanted, and not a byte read after it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <yajl/yajl_parse.h>
#include "ngx_webhook_json.h"


struct ngx_webhook_json_s {
    yajl_handle               yajl;
    ngx_pool_t               *pool;
    ngx_webhook_json_want_t  *wants;
    ngx_uint_t                nwants;
    ngx_uint_t                depth;     /* containers that are open */
};


static ngx_int_t ngx_webhook_json_token(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_json_token_t *token);
static void ngx_webhook_json_begin(ngx_webhook_json_t *json);
static int ngx_webhook_json_scalar(ngx_webhook_json_t *json,
    const u_char *data, size_t len);
static int ngx_webhook_json_open(ngx_webhook_json_t *json, ngx_uint_t array);
static int ngx_webhook_json_close(void *data);
static int ngx_webhook_json_wanted(ngx_webhook_json_t *json);

static int ngx_webhook_json_null(void *data);
static int ngx_webhook_json_boolean(void *data, int value);
static int ngx_webhook_json_number(void *data, const char *text, size_t len);
static int ngx_webhook_json_string(void *data, const unsigned char *text,
    size_t len);
static int ngx_webhook_json_open_map(void *data);
static int ngx_webhook_json_key(void *data, const unsigned char *text,
    size_t len);
static int ngx_webhook_json_open_array(void *data);


static yajl_callbacks  ngx_webhook_json_callbacks = {
    ngx_webhook_json_null,
    ngx_webhook_json_boolean,
    NULL,                                  /* integer: all are numbers */
    NULL,                                  /* double */
    ngx_webhook_json_number,
    ngx_webhook_json_string,
    ngx_webhook_json_open_map,
    ngx_webhook_json_key,
    ngx_webhook_json_close,
    ngx_webhook_json_open_array,
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


ngx_webhook_json_t *
ngx_webhook_json_create(ngx_pool_t *pool, ngx_webhook_json_want_t *wants,
    ngx_uint_t nwants)
{
    ngx_webhook_json_t  *json;

    json = ngx_pcalloc(pool, sizeof(ngx_webhook_json_t));
    if (json == NULL) {
        return NULL;
    }

    json->pool = pool;
    json->wants = wants;
    json->nwants = nwants;

    json->yajl = yajl_alloc(&ngx_webhook_json_callbacks, NULL, json);
    if (json->yajl == NULL) {
        return NULL;
    }

    /* an id is bytes: whether they are UTF-8 is the application's concern */

    (void) yajl_config(json->yajl, yajl_dont_validate_strings, 1);

    return json;
}


void
ngx_webhook_json_free(ngx_webhook_json_t *json)
{
    yajl_free(json->yajl);
}


ngx_int_t
ngx_webhook_json_feed(ngx_webhook_json_t *json, u_char *data, size_t len)
{
    if (yajl_parse(json->yajl, data, len) != yajl_status_ok) {
        return NGX_DONE;
    }

    return NGX_OK;
}


/* a value begins: in an array it may be the element that is wanted */

static void
ngx_webhook_json_begin(ngx_webhook_json_t *json)
{
    ngx_uint_t                i;
    ngx_webhook_json_want_t  *want;

    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (want[i].state == NGX_WEBHOOK_JSON_UNKNOWN
            && want[i].array && want[i].level + 1 == json->depth)
        {
            want[i].hit =
                (want[i].next++
                 == want[i].pointer->tokens[want[i].level].index);
        }
    }
}


/* a scalar, or nothing (NULL) where there is one that cannot be an id */

static int
ngx_webhook_json_scalar(ngx_webhook_json_t *json, const u_char *data,
    size_t len)
{
    ngx_uint_t                i, known;
    ngx_webhook_json_want_t  *want;

    ngx_webhook_json_begin(json);

    known = 0;
    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (!want[i].hit) {
            continue;
        }

        known = 1;
        want[i].hit = 0;
        want[i].state = NGX_WEBHOOK_JSON_ABSENT;

        if (want[i].level + 1 != want[i].pointer->ntokens
            || data == NULL || len > NGX_WEBHOOK_JSON_VALUE_MAX)
        {
            continue;
        }

        want[i].value.data = ngx_pnalloc(json->pool, len ? len : 1);
        if (want[i].value.data == NULL) {
            continue;
        }

        ngx_memcpy(want[i].value.data, data, len);
        want[i].value.len = len;
        want[i].state = NGX_WEBHOOK_JSON_FOUND;
    }

    return known ? ngx_webhook_json_wanted(json) : 1;
}


static int
ngx_webhook_json_open(ngx_webhook_json_t *json, ngx_uint_t array)
{
    ngx_uint_t                i;
    ngx_webhook_json_want_t  *want;

    if (json->depth == NGX_WEBHOOK_JSON_DEPTH_MAX) {
        return 0;
    }

    ngx_webhook_json_begin(json);

    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (json->depth == 0) {
            want[i].array = (array != 0);
            continue;
        }

        if (!want[i].hit) {
            continue;
        }

        want[i].hit = 0;

        if (want[i].level + 1 == want[i].pointer->ntokens) {
            want[i].state = NGX_WEBHOOK_JSON_ABSENT;
            continue;
        }

        want[i].level++;
        want[i].array = (array != 0);
        want[i].next = 0;
    }

    json->depth++;

    return ngx_webhook_json_wanted(json);
}


static int
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

    return known ? ngx_webhook_json_wanted(json) : 1;
}


/* is there a reason to read on? */

static int
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
            return unknown ? 1 : 0;
        }
    }

    return 0;
}


static int
ngx_webhook_json_null(void *data)
{
    return ngx_webhook_json_scalar(data, NULL, 0);
}


static int
ngx_webhook_json_boolean(void *data, int value)
{
    if (value) {
        return ngx_webhook_json_scalar(data, (u_char *) "true", 4);
    }

    return ngx_webhook_json_scalar(data, (u_char *) "false", 5);
}


static int
ngx_webhook_json_number(void *data, const char *text, size_t len)
{
    return ngx_webhook_json_scalar(data, (const u_char *) text, len);
}


static int
ngx_webhook_json_string(void *data, const unsigned char *text, size_t len)
{
    /* yajl may give no address for a string without characters */

    return ngx_webhook_json_scalar(data, text ? text : (u_char *) "", len);
}


static int
ngx_webhook_json_open_map(void *data)
{
    return ngx_webhook_json_open(data, 0);
}


static int
ngx_webhook_json_key(void *data, const unsigned char *text, size_t len)
{
    ngx_webhook_json_t *json = data;

    ngx_str_t                *name;
    ngx_uint_t                i;
    ngx_webhook_json_want_t  *want;

    want = json->wants;

    for (i = 0; i < json->nwants; i++) {

        if (want[i].state != NGX_WEBHOOK_JSON_UNKNOWN
            || want[i].level + 1 != json->depth)
        {
            continue;
        }

        name = &want[i].pointer->tokens[want[i].level].name;

        want[i].hit = (name->len == len
                       && ngx_memcmp(name->data, text, len) == 0);
    }

    return 1;
}


static int
ngx_webhook_json_open_array(void *data)
{
    return ngx_webhook_json_open(data, 1);
}
