
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_SIG_H_INCLUDED_
#define _NGX_WEBHOOK_SIG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Where an item stands in the text of a header: with a separator the text
 * is a list, without one it is a single item.  Blanks around items do not
 * count, and only items that start with the prefix do.
 */

typedef struct {
    ngx_str_t    prefix;
    ngx_str_t    separator;
} ngx_webhook_form_t;


/*
 * The next item behind its prefix.  "rest" is what is still to be looked at,
 * it starts as the whole text and is used up; NGX_OK or NGX_DONE.
 */

ngx_int_t ngx_webhook_item_next(ngx_webhook_form_t *form, ngx_str_t *rest,
    ngx_str_t *item);

/*
 * The digest of "len" bytes that the text is, in ngx_webhook_encoding_e.
 * NGX_DECLINED if the text is not exactly that: another length, other
 * characters, a padding that is not there, bits that nobody would have set.
 */

ngx_int_t ngx_webhook_digest_decode(ngx_uint_t encoding, ngx_str_t *text,
    u_char *digest, size_t len);

/* two hexadecimal digits a byte, of either case; "len" bytes */

ngx_int_t ngx_webhook_hex_decode(u_char *dst, u_char *text, size_t len);


#endif /* _NGX_WEBHOOK_SIG_H_INCLUDED_ */
