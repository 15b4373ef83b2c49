# What a review found about claims in shared memory that outlive their lease:
# those of a worker that stood still, and those of nobody.

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
my $nginx;


sub server {
    my (%o) = @_;

    return WebhookVerify::Server->new(%o, config => <<"_EOC_")->start;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     review;
        webhook_verify_store     zone=review:32k;
        webhook_verify_lease     1s;

        location /hook {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /hasty {
            webhook_verify_lease 3s;
            proxy_read_timeout   100ms;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

        location /long {
            webhook_verify_lease 1h;
            proxy_read_timeout   100ms;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }
_EOC_
}


sub deliver {
    my ($path, $n) = @_;

    return WebhookVerify::Client->delivery($nginx->port, qq({"n":"$n"}),
                                           path => $path)->send;
}


sub result {
    my $r = deliver(@_)->wait;

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


# a worker stands still, and not only soon

sub sleep_now {
    my ($pid) = @_;

    kill 'STOP', $pid;

    WebhookVerify::Process->wait_for(2, sub {
        open my $in, '<', "/proc/$pid/stat" or return 1;
        return <$in> =~ /^\d+ \(.*\) T /;
    });
}


subtest 'a worker that overslept holds its claim again when it wakes' => sub {
    $nginx = server(workers => 2);

    my ($one, $two) = $nginx->workers;

    # the first worker sleeps, so the second one takes the claim

    sleep_now($one);

    my $first = deliver('/hook?hold=1,0', 'stalled');

    is(scalar $app->seen_at_least(1), 1, 'one is being done');

    # which then sleeps; what the first one takes makes room of dead claims

    sleep_now($two);
    kill 'CONT', $one;
    sleep 1.5;

    is(result('/hook', 'another'), '200 first', 'another event meanwhile');

    kill 'CONT', $two;
    sleep 1.5;

    is(result('/hook?hold=1,0', 'stalled'), '503 in_flight',
       'a retry is told that the first is in flight');

    $app->release;

    is($first->wait->{status}, 200, 'the first gets its answer');
    is(result('/hook', 'stalled'), '200 duplicate', 'then it is done');
    is(scalar(grep { $_->{body} =~ /stalled/ } $app->seen), 1,
       'the application saw it once');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


subtest 'claims that are dead make room behind one that lives' => sub {
    $app->reset;

    $nginx = server(connections => 4096, main => 'worker_rlimit_nofile 8192;');

    is(result('/long?hold=1', 'long'), '504 first', 'one with a long lease');

    my %got;
    my @c = map { deliver('/hasty?hold=1', "short $_") } 1 .. 400;

    $got{ $_->wait->{status} }++ for @c;

    cmp_ok($got{504}, '>', 50, 'many with a short one')
        or diag(join ', ', map { "$_: $got{$_}" } sort keys %got);
    is($got{504} + ($got{503} // 0), 400, 'the others find no room');
    cmp_ok($got{503} // 0, '>', 0, 'the zone is full of claims');

    sleep 3.2;

    is(join(', ', map { result('/hook', "new $_") } 1 .. 30),
       join(', ', ('200 first') x 30), 'after the short lease there is room');
    is(result('/hook', 'long'), '503 in_flight', 'the long one still lives');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


done_testing();
