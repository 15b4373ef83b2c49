# redis-cluster://: each event with the node that its key belongs to, whichever
# it is at the moment: slots that move, masters that die, nodes that are wrong.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Cluster;
use WebhookVerify::FakeRedis;
use WebhookVerify::Gate;
use WebhookVerify::Process;
use WebhookVerify::Provider;
use WebhookVerify::Redis;

my $SLOW = $WebhookVerify::Process::SLOW;
my $TIMEOUT = $WebhookVerify::Process::TIMEOUT;

# the rights that the contract names, and no more

my @RIGHTS = qw(on >pw resetkeys ~webhook:* resetchannels -@all
                +set +get +del +pexpire +eval +ping +cluster);

my $app = WebhookVerify::App->start;
my $cluster = WebhookVerify::Cluster->start(masters => 3, replicas => 3);
my $nginx;


sub gate {
    my ($store, %o) = @_;

    $app->reset;
    $nginx = WebhookVerify::Gate->new($app, store => $store, %o)->start;
}


sub key { WebhookVerify::Redis::key('gate', $_[0]) }


# events of a node, of a slot

sub of_node {
    my ($node, $prefix) = @_;

    my %slots = map { $_ => 1 } $cluster->slots_of($node);

    return $cluster->event_of('gate', sub { $slots{ $_[0] } }, $prefix)->{id};
}


# clients of a node that are not the other nodes, nor ourselves

sub clients {
    my ($node) = @_;

    return scalar grep { !/ flags=[MSxU]| cmd=cluster\|| user=\(superuser\)/
                         && / laddr=127\.0\.0\.1:${\ $node->port } / }
                  split /\n/, $node->cmd('CLIENT', 'LIST');
}


sub moved {
    my ($node) = @_;

    my ($n) = $node->cmd('INFO', 'errorstats')
              =~ /^errorstat_MOVED:count=(\d+)/m;

    return $n // 0;
}


subtest 'events are spread over the nodes' => sub {
    gate($cluster->url);

    my @ids = map { "spread $_" } 1 .. 30;

    is(join(', ', map { $nginx->result('/', $_) } @ids),
       join(', ', ('200 first') x 30), 'thirty firsts');

    my $before = 0;

    $before += moved($_) for $cluster->nodes;

    is(join(', ', map { $nginx->result('/', $_) } @ids),
       join(', ', ('200 duplicate') x 30), 'thirty duplicates');

    my $after = 0;

    $after += moved($_) for $cluster->nodes;

    is($after, $before, 'no detour');
    cmp_ok($before, '<=', 3, 'nor one at first, or hardly');

    for my $node ($cluster->masters) {
        my @keys = grep { defined } map { /^webhook:gate:/ ? $_ : () }
                   $node->keys;

        cmp_ok(scalar @keys, '>', 0, 'keys in ' . $node->port);
        cmp_ok(clients($node), '<=', 1, 'by one connection at the most');
    }

    is($nginx->result('/?status=500,200', 'failed'), '500 first', 'a failure');
    is($nginx->result('/?status=500,200', 'failed'), '200 first', 'its retry');
    unlike($nginx->log, qr/\[error\]/, 'no error in the log');
};


subtest 'one node of the URL is enough' => sub {
    my ($first) = $cluster->masters;
    my $closed = WebhookVerify::Process->server_port;

    gate($cluster->url(undef, $first));
    is($nginx->result('/', 'spread 1'), '200 duplicate', 'of a node');
    is(join(', ', map { $nginx->result('/', "one $_") } 1 .. 10),
       join(', ', ('200 first') x 10), 'and of all');

    my ($replica) = grep { $_->cmd('ROLE')->[0] eq 'slave' } $cluster->nodes;

    gate($cluster->url(undef, $replica));
    is(join(', ', map { $nginx->result('/', "one $_") } 1 .. 10),
       join(', ', ('200 duplicate') x 10), 'a replica will do');

    gate($cluster->url(undef, $first)
         =~ s{//}{//127.0.0.1:$closed,}r);
    like($nginx->well('/', 'one gone'), qr/^\d\.\d+$/, 'the first is gone');
    is($nginx->result('/', 'one gone'), '200 duplicate', 'a duplicate');
};


subtest 'a slot that moved' => sub {
    gate($cluster->url);

    my ($from, $to) = $cluster->masters;
    my $id = of_node($from, 'move');
    my $slot = $cluster->slot(key($id));

    is($nginx->result('/', $id), '200 first', 'a first');

    my $held = $nginx->deliver('/?hold=1', my $beside = of_node($from, 'hold'));

    $app->seen_at_least(2);
    $cluster->move([ $slot, $cluster->slot(key($beside)) ], $to);

    is($nginx->result('/', $id), '200 duplicate', 'it is found where it went');
    is($nginx->result('/', $beside), '503 in_flight', 'so is a claim');
    $app->release;
    is($nginx->said($held), '200 first', 'which ends');
    like($to->wait_value(key($beside), qr/^d:/, 2) // 'nothing', qr/^d:/,
         'where it is now');
    is($nginx->result('/', $beside), '200 duplicate', 'and is known');

    # what was learnt is kept

    sleep 0.2;

    my $before = moved($from);

    is($nginx->result('/', $id), '200 duplicate', 'again') for 1 .. 5;
    is(moved($from), $before, 'without a detour');
    unlike($nginx->log, qr/\[error\]/, 'no error in the log');
};


subtest 'a slot that is moving' => sub {
    gate($cluster->url, gate => 'webhook_verify_lease 1s;');

    my ($first, $to) = $cluster->masters;
    my %slots = map { $_ => 1 } $cluster->slots_of($first);
    my ($slot, %in);

    # events of one slot

    for my $n (1 .. 400_000) {
        my $at = $cluster->slot(key("same $n"));

        next unless $slots{$at};

        push @{ $in{$at} }, "same $n";

        if (@{ $in{$at} } == 4) {
            $slot = $at;
            last;
        }
    }

    my ($done, $new, $claimed, $failing) = @{ $in{$slot} };

    is($nginx->result('/', $done), '200 first', 'one is done before');

    my $held = $nginx->deliver('/?hold=1', $claimed);
    my $late = $nginx->deliver('/?hold=1&status=500', $failing);

    $app->seen_at_least(3);

    my $from = $cluster->begin($slot, $to);

    is($nginx->result('/', $done), '200 duplicate', 'what is there is found');

    my $said = $nginx->result('/', $new);

    is($said, '200 first', 'what is not is asked of the other node');
    is($nginx->result('/', $new), '200 duplicate', 'and again');
    is($nginx->seen($new), 1, 'the application saw it once');

    $cluster->bring($slot, $from, $to);

    is($nginx->result('/', $done), '200 duplicate', 'brought there, found');

    # its renewals follow it

    sleep 1.3;
    is($nginx->result('/', $claimed), '503 in_flight', 'a claim that is renewed');
    $app->release;
    is($nginx->said($held), '200 first', 'its end');
    is($nginx->said($late), '500 first', 'and that of one that fails');

    my $gone;

    WebhookVerify::Process->wait_for(2, sub {
        $gone = $nginx->result('/?status=200', $failing);
        return $gone eq '200 first';
    });

    is($gone, '200 first', 'which is released, so its retry passes');

    $cluster->finish($slot, $from, $to);

    is($nginx->result('/', $_), '200 duplicate', "moved: $_")
        for $done, $new, $claimed, $failing;
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'a user of few rights' => sub {
    $_->cmd('ACL', 'SETUSER', 'hook', @RIGHTS) for $cluster->nodes;

    gate($cluster->url('hook:pw'));

    is(join(', ', map { $nginx->result('/', "acl $_") } 1 .. 9),
       join(', ', ('200 first') x 9), 'firsts');

    my ($from, $to) = $cluster->masters;
    my $id = of_node($from, 'acl moved');

    is($nginx->result('/', $id), '200 first', 'a first');
    $cluster->move([ $cluster->slot(key($id)) ], $to);
    is($nginx->result('/', $id), '200 duplicate', 'found where it went');
    unlike($nginx->log, qr/NOPERM/, 'no right was missing');
    unlike($nginx->log, qr/:pw\@/, 'the password is not in the log');

    gate($cluster->url('hook:sesame'));
    is($nginx->result('/', 'acl'), '503 store_error', 'a wrong password');
    like($nginx->log, qr/\[error\].*WRONGPASS/, 'which the log says');
    unlike($nginx->log, qr/sesame/, 'without it');
};


subtest 'kill -9 of a master' => sub {
    gate($cluster->url);

    my ($old, $other) = $cluster->masters;
    my ($id, $done, $inflight) = map { of_node($old, $_) }
                                 'die', 'done', 'inflight';
    my $elsewhere = 0;
    my $slot = $cluster->slot(key($id));

    is($nginx->result('/', $done), '200 first', 'one is done');
    is($nginx->result('/', of_node($other, 'before')), '200 first', 'elsewhere');

    my $held = $nginx->deliver('/?hold=1', $inflight);

    $app->seen_at_least(3);
    $old->wait_value(key($done), qr/^d:/, 3);

    # its replica has what it has

    WebhookVerify::Process->wait_for(3, sub {
        $old->cmd('WAIT', 1, 100) =~ /1/;
    });

    my @beside = map { of_node($other, "beside $_") } 1 .. 5;

    $old->stop;

    my $began = time;

    is($nginx->result('/', $id), '503 store_error', 'its slots: 503');
    cmp_ok(time - $began, '<', $TIMEOUT + 0.3 * $SLOW, 'within the store timeout');
    ok(defined $nginx->quick, 'others are served at once');

    for (@beside) {
        my $began = time;

        is($nginx->result('/', $_), '200 first', 'slots of others: a first');
        cmp_ok(time - $began, '<', $WebhookVerify::Process::AT_ONCE, 'at once');
    }

    my $new = $cluster->promoted($slot, $old);

    isnt($new, undef, 'its replica is the master');

    my $took = $nginx->well('/', $id);

    like($took, qr/^\d\.\d+$/, "it is used after $took s");
    is($nginx->seen($id), 1, 'the retry was delivered, once');
    is($nginx->result('/', $done), '200 duplicate', 'what was done is known');

    $app->release;
    is($nginx->said($held), '200 first', 'what was in flight ends');
    like($new->wait_value(key($inflight), qr/^d:/, 3) // 'nothing', qr/^d:/,
         'and is done, in the new master');
    is($nginx->result('/', $inflight), '200 duplicate', 'and known');

    $old->launch;
    ok(WebhookVerify::Process->wait_for(60, sub {
        $cluster->well && $old->cmd('ROLE')->[0] eq 'slave';
    }), 'the old one comes back as a replica');
    is($nginx->result('/', of_node($new, 'after')), '200 first', 'all is well');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'slots that nobody has' => sub {
    gate($cluster->url);

    my ($master) = $cluster->masters;
    my $slot = ($cluster->slots_of($master))[0];
    my $id = of_node($master, 'nobody');
    my ($replica) = grep {
        my $role = $_->cmd('ROLE');
        $role->[0] eq 'slave' && $role->[2] == $master->port;
    } $cluster->nodes;

    is($nginx->result('/', 'first of all'), '200 first', 'before');

    $_->stop for $replica, $master;

    # each of the others finds out for itself

    ok(WebhookVerify::Process->wait_for(60, sub {
        !grep { $_->info_of_cluster('cluster_state') ne 'fail' }
              $cluster->alive;
    }), 'all others know that they are gone');

    my $began = time;

    is($nginx->result('/', $id), '503 store_error', 'its slots: 503');
    is($nginx->result('/', 'second'), '503 store_error', 'and all others');
    cmp_ok(time - $began, '<', 2 * ($TIMEOUT + 0.3 * $SLOW), 'in time');
    ok(defined $nginx->quick, 'others are served at once');
    like($nginx->log, qr/\[error\].*(?:CLUSTERDOWN|is down)/, 'the log says so');

    $_->launch for $master, $replica;
    ok(WebhookVerify::Process->wait_for(30, sub { $cluster->well }),
       'they are back');

    my $took = $nginx->well('/', $id);

    like($took, qr/^\d\.\d+$/, "delivered after $took s");
    is($nginx->result('/', $id), '200 duplicate', 'and known');
    is($nginx->seen($id), 1, 'the application saw it once');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'a master is killed and slots move, under load' => sub {
    gate($cluster->url, workers => 2, gate => 'webhook_verify_lease 1s;');

    my ($victim, $from, $to) = $cluster->masters;
    my @slots = ($cluster->slots_of($from))[0 .. 299];
    my $provider = WebhookVerify::Provider->new($nginx, $app,
        events => 400, rate => 100, limit => 40);

    $provider->at(0.5, sub { $cluster->move(\@slots, $to) }, 'beside');
    my ($fell, $stopped);

    $provider->at(1.5, sub { $fell = time; $victim->stop; $stopped = time });

    is($provider->run, 0, 'every event got its 2xx in the end');

    # what the victim had not told its replica

    $provider->span($fell - 0.2, $stopped + 0.2);

    my $book = $provider->book;

    note $provider->ledger('a master is killed, slots move');
    is($book->{lost}, 0, 'lost: 0');
    is($book->{twice}, 0, 'delivered twice without a cause: 0')
        or diag(map { $provider->story($_), "\n" } @{ $book->{twice_events} });
    is($book->{once} + $book->{explained}, 400, 'delivered: 400');
    cmp_ok($book->{explained}, '<=', 5,
           "by what was not replicated: $book->{explained}");
    is($cluster->owner($slots[-1])->port, $to->port, 'the slots moved');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


# --- nodes of which a real cluster would be ashamed

my $good = WebhookVerify::FakeRedis->keeper;
my (undef, $well) = File::Temp::tempfile('wv-well-XXXXXX', TMPDIR => 1);

unlink $well;


sub slots {
    my (@nodes) = @_;

    my $share = int(16384 / @nodes);

    return [ map { [ \($_ * $share),
                     \($_ == $#nodes ? 16383 : ($_ + 1) * $share - 1),
                     [ '127.0.0.1', \$nodes[$_], 'a' x 40 ] ] } 0 .. $#nodes ];
}


# a node that has all slots, says so, and this to a command about an event

sub node {
    my ($says, %o) = @_;

    my $port = $o{port} = WebhookVerify::Process->server_port;

    return WebhookVerify::FakeRedis->keeper(sub {
        my ($ask, $keep) = @_;

        my $name = uc $ask->{argv}[0];
        my $well = -e $well;

        if ($name eq 'CLUSTER') {
            my $slots = $well ? undef : $o{slots};

            return ref $slots eq 'CODE' ? $slots->($port) : $slots
                if exists $o{slots} && !$well;
            return WebhookVerify::FakeRedis::resp(slots($port));
        }

        return $keep->() if $well || $name !~ /^(?:SET|GET|EVAL)$/;
        return ref $says eq 'CODE' ? $says->($ask, $keep, $port) : $keep->()
            if !defined $says || ref $says;
        return $says;
    }, %o);
}


my $resp = \&WebhookVerify::FakeRedis::resp;

# name => [node, what of it is said; otherwise 503 store_error]

my @rows = (
    ['MOVED to itself, for ever', node(sub {
        my ($ask, $keep, $port) = @_; "-MOVED 1 127.0.0.1:$port\r\n" })],
    ['ASK to itself, for ever', node(sub {
        my ($ask, $keep, $port) = @_; "-ASK 1 127.0.0.1:$port\r\n" })],
    ['MOVED to where nobody listens', node("-MOVED 1 127.0.0.1:1\r\n")],
    ['ASK to where nobody listens', node("-ASK 1 127.0.0.1:1\r\n")],
    ['MOVED without more', node("-MOVED\r\n")],
    ['MOVED without an address', node("-MOVED 17\r\n")],
    ['MOVED to a word', node("-MOVED 1 somewhere\r\n")],
    ['MOVED to a name', node("-MOVED 1 nowhere.invalid:6379\r\n")],
    ['MOVED to port 0', node("-MOVED 1 127.0.0.1:0\r\n")],
    ['MOVED to a port of ten digits', node("-MOVED 1 127.0.0.1:1234567890\r\n")],
    ['MOVED of a slot that is none', node("-MOVED 99999 127.0.0.1:1\r\n")],
    ['MOVED of a negative slot', node("-MOVED -5 127.0.0.1:1\r\n")],
    ['MOVED of a word', node("-MOVED slot 127.0.0.1:1\r\n")],
    ['MOVED of 100 kB', node('-MOVED 1 ' . 'x' x 100000 . ":1\r\n")],
    ['ASK without more', node("-ASK\r\n")],
    ['ASK with half an address', node("-ASK 1 127.0.0.1\r\n")],
    ['TRYAGAIN, for ever', node("-TRYAGAIN Multiple keys request\r\n")],
    ['CLUSTERDOWN', node("-CLUSTERDOWN The cluster is down\r\n")],
    ['CLUSTERDOWN for a slot',
     node("-CLUSTERDOWN Hash slot not served\r\n")],
    ['MASTERDOWN', node("-MASTERDOWN Link with MASTER is down\r\n")],
    ['LOADING', node("-LOADING Redis is loading the dataset\r\n")],
    ['CROSSSLOT', node("-CROSSSLOT Keys in request\r\n")],
    ['no cluster', node(undef,
        slots => "-ERR This instance has cluster support disabled\r\n")],
    ['slots: no right', node(undef, slots => "-NOPERM no permissions\r\n")],
    ['slots: none', node(undef, slots => "*0\r\n")],
    ['slots: null', node(undef, slots => "*-1\r\n")],
    ['slots: a number', node(undef, slots => ":1\r\n")],
    ['slots: a list of numbers', node(undef, slots => "*3\r\n:1\r\n:2\r\n:3\r\n")],
    ['slots: half a row', node(undef, slots => "*1\r\n*2\r\n:0\r\n:16383\r\n")],
    ['slots: silence', node(undef, slots => undef)],
    ['slots: half an answer', node(undef, slots => "*1\r\n*3\r\n:0")],
    ['slots: the end', node(undef, slots => 'CLOSE')],
    ['slots: out of range', node(undef, slots => sub {
        $resp->([[ \70000, \90000, [ '127.0.0.1', \$_[0], 'a' ] ]]) })],
    ['slots: negative', node(undef, slots => sub {
        $resp->([[ \-5, \-1, [ '127.0.0.1', \$_[0], 'a' ] ]]) })],
    ['slots: the wrong way round', node(undef, slots => sub {
        $resp->([[ \16383, \0, [ '127.0.0.1', \$_[0], 'a' ] ]]) })],
    ['slots: a port of a word', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ '127.0.0.1', 'redis', 'a' ] ]]) })],
    ['slots: port 0', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ '127.0.0.1', \0, 'a' ] ]]) })],
    ['slots: port 70000', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ '127.0.0.1', \70000, 'a' ] ]]) })],
    ['slots: an address of 10 kB', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ '1' x 10000, \$_[0], 'a' ] ]]) })],
    ['slots: where nobody listens', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ '127.0.0.1', \1, 'a' ] ]]) })],
    ['slots: no address', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ undef, \$_[0], 'a' ] ]]) }), '200 first'],
    ['slots: an empty address', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ '', \$_[0], 'a' ] ]]) }), '200 first'],
    ['slots: one by one', node(undef, slots => sub {
        my $port = $_[0];
        $resp->([ map { [ \$_, \$_, [ '127.0.0.1', \$port, 'a' ] ] }
                  0 .. 16383 ]) }), qr/^(?:200 first|503 store_error)/],
    ['slots: overlapping', node(undef, slots => sub {
        $resp->([ map { [ \0, \16383, [ '127.0.0.1', \$_, 'a' ] ] }
                  1, $_[0] ]) }), qr/^(?:200 first|503 store_error)/],
    ['slots: 300 nodes', node(undef, slots => sub {
        my $port = $_[0];
        my @rows = map { [ \($_ * 50), \($_ * 50 + 49),
                           [ '127.0.0.1', \($_ == 299 ? $port : $_ + 1), 'a' ] ] }
                   0 .. 299;
        $resp->([ @rows, [ \15000, \16383, [ '127.0.0.1', \$port, 'a' ] ] ])
     }), qr/^(?:200 first|503 store_error)/],
    ['slots: more than a row has', node(undef, slots => sub {
        $resp->([[ \0, \16383, [ '127.0.0.1', \$_[0], 'a' x 40,
                   [ 'hostname', 'some.where' ] ],
                 [ '127.0.0.1', \1, 'b' x 40, [] ] ]]) }), '200 first'],
    ['MOVED without an address, to the same one', node(sub {
        my ($ask, $keep, $port) = @_;
        $ask->{connection} == 1 ? "-MOVED 1 :$port\r\n" : $keep->() }),
     qr/^(?:200 first|503 store_error)/],
    ['MOVED to another node', node("-MOVED 1 127.0.0.1:${\ $good->port }\r\n"),
     '200 first'],
    ['ASK to another node', node("-ASK 1 127.0.0.1:${\ $good->port }\r\n"),
     '200 first'],
    ['TRYAGAIN, once', node(do { my $n = 0; sub {
        my ($ask, $keep) = @_; $n++ ? $keep->() : "-TRYAGAIN later\r\n" } }),
     qr/^(?:200 first|503 store_error)/],
);

subtest 'nodes that are wrong' => sub {
    my %stores = map { ("row$_" => 'redis-cluster://127.0.0.1:'
                                   . $rows[$_][1]->port) } 0 .. $#rows;

    gate(undef, stores => \%stores);

    my ($worker) = $nginx->workers;
    my $began = time;
    my @sent = map { $nginx->deliver("/row$_", "row $_") } 0 .. $#rows;

    ok(defined $nginx->quick, 'others are served at once');

    for (0 .. $#rows) {
        my ($name, $node, $want) = @{ $rows[$_] };
        my $said = $nginx->said($sent[$_]);

        ref $want ? like($said, $want, $name)
                  : is($said, $want // '503 store_error', $name);
    }

    cmp_ok(time - $began, '<', $TIMEOUT + 0.8 * $SLOW, 'all within the timeout');

    for (0 .. $#rows) {
        my ($name, $node) = @{ $rows[$_] };
        my $asked = $node->commands;

        cmp_ok($asked, '<=', 40, "$name: no storm of commands: $asked");
    }

    open my $out, '>', $well;

    for (0 .. $#rows) {
        my ($name) = $rows[$_][0];
        my $took = $nginx->well("/row$_", "row $_");

        # the "good" one keeps what was sent there

        like($took, qr/^(?:\d\.\d+|200 duplicate)$/, "$name: well again, $took");
        is($nginx->result("/row$_", "row $_"), '200 duplicate', 'delivered');
        cmp_ok($nginx->seen("row $_"), '<=', 2, 'not more than it may be');
        is($nginx->seen("row $_"), 1, 'once')
            unless $name =~ /another node/;
    }

    unlink $well;
    is("@{[ $nginx->workers ]}", $worker, 'the worker lives');

    my ($rss) = `cat /proc/$worker/status` =~ /VmRSS:\s+(\d+)/;

    cmp_ok($rss, '<', 200000 * $SLOW, 'and does not eat memory');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


done_testing();
