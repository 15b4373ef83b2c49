
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* that the values of a row are the provider's is not for a test to know */


#include "test.h"
#include <ctype.h>
#include "ngx_webhook_preset.h"


static const ngx_webhook_preset_t *
find(const char *name, size_t len)
{
    ngx_str_t                    text;
    ngx_uint_t                   side;
    const ngx_webhook_preset_t  *found;

    for (test_sides(side)) {
        text = test_text(name, len, side);
        found = ngx_webhook_preset_find(&text);
        test_forget();
    }

    return found;
}


static void
names(void)
{
    char                         name[64];
    size_t                       i, len;
    const ngx_webhook_preset_t  *p;

    test_case("each row is found by its name, none by another");

    for (p = ngx_webhook_presets; p->name; p++) {
        len = strlen(p->name);

        test_ok(find(p->name, len) == p, "\"%s\" is there twice", p->name);

        for (i = 0; i < len; i++) {
            test_ok(islower(p->name[i]) || isdigit(p->name[i])
                    || p->name[i] == '_' || p->name[i] == '-', "\"%s\"",
                    p->name);
            test_ok(find(p->name, i) != p, "\"%s\" by %d", p->name, (int) i);
        }

        sprintf(name, "%s ", p->name);
        test_ok(find(name, len + 1) == NULL, "\"%s\"", name);
        test_ok(find(name, sizeof(p->name)) != p || len == sizeof(p->name),
                "\"%s\" with a NUL", p->name);

        name[0] = (char) toupper(name[0]);
        test_ok(find(name, len) == NULL || name[0] == p->name[0], "\"%s\"",
                name);
    }

    test_ok(find("", 0) == NULL, "nothing");
    test_ok(find("hmac", 4) == NULL, "not a provider");
    test_ok(find("off", 3) == NULL, "not a provider");
}


static void
pointer(const ngx_webhook_preset_t *p, const char *id)
{
    const char  *c;

    for (c = id; *c; c++) {

        if (c == id || c[-1] == ' ') {
            test_ok(*c == '/' || *c == '$' || isalnum(*c), "%s: \"%s\"",
                    p->name, id);
        }

        test_ok(*c != ' ' || (c[1] != ' ' && c[1] != '\0'), "%s: \"%s\"",
                p->name, id);
        test_ok(*c != '~' || c[1] == '0' || c[1] == '1', "%s: \"%s\"", p->name,
                id);
    }
}


int
main(void)
{
    ngx_uint_t                   i;
    const ngx_webhook_preset_t  *p;

    names();

    test_case("enumerated values are of their kind");

    for (p = ngx_webhook_presets; p->name; p++) {
        test_ok(p->encoding == NGX_WEBHOOK_HEX
                || p->encoding == NGX_WEBHOOK_BASE64
                || p->encoding == NGX_WEBHOOK_BASE64URL, "%s", p->name);
        test_ok(p->secret == NGX_WEBHOOK_UTF8 || p->secret == NGX_WEBHOOK_HEX
                || p->secret == NGX_WEBHOOK_BASE64
                || p->secret == NGX_WEBHOOK_WHSEC, "%s", p->name);
        test_ok(p->algorithm <= NGX_WEBHOOK_SHA512, "%s", p->name);
        test_ok(p->unit <= NGX_WEBHOOK_RFC3339, "%s", p->name);
    }

    test_case("signatures and timestamps are variables");

    for (p = ngx_webhook_presets; p->name; p++) {
        test_ok(p->signature == NULL || p->signature[0] == '$', "%s", p->name);
        test_ok(p->timestamp == NULL || p->timestamp[0] == '$', "%s", p->name);
        test_ok(p->prefix == NULL || *p->prefix, "%s", p->name);
        test_ok(p->separator == NULL || *p->separator, "%s", p->name);
        test_ok(p->timestamp || (!p->timestamp_prefix
                                 && !p->timestamp_separator
                                 && p->unit == NGX_WEBHOOK_SECONDS
                                 && p->tolerance == 0), "%s", p->name);
        test_ok(p->tolerance >= 0, "%s", p->name);
    }

    test_case("the body is signed, and a timestamp only if there is one");

    for (p = ngx_webhook_presets; p->name; p++) {
        if (p->signed_bytes == NULL) {
            continue;
        }

        test_ok(strstr(p->signed_bytes, "request_body"), "%s", p->name);
        test_ok(!strstr(p->signed_bytes, "webhook_verify_timestamp")
                || p->timestamp, "%s", p->name);
    }

    test_case("ids: no gaps, and written as id directives are");

    for (p = ngx_webhook_presets; p->name; p++) {
        for (i = 0; i < NGX_WEBHOOK_PRESET_IDS; i++) {
            if (p->ids[i]) {
                test_ok(i == 0 || p->ids[i - 1], "%s", p->name);
                test_ok(*p->ids[i], "%s", p->name);
                pointer(p, p->ids[i]);
            }
        }

        test_ok(p->ids[0] || p->id_signed, "%s: the body is signed", p->name);
        test_ok(p->id_signed <= 1, "%s", p->name);
    }

    test_case("retries and the source are there");

    for (p = ngx_webhook_presets; p->name; p++) {
        test_ok(p->retries && *p->retries, "%s", p->name);
        test_ok(p->source && *p->source, "%s", p->name);
        test_ok(p->checked && strlen(p->checked) == 10, "%s", p->name);
        test_ok(p->horizon < 30 * 24 * 3600, "%s", p->name);
    }

    return test_done();
}
