# Wherever nginx keeps a body and however it arrives: the same verdict for the
# same bytes, and the application receives the same bytes.

use lib 't/lib';
use WebhookVerify 'no_plan';

use_redis();

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    # lingering_timeout: an answer before the body is there must not keep the
    # test waiting for the end of the connection

    $block->set_value('gate', <<"_EOC_" . ($block->more // ''));
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_store     redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
        lingering_timeout        100ms;
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a small body, in memory
--- deliveries
good   {"n":1} -> 200 first
forged {"n":2} -> 401 bad_signature
--- seen
POST /hook {"n":1}



=== TEST 2: no body at all
--- deliveries
good     -> 200 first
forged   -> 401 bad_signature
unsigned -> 401 missing_signature
--- seen
POST /hook



=== TEST 3: a body of one byte
--- deliveries
good   x -> 200 first
forged y -> 401 bad_signature
--- seen
POST /hook x



=== TEST 4: neither Content-Length nor a body
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Signature: "
. ::mac_hex('') . "\r\n\r\n"
--- response_headers
X-Result: first
--- seen
POST /hook



=== TEST 5: a body in the temp file
--- more
        client_body_buffer_size 1k;
--- deliveries eval
my $body = CORE::join '', map { chr($_ % 256) } 1 .. 50000;
[
    { body => $body, expect => '200 first accepted' },
    { body => $body, expect => '200 duplicate' },
    { body => "$body.", who => 'forged', expect => '401 bad_signature' },
]
--- seen eval
[CORE::join '', map { chr($_ % 256) } 1 .. 50000]



=== TEST 6: a body in the temp file, one byte of it changed
--- more
        client_body_buffer_size 1k;
--- deliveries eval
my $body = 'x' x 50000;
my $sig = ::mac_hex($body);
[
    map {
        my $other = $body;
        substr($other, $_, 1) = 'y';
        { sig => $sig, body => $other, expect => '401 bad_signature' };
    } 0, 1023, 1024, 4095, 4096, 25000, 49999
]
--- seen
--- redis_asked: nothing



=== TEST 7: client_body_in_file_only
--- more
        client_body_in_file_only clean;
--- deliveries
good   {"n":1} -> 200 first
good   {"n":1} -> 200 duplicate
forged {"n":2} -> 401 bad_signature
good           -> 200 first
--- seen
POST /hook {"n":1}
POST /hook



=== TEST 8: client_body_in_single_buffer
--- more
        client_body_in_single_buffer on;
        client_body_buffer_size      128k;
--- deliveries eval
[
    { body => 'x' x 60000, expect => '200 first' },
    { who => 'forged', body => 'y' x 60000, expect => '401 bad_signature' },
]
--- seen eval
['x' x 60000]



=== TEST 9: client_body_in_single_buffer and more than the buffer
--- more
        client_body_in_single_buffer on;
        client_body_buffer_size      4k;
--- deliveries eval
[
    { body => 'x' x 60000, expect => '200 first' },
    { who => 'forged', body => 'y' x 60000, expect => '401 bad_signature' },
]
--- seen eval
['x' x 60000]



=== TEST 10: proxy_request_buffering off changes nothing
--- more
        proxy_request_buffering off;
        client_body_buffer_size 4k;
--- deliveries eval
[
    { body => 'x' x 60000, expect => '200 first' },
    { who => 'forged', body => 'y' x 60000, expect => '401 bad_signature' },
]
--- seen eval
['x' x 60000]



=== TEST 11: sizes around the buffer
--- more
        client_body_buffer_size 1024;
--- deliveries eval
[
    map { { body => 'x' x $_, expect => '200 first' } }
        1022 .. 1026, 2047 .. 2049, 4095 .. 4097
]
--- seen eval
[map { 'x' x $_ } 1022 .. 1026, 2047 .. 2049, 4095 .. 4097]



=== TEST 12: NUL and bytes that are no UTF-8
--- deliveries eval
[
    { body => "\0", expect => '200 first' },
    { body => "a\0b", expect => '200 first' },
    { body => "a\0c", expect => '200 first' },
    { body => "\xff\xfe\x80", expect => '200 first' },
    { body => "\xff\xfe\x80", expect => '200 duplicate' },
    { sig => ::mac_hex("a\0b"), body => "a\0c", expect => '401 bad_signature' },
]
--- seen eval
["\0", "a\0b", "a\0c", "\xff\xfe\x80"]



=== TEST 13: a chunked body
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex('{"n":1}')
. "\r\n\r\n3\r\n{\"n\r\n4\r\n\":1}\r\n0\r\n\r\n"
--- response_headers
X-Result: first
--- seen eval
['{"n":1}']



=== TEST 14: a chunked body with a wrong signature
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex('{"n":2}')
. "\r\n\r\n3\r\n{\"n\r\n4\r\n\":1}\r\n0\r\n\r\n"
--- error_code: 401
--- response_headers
X-Result: bad_signature
--- seen
--- redis_asked: nothing



=== TEST 15: chunk headers are not what is signed
--- raw_request eval
my $raw = "3\r\n{\"n\r\n4\r\n\":1}\r\n0\r\n\r\n";
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex($raw)
. "\r\n\r\n$raw"
--- error_code: 401
--- response_headers
X-Result: bad_signature
--- seen



=== TEST 16: a chunked body in many packets and many buffers, into a file
--- more
        client_body_buffer_size 1k;
--- raw_request eval
my @parts = map { chr(64 + $_) x 700 } 1 .. 12;
[
    "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    . "Transfer-Encoding: chunked\r\nX-Signature: "
    . ::mac_hex(CORE::join '', @parts) . "\r\n\r\n",
    (map { sprintf "%x\r\n%s\r\n", length, $_ } @parts),
    "0\r\n\r\n"
]
--- raw_request_middle_delay: 0.01
--- response_headers
X-Result: first
--- seen eval
[CORE::join '', map { chr(64 + $_) x 700 } 1 .. 12]



=== TEST 17: an empty chunked body
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex('')
. "\r\n\r\n0\r\n\r\n"
--- response_headers
X-Result: first
--- seen
POST /hook



=== TEST 18: a wrong signature whose body comes in a later packet (a module let this through)
--- raw_request eval
::raw_post('/hook', '{"n":1}', 'Content-Length: 7', 'X-Signature: ' . '0' x 64)
--- raw_request_middle_delay: 0.3
--- error_code: 401
--- response_headers
X-Result: bad_signature
--- seen
--- redis_asked: nothing



=== TEST 19: a wrong signature whose last byte comes in a later packet
--- raw_request eval
["POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
 . "Content-Length: 7\r\nX-Signature: " . '0' x 64 . "\r\n\r\n{\"n\":1", "}"]
--- raw_request_middle_delay: 0.3
--- error_code: 401
--- response_headers
X-Result: bad_signature
--- seen
--- redis_asked: nothing



=== TEST 20: a wrong signature, a chunked body, its end in a later packet
--- raw_request eval
["POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
 . "Transfer-Encoding: chunked\r\nX-Signature: " . '0' x 64
 . "\r\n\r\n7\r\n{\"n\":1}\r\n", "0\r\n\r\n"]
--- raw_request_middle_delay: 0.3
--- error_code: 401
--- response_headers
X-Result: bad_signature
--- seen
--- redis_asked: nothing



=== TEST 21: a good body in a later packet
--- raw_request eval
::raw_post('/hook', '{"n":1}', 'Content-Length: 7',
           'X-Signature: ' . ::mac_hex('{"n":1}'))
--- raw_request_middle_delay: 0.3
--- response_headers
X-Result: first
--- seen
POST /hook {"n":1}



=== TEST 22: a good body, byte by byte
--- raw_request eval
[
    "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    . "Content-Length: 7\r\nX-Signature: " . ::mac_hex('{"n":1}') . "\r\n\r\n",
    split //, '{"n":1}'
]
--- raw_request_middle_delay: 0.03
--- response_headers
X-Result: first
--- seen
POST /hook {"n":1}



=== TEST 23: a good body in a later packet, into the temp file
--- more
        client_body_buffer_size 1k;
--- raw_request eval
my $body = 'x' x 20000;
[
    "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    . "Content-Length: 20000\r\nX-Signature: " . ::mac_hex($body) . "\r\n\r\n"
    . substr($body, 0, 500), substr($body, 500, 8000), substr($body, 8500)
]
--- raw_request_middle_delay: 0.1
--- response_headers
X-Result: first
--- seen eval
['x' x 20000]



=== TEST 24: a wrong body in a later packet, into the temp file
--- more
        client_body_buffer_size 1k;
--- raw_request eval
my $body = 'x' x 20000;
[
    "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    . "Content-Length: 20000\r\nX-Signature: " . ::mac_hex($body) . "\r\n\r\n"
    . substr($body, 0, 500), substr($body, 500, 8000),
    substr($body, 8500, -1) . 'y'
]
--- raw_request_middle_delay: 0.1
--- error_code: 401
--- response_headers
X-Result: bad_signature
--- seen
--- redis_asked: nothing



=== TEST 25: a missing signature is refused without waiting for the body
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Content-Length: 100000\r\n\r\n"
--- error_code: 401
--- response_headers
X-Result: missing_signature
--- timeout: 2
--- seen
--- redis_asked: nothing



=== TEST 26: a malformed signature is refused without waiting for the body
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Content-Length: 100000\r\nX-Signature: nonsense\r\n\r\n"
--- error_code: 401
--- response_headers
X-Result: malformed_signature
--- timeout: 2
--- seen
--- redis_asked: nothing



=== TEST 27: a missing signature, a chunked body that never comes
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\n\r\n"
--- error_code: 401
--- response_headers
X-Result: missing_signature
--- timeout: 2
--- seen
--- redis_asked: nothing



=== TEST 28: a body larger than client_max_body_size is nginx's 413
--- more
        client_max_body_size 1k;
--- deliveries eval
[
    { body => 'x' x 1025, expect => '413' },
    { body => 'x' x 1024, expect => '200 first' },
]
--- seen eval
['x' x 1024]
--- logged
client intended to send too large body



=== TEST 29: too large, and Redis is not asked
--- more
        client_max_body_size 1k;
--- deliveries eval
[
    { body => 'x' x 5000, expect => '413' },
]
--- seen
--- redis_asked: nothing
--- logged
client intended to send too large body



=== TEST 30: a chunked body that grows too large is 413
--- more
        client_max_body_size 1k;
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex('x' x 2000)
. "\r\n\r\n7d0\r\n" . 'x' x 2000 . "\r\n0\r\n\r\n"
--- error_code: 413
--- seen
--- redis_asked: nothing
--- error_log
client intended to send too large



=== TEST 31: a chunked body that grows too large late is 413
--- more
        client_max_body_size 1k;
--- raw_request eval
["POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
 . "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex('x' x 2000)
 . "\r\n\r\n64\r\n" . 'x' x 100 . "\r\n",
 "76c\r\n" . 'x' x 1900 . "\r\n0\r\n\r\n"]
--- raw_request_middle_delay: 0.2
--- error_code: 413
--- seen
--- redis_asked: nothing
--- error_log
client intended to send too large



=== TEST 32: a broken chunk is nginx's 400
--- http1: has chunks
--- raw_request eval
["POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
 . "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex('abc')
 . "\r\n\r\n3\r\nab", "c\r\nzz\r\n"]
--- raw_request_middle_delay: 0.1
--- error_code: 400
--- seen
--- redis_asked: nothing
--- error_log
client sent invalid chunked body



=== TEST 33: pipelined deliveries are each verified over their own bodies
--- pipelined_requests eval
["POST /hook\n{\"n\":1}", "POST /hook\n{\"n\":22}", "POST /hook\n{\"n\":1}",
 "POST /hook\n{\"n\":333}"]
--- more_headers eval
[map { "X-Signature: " . ::mac_hex($_) }
 '{"n":1}', '{"n":22}', '{"n":1}', '{"n":4}']
--- error_code eval
[200, 200, 200, 401]
--- response_headers eval
["X-Result: first", "X-Result: first", "X-Result: duplicate",
 "X-Result: bad_signature"]
--- seen
POST /hook {"n":1}
POST /hook {"n":22}



=== TEST 34: a refused delivery's body is not taken for the next request
--- pipelined_requests eval
["POST /hook\nGET /smuggled HTTP/1.1", "POST /hook\n{\"n\":2}"]
--- more_headers eval
["X-Nothing: 1", "X-Signature: " . ::mac_hex('{"n":2}')]
--- error_code eval
[401, 200]
--- seen
POST /hook {"n":2}



=== TEST 35: Content-Encoding: the bytes on the wire are what is signed
--- deliveries eval
[
    { body => "\x1f\x8b\x08\0rubbish", headers => ['Content-Encoding: gzip'],
      expect => '200 first' },
]
--- seen eval
["\x1f\x8b\x08\0rubbish"]
--- seen_header
Content-Encoding: gzip



=== TEST 36: one megabyte
--- deliveries eval
my $body = '{"n":"' . CORE::join('', map { chr(97 + $_ % 26) } 1 .. 1048576) . '"}';
[
    { body => $body, expect => '200 first' },
    { body => $body, expect => '200 duplicate' },
    { who => 'forged', body => $body, expect => '401 bad_signature' },
]
--- seen eval
['{"n":"' . CORE::join('', map { chr(97 + $_ % 26) } 1 .. 1048576) . '"}']



=== TEST 37: a body that only a static file waits for
--- config
    location /index.html {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        root                     html;
    }
--- deliveries
unsigned GET /index.html -> 401 missing_signature
good     GET /index.html -> 200 first It works
good     GET /index.html -> 200 duplicate Already processed
