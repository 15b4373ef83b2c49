
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_PRESET_H_INCLUDED_
#define _NGX_WEBHOOK_PRESET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* how a signature, or a secret, is written as text */

typedef enum {
    NGX_WEBHOOK_UTF8 = 0,          /* secrets only: the bytes themselves */
    NGX_WEBHOOK_HEX,
    NGX_WEBHOOK_BASE64,
    NGX_WEBHOOK_BASE64URL,         /* signatures only */
    NGX_WEBHOOK_WHSEC              /* secrets only: base64, maybe whsec_ */
} ngx_webhook_encoding_e;


typedef enum {
    NGX_WEBHOOK_SHA256 = 0,
    NGX_WEBHOOK_SHA1,
    NGX_WEBHOOK_SHA384,
    NGX_WEBHOOK_SHA512
} ngx_webhook_algorithm_e;


typedef enum {
    NGX_WEBHOOK_SECONDS = 0,
    NGX_WEBHOOK_MILLISECONDS,
    NGX_WEBHOOK_RFC3339
} ngx_webhook_unit_e;


/* handshakes, by the provider that is known for each */

typedef enum {
    NGX_WEBHOOK_CHALLENGE_NONE = 0,
    NGX_WEBHOOK_CHALLENGE_SLACK,   /* signed, a member comes back */
    NGX_WEBHOOK_CHALLENGE_ZOOM,    /* signed, a member comes back signed */
    NGX_WEBHOOK_CHALLENGE_META,    /* an argument, for a token */
    NGX_WEBHOOK_CHALLENGE_DROPBOX, /* an argument */
    NGX_WEBHOOK_CHALLENGE_X        /* an argument comes back signed */
} ngx_webhook_challenge_e;


#define NGX_WEBHOOK_PRESET_IDS  3


/*
 * A provider as data: what its directives would say.  Values and templates
 * are written as in nginx.conf, variables included; NULL leaves a directive
 * at its default.  An id is a list of parts divided by a space, the ids are
 * alternatives in order; without any, the body's hash is the id.
 */

typedef struct {
    const char                *name;

    const char                *signature;
    ngx_webhook_algorithm_e    algorithm;
    ngx_webhook_encoding_e     encoding;
    const char                *prefix;
    const char                *separator;

    const char                *signed_bytes;     /* NULL: $request_body */

    const char                *timestamp;
    const char                *timestamp_prefix;
    const char                *timestamp_separator;
    ngx_webhook_unit_e         unit;
    ngx_int_t                  tolerance;        /* s, 0: off */

    ngx_webhook_encoding_e     secret;

    const char                *ids[NGX_WEBHOOK_PRESET_IDS];
    ngx_uint_t                 id_signed;        /* an attacker without the
                                                    secret cannot change it */

    ngx_webhook_challenge_e    challenge;

    ngx_uint_t                 horizon;          /* s, retries end after */
    const char                *retries;          /* the same in words */

    const char                *source;           /* the provider's own page */
    const char                *checked;          /* when it was read */
} ngx_webhook_preset_t;


/* the table ends with a row without a name; rows are in no special order */

extern const ngx_webhook_preset_t  ngx_webhook_presets[];


/* the row of that name, or NULL */

const ngx_webhook_preset_t *ngx_webhook_preset_find(ngx_str_t *name);


#endif /* _NGX_WEBHOOK_PRESET_H_INCLUDED_ */
