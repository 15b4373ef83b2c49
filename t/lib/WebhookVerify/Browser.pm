package WebhookVerify::Browser;

# A real headless Chromium, told what to do over its debugging port: just
# enough of WebSocket (RFC 6455) and of the DevTools protocol for that.
#
#   my $browser = WebhookVerify::Browser->start;
#   $browser->open("http://127.0.0.1:$port/");
#   my $value = $browser->eval('document.title');       JSON comes back decoded
#   $browser->wait_for('document.readyState == "complete"');
#   $browser->media('dark'); $browser->size(390, 844);
#   $browser->screenshot('build/status.png');
#   $browser->complaints                     of the console, since it was opened

use strict;
use warnings;

use File::Path ();
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Time::HiRes qw(time);

use WebhookVerify::Process;

my $JSON = JSON::PP->new->utf8->allow_nonref;


sub start {
    my ($class) = @_;

    my $dir = File::Temp::tempdir('wv-browser-XXXXXX', TMPDIR => 1);
    my $self = bless { dir => $dir, owner => $$, id => 0, buffer => '',
                       complaints => [] }, $class;

    local $ENV{HOME} = $dir;

    $self->{pid} = WebhookVerify::Process->start("$dir/output",
        '/usr/bin/chromium', '--headless', '--no-sandbox', '--disable-gpu',
        '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions',
        '--disable-background-networking', '--disable-component-update',
        '--remote-debugging-port=0', "--user-data-dir=$dir/profile",
        'about:blank');

    my ($port) = WebhookVerify::Process->wait_for(60, sub {
        die "Chromium does not start:\n", $self->_output
            unless WebhookVerify::Process->alive($self->{pid});

        open my $in, '<', "$dir/profile/DevToolsActivePort" or return;
        return <$in> =~ /^(\d+)$/ ? $1 : undef;
    }) or die "Chromium does not listen:\n", $self->_output;

    my ($target) = WebhookVerify::Process->wait_for(20, sub {
        my ($list) = _http($port, '/json/list');
        my ($page) = grep { $_->{type} eq 'page' } @{ $list // [] };
        return $page;
    }) or die "Chromium has no page\n";

    $self->_connect($port, $target->{webSocketDebuggerUrl} =~ m{(/devtools.*)});
    $self->call("$_.enable") for qw(Page Runtime Log);

    return $self;
}


sub _output {
    my ($self) = @_;

    open my $in, '<', "$self->{dir}/output" or return '';
    local $/;

    return <$in>;
}


sub _http {
    my ($port, $path) = @_;

    my $socket = WebhookVerify::Process->accepts($port) or return;

    print $socket "GET $path HTTP/1.1\r\nHost: localhost\r\n\r\n";

    my ($answer, $length) = ('');

    while (sysread $socket, $answer, 65536, length $answer) {
        ($length) = $answer =~ /^Content-Length:\s*(\d+)/mi unless $length;

        my $end = index $answer, "\r\n\r\n";

        return $JSON->decode(substr $answer, $end + 4, $length)
            if $length && $end >= 0 && length $answer >= $end + 4 + $length;
    }

    return;
}


sub _connect {
    my ($self, $port, $path) = @_;

    my $socket = WebhookVerify::Process->accepts($port) or die "Chromium: $!";
    my $key = encode_base64(join('', map { chr rand 256 } 1 .. 16), '');

    binmode $socket;
    print $socket "GET $path HTTP/1.1\r\nHost: localhost\r\n",
                  "Upgrade: websocket\r\nConnection: Upgrade\r\n",
                  "Sec-WebSocket-Key: $key\r\n",
                  "Sec-WebSocket-Version: 13\r\n\r\n";
    $socket->flush;

    $self->{socket} = $socket;

    $self->_more(20) until $self->{buffer} =~ s/^(HTTP.*?)\r\n\r\n//s;
    die "Chromium: $1" unless $1 =~ m{^HTTP/1.1 101 };
}


sub _more {
    my ($self, $seconds) = @_;

    IO::Select->new($self->{socket})->can_read($seconds)
        or die "Chromium is silent\n";

    sysread $self->{socket}, $self->{buffer}, 1 << 20, length $self->{buffer}
        or die "Chromium is gone:\n", $self->_output;
}


# one text, masked as a client has to; a mask of zeroes is one

sub _send {
    my ($self, $text) = @_;

    my $len = length $text;
    my $head = $len < 126 ? pack 'CC', 0x81, 0x80 | $len
             : $len < 65536 ? pack 'CCn', 0x81, 0xfe, $len
                            : pack 'CCQ>', 0x81, 0xff, $len;

    print { $self->{socket} } $head, "\0\0\0\0", $text;
    $self->{socket}->flush;
}


sub _message {
    my ($self) = @_;

    my $text = '';

    while (1) {
        my ($first, $len, $at);

        while (1) {
            if (length $self->{buffer} >= 2) {
                ($first, $len) = unpack 'CC', $self->{buffer};
                $at = $len < 126 ? 2 : $len == 126 ? 4 : 10;

                if (length $self->{buffer} >= $at) {
                    $len = unpack $at == 4 ? 'x2n' : 'x2Q>', $self->{buffer}
                        if $at > 2;
                    last if length $self->{buffer} >= $at + $len;
                }
            }

            $self->_more(30);
        }

        $text .= substr $self->{buffer}, $at, $len;
        substr $self->{buffer}, 0, $at + $len, '';

        return $JSON->decode($text) if $first & 0x80;
    }
}


sub call {
    my ($self, $method, %params) = @_;

    my $id = ++$self->{id};

    $self->_send($JSON->encode({ id => $id, method => $method,
                                 params => \%params }));

    while (1) {
        my $m = $self->_message;

        $self->_event($m) if $m->{method};

        next unless ($m->{id} // 0) == $id;

        die "$method: $m->{error}{message}\n" if $m->{error};
        return $m->{result};
    }
}


sub _event {
    my ($self, $m) = @_;

    my $p = $m->{params};

    if ($m->{method} eq 'Log.entryAdded') {
        push @{ $self->{complaints} }, $p->{entry}{text}
            if $p->{entry}{level} =~ /error|warning/;

    } elsif ($m->{method} eq 'Runtime.exceptionThrown') {
        push @{ $self->{complaints} },
             $p->{exceptionDetails}{exception}{description}
             // $p->{exceptionDetails}{text};

    } elsif ($m->{method} eq 'Page.javascriptDialogOpening') {
        push @{ $self->{complaints} }, "dialog: $p->{message}";
    }
}


sub complaints { join "\n", @{ $_[0]{complaints} } }


sub open {
    my ($self, $url) = @_;

    $self->{complaints} = [];
    $self->call('Page.navigate', url => $url);
    $self->wait_for('document.readyState == "complete"');
}


sub eval {
    my ($self, $code) = @_;

    my $r = $self->call('Runtime.evaluate', expression => $code,
                        returnByValue => JSON::PP::true,
                        awaitPromise => JSON::PP::true);

    die "$code: $r->{exceptionDetails}{text}\n" if $r->{exceptionDetails};

    return $r->{result}{value};
}


sub wait_for {
    my ($self, $code, $seconds) = @_;

    return WebhookVerify::Process->wait_for($seconds // 15,
                                            sub { $self->eval($code) });
}


sub media {
    my ($self, $scheme) = @_;

    $self->call('Emulation.setEmulatedMedia', features =>
                [{ name => 'prefers-color-scheme', value => $scheme }]);
}


sub size {
    my ($self, $width, $height, $mobile) = @_;

    $self->call('Emulation.setDeviceMetricsOverride', width => $width,
                height => $height, deviceScaleFactor => 1,
                mobile => $mobile ? JSON::PP::true : JSON::PP::false);
}


sub screenshot {
    my ($self, $file) = @_;

    my $r = $self->call('Page.captureScreenshot', format => 'png',
                        captureBeyondViewport => JSON::PP::true);

    CORE::open my $out, '>:raw', $file or die "$file: $!";
    print $out decode_base64($r->{data});
    close $out or die "$file: $!";
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $!, $@);

    WebhookVerify::Process->stop($self->{pid}, 'TERM', 10) if $self->{pid};
    File::Path::remove_tree($self->{dir});
}


1;
