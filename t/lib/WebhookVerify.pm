package WebhookVerify;

# Test::Nginx::Socket with the words of this project. Sections on top of its
# own:
#
#   --- gate          directives of a protected location: writes the config
#
#       location /hook { <gate> proxy_pass http://app; }
#
#   --- sign          how a delivery is signed: key= header= prefix= algorithm=
#                     encoding=, over what sign_with() said for the file
#   --- deliveries    one request a line:
#
#       <who> [+Header:value ...] [METHOD] [/uri] [body] -> <status> [word] [...]
#
#       who:   good, good:otherkey, forged, unsigned, or sig(<text>) with {hex}
#              {HEX} {base64} {base64nopad} {base64url} for the right digest
#       after the arrow: the status, what $webhook_verify_result must be, and
#              id=<text> (the whole $webhook_verify_id) or text that the body
#              must contain
#
#       With the filter "eval" the section is a list of such lines and of
#       hashes { who, path, method, headers => [], body, expect => '200 first' }
#       for bodies that do not fit a line.
#
#   --- seen          exactly what reached the application: "METHOD /uri body" a
#                     line; with "eval", a list of bodies
#   --- seen_sorted   the same in alphabetical order
#   --- seen_uris     the same without bodies
#   --- seen_header   "Name: value" a line: what the last request had
#   --- redis_keys    exactly the keys in Redis; "{id}" stands for its SHA-256;
#                     after a key "d:<status>", "p", and "~<seconds>" its life
#   --- redis_asked   how many commands about events the server ran; "nothing"
#   --- logged        text that the error log must have, one a line; allows
#                     [error] lines, which are otherwise a failure
#   --- not_logged    text that the error log must not have
#   --- http1         stays HTTP/1.1 where WEBHOOK_VERIFY_HTTP=2 (or 3) is to run
#                     the file in another: it says why
#   --- dies          a wrong configuration: the words that the [emerg] line must
#                     have, one a line
#   --- dies_without  text that this line must not have
#
# $TEST_NGINX_APP_PORT is the application's port ("http://app" is declared),
# $TEST_NGINX_CLOSED_PORT one where nobody listens, and after use_redis()
# $TEST_NGINX_REDIS_PORT and $TEST_NGINX_REDIS_PATH are those of a real Redis.

use v5.10.1;
use Test::Nginx::Socket -Base;

use IO::Socket::INET;
use Test::Nginx::Util ();
use Time::HiRes ();

use WebhookVerify::App;
use WebhookVerify::Dialect;
use WebhookVerify::Process;
use WebhookVerify::Sign qw(mac fill forge sha256_hex);

our @EXPORT = qw(app redis use_redis sign_with mac_hex sha256_hex raw_post);

our %Sign = (header => 'X-Signature', key => 'secret');

my $SLOW = $WebhookVerify::Process::SLOW;
my $App = WebhookVerify::App->start;
my $Dialect = WebhookVerify::Dialect->start;
my $Redis;

# a port that is taken, and on which nobody listens

my $Closed = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0,
                                   Proto => 'tcp') or die "closed port: $!";

$ENV{TEST_NGINX_APP_PORT} = $App->port;
$ENV{TEST_NGINX_CLOSED_PORT} = $Closed->sockport;

log_level($ENV{TEST_NGINX_LOG_LEVEL} || 'info');
no_long_string();

# how long Test::Nginx waits before each look at the log, among other things

$Test::Nginx::Util::TestNginxSleep = $ENV{TEST_NGINX_SLEEP} || 0.005;


sub app () {
    return $App;
}


sub redis () {
    return $Redis;
}


sub use_redis (@) {
    require WebhookVerify::Redis;

    $Redis = WebhookVerify::Redis->start(@_);

    $ENV{TEST_NGINX_REDIS_PORT} = $Redis->port;
    $ENV{TEST_NGINX_REDIS_PATH} = $Redis->path;

    return $Redis;
}


sub sign_with (@) {
    %Sign = (%Sign, @_);
}


sub mac_hex ($@) {
    my ($body, @sign) = @_;

    return unpack 'H*', mac($body, %Sign, @sign);
}


# a request in two packets: the head, and the body

sub raw_post ($$@) {
    my ($path, $body, @headers) = @_;

    my $head = join "\r\n", "POST $path HTTP/1.1", 'Host: localhost',
                    'Connection: close', @headers, '', '';
    return [ $head, $body ];
}


# --- deliveries

sub _words ($) {
    my ($text) = @_;

    return map { split /=/, $_, 2 } split ' ', $text // '';
}


sub _parse_delivery ($$) {
    my ($name, $line) = @_;

    $line =~ m{^\s*
               (?<who> good | forged | unsigned | sig )
               (?: : (?<key> \S+ ) )?
               (?: \( (?<sig> .*? ) \) )? (?= \s )
               (?<headers> (?: \s+ \+ [-\w]+ : \S* )* )
               (?: \s+ (?<method> [A-Z]+ ) (?= \s ) )?
               (?: \s+ (?<path> /\S* ) )?
               (?: \s+ (?<body> .*? ) )??
               \s+ -> \s+ (?<expect> .*? ) \s* $}x
        or die "$name: not a delivery: $line";

    my %delivery = (who => $+{who}, path => $+{path} // '/hook',
                    method => $+{method} // 'POST', body => $+{body} // '',
                    expect => $+{expect});

    $delivery{sig} = $+{sig} if defined $+{sig};
    $delivery{key} = $+{key} if defined $+{key};
    $delivery{headers} = [ map { s/^\+//; s/:/: /; $_ }
                           split ' ', $+{headers} ];
    return \%delivery;
}


sub _signature_header ($%) {
    my ($delivery, %sign) = @_;

    $sign{key} = $delivery->{key} if defined $delivery->{key};

    my $who = $delivery->{who} // 'good';

    return if $who eq 'unsigned';

    my $digest = mac($delivery->{body}, %sign);
    my $text = $delivery->{sig};

    $digest = forge($digest) if $who eq 'forged';
    $text //= ($sign{prefix} // '') . '{' . ($sign{encoding} // 'hex') . '}';

    return "$sign{header}: " . fill($text, $digest);
}


sub _deliveries ($) {
    my ($block) = @_;

    my $list = $block->deliveries;
    my $name = $block->name;
    my %sign = (%Sign, ref $block->sign ? %{ $block->sign }
                                        : _words($block->sign));

    if (!ref $list) {
        die "$name: $list" if $list =~ / at \(eval \d+\) line /;
        $list = [ grep { /\S/ && !/^\s*#/ } split /\n/, $list ];
    }

    my (@requests, @headers, @codes, @response, @texts);

    for my $delivery (@$list) {
        $delivery = _parse_delivery($name, $delivery) unless ref $delivery;

        my $method = $delivery->{method} // 'POST';
        my $path = $delivery->{path} // '/hook';
        my $body = $delivery->{body} //= '';

        my ($code, $result, $text) =
            $delivery->{expect} =~ /^(\d+)(?:\s+(\w+|-))?(?:\s+(.*))?$/
            or die "$name: not an expectation: $delivery->{expect}";

        my @more = @{ $delivery->{headers} // [] };

        unshift @more, _signature_header($delivery, %sign);
        push @more, 'Content-Length: ' . length $body
            unless grep /^Content-Length:/i, @more;

        my $expected = defined $result && $result ne '-'
                       ? "X-Result: $result\n" : '';

        if (defined $text && $text =~ s/^id=//) {
            $expected .= "X-Id: $text\n";
            undef $text;
        }

        push @requests, "$method $path\n$body";
        push @headers, join "\n", @more;
        push @codes, $code;
        push @response, $expected;
        push @texts, $text;
    }

    $block->set_value('request', \@requests);
    $block->set_value('more_headers', \@headers);
    $block->set_value('error_code', \@codes);

    # on top of what the block itself says about the headers

    my $section = defined $block->response_headers_like
                  ? 'response_headers_like' : 'response_headers';
    my $said = $block->$section;

    for my $i (0 .. $#response) {
        $response[$i] =~ s/^(.*?: )(.*)$/$1\Q$2\E/mg if $section =~ /like/;
        $response[$i] .= ref $said ? $said->[$i] // '' : $said // '';
    }

    $block->set_value($section, \@response);
    $block->set_value('_texts', \@texts);
}


add_response_body_check(sub {
    my ($block, $body, $index, $repeated, $dry_run) = @_;

    my $texts = $block->_texts or return;
    my $text = $texts->[$index] // return;

    return if $dry_run;

    like($body, qr/\Q$text\E/, $block->name . " - body of request $index");
});


# --- before a block

sub _show_variables () {
    return <<'_EOC_';
    add_header X-Result $webhook_verify_result always;
    add_header X-Id $webhook_verify_id always;
    add_header X-Key $webhook_verify_key always;
    add_header X-Index $webhook_verify_secret_index always;
_EOC_
}


add_block_preprocessor(sub {
    my $block = shift;

    if (defined(my $dies = $block->dies)) {
        my @words = ref $dies ? @$dies : grep { /\S/ } split /\n/, $dies;

        $block->set_value('must_die', 1);
        $block->set_value('suppress_stderr', 1);
        $block->set_value('error_log',
                          [ map { ref $_ ? $_ : qr/\[emerg\].*\Q$_\E/ }
                            @words ]);
        $block->set_value('no_error_log', $block->dies_without)
            if defined $block->dies_without;
    }

    if (defined(my $gate = $block->gate)) {
        $block->set_value('config', <<_EOC_ . ($block->config // ''));
    location /hook {
$gate
        proxy_pass http://app;
    }

_EOC_
    }

    $block->set_value('config', _show_variables() . ($block->config // ''));

    if ($Dialect) {
        $block->set_value('config', $Dialect->listen . $block->config);
        server_port_for_client(defined $block->http1 ? server_port()
                                                     : $Dialect->port);
    }

    $block->set_value('http_config', <<_EOC_ . ($block->http_config // ''));
    upstream app {
        server 127.0.0.1:$ENV{TEST_NGINX_APP_PORT};
    }

    ${\ ($Redis && $SLOW != 1
         ? 'webhook_verify_store_timeout ' . 500 * $SLOW . 'ms;' : '') }
_EOC_

    _deliveries($block) if defined $block->deliveries;

    if (!defined $block->must_die && !defined $block->deliveries
        && !defined $block->no_error_log)
    {
        my $error = defined $block->error_log || defined $block->logged
                    ? '' : "[error]\n";

        $block->set_value('no_error_log', "$error\[alert]\n[crit]\n[emerg]\n");
    }

    $App->reset;
    $Redis->clear if $Redis && $Redis->{pid};
});


# --- after a block

sub _check_secrets ($) {
    my ($block) = @_;

    my $secret = WebhookVerify::Server::secrets(
        ($block->http_config // '') . ($block->config // ''));

    open my $in, '<', $Test::Nginx::Util::ErrLogFile or return;

    is(join('', grep { /$secret/ } <$in>), '',
       $block->name . ' - no secret in the log');
}


sub _check_seen ($) {
    my ($block) = @_;

    my $name = $block->name;
    my $expected = $block->seen // $block->seen_sorted // $block->seen_uris;
    my @seen = $App->seen;

    if (ref $expected eq 'ARRAY') {
        is(join("\n", map { length($_->{body}) . ' '
                            . sha256_hex($_->{body}) } @seen),
           join("\n", map { length($_) . ' ' . sha256_hex($_) } @$expected),
           "$name - the application saw these bytes");
        return;
    }

    my @lines;

    for (@seen) {
        my $line = "$_->{method} $_->{uri}";

        $line .= " $_->{body}" unless defined $block->seen_uris;
        $line =~ s/\s+$//;
        push @lines, $line;
    }

    @lines = sort @lines if defined $block->seen_sorted;

    s/^\s+//mg, s/\s+$//mg for $expected;

    is(join("\n", @lines), $expected, "$name - what the application saw");
}


sub _check_seen_header ($) {
    my ($block) = @_;

    my ($last) = reverse $App->seen;

    for (grep { /\S/ } split /\n/, $block->seen_header) {
        my ($header, $value) = split /:\s*/, $_, 2;

        is($last->{header}{lc $header} // '', $value,
           $block->name . " - the application saw $header");
    }
}


# that nothing is tried in HTTP/1.1 after all

sub _check_dialect ($) {
    my ($block) = @_;

    my $log = "$Test::Nginx::Util::ServRoot/logs/access.log";
    my $other = $Dialect->heard($log);

    is($other, '', $block->name . " - all in HTTP/$ENV{WEBHOOK_VERIFY_HTTP}");
}


sub _check_redis_asked ($) {
    my ($block) = @_;

    my $expected = $block->redis_asked;

    $expected =~ s/\s+$//;
    $expected = 0 if $expected eq 'nothing';

    WebhookVerify::Process->wait_for(0.2 * $SLOW,
                                     sub { $Redis->asked == $expected })
        if $expected;

    is($Redis->asked, $expected,
       $block->name . ' - commands that Redis was asked');
}


sub _check_redis_keys ($) {
    my ($block) = @_;

    my $name = $block->name;
    my (%expected, %life);

    for (grep { /\S/ } split /\n/, $block->redis_keys) {
        s/\{(.*)\}/sha256_hex($1)/e;

        my ($key, $value, $life) = split ' ';

        $expected{$key} = $value // '';
        $life{$key} = $1 if defined $life && $life =~ /^~(\d+)$/;
    }

    my %kind = map { $_ => 'p' } keys %expected;

    # a commit may come up to 100 ms after the answer

    my (@keys, %value);

    WebhookVerify::Process->wait_for(0.1 * $SLOW, sub {
        @keys = $Redis->keys;
        %value = map { $_ => $Redis->get($_) } @keys;

        return join(' ', @keys) eq join(' ', sort keys %expected)
               && !grep { /^p:/ } values %value;
    }) unless grep { $_ eq 'p' } values %expected;

    @keys = $Redis->keys;

    is(join("\n", @keys), join("\n", sort keys %expected),
       "$name - the keys in Redis");

    for my $key (sort keys %expected) {
        my $value = $Redis->get($key) // '';
        my $want = $expected{$key};

        if ($want eq 'p') {
            like($value, qr/^p:\S+$/, "$name - $key is a claim");

        } elsif ($want =~ /^d:(\d+)$/) {
            like($value, qr/^d:\d{10}:$1$/, "$name - $key is done");

            my ($at) = $value =~ /^d:(\d+)/;

            cmp_ok(abs(time - ($at // 0)), '<=', 5,
                   "$name - $key was done now");
        }

        if (defined $life{$key}) {
            my $pttl = $Redis->pttl($key);
            my $ms = $life{$key} * 1000;

            ok($pttl > $ms - 5000 && $pttl <= $ms,
               "$name - $key lives for $life{$key} s ($pttl ms)");
        }
    }
}


# the whole log of a block: Test::Nginx's own sections look at it piecewise,
# one request after the other

sub _check_log ($) {
    my ($block) = @_;

    my $name = $block->name;
    my @levels = qw([alert] [crit] [emerg]);

    Time::HiRes::sleep(0.05) if defined $block->logged;

    open my $in, '<', $Test::Nginx::Util::ErrLogFile or return;
    my $log = do { local $/; <$in> } // '';

    for (grep { /\S/ } split /\n/, $block->logged // '') {
        like($log, qr/\Q$_\E/, "$name - logged: $_");
    }

    for (grep { /\S/ } split /\n/, $block->not_logged // '') {
        unlike($log, qr/\Q$_\E/, "$name - not logged: $_");
    }

    return unless defined $block->deliveries;

    unshift @levels, '[error]' unless defined $block->logged;

    my $levels = join '|', map { quotemeta } @levels;

    is(join('', grep { /$levels/ } split /^/, $log), '',
       "$name - nothing bad in the log");
}


add_test_cleanup_handler(sub {
    my $block = shift;

    return if $Test::Nginx::Util::CheckLeak || $Test::Nginx::Util::Benchmark;
    return if defined $block->SKIP;

    _check_secrets($block);

    return if defined $block->must_die;

    _check_log($block);
    _check_dialect($block) if $Dialect && !defined $block->http1;

    _check_redis_asked($block) if defined $block->redis_asked;
    _check_redis_keys($block) if defined $block->redis_keys;
    _check_seen($block) if defined $block->seen
                           || defined $block->seen_sorted
                           || defined $block->seen_uris;
    _check_seen_header($block) if defined $block->seen_header;
});


1;
