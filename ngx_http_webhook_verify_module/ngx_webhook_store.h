
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_STORE_H_INCLUDED_
#define _NGX_WEBHOOK_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_hmac.h"


/* what a store says of a claim; "could not ask" is none of the others */

typedef enum {
    NGX_WEBHOOK_CLAIMED = 0,       /* it is ours */
    NGX_WEBHOOK_DONE,              /* a delivery of the event is done */
    NGX_WEBHOOK_IN_FLIGHT,         /* another delivery has claimed it */
    NGX_WEBHOOK_STORE_ERROR
} ngx_webhook_store_result_e;


/* why there is none, as far as the store knows; a claim has it */

typedef enum {
    NGX_WEBHOOK_ERROR_OTHER = 0,
    NGX_WEBHOOK_ERROR_CONNECTION,  /* there is none, or it was lost */
    NGX_WEBHOOK_ERROR_TIMEOUT,
    NGX_WEBHOOK_ERROR_REFUSED,     /* the server has a word for it */
    NGX_WEBHOOK_ERROR_FULL,        /* there is no room */
    NGX_WEBHOOK_ERRORS
} ngx_webhook_store_error_e;


/* bytes, in no encoding */

#define NGX_WEBHOOK_TOKEN_LEN  16


typedef struct ngx_webhook_store_s  ngx_webhook_store_t;
typedef struct ngx_webhook_claim_s  ngx_webhook_claim_t;

typedef void (*ngx_webhook_store_handler_pt)(void *data, ngx_uint_t result);


/*
 * One delivery's hold on an event.  It belongs to the request, times are in
 * ms.  A store keeps no pointer to it but "op", from an NGX_AGAIN until the
 * handler or cancel().
 */

struct ngx_webhook_claim_s {
    ngx_webhook_store_t           *store;
    ngx_str_t                      key;       /* webhook:<scope>:<digest> */
    u_char                         token[NGX_WEBHOOK_TOKEN_LEN];

    /* of the key, for a store whose keys are all as long */
    u_char                         digest[NGX_WEBHOOK_SHA256_LEN];
    ngx_uint_t                     hashed;

    ngx_msec_t                     lease;
    ngx_msec_t                     window;

    ngx_webhook_store_handler_pt   handler;
    void                          *data;

    ngx_uint_t                     error;     /* set with STORE_ERROR */
    ngx_atomic_t                  *stats;     /* ngx_webhook_stats.h, of the
                                                 gate: it outlives requests */
    void                          *op;

    ngx_queue_t                    queue;     /* of a lease */
    ngx_msec_t                     renew;     /* when to */
};


/*
 * claim() returns an ngx_webhook_store_result_e, or NGX_AGAIN: then the
 * handler is called later, from an event, never from within.  cancel() is
 * for a request that ends before that: the handler is not called, and what
 * was claimed for nobody is released.  renew(), commit() and release() copy
 * what they need and answer to nobody.
 */

struct ngx_webhook_store_s {
    ngx_int_t                    (*claim)(ngx_webhook_claim_t *claim);
    void                         (*cancel)(ngx_webhook_claim_t *claim);
    void                         (*renew)(ngx_webhook_claim_t *claim);
    void                         (*commit)(ngx_webhook_claim_t *claim,
                                           ngx_uint_t status);
    void                         (*release)(ngx_webhook_claim_t *claim);

    /* of a worker; NULL where there is nothing to do */
    void                         (*exit)(void *store);

    ngx_str_t                      name;      /* as configured */
    ngx_msec_t                     timeout;   /* 0: not yet used */
    void                          *data;

    ngx_queue_t                    leases;    /* of ngx_webhook_lease_t */
};


#endif /* _NGX_WEBHOOK_STORE_H_INCLUDED_ */
