# What a sender without the secret can make a worker hold: the buffers of nginx
# itself, as it would without a gate, and a page or so on top of them.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

my $DELIVERIES = 150;
my $PAGE = 4;               # kB each
my $NOISE = 300;
my $SLOW = $WebhookVerify::Process::SLOW;

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;

# half of a body that is larger than its buffer, and deep JSON

my $body = '{"a":[' x 30000 . '1' . ']}' x 30000;


sub memory {
    my ($pid) = @_;

    my $kb = 0;

    open my $in, '<', "/proc/$pid/smaps_rollup" or die "$pid: $!";

    while (<$in>) {
        $kb += $1 if /^(?:Private_Dirty|Private_Clean):\s+(\d+) kB/;
    }

    return $kb;
}


# what $DELIVERIES that are under way add to a worker's memory

sub held {
    my ($gate, $sent) = @_;

    $app->reset;
    $redis->clear;

    my $nginx = WebhookVerify::Server->new(config => <<"_EOC_")->start;
        location / {
            $gate
            client_body_buffer_size 8k;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }
_EOC_

    my ($worker) = $nginx->workers;
    my $delivery = sub {
        return WebhookVerify::Client->delivery($nginx->http1, $body,
                                               sig => 'f' x 64, @_)->head;
    };

    # what is made once

    $delivery->()->part($body)->wait;

    my $before = memory($worker);
    my @clients = map { $delivery->()->part(substr $body, 0, $sent) }
                  1 .. $DELIVERIES;

    # all that was sent has been read and the worker has nothing to do

    sleep 0.3;
    WebhookVerify::Process->wait_for(10 * $SLOW, sub {
        my $ticks = ticks($worker);
        sleep 0.1;
        return ticks($worker) == $ticks && !unread($nginx->http1);
    });

    my $held = memory($worker) - $before;

    $_->abort for @clients;
    ok($nginx->stop, 'nginx ends by itself');

    return $held;
}


sub ticks {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/stat" or die $!;
    my @of = split ' ', <$in>;

    return $of[13] + $of[14];
}


# bytes that lie in the sockets of a port, and connections nobody has accepted

sub unread {
    my ($port) = @_;

    my $sum = 0;

    open my $in, '<', '/proc/net/tcp' or die $!;

    while (<$in>) {
        my ($local, $queued) = (split)[1, 4];

        $sum += hex $1 if $local =~ /:(\w+)$/ && hex $1 == $port
                          && $queued =~ /:(\w+)$/;
    }

    return $sum;
}


my $gate = <<"_EOC_";
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature \$http_x_signature;
    webhook_verify_id        /a/0/a;
    webhook_verify_store     redis://127.0.0.1:${\ $redis->port };
_EOC_

for my $sent (4000, 100_000) {
    my $without = held('', $sent);
    my $with = held($gate, $sent);

    cmp_ok($with, '<=', $without + $DELIVERIES * $PAGE + $NOISE,
           "$DELIVERIES deliveries of $sent bytes: $with kB with a gate, "
           . "$without kB without");
    is($app->count + $redis->asked, 0, 'neither application nor Redis is told');
}

done_testing();
