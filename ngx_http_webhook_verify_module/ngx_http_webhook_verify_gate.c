
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * What the directives of a location mean together: a preset overridden by
 * them, keys made of secrets, a store.  Whatever does not make a gate that
 * can be trusted is an error here, so that nginx does not start with it.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_challenge.h"
#include "ngx_http_webhook_verify_conf.h"
#include "ngx_http_webhook_verify_gate.h"
#include "ngx_http_webhook_verify_status.h"
#include "ngx_webhook_secret.h"
#include "ngx_webhook_store_redis.h"


#define NGX_HTTP_WEBHOOK_TOLERANCE  300000


static ngx_uint_t ngx_http_webhook_verify_unused(
    ngx_http_core_loc_conf_t *clcf);
static ngx_int_t ngx_http_webhook_verify_gate_signature(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);
static void ngx_http_webhook_verify_gate_timestamp(
    ngx_http_webhook_verify_loc_conf_t *wlcf);
static void ngx_http_webhook_verify_gate_form(ngx_webhook_form_t *form,
    ngx_webhook_form_t *set, ngx_webhook_form_t *preset);
static ngx_int_t ngx_http_webhook_verify_gate_signed(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);
static ngx_int_t ngx_http_webhook_verify_gate_keys(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);
static ngx_int_t ngx_http_webhook_verify_gate_key(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf,
    ngx_http_webhook_verify_secret_t *secret,
    ngx_http_webhook_verify_key_t *key);
static void ngx_http_webhook_verify_gate_cleanup(void *data);
static ngx_int_t ngx_http_webhook_verify_gate_store(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf,
    ngx_http_core_loc_conf_t *clcf);
static ngx_uint_t ngx_http_webhook_verify_gate_unsigned(
    ngx_http_webhook_verify_loc_conf_t *wlcf);
static void ngx_http_webhook_verify_gate_warn(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);


ngx_int_t
ngx_http_webhook_verify_gate(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_http_webhook_verify_unused(clcf)) {
        return NGX_OK;
    }

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"webhook_verify %V\" cannot be used with "
                           "\"satisfy any\": what another rule allows would "
                           "pass unverified", &wlcf->preset->name);
        return NGX_ERROR;
    }

    wlcf->default_scope = wlcf->preset->name;

    if (wlcf->preset->data->name == NULL) {
        wlcf->default_scope = clcf->name;
    }

    ngx_http_webhook_verify_gate_timestamp(wlcf);

    if (ngx_http_webhook_verify_gate_signature(cf, wlcf) != NGX_OK
        || ngx_http_webhook_verify_gate_signed(cf, wlcf) != NGX_OK
        || ngx_http_webhook_verify_gate_keys(cf, wlcf) != NGX_OK
        || ngx_http_webhook_verify_gate_store(cf, wlcf, clcf) != NGX_OK
        || ngx_http_webhook_verify_gate_challenge(cf, wlcf) != NGX_OK
        || ngx_http_webhook_verify_gate_stats(cf, wlcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (wlcf->store) {
        ngx_http_webhook_verify_gate_warn(cf, wlcf);
    }

    return NGX_OK;
}


/*
 * A server with a "location /" handles no request by its own level, so what
 * is missing there may still be in the locations.
 */

static ngx_uint_t
ngx_http_webhook_verify_unused(ngx_http_core_loc_conf_t *clcf)
{
    ngx_queue_t                *q;
    ngx_http_location_queue_t  *lq;

    if (clcf->name.len) {
        return 0;
    }

    if (clcf->noname) {
        return 1;
    }

    if (clcf->locations == NULL) {
        return 0;
    }

    for (q = ngx_queue_head(clcf->locations);
         q != ngx_queue_sentinel(clcf->locations);
         q = ngx_queue_next(q))
    {
        lq = (ngx_http_location_queue_t *) q;

        if (lq->inclusive && lq->name->len == 1 && lq->name->data[0] == '/')
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_webhook_verify_gate_signature(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_http_webhook_verify_field_t   *set;
    ngx_http_webhook_verify_preset_t  *preset;

    preset = wlcf->preset;
    wlcf->sig = preset->signature;

    set = wlcf->set_signature;

    if (set) {
        wlcf->sig.value = set->value;
        wlcf->sig.header = set->header;

        if (set->algorithm != NGX_CONF_UNSET_UINT) {
            wlcf->sig.algorithm = set->algorithm;
        }

        if (set->encoding != NGX_CONF_UNSET_UINT) {
            wlcf->sig.encoding = set->encoding;
        }

        ngx_http_webhook_verify_gate_form(&wlcf->sig.form, &set->form,
                                          &preset->signature.form);
    }

    if (wlcf->sig.value == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"webhook_verify %V\" needs "
                           "\"webhook_verify_signature\": %s, for example "
                           "\"webhook_verify_signature $http_x_signature;\"",
                           &preset->name,
                           preset->data->name
                           ? "the provider's guide does not name the header"
                           : "the generic scheme knows no header");
        return NGX_ERROR;
    }

    wlcf->digest_len = ngx_webhook_digest_len(wlcf->sig.algorithm);

    return NGX_OK;
}


static void
ngx_http_webhook_verify_gate_timestamp(
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_http_webhook_verify_field_t  *set, *preset;

    preset = &wlcf->preset->timestamp;
    wlcf->time = *preset;

    set = wlcf->set_timestamp;

    if (set == NULL) {
        return;
    }

    wlcf->time.value = set->value;

    if (set->unit != NGX_CONF_UNSET_UINT) {
        wlcf->time.unit = set->unit;
    }

    if (set->tolerance != NGX_CONF_UNSET_MSEC) {
        wlcf->time.tolerance = set->tolerance;

    } else if (preset->value == NULL) {
        wlcf->time.tolerance = NGX_HTTP_WEBHOOK_TOLERANCE;
    }

    ngx_http_webhook_verify_gate_form(&wlcf->time.form, &set->form,
                                      &preset->form);
}


static void
ngx_http_webhook_verify_gate_form(ngx_webhook_form_t *form,
    ngx_webhook_form_t *set, ngx_webhook_form_t *preset)
{
    form->prefix = set->prefix.data ? set->prefix : preset->prefix;
    form->separator = set->separator.data ? set->separator
                                          : preset->separator;
}


static ngx_int_t
ngx_http_webhook_verify_gate_signed(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    const ngx_webhook_preset_t  *data;

    wlcf->signed_bytes = wlcf->set_signed ? wlcf->set_signed
                                          : wlcf->preset->signed_bytes;

    wlcf->ids = wlcf->set_ids ? wlcf->set_ids : wlcf->preset->ids;

    data = wlcf->preset->data;

    if (wlcf->set_signed == NULL && wlcf->url == NULL && data->signed_bytes
        && ngx_strstr(data->signed_bytes, "webhook_verify_url") != NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"webhook_verify %V\" needs "
                           "\"webhook_verify_url\": the provider signs the "
                           "URL that it was given for its deliveries",
                           &wlcf->preset->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_gate_keys(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_uint_t                         i;
    ngx_pool_cleanup_t                *cln;
    ngx_http_webhook_verify_key_t     *key;
    ngx_http_webhook_verify_secret_t  *secret;

    if (wlcf->secrets == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"webhook_verify %V\" has no secret, it needs "
                           "\"webhook_verify_secret\" or "
                           "\"webhook_verify_secret_file\"",
                           &wlcf->preset->name);
        return NGX_ERROR;
    }

    wlcf->keys = ngx_array_create(cf->pool, wlcf->secrets->nelts,
                                  sizeof(ngx_http_webhook_verify_key_t));
    if (wlcf->keys == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_webhook_verify_gate_cleanup;
    cln->data = wlcf->keys;

    secret = wlcf->secrets->elts;

    for (i = 0; i < wlcf->secrets->nelts; i++) {

        key = ngx_array_push(wlcf->keys);
        if (key == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(key, sizeof(ngx_http_webhook_verify_key_t));

        if (ngx_http_webhook_verify_gate_key(cf, wlcf, &secret[i], key)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_gate_key(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf,
    ngx_http_webhook_verify_secret_t *secret,
    ngx_http_webhook_verify_key_t *key)
{
    ngx_int_t                             rc;
    ngx_str_t                             text;
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    key->value = secret->value;
    key->encoding = secret->encoding;

    if (key->encoding == NGX_CONF_UNSET_UINT) {
        key->encoding = wlcf->preset->data->secret;
    }

    if (!secret->fixed) {
        return NGX_OK;
    }

    rc = ngx_webhook_secret_decode(cf->pool, key->encoding,
                                   &secret->value->value, &text);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a secret of \"webhook_verify %V\", in "
                           "\"%s%V\", is not in the encoding that it is "
                           "given in, see its parameter \"encoding=\"",
                           &wlcf->preset->name,
                           secret->file.len ? "webhook_verify_secret_file "
                                            : "webhook_verify_secret",
                           &secret->file);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_webhook_secret_blank(&text)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "a secret of \"webhook_verify %V\" begins or ends "
                           "with a blank or newline, which is taken for a "
                           "part of it", &wlcf->preset->name);
    }

    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);

    key->mac = ngx_webhook_mac_create(wmcf->crypto, wlcf->sig.algorithm,
                                      &text);
    if (key->mac == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "OpenSSL could not make a key of a secret of "
                           "\"webhook_verify %V\"", &wlcf->preset->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_webhook_verify_gate_cleanup(void *data)
{
    ngx_array_t *keys = data;

    ngx_uint_t                      i;
    ngx_http_webhook_verify_key_t  *key;

    key = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        if (key[i].mac) {
            ngx_webhook_mac_free(key[i].mac);
        }
    }
}


static ngx_int_t
ngx_http_webhook_verify_gate_store(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf,
    ngx_http_core_loc_conf_t *clcf)
{
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    static ngx_str_t  name = ngx_string("webhook_verify");

    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);

    if (wlcf->store == NGX_CONF_UNSET_PTR) {

        if (wmcf->zone == NULL) {
            wmcf->zone = ngx_http_webhook_verify_conf_zone(cf, &name, 0);
            if (wmcf->zone == NULL) {
                return NGX_ERROR;
            }
        }

        wlcf->store = wmcf->zone;
    }

    if (wlcf->store && wlcf->store->exit) {

        wlcf->redis.timeout = wlcf->store_timeout;

        wlcf->store = ngx_http_webhook_verify_conf_redis(cf, wlcf->store,
                                                         &wlcf->redis);
        if (wlcf->store == NULL
            || ngx_webhook_store_redis_options(cf, wlcf->store, &wlcf->redis,
                                               clcf->resolver,
                                               clcf->resolver_timeout)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    wlcf->leases = ngx_webhook_lease_create(cf, wlcf->store, wlcf->lease);

    return wlcf->leases ? NGX_OK : NGX_ERROR;
}


/*
 * Is there a part of an id that is neither in the body nor in the template
 * of the signed bytes?
 */

static ngx_uint_t
ngx_http_webhook_verify_gate_unsigned(
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_str_t                        name, *text;
    ngx_uint_t                       i, n;
    ngx_http_webhook_verify_id_t    *id;
    ngx_http_webhook_verify_part_t  *part;

    id = wlcf->set_ids->elts;

    for (i = 0; i < wlcf->set_ids->nelts; i++) {

        part = id[i].parts;

        for (n = 0; n < id[i].nparts; n++) {

            name = part[n].text;

            if (part[n].pointer.ntokens || name.data[0] != '$') {
                continue;
            }

            while (name.len && (name.data[0] == '$' || name.data[0] == '{')) {
                name.data++;
                name.len--;
            }

            if (name.len && name.data[name.len - 1] == '}') {
                name.len--;
            }

            text = wlcf->signed_bytes ? &wlcf->signed_bytes->text : NULL;

            if (text == NULL || name.len == 0 || name.len > text->len
                || ngx_strlcasestrn(text->data, text->data + text->len,
                                    name.data, name.len - 1)
                   == NULL)
            {
                return 1;
            }
        }
    }

    return 0;
}


/* what works, but hardly as it was meant */

static void
ngx_http_webhook_verify_gate_warn(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_str_t                   *name;
    const ngx_webhook_preset_t  *data;

    name = &wlcf->preset->name;
    data = wlcf->preset->data;

    if (wlcf->set_ids ? ngx_http_webhook_verify_gate_unsigned(wlcf)
                      : (wlcf->ids && !data->id_signed))
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the id of \"webhook_verify %V\" is not signed: "
                           "who replays a delivery can change it and is not "
                           "found to be a duplicate", name);
    }

    if (wlcf->time.value && wlcf->window < 2 * wlcf->time.tolerance) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"webhook_verify_window\" of "
                           "\"webhook_verify %V\" is shorter than twice the "
                           "tolerance of its timestamp: a delivery can be "
                           "replayed when it is forgotten", name);
    }

    if (data->horizon && wlcf->window / 1000 < data->horizon) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"webhook_verify_window\" of "
                           "\"webhook_verify %V\" is shorter than %uis, for "
                           "which the provider repeats a delivery",
                           name, data->horizon);
    }

    if (wlcf->lease < 1000 || wlcf->lease > wlcf->window) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"webhook_verify_lease\" of %Mms is %s",
                           wlcf->lease, wlcf->lease < 1000
                           ? "so short that a claim may be lost while its "
                             "request lives"
                           : "longer than \"webhook_verify_window\"");
    }
}
