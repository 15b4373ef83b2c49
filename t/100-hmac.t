# The bare generic scheme, and what all schemes share: how a signature is read
# and compared.

use lib 't/lib';
use WebhookVerify 'no_plan';

use_redis();

# the gate of most blocks

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    $block->set_value('gate', <<"_EOC_");
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_store     redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
_EOC_
});

run_tests();

__DATA__

=== TEST 1: GitHub's published vector
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    "It's a Secret to Everybody";
        webhook_verify_signature $http_x_hub_signature_256 prefix=sha256=;
--- sign: header=X-Hub-Signature-256
--- deliveries
sig(sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17) Hello, World! -> 200 first
sig(sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17) Hello, World? -> 401 bad_signature
sig(sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e16) Hello, World! -> 401 bad_signature
--- seen
POST /hook Hello, World!



=== TEST 2: RFC 4231, test case 2
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    Jefe;
        webhook_verify_signature $http_x_signature;
--- deliveries
sig(5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843) what do ya want for nothing? -> 200 first



=== TEST 3: RFC 4231, test case 6: a key larger than the block
--- gate eval
'        webhook_verify           hmac;
        webhook_verify_secret    ' . 'aa' x 131 . ' encoding=hex;
        webhook_verify_signature $http_x_signature;'
--- deliveries
sig(60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54) Test Using Larger Than Block-Size Key - Hash Key First -> 200 first



=== TEST 4: a good delivery reaches the application byte for byte
--- deliveries eval
[
    { body => " \t{\"n\": 1}\r\n \n", expect => '200 first accepted' },
]
--- seen eval
[" \t{\"n\": 1}\r\n \n"]



=== TEST 5: a missing signature: no application, no Redis
--- deliveries
unsigned {"n":1} -> 401 missing_signature
--- seen
--- redis_asked: nothing
--- redis_keys



=== TEST 6: a wrong signature: no application, no Redis
--- deliveries
forged {"n":1} -> 401 bad_signature
--- seen
--- redis_asked: nothing
--- redis_keys



=== TEST 7: the right signature of another body
--- deliveries eval
[
    { sig => ::mac_hex('{"n":2}'), body => '{"n":1}', expect => '401 bad_signature' },
]
--- seen
--- redis_asked: nothing



=== TEST 8: the right signature of another key
--- deliveries
good:other {"n":1} -> 401 bad_signature
--- seen
--- redis_asked: nothing



=== TEST 9: a change in any byte of the digest is noticed
--- deliveries eval
my $hex = ::mac_hex('{"n":1}');
[
    map {
        my $wrong = $hex;
        substr($wrong, $_, 1) =~ tr/0-9a-f/1-9a-f0/;
        { sig => $wrong, body => '{"n":1}', expect => '401 bad_signature' };
    } 0, 1, 15, 31, 32, 47, 62, 63
]
--- seen
--- redis_asked: nothing



=== TEST 10: hex digits may be upper case
--- deliveries
sig({HEX}) {"n":1} -> 200 first



=== TEST 11: malformed: too short, too long, odd, empty of digits
--- deliveries eval
my $hex = ::mac_hex('{"n":1}');
[
    map { +{ sig => $_, body => '{"n":1}', expect => '401 malformed_signature' } }
    substr($hex, 0, 62), substr($hex, 0, 63), "${hex}00", "${hex}0",
    "$hex$hex", 'a', '0', '-', 'x' x 64, "0x" . substr($hex, 2)
]
--- seen
--- redis_asked: nothing



=== TEST 12: malformed: what surrounds the digits
--- deliveries eval
my $hex = ::mac_hex('{"n":1}');
[
    map { +{ sig => $_, body => '{"n":1}', expect => '401 malformed_signature' } }
    "sha256=$hex", "$hex,", ",$hex", "\"$hex\"", "$hex;v=1", "$hex $hex",
    substr($hex, 0, 32) . ' ' . substr($hex, 32), "+" . substr($hex, 1)
]
--- seen
--- redis_asked: nothing



=== TEST 13: malformed: base64 where hex is asked for
--- deliveries
sig({base64})    {"n":1} -> 401 malformed_signature
sig({base64url}) {"n":1} -> 401 malformed_signature
--- seen
--- redis_asked: nothing



=== TEST 14: malformed: bytes beyond ASCII and a very long value
--- deliveries eval
[
    map { +{ sig => $_, body => '{"n":1}', expect => '401 malformed_signature' } }
    "\xff" x 64, "\xc3\xa9" x 32, 'a' x 6000
]
--- seen
--- redis_asked: nothing



=== TEST 15: an empty signature is a missing one
--- deliveries eval
[
    { sig => '', body => '{"n":1}', expect => '401 missing_signature' },
]
--- seen
--- redis_asked: nothing



=== TEST 16: a prefix alone, doubled, in other case, with a blank
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature prefix=sha256=;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
--- deliveries
sig(sha256=)              {"n":1} -> 401 malformed_signature
sig(sha256)               {"n":1} -> 401 malformed_signature
sig(sha256=sha256={hex})  {"n":1} -> 401 malformed_signature
sig(sha1={hex})           {"n":1} -> 401 malformed_signature
sig({hex})                {"n":1} -> 401 malformed_signature
sig(sha256= {hex})        {"n":1} -> 401 malformed_signature
--- seen
--- redis_asked: nothing



=== TEST 17: base64: wrong alphabet, cut, and with rubbish behind
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature encoding=base64;
        webhook_verify_store     redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
--- deliveries eval
use MIME::Base64;
my $b64 = encode_base64(pack('H*', ::mac_hex('{"n":1}')), '');
[
    (map { +{ sig => $_, body => '{"n":1}', expect => '401 malformed_signature' } }
     substr($b64, 0, 40), "$b64====", "${b64}A", "$b64,$b64", "=$b64", '====',
     substr($b64, 0, 42) . '!='),
    { sig => $b64, body => '{"n":1}', expect => '200 first' },
]
--- seen
POST /hook {"n":1}



=== TEST 18: digests with + and / in base64, with - and _ in base64url
--- config
    webhook_verify_secret secret;

    location /std {
        webhook_verify           hmac;
        webhook_verify_signature $http_x_signature encoding=base64;
        proxy_pass http://app;
    }

    location /url {
        webhook_verify           hmac;
        webhook_verify_signature $http_x_signature encoding=base64url;
        proxy_pass http://app;
    }
--- deliveries eval
use MIME::Base64;
my @pick;
for (my $n = 1; @pick < 4; $n++) {
    my $b64 = encode_base64(pack('H*', ::mac_hex(qq({"n":$n}))), '');
    push @pick, $n if $b64 =~ m{\+} && $b64 =~ m{/};
}
[
    map { (qq(sig({base64})      /std {"n":$_} -> 200 first),
           qq(sig({base64url})   /url {"n":$_} -> 200 first)) } @pick
]



=== TEST 19: a GET without a body is verified over nothing
--- deliveries
good     GET /hook -> 200 first
unsigned GET /hook -> 401 missing_signature
forged   GET /hook -> 401 bad_signature
--- seen
GET /hook



=== TEST 20: the method and the URI are not what is signed
--- deliveries
good PUT    /hook/a?b=c {"n":1} -> 200 first
good DELETE /hook/x     {"n":2} -> 200 first
--- seen
PUT /hook/a?b=c {"n":1}
DELETE /hook/x {"n":2}



=== TEST 21: the body is the id where nothing else is said
--- deliveries
good {"job_id":1}  -> 200 first
good {"job_id":1}  -> 200 duplicate Already processed
good {"job_id": 1} -> 200 first
--- response_headers eval
[map { 'X-Id: body:' . ::sha256_hex($_) }
 '{"job_id":1}', '{"job_id":1}', '{"job_id": 1}']
--- redis_keys eval
CORE::join "\n", map { "webhook:/hook:body:" . ::sha256_hex($_) . ' d:200' }
           '{"job_id":1}', '{"job_id": 1}'



=== TEST 22: one event signed twice in different letters is one event
--- deliveries
sig({hex}) {"n":1} -> 200 first
sig({HEX}) {"n":1} -> 200 duplicate



=== TEST 23: a signature header that occurs twice
--- skip_nginx: 6: < 1.23.0
--- deliveries eval
my $hex = ::mac_hex('{"n":1}');
my $bad = '0' x 64;
[
    { sig => $hex, headers => ["X-Signature: $bad"], body => '{"n":1}',
      expect => '401 malformed_signature' },
    { sig => $bad, headers => ["X-Signature: $hex"], body => '{"n":1}',
      expect => '401 malformed_signature' },
    { sig => $hex, headers => ["X-Signature: $hex"], body => '{"n":1}',
      expect => '401 malformed_signature' },
]
--- seen



=== TEST 24: keep-alive: the second delivery on a connection is judged alone
--- pipelined_requests eval
["POST /hook\n{\"n\":1}", "POST /hook\n{\"n\":2}", "POST /hook\n{\"n\":3}"]
--- more_headers eval
["X-Signature: " . ::mac_hex('{"n":1}'), "X-Signature: " . '0' x 64,
 "X-Signature: " . ::mac_hex('{"n":3}')]
--- error_code eval
[200, 401, 200]
--- seen
POST /hook {"n":1}
POST /hook {"n":3}
