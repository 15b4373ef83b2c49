
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The handler of a location with a status page, and what its formats share.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_answer.h"
#include "ngx_http_webhook_verify_status.h"


static ngx_int_t ngx_http_webhook_verify_status_get(ngx_http_request_t *r);
static ngx_int_t ngx_http_webhook_verify_status_policy(ngx_http_request_t *r,
    ngx_str_t *nonce, ngx_str_t *policy);
static ngx_uint_t ngx_http_webhook_verify_status_asked(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_webhook_verify_status_headers(
    ngx_http_request_t *r, ngx_str_t *policy);


const char  *ngx_http_webhook_verify_status_errors[] = {
    "other", "connection", "timeout", "refused", "full"
};


ngx_int_t
ngx_http_webhook_verify_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                            rc;
    ngx_http_webhook_verify_loc_conf_t  *wlcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_webhook_verify_module);

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        && !(r->method == NGX_HTTP_DELETE && wlcf->forget))
    {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    return (r->method == NGX_HTTP_DELETE)
           ? ngx_http_webhook_verify_forget(r)
           : ngx_http_webhook_verify_status_get(r);
}


static ngx_int_t
ngx_http_webhook_verify_status_get(ngx_http_request_t *r)
{
    ngx_str_t                             nonce, policy, *p;
    const char                           *type;
    ngx_webhook_out_t                     out;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_webhook_verify_module);

    ngx_webhook_out_init(&out, r->pool);
    p = NULL;

    switch (ngx_http_webhook_verify_status_asked(r)) {

    case NGX_HTTP_WEBHOOK_STATUS_PROMETHEUS:
        type = "text/plain; version=0.0.4; charset=utf-8";
        ngx_http_webhook_verify_status_prometheus(&out, wmcf);
        break;

    case NGX_HTTP_WEBHOOK_STATUS_HTML:
        type = "text/html; charset=utf-8";

        if (ngx_http_webhook_verify_status_policy(r, &nonce, &policy)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p = &policy;
        ngx_http_webhook_verify_status_html(&out, &nonce);
        break;

    default: /* NGX_HTTP_WEBHOOK_STATUS_JSON */
        type = "application/json";
        ngx_http_webhook_verify_status_json(&out, wmcf);
    }

    return ngx_http_webhook_verify_status_send(r, NGX_HTTP_OK, type, p, &out);
}


/* the page runs its own script and style, and reads its own location */

static ngx_int_t
ngx_http_webhook_verify_status_policy(ngx_http_request_t *r, ngx_str_t *nonce,
    ngx_str_t *policy)
{
    u_char  *p, random[16];

    static u_char  fmt[] = "default-src 'none'; script-src 'nonce-%V'; "
                           "style-src 'nonce-%V'; connect-src 'self'; "
                           "base-uri 'none'; form-action 'none'; "
                           "frame-ancestors 'none'";

    p = ngx_pnalloc(r->pool, 6 * sizeof(random) + sizeof(fmt));
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (ngx_webhook_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    nonce->data = p;
    nonce->len = 2 * sizeof(random);

    policy->data = ngx_hex_dump(p, random, sizeof(random));
    policy->len = (size_t) (ngx_sprintf(policy->data, (char *) fmt, nonce,
                                        nonce)
                            - policy->data);

    return NGX_OK;
}


/* the page gets what it shows from its own location */

static ngx_uint_t
ngx_http_webhook_verify_status_asked(ngx_http_request_t *r)
{
    ngx_str_t                            format;
    ngx_http_webhook_verify_loc_conf_t  *wlcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_webhook_verify_module);

    if (wlcf->status == NGX_HTTP_WEBHOOK_STATUS_HTML
        && ngx_http_arg(r, (u_char *) "format", 6, &format) == NGX_OK
        && format.len == 4 && ngx_strncmp(format.data, "json", 4) == 0)
    {
        return NGX_HTTP_WEBHOOK_STATUS_JSON;
    }

    return wlcf->status;
}


ngx_int_t
ngx_http_webhook_verify_status_send(ngx_http_request_t *r,
    ngx_uint_t status, const char *type, ngx_str_t *policy,
    ngx_webhook_out_t *out)
{
    ngx_int_t  rc;

    if (out->failed || out->buf == NULL
        || ngx_http_webhook_verify_status_headers(r, policy) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = out->size;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out->buf->last_buf = (r == r->main);
    out->buf->last_in_chain = 1;

    return ngx_http_output_filter(r, out->first);
}


/* also against what a browser might make of it */

static ngx_int_t
ngx_http_webhook_verify_status_headers(ngx_http_request_t *r,
    ngx_str_t *policy)
{
    static ngx_str_t  no_store = ngx_string("no-store");
    static ngx_str_t  nosniff = ngx_string("nosniff");
    static ngx_str_t  nothing = ngx_string("default-src 'none'; "
                                           "frame-ancestors 'none'");

    if (ngx_http_webhook_verify_answer_header(r, "Cache-Control", &no_store)
        != NGX_OK
        || ngx_http_webhook_verify_answer_header(r, "X-Content-Type-Options",
                                                 &nosniff)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_webhook_verify_answer_header(r, "Content-Security-Policy",
                                                 policy ? policy : &nothing);
}


/* a read of each counter is atomic, the copy as a whole is not */

void
ngx_http_webhook_verify_status_read(ngx_webhook_stats_row_t *row,
    ngx_uint_t *counters)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_WEBHOOK_STATS_COUNTERS; i++) {
        counters[i] += row->counters[i];
    }
}


ngx_uint_t
ngx_http_webhook_verify_status_received(ngx_uint_t *counters)
{
    ngx_uint_t  i, sum;

    sum = 0;

    for (i = NGX_HTTP_WEBHOOK_FIRST; i < NGX_HTTP_WEBHOOK_RESULTS; i++) {
        sum += counters[NGX_WEBHOOK_STATS_RESULT + i];
    }

    return sum;
}
