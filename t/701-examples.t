# Every docs/examples/*.conf, in a real nginx, with deliveries that the sender
# has really signed: what got through, and what did not.

use strict;
use warnings;

use File::Basename qw(basename);
use File::Path qw(make_path);
use FindBin;
use HTTP::Tiny;
use lib "$FindBin::Bin/lib";

use Test::More;

use WebhookVerify::App;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

my $examples = "$FindBin::Bin/../docs/examples";
my $send = "$examples/send";
my $secret = 'ab' x 16;                 # good for every encoding
my $app = WebhookVerify::App->start;
my $second = WebhookVerify::App->start;
my $SLOW = $WebhookVerify::Process::SLOW;

my %test = (
    'application' => \&application,
    'dry-run' => \&dry_run,
    'one-provider' => \&one_provider,
    'twelve-providers' => \&twelve_providers,
    'route-by-event' => \&route_by_event,
    'tenants' => \&tenants,
    'two-gates-redis' => \&two_gates,
    'rotation' => \&rotation,
);

my @names = map { basename($_, '.conf') } glob "$examples/*.conf";

is_deeply(\@names, [ sort keys %test ], 'each example has a test');

subtest $_ => $test{$_} for @names;

done_testing();


sub application {
    my $gate = gate('application');

    is(sent($gate, 'any', '--secret', 'unused'), '200 Stored', 'accepts');
}


sub dry_run {
    my $gate = gate('dry-run');
    my @send = ('stripe', '--secret', $secret, '--id', 'evt_1');

    is(sent($gate, @send), '200 accepted', 'signed');
    is(sent($gate, @send), '200 accepted', 'again');
    is(sent($gate, @send, '--tamper', 'body'), '200 accepted', 'changed');
    is(sent($gate, @send, '--unsigned'), '200 accepted', 'unsigned');

    my @results = qw(first duplicate bad_signature missing_signature);

    is(join(' ', map { $_->{header}{'x-webhook-result'} } $app->seen),
       "@results", 'what the application saw');
    is(join(' ', read_file("$gate->{dir}/logs/error.log")
                 =~ /not passed on, dry run: (\w+)/g), "@results[1 .. 3]", 'log');

    my $page = HTTP::Tiny->new(proxy => undef, http_proxy => undef)
        ->get("http://127.0.0.1:$gate->{gate}/webhooks/status");

    is($page->{status}, 200, 'status');
    like($page->{content}, qr/dry.run/i, 'status: a dry run');

    # the last step

    $gate->{http} =~ s/^ +webhook_verify_dry_run.*\n//m;
    ok($gate->hup, 'without the directive');

    is(sent($gate, @send), '200 Already processed', 'what was done is known');
    is(sent($gate, @send, '--id', 'evt_2'), '200 accepted', 'signed');
    is(sent($gate, @send, '--id', 'evt_3', '--unsigned'),
       '401 Authorization Required', 'unsigned');
}


sub one_provider {
    my $gate = gate('one-provider');

    is(sent($gate, 'speeko', '--secret', $secret, '--repeat', 2, '--id', 'job_1'),
       '200 accepted / 200 Already processed', 'signed, twice');
    is(sent($gate, 'speeko', '--secret', 'another'),
       '401 Authorization Required', 'with another secret');
    is(bodies($app), '{"job_id":"job_1"}', 'what the application saw');
    like(read_file("$gate->{dir}/logs/webhooks.log"),
         qr{^\S+ 127\.0\.0\.1 /webhooks/speeko 200 first id="job_1" secret=1$}m,
         'log');
}


sub twelve_providers {
    my $gate = gate('twelve-providers');
    my @providers = read_file("$examples/twelve-providers.conf")
                    =~ /^ +webhook_verify +(\w+);/mg;

    is(scalar @providers, 12, 'twelve');

    for my $name (@providers) {
        my @send = ($name, '--secret', $secret);

        push @send, '--signature', '$http_x_speaknode_signature'
            if $name eq 'speaknode';
        push @send, '--url', 'https://hooks.example.com/webhooks/square'
            if $name eq 'square';

        $app->reset;
        is(sent($gate, @send, '--repeat', 2),
           '200 accepted / 200 Already processed', "$name: signed, twice");
        is(sent($gate, @send, '--tamper', 'body'),
           '401 Authorization Required', "$name: changed");

        my ($seen, @more) = $app->seen;

        is(scalar @more, 0, "$name: passed on once");
        is($seen->{header}{'x-webhook-provider'}, $name, "$name: its name");
    }

    is(sent($gate, 'slack', '--secret', $secret, '--body',
            '{"type":"url_verification","challenge":"3eZbrw1aBm2"}'),
       '200 3eZbrw1aBm2', 'slack: its handshake');

    like(read_file("$gate->{dir}/logs/webhooks.log"),
         qr{^\S+ 127\.0\.0\.1 /webhooks/speeko 200 speeko first id="evt_\w+" secret=1$}m,
         'log');
}


sub route_by_event {
    my $gate = gate('route-by-event');
    my @send = ('scriptix', '--secret', $secret, '--body');

    is(sent($gate, @send, '{"event":"transcription.completed","data":{"id":1}}'),
       '200 accepted', 'to the first');
    is(sent($gate, @send, '{"event":"transcription.failed","data":{"id":1}}'),
       '200 accepted', 'to the second');
    is(sent($gate, @send, '{"event":"transcription.started","data":{"id":1}}'),
       '204 No Content', 'to none');
    is(sent($gate, @send, '{"event":"transcription.started","data":{"id":1}}'),
       '200 Already processed', 'and is done');
    is(sent($gate, @send, '{"event":"transcription.failed","data":{"id":2}}',
            '--unsigned'), '401 Authorization Required', 'unsigned');

    is(bodies($app), '{"event":"transcription.completed","data":{"id":1}}',
       'what the first saw');
    is(bodies($second), '{"event":"transcription.failed","data":{"id":1}}',
       'what the second saw');
}


sub tenants {
    my $gate = gate('tenants');
    my @blue = ('--secret', 'whsec_blue_5f0c8d1c2a', '--id', 'evt_1');
    my @green = ('--secret', 'whsec_green_91b7e4402d', '--id', 'evt_1');

    is(sent($gate, 'stripe/blue', @blue), '200 accepted', 'blue');
    is(sent($gate, 'stripe/green', @green), '200 accepted', 'green, the same id');
    is(sent($gate, 'stripe/blue', @blue), '200 Already processed', 'blue, again');
    is(sent($gate, 'stripe/green', @blue, '--id', 'evt_2'),
       '401 Authorization Required', 'blue at green\'s door');
    is(sent($gate, 'stripe/red', @blue, '--id', 'evt_3'),
       '401 Authorization Required', 'nobody\'s door');
    is(join(' ', map { $_->{header}{'x-tenant'} } $app->seen), 'blue green',
       'what the application saw');
}


sub two_gates {
    my $redis = WebhookVerify::Redis->start;

    $redis->cmd(qw(ACL SETUSER webhook on >password resetkeys ~webhook:*
                   resetchannels -@all +set +get +del +pexpire +eval +ping));

    my ($one, $two) = map { gate('two-gates-redis', redis => $redis->port) } 1, 2;
    my @send = ('github', '--secret', $secret, '--id', '1-2-3');

    is(sent($one, @send), '200 accepted', 'at the one');
    $redis->wait_value($redis->keys, qr/^d:/, 2 * $SLOW);
    is(sent($two, @send), '200 Already processed', 'at the other');
    is(sent($two, @send, '--id', '4', '--tamper', 'signature'),
       '401 Authorization Required', 'forged');
    is($app->count, 1, 'what the application saw');
    is(scalar(my @keys = $redis->keys), 1, 'what is in Redis');
}


sub rotation {
    my $gate = gate('rotation', green => 'the new one');

    is(sent($gate, 'stripe', '--secret', $secret), '200 accepted', 'blue');
    is(sent($gate, 'stripe', '--secret', 'the new one'), '200 accepted', 'green');
    is(sent($gate, 'stripe', '--secret', 'neither'),
       '401 Authorization Required', 'neither');

    # step 4

    $gate->{http} =~ s/^.*stripe\.blue;\n//m;
    $gate->{http} =~ s/1 +blue;/1 green;/;
    ok($gate->hup, 'without blue');

    is(sent($gate, 'stripe', '--secret', $secret),
       '401 Authorization Required', 'blue');
    is(sent($gate, 'stripe', '--secret', 'the new one'), '200 accepted', 'green');

    # a line is written after the answer

    my @log;

    WebhookVerify::Process->wait_for(2 * $SLOW, sub {
        @log = read_file("$gate->{dir}/logs/rotation.log") =~ /secret=(\w+)/g;
        return @log >= 5;
    });

    is("@log", 'blue green none none green', 'log');
}


# nginx with an example, its paths and ports made those of the test

sub gate {
    my ($name, %o) = @_;

    my $gate = WebhookVerify::Server->new;
    my $conf = read_file("$examples/$name.conf");
    my $port = WebhookVerify::Process->free_port;
    my %port = (8080 => $app->port, 8081 => $second->port,
                6379 => $o{redis} // 6379);

    make_path("$gate->{dir}/secrets", "$gate->{dir}/logs");

    for ($conf =~ m{/etc/nginx/secrets/([\w.]+);}g) {
        write_file("$gate->{dir}/secrets/$_", ($o{green} && /green/ || 0)
                   ? $o{green} : $secret);
    }

    $conf =~ s{/etc/nginx/secrets/}{$gate->{dir}/secrets/}g;
    $conf =~ s{/var/log/nginx/}{$gate->{dir}/logs/}g;
    $conf =~ s{/run/}{$gate->{dir}/}g;
    $conf =~ s{listen +(?:80|8080);}{listen 127.0.0.1:$port;}g;
    $conf =~ s{127\.0\.0\.1:(8080|8081|6379)\b}{127.0.0.1:$port{$1}}g;
    $conf =~ s{(store_timeout +)(\d+)ms}{$1 . $2 * $SLOW . 'ms'}e;

    $gate->{http} = $conf;
    $gate->{gate} = $port;
    $_->reset for $app, $second;

    return $gate->start;
}


sub sent {
    my ($gate, $path, @options) = @_;

    my ($provider) = split m{/}, $path eq 'any' ? 'github' : $path;
    my $url = "http://127.0.0.1:$gate->{gate}/webhooks/$path";

    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', $send, @options,
        $provider, $url or die $!;

    my $text = do { local $/; <$out> };

    close $out;
    chomp $text;

    return $text =~ s{\n}{ / }gr;
}


sub bodies {
    my ($from) = @_;

    return join "\n", map { $_->{body} } $from->seen;
}


sub read_file {
    my ($name) = @_;

    open my $in, '<', $name or die "$name: $!";
    local $/;

    return scalar <$in>;
}


sub write_file {
    my ($name, $text) = @_;

    open my $out, '>', $name or die "$name: $!";
    print $out "$text\n";
    close $out or die "$name: $!";
}
