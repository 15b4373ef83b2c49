
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The MACs of a delivery, one for each secret: keyed with the configuration,
 * or for this request where a secret comes from a variable.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_mac.h"
#include "ngx_webhook_secret.h"


static ngx_int_t ngx_http_webhook_verify_macs_key(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_http_webhook_verify_key_t *key,
    ngx_webhook_mac_t **mac);


ngx_int_t
ngx_http_webhook_verify_macs_check(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_str_t                       value;
    ngx_uint_t                      i;
    ngx_http_webhook_verify_key_t  *key;

    key = ctx->conf->keys->elts;

    for (i = 0; i < ctx->conf->keys->nelts; i++) {

        if (key[i].mac) {
            return NGX_OK;
        }

        if (ngx_http_complex_value(r, key[i].value, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value.len) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_webhook_verify_macs_create(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_http_webhook_verify_macs_t *m)
{
    ngx_int_t                            rc;
    ngx_uint_t                           i, usable;
    ngx_http_webhook_verify_key_t       *key;
    ngx_http_webhook_verify_loc_conf_t  *wlcf;

    wlcf = ctx->conf;

    key = wlcf->keys->elts;

    m->nmacs = 0;
    m->macs = ngx_pcalloc(r->pool,
                          wlcf->keys->nelts * sizeof(ngx_webhook_mac_t *));
    if (m->macs == NULL) {
        return NGX_ERROR;
    }

    m->nmacs = wlcf->keys->nelts;
    usable = 0;

    for (i = 0; i < m->nmacs; i++) {

        m->macs[i] = key[i].mac;

        if (m->macs[i] == NULL) {

            rc = ngx_http_webhook_verify_macs_key(r, ctx, &key[i],
                                                  &m->macs[i]);
            if (rc == NGX_DECLINED) {
                continue;
            }

            if (rc != NGX_OK) {
                return NGX_ERROR;
            }
        }

        if (ngx_webhook_mac_init(m->macs[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        usable = 1;
    }

    return usable ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_webhook_verify_macs_key(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_http_webhook_verify_key_t *key,
    ngx_webhook_mac_t **mac)
{
    ngx_int_t                             rc;
    ngx_str_t                             value, secret;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    if (ngx_http_complex_value(r, key->value, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_webhook_secret_decode(r->pool, key->encoding, &value, &secret);

    if (rc != NGX_OK) {
        return rc;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_webhook_verify_module);

    *mac = ngx_webhook_mac_create(wmcf->crypto, ctx->conf->sig.algorithm,
                                  &secret);

    return *mac ? NGX_OK : NGX_ERROR;
}


void
ngx_http_webhook_verify_macs_free(ngx_http_webhook_verify_ctx_t *ctx,
    ngx_http_webhook_verify_macs_t *m)
{
    ngx_uint_t                      i;
    ngx_http_webhook_verify_key_t  *key;

    key = ctx->conf->keys->elts;

    for (i = 0; i < m->nmacs; i++) {
        if (key[i].mac == NULL && m->macs[i]) {
            ngx_webhook_mac_free(m->macs[i]);
        }
    }
}


ngx_int_t
ngx_http_webhook_verify_macs_update(void *data, u_char *p, size_t len)
{
    ngx_http_webhook_verify_macs_t *m = data;

    ngx_uint_t  i;

    for (i = 0; i < m->nmacs; i++) {

        if (m->macs[i]
            && ngx_webhook_mac_update(m->macs[i], p, len) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_webhook_verify_macs_sign(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *text, u_char *digest)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    ngx_http_webhook_verify_macs_t  m;

    rc = ngx_http_webhook_verify_macs_create(r, ctx, &m);

    if (rc == NGX_OK) {

        /* the secret that matched, or the first that there is */

        i = ctx->secret_index ? ctx->secret_index - 1 : 0;

        while (m.macs[i] == NULL) {
            i++;
        }

        rc = ngx_webhook_mac_update(m.macs[i], text->data, text->len);

        if (rc == NGX_OK) {
            rc = ngx_webhook_mac_final(m.macs[i], digest);
        }
    }

    ngx_http_webhook_verify_macs_free(ctx, &m);

    return rc;
}
