# Handshakes that a provider demands before it delivers: answered without the
# application, and no way to have anything signed or sent back.

use lib 't/lib';
use WebhookVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: Slack: the challenge of a signed url_verification comes back
--- gate
        webhook_verify           slack;
        webhook_verify_secret    secret;
        webhook_verify_signed    $request_body;
        webhook_verify_timestamp $http_x_time tolerance=off;
        webhook_verify_challenge on;
--- sign: header=X-Slack-Signature prefix=v0=
--- deliveries
good +X-Time:1   {"type":"url_verification","challenge":"3eZb-rw1a.Bm2"} -> 200 3eZb-rw1a.Bm2
good +X-Time:1   {"type":"url_verification","challenge":"3eZb-rw1a.Bm2"} -> 200 3eZb-rw1a.Bm2
forged +X-Time:1 {"type":"url_verification","challenge":"3eZb-rw1a.Bm2"} -> 401 bad_signature
--- seen



=== TEST 2: Slack: an event is no handshake, nor is a challenge that is no token
--- gate
        webhook_verify           slack;
        webhook_verify_secret    secret;
        webhook_verify_signed    $request_body;
        webhook_verify_timestamp $http_x_time tolerance=off;
        webhook_verify_challenge on;
--- sign: header=X-Slack-Signature prefix=v0=
--- deliveries
good +X-Time:1 {"type":"event_callback","event_id":"Ev1"}                -> 200 first id=Ev1
good +X-Time:1 {"type":"url_verification","challenge":"<b>"}             -> 200 first
--- seen_uris
POST /hook
POST /hook



=== TEST 3: without the directive a handshake is the application's business
--- gate
        webhook_verify           slack;
        webhook_verify_secret    secret;
        webhook_verify_signed    $request_body;
        webhook_verify_timestamp $http_x_time tolerance=off;
--- sign: header=X-Slack-Signature prefix=v0=
--- deliveries
good +X-Time:1 {"type":"url_verification","challenge":"3eZb-rw1a.Bm2"} -> 200 first
--- seen_uris
POST /hook



=== TEST 4: Zoom: the plain token of a signed request comes back, and its HMAC
--- gate
        webhook_verify           zoom;
        webhook_verify_secret    secret;
        webhook_verify_signed    $request_body;
        webhook_verify_timestamp $http_x_time tolerance=off;
        webhook_verify_challenge on;
--- sign: header=X-Zm-Signature prefix=v0=
--- deliveries
good +X-Time:1 {"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}} -> 200 {"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"72cef096bfd47c0b8664df30d07721641e4abd7e885ba432204260db477a9a3e"}
forged +X-Time:1 {"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}} -> 401 bad_signature
--- seen



=== TEST 5: Meta: the challenge comes back to who knows the verify token
--- gate
        webhook_verify           meta;
        webhook_verify_secret    secret;
        webhook_verify_challenge on token=mytoken;
--- deliveries
unsigned GET /hook?hub.mode=subscribe&hub.verify_token=mytoken&hub.challenge=1158-201444 -> 200 1158-201444
unsigned GET /hook?hub.mode=subscribe&hub.verify_token=MYTOKEN&hub.challenge=1158-201444 -> 401 missing_signature
unsigned GET /hook?hub.mode=subscribe&hub.challenge=1158-201444                          -> 401 missing_signature
unsigned GET /hook?hub.mode=unsubscribe&hub.verify_token=mytoken&hub.challenge=1        -> 401 missing_signature
unsigned GET /hook?hub.mode=subscribe&hub.verify_token=mytoken&hub.challenge=%3Cb%3E    -> 401 missing_signature
unsigned GET /hook?hub.mode=subscribe&hub.verify_token=mytoken                          -> 401 missing_signature
unsigned POST /hook?hub.mode=subscribe&hub.verify_token=mytoken&hub.challenge=1158-201444 -> 401 missing_signature
--- seen



=== TEST 6: Meta: the token can be percent-encoded, and come from a variable
--- http_config
    map $arg_app $app_token { a "to/ken+=1"; default ""; }
--- gate
        webhook_verify           meta;
        webhook_verify_secret    secret;
        webhook_verify_challenge on token=$app_token;
--- deliveries
unsigned GET /hook?app=a&hub.mode=subscribe&hub.verify_token=to%2Fken%2B%3D1&hub.challenge=7-7 -> 200 7-7
unsigned GET /hook?app=b&hub.mode=subscribe&hub.verify_token=&hub.challenge=7-7              -> 401 missing_signature
--- seen



=== TEST 7: Dropbox: the challenge comes back as text that no browser sniffs
--- gate
        webhook_verify           dropbox;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- request
GET /hook?challenge=a-b_c.1
--- response_headers
Content-Type: text/plain
X-Content-Type-Options: nosniff
--- response_body chomp
a-b_c.1



=== TEST 8: Dropbox: a page is not sent back
--- gate
        webhook_verify           dropbox;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- deliveries
unsigned GET /hook?challenge=%3Cscript%3E -> 401 missing_signature
unsigned GET /hook?challenge=a%0d%0aX:1   -> 401 missing_signature
unsigned GET /hook                        -> 401 missing_signature
--- seen



=== TEST 9: X: the token comes back signed
--- gate
        webhook_verify           x;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- deliveries
unsigned GET /hook?crc_token=challenge_string -> 200 {"response_token":"sha256=KVLX9CEwUdVdeJfmJAnltj/knkdCqwZJlA1u97xbErw="}
--- seen



=== TEST 10: X: no event can be had signed that way
--- gate
        webhook_verify           x;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- deliveries
unsigned GET /hook?crc_token=%7B%22a%22%3A1%7D -> 401 missing_signature
unsigned GET /hook?crc_token=%5B1%5D           -> 401 missing_signature
--- seen



=== TEST 11: a preset without a handshake
--- gate
        webhook_verify           github;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- dies
webhook_verify_challenge
github



=== TEST 12: Meta's without a token
--- gate
        webhook_verify           meta;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- dies
webhook_verify_challenge
token=



=== TEST 13: neither on nor off
--- gate
        webhook_verify           slack;
        webhook_verify_secret    secret;
        webhook_verify_challenge maybe;
--- dies
webhook_verify_challenge
"maybe"



=== TEST 14: a token is not logged
--- gate
        webhook_verify           meta;
        webhook_verify_secret    secret;
        webhook_verify_challenge on tokem=mytoken;
--- dies
webhook_verify_challenge
token=
--- dies_without
mytoken



=== TEST 15: X: what a challenge has signed is no delivery
--- gate
        webhook_verify           x;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- sign: header=X-Twitter-Webhooks-Signature prefix=sha256= encoding=base64
--- deliveries
good action=delete   -> 401 bad_signature
good true            -> 401 bad_signature
good {"action":true} -> 200 first
--- seen
POST /hook {"action":true}



=== TEST 16: Dropbox: nor is a NUL sent back
--- gate
        webhook_verify           dropbox;
        webhook_verify_secret    secret;
        webhook_verify_challenge on;
--- deliveries
unsigned GET /hook?challenge=a%00%00b -> 401 missing_signature
--- seen
