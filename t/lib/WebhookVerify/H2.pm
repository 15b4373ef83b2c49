package WebhookVerify::H2;

# An HTTP/2 client (prior knowledge, no TLS) that sends frames when a test says
# so, which curl cannot.
#
#   my $h2 = WebhookVerify::H2->new($port);
#   my $stream = $h2->head('/hook', length => 5, headers => [...], end => 0);
#   $h2->data($stream, 'ab'); $h2->data($stream, 'cde', 1);
#   my $r = $h2->wait($stream, 3);     { status, body, reset }

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

use constant { DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4,
               PING => 6, GOAWAY => 7 };

my @STATIC_STATUS = (200, 204, 206, 304, 400, 404, 500);


sub new {
    my ($class, $port) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp',
        Timeout => 5) or die "connect to $port: $!";

    binmode $socket;
    $socket->autoflush(1);

    my $self = bless { socket => $socket, buffer => '', next => 1,
                       stream => {} }, $class;

    $self->_print("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    $self->frame(SETTINGS, 0, 0, '');

    return $self;
}


sub _print {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    print { $self->{socket} } $bytes;
}


sub frame {
    my ($self, $type, $flags, $stream, $payload) = @_;

    $self->_print(substr(pack('N', length $payload), 1)
                  . pack('CCN', $type, $flags, $stream) . $payload);
}


sub _string {
    my ($s) = @_;

    my $n = length $s;
    my $out = $n < 127 ? chr $n : "\x7f";

    if ($n >= 127) {
        for ($n -= 127; $n >= 128; $n >>= 7) {
            $out .= chr($n & 127 | 128);
        }

        $out .= chr $n;
    }

    return $out . $s;
}


sub head {
    my ($self, $path, %o) = @_;

    my $id = $self->{next};
    my @fields = ([':method', $o{method} // 'POST'], [':scheme', 'http'],
                  [':path', $path], [':authority', 'localhost']);

    $self->{next} += 2;
    $self->{stream}{$id} = { body => '' };

    push @fields, ['content-length', $o{length}] if defined $o{length};

    for (@{ $o{headers} // [] }) {
        my ($name, $value) = split /:\s*/, $_, 2;
        push @fields, [lc $name, $value];
    }

    $self->frame(HEADERS, 4 | ($o{end} ? 1 : 0), $id,
                 join '', map { "\0" . _string($_->[0]) . _string($_->[1]) }
                          @fields);

    return $id;
}


sub data {
    my ($self, $id, $bytes, $end) = @_;

    $self->frame(DATA, $end ? 1 : 0, $id, $bytes);
}


# a whole request

sub send {
    my ($self, $path, $body, @headers) = @_;

    my $id = $self->head($path, length => length $body, headers => \@headers);

    $self->data($id, $body, 1);

    return $id;
}


sub cancel {
    my ($self, $id) = @_;

    $self->frame(RST_STREAM, 0, $id, pack 'N', 8);
}


sub wait {
    my ($self, $id, $seconds) = @_;

    my $until = time + ($seconds // 5);
    my $stream = $self->{stream}{$id};

    while (!$stream->{done}) {
        my $left = $until - time;

        if ($left <= 0
            || !IO::Select->new($self->{socket})->can_read($left))
        {
            return { status => 0, timeout => 1, body => '' };
        }

        unless (sysread $self->{socket}, $self->{buffer}, 65536,
                        length $self->{buffer})
        {
            return { status => 0, closed => 1, body => '' };
        }

        $self->_frames;
    }

    return { status => 0, %$stream };
}


sub _frames {
    my ($self) = @_;

    while (length $self->{buffer} >= 9) {
        my $length = unpack 'N', "\0" . substr $self->{buffer}, 0, 3;

        return if length $self->{buffer} < 9 + $length;

        my ($type, $flags, $id) = unpack 'x3CCN', $self->{buffer};
        my $payload = substr $self->{buffer}, 9, $length;

        substr $self->{buffer}, 0, 9 + $length, '';

        if ($type == SETTINGS && !($flags & 1)) {
            $self->frame(SETTINGS, 1, 0, '');
            next;
        }

        if ($type == PING && !($flags & 1)) {
            $self->frame(PING, 1, 0, $payload);
            next;
        }

        if ($type == GOAWAY) {

            # streams that began before are still answered

            my $last = unpack('N', $payload) & 0x7fffffff;

            $self->{stream}{$_}{done} = 1
                for grep { $_ > $last } keys %{ $self->{stream} };
            next;
        }

        my $stream = $self->{stream}{$id} or next;

        if ($type == RST_STREAM) {
            $stream->{reset} = unpack 'N', $payload;
            $stream->{done} = 1;
            next;
        }

        if ($type == HEADERS) {
            $stream->{status} //= _status($payload);

        } elsif ($type == DATA) {
            $stream->{body} .= $payload;

        } else {
            next;
        }

        $stream->{done} = 1 if $flags & 1;
    }
}


# nginx writes :status first, from the static table or as three raw digits

sub _status {
    my ($block) = @_;

    $block =~ s/^[\x20-\x3f]+//;

    my $first = ord $block;

    return $STATIC_STATUS[$first - 0x88] if $first >= 0x88 && $first <= 0x8e;
    return $1 if $block =~ /^[\x08\x48]\x03(\d{3})/;

    return 0;
}


sub abort {
    my ($self) = @_;

    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    CORE::close($self->{socket});
}


1;
