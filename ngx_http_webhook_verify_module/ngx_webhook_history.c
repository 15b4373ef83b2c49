
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The last deliveries, in a ring of fixed size.  The lock is held for the
 * copy of one entry, by who writes and by who reads.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_history.h"


static ngx_int_t ngx_webhook_history_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);


static ngx_uint_t  ngx_webhook_history_tag;


ngx_webhook_history_t *
ngx_webhook_history_create(ngx_conf_t *cf, ngx_str_t *name, ngx_uint_t size)
{
    size_t                  len;
    ngx_shm_zone_t         *zone;
    ngx_webhook_history_t  *h;

    h = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_history_t));
    if (h == NULL) {
        return NULL;
    }

    h->size = size;

    /* a slab pool needs some pages for itself, and a few bytes for a page */

    len = size * sizeof(ngx_webhook_history_entry_t);
    len += len / 64 + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, name, len, &ngx_webhook_history_tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = ngx_webhook_history_init_zone;
    zone->data = h;

    return h;
}


static ngx_int_t
ngx_webhook_history_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_webhook_history_t *old = data;

    ngx_webhook_history_t         *h;
    ngx_webhook_history_shared_t  *sh;

    h = shm_zone->data;
    h->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        h->sh = old->sh;
        return NGX_OK;
    }

    if (shm_zone->shm.exists) {
        h->sh = h->shpool->data;
        return NGX_OK;
    }

    sh = ngx_slab_calloc(h->shpool,
                         offsetof(ngx_webhook_history_shared_t, entries)
                         + h->size * sizeof(ngx_webhook_history_entry_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    sh->size = h->size;

    h->sh = sh;
    h->shpool->data = sh;

    return NGX_OK;
}


ngx_uint_t
ngx_webhook_history_text(u_char *to, size_t size, ngx_str_t *text)
{
    size_t  len;

    len = ngx_min(text->len, size - 1);

    to[0] = (u_char) len;
    ngx_memcpy(to + 1, text->data, len);

    return len < text->len;
}


void
ngx_webhook_history_add(ngx_webhook_history_t *h,
    ngx_webhook_history_entry_t *entry)
{
    ngx_webhook_history_shared_t  *sh;

    sh = h->sh;

    ngx_shmtx_lock(&h->shpool->mutex);

    sh->entries[sh->total % sh->size] = *entry;
    sh->total++;

    ngx_shmtx_unlock(&h->shpool->mutex);
}


ngx_int_t
ngx_webhook_history_get(ngx_webhook_history_t *h, ngx_uint_t n,
    ngx_uint_t *total, ngx_webhook_history_entry_t *entry)
{
    ngx_int_t                      rc;
    ngx_webhook_history_shared_t  *sh;

    rc = NGX_DONE;
    sh = h->sh;

    ngx_shmtx_lock(&h->shpool->mutex);

    if (n == 0) {
        *total = sh->total;
    }

    if (n < *total && sh->total - (*total - 1 - n) <= sh->size) {
        *entry = sh->entries[(*total - 1 - n) % sh->size];
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&h->shpool->mutex);

    return rc;
}
