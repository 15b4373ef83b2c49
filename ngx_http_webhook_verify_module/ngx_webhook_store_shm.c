
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The store of a single host: what a claim, a renewal, a commit and a
 * release do to a key in shared memory.  Each is done when it returns.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_shm.h"
#include "ngx_webhook_stats.h"
#include "ngx_webhook_store_shm.h"


typedef struct {
    ngx_webhook_store_t    store;      /* must be first */
    ngx_webhook_shm_t      shm;
    ngx_shm_zone_t        *zone;
    ngx_webhook_crypto_t  *crypto;
} ngx_webhook_store_shm_t;


static ngx_int_t ngx_webhook_shm_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);

static ngx_int_t ngx_webhook_shm_claim(ngx_webhook_claim_t *claim);
static void ngx_webhook_shm_cancel(ngx_webhook_claim_t *claim);
static void ngx_webhook_shm_renew(ngx_webhook_claim_t *claim);
static void ngx_webhook_shm_commit(ngx_webhook_claim_t *claim,
    ngx_uint_t status);
static void ngx_webhook_shm_release(ngx_webhook_claim_t *claim);

static ngx_int_t ngx_webhook_shm_hash(ngx_webhook_claim_t *claim);
static ngx_uint_t ngx_webhook_shm_ours(ngx_webhook_shm_node_t *node,
    ngx_webhook_claim_t *claim);


ngx_webhook_store_t *
ngx_webhook_store_shm_create(ngx_conf_t *cf, ngx_webhook_crypto_t *crypto,
    ngx_str_t *name, size_t size, void *tag)
{
    ngx_shm_zone_t           *shm_zone;
    ngx_webhook_store_shm_t  *ss;

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);
    if (shm_zone == NULL) {
        return NULL;
    }

    if (shm_zone->data) {
        ss = shm_zone->data;
        return &ss->store;
    }

    ss = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_store_shm_t));
    if (ss == NULL) {
        return NULL;
    }

    ss->zone = shm_zone;
    ss->shm.name = *name;
    ss->crypto = crypto;

    ss->store.claim = ngx_webhook_shm_claim;
    ss->store.cancel = ngx_webhook_shm_cancel;
    ss->store.renew = ngx_webhook_shm_renew;
    ss->store.commit = ngx_webhook_shm_commit;
    ss->store.release = ngx_webhook_shm_release;
    ss->store.name = *name;
    ss->store.data = &ss->shm;

    ngx_queue_init(&ss->store.leases);

    shm_zone->init = ngx_webhook_shm_init_zone;
    shm_zone->data = ss;

    return &ss->store;
}


ngx_int_t
ngx_webhook_store_shm_size(ngx_conf_t *cf, ngx_webhook_store_t *store,
    size_t size)
{
    ngx_webhook_store_shm_t  *ss;

    ss = (ngx_webhook_store_shm_t *) store;

    if (ss->zone->shm.size == 0) {
        ss->zone->shm.size = size;
    }

    if (ss->zone->shm.size == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" of \"webhook_verify_store\" has no "
                           "size anywhere, try \"zone=%V:10m\"",
                           &store->name, &store->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_webhook_store_shm_usage(ngx_webhook_store_t *store,
    ngx_webhook_shm_usage_t *usage)
{
    ngx_webhook_shm_t  *shm;

    shm = store->data;

    ngx_webhook_shm_lock(shm);

    usage->room = shm->sh->size;
    usage->keys = shm->sh->keys;
    usage->evictions = shm->sh->evictions;

    ngx_webhook_shm_unlock(shm);
}


ngx_int_t
ngx_webhook_store_shm_forget(ngx_webhook_store_t *store, ngx_str_t *key)
{
    ngx_int_t                rc;
    ngx_webhook_shm_t       *shm;
    ngx_webhook_claim_t      claim;
    ngx_webhook_shm_node_t  *node;

    shm = store->data;

    ngx_memzero(&claim, sizeof(ngx_webhook_claim_t));

    claim.store = store;
    claim.key = *key;

    if (ngx_webhook_shm_hash(&claim) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_webhook_shm_lock(shm);

    node = ngx_webhook_shm_lookup(shm, claim.digest);

    if (node == NULL || ngx_webhook_shm_expired(node)) {
        rc = NGX_DECLINED;

    } else if (!node->done) {
        rc = NGX_BUSY;

    } else {
        ngx_webhook_shm_remove(shm, node);
        rc = NGX_OK;
    }

    ngx_webhook_shm_unlock(shm);

    return rc;
}


static ngx_int_t
ngx_webhook_shm_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_webhook_store_shm_t  *old = data;

    ngx_webhook_shm_t        *shm;
    ngx_webhook_store_shm_t  *ss;

    ss = shm_zone->data;
    shm = &ss->shm;

    shm->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        shm->sh = old->shm.sh;
        return NGX_OK;
    }

    if (shm_zone->shm.exists) {
        shm->sh = shm->shpool->data;
        return NGX_OK;
    }

    return ngx_webhook_shm_init(shm);
}


static ngx_int_t
ngx_webhook_shm_claim(ngx_webhook_claim_t *claim)
{
    ngx_int_t                rc;
    ngx_webhook_shm_t       *shm;
    ngx_webhook_shm_node_t  *node;

    shm = claim->store->data;

    if (ngx_webhook_shm_hash(claim) != NGX_OK) {
        return NGX_WEBHOOK_STORE_ERROR;
    }

    ngx_webhook_shm_lock(shm);

    node = ngx_webhook_shm_lookup(shm, claim->digest);

    if (node && !ngx_webhook_shm_expired(node)) {
        rc = node->done ? NGX_WEBHOOK_DONE : NGX_WEBHOOK_IN_FLIGHT;
        goto done;
    }

    if (node) {
        ngx_queue_remove(&node->queue);

    } else {
        node = ngx_webhook_shm_add(shm, claim->digest);
        if (node == NULL) {
            claim->error = NGX_WEBHOOK_ERROR_FULL;
            rc = NGX_WEBHOOK_STORE_ERROR;
            goto done;
        }
    }

    node->done = 0;
    node->expire = ngx_current_msec + claim->lease;
    ngx_memcpy(node->token, claim->token, NGX_WEBHOOK_TOKEN_LEN);
    ngx_queue_insert_tail(&shm->sh->claims, &node->queue);

    rc = NGX_WEBHOOK_CLAIMED;

done:

    ngx_webhook_shm_unlock(shm);

    return rc;
}


static void
ngx_webhook_shm_cancel(ngx_webhook_claim_t *claim)
{
    /* void: claim() does not wait */
}


static void
ngx_webhook_shm_renew(ngx_webhook_claim_t *claim)
{
    ngx_webhook_shm_t       *shm;
    ngx_webhook_shm_node_t  *node;

    shm = claim->store->data;

    ngx_webhook_shm_lock(shm);

    node = ngx_webhook_shm_lookup(shm, claim->digest);

    if (!ngx_webhook_shm_ours(node, claim)) {
        ngx_webhook_stats_count(claim->stats, NGX_WEBHOOK_STATS_LOST);
    }

    if (node == NULL) {

        /* it has expired, since the worker was stopped, and has made room */

        node = ngx_webhook_shm_add(shm, claim->digest);
        if (node == NULL) {
            goto done;
        }

        ngx_memcpy(node->token, claim->token, NGX_WEBHOOK_TOKEN_LEN);

    } else if (!ngx_webhook_shm_ours(node, claim)) {
        goto done;

    } else {
        ngx_queue_remove(&node->queue);
    }

    node->expire = ngx_current_msec + claim->lease;
    ngx_queue_insert_tail(&shm->sh->claims, &node->queue);

done:

    ngx_webhook_shm_unlock(shm);
}


static void
ngx_webhook_shm_commit(ngx_webhook_claim_t *claim, ngx_uint_t status)
{
    ngx_webhook_shm_t       *shm;
    ngx_webhook_shm_node_t  *node;

    shm = claim->store->data;

    if (!claim->hashed) {
        return;
    }

    ngx_webhook_shm_lock(shm);

    node = ngx_webhook_shm_lookup(shm, claim->digest);

    /* with an error there was no claim that could be lost */

    if (claim->error == NGX_WEBHOOK_ERROR_OTHER
        && !ngx_webhook_shm_ours(node, claim))
    {
        ngx_webhook_stats_count(claim->stats, NGX_WEBHOOK_STATS_LOST);
    }

    if (node) {
        ngx_queue_remove(&node->queue);

    } else {
        node = ngx_webhook_shm_add(shm, claim->digest);
    }

    /* what an application accepted is done, whoever holds the claim */

    if (node) {
        node->done = 1;
        node->expire = ngx_current_msec + claim->window;
        ngx_queue_insert_tail(&shm->sh->done, &node->queue);
    }

    ngx_webhook_shm_unlock(shm);
}


static void
ngx_webhook_shm_release(ngx_webhook_claim_t *claim)
{
    ngx_webhook_shm_t       *shm;
    ngx_webhook_shm_node_t  *node;

    shm = claim->store->data;

    if (!claim->hashed) {
        return;
    }

    ngx_webhook_shm_lock(shm);

    node = ngx_webhook_shm_lookup(shm, claim->digest);

    if (ngx_webhook_shm_ours(node, claim)) {
        ngx_webhook_shm_remove(shm, node);

    } else if (claim->error == NGX_WEBHOOK_ERROR_OTHER) {
        ngx_webhook_stats_count(claim->stats, NGX_WEBHOOK_STATS_LOST);
    }

    ngx_webhook_shm_unlock(shm);
}


/* once for a claim: what settles it needs no memory that might not be there */

static ngx_int_t
ngx_webhook_shm_hash(ngx_webhook_claim_t *claim)
{
    ngx_webhook_crypto_t     *crypto;
    ngx_webhook_store_shm_t  *ss;

    ss = (ngx_webhook_store_shm_t *) claim->store;
    crypto = ss->crypto;

    if (ngx_webhook_sha256_init(crypto) != NGX_OK
        || ngx_webhook_sha256_update(crypto, ss->shm.sh->salt,
                                     NGX_WEBHOOK_SHM_DIGEST_LEN)
           != NGX_OK
        || ngx_webhook_sha256_update(crypto, claim->key.data, claim->key.len)
           != NGX_OK
        || ngx_webhook_sha256_final(crypto, claim->digest) != NGX_OK)
    {
        return NGX_ERROR;
    }

    claim->hashed = 1;

    return NGX_OK;
}


static ngx_uint_t
ngx_webhook_shm_ours(ngx_webhook_shm_node_t *node, ngx_webhook_claim_t *claim)
{
    return node && !node->done
           && ngx_memcmp(node->token, claim->token, NGX_WEBHOOK_TOKEN_LEN)
              == 0;
}
