
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The text of a timestamp: seconds, milliseconds or RFC 3339.  It knows no
 * clock: whether a moment is too old is not asked here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_preset.h"
#include "ngx_webhook_timestamp.h"


/* a number of seconds this long, in ms, still fits into an int64_t */

#define NGX_WEBHOOK_TIMESTAMP_DIGITS  15


static off_t ngx_webhook_digits(u_char **p, u_char *end, size_t n);
static ngx_int_t ngx_webhook_rfc3339_parse(ngx_str_t *text, int64_t *msec);
static ngx_int_t ngx_webhook_rfc3339_date(off_t year, ngx_int_t mon,
    ngx_int_t day);
static ngx_int_t ngx_webhook_rfc3339_fraction(u_char **p, u_char *end,
    ngx_int_t *msec);
static ngx_int_t ngx_webhook_rfc3339_zone(u_char **p, u_char *end,
    ngx_int_t *min);
static int64_t ngx_webhook_days(ngx_int_t year, ngx_int_t mon,
    ngx_int_t day);


static ngx_int_t  ngx_webhook_mdays[] =
    { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };


ngx_int_t
ngx_webhook_timestamp_parse(ngx_str_t *text, ngx_uint_t unit, int64_t *msec)
{
    off_t    n;
    u_char  *p;

    if (unit == NGX_WEBHOOK_RFC3339) {
        return ngx_webhook_rfc3339_parse(text, msec);
    }

    if (text->len == 0 || text->len > NGX_WEBHOOK_TIMESTAMP_DIGITS) {
        return NGX_ERROR;
    }

    p = text->data;

    n = ngx_webhook_digits(&p, p + text->len, text->len);
    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *msec = (unit == NGX_WEBHOOK_SECONDS) ? (int64_t) n * 1000 : n;

    return NGX_OK;
}


/* exactly n digits */

static off_t
ngx_webhook_digits(u_char **p, u_char *end, size_t n)
{
    off_t  value;

    if ((size_t) (end - *p) < n) {
        return NGX_ERROR;
    }

    value = ngx_atoof(*p, n);

    *p += n;

    return value;
}


/* 2026-11-21T19:28:00.123456789+01:00 */

static ngx_int_t
ngx_webhook_rfc3339_parse(ngx_str_t *text, int64_t *msec)
{
    off_t        year, v[5];
    u_char      *p, *end, mark;
    ngx_int_t    mon, day, hour, min, sec, frac, zone;
    ngx_uint_t   n;

    /* behind the year: five fields of two digits, each behind its mark */

    static u_char  marks[] = "--T::";

    p = text->data;
    end = p + text->len;

    year = ngx_webhook_digits(&p, end, 4);
    if (year == NGX_ERROR) {
        return NGX_ERROR;
    }

    for (n = 0; n < 5; n++) {

        if (p == end) {
            return NGX_ERROR;
        }

        mark = *p++;

        if (mark != marks[n] && (n != 2 || mark != 't')) {
            return NGX_ERROR;
        }

        v[n] = ngx_webhook_digits(&p, end, 2);
        if (v[n] == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    mon = (ngx_int_t) v[0];
    day = (ngx_int_t) v[1];
    hour = (ngx_int_t) v[2];
    min = (ngx_int_t) v[3];
    sec = (ngx_int_t) v[4];

    if (ngx_webhook_rfc3339_fraction(&p, end, &frac) != NGX_OK
        || ngx_webhook_rfc3339_zone(&p, end, &zone) != NGX_OK
        || p != end)
    {
        return NGX_ERROR;
    }

    if (ngx_webhook_rfc3339_date(year, mon, day) != NGX_OK
        || hour > 23 || min > 59 || sec > 60)
    {
        return NGX_ERROR;
    }

    *msec = ((ngx_webhook_days((ngx_int_t) year, mon, day) * 1440
              + hour * 60 + min - zone) * 60 + sec) * 1000 + frac;

    return NGX_OK;
}


/* is there such a day? */

static ngx_int_t
ngx_webhook_rfc3339_date(off_t year, ngx_int_t mon, ngx_int_t day)
{
    if (mon < 1 || mon > 12 || day < 1 || day > ngx_webhook_mdays[mon - 1]) {
        return NGX_ERROR;
    }

    if (mon == 2 && day == 29
        && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_rfc3339_fraction(u_char **p, u_char *end, ngx_int_t *msec)
{
    ngx_uint_t  n;

    *msec = 0;

    if (*p == end || **p != '.') {
        return NGX_OK;
    }

    (*p)++;

    for (n = 0; *p < end && **p >= '0' && **p <= '9'; (*p)++, n++) {
        if (n < 3) {
            *msec = *msec * 10 + (**p - '0');
        }
    }

    if (n == 0) {
        return NGX_ERROR;
    }

    for ( /* void */ ; n < 3; n++) {
        *msec *= 10;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_webhook_rfc3339_zone(u_char **p, u_char *end, ngx_int_t *min)
{
    off_t   h, m;
    u_char  sign;

    if (*p == end) {
        return NGX_ERROR;
    }

    sign = *(*p)++;

    if (sign == 'Z' || sign == 'z') {
        *min = 0;
        return NGX_OK;
    }

    if (sign != '+' && sign != '-') {
        return NGX_ERROR;
    }

    h = ngx_webhook_digits(p, end, 2);

    if (h == NGX_ERROR || h > 23 || *p == end || *(*p)++ != ':') {
        return NGX_ERROR;
    }

    m = ngx_webhook_digits(p, end, 2);

    if (m == NGX_ERROR || m > 59) {
        return NGX_ERROR;
    }

    *min = (ngx_int_t) (h * 60 + m);

    if (sign == '-') {
        *min = - *min;
    }

    return NGX_OK;
}


/* days since the Epoch, by Gauss' formula, as in ngx_parse_http_time() */

static int64_t
ngx_webhook_days(ngx_int_t year, ngx_int_t mon, ngx_int_t day)
{
    /* March is the first month, so that a leap day ends the year */

    mon--;

    if (--mon <= 0) {
        mon += 12;
        year -= 1;
    }

    return (int64_t) 365 * year + year / 4 - year / 100 + year / 400
           + 367 * mon / 12 - 30 + day - 1 - 719527 + 31 + 28;
}
