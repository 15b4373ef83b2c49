
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_JSON_H_INCLUDED_
#define _NGX_WEBHOOK_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_scan.h"


/* a compiled JSON Pointer (RFC 6901) */

typedef struct {
    ngx_str_t     name;              /* as a member of an object */
    ngx_int_t     index;             /* as an index of an array, or -1 */
} ngx_webhook_json_token_t;

typedef struct {
    ngx_webhook_json_token_t  *tokens;
    ngx_uint_t                 ntokens;
} ngx_webhook_json_pointer_t;


typedef enum {
    NGX_WEBHOOK_JSON_UNKNOWN = 0,
    NGX_WEBHOOK_JSON_FOUND,
    NGX_WEBHOOK_JSON_ABSENT
} ngx_webhook_json_state_e;


/*
 * A scalar that is wanted.  The caller sets the pointer and the group, the
 * rest is zero; the value is a copy from the pool.  Groups are alternatives
 * in order, from 0: reading ends as soon as one is found whole and none
 * before it can be any more.  Wants are sorted by their group.
 */

typedef struct {
    ngx_webhook_json_pointer_t  *pointer;
    ngx_uint_t                   group;

    ngx_webhook_json_state_e     state;
    ngx_str_t                    value;

    ngx_uint_t                   level;      /* tokens entered */
    ngx_int_t                    next;       /* index of the next element */
    unsigned                     array:1;    /* what was entered last */
    unsigned                     hit:1;      /* the value to come is it */
} ngx_webhook_json_want_t;


/* for one pass, so it needs not outlive a function; its fields are its own */

typedef struct {
    ngx_webhook_scan_t           scan;
    ngx_pool_t                  *pool;
    ngx_webhook_json_want_t     *wants;
    ngx_uint_t                   nwants;
    ngx_uint_t                   depth;      /* containers that are open */
    u_char                       text[64];   /* a longer one is of the pool */
} ngx_webhook_json_t;


/* NGX_DECLINED if the text is not a pointer to a part of a document */

ngx_int_t ngx_webhook_json_pointer(ngx_pool_t *pool, ngx_str_t *text,
    ngx_webhook_json_pointer_t *pointer);


/* the values are of the pool */

void ngx_webhook_json_init(ngx_webhook_json_t *json, ngx_pool_t *pool,
    ngx_webhook_json_want_t *wants, ngx_uint_t nwants);

/*
 * The next bytes of the document.  NGX_OK: more are wanted; NGX_DONE: no
 * more are, as all is known or this is no JSON; NGX_ERROR: no memory.
 *
 * What is UNKNOWN when the bytes end is not there, nor is a value of more
 * than NGX_WEBHOOK_SCAN_TEXT bytes, or one that is nested deeper than
 * NGX_WEBHOOK_SCAN_DEPTH.
 */

ngx_int_t ngx_webhook_json_feed(ngx_webhook_json_t *json, u_char *data,
    size_t len);


#endif /* _NGX_WEBHOOK_JSON_H_INCLUDED_ */
