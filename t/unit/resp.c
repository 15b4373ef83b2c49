
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include <hiredis/hiredis.h>
#include "ngx_webhook_resp.h"


#define CAP  16384


/*
 * Takes what is whole and writes it down: +status, -error, :integer, $string,
 * _ for nil, each with a "|" behind; "!" when the reader gives up.
 */

static ngx_int_t
take(ngx_webhook_resp_t *resp, char *got, size_t size)
{
    size_t                     n;
    ngx_int_t                  rc;
    ngx_webhook_resp_reply_t  *reply;

    n = strlen(got);
    reply = NULL;

    while ((rc = ngx_webhook_resp_next(resp, &reply)) == NGX_OK) {

        switch (reply->type) {

        case NGX_WEBHOOK_RESP_INTEGER:
            n += (size_t) snprintf(got + n, size - n, ":%lld|",
                                   (long long) reply->integer);
            break;

        case NGX_WEBHOOK_RESP_NIL:
            n += (size_t) snprintf(got + n, size - n, "_|");
            break;

        default:
            n += (size_t) snprintf(got + n, size - n, "%c%.*s|",
                                   (reply->type == NGX_WEBHOOK_RESP_STATUS)
                                   ? '+'
                                   : (reply->type == NGX_WEBHOOK_RESP_ERROR)
                                   ? '-' : '$',
                                   (int) reply->text.len, reply->text.data);
        }

        if (n >= size) {
            fprintf(stderr, "too long\n");
            exit(1);
        }
    }

    if (rc == NGX_ERROR) {
        snprintf(got + n, size - n, "!");
    }

    return rc;
}


static void
feed(ngx_webhook_resp_t *resp, const char *data, size_t len, ngx_uint_t side)
{
    u_char  *p;

    p = test_input(data, len, side);
    test_is(ngx_webhook_resp_feed(resp, p, len), NGX_OK, "feed");
    test_forget();                        /* what was fed is no longer there */
}


static void
check(const char *text, size_t len, size_t a, size_t b, ngx_uint_t side,
    const char *expected)
{
    char                 got[1024];
    ngx_webhook_resp_t  *resp;

    resp = ngx_webhook_resp_create();
    got[0] = '\0';

    feed(resp, text, a, side);

    if (take(resp, got, sizeof(got)) == NGX_AGAIN) {

        feed(resp, text + a, b - a, side);

        if (take(resp, got, sizeof(got)) == NGX_AGAIN) {
            feed(resp, text + b, len - b, side);
            (void) take(resp, got, sizeof(got));
        }
    }

    test_ok(strcmp(got, expected) == 0, "\"%.*s\" cut at %d, %d: \"%s\"",
            (int) len, text, (int) a, (int) b, got);

    ngx_webhook_resp_free(resp);
}


/* whole, at every two places cut, and byte by byte */

static void
replies(const char *text, size_t len, const char *expected)
{
    char                 got[1024];
    size_t               a, b;
    ngx_uint_t           side;
    ngx_webhook_resp_t  *resp;

    for (test_sides(side)) {
        for (a = 0; a <= len; a++) {
            for (b = a; b <= len; b += (len > 60) ? 7 : 1) {
                check(text, len, a, b, side, expected);
            }
        }

        resp = ngx_webhook_resp_create();
        got[0] = '\0';

        for (a = 0; a < len; a++) {
            feed(resp, text + a, 1, side);

            if (take(resp, got, sizeof(got)) == NGX_ERROR) {
                break;
            }
        }

        test_ok(strcmp(got, expected) == 0, "\"%.*s\" by byte: \"%s\"",
                (int) len, text, got);

        ngx_webhook_resp_free(resp);
    }
}


#define are(text, expected)  replies(text, sizeof(text) - 1, expected)


static void
cut_text(void)
{
    char                       text[2000];
    size_t                     len, n;
    ngx_webhook_resp_t        *resp;
    ngx_webhook_resp_reply_t  *reply;

    test_case("the text of a long reply is cut, the reply behind it is not");

    for (len = 0; len < 1000; len++) {
        n = (size_t) sprintf(text, "$%d\r\n", (int) len);
        memset(text + n, 'a' + (int) (len % 26), len);
        n += len;
        n += (size_t) sprintf(text + n, "\r\n:7\r\n");

        resp = ngx_webhook_resp_create();
        feed(resp, text, n, len & 1);

        test_is(ngx_webhook_resp_next(resp, &reply), NGX_OK, "string");
        test_is(reply->type, NGX_WEBHOOK_RESP_STRING, "string");
        test_is(reply->text.len, ngx_min(len, NGX_WEBHOOK_RESP_TEXT),
                "string");
        test_ok(reply->text.len == 0
                || (reply->text.data[0] == 'a' + (int) (len % 26)
                    && reply->text.data[reply->text.len - 1]
                       == reply->text.data[0]), "%d", (int) len);

        test_is(ngx_webhook_resp_next(resp, &reply), NGX_OK, "integer");
        test_is(reply->type, NGX_WEBHOOK_RESP_INTEGER, "integer");
        test_is(reply->integer, 7, "integer");
        test_is(reply->text.len, 0, "integer");
        test_is(ngx_webhook_resp_next(resp, &reply), NGX_AGAIN, "end");

        ngx_webhook_resp_free(resp);
    }
}


/* "text", then more and more of "more": given up soon after the cap */

static void
endless(const char *text, const char *more)
{
    char                       buf[1024];
    size_t                     i, len;
    ngx_int_t                  rc;
    ngx_webhook_resp_t        *resp;
    ngx_webhook_resp_reply_t  *reply;

    for (i = 0; i < sizeof(buf); i++) {
        buf[i] = more[i % strlen(more)];
    }

    resp = ngx_webhook_resp_create();
    feed(resp, text, strlen(text), TEST_END);
    rc = ngx_webhook_resp_next(resp, &reply);

    for (len = strlen(text); rc == NGX_AGAIN && len < 4 * CAP;
         len += sizeof(buf))
    {
        feed(resp, buf, sizeof(buf), TEST_END);
        rc = ngx_webhook_resp_next(resp, &reply);
    }

    test_ok(rc == NGX_ERROR, "\"%s\": %d", text, (int) rc);
    test_ok(len > CAP && len <= CAP + sizeof(buf) + strlen(text),
            "\"%s\": given up after %d bytes", text, (int) len);

    /* and does not recover */

    test_is(ngx_webhook_resp_next(resp, &reply), NGX_ERROR, text);

    ngx_webhook_resp_free(resp);
}


static void
caps(void)
{
    char                       got[1024];
    size_t                     n, len;
    ngx_webhook_resp_t        *resp;
    ngx_webhook_resp_reply_t  *reply;
    static char                text[2 * CAP + 64];

    test_case("replies that never get whole");
    endless("+", "x");
    endless("-", "x");
    endless("$16777216\r\n", "x");
    endless("$536870912\r\n", "x");
    endless("$2147483647\r\n", "x");
    endless("$4294967295\r\n", "x");
    endless("$9223372036854775805\r\n", "x");
    endless("$9223372036854775806\r\n", "x");
    endless("$9223372036854775807\r\n", "x");
    endless("+OK\r", "\r");

    test_case("one byte less than the cap waits, one more does not");

    resp = ngx_webhook_resp_create();
    n = (size_t) sprintf(text, "$%d\r\n", 2 * CAP);
    memset(text + n, 'x', 2 * CAP);

    feed(resp, text, CAP, TEST_END);
    test_is(ngx_webhook_resp_next(resp, &reply), NGX_AGAIN, "at the cap");
    feed(resp, "x", 1, TEST_END);
    test_is(ngx_webhook_resp_next(resp, &reply), NGX_ERROR, "above the cap");
    ngx_webhook_resp_free(resp);

    test_case("many replies are more than the cap together");

    resp = ngx_webhook_resp_create();
    len = 0;

    for (n = 0; n < 20 * CAP; n += 6) {
        feed(resp, "+OK\r\n:", 6, TEST_END);
        got[0] = '\0';
        test_is(take(resp, got, sizeof(got)), NGX_AGAIN, "next");
        feed(resp, "1\r\n", 3, TEST_END);
        test_is(take(resp, got, sizeof(got)), NGX_AGAIN, "next");
        len += (strcmp(got, "+OK|:1|") == 0);
    }

    test_ok(len == n / 6, "%d of %d", (int) len, (int) n / 6);
    ngx_webhook_resp_free(resp);
}


/* as hiredis writes them, and not a byte beyond what was said to be needed */

static void
commands(void)
{
    int                  len;
    char                *expected, data[10000];
    u_char              *p, *last;
    size_t               n, lens[8];
    ngx_str_t            command, argv[8];
    ngx_uint_t           argc, i, side;
    const char          *args[8];
    static const size_t  sizes[] = { 0, 1, 9, 10, 99, 100, 9999, 10000 };

    test_case("commands");

    for (n = 0; n < sizeof(data); n++) {
        data[n] = "\r\n$3*\0a"[n % 7];
    }

    for (argc = 1; argc <= 8; argc++) {
        for (test_sides(side)) {

            for (i = 0; i < argc; i++) {
                lens[i] = sizes[(i + argc) % 8];
                argv[i] = test_text(data, lens[i], side);
                args[i] = (char *) argv[i].data;
            }

            len = (int) redisFormatCommandArgv(&expected, (int) argc, args,
                                               lens);

            n = ngx_webhook_resp_size(argc, argv);
            test_ok(n >= (size_t) len, "%d of %d", (int) n, len);

            p = malloc(n);
            last = ngx_webhook_resp_write(p, argc, argv);
            test_forget();

            command.data = p;
            command.len = (size_t) (last - p);
            test_ok(test_eq(&command, expected, (size_t) len),
                    "%d arguments", (int) argc);

            free(p);
            redisFreeCommand(expected);
        }
    }
}


int
main(void)
{
    test_case("statuses");
    are("+OK\r\n", "+OK|");
    are("+\r\n", "+|");

    /* what is no status: releases of hiredis differ */

    are("+a\rb\r\n", (HIREDIS_MAJOR < 1) ? "+a\rb|" : "!");

    test_case("errors");
    are("-ERR wrong\r\n", "-ERR wrong|");
    are("-NOAUTH Authentication required.\r\n",
        "-NOAUTH Authentication required.|");
    are("-\r\n", "-|");

    test_case("integers");
    are(":0\r\n", ":0|");
    are(":-1\r\n", ":-1|");
    are(":9223372036854775807\r\n", ":9223372036854775807|");
    are(":-9223372036854775808\r\n", ":-9223372036854775808|");

    test_case("strings");
    are("$0\r\n\r\n", "$|");
    are("$5\r\nhello\r\n", "$hello|");
    are("$4\r\n\r\n\r\n\r\n", "$\r\n\r\n|");
    are("$7\r\n+OK\r\n:1\r\n", "$+OK\r\n:1|");

    test_case("nil");
    are("$-1\r\n", "_|");
    are("*-1\r\n", "_|");

    test_case("several replies");
    are("+OK\r\n$2\r\nab\r\n:1\r\n$-1\r\n-ERR\r\n", "+OK|$ab|:1|_|-ERR|");
    are("+OK\r\n+OK\r\n+O", "+OK|+OK|");

    test_case("a reply that is not whole");
    are("+OK\r", "");
    are("$3\r\nab", "");
    are("$3\r\nabc\r", "");
    are(":1", "");

    test_case("arrays are refused");
    are("*1\r\n$1\r\na\r\n", "!");
    are("*0\r\n", "!");
    are("+OK\r\n*2\r\n*1\r\n", "+OK|!");
    are("*1000000000\r\n", "!");
    are("*99999999999999999999\r\n", "!");
    are("*-2\r\n", "!");
    are("*x\r\n", "!");

    test_case("types of RESP3 are refused");
    are("%1\r\n+a\r\n+b\r\n", "!");
    are("~1\r\n+a\r\n", "!");
    are(">1\r\n+a\r\n", "!");
    are("#t\r\n", "!");
    are(",1.5\r\n", "!");
#if (HIREDIS_MAJOR < 1)
    are("_\r\n", "!");
    are("(1\r\n", "!");
    are("=5\r\ntxt:a\r\n", "!");
#endif

    test_case("what is no RESP is refused");
    are("HTTP/1.1 400 Bad Request\r\n", "!");
    are("\r\n", "!");
    are("OK\r\n", "!");
    are("\0\r\n", "!");
    are("+OK\r\nx", "+OK|!");
    are(":\r\n", "!");
    are(":1x\r\n", "!");
    are(":9223372036854775808\r\n", "!");
    are("$\r\n", "!");
    are("$x\r\n", "!");
    are("$-2\r\n", "!");
    are("$99999999999999999999\r\n", "!");

    cut_text();
    caps();
    commands();

    return test_done();
}
