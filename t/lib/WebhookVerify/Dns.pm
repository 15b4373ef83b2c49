package WebhookVerify::Dns;

# A DNS server for names that a test makes up.
#
#   my $dns = WebhookVerify::Dns->start(sub {
#       my ($name, $n) = @_;
#       return '127.0.0.1';     an address, or several as a list
#       return [0.3, '127.0.0.1'];  later
#       return 'NXDOMAIN';
#       return;                 no answer
#   });

use strict;
use warnings;

use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use Socket qw(inet_aton);
use Time::HiRes qw(time);

use WebhookVerify::Process;


sub start {
    my ($class, $code) = @_;

    my $socket = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'udp')
        or die "dns: $!";
    my (undef, $log) = File::Temp::tempfile('wv-dns-XXXXXX', TMPDIR => 1,
                                            UNLINK => 1);
    my $self = bless { port => $socket->sockport, log => $log }, $class;

    $self->{pid} = WebhookVerify::Process->run(sub {
        _serve($socket, $code, $log, @_);
    });

    close $socket;

    return $self;
}


sub port { $_[0]{port} }


# the names that were asked for

sub asked {
    my ($self) = @_;

    open my $in, '<', $self->{log} or return;
    chomp(my @names = <$in>);

    return @names;
}


sub stop {
    my ($self) = @_;

    WebhookVerify::Process->stop($self->{pid}, 'KILL');
}


sub _serve {
    my ($socket, $code, $log, $parent) = @_;

    open my $out, '>>', $log or die "$log: $!";
    $out->autoflush(1);

    my (@due, $n);

    while (getppid() == $parent) {
        my $wait = 0.5;

        for (@due) {
            my $left = $_->[0] - time;
            $wait = $left if $left < $wait;
        }

        if (IO::Select->new($socket)->can_read($wait > 0 ? $wait : 0)) {
            my $from = $socket->recv(my $query, 1500) // next;
            my ($id) = unpack 'n', $query;
            my ($at, @labels) = (12);

            while (my $length = ord substr $query, $at, 1) {
                push @labels, substr $query, $at + 1, $length;
                $at += 1 + $length;
            }

            my $name = join '.', @labels;
            my $type = unpack 'n', substr $query, $at + 1, 2;
            my $question = substr $query, 12, $at + 5 - 12;

            print $out "$name\n" if $type == 1;

            my @answer = $code->($name, ++$n) or next;
            my $delay = 0;

            ($delay, @answer) = @{ $answer[0] } if ref $answer[0];

            my $failed = $answer[0] eq 'NXDOMAIN';

            @answer = () if $failed || $type != 1;

            my $reply = pack('n6', $id, $failed ? 0x8183 : 0x8180, 1,
                             scalar @answer, 0, 0) . $question
                      . join '', map { pack('nnnNn', 0xc00c, 1, 1, 5, 4)
                                       . inet_aton($_) } @answer;

            push @due, [ time + $delay, $from, $reply ];
        }

        my $now = time;

        $socket->send($_->[2], 0, $_->[1]) for grep { $_->[0] <= $now } @due;
        @due = grep { $_->[0] > $now } @due;
    }
}


1;
