
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Directives as they are written: each setter checks its own text, what
 * directives mean together is decided in _gate.c.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_compile.h"
#include "ngx_http_webhook_verify_conf.h"


static ngx_int_t ngx_http_webhook_verify_conf_form(ngx_str_t *param,
    ngx_webhook_form_t *form);
static char *ngx_http_webhook_verify_conf_invalid(ngx_conf_t *cf,
    ngx_str_t *param);
static char *ngx_http_webhook_verify_conf_tolerance(ngx_conf_t *cf,
    ngx_str_t *param, ngx_msec_t *tolerance);


static ngx_conf_enum_t  ngx_http_webhook_verify_algorithms[] = {
    { ngx_string("sha256"), NGX_WEBHOOK_SHA256 },
    { ngx_string("sha1"), NGX_WEBHOOK_SHA1 },
    { ngx_string("sha384"), NGX_WEBHOOK_SHA384 },
    { ngx_string("sha512"), NGX_WEBHOOK_SHA512 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_webhook_verify_encodings[] = {
    { ngx_string("hex"), NGX_WEBHOOK_HEX },
    { ngx_string("base64"), NGX_WEBHOOK_BASE64 },
    { ngx_string("base64url"), NGX_WEBHOOK_BASE64URL },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_webhook_verify_units[] = {
    { ngx_string("s"), NGX_WEBHOOK_SECONDS },
    { ngx_string("ms"), NGX_WEBHOOK_MILLISECONDS },
    { ngx_string("rfc3339"), NGX_WEBHOOK_RFC3339 },
    { ngx_null_string, 0 }
};


char *
ngx_http_webhook_verify_conf_preset(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t                   *value;
    const ngx_webhook_preset_t  *data;

    if (wlcf->preset != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        wlcf->preset = NULL;
        return NGX_CONF_OK;
    }

    data = NULL;

    if (ngx_strcmp(value[1].data, "hmac") != 0) {

        data = ngx_webhook_preset_find(&value[1]);

        if (data == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown provider \"%V\" in \"webhook_verify\","
                               " it takes the name of a preset, \"hmac\" for "
                               "any other provider, or \"off\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    wlcf->preset = ngx_http_webhook_verify_compile_preset(cf, &value[1],
                                                          data);
    if (wlcf->preset == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_webhook_verify_conf_signature(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_int_t                         rc;
    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_http_webhook_verify_field_t  *sig;

    if (wlcf->set_signature != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    sig = ngx_palloc(cf->pool, sizeof(ngx_http_webhook_verify_field_t));
    if (sig == NULL) {
        return NGX_CONF_ERROR;
    }

    wlcf->set_signature = sig;
    ngx_http_webhook_verify_field_init(sig);

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_webhook_verify_is(&value[i], "algorithm=")) {
            rc = ngx_http_webhook_verify_conf_enum(
                                           ngx_http_webhook_verify_algorithms,
                                           &value[i], 10, &sig->algorithm);

        } else if (ngx_http_webhook_verify_is(&value[i], "encoding=")) {
            rc = ngx_http_webhook_verify_conf_enum(
                                            ngx_http_webhook_verify_encodings,
                                            &value[i], 9, &sig->encoding);

        } else {
            rc = ngx_http_webhook_verify_conf_form(&value[i], &sig->form);
        }

        if (rc != NGX_OK) {
            return ngx_http_webhook_verify_conf_invalid(cf, &value[i]);
        }
    }

    if (ngx_http_webhook_verify_compile_field(cf, &value[1], sig) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_webhook_verify_conf_timestamp(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_int_t                         rc;
    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_http_webhook_verify_field_t  *time;

    if (wlcf->set_timestamp != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    time = ngx_palloc(cf->pool, sizeof(ngx_http_webhook_verify_field_t));
    if (time == NULL) {
        return NGX_CONF_ERROR;
    }

    wlcf->set_timestamp = time;
    ngx_http_webhook_verify_field_init(time);

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_webhook_verify_is(&value[i], "unit=")) {
            rc = ngx_http_webhook_verify_conf_enum(
                                                ngx_http_webhook_verify_units,
                                                &value[i], 5, &time->unit);

        } else if (ngx_http_webhook_verify_is(&value[i], "tolerance=")) {

            if (ngx_http_webhook_verify_conf_tolerance(cf, &value[i],
                                                       &time->tolerance)
                != NGX_CONF_OK)
            {
                return NGX_CONF_ERROR;
            }

            continue;

        } else {
            rc = ngx_http_webhook_verify_conf_form(&value[i], &time->form);
        }

        if (rc != NGX_OK) {
            return ngx_http_webhook_verify_conf_invalid(cf, &value[i]);
        }
    }

    if (ngx_http_webhook_verify_compile_field(cf, &value[1], time)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_webhook_verify_conf_tolerance(ngx_conf_t *cf, ngx_str_t *param,
    ngx_msec_t *tolerance)
{
    ngx_int_t  ms;
    ngx_str_t  text;

    text.data = param->data + 10;
    text.len = param->len - 10;

    if (text.len == 3 && ngx_strncmp(text.data, "off", 3) == 0) {
        *tolerance = 0;
        return NGX_CONF_OK;
    }

    ms = ngx_parse_time(&text, 0);

    if (ms == NGX_ERROR || ms == 0) {
        return ngx_http_webhook_verify_conf_invalid(cf, param);
    }

    *tolerance = (ngx_msec_t) ms;

    return NGX_CONF_OK;
}


char *
ngx_http_webhook_verify_conf_signed(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t  *value;

    if (wlcf->set_signed != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    wlcf->set_signed = ngx_http_webhook_verify_compile_signed(cf,
                                                                &value[1]);
    if (wlcf->set_signed == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_webhook_verify_conf_id(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t                     *value;
    ngx_http_webhook_verify_id_t  *id;

    if (wlcf->set_ids == NGX_CONF_UNSET_PTR) {
        wlcf->set_ids = ngx_array_create(cf->pool, 1,
                                     sizeof(ngx_http_webhook_verify_id_t));
        if (wlcf->set_ids == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    id = ngx_array_push(wlcf->set_ids);
    if (id == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    if (ngx_http_webhook_verify_compile_id(cf, &value[1],
                                           cf->args->nelts - 1, id)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_webhook_verify_conf_enum(ngx_conf_enum_t *e, ngx_str_t *param,
    size_t skip, ngx_uint_t *value)
{
    for ( /* void */ ; e->name.len; e++) {

        if (e->name.len == param->len - skip
            && ngx_strncmp(e->name.data, param->data + skip, e->name.len)
               == 0)
        {
            *value = e->value;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_webhook_verify_conf_form(ngx_str_t *param, ngx_webhook_form_t *form)
{
    size_t      skip;
    ngx_str_t  *text;

    if (ngx_http_webhook_verify_is(param, "prefix=")) {
        text = &form->prefix;
        skip = sizeof("prefix=") - 1;

    } else if (ngx_http_webhook_verify_is(param, "separator=")) {
        text = &form->separator;
        skip = sizeof("separator=") - 1;

    } else {
        return NGX_DECLINED;
    }

    text->data = param->data + skip;
    text->len = param->len - skip;

    return NGX_OK;
}


static char *
ngx_http_webhook_verify_conf_invalid(ngx_conf_t *cf, ngx_str_t *param)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"%V\"",
                       param, &value[0]);

    return NGX_CONF_ERROR;
}
