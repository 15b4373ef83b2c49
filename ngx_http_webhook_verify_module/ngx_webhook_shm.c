
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Keys in shared memory: a hash table and the two queues.  All the memory is
 * made into nodes at once, so any node that goes makes room for any that
 * comes, and what a key costs does not depend on how many there are.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_shm.h"


/* how often a zone that is too small says so, ms */

#define NGX_WEBHOOK_SHM_COMPLAIN  60000

/*
 * Claims that are looked at for one that has expired, when it is full: with
 * done keys that can go instead, and without
 */

#define NGX_WEBHOOK_SHM_LOOKS      8
#define NGX_WEBHOOK_SHM_ALL_LOOKS  16384

#define ngx_webhook_shm_node(sh, n)  (&(sh)->nodes[(n) - 1])


static ngx_int_t ngx_webhook_shm_nodes(ngx_webhook_shm_t *shm);
static uint32_t *ngx_webhook_shm_bucket(ngx_webhook_shm_shared_t *sh,
    u_char *digest);
static ngx_webhook_shm_node_t *ngx_webhook_shm_take(
    ngx_webhook_shm_shared_t *sh);
static ngx_uint_t ngx_webhook_shm_expire(ngx_webhook_shm_t *shm,
    ngx_queue_t *queue);
static void ngx_webhook_shm_evict(ngx_webhook_shm_t *shm);
static ngx_uint_t ngx_webhook_shm_complain(ngx_msec_t *last);
static void ngx_webhook_shm_repair(ngx_webhook_shm_t *shm);


ngx_int_t
ngx_webhook_shm_init(ngx_webhook_shm_t *shm)
{
    size_t  len;

    shm->sh = ngx_slab_calloc(shm->shpool, sizeof(ngx_webhook_shm_shared_t));
    if (shm->sh == NULL) {
        return NGX_ERROR;
    }

    shm->shpool->data = shm->sh;

    ngx_queue_init(&shm->sh->claims);
    ngx_queue_init(&shm->sh->done);

    if (ngx_webhook_random(shm->sh->salt, sizeof(shm->sh->salt)) != NGX_OK) {
        return NGX_ERROR;
    }

    len = sizeof(" in webhook zone \"\"") + shm->name.len;

    shm->shpool->log_ctx = ngx_slab_alloc(shm->shpool, len);
    if (shm->shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(shm->shpool->log_ctx, " in webhook zone \"%V\"%Z",
                &shm->name);

    /* a full zone is expected and reported in other words */

    shm->shpool->log_nomem = 0;

    return ngx_webhook_shm_nodes(shm);
}


/* all pages that are left; nodes come first, as pages are aligned */

static ngx_int_t
ngx_webhook_shm_nodes(ngx_webhook_shm_t *shm)
{
    size_t                     size, n;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm->sh;

    size = shm->shpool->pfree * ngx_pagesize;
    n = size / (sizeof(ngx_webhook_shm_node_t) + sizeof(uint32_t));
    n = ngx_min(n, (size_t) NGX_MAX_UINT32_VALUE);

    sh->nodes = ngx_slab_alloc(shm->shpool, size);
    if (sh->nodes == NULL) {
        return NGX_ERROR;
    }

    sh->size = (uint32_t) n;
    sh->buckets = (uint32_t *) &sh->nodes[n];

    ngx_memzero(sh->buckets, n * sizeof(uint32_t));

    return NGX_OK;
}


void
ngx_webhook_shm_lock(ngx_webhook_shm_t *shm)
{
    ngx_shmtx_lock(&shm->shpool->mutex);

    if (shm->sh->busy) {
        ngx_webhook_shm_repair(shm);
    }

    shm->sh->busy = 1;
    ngx_memory_barrier();
}


void
ngx_webhook_shm_unlock(ngx_webhook_shm_t *shm)
{
    ngx_memory_barrier();
    shm->sh->busy = 0;

    ngx_shmtx_unlock(&shm->shpool->mutex);
}


/*
 * A worker was killed somewhere in a change, and the master has unlocked the
 * mutex.  What a node says of itself is right as long as it has not expired:
 * all that leads to it is made anew.
 */

static void
ngx_webhook_shm_repair(ngx_webhook_shm_t *shm)
{
    uint32_t                   n, *bucket;
    ngx_webhook_shm_node_t    *node;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm->sh;

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "a worker was killed while it changed webhook zone \"%V\", "
                  "which is put in order", &shm->name);

    ngx_memzero(sh->buckets, sh->size * sizeof(uint32_t));

    ngx_queue_init(&sh->claims);
    ngx_queue_init(&sh->done);

    sh->free = 0;
    sh->keys = 0;

    for (n = 1; n <= sh->used; n++) {

        node = ngx_webhook_shm_node(sh, n);

        /* without a time it is free, or was about to be taken */

        if (node->expire == 0 || ngx_webhook_shm_expired(node)) {
            node->next = sh->free;
            sh->free = n;
            continue;
        }

        bucket = ngx_webhook_shm_bucket(sh, node->digest);

        node->next = *bucket;
        *bucket = n;

        ngx_queue_insert_tail(node->done ? &sh->done : &sh->claims,
                              &node->queue);
        sh->keys++;
    }
}


static uint32_t *
ngx_webhook_shm_bucket(ngx_webhook_shm_shared_t *sh, u_char *digest)
{
    uint32_t  n;

    ngx_memcpy(&n, digest, sizeof(uint32_t));

    return &sh->buckets[n % sh->size];
}


ngx_webhook_shm_node_t *
ngx_webhook_shm_lookup(ngx_webhook_shm_t *shm, u_char *digest)
{
    uint32_t                   n;
    ngx_webhook_shm_node_t    *node;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm->sh;

    for (n = *ngx_webhook_shm_bucket(sh, digest); n; n = node->next) {

        node = ngx_webhook_shm_node(sh, n);

        if (ngx_memcmp(node->digest, digest, NGX_WEBHOOK_SHM_DIGEST_LEN)
            == 0)
        {
            return node;
        }
    }

    return NULL;
}


/* the caller sets the rest and puts the node into a queue */

ngx_webhook_shm_node_t *
ngx_webhook_shm_add(ngx_webhook_shm_t *shm, u_char *digest)
{
    uint32_t                  *bucket;
    ngx_webhook_shm_node_t    *node;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm->sh;

    /* two go for one that comes: expired keys do not pile up */

    (void) ngx_webhook_shm_expire(shm, &sh->done);
    (void) ngx_webhook_shm_expire(shm, &sh->done);
    (void) ngx_webhook_shm_expire(shm, &sh->claims);

    node = ngx_webhook_shm_take(sh);

    if (node == NULL) {
        ngx_webhook_shm_evict(shm);

        node = ngx_webhook_shm_take(sh);
    }

    if (node == NULL) {

        if (ngx_webhook_shm_complain(&sh->refused)) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "webhook zone \"%V\" is full of claims, "
                          "make it larger", &shm->name);
        }

        return NULL;
    }

    ngx_memzero(node, sizeof(ngx_webhook_shm_node_t));
    ngx_memcpy(node->digest, digest, NGX_WEBHOOK_SHM_DIGEST_LEN);

    bucket = ngx_webhook_shm_bucket(sh, digest);

    node->next = *bucket;
    *bucket = (uint32_t) (node - sh->nodes) + 1;

    sh->keys++;

    return node;
}


static ngx_webhook_shm_node_t *
ngx_webhook_shm_take(ngx_webhook_shm_shared_t *sh)
{
    ngx_webhook_shm_node_t  *node;

    if (sh->free) {
        node = ngx_webhook_shm_node(sh, sh->free);
        sh->free = node->next;
        return node;
    }

    return (sh->used < sh->size) ? &sh->nodes[sh->used++] : NULL;
}


/* removes the head of a queue if its time is over */

static ngx_uint_t
ngx_webhook_shm_expire(ngx_webhook_shm_t *shm, ngx_queue_t *queue)
{
    ngx_queue_t             *q;
    ngx_webhook_shm_node_t  *node;

    if (ngx_queue_empty(queue)) {
        return 0;
    }

    q = ngx_queue_head(queue);
    node = ngx_queue_data(q, ngx_webhook_shm_node_t, queue);

    if (!ngx_webhook_shm_expired(node)) {
        return 0;
    }

    ngx_webhook_shm_remove(shm, node);

    return 1;
}


/* makes room: expired claims first, then the key that was done first */

static void
ngx_webhook_shm_evict(ngx_webhook_shm_t *shm)
{
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm->sh;

    /*
     * claims may differ in their lease, so one that lives may stand before
     * others that do not: it goes to the end, the next are looked at later
     */

    n = ngx_queue_empty(&sh->done) ? NGX_WEBHOOK_SHM_ALL_LOOKS
                                   : NGX_WEBHOOK_SHM_LOOKS;

    n = ngx_min(n, sh->keys);              /* none is looked at twice */

    for ( /* void */ ; n && !ngx_queue_empty(&sh->claims); n--) {

        if (ngx_webhook_shm_expire(shm, &sh->claims)) {
            return;
        }

        q = ngx_queue_head(&sh->claims);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&sh->claims, q);
    }

    if (ngx_queue_empty(&sh->done)) {
        return;
    }

    q = ngx_queue_head(&sh->done);

    ngx_webhook_shm_remove(shm, ngx_queue_data(q, ngx_webhook_shm_node_t,
                                               queue));

    sh->evicted++;
    sh->evictions++;

    if (!ngx_webhook_shm_complain(&sh->complained)) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "webhook zone \"%V\" is full, %ui completed deliveries "
                  "were forgotten before their window was over, "
                  "make it larger", &shm->name, sh->evicted);

    sh->evicted = 0;
}


/* each delivery would have the same to say */

static ngx_uint_t
ngx_webhook_shm_complain(ngx_msec_t *last)
{
    ngx_msec_int_t  ago;

    /* another worker's time may be some ms ahead */

    ago = (ngx_msec_int_t) (ngx_current_msec - *last);

    if (*last && ago < NGX_WEBHOOK_SHM_COMPLAIN) {
        return 0;
    }

    *last = ngx_current_msec;

    return 1;
}


void
ngx_webhook_shm_remove(ngx_webhook_shm_t *shm, ngx_webhook_shm_node_t *node)
{
    uint32_t                  *p, n;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm->sh;
    n = (uint32_t) (node - sh->nodes) + 1;

    node->expire = 0;                      /* free, for _repair() */

    for (p = ngx_webhook_shm_bucket(sh, node->digest);
         *p != n;
         p = &ngx_webhook_shm_node(sh, *p)->next)
    {
        /* void */
    }

    *p = node->next;
    node->next = sh->free;
    sh->free = n;

    ngx_queue_remove(&node->queue);
    sh->keys--;
}
