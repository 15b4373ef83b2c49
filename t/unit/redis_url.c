
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include "ngx_webhook_redis_url.h"


/* host, port, database, user and password, name; NUL-terminated all */

static void
good(const char *text, const char *host, int port, int db, const char *user,
    const char *password, const char *name)
{
    ngx_str_t                 t;
    ngx_uint_t                side;
    ngx_pool_t               *pool;
    const char               *err;
    ngx_webhook_redis_url_t   url;

    for (test_sides(side)) {
        pool = test_pool();
        t = test_text(text, strlen(text), side);
        memset(&url, 0x5a, sizeof(url));

        err = ngx_webhook_redis_url_parse(pool, &t, &url);

        test_ok(err == NULL, "\"%s\" %s", text, err ? err : "");

        if (err == NULL) {
            test_ok(test_eq(&url.host, host, strlen(host)), "\"%s\": \"%.*s\"",
                    text, (int) url.host.len, url.host.data);
            test_ok(test_eq(&url.user, user, strlen(user)), "\"%s\": \"%.*s\"",
                    text, (int) url.user.len, url.user.data);
            test_ok(test_eq(&url.password, password, strlen(password)),
                    "\"%s\": \"%.*s\"", text, (int) url.password.len,
                    url.password.data);
            test_ok(test_eq(&url.name, name, strlen(name)), "\"%s\": \"%.*s\"",
                    text, (int) url.name.len, url.name.data);
            test_ok(url.unix_socket || url.port == port, "\"%s\": %d", text,
                    (int) url.port);
            test_ok(url.db == (ngx_uint_t) db, "\"%s\": %d", text,
                    (int) url.db);
            test_ok(url.unix_socket == (port == 0), "\"%s\"", text);
        }

        test_forget();
        ngx_destroy_pool(pool);
    }
}


static void
bad(const char *text, const char *expected)
{
    size_t                    i;
    ngx_str_t                 t;
    ngx_uint_t                side;
    ngx_pool_t               *pool;
    const char               *err;
    ngx_webhook_redis_url_t   url;

    for (test_sides(side)) {
        pool = test_pool();
        t = test_text(text, strlen(text), side);

        err = ngx_webhook_redis_url_parse(pool, &t, &url);

        test_ok(err && strstr(err, expected), "\"%s\": %s", text,
                err ? err : "is taken");

        /* whatever is wrong, the name for the log has no password */

        for (i = 0; i + 6 <= url.name.len; i++) {
            test_ok(memcmp(url.name.data + i, "secret", 6) != 0, "\"%s\"",
                    text);
        }

        test_forget();
        ngx_destroy_pool(pool);
    }
}


static void
cut(const char *text)
{
    size_t                    len;
    ngx_str_t                 t;
    ngx_uint_t                side;
    ngx_pool_t               *pool;
    const char               *err;
    ngx_webhook_redis_url_t   url;

    for (test_sides(side)) {
        for (len = 0; len <= strlen(text); len++) {
            pool = test_pool();
            t = test_text(text, len, side);

            err = ngx_webhook_redis_url_parse(pool, &t, &url);

            test_ok(err || url.host.len, "\"%.*s\"", (int) len, text);
            test_ok(err || url.unix_socket || url.port, "\"%.*s\"", (int) len,
                    text);

            test_forget();
            ngx_destroy_pool(pool);
        }
    }
}


int
main(void)
{
    test_case("host, port and database");
    good("redis://h", "h", 6379, 0, "", "", "h");
    good("redis://h/", "h", 6379, 0, "", "", "h/");
    good("redis://h:1", "h", 1, 0, "", "", "h:1");
    good("redis://redis.example.com:65535/15", "redis.example.com", 65535, 15,
         "", "", "redis.example.com:65535/15");
    good("redis://127.0.0.1/1", "127.0.0.1", 6379, 1, "", "", "127.0.0.1/1");

    test_case("an IPv6 address");
    good("redis://[::1]", "[::1]", 6379, 0, "", "", "[::1]");
    good("redis://[::1]:6380/2", "[::1]", 6380, 2, "", "", "[::1]:6380/2");
    good("redis://:p@[fe80::1]/3", "[fe80::1]", 6379, 3, "", "p",
         "[fe80::1]/3");
    bad("redis://[::1", "no \"]\"");
    bad("redis://[::1/0", "no \"]\"");
    bad("redis://[::1]6379", "no port");
    bad("redis://[::1]:", "invalid port");

    test_case("user and password");
    good("redis://u:p@h", "h", 6379, 0, "u", "p", "h");
    good("redis://:p@h", "h", 6379, 0, "", "p", "h");
    good("redis://u:@h", "h", 6379, 0, "u", "", "h");
    good("redis://u:p:q@h", "h", 6379, 0, "u", "p:q", "h");
    good("redis://u:p@q@h:1/2", "h", 1, 2, "u", "p@q", "h:1/2");
    good("redis://u:/p?#[]@h", "h", 6379, 0, "u", "/p?#[]", "h");
    bad("redis://user@h", "no password");
    bad("redis://@h", "no password");

    test_case("escapes");
    good("redis://u%3a:%40%25%2F%2f@h", "h", 6379, 0, "u:", "@%//", "h");
    good("redis://:%41bc%41@h", "h", 6379, 0, "", "AbcA", "h");
    good("redis://:%ff@h", "h", 6379, 0, "", "\xff", "h");
    bad("redis://:secret%@h", "wrong escape");
    bad("redis://:secret%4@h", "wrong escape");
    bad("redis://:secret%4g@h", "wrong escape");
    bad("redis://:secret%%41@h", "wrong escape");
    bad("redis://u%:secret@h", "wrong escape");
    bad("redis://u%4:secret@h", "wrong escape");

    test_case("a unix socket");
    good("unix:/run/redis.sock", "/run/redis.sock", 0, 0, "", "",
         "unix:/run/redis.sock");
    good("unix:/run/redis.sock?db=7", "/run/redis.sock", 0, 7, "", "",
         "unix:/run/redis.sock?db=7");
    good("unix:r", "r", 0, 0, "", "", "unix:r");
    good("unix:/a@b:c", "/a@b:c", 0, 0, "", "", "unix:/a@b:c");
    bad("unix:", "no path");
    bad("unix:?db=1", "no path");
    bad("unix:/r?db=", "invalid database");
    bad("unix:/r?db=x", "invalid database");
    bad("unix:/r?db=1?db=2", "invalid database");
    bad("unix:/r?", "unknown parameter");
    bad("unix:/r?d", "unknown parameter");
    bad("unix:/r?DB=1", "unknown parameter");
    bad("unix:/r?a?db=1", "unknown parameter");

    test_case("other schemes");
    bad("", "not a \"redis://\" URL");
    bad("redis", "not a \"redis://\" URL");
    bad("redis:/", "not a \"redis://\" URL");
    bad("REDIS://h", "not a \"redis://\" URL");
    bad("rediss://h", "not a \"redis://\" URL");
    bad("http://u:secret@h", "not a \"redis://\" URL");
    bad("//:secret@h", "not a \"redis://\" URL");
    bad(":secret@h", "not a \"redis://\" URL");
    bad("unix", "not a \"redis://\" URL");

    test_case("no host");
    bad("redis://", "no host");
    bad("redis:///1", "no host");
    bad("redis://:1", "no host");
    bad("redis://:secret@", "no host");
    bad("redis://u:secret@/1", "no host");
    bad("redis://u:secret@:6379", "no host");

    test_case("ports");
    bad("redis://h:", "invalid port");
    bad("redis://h:0", "invalid port");
    bad("redis://h:65536", "invalid port");
    bad("redis://h:-1", "invalid port");
    bad("redis://h:+1", "invalid port");
    bad("redis://h: 1", "invalid port");
    bad("redis://h:1a", "invalid port");
    bad("redis://h:1:2", "invalid port");
    bad("redis://h:99999999999999999999", "invalid port");
    bad("redis://u:secret@h:p", "invalid port");
    bad("redis://::1", "invalid port");

    test_case("databases");
    bad("redis://h/x", "invalid database");
    bad("redis://h/-1", "invalid database");
    bad("redis://h/0?db=1", "invalid database");
    bad("redis://h/1/2", "invalid database");
    bad("redis://h//", "invalid database");
    bad("redis://u:secret@h/99999999999999999999", "invalid database");

    test_case("cut anywhere");
    cut("redis://user:pa%40ss@redis.example.com:6379/15");
    cut("redis://u%41:p@[fe80::1]:6379/15");
    cut("unix:/run/redis.sock?db=15");

    return test_done();
}
