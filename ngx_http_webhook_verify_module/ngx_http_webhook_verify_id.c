
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The id of an event.  Of the configured ids the first that is there whole
 * is taken; all their pointers are looked for in one pass over the body.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_body.h"
#include "ngx_http_webhook_verify_id.h"


/* parts that need no memory of the request's pool: most ids are one */

#define NGX_HTTP_WEBHOOK_PARTS  4


/* the parts of all ids, one after the other, while the id is looked for */

typedef struct {
    ngx_str_t                 *values;
    ngx_webhook_json_want_t   *wants;
    ngx_uint_t                *places;     /* of wants among the values */
    ngx_uint_t                 nwants;
    ngx_uint_t                 nids;       /* that need to be looked at */

    struct {
        ngx_str_t                values[NGX_HTTP_WEBHOOK_PARTS];
        ngx_webhook_json_want_t  wants[NGX_HTTP_WEBHOOK_PARTS];
        ngx_uint_t               places[NGX_HTTP_WEBHOOK_PARTS];
    } few;
} ngx_http_webhook_verify_parts_t;


static ngx_int_t ngx_http_webhook_verify_parts(ngx_http_request_t *r,
    ngx_array_t *ids, ngx_http_webhook_verify_parts_t *p);
static ngx_int_t ngx_http_webhook_verify_parts_id(ngx_http_request_t *r,
    ngx_http_webhook_verify_id_t *id, ngx_uint_t group, ngx_uint_t place,
    ngx_http_webhook_verify_parts_t *p);
static ngx_int_t ngx_http_webhook_verify_parts_find(ngx_http_request_t *r,
    ngx_http_webhook_verify_parts_t *p);
static ngx_int_t ngx_http_webhook_verify_id_json(void *data, u_char *p,
    size_t len);
static ngx_int_t ngx_http_webhook_verify_id_join(ngx_http_request_t *r,
    ngx_str_t *values, ngx_uint_t n, ngx_str_t *id);
static ngx_int_t ngx_http_webhook_verify_id_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_webhook_crypto_t *crypto);
static ngx_int_t ngx_http_webhook_verify_id_hash(void *data, u_char *p,
    size_t len);


ngx_int_t
ngx_http_webhook_verify_id(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    u_char                                digest[NGX_WEBHOOK_SHA256_LEN];
    ngx_uint_t                            i, n, place;
    ngx_webhook_crypto_t                 *crypto;
    ngx_http_webhook_verify_id_t         *id;
    ngx_http_webhook_verify_parts_t       p;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_webhook_verify_module);
    crypto = wmcf->crypto;

    if (ctx->conf->ids == NULL) {
        return ngx_http_webhook_verify_id_body(r, ctx, crypto);
    }

    if (ngx_http_webhook_verify_parts(r, ctx->conf->ids, &p) != NGX_OK) {
        return NGX_ERROR;
    }

    id = ctx->conf->ids->elts;
    place = 0;

    for (i = 0; i < p.nids; i++) {

        for (n = 0; n < id[i].nparts && p.values[place + n].len; n++) {
            /* void */
        }

        if (n == id[i].nparts) {
            break;
        }

        place += id[i].nparts;
    }

    if (i == p.nids) {
        return ngx_http_webhook_verify_id_body(r, ctx, crypto);
    }

    if (ngx_http_webhook_verify_id_join(r, &p.values[place], id[i].nparts,
                                        &ctx->id)
        != NGX_OK
        || ngx_webhook_sha256_init(crypto) != NGX_OK
        || ngx_webhook_sha256_update(crypto, ctx->id.data, ctx->id.len)
           != NGX_OK
        || ngx_webhook_sha256_final(crypto, digest) != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(ctx->digest, digest, NGX_WEBHOOK_SHA256_LEN);

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_parts(ngx_http_request_t *r, ngx_array_t *ids,
    ngx_http_webhook_verify_parts_t *p)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i, n, place;
    ngx_http_webhook_verify_id_t  *id;

    id = ids->elts;
    n = 0;

    for (i = 0; i < ids->nelts; i++) {
        n += id[i].nparts;
    }

    p->nwants = 0;

    if (n <= NGX_HTTP_WEBHOOK_PARTS) {
        ngx_memzero(&p->few, sizeof(p->few));

        p->values = p->few.values;
        p->wants = p->few.wants;
        p->places = p->few.places;

    } else {
        p->values = ngx_pcalloc(r->pool, n * (sizeof(ngx_str_t)
                                              + sizeof(ngx_webhook_json_want_t)
                                              + sizeof(ngx_uint_t)));
        if (p->values == NULL) {
            return NGX_ERROR;
        }

        p->wants = (ngx_webhook_json_want_t *) &p->values[n];
        p->places = (ngx_uint_t *) &p->wants[n];
    }

    place = 0;

    for (i = 0; i < ids->nelts; i++) {

        rc = ngx_http_webhook_verify_parts_id(r, &id[i], i, place, p);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DONE) {
            i++;
            break;
        }

        place += id[i].nparts;
    }

    p->nids = i;

    return ngx_http_webhook_verify_parts_find(r, p);
}


/* NGX_DONE: this id is there whole, without a look at the body */

static ngx_int_t
ngx_http_webhook_verify_parts_id(ngx_http_request_t *r,
    ngx_http_webhook_verify_id_t *id, ngx_uint_t group, ngx_uint_t place,
    ngx_http_webhook_verify_parts_t *p)
{
    ngx_uint_t                       i, nwants;
    ngx_webhook_json_want_t         *want;
    ngx_http_webhook_verify_part_t  *part;

    nwants = p->nwants;
    part = id->parts;

    for (i = 0; i < id->nparts; i++) {

        if (part[i].pointer.ntokens) {
            want = &p->wants[nwants];
            want->pointer = &part[i].pointer;
            want->group = group;
            p->places[nwants++] = place + i;
            continue;
        }

        if (ngx_http_complex_value(r, &part[i].value, &p->values[place + i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (p->values[place + i].len == 0) {

            /* what else it has need not be looked for */

            return NGX_OK;
        }
    }

    if (nwants == p->nwants) {
        return NGX_DONE;
    }

    p->nwants = nwants;

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_parts_find(ngx_http_request_t *r,
    ngx_http_webhook_verify_parts_t *p)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_webhook_json_t  json;

    if (p->nwants == 0) {
        return NGX_OK;
    }

    ngx_webhook_json_init(&json, r->pool, p->wants, p->nwants);

    rc = ngx_http_webhook_verify_body_each(r, ngx_http_webhook_verify_id_json,
                                           &json);

    for (i = 0; i < p->nwants; i++) {
        if (p->wants[i].state == NGX_WEBHOOK_JSON_FOUND) {
            p->values[p->places[i]] = p->wants[i].value;
        }
    }

    return rc;
}


static ngx_int_t
ngx_http_webhook_verify_id_json(void *data, u_char *p, size_t len)
{
    return ngx_webhook_json_feed(data, p, len);
}


/*
 * A single part is the id as it is.  Several are netstrings, one after the
 * other: "ab" and "c" are not "a" and "bc".
 */

static ngx_int_t
ngx_http_webhook_verify_id_join(ngx_http_request_t *r, ngx_str_t *values,
    ngx_uint_t n, ngx_str_t *id)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;

    if (n == 1) {
        *id = values[0];
        return NGX_OK;
    }

    len = 0;

    for (i = 0; i < n; i++) {
        len += NGX_SIZE_T_LEN + sizeof(":,") - 1 + values[i].len;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    id->data = p;

    for (i = 0; i < n; i++) {
        p = ngx_sprintf(p, "%uz:%V,", values[i].len, &values[i]);
    }

    id->len = (size_t) (p - id->data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_id_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_webhook_crypto_t *crypto)
{
    u_char   digest[NGX_WEBHOOK_SHA256_LEN];
    u_char  *p;

    if (ngx_webhook_sha256_init(crypto) != NGX_OK
        || ngx_http_webhook_verify_body_each(r,
                                        ngx_http_webhook_verify_id_hash,
                                        crypto)
           != NGX_OK
        || ngx_webhook_sha256_final(crypto, digest) != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(ctx->digest, digest, NGX_WEBHOOK_SHA256_LEN);

    p = ngx_pnalloc(r->pool, sizeof("body:") - 1 + sizeof(ctx->digest));
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->body_id = 1;
    ctx->id.data = p;
    ctx->id.len = sizeof("body:") - 1 + sizeof(ctx->digest);

    p = ngx_cpymem(p, "body:", sizeof("body:") - 1);
    ngx_memcpy(p, ctx->digest, sizeof(ctx->digest));

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_id_hash(void *data, u_char *p, size_t len)
{
    return ngx_webhook_sha256_update(data, p, len);
}
