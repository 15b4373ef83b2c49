package WebhookVerify::Client;

# One HTTP/1.1 request over its own connection, in the steps a test wants:
#
#   my $c = WebhookVerify::Client->new($port, path => '/hook', body => $body,
#                                      headers => ['X-Signature: ...']);
#   $c->send;                all of it; or head() and then part($bytes), ...
#   WebhookVerify::Client->delivery($port, $body, path => '/hook') is signed; its
#   sig => '' or other text replaces the signature, header => its header's name
#   my $r = $c->wait(3);     { status, header => {}, body } or { status => 0,
#                            closed => 1 } or { status => 0, timeout => 1 }

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

use WebhookVerify::Sign qw(signature);


sub delivery {
    my ($class, $port, $body, %o) = @_;

    my $sig = delete $o{sig} // signature($body, %o);
    my $header = delete $o{header} // 'X-Signature';
    my @headers = @{ delete $o{headers} // [] };

    unshift @headers, "$header: $sig" if $sig ne '';

    return $class->new($port, %o, body => $body, headers => \@headers);
}


sub new {
    my ($class, $port, %o) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp',
        Timeout => 5) or die "connect to $port: $!";

    binmode $socket;
    $socket->autoflush(1);

    return bless { socket => $socket, buffer => '', body => '', %o }, $class;
}


sub head {
    my ($self) = @_;

    my $method = $self->{method} // 'POST';
    my $path = $self->{path} // '/hook';
    my @headers = @{ $self->{headers} // [] };

    unshift @headers, 'Host: localhost';
    push @headers, 'Connection: close' unless $self->{keepalive};

    unless (grep /^(?:content-length|transfer-encoding)\s*:/i, @headers) {
        push @headers, 'Content-Length: ' . length $self->{body};
    }

    $self->part(join "\r\n", "$method $path HTTP/1.1", @headers, '', '');

    return $self;
}


sub part {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    print { $self->{socket} } $bytes;

    return $self;
}


sub send {
    my ($self) = @_;

    return $self->head->part($self->{body});
}


sub chunk {
    my ($self, $bytes) = @_;

    return $self->part(sprintf "%x\r\n%s\r\n", length $bytes, $bytes);
}


sub readable {
    my ($self, $seconds) = @_;

    return 1 if length $self->{buffer};

    return scalar(IO::Select->new($self->{socket})->can_read($seconds));
}


sub wait {
    my ($self, $seconds) = @_;

    my $until = time + ($seconds // 5);

    while (1) {
        if (my $answer = $self->_parse) {

            # nginx lingers until a client that said so closes

            $self->close unless $self->{keepalive} || $answer->{status} < 200;

            return $answer;
        }

        if ($self->{closed}) {
            return { status => 0, closed => 1, header => {},
                     body => $self->{buffer} };
        }

        my $left = $until - time;

        if ($left <= 0
            || !IO::Select->new($self->{socket})->can_read($left))
        {
            return { status => 0, timeout => 1, header => {}, body => '' };
        }

        my $n = sysread $self->{socket}, $self->{buffer}, 65536,
                        length $self->{buffer};

        $self->{closed} = 1 unless $n;
    }
}


sub _parse {
    my ($self) = @_;

    my $end = index $self->{buffer}, "\r\n\r\n";

    return if $end < 0;

    my ($line, @lines) = split /\r\n/, substr $self->{buffer}, 0, $end;
    my ($status) = $line =~ m{^HTTP/1\.[01] (\d{3})};
    my (%header, $body);

    for (@lines) {
        my ($name, $value) = split /:\s*/, $_, 2;
        $header{lc $name} = $value;
    }

    my $rest = substr $self->{buffer}, $end + 4;
    my $length = $header{'content-length'};

    if ($status =~ /^1/ || $status == 204 || $status == 304) {
        $length = 0;
    }

    if (defined $length) {
        return if length $rest < $length;

        $body = substr $rest, 0, $length, '';
        $self->{buffer} = $rest;

    } elsif (($header{'transfer-encoding'} // '') eq 'chunked') {
        return unless $rest =~ /(?:^|\r\n)0\r\n\r\n/;

        $body = '';

        while ($rest =~ s/^([0-9a-f]+)\r\n//i) {
            my $size = hex $1;
            $body .= substr $rest, 0, $size, '';
            $rest =~ s/^\r\n//;
            last if $size == 0;
        }

        $self->{buffer} = $rest;

    } else {
        return unless $self->{closed};

        $body = $rest;
        $self->{buffer} = '';
    }

    return { status => $status, header => \%header, body => $body };
}


# the connection is gone, as when a client dies

sub abort {
    my ($self) = @_;

    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    CORE::close($self->{socket});
}


sub close {
    my ($self) = @_;

    CORE::close($self->{socket});
}


1;
