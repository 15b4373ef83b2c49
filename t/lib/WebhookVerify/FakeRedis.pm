package WebhookVerify::FakeRedis;

# What a real Redis will not do: late, broken, hostile and half answers.
#
#   my $fake = WebhookVerify::FakeRedis->start(sub {
#       my ($ask) = @_;      { n, connection, argv => [...] }
#       return "+OK\r\n";    bytes
#       return [0.3, "+OK\r\n", 0.1, "..."];    seconds and bytes in turn
#       return undef;        no answer
#       return 'CLOSE';      closes the connection
#   });
#
# WebhookVerify::FakeRedis::usual($ask) is what an empty Redis would say.

use strict;
use warnings;

use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes qw(sleep time);

use WebhookVerify::Process;

my $JSON = JSON::PP->new->latin1->canonical;


sub start {
    my ($class, $code, %o) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $o{port} // 0, Proto => 'tcp',
        Listen => $o{backlog} // 64, ReuseAddr => 1) or die "fake redis: $!";

    my ($handle, $log) = File::Temp::tempfile('wv-fake-XXXXXX', TMPDIR => 1,
                                              UNLINK => 1);
    my $self = bless { port => $listen->sockport, log => $log }, $class;

    $self->{pid} = WebhookVerify::Process->run(sub {
        _serve($listen, $code, $log, @_);
    });

    close $listen;

    return $self;
}


# a port whose listener accepts nothing and whose queue is full: a connect
# there gets no answer at all

sub black_hole {
    my ($class) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1,
        ReuseAddr => 1) or die "black hole: $!";

    listen $listen, 0;

    my @fill = map {
        IO::Socket::INET->new(
            PeerAddr => '127.0.0.1', PeerPort => $listen->sockport,
            Proto => 'tcp', Blocking => 0)
    } 1 .. 4;

    return bless { port => $listen->sockport, listen => $listen,
                   fill => \@fill }, $class;
}


sub port { $_[0]{port} }


sub stop {
    my ($self) = @_;

    WebhookVerify::Process->stop($self->{pid}, 'KILL') if $self->{pid};
    delete @$self{qw(pid listen fill)};
}


# the commands that came: a list of { n, connection, argv, time }

sub commands {
    my ($self) = @_;

    open my $in, '<', $self->{log} or die "$self->{log}: $!";

    return map { $JSON->decode($_) } <$in>;
}


sub usual {
    my ($ask) = @_;

    my $name = uc $ask->{argv}[0];

    return "+PONG\r\n" if $name eq 'PING';
    return "\$-1\r\n" if $name eq 'GET';
    return ":1\r\n" if $name =~ /^(?:DEL|PEXPIRE|EVAL)$/;
    return "+OK\r\n";
}


sub is_claim {
    my ($ask) = @_;

    return uc $ask->{argv}[0] eq 'SET'
           && grep { uc $_ eq 'NX' } @{ $ask->{argv} };
}


sub _serve {
    my ($listen, $code, $log, $parent) = @_;

    open my $out, '>>', $log or die "$log: $!";
    $out->autoflush(1);

    my $select = IO::Select->new($listen);
    my (%buffer, %number, @due);
    my ($n, $connections) = (0, 0);

    my $drop = sub {
        my ($client) = @_;

        $select->remove($client);
        delete $buffer{$client};
        @due = grep { $_->[1] != $client } @due;
        close $client;
    };

    while (getppid() == $parent) {
        my $wait = 0.5;

        for (@due) {
            my $left = $_->[0] - time;
            $wait = $left if $left < $wait;
        }

        for my $handle ($select->can_read($wait > 0 ? $wait : 0)) {
            if ($handle == $listen) {
                my $client = $listen->accept or next;

                $client->autoflush(1);
                $buffer{$client} = '';
                $number{$client} = ++$connections;
                $select->add($client);
                next;
            }

            my $got = sysread $handle, $buffer{$handle}, 65536,
                              length $buffer{$handle};
            if (!$got) {
                $drop->($handle);
                next;
            }

            while (defined $buffer{$handle}
                   and my $argv = _command(\$buffer{$handle}))
            {
                my $ask = { n => ++$n, connection => $number{$handle},
                            argv => $argv, time => time };

                print $out $JSON->encode($ask), "\n";

                my $answer = $code->($ask);

                next unless defined $answer;

                if (!ref $answer) {
                    if ($answer eq 'CLOSE') {
                        $drop->($handle);

                    } else {
                        syswrite $handle, $answer;
                    }

                    next;
                }

                my $at = time;

                for (my $i = 0; $i < @$answer; $i += 2) {
                    $at += $answer->[$i];
                    push @due, [ $at, $handle, $answer->[$i + 1] ];
                }
            }
        }

        my $now = time;
        my @ripe = grep { $_->[0] <= $now } @due;

        @due = grep { $_->[0] > $now } @due;

        for (sort { $a->[0] <=> $b->[0] } @ripe) {
            my ($at, $client, $bytes) = @$_;

            next unless defined $buffer{$client};

            if ($bytes eq 'CLOSE') {
                $drop->($client);

            } else {
                syswrite $client, $bytes;
            }
        }
    }
}


sub _command {
    my ($buffer) = @_;

    return unless $$buffer =~ /^\*(\d+)\r\n/g;

    my ($words, $at, @argv) = ($1, pos $$buffer);

    for (1 .. $words) {
        pos($$buffer) = $at;

        return unless $$buffer =~ /\G\$(\d+)\r\n/g;

        my ($length, $start) = ($1, pos $$buffer);

        return if length $$buffer < $start + $length + 2;

        push @argv, substr $$buffer, $start, $length;
        $at = $start + $length + 2;
    }

    substr $$buffer, 0, $at, '';

    return \@argv;
}


1;
