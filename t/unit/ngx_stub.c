
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* what nginx.c and its neighbours would define */


#include <ngx_config.h>
#include <ngx_core.h>


static ngx_open_file_t  ngx_stub_log_file;

static ngx_log_t  ngx_stub_log = {
    .log_level = NGX_LOG_EMERG,
    .file = &ngx_stub_log_file
};

static ngx_cycle_t  ngx_stub_cycle = { .log = &ngx_stub_log };

volatile ngx_cycle_t  *ngx_cycle = &ngx_stub_cycle;
ngx_module_t          *ngx_modules[] = { NULL };

volatile ngx_str_t     ngx_cached_err_log_time =
                           ngx_string("1970/01/01 00:00:00");
volatile ngx_time_t   *ngx_cached_time;
volatile ngx_msec_t    ngx_current_msec = 1000;
ngx_pid_t              ngx_pid;
ngx_int_t              ngx_ncpu = 1;


void
ngx_debug_point(void)
{
    abort();
}


#if (NGX_THREADS)

ngx_tid_t
ngx_thread_tid(void)
{
    return 0;
}

#endif
