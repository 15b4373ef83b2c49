# Every directive does what the contract says, and has the contract's default.

use lib 't/lib';
use WebhookVerify 'no_plan';

use_redis();
run_tests();

__DATA__

=== TEST 1: without webhook_verify nothing is verified
--- config
    location /hook {
        proxy_pass http://app;
    }
--- deliveries
unsigned {"n":1} -> 200 - accepted
forged   {"n":1} -> 200 - accepted
--- response_headers eval
["!X-Result", "!X-Result"]
--- seen
POST /hook {"n":1}
POST /hook {"n":1}



=== TEST 2: webhook_verify off lets everything through
--- gate
        webhook_verify off;
--- deliveries
unsigned {"n":1} -> 200 - accepted
unsigned {"n":1} -> 200 - accepted
--- seen
POST /hook {"n":1}
POST /hook {"n":1}



=== TEST 3: hmac presets sha256, hex and the body
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
--- deliveries
good     {"n":1} -> 200 first accepted
unsigned {"n":2} -> 401 missing_signature
forged   {"n":3} -> 401 bad_signature
sig(abc) {"n":4} -> 401 malformed_signature
--- seen
POST /hook {"n":1}



=== TEST 4: a location switches off what its server switches on
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;

    location /hook {
        proxy_pass http://app;
    }

    location /open {
        webhook_verify off;
        proxy_pass http://app;
    }
--- deliveries
unsigned /hook {"n":1} -> 401 missing_signature
unsigned /open {"n":2} -> 200 - accepted
good     /hook {"n":3} -> 200 first accepted
--- seen
POST /open {"n":2}
POST /hook {"n":3}



=== TEST 5: a location switches on what its server leaves off
--- config
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;

    location /open {
        proxy_pass http://app;
    }

    location /hook {
        webhook_verify hmac;
        proxy_pass http://app;
    }
--- deliveries
unsigned /open {"n":1} -> 200 - accepted
unsigned /hook {"n":2} -> 401 missing_signature
good     /hook {"n":3} -> 200 first accepted
--- seen
POST /open {"n":1}
POST /hook {"n":3}



=== TEST 6: everything may be said at the http level
--- http_config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /n;
    webhook_verify_scope     top;
    webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
--- config
    location /hook {
        proxy_pass http://app;
    }
--- deliveries
good     {"n":1} -> 200 first id=1
unsigned {"n":1} -> 401 missing_signature
--- redis_keys
webhook:top:{1} d:200 ~604800



=== TEST 7: secrets of a location replace those it would inherit
--- config
    webhook_verify           hmac;
    webhook_verify_secret    outer;
    webhook_verify_signature $http_x_signature;

    location /hook {
        webhook_verify_secret inner;
        proxy_pass http://app;
    }
--- deliveries
good:inner {"n":1} -> 200 first
good:outer {"n":2} -> 401 bad_signature



=== TEST 8: ids of a location replace those it would inherit
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /a;

    location /hook {
        webhook_verify_id /b;
        proxy_pass http://app;
    }
--- deliveries
good {"a":1,"b":2} -> 200 first id=2
good {"a":1,"b":3} -> 200 first id=3
good {"a":4,"b":3} -> 200 duplicate Already processed



=== TEST 9: algorithm=sha1
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature algorithm=sha1;
--- sign: algorithm=sha1
--- deliveries
good   {"n":1} -> 200 first
forged {"n":2} -> 401 bad_signature
sig(757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17) x -> 401 malformed_signature



=== TEST 10: algorithm=sha384
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature algorithm=sha384;
--- sign: algorithm=sha384
--- deliveries
good   {"n":1} -> 200 first
forged {"n":2} -> 401 bad_signature



=== TEST 11: algorithm=sha512
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature algorithm=sha512;
--- sign: algorithm=sha512
--- deliveries
good   {"n":1} -> 200 first
forged {"n":2} -> 401 bad_signature



=== TEST 12: a digest of another algorithm has the wrong length
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature algorithm=sha256;
--- sign: algorithm=sha1
--- deliveries
good {"n":1} -> 401 malformed_signature
--- seen



=== TEST 13: encoding=base64
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature encoding=base64;
--- sign: encoding=base64
--- deliveries
good       {"n":1} -> 200 first
forged     {"n":2} -> 401 bad_signature
sig({hex}) {"n":3} -> 401 malformed_signature
sig(!!!!)  {"n":4} -> 401 malformed_signature



=== TEST 14: encoding=base64url
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature encoding=base64url;
--- sign: encoding=base64url
--- deliveries
good       {"n":1} -> 200 first
good       {"n":5} -> 200 first
good       {"n":6} -> 200 first
good       {"n":7} -> 200 first
forged     {"n":2} -> 401 bad_signature
sig({hex}) {"n":3} -> 401 malformed_signature



=== TEST 15: prefix= must be there
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature prefix=v1=;
--- sign: prefix=v1=
--- deliveries
good          {"n":1} -> 200 first
forged        {"n":2} -> 401 bad_signature
sig({hex})    {"n":3} -> 401 malformed_signature
sig(v2={hex}) {"n":4} -> 401 malformed_signature
sig(v1=)      {"n":5} -> 401 malformed_signature
sig(v1)       {"n":6} -> 401 malformed_signature



=== TEST 16: the signature may stand in any variable
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $arg_sig;
--- sign: header=X-Unused
--- deliveries eval
my $sig = ::mac_hex('{"n":1}');
[
    { path => "/hook?sig=$sig", body => '{"n":1}', expect => '200 first' },
    { path => "/hook?sig=$sig", body => '{"n":2}', expect => '401 bad_signature' },
    { path => "/hook?sig=", body => '{"n":1}', expect => '401 missing_signature' },
    { path => "/hook", body => '{"n":1}', expect => '401 missing_signature' },
]



=== TEST 17: the signature may be put together from variables
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_one$http_x_two;
--- sign: header=X-Unused
--- deliveries eval
my $sig = ::mac_hex('{"n":1}');
[
    {
        who => 'unsigned', body => '{"n":1}', expect => '200 first',
        headers => ['X-One: ' . substr($sig, 0, 10), 'X-Two: ' . substr($sig, 10)],
    },
]



=== TEST 18: webhook_verify_store off checks signatures only
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
--- deliveries
good   {"n":1} -> 200 first accepted
good   {"n":1} -> 200 first accepted
forged {"n":1} -> 401 bad_signature
--- seen
POST /hook {"n":1}
POST /hook {"n":1}



=== TEST 19: the default store is a zone
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 200 duplicate Already processed
--- seen
POST /hook {"n":1}



=== TEST 20: a zone with its size
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     zone=events:2m;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 200 duplicate Already processed



=== TEST 21: a zone without a size is one declared elsewhere
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_scope     one;

    location /hook {
        webhook_verify_store zone=events;
        proxy_pass http://app;
    }

    location /other {
        webhook_verify_store zone=events:1m;
        proxy_pass http://app;
    }
--- deliveries
good /hook  {"n":1} -> 200 first accepted
good /other {"n":1} -> 200 duplicate Already processed



=== TEST 22: two zones are two memories
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_scope     one;

    location /hook {
        webhook_verify_store zone=events:1m;
        proxy_pass http://app;
    }

    location /other {
        webhook_verify_store zone=others:1m;
        proxy_pass http://app;
    }
--- deliveries
good /hook  {"n":1} -> 200 first accepted
good /other {"n":1} -> 200 first accepted



=== TEST 23: redis:// with an address and a port
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     s;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 200 duplicate Already processed
--- redis_keys
webhook:s:{1} d:200 ~604800
--- seen
POST /hook {"n":1}



=== TEST 24: unix:
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     s;
        webhook_verify_store     unix:$TEST_NGINX_REDIS_PATH;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 200 duplicate Already processed
--- redis_keys
webhook:s:{1} d:200 ~604800



=== TEST 25: the scope of hmac is the location's name
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /n;
    webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;

    location /hook {
        proxy_pass http://app;
    }

    location = /other {
        proxy_pass http://app;
    }
--- deliveries
good /hook/a {"n":1} -> 200 first
good /hook/b {"n":1} -> 200 duplicate
good /other  {"n":1} -> 200 first
--- redis_keys
webhook:/hook:{1} d:200
webhook:/other:{1} d:200



=== TEST 26: webhook_verify_scope may contain variables
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     tenant-$arg_tenant;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
--- deliveries
good /hook?tenant=a {"n":1} -> 200 first
good /hook?tenant=b {"n":1} -> 200 first
good /hook?tenant=a {"n":1} -> 200 duplicate
--- redis_keys
webhook:tenant-a:{1} d:200
webhook:tenant-b:{1} d:200



=== TEST 27: equal scopes in two locations share their events
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_scope     shared;

    location /hook {
        proxy_pass http://app;
    }

    location /other {
        proxy_pass http://app;
    }
--- deliveries
good /hook  {"n":1} -> 200 first
good /other {"n":1} -> 200 duplicate



=== TEST 28: webhook_verify_window: after it an event is new again
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_window    2s;
--- wait: 0.55
--- deliveries
good   {"n":1} -> 200 first accepted
good   {"n":1} -> 200 duplicate Already processed
forged {"n":1} -> 401 bad_signature
forged {"n":1} -> 401 bad_signature
good   {"n":1} -> 200 first accepted
--- seen
POST /hook {"n":1}
POST /hook {"n":1}



=== TEST 29: webhook_verify_window in Redis, in milliseconds
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     s;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
        webhook_verify_window    90000ms;
--- deliveries
good {"n":1} -> 200 first accepted
--- redis_keys
webhook:s:{1} d:200 ~90



=== TEST 30: webhook_verify_window in days
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     s;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
        webhook_verify_window    30d;
--- deliveries
good {"n":1} -> 200 first accepted
--- redis_keys
webhook:s:{1} d:200 ~2592000



=== TEST 31: webhook_verify_lease: how long a claim outlives its holder
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     s;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
        webhook_verify_lease     20s;
        proxy_read_timeout       100ms;
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
--- redis_keys
webhook:s:{1} p ~20
--- logged
upstream timed out



=== TEST 32: the default lease is 30 s
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     s;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
        proxy_read_timeout       100ms;
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
--- redis_keys
webhook:s:{1} p ~30
--- logged
upstream timed out



=== TEST 33: in flight is 503 with Retry-After: 5
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        proxy_read_timeout       100ms;
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
good /hook         {"n":1} -> 503 in_flight
--- response_headers eval
["!Retry-After", "Retry-After: 5\nX-Result: in_flight"]
--- seen
POST /hook?delay=5 {"n":1}
--- logged
upstream timed out



=== TEST 34: webhook_verify_retry_after
--- gate
        webhook_verify             hmac;
        webhook_verify_secret      secret;
        webhook_verify_signature   $http_x_signature;
        webhook_verify_retry_after 2m;
        proxy_read_timeout         100ms;
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
good /hook         {"n":1} -> 503 in_flight
--- response_headers eval
["!Retry-After", "Retry-After: 120"]
--- logged
upstream timed out



=== TEST 35: webhook_verify_in_flight_status 409
--- gate
        webhook_verify                  hmac;
        webhook_verify_secret           secret;
        webhook_verify_signature        $http_x_signature;
        webhook_verify_in_flight_status 409;
        proxy_read_timeout              100ms;
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
good /hook         {"n":1} -> 409 in_flight
--- logged
upstream timed out



=== TEST 36: webhook_verify_in_flight_status 425
--- gate
        webhook_verify                  hmac;
        webhook_verify_secret           secret;
        webhook_verify_signature        $http_x_signature;
        webhook_verify_in_flight_status 425;
        proxy_read_timeout              100ms;
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
good /hook         {"n":1} -> 425 in_flight
--- logged
upstream timed out



=== TEST 37: webhook_verify_in_flight_status 429
--- gate
        webhook_verify                  hmac;
        webhook_verify_secret           secret;
        webhook_verify_signature        $http_x_signature;
        webhook_verify_in_flight_status 429;
        proxy_read_timeout              100ms;
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
good /hook         {"n":1} -> 429 in_flight
--- logged
upstream timed out



=== TEST 38: a duplicate is 200, text/plain, Already processed
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        default_type             application/json;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 200 duplicate Already processed
--- response_headers_like eval
["", "Content-Type: text/plain.*"]
--- response_body eval
["accepted\n", qr/^Already processed\n?\z/]



=== TEST 39: webhook_verify_duplicate_status 202
--- gate
        webhook_verify                  hmac;
        webhook_verify_secret           secret;
        webhook_verify_signature        $http_x_signature;
        webhook_verify_duplicate_status 202;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 202 duplicate Already processed



=== TEST 40: webhook_verify_duplicate_status 204 has no body
--- gate
        webhook_verify                  hmac;
        webhook_verify_secret           secret;
        webhook_verify_signature        $http_x_signature;
        webhook_verify_duplicate_status 204;
--- deliveries
good {"n":1} -> 200 first
good {"n":1} -> 204 duplicate
--- response_body eval
["accepted\n", ""]



=== TEST 41: webhook_verify_duplicate_status 299
--- gate
        webhook_verify                  hmac;
        webhook_verify_secret           secret;
        webhook_verify_signature        $http_x_signature;
        webhook_verify_duplicate_status 299;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 299 duplicate



=== TEST 42: webhook_verify_duplicate_status 409
--- gate
        webhook_verify                  hmac;
        webhook_verify_secret           secret;
        webhook_verify_signature        $http_x_signature;
        webhook_verify_duplicate_status 409;
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 409 duplicate



=== TEST 43: webhook_verify_store_error is reject by default
--- gate
        webhook_verify             hmac;
        webhook_verify_secret      secret;
        webhook_verify_signature   $http_x_signature;
        webhook_verify_store       redis://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
        webhook_verify_retry_after 7s;
--- deliveries
good   {"n":1} -> 503 store_error
forged {"n":1} -> 401 bad_signature
--- response_headers eval
["Retry-After: 7\nX-Result: store_error", "!Retry-After"]
--- seen
--- logged
[error]



=== TEST 44: webhook_verify_store_error pass
--- gate
        webhook_verify             hmac;
        webhook_verify_secret      secret;
        webhook_verify_signature   $http_x_signature;
        webhook_verify_store       redis://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
        webhook_verify_store_error pass;
--- deliveries
good   {"n":1} -> 200 store_error accepted
good   {"n":1} -> 200 store_error accepted
forged {"n":1} -> 401 bad_signature
--- seen
POST /hook {"n":1}
POST /hook {"n":1}
--- logged
[error]



=== TEST 45: a location overrides the store of its server
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_CLOSED_PORT;

    location /hook {
        webhook_verify_store zone=events:1m;
        proxy_pass http://app;
    }
--- deliveries
good {"n":1} -> 200 first
good {"n":1} -> 200 duplicate



=== TEST 46: all parameters of one signature together
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature prefix=sig: encoding=base64 algorithm=sha512;
--- sign: prefix=sig: encoding=base64 algorithm=sha512
--- deliveries
good   {"n":1} -> 200 first
forged {"n":2} -> 401 bad_signature



=== TEST 47: a pseudo-location of "if" keeps the gate and its scope
--- config
    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;

        if ($arg_a) {
            set $x 1;
        }

        proxy_pass http://app;
    }
--- deliveries
unsigned /hook?a=1 {"n":1} -> 401 missing_signature
good     /hook?a=1 {"n":1} -> 200 first
good     /hook     {"n":1} -> 200 duplicate
--- redis_keys
webhook:/hook:{1} d:200
