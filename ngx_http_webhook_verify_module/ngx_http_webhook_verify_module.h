
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_HTTP_WEBHOOK_VERIFY_MODULE_H_INCLUDED_
#define _NGX_HTTP_WEBHOOK_VERIFY_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_webhook_history.h"
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_json.h"
#include "ngx_webhook_lease.h"
#include "ngx_webhook_preset.h"
#include "ngx_webhook_sig.h"
#include "ngx_webhook_redis_conf.h"
#include "ngx_webhook_stats.h"
#include "ngx_webhook_store.h"


#define NGX_HTTP_WEBHOOK_VERIFY_VERSION  "0.1.0"


/* what the gate says of a request; the words are in _variables.c */

typedef enum {
    NGX_HTTP_WEBHOOK_NONE = 0,
    NGX_HTTP_WEBHOOK_FIRST,
    NGX_HTTP_WEBHOOK_DUPLICATE,
    NGX_HTTP_WEBHOOK_IN_FLIGHT,
    NGX_HTTP_WEBHOOK_MISSING_SIGNATURE,
    NGX_HTTP_WEBHOOK_MALFORMED_SIGNATURE,
    NGX_HTTP_WEBHOOK_BAD_SIGNATURE,
    NGX_HTTP_WEBHOOK_MISSING_TIMESTAMP,
    NGX_HTTP_WEBHOOK_MALFORMED_TIMESTAMP,
    NGX_HTTP_WEBHOOK_STALE,
    NGX_HTTP_WEBHOOK_FUTURE,
    NGX_HTTP_WEBHOOK_NO_SECRET,
    NGX_HTTP_WEBHOOK_STORE_ERROR,
    NGX_HTTP_WEBHOOK_RESULTS
} ngx_http_webhook_verify_result_e;


/*
 * Where a request is, see _access.c.  There is no way back, and only
 * ACCEPTED lets a request through to the content phase.
 */

typedef enum {
    NGX_HTTP_WEBHOOK_START = 0,
    NGX_HTTP_WEBHOOK_BODY,             /* the body reader has the request */
    NGX_HTTP_WEBHOOK_VERIFY,
    NGX_HTTP_WEBHOOK_CLAIM,            /* the store is asked */
    NGX_HTTP_WEBHOOK_ACCEPTED,
    NGX_HTTP_WEBHOOK_REFUSED           /* it has its answer, from us */
} ngx_http_webhook_verify_state_e;


typedef struct {
    ngx_webhook_crypto_t          *crypto;
    ngx_array_t                    stores;    /* of ngx_webhook_store_t * */
    ngx_array_t                    zones;     /* those in shared memory */
    ngx_webhook_store_t           *zone;      /* the default, if it is used */
    ngx_uint_t                     json_sets; /* how many there are */
    ngx_webhook_stats_t           *stats;
    ngx_webhook_history_t         *history;   /* NULL: off */
    ngx_int_t                      history_size;

    /* of a worker: what all its tokens begin with, and how many there were */
    u_char                         worker[8];
    uint64_t                       tokens;
} ngx_http_webhook_verify_main_conf_t;


/* a directive that says where a text stands; UNSET: as the preset has it */

typedef struct {
    ngx_http_complex_value_t      *value;
    ngx_str_t                      header;    /* of $http_<header>, if it is
                                                 nothing else */
    ngx_webhook_form_t             form;      /* data is NULL: not given */
    ngx_uint_t                     algorithm;
    ngx_uint_t                     encoding;
    ngx_uint_t                     unit;
    ngx_msec_t                     tolerance; /* ms, 0: off */
} ngx_http_webhook_verify_field_t;


/* the signed bytes: what stands around the body */

typedef struct {
    ngx_str_t                      text;      /* as configured */
    ngx_http_complex_value_t      *before;    /* NULL: nothing */
    ngx_http_complex_value_t      *after;
} ngx_http_webhook_verify_signed_t;


/* a secret as configured; with a key, it is the same for all requests */

typedef struct {
    ngx_http_complex_value_t      *value;
    ngx_str_t                      file;      /* empty: not from one */
    ngx_uint_t                     encoding;  /* UNSET: the preset's */
    unsigned                       fixed:1;
} ngx_http_webhook_verify_secret_t;

typedef struct {
    ngx_webhook_mac_t             *mac;       /* NULL: from the value */
    ngx_http_complex_value_t      *value;
    ngx_uint_t                     encoding;
} ngx_http_webhook_verify_key_t;


/* an id is a list of parts, each of them a pointer or a value */

typedef struct {
    ngx_webhook_json_pointer_t     pointer;   /* without tokens: the value */
    ngx_http_complex_value_t       value;
    ngx_str_t                      text;      /* as configured */
} ngx_http_webhook_verify_part_t;

typedef struct {
    ngx_http_webhook_verify_part_t  *parts;
    ngx_uint_t                       nparts;
} ngx_http_webhook_verify_id_t;


/* a variable of webhook_verify_json_set */

typedef struct {
    ngx_webhook_json_pointer_t       pointer;
    ngx_uint_t                       index;
} ngx_http_webhook_verify_json_set_t;


/* a preset with its values compiled */

typedef struct {
    const ngx_webhook_preset_t        *data;
    ngx_str_t                          name;
    ngx_http_webhook_verify_field_t    signature;
    ngx_http_webhook_verify_field_t    timestamp;
    ngx_http_webhook_verify_signed_t  *signed_bytes;
    ngx_array_t                       *ids;
} ngx_http_webhook_verify_preset_t;


typedef struct {
    ngx_http_webhook_verify_preset_t  *preset;        /* NULL: off */

    /* what directives say here or above; NULL: nothing */

    ngx_array_t                       *secrets;
    ngx_http_webhook_verify_field_t   *set_signature;
    ngx_http_webhook_verify_field_t   *set_timestamp;
    ngx_http_webhook_verify_signed_t  *set_signed;
    ngx_array_t                       *set_ids;
    ngx_http_complex_value_t          *scope;
    ngx_http_complex_value_t          *url;
    ngx_webhook_store_t               *store;         /* NULL: off */
    ngx_webhook_redis_options_t        redis;

    ngx_msec_t                         store_timeout;
    ngx_msec_t                         window;
    ngx_msec_t                         lease;
    ngx_msec_t                         retry_after;
    ngx_uint_t                         store_error;
    ngx_uint_t                         duplicate_status;
    ngx_uint_t                         in_flight_status;
    ngx_flag_t                         challenge;
    ngx_http_complex_value_t          *challenge_token;
    ngx_flag_t                         dry_run;
    ngx_uint_t                         status;        /* 0: no status page */
    ngx_uint_t                         forget;

    /* made of the above and of the preset by _gate.c */

    ngx_http_webhook_verify_field_t    sig;           /* all of it given */
    ngx_http_webhook_verify_field_t    time;          /* no value: none */
    ngx_http_webhook_verify_signed_t  *signed_bytes;  /* NULL: the body */
    ngx_array_t                       *ids;           /* NULL: the body */
    size_t                             digest_len;
    ngx_array_t                       *keys;
    ngx_str_t                          default_scope;
    ngx_webhook_lease_t               *leases;
    ngx_str_t                          location;
    ngx_webhook_stats_gate_t          *stats;
} ngx_http_webhook_verify_loc_conf_t;


#define NGX_HTTP_WEBHOOK_STORE_REJECT  0
#define NGX_HTTP_WEBHOOK_STORE_PASS    1


typedef struct ngx_http_webhook_verify_ctx_s  ngx_http_webhook_verify_ctx_t;

typedef void (*ngx_http_webhook_verify_resume_pt)(
    ngx_http_webhook_verify_ctx_t *ctx);


/*
 * A delivery.  It lives as long as the request and outlives its internal
 * redirects; "conf" is of the location where it was verified.
 */

struct ngx_http_webhook_verify_ctx_s {
    ngx_http_request_t                  *request;
    ngx_http_webhook_verify_loc_conf_t  *conf;

    ngx_http_webhook_verify_state_e      state;
    ngx_http_webhook_verify_result_e     result;
    ngx_uint_t                           uri_changes;  /* in BODY */

    ngx_str_t                            signature;    /* as it came */
    ngx_str_t                            timestamp;
    int64_t                              signed_at;    /* ms */
    ngx_uint_t                           tried;        /* secrets */
    ngx_uint_t                           secret_index; /* 1-based */

    off_t                                body_len;     /* -1: not known */
    ngx_str_t                           *json;         /* of variables */

    ngx_str_t                            id;
    u_char                               digest[2 * NGX_WEBHOOK_SHA256_LEN];

    ngx_webhook_claim_t                  claim;
    ngx_http_webhook_verify_resume_pt    resume;
    ngx_msec_t                           asked;        /* when */
    ngx_msec_int_t                       store_time;   /* ms, or -1 */

    unsigned                             waiting:1;    /* for the body */
    unsigned                             verified:1;
    unsigned                             body_id:1;
    unsigned                             leased:1;
    unsigned                             unsettled:1;
    unsigned                             counted:1;    /* its result is */
    unsigned                             handshake:1;
    unsigned                             dry_run:1;    /* passed on by it */
};


extern ngx_module_t  ngx_http_webhook_verify_module;
extern ngx_module_t  ngx_http_webhook_verify_filter_module;


#endif /* _NGX_HTTP_WEBHOOK_VERIFY_MODULE_H_INCLUDED_ */
