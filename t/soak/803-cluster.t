# A provider that posts at a steady rate to two gates in front of one Redis
# deployment, while that fails over and is resharded; and the books of it.
#
#   make cluster
#   CLUSTER_EVENTS=500 CLUSTER_RATE=50 t/tools/prove t/soak/803-cluster.t

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Cluster;
use WebhookVerify::Gate;
use WebhookVerify::Process;
use WebhookVerify::Provider;
use WebhookVerify::Redis;
use WebhookVerify::Sentinel;

my $EVENTS = $ENV{CLUSTER_EVENTS} || 2000;
my $RATE = $ENV{CLUSTER_RATE} || 100;
my $SECONDS = $EVENTS / $RATE;

my $app = WebhookVerify::App->start;

$SIG{ALRM} = sub { die 'it takes too long' };


# two hosts, two workers each

sub gates {
    my ($store) = @_;

    $app->reset;

    return map {
        WebhookVerify::Gate->new($app, store => $store, workers => 2,
            log_level => 'notice', gate => <<'_EOC_')->start
        webhook_verify_lease 2s;
        proxy_set_header     X-Time $msec;
_EOC_
    } 1 .. 2;
}


sub balance {
    my ($title, $limit, $provider, @gates) = @_;

    my $book = $provider->book;

    diag("\n" . $provider->ledger($title));
    diag($provider->story($_)) for @{ $book->{lost_events} // [] },
                                   @{ $book->{twice_events} // [] };

    is($book->{sent}, $EVENTS, "sent: $EVENTS");
    is($book->{lost}, 0, 'lost: 0');
    is($book->{twice}, 0, 'delivered twice without a cause that is known: 0');
    is($book->{once} + $book->{explained}, $EVENTS, "delivered: $EVENTS");
    cmp_ok($book->{explained}, '<=', $limit,
           "by what was not replicated: $book->{explained}");

    my @other = grep { !/^(?:200 (?:first|duplicate)|503 (?:store_error|in_flight))$/ }
                keys %{ $book->{answers} };

    is("@other", '', 'no other answers');
    cmp_ok($book->{slowest}, '<', 2 * $WebhookVerify::Process::SLOW,
           sprintf 'the slowest answer: %.0f ms', 1000 * $book->{slowest});

    for (@gates) {
        is($_->complaints, '', 'nothing bad in the log');
        ok($_->stop, 'nginx ends by itself');
        unlike($_->log, qr/open socket/, 'no open socket is left');
    }

    return $book;
}


subtest 'a cluster of three: a master is killed, slots are moved' => sub {
    alarm 120 + 3 * $SECONDS;

    my $cluster = WebhookVerify::Cluster->start(masters => 3, replicas => 3);
    my @gates = gates($cluster->url);
    my ($victim, $from, $to) = $cluster->masters;
    my @slots = ($cluster->slots_of($from))[0 .. 999];
    my $lost = ($cluster->slots_of($victim))[0];
    my $provider = WebhookVerify::Provider->new(\@gates, $app,
        events => $EVENTS, rate => $RATE, limit => $SECONDS + 60);

    # a range there, the end of a master, its return, the range back

    $provider->at(0.1 * $SECONDS, sub { $cluster->move(\@slots, $to) },
                  'beside');
    $provider->at(0.35 * $SECONDS, sub { $victim->stop });

    # it comes back with nothing, so not before it was replaced

    my $return;

    $return = sub {
        my $owner = $cluster->owner($lost);

        return $victim->launch if $owner && $owner != $victim;
        $provider->at($provider->now + 0.5, $return);
    };

    $provider->at(0.6 * $SECONDS, $return);
    $provider->at(0.7 * $SECONDS, sub { $cluster->move(\@slots, $from) },
                  'beside');

    is($provider->run, 0, 'every event got its 2xx in the end');

    my $fell = $provider->{began} + 0.35 * $SECONDS;

    $provider->span($fell - 0.3, $fell + 0.3);

    ok($cluster->promoted($lost, $victim), 'a replica took over')
        or diag(map { $_->cmd('CLUSTER', 'NODES') } $cluster->alive);
    is($cluster->owner($slots[-1])->port, $from->port, 'the slots moved twice');
    balance('cluster: a master killed, 1000 slots moved twice',
            0.3 * $RATE, $provider, @gates);

    # what is remembered is where it belongs

    my ($done, $open) = (0, 0);

    for my $node ($cluster->masters) {
        for my $key (grep { /^webhook:gate:/ } $node->keys) {
            my $value = eval { $node->get($key) } // next;

            $value =~ /^d:/ ? $done++ : $open++;
        }
    }

    is($open, 0, 'no claim is left');
    cmp_ok($done, '>=', $EVENTS * 0.98, "remembered: $done");
};


for my $how ('SENTINEL failover', 'kill -9') {
    subtest "sentinels: $how" => sub {
        alarm 120 + 3 * $SECONDS;

        my $watched = WebhookVerify::Sentinel->start(replicas => 2);
        my @gates = gates($watched->url);
        my $provider = WebhookVerify::Provider->new(\@gates, $app,
            events => $EVENTS, rate => $RATE, limit => $SECONDS + 60);
        my (@old, @fell);

        # twice, so far from each other that a sentinel has told the old master
        # of the first by then

        for my $at (0.1, 0.75) {
            $provider->at($at * $SECONDS, sub {
                my $old = $watched->master // $old[-1];

                push @old, $old;
                push @fell, time;
                $how eq 'kill -9' ? $old->stop : $watched->begin_failover;
            });
        }

        $provider->at(0.4 * $SECONDS, sub { $old[0]->launch })
            if $how eq 'kill -9';

        is($provider->run, 0, 'every event got its 2xx in the end');
        ok($watched->promoted($old[-1]), 'another master');

        # what a master is told after its replica was promoted is lost; the
        # sentinels say it up to a second later, the gate asks once a second

        my @switches = grep { $_ > $provider->{began} } $watched->switches;

        $provider->span($_ - 0.3, $_ + 0.3) for @fell;
        $provider->span($_ - 1.5, $_ + 1.5) for @switches;

        diag(@switches . ' switches: the machine is busy') if @switches > 2;

        my $seconds = 0.5 + 3 * ($how eq 'kill -9' ? @switches - 2 : @switches);

        balance("sentinels: $how, twice", 0.3 * $RATE * $seconds, $provider,
                @gates);
    };
}


done_testing();
