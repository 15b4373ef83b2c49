
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
    u_char                   *at, *user, *colon;
    ngx_str_t                 text;
    ngx_uint_t                side, i;
    ngx_pool_t               *pool;
    const char               *err;
    ngx_webhook_redis_url_t   url;
    ngx_webhook_redis_host_t *host;

    for (test_sides(side)) {
        pool = test_pool();
        text = test_text((char *) data, size, side);
        memset(&url, 0x5a, sizeof(url));

        err = ngx_webhook_redis_url_parse(pool, &text, &url);

        at = (text.len >= 5 && memcmp(text.data, "unix:", 5) == 0)
             ? NULL : memrchr(text.data, '@', text.len);

        /* the name goes into logs */

        fuzz_check(within(&url.name, &text));
        fuzz_check(at == NULL || url.name.data > at);

        if (err) {
            fuzz_check(strlen(err) > 0);
            goto next;
        }

        fuzz_check(url.nhosts > 0);

        for (i = 0; i < url.nhosts; i++) {
            host = &url.hosts[i];

            fuzz_check(host->host.len > 0 && within(&host->host, &text));
            fuzz_check(host->host.data >= url.name.data);
            fuzz_check((host->port == 0) == host->unix_socket);
        }

        fuzz_check((url.kind == NGX_WEBHOOK_REDIS_SENTINEL)
                   == (url.master.len > 0));
        fuzz_check(url.kind != NGX_WEBHOOK_REDIS_SINGLE || url.nhosts == 1);

        if (at == NULL) {
            fuzz_check(url.user.len == 0 && url.password.len == 0);
            goto next;
        }

        user = memchr(text.data, '/', text.len);
        user += 2;

        colon = memchr(user, ':', (size_t) (at - user));

        if (colon == NULL) {
            fuzz_check(url.password.len == 0);
            fuzz_check(unescapes(user, at, &url.user));
            goto next;
        }

        fuzz_check(unescapes(user, colon, &url.user));
        fuzz_check(unescapes(colon + 1, at, &url.password));

    next:

        test_forget();
        ngx_destroy_pool(pool);
    }

    return 0;
}
