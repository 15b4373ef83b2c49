# $webhook_verify_result, _id, _key, _provider, _secret_index, _store_time: in
# answers, in logs, towards the application, and after an internal redirect.

use lib 't/lib';
use WebhookVerify 'no_plan';

use_redis();

# a gate that shows all variables

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    my $store = $block->store
                // "redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT}";

    $block->set_value('gate', <<"_EOC_" . ($block->more // ''));
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_secret    other;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_store     $store;

        add_header X-Result    \$webhook_verify_result always;
        add_header X-Id        \$webhook_verify_id always;
        add_header X-Key       \$webhook_verify_key always;
        add_header X-Provider  \$webhook_verify_provider always;
        add_header X-Index     \$webhook_verify_secret_index always;
        add_header X-Timestamp \$webhook_verify_timestamp always;
        add_header X-Time      \$webhook_verify_store_time always;
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a first delivery
--- deliveries
good {"n":"a"} -> 200 first
--- response_headers_like
X-Id: a
X-Key: ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb
X-Provider: hmac
X-Index: 1
X-Time: \d+\.\d\d\d



=== TEST 2: a duplicate
--- deliveries
good {"n":"a"} -> 200 first
good {"n":"a"} -> 200 duplicate
--- response_headers_like eval
my $all = "X-Id: a\nX-Key: ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n"
        . "X-Provider: hmac\nX-Index: 1\nX-Time: \\d+\\.\\d\\d\\d";
[$all, $all]



=== TEST 3: in flight
--- more
        proxy_read_timeout 100ms;
--- deliveries
good /hook?delay=5 {"n":"a"} -> 504 first
good /hook         {"n":"a"} -> 503 in_flight id=a
--- logged
upstream timed out



=== TEST 4: the second secret
--- deliveries
good:other {"n":"a"} -> 200 first
--- response_headers
X-Index: 2



=== TEST 5: missing_signature
--- deliveries
unsigned {"n":"a"} -> 401 missing_signature
--- response_headers
!X-Id
!X-Key
!X-Index
!X-Time
X-Provider: hmac



=== TEST 6: malformed_signature
--- deliveries
sig(zz) {"n":"a"} -> 401 malformed_signature
--- response_headers
!X-Id
!X-Key
!X-Index



=== TEST 7: bad_signature
--- deliveries
forged {"n":"a"} -> 401 bad_signature
--- response_headers
!X-Id
!X-Key
!X-Index
!X-Time



=== TEST 8: no_secret
--- config
    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    $arg_key;
        webhook_verify_signature $http_x_signature;
        proxy_pass               http://app;
    }
--- deliveries
good /hook {"n":"a"} -> 401 no_secret



=== TEST 9: store_error, rejected
--- config
    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
        proxy_pass               http://app;
    }
--- deliveries
good {"n":"a"} -> 503 store_error id=a
--- logged
[error]



=== TEST 10: store_error, passed
--- config
    location /hook {
        webhook_verify             hmac;
        webhook_verify_secret      secret;
        webhook_verify_signature   $http_x_signature;
        webhook_verify_id          /n;
        webhook_verify_store       redis://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
        webhook_verify_store_error pass;
        proxy_pass                 http://app;
    }
--- deliveries
good {"n":"a"} -> 200 store_error id=a
--- logged
[error]



=== TEST 11: with the store off a good delivery is first
--- store: off
--- deliveries
good {"n":"a"} -> 200 first
good {"n":"a"} -> 200 first
--- response_headers eval
["X-Provider: hmac\nX-Index: 1", "X-Provider: hmac\nX-Index: 1"]



=== TEST 12: the zone
--- store: zone=vars:1m
--- deliveries
good {"n":"a"} -> 200 first
good {"n":"a"} -> 200 duplicate
--- response_headers_like eval
my $all = "X-Id: a\nX-Key: ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n"
        . "X-Time: 0\\.\\d\\d\\d";
[$all, $all]



=== TEST 13: empty where the gate is off
--- config
    location /hook {
        add_header X-Result    "[$webhook_verify_result]" always;
        add_header X-Id        "[$webhook_verify_id]" always;
        add_header X-Key       "[$webhook_verify_key]" always;
        add_header X-Provider  "[$webhook_verify_provider]" always;
        add_header X-Index     "[$webhook_verify_secret_index]" always;
        add_header X-Timestamp "[$webhook_verify_timestamp]" always;
        add_header X-Time      "[$webhook_verify_store_time]" always;
        proxy_pass http://app;
    }
--- deliveries
good {"n":"a"} -> 200
--- response_headers
X-Result: []
X-Id: []
X-Key: []
X-Provider: []
X-Index: []
X-Timestamp: []
X-Time: []



=== TEST 14: without webhook_verify_timestamp there is none
--- deliveries
good {"n":"a"} -> 200 first
--- response_headers
!X-Timestamp



=== TEST 15: the body as id
--- deliveries
good {"m":1} -> 200 first
--- response_headers_like eval
my $digest = ::sha256_hex('{"m":1}');
"X-Id: body:$digest\nX-Key: (?:body:)?$digest"



=== TEST 16: a compound
--- more
        webhook_verify_id /a /b;
--- deliveries
good {"a":"x","b":"yy"} -> 200 first
--- response_headers eval
"X-Id: 1:x,2:yy,\nX-Key: " . ::sha256_hex("1:x,2:yy,")



=== TEST 17: towards the application
--- more
        proxy_set_header X-Event-Id     $webhook_verify_id;
        proxy_set_header X-Event-Key    $webhook_verify_key;
        proxy_set_header X-Event-Result $webhook_verify_result;
        proxy_set_header X-Event-From   $webhook_verify_provider;
        proxy_set_header X-Event-Secret $webhook_verify_secret_index;
--- deliveries
good:other {"n":"a"} -> 200 first
--- seen_header
X-Event-Id: a
X-Event-Key: ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb
X-Event-Result: first
X-Event-From: hmac
X-Event-Secret: 2



=== TEST 18: in the access log
--- http_config
    log_format wv 'gate="$webhook_verify_result" id="$webhook_verify_id" '
                  'from="$webhook_verify_provider" '
                  'secret="$webhook_verify_secret_index" '
                  'time="$webhook_verify_store_time" status=$status';
--- more
        access_log $TEST_NGINX_SERVER_ROOT/logs/access.log wv;
--- deliveries
good {"n":"a"} -> 200 first
--- access_log eval
qr/^gate="first" id="a" from="hmac" secret="1" time="\d+\.\d{3}" status=200$/



=== TEST 19: a refusal in the access log
--- http_config
    log_format wv 'gate="$webhook_verify_result" id="$webhook_verify_id" '
                  'secret="$webhook_verify_secret_index" status=$status';
--- more
        access_log $TEST_NGINX_SERVER_ROOT/logs/access.log wv;
--- deliveries
forged {"n":"a"} -> 401 bad_signature
--- access_log eval
qr/^gate="bad_signature" id="-?" secret="-?" status=401$/



=== TEST 20: in a map
--- http_config
    map $webhook_verify_result $said {
        first     "welcome";
        duplicate "again";
        default   "no: $webhook_verify_result";
    }
--- more
        add_header X-Said $said always;
--- deliveries
good   {"n":"a"} -> 200 first
good   {"n":"a"} -> 200 duplicate
forged {"n":"a"} -> 401 bad_signature
--- response_headers eval
["X-Said: welcome", "X-Said: again", "X-Said: no: bad_signature"]



=== TEST 21: asked too early, in the rewrite phase, and right later
--- more
        set $early "[$webhook_verify_result$webhook_verify_id]";
        add_header X-Early $early always;
--- deliveries
good   {"n":"a"} -> 200 first id=a
forged {"n":"b"} -> 401 bad_signature
--- response_headers eval
["X-Early: []", "X-Early: []"]



=== TEST 22: after a named location
--- config
    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        try_files                /nofile @app;
    }

    location @app {
        proxy_set_header X-Event-Id $webhook_verify_id;
        proxy_pass       http://app;
    }
--- deliveries
good {"n":"a"} -> 200 first id=a
--- seen_header
X-Event-Id: a



=== TEST 23: after an error_page of a refusal
--- config
    error_page 401 = @denied;

    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        proxy_pass               http://app;
    }

    location @denied {
        default_type application/json;
        return 401 '{"error":"$webhook_verify_result"}';
    }
--- deliveries
unsigned {"n":"a"} -> 401 missing_signature {"error":"missing_signature"}
forged   {"n":"a"} -> 401 bad_signature {"error":"bad_signature"}
sig(zz)  {"n":"a"} -> 401 malformed_signature {"error":"malformed_signature"}



=== TEST 24: after an internal redirect by error_page
--- config
    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        error_page               502 =200 /queued;
        proxy_pass               http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    }

    location /queued {
        return 200 "$webhook_verify_result $webhook_verify_id\n";
    }
--- deliveries
good {"n":"a"} -> 200 first first a
--- logged
Connection refused



=== TEST 25: the info line of a refusal
--- deliveries
forged {"n":"a"} -> 401 bad_signature
--- logged
[info]
bad_signature



=== TEST 26: many in one connection, each its own
--- pipelined_requests eval
["POST /hook\n{\"n\":\"a\"}", "POST /hook\n{\"n\":\"b\"}", "POST /hook\n{\"n\":\"a\"}"]
--- more_headers eval
[map { "X-Signature: " . ::mac_hex($_) } '{"n":"a"}', '{"n":"b"}', '{"n":"a"}']
--- error_code eval
[200, 200, 200]
--- response_headers eval
["X-Result: first\nX-Id: a", "X-Result: first\nX-Id: b",
 "X-Result: duplicate\nX-Id: a"]
