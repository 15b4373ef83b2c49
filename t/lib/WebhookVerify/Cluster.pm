package WebhookVerify::Cluster;

# Masters, and replicas if wanted, that share the slots.
#
#   my $cluster = WebhookVerify::Cluster->start(masters => 3, replicas => 3);
#   $cluster->url                       redis-cluster://...
#   my $node = $cluster->owner($slot);  a WebhookVerify::Redis
#   $cluster->move([1 .. 100], $to);    begin(), bring(), finish() are its steps
#   $cluster->promoted($old);           waits for another owner of its slots

use strict;
use warnings;

use Time::HiRes qw(time);

use WebhookVerify::Process;
use WebhookVerify::Redis;

our $SLOTS = 16384;


sub start {
    my ($class, %o) = @_;

    my $self = bless {
        masters => 3, replicas => 0, timeout => 1500, options => [], %o,
    }, $class;

    my $all = $self->{masters} + $self->{replicas};

    for (1 .. $all) {
        my $node = WebhookVerify::Redis->start('--cluster-enabled', 'yes',
            '--cluster-config-file', 'nodes.conf',
            '--cluster-node-timeout', $self->{timeout},
            '--cluster-replica-validity-factor', 0,
            '--repl-diskless-sync-delay', 0, @{ $self->{options} });

        $node->auth(@{ $self->{auth} }) if $self->{auth};
        push @{ $self->{nodes} }, $node;
    }

    my @nodes = $self->nodes;
    my $first = $nodes[0];

    for my $n (0 .. $all - 1) {
        $nodes[$n]->cmd('CLUSTER', 'SET-CONFIG-EPOCH', $n + 1);
    }

    my $share = int($SLOTS / $self->{masters});

    for my $n (0 .. $self->{masters} - 1) {
        my $end = $n == $self->{masters} - 1 ? $SLOTS : ($n + 1) * $share;

        $nodes[$n]->cmd('CLUSTER', 'ADDSLOTS', $n * $share .. $end - 1);
    }

    # a handshake that takes longer than the timeout of a node is given up

    my $met = 0;

    WebhookVerify::Process->wait_for(30, sub {
        if (time - $met > 2 * $self->{timeout} / 1000) {
            $first->cmd('CLUSTER', 'MEET', '127.0.0.1', $_->port)
                for @nodes[1 .. $#nodes];
            $met = time;
        }

        return !grep { $_->info_of_cluster('cluster_known_nodes') != $all }
                @nodes;
    }) or die 'the nodes do not meet';

    for my $n ($self->{masters} .. $all - 1) {
        my $master = $nodes[ $n % $self->{masters} ];

        WebhookVerify::Process->wait_for(10, sub {
            eval { $nodes[$n]->cmd('CLUSTER', 'REPLICATE', $master->id) };
        }) or die "no replica: $@";
    }

    WebhookVerify::Process->wait_for(30, sub { $self->well })
        or die 'the cluster does not get well';

    return $self;
}


sub nodes { @{ $_[0]{nodes} } }

# a child that moves slots does not know what was ended meanwhile

sub alive { grep { $_->{pid} && eval { $_->cmd('PING') } } $_[0]->nodes }


sub url {
    my ($self, $user, @nodes) = @_;

    @nodes = @{ $self->{nodes} }[0 .. $self->{masters} - 1] unless @nodes;

    return 'redis-cluster://' . (defined $user ? "$user\@" : '')
           . join(',', map { '127.0.0.1:' . $_->port } @nodes);
}


# all that live agree, and all replicas are in step

sub well {
    my ($self) = @_;

    my @nodes = $self->alive;

    for (@nodes) {
        return if $_->info_of_cluster('cluster_state') ne 'ok'
                  || $_->info_of_cluster('cluster_slots_ok') != $SLOTS;

        my $role = $_->cmd('ROLE');

        return if $role->[0] eq 'slave' && $role->[3] ne 'connected';
    }

    my %replicas;

    for my $node (@nodes) {
        my $map = join ';', map { "$_->[0]-$_->[1] $_->[2][1]" }
                  sort { $a->[0] <=> $b->[0] } @{ $node->cmd('CLUSTER', 'SLOTS') };
        $replicas{$map} = 1;
    }

    return keys %replicas == 1;
}


sub slot {
    my ($self, $key) = @_;

    my ($node) = $self->alive;

    return $node->cmd('CLUSTER', 'KEYSLOT', $key) =~ s/^://r;
}


# as most of those that live say

sub owner {
    my ($self, $slot) = @_;

    my %says;

    for my $node ($self->alive) {
        for (@{ $node->cmd('CLUSTER', 'SLOTS') }) {
            $says{ $_->[2][1] }++ if $_->[0] <= $slot && $slot <= $_->[1];
        }
    }

    my ($port) = sort { $says{$b} <=> $says{$a} || $a <=> $b } keys %says
        or return;

    return $self->by_port($port);
}


sub by_port {
    my ($self, $port) = @_;

    my ($node) = grep { $_->port == $port } $self->nodes;

    return $node;
}


# slots of a node, by what it says itself

sub slots_of {
    my ($self, $node) = @_;

    return map { $_->[2][1] == $node->port ? ($_->[0] .. $_->[1]) : () }
           @{ $node->cmd('CLUSTER', 'SLOTS') };
}


sub masters {
    my ($self) = @_;

    return grep { $_->cmd('ROLE')->[0] eq 'master' } $self->alive;
}


# a key of a scope that is in this slot or node: { id, key, slot }

sub event_of {
    my ($self, $scope, $wanted, $prefix) = @_;

    for my $n (1 .. 100_000) {
        my $id = ($prefix // 'event') . " $n";
        my $key = WebhookVerify::Redis::key($scope, $id);
        my $slot = $self->slot($key);

        return { id => $id, key => $key, slot => $slot }
            if $wanted->($slot);
    }

    die 'no such event';
}


sub key {
    my ($self, $key) = @_;

    my $node = $self->owner($self->slot($key)) or return;

    return $node->get($key);
}


# --- slots that move

sub begin {
    my ($self, $slot, $to) = @_;

    my $from = $self->owner($slot) // 0;

    return if $from == $to;

    die "nobody has slot $slot" unless $from;

    $to->cmd('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $from->id);
    $from->cmd('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $to->id);

    return $from;
}


sub bring {
    my ($self, $slot, $from, $to) = @_;

    my @auth = $self->{auth} ? @{ $self->{auth} } : ();

    @auth = @auth == 2 ? ('AUTH2', @auth) : @auth ? ('AUTH', @auth) : ();

    while (1) {
        my $keys = $from->cmd('CLUSTER', 'GETKEYSINSLOT', $slot, 100);

        last unless @$keys;

        $from->cmd('MIGRATE', '127.0.0.1', $to->port, '', 0, 3000, @auth,
                   'KEYS', @$keys);
    }
}


sub finish {
    my ($self, $slot, $from, $to) = @_;

    for my $node ($to, $from, grep { $_ != $to && $_ != $from }
                              $self->masters)
    {
        eval { $node->cmd('CLUSTER', 'SETSLOT', $slot, 'NODE', $to->id); 1 }
            or $node == $to && die $@;
    }
}


sub move {
    my ($self, $slots, $to) = @_;

    for my $slot (@$slots) {
        _insist(sub {
            my $from = $self->begin($slot, $to) or return 1;

            $self->bring($slot, $from, $to);
            $self->finish($slot, $from, $to);
            return 1;
        });
    }
}


# a cluster that has just lost a master refuses this and that

sub _insist {
    my ($code) = @_;

    WebhookVerify::Process->wait_for(60, sub { eval { $code->() } })
        or die $@;
}


# waits until the slots of a node that went are another's, for all

sub promoted {
    my ($self, $slot, $old, $seconds) = @_;

    return WebhookVerify::Process->wait_for($seconds // 30, sub {
        my $node = $self->owner($slot) or return;

        return $node != $old && $self->well ? $node : undef;
    });
}


package WebhookVerify::Redis;


sub id {
    my ($self) = @_;

    return $self->{id} //= $self->cmd('CLUSTER', 'MYID');
}


sub info_of_cluster {
    my ($self, $field) = @_;

    my ($value) = $self->cmd('CLUSTER', 'INFO') =~ /^$field:(\w+)/m;

    return $value;
}


1;
