
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Renewal of claims while their requests live.  As all claims here have the
 * same interval, the one that was renewed last is due last: a queue is all
 * the order that is needed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_webhook_lease.h"
#include "ngx_webhook_stats.h"


/* a renewal may fail twice before the claim is lost */

#define NGX_WEBHOOK_LEASE_RENEWALS  3


static void ngx_webhook_lease_handler(ngx_event_t *ev);
static void ngx_webhook_lease_cleanup(void *data);


ngx_webhook_lease_t *
ngx_webhook_lease_create(ngx_conf_t *cf, ngx_webhook_store_t *store,
    ngx_msec_t lease)
{
    ngx_pool_cleanup_t   *cln;
    ngx_webhook_lease_t  *l;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_webhook_lease_t));
    if (cln == NULL) {
        return NULL;
    }

    l = cln->data;
    ngx_memzero(l, sizeof(ngx_webhook_lease_t));

    cln->handler = ngx_webhook_lease_cleanup;

    l->ident = -1;
    l->interval = lease / NGX_WEBHOOK_LEASE_RENEWALS;

    if (l->interval == 0) {
        l->interval = 1;
    }

    ngx_queue_init(&l->claims);

    if (store) {
        ngx_queue_insert_tail(&store->leases, &l->queue);
    }

    l->event.handler = ngx_webhook_lease_handler;
    l->event.data = l;
    l->event.log = &cf->cycle->new_log;
    l->event.cancelable = 1;

    return l;
}


void
ngx_webhook_lease_add(ngx_webhook_lease_t *lease, ngx_webhook_claim_t *claim)
{
    claim->renew = ngx_current_msec + lease->interval;

    ngx_queue_insert_tail(&lease->claims, &claim->queue);

    /* a timer that is left over from claims that are gone finds out itself */

    if (!lease->event.timer_set) {
        ngx_add_timer(&lease->event, lease->interval);
    }
}


void
ngx_webhook_lease_remove(ngx_webhook_claim_t *claim)
{
    ngx_queue_remove(&claim->queue);
}


ngx_uint_t
ngx_webhook_lease_live(ngx_webhook_store_t *store, ngx_uint_t renew)
{
    ngx_uint_t            live;
    ngx_queue_t          *q, *c;
    ngx_webhook_claim_t  *claim;
    ngx_webhook_lease_t  *lease;

    live = 0;

    for (q = ngx_queue_head(&store->leases);
         q != ngx_queue_sentinel(&store->leases);
         q = ngx_queue_next(q))
    {
        lease = ngx_queue_data(q, ngx_webhook_lease_t, queue);

        for (c = ngx_queue_head(&lease->claims);
             c != ngx_queue_sentinel(&lease->claims);
             c = ngx_queue_next(c))
        {
            live = 1;

            if (!renew) {
                return live;
            }

            claim = ngx_queue_data(c, ngx_webhook_claim_t, queue);
            store->renew(claim);
        }
    }

    return live;
}


static void
ngx_webhook_lease_handler(ngx_event_t *ev)
{
    ngx_queue_t          *q;
    ngx_msec_int_t        left;
    ngx_webhook_claim_t  *claim;
    ngx_webhook_lease_t  *lease;

    lease = ev->data;

    while (!ngx_queue_empty(&lease->claims)) {

        q = ngx_queue_head(&lease->claims);
        claim = ngx_queue_data(q, ngx_webhook_claim_t, queue);

        left = (ngx_msec_int_t) (claim->renew - ngx_current_msec);

        if (left > 0) {
            ngx_add_timer(ev, (ngx_msec_t) left);
            return;
        }

        ngx_queue_remove(q);

        claim->renew = ngx_current_msec + lease->interval;
        ngx_queue_insert_tail(&lease->claims, q);

        ngx_webhook_stats_count(claim->stats, NGX_WEBHOOK_STATS_RENEWALS);

        claim->store->renew(claim);
    }
}


/* a single process outlives its configuration */

static void
ngx_webhook_lease_cleanup(void *data)
{
    ngx_webhook_lease_t *lease = data;

    if (lease->event.timer_set) {
        ngx_del_timer(&lease->event);
    }
}
