# Counters: each delivery is counted once, by all workers together, through
# reloads, and whatever dies.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;
use WebhookVerify::Sign;
use WebhookVerify::Status;

my $app = WebhookVerify::App->start;
my $nginx;

my $SLOW = $WebhookVerify::Process::SLOW;


sub gate {
    my ($path, $more) = @_;

    return <<"_EOC_";
        location $path {
            webhook_verify           hmac;
            webhook_verify_secret    secret;
            webhook_verify_secret    older;
            webhook_verify_signature \$http_x_signature;
            webhook_verify_id        /n;
            ${\ ($more // '') }
            proxy_pass http://127.0.0.1:${\ $app->port };
        }
_EOC_
}


my $pages = <<'_EOC_';
        location = /status  { webhook_verify_status; }
        location = /metrics { webhook_verify_status prometheus; }
        location = /page    { webhook_verify_status html; }
_EOC_


sub server {
    my ($config, %o) = @_;

    $app->reset;
    $nginx = WebhookVerify::Server->new(config => $config . $pages, %o);

    return $nginx->start;
}


sub deliver {
    my ($path, $body, %o) = @_;

    return WebhookVerify::Client->delivery($nginx->port, $body,
                                           path => $path, %o)->send;
}


sub result {
    my ($path, $body, %o) = @_;

    my $r = deliver($path, $body, %o)->wait(5);

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


sub status { WebhookVerify::Status->get($nginx->port, @_) }
sub right  { WebhookVerify::Status->wrong(@_) }


# of a result, of all gates

sub counted {
    my ($status) = @_;

    my $results = $status->{results};

    return join ' ', map { "$_=$results->{$_}" }
                     grep { $results->{$_} } sort keys %$results;
}


sub ends_well {
    ok($nginx->stop, 'nginx ends by itself');
    is($nginx->complaints, '', 'nothing bad in the log');
}


subtest 'each result is counted under its word' => sub {
    server(gate('/hook')
           . gate('/time', 'webhook_verify_timestamp $http_x_time;')
           . gate('/down', 'webhook_verify_store redis://127.0.0.1:1;')
           . gate('/pass', 'webhook_verify_store redis://127.0.0.1:1;'
                           . 'webhook_verify_store_error pass;')
           . <<'_EOC_');
        location /none {
            webhook_verify           hmac;
            webhook_verify_secret    $http_x_secret;
            webhook_verify_signature $http_x_signature;
        }
_EOC_

    is(counted(status()), '', 'nothing yet');

    is(result('/hook', '{"n":1}'), '200 first', 'first');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'duplicate');
    is(result('/hook', '{"n":2}', key => 'older'), '200 first', 'first');
    is(result('/hook', '{}', sig => ''), '401 missing_signature', 'missing');
    is(result('/hook', '{}', sig => 'x'), '401 malformed_signature',
       'malformed');
    is(result('/hook', '{}', key => 'other'), '401 bad_signature', 'bad');
    is(result('/time', '{}'), '401 missing_timestamp', 'no time');
    is(result('/time', '{}', headers => ['X-Time: x']),
       '401 malformed_timestamp', 'no time either');
    is(result('/time', '{}', headers => ['X-Time: 1000000000']),
       '401 stale', 'stale');
    is(result('/time', '{}', headers => ['X-Time: 9000000000']),
       '401 future', 'future');
    is(result('/time', '{}', headers => ['X-Time: ' . time =~ s/\..*//r]),
       '200 first', 'on time');
    is(result('/none', '{}'), '401 no_secret', 'no secret');
    is(result('/down', '{}'), '503 store_error', 'store error');
    is(result('/pass', '{}'), '200 store_error', 'passed on');

    my $held = deliver('/hook?hold=1', '{"n":3}');
    $app->seen_at_least(5);
    is(result('/hook', '{"n":3}'), '503 in_flight', 'in flight');
    $app->release;
    is($held->wait(5)->{status}, 200, 'and then it was done');

    my $status = status();

    is(counted($status),
       'bad_signature=1 duplicate=1 first=4 future=1 in_flight=1 '
       . 'malformed_signature=1 malformed_timestamp=1 missing_signature=1 '
       . 'missing_timestamp=1 no_secret=1 stale=1 store_error=2', 'as they were answered');
    is(right($status), '', 'it adds up');
    is($status->{version}, 1, 'version');
    is($status->{totals}{verified}, 8, 'verified');
    is($status->{totals}{claims}{committed}, 4, 'committed');
    is(join(' ', @{ $status->{totals}{secrets} }), '7 1 0 0 0 0 0 0',
       'secrets that matched');

    my ($hook) = grep { $_->{location} eq '/hook' } @{ $status->{gates} };

    is("$hook->{provider} $hook->{scope} $hook->{server} "
       . $hook->{received}, 'hmac /hook localhost 8', 'a gate');
    is($status->{totals}{store_errors}{connection}, 2,
       'kinds of store errors');

    ends_well();
};


subtest 'kinds of store errors of Redis' => sub {
    my $redis = WebhookVerify::Redis->start;
    my $store = 'webhook_verify_store redis://127.0.0.1:' . $redis->port
                . "; webhook_verify_store_timeout ${\ (200 * $SLOW) }ms;";

    server(gate('/hook', $store)
           . gate('/down', 'webhook_verify_store redis://127.0.0.1:1;'));

    my $kinds = sub {
        my $errors = status()->{totals}{store_errors};

        return join ' ', map { "$_=$errors->{$_}" }
                         grep { $errors->{$_} } sort keys %$errors;
    };

    is(result('/hook', '{"n":1}'), '200 first', 'it answers');
    is(result('/down', '{"n":1}'), '503 store_error', 'nobody is there');
    is($kinds->(), 'connection=1', 'no connection');

    $redis->cmd('CONFIG', 'SET', 'maxmemory', '1');
    is(result('/hook', '{"n":2}'), '503 store_error', 'it is full');
    is($kinds->(), 'connection=1 refused=1', 'refused');
    $redis->cmd('CONFIG', 'SET', 'maxmemory', '0');

    kill 'STOP', $redis->{pid};
    is(result('/hook', '{"n":3}'), '503 store_error', 'it is silent');
    kill 'CONT', $redis->{pid};
    is($kinds->(), 'connection=1 refused=1 timeout=1', 'a timeout');
    is(right(status()), '', 'it adds up');

    ends_well();
};


subtest 'what is no delivery is counted as that' => sub {
    server(gate('/hook') . gate('/small', 'client_max_body_size 1k;')
           . <<'_EOC_');
        location /slack {
            webhook_verify           slack;
            webhook_verify_secret    secret;
            webhook_verify_challenge on;
        }
_EOC_

    # a client that goes away within the body, and one that says too much

    my $gone = WebhookVerify::Client->delivery($nginx->port, '{"n":1}');

    $gone->head->part('{');
    WebhookVerify::Status->get_when($nginx->port,
                                    sub { $_->{totals}{requests} == 1 });
    $gone->abort;

    my $large = WebhookVerify::Client->delivery($nginx->port, '',
        path => '/small', headers => ['Transfer-Encoding: chunked']);

    is($large->head->chunk('x' x 2000)->wait(5)->{status}, 413, 'too large');
    $large->close;

    my $body = '{"type":"url_verification","challenge":"c1"}';
    my $now = int time;

    my $r = WebhookVerify::Client->delivery($nginx->port, $body,
        path => '/slack', header => 'X-Slack-Signature',
        sig => 'v0=' . WebhookVerify::Sign::signature("v0:$now:$body"),
        headers => ["X-Slack-Request-Timestamp: $now"])->send->wait(5);

    is("$r->{status} $r->{body}", '200 c1', 'a handshake');

    my $status = WebhookVerify::Status->get_when($nginx->port,
        sub { $_->{totals}{unfinished} == 2 && $_->{totals}{handshakes} });

    is(right($status), '', 'it adds up');
    is(counted($status), '', 'no results');
    is(join(' ', @{ $status->{totals} }{qw(requests unfinished handshakes)}),
       '3 2 1', 'three requests');

    ends_well();
};


subtest 'claims by what became of them' => sub {
    server(gate('/hook', "proxy_read_timeout ${\ (200 * $SLOW) }ms;"));

    result('/hook', '{"n":1}');
    result('/hook?status=500', '{"n":2}');
    result('/hook?status=404', '{"n":3}');
    result('/hook?hold=1', '{"n":4}');

    my $claims = status()->{totals}{claims};

    is(join(' ', map { "$_=$claims->{$_}" } sort keys %$claims),
       'committed=1 held=1 lost=0 released=2 renewals=0', 'claims');
    is(right(status()), '', 'it adds up');

    ends_well();
};


subtest 'a claim is renewed, and one that was lost is known' => sub {
    my $redis = WebhookVerify::Redis->start;

    server(gate('/hook', 'webhook_verify_lease 150ms;'));

    my $slow = deliver('/hook?hold=1', '{"n":1}');

    my $status = WebhookVerify::Status->get_when($nginx->port,
        sub { $_->{totals}{claims}{renewals} >= 2 });

    cmp_ok($status->{totals}{claims}{renewals}, '>=', 2, 'renewed');
    is($status->{totals}{claims}{lost}, 0, 'not lost');

    # the worker is stopped for longer than its lease; another one takes over

    $app->release;
    $slow->wait(5);
    ends_well();

    server(gate('/hook', 'webhook_verify_lease 150ms;'), workers => 2);

    $slow = deliver('/hook?hold=1', '{"n":1}');

    my ($seen) = $app->seen_at_least(1);
    my ($stopped) = WebhookVerify::Process->wait_for(5, sub {
        my ($pid) = grep { holds($_, $app->port) } $nginx->workers;
        return $pid;
    });

    kill 'STOP', $stopped;

    my $second = WebhookVerify::Process->wait_for(5, sub {
        my $c = deliver('/hook?hold=1', '{"n":1}');
        my $r = $c->wait(0.3);
        return $r->{status} == 503 || $r->{closed} ? undef
               : $app->count >= 2 ? $c : undef;
    });

    kill 'CONT', $stopped;

    ok($second, 'another worker got the event') or return;

    $status = WebhookVerify::Status->get_when($nginx->port,
        sub { $_->{totals}{claims}{lost} >= 1 });

    cmp_ok($status->{totals}{claims}{lost}, '>=', 1, 'the claim was lost');

    $app->release;
    $_->wait(5) for $slow, $second;

    ends_well();
};


# has this process a connection to that port?

sub holds {
    my ($pid, $port) = @_;

    my %inode;
    local $_;

    open my $in, '<', "/proc/$pid/net/tcp" or return;

    while (<$in>) {
        my @f = split;
        $inode{$f[9]} = 1 if $f[2] =~ /:(\w+)$/ && hex $1 == $port
                             && $f[3] eq '01';
    }

    return grep { my $l = readlink $_; $l && $l =~ /^socket:\[(\d+)\]/
                  && $inode{$1} } glob "/proc/$pid/fd/*";
}


for my $store (qw(zone redis)) {
    subtest "$store: two workers, a reload and a death" => sub {
        my $redis = $store eq 'redis' && WebhookVerify::Redis->start;
        my $more = "webhook_verify_store_timeout ${\ (500 * $SLOW) }ms;";

        $more .= 'webhook_verify_store redis://127.0.0.1:' . $redis->port . ';'
            if $redis;

        server(gate('/hook', $more), workers => 2);

        my $n = 0;
        my $load = sub {
            my @clients = map { deliver('/hook', qq({"n":"$_"})) }
                          map { ++$n, $n } 1 .. 50;

            $_->wait(5) for @clients;
        };

        $load->();

        my $status = status();

        is(right($status), '', 'it adds up');
        is($status->{results}{first}, 50, 'each event is the first once');
        is($status->{totals}{received}, 100, 'and came twice');

        ok($nginx->hup, 'a reload');

        my $after = status();

        is($after->{totals}{received}, 100, 'nothing is forgotten');
        cmp_ok($after->{generation}, '>', $status->{generation},
               'a new configuration');

        $load->();
        is(status()->{totals}{received}, 200, 'it counts on');

        # an old worker still counts

        my $slow = deliver('/hook?hold=1', '{"n":"slow"}');

        $app->seen_at_least(101);
        ok($nginx->hup, 'another reload, while a delivery is on its way');
        is(status()->{totals}{claims}{committed}, 100, 'not committed yet');
        $app->release;
        is($slow->wait(5)->{status}, 200, 'it was answered');
        is(status()->{totals}{claims}{committed}, 101, 'and is committed');
        is(right(status()), '', 'it adds up');

        # a worker dies with a delivery

        $slow = deliver('/hook?hold=1', '{"n":"dead"}');
        $app->seen_at_least(102);

        my %old = map { $_ => 1 } $nginx->workers;

        kill 'KILL', keys %old;
        WebhookVerify::Process->wait_for(5, sub {
            my @now = $nginx->workers;
            return @now == 2 && !grep { $old{$_} } @now;
        });
        is($slow->wait(5)->{status}, 0, 'nobody answers it');

        $status = status();
        is($status->{totals}{received}, 202, 'nothing is forgotten');
        is(right($status, killed => 1), '', 'it adds up');
        is($status->{results}{first}
           - $status->{totals}{claims}{committed}, 1,
           'one claim was settled by nobody');

        ok($nginx->stop, 'nginx ends by itself');
    };
}


subtest 'gates that come and go with a reload' => sub {
    server(gate('/a') . gate('/b'), workers => 2);

    result('/a', '{"n":1}');
    result('/b', '{"n":1}') for 1 .. 2;

    my $rows = sub {
        return join ' ', sort map {
            "$_->{location}=$_->{received}" . ($_->{configured} ? '' : '-')
        } @{ status()->{gates} };
    };

    is($rows->(), '/a=1 /b=2', 'two gates');

    $nginx->{config} = gate('/new') . gate('/b') . $pages;
    ok($nginx->hup, 'one is replaced');
    result('/new', '{"n":1}');
    result('/b', '{"n":3}');
    is($rows->(), '/a=1- /b=3 /new=1', 'what was counted stays');
    is(right(status()), '', 'it adds up');

    $nginx->{config} = $pages;
    ok($nginx->hup, 'all go');
    is($rows->(), '/a=1- /b=3- /new=1-', 'what was counted stays');

    $nginx->{config} = join '', map { gate("/many$_") } 1 .. 1500;
    $nginx->{config} .= gate('/a') . $pages;
    ok($nginx->hup, 'more than the memory was made for');
    result('/many1500', '{"n":1}');
    result('/a', '{"n":4}');

    my %row = map { $_->{location} => $_ } @{ status()->{gates} };

    is($row{'/many1500'}{received}, 1, 'they are counted');
    is(right(status()), '', 'it adds up');

    ends_well();
};


subtest 'gates of one name share a row, servers do not' => sub {
    my $other = WebhookVerify::Process->free_port;

    server(gate('/hook'), http => <<"_EOC_");
        server {
            listen 127.0.0.1:$other;
            server_name other.example;
            ${\ gate('/hook') }
        }
        server {
            listen 127.0.0.1:$other;
            server_name third.example;
            ${\ gate('/hook', 'webhook_verify_scope "t-$http_x_tenant";') }
        }
_EOC_

    result('/hook', '{"n":1}');

    for my $host (qw(other.example third.example)) {
        WebhookVerify::Client->delivery($other, '{"n":2}',
            headers => ["X-Tenant: $_"])->send->wait(5) for 1 .. 2;
    }

    is(join(' ', sort map { "$_->{server} $_->{scope} $_->{received};" }
                      @{ status()->{gates} }),
       'localhost /hook 1; other.example /hook 4; '
       . 'third.example t-$http_x_tenant 0;', 'a row each');

    ends_well();
};


subtest 'a location with a status page is no gate' => sub {
    server('', server => <<'_EOC_');
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
_EOC_

    is(ref status(), 'HASH', 'whatever it would inherit');

    for my $method (qw(POST PUT DELETE OPTIONS)) {
        my $r = WebhookVerify::Status->request($nginx->port, '/status',
                                               method => $method);

        is($r->{status}, 405, $method);
    }

    # the client waits for a body, and sees the end instead

    my $r = WebhookVerify::Status->request($nginx->port, '/status',
                                           method => 'HEAD');

    like($r->{body}, qr!^HTTP/1.1 200 OK\r\n[^{]*\r\n\r\n$!, 'HEAD');

    $r = WebhookVerify::Status->request($nginx->port, '/status');

    is($r->{header}{'content-type'}, 'application/json', 'type of JSON');
    is($r->{header}{'cache-control'}, 'no-store', 'not to be stored');
    is($r->{header}{'x-content-type-options'}, 'nosniff', 'nor guessed');

    $r = WebhookVerify::Status->request($nginx->port, '/metrics');
    like($r->{header}{'content-type'}, qr{^text/plain; version=0\.0\.4},
         'type for Prometheus');

    $r = WebhookVerify::Status->request($nginx->port, '/page');
    is($r->{header}{'content-type'}, 'text/html; charset=utf-8',
       'type of the page');
    like($r->{header}{'content-security-policy'}, qr/default-src 'none'/,
         'nothing from elsewhere');

    $r = WebhookVerify::Status->request($nginx->port, '/page?format=json');
    is($r->{header}{'content-type'}, 'application/json',
       'the page gets its data there, too');

    $r = WebhookVerify::Status->request($nginx->port, '/status?format=html');
    is($r->{header}{'content-type'}, 'application/json',
       'but other locations have one format');

    ends_well();
};


subtest 'zones' => sub {
    server(gate('/hook', 'webhook_verify_store zone=tiny:32k;'));

    result('/hook', qq({"n":$_})) for 1 .. 600;

    my ($zone) = @{ status()->{zones} };

    is($zone->{name}, 'tiny', 'the zone');
    cmp_ok($zone->{evictions}, '>', 0, 'it was full');
    is($zone->{keys} + $zone->{evictions}, 600, 'each key is here or gone');
    cmp_ok($zone->{keys}, '<=', $zone->{room}, 'no more than its room');

    ends_well();
};


subtest 'an event is forgotten on purpose' => sub {
    server(gate('/hook') . <<'_EOC_');
        location = /forget { webhook_verify_status json forget; }
_EOC_

    my $forget = sub {
        my ($path, $n, @headers) = @_;
        my $key = 'webhook:/hook:' . WebhookVerify::Sign::sha256_hex($n);
        my $r = WebhookVerify::Status->request($nginx->port,
            "$path?key=$key", method => 'DELETE', headers => \@headers);

        return "$r->{status} $r->{body}" =~ s/\s+$//r;
    };

    my $meant = 'X-Webhook-Verify: forget';

    is(result('/hook', '{"n":1}'), '200 first', 'first');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'duplicate');

    like($forget->('/status', 1, $meant), qr/^405/, 'not where it is not said');
    like($forget->('/forget', 1), qr/^403/, 'not without the header');
    like($forget->('/forget', 1, 'X-Webhook-Verify: forge'), qr/^403/,
         'nor with another');
    is($forget->('/forget', 2, $meant), '404 {"forgotten": 0}', 'not known');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'nothing has changed');

    is($forget->('/forget', 1, $meant), '200 {"forgotten": 1}', 'forgotten');
    like($nginx->log, qr/\[notice\].*webhook event "webhook:\/hook:6b86\w+" was forgotten on purpose/,
         'logged');
    is(result('/hook', '{"n":1}'), '200 first', 'first again');

    my $slow = deliver('/hook?hold=1', '{"n":5}');

    $app->seen_at_least(3);
    is($forget->('/forget', 5, $meant), '409 {"forgotten": 0}',
       'never a claim');
    is(result('/hook', '{"n":5}'), '503 in_flight', 'it is still there');
    $app->release;
    $slow->wait(5);

    for my $bad ('', '?key=', '?key=x', '?key=webhook:', '?key=webhook:%0a') {
        my $r = WebhookVerify::Status->request($nginx->port, "/forget$bad",
            method => 'DELETE', headers => [$meant]);

        is($r->{status}, 400, "\"$bad\"");
    }

    is(ref status('/forget'), 'HASH', 'it is a status page as well');

    ends_well();
};


done_testing();
