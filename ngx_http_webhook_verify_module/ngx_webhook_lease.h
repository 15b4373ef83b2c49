
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_LEASE_H_INCLUDED_
#define _NGX_WEBHOOK_LEASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_store.h"


/*
 * The live claims of a worker that share a lease time, in the order in which
 * they are due for renewal: one timer serves them all.
 */

typedef struct {
    /* the event is logged as if this were an ngx_connection_t */
    void         *dummy[3];
    ngx_int_t     ident;

    ngx_msec_t    interval;
    ngx_queue_t   claims;
    ngx_queue_t   queue;       /* of the store */
    ngx_event_t   event;
} ngx_webhook_lease_t;


/* at configuration time; "lease" in ms, "store" may be NULL */

ngx_webhook_lease_t *ngx_webhook_lease_create(ngx_conf_t *cf,
    ngx_webhook_store_t *store, ngx_msec_t lease);

/* a claim is renewed from its _add() to its _remove() */

void ngx_webhook_lease_add(ngx_webhook_lease_t *lease,
    ngx_webhook_claim_t *claim);
void ngx_webhook_lease_remove(ngx_webhook_claim_t *claim);

/* true if the store has claims; with "renew" they all are renewed now */

ngx_uint_t ngx_webhook_lease_live(ngx_webhook_store_t *store,
    ngx_uint_t renew);


#endif /* _NGX_WEBHOOK_LEASE_H_INCLUDED_ */
