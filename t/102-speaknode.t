# SpeakNode: hex in a header that the configuration names; the body is the id
# unless webhook_verify_id says otherwise; whole transcripts, so large bodies.

use lib 't/lib';
use WebhookVerify 'no_plan';

sign_with(header => 'X-Node-Sig', key => 'node-key');
use_redis();

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    $block->set_value('gate', <<"_EOC_" . ($block->more // ''));
        webhook_verify           speaknode;
        webhook_verify_secret    node-key;
        webhook_verify_signature \$http_x_node_sig;
        webhook_verify_store     redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
_EOC_
});

run_tests();

__DATA__

=== TEST 1: good, again, forged, unsigned
--- deliveries
good     {"event":"SessionStarted","session":1} -> 200 first accepted
good     {"event":"SessionStarted","session":1} -> 200 duplicate Already processed
forged   {"event":"SessionStarted","session":2} -> 401 bad_signature
unsigned {"event":"SessionStarted","session":2} -> 401 missing_signature
sig(x)   {"event":"SessionStarted","session":2} -> 401 malformed_signature
--- seen
POST /hook {"event":"SessionStarted","session":1}



=== TEST 2: the body is the id, whatever it contains
--- deliveries
good {"event":"SessionStarted","session":1,"job_id":"a"}       -> 200 first
good {"event":"ConversationComplete","session":1,"job_id":"a"} -> 200 first
--- redis_keys eval
CORE::join "\n", map { "webhook:speaknode:body:" . ::sha256_hex($_) . " d:200 ~604800" }
           '{"event":"SessionStarted","session":1,"job_id":"a"}',
           '{"event":"ConversationComplete","session":1,"job_id":"a"}'



=== TEST 3: a large transcript
--- gate
        webhook_verify           speaknode;
        webhook_verify_secret    node-key;
        webhook_verify_signature $http_x_node_sig;
        client_body_buffer_size  16k;
--- deliveries eval
my $body = '{"event":"ConversationComplete","transcript":"' . 'word ' x 100000 . '"}';
[
    { body => $body, expect => '200 first accepted' },
    { body => $body, expect => '200 duplicate Already processed' },
    { who => 'forged', body => "$body ", expect => '401 bad_signature' },
]
--- seen eval
['{"event":"ConversationComplete","transcript":"' . 'word ' x 100000 . '"}']



=== TEST 4: webhook_verify_id
--- more
        webhook_verify_id /event /session;
--- deliveries
good {"event":"SessionStarted","session":1}         -> 200 first
good {"event":"SessionStarted","session":1,"n":2}   -> 200 duplicate
good {"event":"ConversationComplete","session":1}   -> 200 first
good {"event":"ConversationComplete","session":null} -> 200 first
--- redis_keys eval
CORE::join "\n", 'webhook:speaknode:{14:SessionStarted,1:1,} d:200',
           'webhook:speaknode:{20:ConversationComplete,1:1,} d:200',
           'webhook:speaknode:body:' . ::sha256_hex('{"event":"ConversationComplete","session":null}') . ' d:200'



=== TEST 5: only hex, without a prefix
--- deliveries
sig(sha256={hex}) {"n":1} -> 401 malformed_signature
sig({base64})     {"n":1} -> 401 malformed_signature
--- seen
--- redis_asked: nothing



=== TEST 6: a prefix can be configured
--- gate
        webhook_verify           speaknode;
        webhook_verify_secret    node-key;
        webhook_verify_signature $http_x_node_sig prefix=sha256=;
--- sign: prefix=sha256=
--- deliveries
good       {"n":1} -> 200 first
sig({hex}) {"n":1} -> 401 malformed_signature



=== TEST 7: $webhook_verify_provider
--- config
    location /hook {
        webhook_verify           speaknode;
        webhook_verify_secret    node-key;
        webhook_verify_signature $http_x_node_sig;
        add_header               X-Provider $webhook_verify_provider always;
        proxy_pass               http://app;
    }
--- deliveries
good {"n":1} -> 200
--- response_headers
X-Provider: speaknode
