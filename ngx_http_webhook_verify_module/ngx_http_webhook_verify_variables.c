
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * $webhook_verify_*: what is known of a delivery, read from its context.
 * They change while a request is processed, so none is cached.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_access.h"
#include "ngx_http_webhook_verify_variables.h"


static ngx_int_t ngx_http_webhook_verify_variable_result(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_variable_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_variable_key(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_variable_provider(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_variable_timestamp(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_variable_secret_index(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_variable_store_time(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_variable_url(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static void ngx_http_webhook_verify_variable_set(
    ngx_http_variable_value_t *v, ngx_str_t *value);
static ngx_int_t ngx_http_webhook_verify_variable_print(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, const char *fmt,
    ngx_uint_t a, ngx_uint_t b);


static ngx_http_variable_t  ngx_http_webhook_verify_vars[] = {

    { ngx_string("webhook_verify_result"), NULL,
      ngx_http_webhook_verify_variable_result, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("webhook_verify_id"), NULL,
      ngx_http_webhook_verify_variable_id, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("webhook_verify_key"), NULL,
      ngx_http_webhook_verify_variable_key, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("webhook_verify_provider"), NULL,
      ngx_http_webhook_verify_variable_provider, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("webhook_verify_timestamp"), NULL,
      ngx_http_webhook_verify_variable_timestamp, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("webhook_verify_secret_index"), NULL,
      ngx_http_webhook_verify_variable_secret_index, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("webhook_verify_store_time"), NULL,
      ngx_http_webhook_verify_variable_store_time, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("webhook_verify_url"), NULL,
      ngx_http_webhook_verify_variable_url, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* indexed by ngx_http_webhook_verify_result_e */

static ngx_str_t  ngx_http_webhook_verify_results[] = {
    ngx_string(""),
    ngx_string("first"),
    ngx_string("duplicate"),
    ngx_string("in_flight"),
    ngx_string("missing_signature"),
    ngx_string("malformed_signature"),
    ngx_string("bad_signature"),
    ngx_string("missing_timestamp"),
    ngx_string("malformed_timestamp"),
    ngx_string("stale"),
    ngx_string("future"),
    ngx_string("no_secret"),
    ngx_string("store_error")
};


ngx_int_t
ngx_http_webhook_verify_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_webhook_verify_vars; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


ngx_str_t *
ngx_http_webhook_verify_result_name(ngx_uint_t result)
{
    return &ngx_http_webhook_verify_results[result];
}


static ngx_int_t
ngx_http_webhook_verify_variable_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                      *name;
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    name = ngx_http_webhook_verify_result_name(ctx ? ctx->result
                                               : NGX_HTTP_WEBHOOK_NONE);

    ngx_http_webhook_verify_variable_set(v, name);

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_variable_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t                          i;
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    ngx_http_webhook_verify_variable_set(v, ctx ? &ctx->id : NULL);

    /* a header of a request to an upstream must not end within an id */

    for (i = 0; i < v->len; i++) {

        if (v->data[i] < 0x20 || v->data[i] == 0x7f) {
            ngx_http_webhook_verify_variable_set(v, NULL);
            break;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_variable_key(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                       value;
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    if (ctx == NULL || ctx->id.len == 0) {
        ngx_http_webhook_verify_variable_set(v, NULL);
        return NGX_OK;
    }

    value.data = ctx->digest;
    value.len = sizeof(ctx->digest);

    ngx_http_webhook_verify_variable_set(v, &value);

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_variable_provider(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    ngx_http_webhook_verify_variable_set(v, ctx ? &ctx->conf->preset->name
                                                : NULL);

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_variable_timestamp(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    ngx_http_webhook_verify_variable_set(v, ctx ? &ctx->timestamp : NULL);

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_variable_secret_index(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    if (ctx == NULL || ctx->secret_index == 0) {
        ngx_http_webhook_verify_variable_set(v, NULL);
        return NGX_OK;
    }

    return ngx_http_webhook_verify_variable_print(r, v, "%ui",
                                                  ctx->secret_index, 0);
}


static ngx_int_t
ngx_http_webhook_verify_variable_store_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_uint_t                      ms;
    ngx_http_webhook_verify_ctx_t  *ctx;

    ctx = ngx_http_webhook_verify_get_ctx(r);

    if (ctx == NULL || ctx->store_time < 0) {
        ngx_http_webhook_verify_variable_set(v, NULL);
        return NGX_OK;
    }

    ms = (ngx_uint_t) ctx->store_time;

    return ngx_http_webhook_verify_variable_print(r, v, "%ui.%03ui",
                                                  ms / 1000, ms % 1000);
}


/* not of a delivery: the public URL, for templates */

static ngx_int_t
ngx_http_webhook_verify_variable_url(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                            value;
    ngx_http_webhook_verify_loc_conf_t  *wlcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_webhook_verify_module);

    ngx_str_null(&value);

    if (wlcf->url && ngx_http_complex_value(r, wlcf->url, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_webhook_verify_variable_set(v, &value);

    return NGX_OK;
}


static void
ngx_http_webhook_verify_variable_set(ngx_http_variable_value_t *v,
    ngx_str_t *value)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    if (value) {
        v->len = (unsigned) value->len & 0xfffffff;
        v->data = value->data;

    } else {
        v->len = 0;
        v->data = (u_char *) "";
    }
}


static ngx_int_t
ngx_http_webhook_verify_variable_print(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const char *fmt, ngx_uint_t a,
    ngx_uint_t b)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, 2 * NGX_INT_T_LEN + 1);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = (size_t) (ngx_sprintf(value.data, fmt, a, b) - value.data);

    ngx_http_webhook_verify_variable_set(v, &value);

    return NGX_OK;
}
