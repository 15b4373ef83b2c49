
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Counters in shared memory, a row for each gate.  A row is found again by
 * its names after a reload, so it keeps counting; that of a gate which is no
 * more stays until its memory is needed, as old workers still count there.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_stats.h"


/* the least size of the zone; it doubles, so that few reloads change it */

#define NGX_WEBHOOK_STATS_SIZE  (1024 * 1024)


static ngx_int_t ngx_webhook_stats_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_webhook_stats_format(ngx_shm_zone_t *shm_zone,
    ngx_webhook_stats_t *stats);
static ngx_webhook_stats_row_t *ngx_webhook_stats_row(
    ngx_webhook_stats_shared_t *sh, ngx_webhook_stats_gate_t *gate);


const ngx_msec_t  ngx_webhook_stats_bounds[] = {
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 0
};


static ngx_uint_t  ngx_webhook_stats_tag;


ngx_webhook_stats_t *
ngx_webhook_stats_create(ngx_conf_t *cf)
{
    ngx_webhook_stats_t  *stats;

    stats = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_stats_t));
    if (stats == NULL) {
        return NULL;
    }

    if (ngx_array_init(&stats->gates, cf->pool, 4,
                       sizeof(ngx_webhook_stats_gate_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return stats;
}


ngx_webhook_stats_gate_t *
ngx_webhook_stats_gate(ngx_conf_t *cf, ngx_webhook_stats_t *stats,
    ngx_str_t *names)
{
    ngx_uint_t                  i;
    ngx_webhook_stats_gate_t   *gate, **g;

    gate = ngx_pcalloc(cf->pool, sizeof(ngx_webhook_stats_gate_t));
    if (gate == NULL) {
        return NULL;
    }

    for (i = 0; i < NGX_WEBHOOK_STATS_NAMES; i++) {
        gate->names[i].len = (u_char) ngx_min(names[i].len,
                                              NGX_WEBHOOK_STATS_NAME_LEN);
        ngx_memcpy(gate->names[i].data, names[i].data, gate->names[i].len);
    }

    g = ngx_array_push(&stats->gates);
    if (g == NULL) {
        return NULL;
    }

    *g = gate;

    return gate;
}


ngx_int_t
ngx_webhook_stats_init(ngx_conf_t *cf, ngx_webhook_stats_t *stats,
    ngx_str_t *name)
{
    size_t  size, needed;

    if (stats->gates.nelts == 0 && !stats->shown) {
        return NGX_OK;
    }

    needed = 2 * stats->gates.nelts * sizeof(ngx_webhook_stats_row_t);
    size = NGX_WEBHOOK_STATS_SIZE;

    while (size < needed) {
        size *= 2;
    }

    stats->zone = ngx_shared_memory_add(cf, name, size,
                                        &ngx_webhook_stats_tag);
    if (stats->zone == NULL) {
        return NGX_ERROR;
    }

    stats->zone->init = ngx_webhook_stats_init_zone;
    stats->zone->data = stats;

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_stats_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_webhook_stats_t *old = data;

    ngx_uint_t                  i;
    ngx_slab_pool_t            *shpool;
    ngx_webhook_stats_t        *stats;
    ngx_webhook_stats_row_t    *row;
    ngx_webhook_stats_gate_t  **gate;

    stats = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        stats->sh = old->sh;

    } else if (shm_zone->shm.exists) {
        stats->sh = shpool->data;

    } else if (ngx_webhook_stats_format(shm_zone, stats) != NGX_OK) {
        return NGX_ERROR;
    }

    stats->generation = ++stats->sh->generation;

    gate = stats->gates.elts;

    for (i = 0; i < stats->gates.nelts; i++) {

        row = ngx_webhook_stats_row(stats->sh, gate[i]);
        if (row == NULL) {
            return NGX_ERROR;
        }

        row->generation = stats->sh->generation;
        gate[i]->counters = row->counters;
    }

    return NGX_OK;
}


/* memory that is new: one table for all rows that fit */

static ngx_int_t
ngx_webhook_stats_format(ngx_shm_zone_t *shm_zone, ngx_webhook_stats_t *stats)
{
    size_t                       size;
    ngx_slab_pool_t             *shpool;
    ngx_webhook_stats_shared_t  *sh;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    size = shpool->pfree * ngx_pagesize;

    sh = ngx_slab_alloc(shpool, size);
    if (sh == NULL) {
        return NGX_ERROR;
    }

    /* pages of new memory are zeroed, and those never used cost nothing */

    sh->since = ngx_time();
    sh->generation = 0;
    sh->nrows = 0;
    sh->max = (size - offsetof(ngx_webhook_stats_shared_t, rows))
              / sizeof(ngx_webhook_stats_row_t);

    shpool->data = sh;
    stats->sh = sh;

    return NGX_OK;
}


/* the row of these names, or a new one; old workers may be counting */

static ngx_webhook_stats_row_t *
ngx_webhook_stats_row(ngx_webhook_stats_shared_t *sh,
    ngx_webhook_stats_gate_t *gate)
{
    ngx_uint_t                i;
    ngx_webhook_stats_row_t  *row, *oldest;

    oldest = NULL;

    for (i = 0; i < sh->nrows; i++) {

        row = &sh->rows[i];

        if (ngx_memcmp(row->names, gate->names, sizeof(row->names)) == 0) {
            return row;
        }

        if (row->generation != sh->generation
            && (oldest == NULL || row->generation < oldest->generation))
        {
            oldest = row;
        }
    }

    row = oldest;

    if (sh->nrows < sh->max) {
        row = &sh->rows[sh->nrows];
    }

    if (row == NULL) {
        return NULL;
    }

    ngx_memzero(row, sizeof(ngx_webhook_stats_row_t));
    ngx_memcpy(row->names, gate->names, sizeof(row->names));

    if (row != oldest) {
        ngx_memory_barrier();
        sh->nrows++;
    }

    return row;
}


void
ngx_webhook_stats_time(ngx_atomic_t *counters, ngx_msec_t time)
{
    ngx_uint_t  i;

    for (i = 0; ngx_webhook_stats_bounds[i]; i++) {
        if (time <= ngx_webhook_stats_bounds[i]) {
            break;
        }
    }

    ngx_webhook_stats_count(counters, NGX_WEBHOOK_STATS_TIME + i);
    ngx_webhook_stats_add(counters, NGX_WEBHOOK_STATS_TIME_SUM, time);
}
