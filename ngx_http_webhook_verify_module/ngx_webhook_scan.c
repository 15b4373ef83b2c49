
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The grammar of JSON, over any boundaries of buffers: no tree, and no copy
 * of what is not wanted.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_scan.h"
#include "ngx_webhook_scan_skim.h"
#include "ngx_webhook_scan_string.h"


static ngx_int_t ngx_webhook_scan_token(ngx_webhook_scan_t *s, u_char ch);
static ngx_int_t ngx_webhook_scan_begin(ngx_webhook_scan_t *s, u_char ch);
static void ngx_webhook_scan_start(ngx_webhook_scan_t *s, ngx_uint_t state);
static ngx_int_t ngx_webhook_scan_open(ngx_webhook_scan_t *s, u_char ch);
static ngx_int_t ngx_webhook_scan_close(ngx_webhook_scan_t *s);
static ngx_int_t ngx_webhook_scan_scalar(ngx_webhook_scan_t *s,
    ngx_uint_t null);
static ngx_int_t ngx_webhook_scan_number(ngx_webhook_scan_t *s, u_char **p,
    u_char *end);
static ngx_uint_t ngx_webhook_scan_digit(ngx_uint_t state, u_char ch);
static ngx_int_t ngx_webhook_scan_word(ngx_webhook_scan_t *s, u_char ch);


ngx_int_t
ngx_webhook_scan(ngx_webhook_scan_t *s, u_char *data, size_t len)
{
    u_char     *p, *end;
    ngx_int_t   rc;

    p = data;
    end = data + len;

    while (p < end) {

        if (s->state < ngx_webhook_scan_string) {

            if (s->skip) {
                p = ngx_webhook_scan_skim(s, p, end);

                if (p == end) {
                    break;
                }
            }

            if (*p == ' ' || *p == LF || *p == CR || *p == '\t') {
                p++;
                continue;
            }

            rc = ngx_webhook_scan_token(s, *p++);

        } else if (s->state == ngx_webhook_scan_string) {
            rc = ngx_webhook_scan_string_chars(s, &p, end);

            if (rc == NGX_DECLINED) {
                rc = ngx_webhook_scan_scalar(s, 0);
            }

        } else if (s->state == ngx_webhook_scan_literal) {
            rc = ngx_webhook_scan_word(s, *p++);

        } else {
            rc = ngx_webhook_scan_number(s, &p, end);
        }

        if (s->failed) {
            return NGX_ERROR;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_scan_token(ngx_webhook_scan_t *s, u_char ch)
{
    u_char  container;

    switch (s->state) {

    case ngx_webhook_scan_value_or_end:

        if (ch == ']') {
            return ngx_webhook_scan_close(s);
        }

        return ngx_webhook_scan_begin(s, ch);

    case ngx_webhook_scan_value:
        return ngx_webhook_scan_begin(s, ch);

    case ngx_webhook_scan_name_or_end:

        if (ch == '}') {
            return ngx_webhook_scan_close(s);
        }

        /* fall through */

    case ngx_webhook_scan_name:

        if (ch != '"') {
            return NGX_DONE;
        }

        s->name = 1;
        s->wanted = (s->skip == 0 && s->handlers->want_name(s->data));
        ngx_webhook_scan_start(s, ngx_webhook_scan_string);

        return NGX_OK;

    case ngx_webhook_scan_colon:
        s->state = ngx_webhook_scan_value;
        return (ch == ':') ? NGX_OK : NGX_DONE;

    case ngx_webhook_scan_after:

        container = s->containers[s->depth - 1];

        if (ch == ',') {
            s->state = (container == '{') ? ngx_webhook_scan_name
                                          : ngx_webhook_scan_value;
            return NGX_OK;
        }

        if (ch == (container == '{' ? '}' : ']')) {
            return ngx_webhook_scan_close(s);
        }

        return NGX_DONE;

    default: /* ngx_webhook_scan_end */
        return NGX_DONE;
    }
}


static ngx_int_t
ngx_webhook_scan_begin(ngx_webhook_scan_t *s, u_char ch)
{
    ngx_uint_t  state;

    if (ch == '{' || ch == '[') {
        return ngx_webhook_scan_open(s, ch);
    }

    switch (ch) {

    case '"':
        state = ngx_webhook_scan_string;
        break;

    case 't':
        s->literal = (const u_char *) "rue";
        state = ngx_webhook_scan_literal;
        break;

    case 'f':
        s->literal = (const u_char *) "alse";
        state = ngx_webhook_scan_literal;
        break;

    case 'n':
        s->literal = (const u_char *) "ull";
        state = ngx_webhook_scan_literal;
        break;

    case '-':
        state = ngx_webhook_scan_minus;
        break;

    case '0':
        state = ngx_webhook_scan_zero;
        break;

    default:

        if (ch < '1' || ch > '9') {
            return NGX_DONE;
        }

        state = ngx_webhook_scan_integer;
    }

    s->name = 0;
    s->wanted = (s->skip == 0 && s->handlers->want_scalar(s->data));
    ngx_webhook_scan_start(s, state);

    if (state != ngx_webhook_scan_string && s->wanted) {
        ngx_webhook_scan_string_append(s, &ch, 1);
    }

    return NGX_OK;
}


static void
ngx_webhook_scan_start(ngx_webhook_scan_t *s, ngx_uint_t state)
{
    s->state = state;
    s->text.len = 0;
    s->cut = 0;
    s->high = 0;
}


static ngx_int_t
ngx_webhook_scan_open(ngx_webhook_scan_t *s, u_char ch)
{
    ngx_int_t  rc;

    if (s->depth == NGX_WEBHOOK_SCAN_DEPTH) {
        return NGX_DONE;
    }

    s->containers[s->depth++] = ch;
    s->state = (ch == '{') ? ngx_webhook_scan_name_or_end
                           : ngx_webhook_scan_value_or_end;

    if (s->skip) {
        return NGX_OK;
    }

    rc = s->handlers->open(s->data, ch == '[');

    if (rc == NGX_DECLINED) {
        s->skip = s->depth;
        return NGX_OK;
    }

    return rc;
}


static ngx_int_t
ngx_webhook_scan_close(ngx_webhook_scan_t *s)
{
    s->depth--;
    s->state = s->depth ? ngx_webhook_scan_after : ngx_webhook_scan_end;

    if (s->skip == 0) {
        return s->handlers->close(s->data);
    }

    if (s->depth < s->skip) {
        s->skip = 0;
    }

    return NGX_OK;
}


/* a scalar ends, or a name */

static ngx_int_t
ngx_webhook_scan_scalar(ngx_webhook_scan_t *s, ngx_uint_t null)
{
    ngx_str_t  *text;

    text = (s->wanted && !s->cut && !null) ? &s->text : NULL;

    if (s->name) {
        s->state = ngx_webhook_scan_colon;

        if (s->skip == 0) {
            s->handlers->name(s->data, text);
        }

        return NGX_OK;
    }

    s->state = s->depth ? ngx_webhook_scan_after : ngx_webhook_scan_end;

    return s->skip ? NGX_OK : s->handlers->scalar(s->data, text);
}


static ngx_int_t
ngx_webhook_scan_number(ngx_webhook_scan_t *s, u_char **p, u_char *end)
{
    u_char      *start;
    ngx_uint_t   state;

    start = *p;

    while (*p < end) {

        state = ngx_webhook_scan_digit(s->state, **p);

        if (state == 0) {
            break;
        }

        s->state = state;
        (*p)++;
    }

    if (s->wanted) {
        ngx_webhook_scan_string_append(s, start, (size_t) (*p - start));
    }

    if (*p == end) {
        return NGX_OK;
    }

    switch (s->state) {

    case ngx_webhook_scan_zero:
    case ngx_webhook_scan_integer:
    case ngx_webhook_scan_fraction:
    case ngx_webhook_scan_exponent:
        return ngx_webhook_scan_scalar(s, 0);

    default:
        return NGX_DONE;
    }
}


/* the state after one more character of a number, 0 if it is none of it */

static ngx_uint_t
ngx_webhook_scan_digit(ngx_uint_t state, u_char ch)
{
    if (ch >= '0' && ch <= '9') {

        switch (state) {

        case ngx_webhook_scan_minus:
            return (ch == '0') ? ngx_webhook_scan_zero
                               : ngx_webhook_scan_integer;
        case ngx_webhook_scan_integer:
            return ngx_webhook_scan_integer;

        case ngx_webhook_scan_point:
        case ngx_webhook_scan_fraction:
            return ngx_webhook_scan_fraction;

        case ngx_webhook_scan_e:
        case ngx_webhook_scan_sign:
        case ngx_webhook_scan_exponent:
            return ngx_webhook_scan_exponent;

        default: /* no digit follows a leading zero */
            return 0;
        }
    }

    switch (ch) {

    case '.':
        return (state == ngx_webhook_scan_zero
                || state == ngx_webhook_scan_integer)
               ? ngx_webhook_scan_point : 0;

    case 'e':
    case 'E':
        return (state == ngx_webhook_scan_zero
                || state == ngx_webhook_scan_integer
                || state == ngx_webhook_scan_fraction)
               ? ngx_webhook_scan_e : 0;

    case '+':
    case '-':
        return (state == ngx_webhook_scan_e) ? ngx_webhook_scan_sign : 0;

    default:
        return 0;
    }
}


/* the rest of true, false or null */

static ngx_int_t
ngx_webhook_scan_word(ngx_webhook_scan_t *s, u_char ch)
{
    if (ch != *s->literal) {
        return NGX_DONE;
    }

    if (s->wanted) {
        ngx_webhook_scan_string_append(s, &ch, 1);
    }

    s->literal++;

    if (*s->literal) {
        return NGX_OK;
    }

    return ngx_webhook_scan_scalar(s, ch == 'l');
}
