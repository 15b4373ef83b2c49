
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include "ngx_webhook_scan.h"


/*
 * What was met is written down: { } [ ] as they are, "name: and "scalar",
 * ~ for a text that is not given.  Then "." if no more is read, else "+".
 */

typedef struct {
    char        text[2048];
    size_t      len;
    ngx_uint_t  wanted;               /* 0: no text, 1: every one */
    ngx_uint_t  stop;                 /* at this event */
    ngx_uint_t  events;

    /* the container of this number is passed over, from 1, or left out here */

    ngx_uint_t  skip;
    ngx_uint_t  pass_over;
    ngx_uint_t  opened;
    ngx_uint_t  hidden;               /* depth in it */
} record_t;


static ngx_int_t
met(record_t *r, const char *text, size_t len)
{
    if (r->hidden) {
        return NGX_OK;
    }

    if (r->len + len < sizeof(r->text)) {
        memcpy(r->text + r->len, text, len);
        r->len += len;
        r->text[r->len] = '\0';
    }

    return (++r->events == r->stop) ? NGX_DONE : NGX_OK;
}


static ngx_uint_t
want(void *data)
{
    return ((record_t *) data)->wanted;
}


static ngx_int_t
scalar(void *data, ngx_str_t *text)
{
    char       buf[600];
    size_t     len;
    record_t  *r = data;

    test_ok(text == NULL || r->wanted, "a text that nobody wanted");

    if (text == NULL) {
        return met(r, "~", 1);
    }

    len = ngx_min(text->len, sizeof(buf) - 2);

    buf[0] = '"';
    memcpy(buf + 1, text->data, len);
    buf[1 + len] = '"';

    return met(r, buf, len + 2);
}


static void
name(void *data, ngx_str_t *text)
{
    record_t  *r = data;

    ngx_uint_t  events;

    events = r->events;

    (void) scalar(r, text);
    (void) met(r, ":", 1);

    r->events = events;                 /* it cannot end the scan */
}


static ngx_int_t
opened(void *data, ngx_uint_t array)
{
    ngx_int_t  rc;
    record_t  *r = data;

    if (r->hidden) {
        r->hidden++;
        return NGX_OK;
    }

    rc = met(r, array ? "[" : "{", 1);

    if (++r->opened != r->skip) {
        return rc;
    }

    if (r->pass_over) {
        return NGX_DECLINED;
    }

    r->hidden = 1;

    return NGX_OK;
}


static ngx_int_t
closed(void *data)
{
    record_t  *r = data;

    if (r->hidden) {
        r->hidden--;
        return NGX_OK;
    }

    return met(r, "/", 1);
}


static ngx_webhook_scan_handlers_t  handlers = {
    want, want, name, scalar, opened, closed
};


/* fed in three pieces, or byte by byte if a is -1 */

static ngx_int_t
scan(record_t *r, const char *text, size_t len, size_t a, size_t b,
    ngx_uint_t side)
{
    size_t               n, step;
    ngx_int_t            rc;
    ngx_webhook_scan_t   s;

    memset(&s, 0, sizeof(s));

    s.handlers = &handlers;
    s.data = r;
    s.pool = test_pool();

    r->len = 0;
    r->text[0] = '\0';
    r->events = 0;
    r->opened = 0;
    r->hidden = 0;

    rc = NGX_OK;

    for (n = 0; n < len && rc == NGX_OK; n += step) {
        step = (a == (size_t) -1) ? 1
               : (n < a) ? a - n : (n < b) ? b - n : len - n;

        rc = ngx_webhook_scan(&s, test_input(text + n, step, side), step);
        test_forget();
    }

    r->hidden = 0;

    (void) met(r, (rc == NGX_OK) ? "+" : (rc == NGX_DONE) ? "." : "?", 1);

    ngx_destroy_pool(s.pool);

    return rc;
}


/* a container that is passed over is as if its insides were not told */

static void
skip(const char *text, size_t len, size_t a, size_t b, ngx_uint_t side)
{
    record_t    told, skipped;
    ngx_uint_t  i;

    memset(&told, 0, sizeof(told));
    memset(&skipped, 0, sizeof(skipped));

    told.wanted = 1;
    skipped.wanted = 1;
    skipped.pass_over = 1;

    for (i = 1; i <= told.opened + 1; i++) {
        told.skip = i;
        skipped.skip = i;

        (void) scan(&told, text, len, a, b, side);
        (void) scan(&skipped, text, len, a, b, side);

        test_ok(strcmp(told.text, skipped.text) == 0,
                "%.*s cut at %d, %d: %s, and %s if container %d is passed "
                "over", (int) len, text, (int) a, (int) b, told.text,
                skipped.text, (int) i);
    }
}


static void
document(const char *text, size_t len, const char *expected)
{
    size_t      a, b;
    record_t    r, none;
    ngx_uint_t  side;

    memset(&r, 0, sizeof(r));
    memset(&none, 0, sizeof(none));
    r.wanted = 1;

    for (test_sides(side)) {
        for (a = (size_t) -1; a == (size_t) -1 || a <= len; a++) {

            b = (a == (size_t) -1) ? len : a;

            for ( /* void */ ; b <= len; b += 1 + len / 8) {
                (void) scan(&r, text, len, a, b, side);

                test_ok(strcmp(r.text, expected) == 0,
                        "%.*s cut at %d, %d: %s, not %s", (int) len, text,
                        (int) a, (int) b, r.text, expected);

                (void) scan(&none, text, len, a, b, side);

                test_ok(r.text[r.len - 1] == none.text[none.len - 1]
                        && r.events == none.events,
                        "%.*s cut at %d, %d: %s, and %s if no text is wanted",
                        (int) len, text, (int) a, (int) b, r.text, none.text);

                skip(text, len, a, b, side);
            }
        }
    }
}


#define is(text, expected)  document(text, sizeof(text) - 1, expected)


static void
values(void)
{
    test_case("containers");
    is("{}", "{/+");
    is("[]", "[/+");
    is(" [ ] ", "[/+");
    is("\t{\r\n} \n", "{/+");
    is("[[],{},[{}]]", "[[/{/[{//" "/+");
    is("{\"a\":1}", "{\"a\":\"1\"/+");
    is("{\"a\":{\"b\":[1,2]},\"c\":\"d\"}",
       "{\"a\":{\"b\":[\"1\"\"2\"//\"c\":\"d\"/+");
    is(" { \"a\" : 1 , \"b\" : [ 2 , 3 ] } ",
       "{\"a\":\"1\"\"b\":[\"2\"\"3\"//+");
    is("{\"\":\"\"}", "{\"\":\"\"/+");

    test_case("scalars");
    is("[true,false,null]", "[\"true\"\"false\"~/+");
    is("[0,-0,1,-1,10,19]", "[\"0\"\"-0\"\"1\"\"-1\"\"10\"\"19\"/+");
    is("[0.0,1.50,-0.1]", "[\"0.0\"\"1.50\"\"-0.1\"/+");
    is("[1e1,1E+1,0e-0,1.5e007]",
       "[\"1e1\"\"1E+1\"\"0e-0\"\"1.5e007\"/+");
    is("[123456789012345678901234567890.5]",
       "[\"123456789012345678901234567890.5\"/+");
    is("\"a\"", "\"a\"+");
    is(" true ", "\"true\"+");
    is("null", "~+");
    is("1 ", "\"1\"+");
    is("1", "+");

    test_case("strings");
    is("[\"\"]", "[\"\"/+");
    is("[\"a\x7f\xff\x80\xc3\xa9 z\"]", "[\"a\x7f\xff\x80\xc3\xa9 z\"/+");
    is("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\"\\/\b\f\n\r\t\"/+");
    is("[\"\\u0001\\u007f\\u0080\\u07ff\\u0800\\uffff\\uABcd\"]",
       "[\"\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xea\xaf\x8d\"/+");
    is("[\"\\ud800\\udc00\\uDBFF\\uDFFFx\"]",
       "[\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbfx\"/+");
    is("[\"a,b]}\"]", "[\"a,b]}\"/+");

    test_case("containers of all that there is");
    is("{\"a\":[{},[],{\"\":-0.5e-1,\"b\\\"\\u00e9\\\\\":[1,20,0]},"
       "true,false,null,\"c\"],\"d\":1}",
       "{\"a\":[{/[/{\"\":\"-0.5e-1\"\"b\"\xc3\xa9\\\":[\"1\"\"20\"\"0\"//"
       "\"true\"\"false\"~\"c\"/\"d\":\"1\"/+");
    is("[ { \"a\" : [ 1 , 2 ] , \"b\" : { } } , 0 ]",
       "[{\"a\":[\"1\"\"2\"/\"b\":{//\"0\"/+");

    test_case("halves of pairs");
    is("[\"\\ud800\"]", "[\"\xed\xa0\x80\"/+");
    is("[\"\\udfff\"]", "[\"\xed\xbf\xbf\"/+");
    is("[\"\\ud800\\ud800\\udc00\"]",
       "[\"\xed\xa0\x80\xf0\x90\x80\x80\"/+");
    is("[\"\\ud800\\u0041\"]", "[\"\xed\xa0\x80" "A\"/+");
    is("[\"\\ud800\\\\\"]", "[\"\xed\xa0\x80\\\"/+");
    is("[\"\\ud800udc00\"]", "[\"\xed\xa0\x80udc00\"/+");
    is("[\"\\ud800\",\"\\udc00\"]", "[\"\xed\xa0\x80\"\"\xed\xb0\x80\"/+");
    is("{\"\\ud800\":\"\\udc00\"}",
       "{\"\xed\xa0\x80\":\"\xed\xb0\x80\"/+");
}


/* as they are where they stand alone, with bytes behind that could be theirs */

static void
numbers(void)
{
    char    text[128], expected[160];
    size_t  i, n;

    static struct {
        const char  *text;
        const char  *told;
    } number[] = {
        { "0", NULL }, { "-0", NULL }, { "7", NULL }, { "-1834.27", NULL },
        { "0.5", NULL }, { "-0.0", NULL }, { "10", NULL },
        { "123456789012345", NULL }, { "1234567890123456", NULL },
        { "12345678901234567", NULL }, { "-123456789012345", NULL },
        { "-1234567890123456", NULL }, { "-12345678901234567", NULL },
        { "1.23456789012345", NULL }, { "12345678901234.5", NULL },
        { "123456789012345.6", NULL }, { "1234567890123456.7", NULL },
        { "1.234567890123456789012", NULL },
        { "-1.2345678901234567890", NULL },
        { "1e5", NULL }, { "1.5E-10", NULL }, { "0e0", NULL },
        { "123456789012345e6", NULL }, { "1.2345678901234e6", NULL },
        { "-", "." }, { "--1", "." }, { "+1", "." }, { ".5", "." },
        { "-.5", "." }, { "1.", "." }, { "1..5", "." }, { "1.e1", "." },
        { "1e", "." }, { "1e+", "." }, { "-a", "." },
        { "--12345678901234567", "." }, { "123456789012345.", "." },
        { "12345678901234.", "." }, { "1234567890123456.", "." },
        { "01", "\"0\"." }, { "-01", "\"-0\"." }, { "00", "\"0\"." },
        { "012345678901234567", "\"0\"." }, { "1.5.5", "\"1.5\"." },
        { "1e1.5", "\"1e1\"." }, { "1-1", "\"1\"." }, { "1/", "\"1\"." },
        { "1:", "\"1\"." }, { "1 2", "\"1\"." }
    };

    test_case("numbers, and wrong ones, before other bytes");

    for (i = 0; i < sizeof(number) / sizeof(number[0]); i++) {

        n = (size_t) sprintf(text, "[%s,\"0.1e+2345678901234567\"]",
                             number[i].text);

        if (number[i].told) {
            sprintf(expected, "[%s", number[i].told);

        } else {
            sprintf(expected, "[\"%s\"\"0.1e+2345678901234567\"/+",
                    number[i].text);
        }

        document(text, n, expected);
    }
}


static void
wrong(void)
{
    test_case("what is no JSON ends the scan, what was before has been met");
    is("", "+");
    is(" ", "+");
    is("]", ".");
    is("}", ".");
    is(",", ".");
    is(":", ".");
    is("a", ".");
    is("'a'", ".");
    is("\xef\xbb\xbf{}", ".");
    is("\0", ".");
    is("\v[]", ".");
    is("\f[]", ".");
    is("{]", "{.");
    is("[}", "[.");
    is("{,}", "{.");
    is("[,]", "[.");
    is("[1,]", "[\"1\".");
    is("[1,,2]", "[\"1\".");
    is("[1 2]", "[\"1\".");
    is("[1:2]", "[\"1\".");
    is("[1}", "[\"1\".");
    is("[[1}]", "[[\"1\".");
    is("{\"a\":1]", "{\"a\":\"1\".");
    is("{\"a\":1,}", "{\"a\":\"1\".");
    is("{\"a\":1 \"b\":2}", "{\"a\":\"1\".");
    is("{\"a\"}", "{\"a\":.");
    is("{\"a\",1}", "{\"a\":.");
    is("{\"a\" 1}", "{\"a\":.");
    is("{\"a\":}", "{\"a\":.");
    is("{\"a\":,}", "{\"a\":.");
    is("{\"a\"::1}", "{\"a\":.");
    is("{a:1}", "{.");
    is("{1:2}", "{.");
    is("{[]:1}", "{.");
    is("{null:1}", "{.");
    is("{{}}", "{.");
    is("[]]", "[/.");
    is("[],", "[/.");
    is("{}{}", "{/.");
    is("1 2", "\"1\".");
    is("[] x", "[/.");
    is("[/* */]", "[.");
    is("[1]//", "[\"1\"/.");
    is("[#]", "[.");

    test_case("wrong literals");
    is("[t]", "[.");
    is("[tru]", "[.");
    is("[truE]", "[.");
    is("[truex]", "[\"true\".");
    is("[True]", "[.");
    is("[nul]", "[.");
    is("[nulll]", "[~.");
    is("[falsE]", "[.");
    is("[NaN]", "[.");
    is("[Infinity]", "[.");
    is("[-Infinity]", "[.");
    is("[undefined]", "[.");

    test_case("wrong numbers");
    is("[+1]", "[.");
    is("[-]", "[.");
    is("[--1]", "[.");
    is("[-a]", "[.");
    is("[.5]", "[.");
    is("[1.]", "[.");
    is("[1.e1]", "[.");
    is("[1e]", "[.");
    is("[1e+]", "[.");
    is("[1e+-1]", "[.");
    is("[1e1.5]", "[\"1e1\".");
    is("[1.5.5]", "[\"1.5\".");
    is("[01]", "[\"0\".");
    is("[-01]", "[\"-0\".");
    is("[00]", "[\"0\".");
    is("[0x1]", "[\"0\".");
    is("[1-1]", "[\"1\".");
    is("[1_0]", "[\"1\".");
    is("[1\0]", "[\"1\".");

    numbers();

    test_case("wrong strings");
    is("[\"a\nb\"]", "[.");
    is("[\"a\tb\"]", "[.");
    is("[\"\0\"]", "[.");
    is("[\"\x1f\"]", "[.");
    is("[\"\\x\"]", "[.");
    is("[\"\\'\"]", "[.");
    is("[\"\\0\"]", "[.");
    is("[\"\\U0041\"]", "[.");
    is("[\"\\\n\"]", "[.");
    is("[\"\\u\"]", "[.");
    is("[\"\\u12\"]", "[.");
    is("[\"\\u123g\"]", "[.");
    is("[\"\\u+123\"]", "[.");
    is("[\"\\u 123\"]", "[.");
    is("[\"\\ud800\\u\"]", "[.");
    is("{\"\\x\":1}", "{.");

    test_case("what is not whole waits");
    is("[", "[+");
    is("{", "{+");
    is("{\"a", "{+");
    is("{\"a\"", "{\"a\":+");
    is("{\"a\":", "{\"a\":+");
    is("{\"a\":\"b", "{\"a\":+");
    is("[\"\\", "[+");
    is("[\"\\u00", "[+");
    is("[12", "[+");
    is("[1.", "[+");
    is("[tru", "[+");
    is("[1,", "[\"1\"+");
}


/* every place of a vector for what is not a plain character */

static void
vectors(void)
{
    char         text[200], expected[200];
    size_t       a, b, n;
    record_t     r;
    ngx_uint_t   i, side;

    static struct {
        const char  *text;
        const char  *value;           /* NULL: an error */
    } special[] = {
        { "\\n", "\n" }, { "\\u0041", "A" }, { "\x1f", NULL },
        { "\x01", NULL }, { "\n", NULL }, { "", "" },
        { "\x20\x7f\x80\xff", "\x20\x7f\x80\xff" }
    };

    test_case("strings of any length, at the ends of the memory");

    memset(&r, 0, sizeof(r));
    r.wanted = 1;

    for (a = 0; a < 50; a++) {
        for (b = 0; b < 35; b++) {
            for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {

                n = (size_t) sprintf(text, "\"%.*s%s%.*s\"", (int) a,
                        "0123456789abcdef0123456789abcdef0123456789abcdef01",
                        special[i].text, (int) b,
                        "................................................");

                sprintf(expected, "\"%.*s%s%.*s\"+", (int) a,
                        "0123456789abcdef0123456789abcdef0123456789abcdef01",
                        special[i].value ? special[i].value : "", (int) b,
                        "................................................");

                for (test_sides(side)) {
                    (void) scan(&r, text, n, a * side, n, side);

                    test_ok(strcmp(r.text, special[i].value ? expected : ".")
                            == 0, "%s: %s", text, r.text);
                }
            }
        }
    }
}


static void
limits(void)
{
    size_t         n, len;
    record_t       r, none;
    ngx_uint_t     i;
    static char    text[NGX_WEBHOOK_SCAN_TEXT + 64];

    memset(&r, 0, sizeof(r));
    memset(&none, 0, sizeof(none));
    r.wanted = 1;

    test_case("depth");

    for (n = 1; n < 2 * NGX_WEBHOOK_SCAN_DEPTH; n++) {
        memset(text, '[', n);
        memset(text + n, ']', n);

        (void) scan(&r, text, 2 * n, n / 2, n, n & 1);
        test_ok(r.text[r.len - 1]
                == ((n <= NGX_WEBHOOK_SCAN_DEPTH) ? '+' : '.'), "%d",
                (int) n);
    }

    test_case("the longest text, and one that is too long");

    for (i = 0; i < 3; i++) {
        for (len = NGX_WEBHOOK_SCAN_TEXT - 1; len <= NGX_WEBHOOK_SCAN_TEXT + 1;
             len++)
        {
            n = (i == 0);

            memset(text, '1', len + 2);
            text[n + len] = ' ';

            if (i == 0) {
                text[0] = '"';
                text[n++ + len] = '"';
            }

            if (i == 1) {
                text[5] = '.';
            }

            (void) scan(&r, text, n + len + (i != 0), len / 2, len - 1,
                        TEST_END);
            test_ok(r.text[0] == ((len <= NGX_WEBHOOK_SCAN_TEXT) ? '"' : '~'),
                    "%d: %.20s", (int) len, r.text);

            (void) scan(&none, text, n + len + (i != 0), len / 2, len - 1,
                        TEST_END);
            test_ok(strcmp(none.text, "~+") == 0, "%s", none.text);
        }
    }

    test_case("a handler that has enough ends it, at any event");

    n = (size_t) sprintf(text, "{\"a\":[1,{\"b\":null},[]],\"c\":\"d\"}");
    (void) scan(&none, text, n, n, n, TEST_END);
    len = none.events - 1;

    for (i = 1; i <= len; i++) {
        none.stop = i;
        (void) scan(&none, text, n, 5, 9, i & 1);

        test_ok(none.events == i + 1 && none.text[none.len - 1] == '.',
                "at %d: %s", (int) i, none.text);
    }
}


int
main(void)
{
    values();
    wrong();
    vectors();
    limits();

    return test_done();
}
