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
#
#   my $fake = WebhookVerify::FakeRedis->keeper(sub {
#       my ($ask, $keep) = @_;
#       return $keep->();       what a Redis would say that keeps what it is told
#   });
#
# greeting => what a client is told without having asked, or 'CLOSE'.
# With tls => { SSL_cert_file => ..., SSL_key_file => ... } it speaks TLS; what is
# known of each handshake is among the commands as { tls, sni, reused, cert }.

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
        _serve($listen, $code, $log, \%o, @_);
    });

    close $listen;

    return $self;
}


sub keeper {
    my ($class, $code, %o) = @_;

    my %value;

    return $class->start(sub {
        my ($ask) = @_;

        my $keep = sub { _keep(\%value, @{ $ask->{argv} }) };

        return $code ? $code->($ask, $keep) : $keep->();
    }, %o);
}


sub _keep {
    my ($values, $name, @arg) = @_;

    delete @$values{ grep { $values->{$_}[1] < time } keys %$values };

    if (uc $name eq 'SET') {
        return "\$-1\r\n" if exists $values->{ $arg[0] }
                             && grep { uc $_ eq 'NX' } @arg;

        my ($ms) = map { uc $arg[$_ - 1] eq 'PX' ? $arg[$_] : () } 3 .. $#arg;

        $values->{ $arg[0] } = [ $arg[1], time + ($ms // 1e9) / 1000 ];
        return "+OK\r\n";
    }

    if (uc $name eq 'GET') {
        return resp($values->{ $arg[0] } && $values->{ $arg[0] }[0]);
    }

    if (uc $name eq 'EVAL') {
        my ($script, undef, $key, $token, $ms) = @arg;

        return ":0\r\n"
            if !$values->{$key} || $values->{$key}[0] ne $token;

        if ($script =~ /'del'/) {
            delete $values->{$key};

        } else {
            $values->{$key}[1] = time + $ms / 1000;
        }

        return ":1\r\n";
    }

    return usual({ argv => [ $name, @arg ] });
}


# undef, a number as \1, a string, or a list of them

sub resp {
    my ($data) = @_;

    return "\$-1\r\n" unless defined $data;
    return ":$$data\r\n" if ref $data eq 'SCALAR';
    return '*' . @$data . "\r\n" . join '', map { resp($_) } @$data
        if ref $data;
    return '$' . length($data) . "\r\n$data\r\n";
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
    my ($listen, $code, $log, $o, $parent) = @_;

    open my $out, '>>', $log or die "$log: $!";
    $out->autoflush(1);

    my $tls = $o->{tls} && _context($o->{tls});
    my $greeting = $o->{greeting} // '';

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
                $connections++;

                if ($tls) {
                    my $shake = _handshake($client, $tls);

                    print $out $JSON->encode({ connection => $connections,
                                               %$shake }), "\n";
                    next unless $shake->{tls};
                }

                if ($greeting eq 'CLOSE') {
                    close $client;
                    next;
                }

                syswrite $client, $greeting if $greeting ne '';

                $buffer{$client} = '';
                $number{$client} = $connections;
                $select->add($client);
                next;
            }

            my $got = sysread $handle, $buffer{$handle}, 65536,
                              length $buffer{$handle};

            while ($got && $tls && $handle->pending) {
                $got = sysread $handle, $buffer{$handle}, 65536,
                               length $buffer{$handle};
            }

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

                # answers are in the order of questions, however late

                my $at = time;

                for (grep { $_->[1] == $handle } @due) {
                    $at = $_->[0] if $_->[0] > $at;
                }

                $answer = [ 0, $answer ] if !ref $answer && $at > time;

                if (!ref $answer) {
                    if ($answer eq 'CLOSE') {
                        $drop->($handle);

                    } else {
                        syswrite $handle, $answer;
                    }

                    next;
                }

                for (my $i = 0; $i < @$answer; $i += 2) {
                    $at += $answer->[$i];
                    push @due, [ $at, $handle, $answer->[$i + 1] ];
                }
            }
        }

        my $now = time;
        my @ripe = grep { $_->[0] <= $now } @due;

        @due = grep { $_->[0] > $now } @due;

        # those of one moment in the order in which they were said

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


# one for all connections: it knows the sessions

sub _context {
    my ($tls) = @_;

    require IO::Socket::SSL;

    return IO::Socket::SSL::SSL_Context->new({ SSL_server => 1, %$tls })
           // die 'no TLS: ' . IO::Socket::SSL::errstr();
}


# a client that is slow at it blocks the others

sub _handshake {
    my ($client, $context) = @_;

    IO::Socket::SSL->start_SSL($client, SSL_server => 1, Timeout => 5,
                               SSL_reuse_ctx => $context)
        or return { tls => 0, error => '' . IO::Socket::SSL::errstr() };

    return { tls => $client->get_sslversion, sni => $client->get_servername,
             reused => $client->get_session_reused ? 1 : 0,
             cert => $client->peer_certificate ? 1 : 0 };
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
