
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include "test.h"
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_preset.h"
#include "ngx_webhook_sig.h"


#define SHA256  "B/9Zb2vDL8PsRfNQ8jT5j0ZSPvPo0NnLRLT86GGMtQA="


static void
items(const char *title, const char *separator, const char *prefix,
    ngx_str_t text, const char *expected)
{
    char                got[256];
    size_t              n;
    ngx_str_t           rest, item;
    ngx_uint_t          side;
    ngx_webhook_form_t  form;

    test_case(title);

    for (test_sides(side)) {
        form.separator = test_text(separator, strlen(separator), side);
        form.prefix = test_text(prefix, strlen(prefix), side);
        rest = test_text((char *) text.data, text.len, side);
        n = 0;

        while (n < 200
               && ngx_webhook_item_next(&form, &rest, &item) == NGX_OK)
        {
            n += (size_t) snprintf(got + n, 50, "[%.*s]", (int) item.len,
                                   item.data);
        }

        got[n] = '\0';

        test_ok(strcmp(got, expected) == 0, "got %s instead of %s", got,
                expected);
        test_is(ngx_webhook_item_next(&form, &rest, &item), NGX_DONE, title);

        test_forget();
    }
}


static void
digest(ngx_uint_t encoding, const char *text, size_t textlen, size_t len,
    ngx_int_t expected, const char *bytes)
{
    u_char      buf[NGX_WEBHOOK_DIGEST_MAX];
    ngx_str_t   t;
    ngx_int_t   rc;
    ngx_uint_t  side;

    for (test_sides(side)) {
        t = test_text(text, textlen, side);
        rc = ngx_webhook_digest_decode(encoding, &t, buf, len);

        test_ok(rc == expected, "\"%.*s\" as %d bytes: got %d", (int) textlen,
                text, (int) len, (int) rc);

        if (rc == NGX_OK && bytes) {
            test_ok(memcmp(buf, bytes, len) == 0, "\"%s\"", text);
        }

        test_forget();
    }
}


#define good(encoding, text, bytes)                                           \
    digest(encoding, text, sizeof(text) - 1, sizeof(bytes) - 1, NGX_OK, bytes)

#define bad(encoding, text, len)                                              \
    digest(encoding, text, sizeof(text) - 1, len, NGX_DECLINED, NULL)


static void
round_trips(void)
{
    u_char      bytes[NGX_WEBHOOK_DIGEST_MAX], buf[2 * sizeof(bytes) + 8], ch;
    size_t      i, len, pad;
    ngx_str_t   src, dst;
    ngx_uint_t  n, k;

    static ngx_uint_t  encodings[] =
        { NGX_WEBHOOK_HEX, NGX_WEBHOOK_BASE64, NGX_WEBHOOK_BASE64URL };

    test_case("digests of any length come back, and cut or longer ones do "
              "not");

    for (n = 0; n < 3 * 65; n++) {
        len = n / 3;
        pad = 0;

        for (i = 0; i < len; i++) {
            bytes[i] = (u_char) test_random();
        }

        src.data = bytes;
        src.len = len;
        dst.data = buf;

        switch (encodings[n % 3]) {

        case NGX_WEBHOOK_HEX:
            ngx_hex_dump(buf, bytes, len);
            dst.len = 2 * len;
            break;

        case NGX_WEBHOOK_BASE64:
            ngx_encode_base64(&dst, &src);
            break;

        default:
            ngx_encode_base64url(&dst, &src);
            pad = ngx_base64_encoded_length(len) - dst.len;
        }

        for (i = 0; i <= dst.len; i++) {
            digest(encodings[n % 3], (char *) buf, i, len,
                   (i == dst.len) ? NGX_OK : NGX_DECLINED, (char *) bytes);
        }

        for (i = 1; i < 6; i++) {
            buf[dst.len + i - 1] = '=';
            digest(encodings[n % 3], (char *) buf, dst.len + i, len,
                   (i == pad) ? NGX_OK : NGX_DECLINED, (char *) bytes);
        }

        /* no other character in any place */

        for (i = 0; i < dst.len; i += 1 + dst.len / 16) {
            ch = buf[i];

            for (k = 0; k < 256; k++) {
                if (ngx_strchr("+/-_=", k) || k < '0' || k > 'z'
                    || (k > 'f' && encodings[n % 3] == NGX_WEBHOOK_HEX))
                {
                    if (k == ch) {
                        continue;
                    }

                    if (encodings[n % 3] == NGX_WEBHOOK_BASE64
                        && (k == '+' || k == '/'))
                    {
                        continue;
                    }

                    if (encodings[n % 3] == NGX_WEBHOOK_BASE64URL
                        && (k == '-' || k == '_'))
                    {
                        continue;
                    }

                    buf[i] = (u_char) k;
                    digest(encodings[n % 3], (char *) buf, dst.len, len,
                           NGX_DECLINED, NULL);
                }
            }

            buf[i] = ch;
        }
    }
}


int
main(void)
{
    char    text[] = SHA256;
    size_t  i;

    items("no separator: one item, without blanks around it", "", "",
          test_str(" a, b\t"), "[a, b]");
    items("no separator: behind the prefix", "", "sha256=",
          test_str("sha256=00"), "[00]");
    items("no separator: another prefix", "", "sha256=", test_str("sha1=00"),
          "");
    items("nothing but the prefix", "", "v1=", test_str("v1="), "[]");
    items("shorter than the prefix", "", "v1=", test_str("v1"), "");
    items("no text at all", ",", "", test_str(""), "");
    items("a list", ",", "", test_str("a,b,c"), "[a][b][c]");
    items("blanks around items", ",", "", test_str(" a\t, b c ,\td "),
          "[a][b c][d]");
    items("empty items", ",", "", test_str("a,, ,b"), "[a][][][b]");
    items("a separator at the start", ",", "", test_str(",a"), "[][a]");
    items("a separator at the end", ",", "", test_str("a,"), "[a]");
    items("only separators", ",", "", test_str(",,"), "[][]");
    items("only blanks", ",", "", test_str(" \t "), "[]");
    items("items without the prefix", ",", "v1=",
          test_str("t=1,v1=a, v0=b,v1=c,V1=d,xv1=e,v1"), "[a][c]");
    items("blanks as separators", " ", "v1,",
          test_str("v1,a v1a,b  v1,c\tv1,d "), "[a][c\tv1,d]");
    items("a separator of several characters", "::", "",
          test_str("a:b::c:::d::"), "[a:b][c][:d]");
    items("a separator that is cut at the end", "::", "", test_str("a::b:"),
          "[a][b:]");
    items("a separator longer than the text", "--------", "", test_str("a-"),
          "[a-]");
    items("a NUL is a character", ",", "v1", test_str("v1\0a,v1b"),
          "[" "][b]");

    test_case("hex");
    good(NGX_WEBHOOK_HEX, "00ff10", "\x00\xff\x10");
    good(NGX_WEBHOOK_HEX, "abcdefABCDEF0123456789",
         "\xab\xcd\xef\xab\xcd\xef\x01\x23\x45\x67\x89");
    good(NGX_WEBHOOK_HEX, "", "");
    bad(NGX_WEBHOOK_HEX, "00f", 2);
    bad(NGX_WEBHOOK_HEX, "00f", 1);
    bad(NGX_WEBHOOK_HEX, "00ff", 3);
    bad(NGX_WEBHOOK_HEX, "00ff00", 2);
    bad(NGX_WEBHOOK_HEX, "", 1);
    bad(NGX_WEBHOOK_HEX, "0g", 1);
    bad(NGX_WEBHOOK_HEX, "g0", 1);
    bad(NGX_WEBHOOK_HEX, "0x", 1);
    bad(NGX_WEBHOOK_HEX, " 0", 1);
    bad(NGX_WEBHOOK_HEX, "-1", 1);
    bad(NGX_WEBHOOK_HEX, "\x10\x11", 1);
    bad(NGX_WEBHOOK_HEX, "\xc1\xe1", 1);
    bad(NGX_WEBHOOK_HEX, "00\0" "0", 2);

    test_case("base64");
    good(NGX_WEBHOOK_BASE64, "AP8Q", "\x00\xff\x10");
    good(NGX_WEBHOOK_BASE64, "+/+/", "\xfb\xff\xbf");
    good(NGX_WEBHOOK_BASE64, "AP8=", "\x00\xff");
    good(NGX_WEBHOOK_BASE64, "AA==", "\x00");
    good(NGX_WEBHOOK_BASE64, "", "");
    bad(NGX_WEBHOOK_BASE64, "-_-_", 3);
    bad(NGX_WEBHOOK_BASE64, "AP8", 2);
    bad(NGX_WEBHOOK_BASE64, "AA", 1);
    bad(NGX_WEBHOOK_BASE64, "AA=", 1);
    bad(NGX_WEBHOOK_BASE64, "AA===", 1);
    bad(NGX_WEBHOOK_BASE64, "AP8==", 2);
    bad(NGX_WEBHOOK_BASE64, "AP8Q=", 3);
    bad(NGX_WEBHOOK_BASE64, "AA=A", 1);
    bad(NGX_WEBHOOK_BASE64, "=AAA", 2);
    bad(NGX_WEBHOOK_BASE64, "====", 0);
    bad(NGX_WEBHOOK_BASE64, "A", 0);
    bad(NGX_WEBHOOK_BASE64, "A", 1);
    bad(NGX_WEBHOOK_BASE64, " AA=", 1);
    bad(NGX_WEBHOOK_BASE64, "AA==\n", 1);
    bad(NGX_WEBHOOK_BASE64, "A\0==", 1);
    bad(NGX_WEBHOOK_BASE64, "AA=\0", 1);

    test_case("base64 with low bits that nobody would have set");
    bad(NGX_WEBHOOK_BASE64, "AB==", 1);
    bad(NGX_WEBHOOK_BASE64, "AP==", 1);
    bad(NGX_WEBHOOK_BASE64, "AP9=", 2);
    bad(NGX_WEBHOOK_BASE64URL, "AB", 1);
    bad(NGX_WEBHOOK_BASE64URL, "AB==", 1);
    bad(NGX_WEBHOOK_BASE64URL, "AP9", 2);

    test_case("base64 of a SHA-256: one text only");

    digest(NGX_WEBHOOK_BASE64, text, 44, 32, NGX_OK, NULL);

    for (i = 1; i < 256; i++) {
        text[42] = (char) i;
        digest(NGX_WEBHOOK_BASE64, text, 44, 32,
               strchr("AEIMQUYcgkosw048", (int) i) ? NGX_OK : NGX_DECLINED,
               NULL);
    }

    test_case("base64url");
    good(NGX_WEBHOOK_BASE64URL, "-_-_", "\xfb\xff\xbf");
    good(NGX_WEBHOOK_BASE64URL, "AP8", "\x00\xff");
    good(NGX_WEBHOOK_BASE64URL, "AP8=", "\x00\xff");
    good(NGX_WEBHOOK_BASE64URL, "AA", "\x00");
    good(NGX_WEBHOOK_BASE64URL, "AA==", "\x00");
    bad(NGX_WEBHOOK_BASE64URL, "AA=", 1);
    bad(NGX_WEBHOOK_BASE64URL, "AA===", 1);
    bad(NGX_WEBHOOK_BASE64URL, "A===", 1);
    bad(NGX_WEBHOOK_BASE64URL, "AP8==", 2);
    bad(NGX_WEBHOOK_BASE64URL, "AP8Q=", 3);
    bad(NGX_WEBHOOK_BASE64URL, "AP8Q====", 3);
    bad(NGX_WEBHOOK_BASE64URL, "+/+/", 3);

    test_case("what is not an encoding of signatures");
    bad(NGX_WEBHOOK_UTF8, "a", 1);
    bad(NGX_WEBHOOK_WHSEC, "AA==", 1);
    bad(99, "AA==", 1);

    round_trips();

    return test_done();
}
