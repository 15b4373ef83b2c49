
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Prints the table of presets: docs/providers.md, for people, or with the
 * argument "send" what docs/examples/send has after __DATA__.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <stdio.h>
#include "ngx_webhook_preset.h"


static int print_compare(const void *a, const void *b);
static void print_head(const ngx_webhook_preset_t **rows, size_t n);
static void print_provider(const ngx_webhook_preset_t *row);
static void print_signature(const ngx_webhook_preset_t *row);
static void print_timestamp(const ngx_webhook_preset_t *row);
static void print_id(const ngx_webhook_preset_t *row);
static void print_config(const ngx_webhook_preset_t *row);
static const char *print_span(ngx_uint_t seconds);
static void print_send(const ngx_webhook_preset_t *row);
static void print_word(const char *name, const char *text);


static const char  *algorithms[] = { "SHA-256", "SHA-1", "SHA-384", "SHA-512" };
static const char  *encodings[] =
    { "text", "hex", "base64", "base64url", "base64, `whsec_` before it or not" };
static const char  *words[] = { "sha256", "sha1", "sha384", "sha512" };
static const char  *codes[] = { "utf8", "hex", "base64", "base64url", "whsec" };
static const char  *times[] = { "s", "ms", "rfc3339" };
static const char  *units[] = { "seconds", "milliseconds", "RFC 3339" };


int
main(int argc, char *const *argv)
{
    size_t                       i, n;
    const ngx_webhook_preset_t  *rows[1024];

    for (n = 0; ngx_webhook_presets[n].name; n++) {
        rows[n] = &ngx_webhook_presets[n];
    }

    qsort(rows, n, sizeof(rows[0]), print_compare);

    if (argc > 1 && strcmp(argv[1], "send") == 0) {
        for (i = 0; i < n; i++) {
            print_send(rows[i]);
        }

        return 0;
    }

    print_head(rows, n);

    for (i = 0; i < n; i++) {
        print_provider(rows[i]);
    }

    return 0;
}


static int
print_compare(const void *a, const void *b)
{
    const ngx_webhook_preset_t  *const *one = a, *const *two = b;

    return strcmp((*one)->name, (*two)->name);
}


static void
print_head(const ngx_webhook_preset_t **rows, size_t n)
{
    size_t  i;

    printf("# Providers\n\n"
           "Made by `make docs` from "
           "`ngx_http_webhook_verify_module/ngx_webhook_preset.c`, which is "
           "the place to\nchange. %zu presets; a provider that is not here "
           "is described with the generic scheme, see\n"
           "[schemes.md](schemes.md).\n\n"
           "A preset fills in the directives that stand below; each of them "
           "can still be given and then\nreplaces what the preset says. "
           "\"Not signed\" after an id means that someone who replays a\n"
           "delivery can change it: repeats by the provider are found, "
           "replays by an attacker are not.\n\n", n);

    for (i = 0; i < n; i++) {
        printf("[%s](#%s)%s", rows[i]->name, rows[i]->name,
               i + 1 < n ? (i % 8 == 7 ? ",\n" : ", ") : "\n");
    }
}


static void
print_provider(const ngx_webhook_preset_t *row)
{
    printf("\n\n## %s\n\n| | |\n| --- | --- |\n", row->name);

    print_signature(row);
    print_timestamp(row);
    print_id(row);

    printf("| secret | %s |\n", encodings[row->secret]);

    if (row->challenge) {
        printf("| handshake | `webhook_verify_challenge on%s` answers it |\n",
               row->challenge == NGX_WEBHOOK_CHALLENGE_META
               ? " token=<the verify token>" : "");
    }

    printf("| repeats | %s%s%s |\n", row->retries,
           row->horizon ? ", the last one " : "",
           row->horizon ? print_span(row->horizon) : "");
    printf("| source | %s, read %s |\n", row->source, row->checked);

    print_config(row);
}


static void
print_signature(const ngx_webhook_preset_t *row)
{
    printf("| signature | ");

    if (row->signature) {
        printf("`%s`", row->signature);

    } else {
        printf("`webhook_verify_signature` must say where it is");
    }

    printf(": HMAC-%s, %s", algorithms[row->algorithm],
           encodings[row->encoding]);

    if (row->prefix) {
        printf(", behind `%s`", row->prefix);
    }

    if (row->separator) {
        printf(", in a list divided by `%s`", row->separator);
    }

    printf(" |\n| signed | `%s` |\n",
           row->signed_bytes ? row->signed_bytes : "$request_body");
}


static void
print_timestamp(const ngx_webhook_preset_t *row)
{
    if (row->timestamp == NULL) {
        return;
    }

    printf("| timestamp | `%s`, %s", row->timestamp, units[row->unit]);

    if (row->timestamp_prefix) {
        printf(", behind `%s`", row->timestamp_prefix);
    }

    if (row->tolerance) {
        printf("; at most %ld s old or ahead", (long) row->tolerance);
    }

    printf(" |\n");
}


static void
print_id(const ngx_webhook_preset_t *row)
{
    ngx_uint_t  i;

    printf("| id | ");

    if (row->ids[0] == NULL) {
        printf("the body |\n");
        return;
    }

    for (i = 0; i < NGX_WEBHOOK_PRESET_IDS && row->ids[i]; i++) {
        printf("%s`%s`", i ? ", else " : "", row->ids[i]);
    }

    printf("%s |\n", row->id_signed ? "" : ", not signed");
}


static void
print_config(const ngx_webhook_preset_t *row)
{
    printf("\n```nginx\nlocation /webhooks/%s {\n"
           "    webhook_verify              %s;\n"
           "    webhook_verify_secret_file  secrets/%s;\n",
           row->name, row->name, row->name);

    if (row->signature == NULL) {
        printf("    webhook_verify_signature    $http_x_signature;\n");
    }

    if (row->signed_bytes && strstr(row->signed_bytes, "webhook_verify_url"))
    {
        printf("    webhook_verify_url          "
               "https://hooks.example.com/webhooks/%s;\n", row->name);
    }

    printf("    proxy_pass                  http://app;\n}\n```\n");
}


static const char *
print_span(ngx_uint_t seconds)
{
    static char  text[64];

    if (seconds >= 2 * 86400) {
        snprintf(text, sizeof(text), "after %.3g days", (double) seconds / 86400);

    } else if (seconds >= 2 * 3600) {
        snprintf(text, sizeof(text), "after %.3g hours", (double) seconds / 3600);

    } else {
        snprintf(text, sizeof(text), "after %.3g minutes", (double) seconds / 60);
    }

    return text;
}


static void
print_send(const ngx_webhook_preset_t *row)
{
    ngx_uint_t  i;

    printf("%s\n    signature \"%s\" algorithm=%s encoding=%s", row->name,
           row->signature ? row->signature : "", words[row->algorithm],
           codes[row->encoding]);
    print_word("prefix", row->prefix);
    print_word("separator", row->separator);

    if (row->timestamp) {
        printf("\n    timestamp %s unit=%s", row->timestamp, times[row->unit]);
        print_word("prefix", row->timestamp_prefix);
    }

    if (row->signed_bytes) {
        printf("\n    signed %s", row->signed_bytes);
    }

    for (i = 0; i < NGX_WEBHOOK_PRESET_IDS && row->ids[i]; i++) {
        printf("\n    id %s", row->ids[i]);
    }

    printf("\n    secret %s\n", codes[row->secret]);
}


static void
print_word(const char *name, const char *text)
{
    if (text) {
        printf(" \"%s=%s\"", name, text);
    }
}
