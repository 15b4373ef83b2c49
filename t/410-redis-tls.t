# rediss://: who the server is, is verified, unless the configuration says
# otherwise; a server that is not who it should be is a store error.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Dns;
use WebhookVerify::FakeRedis;
use WebhookVerify::Gate;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Tls;

my $SLOW = $WebhookVerify::Process::SLOW;
my $TIMEOUT = $WebhookVerify::Process::TIMEOUT;

my $app = WebhookVerify::App->start;
my $tls = WebhookVerify::Tls->new;
my $nginx;

my $dns = WebhookVerify::Dns->start(sub { '127.0.0.1' });
my $resolver = 'resolver 127.0.0.1:' . $dns->port . ' ipv6=off;';

my $ca = 'webhook_verify_redis_ssl_trusted_certificate ' . $tls->ca . ';';


# a location of a store with directives of its own

sub location {
    my ($path, $store, @directives) = @_;

    return <<"_EOC_";
        location /$path {
            webhook_verify_store $store;
            @directives
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

_EOC_
}


sub gate {
    my ($locations, %o) = @_;

    $app->reset;
    $nginx = WebhookVerify::Gate->new($app, locations => $locations,
                                      http => $resolver, %o)->start;
}


# a Redis that has this certificate, and its port

sub redis {
    my ($certificate, @options) = @_;

    my $port = WebhookVerify::Process->server_port;

    return (WebhookVerify::Redis->start(
        $tls->redis($port, $certificate, @options)), $port);
}


my ($server, $port) = redis('server');


subtest 'a server that is who it should be' => sub {
    gate(location('address', "rediss://127.0.0.1:$port", $ca)
         . location('name', "rediss://redis.test:$port", $ca)
         . location('db', "rediss://127.0.0.1:$port/4", $ca), workers => 2);

    for (qw(address name db)) {
        is($nginx->result("/$_", "of $_"), '200 first', "$_: a first");
        is($nginx->again("/$_", "of $_"), '200 duplicate', 'a duplicate');
        is($nginx->result("/$_?status=500,200", "failed $_"), '500 first',
           'a failure');
        is($nginx->again("/$_?status=500,200", "failed $_"), '200 first',
           'its retry');
    }

    is($nginx->again('/name', 'of address'), '200 duplicate',
       'it is one server');

    my @many = map { $nginx->deliver('/address', "many $_") } 1 .. 60;

    is(scalar(grep { $nginx->said($_) eq '200 first' } @many), 60,
       'sixty at once');

    unlike($nginx->log, qr/\[error\]/, 'no error in the log');
    ok($nginx->stop, 'nginx ends by itself');
    unlike($nginx->log, qr/open socket/, 'no open socket is left');
    is($nginx->complaints, '', 'nothing bad in the log');
};


# name => [certificate of the server, URL's host, directives, what the log says;
#          whether it is well once the server has the right certificate]

my $name = 'webhook_verify_redis_ssl_name';
my $verify = 'webhook_verify_redis_ssl_verify';
my $ca_is = 'webhook_verify_redis_ssl_trusted_certificate';

my @wrong = (
    ['of another CA', 'stranger', '127.0.0.1', $ca, qr/certificate/i, 1],
    ['a CA that is not its own', 'server', '127.0.0.1',
     "$ca_is ${\ $tls->other_ca };", qr/certificate/i],
    ['no CA but those of the system', 'server', '127.0.0.1', '',
     qr/certificate/i],
    ['of another name', 'wrong', 'redis.test', $ca,
     qr/redis\.test|name|host/i, 1],
    ['of another address', 'wrong', '127.0.0.1', $ca,
     qr/127\.0\.0\.1|name|host/i, 1],
    ['a name that is not asked for', 'server', '127.0.0.1',
     "$ca $name another.test;", qr/another\.test|name|host/i],
    ['expired', 'expired', '127.0.0.1', $ca, qr/expired/i, 1],
    ['expired, by name', 'expired', 'redis.test', $ca, qr/expired/i, 1],
);

my @right = (
    ['of another CA, not verified', 'stranger', '127.0.0.1', "$verify off;"],
    ['of another name, not verified', 'wrong', 'redis.test', "$verify off;"],
    ['expired, not verified', 'expired', '127.0.0.1', "$verify off;"],
    ['of a name that is asked for', 'wrong', '127.0.0.1',
     "$ca $name another.test;"],
    ['of its CA, and verified aloud', 'server', '127.0.0.1',
     "$ca $verify on;"],
);


subtest 'certificates' => sub {
    my $locations = '';
    my (@server, @right_servers);

    for my $i (0 .. $#wrong) {
        my ($title, $certificate, $host, $directives) = @{ $wrong[$i] };
        my ($redis, $port) = redis($certificate);

        push @server, [ $redis, $port ];
        $locations .= location("wrong$i", "rediss://$host:$port", $directives);
    }

    for my $i (0 .. $#right) {
        my ($title, $certificate, $host, $directives) = @{ $right[$i] };
        my ($redis, $port) = redis($certificate);

        push @right_servers, $redis;
        $locations .= location("right$i", "rediss://$host:$port", $directives);
    }

    gate($locations);

    for my $i (0 .. $#right) {
        is($nginx->result("/right$i", 1), '200 first', $right[$i][0]);
        is($nginx->again("/right$i", 1), '200 duplicate', 'a duplicate');
        $app->reset;
        $right_servers[$i]->clear;
    }

    my $began = time;
    my @sent = map { $nginx->deliver("/wrong$_", "wrong $_") } 0 .. $#wrong;

    ok(defined $nginx->quick, 'others are served at once');

    for my $i (0 .. $#wrong) {
        is($nginx->said($sent[$i]), '503 store_error', "$wrong[$i][0]: 503");
        $nginx->result("/wrong$i", "wrong $i") for 1 .. 3;
    }

    cmp_ok(time - $began, '<', $TIMEOUT + 1 * $SLOW, 'in time');

    for my $i (0 .. $#wrong) {
        my ($title, $certificate, $host, $directives, $word, $mends)
            = @{ $wrong[$i] };
        my ($redis, $port) = @{ $server[$i] };
        my ($line) = grep { /\[error\].*\Q$host:$port\E/ }
                     split /^/, $nginx->log;

        like($line // 'nothing', $word, "$title: the log says why");
        is($nginx->downs("$host:$port"), 1, 'once');
        is($redis->asked, 0, 'nothing was asked of it');
        is($nginx->seen("wrong $i"), 0, 'the application saw nothing');

        next unless $mends;

        $redis->stop;
        $redis->options($tls->redis($port, 'server'));
        $redis->launch;
    }

    for my $i (grep { $wrong[$_][5] } 0 .. $#wrong) {
        my $took = $nginx->well("/wrong$i", "wrong $i");

        like($took, qr/^\d\.\d+$/, "$wrong[$i][0]: replaced, $took s");
        is($nginx->again("/wrong$i", "wrong $i"), '200 duplicate', 'known');
        is($nginx->seen("wrong $i"), 1, 'the application saw it once');
        is($nginx->backs("$wrong[$i][2]:$server[$i][1]"), 1,
           'the log says that it is back');
    }

    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'servers that do not speak TLS, or not at all' => sub {
    my $beside = WebhookVerify::Redis->start;
    my $plain = WebhookVerify::Redis->start;
    my $silent = WebhookVerify::FakeRedis->start(sub { undef });
    my $hole = WebhookVerify::FakeRedis->black_hole;
    my $closed = WebhookVerify::Process->server_port;
    my $http = WebhookVerify::FakeRedis->start(sub { undef }, greeting =>
        "HTTP/1.1 400 Bad Request\r\n\r\n");
    my $ends = WebhookVerify::FakeRedis->start(sub { undef },
        greeting => 'CLOSE');
    my $alert = WebhookVerify::FakeRedis->start(sub { undef },
        greeting => "\x15\x03\x03\x00\x02\x02\x28");

    my %rows = (
        plain => $plain->port, silent => $silent->port, hole => $hole->port,
        closed => $closed, http => $http->port, ends => $ends->port,
        alert => $alert->port,
    );

    gate(join '', map({ location($_, "rediss://127.0.0.1:$rows{$_}", $ca) }
                      sort keys %rows),
                  location('other', "redis://127.0.0.1:${\ $beside->port }"));

    my $began = time;
    my %sent = map { $_ => $nginx->deliver("/$_", 1) } 'other', sort keys %rows;

    ok(defined $nginx->quick, 'others are served at once');
    is($nginx->said(delete $sent{other}), '200 first', 'without TLS, beside');
    is($nginx->said($sent{$_}), '503 store_error', $_) for sort keys %sent;
    cmp_ok(time - $began, '<', $TIMEOUT + 0.5 * $SLOW, 'all within the timeout');
    is(join(' ', grep { !/zone/ } map { $_->{uri} } $app->seen), '/other',
       'the application saw none of them');
    is($nginx->downs("127.0.0.1:$rows{$_}"), 1, "$_ is down, said once")
        for sort keys %rows;

    # some TLS is spoken there after all

    $plain->stop;

    my $redis = WebhookVerify::Redis->start(
        $tls->redis($plain->port, 'server'));
    my $took = $nginx->well('/plain', 1);

    like($took, qr/^\d\.\d+$/, "plain: TLS now, $took s");
    is($nginx->backs("127.0.0.1:$rows{plain}"), 1, 'it is back');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


subtest 'a server that goes and comes' => sub {
    gate(location('', "rediss://127.0.0.1:$port", $ca));

    is($nginx->result('/', 'before'), '200 first', 'before');
    $server->hang_up;
    sleep 0.05;
    is($nginx->result('/', 'hung up'), '200 first', 'after it hung up');
    is($nginx->downs("127.0.0.1:$port"), 0, 'it was not down');

    my $c = $nginx->deliver('/?hold=1', 'in flight');

    $app->seen_at_least(3);
    $server->stop;

    my $began = time;

    is($nginx->result('/', 'without'), '503 store_error', 'without it: 503');
    cmp_ok(time - $began, '<', $TIMEOUT + 0.3 * $SLOW, 'in time');
    $app->release;
    is($nginx->said($c), '200 first', 'what was in flight ends');
    $server->launch;

    my $took = $nginx->well('/', 'without');

    like($took, qr/^\d\.\d+$/, "back after $took s");
    like($server->wait_value(WebhookVerify::Redis::key('gate', 'in flight'),
         qr/^d:/, 3) // 'nothing', qr/^d:/, 'the commit was made up for');

    $server->freeze;
    $began = time;
    is($nginx->result('/', 'frozen'), '503 store_error', 'it hangs: 503');
    cmp_ok(time - $began, '<', $TIMEOUT + 0.3 * $SLOW, 'in time');
    ok(defined $nginx->quick, 'others are served at once');
    $server->thaw;
    $took = $nginx->well('/', 'frozen');
    like($took, qr/^\d\.\d+$/, "thawed, $took s");
    is($nginx->seen('frozen'), 1, 'delivered once');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'a certificate of the client' => sub {
    my ($strict, $port) = redis('server', '--tls-auth-clients', 'yes');
    my $with = "webhook_verify_redis_ssl_certificate ${\ $tls->crt('client') };"
        . "webhook_verify_redis_ssl_certificate_key ${\ $tls->key('client') };";

    gate(location('with', "rediss://127.0.0.1:$port", $ca, $with)
         . location('without', "rediss://127.0.0.1:$port", $ca));

    is($nginx->result('/with', 1), '200 first', 'with: a first');
    is($nginx->again('/with', 1), '200 duplicate', 'a duplicate');
    is($nginx->result('/without', 2), '503 store_error', 'without: 503');
    is($nginx->result('/with', 3), '200 first',
       'they are two stores, not one connection');
    is($nginx->seen(2), 0, 'the application saw what it should');
    is($nginx->complaints, '', 'nothing bad in the log');
};


subtest 'a password over TLS' => sub {
    my ($strict, $port) = redis('server', '--requirepass', 'sesame');

    gate(location('right', "rediss://:sesame\@127.0.0.1:$port", $ca)
         . location('wrong', "rediss://:simsim\@127.0.0.1:$port", $ca),
         log_level => 'debug');

    is($nginx->result('/right', 1), '200 first', 'the right one');
    is($nginx->result('/wrong', 2), '503 store_error', 'a wrong one');
    like($nginx->log, qr/\[error\].*WRONGPASS/, 'which the log says');
    unlike($nginx->log, qr/sesame|simsim/, 'without it, even at debug');
};


# --- what only a server can see

for my $version ('TLSv1_2', 'TLSv1_3') {
    subtest "$version: the name that is asked for, and sessions" => sub {
        my $fake = WebhookVerify::FakeRedis->keeper(undef, tls => {
            SSL_cert_file => $tls->crt('server'),
            SSL_key_file => $tls->key('server'), SSL_version => $version,
        });
        my $port = $fake->port;
        my $close = WebhookVerify::FakeRedis->keeper(sub {
            my ($ask, $keep) = @_;

            return uc $ask->{argv}[0] eq 'SET'
                   && !WebhookVerify::FakeRedis::is_claim($ask)
                   ? [ 0, $keep->(), 0.02, 'CLOSE' ] : $keep->();
        }, tls => {
            SSL_cert_file => $tls->crt('server'),
            SSL_key_file => $tls->key('server'), SSL_version => $version,
        });

        # a scope each, since they are one store

        gate(location('address', "rediss://127.0.0.1:$port", $ca)
             . location('name', "rediss://redis.test:$port", $ca)
             . location('other', "rediss://127.0.0.1:$port", $ca,
                        "$name localhost;")
             . location('reuse', 'rediss://127.0.0.1:' . $close->port, $ca));

        my %sni;

        for (qw(address name other)) {
            my $before = grep { exists $_->{tls} } $fake->commands;

            is($nginx->result("/$_", "of $_"), '200 first', $_);

            my @shakes = grep { exists $_->{tls} } $fake->commands;

            is(@shakes - $before, 1, 'a connection of its own');
            $sni{$_} = $shakes[-1]{sni} // 'none';
        }

        is($sni{address}, 'none', 'an address is no name');
        is($sni{name}, 'redis.test', 'the name of the URL');
        is($sni{other}, 'localhost', "or that of $name");

        for (1 .. 4) {
            is($nginx->result('/reuse', "reuse $_"), '200 first', 'a first');
            sleep 0.1;
        }

        my @shakes = grep { $_->{tls} } $close->commands;

        cmp_ok(scalar @shakes, '>=', 3, 'a connection each');
        is($shakes[0]{reused}, 0, 'the first session is new');
        cmp_ok(scalar(grep { $_->{reused} } @shakes), '>=', $#shakes,
               'the next ones are the same');
        is($nginx->complaints, '', 'nothing bad in the log');
    };
}


subtest 'an answer split at every byte, each a record' => sub {
    my $fake = WebhookVerify::FakeRedis->keeper(sub {
        my ($ask, $keep) = @_;

        return [ map { (0.002, $_) } split //, $keep->() ];
    }, tls => { SSL_cert_file => $tls->crt('server'),
                SSL_key_file => $tls->key('server') });

    gate(location('', 'rediss://127.0.0.1:' . $fake->port, $ca),
         timeout => '5s');

    is($nginx->result('/', $_), '200 first', 'a first') for 1 .. 3;
    sleep 0.1;
    is($nginx->again('/', $_), '200 duplicate', 'a duplicate') for 1 .. 3;
    is($app->count, 3, 'the application saw each once');
};


subtest 'many answers in one record' => sub {
    my @kept;
    my $fake = WebhookVerify::FakeRedis->keeper(sub {
        my ($ask, $keep) = @_;

        return $keep->() unless WebhookVerify::FakeRedis::is_claim($ask);

        push @kept, $keep->();
        return undef if @kept % 20;
        return join '', splice @kept;
    }, tls => { SSL_cert_file => $tls->crt('server'),
                SSL_key_file => $tls->key('server') });

    gate(location('', 'rediss://127.0.0.1:' . $fake->port, $ca),
         timeout => '5s');

    my @sent = map { $nginx->deliver('/', $_) } 1 .. 20;

    is(scalar(grep { $nginx->said($_) eq '200 first' } @sent), 20,
       'each of twenty gets its own');
};


done_testing();
