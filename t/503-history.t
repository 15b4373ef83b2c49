# The last deliveries: what is kept of one, and that there are never more than
# asked for.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Server;
use WebhookVerify::Sign;
use WebhookVerify::Status;

my $app = WebhookVerify::App->start;
my $nginx;

my $SLOW = $WebhookVerify::Process::SLOW;


sub config {
    my ($more) = @_;

    return <<"_EOC_";
        location /hook {
            webhook_verify           hmac;
            webhook_verify_secret    old;
            webhook_verify_secret    secret;
            webhook_verify_signature \$http_x_signature;
            webhook_verify_id        /n;
            proxy_read_timeout       ${\ (300 * $SLOW) }ms;
            ${\ ($more // '') }
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location = /status { webhook_verify_status; }
_EOC_
}


sub server {
    my ($history, %o) = @_;

    $app->reset;
    $nginx = WebhookVerify::Server->new(config => config($o{more}),
        http => "webhook_verify_history $history;", %o);

    return $nginx->start;
}


sub deliver {
    my ($body, %o) = @_;

    return WebhookVerify::Client->delivery($nginx->port, $body, %o)
        ->send->wait(5);
}


# the list, once it has that many

sub history {
    my ($n) = @_;

    my $status = WebhookVerify::Status->get_when($nginx->port,
        sub { @{ $_->{history} } >= $n });

    is(scalar(@{ $status->{history} }), $n, "there are $n");

    return @{ $status->{history} };
}


sub ends_well {
    ok($nginx->stop, 'nginx ends by itself');
    is($nginx->complaints, '', 'nothing bad in the log');
}


subtest 'what is kept of a delivery' => sub {
    my $began = time;

    server(10);
    deliver('{"n":"a","secret":"payload"}', path => '/hook?delay=0.1');

    my ($d) = history(1);

    is($d->{result}, 'first', 'result');
    is($d->{status}, 200, 'status');
    is("$d->{provider} $d->{location}", 'hmac /hook', 'where');
    is($d->{id}, 'a', 'id');
    is($d->{key}, WebhookVerify::Sign::sha256_hex('a'), 'key');
    is($d->{secret}, 2, 'which secret matched');
    is($d->{body_bytes}, 28, 'body');
    cmp_ok($d->{time}, '>=', int $began, 'time');
    cmp_ok($d->{time}, '<=', time + 1, 'and not later');
    cmp_ok($d->{upstream_time}, '>=', 0.09, 'time of the upstream');
    cmp_ok($d->{request_time}, '>=', 0.09, 'time of all');
    cmp_ok($d->{store_time}, '<', 0.09, 'time of the store');
    ok(!$d->{dry_run}, 'no dry run');

    my $text = WebhookVerify::Status->text($nginx->port, '/status');

    unlike($text, qr/payload/, 'nothing of the body');
    unlike($text, qr/"old"|"secret":\s*"/, 'and no secret');

    ends_well();
};


subtest 'every end of a delivery' => sub {
    server(20);

    deliver('{"n":1}');
    deliver('{"n":1}');
    deliver('{"n":2}', sig => '');
    deliver('{"n":3}', key => 'wrong');
    deliver('{"n":4}', path => '/hook?status=500');
    deliver('{"n":5}', path => '/hook?hold=1');

    my $c = WebhookVerify::Client->delivery($nginx->port, '{"n":6}');

    $c->head->part('{');
    WebhookVerify::Status->get_when($nginx->port,
                                    sub { $_->{totals}{requests} == 7 });
    $c->abort;

    is(join(', ', map { join ' ', $_->{result} || '-', $_->{status},
                        $_->{id} || '-', $_->{body_bytes} // '-',
                        defined $_->{upstream_time} ? 'up' : '-' }
                  reverse history(7)),
       'first 200 1 7 up, duplicate 200 1 7 -, missing_signature 401 - 7 -, '
       . 'bad_signature 401 - 7 -, first 500 4 7 up, first 504 5 7 up, '
       . '- 400 - 7 -', 'each with its result and status');

    ends_well();
};


subtest 'ids are text, whatever they are' => sub {
    server(20);

    my %id = (
        'script' => '<script>alert(1)</script>',
        'quotes' => '\"\\\\\u0007',
        'unicode' => "\xc3\xa9\xe2\x82\xac",
        'not UTF-8' => "a\xffb\xc3",
        'surrogate' => "\xed\xa0\x80",
        'long' => 'x' x 500,
    );
    my @names = sort keys %id;

    deliver(qq({"n":"$id{$_}"})) for @names;

    my $r = WebhookVerify::Status->request($nginx->port, '/status');

    unlike($r->{body}, qr/<script|<\/script/, 'nothing to be run in it');
    unlike($r->{body}, qr/[^\x0a\x20-\x7e\x80-\xff]/, 'no control characters');
    ok(eval { JSON::PP->new->utf8->decode($r->{body}) }, 'it is JSON')
        or diag $@;

    my @list = reverse history(scalar @names);
    my %is;

    @is{@names} = map { $_->{id} } @list;
    is($is{script}, $id{script}, 'script');
    is($is{quotes}, "\"\\\a", 'quotes');
    is($is{unicode}, "\x{e9}\x{20ac}", 'unicode');
    is($is{'not UTF-8'}, "a\x{fffd}b\x{fffd}", 'what is not UTF-8');
    like($is{surrogate}, qr/^\x{fffd}+$/, 'half a character');
    is($is{long}, 'x' x 127, 'a long one is cut');

    my ($long) = grep { $_->{id_cut} } @list;

    is($long->{key}, WebhookVerify::Sign::sha256_hex('x' x 500),
       'and its key is that of the whole');

    ends_well();
};


subtest 'a ring: the last ones, newest first' => sub {
    server(5, workers => 2);

    my $status;

    # written after the answer: the next one, by another worker, may be earlier

    for my $n (1 .. 12) {
        deliver(qq({"n":$n}));
        $status = WebhookVerify::Status->get_when($nginx->port,
            sub { ($_->{history}[0]{id} // 0) == $n });
    }

    is(join(' ', map { $_->{id} } @{ $status->{history} }),
       '12 11 10 9 8', 'five of twelve');
    is($status->{history_size}, 5, 'size');

    ok($nginx->hup, 'a reload');
    is((history(5))[0]{id}, 12, 'they are still there');

    $nginx->{http} = 'webhook_verify_history 6;';
    ok($nginx->hup, 'another size');
    history(0);

    # all at once

    my @clients = map { WebhookVerify::Client->delivery($nginx->port,
                            qq({"n":"c$_"}))->send } 1 .. 100;

    $_->wait(5) for @clients;

    my %seen = map { $_->{id} => 1 } history(6);

    is(scalar(keys %seen), 6, 'each is another one');
    ok(!(grep { !/^c\d+$/ } keys %seen), 'and whole');

    kill 'KILL', $nginx->workers;
    WebhookVerify::Process->wait_for(5, sub { $nginx->workers == 2 });
    history(6);

    ok($nginx->stop, 'nginx ends by itself');
};


subtest 'a dry run' => sub {
    server(5, more => 'webhook_verify_dry_run on;');

    deliver('{"n":1}', key => 'wrong');

    my ($d) = history(1);

    is("$d->{result} $d->{status}", 'bad_signature 200', 'what was, and would');
    ok($d->{dry_run}, 'dry run');
    is(WebhookVerify::Status->get($nginx->port)->{totals}{dry_run}, 1,
       'counted');

    ends_well();
};


subtest 'off' => sub {
    for my $http ('', 'webhook_verify_history off;') {
        $nginx = WebhookVerify::Server->new(config => config(),
                                            http => $http)->start;
        deliver('{"n":1}');

        my $status = WebhookVerify::Status->get($nginx->port);

        is($status->{history_size}, 0, 'no size');
        is(scalar(@{ $status->{history} }), 0, 'and nothing is kept');
        ends_well();
    }
};


done_testing();
