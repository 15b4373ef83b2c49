
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_STATS_H_INCLUDED_
#define _NGX_WEBHOOK_STATS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The counters of a gate.  Those with a number of slots are indexed by what
 * they count: a result, a kind of store error, a secret, a bound of time.
 */

enum {
    NGX_WEBHOOK_STATS_RESULT = 0,          /* 0: ended without one */
    NGX_WEBHOOK_STATS_REQUESTS = 16,
    NGX_WEBHOOK_STATS_HANDSHAKES,
    NGX_WEBHOOK_STATS_DRY_RUN,             /* passed on because of it */
    NGX_WEBHOOK_STATS_COMMITTED,
    NGX_WEBHOOK_STATS_RELEASED,
    NGX_WEBHOOK_STATS_HELD,
    NGX_WEBHOOK_STATS_LOST,
    NGX_WEBHOOK_STATS_RENEWALS,
    NGX_WEBHOOK_STATS_ERROR,
    NGX_WEBHOOK_STATS_SECRET = NGX_WEBHOOK_STATS_ERROR + 8,
    NGX_WEBHOOK_STATS_TIME = NGX_WEBHOOK_STATS_SECRET + 8,
    NGX_WEBHOOK_STATS_TIME_SUM = NGX_WEBHOOK_STATS_TIME + 15,   /* ms */
    NGX_WEBHOOK_STATS_COUNTERS
};


/* the slots of secrets, of which the last is for all further ones */

#define NGX_WEBHOOK_STATS_SECRETS  8


/* what a row is known by, and the bytes that are kept of each */

enum {
    NGX_WEBHOOK_STATS_PROVIDER = 0,
    NGX_WEBHOOK_STATS_SCOPE,
    NGX_WEBHOOK_STATS_SERVER,
    NGX_WEBHOOK_STATS_LOCATION,
    NGX_WEBHOOK_STATS_NAMES
};

#define NGX_WEBHOOK_STATS_NAME_LEN  95

typedef struct {
    u_char         len;
    u_char         data[NGX_WEBHOOK_STATS_NAME_LEN];
} ngx_webhook_stats_name_t;


/* in shared memory, where it outlives reloads */

typedef struct {
    ngx_webhook_stats_name_t   names[NGX_WEBHOOK_STATS_NAMES];
    ngx_uint_t                 generation;     /* that had it last */
    ngx_atomic_t               counters[NGX_WEBHOOK_STATS_COUNTERS];
} ngx_webhook_stats_row_t;

typedef struct {
    time_t                     since;          /* what is counted here */
    ngx_uint_t                 generation;
    ngx_uint_t                 nrows;
    ngx_uint_t                 max;
    ngx_webhook_stats_row_t    rows[1];
} ngx_webhook_stats_shared_t;


/* a gate of a configuration; its counters are there when nginx runs */

typedef struct {
    ngx_webhook_stats_name_t   names[NGX_WEBHOOK_STATS_NAMES];
    ngx_atomic_t              *counters;
} ngx_webhook_stats_gate_t;

typedef struct {
    ngx_array_t                  gates;     /* ngx_webhook_stats_gate_t * */
    ngx_shm_zone_t              *zone;
    ngx_webhook_stats_shared_t  *sh;        /* NULL: nothing is counted */
    ngx_uint_t                   generation;
    ngx_uint_t                   shown;     /* there is a status page */
} ngx_webhook_stats_t;


/* upper bounds in ms, the last of them is 0: any time */

extern const ngx_msec_t  ngx_webhook_stats_bounds[];


ngx_webhook_stats_t *ngx_webhook_stats_create(ngx_conf_t *cf);

/* gates of the same names share a row; what is too long of a name is cut */

ngx_webhook_stats_gate_t *ngx_webhook_stats_gate(ngx_conf_t *cf,
    ngx_webhook_stats_t *stats, ngx_str_t *names);

/* when the configuration is read: memory, if anybody needs it */

ngx_int_t ngx_webhook_stats_init(ngx_conf_t *cf, ngx_webhook_stats_t *stats,
    ngx_str_t *name);


/* all that it costs a request */

#define ngx_webhook_stats_add(counters, n, value)                             \
    (void) ngx_atomic_fetch_add(&(counters)[n],                               \
                                (ngx_atomic_uint_t) (value))

#define ngx_webhook_stats_count(counters, n)                                  \
    ngx_webhook_stats_add(counters, n, 1)

/* how long a store took, in ms */

void ngx_webhook_stats_time(ngx_atomic_t *counters, ngx_msec_t time);


#endif /* _NGX_WEBHOOK_STATS_H_INCLUDED_ */
