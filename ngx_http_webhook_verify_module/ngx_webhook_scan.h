
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_SCAN_H_INCLUDED_
#define _NGX_WEBHOOK_SCAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* how deep values may nest, and the bytes of a text that is handed on */

#define NGX_WEBHOOK_SCAN_DEPTH  128
#define NGX_WEBHOOK_SCAN_TEXT   65536


/*
 * What a scanner meets.  want_*() are asked at the beginning of a name or a
 * scalar whether its text is needed: if not, it is passed over and nothing
 * is kept of it.  The others return NGX_OK to go on, NGX_DONE, or NGX_ERROR;
 * open() also NGX_DECLINED, if nothing in there is needed: then the next that
 * is told is what comes after that container.
 *
 * A text is unescaped, it is the scanner's and valid for the call; NULL
 * stands for null, for a text that is too long, and for one not wanted.
 */

typedef struct {
    ngx_uint_t                    (*want_name)(void *data);
    ngx_uint_t                    (*want_scalar)(void *data);

    void                          (*name)(void *data, ngx_str_t *text);
    ngx_int_t                     (*scalar)(void *data, ngx_str_t *text);
    ngx_int_t                     (*open)(void *data, ngx_uint_t array);
    ngx_int_t                     (*close)(void *data);
} ngx_webhook_scan_handlers_t;


typedef enum {
    ngx_webhook_scan_value = 0,
    ngx_webhook_scan_value_or_end,         /* after "[" */
    ngx_webhook_scan_name,
    ngx_webhook_scan_name_or_end,          /* after "{" */
    ngx_webhook_scan_colon,
    ngx_webhook_scan_after,                /* a value */
    ngx_webhook_scan_end,                  /* of the document */
    ngx_webhook_scan_string,
    ngx_webhook_scan_literal,

    /* a number, by what the last byte was */
    ngx_webhook_scan_minus,
    ngx_webhook_scan_zero,
    ngx_webhook_scan_integer,
    ngx_webhook_scan_point,
    ngx_webhook_scan_fraction,
    ngx_webhook_scan_e,
    ngx_webhook_scan_sign,
    ngx_webhook_scan_exponent
} ngx_webhook_scan_state_e;


/* zeroed by the caller, who sets the first three; the rest is its own */

typedef struct {
    const ngx_webhook_scan_handlers_t  *handlers;
    void                               *data;
    ngx_pool_t                         *pool;       /* of the text */

    ngx_uint_t                          state;
    ngx_uint_t                          depth;
    ngx_uint_t                          skip;       /* from this depth on */
    u_char                              containers[NGX_WEBHOOK_SCAN_DEPTH];

    ngx_str_t                           text;
    size_t                              size;       /* allocated for it */
    ngx_uint_t                          code;       /* of an escape, so far */
    ngx_uint_t                          high;       /* half of a pair */
    const u_char                       *literal;    /* what is left of it */
    unsigned                            digits:3;   /* of an escape, to come */
    unsigned                            escape:1;   /* after a backslash */
    unsigned                            name:1;     /* not a value */
    unsigned                            wanted:1;
    unsigned                            cut:1;      /* text is too long */
    unsigned                            failed:1;   /* no memory for it */
} ngx_webhook_scan_t;


/*
 * The next bytes of a JSON document (RFC 8259).  NGX_OK: more can come,
 * NGX_DONE: a handler has enough, or these bytes are no JSON; NGX_ERROR.
 * What the bytes of a string are in UTF-8 is not asked.
 */

ngx_int_t ngx_webhook_scan(ngx_webhook_scan_t *s, u_char *data, size_t len);


#endif /* _NGX_WEBHOOK_SCAN_H_INCLUDED_ */
