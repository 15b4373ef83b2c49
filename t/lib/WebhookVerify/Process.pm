package WebhookVerify::Process;

# Children of a test file: each is ended by its pid, at the latest at END, and
# ends by itself should the test be killed.

use strict;
use warnings;

use IO::Socket::INET;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

# sanitizers are slow, and the machine may be: .ci/run says so. What is done "at
# once" has not waited for a store

our $SLOW = $ENV{WEBHOOK_VERIFY_SLOW} // ($ENV{ASAN_OPTIONS} ? 3 : 1);
our $TIMEOUT = 0.5 * $SLOW;             # of stores
our $AT_ONCE = $TIMEOUT / 2;

my $Owner = $$;
my %Children;


# runs $code->() in a child

sub run {
    my ($class, $code) = @_;

    my $parent = $$;
    my $pid = fork();

    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        $SIG{TERM} = 'DEFAULT';
        $SIG{__DIE__} = 'DEFAULT';
        $SIG{PIPE} = 'IGNORE';

        eval { $code->($parent); 1 } or print STDERR "child: $@";

        POSIX::_exit(0);
    }

    $Children{$pid} = 1;

    return $pid;
}


# becomes another program

sub start {
    my ($class, $output, @command) = @_;

    my @tie = -x '/usr/bin/setpriv' ? qw(/usr/bin/setpriv --pdeathsig KILL)
                                    : ();
    return $class->run(sub {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $output or die "$output: $!";
        open STDERR, '>>', $output or die "$output: $!";

        exec @tie, @command or POSIX::_exit(127);
    });
}


sub alive {
    my ($class, $pid) = @_;

    return $Children{$pid} && waitpid($pid, WNOHANG) == 0;
}


# sends $signal, waits; what does not go gets KILL. True if it went by itself

sub stop {
    my ($class, $pid, $signal, $seconds) = @_;

    return 1 unless delete $Children{$pid};

    kill $signal // 'TERM', $pid;

    my $until = time + ($seconds // 5);

    while (time < $until) {
        return 1 if waitpid($pid, WNOHANG) != 0;
        sleep 0.005;
    }

    kill 'KILL', $pid;
    waitpid $pid, 0;

    return 0;
}


# one of a server that goes and returns: no client is given it meanwhile, nor the
# one 10000 above, which a node of a cluster takes for its bus

my $last = $$ % 9000;

sub server_port {
    for (1 .. 9000) {
        my $port = 11000 + $last++ % 9000;

        return $port if 2 == grep {
            IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $_,
                                  Proto => 'tcp', Listen => 1, ReuseAddr => 1)
        } $port, $port + 10000;
    }

    die 'no free port';
}


# a server may be started anew where a client would be in its place

sub free_port { server_port() }


sub wait_for {
    my ($class, $seconds, $condition) = @_;

    my $until = time + $seconds;

    while (1) {
        my $result = $condition->();

        return $result if $result;
        return if time > $until;

        sleep 0.005;
    }
}


sub accepts {
    my ($class, $port) = @_;

    return IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp',
        Timeout => 1);
}


END {
    if ($$ == $Owner) {
        local ($?, $!);

        for my $pid (keys %Children) {
            kill 'CONT', $pid;
            __PACKAGE__->stop($pid, 'KILL');
        }
    }
}


1;
