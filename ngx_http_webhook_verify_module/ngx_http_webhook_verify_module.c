
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_access.h"
#include "ngx_http_webhook_verify_challenge.h"
#include "ngx_http_webhook_verify_conf.h"
#include "ngx_http_webhook_verify_gate.h"
#include "ngx_http_webhook_verify_json_set.h"
#include "ngx_http_webhook_verify_status.h"
#include "ngx_http_webhook_verify_variables.h"
#include "ngx_webhook_store_shm.h"


#define NGX_HTTP_WEBHOOK_ZONE_SIZE  (10 * 1024 * 1024)

#define NGX_HTTP_WEBHOOK_CONF                                                 \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_int_t ngx_http_webhook_verify_init(ngx_conf_t *cf);
static void *ngx_http_webhook_verify_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_webhook_verify_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_webhook_verify_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static void ngx_http_webhook_verify_exit_process(ngx_cycle_t *cycle);


static ngx_http_webhook_verify_status_t
    ngx_http_webhook_verify_duplicate_statuses = {
    "200-299 or 409", { { 200, 299 }, { 409, 409 }, { 0, 0 } }
};


static ngx_http_webhook_verify_status_t
    ngx_http_webhook_verify_in_flight_statuses = {
    "409, 425, 429 or 503",
    { { 409, 409 }, { 425, 425 }, { 429, 429 }, { 503, 503 }, { 0, 0 } }
};


static ngx_command_t  ngx_http_webhook_verify_commands[] = {

    { ngx_string("webhook_verify"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_preset,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_secret"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE12,
      ngx_http_webhook_verify_conf_secret,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_secret_file"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE12,
      ngx_http_webhook_verify_conf_secret_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_signature"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_1MORE,
      ngx_http_webhook_verify_conf_signature,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_signed"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_signed,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_timestamp"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_1MORE,
      ngx_http_webhook_verify_conf_timestamp,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_url"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, url),
      NULL },

    { ngx_string("webhook_verify_id"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_1MORE,
      ngx_http_webhook_verify_conf_id,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_json_set"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_webhook_verify_conf_json_set,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_scope"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, scope),
      NULL },

    { ngx_string("webhook_verify_challenge"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE12,
      ngx_http_webhook_verify_conf_challenge,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_store"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_store_timeout"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_time,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, store_timeout),
      "not 0" },

    { ngx_string("webhook_verify_store_error"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_store_error,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_redis_password_file"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, redis.password_file),
      NULL },

    { ngx_string("webhook_verify_redis_ssl_trusted_certificate"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t,
               redis.tls.trusted_certificate),
      NULL },

    { ngx_string("webhook_verify_redis_ssl_certificate"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, redis.tls.certificate),
      NULL },

    { ngx_string("webhook_verify_redis_ssl_certificate_key"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, redis.tls.certificate_key),
      NULL },

    { ngx_string("webhook_verify_redis_ssl_name"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, redis.tls.name),
      NULL },

    { ngx_string("webhook_verify_redis_ssl_verify"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, redis.tls.verify),
      NULL },

    { ngx_string("webhook_verify_window"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_time,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, window),
      "not 0" },

    { ngx_string("webhook_verify_lease"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_time,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, lease),
      "not 0" },

    { ngx_string("webhook_verify_retry_after"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_time,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, retry_after),
      NULL },

    { ngx_string("webhook_verify_duplicate_status"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, duplicate_status),
      &ngx_http_webhook_verify_duplicate_statuses },

    { ngx_string("webhook_verify_in_flight_status"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, in_flight_status),
      &ngx_http_webhook_verify_in_flight_statuses },

    { ngx_string("webhook_verify_dry_run"),
      NGX_HTTP_WEBHOOK_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_webhook_verify_loc_conf_t, dry_run),
      NULL },

    { ngx_string("webhook_verify_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_http_webhook_verify_conf_status_page,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("webhook_verify_history"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_webhook_verify_conf_history,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_webhook_verify_module_ctx = {
    ngx_http_webhook_verify_add_variables, /* preconfiguration */
    ngx_http_webhook_verify_init,          /* postconfiguration */

    ngx_http_webhook_verify_create_main_conf,  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_webhook_verify_create_loc_conf,   /* create location conf. */
    ngx_http_webhook_verify_merge_loc_conf     /* merge location conf. */
};


ngx_module_t  ngx_http_webhook_verify_module = {
    NGX_MODULE_V1,
    &ngx_http_webhook_verify_module_ctx,   /* module context */
    ngx_http_webhook_verify_commands,      /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_webhook_verify_exit_process,  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_webhook_verify_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_webhook_verify_main_conf_t  *wmcf;

    wmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_webhook_verify_main_conf_t));
    if (wmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     wmcf->zone = NULL;
     *     wmcf->json_sets = 0;
     *     wmcf->history = NULL;
     *     wmcf->tokens = 0;
     */

    if (ngx_array_init(&wmcf->stores, cf->pool, 1,
                       sizeof(ngx_webhook_store_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&wmcf->zones, cf->pool, 1,
                       sizeof(ngx_webhook_store_t *))
        != NGX_OK)
    {
        return NULL;
    }

    wmcf->crypto = ngx_webhook_crypto_create(cf->pool);
    if (wmcf->crypto == NULL) {
        return NULL;
    }

    wmcf->stats = ngx_webhook_stats_create(cf);
    if (wmcf->stats == NULL) {
        return NULL;
    }

    wmcf->history_size = NGX_CONF_UNSET;

    return wmcf;
}


static void *
ngx_http_webhook_verify_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_webhook_verify_loc_conf_t  *wlcf;

    wlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_webhook_verify_loc_conf_t));
    if (wlcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     wlcf->redis = { ... };
     *
     * and by ngx_http_webhook_verify_gate():
     *
     *     wlcf->sig
     *     wlcf->time
     *     wlcf->signed_bytes = NULL;
     *     wlcf->ids = NULL;
     *     wlcf->digest_len = 0;
     *     wlcf->keys = NULL;
     *     wlcf->default_scope = { 0, NULL };
     *     wlcf->leases = NULL;
     *     wlcf->location = { 0, NULL };
     *     wlcf->stats = NULL;
     *
     * not inherited:
     *
     *     wlcf->status = NGX_HTTP_WEBHOOK_STATUS_OFF;
     *     wlcf->forget = 0;
     */

    wlcf->preset = NGX_CONF_UNSET_PTR;
    wlcf->secrets = NGX_CONF_UNSET_PTR;
    wlcf->set_signature = NGX_CONF_UNSET_PTR;
    wlcf->set_timestamp = NGX_CONF_UNSET_PTR;
    wlcf->set_signed = NGX_CONF_UNSET_PTR;
    wlcf->set_ids = NGX_CONF_UNSET_PTR;
    wlcf->scope = NGX_CONF_UNSET_PTR;
    wlcf->url = NGX_CONF_UNSET_PTR;
    wlcf->store = NGX_CONF_UNSET_PTR;
    wlcf->redis.tls.verify = NGX_CONF_UNSET;
    wlcf->store_timeout = NGX_CONF_UNSET_MSEC;
    wlcf->window = NGX_CONF_UNSET_MSEC;
    wlcf->lease = NGX_CONF_UNSET_MSEC;
    wlcf->retry_after = NGX_CONF_UNSET_MSEC;
    wlcf->store_error = NGX_CONF_UNSET_UINT;
    wlcf->duplicate_status = NGX_CONF_UNSET_UINT;
    wlcf->in_flight_status = NGX_CONF_UNSET_UINT;
    wlcf->challenge = NGX_CONF_UNSET;
    wlcf->challenge_token = NGX_CONF_UNSET_PTR;
    wlcf->dry_run = NGX_CONF_UNSET;

    return wlcf;
}


static char *
ngx_http_webhook_verify_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_webhook_verify_loc_conf_t *prev = parent;
    ngx_http_webhook_verify_loc_conf_t *conf = child;

    if (ngx_http_webhook_verify_status_merge(cf, prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_ptr_value(conf->preset, prev->preset, NULL);
    ngx_conf_merge_ptr_value(conf->secrets, prev->secrets, NULL);
    ngx_conf_merge_ptr_value(conf->set_signature, prev->set_signature, NULL);
    ngx_conf_merge_ptr_value(conf->set_timestamp, prev->set_timestamp, NULL);
    ngx_conf_merge_ptr_value(conf->set_signed, prev->set_signed, NULL);
    ngx_conf_merge_ptr_value(conf->set_ids, prev->set_ids, NULL);
    ngx_conf_merge_ptr_value(conf->scope, prev->scope, NULL);
    ngx_conf_merge_ptr_value(conf->url, prev->url, NULL);
    ngx_conf_merge_ptr_value(conf->store, prev->store, NGX_CONF_UNSET_PTR);
    ngx_conf_merge_msec_value(conf->store_timeout, prev->store_timeout, 500);
    ngx_conf_merge_str_value(conf->redis.password_file,
                             prev->redis.password_file, "");
    ngx_conf_merge_str_value(conf->redis.tls.trusted_certificate,
                             prev->redis.tls.trusted_certificate, "");
    ngx_conf_merge_str_value(conf->redis.tls.certificate,
                             prev->redis.tls.certificate, "");
    ngx_conf_merge_str_value(conf->redis.tls.certificate_key,
                             prev->redis.tls.certificate_key, "");
    ngx_conf_merge_str_value(conf->redis.tls.name, prev->redis.tls.name, "");
    ngx_conf_merge_value(conf->redis.tls.verify, prev->redis.tls.verify, 1);
    ngx_conf_merge_msec_value(conf->window, prev->window, 604800000);
    ngx_conf_merge_msec_value(conf->lease, prev->lease, 30000);
    ngx_conf_merge_msec_value(conf->retry_after, prev->retry_after, 5000);
    ngx_conf_merge_uint_value(conf->store_error, prev->store_error,
                              NGX_HTTP_WEBHOOK_STORE_REJECT);
    ngx_conf_merge_uint_value(conf->duplicate_status, prev->duplicate_status,
                              NGX_HTTP_OK);
    ngx_conf_merge_uint_value(conf->in_flight_status, prev->in_flight_status,
                              NGX_HTTP_SERVICE_UNAVAILABLE);

    ngx_conf_merge_value(conf->challenge, prev->challenge, 0);
    ngx_conf_merge_ptr_value(conf->challenge_token, prev->challenge_token,
                             NULL);

    ngx_conf_merge_value(conf->dry_run, prev->dry_run, 0);

    if (conf->preset && conf->status == NGX_HTTP_WEBHOOK_STATUS_OFF
        && ngx_http_webhook_verify_gate(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_webhook_verify_init(ngx_conf_t *cf)
{
    ngx_uint_t                             i;
    ngx_http_handler_pt                   *h;
    ngx_webhook_store_t                  **zone;
    ngx_http_core_main_conf_t             *cmcf;
    ngx_http_webhook_verify_main_conf_t   *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_webhook_verify_module);

    zone = wmcf->zones.elts;

    for (i = 0; i < wmcf->zones.nelts; i++) {

        if (ngx_webhook_store_shm_size(cf, zone[i],
                                       zone[i] == wmcf->zone
                                       ? NGX_HTTP_WEBHOOK_ZONE_SIZE : 0)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_webhook_verify_status_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_webhook_verify_access_handler;

    return NGX_OK;
}


static void
ngx_http_webhook_verify_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                             i;
    ngx_webhook_store_t                  **store;
    ngx_http_webhook_verify_main_conf_t   *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_webhook_verify_module);

    if (wmcf == NULL) {
        return;
    }

    store = wmcf->stores.elts;

    for (i = 0; i < wmcf->stores.nelts; i++) {
        store[i]->exit(store[i]);
    }
}
