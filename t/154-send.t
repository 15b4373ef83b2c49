# docs/examples/send against a gate for every preset: what it signs is let
# through, once; what it tampers with is not.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use WebhookVerify::App;
use WebhookVerify::Process;
use WebhookVerify::Server;

my $send = "$FindBin::Bin/../docs/examples/send";
my $secret = 'ab' x 16;                 # good for every encoding
my $code;
my $app = WebhookVerify::App->start;
my $nginx = WebhookVerify::Server->new(
    http => 'underscores_in_headers on;');

require $send;

my $presets = WebhookSend::presets();
my @names = grep { $_ ne 'hmac' } sort keys %$presets;
my %more = (speaknode => [ '--signature', '$http_x_speaknode_signature' ]);

is(scalar @names, preset_count(), 'send has a row for each preset');

for my $name (@names) {
    my $url = "http://127.0.0.1:" . $nginx->port . "/$name";

    $nginx->{config} .= join "\n", "location = /$name {",
        "webhook_verify $name;", "webhook_verify_secret $secret;",
        "webhook_verify_url $url;",
        $more{$name} ? "webhook_verify_signature $more{$name}[1];" : (),
        'proxy_pass http://127.0.0.1:' . $app->port . ';', "}\n";
}

$nginx->{config} .= '
    location = /acme {
        webhook_verify           hmac;
        webhook_verify_secret    key;
        webhook_verify_signature $arg_sig algorithm=sha512 encoding=base64url;
        webhook_verify_timestamp $http_x_acme_time unit=ms tolerance=1m;
        webhook_verify_signed    "$request_method $request_uri_path $webhook_verify_timestamp $request_body";
        webhook_verify_id        /a/0/id $http_x_part;
        proxy_pass               http://127.0.0.1:' . $app->port . ';
    }';
$nginx->{http} .= 'map $request_uri $request_uri_path { ~^(?<p>[^?]*) $p; }';

my $tls = WebhookVerify::Process->free_port;
my $cert = "$nginx->{dir}/cert";

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test"
       . " -addext subjectAltName=DNS:hooks.example.com"
       . " -keyout $cert.key -out $cert.crt 2> /dev/null") == 0 or die 'openssl';

$nginx->{http} .= "
    server {
        listen              127.0.0.1:$tls ssl;
        ssl_certificate     $cert.crt;
        ssl_certificate_key $cert.key;

        location = /github {
            webhook_verify        github;
            webhook_verify_secret key;
            proxy_pass            http://127.0.0.1:" . $app->port . ';
        }
    }';

$nginx->start;

for my $name (@names) {
    subtest $name => sub { test_preset($name) };
}

subtest 'a scheme of its own' => sub {
    my @acme = ('--signature', '$arg_sig algorithm=sha512 encoding=base64url',
        '--timestamp', '$http_x_acme_time unit=ms',
        '--signed', '$request_method $request_uri $webhook_verify_timestamp $request_body',
        '--event-id', '/a/0/id $http_x_part');

    is(sent('hmac', 'acme', @acme, '--secret', 'key', '--id', '17'),
       '200 accepted', 'let through');
    is(sent('hmac', 'acme', @acme, '--secret', 'key', '--id', '17'),
       '200 Already processed', 'known');
    is(sent('hmac', 'acme', @acme, '--secret', 'other', '--id', '17'),
       '401 Authorization Required', 'another key');
    is(sent('hmac', 'acme', @acme, '--secret', 'key', '--age', '-2m'),
       '401 Authorization Required', 'ahead of time');
    is(($app->seen)[-1]{body}, '{"a":[{"id":"17"}]}', 'the body');
};

subtest 'options' => sub {
    my $stripe = sub { sent('stripe', 'stripe', '--secret', $secret, @_) };

    is($stripe->('--repeat', 3),
       '200 accepted / 200 Already processed / 200 Already processed',
       'one after the other');

    my $n = $app->count;
    my @answers = split m{ / }, $stripe->('--parallel', 4);

    is(scalar @answers, 4, 'at once: answers');
    is($app->count - $n, 1, 'at once: one is passed on');

    like($stripe->('--delay', 0.3, '--verbose'),
         qr{^> POST http.*> Stripe-Signature: t=.*< 200 .*accepted}s,
         'a late body, and what was sent and answered');

    is($stripe->('--body', "{\"id\":\"\xc3\xa9\"}"), '200 accepted',
       'a body of one\'s own');
    is(($app->seen)[-1]{body}, "{\"id\":\"\xc3\xa9\"}", 'byte for byte');

    $ENV{WEBHOOK_SECRET} = $secret;
    is(sent('stripe', 'stripe'), '200 accepted', 'secret of the environment');
    delete $ENV{WEBHOOK_SECRET};

    is(sent('stripe', 'stripe', '--secret-file', file("\n$secret\nold\n")),
       '200 accepted', 'secret of a file');
    is(sent('stripe', 'stripe', '--secret', $secret, '--file', file('{"id":5}')),
       '200 accepted', 'body of a file');
};

subtest 'https, by way of curl' => sub {
    local $ENV{CURL_CA_BUNDLE} = "$cert.crt";
    local $ENV{WEBHOOK_SECRET} = 'key';

    my $url = "https://hooks.example.com:$tls/github";
    my $body = '{"n":1}';

    is(`$send --connect 127.0.0.1 --repeat 2 --body '$body' github $url`,
       "200 accepted\n200 Already processed\n", 'signed, twice');
    is(($app->seen)[-1]{body}, $body, 'byte for byte');
    is(`$send --connect 127.0.0.1 --tamper body github $url`,
       "401 Authorization Required\n", 'changed');
    like(`$send --connect 127.0.0.1 --verbose github $url`,
         qr{^< 200 .*^< content-type: text/plain.*^accepted}ms, 'all of it');

    delete $ENV{CURL_CA_BUNDLE};

    like(`$send --connect 127.0.0.1 github $url 2>&1`,
         qr/certificate.*no answer by way of curl/s, 'not trusted');
    is($? >> 8, 2, 'exit code: no answer');
};

subtest 'what it cannot do' => sub {
    like(sent('stripe', 'x'), qr/no secret/, 'without a secret');
    like(sent('acme', 'x', '--secret', 's'), qr/no preset "acme"/, 'unknown');
    like(sent('hmac', 'x', '--secret', 's'), qr/needs --signature/, 'nowhere');
    like(sent('airtable', 'x', '--secret', '!'), qr/not in base64/, 'encoding');
    like(sent('github', 'x', '--secret', 's', '--tamper', 'timestamp'),
         qr/nothing to tamper with/, 'no timestamp');
    like(`$send --secret s github http://127.0.0.1:9/ 2>&1`,
         qr/^send: Could not connect/, 'nobody there');
    is($? >> 8, 2, 'exit code: no answer');
    like(`$send --help`, qr/^usage: /, 'help');
};

my $log = $nginx->log;

unlike($log, qr/\[(?:alert|crit|emerg)\]/, 'nothing wrong in the log');
unlike($log, qr/$secret/, 'no secret in the log');

done_testing();


sub test_preset {
    my ($name) = @_;

    my $scheme = WebhookSend::scheme($name,
        $more{$name} ? (signature => $more{$name}[1]) : ());
    my @send = ($name, $name, @{ $more{$name} // [] }, '--secret', $secret);
    my $n = 0;

    $app->reset;

    # the ids of Dropbox' deliveries are nginx's own

    my $again = $name eq 'dropbox' ? '200 accepted' : '200 Already processed';
    my $no = '401 Authorization Required';

    is(sent(@send, '--repeat', 2), "200 accepted / $again", 'signed, twice');
    is($? >> 8, 0, 'exit code: 2xx');
    is($app->count - $n, $name eq 'dropbox' ? 2 : 1, 'passed on');

    $n = $app->count;

    is(called(@send, '--unsigned'), $no, 'unsigned');
    is(result(), 'missing_signature', 'why');
    is($code, 1, 'exit code: not 2xx');

    is(called(@send, '--tamper', 'signature'), $no, 'another signature');
    is(result(), 'bad_signature', 'why');

    is(called(@send, '--tamper', 'body'), $no, 'another body');
    is(result(), 'bad_signature', 'why');

    if ($scheme->{timestamp}) {
        is(called(@send, '--tamper', 'timestamp'), $no, 'another time');
        is(result(), 'bad_signature', 'why');
    }

    if ($scheme->{timestamp} && $name ne 'sanity') {
        is(called(@send, '--age', '1h'), $no, 'signed an hour ago');
        is(result(), 'stale', 'why');

        is(called(@send, '--age', '-1h'), $no, 'signed in an hour');
        is(result(), 'future', 'why');
    }

    is($app->count, $n, 'nothing of it was passed on');

    # whoever replays a delivery can change an id that is not signed

    my ($header) = grep { /^\$http_/ } @{ $scheme->{ids}[0] // [] };

    if ($header) {
        my $signed = ($scheme->{signed} // '') =~ /\Q@{[substr $header, 1]}\E/;

        is(called(@send, '--tamper', 'id'), $signed ? $no : '200 accepted',
           'another id, ' . ($signed ? 'signed' : 'not signed'));
    }
}


# the same without a process of its own, which takes a tenth of the time

sub called {
    my ($provider, $path, @options) = @_;

    local @ARGV = (@options, $provider,
                   'http://127.0.0.1:' . $nginx->port . "/$path");
    my $text = '';

    open my $out, '>', \$text or die $!;
    my $old = select $out;
    $code = WebhookSend::main();
    select $old;

    chomp $text;

    return $text;
}


# what send prints, lines divided by " / "; $? is its exit code

sub sent {
    my ($provider, $path, @options) = @_;

    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', $send, @options,
        $provider, 'http://127.0.0.1:' . $nginx->port . "/$path" or die $!;

    my $text = do { local $/; <$out> };

    close $out;
    chomp $text;

    return $text if grep { $_ eq '--verbose' } @options;
    return $text =~ s{\n}{ / }gr;
}


# why the last delivery was not passed on

sub result {
    my ($result) = $nginx->new_log =~ /not passed on: (\w+)[^\n]*\n(?!.*not passed on)/s;

    return $result;
}


sub file {
    my ($text) = @_;

    my $name = "$nginx->{dir}/file";

    open my $file, '>', $name or die $!;
    print $file $text;
    close $file;

    return $name;
}


sub preset_count {
    open my $in, '<', "$FindBin::Bin/../docs/providers.md" or die $!;

    return scalar grep { /^## \w/ } <$in>;
}
