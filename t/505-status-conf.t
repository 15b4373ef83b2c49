# Wrong configurations of the status, and what each error says.

use lib 't/lib';
use WebhookVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: a format that there is not
--- config
    location /status { webhook_verify_status xml; }
--- dies
invalid parameter "xml" in "webhook_verify_status", it takes "json", "prometheus" or "html", and "forget"



=== TEST 2: two formats
--- config
    location /status { webhook_verify_status json html; }
--- dies
invalid parameter "html" in "webhook_verify_status"



=== TEST 3: twice
--- config
    location /status { webhook_verify_status json; webhook_verify_status html; }
--- dies
"webhook_verify_status" directive is duplicate



=== TEST 4: a page for a whole server
--- config
    webhook_verify_status json;
--- dies
"webhook_verify_status" directive is not allowed here



=== TEST 5: a page and a gate in one location
--- gate
        webhook_verify        speeko;
        webhook_verify_secret secret;
        webhook_verify_status;
--- dies
"webhook_verify_status" and "webhook_verify speeko" cannot be in one location



=== TEST 6: a page where the gate is said to be off
--- config
    location /hook {
        webhook_verify off;
        webhook_verify_status;
    }
--- request
GET /hook
--- response_body_like
"version": 1,



=== TEST 7: forget, in any order
--- config
    location /a { webhook_verify_status forget; }
    location /b { webhook_verify_status forget html; }
    location /c { webhook_verify_status prometheus forget; }
--- request
GET /a
--- response_headers
Content-Type: application/json



=== TEST 8: histories of no size
--- http_config
    webhook_verify_history 0;
--- config
--- dies
invalid value "0" in "webhook_verify_history", it takes a number of deliveries from 1 to 10000, or "off"



=== TEST 9: or of no number
--- http_config
    webhook_verify_history many;
--- config
--- dies
invalid value "many" in "webhook_verify_history"



=== TEST 10: or too long
--- http_config
    webhook_verify_history 10001;
--- config
--- dies
invalid value "10001" in "webhook_verify_history"



=== TEST 11: or twice
--- http_config
    webhook_verify_history off;
    webhook_verify_history 5;
--- config
--- dies
"webhook_verify_history" directive is duplicate



=== TEST 12: or of one location
--- config
    location /hook { webhook_verify_history 5; }
--- dies
"webhook_verify_history" directive is not allowed here



=== TEST 13: a store in the zone of the counters
--- gate
        webhook_verify        speeko;
        webhook_verify_secret secret;
        webhook_verify_store  zone=webhook_verify_stats:1m;
--- dies
the shared memory zone "webhook_verify_stats" is already declared for a different use



=== TEST 14: the longest history, and the shortest
--- http_config
    webhook_verify_history 10000;
--- config
    location /status { webhook_verify_status; }
--- request
GET /status
--- response_body_like
"history_size": 10000,



=== TEST 15: without any gate there is nothing to show, and it is shown
--- config
    location /status { webhook_verify_status; }
    location /metrics { webhook_verify_status prometheus; }
--- request eval
["GET /status", "GET /metrics"]
--- response_body_like eval
[qr/"gates": \[\],/, qr/webhook_verify_requests_total counter/]



=== TEST 16: a location in one with a page has the gate of the server
--- config
    webhook_verify        hmac;
    webhook_verify_secret secret;
    webhook_verify_signature $http_x_signature;

    location /status {
        webhook_verify_status json;
        location /status/inner { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    }

    location /app { webhook_verify off; return 200 "reached"; }
--- request eval
["POST /status/inner\nx", "GET /status"]
--- error_code eval
[401, 200]



=== TEST 17: limit_except and if are of their location
--- config
    location /status {
        webhook_verify_status prometheus forget;
        limit_except GET { allow 127.0.0.1; deny all; }
        if ($arg_x) { set $y 1; }
    }
--- request eval
["GET /status?x=1", "DELETE /status"]
--- error_code eval
[200, 403]
