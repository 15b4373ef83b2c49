# What somebody without the secret can have the gate do: nothing but to compare.
# valgrind says which functions were called while unverified deliveries were
# handled, and counts the instructions of those.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::More;

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Redis;
use WebhookVerify::Server;
use WebhookVerify::Sign qw(signature);

my $dir = File::Temp::tempdir('wv-calls-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;
my $runs = 0;

my $http = 'webhook_verify_json_set $event /event;';
my $config = <<"_EOC_";
    webhook_verify_id    /id;
    webhook_verify_store zone=events:1m;
    proxy_set_header     X-Event \$event;

    location /zone {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        proxy_pass               http://127.0.0.1:${\ $app->port };
    }

    location /redis {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_store     redis://127.0.0.1:${\ $redis->port };
        webhook_verify_store_timeout 10s;
        client_body_buffer_size  1k;
        proxy_pass               http://127.0.0.1:${\ $app->port };
    }

    location /time {
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_timestamp \$http_x_time;
        webhook_verify_signed    "\$webhook_verify_timestamp.\$request_body";
        proxy_pass               http://127.0.0.1:${\ $app->port };
    }

    location /tenant {
        webhook_verify           hmac;
        webhook_verify_secret    \$arg_secret;
        webhook_verify_signature \$http_x_signature;
        proxy_pass               http://127.0.0.1:${\ $app->port };
    }
_EOC_


# names of what is called in $function while the deliveries come, and the
# instructions that takes

sub calls {
    my ($function, @deliveries) = @_;

    local $ENV{CALLGRIND} = $function;
    local $ENV{VALGRIND_REPORT} = $dir . '/' . ++$runs;

    my $nginx = WebhookVerify::Server->new(http => $http, config => $config)
                ->start;
    my ($worker) = $nginx->workers;
    my @status;

    for (@deliveries) {
        my ($path, $body, %o) = @$_;

        push @status, WebhookVerify::Client->delivery($nginx->port, $body,
            path => $path, %o)->send->wait(20)->{status};
    }

    $nginx->stop;

    my (%called, $instructions);

    open my $in, '<', "$ENV{VALGRIND_REPORT}.$worker" or die $!;

    while (<$in>) {
        $called{$1} = 1 if /^c?fn=\(\d+\) ([^'\n]+)/;
        $instructions = $1 if /^(?:summary|totals): (\d+)/;
    }

    return { status => join(' ', @status), instructions => $instructions,
             called => [ sort grep { /^ngx_(?:http_)?webhook_/ }
                         keys %called ] };
}


my $beyond = qr/^ngx_webhook_(?:json|scan|shm|store|redis|resp|lease)
                | ^ngx_http_webhook_verify_(?:id|json|dedup_(?:claim|key))/x;

my $body = '{"event":"job.done","id":"' . 'x' x 3000 . '"}';
my $now = time;

my @unverified = (
    (map { my $path = $_;
           ([ $path, $body, sig => '' ], [ $path, $body, sig => 'zz' ],
            [ $path, $body, sig => 'f' x 64 ]) } qw(/zone /redis)),
    [ '/time', $body, sig => 'f' x 64 ],
    [ '/time', $body, headers => [ 'X-Time: x' ], sig => 'f' x 64 ],
    [ '/time', $body, headers => [ 'X-Time: ' . ($now - 3600) ],
      sig => signature($now - 3600 . ".$body") ],
    [ '/time', $body, headers => [ 'X-Time: ' . ($now + 3600) ],
      sig => signature($now + 3600 . ".$body") ],
    [ '/tenant', $body ],
);

my $calls = calls('ngx_http_webhook_verify_access_handler', @unverified);

is($calls->{status}, join(' ', ('401') x @unverified), 'all are refused');
is(join(' ', grep { /$beyond/ } @{ $calls->{called} }), '',
   'no JSON is parsed and no store is asked for any of them');
ok(scalar(grep { $_ eq 'ngx_webhook_equal' } @{ $calls->{called} }),
   'those that are well-formed are compared');
is($app->count + $redis->asked, 0, 'nothing reached application or Redis');

$calls = calls('ngx_http_webhook_verify_access_handler',
               map { [ $_, $body ] } qw(/zone /redis));

is($calls->{status}, '200 200', 'good ones');

for my $room (qw(http_webhook_verify_id webhook_json webhook_redis
                 webhook_shm))
{
    ok(scalar(grep { /^ngx_$room/ } @{ $calls->{called} }), "do call $room");
}


# a digest that is wrong in one place or in another, in a digit or a letter each

my $right = signature($body);

sub wrong {
    my ($at) = @_;

    my $sig = $right;
    my ($digit) = grep { substr($sig, $_, 1) =~ /\d/ } $at .. 63, 0 .. $at;

    substr($sig, $digit, 1) =~ tr/0-9/1-90/;

    return $sig;
}

my @at = (0, 31, 62);
my @took = map {
    calls('ngx_webhook_equal',
          map { [ '/zone', $body, sig => $_ ] } (wrong($_)) x 5)
    ->{instructions}
} @at;

cmp_ok($took[0], '>', 500, "five wrong ones: $took[0] instructions");
is(join(' ', @took), join(' ', ($took[0]) x @at),
   'as many, wherever the digest is wrong');

done_testing();
