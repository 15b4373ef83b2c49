
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The pointers are in the first line of the input, as in t/unit/json.c, the
 * document is the rest.  However it is cut, the verdicts are the same, and on
 * a whole document they are those of its tree.
 */


#include "fuzz.h"
#include <yajl/yajl_tree.h>
#include "ngx_webhook_json.h"
#include "ngx_webhook_scan.h"


#define WANTS  8


typedef struct {
    ngx_int_t                   rc;
    ngx_uint_t                  n;
    ngx_webhook_json_want_t     want[WANTS];
    ngx_webhook_json_pointer_t  pointer[WANTS];
    ngx_pool_t                 *pool;
} verdict_t;


static ngx_uint_t
wants(ngx_str_t line, verdict_t *v)
{
    u_char     *p, *end;
    ngx_int_t   rc;
    ngx_str_t   text;
    ngx_uint_t  group;

    memset(v, 0, sizeof(verdict_t));

    v->pool = test_pool();
    group = 0;
    end = line.data + line.len;

    for (p = line.data; p < end && v->n < WANTS; p = text.data + text.len + 1)
    {
        text.data = p;
        text.len = 0;

        while (p + text.len < end && p[text.len] != ' ') {
            text.len++;
        }

        if (text.len == 1 && *p == '|') {
            group++;
            continue;
        }

        p = test_input(p, text.len, text.len & 1);
        rc = ngx_webhook_json_pointer(v->pool,
                                      &(ngx_str_t) { text.len, p },
                                      &v->pointer[v->n]);
        test_forget();

        if (rc == NGX_OK) {
            v->want[v->n].pointer = &v->pointer[v->n];
            v->want[v->n++].group = group;
        }
    }

    return v->n;
}


static void
parse(verdict_t *v, const uint8_t *data, size_t size, uint32_t *seed)
{
    size_t               step;
    ngx_webhook_json_t   json;

    ngx_webhook_json_init(&json, v->pool, v->want, v->n);
    v->rc = NGX_OK;

    for ( /* void */ ; size && v->rc == NGX_OK; size -= step) {
        step = seed ? fuzz_step(seed, size) : size;

        v->rc = ngx_webhook_json_feed(&json, test_input(data, step, step & 1),
                                      step);
        test_forget();
        data += step;
    }

    fuzz_check(v->rc == NGX_OK || v->rc == NGX_DONE);
}


static int
same(ngx_webhook_json_want_t *a, ngx_webhook_json_want_t *b)
{
    return a->state == b->state
           && (a->state != NGX_WEBHOOK_JSON_FOUND
               || (a->value.len == b->value.len
                   && memcmp(a->value.data, b->value.data, a->value.len)
                      == 0));
}


/* the text of the scalar that a pointer leads to, or NULL */

static const char *
lookup(yajl_val node, ngx_webhook_json_pointer_t *pointer)
{
    size_t      i;
    ngx_str_t  *name;
    ngx_int_t   index;
    ngx_uint_t  n;

    for (n = 0; n < pointer->ntokens; n++) {
        name = &pointer->tokens[n].name;
        index = pointer->tokens[n].index;

        if (YAJL_IS_ARRAY(node)) {
            if (index < 0 || (size_t) index >= YAJL_GET_ARRAY(node)->len) {
                return NULL;
            }

            node = YAJL_GET_ARRAY(node)->values[index];
            continue;
        }

        if (!YAJL_IS_OBJECT(node)) {
            return NULL;
        }

        for (i = 0; i < YAJL_GET_OBJECT(node)->len; i++) {
            if (test_eq(name, YAJL_GET_OBJECT(node)->keys[i],
                        strlen(YAJL_GET_OBJECT(node)->keys[i])))
            {
                break;
            }
        }

        if (i == YAJL_GET_OBJECT(node)->len) {
            return NULL;
        }

        node = YAJL_GET_OBJECT(node)->values[i];
    }

    return YAJL_IS_STRING(node) ? YAJL_GET_STRING(node)
           : YAJL_IS_NUMBER(node) ? YAJL_GET_NUMBER(node)
           : YAJL_IS_TRUE(node) ? "true"
           : YAJL_IS_FALSE(node) ? "false" : NULL;
}


/* as the module does it: the first group that is there whole */

static ngx_int_t
chosen(ngx_uint_t n, ngx_webhook_json_want_t *want, const char **values)
{
    ngx_uint_t  i, k, whole;

    for (i = 0; i < n; i = k) {
        whole = 1;

        for (k = i; k < n && want[k].group == want[i].group; k++) {
            whole = whole
                    && (values ? values[k] && *values[k]
                               : want[k].state == NGX_WEBHOOK_JSON_FOUND
                                 && want[k].value.len);
        }

        if (whole) {
            return (ngx_int_t) want[i].group;
        }
    }

    return -1;
}


static void
compare(verdict_t *v, const char *text)
{
    size_t       depth, max;
    yajl_val     tree;
    const char  *values[WANTS], *p;
    ngx_uint_t   i;

    /*
     * yajl's tree knows comments, other blanks, strings without NUL, no halves
     * of pairs and no end of depth
     */

    if (strstr(text, "/*") || strstr(text, "//") || strpbrk(text, "\v\f")
        || strstr(text, "\\u0000") || strstr(text, "\\ud")
        || strstr(text, "\\uD"))
    {
        return;
    }

    for (p = text, depth = 0, max = 0; *p; p++) {
        depth += (*p == '[' || *p == '{');
        max = ngx_max(max, depth);
    }

    tree = (max <= NGX_WEBHOOK_SCAN_DEPTH)
           ? yajl_tree_parse(text, NULL, 0) : NULL;

    if (tree == NULL) {
        return;
    }

    for (i = 0; i < v->n; i++) {
        values[i] = lookup(tree, &v->pointer[i]);

        if (v->want[i].state == NGX_WEBHOOK_JSON_FOUND) {
            fuzz_check(values[i] != NULL);
            fuzz_check(test_eq(&v->want[i].value, values[i],
                               strlen(values[i])));
        }

        if (v->want[i].state == NGX_WEBHOOK_JSON_ABSENT) {
            fuzz_check(values[i] == NULL);
        }
    }

    fuzz_check(chosen(v->n, v->want, values) == chosen(v->n, v->want, NULL));

    yajl_tree_free(tree);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char        *text;
    uint32_t     seed;
    verdict_t    whole, cut;
    ngx_str_t    line;
    ngx_uint_t   i;

    seed = fuzz_seed(data, size);
    line = fuzz_line(&data, &size);

    if (wants(line, &whole) == 0) {
        ngx_destroy_pool(whole.pool);
        return 0;
    }

    wants(line, &cut);

    parse(&whole, data, size, NULL);
    parse(&cut, data, size, &seed);

    fuzz_check(whole.rc == cut.rc);

    for (i = 0; i < whole.n; i++) {
        fuzz_check(same(&whole.want[i], &cut.want[i]));
    }

    text = strndup((char *) data, size);

    if (strlen(text) == size) {
        compare(&whole, text);
    }

    free(text);
    ngx_destroy_pool(whole.pool);
    ngx_destroy_pool(cut.pool);

    return 0;
}
