
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * An event of a zone is forgotten on purpose: DELETE ?key=webhook:<...>, as
 * it would be named in Redis, with a header that no other site can send by
 * way of somebody's browser.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_status.h"
#include "ngx_webhook_store_shm.h"


static ngx_uint_t ngx_http_webhook_verify_forget_meant(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_webhook_verify_forget_arg(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_http_webhook_verify_forget_key(ngx_http_request_t *r,
    ngx_str_t *key);


ngx_int_t
ngx_http_webhook_verify_forget(ngx_http_request_t *r)
{
    ngx_int_t           rc;
    ngx_str_t           key;
    ngx_uint_t          status;
    ngx_webhook_out_t   out;

    if (!ngx_http_webhook_verify_forget_meant(r)) {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_webhook_verify_forget_arg(r, &key);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_HTTP_BAD_REQUEST
                                    : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_webhook_verify_forget_key(r, &key);

    switch (rc) {

    case NGX_OK:
        ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                      "webhook event \"%V\" was forgotten on purpose", &key);
        status = NGX_HTTP_OK;
        break;

    case NGX_DECLINED:
        status = NGX_HTTP_NOT_FOUND;
        break;

    case NGX_BUSY:
        status = NGX_HTTP_CONFLICT;
        break;

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_webhook_out_init(&out, r->pool);
    ngx_webhook_out_print(&out, "{\"forgotten\": %d}\n", rc == NGX_OK);

    return ngx_http_webhook_verify_status_send(r, status, "application/json",
                                               NULL, &out);
}


/* X-Webhook-Verify: forget */

static ngx_uint_t
ngx_http_webhook_verify_forget_meant(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {

            if (part->next == NULL) {
                return 0;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == sizeof("X-Webhook-Verify") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "X-Webhook-Verify",
                               h[i].key.len)
               == 0)
        {
            return h[i].value.len == sizeof("forget") - 1
                   && ngx_strncmp(h[i].value.data, "forget",
                                  h[i].value.len)
                      == 0;
        }
    }
}


/* it must look like a key, so that it can be logged */

static ngx_int_t
ngx_http_webhook_verify_forget_arg(ngx_http_request_t *r, ngx_str_t *key)
{
    u_char     *src, *dst;
    size_t      i;
    ngx_str_t   arg;

    if (ngx_http_arg(r, (u_char *) "key", 3, &arg) != NGX_OK) {
        return NGX_DECLINED;
    }

    dst = ngx_pnalloc(r->pool, arg.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    key->data = dst;
    src = arg.data;

    ngx_unescape_uri(&dst, &src, arg.len, 0);

    key->len = (size_t) (dst - key->data);

    if (key->len <= sizeof("webhook:") - 1
        || ngx_strncmp(key->data, "webhook:", sizeof("webhook:") - 1) != 0)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < key->len; i++) {
        if (key->data[i] < ' ' || key->data[i] == 0x7f) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_forget_key(ngx_http_request_t *r, ngx_str_t *key)
{
    ngx_int_t                              rc, found;
    ngx_uint_t                             i;
    ngx_webhook_store_t                  **zone;
    ngx_http_webhook_verify_main_conf_t   *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_webhook_verify_module);

    found = NGX_DECLINED;
    zone = wmcf->zones.elts;

    for (i = 0; i < wmcf->zones.nelts; i++) {

        rc = ngx_webhook_store_shm_forget(zone[i], key);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK || found == NGX_DECLINED) {
            found = rc;
        }
    }

    return found;
}
