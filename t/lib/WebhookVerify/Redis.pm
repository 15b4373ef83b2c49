package WebhookVerify::Redis;

# A real redis-server of a test's own, and a client that looks into it. With
# TEST_REDIS_SERVER=valkey-server it is another one of the kind.
#
#   my $redis = WebhookVerify::Redis->start('--requirepass', 'pw');
#   $redis->stop;  $redis->launch;     the same port, empty
#   $redis->cmd('GET', $key)

use strict;
use warnings;

use File::Path ();
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Time::HiRes qw(sleep time);

use WebhookVerify::Process;
use WebhookVerify::Sign qw(sha256_hex);

our $Server = $ENV{TEST_REDIS_SERVER} || 'redis-server';

# what the module may say to a Redis

our @COMMANDS = qw(set get del pexpire eval evalsha auth select ping hello
                   client exists expire setnx script command info
                   cluster asking role sentinel);


sub start {
    my ($class, @options) = @_;

    my $self = bless {
        port => WebhookVerify::Process->server_port,
        dir => File::Temp::tempdir('wv-redis-XXXXXX', TMPDIR => 1),
        options => \@options,
    }, $class;

    $self->{path} = "$self->{dir}/redis.sock";
    $self->{owner} = $$;
    $self->launch;

    return $self;
}


sub port { $_[0]{port} }
sub path { $_[0]{path} }
sub pid  { $_[0]{pid} }
sub dir  { $_[0]{dir} }


# what it is started with from now on

sub options {
    my ($self, @options) = @_;

    $self->{options} = \@options;
}


sub launch {
    my ($self) = @_;

    $self->{pid} = WebhookVerify::Process->start("$self->{dir}/log",
        $Server, '--port', $self->{port}, '--bind', '127.0.0.1',
        '--unixsocket', $self->{path}, '--unixsocketperm', 700,
        '--save', '', '--appendonly', 'no', '--dir', $self->{dir},
        @{ $self->{options} });

    WebhookVerify::Process->wait_for(10, sub {
        IO::Socket::UNIX->new(Peer => $self->{path})
            && WebhookVerify::Process->accepts($self->{port});
    }) or die "$Server does not start: $self->{dir}/log";
}


# ends the server; launch() brings it back, empty, on the same port

sub stop {
    my ($self) = @_;

    delete $self->{socket};
    WebhookVerify::Process->stop(delete $self->{pid}, 'KILL') if $self->{pid};
    unlink $self->{path};
}


# the server hangs, its connections stay

sub freeze { kill 'STOP', $_[0]{pid} }
sub thaw   { kill 'CONT', $_[0]{pid} }


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $!, $@);

    $self->thaw if $self->{pid};
    $self->stop;
    File::Path::remove_tree($self->{dir});
}


# --- a client; over the unix socket, so that it is not mistaken for the module

sub cmd {
    my ($self, @words) = @_;

    # a master that is made a replica closes what is open

    my $used = $self->{socket};
    my $reply = eval { $self->_ask(@words) };

    return $reply if !$@;
    die $@ if $self->{socket} || !$used;

    return $self->_ask(@words);
}


sub _ask {
    my ($self, @words) = @_;

    local $SIG{PIPE} = 'IGNORE';

    # a child has its own

    if (!$self->{socket} || $self->{asker} != $$) {
        $self->{asker} = $$;
        $self->{socket} = $self->_connect;
        $self->_ask('AUTH', @{ $self->{auth} }) if $self->{auth};
    }

    my $socket = $self->{socket};

    print $socket "*" . @words . "\r\n",
                  map { '$' . length($_) . "\r\n$_\r\n" } @words;
    $socket->flush;

    return $self->_reply;
}


sub _connect {
    my ($self) = @_;

    my $socket = IO::Socket::UNIX->new(Peer => $self->{path})
        or die "redis: $!";

    binmode $socket;

    return $socket;
}


sub _reply {
    my ($self) = @_;

    my $line = readline $self->{socket};

    if (!defined $line) {
        delete $self->{socket};
        die "redis: connection lost";
    }

    $line =~ s/\r\n$//;

    my $type = substr $line, 0, 1, '';

    return $line if $type eq '+' || $type eq ':';
    die "redis: $line" if $type eq '-';

    if ($type eq '$') {
        return undef if $line < 0;

        read $self->{socket}, my $bytes, $line + 2;

        return substr $bytes, 0, $line;
    }

    return [ map { $self->_reply } 1 .. $line ] if $type eq '*';

    die "redis: $type$line";
}


# from now on, also after a restart

sub auth {
    my ($self, @words) = @_;

    $self->{auth} = \@words;
    delete $self->{socket};

    return $self->cmd('PING');
}


# a field of INFO

sub info {
    my ($self, $section, $field) = @_;

    my ($value) = $self->cmd('INFO', $section) =~ /^\Q$field\E:([^\r\n]*)/m;

    return $value;
}


# the module's connections are closed, ours is not

sub hang_up {
    my ($self) = @_;

    return $self->cmd(qw(CLIENT KILL TYPE normal SKIPME yes));
}


sub clear {
    my ($self) = @_;

    $self->cmd('FLUSHALL');
    $self->cmd('CONFIG', 'RESETSTAT');
}


# command name => how often it was called since clear()

sub commands {
    my ($self) = @_;

    my %calls = $self->cmd('INFO', 'commandstats')
        =~ /^cmdstat_([\w|]+):calls=(\d+)/mg;

    delete @calls{grep { my $name = $_; !grep { $name =~ /^$_(?:\||$)/ }
                         @COMMANDS } keys %calls};
    delete $calls{info};

    return %calls;
}


# how many commands about events were run since clear()

sub asked {
    my ($self) = @_;

    my %calls = $self->commands;
    my $sum = 0;

    $sum += $calls{$_} // 0 for qw(set get del pexpire eval evalsha exists
                                   expire setnx);
    return $sum;
}


sub keys {
    my ($self) = @_;

    my @keys = sort @{ $self->cmd('KEYS', '*') };

    return @keys;
}


sub get  { $_[0]->cmd('GET', $_[1]) }
sub pttl { $_[0]->cmd('PTTL', $_[1]) }


# waits, at most that long, until the key's value is like $pattern

sub wait_value {
    my ($self, $key, $pattern, $seconds) = @_;

    my $value;

    WebhookVerify::Process->wait_for($seconds, sub {
        $value = $self->get($key);
        return defined $value && $value =~ $pattern;
    });

    return $value;
}


# the key of an event

sub key {
    my ($scope, $id) = @_;

    return "webhook:$scope:" . sha256_hex($id);
}


1;
