# What a review found about Redis: locations that share one, names with several
# addresses, servers that hang up, lose replies or say more than was asked, and
# workers that shall end while something is left to say to it.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Dns;
use WebhookVerify::FakeRedis;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

my $SLOW = $WebhookVerify::Process::SLOW;

my $app = WebhookVerify::App->start;
my $proxy = 'proxy_pass http://127.0.0.1:' . $app->port . ';';
my $nginx;


sub server {
    my ($store, $locations, %o) = @_;

    $app->reset;

    $nginx = WebhookVerify::Server->new(%o, config => <<"_EOC_")->start;
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_scope     review;
        webhook_verify_store     $store;

        $locations
_EOC_
}


sub deliver {
    my ($path, $n) = @_;

    return WebhookVerify::Client->delivery($nginx->port, qq({"n":"$n"}),
                                           path => $path)->send;
}


sub said {
    my ($c, $seconds) = @_;

    my $r = $c->wait($seconds // 8);

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


sub result { said(deliver(@_)) }


# what a Redis would say that keeps what it is told, and whether it is told to
# now: $hook->($ask, $usual) may say something else instead

sub keeper { WebhookVerify::FakeRedis->keeper(@_) }


# --- 1. locations of one Redis and different patience

for my $late ('all answers', 'the answers to claims') {
    for my $order ('hasty first', 'patient first') {
        subtest "a hasty location beside a patient one: $late late, $order"
            => sub
        {
            my $fake = keeper(sub {
                my ($ask, $usual) = @_;

                return [0.2 * $SLOW, $usual->()]
                    if $late =~ /all/ || WebhookVerify::FakeRedis::is_claim($ask);
                return $usual->();
            });

            my @locations = (<<"_EOC_", <<"_EOC_");
        location /hasty {
            webhook_verify_store_timeout 50ms;
            $proxy
        }
_EOC_
        location /patient {
            webhook_verify_store_timeout 5s;
            $proxy
        }
_EOC_

            @locations = reverse @locations if $order =~ /patient/;

            server('redis://127.0.0.1:' . $fake->port, "@locations");

            is(result('/patient', 'before'), '200 first', 'before');

            my @patient = map { deliver('/patient', "beside $_") } 1 .. 3;

            sleep 0.02;
            is(result('/hasty', 'hasty'), '503 store_error',
               'the hasty one does not wait');
            is(join(', ', map { said($_) } @patient),
               join(', ', ('200 first') x 3), 'the patient ones get theirs');

            is(join(', ', map { result('/patient', "after $_") } 1 .. 2),
               join(', ', ('200 first') x 2), 'also right after');
            is(result('/hasty', 'again'), '503 store_error', 'hasty again');
            is(result('/patient', 'later'), '200 first', 'patient again');
            is($nginx->complaints, '', 'nothing bad in the log');
            ok($nginx->stop, 'nginx ends by itself');
        };
    }
}


# --- 2. a name with several addresses, as localhost has them

SKIP: {
    my $dir = File::Temp::tempdir('wv-hosts-XXXXXX', TMPDIR => 1, CLEANUP => 1);

    # nginx with a hosts file of its own

    my $wrapper = "$dir/nginx";

    _write($wrapper, <<"_EOC_");
#!/bin/sh
exec unshare -m --propagation private sh -c \\
    'mount --bind $dir/hosts /etc/hosts && exec "\$0" "\$@"' \\
    $WebhookVerify::Server::Binary "\$@"
_EOC_
    chmod 0755, $wrapper;

    # the addresses in the order in which they are tried

    _write("$dir/hosts", "127.0.0.2 redis.test\n127.0.0.3 redis.test\n");

    my @order = map { /^(\S+)\s+STREAM/ ? $1 : () }
        `unshare -m --propagation private sh -c 'mount --bind $dir/hosts \\
         /etc/hosts && getent ahosts redis.test' 2>/dev/null`;

    skip 'no hosts file of our own', 2 unless @order == 2;

    for my $served (0, 1) {
        my $name = 'a name whose ' . (qw(first second))[$served]
                   . ' address alone is served';

        subtest $name => sub {
            my $redis = WebhookVerify::Redis->start('--bind', '127.0.0.1',
                                                    $order[$served]);

            local $WebhookVerify::Server::Binary = $wrapper;

            server('redis://redis.test:' . $redis->port,
                   "location /hook { $proxy }", workers => 1);

            is(result('/hook', 'at first'), '200 first', 'the very first');
            is(result('/hook', 'then'), '200 first', 'and the next');

            for my $round (1 .. 4) {
                $redis->cmd(qw(CLIENT KILL TYPE normal SKIPME yes));
                sleep 0.05;

                is(result('/hook', "closed $round"), '200 first',
                   'the first after it closed an idle connection');
                is(result('/hook', "closed $round"), '200 duplicate',
                   'which it remembers');
            }

            is(scalar(() = $nginx->log =~ /is down/g), 0, 'it was never down');

            $redis->stop;

            is(result('/hook', 'without'), '503 store_error', 'without Redis');

            my $down = () = $nginx->log =~ /is down/g;

            is($down, 1, 'it is down, which is said once');

            $redis->launch;

            my $r;

            WebhookVerify::Process->wait_for(3, sub {
                $r = result('/hook', 'back');
                return $r eq '200 first';
            });

            is($r, '200 first', 'and back');
            is($nginx->complaints, '', 'nothing bad in the log');
            ok($nginx->stop, 'nginx ends by itself');
        };
    }
}


subtest 'the same where the resolver says them' => sub {
    my $redis = WebhookVerify::Redis->start;
    my $dns = WebhookVerify::Dns->start(sub { ('127.0.0.2', '127.0.0.1') });

    server('redis://redis.test:' . $redis->port,
           "location /hook { $proxy }", http => 'resolver 127.0.0.1:'
           . $dns->port . ' ipv6=off; resolver_timeout 5s;');

    my @got;

    for my $n (1 .. 12) {
        push @got, result('/hook', "resolved $n");
        $redis->cmd(qw(CLIENT KILL TYPE normal SKIPME yes));
        sleep 0.05;
    }

    is(join(', ', @got), join(', ', ('200 first') x 12), 'all are first');
};


sub _write {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}


# --- 3. a server that hangs up on a command that is kept for it

subtest 'a server that hangs up on a release still serves the others' => sub {
    my $fake = keeper(sub {
        my ($ask, $usual) = @_;

        return uc $ask->{argv}[0] eq 'EVAL' ? 'CLOSE' : $usual->();
    });

    server('redis://127.0.0.1:' . $fake->port, "location /hook { $proxy }");

    is(result('/hook?status=500', 'failed'), '500 first', 'a failure');

    # it is tried a few times

    sleep 1 * $SLOW;

    my %late;

    $late{ result('/hook', "late $_") }++, sleep 0.02 for 1 .. 30;

    is($late{'200 first'}, 30, 'and none is refused after a second')
        or diag(join ', ', map { "$_: $late{$_}" } sort keys %late);
    cmp_ok(scalar(() = $nginx->log =~ /is down/g), '<=', 5,
           'the log does not fill');

    my @releases = grep { uc $_->{argv}[0] eq 'EVAL' } $fake->commands;

    cmp_ok(scalar @releases, '<=', 5, 'nor is the server asked for ever');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


# --- 4. a reply that is lost, and silence after it

subtest 'a claim whose replies are lost does not stand in the way' => sub {
    my (undef, $well) = File::Temp::tempfile('wv-well-XXXXXX', TMPDIR => 1);

    unlink $well;

    my $claims = 0;
    my $fake = keeper(sub {
        my ($ask, $usual) = @_;

        if (WebhookVerify::FakeRedis::is_claim($ask) && ++$claims == 2) {
            $usual->();
            return 'CLOSE';
        }

        return if uc $ask->{argv}[0] eq 'GET' && !-e $well;
        return $usual->();
    });

    server('redis://127.0.0.1:' . $fake->port, <<"_EOC_");
        webhook_verify_lease         30s;
        webhook_verify_store_timeout ${\ int(300 * $SLOW) }ms;

        location /hook {
            $proxy
        }
_EOC_

    is(result('/hook', 'before'), '200 first', 'a first over the connection');
    is(result('/hook', 'lost'), '503 store_error', 'the reply is lost');
    is($app->count, 1, 'the application did not see it');

    my @commands = $fake->commands;
    my ($claim) = reverse grep { WebhookVerify::FakeRedis::is_claim($_) }
                          @commands;
    my @asked = map { uc $_->{argv}[0] }
                grep { ($_->{argv}[1] // '') eq $claim->{argv}[1] } @commands;

    is("@asked[0 .. 2]", 'SET SET GET', 'asked again, and whose it is');

    _write($well, "\n");

    my $r;

    WebhookVerify::Process->wait_for(4 * $SLOW, sub {
        $r = result('/hook', 'lost');
        return $r eq '200 first';
    });

    is($r, '200 first', 'the retry is delivered, long before the lease is over');
    is(result('/hook', 'lost'), '200 duplicate', 'and is done then');
    is($app->count, 2, 'the application saw it once');
    unlink $well;
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


# --- 5. a server that says more than it was asked

subtest 'a server that says more than PONG is not trusted' => sub {
    my $fake = keeper(sub {
        my ($ask, $usual) = @_;

        return $usual->() if uc $ask->{argv}[0] ne 'PING';
        return "+PONG\r\n+OK\r\n";
    });

    server('redis://127.0.0.1:' . $fake->port, "location /hook { $proxy }");

    my @got;

    for (1 .. 6) {
        push @got, result('/hook', 'twice');
        sleep 0.1;
    }

    is(join(', ', @got), join(', ', ('503 store_error') x 6), 'a store error');
    is($app->count, 0, 'the application saw no duplicate, nor a first');
    like($nginx->log, qr/\[error\].*is down/, 'the log says so');
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
};


# --- 6. the end of a worker that has something left to say

for my $end ('QUIT', 'HUP') {
    for my $dead ('is gone', 'hangs', 'hangs up') {
        subtest "$end while a release is kept for a server that $dead" => sub {
            my $redis;

            if ($dead ne 'hangs up') {
                $redis = WebhookVerify::Redis->start;

            } else {
                my $bad = 0;

                $redis = keeper(sub {
                    my ($ask, $usual) = @_;

                    $bad ||= uc $ask->{argv}[0] eq 'EVAL';
                    return $bad ? 'CLOSE' : $usual->();
                });
            }

            server('redis://127.0.0.1:' . $redis->port, <<"_EOC_",
        webhook_verify_lease         20s;
        webhook_verify_store_timeout 500ms;

        location /hook {
            $proxy
        }
_EOC_
                main => 'worker_shutdown_timeout 1s;');

            my $c = deliver('/hook?hold=1&status=500', 'kept');

            is(scalar $app->seen_at_least(1), 1, 'one is being done');

            $redis->stop if $dead eq 'is gone';
            $redis->freeze if $dead eq 'hangs';
            $app->release;

            is(said($c), '500 first', 'it fails, and is to be released');
            sleep 0.2;

            my $began = time;

            if ($end eq 'HUP') {
                ok($nginx->hup, 'reloaded');
                WebhookVerify::Process->wait_for(10, sub { !$nginx->leaving });
                is(scalar($nginx->leaving), 0, 'the old worker goes');
                cmp_ok(time - $began, '<', 4, 'in time');
            }

            ok($nginx->stop('QUIT', 10), 'nginx ends by itself');
            cmp_ok(time - $began, '<', 4, 'in time') if $end eq 'QUIT';
            is($nginx->complaints, '', 'nothing bad in the log');
        };
    }
}


done_testing();
