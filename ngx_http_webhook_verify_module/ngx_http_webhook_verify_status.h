
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_STATUS_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_STATUS_H_INCLUDED_


#include "ngx_http_webhook_verify_module.h"
#include "ngx_webhook_out.h"


/* the formats of a status page */

enum {
    NGX_HTTP_WEBHOOK_STATUS_OFF = 0,
    NGX_HTTP_WEBHOOK_STATUS_JSON,
    NGX_HTTP_WEBHOOK_STATUS_PROMETHEUS,
    NGX_HTTP_WEBHOOK_STATUS_HTML
};


/* setters of directives */

char *ngx_http_webhook_verify_conf_status_page(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_webhook_verify_conf_history(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* a location with a status page is no gate, whatever it would inherit */

ngx_int_t ngx_http_webhook_verify_status_merge(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *prev,
    ngx_http_webhook_verify_loc_conf_t *conf);

/* counters for a gate, and memory for them all */

ngx_int_t ngx_http_webhook_verify_gate_stats(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf);
ngx_int_t ngx_http_webhook_verify_status_init(ngx_conf_t *cf);


ngx_int_t ngx_http_webhook_verify_status_handler(ngx_http_request_t *r);

/* a request with DELETE that asks to forget an event */

ngx_int_t ngx_http_webhook_verify_forget(ngx_http_request_t *r);

/* "policy" is that of a browser for the contents, NULL: nothing is loaded */

ngx_int_t ngx_http_webhook_verify_status_send(ngx_http_request_t *r,
    ngx_uint_t status, const char *type, ngx_str_t *policy,
    ngx_webhook_out_t *out);


/* the formats */

void ngx_http_webhook_verify_status_json(ngx_webhook_out_t *out,
    ngx_http_webhook_verify_main_conf_t *wmcf);
void ngx_http_webhook_verify_status_prometheus(ngx_webhook_out_t *out,
    ngx_http_webhook_verify_main_conf_t *wmcf);
void ngx_http_webhook_verify_status_html(ngx_webhook_out_t *out,
    ngx_str_t *nonce);


/* what they share: a copy of the counters of a gate, and the words */

void ngx_http_webhook_verify_status_read(ngx_webhook_stats_row_t *row,
    ngx_uint_t *counters);

/* those that are a result; the sum is what the gate has judged */

ngx_uint_t ngx_http_webhook_verify_status_received(ngx_uint_t *counters);

extern const char  *ngx_http_webhook_verify_status_errors[];


/* the handler of the log phase */

ngx_int_t ngx_http_webhook_verify_history_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_STATUS_H_INCLUDED_ */
