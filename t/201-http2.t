# The same promises over HTTP/2, where bodies come through other code of nginx.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::H2;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;
use WebhookVerify::Sign qw(signature);

plan skip_all => 'nginx without HTTP/2'
    unless `$WebhookVerify::Server::Binary -V 2>&1` =~ /http_v2_module/;

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;
my $port = WebhookVerify::Process->free_port;

my $SLOW = $WebhookVerify::Process::SLOW;

my $nginx = WebhookVerify::Server->new(listen => { $port => 'http2' },
                                       config => <<"_EOC_")->start;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_scope     h2;
        webhook_verify_store     redis://127.0.0.1:${\ $redis->port };
        webhook_verify_store_timeout 5s;

        location /hook {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /small {
            client_max_body_size 1k;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /file {
            client_body_buffer_size 1k;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /guarded {
            auth_request /auth;
            proxy_pass   http://127.0.0.1:${\ $app->port };
        }

        location /auth {
            internal;
            webhook_verify          off;
            proxy_pass              http://127.0.0.1:${\ $app->port }/auth;
            proxy_pass_request_body off;
            proxy_set_header        Content-Length "";
        }

        location /hasty {
            client_body_timeout 300ms;
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /connections {
            webhook_verify off;
            stub_status;
        }
_EOC_


sub begin {
    $app->reset;
    $redis->clear;
}


sub signed {
    my ($body) = @_;

    return 'X-Signature: ' . signature($body);
}


my $wrong = 'X-Signature: ' . '0' x 64;


# 1. whole deliveries

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my $r = $h2->wait($h2->send('/hook', '{"n":1}', signed('{"n":1}')));

    is($r->{status}, 200, 'a good delivery');
    is($r->{body}, "accepted\n", 'gets the answer of the application');

    $r = $h2->wait($h2->send('/hook', '{"n":1}', signed('{"n":1}')));

    is($r->{status}, 200, 'the duplicate on the same connection');
    like($r->{body}, qr/^Already processed/, 'is one');

    is($h2->wait($h2->send('/hook', '{"n":2}', $wrong))->{status}, 401,
       'a wrong signature');
    is($h2->wait($h2->send('/hook', '{"n":3}'))->{status}, 401,
       'no signature');
    is($h2->wait($h2->send('/hook', '{"n":4}', 'X-Signature: zz'))->{status},
       401, 'a malformed signature');

    is(join(' ', map { $_->{body} } $app->seen), '{"n":1}',
       'what the application saw');
    is($redis->asked, 4, 'Redis: claim and commit, claim and read');
}


# 2. bodies in later frames

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my $bad = $h2->head('/hook', length => 7, headers => [$wrong]);
    my $good = $h2->head('/hook', length => 7, headers => [signed('{"n":1}')]);

    sleep 0.2;
    $h2->data($bad, '{"n"');
    $h2->data($good, '{"n"');
    sleep 0.1;
    $h2->data($bad, ':1}', 1);
    $h2->data($good, ':1}', 1);

    is($h2->wait($bad)->{status}, 401, 'a wrong signature, its body later');
    is($h2->wait($good)->{status}, 200, 'a right signature, its body later');
    is($app->count, 1, 'one reached the application');
}

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my $bad = $h2->head('/hook', headers => [$wrong]);
    my $good = $h2->head('/hook', headers => [signed('{"n":1}')]);

    sleep 0.1;

    for my $id ($bad, $good) {
        $h2->data($id, $_) for split //, '{"n":1}';
    }

    sleep 0.1;
    $h2->data($bad, '', 1);
    $h2->data($good, '', 1);

    is($h2->wait($bad)->{status}, 401, 'no length, wrong, the end alone');
    is($h2->wait($good)->{status}, 200, 'no length, right, the end alone');
    is(join(' ', map { $_->{body} } $app->seen), '{"n":1}',
       'what the application saw');
}

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my $body = join '', map { chr($_ % 256) } 1 .. 40000;
    my $id = $h2->head('/file', length => 40000, headers => [signed($body)]);

    sleep 0.1;
    $h2->data($id, substr $body, 0, 10000);
    sleep 0.05;
    $h2->data($id, substr $body, 10000, 15000);
    $h2->data($id, substr($body, 25000), 1);

    is($h2->wait($id)->{status}, 200, 'into the temp file');

    my ($seen) = $app->seen;

    ok($seen->{body} eq $body, 'the application saw the same bytes');
}


# 3. no body at all

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);

    is($h2->wait($h2->head('/hook', end => 1, headers => [$wrong]))->{status},
       401, 'no body, wrong signature');
    is($h2->wait($h2->head('/hook', end => 1,
                           headers => [signed('')]))->{status},
       200, 'no body, right signature');

    # the commit, which comes after the answer

    WebhookVerify::Process->wait_for(2 * $SLOW, sub { $redis->asked == 2 });
}


# 4. refused before the body is there

for (['no signature'], ['a malformed one', 'X-Signature: zz']) {
    my ($what, @headers) = @$_;

    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my $id = $h2->head('/hook', length => 100000, headers => \@headers);

    is($h2->wait($id, 2)->{status}, 401, "$what: refused without its body");
    is($app->count + $redis->asked, 0, "$what: nobody was bothered");
}


# 5. too large, too slow

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my $id = $h2->head('/small', length => 2000,
                       headers => [signed('x' x 2000)]);

    is($h2->wait($id, 2)->{status}, 413, 'too large by its length');

    $id = $h2->head('/small', headers => [signed('x' x 2000)]);
    $h2->data($id, 'x' x 100);
    sleep 0.1;
    $h2->data($id, 'x' x 1900, 1);

    is($h2->wait($id, 2)->{status}, 413, 'too large, late');

    $id = $h2->head('/hasty', length => 4, headers => [signed('abcd')]);
    $h2->data($id, 'ab');

    my $r = $h2->wait($id, 3);

    ok(!$r->{timeout} && ($r->{status} == 0 || $r->{status} == 408),
       'too slow: nginx ends the stream');

    is($app->count + $redis->asked, 0, 'nobody was bothered');
}


# 6. auth_request and a slow POST (where others hang)

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my $good = $h2->head('/guarded', length => 7,
                         headers => [signed('{"n":1}')]);
    my $bad = $h2->head('/guarded', length => 7, headers => [$wrong]);

    sleep 0.2;
    $h2->data($good, '{"n":1}', 1);
    $h2->data($bad, '{"n":1}', 1);

    is($h2->wait($good, 3)->{status}, 200, 'auth_request, slow, right');
    is($h2->wait($bad, 3)->{status}, 401, 'auth_request, slow, wrong');
    is(scalar(grep { $_->{uri} eq '/guarded' } $app->seen), 1,
       'one reached the application');
}


# 7. identical deliveries as streams of one connection

{
    begin();

    my $h2 = WebhookVerify::H2->new($port);
    my @ids = map { $h2->send('/hook?hold=1', '{"n":1}',
                              signed('{"n":1}')) } 1 .. 20;

    WebhookVerify::Process->wait_for(5, sub {
        return 1 == grep { $h2->wait($_, 0.01)->{timeout} } @ids;
    });
    $app->seen_at_least(1);
    $app->release;

    my %got;

    $got{ $h2->wait($_)->{status} }++ for @ids;

    is($got{200}, 1, 'one of twenty streams is the first delivery');
    is($got{503}, 19, 'the others are told that it is in flight');
    is($app->count, 1, 'once is what the application saw');
}


# 8. curl, a client of somebody else

SKIP: {
    skip 'curl without HTTP/2', 3 unless `curl -V` =~ /HTTP2/;

    begin();

    my $body = 'y' x 300000;
    my $file = $nginx->dir . '/body';

    open my $out, '>', $file or die $!;
    print $out $body;
    close $out;

    my $curl = sub {
        my ($header) = @_;

        return `curl -s -o /dev/null -w '%{http_version} %{http_code}' -m 5 --http2-prior-knowledge -H '$header' --data-binary \@$file http://127.0.0.1:$port/file`;
    };

    is($curl->(signed($body)), '2 200', 'curl: right');
    is($curl->($wrong), '2 401', 'curl: wrong');

    my ($seen) = $app->seen;

    ok($seen->{body} eq $body, 'curl: the application saw the same bytes');
}


# 9. connections come back

{
    my $n;

    WebhookVerify::Process->wait_for(3 * $SLOW, sub {
        my $h2 = WebhookVerify::H2->new($port);
        my $r = $h2->wait($h2->head('/connections', method => 'GET',
                                    end => 1));
        ($n) = $r->{body} =~ /Active connections: (\d+)/;

        return $n == 1;
    });

    is($n, 1, 'no connection stays behind');
}


is($nginx->complaints, '', 'nothing bad in the log');
ok($nginx->stop, 'nginx ends by itself');
is($nginx->complaints, '', 'nothing bad in the log at the end');

done_testing();
