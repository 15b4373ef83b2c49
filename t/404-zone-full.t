# A full zone gives up its oldest completed events, never a claim; when only
# claims are left, that is a store error. The log says so.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Server;

my $app = WebhookVerify::App->start;

my $nginx = WebhookVerify::Server->new(
    connections => 4096, main => 'worker_rlimit_nofile 8192;',
    config => <<"_EOC_");
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     full;
        webhook_verify_store     zone=small:32k;
        keepalive_requests       1000000;

        location /hook {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location = /quick {
        }

        location /pass {
            webhook_verify_store_error pass;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }
_EOC_

open my $out, '>', $nginx->dir . '/html/quick' or die $!;
print $out "quick\n";
close $out;

$nginx->start;


sub deliver {
    my ($path, $n) = @_;

    return WebhookVerify::Client->delivery($nginx->port, qq({"n":"$n"}),
                                           path => $path)->send;
}


sub result {
    my $r = deliver(@_)->wait;

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


# many completed events, answered by nginx itself; how many were not "first"

sub flood {
    my ($name, $count) = @_;

    my $bad = 0;

    for my $i (1 .. $count) {
        my $r = WebhookVerify::Client->delivery($nginx->port,
            qq({"n":"$name-$i"}), path => '/quick', method => 'GET')
            ->send->wait;

        $bad++ unless $r->{header}{'x-result'} eq 'first';
    }

    return $bad;
}


# 1. more events than fit

is(result('/hook', 'oldest'), '200 first', 'the oldest event');
is(flood('a', 700), 0, 'seven hundred events, none refused');
is(result('/quick', 'a-700'), '200 duplicate', 'the last is remembered');
is(result('/quick', 'a-695'), '200 duplicate', 'so is one shortly before it');
is(result('/hook', 'oldest'), '200 first', 'the oldest one is forgotten');
like($nginx->log, qr/\[(?:notice|warn|error)\].*"small"/,
     'the log names the zone');
is($nginx->complaints, '', 'nothing bad in the log');


# 2. events in flight are never given up

{
    $app->reset;

    my @claims = map { deliver('/hook?hold=1', "claim-$_") } 1 .. 5;

    is(scalar $app->seen_at_least(5), 5, 'five are in flight');
    is(flood('b', 700), 0, 'seven hundred more come and go');

    is(join(' ', map { result('/hook', "claim-$_") } 1 .. 5),
       join(' ', ('503 in_flight') x 5), 'the five are still in flight');

    $app->release;

    is(join(' ', map { $_->wait(5)->{status} } @claims), '200 200 200 200 200',
       'they end well');

    is(join(' ', map { result('/hook', "claim-$_") } 1 .. 5),
       join(' ', ('200 duplicate') x 5), 'and are done');
}


# 3. nothing but claims

{
    $nginx->new_log;

    $app->reset;

    my @claims = map { deliver('/hook?hold=1', "full-$_") } 1 .. 600;
    my (@held, @refused);

    # each has either reached the application or been refused

    for my $c (@claims) {
        if ($c->readable(@held ? 0 : 0.5)) {
            push @refused, $c->wait;

        } else {
            push @held, $c;
        }
    }

    $app->seen_at_least(scalar @held);

    for my $c (splice @held) {
        if ($c->readable(0)) {
            push @refused, $c->wait;

        } else {
            push @held, $c;
        }
    }

    is(scalar @held, $app->count, 'all others reached the application');
    cmp_ok(scalar @refused, '>', 0, 'some of six hundred find no room');
    cmp_ok(scalar @refused, '<', 590, 'and not all');
    is(scalar(grep { $_->{status} != 503
                     || $_->{header}{'x-result'} ne 'store_error'
                     || !$_->{header}{'retry-after'} } @refused), 0,
       'they are told 503 store_error and to come again');

    is(result('/pass', 'full-pass'), '200 store_error', 'or let through');

    my $log = $nginx->new_log;

    is(scalar(() = $log =~ /\[error\].*"small" is full of claims/g), 1,
       'the log names the zone, and says it once');
    is($nginx->complaints($log), '', 'and nothing is worse');

    $app->release;

    is(scalar(grep { $_->wait(10)->{status} == 200 } @held), scalar @held,
       'those that found room end well');

    is(result('/hook', 'after'), '200 first', 'then there is room again');
}


ok($nginx->stop, 'nginx ends by itself');
is($nginx->complaints, '', 'nothing bad in the log at the end');

done_testing();
