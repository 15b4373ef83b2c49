
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The status as text for Prometheus: the same counters as in JSON, in the
 * order that its format wants, all samples of a metric together.
 */


#include <nginx.h>
#include "ngx_http_webhook_verify_module.h"
#include "ngx_http_webhook_verify_status.h"
#include "ngx_http_webhook_verify_variables.h"
#include "ngx_webhook_store_shm.h"


/* a counter that has several slots has a label for them */

typedef struct {
    const char  *name;
    const char  *help;
    ngx_uint_t   counter;
    const char  *label;
    ngx_uint_t   slots;
} ngx_http_webhook_verify_metric_t;


static void ngx_http_webhook_verify_metric(ngx_webhook_out_t *out,
    ngx_webhook_stats_shared_t *sh, ngx_http_webhook_verify_metric_t *metric);
static void ngx_http_webhook_verify_metric_slot(ngx_webhook_out_t *out,
    ngx_http_webhook_verify_metric_t *metric, ngx_uint_t n);
static void ngx_http_webhook_verify_metric_labels(ngx_webhook_out_t *out,
    ngx_webhook_stats_row_t *row);
static void ngx_http_webhook_verify_metric_time(ngx_webhook_out_t *out,
    ngx_webhook_stats_shared_t *sh);
static void ngx_http_webhook_verify_metric_bucket(ngx_webhook_out_t *out,
    ngx_webhook_stats_row_t *row, ngx_msec_t le, ngx_uint_t count);
static void ngx_http_webhook_verify_metric_zones(ngx_webhook_out_t *out,
    ngx_array_t *zones);


static const char  *ngx_http_webhook_verify_outcomes[] = {
    "committed", "released", "held"
};


static ngx_http_webhook_verify_metric_t  ngx_http_webhook_verify_metrics[] = {

    { "webhook_verify_requests_total",
      "Requests that came to a gate.",
      NGX_WEBHOOK_STATS_REQUESTS, NULL, 1 },

    { "webhook_verify_results_total",
      "Deliveries that were judged, by $webhook_verify_result.",
      NGX_WEBHOOK_STATS_RESULT, "result", NGX_HTTP_WEBHOOK_RESULTS },

    { "webhook_verify_handshakes_total",
      "Handshakes of providers that were answered.",
      NGX_WEBHOOK_STATS_HANDSHAKES, NULL, 1 },

    { "webhook_verify_unfinished_total",
      "Requests that ended before they were judged.",
      NGX_WEBHOOK_STATS_RESULT, NULL, 1 },

    { "webhook_verify_dry_run_passed_total",
      "Deliveries that only a dry run let through.",
      NGX_WEBHOOK_STATS_DRY_RUN, NULL, 1 },

    { "webhook_verify_claims_settled_total",
      "Claims by what became of them.",
      NGX_WEBHOOK_STATS_COMMITTED, "outcome", 3 },

    { "webhook_verify_claims_renewed_total",
      "Renewals of claims.",
      NGX_WEBHOOK_STATS_RENEWALS, NULL, 1 },

    { "webhook_verify_claims_lost_total",
      "Times that a claim was found to be gone.",
      NGX_WEBHOOK_STATS_LOST, NULL, 1 },

    { "webhook_verify_store_errors_total",
      "Claims that the store could not answer, by the reason.",
      NGX_WEBHOOK_STATS_ERROR, "kind", NGX_WEBHOOK_ERRORS },

    { "webhook_verify_secret_matches_total",
      "Good signatures by the number of the secret that matched.",
      NGX_WEBHOOK_STATS_SECRET, "secret", NGX_WEBHOOK_STATS_SECRETS },

    { NULL, NULL, 0, NULL, 0 }
};


void
ngx_http_webhook_verify_status_prometheus(ngx_webhook_out_t *out,
    ngx_http_webhook_verify_main_conf_t *wmcf)
{
    ngx_webhook_stats_shared_t        *sh;
    ngx_http_webhook_verify_metric_t  *metric;

    sh = wmcf->stats->sh;

    ngx_webhook_out_print(out, "# HELP webhook_verify_build_info "
                          "Versions of the module and of nginx.\n"
                          "# TYPE webhook_verify_build_info gauge\n"
                          "webhook_verify_build_info{version=\"%s\","
                          "nginx=\"%s\"} 1\n",
                          NGX_HTTP_WEBHOOK_VERIFY_VERSION, NGINX_VERSION);

    ngx_http_webhook_verify_metric_zones(out, &wmcf->zones);

    if (sh == NULL) {
        return;
    }

    ngx_webhook_out_print(out, "# HELP webhook_verify_start_time_seconds "
                          "Since when it is counted, in Unix time.\n"
                          "# TYPE webhook_verify_start_time_seconds gauge\n"
                          "webhook_verify_start_time_seconds %T\n",
                          sh->since);

    for (metric = ngx_http_webhook_verify_metrics; metric->name; metric++) {
        ngx_http_webhook_verify_metric(out, sh, metric);
    }

    ngx_http_webhook_verify_metric_time(out, sh);
}


static void
ngx_http_webhook_verify_metric(ngx_webhook_out_t *out,
    ngx_webhook_stats_shared_t *sh, ngx_http_webhook_verify_metric_t *metric)
{
    ngx_uint_t                i, n;
    ngx_webhook_stats_row_t  *row;

    ngx_webhook_out_print(out, "# HELP %s %s\n# TYPE %s counter\n",
                          metric->name, metric->help, metric->name);

    for (i = 0; i < sh->nrows; i++) {

        row = &sh->rows[i];

        /* the first result is none */

        n = (metric->counter == NGX_WEBHOOK_STATS_RESULT && metric->label);

        for ( /* void */ ; n < metric->slots; n++) {
            ngx_webhook_out_print(out, "%s{", metric->name);
            ngx_http_webhook_verify_metric_labels(out, row);
            ngx_http_webhook_verify_metric_slot(out, metric, n);
            ngx_webhook_out_print(out, "} %uA\n",
                                  row->counters[metric->counter + n]);
        }
    }
}


static void
ngx_http_webhook_verify_metric_slot(ngx_webhook_out_t *out,
    ngx_http_webhook_verify_metric_t *metric, ngx_uint_t n)
{
    if (metric->label == NULL) {
        return;
    }

    ngx_webhook_out_print(out, ",%s=\"", metric->label);

    switch (metric->counter) {

    case NGX_WEBHOOK_STATS_RESULT:
        ngx_webhook_out_print(out, "%V",
                              ngx_http_webhook_verify_result_name(n));
        break;

    case NGX_WEBHOOK_STATS_COMMITTED:
        ngx_webhook_out_print(out, "%s", ngx_http_webhook_verify_outcomes[n]);
        break;

    case NGX_WEBHOOK_STATS_ERROR:
        ngx_webhook_out_print(out, "%s",
                              ngx_http_webhook_verify_status_errors[n]);
        break;

    default: /* NGX_WEBHOOK_STATS_SECRET */
        ngx_webhook_out_print(out, "%ui", n + 1);
    }

    ngx_webhook_out_print(out, "\"");
}


static void
ngx_http_webhook_verify_metric_labels(ngx_webhook_out_t *out,
    ngx_webhook_stats_row_t *row)
{
    ngx_uint_t  i;

    static const char  *names[] = {
        "provider=\"", "\",scope=\"", "\",server=\"", "\",location=\""
    };

    for (i = 0; i < NGX_WEBHOOK_STATS_NAMES; i++) {
        ngx_webhook_out_print(out, "%s", names[i]);
        ngx_webhook_out_label(out, row->names[i].data, row->names[i].len);
    }

    ngx_webhook_out_print(out, "\"");
}


static void
ngx_http_webhook_verify_metric_time(ngx_webhook_out_t *out,
    ngx_webhook_stats_shared_t *sh)
{
    ngx_uint_t                i, n, sum, count;
    ngx_webhook_stats_row_t  *row;

    ngx_webhook_out_print(out, "# HELP webhook_verify_store_duration_seconds "
                          "How long the store took to answer a claim.\n"
                          "# TYPE webhook_verify_store_duration_seconds "
                          "histogram\n");

    for (i = 0; i < sh->nrows; i++) {

        row = &sh->rows[i];
        count = 0;
        n = 0;

        do {
            count += row->counters[NGX_WEBHOOK_STATS_TIME + n];

            ngx_http_webhook_verify_metric_bucket(out, row,
                                                  ngx_webhook_stats_bounds[n],
                                                  count);
        } while (ngx_webhook_stats_bounds[n++]);

        sum = row->counters[NGX_WEBHOOK_STATS_TIME_SUM];

        ngx_webhook_out_print(out,
                              "webhook_verify_store_duration_seconds_sum{");
        ngx_http_webhook_verify_metric_labels(out, row);
        ngx_webhook_out_print(out, "} %ui.%03ui\n", sum / 1000, sum % 1000);

        ngx_webhook_out_print(out,
                              "webhook_verify_store_duration_seconds_count{");
        ngx_http_webhook_verify_metric_labels(out, row);
        ngx_webhook_out_print(out, "} %ui\n", count);
    }
}


static void
ngx_http_webhook_verify_metric_bucket(ngx_webhook_out_t *out,
    ngx_webhook_stats_row_t *row, ngx_msec_t le, ngx_uint_t count)
{
    ngx_webhook_out_print(out,
                          "webhook_verify_store_duration_seconds_bucket{");
    ngx_http_webhook_verify_metric_labels(out, row);

    if (le) {
        ngx_webhook_out_print(out, ",le=\"%M.%03M\"} %ui\n", le / 1000,
                              le % 1000, count);

    } else {
        ngx_webhook_out_print(out, ",le=\"+Inf\"} %ui\n", count);
    }
}


static void
ngx_http_webhook_verify_metric_zones(ngx_webhook_out_t *out,
    ngx_array_t *zones)
{
    ngx_uint_t                 i, n, k, values[3];
    ngx_webhook_store_t      **zone;
    ngx_webhook_shm_usage_t    usage;

    static struct {
        const char  *name;
        const char  *type;
        const char  *help;
    } metrics[] = {
        { "webhook_verify_zone_room_keys", "gauge",
          "Events for which a zone has room." },
        { "webhook_verify_zone_keys", "gauge",
          "Events in a zone." },
        { "webhook_verify_zone_evictions_total", "counter",
          "Events that were forgotten before their time, for want of room." }
    };

    zone = zones->elts;

    for (k = 0; zones->nelts && k < 3; k++) {

        ngx_webhook_out_print(out, "# HELP %s %s\n# TYPE %s %s\n",
                              metrics[k].name, metrics[k].help,
                              metrics[k].name, metrics[k].type);

        for (i = 0; i < zones->nelts; i++) {

            /* a zone is listed once for each directive that names it */

            for (n = 0; n < i && zone[n] != zone[i]; n++) { /* void */ }

            if (n < i) {
                continue;
            }

            ngx_webhook_store_shm_usage(zone[i], &usage);

            values[0] = usage.room;
            values[1] = usage.keys;
            values[2] = usage.evictions;

            ngx_webhook_out_print(out, "%s{zone=\"", metrics[k].name);
            ngx_webhook_out_label(out, zone[i]->name.data,
                                  zone[i]->name.len);
            ngx_webhook_out_print(out, "\"} %ui\n", values[k]);
        }
    }
}
