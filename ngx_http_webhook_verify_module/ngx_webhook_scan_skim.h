
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#ifndef _NGX_WEBHOOK_SCAN_SKIM_H_INCLUDED_
#define _NGX_WEBHOOK_SCAN_SKIM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_scan.h"


/*
 * Passes over tokens in a container that nobody wants anything of.  Returns
 * where the container is over, where these bytes end, or the beginning of a
 * token for ngx_webhook_scan() to judge: it is not whole here, or it is wrong.
 */

u_char *ngx_webhook_scan_skim(ngx_webhook_scan_t *s, u_char *p, u_char *end);


#endif /* _NGX_WEBHOOK_SCAN_SKIM_H_INCLUDED_ */
