
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Directives about what an operator can see, and the memory that it is in.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_conf.h"
#include "ngx_http_webhook_verify_status.h"


#define NGX_HTTP_WEBHOOK_HISTORY_MAX  10000


static ngx_conf_enum_t  ngx_http_webhook_verify_status_formats[] = {
    { ngx_string("json"), NGX_HTTP_WEBHOOK_STATUS_JSON },
    { ngx_string("prometheus"), NGX_HTTP_WEBHOOK_STATUS_PROMETHEUS },
    { ngx_string("html"), NGX_HTTP_WEBHOOK_STATUS_HTML },
    { ngx_null_string, 0 }
};


static ngx_str_t  ngx_http_webhook_verify_stats_zone =
    ngx_string("webhook_verify_stats");

static ngx_str_t  ngx_http_webhook_verify_history_zone =
    ngx_string("webhook_verify_history");


char *
ngx_http_webhook_verify_conf_status_page(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t                            *value;
    ngx_uint_t                            i;
    ngx_http_core_loc_conf_t             *clcf;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    if (wlcf->status) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "forget") == 0) {
            wlcf->forget = 1;
            continue;
        }

        if (wlcf->status
            || ngx_http_webhook_verify_conf_enum(
                                      ngx_http_webhook_verify_status_formats,
                                      &value[i], 0, &wlcf->status)
               != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in "
                               "\"webhook_verify_status\", it takes \"json\", "
                               "\"prometheus\" or \"html\", and \"forget\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (wlcf->status == NGX_HTTP_WEBHOOK_STATUS_OFF) {
        wlcf->status = NGX_HTTP_WEBHOOK_STATUS_JSON;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_webhook_verify_status_handler;

    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);
    wmcf->stats->shown = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_webhook_verify_conf_history(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_main_conf_t *wmcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (wmcf->history_size != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        wmcf->history_size = 0;
        return NGX_CONF_OK;
    }

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > NGX_HTTP_WEBHOOK_HISTORY_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"webhook_verify_history\", it takes a number of "
                           "deliveries from 1 to %d, or \"off\"",
                           &value[1], NGX_HTTP_WEBHOOK_HISTORY_MAX);
        return NGX_CONF_ERROR;
    }

    wmcf->history_size = n;

    wmcf->history = ngx_webhook_history_create(cf,
                                        &ngx_http_webhook_verify_history_zone,
                                        (ngx_uint_t) n);

    return wmcf->history ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_webhook_verify_status_merge(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *prev,
    ngx_http_webhook_verify_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* "if" and "limit_except" are of their location */

    if (clcf->noname && clcf->handler == NULL && prev->status) {
        conf->status = prev->status;
        conf->forget = prev->forget;

        if (clcf->lmt_excpt) {
            clcf->handler = ngx_http_webhook_verify_status_handler;
        }
    }

    if (conf->status == NGX_HTTP_WEBHOOK_STATUS_OFF) {
        return NGX_OK;
    }

    /* it is no gate, but locations in it inherit one */

    if (conf->preset && conf->preset != NGX_CONF_UNSET_PTR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"webhook_verify_status\" and "
                           "\"webhook_verify %V\" cannot be in one location",
                           &conf->preset->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_webhook_verify_gate_stats(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_str_t                             names[NGX_WEBHOOK_STATS_NAMES];
    ngx_http_core_loc_conf_t             *clcf;
    ngx_http_core_srv_conf_t             *cscf;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);

    /* a scope with variables is one row, of its text: rows are bounded */

    names[NGX_WEBHOOK_STATS_PROVIDER] = wlcf->preset->name;
    names[NGX_WEBHOOK_STATS_SCOPE] = wlcf->scope ? wlcf->scope->value
                                                 : wlcf->default_scope;
    names[NGX_WEBHOOK_STATS_SERVER] = cscf->server_name;
    names[NGX_WEBHOOK_STATS_LOCATION] = clcf->name;

    wlcf->location = clcf->name;

    wlcf->stats = ngx_webhook_stats_gate(cf, wmcf->stats, names);

    return wlcf->stats ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_webhook_verify_status_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt                  *h;
    ngx_http_core_main_conf_t            *cmcf;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);

    if (ngx_webhook_stats_init(cf, wmcf->stats,
                               &ngx_http_webhook_verify_stats_zone)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (wmcf->history == NULL) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_webhook_verify_history_handler;

    return NGX_OK;
}
