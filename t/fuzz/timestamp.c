
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* timestamps against regcomp() and timegm() */


#include "fuzz.h"
#include <regex.h>
#include <time.h>
#include "ngx_webhook_preset.h"
#include "ngx_webhook_timestamp.h"


#define DATE                                                                  \
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"               \
    "([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"


static int
naive_date(const char *text, int64_t *msec)
{
    int             h, m, sec, offset;
    char            sign, frac[4] = "000";
    time_t          t;
    struct tm       tm, norm;
    const char     *p;
    static regex_t  re;

    if (re.re_nsub == 0 && regcomp(&re, DATE, REG_EXTENDED) != 0) {
        abort();
    }

    if (regexec(&re, text, 0, NULL, 0) != 0) {
        return 0;
    }

    memset(&tm, 0, sizeof(tm));
    sscanf(text, "%4d-%2d-%2d%*c%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
           &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &sec);

    tm.tm_year -= 1900;
    tm.tm_mon--;

    if (sec > 60) {
        return 0;
    }

    norm = tm;
    t = timegm(&norm);

    if (norm.tm_mday != tm.tm_mday || norm.tm_mon != tm.tm_mon
        || norm.tm_hour != tm.tm_hour || norm.tm_min != tm.tm_min)
    {
        return 0;
    }

    p = text + 19;

    if (*p == '.') {
        p++;
        memcpy(frac, p, ngx_min(strspn(p, "0123456789"), 3));
        p += strspn(p, "0123456789");
    }

    offset = 0;

    if (sscanf(p, "%c%2d:%2d", &sign, &h, &m) == 3) {
        if (h > 23 || m > 59) {
            return 0;
        }

        offset = (h * 60 + m) * ((sign == '-') ? -60 : 60);
    }

    *msec = ((int64_t) t + sec - offset) * 1000 + atoi(frac);

    return 1;
}


static int
naive(ngx_uint_t unit, const char *text, size_t size, int64_t *msec)
{
    if (strlen(text) != size) {
        return 0;
    }

    if (unit == NGX_WEBHOOK_RFC3339) {
        return naive_date(text, msec);
    }

    if (size == 0 || size > 15 || strspn(text, "0123456789") != size) {
        return 0;
    }

    *msec = strtoll(text, NULL, 10) * (unit == NGX_WEBHOOK_SECONDS ? 1000 : 1);

    return 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          valid;
    char        *copy;
    int64_t      got, want;
    ngx_int_t    rc;
    ngx_str_t    text;
    ngx_uint_t   side, unit;

    if (size == 0) {
        return 0;
    }

    unit = (data[0] == 's') ? NGX_WEBHOOK_SECONDS
           : (data[0] == 'm') ? NGX_WEBHOOK_MILLISECONDS
                              : NGX_WEBHOOK_RFC3339;
    data++;
    size--;

    copy = strndup((char *) data, size);
    valid = naive(unit, copy, size, &want);

    for (test_sides(side)) {
        text = test_text((char *) data, size, side);
        rc = ngx_webhook_timestamp_parse(&text, unit, &got);
        test_forget();

        fuzz_check(rc == (valid ? NGX_OK : NGX_ERROR));

        /* the calendar of the module begins with the year 1 */

        fuzz_check(rc != NGX_OK || got == want
                   || (unit == NGX_WEBHOOK_RFC3339
                       && strncmp(copy, "0000", 4) == 0));
    }

    free(copy);

    return 0;
}
