# The n-th allocation fails, for every n until none does: never accepted by
# mistake, never a crash, never a claim that outlives its lease.
#
# "make faults" runs this in an nginx whose every ngx_palloc() is a malloc();
# elsewhere a pool asks for memory seldom, and so there is less to fail.

use strict;
use warnings;

use lib 't/lib', 't/faults';
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use Faults;
use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

$SIG{PIPE} = 'IGNORE';

my $dir = "$ENV{PWD}/build/faults";
my $LEASE = 0.6;
my $VERBOSE = $ENV{FAULTS_VERBOSE};


sub contains {
    my ($file, $text) = @_;

    open my $in, '<:raw', $file or return;
    local $/;

    return index(scalar <$in>, $text) >= 0;
}


plan skip_all => 'the sanitizer has the allocator'
    if contains($WebhookVerify::Server::Binary, '__asan_init');

system 't/faults/build' and BAIL_OUT('t/faults/build failed');

my $faults = Faults->new($dir);
my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;
my ($nginx, $worker, $serial);


my $http = <<"_EOC_";
    webhook_verify_json_set \$event /event;
    webhook_verify_json_set \$job   /data/id;

    map \$arg_tenant \$tenant_secret {
        default  "";
        one      secret;
    }

    map \$http_upgrade \$nothing {
        default  "";
    }

    log_format hook '\$status \$webhook_verify_result \$webhook_verify_id '
                    '\$webhook_verify_key \$webhook_verify_secret_index '
                    '\$webhook_verify_timestamp \$webhook_verify_provider '
                    '\$event \$job \$webhook_verify_store_time';

    webhook_verify_lease         ${\ ($LEASE * 1000)}ms;
    webhook_verify_store         STORE;
    webhook_verify_store_timeout 300ms;
    webhook_verify_window        1h;
    webhook_verify_history       5;
_EOC_

my $config = <<'_EOC_';
        access_log DIR/access.log hook;

        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature $http_x_signature;
        webhook_verify_scope     faults;
        webhook_verify_id        /n;

        client_max_body_size     200k;
        proxy_set_header         X-Event $event$job;

        location / {
            proxy_pass http://127.0.0.1:APP;
        }

        location /compound {
            webhook_verify_id $http_x_none;
            webhook_verify_id /event /data/id $webhook_verify_provider /n;
            proxy_pass http://127.0.0.1:APP;
        }

        location /body {
            webhook_verify_id $arg_none;
            proxy_pass http://127.0.0.1:APP;
        }

        location /tenant {
            webhook_verify_secret $tenant_secret;
            webhook_verify_secret $arg_other encoding=base64;
            webhook_verify_scope  $arg_tenant;
            proxy_pass http://127.0.0.1:APP;
        }

        location /file {
            client_body_in_file_only on;
            proxy_pass http://127.0.0.1:APP;
        }

        location /buffers {
            client_body_buffer_size 4k;
            proxy_pass http://127.0.0.1:APP;
        }

        location /template {
            webhook_verify_secret    old;
            webhook_verify_secret    secret;
            webhook_verify_signature $http_x_signature prefix=v1= separator=,;
            webhook_verify_signed    "$webhook_verify_timestamp.$request_body.$event";
            webhook_verify_timestamp $http_x_time tolerance=off;
            proxy_pass http://127.0.0.1:APP;
        }

        location = /status  { webhook_verify_status; }
        location = /metrics { webhook_verify_status prometheus; }
        location = /page    { webhook_verify_status html; }

        location /slack {
            webhook_verify           slack;
            webhook_verify_signature $http_x_signature prefix=v0=;
            webhook_verify_signed    $request_body;
            webhook_verify_timestamp $http_x_time tolerance=off;
            webhook_verify_challenge on;
            proxy_pass http://127.0.0.1:APP;
        }
_EOC_

my $filler = 'x' x 20000;


sub body {
    my ($n, $more) = @_;

    return qq({"event":"job.d\\u006fne","data":{"id":17},"n":"$n"$more});
}


# name => [path, what a delivery is, options]; "first" is a new event each time

my @scenarios = (
    [ 'first',            '/hook', 'first' ],
    [ 'duplicate',        '/hook', 'duplicate' ],
    [ 'forged',           '/hook', 'forged' ],
    [ 'unsigned',         '/hook', 'forged', sig => '' ],
    [ 'in flight',        '/hook', 'in flight' ],
    [ 'failing upstream', '/hook?status=500', 'failing' ],
    [ 'compound id',      '/compound', 'first' ],
    [ 'body as the id',   '/body', 'first' ],
    [ 'variable secret',  '/tenant?tenant=one', 'first' ],
    [ 'empty secret',     '/tenant?tenant=two', 'forged', sig => 'key=' ],
    [ 'temporary file',   '/file', 'first', more => qq(,"f":"$filler") ],
    [ 'forged file',      '/file', 'forged', more => qq(,"f":"$filler") ],
    [ 'spilled body',     '/buffers', 'first', more => qq(,"f":"$filler") ],
    [ 'chunked body',     '/hook', 'first', chunked => 1 ],
    [ 'template',         '/template', 'first', template => 1 ],
    [ 'forged template',  '/template', 'forged', template => 1 ],
    [ 'handshake',        '/slack', 'handshake' ],
    [ 'status',           '/status', 'status', ends => '}' ],
    [ 'metrics',          '/metrics', 'status', ends => '' ],
    [ 'status page',      '/page', 'status', ends => '</html>' ],
    [ 'new connection to Redis', '/hook', 'first', store => 'redis', cut => 1 ],
    [ 'new worker',       '/hook', 'first', store => 'zone', fresh => 1,
                              most => 150, once => 1 ],
);


sub start {
    my ($store) = @_;

    my $http = $http;
    my $port = $app->port;

    $http =~ s/STORE/$store/;

    my $server = WebhookVerify::Server->new(http => $http);
    (my $text = $config) =~ s/APP/$port/g;
    $text =~ s/DIR/$server->dir/ge;

    $server->{config} = $text;

    local %ENV = (%ENV, $faults->environment);

    return $server->start;
}


sub delivery {
    my ($n, $path, $kind, %o) = @_;

    my $body = body($n, $o{more} // '');
    my %option = (path => $path);

    if ($kind eq 'status') {
        return WebhookVerify::Client->new($nginx->port, path => $path,
                                          method => 'GET', body => '')->send;
    }

    if ($kind eq 'handshake') {
        $body = '{"type":"url_verification","challenge":"ch4ll3ng3"}';
        %option = (%option, prefix => 'v0=', headers => [ 'X-Time: 1' ]);

    } elsif ($kind eq 'forged') {
        $option{sig} = !defined $o{sig} ? 'f' x 64
                     : $o{sig} eq 'key='
                       ? WebhookVerify::Sign::signature($body, key => '')
                     : $o{sig};
    }

    if ($o{template}) {
        $option{sig} = 'v1=' . ($kind eq 'forged' ? 'f' x 64
            : WebhookVerify::Sign::signature("1.$body."));
        $option{headers} = [ 'X-Time: 1' ];
    }

    my $sig = $option{sig} // WebhookVerify::Sign::signature($body, %option);

    push @{ $option{headers} }, "X-Signature: $sig" if $sig ne '';
    push @{ $option{headers} }, 'Transfer-Encoding: chunked' if $o{chunked};

    my $client = WebhookVerify::Client->new($nginx->port, %option,
                                            body => $body);
    return $client->send unless $o{chunked};

    $client->head;
    $client->chunk($_) for unpack '(a20)*', $body;

    return $client->part("0\r\n\r\n");
}


sub fds {
    my @open = glob "/proc/$worker/fd/*";

    return scalar @open;
}


# dead, or dying: its connections are closed before it is

sub crashed {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/stat" or return 1;
    my ($state, $flags) = (split ' ', (<$in> // '') =~ s/.*\)//r)[0, 6];

    return !defined $flags || $state =~ /[ZX]/ || $flags & 4;
}


sub describe {
    my ($r) = @_;

    return $r->{timeout} ? 'no answer' : $r->{closed} ? 'closed'
         : "$r->{status} " . ($r->{header}{'x-result'} // '');
}


sub seen {
    my %seen;

    for my $request ($app->seen) {
        $seen{ $request->{body} =~ /"n":"([^"]*)"/ ? $1 : '' }++;
    }

    return %seen;
}


sub scenario {
    my ($store, $forever, $name, $path, $kind, %o) = @_;

    my $round = ++$serial;
    my (%sent, %answers, @wrong, $held);
    my ($n, $quiet) = (0, 0);

    $app->reset;

    if ($kind eq 'duplicate') {
        my $r = delivery("$round", $path, $kind, %o)->wait;
        is(describe($r), '200 first', "$name: the delivery before");

    } elsif ($kind eq 'in flight') {
        $held = delivery("$round", "$path?hold=1", $kind, %o);
        $app->seen_at_least(1);
    }

    # the application has its answers in mind, so that each has its own URI

    my $uri = sub { $kind eq 'failing' ? "$path&n=$_[0]" : $path };

    while ($quiet < 2 && $n < ($o{most} // 5000)) {
        my $id = $kind =~ /^(?:duplicate|in flight)$/ ? $round : "$round-" . ++$n;

        $n++ if $id eq $round;

        if ($o{fresh}) {
            $nginx->hup;
            ($worker) = $nginx->workers;
        }

        if ($o{cut}) {
            $redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
            sleep 0.002;
        }

        $faults->arm($n, pid => $worker, forever => $forever);

        my $r = delivery($id, $uri->($id), $kind, %o)->wait(3);

        # what comes after the answer, such as the reply to a commit

        sleep($store eq 'redis' ? 0.003 : 0.001);
        $faults->disarm;

        $quiet = $faults->failed ? 0 : $quiet + 1;
        $answers{ describe($r) }++;

        my @stack = $faults->failed ? $faults->stack : ();

        $sent{$id} = { n => $n, r => $r, stack => \@stack };

        # what failed once does not fail for ever

        if ($o{fresh}) {
            my $next = describe(delivery("next-$id", $path, $kind)->wait);

            push @wrong, "n=$n: the next delivery gets $next: "
                         . $faults->where(@stack) if $next ne '200 first';
        }

        if ($r->{closed} && crashed($worker)) {
            push @wrong, "n=$n: a crash: " . $faults->where(@stack);

            my $dead = $worker;

            WebhookVerify::Process->wait_for(5, sub {
                ($worker) = $nginx->workers;
                return $worker && $worker != $dead;
            });
        }

        my $bad = $r->{timeout} ? 'no answer'
                : $kind eq 'forged' && $r->{status} =~ /^2/ ? 'forged and 2xx'
                : $kind eq 'in flight' && $r->{status} =~ /^2/ ? 'in flight and 2xx'
                : $kind eq 'failing' && $r->{status} =~ /^2/ ? 'failed and 2xx'
                : $kind eq 'first' && $r->{status} =~ /^2/
                  && describe($r) ne '200 first' ? 'never delivered and 2xx'
                : $kind eq 'handshake' && $r->{status} =~ /^2/
                  && $r->{body} ne 'ch4ll3ng3' ? 'a wrong handshake'
                : $kind eq 'status' && $r->{status} =~ /^2/
                  && $r->{body} !~ /\Q$o{ends}\E\n$/ ? 'half a status'
                : !$faults->failed && $quiet == 2 && !$o{cut}
                  && describe($r) ne {
                      first => '200 first', duplicate => '200 duplicate',
                      forged => '401 ' . ($r->{header}{'x-result'} // ''),
                      'in flight' => '503 in_flight', failing => '500 first',
                      handshake => '200 ', status => '200 ' }->{$kind} ? 'wrong without a failure'
                : undef;

        push @wrong, "n=$n: $bad: " . describe($r) . ': '
                     . $faults->where(@stack) if $bad;

        if ($VERBOSE) {
            diag "$name $n " . describe($r) . ' ' . $faults->where(@stack);
        }
    }

    my %before = seen();

    if ($held) {
        is($before{$round}, 1, "$name: the application saw it once");
        $app->release;
        is($held->wait->{status}, 200, "$name: and accepts it");
    }

    if ($kind =~ /^(?:forged|handshake)$/) {
        is(scalar(keys %before), 0, "$name: nothing reached the application");
    }

    if ($kind eq 'duplicate') {
        is($before{$round}, 1, "$name: no duplicate reached the application");
    }

    # whoever was answered 2xx is done, anyone else may come again; after the
    # lease at the latest the retry gets through

    my ($twice, $forgotten) = (0, 0);

    if ($kind =~ /^(?:first|failing)$/) {
        sleep $LEASE + 0.1;

        for my $id (sort { $sent{$a}{n} <=> $sent{$b}{n} } keys %sent) {
            my $s = $sent{$id};
            my $accepted = $s->{r}{status} =~ /^2/;

            if ($accepted && !$before{$id}) {
                push @wrong, "n=$s->{n}: 2xx, but never delivered: "
                             . $faults->where(@{ $s->{stack} });
            }

            (my $again = $uri->($id)) =~ s/status=500/status=200/;

            my $r = describe(delivery($id, $again, $kind, %o)->wait);

            if ($r !~ /^200 (?:first|duplicate)$/) {
                push @wrong, "n=$s->{n}: the retry gets $r: "
                             . $faults->where(@{ $s->{stack} });
            }

            # a commit to Redis takes memory, too

            if ($r eq '200 first' && $accepted) {
                $forgotten++;
                push @wrong, "n=$s->{n}: 2xx, and forgotten: "
                             . $faults->where(@{ $s->{stack} })
                    if $store eq 'zone';
            }

            if ($r eq '200 duplicate' && !$before{$id}) {
                push @wrong, "n=$s->{n}: swallowed: "
                             . $faults->where(@{ $s->{stack} });
            }
        }

        my %after = seen();
        my @lost = grep { !$after{$_} } keys %sent;

        $twice = grep { ($after{$_} // 0) > 1 } keys %sent;
        is(scalar(@lost), 0, "$name: in the end all are delivered");
    }

    my $answers = join ', ', map { "$_: $answers{$_}" } sort keys %answers;
    my $last = $n - 2;

    is(join("\n", @wrong), '',
       "$name: $last allocations ($answers; twice $twice, forgotten $forgotten)");
    is(join(' ', $nginx->workers), $worker, "$name: the worker lives");

    return $last;
}


my $total = 0;

for my $store (qw(zone redis)) {
    for my $forever (0, 1) {
        my $mode = $forever ? 'each from the n-th on' : 'the n-th';

        subtest "$store: $mode" => sub {
            $redis->clear;
            $nginx = start($store eq 'redis'
                ? 'redis://127.0.0.1:' . $redis->port : 'zone=faults:4m');
            ($worker) = $nginx->workers;

            # what is made once comes before

            delivery("warm $_", '/hook', 'first')->wait for 1 .. 3;

            my $fds = fds();

            for (@scenarios) {
                my ($name, $path, $kind, %o) = @$_;

                next if $store ne ($o{store} // $store) || $forever && $o{once};
                next if @ARGV && !grep { $name eq $_ } @ARGV;

                $total += scenario($store, $forever, $name, $path, $kind, %o);
            }

            WebhookVerify::Process->wait_for(3, sub { fds() <= $fds });
            cmp_ok(fds(), '<=', $fds, 'no descriptor is left open');

            ok($nginx->stop, 'nginx ends by itself');
            is(join('', $nginx->log =~ /^.*\[alert\].*$/mg), '',
               'nobody crashed, no open socket is left');
        };
    }
}


# the same over a configuration that has all there is

subtest 'configuration' => sub {
    my $conf = WebhookVerify::Server->new;
    my ($n, $quiet, $done) = (0, 0, 0);
    my (%results, @wrong);
    my $port = $app->port;

    open my $out, '>', $conf->dir . '/conf/keys' or die $!;
    print $out "one\ntwo\n";
    close $out;

    ($conf->{http} = $http) =~ s/STORE/zone=faults:1m/;
    ($conf->{config} = $config . <<'_EOC_') =~ s/APP/$port/g;

        location /redis {
            webhook_verify_store  redis://user:pw@127.0.0.1:6379/2;
            webhook_verify_secret_file keys;
            webhook_verify_store_error pass;
            proxy_pass http://127.0.0.1:APP;
        }

        location /speeko {
            webhook_verify speeko;
            webhook_verify_store  unix:/tmp/none?db=1;
            webhook_verify_duplicate_status 409;
            proxy_pass http://127.0.0.1:APP;
        }
_EOC_
    $conf->{config} =~ s/DIR/$conf->dir/ge;
    $conf->write_config;

    my @command = ($WebhookVerify::Server::Binary, '-t', '-q',
                   '-p', $conf->dir . '/', '-e', $conf->dir . '/error.log',
                   '-c', $conf->dir . '/conf/nginx.conf');

    local %ENV = (%ENV, $faults->environment);

    # ours, each of them; then some of libcrypto's, which may do without

    for my $crypto (0, 1) {
        my $step = $crypto ? 17 : 1;

        for ($n = 1, $quiet = 0; $quiet < 2 && $n < 20000; $n += $step) {
            $faults->arm($n, module => $crypto ? 1 : 2);

            my $pid = fork() // die "fork: $!";

            if ($pid == 0) {
                open STDOUT, '>', '/dev/null';
                open STDERR, '>', $conf->dir . '/stderr';
                exec @command or POSIX::_exit(127);
            }

            waitpid $pid, 0;

            my $status = $?;

            $faults->disarm;

            my $result = $status & 127 ? 'signal ' . ($status & 127)
                                       : 'exit ' . ($status >> 8);
            my $failed = $faults->failed;

            $quiet = $failed ? 0 : $quiet + 1;
            $results{$result}++;
            $done++ if $failed;

            push @wrong, "n=$n: $result: " . $faults->where($faults->stack)
                unless $result eq 'exit 1' || $result eq 'exit 0'
                                              && (!$failed || $crypto);
        }
    }

    my $results = join ', ', map { "$_: $results{$_}" } sort keys %results;

    is(join("\n", @wrong), '', "$done allocations ($results)");
    cmp_ok($n, '<', 20000, 'until none fails');
    $total += $done;
} if !@ARGV || grep { $_ eq 'configuration' } @ARGV;

note "$total allocations failed";

done_testing();
