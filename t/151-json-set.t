# webhook_verify_json_set: variables from a verified body.

use lib 't/lib';
use WebhookVerify 'no_plan';

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') unless defined $block->http_config;
    webhook_verify_json_set $event /event;
    webhook_verify_json_set $first /items/0/id;

    map $event $kind {
        ""      none;
        default "kind-$event";
    }
_EOC_

    $block->set_value('gate', <<'_EOC_') unless defined $block->gate;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
        proxy_set_header         X-Event "[$event]";
        proxy_set_header         X-First "[$first]";
        proxy_set_header         X-Kind  "[$kind]";
_EOC_
});

run_tests();

__DATA__

=== TEST 1: scalars, by name and by index, and through a map
--- deliveries
good {"items":[{"id":"a\u00e9"},{"id":"b"}],"event":"done"} -> 200 first
--- seen_header
X-Event: [done]
X-First: [aé]
X-Kind: [kind-done]



=== TEST 2: numbers and booleans are their text
--- deliveries
good {"event":true,"items":[{"id":-1.50e3}]} -> 200 first
--- seen_header
X-Event: [true]
X-First: [-1.50e3]



=== TEST 3: objects, arrays, null and what is not there are empty
--- deliveries
good {"event":{"a":1},"items":[{"id":null}]} -> 200 first
--- seen_header
X-Event: []
X-First: []
X-Kind: [none]



=== TEST 4: a body that is no JSON
--- deliveries
good event=done -> 200 first
--- seen_header
X-Event: []
X-First: []



=== TEST 5: a value that would end a header is empty
--- deliveries
good {"event":"a\r\nX-Admin: 1","items":[{"id":"b\u0000"}]} -> 200 first
--- seen_header
X-Event: []
X-First: []



=== TEST 6: before the delivery is verified it is empty
--- gate
        set                      $early "[$event]";
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
        proxy_set_header         X-Early $early;
        proxy_set_header         X-Event "[$event]";
--- deliveries
good {"event":"done"} -> 200 first
--- seen_header
X-Early: []
X-Event: [done]



=== TEST 7: a body in a temporary file
--- gate
        client_body_in_file_only on;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_store     off;
        proxy_set_header         X-Event "[$event]";
--- deliveries
good {"event":"done"} -> 200 first
--- seen_header
X-Event: [done]



=== TEST 8: no pointer
--- http_config
    webhook_verify_json_set $event event;
--- dies
webhook_verify_json_set
"event"



=== TEST 9: no variable
--- http_config
    webhook_verify_json_set event /event;
--- dies
webhook_verify_json_set
"event"



=== TEST 10: a variable that has a value already
--- http_config
    webhook_verify_json_set $uri /event;
--- dies
"uri"
