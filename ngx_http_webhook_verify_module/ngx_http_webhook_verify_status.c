
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
static ngx_uint_t ngx_http_webhook_verify_status_asked(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_webhook_verify_status_headers(
    ngx_http_request_t *r);


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
    const char                           *type;
    ngx_webhook_out_t                     out;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_webhook_verify_module);

    ngx_webhook_out_init(&out, r->pool);

    switch (ngx_http_webhook_verify_status_asked(r)) {

    case NGX_HTTP_WEBHOOK_STATUS_PROMETHEUS:
        type = "text/plain; version=0.0.4; charset=utf-8";
        ngx_http_webhook_verify_status_prometheus(&out, wmcf);
        break;

    case NGX_HTTP_WEBHOOK_STATUS_HTML:
        type = "text/html; charset=utf-8";
        ngx_http_webhook_verify_status_html(&out);
        break;

    default: /* NGX_HTTP_WEBHOOK_STATUS_JSON */
        type = "application/json";
        ngx_http_webhook_verify_status_json(&out, wmcf);
    }

    return ngx_http_webhook_verify_status_send(r, NGX_HTTP_OK, type, &out);
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
    ngx_uint_t status, const char *type, ngx_webhook_out_t *out)
{
    ngx_int_t  rc;

    if (out->failed || out->buf == NULL
        || ngx_http_webhook_verify_status_headers(r) != NGX_OK)
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
ngx_http_webhook_verify_status_headers(ngx_http_request_t *r)
{
    ngx_uint_t  i;

    static struct {
        const char  *name;
        ngx_str_t    value;
    } headers[] = {
        { "Cache-Control", ngx_string("no-store") },
        { "X-Content-Type-Options", ngx_string("nosniff") },
        { "Content-Security-Policy",
          ngx_string("default-src 'none'; script-src 'unsafe-inline'; "
                     "style-src 'unsafe-inline'; connect-src 'self'; "
                     "base-uri 'none'; form-action 'none'; "
                     "frame-ancestors 'none'") },
        { "Referrer-Policy", ngx_string("no-referrer") }
    };

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {

        if (ngx_http_webhook_verify_answer_header(r, headers[i].name,
                                                  &headers[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
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
