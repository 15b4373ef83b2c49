
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* what the scanner meets is what yajl does, in the same order */


#include "fuzz.h"
#include <yajl/yajl_parse.h>
#include "ngx_webhook_scan.h"


typedef struct {
    u_char      data[65536];
    size_t      len;
    ngx_uint_t  wanted;
    ngx_uint_t  events;
    ngx_uint_t  depth;
    ngx_uint_t  deepest;

    /* of containers, the one of this number is passed over, from 1 */

    ngx_uint_t  skip;
    ngx_uint_t  pass_over;
    ngx_uint_t  opened;
    ngx_uint_t  hidden;       /* its depth, while it is only left out here */
} record_t;


static void
reset(record_t *r, ngx_uint_t wanted)
{
    r->len = 0;
    r->wanted = wanted;
    r->events = 0;
    r->depth = 0;
    r->deepest = 0;
    r->opened = 0;
    r->hidden = 0;
}


static int
met(record_t *r, char type, const void *text, size_t len)
{
    fuzz_check(r->len + len + 10 < sizeof(r->data));

    if (r->hidden) {
        r->hidden += (type == '{' || type == '[');
        r->hidden -= (type == '/');
        return 1;
    }

    r->events++;
    r->data[r->len++] = (u_char) type;

    if (r->wanted && strchr("nv", type)) {
        memcpy(r->data + r->len, &len, sizeof(len));
        r->len += sizeof(len);
        memcpy(r->data + r->len, text, len);
        r->len += len;
    }

    r->depth += (type == '{' || type == '[');
    r->depth -= (type == '/');
    r->deepest = ngx_max(r->deepest, r->depth);

    return 1;
}


static ngx_uint_t
want(void *data)
{
    return ((record_t *) data)->wanted;
}


static void
name(void *data, ngx_str_t *text)
{
    record_t  *r = data;

    fuzz_check((text != NULL) == r->wanted);
    met(r, 'n', text ? text->data : NULL, text ? text->len : 0);
}


static ngx_int_t
scalar(void *data, ngx_str_t *text)
{
    static ngx_str_t  null = ngx_string("null");

    text = text ? text : &null;

    met(data, 'v', text->data, text->len);

    return NGX_OK;
}


static ngx_int_t
opened(void *data, ngx_uint_t array)
{
    record_t  *r = data;

    ngx_uint_t  hidden;

    hidden = r->hidden;

    met(r, array ? '[' : '{', NULL, 0);

    if (hidden || ++r->opened != r->skip) {
        return NGX_OK;
    }

    r->depth--;

    if (r->pass_over) {
        return NGX_DECLINED;
    }

    r->hidden = 1;

    return NGX_OK;
}


static ngx_int_t
closed(void *data)
{
    met(data, '/', NULL, 0);
    return NGX_OK;
}


static ngx_webhook_scan_handlers_t  handlers = {
    want, want, name, scalar, opened, closed
};


static int
yajl_is_null(void *data)
{
    return met(data, 'v', "null", 4);
}


static int
yajl_is_boolean(void *data, int value)
{
    return met(data, 'v', value ? "true" : "false", value ? 4 : 5);
}


static int
yajl_is_number(void *data, const char *text, size_t len)
{
    return met(data, 'v', text, len);
}


static int
yajl_is_string(void *data, const unsigned char *text, size_t len)
{
    return met(data, 'v', text, len);
}


static int
yajl_is_map(void *data)
{
    return met(data, '{', NULL, 0);
}


static int
yajl_is_name(void *data, const unsigned char *text, size_t len)
{
    return met(data, 'n', text, len);
}


static int
yajl_is_array(void *data)
{
    return met(data, '[', NULL, 0);
}


static int
yajl_is_end(void *data)
{
    return met(data, '/', NULL, 0);
}


static yajl_callbacks  callbacks = {
    yajl_is_null, yajl_is_boolean, NULL, NULL, yajl_is_number, yajl_is_string,
    yajl_is_map, yajl_is_name, yajl_is_end, yajl_is_array, yajl_is_end
};


static ngx_int_t
scan(record_t *r, const uint8_t *data, size_t size, uint32_t *seed,
    ngx_uint_t wanted)
{
    size_t               step;
    ngx_int_t            rc;
    ngx_webhook_scan_t   s;

    memset(&s, 0, sizeof(s));
    reset(r, wanted);

    s.handlers = &handlers;
    s.data = r;
    s.pool = test_pool();

    rc = NGX_OK;

    for ( /* void */ ; size && rc == NGX_OK; size -= step) {
        step = seed ? fuzz_step(seed, size) : size;

        rc = ngx_webhook_scan(&s, test_input(data, step, step & 1), step);
        test_forget();

        data += step;
    }

    ngx_destroy_pool(s.pool);

    return rc;
}


/* a container that is passed over is as if its insides were not told */

static void
skip(const uint8_t *data, size_t size, uint32_t *seed, ngx_uint_t containers)
{
    ngx_int_t        rc;
    static record_t  told, skipped;

    told.pass_over = 0;
    skipped.pass_over = 1;

    told.skip = 1 + *seed % (containers ? containers : 1);
    skipped.skip = told.skip;

    rc = scan(&told, data, size, NULL, 1);

    fuzz_check(scan(&skipped, data, size, NULL, 1) == rc);
    fuzz_check(skipped.len == told.len);
    fuzz_check(memcmp(skipped.data, told.data, told.len) == 0);

    fuzz_check(scan(&skipped, data, size, seed, 1) == rc);
    fuzz_check(skipped.len == told.len);
    fuzz_check(memcmp(skipped.data, told.data, told.len) == 0);
}


/* halves of pairs and some blanks are another matter to yajl */

static int
special(const uint8_t *data, size_t size)
{
    size_t  i;

    for (i = 0; i < size; i++) {
        if (data[i] == '\v' || data[i] == '\f') {
            return 1;
        }

        if (i + 4 <= size && data[i] == '\\' && data[i + 1] == 'u'
            && (data[i + 2] | 0x20) == 'd' && data[i + 3] >= '8')
        {
            if (i + 12 <= size && !strchr("cdefCDEF", data[i + 3])
                && data[i + 6] == '\\' && data[i + 7] == 'u'
                && (data[i + 8] | 0x20) == 'd'
                && strchr("cdefCDEF", data[i + 9]))
            {
                i += 11;
                continue;
            }

            return 1;
        }
    }

    return 0;
}


/* with nothing behind it, not even the beginning of something */

static int
valid(const uint8_t *data, size_t size)
{
    int              good;
    yajl_handle      yajl;
    static record_t  r;

    reset(&r, 0);

    yajl = yajl_alloc(&callbacks, NULL, &r);
    yajl_config(yajl, yajl_dont_validate_strings, 1);

    good = yajl_parse(yajl, (u_char *) "[", 1) == yajl_status_ok
           && yajl_parse(yajl, data, size) == yajl_status_ok
           && yajl_parse(yajl, (u_char *) "]", 1) == yajl_status_ok
           && r.depth == 0 && r.events > 2;

    yajl_free(yajl);

    return good;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t         seed;
    ngx_int_t        rc;
    size_t           len;
    yajl_status      status, complete;
    yajl_handle      yajl;
    static record_t  whole, cut, other;

    if (size > 4096) {
        return 0;
    }

    seed = fuzz_seed(data, size);

    rc = scan(&whole, data, size, NULL, 1);

    fuzz_check(scan(&cut, data, size, &seed, 1) == rc);
    fuzz_check(cut.len == whole.len);
    fuzz_check(memcmp(cut.data, whole.data, cut.len) == 0);

    fuzz_check(scan(&cut, data, size, &seed, 0) == rc);
    fuzz_check(cut.events == whole.events);

    skip(data, size, &seed, whole.opened);

    if (special(data, size)) {
        return 0;
    }

    reset(&other, 1);

    yajl = yajl_alloc(&callbacks, NULL, &other);
    yajl_config(yajl, yajl_dont_validate_strings, 1);

    status = yajl_parse(yajl, data, size);
    len = other.len;
    complete = yajl_complete_parse(yajl);
    yajl_free(yajl);

    if (other.deepest > NGX_WEBHOOK_SCAN_DEPTH) {
        return 0;
    }

    /* yajl sees a token that does not belong there when it is whole */

    fuzz_check(status == yajl_status_ok || rc == NGX_DONE);
    fuzz_check(complete != yajl_status_ok || rc == NGX_OK
               || !valid(data, size));

    fuzz_check(len == whole.len);
    fuzz_check(memcmp(other.data, whole.data, len) == 0);

    return 0;
}
