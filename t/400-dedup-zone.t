# What becomes of a delivery, step by step, with the shared memory store.
# 401-dedup-redis.t keeps the same promises with Redis, 406-claims.t those that
# need time and company.

use lib 't/lib';
use WebhookVerify 'no_plan';

$ENV{TEST_NGINX_STORE} //= 'zone=dedup:1m';

# the gate of most blocks

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    $block->set_value('gate', <<"_EOC_" . ($block->more // ''));
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /job_id;
        webhook_verify_scope     dedup;
        webhook_verify_store     $ENV{TEST_NGINX_STORE};
_EOC_
});

if ($0 =~ /401/) {
    my $redis = use_redis();

    $ENV{TEST_NGINX_STORE} = 'redis://127.0.0.1:' . $redis->port;
}

run_tests();

__DATA__

=== TEST 1: the first gets through, the second is told so
--- deliveries
good {"job_id":"a"} -> 200 first accepted
good {"job_id":"a"} -> 200 duplicate Already processed
good {"job_id":"a"} -> 200 duplicate Already processed
--- seen
POST /hook {"job_id":"a"}



=== TEST 2: other events are other events
--- deliveries
good {"job_id":"a"} -> 200 first
good {"job_id":"b"} -> 200 first
good {"job_id":"A"} -> 200 first
good {"job_id":"b"} -> 200 duplicate
--- seen
POST /hook {"job_id":"a"}
POST /hook {"job_id":"b"}
POST /hook {"job_id":"A"}



=== TEST 3: the URI and the method are no part of an event
--- deliveries
good      /hook/x?a=1 {"job_id":"a"} -> 200 first
good      /hook/y?b=2 {"job_id":"a"} -> 200 duplicate
good PUT  /hook       {"job_id":"a"} -> 200 duplicate
--- seen
POST /hook/x?a=1 {"job_id":"a"}



=== TEST 4: forged and unsigned deliveries burn nothing
--- deliveries
forged   {"job_id":"a"} -> 401 bad_signature
unsigned {"job_id":"a"} -> 401 missing_signature
sig(x)   {"job_id":"a"} -> 401 malformed_signature
good     {"job_id":"a"} -> 200 first
forged   {"job_id":"a"} -> 401 bad_signature
good     {"job_id":"a"} -> 200 duplicate
--- seen
POST /hook {"job_id":"a"}



=== TEST 5: every 2xx is remembered
--- deliveries
good /hook?status=201 {"job_id":"201"} -> 201 first
good /hook?status=201 {"job_id":"201"} -> 200 duplicate
good /hook?status=202 {"job_id":"202"} -> 202 first
good /hook?status=202 {"job_id":"202"} -> 200 duplicate
good /hook?status=204 {"job_id":"204"} -> 204 first
good /hook?status=204 {"job_id":"204"} -> 200 duplicate
good /hook?status=206 {"job_id":"206"} -> 206 first
good /hook?status=206 {"job_id":"206"} -> 200 duplicate
good /hook?status=299 {"job_id":"299"} -> 299 first
good /hook?status=299 {"job_id":"299"} -> 200 duplicate



=== TEST 6: 3xx: released at once, the retry is delivered
--- deliveries
good /hook?status=300,200 {"job_id":"300"} -> 300 first
good /hook?status=300,200 {"job_id":"300"} -> 200 first
good /hook?status=300,200 {"job_id":"300"} -> 200 duplicate
good /hook?status=301,200 {"job_id":"301"} -> 301 first
good /hook?status=301,200 {"job_id":"301"} -> 200 first
good /hook?status=302,200 {"job_id":"302"} -> 302 first
good /hook?status=302,200 {"job_id":"302"} -> 200 first
good /hook?status=304,200 {"job_id":"304"} -> 304 first
good /hook?status=304,200 {"job_id":"304"} -> 200 first
good /hook?status=307,200 {"job_id":"307"} -> 307 first
good /hook?status=307,200 {"job_id":"307"} -> 200 first



=== TEST 7: 4xx: released at once, the retry is delivered
--- deliveries
good /hook?status=400,200 {"job_id":"400"} -> 400 first
good /hook?status=400,200 {"job_id":"400"} -> 200 first
good /hook?status=400,200 {"job_id":"400"} -> 200 duplicate
good /hook?status=401,200 {"job_id":"401"} -> 401 first
good /hook?status=401,200 {"job_id":"401"} -> 200 first
good /hook?status=403,200 {"job_id":"403"} -> 403 first
good /hook?status=403,200 {"job_id":"403"} -> 200 first
good /hook?status=404,200 {"job_id":"404"} -> 404 first
good /hook?status=404,200 {"job_id":"404"} -> 200 first
good /hook?status=409,200 {"job_id":"409"} -> 409 first
good /hook?status=409,200 {"job_id":"409"} -> 200 first
good /hook?status=410,200 {"job_id":"410"} -> 410 first
good /hook?status=410,200 {"job_id":"410"} -> 200 first
good /hook?status=413,200 {"job_id":"413"} -> 413 first
good /hook?status=413,200 {"job_id":"413"} -> 200 first
good /hook?status=422,200 {"job_id":"422"} -> 422 first
good /hook?status=422,200 {"job_id":"422"} -> 200 first
good /hook?status=429,200 {"job_id":"429"} -> 429 first
good /hook?status=429,200 {"job_id":"429"} -> 200 first



=== TEST 8: 5xx: released at once, the retry is delivered
--- deliveries
good /hook?status=500,200 {"job_id":"500"} -> 500 first
good /hook?status=500,200 {"job_id":"500"} -> 200 first
good /hook?status=500,200 {"job_id":"500"} -> 200 duplicate
good /hook?status=501,200 {"job_id":"501"} -> 501 first
good /hook?status=501,200 {"job_id":"501"} -> 200 first
good /hook?status=502,200 {"job_id":"502"} -> 502 first
good /hook?status=502,200 {"job_id":"502"} -> 200 first
good /hook?status=503,200 {"job_id":"503"} -> 503 first
good /hook?status=503,200 {"job_id":"503"} -> 200 first
good /hook?status=505,200 {"job_id":"505"} -> 505 first
good /hook?status=505,200 {"job_id":"505"} -> 200 first
good /hook?status=599,200 {"job_id":"599"} -> 599 first
good /hook?status=599,200 {"job_id":"599"} -> 200 first



=== TEST 9: as often as it fails
--- deliveries
good /hook?status=500,502,404,200 {"job_id":"a"} -> 500 first
good /hook?status=500,502,404,200 {"job_id":"a"} -> 502 first
good /hook?status=500,502,404,200 {"job_id":"a"} -> 404 first
good /hook?status=500,502,404,200 {"job_id":"a"} -> 200 first accepted
good /hook?status=500,502,404,200 {"job_id":"a"} -> 200 duplicate Already processed
--- seen_uris
POST /hook?status=500,502,404,200
POST /hook?status=500,502,404,200
POST /hook?status=500,502,404,200
POST /hook?status=500,502,404,200



=== TEST 10: connection refused: released at once
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /job_id;
    webhook_verify_scope     dedup;
    webhook_verify_store     $TEST_NGINX_STORE;

    location /down {
        proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    }

    location /hook {
        proxy_pass http://app;
    }
--- deliveries
good /down {"job_id":"a"} -> 502 first
good /down {"job_id":"a"} -> 502 first
good /hook {"job_id":"a"} -> 200 first accepted
good /down {"job_id":"a"} -> 200 duplicate Already processed
--- seen
POST /hook {"job_id":"a"}
--- logged
Connection refused



=== TEST 11: an application that hangs up: 502, released at once
--- deliveries
good /hook?close=1 {"job_id":"a"} -> 502 first
good /hook         {"job_id":"a"} -> 200 first accepted
--- seen_uris
POST /hook?close=1
POST /hook
--- logged
prematurely closed



=== TEST 12: an application that is silent: 504, held until the lease runs out
--- more
        webhook_verify_lease 2s;
        proxy_read_timeout   300ms;
--- wait: 0.9
--- deliveries
good   /hook?delay=1 {"job_id":"a"} -> 504 first
good   /hook         {"job_id":"a"} -> 503 in_flight
forged /hook         {"job_id":"a"} -> 401 bad_signature
good   /hook         {"job_id":"a"} -> 200 first accepted
good   /hook         {"job_id":"a"} -> 200 duplicate Already processed
--- seen_uris
POST /hook?delay=1
POST /hook
--- logged
upstream timed out



=== TEST 13: a 504 that the application itself says
--- more
        webhook_verify_lease 2s;
--- wait: 1.1
--- deliveries
good /hook?status=504,200 {"job_id":"a"} -> 504 first
good /hook?status=504,200 {"job_id":"a"} -> 503 in_flight
good /hook?status=504,200 {"job_id":"a"} -> 200 first



=== TEST 14: 408 and 499 from the application
--- more
        webhook_verify_lease 2s;
--- wait: 0.6
--- deliveries
good /hook?status=408,200 {"job_id":"a"} -> 408 first
good /hook?status=499,200 {"job_id":"b"} -> 499 first
good /hook?status=408,200 {"job_id":"a"} -> 503 in_flight
good /hook?status=499,200 {"job_id":"b"} -> 503 in_flight
good /hook?status=408,200 {"job_id":"a"} -> 200 first
good /hook?status=499,200 {"job_id":"b"} -> 200 first



=== TEST 15: in flight has Retry-After and no word of the application
--- more
        proxy_read_timeout 100ms;
--- deliveries
good /hook?delay=1 {"job_id":"a"} -> 504 first
good /hook         {"job_id":"a"} -> 503 in_flight
--- response_headers eval
["!Retry-After", "Retry-After: 5"]
--- response_body_unlike eval
["accepted", "accepted"]
--- logged
upstream timed out



=== TEST 16: what nginx itself answers counts like an application
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /job_id;
    webhook_verify_scope     dedup;
    webhook_verify_store     $TEST_NGINX_STORE;

    location /missing {
        alias $TEST_NGINX_SERVER_ROOT/html/none;
    }

    location /hook {
        proxy_pass http://app;
    }
--- deliveries
good GET /missing {"job_id":"a"} -> 404 first
good     /hook    {"job_id":"a"} -> 200 first
good GET /missing {"job_id":"a"} -> 200 duplicate
--- logged
No such file or directory



=== TEST 17: scopes are independent
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /job_id;
    webhook_verify_store     $TEST_NGINX_STORE;

    location /one {
        webhook_verify_scope one;
        proxy_pass http://app;
    }

    location /two {
        webhook_verify_scope two;
        proxy_pass http://app;
    }

    location /again {
        webhook_verify_scope one;
        proxy_pass http://app;
    }
--- deliveries
good /one   {"job_id":"a"} -> 200 first
good /two   {"job_id":"a"} -> 200 first
good /again {"job_id":"a"} -> 200 duplicate
good /two   {"job_id":"a"} -> 200 duplicate



=== TEST 18: a scope and an id cannot run into each other
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /job_id;
    webhook_verify_store     $TEST_NGINX_STORE;

    location /one {
        webhook_verify_scope a;
        proxy_pass http://app;
    }

    location /two {
        webhook_verify_scope a:b;
        proxy_pass http://app;
    }
--- deliveries
good /one {"job_id":"b:c"} -> 200 first
good /two {"job_id":"c"}   -> 200 first
good /one {"job_id":"c"}   -> 200 first



=== TEST 19: without an id the body is the id, and collides with no id
--- deliveries eval
my $body = '{"x":1}';
my $digest = ::sha256_hex($body);
[
    { body => $body, expect => '200 first' },
    { body => $body, expect => '200 duplicate' },
    { body => qq({"job_id":"body:$digest"}), expect => '200 first' },
    { body => qq({"job_id":"$digest"}), expect => '200 first' },
    { body => '{"x": 1}', expect => '200 first' },
]



=== TEST 20: deliveries without an id are not one event
--- deliveries
good {"job_id":null,"n":1} -> 200 first
good {"job_id":null,"n":2} -> 200 first
good {"job_id":"","n":1}   -> 200 first
good {"job_id":"","n":2}   -> 200 first
good {"n":1}               -> 200 first
good {"n":2}               -> 200 first



=== TEST 21: a large event is remembered, too
--- more
        client_body_buffer_size 1k;
--- deliveries eval
my $big = '{"text":"' . 'x' x 60000 . '","job_id":"a"}';
[
    { body => $big, expect => '200 first accepted' },
    { body => $big, expect => '200 duplicate Already processed' },
    'good {"job_id":"a"} -> 200 duplicate',
]



=== TEST 22: a window that ends
--- more
        webhook_verify_window 2s;
--- wait: 0.9
--- deliveries
good {"job_id":"a"} -> 200 first
good {"job_id":"a"} -> 200 duplicate
good {"job_id":"b"} -> 200 first
good {"job_id":"a"} -> 200 first
good {"job_id":"a"} -> 200 duplicate



=== TEST 23: a lease longer than the window, a window longer than the lease
--- more
        webhook_verify_lease  1s;
        webhook_verify_window 1h;
--- wait: 0.7
--- deliveries
good {"job_id":"a"} -> 200 first
good {"job_id":"a"} -> 200 duplicate
good {"job_id":"a"} -> 200 duplicate
good {"job_id":"a"} -> 200 duplicate



=== TEST 24: fifty events, twice
--- deliveries eval
[
    (map { qq(good {"job_id":"event-$_"} -> 200 first) } 1 .. 50),
    (map { qq(good {"job_id":"event-$_"} -> 200 duplicate) } 1 .. 50),
]
