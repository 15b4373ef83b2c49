
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include "ngx_webhook_redis_slot.h"


static void
slot(const char *key, ngx_uint_t expected)
{
    ngx_str_t   t;
    ngx_uint_t  side;

    for (test_sides(side)) {
        t = test_text(key, strlen(key), side);
        test_is(ngx_webhook_redis_slot(&t), expected, key);
        test_forget();
    }
}


/* "first-last host:port", one after the other, and what it ended with */

static void
slots(const char *text, const char *expected)
{
    char                        got[500];
    size_t                      n, cut;
    u_char                     *p;
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_pool_t                 *pool;
    ngx_webhook_resp_t         *resp;
    ngx_webhook_resp_reply_t   *reply;
    ngx_webhook_redis_slots_t   s;

    for (cut = 0; cut <= strlen(text); cut++) {
        pool = test_pool();
        resp = ngx_webhook_resp_create();
        ngx_webhook_resp_arrays(resp, pool);

        p = test_input(text, cut, cut & 1);
        test_is(ngx_webhook_resp_feed(resp, p, cut), NGX_OK, "feed");
        test_forget();

        rc = ngx_webhook_resp_next(resp, &reply);

        if (rc == NGX_AGAIN) {
            p = test_input(text + cut, strlen(text) - cut, cut & 1);
            test_is(ngx_webhook_resp_feed(resp, p, strlen(text) - cut), NGX_OK,
                    "feed");
            test_forget();

            rc = ngx_webhook_resp_next(resp, &reply);
        }

        test_is(rc, NGX_OK, text);
        test_is(reply->type, NGX_WEBHOOK_RESP_ARRAY, text);

        got[0] = '\0';
        n = 0;
        i = 0;

        while ((rc = ngx_webhook_redis_slots_next(reply, &i, &s)) == NGX_OK) {
            n += (size_t) snprintf(got + n, sizeof(got) - n,
                                   "%d-%d %.*s:%d, ", (int) s.first,
                                   (int) s.last, (int) s.host.len,
                                   s.host.data, (int) s.port);
        }

        snprintf(got + n, sizeof(got) - n, "%s",
                 rc == NGX_DONE ? "done" : "error");

        test_ok(strcmp(got, expected) == 0, "cut at %d: \"%s\"", (int) cut,
                got);

        ngx_webhook_resp_free(resp);
        ngx_destroy_pool(pool);
    }
}


static void
redirect(const char *text, const char *expected)
{
    char                        got[500];
    ngx_str_t                   t;
    ngx_uint_t                  side;
    ngx_webhook_redis_slots_t   s;

    for (test_sides(side)) {
        t = test_text(text, strlen(text), side);
        strcpy(got, "error");

        if (ngx_webhook_redis_slots_redirect(&t, &s) == NGX_OK) {
            snprintf(got, sizeof(got), "%d %.*s %d", (int) s.first,
                     (int) s.host.len, s.host.data, (int) s.port);
        }

        test_ok(strcmp(got, expected) == 0, "\"%s\": \"%s\"", text, got);
        test_forget();
    }
}


int
main(void)
{
    test_case("slots as CLUSTER KEYSLOT has them");
    slot("", 0);
    slot("123456789", 0x31c3);
    slot("foo", 12182);
    slot("somekey", 11058);
    slot("foo{hash_tag}", 2515);
    slot("bar{hash_tag}", 2515);

    test_case("hash tags");
    slot("{foo}", 12182);
    slot("webhook:{foo}:x", 12182);
    slot("{foo}{bar}", 12182);
    slot("x{foo}}", 12182);

    test_case("what is no hash tag");
    slot("foo{}{bar}", 8363);
    slot("foo{{bar}}zap", 4015);

    test_case("CLUSTER SLOTS");
    slots("*2\r\n"
          "*3\r\n:0\r\n:100\r\n*3\r\n$1\r\na\r\n:7001\r\n$2\r\nid\r\n"
          "*4\r\n:101\r\n:16383\r\n*4\r\n$1\r\nb\r\n:7002\r\n$2\r\nid\r\n"
          "*2\r\n$8\r\nhostname\r\n$1\r\nB\r\n"
          "*3\r\n$1\r\nc\r\n:7003\r\n$2\r\nid\r\n",
          "0-100 a:7001, 101-16383 b:7002, done");
    slots("*1\r\n*3\r\n:5\r\n:5\r\n*2\r\n$-1\r\n:7001\r\n"
          "*2\r\n$1\r\nb\r\n:7002\r\n", "5-5 :7001, done");
    slots("*0\r\n", "done");

    test_case("what is no answer to it");
    slots("*1\r\n:1\r\n", "error");
    slots("*1\r\n*2\r\n:0\r\n:1\r\n", "error");
    slots("*1\r\n*3\r\n:0\r\n:1\r\n$1\r\na\r\n", "error");
    slots("*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n", "error");
    slots("*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n", "error");
    slots("*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n", "error");
    slots("*1\r\n*3\r\n$1\r\n0\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n", "error");

    test_case("MOVED and ASK");
    redirect("MOVED 866 127.0.0.1:7002", "866 127.0.0.1 7002");
    redirect("ASK 0 redis.internal:1", "0 redis.internal 1");
    redirect("MOVED 16383 ::1:7002", "16383 ::1 7002");
    redirect("MOVED 5 :7002", "5  7002");
    redirect("MOVED", "error");
    redirect("MOVED ", "error");
    redirect("MOVED 5", "error");
    redirect("MOVED 5 ", "error");
    redirect("MOVED 5 a", "error");
    redirect("MOVED 5 a:", "error");
    redirect("MOVED 5 a:b", "error");
    redirect("MOVED x a:1", "error");
    redirect("MOVED -1 a:1", "error");
    redirect("MOVED 16384 a:1", "error");

    return test_done();
}
