# Why was it refused? One line of the log with the reason, and a hint where the
# mistake is a classic one; the answer is the same in all cases.

use lib 't/lib';
use WebhookVerify 'no_plan';
use Time::HiRes ();

our $Now = int Time::HiRes::time();

sub ms { $Now * 1000 }

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->gate || defined $block->config;

    $block->set_value('gate', <<'_EOC_' . ($block->more // ''));
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a signature that is simply wrong
--- deliveries
forged {"n":"a"} -> 401 bad_signature
--- logged
webhook of "hmac" not passed on: bad_signature, 1 secret tried, client: 127.0.0.1
--- not_logged
it is right
secret"



=== TEST 2: how many secrets were tried
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    one;
        webhook_verify_secret    $http_x_secret;
        webhook_verify_secret    three;
        webhook_verify_signature $http_x_signature;
--- deliveries
good {"n":"a"} -> 401 bad_signature
good +X-Secret:two {"n":"a"} -> 401 bad_signature
--- logged
bad_signature, 2 secrets tried, client
bad_signature, 3 secrets tried, client



=== TEST 3: a proxy has put a newline to the end of the body
--- deliveries eval
[ { who => 'good', body => "{}\n", sig => WebhookVerify::Sign::signature('{}'),
    expect => '401 bad_signature' } ]
--- logged
bad_signature, 1 secret tried; it is right for the body with no newline at its end



=== TEST 4: a proxy has removed a newline, or CR and LF
--- deliveries eval
[ { who => 'good', body => "{}", expect => '401 bad_signature',
    sig => WebhookVerify::Sign::signature("{}\n") },
  { who => 'good', body => "{}", expect => '401 bad_signature',
    sig => WebhookVerify::Sign::signature("{}\r\n") } ]
--- logged
it is right for the body with a newline at its end
it is right for the body with CR and LF at its end



=== TEST 5: CR and LF became LF, and the other way round
--- deliveries eval
[ { who => 'good', body => "{}\n", expect => '401 bad_signature',
    sig => WebhookVerify::Sign::signature("{}\r\n") },
  { who => 'good', body => "{}\r\n", expect => '401 bad_signature',
    sig => WebhookVerify::Sign::signature("{}\n") } ]
--- logged
it is right for the body with CR and LF at its end
it is right for the body with a newline at its end



=== TEST 6: an empty body was signed
--- deliveries eval
[ { who => 'good', body => "{}", expect => '401 bad_signature',
    sig => WebhookVerify::Sign::signature('') } ]
--- logged
it is right for an empty body



=== TEST 7: a large body, and one in a file, are not hashed again for it
--- more
client_body_buffer_size 1k;
--- deliveries eval
[ { who => 'good', body => ('x' x 70000) . "\n", expect => '401 bad_signature',
    sig => WebhookVerify::Sign::signature('x' x 70000) },
  { who => 'good', body => ('x' x 7000) . "\n", expect => '401 bad_signature',
    sig => WebhookVerify::Sign::signature('x' x 7000) } ]
--- logged
bad_signature, 1 secret tried, client
--- not_logged
it is right



=== TEST 8: what is around the body is signed with it
--- more
webhook_verify_signed "v1:$http_x_time:$request_body:end";
--- deliveries eval
[ { who => 'good', body => "{}\n", headers => ['X-Time: 5'],
    sig => WebhookVerify::Sign::signature('v1:5:{}:end'),
    expect => '401 bad_signature' } ]
--- logged
it is right for the body with no newline at its end



=== TEST 9: base64 is sent where hex is configured
--- deliveries
sig({base64}) x -> 401 malformed_signature
--- logged
malformed_signature; it would be well-formed with "algorithm=sha256 encoding=base64" instead of "algorithm=sha256 encoding=hex", client



=== TEST 10: hex is sent where base64 is configured
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature encoding=base64;
        webhook_verify_store     off;
--- deliveries
sig({hex}) x -> 401 malformed_signature
--- logged
it would be well-formed with "algorithm=sha256 encoding=hex" instead of "algorithm=sha256 encoding=base64"



=== TEST 11: another algorithm
--- sign
algorithm=sha1
--- deliveries
sig({hex}) x -> 401 malformed_signature
--- logged
it would be well-formed with "algorithm=sha1 encoding=hex" instead of "algorithm=sha256 encoding=hex"



=== TEST 12: a prefix that does not come
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature prefix=sha256=;
        webhook_verify_store     off;
--- deliveries
sig({hex}) x -> 401 malformed_signature
--- logged
malformed_signature; it comes without the prefix "sha256="



=== TEST 13: a header that comes twice
--- deliveries
good +X-Signature:x x -> 401 malformed_signature
--- logged
malformed_signature; the header occurs more than once



=== TEST 14: nonsense has no hint
--- deliveries
sig(nonsense) x -> 401 malformed_signature
sig(zz) x -> 401 malformed_signature
--- logged
malformed_signature, client
--- not_logged
;



=== TEST 15: how old, and how far ahead
--- more
webhook_verify_timestamp $http_x_time;
--- deliveries eval
[ { who => 'good', body => 'x', headers => ['X-Time: ' . ($::Now - 100_000)],
    expect => '401 stale' },
  { who => 'good', body => 'x', headers => ['X-Time: ' . ($::Now + 500_000)],
    expect => '401 future' } ]
--- logged
stale, 100
 s ago, client
future, 499
 s ahead, client
--- not_logged
it would be



=== TEST 16: milliseconds are sent where seconds are configured
--- more
webhook_verify_timestamp $http_x_time;
--- deliveries eval
[ { who => 'good', body => 'x', headers => ['X-Time: ' . main::ms()],
    expect => '401 future' } ]
--- logged
 s ahead; it would be right with "unit=ms"



=== TEST 17: seconds are sent where milliseconds are configured
--- more
webhook_verify_timestamp $http_x_time unit=ms;
--- deliveries eval
[ { who => 'good', body => 'x', headers => ["X-Time: $::Now"],
    expect => '401 stale' } ]
--- logged
 s ago; it would be right with "unit=s"



=== TEST 18: RFC 3339 is sent where a number is configured, and back
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;

    location /hook {
        webhook_verify_timestamp $http_x_time;
    }

    location /hook/rfc {
        webhook_verify_timestamp $http_x_time unit=rfc3339;
    }
--- deliveries eval
[ { who => 'good', body => 'x', headers => ['X-Time: 2026-11-21T19:28:00Z'],
    expect => '401 malformed_timestamp' },
  { who => 'good', body => 'x', path => '/hook/rfc',
    headers => ["X-Time: $::Now"], expect => '401 malformed_timestamp' },
  { who => 'good', body => 'x', path => '/hook/rfc',
    headers => ['X-Time: ' . main::ms()],
    expect => '401 malformed_timestamp' } ]
--- logged
malformed_timestamp; it would be well-formed with "unit=rfc3339"
malformed_timestamp; it would be well-formed with "unit=s"
malformed_timestamp; it would be well-formed with "unit=ms"



=== TEST 19: a secret from a variable that ends with a blank
--- gate
        set $secret              "other ";
        webhook_verify           hmac;
        webhook_verify_secret    $secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
--- deliveries
good x -> 401 bad_signature
--- logged
1 secret tried; a secret begins or ends with a blank or newline
--- not_logged
other



=== TEST 20: a secret of the configuration that ends with a newline is warned of
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    "secret
";
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
--- deliveries
good x -> 401 bad_signature
--- logged
[warn]
a secret of "webhook_verify hmac" begins or ends with a blank or newline, which is taken for a part of it



=== TEST 21: so is one in base64
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    c2VjcmV0Cg== encoding=base64;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
--- deliveries
good x -> 401 bad_signature
--- logged
begins or ends with a blank or newline



=== TEST 22: random bytes that end so are nothing unusual
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    00ff200a encoding=hex;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
--- deliveries
good x -> 401 bad_signature
--- not_logged
[warn]



=== TEST 23: nothing of it is done, and nothing logged, above the level
--- gate
        error_log                logs/error.log notice;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
--- deliveries
forged x -> 401 bad_signature
--- not_logged
not passed on
