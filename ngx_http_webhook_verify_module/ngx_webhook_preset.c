
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_webhook_preset.h"


/*
 * One row a provider: its directives, as they would stand in nginx.conf, and
 * what its documentation says about repeated deliveries.  What is not named
 * is at its default: sha256, $request_body, no timestamp, a secret of plain
 * text, the body's hash as the id.
 *
 * A row needs two independent sources; "source" is the provider's own page,
 * "checked" the day on which it, or a dated survey of it, was read.
 */


/* https://github.com/standard-webhooks/standard-webhooks, header prefix h */

#define NGX_WEBHOOK_STANDARD(h)                                               \
    .signature = "$http_" h "_signature",                                     \
    .encoding = NGX_WEBHOOK_BASE64, .prefix = "v1,", .separator = " ",        \
    .signed_bytes = "${http_" h "_id}.${webhook_verify_timestamp}."           \
                    "$request_body",                                          \
    .timestamp = "$http_" h "_timestamp", .tolerance = 300,                   \
    .secret = NGX_WEBHOOK_WHSEC,                                              \
    .ids = { "$http_" h "_id" }, .id_signed = 1


const ngx_webhook_preset_t  ngx_webhook_presets[] = {

    /* The providers the project was founded for */

    { .name = "speeko",
      .signature = "$http_x_speeko_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "/job_id" }, .id_signed = 1,
      .horizon = 60 + 300 + 1800 + 7200 + 28800,
      .retries = "after 1 m, 5 m, 30 m, 2 h, 8 h",
      .source = "the provider's integration guide",
      .checked = "2026-11-21" },

    /* the guide does not name the header: the configuration must */
    { .name = "speaknode",
      .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source = "the provider's integration guide",
      .checked = "2026-11-21" },

    { .name = "scriptix",
      .signature = "$http_x_scriptix_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .ids = { "/event /data/id" }, .id_signed = 1,
      .horizon = 60 + 300 + 900, .retries = "after 1 m, 5 m, 15 m",
      .source = "the provider's integration guide",
      .checked = "2026-11-21" },


    /* Standard Webhooks and those who use it */

    { .name = "standard",
      NGX_WEBHOOK_STANDARD("webhook"),
      .horizon = 75 * 3600, .retries = "about 75 h",
      .source =
          "https://github.com/standard-webhooks/standard-webhooks/blob/main/"
          "spec/standard-webhooks.md",
      .checked = "2026-07-01" },

    { .name = "svix",
      NGX_WEBHOOK_STANDARD("svix"),
      .horizon = 99305,
      .retries = "after 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 10 h",
      .source = "https://docs.svix.com/retries",
      .checked = "2026-11-21" },

    /*
     * the signing token of a webhook; its plain X-Gitlab-Token proves nothing
     */
    { .name = "gitlab",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source = "https://docs.gitlab.com/user/project/integrations/webhooks/",
      .checked = "2026-07-14" },

    { .name = "brex",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source = "https://developer.brex.com/docs/webhooks/",
      .checked = "2026-11-21" },

    { .name = "clerk",
      NGX_WEBHOOK_STANDARD("svix"),
      .horizon = 99305, .retries = "Svix's: 7 over 27 h 35 m",
      .source = "https://clerk.com/docs/guides/development/webhooks/overview",
      .checked = "2026-07-14" },

    { .name = "finch",
      .signature = "$http_finch_signature", .encoding = NGX_WEBHOOK_BASE64,
      .prefix = "v1,", .separator = " ",
      .signed_bytes =
          "${http_finch_event_id}.${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_finch_timestamp", .tolerance = 300,
      .secret = NGX_WEBHOOK_WHSEC,
      .ids = { "$http_finch_event_id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://developer.tryfinch.com/",
      .checked = "2026-07-01" },

    { .name = "loops",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source = "https://loops.so/docs/webhooks",
      .checked = "2026-07-14" },

    { .name = "openai",
      NGX_WEBHOOK_STANDARD("webhook"),
      .horizon = 72 * 3600, .retries = "up to 72 h",
      .source = "https://platform.openai.com/docs/guides/webhooks",
      .checked = "2026-07-14" },

    /* secrets made before 8 September 2026 are plain text: encoding=utf8 */
    { .name = "polar",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source = "https://github.com/polarsource/polar/pull/14117",
      .checked = "2026-11-21" },

    { .name = "recall",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source =
          "https://docs.recall.ai/docs/authenticating-requests-from-recallai",
      .checked = "2026-07-14" },

    { .name = "render",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source = "https://render.com/docs/webhooks",
      .checked = "2026-07-14" },

    { .name = "replicate",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source = "https://replicate.com/docs/topics/webhooks/verify-webhook",
      .checked = "2026-07-14" },

    { .name = "resend",
      NGX_WEBHOOK_STANDARD("svix"),
      .horizon = 99305, .retries = "Svix's: 7 over 27 h 35 m",
      .source = "https://resend.com/docs/dashboard/webhooks/introduction",
      .checked = "2026-07-14" },

    /*
     * auth hooks; without the "v1," that stands before whsec_ in the dashboard
     */
    { .name = "supabase",
      NGX_WEBHOOK_STANDARD("webhook"),
      .retries = "not documented",
      .source = "https://supabase.com/docs/guides/auth/auth-hooks",
      .checked = "2026-11-21" },


    /* Source code, continuous integration, hosting */

    /* Bitbucket Cloud; the second id is that of a server */
    { .name = "bitbucket",
      .signature = "$http_x_hub_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .ids = { "$http_x_request_uuid", "$http_x_request_id" },
      .retries = "not documented",
      .source =
          "https://support.atlassian.com/bitbucket-cloud/docs/"
          "manage-webhooks/",
      .checked = "2026-07-14" },

    { .name = "buildkite",
      .signature = "$http_x_buildkite_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "signature=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_x_buildkite_signature",
      .timestamp_prefix = "timestamp=", .timestamp_separator = ",",
      .tolerance = 300,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://buildkite.com/docs/apis/webhooks/pipelines",
      .checked = "2026-07-14" },

    { .name = "circleci",
      .signature = "$http_circleci_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v1=", .separator = ",",
      .ids = { "/id" }, .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://circleci.com/docs/guides/integration/outbound-webhooks/",
      .checked = "2026-07-14" },

    { .name = "configcat",
      .signature = "$http_x_configcat_webhook_signature_v1",
      .encoding = NGX_WEBHOOK_BASE64, .separator = ",",
      .signed_bytes =
          "${http_x_configcat_webhook_id}${webhook_verify_timestamp}"
          "$request_body",
      .timestamp = "$http_x_configcat_webhook_timestamp", .tolerance = 300,
      .ids = { "$http_x_configcat_webhook_id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://configcat.com/docs/advanced/notifications-webhooks/",
      .checked = "2026-07-01" },

    { .name = "forgejo",
      .signature = "$http_x_forgejo_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$http_x_forgejo_delivery" },
      .retries = "not documented",
      .source = "https://forgejo.org/docs/latest/user/webhooks/",
      .checked = "2026-11-21" },

    { .name = "gitea",
      .signature = "$http_x_gitea_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$http_x_gitea_delivery" },
      .retries = "not documented",
      .source = "https://docs.gitea.com/usage/repository/webhooks",
      .checked = "2026-11-21" },

    { .name = "github",
      .signature = "$http_x_hub_signature_256", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .ids = { "$http_x_github_delivery" },
      .retries = "none; by hand for 3 days",
      .source =
          "https://docs.github.com/en/webhooks/using-webhooks/"
          "validating-webhook-deliveries",
      .checked = "2026-09-27" },

    { .name = "gogs",
      .signature = "$http_x_gogs_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$http_x_gogs_delivery" },
      .retries = "not documented",
      .source = "https://gogs.io/docs/features/webhook",
      .checked = "2026-11-21" },

    { .name = "pagerduty",
      .signature = "$http_x_pagerduty_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v1=", .separator = ",",
      .ids = { "/event/id" }, .id_signed = 1,
      .horizon = 48 * 3600, .retries = "up to 48 h",
      .source = "https://docs.pagerduty.com/developer/webhook-behavior",
      .checked = "2026-11-21" },

    { .name = "sentry",
      .signature = "$http_sentry_hook_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$http_request_id" },
      .retries = "none",
      .source =
          "https://docs.sentry.io/organization/integrations/"
          "integration-platform/webhooks/",
      .checked = "2026-07-14" },

    { .name = "vercel",
      .signature = "$http_x_vercel_signature", .algorithm = NGX_WEBHOOK_SHA1,
      .encoding = NGX_WEBHOOK_HEX,
      .ids = { "/id" }, .id_signed = 1,
      .horizon = 24 * 3600, .retries = "up to 24 h",
      .source = "https://vercel.com/docs/webhooks",
      .checked = "2026-07-14" },


    /* Payments and commerce */

    { .name = "checkout",
      .signature = "$http_cko_signature", .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://www.checkout.com/docs/developer-resources/"
          "event-notifications/receive-webhooks",
      .checked = "2026-07-14" },

    { .name = "coinbase_commerce",
      .signature = "$http_x_cc_webhook_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "/event/id" }, .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://docs.cdp.coinbase.com/commerce/api-arcitecture/"
          "webhooks-security",
      .checked = "2026-07-14" },

    { .name = "dwolla",
      .signature = "$http_x_request_signature_sha_256",
      .encoding = NGX_WEBHOOK_HEX,
      .ids = { "/id" }, .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developers.dwolla.com/docs/balance/webhooks/"
          "process-validate",
      .checked = "2026-07-14" },

    { .name = "easypost",
      .signature = "$http_x_hmac_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "hmac-sha256-hex=",
      .ids = { "/id" }, .id_signed = 1,
      .retries = "6 times",
      .source = "https://docs.easypost.com/docs/webhooks",
      .checked = "2026-11-21" },

    /* a batch; each event has an id of its own */
    { .name = "gocardless",
      .signature = "$http_webhook_signature", .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developer.gocardless.com/getting-started/"
          "staying-up-to-date-with-webhooks/",
      .checked = "2026-11-21" },

    { .name = "lemonsqueezy",
      .signature = "$http_x_signature", .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://docs.lemonsqueezy.com/help/webhooks/signing-requests",
      .checked = "2026-07-14" },

    { .name = "modern_treasury",
      .signature = "$http_x_signature", .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://docs.moderntreasury.com/docs/verifying-webhooks",
      .checked = "2026-07-14" },

    /* its time has no zone and cannot be judged, only signed */
    { .name = "orb",
      .signature = "$http_x_orb_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v1=",
      .signed_bytes = "v1:${http_x_orb_timestamp}:$request_body",
      .ids = { "/id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://docs.withorb.com/integrations-and-exports/webhooks",
      .checked = "2026-05-18" },

    /* 5 s is the provider's word and its SDKs' default */
    { .name = "paddle",
      .signature = "$http_paddle_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "h1=", .separator = ";",
      .signed_bytes = "${webhook_verify_timestamp}:$request_body",
      .timestamp = "$http_paddle_signature", .timestamp_prefix = "ts=",
      .timestamp_separator = ";", .tolerance = 5,
      .ids = { "/event_id" }, .id_signed = 1,
      .horizon = 3 * 86400, .retries = "60 over 3 days",
      .source =
          "https://developer.paddle.com/webhooks/about/respond-to-webhooks",
      .checked = "2026-11-21" },

    { .name = "paystack",
      .signature = "$http_x_paystack_signature",
      .algorithm = NGX_WEBHOOK_SHA512, .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://paystack.com/docs/payments/webhooks/",
      .checked = "2026-07-01" },

    { .name = "quickbooks",
      .signature = "$http_intuit_signature", .encoding = NGX_WEBHOOK_BASE64,
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developer.intuit.com/app/developer/qbo/docs/develop/"
          "webhooks",
      .checked = "2026-07-01" },

    { .name = "razorpay",
      .signature = "$http_x_razorpay_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$http_x_razorpay_event_id" },
      .horizon = 24 * 3600, .retries = "up to 24 h",
      .source = "https://razorpay.com/docs/webhooks/validate-test/",
      .checked = "2026-07-14" },

    /* the first item of the list is the time, the others are signatures */
    { .name = "recurly",
      .signature = "$http_recurly_signature", .encoding = NGX_WEBHOOK_HEX,
      .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_recurly_signature", .timestamp_separator = ",",
      .unit = NGX_WEBHOOK_MILLISECONDS, .tolerance = 300,
      .ids = { "$http_recurly_notification_id" },
      .horizon = 262308, .retries = "10 over 3 days",
      .source =
          "https://docs.recurly.com/recurly-subscriptions/docs/"
          "signature-verification",
      .checked = "2026-07-07" },

    { .name = "revenuecat",
      .signature = "$http_x_revenuecat_webhook_signature",
      .encoding = NGX_WEBHOOK_HEX, .prefix = "v1=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_x_revenuecat_webhook_signature",
      .timestamp_prefix = "t=", .timestamp_separator = ",", .tolerance = 300,
      .ids = { "/event/id" }, .id_signed = 1,
      .horizon = 300 + 600 + 1200 + 2400 + 4800,
      .retries = "after 5 m, 10 m, 20 m, 40 m, 80 m",
      .source = "https://www.revenuecat.com/docs/integrations/webhooks",
      .checked = "2026-07-14" },

    { .name = "shopify",
      .signature = "$http_x_shopify_hmac_sha256",
      .encoding = NGX_WEBHOOK_BASE64,
      .ids = { "$http_x_shopify_webhook_id" },
      .horizon = 4 * 3600, .retries = "8 over 4 h",
      .source =
          "https://shopify.dev/docs/apps/build/webhooks/verify-deliveries",
      .checked = "2026-09-27" },

    { .name = "square",
      .signature = "$http_x_square_hmacsha256_signature",
      .encoding = NGX_WEBHOOK_BASE64,
      .signed_bytes = "${webhook_verify_url}$request_body",
      .ids = { "/event_id" }, .id_signed = 1,
      .horizon = 24 * 3600, .retries = "up to 24 h",
      .source = "https://developer.squareup.com/docs/webhooks/troubleshooting",
      .checked = "2026-11-21" },

    /* the secret is plain text, whsec_ and all */
    { .name = "stripe",
      .signature = "$http_stripe_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v1=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_stripe_signature", .timestamp_prefix = "t=",
      .timestamp_separator = ",", .tolerance = 300,
      .ids = { "/id" }, .id_signed = 1,
      .horizon = 3 * 86400, .retries = "up to 3 days",
      .source = "https://docs.stripe.com/webhooks",
      .checked = "2026-09-27" },

    { .name = "woocommerce",
      .signature = "$http_x_wc_webhook_signature",
      .encoding = NGX_WEBHOOK_BASE64,
      .ids = { "$http_x_wc_webhook_delivery_id" },
      .retries = "not documented",
      .source =
          "https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks",
      .checked = "2026-07-14" },

    /* the intent to receive is a good and a bad signature: 200 and 401 */
    { .name = "xero",
      .signature = "$http_x_xero_signature", .encoding = NGX_WEBHOOK_BASE64,
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developer.xero.com/documentation/guides/webhooks/overview/",
      .checked = "2026-07-01" },


    /* Messages, calls and meetings */

    { .name = "elevenlabs",
      .signature = "$http_elevenlabs_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v0=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_elevenlabs_signature", .timestamp_prefix = "t=",
      .timestamp_separator = ",", .tolerance = 1800,
      .ids = { "/type /data/conversation_id" }, .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://elevenlabs.io/docs/eleven-agents/workflows/"
          "post-call-webhooks",
      .checked = "2026-07-14" },

    /* a batch; a redelivery is marked in the body, so its hash is another */
    { .name = "line",
      .signature = "$http_x_line_signature", .encoding = NGX_WEBHOOK_BASE64,
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developers.line.biz/en/docs/messaging-api/"
          "verify-webhook-signature/",
      .checked = "2026-11-21" },

    /* a batch: Facebook, Instagram, Messenger */
    { .name = "meta",
      .signature = "$http_x_hub_signature_256", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .id_signed = 1,
      .challenge = NGX_WEBHOOK_CHALLENGE_META,
      .horizon = 36 * 3600, .retries = "up to 36 h",
      .source =
          "https://developers.facebook.com/docs/graph-api/webhooks/"
          "getting-started",
      .checked = "2026-07-14" },

    { .name = "whatsapp",
      .signature = "$http_x_hub_signature_256", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .id_signed = 1,
      .challenge = NGX_WEBHOOK_CHALLENGE_META,
      .horizon = 7 * 86400, .retries = "up to 7 days",
      .source =
          "https://developers.facebook.com/docs/whatsapp/cloud-api/guides/"
          "set-up-webhooks/",
      .checked = "2026-07-14" },

    /* an outgoing webhook: its answer is shown in the conversation */
    { .name = "msteams",
      .signature = "$http_authorization", .encoding = NGX_WEBHOOK_BASE64,
      .prefix = "HMAC ",
      .secret = NGX_WEBHOOK_BASE64,
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://learn.microsoft.com/en-us/microsoftteams/platform/"
          "webhooks-and-connectors/how-to/add-outgoing-webhook",
      .checked = "2026-07-14" },

    { .name = "pusher",
      .signature = "$http_x_pusher_signature", .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://pusher.com/docs/channels/server_api/webhooks/",
      .checked = "2026-07-01" },

    { .name = "retell",
      .signature = "$http_x_retell_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "d=", .separator = ",",
      .signed_bytes = "$request_body${webhook_verify_timestamp}",
      .timestamp = "$http_x_retell_signature", .timestamp_prefix = "v=",
      .timestamp_separator = ",", .unit = NGX_WEBHOOK_MILLISECONDS,
      .tolerance = 300,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://docs.retellai.com/features/secure-webhook",
      .checked = "2026-07-14" },

    { .name = "sinch",
      .signature = "$http_x_sinch_webhook_signature",
      .encoding = NGX_WEBHOOK_BASE64,
      .signed_bytes =
          "$request_body.${http_x_sinch_webhook_signature_nonce}."
          "${webhook_verify_timestamp}",
      .timestamp = "$http_x_sinch_webhook_signature_timestamp",
      .tolerance = 300,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://developers.sinch.com/docs/conversation/callbacks",
      .checked = "2026-07-14" },

    { .name = "slack",
      .signature = "$http_x_slack_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v0=",
      .signed_bytes = "v0:${webhook_verify_timestamp}:$request_body",
      .timestamp = "$http_x_slack_request_timestamp", .tolerance = 300,
      .ids = { "/event_id" }, .id_signed = 1,
      .challenge = NGX_WEBHOOK_CHALLENGE_SLACK,
      .horizon = 360, .retries = "at once, after 1 m, 5 m",
      .source =
          "https://docs.slack.dev/authentication/"
          "verifying-requests-from-slack",
      .checked = "2026-07-14" },

    { .name = "twitch",
      .signature = "$http_twitch_eventsub_message_signature",
      .encoding = NGX_WEBHOOK_HEX, .prefix = "sha256=",
      .signed_bytes =
          "${http_twitch_eventsub_message_id}${webhook_verify_timestamp}"
          "$request_body",
      .timestamp = "$http_twitch_eventsub_message_timestamp",
      .unit = NGX_WEBHOOK_RFC3339, .tolerance = 600,
      .ids = { "$http_twitch_eventsub_message_id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://dev.twitch.tv/docs/eventsub/handling-webhook-events/",
      .checked = "2026-07-01" },

    { .name = "x",
      .signature = "$http_x_twitter_webhooks_signature",
      .encoding = NGX_WEBHOOK_BASE64, .prefix = "sha256=",
      .id_signed = 1,
      .challenge = NGX_WEBHOOK_CHALLENGE_X,
      .retries = "not documented",
      .source = "https://docs.x.com/x-api/webhooks/introduction",
      .checked = "2026-11-21" },

    { .name = "zoom",
      .signature = "$http_x_zm_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v0=",
      .signed_bytes = "v0:${webhook_verify_timestamp}:$request_body",
      .timestamp = "$http_x_zm_request_timestamp", .tolerance = 300,
      .id_signed = 1,
      .challenge = NGX_WEBHOOK_CHALLENGE_ZOOM,
      .horizon = (5 + 20 + 60) * 60, .retries = "after 5 m, 20 m, 60 m",
      .source = "https://developers.zoom.us/docs/api/webhooks/",
      .checked = "2026-07-14" },


    /* Support, customers and marketing */

    { .name = "attio",
      .signature = "$http_attio_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$http_idempotency_key" },
      .retries = "not documented",
      .source = "https://docs.attio.com/rest-api/guides/webhooks",
      .checked = "2026-07-14" },

    { .name = "chatwoot",
      .signature = "$http_x_chatwoot_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_x_chatwoot_timestamp", .tolerance = 300,
      .ids = { "$http_x_chatwoot_delivery" },
      .retries = "not documented",
      .source =
          "https://developers.chatwoot.com/api-reference/webhooks/"
          "add-a-webhook",
      .checked = "2026-07-14" },

    { .name = "close",
      .signature = "$http_close_sig_hash", .encoding = NGX_WEBHOOK_HEX,
      .signed_bytes = "${webhook_verify_timestamp}$request_body",
      .timestamp = "$http_close_sig_timestamp", .tolerance = 300,
      .secret = NGX_WEBHOOK_HEX,
      .ids = { "/event/id" }, .id_signed = 1,
      .horizon = 72 * 3600, .retries = "up to 72 h",
      .source = "https://developer.close.com/topics/webhooks/",
      .checked = "2026-07-14" },

    { .name = "customerio",
      .signature = "$http_x_cio_signature", .encoding = NGX_WEBHOOK_HEX,
      .signed_bytes = "v0:${webhook_verify_timestamp}:$request_body",
      .timestamp = "$http_x_cio_timestamp", .tolerance = 300,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://docs.customer.io/integrations/api/webhooks/",
      .checked = "2026-07-14" },

    { .name = "front",
      .signature = "$http_x_front_signature", .encoding = NGX_WEBHOOK_BASE64,
      .signed_bytes = "${webhook_verify_timestamp}:$request_body",
      .timestamp = "$http_x_front_request_timestamp",
      .unit = NGX_WEBHOOK_MILLISECONDS, .tolerance = 300,
      .id_signed = 1,
      .retries = "3 times",
      .source = "https://dev.frontapp.com/docs/application-webhooks",
      .checked = "2026-07-14" },

    /*
     * a batch; attemptNumber is in the body, so the hash of a retry is another
     */
    { .name = "hubspot",
      .signature = "$http_x_hubspot_signature_v3",
      .encoding = NGX_WEBHOOK_BASE64,
      .signed_bytes =
          "${request_method}${webhook_verify_url}$request_body"
          "${webhook_verify_timestamp}",
      .timestamp = "$http_x_hubspot_request_timestamp",
      .unit = NGX_WEBHOOK_MILLISECONDS, .tolerance = 300,
      .id_signed = 1,
      .horizon = 3 * 86400, .retries = "up to 3 days",
      .source =
          "https://developers.hubspot.com/docs/guides/apps/authentication/"
          "validating-requests",
      .checked = "2026-07-01" },

    { .name = "intercom",
      .signature = "$http_x_hub_signature", .algorithm = NGX_WEBHOOK_SHA1,
      .encoding = NGX_WEBHOOK_HEX, .prefix = "sha1=",
      .ids = { "/id" }, .id_signed = 1,
      .horizon = 60, .retries = "once, after about 1 m",
      .source =
          "https://developers.intercom.com/docs/references/webhooks/"
          "webhook-models",
      .checked = "2026-07-14" },

    /* its time is an HTTP date: signed, not judged */
    { .name = "klaviyo",
      .signature = "$http_klaviyo_signature", .encoding = NGX_WEBHOOK_HEX,
      .signed_bytes = "$request_body$http_klaviyo_timestamp",
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developers.klaviyo.com/en/docs/"
          "working_with_system_webhooks",
      .checked = "2026-07-14" },

    /*
     * an administrator writes the bodies, they may repeat; the secret is text
     * that looks like base64
     */
    { .name = "zendesk",
      .signature = "$http_x_zendesk_webhook_signature",
      .encoding = NGX_WEBHOOK_BASE64,
      .signed_bytes = "${webhook_verify_timestamp}$request_body",
      .timestamp = "$http_x_zendesk_webhook_signature_timestamp",
      .unit = NGX_WEBHOOK_RFC3339, .tolerance = 300,
      .ids = { "$http_x_zendesk_webhook_invocation_id" },
      .retries = "not documented",
      .source =
          "https://developer.zendesk.com/documentation/webhooks/verifying/",
      .checked = "2026-07-14" },


    /* Identity and people */

    { .name = "ashby",
      .signature = "$http_ashby_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://developers.ashbyhq.com/",
      .checked = "2026-07-01" },

    { .name = "onfido",
      .signature = "$http_x_sha2_signature", .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://documentation.identity.entrust.com/api/"
          "manual-webhook-signature-verification/",
      .checked = "2026-11-21" },

    /*
     * two sets while a secret is changed, and only the last is seen: keep both
     * secrets configured
     */
    { .name = "persona",
      .signature = "$http_persona_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v1=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_persona_signature", .timestamp_prefix = "t=",
      .timestamp_separator = ",", .tolerance = 300,
      .ids = { "/data/id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://docs.withpersona.com/quickstart-webhooks",
      .checked = "2026-11-21" },

    /* the secret is plain text; the time is in milliseconds */
    { .name = "workos",
      .signature = "$http_workos_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v1=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_workos_signature", .timestamp_prefix = "t=",
      .timestamp_separator = ",", .unit = NGX_WEBHOOK_MILLISECONDS,
      .tolerance = 180,
      .ids = { "/id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://workos.com/docs/events/data-syncing/webhooks",
      .checked = "2026-07-14" },


    /* Documents, content and planning */

    /* a note that something changed: fetch it */
    { .name = "airtable",
      .signature = "$http_x_airtable_content_mac", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "hmac-sha256=",
      .secret = NGX_WEBHOOK_BASE64,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://airtable.com/developers/web/api/webhooks-overview",
      .checked = "2026-07-14" },

    { .name = "asana",
      .signature = "$http_x_hook_signature", .encoding = NGX_WEBHOOK_HEX,
      .id_signed = 1,
      .horizon = 24 * 3600, .retries = "up to 24 h",
      .source = "https://developers.asana.com/docs/webhooks-guide",
      .checked = "2026-07-14" },

    /* the body's id; BOX-DELIVERY-ID is another on every retry */
    { .name = "box",
      .signature = "$http_box_signature_primary,$http_box_signature_secondary",
      .encoding = NGX_WEBHOOK_BASE64, .separator = ",",
      .signed_bytes = "$request_body${webhook_verify_timestamp}",
      .timestamp = "$http_box_delivery_timestamp", .unit = NGX_WEBHOOK_RFC3339,
      .tolerance = 600,
      .ids = { "/id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://developer.box.com/guides/webhooks/v2/signatures-v2",
      .checked = "2026-07-14" },

    { .name = "calcom",
      .signature = "$http_x_cal_signature_256", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "/triggerEvent /createdAt /payload/uid" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://cal.com/docs/developing/guides/automation/webhooks",
      .checked = "2026-07-14" },

    { .name = "calendly",
      .signature = "$http_calendly_webhook_signature",
      .encoding = NGX_WEBHOOK_HEX, .prefix = "v1=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_calendly_webhook_signature",
      .timestamp_prefix = "t=", .timestamp_separator = ",", .tolerance = 180,
      .id_signed = 1,
      .horizon = 24 * 3600, .retries = "up to 24 h",
      .source =
          "https://developer.calendly.com/api-docs/overview/webhooks/"
          "webhook-errors",
      .checked = "2026-11-21" },

    /* a header for every key */
    { .name = "docusign",
      .signature = "$http_x_docusign_signature_1,$http_x_docusign_signature_2",
      .encoding = NGX_WEBHOOK_BASE64, .separator = ",",
      .ids = { "/event /generatedDateTime /data/envelopeId /data/recipientId",
               "/event /generatedDateTime /data/envelopeId" }, .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developers.docusign.com/platform/webhooks/connect/"
          "validate/",
      .checked = "2026-07-14" },

    /* equal bodies are different changes: every delivery is an event */
    { .name = "dropbox",
      .signature = "$http_x_dropbox_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$request_id" },
      .challenge = NGX_WEBHOOK_CHALLENGE_DROPBOX,
      .retries = "not documented",
      .source = "https://www.dropbox.com/developers/reference/webhooks",
      .checked = "2026-07-14" },

    /* webhookId names the webhook, Linear-Delivery the event */
    { .name = "linear",
      .signature = "$http_linear_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "$http_linear_delivery" },
      .horizon = 60 + 3600 + 21600, .retries = "after 1 m, 1 h, 6 h",
      .source = "https://linear.app/developers/webhooks",
      .checked = "2026-07-14" },

    { .name = "mux",
      .signature = "$http_mux_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v1=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_mux_signature", .timestamp_prefix = "t=",
      .timestamp_separator = ",", .tolerance = 300,
      .id_signed = 1,
      .retries = "not documented",
      .source = "https://mux.com/docs/core/verify-webhook-signatures",
      .checked = "2026-11-21" },

    { .name = "notion",
      .signature = "$http_x_notion_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "sha256=",
      .ids = { "/id" }, .id_signed = 1,
      .horizon = 24 * 3600, .retries = "8 over about 24 h",
      .source = "https://developers.notion.com/reference/webhooks",
      .checked = "2026-07-14" },

    { .name = "nylas",
      .signature = "$http_x_nylas_signature", .encoding = NGX_WEBHOOK_HEX,
      .ids = { "/id" }, .id_signed = 1,
      .retries = "not documented",
      .source = "https://developer.nylas.com/docs/v3/webhooks/",
      .checked = "2026-07-14" },

    { .name = "sanity",
      .signature = "$http_sanity_webhook_signature",
      .encoding = NGX_WEBHOOK_BASE64URL, .prefix = "v1=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_sanity_webhook_signature", .timestamp_prefix = "t=",
      .timestamp_separator = ",", .unit = NGX_WEBHOOK_MILLISECONDS,
      .ids = { "$http_idempotency_key" },
      .horizon = 60, .retries = "2, 30 s apart",
      .source = "https://www.sanity.io/docs/compute-and-ai/webhooks",
      .checked = "2026-07-14" },

    { .name = "tally",
      .signature = "$http_tally_signature", .encoding = NGX_WEBHOOK_BASE64,
      .ids = { "/eventId" }, .id_signed = 1,
      .horizon = 300 + 1800 + 3600 + 21600 + 86400,
      .retries = "after 5 m, 30 m, 1 h, 6 h, 24 h",
      .source = "https://tally.so/help/webhooks",
      .checked = "2026-07-14" },

    { .name = "trello",
      .signature = "$http_x_trello_webhook", .algorithm = NGX_WEBHOOK_SHA1,
      .encoding = NGX_WEBHOOK_BASE64,
      .signed_bytes = "$request_body$webhook_verify_url",
      .ids = { "/action/id" }, .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://developer.atlassian.com/cloud/trello/guides/rest-api/"
          "webhooks/",
      .checked = "2026-07-14" },

    { .name = "typeform",
      .signature = "$http_typeform_signature", .encoding = NGX_WEBHOOK_BASE64,
      .prefix = "sha256=",
      .ids = { "/event_id" }, .id_signed = 1,
      .retries = "not documented",
      .source =
          "https://www.typeform.com/developers/webhooks/secure-your-webhooks/",
      .checked = "2026-07-14" },

    { .name = "webflow",
      .signature = "$http_x_webflow_signature", .encoding = NGX_WEBHOOK_HEX,
      .signed_bytes = "${webhook_verify_timestamp}:$request_body",
      .timestamp = "$http_x_webflow_timestamp",
      .unit = NGX_WEBHOOK_MILLISECONDS, .tolerance = 300,
      .id_signed = 1,
      .horizon = 30 * 60, .retries = "3, 10 m apart",
      .source =
          "https://developers.webflow.com/data/reference/request-signatures",
      .checked = "2026-07-14" },


    /* Those who deliver for others */

    { .name = "hook0",
      .signature = "$http_x_hook0_signature", .encoding = NGX_WEBHOOK_HEX,
      .prefix = "v0=", .separator = ",",
      .signed_bytes = "${webhook_verify_timestamp}.$request_body",
      .timestamp = "$http_x_hook0_signature", .timestamp_prefix = "t=",
      .timestamp_separator = ",", .tolerance = 300,
      .ids = { "$http_x_event_id" },
      .retries = "not documented",
      .source = "https://documentation.hook0.com/",
      .checked = "2026-11-21" },

    { .name = "hookdeck",
      .signature = "$http_x_hookdeck_signature",
      .encoding = NGX_WEBHOOK_BASE64,
      .ids = { "$http_x_hookdeck_eventid" },
      .retries = "not documented",
      .source = "https://hookdeck.com/docs/authentication",
      .checked = "2026-02-22" },


    { .name = NULL }
};


const ngx_webhook_preset_t *
ngx_webhook_preset_find(ngx_str_t *name)
{
    const ngx_webhook_preset_t  *preset;

    for (preset = ngx_webhook_presets; preset->name != NULL; preset++) {

        if (ngx_strlen(preset->name) == name->len
            && ngx_strncmp(preset->name, name->data, name->len) == 0)
        {
            return preset;
        }
    }

    return NULL;
}
