# A Redis that does not do what it should: each time under both policies, within
# the store timeout, without the application being asked (reject) or with it
# being asked once (pass); and everything is well again once Redis is.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::FakeRedis;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

my $TIMEOUT = $WebhookVerify::Process::TIMEOUT;
my $AT_ONCE = $WebhookVerify::Process::AT_ONCE;

my $app = WebhookVerify::App->start;
my $closed = WebhookVerify::Process->free_port;


sub always {
    my ($bytes) = @_;

    return WebhookVerify::FakeRedis->start(sub { $bytes });
}


# as usual, but this to every claim

sub to_claim {
    my ($answer) = @_;

    return WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;

        return $answer if WebhookVerify::FakeRedis::is_claim($ask);
        return WebhookVerify::FakeRedis::usual($ask);
    });
}


# says no to every claim, and this to every GET

sub to_get {
    my ($answer) = @_;

    return WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;

        return $answer if uc $ask->{argv}[0] eq 'GET';
        return "\$-1\r\n" if WebhookVerify::FakeRedis::is_claim($ask);
        return WebhookVerify::FakeRedis::usual($ask);
    });
}


# name => [server, what the log must say]

my @broken = (
    ['nobody listens', undef, 'refused'],
    ['a black hole', WebhookVerify::FakeRedis->black_hole],
    ['silence', always(undef)],
    ['an answer that comes too late', always([2 * $TIMEOUT, "+OK\r\n"])],
    ['half an answer', always('+O')],
    ['half an answer, and the end', always([0, '+O', 0.05, 'CLOSE'])],
    ['the end', always('CLOSE')],
    ['an answer in HTTP', always("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ['bytes', always(join '', map { chr } 0 .. 255)],
    ['NUL bytes', always("\0" x 100)],
    ['blank lines', always("\r\n\r\n\r\n")],
    ['-NOAUTH', always("-NOAUTH Authentication required.\r\n"), 'NOAUTH'],
    ['-WRONGPASS', always("-WRONGPASS invalid username-password pair\r\n"),
     'WRONGPASS'],
    ['-NOPERM', always("-NOPERM this user has no permissions\r\n"), 'NOPERM'],
    ['-OOM', always("-OOM command not allowed when used memory > "
                    . "'maxmemory'.\r\n"), 'OOM'],
    ['-READONLY', always("-READONLY You can't write against a read only "
                         . "replica.\r\n"), 'READONLY'],
    ['-LOADING', always("-LOADING Redis is loading the dataset in memory\r\n"),
     'LOADING'],
    ['-MISCONF', always("-MISCONF Redis is configured to save RDB snapshots\r\n"),
     'MISCONF'],
    ['-CLUSTERDOWN', always("-CLUSTERDOWN The cluster is down\r\n"),
     'CLUSTERDOWN'],
    ['-MOVED', always("-MOVED 3999 127.0.0.1:6381\r\n"), 'MOVED'],
    ['-ERR', always("-ERR unknown command\r\n"), 'unknown command'],
    ['an error without a word', always("-\r\n")],
    ['an error of 100 kB', always('-' . 'E' x 100000 . "\r\n")],
    ['a number', always(":1\r\n")],
    ['an empty array', always("*0\r\n")],
    ['a null array', always("*-1\r\n")],
    ['an array', always("*2\r\n+OK\r\n+OK\r\n")],
    ['another word than OK', always("+QUEUED\r\n")],
    ['a terabyte', always("\$1099511627776\r\n")],
    ['a negative length', always("\$-5\r\n")],
    ['a length that is none', always("\$abc\r\n")],
    ['a billion elements', always("*1000000000\r\n")],
    ['more elements than 32 bits', always("*4294967295\r\n")],
    ['a negative count', always("*-2\r\n")],
    ['a number beyond 64 bits', always(":99999999999999999999\r\n")],
    ['deep nesting', always("*1\r\n" x 10000)],
    ['a line without an end', always('+' . 'x' x 1000000)],
    ['20 MB', always("\$20000000\r\n" . 'x' x 20000000 . "\r\n")],
    ['RESP3', always("%1\r\n+a\r\n+b\r\n")],

    # the connection is well, the claim is not

    ['SET: silence', to_claim(undef)],
    ['SET: too late', to_claim([2 * $TIMEOUT, "+OK\r\n"])],
    ['SET: the end', to_claim('CLOSE')],
    ['SET: -OOM', to_claim("-OOM command not allowed\r\n"), 'OOM'],
    ['SET: -READONLY', to_claim("-READONLY no\r\n"), 'READONLY'],
    ['SET: -NOPERM', to_claim("-NOPERM no\r\n"), 'NOPERM'],
    ['SET: -LOADING', to_claim("-LOADING dataset\r\n"), 'LOADING'],
    ['SET: a number', to_claim(":1\r\n")],
    ['SET: an array', to_claim("*1\r\n+OK\r\n")],
    ['SET: a string', to_claim("\$2\r\nOK\r\n")],
    ['SET: half an answer', to_claim('+O')],
    ['SET: a terabyte', to_claim("\$1099511627776\r\n")],
    ['SET: a line without an end', to_claim('+' . 'x' x 1000000)],

    # the claim is refused as usual, and what then comes for GET is not

    ['GET: silence', to_get(undef)],
    ['GET: an error', to_get("-OOM no\r\n"), 'OOM'],
    ['GET: a number', to_get(":5\r\n")],
    ['GET: the end', to_get('CLOSE')],
    ['GET: a value of somebody else', to_get("\$3\r\nfoo\r\n")],
    ['GET: an empty value', to_get("\$0\r\n\r\n")],
    ['GET: 1 MB', to_get("\$1000000\r\n" . 'd' x 1000000 . "\r\n")],
);

my $config = '';

for my $i (0 .. $#broken) {
    my $port = $broken[$i][1] ? $broken[$i][1]->port : $closed;

    for my $policy (qw(reject pass)) {
        $config .= <<"_EOC_";
        location /$policy/$i {
            webhook_verify_store       redis://127.0.0.1:$port;
            webhook_verify_store_error $policy;
            proxy_pass                 http://127.0.0.1:${\ $app->port };
        }

_EOC_
    }
}

my $nginx = WebhookVerify::Server->new(config => <<"_EOC_")->start;
        webhook_verify               hmac;
        webhook_verify_secret        secret;
        webhook_verify_signature     \$http_x_signature;
        webhook_verify_store_timeout ${\ int(1000 * $TIMEOUT) }ms;
        webhook_verify_retry_after   4s;
        webhook_verify_lease         2s;
        webhook_verify_window        3s;

        location /zone {
            webhook_verify_store zone=other:1m;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

$config
_EOC_

my ($worker) = $nginx->workers;


sub deliver {
    my ($path, $body, %o) = @_;

    return WebhookVerify::Client->delivery($nginx->port, $body,
                                           path => $path, %o)->send;
}


for my $i (0 .. $#broken) {
    my ($name, $fake, $word) = @{ $broken[$i] };

    subtest $name => sub {
        $nginx->new_log;
        $app->reset;

        my $began = time;
        my $c = deliver("/reject/$i", "event $i");

        sleep 0.02;

        my $quick = time;

        is(deliver('/zone', "beside $i")->wait->{status}, 200,
           'others are served meanwhile');
        cmp_ok(time - $quick, '<', $AT_ONCE, 'and at once');

        my $r = $c->wait(6 * $TIMEOUT);

        cmp_ok(time - $began, '<', 4 * $TIMEOUT, 'reject: in time');
        is($r->{status}, 503, 'reject: 503');
        is($r->{header}{'retry-after'}, 4, 'reject: Retry-After');
        is($r->{header}{'x-result'}, 'store_error', 'reject: store_error');
        is(scalar(grep { $_->{uri} =~ /reject/ } $app->seen), 0,
           'reject: the application saw nothing');

        $began = time;
        $r = deliver("/pass/$i", "event $i")->wait(6 * $TIMEOUT);

        cmp_ok(time - $began, '<', 4 * $TIMEOUT, 'pass: in time');
        is($r->{status}, 200, 'pass: 200');
        is($r->{body}, "accepted\n", 'pass: from the application');
        is($r->{header}{'x-result'}, 'store_error', 'pass: store_error');
        is(scalar(grep { $_->{uri} =~ /pass/ } $app->seen), 1,
           'pass: the application saw it once');

        is(deliver("/pass/$i", "event $i", sig => '0' x 64)->wait->{status},
           401, 'pass: a forged one still does not pass');

        my $log = $nginx->new_log;

        like($log, qr/\[error\].*\Q$word\E/, "the log has the word $word")
            if $word;
        like($log, qr/\[error\]/, 'the log has an error') if !$word;
        is($nginx->complaints($log), '', 'and nothing worse');
        is(join(' ', $nginx->workers), $worker, 'the worker lives');

        my ($rss) = `cat /proc/$worker/status` =~ /VmRSS:\s+(\d+)/;

        cmp_ok($rss, '<', 200000, 'and does not eat memory');
    };

    $fake->stop if $fake;
}

ok($nginx->stop, 'nginx ends by itself');
is($nginx->complaints, '', 'nothing bad in the log at the end');


# --- answers that are odd, but answers

sub with_store {
    my ($store, %o) = @_;

    $app->reset;

    return WebhookVerify::Server->new(%o, config => <<"_EOC_")->start;
        webhook_verify               hmac;
        webhook_verify_secret        secret;
        webhook_verify_signature     \$http_x_signature;
        webhook_verify_store         $store;
        webhook_verify_store_timeout ${\ int(1000 * $TIMEOUT) }ms;
        webhook_verify_scope         odd;
        webhook_verify_id            /n;

        location / {
            proxy_pass http://127.0.0.1:${\ $app->port };
        }

        location /zone {
            webhook_verify_store zone=other:1m;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }

        location /pass {
            webhook_verify_store_error pass;
            proxy_pass                 http://127.0.0.1:${\ $app->port };
        }

        ${\ ($o{more} // '') }
_EOC_
}


sub result {
    my ($path, $body, %o) = @_;

    my $r = deliver($path, $body, %o)->wait(5);

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


subtest 'an answer split at every byte' => sub {
    my $fake = WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;
        my $answer = WebhookVerify::FakeRedis::usual($ask);

        $answer = "\$-1\r\n" if "@{ $ask->{argv} }" =~ /NX/i
                                && $ask->{n} > 2;
        $answer = "\$16\r\nd:1700000000:200\r\n"
            if uc $ask->{argv}[0] eq 'GET';

        return [ map { (0.004, $_) } split //, $answer ];
    });

    $nginx = with_store('redis://127.0.0.1:' . $fake->port);

    is(result('/hook', '{"n":1}'), '200 first', 'the first');
    sleep 0.1;
    is(result('/hook', '{"n":1}'), '200 duplicate', 'the duplicate');
    is($app->count, 1, 'the application saw it once');
};


subtest 'two answers to one question' => sub {
    my $fake = WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;

        if (WebhookVerify::FakeRedis::is_claim($ask)) {
            return $ask->{connection} == 1 ? "+OK\r\n+OK\r\n" : "\$-1\r\n";
        }

        return "\$16\r\nd:1700000000:200\r\n" if uc $ask->{argv}[0] eq 'GET';
        return WebhookVerify::FakeRedis::usual($ask);
    });

    $nginx = with_store('redis://127.0.0.1:' . $fake->port);

    result('/hook', '{"n":1}');

    my $n = $app->count;

    cmp_ok($n, '<=', 1, 'the first, or an error');

    my $second;

    for (1 .. 20) {
        $second = result('/hook', '{"n":1}');
        last if $second eq '200 duplicate';
        sleep 0.1;
    }

    is($second, '200 duplicate', 'the stray answer is not taken for the next');
    is($app->count, $n, 'and the application saw no more');
};


subtest 'an answer after its deadline is not taken for the next' => sub {
    my $fake = WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;

        if (WebhookVerify::FakeRedis::is_claim($ask)) {
            return [3 * $TIMEOUT, "+OK\r\n"] if $ask->{argv}[1] !~ /\S{60}/ ||
                                       $ask->{connection} == 1;
            return "\$-1\r\n";
        }

        return "\$16\r\nd:1700000000:200\r\n" if uc $ask->{argv}[0] eq 'GET';
        return WebhookVerify::FakeRedis::usual($ask);
    });

    $nginx = with_store('redis://127.0.0.1:' . $fake->port);

    is(result('/hook', '{"n":1}'), '503 store_error', 'too late');

    my $second;

    for (1 .. 20) {
        $second = result('/hook', '{"n":1}');
        last if $second eq '200 duplicate';
        sleep 0.1;
    }

    is($second, '200 duplicate', 'the next has its own answer');
    is($app->count, 0, 'the application saw nothing');
};


subtest 'a claim whose answer got lost is found again by its token' => sub {
    my %value;
    my $fake = WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;
        my ($name, $key, $value) = @{ $ask->{argv} };

        if (WebhookVerify::FakeRedis::is_claim($ask)) {
            my $held = exists $value{$key};

            $value{$key} //= $value;

            return 'CLOSE' if $ask->{connection} == 1;
            return $held ? "\$-1\r\n" : "+OK\r\n";
        }

        if (uc $name eq 'GET') {
            return "\$-1\r\n" unless defined $value{$key};
            return '$' . length($value{$key}) . "\r\n$value{$key}\r\n";
        }

        return WebhookVerify::FakeRedis::usual($ask);
    });

    $nginx = with_store('redis://127.0.0.1:' . $fake->port);

    # either asked again at once (then it is its own), or an error; but not in
    # flight by its own doing

    my $first = result('/hook', '{"n":1}');

    like($first, qr/^(?:200 first|503 store_error)$/, "not its own obstacle");

    my @claims = grep { WebhookVerify::FakeRedis::is_claim($_) }
                 $fake->commands;

    if (@claims > 1) {
        is($first, '200 first', 'asked again, and recognised');
        is($claims[0]{argv}[2], $claims[1]{argv}[2], 'with the same token');
        is($app->count, 1, 'the application saw it once');
    }
};


subtest 'a claim that ends between SET and GET' => sub {
    my $gets = 0;
    my $fake = WebhookVerify::FakeRedis->start(sub {
        my ($ask) = @_;

        if (WebhookVerify::FakeRedis::is_claim($ask)) {
            return $gets ? "+OK\r\n" : "\$-1\r\n";
        }

        $gets++ if uc $ask->{argv}[0] eq 'GET';

        return WebhookVerify::FakeRedis::usual($ask);
    });

    $nginx = with_store('redis://127.0.0.1:' . $fake->port);

    my $first = result('/hook', '{"n":1}');

    like($first, qr/^(?:200 first|503 \w+)$/, "delivered or told to come again");

    is(result('/hook', '{"n":2}'), '200 first', 'and the next is delivered');
};


subtest 'a server where SET says no and GET knows nothing, for ever' => sub {
    my $fake = WebhookVerify::FakeRedis->start(sub { "\$-1\r\n" });

    $nginx = with_store('redis://127.0.0.1:' . $fake->port);

    my $began = time;

    like(result('/hook', '{"n":1}'), qr/^503 /, 'told to come again');
    cmp_ok(time - $began, '<', 2, 'in time');
    cmp_ok(scalar($fake->commands), '<', 20, 'and without a storm');
};


# --- a real Redis that goes and comes

subtest 'Redis goes and comes back' => sub {
    my $redis = WebhookVerify::Redis->start;

    $nginx = with_store('redis://127.0.0.1:' . $redis->port, workers => 1);

    is(result('/hook', '{"n":1}'), '200 first', 'before');

    $redis->stop;

    is(result('/hook', '{"n":2}'), '503 store_error', 'without Redis: 503');
    is(result('/pass', '{"n":3}'), '200 store_error', 'without Redis: pass');
    is(result('/hook', '{"n":2}', sig => '0' x 64), '401 bad_signature',
       'without Redis: a forged one');

    $redis->launch;

    my $r;

    WebhookVerify::Process->wait_for(5, sub {
        $r = result('/hook', '{"n":2}');
        return $r eq '200 first';
    });

    is($r, '200 first', 'Redis is back, without a reload');
    is(result('/hook', '{"n":2}'), '200 duplicate', 'and remembers');
    is(result('/hook', '{"n":4}'), '200 first', 'other events, too');
};


subtest 'Redis restarts between two deliveries' => sub {
    my $redis = WebhookVerify::Redis->start;

    $nginx = with_store('redis://127.0.0.1:' . $redis->port, workers => 1);

    is(result('/hook', '{"n":1}'), '200 first', 'before');

    $redis->stop;
    $redis->launch;

    my $r;

    WebhookVerify::Process->wait_for(3, sub {
        $r = result('/hook', '{"n":2}');
        return $r eq '200 first';
    });

    is($r, '200 first', 'after');
};


subtest 'Redis hangs and comes back' => sub {
    my $redis = WebhookVerify::Redis->start;

    $nginx = with_store('redis://127.0.0.1:' . $redis->port, workers => 1);

    is(result('/hook', '{"n":1}'), '200 first', 'before');

    $redis->freeze;

    my $began = time;

    is(result('/hook', '{"n":2}'), '503 store_error', 'hanging: 503');
    cmp_ok(time - $began, '>', 0.8 * $TIMEOUT, 'after the timeout');
    cmp_ok(time - $began, '<', 3 * $TIMEOUT, 'not much later');
    is(result('/pass', '{"n":3}'), '200 store_error', 'hanging: pass');

    my @many = map { deliver('/hook', qq({"n":"many $_"})) } 1 .. 30;
    my $quick = time;

    is(result('/zone', '{"n":1}'), '200 first', 'others are served');
    cmp_ok(time - $quick, '<', $AT_ONCE, 'at once');
    is(scalar(grep { $_->wait(6 * $TIMEOUT)->{status} == 503 } @many), 30,
       'thirty at once are all told so');

    $redis->thaw;

    my $r;

    WebhookVerify::Process->wait_for(5, sub {
        $r = result('/hook', '{"n":"fresh"}');
        return $r eq '200 first';
    });

    is($r, '200 first', 'thawed');

    my %got;

    $got{ result('/hook', qq({"n":"after $_"})) }++ for 1 .. 20;

    is($got{'200 first'}, 20, 'and in step');
};


subtest 'Redis dies while the application works' => sub {
    my $redis = WebhookVerify::Redis->start;

    $nginx = with_store('redis://127.0.0.1:' . $redis->port, workers => 1);

    my $c = deliver('/hook?hold=1', '{"n":1}');

    $app->seen_at_least(1);
    $redis->stop;
    $app->release;

    my $r = $c->wait(5);

    is($r->{status}, 200, 'the provider gets the answer of the application');
    is($r->{header}{'x-result'}, 'first', 'as a first delivery');

    $redis->launch;

    WebhookVerify::Process->wait_for(5, sub { $redis->keys });

    like($redis->get(WebhookVerify::Redis::key('odd', 1)) // 'nothing',
         qr/^d:\d{10}:200$/, 'and the commit is made up for');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'so that it is a duplicate');
    is($nginx->complaints, '', 'nothing worse than an error in the log');
};


subtest 'Redis is full' => sub {
    my $redis = WebhookVerify::Redis->start('--maxmemory', '1',
                                            '--maxmemory-policy', 'noeviction');

    $nginx = with_store('redis://127.0.0.1:' . $redis->port, workers => 1);

    is(result('/hook', '{"n":1}'), '503 store_error', 'rejected');
    like($nginx->log, qr/\[error\].*OOM/, 'the log says OOM');
    is(result('/pass', '{"n":2}'), '200 store_error', 'or pass');

    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);

    is(result('/hook', '{"n":1}'), '200 first', 'well again');
};


subtest 'Redis is a replica' => sub {
    my $redis = WebhookVerify::Redis->start('--replicaof', "127.0.0.1 $closed",
                                            '--replica-read-only', 'yes');

    $nginx = with_store('redis://127.0.0.1:' . $redis->port, workers => 1);

    is(result('/hook', '{"n":1}'), '503 store_error', 'rejected');
    like($nginx->log, qr/\[error\].*READONLY/, 'the log says READONLY');

    $redis->cmd('REPLICAOF', 'NO', 'ONE');

    my $r;

    WebhookVerify::Process->wait_for(3, sub {
        $r = result('/hook', '{"n":1}');
        return $r eq '200 first';
    });

    is($r, '200 first', 'promoted, it is well again');
};


# --- passwords, databases, sockets

subtest 'AUTH with a password' => sub {
    my $redis = WebhookVerify::Redis->start('--requirepass', 'hunter2');
    my $port = $redis->port;

    $redis->cmd('AUTH', 'hunter2');

    $nginx = with_store("redis://:hunter2\@127.0.0.1:$port");
    is(result('/hook', '{"n":1}'), '200 first', 'the right one');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'and again');
    unlike($nginx->log, qr/hunter2/, 'it is not logged');

    $nginx = with_store("redis://:hunter3\@127.0.0.1:$port",
                        log_level => 'debug');
    is(result('/hook', '{"n":2}'), '503 store_error', 'a wrong one');
    like($nginx->log, qr/\[error\].*WRONGPASS/, 'the log says WRONGPASS');
    unlike($nginx->log, qr/hunter3/, 'and not the password, even at debug');

    $nginx = with_store("redis://127.0.0.1:$port");
    is(result('/hook', '{"n":3}'), '503 store_error', 'none');
    like($nginx->log, qr/\[error\].*NOAUTH/, 'the log says NOAUTH');
};


subtest 'AUTH with a user of few rights' => sub {
    my $redis = WebhookVerify::Redis->start;
    my $port = $redis->port;

    $redis->cmd(qw(ACL SETUSER hook on >pw ~webhook:* resetchannels -@all
                   +set +get +del +pexpire +eval +ping));
    $redis->cmd(qw(ACL SETUSER default off));
    $redis->cmd(qw(ACL SETUSER admin on >admin ~* &* +@all));
    $redis->cmd(qw(AUTH admin admin));

    $nginx = with_store("redis://hook:pw\@127.0.0.1:$port", more => <<"_EOC_");
        location /renewed {
            webhook_verify_lease 1s;
            proxy_pass           http://127.0.0.1:${\ $app->port };
        }
_EOC_

    is(result('/hook', '{"n":1}'), '200 first', 'a first');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'a duplicate');
    is(result('/hook?status=500,200', '{"n":2}'), '500 first', 'a failure');
    is(result('/hook?status=500,200', '{"n":2}'), '200 first', 'its retry');

    my $c = deliver('/renewed?hold=1', '{"n":3}');

    sleep 1.3;
    is(result('/renewed', '{"n":3}'), '503 in_flight', 'a renewed claim');
    $app->release;
    is($c->wait->{status}, 200, 'its end');
    is(result('/renewed', '{"n":3}'), '200 duplicate', 'and after it');
    unlike($nginx->log, qr/NOPERM/, 'no right was missing');
    unlike($nginx->log, qr/\[error\]/, 'and nothing else');
};


subtest 'a user with a wrong password' => sub {
    my $redis = WebhookVerify::Redis->start;
    my $port = $redis->port;

    $redis->cmd(qw(ACL SETUSER hook on >pw ~* +@all));

    $nginx = with_store("redis://hook:sesame\@127.0.0.1:$port");

    is(result('/hook', '{"n":1}'), '503 store_error', 'rejected');
    like($nginx->log, qr/\[error\].*WRONGPASS/, 'the log says WRONGPASS');
    unlike($nginx->log, qr/sesame/, 'and not the password');
};


subtest 'a database' => sub {
    my $redis = WebhookVerify::Redis->start;
    my $port = $redis->port;

    $nginx = with_store("redis://127.0.0.1:$port/3");
    is(result('/hook', '{"n":1}'), '200 first', 'a first');

    $nginx = with_store("redis://127.0.0.1:$port/4");
    is(result('/hook', '{"n":1}'), '200 first', 'another database');

    $nginx = with_store("redis://127.0.0.1:$port/3");
    is(result('/hook', '{"n":1}'), '200 duplicate', 'the first database');

    my %commands = $redis->commands;

    cmp_ok($commands{select} // 0, '>=', 3, 'it was selected');

    $nginx = with_store("redis://127.0.0.1:$port/99");
    is(result('/hook', '{"n":1}'), '503 store_error', 'one that does not exist');
    like($nginx->log, qr/\[error\].*DB index/, "the log has Redis's own word");
};


subtest 'a unix socket' => sub {
    my $redis = WebhookVerify::Redis->start;
    my $path = $redis->path;

    $nginx = with_store("unix:$path");
    is(result('/hook', '{"n":1}'), '200 first', 'a first');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'a duplicate');

    $nginx = with_store("unix:$path?db=2");
    is(result('/hook', '{"n":1}'), '200 first', 'another database');
    is(result('/hook', '{"n":1}'), '200 duplicate', 'a duplicate there');

    $redis->cmd('SELECT', 2);
    is(scalar($redis->keys), 1, 'the key is in database 2');

    $nginx = with_store('unix:/nonexistent/redis.sock');
    is(result('/hook', '{"n":1}'), '503 store_error', 'no socket');
    like($nginx->log, qr/\[(?:error|crit)\].*nonexistent/, 'the log has it');
};


subtest 'one connection for all deliveries of a worker' => sub {
    my $redis = WebhookVerify::Redis->start;

    $nginx = with_store('redis://127.0.0.1:' . $redis->port, workers => 1);

    my ($was) = $redis->cmd('INFO', 'stats')
                =~ /total_connections_received:(\d+)/;

    result('/hook', qq({"n":"serial $_"})) for 1 .. 20;

    $_->wait for map { deliver('/hook', qq({"n":"parallel $_"})) } 1 .. 50;

    my ($is) = $redis->cmd('INFO', 'stats')
               =~ /total_connections_received:(\d+)/;

    is($is - $was, 1, 'seventy deliveries, one connection');
};


ok($nginx->stop, 'nginx ends by itself');
is($nginx->complaints, '', 'nothing bad in the log at the end');

done_testing();
