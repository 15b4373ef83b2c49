# Where the gate stands among nginx's phases, and that no way leads around it.

use lib 't/lib';
use WebhookVerify 'no_plan';

use_redis();

# server-level directives of all blocks; a block's own locations follow

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->dies;

    $block->set_value('config', <<"_EOC_" . $block->config);
    webhook_verify_secret    secret;
    webhook_verify_signature \$http_x_signature;
    webhook_verify_scope     phases;
    webhook_verify_id        /n;
    webhook_verify_store     redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
    lingering_timeout        100ms;
_EOC_
});

run_tests();

__DATA__

=== TEST 1: deny comes before us
--- config
    location /hook {
        deny           all;
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
good     {"n":1} -> 403
unsigned {"n":1} -> 403
--- seen
--- redis_asked: nothing
--- logged
access forbidden by rule



=== TEST 2: what deny refuses costs no body
--- config
    location /hook {
        deny           all;
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Content-Length: 7\r\nX-Signature: " . ::mac_hex('{"n":1}') . "\r\n\r\n"
--- error_code: 403
--- timeout: 2
--- seen
--- redis_asked: nothing
--- error_log
access forbidden by rule



=== TEST 3: allow does not replace us
--- config
    location /hook {
        allow          all;
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned {"n":1} -> 401 missing_signature
forged   {"n":1} -> 401 bad_signature
good     {"n":1} -> 200 first
--- seen
POST /hook {"n":1}



=== TEST 4: auth_basic comes before us
--- config
    location /hook {
        auth_basic           "hooks";
        auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
        webhook_verify       hmac;
        proxy_pass           http://app;
    }
--- user_files
>>> users
me:{PLAIN}pw
--- deliveries
good                                      {"n":1} -> 401
forged   +Authorization:Basic%20none      {"n":1} -> 401
--- response_headers eval
['WWW-Authenticate: Basic realm="hooks"', 'WWW-Authenticate: Basic realm="hooks"']
--- seen
--- redis_asked: nothing



=== TEST 5: what auth_basic refuses costs no body
--- config
    location /hook {
        auth_basic           "hooks";
        auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
        webhook_verify       hmac;
        proxy_pass           http://app;
    }
--- user_files
>>> users
me:{PLAIN}pw
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Content-Length: 7\r\nX-Signature: " . ::mac_hex('{"n":1}') . "\r\n\r\n"
--- error_code: 401
--- response_headers
WWW-Authenticate: Basic realm="hooks"
--- timeout: 2
--- seen
--- redis_asked: nothing



=== TEST 6: with the right password the gate still has its say
--- config
    location /hook {
        auth_basic           "hooks";
        auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
        webhook_verify       hmac;
        proxy_pass           http://app;
    }
--- user_files
>>> users
me:{PLAIN}pw
--- deliveries eval
my @auth = (headers => ['Authorization: Basic bWU6cHc=']);
[
    { who => 'unsigned', body => '{"n":1}', @auth, expect => '401 missing_signature' },
    { who => 'forged', body => '{"n":1}', @auth, expect => '401 bad_signature' },
    { who => 'good', body => '{"n":1}', @auth, expect => '200 first' },
]
--- response_headers eval
["!WWW-Authenticate", "!WWW-Authenticate", ""]
--- seen
POST /hook {"n":1}



=== TEST 7: what was refused before us is no duplicate afterwards
--- config
    location /hook {
        auth_basic           "hooks";
        auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
        webhook_verify       hmac;
        proxy_pass           http://app;
    }
--- user_files
>>> users
me:{PLAIN}pw
--- deliveries eval
[
    { body => '{"n":1}', expect => '401' },
    { body => '{"n":1}', headers => ['Authorization: Basic bWU6cHc='],
      expect => '200 first' },
]



=== TEST 8: auth_request before us, and what it refuses costs no claim
--- config
    location /hook {
        auth_request   /auth;
        webhook_verify hmac;
        proxy_pass     http://app;
    }

    location = /auth {
        internal;
        return 403;
    }
--- deliveries
good {"n":1} -> 403
--- seen
--- redis_asked: nothing



=== TEST 9: what auth_request refuses costs no body
--- config
    location /hook {
        auth_request   /auth;
        webhook_verify hmac;
        proxy_pass     http://app;
    }

    location = /auth {
        internal;
        return 403;
    }
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Content-Length: 7\r\nX-Signature: " . ::mac_hex('{"n":1}') . "\r\n\r\n"
--- error_code: 403
--- timeout: 2
--- seen
--- redis_asked: nothing



=== TEST 10: auth_request in front of a gate
--- config
    location /hook {
        auth_request   /auth;
        webhook_verify hmac;
        proxy_pass     http://app;
    }

    location = /auth {
        internal;
        proxy_pass              http://app/auth;
        proxy_pass_request_body off;
        proxy_set_header        Content-Length "";
    }
--- deliveries
good     {"n":1} -> 200 first
good     {"n":1} -> 200 duplicate
forged   {"n":2} -> 401 bad_signature
--- seen
GET /auth
POST /hook {"n":1}
GET /auth
GET /auth



=== TEST 11: auth_request and a slow POST (a module hung here)
--- config
    location /hook {
        auth_request   /auth;
        webhook_verify hmac;
        proxy_pass     http://app;
    }

    location = /auth {
        internal;
        proxy_pass              http://app/auth?delay=0.1;
        proxy_pass_request_body off;
        proxy_set_header        Content-Length "";
    }
--- raw_request eval
::raw_post('/hook', '{"n":1}', 'Content-Length: 7',
           'X-Signature: ' . ::mac_hex('{"n":1}'))
--- raw_request_middle_delay: 0.3
--- response_headers
X-Result: first
--- seen
GET /auth?delay=0.1
POST /hook {"n":1}



=== TEST 12: auth_request and a slow POST with a wrong signature
--- config
    location /hook {
        auth_request   /auth;
        webhook_verify hmac;
        proxy_pass     http://app;
    }

    location = /auth {
        internal;
        proxy_pass              http://app/auth;
        proxy_pass_request_body off;
        proxy_set_header        Content-Length "";
    }
--- raw_request eval
::raw_post('/hook', '{"n":1}', 'Content-Length: 7', 'X-Signature: ' . '0' x 64)
--- raw_request_middle_delay: 0.3
--- error_code: 401
--- response_headers
X-Result: bad_signature
--- seen
GET /auth



=== TEST 13: satisfy any is a configuration error
--- config
    location /hook {
        satisfy                  any;
        allow                    all;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        proxy_pass               http://app;
    }
--- dies
satisfy any



=== TEST 14: the gate in a subrequest does nothing
--- config
    location /hook {
        auth_request   /auth;
        webhook_verify hmac;
        proxy_pass     http://app;
    }

    location = /auth {
        internal;
        webhook_verify          hmac;
        proxy_pass              http://app/auth;
        proxy_pass_request_body off;
        proxy_set_header        Content-Length "";
    }
--- deliveries
good {"n":1} -> 200 first
--- seen
GET /auth
POST /hook {"n":1}
--- redis_asked: 2



=== TEST 15: mirror: first deliveries, and only they, are mirrored
--- config
    location /hook {
        webhook_verify hmac;
        mirror         /mirror;
        proxy_pass     http://app;
    }

    location = /mirror {
        internal;
        webhook_verify hmac;
        proxy_pass     http://app/copy;
    }
--- wait: 0.1
--- deliveries
unsigned {"n":1} -> 401 missing_signature
forged   {"n":1} -> 401 bad_signature
good     {"n":1} -> 200 first
good     {"n":1} -> 200 duplicate
--- seen_sorted
POST /copy {"n":1}
POST /hook {"n":1}



=== TEST 16: mirror and a body in the temp file
--- config
    client_body_buffer_size 1k;

    location /hook {
        webhook_verify hmac;
        mirror         /mirror;
        proxy_pass     http://app;
    }

    location = /mirror {
        internal;
        proxy_pass http://app/copy;
    }
--- wait: 0.1
--- deliveries eval
[{ body => '{"n":"' . 'x' x 30000 . '"}', expect => '200 first' }]
--- seen eval
['{"n":"' . 'x' x 30000 . '"}', '{"n":"' . 'x' x 30000 . '"}']



=== TEST 17: try_files to a named location: verified once, claimed once
--- config
    location /hook {
        webhook_verify hmac;
        try_files      /nofile @app;
    }

    location @app {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned {"n":1} -> 401 missing_signature
forged   {"n":1} -> 401 bad_signature
good     {"n":1} -> 200 first accepted
good     {"n":1} -> 200 duplicate Already processed
--- seen
POST /hook {"n":1}
--- redis_keys
webhook:phases:{1} d:200



=== TEST 18: try_files to another URI of the same server
--- config
    webhook_verify hmac;

    location /hook {
        try_files /nofile /inner;
    }

    location /inner {
        proxy_pass http://app;
    }
--- deliveries
unsigned {"n":1} -> 401 missing_signature
forged   {"n":1} -> 401 bad_signature
good     {"n":1} -> 200 first accepted
good     {"n":1} -> 200 duplicate Already processed
--- seen
POST /inner {"n":1}
--- redis_asked: 4



=== TEST 19: a body in the temp file survives try_files
--- config
    client_body_buffer_size 1k;
    webhook_verify          hmac;

    location /hook {
        try_files /nofile @app;
    }

    location @app {
        proxy_pass http://app;
    }
--- deliveries eval
[
    { body => '{"n":"' . 'x' x 30000 . '"}', expect => '200 first' },
    { who => 'forged', body => '{"n":"' . 'y' x 30000 . '"}',
      expect => '401 bad_signature' },
]
--- seen eval
['{"n":"' . 'x' x 30000 . '"}']



=== TEST 20: error_page to a fallback: one delivery, one claim
--- config
    webhook_verify hmac;

    location /hook {
        error_page 502 =200 @fallback;
        proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    }

    location @fallback {
        proxy_pass http://app;
    }
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 200 duplicate Already processed
--- seen
POST /hook {"n":1}
--- redis_keys
webhook:phases:{1} d:200
--- logged
Connection refused



=== TEST 21: error_page to a fallback that fails, too: the retry is delivered
--- config
    webhook_verify hmac;

    location /hook {
        error_page 502 = @fallback;
        proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    }

    location @fallback {
        proxy_pass http://app;
    }
--- deliveries
good /hook?status=500,200 {"n":1} -> 500 first
good /hook?status=500,200 {"n":1} -> 200 first accepted
good /hook?status=500,200 {"n":1} -> 200 duplicate Already processed
--- seen
POST /hook?status=500,200 {"n":1}
POST /hook?status=500,200 {"n":1}
--- logged
Connection refused



=== TEST 22: proxy_intercept_errors: what counts is what the provider is sent
--- config
    webhook_verify hmac;

    location /hook {
        proxy_intercept_errors on;
        error_page             500 =200 /ok.txt;
        proxy_pass             http://app;
    }

    location = /ok.txt {
        return 200 "queued\n";
    }
--- deliveries
good /hook?status=500 {"n":1} -> 200 first queued
good /hook?status=500 {"n":1} -> 200 duplicate Already processed
--- seen
POST /hook?status=500 {"n":1}
--- redis_keys
webhook:phases:{1} d:200



=== TEST 23: proxy_intercept_errors the other way round
--- config
    webhook_verify hmac;

    location /hook {
        proxy_intercept_errors on;
        error_page             404 =503 /busy.txt;
        proxy_pass             http://app;
    }

    location = /busy.txt {
        return 503 "busy\n";
    }
--- deliveries
good /hook?status=404 {"n":1} -> 503 first
good /hook?status=404 {"n":1} -> 503 first
--- seen
POST /hook?status=404 {"n":1}
POST /hook?status=404 {"n":1}
--- redis_keys



=== TEST 24: error_page for our own refusals is shown and not verified again
--- config
    webhook_verify hmac;
    error_page     401 /denied.html;

    location /hook {
        proxy_pass http://app;
    }

    location = /denied.html {
        root html;
    }
--- user_files
>>> denied.html
no entry
--- deliveries
unsigned {"n":1} -> 401 missing_signature no entry
forged   {"n":1} -> 401 bad_signature no entry
sig(x)   {"n":1} -> 401 malformed_signature no entry
good     {"n":1} -> 200 first accepted
--- seen
POST /hook {"n":1}



=== TEST 25: a named error_page for our own refusals
--- config
    webhook_verify hmac;
    error_page     401 = @denied;

    location /hook {
        proxy_pass http://app;
    }

    location @denied {
        return 401 "because: $webhook_verify_result\n";
    }
--- deliveries
unsigned {"n":1} -> 401 missing_signature because: missing_signature
forged   {"n":1} -> 401 bad_signature because: bad_signature
--- seen



=== TEST 26: error_page of in flight and of a store error
--- config
    error_page 503 /later.html;

    location /hook {
        webhook_verify     hmac;
        proxy_read_timeout 100ms;
        proxy_pass         http://app;
    }

    location /nostore {
        webhook_verify       hmac;
        webhook_verify_store redis://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
        proxy_pass           http://app;
    }

    location = /later.html {
        webhook_verify hmac;
        root html;
    }
--- user_files
>>> later.html
come again
--- deliveries
good /hook?delay=5 {"n":1} -> 504 first
good /hook         {"n":1} -> 503 in_flight come again
good /nostore      {"n":2} -> 503 store_error come again
--- response_headers eval
["!Retry-After", "Retry-After: 5", "Retry-After: 5"]
--- seen
POST /hook?delay=5 {"n":1}
--- logged
upstream timed out



=== TEST 27: X-Accel-Redirect back into a protected location: one claim
--- config
    webhook_verify hmac;

    location /hook {
        proxy_pass http://app;
    }

    location /inner {
        internal;
        root html;
    }
--- user_files
>>> inner/done.txt
the end
--- deliveries
good     /hook?accel=/inner/done.txt {"n":1} -> 200 first the end
good     /hook?accel=/inner/done.txt {"n":1} -> 200 duplicate Already processed
unsigned /hook?accel=/inner/done.txt {"n":2} -> 401 missing_signature
--- seen
POST /hook?accel=/inner/done.txt {"n":1}
--- redis_asked: 4
--- redis_keys
webhook:phases:{1} d:200



=== TEST 28: X-Accel-Redirect to an application behind the gate
--- config
    webhook_verify hmac;

    location /hook {
        proxy_pass http://app;
    }

    location /inner {
        internal;
        proxy_pass http://app;
    }
--- deliveries
good /hook?accel=/inner {"n":1} -> 200 first accepted
good /hook?accel=/inner {"n":1} -> 200 duplicate Already processed
--- seen_uris
POST /hook?accel=/inner
GET /inner
--- redis_keys
webhook:phases:{1} d:200



=== TEST 29: X-Accel-Redirect to a named location
--- config
    webhook_verify hmac;

    location /hook {
        proxy_pass http://app;
    }

    location @end {
        return 200 "the end\n";
    }
--- deliveries
good /hook?accel=@end {"n":1} -> 200 first the end
good /hook?accel=@end {"n":1} -> 200 duplicate Already processed



=== TEST 30: from an open location, try_files into a protected one
--- config
    location /open {
        try_files /nofile /hook;
    }

    location /hook {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned /open {"n":1} -> 401 missing_signature
forged   /open {"n":1} -> 401 bad_signature
good     /open {"n":1} -> 200 first accepted
good     /open {"n":1} -> 200 duplicate Already processed
--- seen
POST /hook {"n":1}



=== TEST 31: from an open location, try_files into a protected named one
--- config
    location /open {
        try_files /nofile @hook;
    }

    location @hook {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned /open {"n":1} -> 401 missing_signature
forged   /open {"n":1} -> 401 bad_signature
good     /open {"n":1} -> 200 first accepted
good     /open {"n":1} -> 200 duplicate Already processed
--- seen
POST /open {"n":1}



=== TEST 32: from an open location, error_page into a protected named one
--- config
    location /open {
        error_page 418 = @hook;
        return 418;
    }

    location @hook {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned /open {"n":1} -> 401 missing_signature
forged   /open {"n":1} -> 401 bad_signature
good     /open {"n":1} -> 200 first accepted
good     /open {"n":1} -> 200 duplicate Already processed
--- seen
POST /open {"n":1}



=== TEST 33: from an open location, error_page into a protected URI
--- config
    location /open {
        error_page 418 = /hook;
        return 418;
    }

    location /hook {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned /open {"n":1} -> 401 missing_signature
forged   /open {"n":1} -> 401 bad_signature
--- seen



=== TEST 34: from an open location, error_page of a dead upstream
--- config
    location /open {
        error_page 502 = @hook;
        proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    }

    location @hook {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned /open {"n":1} -> 401 missing_signature
forged   /open {"n":1} -> 401 bad_signature
good     /open {"n":1} -> 200 first accepted
--- seen
POST /open {"n":1}
--- logged
Connection refused



=== TEST 35: from an open location, X-Accel-Redirect into a protected one
--- config
    location /open {
        proxy_pass http://app;
    }

    location /hook {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned /open?accel=/hook {"n":1} -> 401 missing_signature
forged   /open?accel=/hook {"n":1} -> 401 bad_signature
--- seen_uris
POST /open?accel=/hook
POST /open?accel=/hook



=== TEST 36: rewrite ... last into a protected location
--- config
    location /open {
        rewrite ^ /hook last;
    }

    location /hook {
        webhook_verify hmac;
        proxy_pass     http://app;
    }
--- deliveries
unsigned /open {"n":1} -> 401 missing_signature
forged   /open {"n":1} -> 401 bad_signature
good     /open {"n":1} -> 200 first accepted
--- seen
POST /hook {"n":1}



=== TEST 37: index of an open location that is protected
--- config
    location = /open/ {
        root  html;
        index page.txt;
    }

    location = /open/page.txt {
        webhook_verify hmac;
        root           html;
    }
--- user_files
>>> open/page.txt
a page
--- deliveries
unsigned GET /open/ -> 401 missing_signature
good     GET /open/ -> 200 first a page



=== TEST 38: from one gate through another with other secrets
--- config
    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        try_files /nofile @strict;
    }

    location @strict {
        webhook_verify           hmac;
        webhook_verify_secret    other;
        proxy_pass http://app;
    }
--- deliveries
unsigned      {"n":1} -> 401 missing_signature
good:other    {"n":2} -> 401 bad_signature
--- seen



=== TEST 39: return comes before the access phase, as always in nginx
--- config
    location /hook {
        webhook_verify hmac;
        return 200 "static\n";
    }
--- deliveries
unsigned {"n":1} -> 200 - static
--- redis_asked: nothing



=== TEST 40: rewrite ... last out of a protected location, as always in nginx
--- config
    location /hook {
        webhook_verify hmac;
        rewrite ^ /open last;
    }

    location /open {
        proxy_pass http://app;
    }
--- deliveries
unsigned {"n":1} -> 200 - accepted
--- redis_asked: nothing



=== TEST 41: rewrite ... break stays behind the gate
--- config
    location /hook {
        webhook_verify hmac;
        rewrite ^ /other break;
        proxy_pass http://app;
    }
--- deliveries
unsigned {"n":1} -> 401 missing_signature
good     {"n":1} -> 200 first
--- seen
POST /other {"n":1}



=== TEST 42: nested locations inherit the gate
--- config
    location /hook {
        webhook_verify hmac;

        location /hook/a {
            proxy_pass http://app;
        }

        proxy_pass http://app;
    }
--- deliveries
unsigned /hook/a {"n":1} -> 401 missing_signature
unsigned /hook/b {"n":1} -> 401 missing_signature
good     /hook/a {"n":1} -> 200 first
good     /hook/b {"n":1} -> 200 duplicate



=== TEST 43: limit_except
--- config
    location /hook {
        webhook_verify hmac;

        limit_except POST {
            deny all;
        }

        proxy_pass http://app;
    }
--- deliveries
good     GET /hook -> 403
unsigned {"n":1}   -> 401 missing_signature
good     {"n":1}   -> 200 first
--- seen
POST /hook {"n":1}
--- logged
access forbidden by rule



=== TEST 44: limit_req before us: what it refuses costs no claim
--- http_config
    limit_req_zone $server_name zone=one:1m rate=1r/m;
--- config
    location /hook {
        limit_req        zone=one;
        limit_req_status 429;
        webhook_verify   hmac;
        proxy_pass       http://app;
    }
--- deliveries
good {"n":1} -> 200 first
good {"n":2} -> 429
good {"n":1} -> 429
--- redis_asked: 2
--- logged
limiting requests



=== TEST 45: proxy_next_upstream is one delivery
--- http_config
    upstream pair {
        server 127.0.0.1:$TEST_NGINX_CLOSED_PORT;
        server 127.0.0.1:$TEST_NGINX_APP_PORT backup;
    }
--- config
    location /hook {
        webhook_verify hmac;
        proxy_pass     http://pair;
    }
--- deliveries
good {"n":1} -> 200 first accepted
good {"n":1} -> 200 duplicate Already processed
--- seen
POST /hook {"n":1}
--- logged
Connection refused
