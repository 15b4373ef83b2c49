
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include "ngx_webhook_preset.h"
#include "ngx_webhook_secret.h"


/* what the room said */

static char  logged[1024];


static void
secret(ngx_uint_t encoding, const char *text, size_t textlen,
    ngx_int_t expected, const char *bytes, size_t len)
{
    ngx_int_t    rc;
    ngx_str_t    t, key;
    ngx_uint_t   side;
    ngx_pool_t  *pool;

    for (test_sides(side)) {
        pool = test_pool();

        t = test_text(text, textlen, side);
        rc = ngx_webhook_secret_decode(pool, encoding, &t, &key);
        test_forget();                          /* the key is a copy */

        test_ok(rc == expected, "\"%.*s\" in encoding %d: got %d",
                (int) textlen, text, (int) encoding, (int) rc);
        test_ok(rc != NGX_OK || test_eq(&key, bytes, len),
                "\"%.*s\" in encoding %d: got %d bytes", (int) textlen, text,
                (int) encoding, (int) key.len);

        ngx_destroy_pool(pool);
    }
}


#define good(encoding, text, bytes)                                           \
    secret(encoding, text, sizeof(text) - 1, NGX_OK, bytes, sizeof(bytes) - 1)
#define bad(encoding, text)                                                   \
    secret(encoding, text, sizeof(text) - 1, NGX_DECLINED, NULL, 0)


static void
wiped(void)
{
    ngx_str_t    text, key;
    ngx_uint_t   i;
    ngx_pool_t  *pool;

    test_case("a key is wiped before its memory is given back");

    text = test_str("attack at dawn");
    pool = test_pool();

    test_is(ngx_webhook_secret_decode(pool, NGX_WEBHOOK_UTF8, &text, &key),
            NGX_OK, "decode");

    /* the first half of ngx_destroy_pool() */

    while (pool->cleanup) {
        if (pool->cleanup->handler) {
            pool->cleanup->handler(pool->cleanup->data);
        }

        pool->cleanup = pool->cleanup->next;
    }

    for (i = 0; i < key.len; i++) {
        test_is(key.data[i], 0, "a byte of the key");
    }

    ngx_destroy_pool(pool);
}


static void
writer(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    snprintf(logged, sizeof(logged), "%.*s", (int) len, buf);
}


/* expected: the lines with a "|" behind each, or what the log has to say */

static void
file(const char *title, const char *data, size_t len, const char *expected)
{
    int           fd;
    char          path[64], got[1024];
    size_t        n;
    ngx_log_t     log;
    ngx_str_t     name, *line;
    ngx_uint_t    i;
    ngx_conf_t    cf;
    ngx_cycle_t   cycle;
    ngx_array_t  *lines;

    test_case(title);

    memset(&log, 0, sizeof(log));
    memset(&cycle, 0, sizeof(cycle));
    memset(&cf, 0, sizeof(cf));

    log.log_level = NGX_LOG_EMERG;
    log.writer = writer;
    ngx_use_stderr = 0;
    log.file = ngx_cycle->log->file;

    cf.pool = test_pool();
    cf.log = &log;
    cf.cycle = &cycle;
    cycle.pool = cf.pool;
    cycle.conf_prefix = test_str("/proc/");
    cycle.prefix = test_str("/proc/");

    fd = memfd_create("secret", 0);

    if (fd == -1 || write(fd, data, len) != (ssize_t) len) {
        perror("memfd_create()");
        exit(1);
    }

    name.data = (u_char *) path;
    name.len = (size_t) sprintf(path, "self/fd/%d", data ? fd : fd + 1);

    logged[0] = '\0';
    got[0] = '\0';

    lines = ngx_webhook_secret_file(&cf, &name,
                                    "webhook_verify_secret_file");

    if (lines) {
        line = lines->elts;

        for (n = 0, i = 0; i < lines->nelts && n < 900; i++) {
            n += (size_t) snprintf(got + n, 64, "%.*s|", (int) line[i].len,
                                   line[i].data);
        }

        test_ok(strcmp(got, expected) == 0, "got %s instead of %s", got,
                expected);
        test_ok(logged[0] == '\0', "logged %s", logged);

    } else {
        test_ok(strstr(logged, expected) != NULL, "logged \"%s\", not %s",
                logged, expected);
    }

    close(fd);
    ngx_destroy_pool(cf.pool);
}


#define lines(title, text, expected)                                          \
    file(title, text, sizeof(text) - 1, expected)


static void
files(void)
{
    static char  text[65536];

    memset(text, 'x', sizeof(text));

    lines("a file: one line", "one\n", "one|");
    lines("a file: no end of line", "one", "one|");
    lines("a file: two lines", "one\ntwo\n", "one|two|");
    lines("a file: the second without an end", "one\ntwo", "one|two|");
    lines("a file: CR LF", "one\r\ntwo\r\n\r\n", "one|two|");
    lines("a file: empty lines", "\n\none\n\n\r\ntwo\n\n", "one|two|");
    lines("a file: a CR inside of a line stays", "o\rne\n", "o\rne|");
    lines("a file: blanks at the ends stay", " one \n", " one |");
    lines("a file: no lines", "", "no secret in \"/proc/self/fd/");
    lines("a file: only ends of lines", "\n\r\n\n", "no secret in");

    file("a file: too long", text, sizeof(text), "is too long for a file");
    file("a file: not there", NULL, 0, "open() \"/proc/self/fd/");

    text[5] = LF;
    memset(text + 6, LF, sizeof(text) - 6);
    file("a file: not quite too long", text, sizeof(text) - 1, "xxxxx|");
}


int
main(void)
{
    char       text[600], bytes[400];
    size_t     i, len;
    ngx_str_t  src, dst;

    test_case("text");
    good(NGX_WEBHOOK_UTF8, "secret", "secret");
    good(NGX_WEBHOOK_UTF8, " a\0b ", " a\0b ");
    good(NGX_WEBHOOK_UTF8, "whsec_AA==", "whsec_AA==");
    bad(NGX_WEBHOOK_UTF8, "");

    test_case("hex");
    good(NGX_WEBHOOK_HEX, "00fFAb", "\x00\xff\xab");
    bad(NGX_WEBHOOK_HEX, "");
    bad(NGX_WEBHOOK_HEX, "0");
    bad(NGX_WEBHOOK_HEX, "000");
    bad(NGX_WEBHOOK_HEX, "0g");
    bad(NGX_WEBHOOK_HEX, "0x00");
    bad(NGX_WEBHOOK_HEX, "00 ");

    test_case("base64");
    good(NGX_WEBHOOK_BASE64, "AP8Q", "\x00\xff\x10");
    good(NGX_WEBHOOK_BASE64, "AP8=", "\x00\xff");
    good(NGX_WEBHOOK_BASE64, "AA==", "\x00");
    good(NGX_WEBHOOK_BASE64, "+/+/", "\xfb\xff\xbf");
    bad(NGX_WEBHOOK_BASE64, "");
    bad(NGX_WEBHOOK_BASE64, "A");
    bad(NGX_WEBHOOK_BASE64, "=");
    bad(NGX_WEBHOOK_BASE64, "====");
    bad(NGX_WEBHOOK_BASE64, "AP8Q AP8Q");
    bad(NGX_WEBHOOK_BASE64, "-_-_");
    bad(NGX_WEBHOOK_BASE64, "whsec_AP8Q");

    test_case("whsec_");
    good(NGX_WEBHOOK_WHSEC, "whsec_AP8Q", "\x00\xff\x10");
    good(NGX_WEBHOOK_WHSEC, "AP8Q", "\x00\xff\x10");
    good(NGX_WEBHOOK_WHSEC, "whsec_AA==", "\x00");
    bad(NGX_WEBHOOK_WHSEC, "");
    bad(NGX_WEBHOOK_WHSEC, "whsec_");
    bad(NGX_WEBHOOK_WHSEC, "whsec_=");
    bad(NGX_WEBHOOK_WHSEC, "whsec_whsec_AP8Q");
    bad(NGX_WEBHOOK_WHSEC, "WHSEC_AP8Q");
    bad(NGX_WEBHOOK_WHSEC, "whsec");
    bad(NGX_WEBHOOK_WHSEC, "whsec_-_-_");

    test_case("keys of any length come back");

    for (len = 1; len < sizeof(bytes); len++) {
        for (i = 0; i < len; i++) {
            bytes[i] = (char) test_random();
        }

        src.data = (u_char *) bytes;
        src.len = len;
        dst.data = (u_char *) text + 6;

        memcpy(text, "whsec_", 6);
        ngx_encode_base64(&dst, &src);

        secret(NGX_WEBHOOK_BASE64, text + 6, dst.len, NGX_OK, bytes, len);
        secret(NGX_WEBHOOK_WHSEC, text, dst.len + 6, NGX_OK, bytes, len);
        secret(NGX_WEBHOOK_UTF8, bytes, len, NGX_OK, bytes, len);

        if (len <= sizeof(text) / 2) {
            ngx_hex_dump((u_char *) text, (u_char *) bytes, len);
            secret(NGX_WEBHOOK_HEX, text, 2 * len, NGX_OK, bytes, len);
            secret(NGX_WEBHOOK_HEX, text, 2 * len - 1, NGX_DECLINED, NULL, 0);
        }
    }

    wiped();
    files();

    return test_done();
}
