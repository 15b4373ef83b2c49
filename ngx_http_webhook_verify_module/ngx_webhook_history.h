
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_HISTORY_H_INCLUDED_
#define _NGX_WEBHOOK_HISTORY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_hmac.h"


/* bytes that are kept of texts, the first byte is the length */

#define NGX_WEBHOOK_HISTORY_PROVIDER  31
#define NGX_WEBHOOK_HISTORY_LOCATION  63
#define NGX_WEBHOOK_HISTORY_ID        127


/* a delivery that came to its end */

typedef struct {
    int64_t            time;             /* ms since the Epoch */
    off_t              body;             /* bytes, -1: not known */
    ngx_msec_int_t     upstream_time;    /* ms, -1: it was not asked */
    ngx_msec_int_t     store_time;       /* the same */
    ngx_msec_int_t     request_time;
    ngx_uint_t         result;
    ngx_uint_t         status;
    ngx_uint_t         secret;           /* that matched, 0: none */
    unsigned           dry_run:1;        /* passed on because of it */
    unsigned           cut:1;            /* the id was longer */
    unsigned           keyed:1;          /* there is a digest */
    u_char             digest[2 * NGX_WEBHOOK_SHA256_LEN];
    u_char             provider[1 + NGX_WEBHOOK_HISTORY_PROVIDER];
    u_char             location[1 + NGX_WEBHOOK_HISTORY_LOCATION];
    u_char             id[1 + NGX_WEBHOOK_HISTORY_ID];
} ngx_webhook_history_entry_t;


/* a ring of the last ones, in shared memory */

typedef struct {
    ngx_uint_t                    total;      /* that there ever were */
    ngx_uint_t                    size;
    ngx_webhook_history_entry_t   entries[1];
} ngx_webhook_history_shared_t;

typedef struct {
    ngx_webhook_history_shared_t  *sh;
    ngx_slab_pool_t               *shpool;
    ngx_uint_t                     size;
} ngx_webhook_history_t;


ngx_webhook_history_t *ngx_webhook_history_create(ngx_conf_t *cf,
    ngx_str_t *name, ngx_uint_t size);

/* a text into one of an entry; true if it had to be cut */

ngx_uint_t ngx_webhook_history_text(u_char *to, size_t size, ngx_str_t *text);

void ngx_webhook_history_add(ngx_webhook_history_t *h,
    ngx_webhook_history_entry_t *entry);

/*
 * A copy of the entry that came "n" before the last; NGX_OK or NGX_DONE.
 * "total" keeps what was the last when "n" was 0: others come meanwhile.
 */

ngx_int_t ngx_webhook_history_get(ngx_webhook_history_t *h, ngx_uint_t n,
    ngx_uint_t *total, ngx_webhook_history_entry_t *entry);


#endif /* _NGX_WEBHOOK_HISTORY_H_INCLUDED_ */
