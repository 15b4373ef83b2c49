
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* what is true of any URL that is taken, and of one that is not */


#include "fuzz.h"
#include "ngx_webhook_redis_url.h"


/* is the encoded text the value? */

static int
unescapes(const u_char *p, const u_char *end, ngx_str_t *value)
{
    char    hex[3] = "";
    size_t  n;

    for (n = 0; p < end && n < value->len; n++) {

        if (*p != '%') {
            if (*p++ != value->data[n]) {
                return 0;
            }

            continue;
        }

        if (end - p < 3) {
            return 0;
        }

        memcpy(hex, p + 1, 2);

        if (value->data[n] != (u_char) strtol(hex, NULL, 16)) {
            return 0;
        }

        p += 3;
    }

    return p == end && n == value->len;
}


static int
within(ngx_str_t *part, ngx_str_t *text)
{
    return part->data >= text->data
           && part->data + part->len <= text->data + text->len;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                   *at, *colon;
    ngx_str_t                 text;
    ngx_uint_t                side;
    ngx_pool_t               *pool;
    const char               *err;
    ngx_webhook_redis_url_t   url;

    for (test_sides(side)) {
        pool = test_pool();
        text = test_text((char *) data, size, side);
        memset(&url, 0x5a, sizeof(url));

        err = ngx_webhook_redis_url_parse(pool, &text, &url);

        at = url.unix_socket ? NULL : memrchr(text.data, '@', text.len);

        /* the name goes into logs */

        fuzz_check(within(&url.name, &text));
        fuzz_check(at == NULL || url.name.data > at);

        if (err) {
            fuzz_check(strlen(err) > 0);
            goto next;
        }

        fuzz_check(url.host.len > 0 && within(&url.host, &text));
        fuzz_check(url.host.data >= url.name.data);
        fuzz_check((url.port == 0) == url.unix_socket);

        if (at == NULL) {
            fuzz_check(url.user.len == 0 && url.password.len == 0);
            goto next;
        }

        colon = memchr(text.data + 8, ':', (size_t) (at - text.data - 8));

        fuzz_check(colon != NULL);
        fuzz_check(unescapes(text.data + 8, colon, &url.user));
        fuzz_check(unescapes(colon + 1, at, &url.password));

    next:

        test_forget();
        ngx_destroy_pool(pool);
    }

    return 0;
}
