
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Texts of the configuration, and of presets, made into what a request can
 * use.  Nothing of this runs when a request does.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_compile.h"


static u_char *ngx_http_webhook_verify_find_body(u_char *p, u_char *end,
    u_char **last);
static ngx_int_t ngx_http_webhook_verify_compile_source(ngx_conf_t *cf,
    const char *source, ngx_http_webhook_verify_field_t *field);
static ngx_int_t ngx_http_webhook_verify_compile_ids(ngx_conf_t *cf,
    const ngx_webhook_preset_t *data,
    ngx_http_webhook_verify_preset_t *preset);
static void ngx_http_webhook_verify_text(ngx_str_t *text, const char *s);


ngx_http_complex_value_t *
ngx_http_webhook_verify_compile_value(ngx_conf_t *cf, ngx_str_t *text)
{
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    cv = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NULL;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NULL;
    }

    return cv;
}


ngx_int_t
ngx_http_webhook_verify_compile_field(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_webhook_verify_field_t *field)
{
    u_char  *p, *end;

    field->value = ngx_http_webhook_verify_compile_value(cf, text);
    if (field->value == NULL) {
        return NGX_ERROR;
    }

    p = text->data;
    end = p + text->len;

    if (text->len > 3 && p[0] == '$' && p[1] == '{' && end[-1] == '}') {
        p++;
        end--;
    }

    if (end - p <= 6 || ngx_strncmp(p + 1, "http_", 5) != 0) {
        return NGX_OK;
    }

    p += 6;

    field->header.data = p;
    field->header.len = (size_t) (end - p);

    for ( /* void */ ; p < end; p++) {

        if ((*p < 'a' || *p > 'z') && (*p < '0' || *p > '9') && *p != '_') {
            field->header.len = 0;
            break;
        }
    }

    return NGX_OK;
}


ngx_http_webhook_verify_signed_t *
ngx_http_webhook_verify_compile_signed(ngx_conf_t *cf, ngx_str_t *text)
{
    u_char                            *body, *last, *end, *more;
    ngx_str_t                          before, after;
    ngx_http_webhook_verify_signed_t  *signed_bytes;

    end = text->data + text->len;

    body = ngx_http_webhook_verify_find_body(text->data, end, &last);

    if (body == NULL
        || ngx_http_webhook_verify_find_body(last, end, &more) != NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"webhook_verify_signed\" must have "
                           "\"$request_body\" exactly once", text);
        return NULL;
    }

    signed_bytes = ngx_pcalloc(cf->pool,
                               sizeof(ngx_http_webhook_verify_signed_t));
    if (signed_bytes == NULL) {
        return NULL;
    }

    signed_bytes->text = *text;

    before.data = text->data;
    before.len = (size_t) (body - text->data);

    if (before.len) {
        signed_bytes->before = ngx_http_webhook_verify_compile_value(cf,
                                                                     &before);
        if (signed_bytes->before == NULL) {
            return NULL;
        }
    }

    after.data = last;
    after.len = (size_t) (end - last);

    if (after.len) {
        signed_bytes->after = ngx_http_webhook_verify_compile_value(cf,
                                                                    &after);
        if (signed_bytes->after == NULL) {
            return NULL;
        }
    }

    return signed_bytes;
}


/* not $request_body_file */

static u_char *
ngx_http_webhook_verify_find_body(u_char *p, u_char *end, u_char **last)
{
    u_char  ch;
    size_t  len;

    static u_char  bare[] = "$request_body";
    static u_char  braced[] = "${request_body}";

    for ( /* void */ ; p < end; p++) {

        if (*p != '$') {
            continue;
        }

        len = sizeof(braced) - 1;

        if ((size_t) (end - p) >= len && ngx_memcmp(p, braced, len) == 0) {
            *last = p + len;
            return p;
        }

        len = sizeof(bare) - 1;

        if ((size_t) (end - p) < len || ngx_memcmp(p, bare, len) != 0) {
            continue;
        }

        if (p + len < end) {
            ch = p[len];

            if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
                || (ch >= '0' && ch <= '9') || ch == '_')
            {
                continue;
            }
        }

        *last = p + len;
        return p;
    }

    return NULL;
}


ngx_int_t
ngx_http_webhook_verify_compile_id(ngx_conf_t *cf, ngx_str_t *parts,
    ngx_uint_t nparts, ngx_http_webhook_verify_id_t *id)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    ngx_http_complex_value_t        *cv;
    ngx_http_webhook_verify_part_t  *part;

    part = ngx_pcalloc(cf->pool,
                       nparts * sizeof(ngx_http_webhook_verify_part_t));
    if (part == NULL) {
        return NGX_ERROR;
    }

    id->parts = part;
    id->nparts = nparts;

    for (i = 0; i < nparts; i++) {

        if (parts[i].len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "empty part \"\" in \"webhook_verify_id\"");
            return NGX_ERROR;
        }

        part[i].text = parts[i];

        if (parts[i].data[0] != '/') {

            cv = ngx_http_webhook_verify_compile_value(cf, &parts[i]);
            if (cv == NULL) {
                return NGX_ERROR;
            }

            part[i].value = *cv;
            continue;
        }

        rc = ngx_webhook_json_pointer(cf->pool, &parts[i], &part[i].pointer);

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid JSON Pointer \"%V\" in "
                               "\"webhook_verify_id\", in a pointer \"~\" is "
                               "written \"~0\" and \"/\" in a name \"~1\"",
                               &parts[i]);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_webhook_verify_field_init(ngx_http_webhook_verify_field_t *field)
{
    ngx_memzero(field, sizeof(ngx_http_webhook_verify_field_t));

    field->algorithm = NGX_CONF_UNSET_UINT;
    field->encoding = NGX_CONF_UNSET_UINT;
    field->unit = NGX_CONF_UNSET_UINT;
    field->tolerance = NGX_CONF_UNSET_MSEC;
}


ngx_http_webhook_verify_preset_t *
ngx_http_webhook_verify_compile_preset(ngx_conf_t *cf, ngx_str_t *name,
    const ngx_webhook_preset_t *data)
{
    ngx_str_t                          text;
    ngx_http_webhook_verify_preset_t  *preset;

    /* the generic scheme presets what a row of zeros would say */

    static const ngx_webhook_preset_t  generic = {
        .encoding = NGX_WEBHOOK_HEX
    };

    preset = ngx_pcalloc(cf->pool, sizeof(ngx_http_webhook_verify_preset_t));
    if (preset == NULL) {
        return NULL;
    }

    preset->name = *name;
    preset->data = data ? data : &generic;
    data = preset->data;

    preset->signature.algorithm = data->algorithm;
    preset->signature.encoding = data->encoding;
    ngx_http_webhook_verify_text(&preset->signature.form.prefix,
                                 data->prefix);
    ngx_http_webhook_verify_text(&preset->signature.form.separator,
                                 data->separator);

    preset->timestamp.unit = data->unit;
    preset->timestamp.tolerance = (ngx_msec_t) data->tolerance * 1000;
    ngx_http_webhook_verify_text(&preset->timestamp.form.prefix,
                                 data->timestamp_prefix);
    ngx_http_webhook_verify_text(&preset->timestamp.form.separator,
                                 data->timestamp_separator);

    if (ngx_http_webhook_verify_compile_source(cf, data->signature,
                                               &preset->signature)
        != NGX_OK
        || ngx_http_webhook_verify_compile_source(cf, data->timestamp,
                                                  &preset->timestamp)
           != NGX_OK)
    {
        return NULL;
    }

    if (data->signed_bytes) {
        ngx_http_webhook_verify_text(&text, data->signed_bytes);

        preset->signed_bytes =
            ngx_http_webhook_verify_compile_signed(cf, &text);

        if (preset->signed_bytes == NULL) {
            return NULL;
        }
    }

    if (ngx_http_webhook_verify_compile_ids(cf, data, preset) != NGX_OK) {
        return NULL;
    }

    return preset;
}


/* where a value is found, if the provider's guide says so */

static ngx_int_t
ngx_http_webhook_verify_compile_source(ngx_conf_t *cf, const char *source,
    ngx_http_webhook_verify_field_t *field)
{
    ngx_str_t  text;

    if (source == NULL) {
        return NGX_OK;
    }

    ngx_http_webhook_verify_text(&text, source);

    return ngx_http_webhook_verify_compile_field(cf, &text, field);
}


static ngx_int_t
ngx_http_webhook_verify_compile_ids(ngx_conf_t *cf,
    const ngx_webhook_preset_t *data,
    ngx_http_webhook_verify_preset_t *preset)
{
    u_char                        *p, *space;
    ngx_str_t                     *part;
    ngx_uint_t                     i;
    ngx_array_t                    parts;
    ngx_http_webhook_verify_id_t  *id;

    for (i = 0; i < NGX_WEBHOOK_PRESET_IDS && data->ids[i]; i++) {

        if (ngx_array_init(&parts, cf->pool, 2, sizeof(ngx_str_t))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        for (p = (u_char *) data->ids[i]; p; p = space) {

            part = ngx_array_push(&parts);
            if (part == NULL) {
                return NGX_ERROR;
            }

            space = (u_char *) ngx_strchr(p, ' ');

            part->data = p;
            part->len = space ? (size_t) (space - p) : ngx_strlen(p);

            if (space) {
                space++;
            }
        }

        if (preset->ids == NULL) {
            preset->ids = ngx_array_create(cf->pool, 1,
                                        sizeof(ngx_http_webhook_verify_id_t));
            if (preset->ids == NULL) {
                return NGX_ERROR;
            }
        }

        id = ngx_array_push(preset->ids);
        if (id == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_webhook_verify_compile_id(cf, parts.elts, parts.nelts,
                                               id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_webhook_verify_text(ngx_str_t *text, const char *s)
{
    text->data = (u_char *) (s ? s : "");
    text->len = ngx_strlen(text->data);
}
