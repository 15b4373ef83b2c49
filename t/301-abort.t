# A client that goes away: while the store answers, while the application works,
# over HTTP/1.1 and HTTP/2. No crash, no leak, no swallowed event.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::FakeRedis;
use WebhookVerify::H2;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;
use WebhookVerify::Sign qw(signature);

my $http2 = `$WebhookVerify::Server::Binary -V 2>&1` =~ /http_v2_module/;

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;
my $port2 = WebhookVerify::Process->free_port;

my $SLOW = $WebhookVerify::Process::SLOW;

# late, and then as an empty Redis would

my $late = WebhookVerify::FakeRedis->start(sub {
    my ($ask) = @_;

    return [0.4, WebhookVerify::FakeRedis::usual($ask)];
});

# takes a command and dies of it

my $dying = WebhookVerify::FakeRedis->start(sub { return [0.2, 'CLOSE'] });

my $nginx = WebhookVerify::Server->new(
    listen => $http2 ? { $port2 => 'http2' } : {}, config => <<"_EOC_")->start;
        webhook_verify               hmac;
        webhook_verify_secret        secret;
        webhook_verify_signature     \$http_x_signature;
        webhook_verify_store_timeout 2s;
        webhook_verify_lease         2s;

        location /redis {
            webhook_verify_store redis://127.0.0.1:${\ $redis->port };
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

        location /zone {
            webhook_verify_store zone=events:1m;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

        location /late {
            webhook_verify_store redis://127.0.0.1:${\ $late->port };
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

        location /dying {
            webhook_verify_store redis://127.0.0.1:${\ $dying->port };
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

        location /connections {
            webhook_verify off;
            stub_status;
        }
_EOC_

my ($worker) = $nginx->workers;


sub deliver {
    my ($path, $body) = @_;

    return WebhookVerify::Client->delivery($nginx->port, $body,
                                           path => $path)->send;
}


# once the lease is over, which may begin late

sub retry {
    my (@delivery) = @_;

    my $r;

    WebhookVerify::Process->wait_for(2 * $SLOW, sub {
        $r = deliver(@delivery)->wait;
        return $r->{status} != 503;
    });

    return $r;
}


# the three ways in which a client leaves; each is given a path and a body, and
# returns what makes it leave

my %client = (
    'HTTP/1.1' => sub {
        my $c = deliver(@_);

        return sub { $c->abort };
    },

    'HTTP/2, stream' => sub {
        my ($path, $body) = @_;

        my $h2 = WebhookVerify::H2->new($port2);
        my $id = $h2->send($path, $body, 'X-Signature: ' . signature($body));

        return sub { $h2->cancel($id); sleep 0.02; $h2->abort };
    },

    'HTTP/2, connection' => sub {
        my ($path, $body) = @_;

        my $h2 = WebhookVerify::H2->new($port2);

        $h2->send($path, $body, 'X-Signature: ' . signature($body));

        return sub { $h2->abort };
    },
);

delete @client{grep /2/, keys %client} unless $http2;


# 1. while the store answers: the sender's retry gets through, or the
#    application has had the event

for my $how (sort keys %client) {
    $app->reset;

    deliver('/redis', "warm $how")->wait;
    $app->reset;
    $redis->freeze;

    my $leave = $client{$how}->('/redis', "claim $how");

    sleep 0.1;
    $leave->();
    sleep 0.1;
    $redis->thaw;
    sleep 2.1;

    my $r = retry('/redis', "claim $how");
    my $n = $app->count;

    is($r->{status}, 200, "$how: left while the claim was asked, then retried");
    ok($n == 1 || $n == 2, "$how: the application has had it ($n times)");

    is(deliver('/redis', "claim $how")->wait->{header}{'x-result'},
       'duplicate', "$how: and it is done");
}


# 2. while the application works: hold, then the lease runs out

for my $path (qw(/redis /zone)) {
    for my $how (sort keys %client) {
        $app->reset;

        my $uri = "$path?delay=5,0";
        my $leave = $client{$how}->($uri, "work $how $path");

        is(scalar $app->seen_at_least(1), 1, "$how $path: it is being done");

        $leave->();
        sleep 0.2;

        my $r = deliver($uri, "work $how $path")->wait;

        is($r->{status}, 503, "$how $path: 499, the retry is told to wait");
        is($r->{header}{'x-result'}, 'in_flight', "$how $path: as in flight");

        sleep 2.1;

        $r = retry($uri, "work $how $path");

        is($r->{status}, 200, "$how $path: delivered after the lease");
        is($r->{header}{'x-result'}, 'first', "$how $path: as a first one");
        is($app->count, 2, "$how $path: two attempts reached the application");
    }
}

SKIP: {
    my $log = $nginx->access_log;

    cmp_ok(scalar(() = $log =~ / 499 /g), '>=', 2, '499 is in the access log');
}


# 3. many leave while a late Redis answers

for my $how (sort keys %client) {
    my @leave = map { $client{$how}->('/late', "$how $_") } 1 .. 20;

    sleep 0.15;
    $_->() for @leave;
    sleep 0.6;

    is(join(' ', $nginx->workers), $worker, "$how: twenty left, the worker not");
}


# 4. many leave, and Redis, too

for my $how (sort keys %client) {
    my @leave = map { $client{$how}->('/dying', "$how $_") } 1 .. 20;

    sleep 0.1;
    $_->() for @leave;
    sleep 0.3;

    is(join(' ', $nginx->workers), $worker,
       "$how: twenty left and Redis died, the worker not");
}


# 5. a client that leaves while it is told of a duplicate

{
    deliver('/redis', 'dup')->wait;
    $redis->freeze;

    my $c = deliver('/redis', 'dup');

    sleep 0.1;
    $c->abort;
    sleep 0.1;
    $redis->thaw;
    sleep 0.1;

    is(deliver('/redis', 'dup')->wait->{header}{'x-result'}, 'duplicate',
       'left while being told of a duplicate');
}


# 6. the connection to Redis is still in step after all this

{
    $app->reset;

    for my $i (1 .. 5) {
        is(deliver('/redis', "step $i")->wait->{header}{'x-result'}, 'first',
           "in step: first $i");
        is(deliver('/redis', "step $i")->wait->{header}{'x-result'},
           'duplicate', "in step: duplicate $i");
    }
}


# 7. nothing stays behind

{
    my $n;

    WebhookVerify::Process->wait_for(5 * $SLOW, sub {
        my $r = WebhookVerify::Client->new($nginx->http1, method => 'GET',
                                           path => '/connections')
                ->send->wait;
        ($n) = $r->{body} =~ /Active connections: (\d+)/;

        return $n == 1;
    });

    is($n, 1, 'no connection stays behind');
}

is(join(' ', $nginx->workers), $worker, 'it is the same worker all the time');
is($nginx->complaints, '', 'nothing bad in the log');
ok($nginx->stop, 'nginx ends by itself');
is($nginx->complaints, '', 'nothing bad in the log at the end');

done_testing();
