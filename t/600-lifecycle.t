# Reloads, ends and single processes: what is remembered stays remembered, who
# is in flight stays in flight, and nothing is left behind.

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
my $nginx;

my $SLOW = $WebhookVerify::Process::SLOW;


sub config {
    my ($store, $more, $lease) = @_;

    $lease //= '1s';

    return <<"_EOC_" . ($more // '');
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     life;
        webhook_verify_store     $store;
        webhook_verify_lease     $lease;

        location / {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }
_EOC_
}


sub server {
    my ($store, %o) = @_;

    $app->reset;
    $redis->clear;

    return WebhookVerify::Server->new(
        http => "webhook_verify_store_timeout ${\ (500 * $SLOW) }ms;",
        config => config($store, '', delete $o{lease}), %o)->start;
}


sub deliver {
    my ($path, $body, %o) = @_;

    return WebhookVerify::Client->delivery($nginx->port, $body,
                                           path => $path, %o)->send;
}


sub result {
    my ($path, $body, %o) = @_;

    my $r = deliver($path, $body, %o)->wait(5);

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


# of an event that was answered: a worker may come before the commit or release
# of another one

sub again {
    my ($path, $body) = @_;

    my $said;

    WebhookVerify::Process->wait_for(2 * $SLOW, sub {
        $said = result($path, $body);
        return $said !~ /^503/;
    });

    return $said;
}


sub ends_well {
    ok($nginx->stop('QUIT', 5 * $SLOW), 'nginx ends by itself')
        or diag($nginx->log);
    is($nginx->complaints, '', 'nothing bad in the log')
}


my %store = (zone => 'zone=life:1m',
             redis => 'redis://127.0.0.1:' . $redis->port);


for my $kind (qw(zone redis)) {
    my $store = $store{$kind};

    subtest "$kind: a reload keeps what is done" => sub {
        $nginx = server($store, workers => 2);

        is(result('/hook', '{"n":1}'), '200 first', 'before');
        ok($nginx->hup, 'reloaded');
        is(result('/hook', '{"n":1}'), '200 duplicate', 'still known');
        is(result('/hook', '{"n":2}'), '200 first', 'new ones are new');
        ok($nginx->hup, 'reloaded again');
        is(result('/hook', '{"n":1}'), '200 duplicate', 'still known');
        is(result('/hook', '{"n":2}'), '200 duplicate', 'the second, too');
        is($app->count, 2, 'the application saw two');
        ends_well();
    };

    subtest "$kind: a reload while a claim is in flight" => sub {
        $nginx = server($store, workers => 2);

        # longer than the lease: the old worker still renews it

        my $c = deliver('/hook?hold=1', '{"n":1}');

        $app->seen_at_least(1);
        ok($nginx->hup, 'reloaded');

        # the other old one goes, under a sanitizer slowly

        ok(WebhookVerify::Process->wait_for(3 * $SLOW,
                                            sub { $nginx->leaving == 1 }),
           'the old worker stays for it');

        is(result('/hook', '{"n":1}'), '503 in_flight',
           'the new workers know it');
        sleep 1.1;
        is(result('/hook', '{"n":1}'), '503 in_flight', 'it is renewed');
        sleep 1.1;
        is(result('/hook', '{"n":1}'), '503 in_flight', 'and again');

        $app->release;
        is($c->wait(5)->{status}, 200, 'it ends well');
        is(again('/hook', '{"n":1}'), '200 duplicate', 'committed');
        is($app->count, 1, 'the application saw one');
        ok(WebhookVerify::Process->wait_for(3 * $SLOW, sub { !$nginx->leaving }),
           'then the old worker goes');
        ends_well();
    };

    subtest "$kind: a reload while a claim is in flight, which then fails" => sub {
        # it is not the end of the lease that frees it

        $nginx = server($store, workers => 1, lease => '30s');

        my $uri = '/hook?delay=0.6,0&status=500,200';
        my $c = deliver($uri, '{"n":1}');

        $app->seen_at_least(1);
        ok($nginx->hup, 'reloaded');
        is($c->wait(5)->{status}, 500, 'the first attempt fails');
        is(again($uri, '{"n":1}'), '200 first', 'released: the retry is first');
        is(result($uri, '{"n":1}'), '200 duplicate', 'and done');
        ends_well();
    };

    subtest "$kind: deliveries during five reloads" => sub {
        $nginx = server($store, workers => 2);

        my @c;

        for my $round (1 .. 5) {
            push @c, map { deliver('/hook?delay=0.05',
                                   qq({"n":"$round-$_"})) } 1 .. 20;
            kill 'HUP', $nginx->pid;
            push @c, map { deliver('/hook', qq({"n":"$round-$_"})) } 21 .. 40;
            sleep 0.15;
        }

        my %got;

        for (@c) {
            my $r = $_->wait(5);
            $got{"$r->{status} " . ($r->{header}{'x-result'} // '')}++;
        }

        is(join(', ', map { "$_: $got{$_}" } sort keys %got),
           '200 first: 200', 'all two hundred are delivered');

        my %seen;

        $seen{ $_->{body} }++ for $app->seen;

        is(scalar(grep { $_ == 1 } values %seen), 200, 'once each');
        ok(WebhookVerify::Process->wait_for(5 * $SLOW, sub { !$nginx->leaving }),
           'the old workers are gone');
        ends_well();
    };

    subtest "$kind: an end while the application works" => sub {
        $nginx = server($store, workers => 1);

        my $c = deliver('/hook?delay=0.8', '{"n":1}');

        $app->seen_at_least(1);
        kill 'QUIT', $nginx->pid;

        is($c->wait(5)->{status}, 200, 'the provider gets its answer');
        ends_well();
    };

    subtest "$kind: worker_shutdown_timeout cuts a request short" => sub {
        $nginx = server($store, workers => 1,
                        main => 'worker_shutdown_timeout 500ms;');

        my $c = deliver('/hook?delay=20,0', '{"n":1}');

        $app->seen_at_least(1);

        my $began = time;

        ok($nginx->hup, 'reloaded');
        is($c->wait(5 * $SLOW)->{status}, 0, 'the provider gets no answer');
        cmp_ok(time - $began, '<', 2.5 * $SLOW, 'soon');
        ok(WebhookVerify::Process->wait_for(3 * $SLOW, sub { !$nginx->leaving }),
           'the old worker goes');

        sleep 1.2;

        is(again('/hook?delay=20,0', '{"n":1}'), '200 first',
           'the retry is delivered after the lease');
        is($app->count, 2, 'the application saw two attempts');
        ends_well();
    };

    subtest "$kind: TERM in the middle" => sub {
        $nginx = server($store, workers => 2);

        my @c = map { deliver('/hook?delay=20', qq({"n":$_})) } 1 .. 5;

        $app->seen_at_least(5);
        sleep 0.4;
        ok($nginx->stop('TERM', 3 * $SLOW), 'nginx ends at once');

        # a sanitizer at its end may take longer than the master waits

        is(join('', grep { !$ENV{ASAN_OPTIONS} || !/exited on signal 9/ }
                         split /^/, $nginx->complaints),
           '', 'nothing bad in the log');
    };

    subtest "$kind: a single process" => sub {
        $nginx = server($store, main => 'master_process off;');

        is(result('/hook', '{"n":1}'), '200 first', 'a first');
        is(result('/hook', '{"n":1}'), '200 duplicate', 'a duplicate');
        is(result('/hook?status=500,200', '{"n":2}'), '500 first', 'a failure');
        is(result('/hook?status=500,200', '{"n":2}'), '200 first', 'its retry');

        my $c = deliver('/hook?hold=1', '{"n":3}');

        $app->seen_at_least(4);
        sleep 1.2;
        is(result('/hook', '{"n":3}'), '503 in_flight', 'a renewal');
        $app->release;
        is($c->wait->{status}, 200, 'and its end');

        ends_well();
    };
}


subtest 'a reload with new secrets' => sub {
    my $more = <<'_EOC_';
        location /file {
            webhook_verify_secret_file keys;
            proxy_pass http://127.0.0.1:APP;
        }
_EOC_
    my $port = $app->port;

    $more =~ s/APP/$port/;

    $app->reset;
    $nginx = WebhookVerify::Server->new(config => config($store{zone}, $more));

    my $write = sub {
        open my $out, '>', $nginx->dir . '/conf/keys' or die $!;
        print $out @_;
        close $out;
    };

    $write->("old\n");
    $nginx->start;

    is(result('/file', '{"n":1}', key => 'old'), '200 first', 'the old one');

    $write->("new\nold\n");
    ok($nginx->hup, 'rotated');
    is(result('/file', '{"n":2}', key => 'new'), '200 first', 'the new one');
    is(result('/file', '{"n":3}', key => 'old'), '200 first', 'the old one');

    $write->("new\n");
    ok($nginx->hup, 'the old one is gone');
    is(result('/file', '{"n":4}', key => 'new'), '200 first', 'the new one');
    is(result('/file', '{"n":5}', key => 'old'), '401 bad_signature',
       'the old one is refused');

    # a reload that fails changes nothing

    $write->("\n");
    kill 'HUP', $nginx->pid;
    WebhookVerify::Process->wait_for(2 * $SLOW,
                                     sub { $nginx->log =~ /\[emerg\]/ });
    like($nginx->log, qr/\[emerg\].*keys/, 'an empty file is no reload');
    is(result('/file', '{"n":6}', key => 'new'), '200 first', 'the new one');
    is(result('/file', '{"n":1}', key => 'new'), '200 duplicate',
       'and all is remembered');
    ok($nginx->stop, 'nginx ends by itself');
};


subtest 'a reload to another store and back' => sub {
    $nginx = server($store{zone}, workers => 2);

    is(result('/hook', '{"n":1}'), '200 first', 'the zone');

    $nginx->{config} = config($store{redis});
    ok($nginx->hup, 'to Redis');
    is(result('/hook', '{"n":1}'), '200 first', 'which knows nothing yet');
    is(again('/hook', '{"n":1}'), '200 duplicate', 'and now does');

    $nginx->{config} = config('off');
    ok($nginx->hup, 'to none');
    is(result('/hook', '{"n":1}'), '200 first', 'every time');
    is(result('/hook', '{"n":1}'), '200 first', 'is the first');

    $nginx->{config} = config($store{redis});
    ok($nginx->hup, 'back to Redis');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'which remembers');
    ends_well();
};


subtest 'a reload while one goes from zone to Redis in flight' => sub {
    $nginx = server($store{zone}, workers => 1);

    my $c = deliver('/hook?delay=0.8', '{"n":1}');

    $app->seen_at_least(1);
    $nginx->{config} = config($store{redis});
    ok($nginx->hup, 'reloaded');
    is($c->wait(5)->{status}, 200, 'the one in flight ends well');
    is(result('/hook', '{"n":2}'), '200 first', 'the next');
    ends_well();
};


subtest 'an end with an idle connection to Redis' => sub {
    $nginx = server($store{redis}, workers => 2);

    result('/hook', qq({"n":"$_"})) for 1 .. 10;

    my $began = time;

    ends_well();
    cmp_ok(time - $began, '<', 2 * $SLOW, 'at once');
    unlike($nginx->log, qr/open socket/, 'no open socket is left');
};


subtest 'an end with a client that keeps its connection' => sub {
    $nginx = server($store{redis}, workers => 1);

    my $c = deliver('/hook', '{"n":1}', keepalive => 1);

    is($c->wait->{status}, 200, 'a delivery');
    sleep 0.05;

    my $began = time;

    ends_well();
    cmp_ok(time - $began, '<', 2 * $SLOW, 'at once');
    unlike($nginx->log, qr/open socket/, 'no open socket is left');
};


subtest 'an end while Redis is asked' => sub {
    $nginx = server($store{redis}, workers => 1,
                    server => 'webhook_verify_store_timeout 5s;');

    is(result('/hook', '{"n":1}'), '200 first', 'warm');
    $redis->freeze;

    my $c = deliver('/hook', '{"n":2}');

    sleep 0.1;
    kill 'QUIT', $nginx->pid;
    sleep 0.1;
    $redis->thaw;

    is($c->wait(5)->{status}, 200, 'the delivery ends well');
    ends_well();
    unlike($nginx->log, qr/open socket/, 'no open socket is left');
    like($redis->get(WebhookVerify::Redis::key('life', 2)) // 'nothing',
         qr/^d:\d+:200$/, 'and is committed');
};


subtest 'an end while Redis is asked and silent' => sub {
    $nginx = server($store{redis}, workers => 1);

    is(result('/hook', '{"n":1}'), '200 first', 'warm');
    $redis->freeze;

    my $c = deliver('/hook', '{"n":2}');

    sleep 0.1;
    kill 'QUIT', $nginx->pid;

    is($c->wait(5)->{status}, 503, 'the delivery is told to come again');
    ends_well();
    unlike($nginx->log, qr/open socket/, 'no open socket is left');
    $redis->thaw;
};


subtest 'worker_shutdown_timeout while Redis is asked' => sub {
    for my $abort (0, 1) {
        $nginx = server($store{redis}, workers => 1,
                        main => 'worker_shutdown_timeout 300ms;',
                        server => 'webhook_verify_store_timeout 10s;');

        is(result('/hook', '{"n":1}'), '200 first', 'warm');
        $redis->freeze;

        my @c = map { deliver('/hook', qq({"n":"cut $_"})) } 1 .. 10;

        sleep 0.1;

        if ($abort) {
            $_->abort for @c[0 .. 4];
            sleep 0.05;
        }

        ok($nginx->hup, 'reloaded');
        ok(WebhookVerify::Process->wait_for(3 * $SLOW,
                                            sub { !$nginx->leaving }),
           'the old worker goes');
        is($c[9]->wait(2)->{status}, 0, 'the provider gets no answer');

        $redis->thaw;
        sleep 1.2;

        is(again('/hook', qq({"n":"cut $_"})), '200 first',
           "the retry of $_ is delivered, after the lease") for 1, 9;
        ends_well();
        unlike($nginx->log, qr/open socket/, 'no open socket is left');
    }
};


subtest 'worker_shutdown_timeout while a commit waits for Redis' => sub {
    my $gone = WebhookVerify::Redis->start;

    $nginx = server('redis://127.0.0.1:' . $gone->port, workers => 1,
                    main => 'worker_shutdown_timeout 300ms;');

    my $c = deliver('/hook?delay=0.3', '{"n":1}');

    $app->seen_at_least(1);
    $gone->stop;
    is($c->wait(5)->{status}, 200, 'accepted, but Redis is gone');

    ends_well();
};


subtest 'an end while Redis is away' => sub {
    my $gone = WebhookVerify::Redis->start;

    $nginx = server('redis://127.0.0.1:' . $gone->port, workers => 2);

    is(result('/hook', '{"n":1}'), '200 first', 'warm');
    $gone->wait_value(WebhookVerify::Redis::key('life', 1), qr/^d:/, 2 * $SLOW);
    $gone->stop;
    is(result('/hook', '{"n":2}'), '503 store_error', 'away');

    ends_well();
    unlike($nginx->log, qr/open socket/, 'no open socket is left');
};


subtest 'a reload while Redis is away' => sub {
    my $gone = WebhookVerify::Redis->start;

    $nginx = server('redis://127.0.0.1:' . $gone->port, workers => 2);

    is(result('/hook', '{"n":1}'), '200 first', 'warm');
    $gone->wait_value(WebhookVerify::Redis::key('life', 1), qr/^d:/, 2 * $SLOW);
    $gone->stop;
    is(result('/hook', '{"n":2}'), '503 store_error', 'away');

    ok($nginx->hup, 'reloaded');
    ok(WebhookVerify::Process->wait_for(5 * $SLOW, sub { !$nginx->leaving }),
       'the old workers go');

    $gone->launch;

    my $r;

    WebhookVerify::Process->wait_for(3 * $SLOW, sub {
        $r = result('/hook', '{"n":2}');
        return $r eq '200 first';
    });

    is($r, '200 first', 'Redis is back');
    ends_well();
};


subtest 'connections to Redis do not pile up over reloads' => sub {
    $nginx = server($store{redis}, workers => 2);

    for my $round (1 .. 4) {
        result('/hook', qq({"n":"$round-$_"})) for 1 .. 6;
        $nginx->hup;
    }

    WebhookVerify::Process->wait_for(3 * $SLOW, sub { !$nginx->leaving });
    result('/hook', qq({"n":"last-$_"})) for 1 .. 6;

    my ($clients) = $redis->cmd('INFO', 'clients') =~ /connected_clients:(\d+)/;

    # one of them is ours

    cmp_ok($clients, '<=', 3, 'at most one a worker');
    ends_well();
};


done_testing();
