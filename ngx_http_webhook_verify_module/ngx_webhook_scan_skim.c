
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Most of a document is what nobody wants.  This goes over it as fast as it
 * can be, and judges nothing: only tokens that are right, and are whole in
 * these bytes, are taken here, all others are left to ngx_webhook_scan().
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_scan.h"
#include "ngx_webhook_scan_skim.h"
#include "ngx_webhook_scan_string.h"


#define ngx_webhook_scan_skim_is_digit(ch)  ((u_char) ((ch) - '0') < 10)


/* these return the end of a token, or NULL */

static ngx_inline u_char *ngx_webhook_scan_skim_name(ngx_webhook_scan_t *s,
    u_char *p, u_char *end);
static ngx_inline u_char *ngx_webhook_scan_skim_value(ngx_webhook_scan_t *s,
    u_char *p, u_char *end);
static ngx_inline u_char *ngx_webhook_scan_skim_after(ngx_webhook_scan_t *s,
    u_char *p);
static u_char *ngx_webhook_scan_skim_open(ngx_webhook_scan_t *s, u_char *p);
static u_char *ngx_webhook_scan_skim_close(ngx_webhook_scan_t *s, u_char *p);
static ngx_inline u_char *ngx_webhook_scan_skim_string(u_char *p,
    u_char *end);
static ngx_inline u_char *ngx_webhook_scan_skim_number(u_char *p,
    u_char *end);
static u_char *ngx_webhook_scan_skim_long(u_char *p, u_char *end);
static u_char *ngx_webhook_scan_skim_exponent(u_char *p, u_char *end);
static u_char *ngx_webhook_scan_skim_literal(u_char *p, u_char *end,
    const char *text, size_t len);


u_char *
ngx_webhook_scan_skim(ngx_webhook_scan_t *s, u_char *p, u_char *end)
{
    u_char  *next;

    while (p < end && s->skip) {

        if (*p == ' ' || *p == LF || *p == CR || *p == '\t') {
            p++;
            continue;
        }

        switch (s->state) {

        case ngx_webhook_scan_name_or_end:
        case ngx_webhook_scan_name:
            next = ngx_webhook_scan_skim_name(s, p, end);
            break;

        case ngx_webhook_scan_value_or_end:
        case ngx_webhook_scan_value:
            next = ngx_webhook_scan_skim_value(s, p, end);
            break;

        case ngx_webhook_scan_after:
            next = ngx_webhook_scan_skim_after(s, p);
            break;

        default: /* a colon, with space before it */
            next = NULL;
        }

        if (next == NULL) {
            break;
        }

        p = next;
    }

    return p;
}


static ngx_inline u_char *
ngx_webhook_scan_skim_name(ngx_webhook_scan_t *s, u_char *p, u_char *end)
{
    if (*p != '"') {
        return (*p == '}' && s->state == ngx_webhook_scan_name_or_end)
               ? ngx_webhook_scan_skim_close(s, p) : NULL;
    }

    p = ngx_webhook_scan_skim_string(p, end);

    if (p == NULL || p == end || *p != ':') {
        return NULL;
    }

    s->state = ngx_webhook_scan_value;

    return p + 1;
}


static ngx_inline u_char *
ngx_webhook_scan_skim_value(ngx_webhook_scan_t *s, u_char *p, u_char *end)
{
    switch (*p) {

    case '"':
        p = ngx_webhook_scan_skim_string(p, end);
        break;

    case '{':
    case '[':
        return ngx_webhook_scan_skim_open(s, p);

    case ']':
        return (s->state == ngx_webhook_scan_value_or_end)
               ? ngx_webhook_scan_skim_close(s, p) : NULL;

    case 't':
        p = ngx_webhook_scan_skim_literal(p, end, "true", 4);
        break;

    case 'f':
        p = ngx_webhook_scan_skim_literal(p, end, "false", 5);
        break;

    case 'n':
        p = ngx_webhook_scan_skim_literal(p, end, "null", 4);
        break;

    default:
        p = ngx_webhook_scan_skim_number(p, end);
    }

    if (p) {
        s->state = ngx_webhook_scan_after;
    }

    return p;
}


static ngx_inline u_char *
ngx_webhook_scan_skim_after(ngx_webhook_scan_t *s, u_char *p)
{
    ngx_uint_t  object;

    object = (s->containers[s->depth - 1] == '{');

    if (*p == ',') {
        s->state = object ? ngx_webhook_scan_name : ngx_webhook_scan_value;
        return p + 1;
    }

    return (*p == (object ? '}' : ']')) ? ngx_webhook_scan_skim_close(s, p)
                                        : NULL;
}


static u_char *
ngx_webhook_scan_skim_open(ngx_webhook_scan_t *s, u_char *p)
{
    if (s->depth == NGX_WEBHOOK_SCAN_DEPTH) {
        return NULL;
    }

    s->containers[s->depth++] = *p;
    s->state = (*p == '{') ? ngx_webhook_scan_name_or_end
                           : ngx_webhook_scan_value_or_end;

    return p + 1;
}


/* the end of what is skipped is left, too */

static u_char *
ngx_webhook_scan_skim_close(ngx_webhook_scan_t *s, u_char *p)
{
    if (s->depth == s->skip) {
        return NULL;
    }

    s->depth--;
    s->state = ngx_webhook_scan_after;

    return p + 1;
}


static ngx_inline u_char *
ngx_webhook_scan_skim_string(u_char *p, u_char *end)
{
    p = ngx_webhook_scan_string_skip(p + 1, end);

    return (p < end && *p == '"') ? p + 1 : NULL;
}


/*
 * A number that ends within 16 bytes, as most do: without loops, of which
 * none can be foreseen to end.
 */

static ngx_inline u_char *
ngx_webhook_scan_skim_number(u_char *p, u_char *end)
{
#if (__SSE2__)

    u_char    *start;
    __m128i    v;
    unsigned   n, m, other;

    start = p;

    if (end - p < 17) {
        return ngx_webhook_scan_skim_long(p, end);
    }

    if (*p == '-') {
        p++;
    }

    /* a bit for each byte that is no digit, and one for what is beyond */

    v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *) (const void *) p),
                     _mm_set1_epi8('0'));

    other = 0x10000
            | (0xffff & ~(unsigned) _mm_movemask_epi8(
                   _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v)));

    n = (unsigned) __builtin_ctz(other);

    if (n == 0 || (*p == '0' && n > 1)) {
        return NULL;
    }

    if (n < 16 && p[n] == '.') {
        other &= other - 1;
        m = (unsigned) __builtin_ctz(other);

        if (m == n + 1) {
            return NULL;
        }

        n = m;
    }

    if (n < 16 && (p[n] | 0x20) != 'e') {
        return p + n;
    }

    p = start;

#endif

    return ngx_webhook_scan_skim_long(p, end);
}


/* the byte after a number has to be there, or it may go on */

static u_char *
ngx_webhook_scan_skim_long(u_char *p, u_char *end)
{
    if (*p == '-') {
        p++;
    }

    if (end - p < 2 || !ngx_webhook_scan_skim_is_digit(*p)) {
        return NULL;
    }

    if (*p++ != '0') {
        while (p < end && ngx_webhook_scan_skim_is_digit(*p)) {
            p++;
        }
    }

    if (p < end && *p == '.') {

        p++;

        if (p == end || !ngx_webhook_scan_skim_is_digit(*p)) {
            return NULL;
        }

        while (p < end && ngx_webhook_scan_skim_is_digit(*p)) {
            p++;
        }
    }

    if (p < end && (*p | 0x20) == 'e') {
        return ngx_webhook_scan_skim_exponent(p + 1, end);
    }

    return (p < end) ? p : NULL;
}


static u_char *
ngx_webhook_scan_skim_exponent(u_char *p, u_char *end)
{
    if (p < end && (*p == '+' || *p == '-')) {
        p++;
    }

    if (p == end || !ngx_webhook_scan_skim_is_digit(*p)) {
        return NULL;
    }

    while (p < end && ngx_webhook_scan_skim_is_digit(*p)) {
        p++;
    }

    return (p < end) ? p : NULL;
}


static u_char *
ngx_webhook_scan_skim_literal(u_char *p, u_char *end, const char *text,
    size_t len)
{
    if ((size_t) (end - p) < len || ngx_memcmp(p, text, len) != 0) {
        return NULL;
    }

    return p + len;
}
