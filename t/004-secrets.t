# Secrets: how they are written, where they come from, how they are rotated.

use lib 't/lib';
use WebhookVerify 'no_plan';

sign_with(header => 'X-Speeko-Signature');
run_tests();

__DATA__

=== TEST 1: a plain secret
--- gate
        webhook_verify        speeko;
        webhook_verify_secret "a secret with blanks";
--- sign eval
{ key => 'a secret with blanks' }
--- deliveries
good {"n":1} -> 200 first



=== TEST 2: encoding=utf8 is the default
--- gate
        webhook_verify        speeko;
        webhook_verify_secret 616263 encoding=utf8;
--- deliveries
good:616263 {"n":1} -> 200 first
good:abc    {"n":2} -> 401 bad_signature



=== TEST 3: encoding=hex
--- gate
        webhook_verify        speeko;
        webhook_verify_secret 616263 encoding=hex;
--- deliveries
good:abc    {"n":1} -> 200 first
good:616263 {"n":2} -> 401 bad_signature



=== TEST 4: encoding=hex, all the bytes, in both cases
--- gate
        webhook_verify        speeko;
        webhook_verify_secret 000aFFfe807f encoding=hex;
--- sign eval
{ key => "\0\x0a\xff\xfe\x80\x7f" }
--- deliveries
good {"n":1} -> 200 first



=== TEST 5: encoding=base64
--- gate
        webhook_verify        speeko;
        webhook_verify_secret YWJj encoding=base64;
--- deliveries
good:abc  {"n":1} -> 200 first
good:YWJj {"n":2} -> 401 bad_signature



=== TEST 6: encoding=base64 with padding
--- gate
        webhook_verify        speeko;
        webhook_verify_secret "YWJjZA==" encoding=base64;
--- deliveries
good:abcd {"n":1} -> 200 first



=== TEST 7: encoding=base64 without padding
--- gate
        webhook_verify        speeko;
        webhook_verify_secret YWJjZA encoding=base64;
--- deliveries
good:abcd {"n":1} -> 200 first



=== TEST 8: encoding=whsec with its prefix
--- gate
        webhook_verify        speeko;
        webhook_verify_secret whsec_YWJjZGU= encoding=whsec;
--- deliveries
good:abcde {"n":1} -> 200 first



=== TEST 9: encoding=whsec without its prefix
--- gate
        webhook_verify        speeko;
        webhook_verify_secret YWJjZGU= encoding=whsec;
--- deliveries
good:abcde {"n":1} -> 200 first



=== TEST 10: a whsec text without the encoding is plain text
--- gate
        webhook_verify        speeko;
        webhook_verify_secret whsec_YWJjZGU=;
--- deliveries
good:whsec_YWJjZGU= {"n":1} -> 200 first
good:abcde          {"n":2} -> 401 bad_signature



=== TEST 11: a secret of one byte
--- gate
        webhook_verify        speeko;
        webhook_verify_secret k;
--- deliveries
good:k {"n":1} -> 200 first



=== TEST 12: a secret longer than the block of the hash
--- gate eval
"        webhook_verify        speeko;
        webhook_verify_secret " . 'k' x 200 . ';'
--- sign eval
{ key => 'k' x 200 }
--- deliveries
good   {"n":1} -> 200 first
good:k {"n":2} -> 401 bad_signature



=== TEST 13: a secret beyond ASCII
--- gate eval
"        webhook_verify        speeko;
        webhook_verify_secret \"schl\xc3\xbcssel\";"
--- sign eval
{ key => "schl\xc3\xbcssel" }
--- deliveries
good {"n":1} -> 200 first



=== TEST 14: any of several secrets may match, and one sees which
--- gate
        webhook_verify        speeko;
        webhook_verify_secret new;
        webhook_verify_secret old;
        webhook_verify_secret 6f6c646573740a encoding=hex;
--- deliveries eval
[
    'good:new {"n":1} -> 200 first',
    'good:old {"n":2} -> 200 first',
    { who => 'good', key => "oldest\n", body => '{"n":3}', expect => '200 first' },
    'good:other {"n":4} -> 401 bad_signature',
]
--- response_headers eval
["X-Index: 1", "X-Index: 2", "X-Index: 3", "!X-Index"]



=== TEST 15: the same event under two secrets is one event
--- gate
        webhook_verify        speeko;
        webhook_verify_secret new;
        webhook_verify_secret old;
--- deliveries
good:old {"job_id":1} -> 200 first
good:new {"job_id":1} -> 200 duplicate



=== TEST 16: a secret file, one a line
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files
>>> keys
first
second
--- deliveries
good:first  {"n":1} -> 200 first
good:second {"n":2} -> 200 first
good:third  {"n":3} -> 401 bad_signature
--- response_headers eval
["X-Index: 1", "X-Index: 2", "!X-Index"]



=== TEST 17: blank lines and line ends of a secret file do not count
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files eval
">>> keys\n\n\r\nfirst\r\n\n\nsecond\r\n\nthird"
--- deliveries
good:first  {"n":1} -> 200 first
good:second {"n":2} -> 200 first
good:third  {"n":3} -> 200 first
--- response_headers eval
["X-Index: 1", "X-Index: 2", "X-Index: 3"]



=== TEST 18: only LF and CR are stripped from a line
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files eval
">>> keys\n \tkey \t\r\n"
--- deliveries eval
[
    { key => " \tkey \t", body => '{"n":1}', expect => '200 first' },
    { key => "key", body => '{"n":2}', expect => '401 bad_signature' },
]



=== TEST 19: a line of blanks is a secret of blanks
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files eval
">>> keys\n  \n"
--- deliveries eval
[
    { key => "  ", body => '{"n":1}', expect => '200 first' },
]



=== TEST 20: no variables, quotes or comments in a secret file
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files eval
'>>> keys
#$host"\';'
--- deliveries eval
[
    { key => '#$host"\';', body => '{"n":1}', expect => '200 first' },
]



=== TEST 21: encoding= of a secret file
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys encoding=whsec;
--- user_files
>>> keys
whsec_YWJj
ZGVm
--- deliveries
good:abc {"n":1} -> 200 first
good:def {"n":2} -> 200 first



=== TEST 22: a long line and no line end
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
--- user_files eval
">>> keys\n" . 'k' x 3000
--- sign eval
{ key => 'k' x 3000 }
--- deliveries
good {"n":1} -> 200 first



=== TEST 23: files and secrets mix in the order in which they appear
--- gate
        webhook_verify             speeko;
        webhook_verify_secret      one;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
        webhook_verify_secret      four;
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/more;
--- user_files
>>> keys
two
three
>>> more
five
--- deliveries
good:one   {"n":1} -> 200 first
good:two   {"n":2} -> 200 first
good:three {"n":3} -> 200 first
good:four  {"n":4} -> 200 first
good:five  {"n":5} -> 200 first
--- response_headers eval
["X-Index: 1", "X-Index: 2", "X-Index: 3", "X-Index: 4", "X-Index: 5"]



=== TEST 24: a file of a location replaces the secret of its server
--- config
    webhook_verify        speeko;
    webhook_verify_secret outer;

    location /hook {
        webhook_verify_secret_file $TEST_NGINX_SERVER_ROOT/html/keys;
        proxy_pass http://app;
    }
--- user_files
>>> keys
inner
--- deliveries
good:inner {"n":1} -> 200 first
good:outer {"n":2} -> 401 bad_signature



=== TEST 25: a relative name stands beside nginx.conf
--- gate
        webhook_verify             speeko;
        webhook_verify_secret_file webhook-keys;
--- user_files
>>> ../conf/webhook-keys
beside
--- deliveries
good:beside {"n":1} -> 200 first



=== TEST 26: a secret from a variable
--- http_config
    map $arg_tenant $tenant_secret {
        a       key-of-a;
        b       key-of-b;
        default "";
    }
--- gate
        webhook_verify        speeko;
        webhook_verify_secret $tenant_secret;
        webhook_verify_scope  $arg_tenant;
--- deliveries
good:key-of-a /hook?tenant=a {"n":1} -> 200 first
good:key-of-b /hook?tenant=b {"n":1} -> 200 first
good:key-of-a /hook?tenant=b {"n":2} -> 401 bad_signature
good:key-of-a /hook?tenant=c {"n":3} -> 401 no_secret
--- seen
POST /hook?tenant=a {"n":1}
POST /hook?tenant=b {"n":1}



=== TEST 27: an empty secret from a variable never matches
--- http_config
    map $uri $no_key {
        default "";
    }
--- gate
        webhook_verify        speeko;
        webhook_verify_secret $no_key;
--- deliveries eval
[
    { key => '', body => '{"n":1}', expect => '401 no_secret' },
    'unsigned {"n":2} -> 401 missing_signature',
    'sig(abc) {"n":3} -> 401 malformed_signature',
]
--- seen



=== TEST 28: beside an empty one a real secret still counts
--- http_config
    map $uri $no_key {
        default "";
    }
--- gate
        webhook_verify        speeko;
        webhook_verify_secret $no_key;
        webhook_verify_secret real;
--- deliveries eval
[
    'good:real {"n":1} -> 200 first',
    { key => '', body => '{"n":2}', expect => '401' },
]
--- seen
POST /hook {"n":1}



=== TEST 29: the encoding of a secret from a variable
--- http_config
    map $arg_key $key {
        good    616263;
        bad     61626;
        default "";
    }
--- gate
        webhook_verify        speeko;
        webhook_verify_secret $key encoding=hex;
--- deliveries
good:abc    /hook?key=good {"n":1} -> 200 first
good:616263 /hook?key=good {"n":2} -> 401 bad_signature
good:61626  /hook?key=bad  {"n":3} -> 401
good:ab     /hook?key=bad  {"n":4} -> 401
--- seen
POST /hook?key=good {"n":1}



=== TEST 30: a secret from several variables
--- gate
        webhook_verify        speeko;
        webhook_verify_secret "$arg_a-$arg_b";
--- deliveries
good:x-y /hook?a=x&b=y {"n":1} -> 200 first
good:x-y /hook?a=x&b=z {"n":2} -> 401 bad_signature



=== TEST 31: neither secret nor right signature is ever logged or sent
--- log_level: debug
--- gate
        webhook_verify        speeko;
        webhook_verify_secret topsecretkey;
--- deliveries eval
my $right = ::mac_hex('{"n":2}', key => 'topsecretkey');
[
    'good:topsecretkey   {"n":1} -> 200 first',
    'forged:topsecretkey {"n":2} -> 401 bad_signature',
    'sig(12)             {"n":3} -> 401 malformed_signature',
    'unsigned            {"n":4} -> 401 missing_signature',
]
--- not_logged eval
"topsecretkey\n" . ::mac_hex('{"n":2}', key => 'topsecretkey')



=== TEST 32: all refusals look the same from outside
--- gate
        webhook_verify        speeko;
        webhook_verify_secret secret;
        add_header            X-Result "";
--- deliveries
unsigned {"n":1} -> 401
forged   {"n":1} -> 401
sig(abc) {"n":1} -> 401
--- response_body_like eval
["401 Authorization Required", "401 Authorization Required",
 "401 Authorization Required"]
--- response_headers eval
["!X-Result", "!X-Result", "!X-Result"]
