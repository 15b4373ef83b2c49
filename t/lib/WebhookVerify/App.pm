package WebhookVerify::App;

# The application behind the gate: a small HTTP server which remembers exactly
# what reached it, and does what the query string says:
#
#   status=500,200     what the first, the second, ... request of this URI gets;
#                      the last one repeats
#   delay=0.5,0        seconds before the answer
#   hold=1,0           answers when release() is called
#   close=1            closes the connection instead of answering
#   accel=/uri         answers with X-Accel-Redirect
#   location=/uri      answers with Location

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(encode_base64 decode_base64);
use Time::HiRes qw(sleep time);

use WebhookVerify::Process;

my $JSON = JSON::PP->new->latin1->canonical;
my $SLOW = $WebhookVerify::Process::SLOW;


sub start {
    my ($class) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 512,
        ReuseAddr => 1) or die "application: $!";

    my $self = bless { port => $listen->sockport }, $class;

    $self->{pid} = WebhookVerify::Process->run(sub {
        WebhookVerify::App::Loop->new($listen)->run(@_);
    });

    close $listen;

    return $self;
}


sub port { $_[0]{port} }


# what came: a list of { method, uri, header => { lower-case name => value },
# body }

sub seen {
    my ($self) = @_;

    my $list = $JSON->decode($self->_ask('/_seen'));

    $_->{body} = decode_base64($_->{body}) for @$list;

    return @$list;
}


sub count {
    my ($self) = @_;

    return scalar($self->seen);
}


# what came, once at least $n requests did

sub seen_at_least {
    my ($self, $n, $seconds) = @_;

    my @seen;

    WebhookVerify::Process->wait_for($seconds // 3 * $SLOW, sub {
        @seen = $self->seen;
        return @seen >= $n;
    });

    return @seen;
}


sub reset {
    my ($self) = @_;

    $self->_ask('/_reset');
}


# answers all requests that are on hold

sub release {
    my ($self) = @_;

    $self->_ask('/_release');
}


sub stop {
    my ($self) = @_;

    WebhookVerify::Process->stop($self->{pid}, 'KILL');
}


sub _ask {
    my ($self, $uri) = @_;

    my $socket = WebhookVerify::Process->accepts($self->{port})
        or die "the application is gone";

    print $socket "GET $uri HTTP/1.0\r\n\r\n";

    my $answer = do { local $/; <$socket> };

    $answer =~ s/^.*?\r\n\r\n//s;

    return $answer;
}


package WebhookVerify::App::Loop;

use Errno qw(EAGAIN EINTR);
use Time::HiRes qw(time);


sub new {
    my ($class, $listen) = @_;

    return bless {
        listen => $listen,
        select => IO::Select->new($listen),
        buffer => {},
        due => [],
        held => [],
        seen => [],
        count => {},
    }, $class;
}


sub run {
    my ($self, $parent) = @_;

    while (getppid() == $parent) {
        my $wait = 0.5;

        for my $due (@{ $self->{due} }) {
            my $left = $due->[0] - time;
            $wait = $left if $left < $wait;
        }

        for my $handle ($self->{select}->can_read($wait > 0 ? $wait : 0)) {
            if ($handle == $self->{listen}) {
                my $client = $handle->accept or next;
                $self->{buffer}{$client} = '';
                $self->{select}->add($client);

            } else {
                $self->read($handle);
            }
        }

        my @due = grep { $_->[0] <= time } @{ $self->{due} };
        @{ $self->{due} } = grep { my $d = $_; !grep { $_ == $d } @due }
                            @{ $self->{due} };

        $self->answer(@{$_}[1, 2]) for @due;
    }
}


sub drop {
    my ($self, $client) = @_;

    $self->{select}->remove($client);
    delete $self->{buffer}{$client};
    @{ $self->{due} } = grep { $_->[1] != $client } @{ $self->{due} };
    @{ $self->{held} } = grep { $_->[0] != $client } @{ $self->{held} };

    CORE::close($client);
}


sub read {
    my ($self, $client) = @_;

    my $n = sysread $client, $self->{buffer}{$client}, 65536,
                    length $self->{buffer}{$client};

    return $self->drop($client) unless $n;

    my $request = $self->parse($self->{buffer}{$client}) or return;

    $self->{buffer}{$client} = '';

    $self->handle($client, $request);
}


sub parse {
    my ($self, undef) = @_;

    my $end = index $_[1], "\r\n\r\n";

    return if $end < 0;

    my ($line, @lines) = split /\r\n/, substr $_[1], 0, $end;
    my ($method, $uri) = split / /, $line;
    my %header;

    for (@lines) {
        my ($name, $value) = split /:\s*/, $_, 2;
        $name = lc $name;
        $header{$name} = exists $header{$name} ? "$header{$name}, $value"
                                               : $value;
    }

    my $body = substr $_[1], $end + 4;

    if (lc($header{'transfer-encoding'} // '') eq 'chunked') {
        $body = _dechunk($body);
        return unless defined $body;

    } elsif (length $body < ($header{'content-length'} // 0)) {
        return;
    }

    return { method => $method, uri => $uri, header => \%header,
             body => $body };
}


sub _dechunk {
    my ($raw) = @_;

    my $body = '';

    while ($raw =~ s/^([0-9a-fA-F]+)[^\r\n]*\r\n//) {
        my $size = hex $1;

        return $body if $size == 0;
        return if length $raw < $size + 2;

        $body .= substr $raw, 0, $size;
        $raw = substr $raw, $size + 2;
    }

    return;
}


sub handle {
    my ($self, $client, $request) = @_;

    my $uri = $request->{uri};

    if ($uri eq '/_seen') {
        return $self->send($client, 200, '', $JSON->encode($self->{seen}));
    }

    if ($uri eq '/_reset') {
        $self->{seen} = [];
        $self->{count} = {};
        return $self->send($client, 200, '', "\n");
    }

    if ($uri eq '/_release') {
        $self->answer(@$_) for splice @{ $self->{held} };
        return $self->send($client, 200, '', "\n");
    }

    my $n = $self->{count}{$uri}++;
    my %arg = map { split /=/, $_, 2 } split /&/, $uri =~ /\?(.*)/ ? $1 : '';

    for (qw(status delay hold)) {
        my @list = split /,/, $arg{$_} // '';
        $arg{$_} = $list[$n] // $list[-1];
    }

    push @{ $self->{seen} },
         { %$request, body => MIME::Base64::encode_base64($request->{body}) };

    if ($arg{hold}) {
        push @{ $self->{held} }, [ $client, \%arg ];
        return;
    }

    if ($arg{delay}) {
        push @{ $self->{due} }, [ time + $arg{delay}, $client, \%arg ];
        return;
    }

    $self->answer($client, \%arg);
}


sub answer {
    my ($self, $client, $arg) = @_;

    return $self->drop($client) if $arg->{close};

    my $status = $arg->{status} // 200;
    my $header = '';

    $header .= "X-Accel-Redirect: $arg->{accel}\r\n" if $arg->{accel};
    $header .= "Location: $arg->{location}\r\n" if $arg->{location};

    $self->send($client, $status, $header,
                $status =~ /^2/ ? "accepted\n" : "application: $status\n");
}


sub send {
    my ($self, $client, $status, $header, $body) = @_;

    my $length = length $body;

    if ($status == 204 || $status == 304) {
        $body = '';

    } else {
        $header .= "Content-Length: $length\r\n";
    }

    print $client "HTTP/1.1 $status Scripted\r\nContent-Type: text/plain\r\n",
                  "Connection: close\r\n$header\r\n$body";
    $client->flush;

    $self->drop($client);
}


1;
