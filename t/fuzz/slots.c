
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * A first line as MOVED or ASK, the rest as the answer to CLUSTER SLOTS, in
 * pieces as in one.
 */


#include "fuzz.h"
#include "ngx_webhook_redis_slot.h"


typedef struct {
    ngx_int_t     rc;
    ngx_uint_t    n;
    ngx_uint_t    sum;
} ranges_t;


static void
read_ranges(const uint8_t *data, size_t size, uint32_t *seed, ranges_t *r)
{
    u_char                     *p;
    size_t                      step;
    ngx_int_t                   rc;
    ngx_uint_t                  i, before;
    ngx_pool_t                 *pool;
    ngx_webhook_resp_t         *resp;
    ngx_webhook_resp_reply_t   *reply;
    ngx_webhook_redis_slots_t   s;

    memset(r, 0, sizeof(ranges_t));

    pool = test_pool();
    resp = ngx_webhook_resp_create();
    ngx_webhook_resp_arrays(resp, pool);

    rc = NGX_AGAIN;

    for ( /* void */ ; size && rc == NGX_AGAIN; size -= step) {
        step = seed ? fuzz_step(seed, size) : size;

        p = test_input(data, step, step & 1);
        fuzz_check(ngx_webhook_resp_feed(resp, p, step) == NGX_OK);
        test_forget();

        rc = ngx_webhook_resp_next(resp, &reply);
        data += step;
    }

    r->rc = rc;

    if (rc == NGX_OK && reply->type == NGX_WEBHOOK_RESP_ARRAY) {

        i = 0;

        for ( ;; ) {
            before = i;
            r->rc = ngx_webhook_redis_slots_next(reply, &i, &s);

            if (r->rc != NGX_OK) {
                break;
            }

            fuzz_check(i > before && i <= reply->nitems);
            fuzz_check(s.first <= s.last);
            fuzz_check(s.last < NGX_WEBHOOK_REDIS_SLOTS);
            fuzz_check(s.host.len <= NGX_WEBHOOK_RESP_TEXT);

            r->n++;
            r->sum += s.first + s.last + s.host.len + (ngx_uint_t) s.port;
        }
    }

    ngx_webhook_resp_free(resp);
    ngx_destroy_pool(pool);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t                    seed;
    ngx_str_t                   line, text;
    ranges_t                    whole, pieces;
    ngx_webhook_redis_slots_t   s;

    seed = fuzz_seed(data, size);
    line = fuzz_line(&data, &size);

    text = test_text((char *) line.data, line.len, 1);

    if (ngx_webhook_redis_slots_redirect(&text, &s) == NGX_OK) {
        fuzz_check(s.first == s.last && s.last < NGX_WEBHOOK_REDIS_SLOTS);
        fuzz_check(s.host.data >= text.data);
        fuzz_check(s.host.data + s.host.len < text.data + text.len);
        fuzz_check(s.port >= 0);
    }

    fuzz_check(ngx_webhook_redis_slot(&text) < NGX_WEBHOOK_REDIS_SLOTS);
    test_forget();

    read_ranges(data, size, NULL, &whole);
    read_ranges(data, size, &seed, &pieces);

    /* what stands behind a reply that is whole may or may not have come */

    if (whole.rc != NGX_AGAIN && whole.n) {
        fuzz_check(whole.n == pieces.n && whole.sum == pieces.sum);
    }

    return 0;
}
