# A provider that delivers until it is told 2xx, while everything happens that
# happens to an nginx: reloads, an upgrade of the binary, workers that are
# killed or cut short, clients that go away, read slowly or reset their streams
# of HTTP/2, a Redis that pauses. At the end the books are balanced: nothing is lost, and nothing accepted twice without a
# cause that is known.
#
#   LIFECYCLE_SECONDS=20 LIFECYCLE_EVENTS=400 prove -I t/lib t/801-lifecycle.t

use strict;
use warnings;

use lib 't/lib';
use IO::Select;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::H2;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;
use WebhookVerify::Sign qw(signature);
use WebhookVerify::Status;

# a delivery in HTTP/2, with what provider() wants of a client

{
    package Stream;

    sub new {
        my ($class, $port, $body, $path) = @_;

        my $h2 = WebhookVerify::H2->new($port);

        return bless { socket => $h2->{socket}, h2 => $h2,
                       id => $h2->send($path, $body, 'X-Signature: '
                                       . main::signature($body)) }, $class;
    }

    sub send  { }
    sub close { CORE::close($_[0]{socket}) }
    sub wait  { $_[0]{h2}->wait($_[0]{id}, $_[1]) }

    sub abort {
        my ($self) = @_;

        $self->{h2}->cancel($self->{id});
        $self->close;
    }
}


# an nginx that may upgrade: it refuses to while the parent that it was started
# by is still there

{
    package Orphan;

    use Time::HiRes qw(sleep);

    our @ISA = ('WebhookVerify::Server');
    my %Alive;

    sub start {
        my ($self) = @_;

        $self->write_config;

        my $parent = fork() // die "fork: $!";

        if ($parent == 0) {
            if (fork() == 0) {
                open STDIN, '<', '/dev/null';
                open STDOUT, '>>', "$self->{dir}/output";
                open STDERR, '>>', "$self->{dir}/output";
                exec $WebhookVerify::Server::Binary, '-p', "$self->{dir}/",
                     '-e', "$self->{dir}/error.log",
                     '-c', "$self->{dir}/conf/nginx.conf"
                    or POSIX::_exit(127);
            }

            sleep 60;
            POSIX::_exit(0);
        }

        WebhookVerify::Process->wait_for(10, sub {
            $self->{pid} = $self->master;
            return $self->{pid} && $self->workers == $self->{workers};
        }) or die "nginx does not start:\n", $self->_slurp('output');

        kill 'KILL', $parent;
        waitpid $parent, 0;

        return $self;
    }

    sub master {
        my ($self) = @_;

        my ($pid) = $self->_slurp('nginx.pid') =~ /(\d+)/ or return;

        $Alive{$pid} = 1;

        return $pid;
    }

    # the new master; the old one still serves

    sub upgrade {
        my ($self) = @_;

        my $old = $self->{pid};

        kill 'USR2', $old;

        $self->{pid} = WebhookVerify::Process->wait_for(5, sub {
            my $pid = $self->master;
            return $pid && $pid != $old ? $pid : undef;
        }) // $old;

        return $self->{pid} != $old;
    }

    sub stop {
        my ($self, $signal) = @_;

        my $pid = delete $self->{pid};

        kill $signal // 'QUIT', $pid;

        return ends($pid);
    }

    sub ends {
        my ($pid) = @_;

        my $gone = WebhookVerify::Process->wait_for(10, sub { !kill 0, $pid });

        delete $Alive{$pid} if $gone;

        return $gone;
    }

    my $owner = $$;

    END { kill 'TERM', keys %Alive if $$ == $owner }
}


my $SECONDS = $ENV{LIFECYCLE_SECONDS} || 14;
my $EVENTS = $ENV{LIFECYCLE_EVENTS} || 400;
my $LEASE = 1;

# what a provider takes for no answer, and how soon it comes again

my $PATIENCE = 4;
my $AGAIN = 0.25;
my $PAUSE = 0.2;
my $SLOW = $WebhookVerify::Process::SLOW;

# when the machine let nobody run, as far as the provider can tell

my @stalls;

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;


sub config {
    my ($store) = @_;

    return <<"_EOC_";
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     ledger;
        webhook_verify_store     $store;
        webhook_verify_lease     ${LEASE}s;

        proxy_read_timeout       2s;
        proxy_set_header         X-Worker \$pid;
        proxy_set_header         X-Time \$msec;

        location / {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location = /status {
            webhook_verify_status;
        }

        location /slow/ {
            limit_rate 300;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }
_EOC_
}


# what the application will do with the first, the second, ... attempt, and what
# the client does with its first

srand 5;

my @scripts = (
    [ 11, '' ],
    [ 10, 'delay=0.3,0' ],
    [ 10, 'delay=1.5,0' ],              # longer than the lease
    [  8, 'status=500,200' ],
    [  6, 'status=503,404,200' ],
    [  5, 'status=302,200' ],
    [  5, 'status=502,200' ],
    [  3, 'delay=2.6,0' ],              # 504: nobody knows
    [  3, 'delay=2.6,0&status=500,200' ],
    [  6, 'delay=0.8,0', 'abort' ],
    [  6, 'delay=0.8,0&status=500,200', 'abort' ],
    [  4, '', 'slow' ],                 # the answer takes a second
    [  8, 'delay=0.2', 'pieces' ],
    [  6, 'delay=0.3,0', 'h2' ],
    [  6, 'delay=0.8,0', 'h2 abort' ],
    [  4, 'delay=0.8,0&status=500,200', 'h2 abort' ],
);


sub script {
    my $at = rand(100);

    for (@scripts) {
        return @{$_}[1, 2] if ($at -= $_->[0]) < 0;
    }

    return @{ $scripts[0] }[1, 2];
}


# the provider: one event is one state, all of them move on in one loop

sub provider {
    my ($nginx, $events, $until, @chaos) = @_;

    my $began = time;
    my $select = IO::Select->new;
    my (%by, $lull);
    my $n = 0;
    my $open = @$events;
    my $last = $began;

    while ($open && time < $until) {
        my $now = time;

        push @stalls, $now if $now - $last > 0.15;

        while (@chaos && $now - $began >= $chaos[0][0]) {
            (shift @chaos)->[1]->();
        }

        $last = time;

        for my $event (@$events) {
            next if $event->{done} || $event->{client}
                    || $event->{at} > $now - $began;

            attempt($nginx, $event) or next;

            $by{ $event->{client}{socket} } = $event;
            $select->add($event->{client}{socket});
        }

        for my $socket ($select->can_read(0.01)) {
            my $event = $by{$socket} or next;
            my $r = $event->{client}->wait(0.02);

            next if $r->{timeout};

            end_attempt($event, $r->{status}, $began, $select, \%by);
            $open-- if $event->{done};
        }

        $now = time;

        for my $event (@$events) {
            my $client = $event->{client} or next;
            my $age = $now - $event->{began};

            if ($event->{rest} && $age > 0.4) {
                $client->part(delete $event->{rest});
            }

            if ($event->{abort} && $age > $event->{abort}) {
                delete $event->{abort};
                $select->remove($client->{socket});
                delete $by{ $client->{socket} };
                $client->abort;
                close_attempt($event, 'aborted', $began);

            } elsif ($age > $PATIENCE) {
                end_attempt($event, 'no answer', $began, $select, \%by);
            }
        }
    }

    return $open;
}


sub attempt {
    my ($nginx, $event) = @_;

    my $client = eval {
        $event->{how} =~ /h2/
            ? Stream->new($nginx->{http2}, $event->{body}, $event->{path})
            : WebhookVerify::Client->delivery($nginx->port, $event->{body},
                                              path => $event->{path});
    } or return;

    my $first = !@{ $event->{answers} };

    $event->{client} = $client;
    $event->{began} = time;

    if ($first && $event->{how} eq 'pieces') {
        $client->head->part(substr $event->{body}, 0, 10);
        $event->{rest} = substr $event->{body}, 10;

    } else {
        $client->send;
        $event->{abort} = 0.1 + rand 0.6
            if $first && $event->{how} =~ /abort/;
    }

    return 1;
}


sub end_attempt {
    my ($event, $status, $began, $select, $by) = @_;

    my $socket = $event->{client}{socket};

    $select->remove($socket);
    delete $by->{$socket};
    $event->{client}->close;
    close_attempt($event, $status || 'closed', $began);
}


sub close_attempt {
    my ($event, $status, $began) = @_;

    delete @$event{qw(client rest abort)};

    push @{ $event->{answers} }, { status => $status, from => $event->{began},
                                   to => time };
    $event->{done} = 1 if $status =~ /^2/;
    $event->{at} = time - $began + $AGAIN;
}


# who accepted what: the application is asked for the attempts of each event

sub balance {
    my ($name, $events, $killed, $upgraded) = @_;

    my (%seen, %book);

    push @{ $seen{ $_->{body} =~ /"n":"(\d+)"/ ? $1 : '?' } }, $_
        for $app->seen;

    for my $event (@$events) {
        my @seen = @{ $seen{ $event->{n} } // [] };
        my @answers = @{ $event->{answers} };
        my @accepted = grep { accepts($event, $_) } 0 .. $#seen;

        $book{sent}++;
        $book{attempts} += @answers;
        $book{'refused and retried'} += grep { $_->{status} =~ /^(?:[345]\d\d)$/
                                 && $_->{status} !~ /^50[34]$/ } @answers;
        $book{held} += grep { unheard($_) } @answers;
        $book{'told to wait'} += grep { $_->{status} eq '503' } @answers;

        if (!@seen || !@accepted) {
            $book{lost}++;
            diag "lost: event $event->{n} ($event->{path}): ", join ' ',
                 map { $_->{status} } @answers;
            next;
        }

        if (!$event->{done}) {
            $book{'not done'}++;
            diag "not done: event $event->{n} ($event->{path}): ", join ' ',
                 map { $_->{status} } @answers;
        }

        $book{'delivered once'}++ if @accepted == 1;

        if (my $why = side_by_side($event, \@seen, $killed, $upgraded)) {
            $book{'side by side'}++;
            diag "side by side: event $event->{n} ($event->{path}): $why";
        }

        next if @accepted < 2;

        # twice is right only if the provider did not hear of the first

        my $cause = cause($event, \@seen, \@accepted, $killed);

        $book{$cause ? "twice: $cause" : 'twice, unexplained'}++;

        diag "twice: event $event->{n} ($event->{path}): ", join ' ',
             (map { $_->{status} } @answers), 'by', map {
                 $seen[$_]{header}{'x-worker'} } @accepted
            if !$cause;
    }

    $book{$_} //= 0 for ('delivered once', 'lost', 'twice, unexplained',
                         'not done', 'side by side');

    my @ledger = (
        [ 'sent', 'delivered once', 'refused and retried', 'held',
          'told to wait', 'lost', 'twice, unexplained' ],
        [ grep { /^twice:/ } sort keys %book ],
    );

    my $ledger = join '', map { "$name: $_\n" } map {
        join '; ', map { "$_ $book{$_}" } @$_ } @ledger;

    $ENV{LIFECYCLE_LEDGER} ? diag $ledger : note $ledger;

    return %book;
}


# what the application answered to its $i-th request of this event

sub accepts {
    my ($event, $i) = @_;

    my %arg = map { split /=/, $_, 2 } split /&/,
                  $event->{path} =~ /\?(.*)/ ? $1 : '';
    my $of = sub { my @list = split /,/, $arg{ $_[0] } // ''; $list[$i] // $list[-1] };

    return ($of->('status') // 200) =~ /^2/ ? 1 : 0;
}


# when an attempt ends without a status the claim is held: the lease is renewed
# three times, so that there are two thirds of it left at least, but for the time
# that Redis pauses

sub side_by_side {
    my ($event, $seen, $killed, $upgraded) = @_;

    my @unheard = grep { unheard($_) } @{ $event->{answers} };

    for my $i (1 .. $#$seen) {
        my ($before, $at) = map { $_->{header}{'x-time'} } @{$seen}[$i - 1, $i];

        next if $killed->{ $seen->[$i - 1]{header}{'x-worker'} };
        
        # two binaries, two zones

        next if $upgraded && $before < $upgraded->[1] && $at > $upgraded->[0];


        # the attempt that was on its way before this one

        my ($attempt) = grep { $_->{from} <= $before + 0.01
                               && $_->{to} >= $before - 0.01 } @unheard or next;

        # the last renewal may have been late

        next if grep { $_ > $attempt->{to} - $LEASE && $_ <= $attempt->{to} }
                     @stalls;

        my $gap = $at - $attempt->{to};

        return sprintf '%.2f s after "%s"', $gap, $attempt->{status}
            if $gap < $LEASE * 2 / 3 - 0.15 - $PAUSE;
    }

    return;
}


sub unheard {
    my ($answer) = @_;

    return $answer->{status} =~ /^(?:aborted|closed|no answer|504)$/;
}


sub cause {
    my ($event, $seen, $accepted, $killed) = @_;

    # an attempt whose status nobody got: the claim was held, then free

    my @unheard = grep { unheard($_) } @{ $event->{answers} };

    for my $i (@{$accepted}[0 .. $#$accepted - 1]) {
        my $worker = $seen->[$i]{header}{'x-worker'} // '';

        return 'the worker was killed' if $killed->{$worker};
    }

    return @unheard >= @$accepted - 1 ? 'the status was never sent' : undef;
}


sub start {
    my ($store, %o) = @_;

    $app->reset;
    $redis->clear;

    my $http2 = WebhookVerify::Process->free_port;

    return Orphan->new(
        workers => 2, connections => 2048, log_level => 'notice',
        main => 'worker_shutdown_timeout 3s;', config => config($store),
        http2 => $http2, listen => { $http2 => 'http2' }, %o)->start;
}


for my $kind (split ' ', $ENV{LIFECYCLE_STORES} || 'zone redis') {
    subtest "$kind: under load" => sub {
        my $store = $kind eq 'zone' ? 'zone=ledger:2m'
                                    : 'redis://127.0.0.1:' . $redis->port;
        my $nginx = start($store);
        my (%killed, @events, @upgraded);
        my $reloads = 0;

        for my $n (1 .. $EVENTS) {
            my ($query, $how) = script();

            push @events, {
                n => $n, body => qq({"n":"$n","x":"0123456789"}), answers => [],
                path => ($how && $how eq 'slow' ? '/slow' : '/hook') . "/$n"
                        . ($query ne '' ? "?$query" : ''),
                how => $how // '', at => rand $SECONDS,
            };
        }

        my $old = $nginx->pid;
        my $hup = sub { kill 'HUP', $nginx->pid; $reloads++ };
        my $pause = sub {
            return if $kind ne 'redis';
            $redis->freeze;
            WebhookVerify::Process->run(sub { sleep $PAUSE; $redis->thaw });
        };
        my $kill = sub {
            my @of = $nginx->workers;
            my $victim = $of[rand @of] or return;

            $killed{$victim} = 1;
            kill 'KILL', $victim;
        };

        my @chaos = (
            [ 0.10, $hup ], [ 0.15, $kill ],

            # while claims are pending

            [ 0.215, $pause ], [ 0.22, $hup ],
            [ 0.295, $pause ], [ 0.30, $kill ],
            [ 0.40, $hup ], [ 0.42, $hup ], [ 0.50, $kill ],
            [ 0.60, sub { push @upgraded, time; $nginx->upgrade } ],
            [ 0.66, sub {
                kill 'QUIT', $old if $nginx->pid != $old;
                push @upgraded, time + 0.5 * $SLOW;
            } ],
            [ 0.76, $hup ], [ 0.82, $kill ], [ 0.90, $hup ],
        );

        $_->[0] *= $SECONDS for @chaos;

        my $open = provider($nginx, \@events, time + $SECONDS + 30, @chaos);

        is($open, 0, 'every event got its 2xx in the end');

        my %book = balance($kind, \@events, \%killed,
                           $kind eq 'zone' ? \@upgraded : undef);

        is($book{'side by side'}, 0, 'retried while the first was held: 0');

        is($book{lost}, 0, 'lost: 0');
        is($book{'twice, unexplained'}, 0, 'twice, unexplained: 0');
        is($book{'not done'}, 0, 'not done: 0');
        is($book{sent}, $EVENTS, "sent: $EVENTS");
        cmp_ok($book{held}, '>', 0, "held: $book{held}");
        cmp_ok($book{'refused and retried'}, '>', 0,
               "refused and retried: $book{'refused and retried'}");

        my $sum = $book{'delivered once'} + $book{lost}
                  + $book{'twice, unexplained'};
        $sum += $book{$_} for grep { /^twice:/ } keys %book;

        is($sum, $EVENTS, 'the books are balanced');
        cmp_ok(scalar(keys %killed), '>', 3,
               "$reloads reloads, " . keys(%killed) . ' workers killed');

        ok($nginx->pid != $old, 'the binary was replaced');
        ok(Orphan::ends($old), 'and the old one ended by itself');

        # a zone starts empty with a new binary

        my @late = grep { $_->{answers}[-1]{from} > $upgraded[1] + 0.2 }
                   @events;
        my %further;

        for (@late) {
            my $r = WebhookVerify::Client->delivery($nginx->port, $_->{body},
                path => $_->{path})->send->wait(5);
            $further{ $r->{header}{'x-result'} // 'none' }++;
        }

        is(join(', ', map { "$_ $further{$_}" } sort keys %further),
           'duplicate ' . @late, 'a further delivery is a duplicate');

        # the books of the new binary, which no worker's death may unbalance

        my $status = WebhookVerify::Status->get($nginx->port);

        is(WebhookVerify::Status->wrong($status, killed => 1), '',
           "the counters add up to $status->{totals}{received} deliveries");
        cmp_ok($status->{results}{duplicate}, '>=', scalar(@late),
               'and have the further ones');

        if ($kind eq 'redis') {
            my @claims = grep { ($redis->get($_) // '') =~ /^p:/ } $redis->keys;

            is(scalar(@claims), 0, 'no claim is left');
        }

        ok($nginx->stop, 'nginx ends by itself');

        # a worker may be killed while it changes the zone

        my @bad = grep { !/exited on signal 9|was locked by \d/
                         && !/ which is put in order/ }
                  split /^/, $nginx->complaints;

        is(join('', @bad), '', 'nothing else bad in the log');
    };
}


done_testing();
