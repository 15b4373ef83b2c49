
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The page.
 */


#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_status.h"


static const char  ngx_http_webhook_verify_page[] = "<!doctype html>\n";


void
ngx_http_webhook_verify_status_html(ngx_webhook_out_t *out)
{
    ngx_webhook_out_bytes(out, ngx_http_webhook_verify_page,
                          sizeof(ngx_http_webhook_verify_page) - 1);
}
