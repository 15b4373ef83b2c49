
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_SHM_H_INCLUDED_
#define _NGX_WEBHOOK_SHM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_store.h"


/* enough of a SHA-256 over bytes of which some are the zone's secret */

#define NGX_WEBHOOK_SHM_DIGEST_LEN  16


/*
 * A key in shared memory, in one of two queues: of claims in the order of
 * their renewal, or of done keys in the order in which they were done.  It
 * fills a cache line, as it is the misses that a key costs.
 */

typedef struct {
    ngx_queue_t                queue;
    ngx_msec_t                 expire;     /* of ngx_current_msec */
    uint32_t                   next;       /* in its bucket, or free */
    unsigned                   done:1;
    u_char                     digest[NGX_WEBHOOK_SHM_DIGEST_LEN];
    u_char                     token[NGX_WEBHOOK_TOKEN_LEN];
} ngx_webhook_shm_node_t;


/* nodes are known by their number, from 1; 0 is none */

typedef struct {
    ngx_webhook_shm_node_t    *nodes;
    uint32_t                  *buckets;
    uint32_t                   size;       /* of both */
    uint32_t                   used;       /* nodes that were ever taken */
    uint32_t                   free;       /* nodes that were given back */
    ngx_queue_t                claims;
    ngx_queue_t                done;
    ngx_msec_t                 refused;    /* the log said so */
    ngx_msec_t                 complained; /* that some were evicted */
    ngx_uint_t                 evicted;    /* since then */
    ngx_uint_t                 evictions;
    ngx_uint_t                 keys;
    ngx_uint_t                 busy;       /* somebody is changing it */
    u_char                     salt[NGX_WEBHOOK_SHM_DIGEST_LEN];
} ngx_webhook_shm_shared_t;


typedef struct {
    ngx_webhook_shm_shared_t  *sh;
    ngx_slab_pool_t           *shpool;
    ngx_str_t                  name;
} ngx_webhook_shm_t;


#define ngx_webhook_shm_expired(node)                                         \
    ((ngx_msec_int_t) ((node)->expire - ngx_current_msec) <= 0)


/* of memory that is new, all of it */

ngx_int_t ngx_webhook_shm_init(ngx_webhook_shm_t *shm);


/*
 * With the mutex; if a worker was killed while it had it, the zone is put in
 * order first.
 */

void ngx_webhook_shm_lock(ngx_webhook_shm_t *shm);
void ngx_webhook_shm_unlock(ngx_webhook_shm_t *shm);


/* the following are called with the mutex held */

ngx_webhook_shm_node_t *ngx_webhook_shm_lookup(ngx_webhook_shm_t *shm,
    u_char *digest);

/*
 * A node for a digest that has none, not yet in a queue; if the memory is
 * full, at the expense of the oldest done key and never of a live claim.
 * NULL if there are only claims.
 */

ngx_webhook_shm_node_t *ngx_webhook_shm_add(ngx_webhook_shm_t *shm,
    u_char *digest);

void ngx_webhook_shm_remove(ngx_webhook_shm_t *shm,
    ngx_webhook_shm_node_t *node);


#endif /* _NGX_WEBHOOK_SHM_H_INCLUDED_ */
