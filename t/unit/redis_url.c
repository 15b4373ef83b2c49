
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
            test_ok(test_eq(&url.hosts[0].host, host, strlen(host)), "\"%s\": \"%.*s\"",
                    text, (int) url.hosts[0].host.len, url.hosts[0].host.data);
            test_ok(test_eq(&url.user, user, strlen(user)), "\"%s\": \"%.*s\"",
                    text, (int) url.user.len, url.user.data);
            test_ok(test_eq(&url.password, password, strlen(password)),
                    "\"%s\": \"%.*s\"", text, (int) url.password.len,
                    url.password.data);
            test_ok(test_eq(&url.name, name, strlen(name)), "\"%s\": \"%.*s\"",
                    text, (int) url.name.len, url.name.data);
            test_ok(url.hosts[0].unix_socket || url.hosts[0].port == port, "\"%s\": %d", text,
                    (int) url.hosts[0].port);
            test_ok(url.db == (ngx_uint_t) db, "\"%s\": %d", text,
                    (int) url.db);
            test_ok(url.hosts[0].unix_socket == (port == 0), "\"%s\"", text);
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


/* "host port ..." of all hosts, the master's name, and the database */

static void
many(const char *text, ngx_webhook_redis_kind_e kind, int tls,
    const char *hosts, const char *master, int db)
{
    char                      got[200];
    size_t                    n;
    ngx_str_t                 t;
    ngx_uint_t                side, i;
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

            for (i = 0, n = 0; i < url.nhosts; i++) {
                n += (size_t) snprintf(got + n, sizeof(got) - n, "%s%.*s %d",
                                       i ? " " : "",
                                       (int) url.hosts[i].host.len,
                                       url.hosts[i].host.data,
                                       (int) url.hosts[i].port);
            }

            test_ok(strcmp(got, hosts) == 0, "\"%s\": \"%s\"", text, got);
            test_ok(url.kind == kind && url.tls == tls, "\"%s\"", text);
            test_ok(test_eq(&url.master, master, strlen(master)), "\"%s\"",
                    text);
            test_ok(url.db == (ngx_uint_t) db, "\"%s\"", text);
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

            test_ok(err || url.hosts[0].host.len, "\"%.*s\"", (int) len, text);
            test_ok(err || url.hosts[0].unix_socket || url.hosts[0].port, "\"%.*s\"", (int) len,
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
    good("redis://user@h", "h", 6379, 0, "user", "", "h");
    good("redis://@h", "h", 6379, 0, "", "", "h");

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
    bad("redis-sentinels://h", "not a \"redis://\" URL");
    bad("redis-clusterx://h", "not a \"redis://\" URL");
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

    test_case("with TLS");
    many("rediss://u:p@h:1/2", NGX_WEBHOOK_REDIS_SINGLE, 1, "h 1", "", 2);
    many("redis://h:1/2", NGX_WEBHOOK_REDIS_SINGLE, 0, "h 1", "", 2);
    many("rediss-sentinel://h/m", NGX_WEBHOOK_REDIS_SENTINEL, 1, "h 26379",
         "m", 0);
    many("rediss-cluster://h", NGX_WEBHOOK_REDIS_CLUSTER, 1, "h 6379", "", 0);

    test_case("Sentinels");
    many("redis-sentinel://a,b:1,[::1]:2/my-master", NGX_WEBHOOK_REDIS_SENTINEL,
         0, "a 26379 b 1 [::1] 2", "my-master", 0);
    many("redis-sentinel://u:p@a/m/3", NGX_WEBHOOK_REDIS_SENTINEL, 0,
         "a 26379", "m", 3);
    many("redis-sentinel://a/m/", NGX_WEBHOOK_REDIS_SENTINEL, 0, "a 26379",
         "m", 0);
    bad("redis-sentinel://u:secret@a", "no name of a master");
    bad("redis-sentinel://a/", "no name of a master");
    bad("redis-sentinel://a//1", "no name of a master");
    bad("redis-sentinel://a/m/x", "invalid database");
    bad("redis-sentinel://a/m/1/2", "invalid database");
    bad("redis-sentinel://a,/m", "no host");
    bad("redis-sentinel://,a/m", "no host");
    bad("redis-sentinel://a,,b/m", "no host");
    bad("redis-sentinel:///m", "no host");
    bad("redis-sentinel://a:0,b/m", "invalid port");

    test_case("a Cluster");
    many("redis-cluster://:p@a:7001,b:7002,c", NGX_WEBHOOK_REDIS_CLUSTER, 0,
         "a 7001 b 7002 c 6379", "", 0);
    many("redis-cluster://a/", NGX_WEBHOOK_REDIS_CLUSTER, 0, "a 6379", "", 0);
    bad("redis-cluster://a/1", "only one");
    bad("redis-cluster://u:secret@", "no host");
    bad("redis-cluster://a b", "invalid character");
    bad("redis://a,b", "several hosts");
    bad("redis://u:secret@a:1,b:2/0", "several hosts");

    test_case("cut anywhere");
    cut("redis-sentinel://u:p%40@a:1,[::1]:2,c/master/1");
    cut("redis-cluster://u:p%40@a:1,[::1]:2,c/");
    cut("redis://user:pa%40ss@redis.example.com:6379/15");
    cut("redis://u%41:p@[fe80::1]:6379/15");
    cut("unix:/run/redis.sock?db=15");

    return test_done();
}
