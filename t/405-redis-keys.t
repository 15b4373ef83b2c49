# What stands in Redis, and what Redis is asked: the format that operators and
# other hosts rely on.

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
        webhook_verify_scope     keys;
        webhook_verify_store     redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
_EOC_
});

run_tests();

__DATA__

=== TEST 1: one key an event, the SHA-256 of its id (sha256sum finds it)
--- deliveries
good {"n":"job_123"} -> 200 first
--- redis_keys eval
'webhook:keys:' . `printf %s job_123 | sha256sum` =~ s/ .*//sr . ' d:200 ~604800'



=== TEST 2: done says when and with which status
--- deliveries
good /hook?status=200 {"n":1} -> 200
good /hook?status=201 {"n":2} -> 201
good /hook?status=204 {"n":3} -> 204
--- redis_keys
webhook:keys:{1} d:200 ~604800
webhook:keys:{2} d:201 ~604800
webhook:keys:{3} d:204 ~604800



=== TEST 3: a released claim leaves nothing
--- deliveries
good /hook?status=500 {"n":1} -> 500
good /hook?status=404 {"n":2} -> 404
good /hook?status=302 {"n":3} -> 302
--- redis_keys



=== TEST 4: a held claim stays for its lease
--- more
        proxy_read_timeout   100ms;
        webhook_verify_lease 40s;
--- deliveries
good /hook?delay=1 {"n":1} -> 504
--- redis_keys
webhook:keys:{1} p ~40
--- logged
upstream timed out



=== TEST 5: where the body is the id
--- deliveries
good {"m":1} -> 200
--- redis_keys eval
'webhook:keys:body:' . `printf %s '{"m":1}' | sha256sum` =~ s/ .*//sr . ' d:200 ~604800'



=== TEST 6: the body is the id, in the temp file
--- more
        client_body_buffer_size 1k;
--- deliveries eval
[{ body => 'x' x 20000, expect => '200' }]
--- redis_keys eval
'webhook:keys:body:' . ::sha256_hex('x' x 20000) . ' d:200'



=== TEST 7: a compound is hashed as netstrings
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /a /b $http_x_c;
    webhook_verify_scope     compound;
    webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;

    location /hook {
        proxy_pass http://app;
    }
--- deliveries
good +X-C:third {"a":"first","b":2} -> 200
--- redis_keys eval
'webhook:compound:' . `printf %s 5:first,1:2,5:third, | sha256sum` =~ s/ .*//sr . ' d:200'



=== TEST 8: no text of the body, no hash tag
--- deliveries
good {"n":"{secret}"}      -> 200
good {"n":"a b\r\nDEL c"}  -> 200
--- redis_keys eval
CORE::join "\n", map { 'webhook:keys:' . ::sha256_hex($_) . ' d:200' }
           '{secret}', "a b\r\nDEL c"
--- response_headers eval
["", ""]



=== TEST 9: a scope of any bytes stays one word of the protocol
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    webhook_verify_id        /n;
    webhook_verify_scope     "a $arg_s:*";
    webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;

    location /hook {
        proxy_pass http://app;
    }
--- deliveries
good /hook?s=x {"n":1} -> 200 first
good /hook?s=y {"n":1} -> 200 first
good /hook?s=x {"n":1} -> 200 duplicate



=== TEST 10: a first delivery is one command, its commit another
--- deliveries
good {"n":1} -> 200 first
--- redis_asked: 2



=== TEST 11: a duplicate is two
--- deliveries
good {"n":1} -> 200 first
good {"n":1} -> 200 duplicate
--- redis_asked: 4



=== TEST 12: what is refused is none
--- deliveries
unsigned {"n":1} -> 401
forged   {"n":1} -> 401
sig(x)   {"n":1} -> 401
--- redis_asked: nothing
--- redis_keys



=== TEST 13: a key that another host claimed is in flight here
--- init
::redis()->cmd('SET', WebhookVerify::Redis::key('keys', 1),
               'p:somebody-else', 'PX', 60000);
--- deliveries
good {"n":1} -> 503 in_flight
--- seen
--- redis_keys
webhook:keys:{1} p ~60



=== TEST 14: a key that another host completed is a duplicate here
--- init
::redis()->cmd('SET', WebhookVerify::Redis::key('keys', 1),
               'd:' . time . ':202', 'PX', 60000);
--- deliveries
good {"n":1} -> 200 duplicate Already processed
--- seen
--- redis_keys
webhook:keys:{1} d:202 ~60



=== TEST 15: forgetting a key by hand makes its event new
--- init
::redis()->cmd('SET', WebhookVerify::Redis::key('keys', 1),
               'd:1700000000:200', 'PX', 60000);
::redis()->cmd('DEL', WebhookVerify::Redis::key('keys', 1));
--- deliveries
good {"n":1} -> 200 first
--- redis_keys
webhook:keys:{1} d:200 ~604800
