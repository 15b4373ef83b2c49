package WebhookVerify::Sentinel;

# A master with replicas and three sentinels that watch over it.
#
#   my $watched = WebhookVerify::Sentinel->start(replicas => 2);
#   $watched->url           redis-sentinel://...
#   $watched->master        the WebhookVerify::Redis that is it at the moment
#   $watched->failover      by SENTINEL failover, to its end
#   $watched->promoted($old)  waits until another one than $old is the master

use strict;
use warnings;

use POSIX ();

use WebhookVerify::Process;
use WebhookVerify::Redis;


sub start {
    my ($class, %o) = @_;

    my $self = bless {
        name => 'events', sentinels => [], replicas => 1, options => [],
        down_after => 1000, %o,
    }, $class;

    my @options = ('--repl-diskless-sync-delay', 0, '--repl-ping-replica-period',
                   1, @{ $self->{options} });
    my $master = WebhookVerify::Redis->start(@options);

    $self->{nodes} = [ $master ];

    for (1 .. $self->{replicas}) {
        push @{ $self->{nodes} }, WebhookVerify::Redis->start(@options,
            '--replicaof', '127.0.0.1 ' . $master->port);
    }

    if ($self->{auth}) {
        $_->auth(@{ $self->{auth} }) for @{ $self->{nodes} };
    }

    WebhookVerify::Process->wait_for(60, sub {
        $self->{replicas} == $self->replicas_of($master);
    }) or die 'the replicas do not follow';

    for my $n (1 .. 3) {
        push @{ $self->{sentinels} },
             WebhookVerify::Sentinel::One->start($self, $n, $master);
    }

    WebhookVerify::Process->wait_for(60, sub { $self->complete })
        or die 'the sentinels do not find each other';

    return $self;
}


sub nodes     { @{ $_[0]{nodes} } }
sub sentinels { @{ $_[0]{sentinels} } }
sub name      { $_[0]{name} }


sub url {
    my ($self, $user, $db) = @_;

    return 'redis-sentinel://' . (defined $user ? "$user\@" : '')
           . join(',', map { '127.0.0.1:' . $_->port } $self->sentinels)
           . "/$self->{name}" . (defined $db ? "/$db" : '');
}


# how many replicas have all that a master has; one that is "online" may still
# be told nothing for a second. WAIT is about the command before it

sub replicas_of {
    my ($self, $master) = @_;

    $master->cmd('PING');

    return $master->cmd('WAIT', $self->{replicas}, 500) =~ s/^://r;
}


# the replicas are in step, and all sentinels know each other and them

sub complete {
    my ($self) = @_;

    my $node = $self->master or return;

    return if $node->info('replication', 'role') ne 'master'
              || $self->replicas_of($node) != $self->{replicas};

    for ($self->sentinels) {
        my $seen = $_->master($self->{name}) or return;

        return if $seen->{'num-other-sentinels'} != 2
                  || $seen->{'num-slaves'} != $self->{replicas}
                  || $seen->{flags} ne 'master';

        # a replica is a candidate once it told of itself

        for my $replica (@{ $_->cmd('SENTINEL', 'replicas', $self->{name}) }) {
            my %replica = @$replica;

            return if $replica{'master-link-status'} ne 'ok';
        }
    }

    return 1;
}


# what the sentinels agree upon

sub master {
    my ($self) = @_;

    my %ports;

    for ($self->sentinels) {
        next unless $_->{pid};

        my $addr = $_->cmd('SENTINEL', 'get-master-addr-by-name',
                           $self->{name});
        $ports{ $addr->[1] }++;
    }

    return if keys %ports != 1;

    my ($node) = grep { $_->port == (keys %ports)[0] } $self->nodes;

    return $node;
}


# waits until all say another master than that one, which says so itself

sub promoted {
    my ($self, $old, $seconds) = @_;

    return WebhookVerify::Process->wait_for($seconds // 20, sub {
        my $master = $self->master or return;

        return if $master == $old;
        return unless $master->info('replication', 'role') eq 'master';
        return $master;
    });
}


sub failover {
    my ($self) = @_;

    my $old = WebhookVerify::Process->wait_for(60, sub { $self->master })
        or die 'the sentinels do not agree';

    WebhookVerify::Process->wait_for(5, sub {
        $self->replicas_of($old) == $self->{replicas};
    });

    # one that finds no replica good enough gives it up

    for (1 .. 3) {
        $self->begin_failover;

        my $new = $self->promoted($old, 10);

        return $new if $new;
    }

    die join "\n", 'no failover:', map { `tail -n 15 $_->{dir}/log` }
                                   $self->sentinels;
}


# makes the others follow, which a sentinel would do ten seconds later

sub settle {
    my ($self, $master) = @_;

    for my $node (grep { $_->{pid} && $_ != $master } $self->nodes) {
        $node->cmd('REPLICAOF', '127.0.0.1', $master->port)
            if $node->info('replication', 'role') eq 'master';
    }

    return WebhookVerify::Process->wait_for(60, sub { $self->complete });
}


# a sentinel may still be busy with the one before

sub begin_failover {
    my ($self) = @_;

    my ($sentinel) = grep { $_->{pid} } $self->sentinels;

    WebhookVerify::Process->wait_for(60, sub {
        eval { $sentinel->cmd('SENTINEL', 'failover', $self->{name}) };
    }) or die "no failover: $@";
}


# when the sentinels agreed upon another master, as they logged it; on a machine
# that is busy they may also do it unasked

sub switches {
    my ($self) = @_;

    my %month = map { (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[$_]
                      => $_ } 0 .. 11;
    my @times;

    for my $sentinel ($self->sentinels) {
        open my $in, '<', "$sentinel->{dir}/log" or die "$sentinel->{dir}: $!";

        while (<$in>) {
            my ($day, $month, $year, $h, $m, $s, $ms) =
                /^\S+ (\d+) (\w+) (\d+) (\d+):(\d+):(\d+)\.(\d+) .*\+switch-master/
                or next;

            push @times, $ms / 1000 + POSIX::mktime($s, $m, $h, $day,
                $month{$month}, $year - 1900, 0, 0, -1);
        }
    }

    # the one that led it says so a second after the others

    my @switches;

    for (sort { $a <=> $b } @times) {
        push @switches, $_ if !@switches || $_ - $switches[-1] > 2.5;
    }

    return @switches;
}


sub stop {
    my ($self) = @_;

    $_->stop for grep { $_->{pid} } $self->sentinels, $self->nodes;
}


package WebhookVerify::Sentinel::One;

our @ISA = ('WebhookVerify::Redis');


sub start {
    my ($class, $watched, $n, $master) = @_;

    my $self = bless {
        port => WebhookVerify::Process->server_port,
        dir => File::Temp::tempdir('wv-sentinel-XXXXXX', TMPDIR => 1),
        owner => $$,
    }, $class;

    my $name = $watched->{name};
    my ($password, $user) = reverse @{ $watched->{auth} // [] };

    $self->{path} = "$self->{dir}/no.sock";

    open my $out, '>', "$self->{dir}/conf" or die "$self->{dir}/conf: $!";
    print $out <<"_EOC_", $watched->{sentinel} // '';
port $self->{port}
bind 127.0.0.1
dir $self->{dir}
sentinel monitor $name 127.0.0.1 ${\ $master->port } 2
sentinel down-after-milliseconds $name $watched->{down_after}
sentinel failover-timeout $name 3000
sentinel parallel-syncs $name 2
_EOC_
    print $out "sentinel auth-user $name $user\n" if $user;
    print $out "sentinel auth-pass $name $password\n" if defined $password;
    close $out;

    $self->launch;

    return $self;
}


sub launch {
    my ($self) = @_;

    $self->{pid} = WebhookVerify::Process->start("$self->{dir}/log",
        $WebhookVerify::Redis::Server, "$self->{dir}/conf", '--sentinel');

    WebhookVerify::Process->wait_for(10, sub {
        WebhookVerify::Process->accepts($self->{port});
    }) or die "a sentinel does not start: $self->{dir}/log";

    # it looks every ten seconds otherwise; Redis 6.2 does not know this

    eval { $self->cmd(qw(SENTINEL DEBUG INFO-PERIOD 500)) };
}


sub _connect {
    my ($self) = @_;

    return WebhookVerify::Process->accepts($self->{port})
           // die "sentinel: $!";
}


sub master {
    my ($self, $name) = @_;

    my %fields = @{ $self->cmd('SENTINEL', 'master', $name) };

    return \%fields;
}


1;
