
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include <time.h>
#include "ngx_webhook_preset.h"
#include "ngx_webhook_timestamp.h"


static void
moment(ngx_uint_t unit, const char *text, size_t len, ngx_int_t expected,
    int64_t msec)
{
    int64_t     ms;
    ngx_int_t   rc;
    ngx_str_t   t;
    ngx_uint_t  side;

    for (test_sides(side)) {
        t = test_text(text, len, side);
        ms = 0;
        rc = ngx_webhook_timestamp_parse(&t, unit, &ms);

        test_ok(rc == expected, "\"%.*s\": got %d", (int) len, text,
                (int) rc);
        test_ok(rc != NGX_OK || ms == msec, "\"%.*s\": got %lld, not %lld",
                (int) len, text, (long long) ms, (long long) msec);

        test_forget();
    }
}


#define good(unit, text, msec)                                                \
    moment(unit, text, sizeof(text) - 1, NGX_OK, msec)
#define bad(unit, text)                                                       \
    moment(unit, text, sizeof(text) - 1, NGX_ERROR, 0)


static void
numbers(void)
{
    static const char  *wrong[] = {
        "", "-1", "+1", " 1", "1 ", "1\n", "1.0", "1e9", "0x10", "1a", "a1",
        "1,", "9999999999999999", "18446744073709551616",
        "99999999999999999999999999", "0000000000000001", "\xb2"
    };

    size_t  i;

    test_case("seconds");
    good(NGX_WEBHOOK_SECONDS, "0", 0);
    good(NGX_WEBHOOK_SECONDS, "007", 7000);
    good(NGX_WEBHOOK_SECONDS, "1795721280", 1795721280000);
    good(NGX_WEBHOOK_SECONDS, "999999999999999", 999999999999999000);

    test_case("milliseconds");
    good(NGX_WEBHOOK_MILLISECONDS, "0", 0);
    good(NGX_WEBHOOK_MILLISECONDS, "1795721280123", 1795721280123);
    good(NGX_WEBHOOK_MILLISECONDS, "999999999999999", 999999999999999);

    test_case("numbers are digits only and not too many of them");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        moment(NGX_WEBHOOK_SECONDS, wrong[i], strlen(wrong[i]), NGX_ERROR, 0);
        moment(NGX_WEBHOOK_MILLISECONDS, wrong[i], strlen(wrong[i]),
               NGX_ERROR, 0);
    }

    bad(NGX_WEBHOOK_SECONDS, "1\0");
    bad(NGX_WEBHOOK_SECONDS, "\0" "1");
    bad(NGX_WEBHOOK_SECONDS, "2026-11-21T19:28:00Z");
    bad(NGX_WEBHOOK_RFC3339, "1795721280");
}


static void
dates(void)
{
    size_t  i, len;

    static const char  *whole[] = {
        "2026-11-21T19:28:00Z", "2026-11-21T19:28:00.5Z",
        "2026-11-21t19:28:00.123456789+01:00"
    };

    static const char  *wrong[] = {
        "", "2026", "2026-11-21", "2026-11-21T19:28Z", "2026-11-21T19:28:00",
        "2026-11-21 19:28:00Z", "2026/11/21T19:28:00Z",
        "2026-11-21T19-28-00Z", " 2026-11-21T19:28:00Z",
        "2026-11-21T19:28:00Z ", "2026-11-21T19:28:00ZZ",
        "2026-11-21T19:28:00.Z", "2026-11-21T19:28:00,5Z",
        "2026-11-21T19:28:00.5", "2026-11-21T19:28:00.-5Z",
        "2026-11-21T19:28:00+1:00", "2026-11-21T19:28:00+0100",
        "2026-11-21T19:28:00+01", "2026-11-21T19:28:00+24:00",
        "2026-11-21T19:28:00+01:60", "2026-11-21T19:28:00 +01:00",
        "2026-11-21T19:28:00+01:00Z", "2026-11-21T19:28:00+-1:00",
        "2026-1-21T19:28:00Z", "26-11-21T19:28:00Z", "-026-11-21T19:28:00Z",
        "+2026-11-21T19:28:00Z", "12026-11-21T19:28:00Z",
        "2026-11-21T1:28:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T19:60:00Z", "2026-11-21T19:28:61Z",
        "2026-00-21T19:28:00Z", "2026-13-21T19:28:00Z",
        "2026-11-00T19:28:00Z", "2026-11-31T19:28:00Z",
        "2026-01-32T19:28:00Z", "2026-02-29T19:28:00Z",
        "2026-02-30T19:28:00Z", "2100-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-11-21T-1:28:00Z",
        "2026-11-21T19: 8:00Z", "2026-11-2:T19:28:00Z"
    };

    test_case("RFC 3339");
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:00Z", 0);
    good(NGX_WEBHOOK_RFC3339, "1969-12-31T23:59:59Z", -1000);
    good(NGX_WEBHOOK_RFC3339, "2026-11-21T19:28:00Z", 1795289280000);
    good(NGX_WEBHOOK_RFC3339, "2026-11-21t19:28:00z", 1795289280000);
    good(NGX_WEBHOOK_RFC3339, "9999-12-31T23:59:59.999Z", 253402300799999);

    test_case("RFC 3339: fractions");
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:01.5Z", 1500);
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:01.05Z", 1050);
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:01.123Z", 1123);
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:01.1239999999999999999999999"
         "99999999999999999999999999999999999999999999999999999Z", 1123);
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:01.000+00:00", 1000);

    test_case("RFC 3339: offsets");
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T01:00:00+01:00", 0);
    good(NGX_WEBHOOK_RFC3339, "1969-12-31T23:00:00-01:00", 0);
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:00-00:00", 0);
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T00:00:00+23:59", -86340000);
    good(NGX_WEBHOOK_RFC3339, "1970-01-01T05:45:00.250+05:45", 250);

    test_case("RFC 3339: leap years and a leap second");
    good(NGX_WEBHOOK_RFC3339, "2024-02-29T00:00:00Z", 1709164800000);
    good(NGX_WEBHOOK_RFC3339, "2000-02-29T00:00:00Z", 951782400000);
    good(NGX_WEBHOOK_RFC3339, "2016-12-31T23:59:60Z", 1483228800000);
    good(NGX_WEBHOOK_RFC3339, "2017-01-01T00:59:60.5+01:00", 1483228800500);

    test_case("RFC 3339: what is not a date");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        moment(NGX_WEBHOOK_RFC3339, wrong[i], strlen(wrong[i]), NGX_ERROR, 0);
    }

    bad(NGX_WEBHOOK_RFC3339, "2026-11-21T19:28:00Z\0");
    bad(NGX_WEBHOOK_RFC3339, "2026-11-21T19:28:00\0");

    test_case("RFC 3339: cut anywhere");

    for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        for (len = 0; len < strlen(whole[i]); len++) {
            moment(NGX_WEBHOOK_RFC3339, whole[i], len, NGX_ERROR, 0);
        }
    }
}


static void
calendar(void)
{
    char         text[64];
    int          n, len, year, mon, day, valid;
    time_t       t;
    struct tm    tm;
    int64_t      ms;
    ngx_int_t    rc;
    ngx_str_t    s;

    test_case("every day of the years 0001 to 9999, and no others");

    for (n = 12 * 32; n < 10000 * 12 * 32; n++) {
        year = n / (12 * 32);
        mon = n / 32 % 12 + 1;
        day = n % 32;

        memset(&tm, 0, sizeof(tm));
        tm.tm_year = year - 1900;
        tm.tm_mon = mon - 1;
        tm.tm_mday = day;

        t = timegm(&tm);
        valid = (tm.tm_mday == day);

        s.data = (u_char *) text;
        s.len = (size_t) sprintf(text, "%04d-%02d-%02dT00:00:00Z", year, mon,
                                 day);

        rc = ngx_webhook_timestamp_parse(&s, NGX_WEBHOOK_RFC3339, &ms);

        test_ok(rc == (valid ? NGX_OK : NGX_ERROR), "%s: got %d", text,
                (int) rc);
        test_ok(rc != NGX_OK || ms == (int64_t) t * 1000,
                "%s: got %lld, not %lld", text, (long long) ms,
                (long long) t * 1000);
    }

    test_case("random moments in all units");

    for (n = 0; n < 20000; n++) {
        t = (time_t) (test_random() * 16ULL);
        len = (int) (test_random() % 1000);
        ms = (int64_t) t * 1000 + len;

        gmtime_r(&t, &tm);

        s.len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        s.len += (size_t) sprintf(text + s.len, ".%03dZ", len);
        moment(NGX_WEBHOOK_RFC3339, text, s.len, NGX_OK, ms);

        /* the same moment, told on the other side of the world */

        day = (int) (test_random() % (24 * 60));
        mon = (n & 1) ? day : -day;
        t += mon * 60;

        gmtime_r(&t, &tm);

        s.len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        s.len += (size_t) sprintf(text + s.len, ".%03d%c%02d:%02d", len,
                                  (n & 1) ? '+' : '-', day / 60, day % 60);
        moment(NGX_WEBHOOK_RFC3339, text, s.len, NGX_OK, ms);

        s.len = (size_t) sprintf(text, "%lld", (long long) ms);
        moment(NGX_WEBHOOK_MILLISECONDS, text, s.len, NGX_OK, ms);
        moment(NGX_WEBHOOK_SECONDS, text, s.len, NGX_OK, ms * 1000);
    }
}


int
main(void)
{
    numbers();
    dates();
    calendar();

    return test_done();
}
