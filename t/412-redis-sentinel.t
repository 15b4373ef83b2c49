# redis-sentinel://: the master that the sentinels name, whichever it is at the
# moment, without a reload and without a human.

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
use WebhookVerify::Provider;
use WebhookVerify::Redis;
use WebhookVerify::Sentinel;

my $SLOW = $WebhookVerify::Process::SLOW;
my $TIMEOUT = $WebhookVerify::Process::TIMEOUT;

# the rights that the contract names, and no more

my @RIGHTS = qw(on >pw resetkeys ~webhook:* resetchannels -@all
                +set +get +del +pexpire +eval +ping +select);

my $app = WebhookVerify::App->start;
my $watched = WebhookVerify::Sentinel->start;
my $nginx;


sub gate {
    my ($store, %o) = @_;

    $app->reset;
    $nginx = WebhookVerify::Gate->new($app, store => $store, %o)->start;
}


sub key { WebhookVerify::Redis::key('gate', $_[0]) }


subtest 'the master is found and used' => sub {
    gate($watched->url, workers => 2);

    is($nginx->result('/', 1), '200 first', 'a first');
    is($nginx->again('/', 1), '200 duplicate', 'a duplicate');
    is($nginx->result('/?status=500,200', 2), '500 first', 'a failure');
    is($nginx->again('/?status=500,200', 2), '200 first', 'its retry');

    my $c = $nginx->deliver('/?hold=1', 3);

    $app->seen_at_least(4);
    is($nginx->result('/', 3), '503 in_flight', 'one in flight');
    $app->release;
    is($nginx->said($c), '200 first', 'its end');

    my $master = $watched->master;

    like($master->wait_value(key($_), qr/^d:/, 2), qr/^d:\d+:200$/,
         "event $_ is done, in the master") for 1 .. 3;
    unlike($nginx->log, qr/\[error\]/, 'no error in the log');
};


subtest 'SENTINEL failover' => sub {
    my $old = $watched->master;
    my @workers = $nginx->workers;
    my $c = $nginx->deliver('/?hold=1', 'over it');

    $app->seen_at_least(5);

    my $new = $watched->failover;

    isnt($new, undef, 'another master');
    isnt($new->port, $old->port, 'really');

    my $took = $nginx->well('/', 10);

    like($took, qr/^\d\.\d+$/, "it is used after $took s");
    is($nginx->again('/', 1), '200 duplicate', 'what was done is known');
    is($nginx->again('/', 10), '200 duplicate', 'also the new one');

    # the old one is a master still, until a sentinel tells it ten seconds later,
    # and no connection to it breaks

    is($old->info('replication', 'role'), 'master', 'the old one is still one');
    sleep 2 - $took if $took =~ /^[01]\.\d+$/;

    my @after = map { "after $_" } 1 .. 20;

    is(scalar(grep { $nginx->result('/', $_) eq '200 first' } @after), 20,
       'twenty firsts, over all workers');
    is(scalar(grep { $old->get(key($_)) } @after), 0, 'none in the old one');

    $app->release;
    is($nginx->said($c), '200 first', 'what was in flight ends');
    like($new->wait_value(key('over it'), qr/^d:/, 3) // 'nothing',
         qr/^d:\d+:200$/, 'and is done, in the new master');
    is($nginx->again('/', 'over it'), '200 duplicate', 'so it is known');
    ok($watched->settle($new), 'the old one follows');
    is("@{[ $nginx->workers ]}", "@workers", 'no reload');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'kill -9 of the master' => sub {
    my $old = $watched->master;
    my @held = map { $nginx->deliver("/?hold=1", "held $_") } 1 .. 5;

    $app->seen_at_least(31);
    $nginx->new_log;
    $old->stop;

    my $began = time;

    is($nginx->result('/', 20), '503 store_error', 'without a master: 503');
    cmp_ok(time - $began, '<', $TIMEOUT + 0.3 * $SLOW, 'within the store timeout');

    my $ms = $nginx->quick;

    ok(defined $ms, 'others are served at once');

    my $new = $watched->promoted($old);

    isnt($new, undef, 'another master');

    my $took = $nginx->well('/', 20);

    like($took, qr/^\d\.\d+$/, "it is used after $took s");
    is($nginx->again('/', 20), '200 duplicate', 'the retry was delivered');
    is($nginx->seen(20), 1, 'once');
    is($nginx->again('/', 10), '200 duplicate', 'what was done is known');

    $app->release;
    is(join(', ', map { $nginx->said($_) } @held),
       join(', ', ('200 first') x 5), 'what was in flight ends');

    for (1 .. 5) {
        like($new->wait_value(key("held $_"), qr/^d:/, 3) // 'nothing',
             qr/^d:\d+:200$/, "held $_: done, in the new master");
        is($nginx->again('/', "held $_"), '200 duplicate', 'and is known');
        is($nginx->seen("held $_"), 1, 'the application saw it once');
    }

    # the old one comes back, and thinks that it is the master until a sentinel
    # tells it

    $old->launch;

    my $stray = 0;

    for (1 .. 10) {
        is($nginx->result('/', "beside the old $_"), '200 first', 'a first');

        my $value = $old->get(key("beside the old $_"));

        $stray++ if defined $value
                    && $old->info('replication', 'role') eq 'master';
        sleep 0.05;
    }

    is($stray, 0, 'none goes to the old one');

    # or the master again, when the machine is so busy that they think the new
    # one is down

    ok(WebhookVerify::Process->wait_for(60, sub { $watched->complete }),
       'then it is a replica');
    is($nginx->result('/', 21), '200 first', 'all is well');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'a user of few rights, and a database' => sub {
    $_->cmd('ACL', 'SETUSER', 'hook', @RIGHTS) for $watched->nodes;

    gate($watched->url('hook:pw', 3));

    is($nginx->result('/', 30), '200 first', 'a first');
    is($nginx->again('/', 30), '200 duplicate', 'a duplicate');

    my $master = $watched->master;

    $master->cmd('SELECT', 3);
    like($master->get(key(30)), qr/^d:/, 'it is in database 3');
    $master->cmd('SELECT', 0);

    my $new = $watched->failover;

    sleep 2;
    $watched->settle($new);

    my $took = $nginx->well('/', 31);

    like($took, qr/^\d\.\d+$/, "after a failover: $took s");
    is($nginx->again('/', 30), '200 duplicate', 'and it knows');
    unlike($nginx->log, qr/">?pw"|:pw\@/, 'the password is not in the log');

    gate($watched->url('hook:sesame'));
    is($nginx->result('/', 32), '503 store_error', 'a wrong password');
    like($nginx->log, qr/\[error\].*WRONGPASS/, 'which the log says');
    unlike($nginx->log, qr/sesame/, 'without it');
};


subtest 'sentinels that go' => sub {
    my ($first, @others) = $watched->sentinels;

    $first->stop;
    gate($watched->url);
    like($nginx->well('/', 40), qr/^\d\.\d+$/, 'the first is gone: a first');
    is($nginx->again('/', 40), '200 duplicate', 'and a duplicate');

    $_->stop for @others;
    is($nginx->result('/', 41), '200 first', 'all are gone: a first');

    gate($watched->url);

    my $began = time;

    is($nginx->result('/', 42), '503 store_error', 'nobody to ask: 503');
    cmp_ok(time - $began, '<', $TIMEOUT + 0.3 * $SLOW, 'within the store timeout');
    $nginx->result('/', 42) for 1 .. 5;
    ok(defined $nginx->quick, 'others are served at once');
    like($nginx->log, qr/\[error\].*is down/, 'the log says so');

    my $lines = () = $nginx->log =~ /is down/g;

    cmp_ok($lines, '<=', 4, "once a store and node, $lines in all");

    $_->launch for $first, @others;

    my $took = $nginx->well('/', 42);

    like($took, qr/^\d\.\d+$/, "they are back: $took s");
    is($nginx->seen(42), 1, 'and it was delivered once');
    like($nginx->log, qr/is back/, 'the log says so');

    gate($watched->url =~ s{/events}{/nobody}r);
    is($nginx->result('/', 43), '503 store_error', 'a name they do not know');
    like($nginx->log, qr/\[error\].*nobody/, 'the log has it');

    # a sentinel that a silence stands before is not the only one

    my $hole = WebhookVerify::FakeRedis->black_hole;

    gate($watched->url =~ s{//}{'//127.0.0.1:' . $hole->port . ','}er);
    like($nginx->well('/', 44), qr/^\d\.\d+$/, 'a black hole first');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'a sentinel that is not up to date' => sub {
    my $replica = WebhookVerify::Redis->start('--replicaof', '127.0.0.1 1');
    my $master = WebhookVerify::Redis->start;
    my (undef, $told) = File::Temp::tempfile('wv-told-XXXXXX', TMPDIR => 1);

    unlink $told;

    my $fake = WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;

        return WebhookVerify::FakeRedis::usual($ask)
            if uc $ask->{argv}[0] ne 'SENTINEL';
        return WebhookVerify::FakeRedis::resp(['127.0.0.1',
            (-e $told ? $master : $replica)->port . '']);
    });

    gate('redis-sentinel://127.0.0.1:' . $fake->port . '/events');

    my $began = time;

    is($nginx->result('/', 50), '503 store_error', 'a replica: 503');
    cmp_ok(time - $began, '<', $TIMEOUT + 0.3 * $SLOW, 'within the store timeout');
    is($nginx->seen(50), 0, 'the application saw nothing');

    sleep 0.5;

    my $asked = grep { uc $_->{argv}[0] eq 'SENTINEL' } $fake->commands;

    cmp_ok($asked, '<=', 30, "the sentinel is not stormed: $asked");

    open my $out, '>', $told;

    my $took = $nginx->well('/', 50);

    like($took, qr/^\d\.\d+$/, "then the master: $took s");
    is($nginx->again('/', 50), '200 duplicate', 'a duplicate');
    like($master->get(key(50)), qr/^d:/, 'in the master');
    unlink $told;

    # what a master becomes

    $master->cmd('REPLICAOF', '127.0.0.1', '1');
    $replica->cmd('REPLICAOF', 'NO', 'ONE');

    $took = $nginx->well('/', 51);
    like($took, qr/^\d\.\d+$/, "they changed their roles: $took s");
    like($replica->wait_value(key(51), qr/^d:/, 2) // 'nothing', qr/^d:/,
         'in the other one');
    is($nginx->complaints, '', 'nothing bad in the log');
};


# what a sentinel says about the master, and is not of use

my %odd = (
    'nothing' => "*-1\r\n",
    'an empty list' => "*0\r\n",
    'one word' => "*1\r\n\$9\r\n127.0.0.1\r\n",
    'three words' => "*3\r\n\$1\r\n1\r\n\$1\r\n2\r\n\$1\r\n3\r\n",
    'a number for an address' => "*2\r\n:1\r\n:2\r\n",
    'nulls' => "*2\r\n\$-1\r\n\$-1\r\n",
    'an empty address' => "*2\r\n\$0\r\n\r\n\$4\r\n6379\r\n",
    'no port' => "*2\r\n\$9\r\n127.0.0.1\r\n\$0\r\n\r\n",
    'port 0' => "*2\r\n\$9\r\n127.0.0.1\r\n\$1\r\n0\r\n",
    'a port of six digits' => "*2\r\n\$9\r\n127.0.0.1\r\n\$6\r\n123456\r\n",
    'a port that is a word' => "*2\r\n\$9\r\n127.0.0.1\r\n\$5\r\nredis\r\n",
    'an address of 100 kB' => "*2\r\n\$100000\r\n" . '1' x 100000
                              . "\r\n\$4\r\n6379\r\n",
    'an error' => "-ERR No such master with that name\r\n",
    '-NOAUTH' => "-NOAUTH Authentication required.\r\n",
    '-LOADING' => "-LOADING Redis is loading the dataset in memory\r\n",
    'a string' => "\$9\r\n127.0.0.1\r\n",
    'HTTP' => "HTTP/1.1 400 Bad Request\r\n\r\n",
    'silence' => undef,
    'half an answer' => "*2\r\n\$9\r\n127.0",
    'the end' => 'CLOSE',
);


subtest 'what a sentinel says that is of no use' => sub {
    my $master = WebhookVerify::Redis->start;
    my (undef, $well) = File::Temp::tempfile('wv-well-XXXXXX', TMPDIR => 1);
    my (%fake, %stores, %client, %took);

    unlink $well;

    for my $odd (sort keys %odd) {
        my $path = 'row' . keys %fake;

        $fake{$path} = WebhookVerify::FakeRedis->start(sub {
            my ($ask) = @_;

            return $odd{$odd} if !-e $well;
            return WebhookVerify::FakeRedis::usual($ask)
                if uc $ask->{argv}[0] ne 'SENTINEL';
            return WebhookVerify::FakeRedis::resp(['127.0.0.1',
                                                   $master->port . '']);
        });

        $stores{$path} = 'redis-sentinel://127.0.0.1:' . $fake{$path}->port
                         . '/events';
        $client{$path} = $odd;
    }

    gate(undef, stores => \%stores);

    my ($worker) = $nginx->workers;
    my $began = time;
    my %sent = map { $_ => $nginx->deliver("/$_", $_) } sort keys %fake;

    ok(defined $nginx->quick, 'others are served at once');

    for (sort keys %sent) {
        is($nginx->said($sent{$_}), '503 store_error', "$client{$_}: 503");
    }

    cmp_ok(time - $began, '<', $TIMEOUT + 0.5 * $SLOW, 'all within the timeout');

    open my $out, '>', $well;

    for (sort keys %fake) {
        my $took = $nginx->well("/$_", $_);

        like($took, qr/^\d\.\d+$/, "$client{$_}: well again, $took s");
        is($nginx->result("/$_", $_), '200 duplicate', 'and it was delivered');
        is($nginx->seen($_), 1, 'once');
    }

    unlink $well;
    is("@{[ $nginx->workers ]}", $worker, 'the worker lives');
    is($nginx->complaints, '', 'nothing bad in the log');
};


for my $how ('SENTINEL failover', 'kill -9') {
    subtest "$how under load" => sub {
        gate($watched->url, workers => 2, gate => <<'_EOC_');
        webhook_verify_lease 1s;
        proxy_set_header     X-Time $msec;
_EOC_

        # sentinels that were restarted know each other again

        my $old = WebhookVerify::Process->wait_for(30, sub {
            $watched->complete ? $watched->master : undef;
        }) or return fail('the sentinels are ready');

        my $provider = WebhookVerify::Provider->new($nginx, $app,
            path => $how eq 'kill -9' ? '/killed' : '/failover',
            events => 300, rate => 100, limit => 30);

        my $fell;

        $provider->at(1, sub {
            $fell = time;

            if ($how eq 'kill -9') {
                $old->stop;

            } else {
                $watched->begin_failover;
            }
        });

        is($provider->run, 0, 'every event got its 2xx in the end');

        my $new = $watched->promoted($old)
            or return fail('another master');
        my @switches = grep { $_ > $fell } $watched->switches;

        # what a master is told after its replica was promoted is lost; the
        # sentinels say it up to two seconds later, the gate asks once a second

        $provider->span($fell - 0.2, $fell + 0.2);
        $provider->span($_ - 2.5, $_ + 1.5) for @switches;

        my $book = $provider->book;

        note $provider->ledger($how);
        is($book->{lost}, 0, 'lost: 0');
        is($book->{twice}, 0, 'delivered twice without a cause: 0')
            or diag(map { $provider->story($_), "\n" }
                    @{ $book->{twice_events} });
        is($book->{once} + $book->{explained}, 300, 'delivered: 300');

        # 30 of 100 events a second come twice

        my $seconds = 0.5 + 4 * ($how eq 'kill -9' ? @switches - 1 : @switches);

        cmp_ok($book->{explained}, '<=', 30 * $seconds,
               "by what was not replicated: $book->{explained}");
        is("@{[ $nginx->complaints ]}", '', 'nothing bad in the log');
        ok($nginx->stop, 'nginx ends by itself');

        if ($how eq 'kill -9') {
            $old->launch;

        } else {
            ok($watched->settle($new), 'all is well again');
        }
    };
}


done_testing();
