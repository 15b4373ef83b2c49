
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include "ngx_webhook_out.h"


static ngx_pool_t  *pool;


/* all that was written, as one text */

static ngx_str_t
written(ngx_webhook_out_t *out)
{
    u_char       *p;
    ngx_str_t     s;
    ngx_chain_t  *cl;

    s.data = ngx_pnalloc(pool, (size_t) out->size + 1);
    p = s.data;

    for (cl = out->first; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    s.len = p - s.data;
    *p = '\0';

    test_is((off_t) s.len, out->size, "size");

    return s;
}


static void
escaped(ngx_uint_t json, const char *text, size_t len, const char *expected)
{
    ngx_str_t          t, s;
    ngx_uint_t         side;
    ngx_webhook_out_t  out;

    for (test_sides(side)) {
        t = test_text(text, len, side);
        ngx_webhook_out_init(&out, pool);

        if (json) {
            ngx_webhook_out_json(&out, t.data, t.len);

        } else {
            ngx_webhook_out_label(&out, t.data, t.len);
        }

        s = written(&out);

        test_ok(test_eq(&s, expected, strlen(expected)), "\"%s\", not \"%s\"",
                s.data, expected);
        test_forget();
    }
}


#define json(text, expected)   escaped(1, text, sizeof(text) - 1, expected)
#define label(text, expected)  escaped(0, text, sizeof(text) - 1, expected)


static void
texts(void)
{
    test_case("a string of JSON");
    json("", "");
    json("job_123", "job_123");
    json("a\"b\\c/", "a\\\"b\\\\c/");
    json("\0\n\r\t\x1f\x7f", "\\u0000\\u000a\\u000d\\u0009\\u001f\\u007f");
    json("</script>&", "\\u003c/script\\u003e\\u0026");

    test_case("a label of Prometheus");
    label("a\"b\\c\nd", "a\\\"b\\\\c\\nd");
    label("^/x<\\d+>", "^/x<\\\\d+>");

    test_case("UTF-8 stays");
    json("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
         "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    label("\xc3\xa9", "\xc3\xa9");

    test_case("what is none is replaced");
    json("a\xff" "b", "a\xef\xbf\xbd" "b");
    json("\xc3", "\xef\xbf\xbd");
    json("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
    json("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
    json("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    json("\xf4\x90\x80\x80",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    label("\x80", "\xef\xbf\xbd");
}


static void
growth(void)
{
    size_t             i;
    ngx_str_t          s;
    ngx_uint_t         n;
    ngx_webhook_out_t  out;

    test_case("a text of many buffers is whole");

    ngx_webhook_out_init(&out, pool);

    for (n = 0; n < 20000; n++) {
        ngx_webhook_out_print(&out, "%05ui,", n);
    }

    s = written(&out);

    test_is(s.len, 120000, "length");

    for (n = 0; n < 20000; n++) {
        i = n * 6;
        test_is((ngx_uint_t) ngx_atoi(s.data + i, 5), n, "number");
    }

    test_case("a single piece may be larger than a buffer");

    ngx_webhook_out_init(&out, pool);
    ngx_webhook_out_bytes(&out, "<", 1);
    ngx_webhook_out_bytes(&out, s.data, s.len);
    ngx_webhook_out_bytes(&out, ">", 1);

    test_is(written(&out).len, s.len + 2, "length");

    test_case("a print is cut, not overrun");

    ngx_webhook_out_init(&out, pool);
    ngx_webhook_out_print(&out, "%V", &s);

    test_is(written(&out).len, NGX_WEBHOOK_OUT_PRINT, "length");
}


int
main(void)
{
    pool = test_pool();

    texts();
    growth();

    ngx_destroy_pool(pool);

    return test_done();
}
