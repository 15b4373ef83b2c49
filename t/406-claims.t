# The life of a claim where time and company matter: races over two workers,
# leases, renewal, a worker that is killed. With both stores.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::FakeRedis;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

my $SLOW = $WebhookVerify::Process::SLOW;

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;
my $nginx;


sub server {
    my ($store, %o) = @_;

    my $port = WebhookVerify::Process->free_port;

    return WebhookVerify::Server->new(
        workers => 2, port => $port, listen => { $port => $o{listen} // '' },
        http => 'log_format pids "$pid $status";',
        config => <<"_EOC_")->start;
        access_log               logs-of-pids pids;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     claims;
        webhook_verify_store     $store;
        webhook_verify_store_timeout 5s;
        webhook_verify_lease     1s;

        location /hook {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /race {
            webhook_verify_lease 10s;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

        location /hasty {
            webhook_verify_lease 2s;
            proxy_read_timeout   200ms;
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
    my $r = deliver(@_)->wait;

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


# of an event that was accepted: another worker may come before the commit

sub again {
    my @delivery = @_;
    my $said;

    WebhookVerify::Process->wait_for(2 * $SLOW, sub {
        $said = result(@delivery);
        return $said !~ /^503/;
    });

    return $said;
}


sub tally {
    my %got;

    for (@_) {
        my $r = $_->wait(15);
        $got{"$r->{status} " . ($r->{header}{'x-result'} // '')}++;
    }

    return \%got;
}


# waits until all but $n have an answer

sub all_but {
    my ($n, @c) = @_;

    WebhookVerify::Process->wait_for(10, sub {
        return $n >= grep { !$_->readable(0) } @c;
    });

    return @c;
}


# a worker stands still, and not only soon

sub sleep_now {
    my ($pid) = @_;

    kill 'STOP', $pid;

    WebhookVerify::Process->wait_for(2, sub {
        open my $in, '<', "/proc/$pid/stat" or return 1;
        return <$in> =~ /^\d+ \(.*\) T /;
    });
}


# which workers answered

sub who_answered {
    my %pids = map { $_ => 1 } $nginx->_slurp('logs-of-pids') =~ /^(\d+) /mg;

    return scalar keys %pids;
}


sub key { WebhookVerify::Redis::key('claims', $_[0]) }


for my $kind (qw(zone redis)) {
    my $store = $kind eq 'zone' ? 'zone=claims:1m'
                                : 'redis://127.0.0.1:' . $redis->port;

    $nginx = server($store, listen => 'reuseport');

    subtest "$kind: 200 parallel identical deliveries over two workers" => sub {
        $app->reset;

        my @c = all_but(1, map { deliver('/race?hold=1', '{"n":"race"}') }
                               1 .. 200);

        is($app->count, 1, 'one is being done');
        $app->release;

        my $got = tally(@c);

        is($app->count, 1, 'the application saw exactly one');
        is($got->{'200 first'}, 1, 'one of them was the first');
        is($got->{'503 in_flight'}, 199, 'the others were told to come again')
            or diag(join ', ', map { "$_: $got->{$_}" } sort keys %$got);
        is(who_answered(), 2, 'both workers took part');

        is(again('/race', '{"n":"race"}'), '200 duplicate', 'then it is done');
        is($app->count, 1, 'and the application saw no more');
    };

    subtest "$kind: 200 parallel, an application that answers at once" => sub {
        $app->reset;

        my $got = tally(map { deliver('/race', '{"n":"quick"}') } 1 .. 200);

        is($app->count, 1, 'the application saw exactly one');
        is($got->{'200 first'}, 1, 'one of them was the first');
        is(($got->{'503 in_flight'} // 0) + ($got->{'200 duplicate'} // 0), 199,
           'the others were told so');
    };

    subtest "$kind: ten events, twenty of each, mixed" => sub {
        $app->reset;

        my @c = all_but(10, map { deliver('/race?event=' . $_ % 10 . '&hold=1',
                                  '{"n":"mixed ' . $_ % 10 . '"}') } 1 .. 200);

        $app->release;

        my $got = tally(@c);
        my %seen;

        $seen{ $_->{body} }++ for $app->seen;

        is(join(' ', map { $seen{qq({"n":"mixed $_"})} // 0 } 0 .. 9),
           '1 1 1 1 1 1 1 1 1 1', 'the application saw each exactly once');
        is($got->{'200 first'}, 10, 'ten were first');
    };

    subtest "$kind: 200 different events in parallel" => sub {
        $app->reset;

        my $got = tally(map { deliver('/race', qq({"n":"own $_"})) } 1 .. 200);
        my %seen;

        $seen{ $_->{body} }++ for $app->seen;

        is($got->{'200 first'}, 200, 'all are first');
        is(scalar(keys %seen), 200, 'all reached the application');
        is(scalar(grep { $_ > 1 } values %seen), 0, 'once each');
    };

    subtest "$kind: parallel, and the application fails the first time" => sub {
        $app->reset;

        my $uri = '/race?status=500,200&hold=1,0';
        my @c = all_but(1, map { deliver($uri, '{"n":"fail"}') } 1 .. 50);

        is($app->count, 1, 'the application saw one attempt');
        $app->release;

        my $got = tally(@c);

        is($got->{'500 first'}, 1, 'one was told 500');
        is($got->{'503 in_flight'}, 49, 'the others to come again');

        $got = tally(map { deliver($uri, '{"n":"fail"}') } 1 .. 50);

        is($app->count, 2, 'of the retries, one reached it');
        is($got->{'200 first'}, 1, 'and was accepted');
    };

    subtest "$kind: in flight, then done" => sub {
        $app->reset;

        my $c = deliver('/race?hold=1', '{"n":"flight"}');

        $app->seen_at_least(1);

        my $r = deliver('/race', '{"n":"flight"}')->wait;

        is($r->{status}, 503, 'in flight');
        is($r->{header}{'retry-after'}, 5, 'with Retry-After');
        $app->release;
        is($c->wait->{body}, "accepted\n", 'the first gets its answer');
        is(again('/race', '{"n":"flight"}'), '200 duplicate', 'then it is done');
        is($app->count, 1, 'the application saw one');
    };

    subtest "$kind: slower than the lease: the claim is renewed" => sub {
        $app->reset;

        my $c = deliver('/hook?hold=1', '{"n":"slow"}');

        $app->seen_at_least(1);

        my $began = time;

        for my $after (0.7, 1.5, 2.4, 2.9) {
            my $left = $began + $after - time;

            sleep $left if $left > 0;
            is(result('/hook', '{"n":"slow"}'), '503 in_flight',
               "still in flight around $after s");
        }

        $app->release;

        my $r = $c->wait(5);

        is($r->{status}, 200, 'the first gets its answer');
        is(again('/hook', '{"n":"slow"}'), '200 duplicate', 'then it is done');
        is($app->count, 1, 'the application saw one');
    };

    subtest "$kind: a silent application: hold, then the lease runs out" => sub {
        $app->reset;

        my $uri = '/hasty?delay=1';

        is(result($uri, '{"n":"silent"}'), '504 first', 'no answer in time');
        is(result($uri, '{"n":"silent"}'), '503 in_flight', 'held');
        sleep 0.5;
        is(result($uri, '{"n":"silent"}'), '503 in_flight', 'held');
        sleep 1.8;
        is(result('/hook', '{"n":"silent"}'), '200 first', 'after the lease');
        is($app->count, 2, 'the application saw two attempts');
    };

    subtest "$kind: workers killed with -9 in flight" => sub {
        $app->reset;

        my @old = $nginx->workers;
        my $try = sub { '/hook?delay=20,0&event=' . $_[0],
                        qq({"n":"killed $_[0]"}) };
        my @c = map { deliver($try->($_)) } 1 .. 4;

        is(scalar $app->seen_at_least(4), 4, 'four are being done');

        kill 'KILL', @old;

        my $killed = time;

        is(join(' ', map { $_->wait(2)->{status} } @c), '0 0 0 0',
           'their providers get no answer');

        WebhookVerify::Process->wait_for(3, sub {
            my %old = map { $_ => 1 } @old;
            return 2 == grep { !$old{$_} } $nginx->workers;
        });

        # it was renewed a third of the lease before that, or later

        my $retry = result($try->(1));

        is($retry, '503 in_flight',
           'a retry within the lease is told to come again')
            if time - $killed < 0.6;

        my $wait = $killed + 1.2 - time;

        sleep $wait if $wait > 0;

        is(join(', ', map { result($try->($_)) } 1 .. 4),
           join(', ', ('200 first') x 4), 'after the lease it is delivered');

        is($app->count, 8, 'the application saw two attempts of each');

        is(again('/hook', '{"n":"killed 1"}'), '200 duplicate',
           'then it is done');
        is(again('/race', '{"n":"race"}'), '200 duplicate',
           'what was done before is still known');
    };

    is($nginx->complaints =~ s/.*exited on signal 9.*\n//gr, '',
       "$kind: nothing bad in the log");
    ok($nginx->stop, "$kind: nginx ends by itself");

    # two workers that take turns: no reuseport, so that a stopped worker gets
    # no connections

    $nginx = server($store);

    for my $end (qw(500 200)) {
        subtest "$kind: a holder that overslept its lease ends with $end" => sub {
            $app->reset;

            my $body = qq({"n":"overslept $end"});
            my ($one, $two) = $nginx->workers;

            # the first worker sleeps, so the second one takes the claim

            sleep_now($one);

            my $first = deliver("/hook?status=$end&delay=1.4", $body);

            $app->seen_at_least(1);

            # which oversleeps, and the first worker takes the event over

            sleep_now($two);
            kill 'CONT', $one;
            sleep 1.2;

            my $second = deliver('/hook?hold=1', $body);

            is(scalar $app->seen_at_least(2), 2, 'taken over after the lease');

            kill 'CONT', $two;

            is($first->wait(3)->{status}, $end, "the overslept one gets $end");

            if ($end == 500) {
                is(result('/hook', $body), '503 in_flight',
                   "its release does not free the other's claim");

            } else {
                is(again('/hook', $body), '200 duplicate',
                   'its commit counts: the application accepted it');
            }

            $app->release;
            is($second->wait(4)->{status}, 200, 'the other one ends, too');
            is(again('/hook', $body), '200 duplicate', 'then it is done');
            is($app->count, 2, 'two attempts reached the application');
        };
    }

    is($nginx->complaints, '', "$kind: nothing bad in the log");
    ok($nginx->stop, "$kind: nginx ends by itself");
    is($nginx->complaints, '', "$kind: nothing bad in the log at the end");
}


subtest 'two hosts with one Redis' => sub {
    $app->reset;

    my @hosts = map { server('redis://127.0.0.1:' . $redis->port) } 1, 2;
    my @c;

    for my $i (1 .. 50) {
        for (@hosts) {
            $nginx = $_;
            push @c, deliver('/race?hold=1', '{"n":"hosts"}');
        }
    }

    all_but(1, @c);
    $app->release;

    my $got = tally(@c);

    is($app->count, 1, 'the application saw exactly one');
    is($got->{'200 first'}, 1, 'one was the first');
    is($got->{'503 in_flight'}, 99, 'the others were told to come again');

    for (@hosts) {
        $nginx = $_;
        is(again('/race', '{"n":"hosts"}'), '200 duplicate', 'done on both');
    }
};


# --- what stands in Redis meanwhile

subtest 'a claim in Redis, its renewal, its end' => sub {
    $nginx = server('redis://127.0.0.1:' . $redis->port);
    $app->reset;

    my $key = key('watched');
    my $c = deliver('/hook?hold=1', '{"n":"watched"}');

    $app->seen_at_least(1);

    my $token = $redis->get($key);

    like($token, qr/^p:\S{8,}$/, 'p:<token>');

    my ($least, $most) = (99999, 0);
    my $until = time + 1.9;

    while (time < $until) {
        my $pttl = $redis->pttl($key);

        $least = $pttl if $pttl < $least;
        $most = $pttl if $pttl > $most;
        sleep 0.02;
    }

    cmp_ok($most, '<=', 1000, 'it never lives longer than the lease');
    cmp_ok($least, '>', 150, 'it is renewed in good time');
    is($redis->get($key), $token, 'by its own token');

    $app->release;
    is($c->wait->{status}, 200, 'the answer');

    my $answered = time;

    like($redis->wait_value($key, qr/^d:\d{10}:200$/, 0.1 * $SLOW) // 'nothing',
         qr/^d:\d{10}:200$/, 'done, at most 100 ms after the answer');

    my $pttl = $redis->pttl($key);

    cmp_ok($pttl, '<=', 604800000, 'for the window');
    cmp_ok($pttl, '>', 604800000 - 3000, 'all of it');

    my ($at) = $redis->get($key) =~ /^d:(\d+)/;

    cmp_ok(abs($at - int $answered), '<=', 1, 'with the time');
};


subtest 'released at once' => sub {
    $app->reset;

    my $key = key('released');

    is(result('/hook?status=500', '{"n":"released"}'), '500 first', 'a failure');
    ok(WebhookVerify::Process->wait_for(0.1 * $SLOW,
       sub { !defined $redis->get($key) }),
       'gone, at most 100 ms after the answer');
};


subtest 'tokens' => sub {
    $app->reset;

    my @c = map { deliver('/hook?hold=1', qq({"n":"token $_"})) } 1 .. 20;

    $app->seen_at_least(20);

    my %tokens = map { $redis->get(key("token $_")) => 1 } 1 .. 20;

    is(scalar(keys %tokens), 20, 'every claim has its own');
    $app->release;
    $_->wait for @c;
};


subtest 'the words' => sub {
    my $fake = WebhookVerify::FakeRedis->start(
        \&WebhookVerify::FakeRedis::usual);

    $nginx = server('redis://127.0.0.1:' . $fake->port);
    $app->reset;

    my $key = key('words');

    is(result('/hook', '{"n":"words"}'), '200 first', 'a first delivery');

    # the greeting is a PING and no command about the event

    WebhookVerify::Process->wait_for(2, sub {
        2 == grep { uc $_->{argv}[0] eq 'SET' } $fake->commands;
    });

    my ($claim, $commit) = map { $_->{argv} }
                           grep { uc $_->{argv}[0] eq 'SET' } $fake->commands;

    is(uc join(' ', @$claim[0, 3, 4, 5]), 'SET NX PX 1000',
       'a claim is SET key p:<token> NX PX <lease>');
    is($claim->[1], $key, 'of its key');
    like($claim->[2], qr/^p:\S+$/, 'with a token');
    is(uc $commit->[0], 'SET', 'a commit is a SET');
    is($commit->[1], $key, 'of its key');
    like($commit->[2], qr/^d:\d{10}:200$/, 'with time and status');

    is(result('/hook?status=500', '{"n":"words"}'), '500 first', 'a failure');
    WebhookVerify::Process->wait_for(2, sub {
        grep { uc $_->{argv}[0] eq 'EVAL' } $fake->commands;
    });

    my ($release) = map { $_->{argv} }
                    grep { uc $_->{argv}[0] eq 'EVAL' } $fake->commands;

    ok($release, 'a release is an EVAL') or return;
    is($release->[2], 1, 'of one key');
    is($release->[3], $key, 'which is its argument');

    my ($last) = grep { uc $_->{argv}[0] eq 'SET' } reverse $fake->commands;

    is($release->[4], $last->{argv}[2], 'and its own token');
};

is($nginx->complaints, '', 'nothing bad in the log');
ok($nginx->stop, 'nginx ends by itself');

done_testing();
