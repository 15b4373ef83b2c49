
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * From a URL and the directives beside it to how Redis is spoken to.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_conf.h"
#include "ngx_webhook_secret.h"


static ngx_int_t ngx_webhook_redis_conf_password(ngx_conf_t *cf,
    ngx_webhook_redis_url_t *url, ngx_str_t *file);
static ngx_int_t ngx_webhook_redis_conf_tls(ngx_conf_t *cf,
    ngx_webhook_redis_conf_t *conf, ngx_webhook_redis_tls_conf_t *tls);
static ngx_uint_t ngx_webhook_redis_conf_equal(ngx_str_t *a, ngx_str_t *b);


ngx_int_t
ngx_webhook_redis_conf_url(ngx_conf_t *cf, ngx_webhook_redis_conf_t *conf,
    ngx_str_t *url)
{
    const char  *err;

    err = ngx_webhook_redis_url_parse(cf->pool, url, &conf->url);

    if (err == NULL) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" %s; \"webhook_verify_store\" takes "
                       "\"redis[s]://[user[:password]@]host[:port][/db]\", "
                       "\"unix:path[?db=number]\", "
                       "\"redis-sentinel://host[:port],.../master[/db]\", "
                       "\"redis-cluster://host[:port],...\", "
                       "\"zone=name[:size]\" or \"off\"",
                       &conf->url.name, err);

    return NGX_ERROR;
}


ngx_int_t
ngx_webhook_redis_conf_options(ngx_conf_t *cf, ngx_webhook_redis_conf_t *conf,
    ngx_webhook_redis_options_t *options)
{
    conf->timeout = options->timeout;

    if (conf->url.password.len == 0
        && options->password_file.len
        && ngx_webhook_redis_conf_password(cf, &conf->url,
                                           &options->password_file)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (conf->url.user.len && conf->url.password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"webhook_verify_store\" has a user but "
                           "no password; it can stand in the URL or in "
                           "\"webhook_verify_redis_password_file\"",
                           &conf->url.name);
        return NGX_ERROR;
    }

    return conf->url.tls ? ngx_webhook_redis_conf_tls(cf, conf, &options->tls)
                         : NGX_OK;
}


static ngx_int_t
ngx_webhook_redis_conf_password(ngx_conf_t *cf, ngx_webhook_redis_url_t *url,
    ngx_str_t *file)
{
    ngx_str_t     name;
    ngx_array_t  *lines;

    name = *file;

    lines = ngx_webhook_secret_file(cf, &name,
                                    "webhook_verify_redis_password_file");
    if (lines == NULL) {
        return NGX_ERROR;
    }

    if (lines->nelts > 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"webhook_verify_redis_password_file\" "
                           "has several lines, it takes one password", &name);
        return NGX_ERROR;
    }

    url->password = *(ngx_str_t *) lines->elts;

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_redis_conf_tls(ngx_conf_t *cf, ngx_webhook_redis_conf_t *conf,
    ngx_webhook_redis_tls_conf_t *tls)
{
    if (tls->certificate.len && tls->certificate_key.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"webhook_verify_redis_ssl_certificate_key\" "
                           "for certificate \"%V\"", &tls->certificate);
        return NGX_ERROR;
    }

    if (tls->certificate_key.len && tls->certificate.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"webhook_verify_redis_ssl_certificate\" "
                           "for key \"%V\"", &tls->certificate_key);
        return NGX_ERROR;
    }

    conf->tls = ngx_webhook_redis_tls_create(cf, tls);

    return conf->tls ? NGX_OK : NGX_ERROR;
}


ngx_webhook_redis_place_t **
ngx_webhook_redis_conf_places(ngx_conf_t *cf, ngx_webhook_redis_conf_t *conf)
{
    ngx_uint_t                   i;
    ngx_webhook_redis_place_t  **places;

    places = ngx_palloc(cf->pool, conf->url.nhosts
                                  * sizeof(ngx_webhook_redis_place_t *));
    if (places == NULL) {
        return NULL;
    }

    for (i = 0; i < conf->url.nhosts; i++) {

        places[i] = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_redis_place_t));
        if (places[i] == NULL) {
            return NULL;
        }

        if (ngx_webhook_redis_place_locate(cf, places[i], &conf->url.hosts[i],
                                           conf->resolver)
            != NGX_OK)
        {
            return NULL;
        }
    }

    return places;
}


ngx_uint_t
ngx_webhook_redis_conf_same(ngx_webhook_redis_conf_t *conf,
    ngx_webhook_redis_options_t *a, ngx_webhook_redis_options_t *b)
{
    if (a->timeout != b->timeout
        || !ngx_webhook_redis_conf_equal(&a->password_file,
                                         &b->password_file))
    {
        return 0;
    }

    return !conf->url.tls
           || (a->tls.verify == b->tls.verify
               && ngx_webhook_redis_conf_equal(&a->tls.trusted_certificate,
                                               &b->tls.trusted_certificate)
               && ngx_webhook_redis_conf_equal(&a->tls.certificate,
                                               &b->tls.certificate)
               && ngx_webhook_redis_conf_equal(&a->tls.certificate_key,
                                               &b->tls.certificate_key)
               && ngx_webhook_redis_conf_equal(&a->tls.name, &b->tls.name));
}


static ngx_uint_t
ngx_webhook_redis_conf_equal(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && ngx_strncmp(a->data, b->data, a->len) == 0;
}
