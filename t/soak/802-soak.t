# Many deliveries of all kinds, while Redis restarts twice: what the workers hold
# at the end (memory, descriptors, connections, keys of the zone) is what they
# held at the beginning.
#
#   SOAK=200000 t/tools/prove t/soak/802-soak.t

use strict;
use warnings;

use lib 't/lib';
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;
use WebhookVerify::Sign qw(signature);

my $SOAK = $ENV{SOAK} || 200_000;
my $WORKERS = 2;
my $LOADERS = 3;
my $KEYS = 8000;            # of events, which come again and again
my $ROOM = 7700;
my $GROWTH = 1024;          # kB of a worker's memory that are no leak

my $redis = WebhookVerify::Redis->start('--loglevel', 'warning');


# in nginx itself: the gate is to be the bottleneck

my $nginx = WebhookVerify::Server->new(
    workers => $WORKERS, connections => 512, log_level => 'warn',
    http => <<'_EOC_',
    access_log off;
    keepalive_requests 100000;
    client_body_buffer_size 2k;
    client_max_body_size 16k;

    server {
        listen 127.0.0.1:APP;
        access_log off;
        location / { return 200 ok; }
        location /fails/ { return 500; }
        location /slow/ { limit_rate 10; return 200 0123456789; }
    }
_EOC_
    config => <<"_EOC_",
        access_log off;

        location = /stub { webhook_verify off; stub_status; }

        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        webhook_verify_lease     1s;
        webhook_verify_window    2s;
        proxy_set_header         Connection "";
        proxy_http_version       1.1;

        location /zone/ {
            webhook_verify_store zone=soak:1m;
            proxy_pass http://127.0.0.1:APP/;
        }

        # the same zone, where nothing goes by itself

        location /keep/ {
            webhook_verify_store  zone=soak;
            webhook_verify_window 1h;
            proxy_pass http://127.0.0.1:APP/;
        }

        location /redis/ {
            webhook_verify_store redis://127.0.0.1:${\ $redis->port };
            webhook_verify_store_timeout 300ms;
            proxy_pass http://127.0.0.1:APP/;
        }
_EOC_
);

my $app = WebhookVerify::Process->free_port;

s/APP/$app/g for @$nginx{qw(http config)};

$nginx->start;


# --- what comes, made once

sub request {
    my ($path, $body, %o) = @_;

    my $sig = $o{sig} // signature($body);
    my $length = $o{length} // length $body;

    return "POST $path HTTP/1.1\r\nHost: localhost\r\n"
           . "X-Signature: $sig\r\nContent-Length: $length\r\n\r\n$body";
}


# kind of delivery, its share in percent

my @mix = (
    [ good => 50 ], [ forged => 14 ], [ unsigned => 5 ], [ fails => 8 ],
    [ file => 8 ], [ aborted => 7 ], [ partial => 4 ], [ oversized => 4 ],
);

my $large = 'x' x 6000;


sub prepare {
    my ($store, $salt) = @_;

    my %of;

    for my $n (1 .. $KEYS / 8) {
        my $body = qq({"n":"$salt-$n","event":"job.done"});

        push @{ $of{good} }, request("/$store/", $body);
        push @{ $of{forged} }, request("/$store/", $body, sig => 'f' x 64);
        push @{ $of{unsigned} }, request("/$store/", $body, sig => '');
        push @{ $of{fails} }, request("/$store/fails/", qq({"n":"$salt-f$n"}));
        push @{ $of{aborted} }, request("/$store/slow/", qq({"n":"$salt-a$n"}));
        push @{ $of{partial} }, request("/$store/", $body, length => 4000);
        push @{ $of{oversized} }, request("/$store/", $body, length => 20000);
        push @{ $of{file} }, request("/$store/", qq({"n":"$salt-l$n","x":"$large"}))
            if $n <= 200;
    }

    return \%of;
}


# one request after the other over a connection that is kept; counts statuses

sub loader {
    my ($out, $count, $salt) = @_;

    srand $salt;

    my %of = map { $_ => prepare($_, $salt) } qw(zone redis);
    my @plan = map { ($_->[0]) x $_->[1] } @mix;
    my ($socket, %got);

    local $SIG{PIPE} = 'IGNORE';

    for (1 .. $count) {
        my $kind = $plan[rand @plan];
        my $list = $of{ rand() < 0.5 ? 'zone' : 'redis' }{$kind};
        my $bytes = $list->[rand @$list];

        if (!$socket) {
            $socket = connection() or sleep(0.05), next;
        }

        syswrite $socket, $bytes;

        if ($kind eq 'aborted' || $kind eq 'partial') {
            setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
            sleep 0.001 * rand 5;
            close $socket;
            undef $socket;
            $got{$kind}++;
            next;
        }

        my ($status, $result) = answer($socket);

        $got{"$kind $status"}++;
        $got{"as $result"}++ if $result;

        if (!$status || $kind eq 'oversized') {
            close $socket;
            undef $socket;
        }
    }

    print $out map { "$_=$got{$_}\n" } keys %got;
    close $out;
}


sub connection {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', Proto => 'tcp',
        PeerPort => $nginx->port, Timeout => 2);
}


sub answer {
    my ($socket) = @_;

    my $buffer = '';

    while (sysread $socket, $buffer, 4096, length $buffer) {
        my $end = index $buffer, "\r\n\r\n";

        next if $end < 0;

        my ($length) = $buffer =~ /^content-length: (\d+)/im;

        if (!defined $length) {
            next if $buffer !~ /0\r\n\r\n\z/;

        } elsif (length $buffer < $end + 4 + $length) {
            next;
        }

        return (substr($buffer, 9, 3), $buffer =~ /^x-result: (\w+)/im);
    }

    return 0;
}


sub load {
    my ($count, $salt, $meanwhile) = @_;

    my (@in, %got);

    for my $i (1 .. $LOADERS) {
        pipe my $in, my $out or die $!;
        push @in, $in;

        WebhookVerify::Process->run(sub {
            close $in;
            loader($out, int($count / $LOADERS), "$salt$i");
        });

        close $out;
    }

    $meanwhile->() if $meanwhile;

    for my $in (@in) {
        while (<$in>) {
            chomp;
            my ($what, $n) = split /=/;
            $got{$what} += $n;
        }
    }

    return \%got;
}


# --- what nginx holds

sub stub {
    my $client = WebhookVerify::Client->new($nginx->port, method => 'GET',
                                            path => '/stub');
    my $body = $client->send->wait(3)->{body};
    my %stub = $body =~ /(Active connections|Reading|Writing|Waiting): (\d+)/g;

    return \%stub;
}


sub held {
    my %held;

    for my $pid ($nginx->workers) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or die "$pid: $!";

        # what is shared is the zone and the binary

        while (<$in>) {
            $held{$pid}{memory} += $1
                if /^(?:Private_Dirty|Private_Clean):\s+(\d+) kB/;
        }

        my @fds = map { readlink $_ } glob "/proc/$pid/fd/*";

        $held{$pid}{fds} = grep { defined && !/pipe:/ } @fds;
    }

    my $stub = stub();

    $held{active} = $stub->{'Active connections'};
    $held{writing} = $stub->{Writing};

    return \%held;
}


# idle, as far as it gets: leases and windows are over, connections closed

sub settled {
    sleep 3;

    WebhookVerify::Process->wait_for(15, sub {
        my $stub = stub();
        return $stub->{'Active connections'} == 1 && $stub->{Writing} == 1;
    });

    return held();
}


my $warm = load($SOAK / 10 < 20000 ? $SOAK / 10 : 20000, 1);

note join ', ', map { "$_: $warm->{$_}" } sort keys %$warm;

my $before = settled();
my @workers = $nginx->workers;
my $began = time;
my %got;

for my $part (1 .. 3) {

    # Redis goes in the middle of the load and comes back

    my $got = load($SOAK / 3, $part + 1, $part == 1 ? undef : sub {
        sleep 1;
        $redis->stop;
        sleep 1;
        $redis->launch;
    });

    $got{$_} += $got->{$_} for keys %$got;
}

my $took = time - $began;
my $sum = 0;

$sum += $got{$_} for grep { !/^as / } keys %got;

note sprintf '%d deliveries in %.0f s (%.0f/s)', $sum, $took, $sum / $took;
note sprintf '  %-16s %7d', $_, $got{$_} for sort keys %got;

my $after = settled();

cmp_ok($sum, '>=', $SOAK * 0.98, "$sum deliveries");
is(join(' ', $nginx->workers), "@workers", 'the workers live');

my $wrong = join ', ', map { "$_: $got{$_}" } grep {
    /^(?:forged|unsigned) / && !/401|^\w+ 0$/ || /^fails 2/ || /^oversized [^4]/
} sort keys %got;

is($wrong, '', 'nothing forged was accepted');
for ('as first', 'as duplicate', 'forged 401', 'aborted', 'partial',
     'oversized 413', 'file 200', 'as store_error')
{
    cmp_ok($got{$_} // 0, '>', $SOAK / 2000, "$_: " . ($got{$_} // 0));
}

for my $pid (@workers) {
    my ($was, $is) = map { $_->{$pid} } $before, $after;

    cmp_ok($is->{memory}, '<=', $was->{memory} + $GROWTH,
           "memory of $pid: $was->{memory} kB, then $is->{memory} kB");
    cmp_ok($is->{fds}, '<=', $was->{fds} + 1,
           "descriptors of $pid: $was->{fds}, then $is->{fds}");
}

is($after->{active}, 1, 'active connections: this one');
is($after->{writing}, 1, 'writing: this one');
is(scalar($redis->keys), 0, 'no key of Redis outlives its window');

my ($clients) = $redis->cmd('INFO', 'clients') =~ /connected_clients:(\d+)/;

cmp_ok($clients, '<=', 1 + $WORKERS, "connections to Redis: $clients");

# documents promise some 8000 events a megabyte, so all of them must be free

my $socket = connection();
my $kept = 0;

$nginx->new_log;

for my $n (1 .. $ROOM) {
    syswrite $socket, request('/keep/', qq({"n":"keep-$n"}));
    $kept++ if (answer($socket))[0] eq '200';
}

is($kept, $ROOM, "the zone takes $ROOM new events");
unlike($nginx->new_log, qr/zone "soak" is full/, 'and has room for them');

is(join('', $nginx->complaints), '', 'nothing bad in the log');
ok($nginx->stop, 'nginx ends by itself');
unlike($nginx->log, qr/open socket/, 'no open socket is left');

done_testing();
