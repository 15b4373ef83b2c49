
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_CONF_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_CONF_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"


/* setters of directives, for the table in _module.c */

char *ngx_http_webhook_verify_conf_preset(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_webhook_verify_conf_secret(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_webhook_verify_conf_secret_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_webhook_verify_conf_signature(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_webhook_verify_conf_timestamp(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_webhook_verify_conf_signed(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_webhook_verify_conf_id(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_webhook_verify_conf_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_webhook_verify_conf_store_error(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* a time in ms; with anything in cmd->post it must not be 0 */

char *ngx_http_webhook_verify_conf_time(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* a status out of those in cmd->post, which end with a range from 0 */

typedef struct {
    const char  *text;

    struct {
        ngx_int_t  low;
        ngx_int_t  high;
    } ranges[5];
} ngx_http_webhook_verify_status_t;

char *ngx_http_webhook_verify_conf_status(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


/* does a parameter begin with this text? */

#define ngx_http_webhook_verify_is(param, text)                               \
    ((param)->len >= sizeof(text) - 1                                         \
     && ngx_strncmp((param)->data, text, sizeof(text) - 1) == 0)

/* the value behind the first "skip" characters; NGX_OK or NGX_DECLINED */

ngx_int_t ngx_http_webhook_verify_conf_enum(ngx_conf_enum_t *e,
    ngx_str_t *param, size_t skip, ngx_uint_t *value);

/*
 * A store in the same Redis with this timeout: each has a connection, as one
 * that is slow for one location need not be so for another.
 */

ngx_webhook_store_t *ngx_http_webhook_verify_conf_redis(ngx_conf_t *cf,
    ngx_webhook_store_t *store, ngx_webhook_redis_options_t *options);

/* the zone of the default store */

ngx_webhook_store_t *ngx_http_webhook_verify_conf_zone(ngx_conf_t *cf,
    ngx_str_t *name, size_t size);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_CONF_H_INCLUDED_ */
