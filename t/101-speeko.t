# Speeko: X-Speeko-Signature, hex; the id is /job_id; "the same event may fire
# twice", retries on anything but 2xx.

use lib 't/lib';
use WebhookVerify 'no_plan';

sign_with(header => 'X-Speeko-Signature', key => 'speeko-key');
use_redis();

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    $block->set_value('gate', <<"_EOC_" . ($block->more // ''));
        webhook_verify        speeko;
        webhook_verify_secret speeko-key;
        webhook_verify_store  redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
_EOC_
});

run_tests();

__DATA__

=== TEST 1: two directives make a gate
--- gate
        webhook_verify        speeko;
        webhook_verify_secret speeko-key;
--- deliveries
good     {"job_id":"job_123","status":"completed"} -> 200 first id=job_123
good     {"job_id":"job_123","status":"completed"} -> 200 duplicate Already processed
forged   {"job_id":"job_124"} -> 401 bad_signature
unsigned {"job_id":"job_125"} -> 401 missing_signature
--- seen
POST /hook {"job_id":"job_123","status":"completed"}



=== TEST 2: the key is webhook:speeko:<SHA-256 of the job's id>
--- deliveries
good {"job_id":"job_123"} -> 200 first
--- redis_keys
webhook:speeko:{job_123} d:200 ~604800



=== TEST 3: a known answer
--- deliveries
sig(1a4e8ca9) {"job_id":"job_123"} -> 401 malformed_signature
good          {"job_id":"job_123"} -> 200 first
--- response_headers eval
["", "X-Key: " . `printf %s job_123 | sha256sum` =~ s/ .*//sr]



=== TEST 4: the event that fires twice, in another wrapping
--- deliveries
good {"job_id":"job_123","attempt":1} -> 200 first
good {"attempt":2,"job_id":"job_123"} -> 200 duplicate Already processed
--- seen
POST /hook {"job_id":"job_123","attempt":1}



=== TEST 5: two jobs are two events
--- deliveries
good {"job_id":"job_123"} -> 200 first
good {"job_id":"job_124"} -> 200 first
--- seen
POST /hook {"job_id":"job_123"}
POST /hook {"job_id":"job_124"}



=== TEST 6: without a job_id the body is the id
--- deliveries
good {"status":"completed"} -> 200 first
good {"status":"completed"} -> 200 duplicate
good {"status":"failed"}    -> 200 first
--- redis_keys eval
CORE::join "\n", map { "webhook:speeko:body:" . ::sha256_hex($_) . " d:200" }
           '{"status":"completed"}', '{"status":"failed"}'



=== TEST 7: a prefix is no part of Speeko's signature
--- deliveries
sig(sha256={hex}) {"job_id":"a"} -> 401 malformed_signature
--- seen
--- redis_asked: nothing



=== TEST 8: forged and unsigned deliveries do not burn an id
--- deliveries
forged   {"job_id":"a"} -> 401 bad_signature
unsigned {"job_id":"a"} -> 401 missing_signature
good     {"job_id":"a"} -> 200 first accepted
--- seen
POST /hook {"job_id":"a"}



=== TEST 9: the first attempt fails, the retry is delivered
--- deliveries
good /hook?status=500,200 {"job_id":"a"} -> 500 first
good /hook?status=500,200 {"job_id":"a"} -> 200 first accepted
good /hook?status=500,200 {"job_id":"a"} -> 200 duplicate Already processed
--- seen
POST /hook?status=500,200 {"job_id":"a"}
POST /hook?status=500,200 {"job_id":"a"}



=== TEST 10: another header in its place
--- more
        webhook_verify_signature $http_x_other;
--- sign: header=X-Other
--- deliveries
good     {"job_id":"a"} -> 200 first id=a
unsigned {"job_id":"b"} -> 401 missing_signature



=== TEST 11: another header, and a prefix, the rest stays the preset's
--- more
        webhook_verify_signature $http_x_other prefix=v1=;
--- sign: header=X-Other prefix=v1=
--- deliveries
good       {"job_id":"a"} -> 200 first id=a
sig({hex}) {"job_id":"b"} -> 401 malformed_signature



=== TEST 12: another id
--- more
        webhook_verify_id /job_id /status;
--- deliveries
good {"job_id":"a","status":"started"} -> 200 first
good {"job_id":"a","status":"done"}    -> 200 first
good {"job_id":"a","status":"done"}    -> 200 duplicate



=== TEST 13: another scope
--- more
        webhook_verify_scope transcripts;
--- deliveries
good {"job_id":"a"} -> 200 first
--- redis_keys
webhook:transcripts:{a} d:200



=== TEST 14: $webhook_verify_provider
--- config
    location /hook {
        webhook_verify        speeko;
        webhook_verify_secret speeko-key;
        add_header X-Provider $webhook_verify_provider always;
        proxy_pass http://app;
    }
--- deliveries
good     {"job_id":"a"} -> 200
unsigned {"job_id":"a"} -> 401
--- response_headers eval
["X-Provider: speeko", "X-Provider: speeko"]
