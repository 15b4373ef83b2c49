
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Variables out of a verified body, looked for when they are asked for.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_access.h"
#include "ngx_http_webhook_verify_body.h"
#include "ngx_http_webhook_verify_json_set.h"


static ngx_int_t ngx_http_webhook_verify_json_set(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_webhook_verify_json_set_feed(void *data, u_char *p,
    size_t len);


char *
ngx_http_webhook_verify_conf_json_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_main_conf_t *wmcf = conf;

    ngx_int_t                            rc;
    ngx_str_t                           *value, name;
    ngx_http_variable_t                 *var;
    ngx_http_webhook_verify_json_set_t  *set;

    value = cf->args->elts;

    if (value[1].len < 2 || value[1].data[0] != '$') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid variable name \"%V\" in "
                           "\"webhook_verify_json_set\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data + 1;
    name.len = value[1].len - 1;

    set = ngx_pcalloc(cf->pool, sizeof(ngx_http_webhook_verify_json_set_t));
    if (set == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_webhook_json_pointer(cf->pool, &value[2], &set->pointer);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid JSON Pointer \"%V\" in "
                           "\"webhook_verify_json_set\", it begins with "
                           "\"/\"; in a name \"~\" is written \"~0\" and "
                           "\"/\" is \"~1\"", &value[2]);
    }

    if (rc != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    set->index = wmcf->json_sets++;

    /* not cached: it is empty only until the delivery is verified */

    var = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
    if (var == NULL) {
        return NGX_CONF_ERROR;
    }

    if (var->get_handler) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "variable \"%V\" of \"webhook_verify_json_set\" "
                           "has a value already", &value[1]);
        return NGX_CONF_ERROR;
    }

    var->get_handler = ngx_http_webhook_verify_json_set;
    var->data = (uintptr_t) set;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_webhook_verify_json_set(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                            *value;
    ngx_http_webhook_verify_ctx_t        *ctx;
    ngx_http_webhook_verify_json_set_t   *set;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    set = (ngx_http_webhook_verify_json_set_t *) data;

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = 0;
    v->data = (u_char *) "";

    ctx = ngx_http_webhook_verify_get_ctx(r);

    if (ctx == NULL || !ctx->verified) {
        return NGX_OK;
    }

    r = r->main;

    if (ctx->json == NULL) {
        wmcf = ngx_http_get_module_main_conf(r,
                                             ngx_http_webhook_verify_module);

        ctx->json = ngx_pcalloc(r->pool,
                                wmcf->json_sets * sizeof(ngx_str_t));
        if (ctx->json == NULL) {
            return NGX_ERROR;
        }
    }

    value = &ctx->json[set->index];

    if (value->data == NULL) {

        if (ngx_http_webhook_verify_json_find(r, &set->pointer, value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (value->data == NULL) {
            ngx_str_set(value, "");
        }
    }

    v->len = (unsigned) value->len & 0xfffffff;
    v->data = value->data;

    return NGX_OK;
}


/* a value that could end a header line, or a line of a log, is left out */

ngx_int_t
ngx_http_webhook_verify_json_find(ngx_http_request_t *r,
    ngx_webhook_json_pointer_t *pointer, ngx_str_t *value)
{
    size_t                   i;
    ngx_webhook_json_t       json;
    ngx_webhook_json_want_t  want;

    ngx_memzero(&want, sizeof(ngx_webhook_json_want_t));

    want.pointer = pointer;

    ngx_webhook_json_init(&json, r->pool, &want, 1);

    if (ngx_http_webhook_verify_body_each(r,
                                       ngx_http_webhook_verify_json_set_feed,
                                       &json)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *value = want.value;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            value->len = 0;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_json_set_feed(void *data, u_char *p, size_t len)
{
    return ngx_webhook_json_feed(data, p, len);
}
