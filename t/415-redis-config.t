# Wrong URLs of Redis, its sentinels and its nodes, and wrong directives of a
# connection: nginx does not start, and says which word is wrong.

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

=== TEST 1: rediss:// without a host
--- wrong
        webhook_verify_store rediss://;
--- dies
webhook_verify_store
rediss://



=== TEST 2: rediss:// with a port but without a host
--- wrong
        webhook_verify_store rediss://:6379;
--- dies
webhook_verify_store
:6379



=== TEST 3: rediss:// and a port that is a word
--- wrong
        webhook_verify_store rediss://127.0.0.1:redis;
--- dies
webhook_verify_store
127.0.0.1:



=== TEST 4: rediss:// and a port beyond 65535
--- wrong
        webhook_verify_store rediss://127.0.0.1:65536;
--- dies
webhook_verify_store
127.0.0.1:65536



=== TEST 5: rediss:// and a database that is a word
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379/first;
--- dies
webhook_verify_store
127.0.0.1:6379/first



=== TEST 6: the password of a wrong rediss:// is not printed
--- wrong
        webhook_verify_store rediss://user:hunter2@127.0.0.1:bad;
--- dies
webhook_verify_store
--- dies_without
hunter2



=== TEST 7: redis-sentinel:// without anything
--- wrong
        webhook_verify_store redis-sentinel://;
--- dies
webhook_verify_store
redis-sentinel://



=== TEST 8: sentinels without a name of the master
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:26379;
--- dies
webhook_verify_store
127.0.0.1:26379



=== TEST 9: sentinels with an empty name of the master
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:26379/;
--- dies
webhook_verify_store
127.0.0.1:26379/



=== TEST 10: a name of the master without sentinels
--- wrong
        webhook_verify_store redis-sentinel:///events;
--- dies
webhook_verify_store
/events



=== TEST 11: a sentinel that is empty, at the end
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:26379,/events;
--- dies
webhook_verify_store
127.0.0.1:26379,



=== TEST 12: a sentinel that is empty, at the beginning
--- wrong
        webhook_verify_store redis-sentinel://,127.0.0.1:26379/events;
--- dies
webhook_verify_store
,127.0.0.1:26379



=== TEST 13: a sentinel that is empty, in the middle
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:1,,127.0.0.1:2/events;
--- dies
webhook_verify_store
127.0.0.1:1,,127.0.0.1:2



=== TEST 14: a sentinel with a port that is a word
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:1,127.0.0.1:port/events;
--- dies
webhook_verify_store
127.0.0.1:1,127.0.0.1:



=== TEST 15: a sentinel with a port beyond 65535
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:65536/events;
--- dies
webhook_verify_store
127.0.0.1:65536



=== TEST 16: a sentinel with port 0
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:0/events;
--- dies
webhook_verify_store
127.0.0.1:0



=== TEST 17: a sentinel with a port but without a host
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:1,:26379/events;
--- dies
webhook_verify_store
127.0.0.1:1,:26379



=== TEST 18: sentinels and a database that is a word
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:26379/events/first;
--- dies
webhook_verify_store
127.0.0.1:26379/events/first



=== TEST 19: sentinels and a negative database
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:26379/events/-1;
--- dies
webhook_verify_store
127.0.0.1:26379/events/-1



=== TEST 20: sentinels and two databases
--- wrong
        webhook_verify_store redis-sentinel://127.0.0.1:26379/events/0/1;
--- dies
webhook_verify_store
127.0.0.1:26379/events/0/1



=== TEST 21: the password of a wrong redis-sentinel:// is not printed
--- wrong
        webhook_verify_store redis-sentinel://user:hunter2@127.0.0.1:bad/events;
--- dies
webhook_verify_store
--- dies_without
hunter2



=== TEST 22: the password of sentinels without a name is not printed
--- wrong
        webhook_verify_store redis-sentinel://:hunter2@127.0.0.1:26379;
--- dies
webhook_verify_store
--- dies_without
hunter2



=== TEST 23: redis-cluster:// without anything
--- wrong
        webhook_verify_store redis-cluster://;
--- dies
webhook_verify_store
redis-cluster://



=== TEST 24: a cluster with a port but without a host
--- wrong
        webhook_verify_store redis-cluster://:7000;
--- dies
webhook_verify_store
:7000



=== TEST 25: a node with a port that is a word
--- wrong
        webhook_verify_store redis-cluster://127.0.0.1:7000,127.0.0.1:port;
--- dies
webhook_verify_store
127.0.0.1:7000,127.0.0.1:



=== TEST 26: a node with a port beyond 65535
--- wrong
        webhook_verify_store redis-cluster://127.0.0.1:65536;
--- dies
webhook_verify_store
127.0.0.1:65536



=== TEST 27: a node that is empty, at the end
--- wrong
        webhook_verify_store redis-cluster://127.0.0.1:7000,;
--- dies
webhook_verify_store
127.0.0.1:7000,



=== TEST 28: a node that is empty, in the middle
--- wrong
        webhook_verify_store redis-cluster://127.0.0.1:1,,127.0.0.1:2;
--- dies
webhook_verify_store
127.0.0.1:1,,127.0.0.1:2



=== TEST 29: a cluster has no databases
--- wrong
        webhook_verify_store redis-cluster://127.0.0.1:7000/1;
--- dies
webhook_verify_store
127.0.0.1:7000/1



=== TEST 30: a cluster has no name
--- wrong
        webhook_verify_store redis-cluster://127.0.0.1:7000/events;
--- dies
webhook_verify_store
127.0.0.1:7000/events



=== TEST 31: the password of a wrong redis-cluster:// is not printed
--- wrong
        webhook_verify_store redis-cluster://user:hunter2@127.0.0.1:7000,127.0.0.1:bad;
--- dies
webhook_verify_store
--- dies_without
hunter2



=== TEST 32: the password of a cluster with a database is not printed
--- wrong
        webhook_verify_store redis-cluster://:hunter2@127.0.0.1:7000/1;
--- dies
webhook_verify_store
--- dies_without
hunter2



=== TEST 33: one server and two hosts
--- wrong
        webhook_verify_store redis://127.0.0.1:1,127.0.0.1:2;
--- dies
webhook_verify_store
127.0.0.1:1,127.0.0.1:2



=== TEST 34: a scheme that is almost one
--- wrong
        webhook_verify_store redis-clusters://127.0.0.1:7000;
--- dies
webhook_verify_store
redis-clusters:



=== TEST 35: a file of a password that is not there
--- wrong
        webhook_verify_store redis://127.0.0.1:6379;
        webhook_verify_redis_password_file $TEST_NGINX_SERVER_ROOT/html/nosuch;
--- dies
webhook_verify_redis_password_file
/html/nosuch



=== TEST 36: a file of a password that is empty
--- user_files
>>> empty
--- wrong
        webhook_verify_store redis://127.0.0.1:6379;
        webhook_verify_redis_password_file $TEST_NGINX_SERVER_ROOT/html/empty;
--- dies
webhook_verify_redis_password_file
/html/empty



=== TEST 37: a file of a password with blank lines only
--- user_files
>>> blank


--- wrong
        webhook_verify_store redis://127.0.0.1:6379;
        webhook_verify_redis_password_file $TEST_NGINX_SERVER_ROOT/html/blank;
--- dies
webhook_verify_redis_password_file
/html/blank



=== TEST 38: a file of a password that is a directory
--- wrong
        webhook_verify_store redis://127.0.0.1:6379;
        webhook_verify_redis_password_file $TEST_NGINX_SERVER_ROOT/html;
--- dies
webhook_verify_redis_password_file
/html



=== TEST 39: webhook_verify_redis_password_file without a value
--- wrong
        webhook_verify_store redis://127.0.0.1:6379;
        webhook_verify_redis_password_file;
--- dies
"webhook_verify_redis_password_file"



=== TEST 40: webhook_verify_redis_password_file twice
--- user_files
>>> a
hunter2
--- wrong
        webhook_verify_store redis://127.0.0.1:6379;
        webhook_verify_redis_password_file $TEST_NGINX_SERVER_ROOT/html/a;
        webhook_verify_redis_password_file $TEST_NGINX_SERVER_ROOT/html/a;
--- dies
"webhook_verify_redis_password_file" directive is duplicate
--- dies_without
hunter2



=== TEST 41: a CA that is not there
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_trusted_certificate $TEST_NGINX_SERVER_ROOT/html/nosuch.crt;
--- dies
nosuch.crt



=== TEST 42: a CA that is no certificate
--- user_files
>>> text.crt
text
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_trusted_certificate $TEST_NGINX_SERVER_ROOT/html/text.crt;
--- dies
text.crt



=== TEST 43: a CA without a value
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_trusted_certificate;
--- dies
"webhook_verify_redis_ssl_trusted_certificate"



=== TEST 44: a CA twice
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_trusted_certificate a.crt;
        webhook_verify_redis_ssl_trusted_certificate b.crt;
--- dies
"webhook_verify_redis_ssl_trusted_certificate" directive is duplicate



=== TEST 45: a certificate without a key
--- user_files
>>> a.crt
text
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_verify off;
        webhook_verify_redis_ssl_certificate $TEST_NGINX_SERVER_ROOT/html/a.crt;
--- dies
webhook_verify_redis_ssl_certificate_key



=== TEST 46: a key without a certificate
--- user_files
>>> a.key
text
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_verify off;
        webhook_verify_redis_ssl_certificate_key $TEST_NGINX_SERVER_ROOT/html/a.key;
--- dies
webhook_verify_redis_ssl_certificate



=== TEST 47: a certificate that is not there
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_verify off;
        webhook_verify_redis_ssl_certificate $TEST_NGINX_SERVER_ROOT/html/nosuch.crt;
        webhook_verify_redis_ssl_certificate_key $TEST_NGINX_SERVER_ROOT/html/nosuch.key;
--- dies
nosuch.crt



=== TEST 48: a certificate that is none
--- user_files
>>> a.crt
text
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_verify off;
        webhook_verify_redis_ssl_certificate $TEST_NGINX_SERVER_ROOT/html/a.crt;
        webhook_verify_redis_ssl_certificate_key $TEST_NGINX_SERVER_ROOT/html/a.crt;
--- dies
a.crt



=== TEST 49: ssl_verify takes on or off
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_verify maybe;
--- dies
webhook_verify_redis_ssl_verify
"maybe"



=== TEST 50: ssl_verify twice
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_verify on;
        webhook_verify_redis_ssl_verify off;
--- dies
"webhook_verify_redis_ssl_verify" directive is duplicate



=== TEST 51: ssl_name without a value
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_name;
--- dies
"webhook_verify_redis_ssl_name"



=== TEST 52: ssl_name twice
--- wrong
        webhook_verify_store rediss://127.0.0.1:6379;
        webhook_verify_redis_ssl_name a;
        webhook_verify_redis_ssl_name b;
--- dies
"webhook_verify_redis_ssl_name" directive is duplicate
