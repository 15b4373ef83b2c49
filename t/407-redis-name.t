# A Redis that is called by its name: resolved by nginx's resolver, never by a
# call that blocks the worker.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Dns;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

my $TIMEOUT = $WebhookVerify::Process::TIMEOUT;
my $AT_ONCE = $WebhookVerify::Process::AT_ONCE;

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;

my $dns = WebhookVerify::Dns->start(sub {
    my ($name) = @_;

    return '127.0.0.1' if $name eq 'redis.test';
    return [$TIMEOUT, '127.0.0.1'] if $name eq 'late.test';
    return 'NXDOMAIN' if $name eq 'nowhere.test';
    return;
});

my $nginx;


sub server {
    my ($host, $resolver) = @_;

    $app->reset;
    $redis->clear;

    return WebhookVerify::Server->new(http => $resolver, config => <<"_EOC_");
        webhook_verify               hmac;
        webhook_verify_secret        secret;
        webhook_verify_signature     \$http_x_signature;
        webhook_verify_id            /n;
        webhook_verify_scope         name;
        webhook_verify_store         redis://$host:${\ $redis->port };
        webhook_verify_store_timeout ${\ int(4000 * $TIMEOUT) }ms;

        location / {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /zone {
            webhook_verify_store zone=other:1m;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }
_EOC_
}


sub deliver {
    my ($path, $body) = @_;

    return WebhookVerify::Client->delivery($nginx->port, $body,
                                           path => $path)->send;
}


sub result {
    my $r = deliver(@_)->wait(10 * $TIMEOUT);

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


my $resolver = 'resolver 127.0.0.1:' . $dns->port . ' valid=1s ipv6=off;'
               . 'resolver_timeout ' . 3000 * $TIMEOUT . 'ms;';


subtest 'a name that resolves' => sub {
    $nginx = server('redis.test', $resolver)->start;

    is(result('/hook', '{"n":1}'), '200 first', 'a first');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'a duplicate');
    is(join(' ', $redis->keys), WebhookVerify::Redis::key('name', 1),
       'the key is there');
    is(join(' ', grep { $_ eq 'redis.test' } ($dns->asked)[0]), 'redis.test',
       "nginx's resolver was asked");
    unlike($nginx->log, qr/\[error\]/, 'no error in the log');
};


subtest 'a name that resolves late' => sub {
    $nginx = server('late.test', $resolver)->start;

    my $c = deliver('/hook', '{"n":2}');
    my $began = time;

    is(result('/zone', '{"n":2}'), '200 first', 'others are served meanwhile');
    cmp_ok(time - $began, '<', $AT_ONCE, 'and at once');

    my $r = $c->wait(10 * $TIMEOUT);

    is($r->{status}, 200, 'then it is delivered');
    is($r->{header}{'x-result'}, 'first', 'as a first one');
};


subtest 'a name that does not exist' => sub {
    $nginx = server('nowhere.test', $resolver)->start;

    my $began = time;

    is(result('/hook', '{"n":3}'), '503 store_error', 'a store error');
    cmp_ok(time - $began, '<', 3 * $TIMEOUT, 'in time');
    like($nginx->log, qr/\[error\].*nowhere\.test/, 'the log has the name');
    is($app->count, 0, 'the application saw nothing');
};


subtest 'a resolver that is silent' => sub {
    $nginx = server('silent.test', $resolver)->start;

    my $c = deliver('/hook', '{"n":4}');
    my $began = time;

    is(result('/zone', '{"n":4}'), '200 first', 'others are served meanwhile');
    cmp_ok(time - $began, '<', $AT_ONCE, 'and at once');
    is($c->wait(10 * $TIMEOUT)->{status}, 503, 'a store error');
    cmp_ok(time - $began, '<', 5 * $TIMEOUT, 'in time');
    is($nginx->complaints, '', 'nothing worse than an error in the log');
};


subtest 'a client that leaves while a name is resolved' => sub {
    $nginx = server('late.test', $resolver)->start;

    my ($worker) = $nginx->workers;

    my @c = map { deliver('/hook', qq({"n":"gone $_"})) } 1 .. 10;

    sleep 0.1;
    $_->abort for @c;
    sleep 1.2 * $TIMEOUT;

    is(join(' ', $nginx->workers), $worker, 'the worker lives');
    is(result('/hook', '{"n":5}'), '200 first', 'the next is served');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'an end while a name is resolved' => sub {
    $nginx = server('silent.test', $resolver)->start;

    my $c = deliver('/hook', '{"n":6}');

    sleep 0.1;

    # nginx lingers for 5 s over the connection of this client

    ok($nginx->stop('QUIT', 8 + 6 * $TIMEOUT), 'nginx ends by itself');
    is($nginx->complaints, '', 'nothing bad in the log');
};


done_testing();
