
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_SECRET_H_INCLUDED_
#define _NGX_WEBHOOK_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The key that a secret's text stands for, in ngx_webhook_encoding_e.
 * The key is a copy from the pool, never empty; NGX_DECLINED if the text is
 * empty or not in that encoding, NGX_ERROR if there is no memory.
 */

ngx_int_t ngx_webhook_secret_decode(ngx_pool_t *pool, ngx_uint_t encoding,
    ngx_str_t *text, ngx_str_t *key);

/*
 * The lines of a file as ngx_str_t, without LF and CR, empty ones left out.
 * Reads the file at once, so it is for configuration time.  The lines point
 * into the pool of "cf" and are wiped when that is destroyed.  NULL after
 * an error was logged.
 */

ngx_array_t *ngx_webhook_secret_file(ngx_conf_t *cf, ngx_str_t *name,
    const char *directive);

/* is it a text that somebody would not have ended, or begun, this way? */

ngx_uint_t ngx_webhook_secret_blank(ngx_str_t *key);


#endif /* _NGX_WEBHOOK_SECRET_H_INCLUDED_ */
