
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Keys in shared memory: an rbtree and the two queues.  All nodes have one
 * size, so any node that goes makes room for any that comes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_shm.h"


/* how often a zone that is too small says so, ms */

#define NGX_WEBHOOK_SHM_COMPLAIN  60000

/* claims that are looked at for one that has expired, when it is full */

#define NGX_WEBHOOK_SHM_LOOKS     16384


static void ngx_webhook_shm_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_uint_t ngx_webhook_shm_expire(ngx_webhook_shm_t *shm,
    ngx_queue_t *queue);
static void ngx_webhook_shm_evict(ngx_webhook_shm_t *shm);


ngx_int_t
ngx_webhook_shm_init(ngx_webhook_shm_t *shm)
{
    size_t  len;

    shm->sh = ngx_slab_calloc(shm->shpool, sizeof(ngx_webhook_shm_shared_t));
    if (shm->sh == NULL) {
        return NGX_ERROR;
    }

    shm->shpool->data = shm->sh;

    ngx_rbtree_init(&shm->sh->rbtree, &shm->sh->sentinel,
                    ngx_webhook_shm_insert);

    ngx_queue_init(&shm->sh->claims);
    ngx_queue_init(&shm->sh->done);

    len = sizeof(" in webhook zone \"\"") + shm->name.len;

    shm->shpool->log_ctx = ngx_slab_alloc(shm->shpool, len);
    if (shm->shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(shm->shpool->log_ctx, " in webhook zone \"%V\"%Z",
                &shm->name);

    /* a full zone is expected and reported in other words */

    shm->shpool->log_nomem = 0;

    return NGX_OK;
}


static void
ngx_webhook_shm_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t       **p;
    ngx_webhook_shm_node_t   *n, *t;

    for ( ;; ) {

        if (node->key != temp->key) {
            p = (node->key < temp->key) ? &temp->left : &temp->right;

        } else {
            n = (ngx_webhook_shm_node_t *) node;
            t = (ngx_webhook_shm_node_t *) temp;

            p = (ngx_memcmp(n->digest, t->digest, NGX_WEBHOOK_SHA256_LEN) < 0)
                ? &temp->left : &temp->right;
        }

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


ngx_webhook_shm_node_t *
ngx_webhook_shm_lookup(ngx_webhook_shm_t *shm, u_char *digest)
{
    ngx_int_t                rc;
    ngx_rbtree_key_t         key;
    ngx_rbtree_node_t       *node, *sentinel;
    ngx_webhook_shm_node_t  *n;

    ngx_memcpy(&key, digest, sizeof(ngx_rbtree_key_t));

    node = shm->sh->rbtree.root;
    sentinel = shm->sh->rbtree.sentinel;

    while (node != sentinel) {

        if (key != node->key) {
            node = (key < node->key) ? node->left : node->right;
            continue;
        }

        n = (ngx_webhook_shm_node_t *) node;

        rc = ngx_memcmp(digest, n->digest, NGX_WEBHOOK_SHA256_LEN);

        if (rc == 0) {
            return n;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return NULL;
}


/* the caller sets the rest and puts the node into a queue */

ngx_webhook_shm_node_t *
ngx_webhook_shm_add(ngx_webhook_shm_t *shm, u_char *digest)
{
    ngx_webhook_shm_node_t  *node;

    /* two go for one that comes: expired keys do not pile up */

    (void) ngx_webhook_shm_expire(shm, &shm->sh->done);
    (void) ngx_webhook_shm_expire(shm, &shm->sh->done);
    (void) ngx_webhook_shm_expire(shm, &shm->sh->claims);

    node = ngx_slab_alloc_locked(shm->shpool,
                                 sizeof(ngx_webhook_shm_node_t));

    if (node == NULL) {
        ngx_webhook_shm_evict(shm);

        node = ngx_slab_alloc_locked(shm->shpool,
                                     sizeof(ngx_webhook_shm_node_t));
    }

    if (node == NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "webhook zone \"%V\" is full of claims, "
                      "make it larger", &shm->name);
        return NULL;
    }

    ngx_memzero(node, sizeof(ngx_webhook_shm_node_t));
    ngx_memcpy(node->digest, digest, NGX_WEBHOOK_SHA256_LEN);
    ngx_memcpy(&node->node.key, digest, sizeof(ngx_rbtree_key_t));

    ngx_rbtree_insert(&shm->sh->rbtree, &node->node);

    return node;
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
    ngx_webhook_shm_node_t    *node;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm->sh;

    /* claims are in the order of renewal, and may differ in their lease */

    n = 0;

    for (q = ngx_queue_head(&sh->claims);
         q != ngx_queue_sentinel(&sh->claims) && n < NGX_WEBHOOK_SHM_LOOKS;
         q = ngx_queue_next(q), n++)
    {
        node = ngx_queue_data(q, ngx_webhook_shm_node_t, queue);

        if (ngx_webhook_shm_expired(node)) {
            ngx_webhook_shm_remove(shm, node);
            return;
        }
    }

    if (ngx_queue_empty(&sh->done)) {
        return;
    }

    q = ngx_queue_head(&sh->done);

    ngx_webhook_shm_remove(shm, ngx_queue_data(q, ngx_webhook_shm_node_t,
                                               queue));

    sh->evicted++;

    if (sh->complained
        && ngx_current_msec - sh->complained < NGX_WEBHOOK_SHM_COMPLAIN)
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "webhook zone \"%V\" is full, %ui completed deliveries "
                  "were forgotten before their window was over, "
                  "make it larger", &shm->name, sh->evicted);

    sh->complained = ngx_current_msec;
    sh->evicted = 0;
}


void
ngx_webhook_shm_remove(ngx_webhook_shm_t *shm, ngx_webhook_shm_node_t *node)
{
    ngx_queue_remove(&node->queue);
    ngx_rbtree_delete(&shm->sh->rbtree, &node->node);
    ngx_slab_free_locked(shm->shpool, node);
}
