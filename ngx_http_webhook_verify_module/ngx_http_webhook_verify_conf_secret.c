
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Directives that give secrets.  Errors name the directive and never quote
 * what may be a part of one.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_compile.h"
#include "ngx_http_webhook_verify_conf.h"
#include "ngx_webhook_secret.h"


static ngx_http_webhook_verify_secret_t *
    ngx_http_webhook_verify_conf_push_secret(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);
static ngx_int_t ngx_http_webhook_verify_conf_encoding(ngx_conf_t *cf,
    ngx_uint_t *encoding);


static ngx_conf_enum_t  ngx_http_webhook_verify_secret_encodings[] = {
    { ngx_string("utf8"), NGX_WEBHOOK_UTF8 },
    { ngx_string("hex"), NGX_WEBHOOK_HEX },
    { ngx_string("base64"), NGX_WEBHOOK_BASE64 },
    { ngx_string("whsec"), NGX_WEBHOOK_WHSEC },
    { ngx_null_string, 0 }
};


char *
ngx_http_webhook_verify_conf_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t                         *value;
    ngx_http_webhook_verify_secret_t  *secret;

    value = cf->args->elts;

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "empty secret \"\" in \"webhook_verify_secret\"");
        return NGX_CONF_ERROR;
    }

    secret = ngx_http_webhook_verify_conf_push_secret(cf, wlcf);
    if (secret == NULL) {
        return NGX_CONF_ERROR;
    }

    secret->value = ngx_http_webhook_verify_compile_value(cf, &value[1]);
    if (secret->value == NULL) {
        return NGX_CONF_ERROR;
    }

    secret->fixed = (secret->value->lengths == NULL);

    if (ngx_http_webhook_verify_conf_encoding(cf, &secret->encoding)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_webhook_verify_conf_secret_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t                         *value, *line;
    ngx_uint_t                         i, encoding;
    ngx_array_t                       *lines;
    ngx_http_complex_value_t          *cv;
    ngx_http_webhook_verify_secret_t  *secret;

    value = cf->args->elts;

    if (ngx_http_webhook_verify_conf_encoding(cf, &encoding) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    lines = ngx_webhook_secret_file(cf, &value[1],
                                    "webhook_verify_secret_file");
    if (lines == NULL) {
        return NGX_CONF_ERROR;
    }

    line = lines->elts;

    for (i = 0; i < lines->nelts; i++) {

        secret = ngx_http_webhook_verify_conf_push_secret(cf, wlcf);
        if (secret == NULL) {
            return NGX_CONF_ERROR;
        }

        cv = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
        if (cv == NULL) {
            return NGX_CONF_ERROR;
        }

        /* a "$" in a file is a character of the secret */

        cv->value = line[i];

        secret->value = cv;
        secret->file = value[1];
        secret->encoding = encoding;
        secret->fixed = 1;
    }

    return NGX_CONF_OK;
}


static ngx_http_webhook_verify_secret_t *
ngx_http_webhook_verify_conf_push_secret(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_http_webhook_verify_secret_t  *secret;

    if (wlcf->secrets == NGX_CONF_UNSET_PTR) {
        wlcf->secrets = ngx_array_create(cf->pool, 2,
                                    sizeof(ngx_http_webhook_verify_secret_t));
        if (wlcf->secrets == NULL) {
            return NULL;
        }
    }

    secret = ngx_array_push(wlcf->secrets);
    if (secret == NULL) {
        return NULL;
    }

    ngx_memzero(secret, sizeof(ngx_http_webhook_verify_secret_t));

    return secret;
}


static ngx_int_t
ngx_http_webhook_verify_conf_encoding(ngx_conf_t *cf, ngx_uint_t *encoding)
{
    ngx_str_t  *value;

    *encoding = NGX_CONF_UNSET_UINT;

    if (cf->args->nelts < 3) {
        return NGX_OK;
    }

    value = cf->args->elts;

    if (!ngx_http_webhook_verify_is(&value[2], "encoding=")) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter of \"%V\", after its value it "
                           "takes \"encoding=utf8|hex|base64|whsec\"; a "
                           "value with blanks needs quotes", &value[0]);
        return NGX_ERROR;
    }

    if (ngx_http_webhook_verify_conf_enum(
                                     ngx_http_webhook_verify_secret_encodings,
                                     &value[2], 9, encoding)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\", it takes "
                           "\"encoding=utf8|hex|base64|whsec\"",
                           &value[2], &value[0]);
        return NGX_ERROR;
    }

    return NGX_OK;
}
