
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * Answers that the gate gives itself, where nginx has no page for them.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_answer.h"


ngx_int_t
ngx_http_webhook_verify_answer(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_str_t *text)
{
    ngx_int_t                 rc;
    ngx_http_complex_value_t  cv;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value = *text;

    rc = ngx_http_send_response(r, status, type, &cv);

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


ngx_int_t
ngx_http_webhook_verify_answer_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}
