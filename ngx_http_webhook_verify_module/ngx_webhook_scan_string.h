
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_SCAN_STRING_H_INCLUDED_
#define _NGX_WEBHOOK_SCAN_STRING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#if (__SSE2__)
#include <emmintrin.h>
#endif
#include "ngx_webhook_scan.h"


/*
 * Some bytes of a string.  NGX_OK: it goes on, NGX_DECLINED: its closing
 * quote was there, NGX_DONE: this is no string of JSON.
 */

ngx_int_t ngx_webhook_scan_string_chars(ngx_webhook_scan_t *s, u_char **p,
    u_char *end);

/* to the text that is kept; without room for it the text is cut */

void ngx_webhook_scan_string_append(ngx_webhook_scan_t *s, u_char *data,
    size_t len);

/*
 * To the next quote, backslash or control character.  This and the next are
 * here to be compiled in where they are used: strings are many and short.
 */

static ngx_inline u_char *
ngx_webhook_scan_string_plain(u_char *p, u_char *end)
{
#if (__SSE2__)

    int      mask;
    __m128i  v, quote, backslash, control;

    quote = _mm_set1_epi8('"');
    backslash = _mm_set1_epi8('\\');
    control = _mm_set1_epi8(0x1f);

    for ( /* void */ ; end - p >= 16; p += 16) {

        v = _mm_loadu_si128((const __m128i *) (const void *) p);

        mask = _mm_movemask_epi8(
                   _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
                                             _mm_cmpeq_epi8(v, backslash)),
                                _mm_cmpeq_epi8(_mm_min_epu8(v, control), v)));
        if (mask) {
            return p + __builtin_ctz((unsigned) mask);
        }
    }

#endif

    while (p < end && *p != '"' && *p != '\\' && *p >= 0x20) {
        p++;
    }

    return p;
}


/*
 * The same, past escapes as well: what it stops at is a quote, or has to be
 * looked at more closely, as an escape that is wrong or not whole.
 */

static ngx_inline u_char *
ngx_webhook_scan_string_skip(u_char *p, u_char *end)
{
    for ( ;; ) {
        p = ngx_webhook_scan_string_plain(p, end);

        if (p == end || *p != '\\' || end - p < 2) {
            return p;
        }

        switch (p[1]) {

        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            p += 2;
            break;

        case 'u':

            if (end - p < 6 || ngx_hextoi(p + 2, 4) == NGX_ERROR) {
                return p;
            }

            p += 6;
            break;

        default:
            return p;
        }
    }
}


#endif /* _NGX_WEBHOOK_SCAN_STRING_H_INCLUDED_ */
