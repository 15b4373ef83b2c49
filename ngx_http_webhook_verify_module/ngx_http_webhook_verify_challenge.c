
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Handshakes, answered without the application.  What is signed is verified
 * first, as any delivery; what cannot be signed is answered with no more
 * than a token of a few harmless characters, so that neither a page nor a
 * body of an event can be had signed, or sent back, by way of us.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_answer.h"
#include "ngx_http_webhook_verify_body.h"
#include "ngx_http_webhook_verify_challenge.h"
#include "ngx_http_webhook_verify_compile.h"
#include "ngx_http_webhook_verify_conf.h"
#include "ngx_http_webhook_verify_json_set.h"
#include "ngx_http_webhook_verify_mac.h"


#define NGX_HTTP_WEBHOOK_CHALLENGE_MAX  512


static ngx_int_t ngx_http_webhook_verify_challenge_meta(
    ngx_http_request_t *r, ngx_http_webhook_verify_ctx_t *ctx,
    ngx_str_t *challenge);
static ngx_int_t ngx_http_webhook_verify_challenge_arg(
    ngx_http_request_t *r, const char *name, ngx_str_t *value);
static ngx_uint_t ngx_http_webhook_verify_challenge_harmless(
    ngx_str_t *value);
static ngx_int_t ngx_http_webhook_verify_challenge_chars(void *data,
    u_char *p, size_t len);
static ngx_int_t ngx_http_webhook_verify_challenge_x(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *token);
static ngx_int_t ngx_http_webhook_verify_challenge_zoom(
    ngx_http_request_t *r, ngx_http_webhook_verify_ctx_t *ctx,
    ngx_str_t *token);
static ngx_int_t ngx_http_webhook_verify_challenge_member(
    ngx_http_request_t *r, const char *pointer, ngx_str_t *value);
static ngx_int_t ngx_http_webhook_verify_challenge_echo(
    ngx_http_request_t *r, ngx_str_t *text);
static ngx_int_t ngx_http_webhook_verify_challenge_json(
    ngx_http_request_t *r, u_char *start, u_char *end);


#define ngx_http_webhook_verify_text_is(value, text)                          \
    ((value)->len == sizeof(text) - 1                                         \
     && ngx_strncmp((value)->data, text, sizeof(text) - 1) == 0)


ngx_int_t
ngx_http_webhook_verify_challenge_query(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    if (!ctx->conf->challenge || r->method != NGX_HTTP_GET) {
        return NGX_DECLINED;
    }

    switch (ctx->conf->preset->data->challenge) {

    case NGX_WEBHOOK_CHALLENGE_META:
        rc = ngx_http_webhook_verify_challenge_meta(r, ctx, &value);
        break;

    case NGX_WEBHOOK_CHALLENGE_DROPBOX:
        rc = ngx_http_webhook_verify_challenge_arg(r, "challenge", &value);
        break;

    case NGX_WEBHOOK_CHALLENGE_X:
        rc = ngx_http_webhook_verify_challenge_arg(r, "crc_token", &value);

        return (rc == NGX_OK)
               ? ngx_http_webhook_verify_challenge_x(r, ctx, &value) : rc;

    default: /* it is signed, or there is none */
        return NGX_DECLINED;
    }

    return (rc == NGX_OK) ? ngx_http_webhook_verify_challenge_echo(r, &value)
                          : rc;
}


static ngx_int_t
ngx_http_webhook_verify_challenge_meta(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *challenge)
{
    ngx_int_t  rc;
    ngx_str_t  mode, sent, token;

    rc = ngx_http_webhook_verify_challenge_arg(r, "hub.mode", &mode);

    if (rc != NGX_OK || !ngx_http_webhook_verify_text_is(&mode, "subscribe")) {
        return (rc == NGX_OK) ? NGX_DECLINED : rc;
    }

    rc = ngx_http_webhook_verify_challenge_arg(r, "hub.verify_token", &sent);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_complex_value(r, ctx->conf->challenge_token, &token)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (token.len == 0 || token.len != sent.len
        || !ngx_webhook_equal(token.data, sent.data, token.len))
    {
        return NGX_DECLINED;
    }

    return ngx_http_webhook_verify_challenge_arg(r, "hub.challenge",
                                                 challenge);
}


/* NGX_DECLINED: it is not there, or not what a challenge looks like */

static ngx_int_t
ngx_http_webhook_verify_challenge_arg(ngx_http_request_t *r,
    const char *name, ngx_str_t *value)
{
    u_char     *src, *dst;
    ngx_str_t   arg;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &arg) != NGX_OK
        || arg.len == 0)
    {
        return NGX_DECLINED;
    }

    dst = ngx_pnalloc(r->pool, arg.len);
    if (dst == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value->data = dst;
    src = arg.data;

    ngx_unescape_uri(&dst, &src, arg.len, 0);

    value->len = (size_t) (dst - value->data);

    return ngx_http_webhook_verify_challenge_harmless(value) ? NGX_OK
                                                             : NGX_DECLINED;
}


static ngx_uint_t
ngx_http_webhook_verify_challenge_harmless(ngx_str_t *value)
{
    if (value->len == 0 || value->len > NGX_HTTP_WEBHOOK_CHALLENGE_MAX) {
        return 0;
    }

    return ngx_http_webhook_verify_challenge_chars(NULL, value->data,
                                                   value->len)
           == NGX_OK;
}


/* the characters of numbers, words, UUIDs and base64; otherwise NGX_ERROR */

static ngx_int_t
ngx_http_webhook_verify_challenge_chars(void *data, u_char *p, size_t len)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < len; i++) {
        ch = p[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9')
            && (ch == '\0' || ngx_strchr("-_.~+/=", ch) == NULL))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_webhook_verify_challenge_forged(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    if (!ctx->conf->challenge
        || ctx->conf->preset->data->challenge != NGX_WEBHOOK_CHALLENGE_X)
    {
        return 0;
    }

    /* X signs a token as it signs a body, but its bodies are objects */

    return ngx_http_webhook_verify_body_each(r,
                              ngx_http_webhook_verify_challenge_chars, NULL)
           == NGX_OK;
}


static ngx_int_t
ngx_http_webhook_verify_challenge_x(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *token)
{
    u_char      digest[NGX_WEBHOOK_DIGEST_MAX];
    u_char      text[ngx_base64_encoded_length(NGX_WEBHOOK_DIGEST_MAX)];
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   src, dst;

    rc = ngx_http_webhook_verify_macs_sign(r, ctx, token, digest);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_DECLINED
                                    : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    src.data = digest;
    src.len = ctx->conf->digest_len;
    dst.data = text;

    ngx_encode_base64(&dst, &src);

    p = ngx_pnalloc(r->pool, sizeof("{\"response_token\":\"sha256=\"}")
                             + dst.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_webhook_verify_challenge_json(r, p,
               ngx_sprintf(p, "{\"response_token\":\"sha256=%V\"}", &dst));
}


ngx_int_t
ngx_http_webhook_verify_challenge_body(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    if (!ctx->conf->challenge) {
        return NGX_DECLINED;
    }

    switch (ctx->conf->preset->data->challenge) {

    case NGX_WEBHOOK_CHALLENGE_SLACK:
        rc = ngx_http_webhook_verify_challenge_member(r, "/type", &value);

        if (rc != NGX_OK
            || !ngx_http_webhook_verify_text_is(&value, "url_verification"))
        {
            break;
        }

        rc = ngx_http_webhook_verify_challenge_member(r, "/challenge",
                                                      &value);

        return (rc == NGX_OK)
               ? ngx_http_webhook_verify_challenge_echo(r, &value) : rc;

    case NGX_WEBHOOK_CHALLENGE_ZOOM:
        rc = ngx_http_webhook_verify_challenge_member(r, "/event", &value);

        if (rc != NGX_OK
            || !ngx_http_webhook_verify_text_is(&value,
                                                "endpoint.url_validation"))
        {
            break;
        }

        rc = ngx_http_webhook_verify_challenge_member(r,
                                                      "/payload/plainToken",
                                                      &value);
        return (rc == NGX_OK)
               ? ngx_http_webhook_verify_challenge_zoom(r, ctx, &value) : rc;

    default:
        return NGX_DECLINED;
    }

    return (rc == NGX_OK) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_http_webhook_verify_challenge_zoom(ngx_http_request_t *r,
    ngx_http_webhook_verify_ctx_t *ctx, ngx_str_t *token)
{
    u_char      digest[NGX_WEBHOOK_DIGEST_MAX];
    u_char     *p, *last;
    ngx_int_t   rc;

    rc = ngx_http_webhook_verify_macs_sign(r, ctx, token, digest);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_pnalloc(r->pool,
                    sizeof("{\"plainToken\":\"\",\"encryptedToken\":\"\"}")
                    + token->len + 2 * NGX_WEBHOOK_DIGEST_MAX);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    last = ngx_sprintf(p, "{\"plainToken\":\"%V\",\"encryptedToken\":\"",
                       token);
    last = ngx_hex_dump(last, digest, ctx->conf->digest_len);
    last = ngx_cpymem(last, "\"}", 2);

    return ngx_http_webhook_verify_challenge_json(r, p, last);
}


/* NGX_DECLINED: it is not there, or not what a challenge looks like */

static ngx_int_t
ngx_http_webhook_verify_challenge_member(ngx_http_request_t *r,
    const char *pointer, ngx_str_t *value)
{
    ngx_int_t                   rc;
    ngx_str_t                   text;
    ngx_webhook_json_pointer_t  compiled;

    text.data = (u_char *) pointer;
    text.len = ngx_strlen(pointer);

    rc = ngx_webhook_json_pointer(r->pool, &text, &compiled);

    if (rc == NGX_OK) {
        rc = ngx_http_webhook_verify_json_find(r, &compiled, value);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_webhook_verify_challenge_harmless(value) ? NGX_OK
                                                             : NGX_DECLINED;
}


static ngx_int_t
ngx_http_webhook_verify_challenge_echo(ngx_http_request_t *r,
    ngx_str_t *text)
{
    static ngx_str_t  type = ngx_string("text/plain");
    static ngx_str_t  nosniff = ngx_string("nosniff");

    if (ngx_http_webhook_verify_answer_header(r, "X-Content-Type-Options",
                                              &nosniff)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_webhook_verify_answer(r, NGX_HTTP_OK, &type, text);
}


static ngx_int_t
ngx_http_webhook_verify_challenge_json(ngx_http_request_t *r, u_char *start,
    u_char *end)
{
    ngx_str_t  text;

    static ngx_str_t  type = ngx_string("application/json");

    text.data = start;
    text.len = (size_t) (end - start);

    return ngx_http_webhook_verify_answer(r, NGX_HTTP_OK, &type, &text);
}


char *
ngx_http_webhook_verify_conf_challenge(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_webhook_verify_loc_conf_t *wlcf = conf;

    ngx_str_t  *value, token;

    if (wlcf->challenge != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        wlcf->challenge = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "on") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"webhook_verify_challenge\", it takes \"on\" or "
                           "\"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    wlcf->challenge = 1;
    wlcf->challenge_token = NULL;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    /* the value is not quoted in an error, as it may be a secret */

    if (!ngx_http_webhook_verify_is(&value[2], "token=")
        || value[2].len == sizeof("token=") - 1)
    {
        return "takes \"token=\" and a value after \"on\"";
    }

    token.data = value[2].data + sizeof("token=") - 1;
    token.len = value[2].len - (sizeof("token=") - 1);

    wlcf->challenge_token = ngx_http_webhook_verify_compile_value(cf, &token);

    return wlcf->challenge_token ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_webhook_verify_gate_challenge(ngx_conf_t *cf,
    ngx_http_webhook_verify_loc_conf_t *wlcf)
{
    ngx_http_webhook_verify_preset_t  *preset;

    if (!wlcf->challenge) {
        return NGX_OK;
    }

    preset = wlcf->preset;

    if (preset->data->challenge == NGX_WEBHOOK_CHALLENGE_NONE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"webhook_verify_challenge\" cannot be \"on\" "
                           "with \"webhook_verify %V\", for which no "
                           "handshake is known", &preset->name);
        return NGX_ERROR;
    }

    if (preset->data->challenge == NGX_WEBHOOK_CHALLENGE_META
        && wlcf->challenge_token == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"webhook_verify_challenge on\" with "
                           "\"webhook_verify %V\" needs \"token=\", the "
                           "verify token that the provider was given",
                           &preset->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}
