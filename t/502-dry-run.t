# webhook_verify_dry_run: all that the gate does is done, logged and counted, but
# nothing is refused.

use lib 't/lib';
use WebhookVerify 'no_plan';

use_redis();

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    $block->set_value('gate', <<"_EOC_" . ($block->more // ''));
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     dry;
        webhook_verify_dry_run   on;
        webhook_verify_store     redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a good delivery is what it would be
--- deliveries
good {"n":"a"} -> 200 first id=a
--- seen
POST /hook {"n":"a"}
--- redis_keys
webhook:dry:{a} d:200
--- not_logged
dry run



=== TEST 2: a duplicate is passed on, and said to be one
--- deliveries
good {"n":"a"} -> 200 first
good {"n":"a"} -> 200 duplicate accepted
good {"n":"a"} -> 200 duplicate accepted
--- seen
POST /hook {"n":"a"}
POST /hook {"n":"a"}
POST /hook {"n":"a"}
--- logged
webhook of "hmac" not passed on, dry run: duplicate
--- redis_keys
webhook:dry:{a} d:200



=== TEST 3: forged, unsigned and malformed ones are passed on with their bodies
--- deliveries
forged {"n":"a"} -> 200 bad_signature accepted
unsigned {"n":"b"} -> 200 missing_signature accepted
sig(xyz) {"n":"c"} -> 200 malformed_signature accepted
--- seen
POST /hook {"n":"a"}
POST /hook {"n":"b"}
POST /hook {"n":"c"}
--- redis_asked
nothing
--- logged
webhook of "hmac" not passed on, dry run: bad_signature, 1 secret tried
webhook of "hmac" not passed on, dry run: missing_signature
webhook of "hmac" not passed on, dry run: malformed_signature



=== TEST 4: timestamps and secrets, too
--- more
webhook_verify_timestamp $http_x_time;
--- deliveries
good {"n":"a"} -> 200 missing_timestamp accepted
good +X-Time:1 {"n":"a"} -> 200 stale accepted
good +X-Time:soon {"n":"a"} -> 200 malformed_timestamp accepted
good +X-Time:99999999999 {"n":"a"} -> 200 future accepted
--- redis_asked
nothing



=== TEST 5: no secret
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    $http_x_secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_dry_run   on;
--- deliveries
good {"n":"a"} -> 200 no_secret accepted



=== TEST 6: a store that is down
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_dry_run   on;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
--- deliveries
good {"n":"a"} -> 200 store_error accepted
--- logged
webhook of "hmac" not passed on, dry run: store_error



=== TEST 7: limits of nginx are not of the gate
--- more
client_max_body_size 4;
--- deliveries
good {"n":"a"} -> 413
--- seen
--- logged
client intended to send too large body



=== TEST 8: what the application answers is the provider's answer
--- deliveries
forged /hook?status=418 {"n":"a"} -> 418 bad_signature
--- seen
POST /hook?status=418 {"n":"a"}



=== TEST 9: it is inherited, and switched off again
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_dry_run   on;

    location /hook {
        proxy_pass http://app;
    }

    location /hook/real {
        webhook_verify_dry_run off;
        proxy_pass http://app;
    }
--- deliveries
forged /hook x -> 200 bad_signature
forged /hook/real x -> 401 bad_signature
--- seen
POST /hook x



=== TEST 10: anything but on and off
--- gate
        webhook_verify_dry_run maybe;
--- dies
invalid value "maybe" in "webhook_verify_dry_run" directive, it must be "on" or "off"



=== TEST 11: large and chunked bodies go through unread and untouched
--- more
client_body_buffer_size 1k;
--- deliveries eval
[ { who => 'forged', body => 'x' x 100000, expect => '200 bad_signature' },
  { who => 'unsigned', body => 'y' x 100000,
    expect => '200 missing_signature' } ]
--- seen eval
[ 'x' x 100000, 'y' x 100000 ]



=== TEST 12: a delivery after an internal redirect is still one
--- config
    location /hook {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_dry_run   on;
        try_files /none @app;
    }

    location @app {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        proxy_pass http://app;
    }
--- deliveries
forged x -> 200 bad_signature
--- seen
POST /hook x
