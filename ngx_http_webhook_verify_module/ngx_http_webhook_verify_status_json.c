
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The status as JSON; its form is in docs/status.md, and changes of it that
 * would break a reader change the version.
 */


#include <nginx.h>
#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_status.h"
#include "ngx_http_webhook_verify_variables.h"
#include "ngx_webhook_store_shm.h"


#define NGX_HTTP_WEBHOOK_STATUS_VERSION  1


static void ngx_http_webhook_verify_json_gates(ngx_webhook_out_t *out,
    ngx_webhook_stats_t *stats);
static void ngx_http_webhook_verify_json_counters(ngx_webhook_out_t *out,
    ngx_uint_t *counters);
static void ngx_http_webhook_verify_json_results(ngx_webhook_out_t *out,
    ngx_uint_t *counters);
static void ngx_http_webhook_verify_json_time(ngx_webhook_out_t *out,
    ngx_uint_t *counters);
static void ngx_http_webhook_verify_json_zones(ngx_webhook_out_t *out,
    ngx_array_t *zones);
static void ngx_http_webhook_verify_json_history(ngx_webhook_out_t *out,
    ngx_webhook_history_t *h);
static void ngx_http_webhook_verify_json_delivery(ngx_webhook_out_t *out,
    ngx_webhook_history_entry_t *e);
static void ngx_http_webhook_verify_json_string(ngx_webhook_out_t *out,
    const char *name, u_char *data, size_t len);
static void ngx_http_webhook_verify_json_seconds(ngx_webhook_out_t *out,
    const char *name, ngx_msec_int_t ms);


static const char  *ngx_http_webhook_verify_json_names[] = {
    "provider", "scope", "server", "location"
};


void
ngx_http_webhook_verify_status_json(ngx_webhook_out_t *out,
    ngx_http_webhook_verify_main_conf_t *wmcf)
{
    ngx_time_t                  *tp;
    ngx_uint_t                   i, total[NGX_WEBHOOK_STATS_COUNTERS];
    ngx_webhook_stats_shared_t  *sh;

    tp = ngx_timeofday();
    sh = wmcf->stats->sh;

    ngx_memzero(total, sizeof(total));

    for (i = 0; sh && i < sh->nrows; i++) {
        ngx_http_webhook_verify_status_read(&sh->rows[i], total);
    }

    ngx_webhook_out_print(out, "{\n\"version\": %d,\n"
                          "\"module\": \"%s\",\n\"nginx\": \"%s\",\n"
                          "\"time\": %T.%03M,\n\"since\": %T,\n"
                          "\"pid\": %P,\n\"generation\": %ui,\n"
                          "\"results\": ",
                          NGX_HTTP_WEBHOOK_STATUS_VERSION,
                          NGX_HTTP_WEBHOOK_VERIFY_VERSION, NGINX_VERSION,
                          tp->sec, tp->msec, sh ? sh->since : tp->sec,
                          ngx_pid, wmcf->stats->generation);

    ngx_http_webhook_verify_json_results(out, total);

    ngx_webhook_out_print(out, ",\n\"totals\": {");
    ngx_http_webhook_verify_json_counters(out, total);
    ngx_webhook_out_print(out, "},\n\"gates\": [");

    if (sh) {
        ngx_http_webhook_verify_json_gates(out, wmcf->stats);
    }

    ngx_webhook_out_print(out, "],\n\"zones\": [");
    ngx_http_webhook_verify_json_zones(out, &wmcf->zones);

    ngx_webhook_out_print(out, "],\n\"history_size\": %ui,\n\"history\": [",
                          wmcf->history ? wmcf->history->size : 0);

    if (wmcf->history) {
        ngx_http_webhook_verify_json_history(out, wmcf->history);
    }

    ngx_webhook_out_print(out, "]\n}\n");
}


static void
ngx_http_webhook_verify_json_gates(ngx_webhook_out_t *out,
    ngx_webhook_stats_t *stats)
{
    ngx_uint_t                   i, n;
    ngx_uint_t                   counters[NGX_WEBHOOK_STATS_COUNTERS];
    ngx_webhook_stats_row_t     *row;
    ngx_webhook_stats_shared_t  *sh;

    sh = stats->sh;

    for (i = 0; i < sh->nrows; i++) {

        row = &sh->rows[i];

        ngx_memzero(counters, sizeof(counters));
        ngx_http_webhook_verify_status_read(row, counters);

        ngx_webhook_out_print(out, "%s\n{", i ? "," : "");

        for (n = 0; n < NGX_WEBHOOK_STATS_NAMES; n++) {
            ngx_http_webhook_verify_json_string(out,
                                        ngx_http_webhook_verify_json_names[n],
                                        row->names[n].data,
                                        row->names[n].len);
            ngx_webhook_out_print(out, ", ");
        }

        ngx_webhook_out_print(out, "\"configured\": %s,\n \"results\": ",
                              row->generation >= stats->generation
                              ? "true" : "false");

        ngx_http_webhook_verify_json_results(out, counters);
        ngx_webhook_out_print(out, ",\n ");
        ngx_http_webhook_verify_json_counters(out, counters);
        ngx_webhook_out_print(out, "}");
    }
}


/* members of an object, all of them but the results */

static void
ngx_http_webhook_verify_json_counters(ngx_webhook_out_t *out,
    ngx_uint_t *counters)
{
    ngx_uint_t  i, verified;

    verified = 0;

    for (i = 0; i < NGX_WEBHOOK_STATS_SECRETS; i++) {
        verified += counters[NGX_WEBHOOK_STATS_SECRET + i];
    }

    ngx_webhook_out_print(out, "\"requests\": %ui, \"received\": %ui, "
                          "\"verified\": %ui, \"handshakes\": %ui, "
                          "\"unfinished\": %ui, \"dry_run\": %ui,\n "
                          "\"claims\": {\"committed\": %ui, "
                          "\"released\": %ui, \"held\": %ui, "
                          "\"renewals\": %ui, \"lost\": %ui},\n "
                          "\"store_errors\": {",
                          counters[NGX_WEBHOOK_STATS_REQUESTS],
                          ngx_http_webhook_verify_status_received(counters),
                          verified, counters[NGX_WEBHOOK_STATS_HANDSHAKES],
                          counters[NGX_WEBHOOK_STATS_RESULT],
                          counters[NGX_WEBHOOK_STATS_DRY_RUN],
                          counters[NGX_WEBHOOK_STATS_COMMITTED],
                          counters[NGX_WEBHOOK_STATS_RELEASED],
                          counters[NGX_WEBHOOK_STATS_HELD],
                          counters[NGX_WEBHOOK_STATS_RENEWALS],
                          counters[NGX_WEBHOOK_STATS_LOST]);

    for (i = 0; i < NGX_WEBHOOK_ERRORS; i++) {
        ngx_webhook_out_print(out, "%s\"%s\": %ui", i ? ", " : "",
                              ngx_http_webhook_verify_status_errors[i],
                              counters[NGX_WEBHOOK_STATS_ERROR + i]);
    }

    ngx_webhook_out_print(out, "},\n \"secrets\": [");

    for (i = 0; i < NGX_WEBHOOK_STATS_SECRETS; i++) {
        ngx_webhook_out_print(out, "%s%ui", i ? ", " : "",
                              counters[NGX_WEBHOOK_STATS_SECRET + i]);
    }

    ngx_webhook_out_print(out, "],\n \"store_time\": ");
    ngx_http_webhook_verify_json_time(out, counters);
}


static void
ngx_http_webhook_verify_json_results(ngx_webhook_out_t *out,
    ngx_uint_t *counters)
{
    ngx_uint_t  i;

    ngx_webhook_out_print(out, "{");

    for (i = NGX_HTTP_WEBHOOK_FIRST; i < NGX_HTTP_WEBHOOK_RESULTS; i++) {
        ngx_webhook_out_print(out, "%s\"%V\": %ui",
                              i > NGX_HTTP_WEBHOOK_FIRST ? ", " : "",
                              ngx_http_webhook_verify_result_name(i),
                              counters[NGX_WEBHOOK_STATS_RESULT + i]);
    }

    ngx_webhook_out_print(out, "}");
}


/* how many took at most this many seconds, null: any time */

static void
ngx_http_webhook_verify_json_time(ngx_webhook_out_t *out,
    ngx_uint_t *counters)
{
    ngx_msec_t  le;
    ngx_uint_t  i, sum, count;

    ngx_webhook_out_print(out, "{\"buckets\": [");

    i = 0;
    count = 0;

    do {
        le = ngx_webhook_stats_bounds[i];
        count += counters[NGX_WEBHOOK_STATS_TIME + i];

        ngx_webhook_out_print(out, "%s[", i ? ", " : "");

        if (le) {
            ngx_webhook_out_print(out, "%M.%03M", le / 1000, le % 1000);

        } else {
            ngx_webhook_out_print(out, "null");
        }

        ngx_webhook_out_print(out, ", %ui]", count);

        i++;

    } while (le);

    sum = counters[NGX_WEBHOOK_STATS_TIME_SUM];

    ngx_webhook_out_print(out, "], \"sum\": %ui.%03ui, \"count\": %ui}",
                          sum / 1000, sum % 1000, count);
}


static void
ngx_http_webhook_verify_json_zones(ngx_webhook_out_t *out,
    ngx_array_t *zones)
{
    ngx_uint_t                i, n;
    ngx_webhook_store_t     **zone;
    ngx_webhook_shm_usage_t   usage;

    zone = zones->elts;

    for (i = 0; i < zones->nelts; i++) {

        /* a zone is listed once for each directive that names it */

        for (n = 0; n < i && zone[n] != zone[i]; n++) { /* void */ }

        if (n < i) {
            continue;
        }

        ngx_webhook_store_shm_usage(zone[i], &usage);

        ngx_webhook_out_print(out, "%s\n{", i ? "," : "");
        ngx_http_webhook_verify_json_string(out, "name", zone[i]->name.data,
                                            zone[i]->name.len);
        ngx_webhook_out_print(out, ", \"room\": %ui, \"keys\": %ui, "
                              "\"evictions\": %ui}",
                              usage.room, usage.keys, usage.evictions);
    }
}


static void
ngx_http_webhook_verify_json_history(ngx_webhook_out_t *out,
    ngx_webhook_history_t *h)
{
    ngx_uint_t                    n, total;
    ngx_webhook_history_entry_t   e;

    total = 0;

    for (n = 0; ngx_webhook_history_get(h, n, &total, &e) == NGX_OK; n++) {

        ngx_webhook_out_print(out, "%s\n", n ? "," : "");
        ngx_http_webhook_verify_json_delivery(out, &e);
    }
}


static void
ngx_http_webhook_verify_json_delivery(ngx_webhook_out_t *out,
    ngx_webhook_history_entry_t *e)
{
    ngx_webhook_out_print(out, "{\"time\": %L.%03L, \"result\": \"%V\", "
                          "\"status\": %ui, \"dry_run\": %s, ",
                          e->time / 1000, e->time % 1000,
                          ngx_http_webhook_verify_result_name(e->result),
                          e->status, e->dry_run ? "true" : "false");

    ngx_http_webhook_verify_json_string(out, "provider", &e->provider[1],
                                        e->provider[0]);
    ngx_webhook_out_print(out, ", ");
    ngx_http_webhook_verify_json_string(out, "location", &e->location[1],
                                        e->location[0]);
    ngx_webhook_out_print(out, ", ");
    ngx_http_webhook_verify_json_string(out, "id", &e->id[1], e->id[0]);

    ngx_webhook_out_print(out, ", \"id_cut\": %s, \"key\": \"%*s\", "
                          "\"secret\": %ui, \"body_bytes\": ",
                          e->cut ? "true" : "false",
                          e->keyed ? sizeof(e->digest) : 0, e->digest,
                          e->secret);

    if (e->body < 0) {
        ngx_webhook_out_print(out, "null");

    } else {
        ngx_webhook_out_print(out, "%O", e->body);
    }

    ngx_http_webhook_verify_json_seconds(out, "request_time",
                                         e->request_time);
    ngx_http_webhook_verify_json_seconds(out, "upstream_time",
                                         e->upstream_time);
    ngx_http_webhook_verify_json_seconds(out, "store_time", e->store_time);

    ngx_webhook_out_print(out, "}");
}


static void
ngx_http_webhook_verify_json_string(ngx_webhook_out_t *out,
    const char *name, u_char *data, size_t len)
{
    ngx_webhook_out_print(out, "\"%s\": \"", name);
    ngx_webhook_out_json(out, data, len);
    ngx_webhook_out_print(out, "\"");
}


static void
ngx_http_webhook_verify_json_seconds(ngx_webhook_out_t *out,
    const char *name, ngx_msec_int_t ms)
{
    if (ms < 0) {
        ngx_webhook_out_print(out, ", \"%s\": null", name);
        return;
    }

    ngx_webhook_out_print(out, ", \"%s\": %M.%03M", name,
                          (ngx_msec_t) ms / 1000, (ngx_msec_t) ms % 1000);
}
