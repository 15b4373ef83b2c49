# Bodies that nginx refuses while the gate waits for them: the error page is
# shown, also where it stands in the protected server, and nothing hangs.

use lib 't/lib';
use WebhookVerify 'no_plan';

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('config', <<'_EOC_');
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;
    error_page               413 400 /refused;

    location /hook {
        client_max_body_size 10;
        proxy_pass           http://app;
    }

    location = /refused {
        internal;
        default_type text/plain;
        alias        $TEST_NGINX_SERVER_ROOT/html/refused;
    }
_EOC_

    $block->set_value('user_files', ">>> refused\nrefused by a page\n");
});

run_tests();

__DATA__

=== TEST 1: a chunked body that outgrows the limit in a later packet
--- raw_request eval
["POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r
X-Signature: " . ("0" x 64) . "\r\nTransfer-Encoding: chunked\r\n\r\n",
 "20\r\n" . ("a" x 32) . "\r\n0\r\n\r\n"]
--- raw_request_middle_delay: 0.2
--- error_code: 413
--- response_body
refused by a page
--- error_log
client intended to send too large
--- logged
client intended to send too large
--- seen



=== TEST 2: the same in one packet
--- raw_request eval
"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r
X-Signature: " . ("0" x 64) . "\r\nTransfer-Encoding: chunked\r\n\r
20\r\n" . ("a" x 32) . "\r\n0\r\n\r\n"
--- error_code: 413
--- response_body
refused by a page
--- logged
client intended to send too large
--- seen



=== TEST 3: a chunked body that is none, in a later packet
--- http1: has chunks
--- raw_request eval
["POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r
X-Signature: " . ("0" x 64) . "\r\nTransfer-Encoding: chunked\r\n\r\n",
 "no chunk\r\n"]
--- raw_request_middle_delay: 0.2
--- error_code: 400
--- response_body
refused by a page
--- logged
client sent invalid chunked body
--- seen
