
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include "ngx_webhook_json.h"
#include "ngx_webhook_scan.h"


#define WANTS  8
#define BYTES  ((size_t) -1)


/*
 * Fed in three pieces, cut at a and b, or byte by byte if a is BYTES.
 * "wants" are pointers divided by a blank, alternatives by " | ".  The
 * verdict: =value, - for absent, ? for unknown, each with a blank behind;
 * then "." if no more is wanted and "+" if it is.
 */

static void
parse(const char *wants, const char *text, size_t len, size_t a, size_t b,
    ngx_uint_t side, char *got, size_t size)
{
    char                        buf[256], *p;
    size_t                      n, i, step;
    ngx_int_t                   rc;
    ngx_str_t                   s;
    ngx_uint_t                  nwants, group;
    ngx_pool_t                 *pool;
    ngx_webhook_json_t          json;
    ngx_webhook_json_want_t     want[WANTS];
    ngx_webhook_json_pointer_t  pointer[WANTS];

    pool = test_pool();
    memset(want, 0, sizeof(want));

    snprintf(buf, sizeof(buf), "%s", wants);
    nwants = 0;
    group = 0;

    for (p = strtok(buf, " "); p; p = strtok(NULL, " ")) {

        if (*p == '|') {
            group++;
            continue;
        }

        s = test_text(p, strlen(p), side);
        rc = ngx_webhook_json_pointer(pool, &s, &pointer[nwants]);
        test_is(rc, NGX_OK, p);
        test_forget();

        want[nwants].pointer = &pointer[nwants];
        want[nwants++].group = group;
    }

    ngx_webhook_json_init(&json, pool, want, nwants);
    rc = NGX_OK;

    for (n = 0; n < len && rc == NGX_OK; n += step) {
        step = (a == BYTES) ? 1 : (n < a) ? a - n : (n < b) ? b - n : len - n;

        rc = ngx_webhook_json_feed(&json, test_input(text + n, step, side),
                                   step);
        test_forget();
    }

    for (n = 0, i = 0; i < nwants; i++) {

        switch (want[i].state) {

        case NGX_WEBHOOK_JSON_FOUND:
            n += (size_t) snprintf(got + n, size - n, "=%.*s ",
                                   (int) want[i].value.len,
                                   want[i].value.data);
            break;

        case NGX_WEBHOOK_JSON_ABSENT:
            n += (size_t) snprintf(got + n, size - n, "- ");
            break;

        default:
            n += (size_t) snprintf(got + n, size - n, "? ");
        }
    }

    snprintf(got + n, size - n, "%s",
             (rc == NGX_OK) ? "+" : (rc == NGX_DONE) ? "." : "error");

    ngx_destroy_pool(pool);
}


/* the same whole, cut at every place, at two of them, and byte by byte */

static void
document(const char *wants, const char *text, size_t len,
    const char *expected)
{
    char        got[1024];
    size_t      a, b;
    ngx_uint_t  side;

    for (test_sides(side)) {
        for (a = 0; a <= len; a++) {

            for (b = a; b <= len; b += 1 + len / 8) {
                parse(wants, text, len, a, b, side, got, sizeof(got));

                test_ok(strcmp(got, expected) == 0,
                        "%s in %.*s cut at %d, %d: \"%s\", not \"%s\"", wants,
                        (int) len, text, (int) a, (int) b, got, expected);
            }
        }

        parse(wants, text, len, BYTES, 0, side, got, sizeof(got));

        test_ok(strcmp(got, expected) == 0,
                "%s in %.*s by byte: \"%s\", not \"%s\"", wants, (int) len,
                text, got, expected);
    }
}


#define is(wants, text, expected)                                             \
    document(wants, text, sizeof(text) - 1, expected)


/* tokens as name:index, each with a "|" behind, or NULL */

static void
pointer(const char *text, size_t len, const char *expected)
{
    char                        got[512];
    size_t                      n;
    ngx_int_t                   rc;
    ngx_str_t                   s;
    ngx_uint_t                  i, side;
    ngx_pool_t                 *pool;
    ngx_webhook_json_pointer_t  p;

    for (test_sides(side)) {
        pool = test_pool();

        s = test_text(text, len, side);
        rc = ngx_webhook_json_pointer(pool, &s, &p);
        test_forget();

        test_ok(rc == (expected ? NGX_OK : NGX_DECLINED), "\"%.*s\": %d",
                (int) len, text, (int) rc);

        got[0] = '\0';

        for (n = 0, i = 0; rc == NGX_OK && i < p.ntokens; i++) {
            n += (size_t) snprintf(got + n, sizeof(got) - n, "%.*s:%d|",
                                   (int) p.tokens[i].name.len,
                                   p.tokens[i].name.data,
                                   (int) p.tokens[i].index);
        }

        test_ok(!expected || strcmp(got, expected) == 0, "\"%.*s\": %s",
                (int) len, text, got);

        ngx_destroy_pool(pool);
    }
}


static void
pointers(void)
{
    test_case("pointers");
    pointer("/a", 2, "a:-1|");
    pointer("/a/b", 4, "a:-1|b:-1|");
    pointer("/", 1, ":-1|");
    pointer("//", 2, ":-1|:-1|");
    pointer("/a/", 3, "a:-1|:-1|");
    pointer("/a/b/c/d/e/f/g/h/i/j", 20,
            "a:-1|b:-1|c:-1|d:-1|e:-1|f:-1|g:-1|h:-1|i:-1|j:-1|");

    test_case("pointers: escapes");
    pointer("/a~1b", 5, "a/b:-1|");
    pointer("/m~0n", 5, "m~n:-1|");
    pointer("/~01", 4, "~1:-1|");
    pointer("/~0~1~1~0", 9, "~//~:-1|");
    pointer("/ \"%", 4, " \"%:-1|");

    test_case("pointers: indexes");
    pointer("/0", 2, "0:0|");
    pointer("/9/10", 5, "9:9|10:10|");
    pointer("/00/01/1a/-/-1/+1/ 1", 20,
            "00:-1|01:-1|1a:-1|-:-1|-1:-1|+1:-1| 1:-1|");
    pointer("/99999999999999999999", 21, "99999999999999999999:-1|");

    test_case("pointers: what is none");
    pointer("", 0, NULL);
    pointer("a", 1, NULL);
    pointer("#/a", 3, NULL);
    pointer(" /a", 3, NULL);
    pointer("/~", 2, NULL);
    pointer("/a~", 3, NULL);
    pointer("/~2", 3, NULL);
    pointer("/~a/b", 5, NULL);
    pointer("/a~/1", 5, NULL);
}


static void
found(void)
{
    test_case("a member");
    is("/id", "{\"id\":\"a\"}", "=a .");
    is("/id", " { \"x\" : 1 , \"id\" : \"a\" }", "=a .");
    is("/id", "{\"id\":\"a\"", "=a .");
    is("/id", "{\"idx\":\"a\",\"i\":\"b\",\"xid\":\"c\",\"ID\":\"d\"}", "- .");
    is("/id", "{}", "- .");
    is("/id", "{\"x\":{\"id\":1},\"y\":[{\"id\":2}]}", "- .");
    is("/", "{\"a\":1,\"\":\"b\"}", "=b .");
    is("/a~1b", "{\"a\":{\"b\":1},\"a/b\":2}", "=2 .");

    test_case("scalars: as they are written");
    is("/a", "{\"a\":0}", "=0 .");
    is("/a", "{\"a\":-12.50e+3}", "=-12.50e+3 .");
    is("/a", "{\"a\":123456789012345678901234567890}",
       "=123456789012345678901234567890 .");
    is("/a", "{\"a\":true}", "=true .");
    is("/a", "{\"a\":false}", "=false .");
    is("/a", "{\"a\":\"\"}", "= .");
    is("/a", "{\"a\":null}", "- .");
    is("/a", "{\"a\":\"1\"}", "=1 .");

    test_case("what is no scalar is no id");
    is("/a", "{\"a\":{}}", "- .");
    is("/a", "{\"a\":[]}", "- .");
    is("/a", "{\"a\":[\"a\"]}", "- .");
    is("/a", "{\"a\":{\"a\":1}}", "- .");

    test_case("deeper");
    is("/a/b", "{\"a\":{\"b\":\"c\"}}", "=c .");
    is("/a/b", "{\"b\":1,\"a\":{\"a\":{\"b\":2},\"b\":3}}", "=3 .");
    is("/a/b", "{\"a\":\"b\",\"b\":1}", "- .");
    is("/a/b", "{\"a\":null}", "- .");
    is("/a/b/c", "{\"a\":{\"x\":{\"c\":1},\"b\":{\"c\":2}}}", "=2 .");
    is("/a//b", "{\"a\":{\"\":{\"b\":1}}}", "=1 .");

    test_case("arrays");
    is("/0", "[\"a\",\"b\"]", "=a .");
    is("/1", "[\"a\",\"b\"]", "=b .");
    is("/2", "[\"a\",\"b\"]", "- .");
    is("/1", "[[7,8],[9]]", "- .");
    is("/1/0", "[[7,8],[9]]", "=9 .");
    is("/a/1/b", "{\"a\":[{\"b\":1},{\"b\":2},{\"b\":3}]}", "=2 .");
    is("/a/1/b", "{\"a\":[[{\"b\":1},{\"b\":2}],3]}", "- .");
    is("/10", "[0,1,2,3,4,5,6,7,8,9,\"a\"]", "=a .");
    is("/0", "[]", "- .");
    is("/-", "[1]", "- .");
    is("/01", "[1,2]", "- .");
    is("/00", "[1,2]", "- .");
    is("/1a", "[1,2]", "- .");
    is("/2", "[null,{\"2\":1},true]", "=true .");

    test_case("a number as a name");
    is("/1", "{\"0\":1,\"1\":2}", "=2 .");
    is("/01", "{\"1\":1,\"01\":2}", "=2 .");

    test_case("a document that is a scalar, or empty");
    is("/a", "\"a\" ", "? +");
    is("/0", "true ", "? +");
    is("/a", "1 ", "? +");
    is("/a", "", "? +");
    is("/a", " \t\r\n", "? +");
}


static void
first(void)
{
    test_case("the first member of a name is it");
    is("/a", "{\"a\":1,\"a\":2}", "=1 .");
    is("/a", "{\"a\":null,\"a\":2}", "- .");
    is("/a", "{\"a\":{},\"a\":2}", "- .");
    is("/a", "{\"a\":[],\"a\":2}", "- .");
    is("/a", "{\"\\u0061\":1,\"a\":2}", "=1 .");

    test_case("the first container of a name is it");
    is("/a/b", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "=1 .");
    is("/a/b", "{\"a\":{},\"a\":{\"b\":2}}", "- .");
    is("/a/b", "{\"a\":{\"x\":1},\"a\":{\"b\":2}}", "- .");
    is("/a/b", "{\"a\":1,\"a\":{\"b\":2}}", "- .");
    is("/a/b", "{\"a\":[],\"a\":{\"b\":2}}", "- .");
    is("/a/0", "{\"a\":{},\"a\":[1]}", "- .");
    is("/a/b /c", "{\"a\":{\"b\":{}},\"a\":{\"b\":2},\"c\":3}", "- ? .");
    is("/0/a", "[{\"b\":1},{\"a\":2}]", "- .");
}


static void
several(void)
{
    test_case("several parts");
    is("/a /b", "{\"a\":1,\"b\":2,\"c\":3}", "=1 =2 .");
    is("/a /b", "{\"b\":1,\"a\":2}", "=2 =1 .");
    is("/a /b", "{\"b\":1}", "- =1 .");
    is("/a /a", "{\"a\":1}", "=1 =1 .");
    is("/a/b /a/c /d", "{\"a\":{\"c\":1,\"b\":2},\"d\":3}", "=2 =1 =3 .");
    is("/a /a/b", "{\"a\":{\"b\":1}}", "- ? .");
    is("/a/b /a", "{\"a\":1}", "- =1 .");
    is("/event /data/id", "{\"data\":{\"id\":7},\"event\":\"e\"}", "=e =7 .");
    is("/0/a /1/a /1/b", "[{\"b\":1,\"a\":2},{\"b\":3,\"a\":4}]",
       "=2 =4 =3 .");

    test_case("nothing behind the last wanted is looked at");
    is("/a", "{\"a\":1,}{{{", "=1 .");
    is("/a", "{\"a\":\"b\"\0", "=b .");
    is("/a /b", "{\"b\":1,\"a\":2,!", "=2 =1 .");
    is("/a/b", "{\"a\":{\"b\":1]", "=1 .");
    is("/a/b", "{\"a\":{}]", "- .");
    is("/a", "{\"a\":{]", "- .");

    test_case("alternatives: the first that is whole ends it");
    is("/a | /b", "{\"a\":1,!", "=1 ? .");
    is("/a | /b", "{\"b\":1,\"a\":2,!", "=2 =1 .");
    is("/a | /b", "{\"b\":1}", "- =1 .");
    is("/a | /b", "{\"a\":null,\"b\":1,!", "- =1 .");
    is("/a | /b", "{\"b\":1,\"a\":null,!", "- =1 .");
    is("/a | /b", "{\"a\":\"\",\"b\":1,!", "= =1 .");
    is("/a /b | /c", "{\"a\":1,\"c\":2}", "=1 - =2 .");
    is("/a /b | /c", "{\"a\":1,\"c\":2,\"b\":3,!", "=1 =3 =2 .");
    is("/a /b | /c", "{\"a\":null,\"c\":2,!", "- ? =2 .");
    is("/a /b | /c | /d", "{\"d\":1,\"b\":{},\"c\":2,!", "? - =2 =1 .");
    is("/a | /b | /c", "{\"c\":1}", "- - =1 .");
    is("/a | /b", "{\"a\":[],\"b\":{},!", "- - .");
    is("/a | /b", "{\"a\":\"\",\"b\":\"\",!", "= = .");

    test_case("alternatives: as long as the first can come, it is waited for");
    is("/a | /b", "{\"b\":1,", "? =1 +");
    is("/a/b | /c", "{\"c\":1,\"a\":{", "? =1 +");
    is("/a/b | /c", "{\"c\":1,\"a\":{}", "- =1 .");
}


static void
broken(void)
{
    size_t  i;

    static const char  *wrong[] = {
        "{", "[", "{]", "[}", "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{a:1}",
        "{\"a\":1 \"b\":2}", "{,}", "[,]", "[1,]", "[1 2]", "{\"a\":1,}",
        "{1:2}", "{'a':1}", "[tru]", "[trux]", "[nul]", "[+1]", "[01]",
        "[1.]", "[.5]", "[1e]", "[-]", "[0x1]", "[\"]", "[\"\\x\"]",
        "[\"\\u12\"]", "[\"\\u12g4\"]", "[\"a\nb\"]", "[\"a\tb\"]", "[NaN]",
        "[1]]", "}", "]", ",", ":", "\"", "//", "/* */", "{/**/}", "\xef\xbb",
        "{\"id\"", "{\"id\":", "{\"id\"::\"a\"}", "{\"id\":\"a",
        "{{\"id\":1}}", "[{\"x\":[}]"
    };

    test_case("broken before the wanted value: nothing is found");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char        got[256], text[256];
        size_t      len, a;
        ngx_uint_t  side;

        len = (size_t) sprintf(text, "{\"x\":%s,\"id\":\"v\"", wrong[i]);

        for (test_sides(side)) {
            for (a = 0; a <= len; a++) {
                parse("/id", text, len, a, len, side, got, sizeof(got));
                test_ok(strchr("?-", got[0]), "%s cut at %d: %s", text,
                        (int) a, got);
            }
        }
    }

    test_case("broken: no more is wanted, and what is unknown stays so");
    is("/id", "{\"x\":1,}", "? .");
    is("/id", "{\"x\":tru,\"id\":1}", "? .");
    is("/id", "\xef\xbb\xbf{\"id\":1}", "? .");
    is("/id", "id=1", "? .");
    is("/id", "{\"id\":1x}", "=1 .");
    is("/id", "{\"id\":+1}", "? .");
    is("/id", "{\"id\":'1'}", "? .");
    is("/a /id", "{\"a\":1,}", "=1 ? .");

    test_case("cut before the end of the value: nothing is found");
    is("/id", "{\"id\":\"a", "? +");
    is("/id", "{\"id\":12", "? +");
    is("/id", "{\"id\":tru", "? +");
    is("/id", "{\"id\":\"a\\", "? +");
    is("/id", "{\"id\":\"a\\u00", "? +");
}


static void
escapes(void)
{
    test_case("strings: escapes");
    is("/a", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "=\"\\/\b\f\n\r\t .");
    is("/a", "{\"a\":\"x\\u0041\\u00e9\\u20ACy\"}",
       "=xA\xc3\xa9\xe2\x82\xacy .");
    is("/a", "{\"a\":\"\\ud83d\\ude00\"}", "=\xf0\x9f\x98\x80 .");
    is("/a", "{\"\\u0061\":\"b\"}", "=b .");
    is("/a~1b", "{\"a\\/b\":1}", "=1 .");

    test_case("strings: bytes are not looked at");
    is("/a", "{\"a\":\"\xc3\xa9\xff\xfe\x80\"}", "=\xc3\xa9\xff\xfe\x80 .");
    is("/\xc3\xa9", "{\"\xc3\xa9\":1}", "=1 .");
    is("/\xc3\xa9", "{\"\\u00e9\":1}", "=1 .");

    test_case("strings: half of a pair stays what it is");
    is("/a /b", "{\"a\":\"\\ud800\",\"b\":1}", "=\xed\xa0\x80 =1 .");
    is("/a", "{\"a\":\"\\ud800x\"}", "=\xed\xa0\x80x .");
    is("/a", "{\"a\":\"\\ud83d\\n\"}", "=\xed\xa0\xbd\n .");
    is("/a", "{\"a\":\"\\ud800\\u0041\"}", "=\xed\xa0\x80" "A .");
    is("/a", "{\"a\":\"\\ud83d\\ud83d\\ude00\"}",
       "=\xed\xa0\xbd\xf0\x9f\x98\x80 .");
    is("/a", "{\"a\":\"\\udc00\\ud800\"}", "=\xed\xb0\x80\xed\xa0\x80 .");
    is("/a", "{\"a\":\"\\ude00\\ud83d\\ude00\"}",
       "=\xed\xb8\x80\xf0\x9f\x98\x80 .");
    is("/b", "{\"a\":\"\\ud800\\u\",\"b\":1}", "? .");
    is("/b", "{\"a\":\"\\ud800\\u12\",\"b\":1}", "? .");
    is("/b", "{\"\\ud800\":0,\"b\":1}", "=1 .");
}


static void
nul(void)
{
    ngx_str_t                   text;
    ngx_pool_t                 *pool;
    ngx_webhook_json_t          json;
    ngx_webhook_json_want_t     want;
    ngx_webhook_json_pointer_t  p;

    test_case("a NUL in a value is a byte of it, and in a name as well");

    pool = test_pool();
    text = test_str("/a");
    ngx_webhook_json_pointer(pool, &text, &p);

    memset(&want, 0, sizeof(want));
    want.pointer = &p;

    ngx_webhook_json_init(&json, pool, &want, 1);
    text = test_str("{\"a\\u0000\":\"n\",\"a\":\"x\\u0000y\"}");
    test_is(ngx_webhook_json_feed(&json, text.data, text.len), NGX_DONE, "");
    test_ok(test_eq(&want.value, "x\0y", 3), "%d bytes",
            (int) want.value.len);

    ngx_destroy_pool(pool);
}


static void
limits(void)
{
    char     got[NGX_WEBHOOK_SCAN_TEXT + 64];
    size_t   n, step;
    ngx_uint_t  depth;
    static char  text[3 * NGX_WEBHOOK_SCAN_TEXT];

    test_case("depth: as far as it goes, and not further");

    for (depth = NGX_WEBHOOK_SCAN_DEPTH - 2;
         depth <= NGX_WEBHOOK_SCAN_DEPTH + 2; depth++)
    {
        /* the root is one */

        for (step = 1; step < 1000; step += 300) {
            n = (size_t) sprintf(text, "{\"x\":");
            memset(text + n, '[', depth - 1);
            n += depth - 1;
            memset(text + n, ']', depth - 1);
            n += depth - 1;
            n += (size_t) sprintf(text + n, ",\"a\":1}");

            parse("/a", text, n, step, n, TEST_END, got, sizeof(got));
            test_ok(strcmp(got, (depth <= NGX_WEBHOOK_SCAN_DEPTH)
                                ? "=1 ." : "? .") == 0, "%d: %s", (int) depth,
                    got);
        }
    }

    test_case("depth: what is open does not matter");
    memset(text, '[', sizeof(text));
    parse("/a", text, sizeof(text), 9, sizeof(text), TEST_END, got,
          sizeof(got));
    test_ok(strcmp(got, "? .") == 0, "%s", got);

    test_case("the longest value, and one that is too long");

    for (n = NGX_WEBHOOK_SCAN_TEXT - 1;
         n <= NGX_WEBHOOK_SCAN_TEXT + 1; n++)
    {
        for (step = 3; step < 100000; step += 33333) {
            memcpy(text, "{\"a\":\"", 6);
            memset(text + 6, 'x', n);
            memcpy(text + 6 + n, "\",\"b\":2}", 8);

            parse("/b /a", text, n + 14, step, n + 14, TEST_START, got,
                  sizeof(got));

            if (n > NGX_WEBHOOK_SCAN_TEXT) {
                test_ok(strcmp(got, "? - .") == 0, "%s", got);
                continue;
            }

            test_ok(strlen(got) == n + 6 && strcmp(got + n + 4, " .") == 0,
                    "%d bytes", (int) n);
        }
    }

    test_case("a long value that nobody wants");
    parse("/b", text, NGX_WEBHOOK_SCAN_TEXT + 15, 7, 8, TEST_END, got,
          sizeof(got));
    test_ok(strcmp(got, "=2 .") == 0, "%.20s", got);

    test_case("many elements");

    text[0] = '[';

    for (n = 1; n < 100001; n += 2) {
        memcpy(text + n, "0,", 2);
    }

    memcpy(text + n, "7]", 2);
    parse("/50000", text, n + 2, 1000, 70000, TEST_END, got, sizeof(got));
    test_ok(strcmp(got, "=7 .") == 0, "%s", got);
    parse("/50001", text, n + 2, 1000, 70000, TEST_END, got, sizeof(got));
    test_ok(strcmp(got, "- .") == 0, "%s", got);
}


int
main(void)
{
    pointers();
    found();
    first();
    several();
    broken();
    escapes();
    nul();
    limits();

    return test_done();
}
