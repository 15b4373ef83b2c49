# A wrong configuration does not start; the sentence names the directive and
# quotes the value.

use lib 't/lib';
use WebhookVerify 'no_plan';

add_block_preprocessor(sub {
    my $block = shift;

    # --- wrong: directives in a location whose gate is otherwise right

    return unless defined $block->wrong;

    $block->set_value('gate', <<'_EOC_' . $block->wrong);
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
_EOC_
});

run_tests();

__DATA__

=== TEST 1: an unknown provider
--- gate
        webhook_verify        nosuch;
        webhook_verify_secret secret;
--- dies
webhook_verify
"nosuch"



=== TEST 2: webhook_verify without a word
--- gate
        webhook_verify;
--- dies
"webhook_verify"



=== TEST 3: webhook_verify with two words
--- gate
        webhook_verify hmac speeko;
--- dies
"webhook_verify"



=== TEST 4: webhook_verify twice
--- gate
        webhook_verify hmac;
        webhook_verify speeko;
--- dies
"webhook_verify" directive is duplicate



=== TEST 5: webhook_verify in "if"
--- config
    location /hook {
        if ($arg_a) {
            webhook_verify off;
        }
    }
--- dies
"webhook_verify" directive is not allowed here



=== TEST 6: webhook_verify outside of http
--- main_config
    webhook_verify off;
--- config
--- dies
"webhook_verify" directive is not allowed here



=== TEST 7: a gate without a secret
--- gate
        webhook_verify           hmac;
        webhook_verify_signature $http_x_signature;
--- dies
webhook_verify_secret



=== TEST 8: a preset without a secret
--- gate
        webhook_verify speeko;
--- dies
webhook_verify_secret



=== TEST 9: a gate inherited by a location without a secret
--- config
    webhook_verify speeko;

    location /hook {
        proxy_pass http://app;
    }
--- dies
webhook_verify_secret



=== TEST 10: hmac without a signature
--- gate
        webhook_verify        hmac;
        webhook_verify_secret secret;
--- dies
webhook_verify_signature



=== TEST 11: speaknode without its header, and why
--- gate
        webhook_verify        speaknode;
        webhook_verify_secret secret;
--- dies
webhook_verify_signature
speaknode



=== TEST 12: an empty secret
--- gate
        webhook_verify        speeko;
        webhook_verify_secret "";
--- dies
webhook_verify_secret



=== TEST 13: a whsec secret with nothing behind its prefix
--- gate
        webhook_verify        speeko;
        webhook_verify_secret whsec_ encoding=whsec;
--- dies
webhook_verify_secret



=== TEST 14: a hex secret with a letter that is no digit
--- gate
        webhook_verify        speeko;
        webhook_verify_secret 00zz11 encoding=hex;
--- dies
webhook_verify_secret
--- dies_without
00zz11



=== TEST 15: a hex secret with half a byte
--- gate
        webhook_verify        speeko;
        webhook_verify_secret abcde encoding=hex;
--- dies
webhook_verify_secret
--- dies_without
abcde



=== TEST 16: a base64 secret that is none
--- gate
        webhook_verify        speeko;
        webhook_verify_secret "not*base64" encoding=base64;
--- dies
webhook_verify_secret
--- dies_without
not*base64



=== TEST 17: a base64 secret of an impossible length
--- gate
        webhook_verify        speeko;
        webhook_verify_secret "abcde" encoding=base64;
--- dies
webhook_verify_secret



=== TEST 18: a whsec secret that is no base64
--- gate
        webhook_verify        speeko;
        webhook_verify_secret "whsec_!!!!" encoding=whsec;
--- dies
webhook_verify_secret



=== TEST 19: an unknown encoding of a secret
--- gate
        webhook_verify        speeko;
        webhook_verify_secret secret encoding=rot13;
--- dies
webhook_verify_secret
rot13



=== TEST 20: an unknown parameter of a secret (or a secret's second word, so it is not quoted)
--- gate
        webhook_verify        speeko;
        webhook_verify_secret secret colour=red;
--- dies
webhook_verify_secret
encoding=
--- dies_without
colour=red



=== TEST 21: webhook_verify_secret without a value
--- gate
        webhook_verify        speeko;
        webhook_verify_secret;
--- dies
"webhook_verify_secret"



=== TEST 22: a variable that does not exist
--- gate
        webhook_verify        speeko;
        webhook_verify_secret $nosuch_variable;
--- dies
nosuch_variable



=== TEST 23: a secret file that does not exist
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file nosuch-file;
--- dies
nosuch-file



=== TEST 24: an empty secret file
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files
>>> keys
--- dies
webhook_verify_secret_file
html/keys



=== TEST 25: a secret file with blank lines only
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files eval
">>> keys\n\n\r\n\n"
--- dies
webhook_verify_secret_file
html/keys



=== TEST 26: a secret file with a line that cannot be decoded
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys encoding=hex;
--- user_files
>>> keys
00112233
thisisnohex
--- dies
webhook_verify_secret_file
html/keys
--- dies_without
thisisnohex



=== TEST 27: an unknown encoding of a secret file
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys encoding=rot13;
--- user_files
>>> keys
secret
--- dies
webhook_verify_secret_file
rot13



=== TEST 28: a folder for a secret file
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html;
--- dies eval
[qr{\[(?:emerg|crit)\].*/html\b}]



=== TEST 29: an unknown algorithm
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature algorithm=md5;
--- dies
webhook_verify_signature
md5



=== TEST 30: an unknown encoding of the signature
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature encoding=base32;
--- dies
webhook_verify_signature
base32



=== TEST 31: an unknown parameter of the signature
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature length=10;
--- dies
webhook_verify_signature
length=10



=== TEST 32: webhook_verify_signature without a value
--- gate
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature;
--- dies
"webhook_verify_signature"



=== TEST 33: webhook_verify_signature twice
--- wrong
        webhook_verify_signature $http_x_other;
--- dies
"webhook_verify_signature" directive is duplicate



=== TEST 34: webhook_verify_id without a part
--- wrong
        webhook_verify_id;
--- dies
"webhook_verify_id"



=== TEST 35: a pointer with a bare tilde
--- wrong
        webhook_verify_id /a~2b;
--- dies
webhook_verify_id
/a~2b



=== TEST 36: a pointer that ends in a tilde
--- wrong
        webhook_verify_id /job_id /a~;
--- dies
webhook_verify_id
/a~



=== TEST 37: webhook_verify_scope twice
--- wrong
        webhook_verify_scope a;
        webhook_verify_scope b;
--- dies
"webhook_verify_scope" directive is duplicate



=== TEST 38: webhook_verify_scope without a value
--- wrong
        webhook_verify_scope;
--- dies
"webhook_verify_scope"



=== TEST 39: a store of another kind
--- wrong
        webhook_verify_store mysql://127.0.0.1;
--- dies
webhook_verify_store
mysql://127.0.0.1



=== TEST 40: a store that is only a word
--- wrong
        webhook_verify_store memory;
--- dies
webhook_verify_store
memory



=== TEST 41: webhook_verify_store twice
--- wrong
        webhook_verify_store off;
        webhook_verify_store zone=a:1m;
--- dies
"webhook_verify_store" directive is duplicate



=== TEST 42: a zone without a name
--- wrong
        webhook_verify_store zone=:1m;
--- dies
webhook_verify_store
zone=:1m



=== TEST 43: a zone with a size that is none
--- wrong
        webhook_verify_store zone=events:big;
--- dies
webhook_verify_store
zone=events:big



=== TEST 44: a zone that is too small
--- wrong
        webhook_verify_store zone=events:1k;
--- dies
webhook_verify_store
events



=== TEST 45: a zone that nobody declares
--- wrong
        webhook_verify_store zone=elsewhere;
--- dies
elsewhere



=== TEST 46: a zone declared with two sizes
--- config
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature $http_x_signature;

    location /hook {
        webhook_verify_store zone=events:1m;
    }

    location /other {
        webhook_verify_store zone=events:2m;
    }
--- dies
events



=== TEST 47: a zone of another module
--- http_config
    limit_req_zone $binary_remote_addr zone=events:1m rate=1r/s;
--- wrong
        webhook_verify_store zone=events:1m;
--- dies
events



=== TEST 48: a Redis without a host
--- wrong
        webhook_verify_store redis://;
--- dies
webhook_verify_store
redis://



=== TEST 49: a Redis with a port but without a host
--- wrong
        webhook_verify_store redis://:6379;
--- dies
webhook_verify_store
:6379



=== TEST 50: a port beyond 65535
--- wrong
        webhook_verify_store redis://127.0.0.1:65536;
--- dies
webhook_verify_store
127.0.0.1:65536



=== TEST 51: a port that is a word
--- wrong
        webhook_verify_store redis://127.0.0.1:redis;
--- dies
webhook_verify_store
127.0.0.1:



=== TEST 52: a database that is a word
--- wrong
        webhook_verify_store redis://127.0.0.1:6379/first;
--- dies
webhook_verify_store
127.0.0.1:6379/first



=== TEST 53: a negative database
--- wrong
        webhook_verify_store redis://127.0.0.1:6379/-1;
--- dies
webhook_verify_store
127.0.0.1:6379/-1



=== TEST 54: a unix socket without a path
--- wrong
        webhook_verify_store unix:;
--- dies
webhook_verify_store
unix:



=== TEST 55: a unix socket with a database that is a word
--- wrong
        webhook_verify_store unix:/tmp/r.sock?db=first;
--- dies
webhook_verify_store
unix:/tmp/r.sock?db=first



=== TEST 56: the password of a wrong URL is not printed
--- wrong
        webhook_verify_store redis://user:hunter2@127.0.0.1:bad;
--- dies
webhook_verify_store
--- dies_without
hunter2



=== TEST 57: webhook_verify_store without a value
--- wrong
        webhook_verify_store;
--- dies
"webhook_verify_store"



=== TEST 58: a store timeout of 0
--- wrong
        webhook_verify_store_timeout 0;
--- dies
webhook_verify_store_timeout
"0"



=== TEST 59: a store timeout of 0ms
--- wrong
        webhook_verify_store_timeout 0ms;
--- dies
webhook_verify_store_timeout



=== TEST 60: a store timeout that is none
--- wrong
        webhook_verify_store_timeout soon;
--- dies
webhook_verify_store_timeout



=== TEST 61: webhook_verify_store_timeout twice
--- wrong
        webhook_verify_store_timeout 1s;
        webhook_verify_store_timeout 2s;
--- dies
"webhook_verify_store_timeout" directive is duplicate



=== TEST 62: webhook_verify_store_error with another word
--- wrong
        webhook_verify_store_error maybe;
--- dies
"maybe"



=== TEST 63: a window of 0
--- wrong
        webhook_verify_window 0;
--- dies
webhook_verify_window
"0"



=== TEST 64: a window that is none
--- wrong
        webhook_verify_window forever;
--- dies
webhook_verify_window



=== TEST 65: a negative window
--- wrong
        webhook_verify_window -1s;
--- dies
webhook_verify_window



=== TEST 66: a lease of 0
--- wrong
        webhook_verify_lease 0;
--- dies
webhook_verify_lease
"0"



=== TEST 67: a lease of 0s
--- wrong
        webhook_verify_lease 0s;
--- dies
webhook_verify_lease



=== TEST 68: a lease that is none
--- wrong
        webhook_verify_lease long;
--- dies
webhook_verify_lease



=== TEST 69: a Retry-After that is none
--- wrong
        webhook_verify_retry_after later;
--- dies
webhook_verify_retry_after



=== TEST 70: webhook_verify_duplicate_status 199
--- wrong
        webhook_verify_duplicate_status 199;
--- dies
webhook_verify_duplicate_status
"199"



=== TEST 71: webhook_verify_duplicate_status 300
--- wrong
        webhook_verify_duplicate_status 300;
--- dies
webhook_verify_duplicate_status
"300"



=== TEST 72: webhook_verify_duplicate_status 500
--- wrong
        webhook_verify_duplicate_status 500;
--- dies
webhook_verify_duplicate_status
"500"



=== TEST 73: webhook_verify_duplicate_status 410
--- wrong
        webhook_verify_duplicate_status 410;
--- dies
webhook_verify_duplicate_status
"410"



=== TEST 74: webhook_verify_duplicate_status that is a word
--- wrong
        webhook_verify_duplicate_status ok;
--- dies
webhook_verify_duplicate_status
"ok"



=== TEST 75: webhook_verify_in_flight_status 200 would lose events
--- wrong
        webhook_verify_in_flight_status 200;
--- dies
webhook_verify_in_flight_status
"200"



=== TEST 76: webhook_verify_in_flight_status 500
--- wrong
        webhook_verify_in_flight_status 500;
--- dies
webhook_verify_in_flight_status
"500"



=== TEST 77: webhook_verify_in_flight_status that is a word
--- wrong
        webhook_verify_in_flight_status busy;
--- dies
webhook_verify_in_flight_status
"busy"



=== TEST 78: satisfy any together with the gate
--- wrong
        satisfy any;
--- dies
satisfy any
webhook_verify



=== TEST 79: satisfy any of the server, the gate in a location
--- config
    satisfy any;

    location /hook {
        webhook_verify        speeko;
        webhook_verify_secret secret;
    }
--- dies
satisfy any



=== TEST 80: satisfy any in a location, the gate of its server
--- config
    webhook_verify        speeko;
    webhook_verify_secret secret;

    location /hook {
        satisfy any;
    }
--- dies
satisfy any



=== TEST 81: satisfy any where the gate is off is nobody's business
--- config
    webhook_verify        speeko;
    webhook_verify_secret secret;

    location /hook {
        satisfy        any;
        webhook_verify off;
        proxy_pass     http://app;
    }
--- deliveries
unsigned {"n":1} -> 200 - accepted



=== TEST 82: satisfy all is welcome
--- config
    satisfy               all;
    webhook_verify        speeko;
    webhook_verify_secret secret;

    location /hook {
        proxy_pass http://app;
    }
--- deliveries
unsigned {"n":1} -> 401 missing_signature
--- seen



=== TEST 83: directives alone do not switch the gate on
--- config
    webhook_verify_secret secret;
    webhook_verify_id     /job_id;

    location /hook {
        proxy_pass http://app;
    }
--- deliveries
unsigned {"n":1} -> 200 - accepted
