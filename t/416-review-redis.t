#!/usr/bin/perl

# What a second review of the Redis store proved; each of these failed before
# it was mended.

use strict;
use warnings;

use lib 't/lib';

use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::FakeRedis;
use WebhookVerify::Gate;
use WebhookVerify::Process;
use WebhookVerify::Redis;

my $app = WebhookVerify::App->start;
my $flags = File::Temp->newdir;
my $nginx;


sub gate {
    $app->reset;
    $nginx = WebhookVerify::Gate->new($app, @_)->start;
}


# what a fake does differently from here on: it is another process

sub set   { open my $out, '>', "$flags/$_[0]" or die $! }
sub unset { unlink "$flags/$_[0]" }
sub is_set { -e "$flags/$_[0]" }


# the answer to CLUSTER SLOTS: all of them are at one port

sub slots {
    my ($port) = @_;

    return WebhookVerify::FakeRedis::resp([[ \0, \16383,
                                             ['127.0.0.1', \$port, 'id'] ]]);
}


sub fake {
    my ($code, @o) = @_;

    return WebhookVerify::FakeRedis->keeper(sub {
        my ($ask, $keep) = @_;

        return $code->(uc $ask->{argv}[0], $ask, $keep) // $keep->();
    }, @o);
}


sub until_it_is {
    my ($wanted, $seconds, $code) = @_;
    my $got;

    WebhookVerify::Process->wait_for($seconds * $WebhookVerify::Process::SLOW,
                                     sub { ($got = $code->()) =~ $wanted });
    return $got;
}


sub lines { scalar grep { /$_[0]/ } split /^/, $nginx->log }


subtest 'a worker that is to go, while Redis is away, commits when it is back'
=> sub {
    my $redis = WebhookVerify::Redis->start;

    gate(store => 'redis://127.0.0.1:' . $redis->port);

    my $c = $nginx->deliver('/?hold=1', 'long');

    $app->seen_at_least(1);
    $redis->stop;
    is($nginx->result('/', 'other'), '503 store_error', 'it is away');
    $nginx->hup;
    sleep 1.5;                             # longer than any attempt is off
    $redis->launch;
    $app->release;
    is($nginx->said($c), '200 first', 'the old worker passes it on');
    like($redis->wait_value(WebhookVerify::Redis::key('gate', 'long'), qr/^d:/,
                            5) // 'nothing', qr/^d:/, 'and commits it');
};


subtest 'a claim whose reply was lost, and then the server, is released'
=> sub {
    my $port = WebhookVerify::Process->server_port;
    my $redis = fake(sub {
        my ($name, $ask, $keep) = @_;

        return undef unless is_set('breaks');

        if (WebhookVerify::FakeRedis::is_claim($ask)) {
            $keep->();
            set('broken');
            return 'CLOSE';
        }

        return is_set('broken') ? 'CLOSE' : undef;
    }, port => $port);

    gate(store => "redis://127.0.0.1:$port", gate => 'webhook_verify_lease 60s;');
    is($nginx->result('/', 'before'), '200 first', 'before');

    set('breaks');
    is($nginx->result('/', 'lost'), '503 store_error', 'then: 503');
    unset('breaks');

    is(until_it_is(qr/^200/, 10, sub { $nginx->result('/', 'lost') }),
       '200 first', 'the retry passes, long before the lease is over');
};


subtest 'claims are restored in a node that has taken over their slots'
=> sub {
    my ($port, $other) = map { WebhookVerify::Process->server_port } 1 .. 2;
    my $old = fake(sub { $_[0] eq 'CLUSTER' ? slots($port) : undef },
                   port => $port);
    my $new = fake(sub {
        my ($name, $ask, $keep) = @_;

        return slots(is_set('over') ? $other : $port) if $name eq 'CLUSTER';
        return undef unless $name eq 'EVAL' && $ask->{argv}[1] =~ /pexpire/;

        my $said = $keep->();
        my @argv = @{ $ask->{argv} };

        return $said if $said ne ":0\r\n";

        $ask->{argv} = ['SET', $argv[3], $argv[4], 'NX', 'PX', $argv[5]];
        $said = $keep->();

        return $said =~ /OK/ ? $said : ":0\r\n";
    }, port => $other);

    gate(store => "redis-cluster://127.0.0.1:$port,127.0.0.1:$other",
         gate => 'webhook_verify_lease 60s;');

    my $c = $nginx->deliver('/?hold=1', 'one');

    $app->seen_at_least(1);
    set('over');
    $old->stop;

    ok(WebhookVerify::Process->wait_for(10, sub {
        grep { $_->{argv}[0] =~ /^(?:EVAL|SET)$/ } $new->commands;
    }), 'the claim of a request on its way goes there');
    is(until_it_is(qr/in_flight|200/, 5, sub { $nginx->result('/', 'one') }),
       '503 in_flight', 'and is known');
    is($nginx->seen('one'), 1, 'so the application saw it once');
    $app->release;
    is($nginx->said($c), '200 first', 'its end');
};


subtest 'what is refused again and again is asked less and less often' => sub {
    my $redis = fake(sub {
        $_[0] eq 'SET' ? "-OOM command not allowed when used memory\r\n" : undef
    });

    gate(store => 'redis://127.0.0.1:' . $redis->port,
         gate => 'webhook_verify_store_error pass;');
    $nginx->result('/', "full $_") for 1 .. 20;

    my $before = () = $redis->commands;

    sleep 3;
    cmp_ok(scalar(() = $redis->commands) - $before, '<', 200,
           '20 commits, 3 seconds');
};


subtest 'a server that repeats AUTH has its words cut' => sub {
    my $redis = fake(sub {
        $_[0] eq 'AUTH' ? "-ERR unknown command 'AUTH', with args beginning "
                          . "with: 's3kretpw' \r\n" : undef
    });

    gate(store => 'redis://:s3kretpw@127.0.0.1:' . $redis->port);
    is($nginx->result('/', 1), '503 store_error', 'refused');
    like($nginx->log, qr/says "ERR unknown command 'AUTH'"/, 'the log says so');
    unlike($nginx->log, qr/s3kretpw/, 'without the password');
};


subtest 'a node with a stale view is not believed for ever' => sub {
    my $nobody = WebhookVerify::Process->server_port;
    my ($port, $other) = map { WebhookVerify::Process->server_port } 1 .. 2;
    my $stale = fake(sub { $_[0] eq 'CLUSTER' ? slots($nobody) : undef },
                     port => $port);
    my $right = fake(sub { $_[0] eq 'CLUSTER' ? slots($other) : undef },
                     port => $other);

    gate(store => "redis-cluster://127.0.0.1:$port,127.0.0.1:$other");
    is(until_it_is(qr/^200/, 8, sub { $nginx->result('/', 1) }), '200 first',
       'the other is asked');
};


subtest 'nor is a Sentinel' => sub {
    my $master = fake(sub {
        $_[0] eq 'ROLE' ? WebhookVerify::FakeRedis::resp(['master', \0, []])
                        : undef
    });
    my @sentinels = map {
        my $port = $_;

        fake(sub {
            my ($name) = @_;

            return WebhookVerify::FakeRedis::resp(['subscribe',
                                                   '+switch-master', \1])
                if $name eq 'SUBSCRIBE';
            return WebhookVerify::FakeRedis::resp(['127.0.0.1', "$port"])
                if $name eq 'SENTINEL';
            return undef;
        });
    } WebhookVerify::Process->server_port, $master->port;

    gate(store => 'redis-sentinel://'
                  . join(',', map { '127.0.0.1:' . $_->port } @sentinels)
                  . '/events');
    is(until_it_is(qr/^200/, 6, sub { $nginx->result('/', 1) }), '200 first',
       'the other is asked');
};


subtest 'redirects that lead nowhere are logged once' => sub {
    my $port = WebhookVerify::Process->server_port;
    my $slot = 0;
    my $node = fake(sub {
        my ($name) = @_;

        return slots($port) if $name eq 'CLUSTER';
        return undef if $name eq 'PING';
        return '-ASK ' . ($slot += 37) . " 127.0.0.1:1\r\n";
    }, port => $port);

    gate(store => "redis-cluster://127.0.0.1:$port");
    $nginx->result('/', "away $_") for 1 .. 20;
    cmp_ok(lines('refused a command'), '<=', 2, '20 deliveries');
};


subtest 'a replica does not flap' => sub {
    my ($master, $replica) = map { WebhookVerify::Redis->start } 1 .. 2;

    $replica->cmd('REPLICAOF', '127.0.0.1', $master->port);
    WebhookVerify::Process->wait_for(10, sub {
        $replica->cmd('INFO', 'replication') =~ /master_link_status:up/;
    });

    gate(store => 'redis://127.0.0.1:' . $replica->port);

    my $ends = time + 3;
    my $n = 0;

    while (time < $ends) {
        $nginx->result('/', 'replica ' . ++$n);
        sleep 0.05;
    }

    is(lines('is down'), 1, "$n deliveries, one line");
    is(lines('is back'), 0, 'it never is');

    my ($connections) = $replica->cmd('INFO', 'stats')
                        =~ /total_connections_received:(\d+)/;

    cmp_ok($connections, '<', 30, 'and is asked less and less often');
};


subtest 'who waits for another attempt has an answer, also over a reload'
=> sub {
    my $redis = fake(sub {
        WebhookVerify::FakeRedis::is_claim($_[1]) ? "-TRYAGAIN later\r\n" : undef
    });

    gate(store => 'redis://127.0.0.1:' . $redis->port, timeout => '2s');

    my $c = $nginx->deliver('/', 'waits');

    WebhookVerify::Process->wait_for(5, sub {
        grep { WebhookVerify::FakeRedis::is_claim($_) } $redis->commands;
    });
    $nginx->hup;
    is($nginx->said($c), '503 store_error', 'it has');
};


subtest 'who hangs up on each renewal is not called without end' => sub {
    my $redis = fake(sub {
        my ($name, $ask, $keep) = @_;

        return undef unless is_set('hangs up') && $name eq 'EVAL';
        return [0, $keep->(), 0.001, 'CLOSE'];
    });

    gate(store => 'redis://127.0.0.1:' . $redis->port,
         gate => 'webhook_verify_lease 3s;');

    my $c = $nginx->deliver('/?hold=1', 'renewed');

    $app->seen_at_least(1);
    set('hangs up');
    sleep 3;

    my @commands = $redis->commands;

    unset('hangs up');
    cmp_ok($commands[-1]{connection}, '<', 60, 'connections in 3 seconds');
    $app->release;
    is($nginx->said($c), '200 first', 'its end');
};


done_testing();
