# Scriptix: X-Scriptix-Signature, sha256=<hex>; the id is /event and /data/id:
# transcription.completed and transcription.failed for one id are two events.

use lib 't/lib';
use WebhookVerify 'no_plan';

sign_with(header => 'X-Scriptix-Signature', key => 'scriptix-key',
          prefix => 'sha256=');
use_redis();

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    $block->set_value('gate', <<"_EOC_" . ($block->more // ''));
        webhook_verify        scriptix;
        webhook_verify_secret scriptix-key;
        webhook_verify_store  redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
_EOC_
});

run_tests();

__DATA__

=== TEST 1: good, again, forged, unsigned
--- gate
        webhook_verify        scriptix;
        webhook_verify_secret scriptix-key;
--- deliveries
good     {"event":"transcription.completed","data":{"id":"t1"}} -> 200 first accepted
good     {"event":"transcription.completed","data":{"id":"t1"}} -> 200 duplicate Already processed
forged   {"event":"transcription.completed","data":{"id":"t2"}} -> 401 bad_signature
unsigned {"event":"transcription.completed","data":{"id":"t3"}} -> 401 missing_signature
--- seen
POST /hook {"event":"transcription.completed","data":{"id":"t1"}}



=== TEST 2: completed and failed for one id are two events
--- deliveries
good {"event":"transcription.completed","data":{"id":"t1"}} -> 200 first
good {"event":"transcription.failed","data":{"id":"t1"}}    -> 200 first
good {"event":"transcription.failed","data":{"id":"t1"}}    -> 200 duplicate
--- redis_keys
webhook:scriptix:{23:transcription.completed,2:t1,} d:200 ~604800
webhook:scriptix:{20:transcription.failed,2:t1,} d:200 ~604800



=== TEST 3: the compound id as a variable
--- deliveries
good {"event":"e","data":{"id":"t1"}} -> 200 first id=1:e,2:t1,
--- redis_keys
webhook:scriptix:{1:e,2:t1,} d:200



=== TEST 4: the order and the rest of the members do not matter
--- deliveries
good {"event":"e","data":{"id":"t1"}}                       -> 200 first
good {"data":{"x":[1,2,{"id":9}],"id":"t1"},"event":"e"}    -> 200 duplicate
good {"id":"zz","data":{"id":"t1","text":""},"event":"e"}   -> 200 duplicate



=== TEST 5: a part that is missing makes the body the id
--- deliveries
good {"data":{"id":"t1"}}                  -> 200 first
good {"event":"e"}                         -> 200 first
good {"event":"e","data":{}}               -> 200 first
good {"event":"e","data":{"id":""}}        -> 200 first
good {"event":null,"data":{"id":"t1"}}     -> 200 first
good {"event":"e","data":"t1"}             -> 200 first
good {"event":"e","data":[{"id":"t1"}]}    -> 200 first
good {"event":"e","data":{"id":{"a":1}}}   -> 200 first
good {"event":"e","data":{"id":{"a":1}}}   -> 200 duplicate
--- redis_keys eval
CORE::join "\n", map { "webhook:scriptix:body:" . ::sha256_hex($_) . " d:200" }
    '{"data":{"id":"t1"}}', '{"event":"e"}', '{"event":"e","data":{}}',
    '{"event":"e","data":{"id":""}}', '{"event":null,"data":{"id":"t1"}}',
    '{"event":"e","data":"t1"}', '{"event":"e","data":[{"id":"t1"}]}',
    '{"event":"e","data":{"id":{"a":1}}}'



=== TEST 6: without its prefix the signature is malformed
--- deliveries
sig({hex})        {"event":"e","data":{"id":"t1"}} -> 401 malformed_signature
sig(sha1={hex})   {"event":"e","data":{"id":"t1"}} -> 401 malformed_signature
sig(sha512={hex}) {"event":"e","data":{"id":"t1"}} -> 401 malformed_signature
sig(sha256={HEX}) {"event":"e","data":{"id":"t1"}} -> 200 first
--- seen
POST /hook {"event":"e","data":{"id":"t1"}}



=== TEST 7: another header keeps the preset's prefix
--- more
        webhook_verify_signature $http_x_other;
--- sign: header=X-Other
--- deliveries
good       {"event":"e","data":{"id":"t1"}} -> 200 first
sig({hex}) {"event":"e","data":{"id":"t2"}} -> 401 malformed_signature



=== TEST 8: another prefix keeps the preset's encoding and algorithm
--- more
        webhook_verify_signature $http_x_scriptix_signature prefix=v2=;
--- sign: prefix=v2=
--- deliveries
good              {"event":"e","data":{"id":"t1"}} -> 200 first
sig(sha256={hex}) {"event":"e","data":{"id":"t2"}} -> 401 malformed_signature



=== TEST 9: another encoding keeps the preset's prefix
--- more
        webhook_verify_signature $http_x_scriptix_signature encoding=base64;
--- sign: encoding=base64
--- deliveries
good              {"event":"e","data":{"id":"t1"}} -> 200 first
sig(sha256={hex}) {"event":"e","data":{"id":"t2"}} -> 401 malformed_signature



=== TEST 10: another id replaces the preset's
--- more
        webhook_verify_id /data/id;
--- deliveries
good {"event":"transcription.completed","data":{"id":"t1"}} -> 200 first id=t1
good {"event":"transcription.failed","data":{"id":"t1"}}    -> 200 duplicate
--- redis_keys
webhook:scriptix:{t1} d:200



=== TEST 11: the retry after a failure is delivered
--- deliveries
good /hook?status=503,200 {"event":"e","data":{"id":"t1"}} -> 503 first
good /hook?status=503,200 {"event":"e","data":{"id":"t1"}} -> 200 first accepted
good /hook?status=503,200 {"event":"e","data":{"id":"t1"}} -> 200 duplicate
--- seen
POST /hook?status=503,200 {"event":"e","data":{"id":"t1"}}
POST /hook?status=503,200 {"event":"e","data":{"id":"t1"}}



=== TEST 12: three providers beside each other share nothing but the store
--- config
    location /scriptix {
        webhook_verify        scriptix;
        webhook_verify_secret scriptix-key;
        proxy_pass            http://app;
    }

    location /speeko {
        webhook_verify           speeko;
        webhook_verify_signature $http_x_scriptix_signature prefix=sha256=;
        webhook_verify_secret    scriptix-key;
        webhook_verify_id        /event /data/id;
        proxy_pass               http://app;
    }

    location /speaknode {
        webhook_verify           speaknode;
        webhook_verify_signature $http_x_scriptix_signature prefix=sha256=;
        webhook_verify_secret    scriptix-key;
        webhook_verify_id        /event /data/id;
        proxy_pass               http://app;
    }
--- deliveries
good /scriptix  {"event":"e","data":{"id":"t1"}} -> 200 first
good /speeko    {"event":"e","data":{"id":"t1"}} -> 200 first
good /speaknode {"event":"e","data":{"id":"t1"}} -> 200 first
good /scriptix  {"event":"e","data":{"id":"t1"}} -> 200 duplicate
good /speeko    {"event":"e","data":{"id":"t1"}} -> 200 duplicate
good /speaknode {"event":"e","data":{"id":"t1"}} -> 200 duplicate
