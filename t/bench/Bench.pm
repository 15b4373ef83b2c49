# What the programs of t/bench share: sets of signed requests, the servers, and
# one run of wrk with what it cost the gate. In a network of its own, so ports
# are fixed; t/bench/run sees to that.

package Bench;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex);
use IO::Socket::INET;
use List::Util qw(max sum);
use POSIX ();
use Time::HiRes qw(sleep time);

our $SECRET = 'whsec_bench_0123456789abcdef0123456789abcdef';

our ($GATE, $APP, $REDIS) = (9001, 9002, 9003);

my $asked;                              # how often, of the application

our @under;                             # what a gate is run by

our $dir = $ENV{BENCH_DIR} // die "start this with t/bench/run\n";

my $nginx = $ENV{TEST_NGINX_BINARY};
my $so = $ENV{BENCH_MODULE} // "$ENV{PWD}/build/ngx_http_webhook_verify_module.so";

# the gate has the first core for itself, all else is on the last one

my ($allowed) = `grep Cpus_allowed_list /proc/self/status` =~ /(\d\S*)/;
my @cores = map { /(\d+)-(\d+)/ ? ($1 .. $2) : $_ } split /,/, $allowed;
my @pids;

END { local $?; kill 'KILL', @pids if @pids }


# sets

my @words = ('the', 'quick', 'meeting', 'starts', 'at', 'nine', 'caf\u00e9',
             'we', 'should', '\"quote\"', 'ship', 'it', 'tomorrow', 'because',
             "na\xc3\xafve", 'customers', 'asked', 'for', 'a', 'transcript');

my %set;


# { file, length, count }: a transcript of that many bytes, its job_id the
# second member or the last one; "forged" is signed with another secret,
# "unsigned" has no signature

sub set {
    my ($size, $count, $where, $kind) = @_;

    my $name = "$size-$where-$kind-$count";

    return $set{$name} //= write_set("$dir/$name", $size, $count, $where,
                                     $kind);
}


sub write_set {
    my ($file, $size, $count, $where, $kind) = @_;

    my @templates = map { template($size, $where, $_) } 1 .. 16;
    my $secret = $kind eq 'forged' ? 'another' : $SECRET;
    my $length;

    open my $out, '>:raw', $file or die "$file: $!\n";

    for my $n (1 .. $count) {
        my $body = $templates[$n % @templates];
        my $id = sprintf '%08x-8f1b-4c05-a3d2-%012x', $n, $n * 7919;

        $body =~ s/#{36}/$id/;

        my $request = join "\r\n",
            'POST /hook HTTP/1.1', 'Host: hooks.example.com',
            'User-Agent: transcripts-webhook/1.0', 'Accept: */*',
            'Content-Type: application/json',
            'Content-Length: ' . length $body,
            $kind eq 'unsigned' ? ()
                : 'X-Signature: ' . hmac_sha256_hex($body, $secret),
            '', $body;

        print $out $request;
        $length //= length $request;
    }

    close $out or die "$file: $!\n";

    return { file => $file, length => $length, count => $count };
}


sub template {
    my ($size, $where, $seed) = @_;

    my $id = '"job_id":"' . '#' x 36 . '"';
    my $head = '{"event":"transcript.completed",'
               . ($where eq 'first' ? "$id," : '')
               . '"created_at":"2026-01-15T09:30:00Z","duration":1834.27,';
    my $tail = $where eq 'last' ? "],$id}" : ']}';

    my $left = $size - length($head . $tail . '"text":"","words":[');
    my $words = '';
    my $at = 0.1;

    for (my $i = $seed; ; $i++) {
        my $word = sprintf '%s{"text":"%s","start":%.2f,"end":%.2f,'
                           . '"confidence":0.%02d,"speaker":"%s"}',
                           $words ? ',' : '', $words[$i * 7 % @words], $at,
                           $at + 0.31, $i * 37 % 100, $i % 3 ? 'A' : 'B';

        last if length($words) + length($word) > $left * 4 / 5;

        $words .= $word;
        $at += 0.4;
    }

    my $text = '';

    for (my $i = $seed; length $text < $left - length($words) - 12; $i++) {
        $text .= $words[$i * 11 % @words] . ' ';
    }

    $text .= '.' x ($left - length($words) - length $text);

    return qq($head"text":"$text","words":[$words$tail);
}


# servers

sub spawn {
    my ($core, @command) = @_;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        @pids = ();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$dir/log";
        open STDERR, '>>', "$dir/log";
        unshift @command, 'taskset', '-c', $core if @cores > 1;
        exec @command or POSIX::_exit(127);
    }

    push @pids, $pid;

    return $pid;
}


sub end {
    my ($pid) = @_;

    for (0 .. 2000) {
        kill 'TERM', $pid if $_ % 100 == 0;     # valgrind may miss one

        if (waitpid($pid, POSIX::WNOHANG()) == $pid) {
            @pids = grep { $_ != $pid } @pids;
            return;
        }

        sleep 0.01;
    }

    die "a server does not end, see build/bench.log\n";
}


sub connected {
    my ($port) = @_;

    for (1 .. 2000) {
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
        return $s if $s;
        sleep 0.01;
    }

    die "nothing listens on $port, see build/bench.log\n";
}


my %location = (
    floor  => 'proxy_pass http://app;',
    floor0 => 'return 200 "ok";',
    zone   => 'webhook_verify_store zone=bench:SIZE; proxy_pass http://app;',
    redis  => "webhook_verify_store redis://127.0.0.1:$REDIS;"
              . 'proxy_pass http://app;',
);


# of a gate, one process; options: secret, store, size, location, fill

sub gate {
    my ($peer, %o) = @_;

    my $location = $o{location} // $location{$peer};
    my $size = $o{size} // '64m';
    my ($load, $verify, $fill) = ('', '', '');

    $location =~ s/SIZE/$size/;

    if ($peer !~ /^floor/) {
        my $secret = $o{secret} // $SECRET;

        $load = "load_module $so;";
        $fill = 'webhook_verify_id $http_x_event;' if $o{fill};
        $verify = <<"_EOC_";
        webhook_verify           hmac;
        webhook_verify_secret    $secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /job_id;
        webhook_verify_scope     bench;

        # thousands of connections begin at once, and may do so where others
        # have a share of the machine
        webhook_verify_store_timeout 5s;
_EOC_
    }

    return nginx($load, 0, <<"_EOC_");
    upstream app {
        server             127.0.0.1:$APP;
        keepalive          12000;
        keepalive_requests 100000000;
    }

    server {
        listen 127.0.0.1:$GATE backlog=16384;

        proxy_http_version 1.1;
        proxy_set_header   Connection "";
        proxy_read_timeout 300s;
$verify
        location /hook {
            $location
        }

        location /fill {
            $fill
            $location
        }
    }
_EOC_
}


# the application: it counts what reaches it

sub app {
    $asked = 0;

    return nginx('', -1, <<"_EOC_", 'app');
    server {
        listen 127.0.0.1:$APP backlog=16384;

        location = /count {
            stub_status;
        }

        location / {
            return 200 "ok";
        }
    }
_EOC_
}


sub nginx {
    my ($load, $core, $http, $name) = @_;

    $name //= 'gate';

    mkdir "$dir/$name";

    open my $out, '>', "$dir/$name/conf" or die "$dir/$name/conf: $!\n";
    print $out <<"_EOC_";
$load
daemon               off;
master_process       off;
worker_rlimit_nofile 20000;
pid                  $dir/$name/pid;
error_log            $dir/log warn;

events {
    worker_connections 32768;
}

http {
    access_log              off;
    default_type            text/plain;
    client_body_temp_path   $dir/$name/body;
    proxy_temp_path         $dir/$name/proxy;
    fastcgi_temp_path       $dir/$name/fastcgi;
    uwsgi_temp_path         $dir/$name/uwsgi;
    scgi_temp_path          $dir/$name/scgi;
    keepalive_requests      100000000;
    client_body_buffer_size 128k;

$http
}
_EOC_
    close $out;

    my $pid = spawn($cores[$core < 0 ? -1 : 0],
                    $name eq 'gate' ? @under : (), $nginx, '-c',
                    "$dir/$name/conf");

    connected($name eq 'app' ? $APP : $GATE);

    return $pid;
}


sub redis {
    my $pid = spawn($cores[-1], 'redis-server', '--port', $REDIS, '--bind',
                    '127.0.0.1', '--save', '', '--dir', $dir, '--loglevel',
                    'warning', '--enable-debug-command', 'yes');
    connected($REDIS);

    return $pid;
}


sub redis_ask {
    my ($command) = @_;

    my $s = connected($REDIS);
    my ($reply, $rest) = ('');

    print $s "$command\r\n";
    $rest = <$s>;

    if ($rest =~ /^\$(\d+)/) {
        read $s, $reply, $1;
    }

    return $reply || $rest;
}


sub redis_commands {
    my $n = 0;

    for (redis_ask('INFO commandstats') =~ /^cmdstat_(?:set|get|eval\S*|del):calls=(\d+)/mg) {
        $n += $_;
    }

    return $n;
}


sub redis_memory {
    return redis_ask('INFO memory') =~ /^used_memory:(\d+)/m ? $1 : die;
}


# requests that reached the application, ours for the count left out

sub reached {
    my $s = connected($APP);

    $asked++;

    print $s "GET /count HTTP/1.0\r\n\r\n";

    local $/;
    return <$s> =~ /requests\s+\d+ \d+ (\d+)/ ? $1 - $asked
                                              : die "no count\n";
}


# both counts, when they no longer change

sub settled {
    my ($redis) = @_;

    my ($before, $same, @now) = ('', 0);

    for (1 .. 200) {
        @now = (reached(), $redis ? redis_commands() : 0);
        $same = $before eq "@now" ? $same + 1 : 0;
        return @now if $same == 4;

        $before = "@now";
        sleep 0.05;
    }

    die "requests arrive though nobody sends any\n";
}


# of a set, on one connection, n events or one of them n times; the answers'
# status lines

sub deliver {
    my ($set, $first, $n, $again) = @_;

    my $s = connected($GATE);
    my @status;

    open my $in, '<:raw', $set->{file} or die "$set->{file}: $!\n";
    seek $in, $first * $set->{length}, 0;

    for (1 .. $n) {
        read $in, my $request, $set->{length};
        print $s $request;

        seek $in, $first * $set->{length}, 0 if $again;

        my $answer = '';

        while ($answer !~ /\r\n\r\n/) {
            sysread $s, $answer, 4096, length $answer or die "no answer\n";
        }

        my ($head, $body) = split /\r\n\r\n/, $answer, 2;
        my ($length) = $head =~ /Content-Length: (\d+)/i;

        while (length $body < $length) {
            sysread $s, $body, 4096, length $body or die "no answer\n";
        }

        push @status, substr $head, 9, 3;
    }

    return @status;
}


# memory of a process that is not shared, in bytes

sub anonymous {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/status" or die "$pid is gone\n";
    return join('', <$in>) =~ /^RssAnon:\s+(\d+) kB/m ? $1 * 1024 : die;
}


# connections that wait to be accepted

sub queued {
    my ($port) = @_;

    my $address = sprintf '0100007F:%04X', $port;

    open my $in, '<', '/proc/net/tcp' or die;

    for (<$in>) {
        return hex $1 if /^\s*\d+: $address \S+ 0A \w+:(\w+)/;
    }

    die "nothing listens on $port\n";
}


sub wait_queued {
    my ($port, $n) = @_;

    for (1 .. 2000) {
        return if queued($port) >= $n;
        sleep 0.01;
    }

    die queued($port) . " of $n are in flight\n";
}


# us from asking Redis to its answer, with nothing else to do

sub round_trip {
    my $redis = redis();

    my ($names, $values) = grep { /,/ }
        `taskset -c $cores[0] redis-benchmark -p $REDIS -c 1 -n 10000 -t set --csv`;
    end($redis);

    my %v;
    @v{$names =~ /"([^"]*)"/g} = $values =~ /"([^"]*)"/g;

    return $v{p50_latency_ms} * 1000;
}


# ns that a process has had of a core, and ticks that all have had

sub cpu {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/schedstat" or die "$pid is gone\n";
    return (split ' ', <$in>)[0];
}


sub machine_cpu {
    open my $in, '<', '/proc/stat' or die;
    my @t = split ' ', <$in>;
    return { used => $t[1] + $t[2] + $t[3] + $t[6] + $t[7], steal => $t[8] };
}


# one run: what wrk counted, and what the gate's process took

sub run {
    my ($gate, $set, %o) = @_;

    my ($reached, $commands) = settled($o{redis});
    my @pids = grep { defined } $gate, @o{qw(app redis)};
    my $ours = sum(map { cpu($_) } @pids);
    my $machine = machine_cpu();
    my $cpu = cpu($gate);
    my $wrk = (times)[2] + (times)[3];
    my $start = time;

    local %ENV = (%ENV, SET => $set->{file}, LENGTH => $set->{length},
                  COUNT => $set->{count}, START => $o{start} // 0,
                  AGAIN => $o{again} // 0,
                  $o{fill} ? (FILL => $o{fill}) : ());

    my @pin = @cores > 1 ? ('taskset', '-c', $cores[-1]) : ();

    open my $in, '-|', @pin, 'wrk', '-t1', '-c' . ($o{connections} // 64),
         '-d' . ($o{seconds} // 1) . 's', '--timeout', '10s', '-s',
         't/bench/load.lua', "http://127.0.0.1:$GATE/hook"
        or die "wrk: $!\n";

    my $out = do { local $/; <$in> };
    close $in;

    my ($result) = $out =~ /^RESULT (.*)/m or die "wrk said: $out\n";
    my %r = map { split /=/ } split ' ', $result;

    my @settled = settled($o{redis});
    my $took = time - $start;
    my $after = machine_cpu();
    my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

    $r{reached} = $settled[0] - $reached;
    $r{cpu} = (cpu($gate) - $cpu) / 1000
              / (max($r{requests}, $r{reached}) || 1);
    $r{rate} = $r{requests} / ($r{us} || 1) * 1e6;
    $r{commands} = $settled[1] - $commands;
    $r{steal} = ($after->{steal} - $machine->{steal}) / $ticks / $took * 100;
    $r{others} = (($after->{used} - $machine->{used}) / $ticks
                  - (sum(map { cpu($_) } @pids) - $ours) / 1e9
                  - ((times)[2] + (times)[3] - $wrk)) / $took * 100;

    return \%r;
}


# what is wrong with a run of distinct good events, "first", or of others

sub wrong {
    my ($load, $peer, $r) = @_;

    my @wrong;

    push @wrong, "$r->{broken} connections broken" if $r->{broken};
    push @wrong, 'no answers' unless $r->{requests};

    my $refused = $load =~ /forged|unsigned/ && $peer ne 'floor0'
                  ? $r->{requests} : 0;

    push @wrong, "$r->{refused} answers are errors, not $refused"
        unless $r->{refused} == $refused;

    return @wrong if $peer eq 'floor0';

    # wrk leaves what is in flight

    my ($least, $most) = $load =~ /forged|unsigned|duplicate/ ? (0, 0)
                         : ($r->{requests}, $r->{handed});

    push @wrong, "$r->{reached} reached the application, not $least to $most"
        if $r->{reached} < $least || $r->{reached} > $most;

    if ($peer eq 'redis') {
        ($least, $most) = $load =~ /forged|unsigned/ ? (0, 0)
                          : (2 * $r->{requests}, 2 * $r->{handed});

        push @wrong, "$r->{commands} commands for $r->{requests} deliveries"
            if $r->{commands} < $least || $r->{commands} > $most;
    }

    return @wrong;
}


# text

sub median {
    my @v = sort { $a <=> $b } @_;

    return $#v % 2 ? ($v[$#v / 2] + $v[$#v / 2 + 1]) / 2 : $v[$#v / 2];
}


# the median, and the quarters around it

sub spread {
    my ($format, @v) = @_;

    @v = sort { $a <=> $b } @v;

    return sprintf $format, $v[0] if @v == 1;
    return sprintf "$format (%s-%s)", median(@v),
        map { sprintf $format, $v[$_ * $#v + 0.5] } 0.25, 0.75;
}


sub machine {
    open my $in, '<', '/proc/cpuinfo' or die;
    my ($model) = join('', <$in>) =~ /^model name\s*:\s*(.*)/m;

    chomp(my ($openssl) = `openssl version`);
    my ($kernel) = (POSIX::uname())[2];
    my ($n) = `$nginx -v 2>&1` =~ /nginx\/([\d.]+)/;
    my ($redis) = `redis-server --version` =~ /v=([\d.]+)/;
    my ($wrk) = `wrk -v 2>&1` =~ /wrk (\S+)/;

    return { date => POSIX::strftime('%Y-%m-%d', gmtime),
             cpu => $model // 'unknown', cores => scalar @cores, kernel => $kernel,
             nginx => $n, redis => $redis, wrk => $wrk,
             openssl => (split ' ', $openssl)[1] };
}


1;
