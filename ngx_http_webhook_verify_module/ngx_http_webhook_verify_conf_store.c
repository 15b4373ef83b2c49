
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Directives about the store, and about times and statuses.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_conf.h"
#include "ngx_webhook_store_redis.h"
#include "ngx_webhook_store_shm.h"


static ngx_webhook_store_t *ngx_http_webhook_verify_conf_store_redis(
    ngx_conf_t *cf, ngx_str_t *url, ngx_webhook_redis_options_t *options);
static char *ngx_http_webhook_verify_conf_store_zone(ngx_conf_t *cf,
    ngx_str_t *value, ngx_webhook_store_t **store);
static ngx_webhook_store_t *ngx_http_webhook_verify_conf_add_store(
    ngx_conf_t *cf, ngx_array_t *stores, ngx_webhook_store_t *store);


char *
ngx_http_webhook_verify_conf_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t  *value;

    if (wlcf->store != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        wlcf->store = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_webhook_verify_is(&value[1], "zone=")) {
        return ngx_http_webhook_verify_conf_store_zone(cf, &value[1],
                                                       &wlcf->store);
    }

    wlcf->store = ngx_http_webhook_verify_conf_store_redis(cf, &value[1],
                                                           NULL);

    return wlcf->store ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_webhook_store_t *
ngx_http_webhook_verify_conf_redis(ngx_conf_t *cf,
    ngx_webhook_store_t *store, ngx_webhook_redis_options_t *options)
{
    return ngx_http_webhook_verify_conf_store_redis(cf, &store->name,
                                                    options);
}


/* without options, any store of the URL will do for the moment */

static ngx_webhook_store_t *
ngx_http_webhook_verify_conf_store_redis(ngx_conf_t *cf, ngx_str_t *url,
    ngx_webhook_redis_options_t *options)
{
    ngx_uint_t                             i;
    ngx_webhook_store_t                  **store;
    ngx_http_webhook_verify_main_conf_t   *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);
    store = wmcf->stores.elts;

    for (i = 0; i < wmcf->stores.nelts; i++) {

        if (store[i]->name.len == url->len
            && ngx_strncmp(store[i]->name.data, url->data, url->len) == 0
            && (options == NULL
                || ngx_webhook_store_redis_is(store[i], options)))
        {
            return store[i];
        }
    }

    return ngx_http_webhook_verify_conf_add_store(cf, &wmcf->stores,
                                      ngx_webhook_store_redis_create(cf, url));
}


static char *
ngx_http_webhook_verify_conf_store_zone(ngx_conf_t *cf, ngx_str_t *value,
    ngx_webhook_store_t **store)
{
    u_char     *p, *end;
    ssize_t     size;
    ngx_str_t   name, text;

    name.data = value->data + sizeof("zone=") - 1;
    end = value->data + value->len;

    p = ngx_strlchr(name.data, end, ':');

    name.len = (size_t) ((p ? p : end) - name.data);
    size = 0;

    if (p) {
        text.data = p + 1;
        text.len = (size_t) (end - text.data);

        size = ngx_parse_size(&text);

        if (size == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid zone size \"%V\" in "
                               "\"webhook_verify_store\"", value);
            return NGX_CONF_ERROR;
        }

        if (size < (ssize_t) (8 * ngx_pagesize)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "zone \"%V\" of \"webhook_verify_store\" is "
                               "too small, it needs %uz bytes at the least",
                               value, (size_t) (8 * ngx_pagesize));
            return NGX_CONF_ERROR;
        }
    }

    if (name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no zone name in \"%V\" of "
                           "\"webhook_verify_store\"", value);
        return NGX_CONF_ERROR;
    }

    *store = ngx_http_webhook_verify_conf_zone(cf, &name, (size_t) size);

    return *store ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_webhook_store_t *
ngx_http_webhook_verify_conf_zone(ngx_conf_t *cf, ngx_str_t *name,
    size_t size)
{
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);

    return ngx_http_webhook_verify_conf_add_store(cf, &wmcf->zones,
               ngx_webhook_store_shm_create(cf, wmcf->crypto, name, size,
                                            &ngx_http_webhook_verify_module));
}


static ngx_webhook_store_t *
ngx_http_webhook_verify_conf_add_store(ngx_conf_t *cf, ngx_array_t *stores,
    ngx_webhook_store_t *store)
{
    ngx_webhook_store_t  **s;

    if (store == NULL) {
        return NULL;
    }

    s = ngx_array_push(stores);
    if (s == NULL) {
        return NULL;
    }

    *s = store;

    return store;
}


char *
ngx_http_webhook_verify_conf_store_error(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t  *value;

    if (wlcf->store_error != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "reject") == 0) {
        wlcf->store_error = NGX_HTTP_WEBHOOK_STORE_REJECT;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "pass") == 0) {
        wlcf->store_error = NGX_HTTP_WEBHOOK_STORE_PASS;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"webhook_verify_store_error\""
                       ", it takes \"reject\" or \"pass\"", &value[1]);

    return NGX_CONF_ERROR;
}


char *
ngx_http_webhook_verify_conf_time(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_int_t    ms;
    ngx_str_t   *value;
    ngx_msec_t  *time;

    time = (ngx_msec_t *) (p + cmd->offset);

    if (*time != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ms = ngx_parse_time(&value[1], 0);

    if (ms == NGX_ERROR || (ms == 0 && cmd->post)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"%V\"%s",
                           &value[1], &value[0],
                           ms ? "" : ", it must be longer than 0");
        return NGX_CONF_ERROR;
    }

    *time = (ngx_msec_t) ms;

    return NGX_CONF_OK;
}


char *
ngx_http_webhook_verify_conf_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_int_t                          n;
    ngx_str_t                         *value;
    ngx_uint_t                        *status, i;
    ngx_http_webhook_verify_status_t  *allowed;

    status = (ngx_uint_t *) (p + cmd->offset);

    if (*status != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    allowed = cmd->post;

    n = ngx_atoi(value[1].data, value[1].len);

    for (i = 0; n > 0 && allowed->ranges[i].low; i++) {

        if (n >= allowed->ranges[i].low && n <= allowed->ranges[i].high) {
            *status = (ngx_uint_t) n;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid status \"%V\" in \"%V\", it takes %s",
                       &value[1], &value[0], allowed->text);

    return NGX_CONF_ERROR;
}
