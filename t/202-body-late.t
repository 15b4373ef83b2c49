# What a body does to a connection over time: Expect, 408, and that no
# connection stays behind.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;

my $SLOW = $WebhookVerify::Process::SLOW;

my $nginx = WebhookVerify::Server->new(config => <<"_EOC_")->start;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_store     redis://127.0.0.1:${\ $redis->port };
        webhook_verify_store_timeout 5s;

        location /hook {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /small {
            client_max_body_size 1k;
            lingering_timeout    100ms;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /hasty {
            client_body_timeout 300ms;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /connections {
            webhook_verify off;
            stub_status;
        }
_EOC_


sub connections {
    my $r = WebhookVerify::Client->new($nginx->http1, method => 'GET',
                                       path => '/connections')->send->wait;

    return $r->{body} =~ /Active connections: (\d+)/ ? $1 : -1;
}


sub nothing_happened {
    my ($name) = @_;

    is($app->count, 0, "$name: the application saw nothing");
    is($redis->asked, 0, "$name: Redis was not asked");
}


sub begin {
    $app->reset;
    $redis->clear;
}


sub delivery {
    my ($body, %o) = @_;

    return WebhookVerify::Client->delivery(delete $o{port} // $nginx->port,
                                           $body, %o);
}


# 1. Expect: 100-continue, which nginx answers in HTTP/1.1 only

{
    begin();

    my $c = delivery('{"n":1}', headers => ['Expect: 100-continue'],
                     port => $nginx->http1)->head;

    is($c->wait(2)->{status}, 100, 'Expect: a good header is asked to go on');

    $c->part('{"n":1}');

    is($c->wait(2)->{status}, 200, 'Expect: and delivered');
    is($app->count, 1, 'Expect: the application saw it');
    WebhookVerify::Process->wait_for(2 * $SLOW, sub { $redis->asked == 2 });
}

{
    begin();

    my $c = delivery('{"n":2}', headers => ['Expect: 100-continue'],
                     port => $nginx->http1, sig => '0' x 64)->head;

    is($c->wait(2)->{status}, 100,
       'Expect: whether a well-formed signature is right is not known yet');

    $c->part('{"n":2}');

    is($c->wait(2)->{status}, 401, 'Expect: a wrong one is refused');
    nothing_happened('Expect, wrong signature');
}

for (['no signature', ''], ['a malformed signature', 'zz']) {
    my ($what, $sig) = @$_;

    begin();

    my $c = delivery('{"n":3}', headers => ['Expect: 100-continue'],
                     sig => $sig)->head;

    is($c->wait(2)->{status}, 401, "Expect: $what is refused at once");
    nothing_happened("Expect, $what");
    $c->close;
}


# 2. a body that stops coming

for (['half of it', 'ab'], ['nothing of it', '']) {
    my ($what, $part) = @$_;

    begin();

    my $c = delivery('abcd', path => '/hasty')->head->part($part);
    my $began = time;
    my $r = $c->wait(3 * $SLOW);

    is($r->{status}, 0, "408, $what: nginx only closes the connection");
    ok($r->{closed}, "408, $what: it is closed");
    cmp_ok(time - $began, '<', 2.5 * $SLOW, "408, $what: in time");
    nothing_happened("408, $what");
}

WebhookVerify::Process->wait_for(2 * $SLOW, sub {
    (() = $nginx->access_log =~ m{"POST /hasty HTTP/[\d.]+" 408}g) == 2;
});

is(scalar(() = $nginx->access_log =~ m{"POST /hasty HTTP/[\d.]+" 408}g), 2,
   '408 is in the access log');


# 3. after the 408 the event is not burnt

{
    begin();

    is(delivery('abcd', path => '/hasty')->send->wait->{status}, 200,
       'the event that had been too slow is delivered');
    is($app->count, 1, 'once');
}


# 4. connections come back to where they were

{
    # those of HTTP/3 that went before take their time

    WebhookVerify::Process->wait_for(5 * $SLOW, sub { connections() == 1 });

    my $before = connections();

    for my $i (1 .. 3) {
        my $c = delivery('x' x 2000, path => '/small',
                         headers => ['Transfer-Encoding: chunked'])->head;
        $c->chunk('x' x 100);
        sleep 0.05;
        $c->chunk('x' x 1900);

        is($c->wait(2)->{status}, 413, "late chunked 413, $i");
        $c->close;
    }

    for my $i (1 .. 3) {
        my $c = delivery('x' x 500, path => '/hook', sig => '0' x 64)->head;
        sleep 0.05;
        $c->part('x' x 500);

        is($c->wait(2)->{status}, 401, "late wrong body, $i");
        $c->close;
    }

    for my $i (1 .. 3) {
        my $c = delivery("late $i", path => '/hook')->head;
        sleep 0.05;
        $c->part("late $i");

        is($c->wait(2)->{status}, 200, "late good body, $i");
        $c->close;
    }

    # clients that go in the middle of their body

    for my $i (1 .. 3) {
        my $c = delivery("gone $i", path => '/hook')->head;
        $c->part('gon');
        sleep 0.05;
        $c->abort;
    }

    my $after;

    WebhookVerify::Process->wait_for(5 * $SLOW, sub {
        ($after = connections()) <= $before;
    });

    is($after, $before, 'no connection stays behind');

    my @gone = grep { $_->{body} =~ /^gon/ } $app->seen;

    is(scalar @gone, 0, 'half bodies do not reach the application');
}


# 5. many slow bodies at once, good and wrong by turns

{
    begin();

    my (@c, @expected);

    for my $i (1 .. 40) {
        my $good = $i % 2;

        push @c, delivery("event $i", $good ? () : (sig => '0' x 64))->head;
        push @expected, $good ? 200 : 401;
    }

    sleep 0.1;

    for my $i (1 .. 40) {
        $c[$i - 1]->part(substr "event $i", 0, 3);
    }

    sleep 0.1;

    for my $i (reverse 1 .. 40) {
        $c[$i - 1]->part(substr "event $i", 3);
    }

    is(join(' ', map { $_->wait->{status} } @c), join(' ', @expected),
       'forty slow bodies, each with its own verdict');
    is($app->count, 20, 'the good ones reached the application');
}


is($nginx->complaints, '', 'nothing bad in the log');
ok($nginx->stop, 'nginx ends by itself');
is($nginx->complaints, '', 'nothing bad in the log at the end');

done_testing();
