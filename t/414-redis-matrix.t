# The failure matrix: whatever happens to a Redis, a delivery gets the answer of
# the contract within the store timeout, others are served meanwhile, no event
# is swallowed or handed over twice, and all is well within 2 s of the server's
# return, without a reload.
#
# Rows that other files have: 402 (each under both policies; a server that is
# killed, hangs, is full, is a replica), 407 (names that fail or are slow), 408
# (servers that hang up, lose a reply, say too much), 410 (TLS), 411 (users,
# passwords, rights), 412 (sentinels, failover), 413 (clusters, slots).

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Dns;
use WebhookVerify::FakeRedis;
use WebhookVerify::Gate;
use WebhookVerify::Process;
use WebhookVerify::Redis;

my $SLOW = $WebhookVerify::Process::SLOW;
my $TIMEOUT = 0.8 * $WebhookVerify::Process::TIMEOUT;

my $app = WebhookVerify::App->start;
my (undef, $bad) = File::Temp::tempfile('wv-bad-XXXXXX', TMPDIR => 1);
my $nginx;

unlink $bad;


sub gate {
    my (%o) = @_;

    $app->reset;
    $nginx = WebhookVerify::Gate->new($app, timeout => 1000 * $TIMEOUT . 'ms',
                                      %o)->start;
}


sub ill { open my $out, '>', $bad or die "$bad: $!" }
sub mend { unlink $bad or die "$bad: $!" }


# keeps what it is told, but while it is ill says this to these commands; a
# number is how late its answer is, and code what it makes of it

sub server {
    my ($says, $to) = @_;

    $to //= qr/./;

    my %hung;

    return WebhookVerify::FakeRedis->keeper(sub {
        my ($ask, $keep) = @_;

        # an answer that is left out would make the next one that of another

        return undef if $hung{ $ask->{connection} };

        my $name = uc $ask->{argv}[0];

        $name = 'CLAIM' if WebhookVerify::FakeRedis::is_claim($ask);

        return $keep->() unless -e $bad && $name =~ $to;
        return $says->($keep) if ref $says;

        $hung{ $ask->{connection} } = 1 if !defined $says;
        return $says;
    });
}


# name => [server, whether it counts as down]

my @rows = (
    ['it hangs', server(undef), 1],
    ['slow beyond the timeout', server(sub { [ $TIMEOUT * 3, $_[0]->() ] }), 1],
    ['slow for claims', server(sub { [ $TIMEOUT * 3, $_[0]->() ] }, qr/CLAIM/)],
    ['it hangs up', server('CLOSE'), 1],
    ['it hangs up on claims', server('CLOSE', qr/CLAIM/)],
    ['half a reply', server('+O'), 1],
    ['half a reply to claims', server("+O", qr/CLAIM/)],
    ['half a reply, and the end', server(sub { [ 0, '+O', 0.02, 'CLOSE' ] }), 1],
    ['garbage', server("\xff\x00garbage\r\n"), 1],
    ['garbage for claims', server("\xff\x00garbage\r\n", qr/CLAIM/)],
    ['a huge length', server("\$1099511627776\r\n"), 1],
    ['a huge length for claims', server("\$1099511627776\r\n", qr/CLAIM/)],
    ['a huge list', server("*1000000000\r\n", qr/CLAIM/)],
    ['NOAUTH', server("-NOAUTH Authentication required.\r\n")],
    ['WRONGPASS', server("-WRONGPASS invalid username-password pair\r\n")],
    ['NOPERM', server("-NOPERM this user has no permissions\r\n")],
    ['NOPERM for claims', server("-NOPERM no\r\n", qr/CLAIM/)],
    ['READONLY for claims', server("-READONLY You can't write against a read "
                                   . "only replica.\r\n", qr/CLAIM/)],
    ['LOADING', server("-LOADING Redis is loading the dataset in memory\r\n")],
    ['LOADING for claims', server("-LOADING dataset\r\n", qr/CLAIM/)],
    ['OOM for claims', server("-OOM command not allowed when used memory > "
                              . "'maxmemory'.\r\n", qr/CLAIM/)],
    ['MASTERDOWN', server("-MASTERDOWN Link with MASTER is down and "
                          . "replica-serve-stale-data is set to 'no'.\r\n")],
    ['CLUSTERDOWN for claims', server("-CLUSTERDOWN The cluster is down\r\n",
                                      qr/CLAIM/)],
    ['TRYAGAIN for claims', server("-TRYAGAIN Multiple keys request during "
                                   . "rehashing of slot\r\n", qr/CLAIM/)],
    ['MISCONF for claims', server("-MISCONF Redis is configured to save RDB "
                                  . "snapshots\r\n", qr/CLAIM/)],
    ['BUSY for claims', server("-BUSY Redis is busy running a script.\r\n",
                               qr/CLAIM/)],
    ['max clients', server("-ERR max number of clients reached\r\n")],
);


subtest 'the matrix' => sub {
    my %stores = map { ("row$_" => 'redis://127.0.0.1:' . $rows[$_][1]->port) }
                 0 .. $#rows;

    gate(stores => \%stores, workers => 1);

    my ($worker) = $nginx->workers;

    is(scalar(grep { $nginx->result("/row$_", "before $_") eq '200 first' }
              0 .. $#rows), scalar(@rows), 'before: firsts');
    is(scalar(grep { $nginx->result("/row$_", "before $_") =~ /duplicate/ }
              0 .. $#rows), scalar(@rows), 'which are known');
    ill();

    # at once, and again and again

    my $began = time;
    my @sent = map { $nginx->deliver("/row$_", "event $_") } 0 .. $#rows;

    ok(defined $nginx->quick, 'others are served at once');

    for my $i (0 .. $#rows) {
        is($nginx->said($sent[$i]), '503 store_error', "$rows[$i][0]: 503");
    }

    cmp_ok(time - $began, '<', $TIMEOUT + 0.4 * $SLOW, 'all in time');

    for my $round (1 .. 3) {
        @sent = map { $nginx->deliver("/row$_", "event $_") } 0 .. $#rows;
        is(scalar(grep { $nginx->said($_) eq '503 store_error' } @sent),
           scalar(@rows), "round $round: 503");
        sleep 0.1;
    }

    ok(defined $nginx->quick, 'others are still served at once');

    # those that are down are not asked: no queue behind a dead connection

    for my $i (grep { $rows[$_][2] } 0 .. $#rows) {
        my $began = time;

        is($nginx->result("/row$i", "event $i"), '503 store_error',
           "$rows[$i][0]: 503");
        cmp_ok(time - $began, '<', $TIMEOUT * 0.75, 'without a wait');
    }

    is(scalar(grep { !/"n":"(?:before|quick)/ } map { $_->{body} } $app->seen),
       0, 'the application saw none of them');

    for my $i (0 .. $#rows) {
        my $commands = $rows[$i][1]->commands;

        cmp_ok($commands, '<=', 60, "$rows[$i][0]: asked $commands times");
    }

    mend();

    my $mended = time;
    my %waiting = map { $_ => 1 } 0 .. $#rows;
    my (%took, %said);

    WebhookVerify::Process->wait_for(2.5 * $SLOW, sub {
        for (sort { $a <=> $b } keys %waiting) {
            $said{$_} = $nginx->result("/row$_", "event $_");

            next if $said{$_} =~ /^503/;

            $took{$_} = time - $mended;
            delete $waiting{$_};
        }

        return !%waiting;
    });

    for my $i (0 .. $#rows) {
        my ($name, $server, $down) = @{ $rows[$i] };
        my $url = '127.0.0.1:' . $server->port;

        is($said{$i}, '200 first', "$name: the retry is delivered");
        cmp_ok($took{$i} // 99, '<', 2 * $SLOW,
               sprintf '%.2f s after the return', $took{$i} // 99);
        is($nginx->result("/row$i", "event $i"), '200 duplicate', 'and known');
        is($nginx->result("/row$i", "before $i"), '200 duplicate', 'as before');
        is($nginx->seen("event $i"), 1, 'the application saw it once');

        my ($downs, $backs) = ($nginx->downs($url), $nginx->backs($url));

        is($downs, 1, 'the log says once that it is down') if $down;
        cmp_ok($downs, '<=', 4, "the log does not fill: $downs") if !$down;
        is($backs, $downs, 'and as often that it is back');
    }

    is("@{[ $nginx->workers ]}", $worker, 'no reload, no crash');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
    unlike($nginx->log, qr/open socket/, 'no open socket is left');
};


# what comes after the answer of the application; how often it is seen in the end

my @after = (
    ['a commit that is lost', 'CLOSE', qr/^SET$/, 200, 1],
    ['a commit that hangs', undef, qr/^SET$/, 200],
    ['a commit that is refused: READONLY', "-READONLY no\r\n", qr/^SET$/, 200],
    ['a commit that is refused: LOADING', "-LOADING no\r\n", qr/^SET$/, 200],
    ['a commit that is refused: MASTERDOWN', "-MASTERDOWN no\r\n", qr/^SET$/,
     200],
    ['a commit that is refused: CLUSTERDOWN', "-CLUSTERDOWN no\r\n", qr/^SET$/,
     200],
    ['a commit that is refused: TRYAGAIN', "-TRYAGAIN no\r\n", qr/^SET$/, 200],
    ['a commit that is refused: OOM', "-OOM no\r\n", qr/^SET$/, 200],
    ['a release that is lost', 'CLOSE', qr/^EVAL$/, 500, 1],
    ['a release that hangs', undef, qr/^EVAL$/, 500],
    ['a release that is refused: NOSCRIPT', "-NOSCRIPT no script\r\n",
     qr/^EVAL$/, 500],
    ['a release that is refused: NOPERM', "-NOPERM no\r\n", qr/^EVAL$/, 500],
    ['a release that is refused: BUSY', "-BUSY busy\r\n", qr/^EVAL$/, 500],
    ['a release that is refused: READONLY', "-READONLY no\r\n", qr/^EVAL$/,
     500],
);

subtest 'after the answer' => sub {
    my @servers = map {
        my ($name, $says, $to, undef, $once) = @$_;
        my $n = 0;

        server($once ? sub { $n++ ? $_[0]->() : $says } : $says, $to);
    } @after;
    my %stores = map { ("row$_" => 'redis://127.0.0.1:' . $servers[$_]->port) }
                 0 .. $#after;

    gate(stores => \%stores, gate => 'webhook_verify_lease 2s;');
    ill();

    for my $i (0 .. $#after) {
        my ($name, undef, undef, $status) = @{ $after[$i] };
        my $began = time;

        is($nginx->result("/row$i?status=$status", "after $i"),
           "$status first", "$name: the client is told $status");
        cmp_ok(time - $began, '<', 0.25 * $SLOW, 'and does not wait');
    }

    sleep 0.3;
    mend();

    # a lease, and what is between two attempts

    for my $i (0 .. $#after) {
        my ($name, undef, undef, $status) = @{ $after[$i] };
        my ($said, $expected) = ('', $status == 200 ? '200 duplicate'
                                                    : '200 first');

        WebhookVerify::Process->wait_for(3 * $SLOW, sub {
            $said = $nginx->result("/row$i", "after $i");
            return $said !~ /^503/;
        });

        is($said, $expected, "$name: made up for");
        is($nginx->seen("after $i"), $status == 200 ? 1 : 2,
           'the application saw it as often as it should');
    }

    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


# --- real servers

subtest 'killed and restarted with claims in flight' => sub {
    my $redis = WebhookVerify::Redis->start;

    gate(store => 'redis://127.0.0.1:' . $redis->port, workers => 2,
         gate => 'webhook_verify_lease 1s;');

    my @done = map { $nginx->deliver('/?hold=1', "done $_") } 1 .. 10;
    my @failed = map { $nginx->deliver('/?hold=1&status=500', "failed $_") }
                 1 .. 10;

    is(scalar $app->seen_at_least(20), 20, 'twenty are on their way');
    $redis->stop;
    is($nginx->result('/', 'done 1'), '503 store_error', 'a retry of one: 503');
    $redis->launch;

    my $took = $nginx->well('/', 'other');

    like($took, qr/^\d\.\d+$/, "back after $took s, and empty");

    # renewals restore the claims

    for my $event ('done 1', 'failed 1') {
        ok($redis->wait_value(WebhookVerify::Redis::key('gate', $event),
                              qr/^p:/, 2 * $SLOW), "$event is claimed again");
    }

    is($nginx->result('/', 'done 1'), '503 in_flight', 'so it is in flight');
    is($app->count, 21, 'none was handed over beside');
    $app->release;

    is(scalar(grep { $nginx->said($_) eq '200 first' } @done), 10, 'ten end');
    is(scalar(grep { $nginx->said($_) eq '500 first' } @failed), 10,
       'ten fail');

    for (1 .. 10) {
        $redis->wait_value(WebhookVerify::Redis::key('gate', "done $_"), qr/^d:/,
                           3);
        is($nginx->result('/', "done $_"), '200 duplicate', "done $_: known");
        is($nginx->well('/', "failed $_") =~ /^\d\.\d+$/ ? 1 : 0, 1,
           "failed $_: its retry is delivered");
        is($nginx->seen("done $_"), 1, 'one was seen once');
        is($nginx->seen("failed $_"), 2, 'the other twice');
    }

    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'scripts that are forgotten' => sub {
    my $redis = WebhookVerify::Redis->start;

    gate(store => 'redis://127.0.0.1:' . $redis->port);

    for (1 .. 3) {
        is($nginx->result('/?status=500', "script $_"), '500 first', 'fails');
        is($nginx->result('/', "script $_"), '200 first', 'and is released');
        $redis->cmd('SCRIPT', 'FLUSH');
    }
};


subtest 'a replica that does not serve stale data' => sub {
    my $redis = WebhookVerify::Redis->start;

    gate(store => 'redis://127.0.0.1:' . $redis->port);

    is($nginx->result('/', 'before'), '200 first', 'before');
    $redis->cmd(qw(CONFIG SET replica-serve-stale-data no));
    $redis->cmd(qw(REPLICAOF 127.0.0.1 1));
    is($nginx->result('/', 'event'), '503 store_error', 'a store error');
    like($nginx->log, qr/\[error\].*(?:READONLY|MASTERDOWN)/,
         "the log has Redis's own word");
    $redis->cmd(qw(REPLICAOF NO ONE));

    my $took = $nginx->well('/', 'event');

    like($took, qr/^\d\.\d+$/, "well again after $took s");
    is($nginx->seen('event'), 1, 'the application saw it once');
};


subtest 'one attempt at a time, and further apart' => sub {
    my $fake = WebhookVerify::FakeRedis->start(sub { 'CLOSE' });

    gate(store => 'redis://127.0.0.1:' . $fake->port);

    my $until = time + 1.5;
    my %got;

    while (time < $until) {
        $got{ $nginx->result('/', 'apart') }++;
        sleep 0.005;
    }

    my %seen;
    my @times = map { $seen{ $_->{connection} }++ ? () : $_->{time} }
                $fake->commands;

    is(join(', ', keys %got), '503 store_error', 'all are refused');
    cmp_ok($got{'503 store_error'}, '>', 30, "$got{'503 store_error'} of them");
    cmp_ok(scalar @times, '<=', 10, 'after ' . @times . ' attempts');
    cmp_ok(scalar @times, '>=', 3, 'but some');
    is($nginx->downs('127.0.0.1:' . $fake->port), 1, 'which is said once');
};


# --- names

subtest 'names' => sub {
    my $redis = WebhookVerify::Redis->start('--bind', '127.0.0.1', '127.0.0.2');
    my $port = $redis->port;
    my $dns = WebhookVerify::Dns->start(sub {
        my ($name) = @_;

        return '127.0.0.1' unless -e $bad;
        return 'NXDOMAIN' if $name =~ /^nowhere/;
        return [ 5, '127.0.0.1' ] if $name =~ /^slow/;
        return '127.0.0.9' if $name =~ /^moved/;
        return;
    });
    my @names = qw(nowhere.test slow.test moved.test silent.test);

    gate(stores => { map { ($_ => "redis://$_:$port") } @names },
         http => 'resolver 127.0.0.1:' . $dns->port
                 . ' valid=1s ipv6=off; resolver_timeout ' . 300 * $SLOW . 'ms;');

    # the resolver has not asked yet

    ill();

    my $began = time;
    my @sent = map { $nginx->deliver("/$_", $_) } @names;

    ok(defined $nginx->quick, 'others are served at once');
    is($nginx->said($sent[$_]), '503 store_error', "$names[$_]: 503")
        for 0 .. $#names;
    cmp_ok(time - $began, '<', $TIMEOUT + 0.4 * $SLOW, 'all in time');
    mend();

    # moved.test is remembered for a second

    for (@names) {
        my $took = $nginx->well("/$_", $_, /^moved/ ? 3.5 : 2);

        like($took, qr/^\d\.\d+$/, "$_: well after $took s");
        is($nginx->seen($_), 1, 'delivered once');
    }

    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'a name that gets another address' => sub {
    my $one = WebhookVerify::Redis->start;
    my $port = $one->port;
    my (undef, $other) = File::Temp::tempfile('wv-other-XXXXXX', TMPDIR => 1);

    unlink $other;

    my $dns = WebhookVerify::Dns->start(sub {
        -e $other ? '127.0.0.2' : '127.0.0.1' });

    gate(store => "redis://redis.test:$port", http => 'resolver 127.0.0.1:'
         . $dns->port . ' valid=1s ipv6=off; resolver_timeout ' . 300 * $SLOW . 'ms;');

    is($nginx->result('/', 'one'), '200 first', 'at the first address');
    $one->stop;

    my $two = WebhookVerify::Process->start('/dev/null',
        $WebhookVerify::Redis::Server, '--port', $port, '--bind', '127.0.0.2',
        '--save', '');

    is($nginx->result('/', 'two'), '503 store_error', 'it is gone: 503');
    open my $out, '>', $other;

    my $took = $nginx->well('/', 'two', 3.5);

    like($took, qr/^\d\.\d+$/, "at the second address after $took s");
    is($nginx->seen('two'), 1, 'delivered once');
    unlink $other;
    WebhookVerify::Process->stop($two);
};


done_testing();
