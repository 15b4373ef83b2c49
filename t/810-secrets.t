# Secrets stay where they were put: in no log, not even at the level "debug",
# in no answer, no variable, no error about the configuration, no "nginx -T"
# if they are in a file, and in no memory once they are not used any more.

use strict;
use warnings;
no warnings 'portable';       # addresses have 64 bits

use lib 't/lib';
use MIME::Base64 qw(encode_base64);
use Test::More;

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Redis;
use WebhookVerify::Server;

# texts that nothing else contains; each is looked for as it is, in hex and in
# base64

my %secret = (
    inline   => 'kept-inline-5d2c41',
    hex      => 'kept-as-hex-93ab77',
    base64   => 'kept-base64-1c0e52',
    whsec    => 'kept-as-whsec-60f3',
    file     => 'kept-in-file-7a91d',
    second   => 'kept-in-line-two-8',
    request  => 'kept-variable-2f60',
    redis    => 'kept-for-redis-44b',
    wrong    => 'kept-for-noone-b17',
    next     => 'kept-in-next-e8203',
    password => 'kept-as-passwd-d41',
);

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;

$redis->cmd(qw(ACL SETUSER hook on), ">$secret{redis}", '~webhook:*',
            qw(-@all +set +get +del +pexpire +eval +ping));
$redis->cmd(qw(ACL SETUSER filed on), ">$secret{password}", '~webhook:*',
            qw(-@all +set +get +del +pexpire +eval +ping));


sub forms {
    my ($text) = @_;

    # base64 of a part of a longer text has one of three forms

    my @base64 = map { substr encode_base64('x' x $_ . $text, ''), 4, 16 }
                 0 .. 2;

    return ($text, unpack('H*', $text), uc unpack('H*', $text), @base64);
}


sub found {
    my ($where, @names) = @_;

    return join ' ', grep {
        my $name = $_;
        grep { index($where, $_) >= 0 } forms($secret{$name});
    } @names ? @names : sort keys %secret;
}


is(found('..' . encode_base64("abc$secret{file}de", '')), 'file',
   'a secret that is there is found');


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;

    return scalar(<$in>) // '';
}


sub keys_file {
    my ($nginx, @lines) = @_;

    open my $out, '>', $nginx->dir . '/conf/keys' or die $!;
    print $out map { "$_\n" } @lines;
    close $out;

    password_file($nginx, $secret{password});
}


sub password_file {
    my ($nginx, $password) = @_;

    open my $out, '>', $nginx->dir . '/conf/password' or die $!;
    print $out "$password\n";
    close $out;
}


my $proxy = 'proxy_pass http://127.0.0.1:' . $app->port . ';';
my $port = $redis->port;
my $SLOW = $WebhookVerify::Process::SLOW;
my $gate = 'webhook_verify hmac; webhook_verify_id /n; '
           . 'webhook_verify_signature $http_x_signature; '
           . "webhook_verify_store_timeout ${\ (500 * $SLOW) }ms;";
my $hex = unpack 'H*', $secret{hex};
my $base64 = encode_base64($secret{base64}, '');
my $whsec = encode_base64($secret{whsec}, '');


# --- logs, answers, variables

{
    my $nginx = WebhookVerify::Server->new(log_level => 'debug',
        http => <<'_EOC_', config => <<"_EOC_");
        log_format all '$request $status $webhook_verify_result '
                       '$webhook_verify_id $webhook_verify_key '
                       '$webhook_verify_provider $webhook_verify_timestamp '
                       '$webhook_verify_secret_index '
                       '$webhook_verify_store_time $request_body';
        access_log DIR/access.log all;
_EOC_
        $gate
        webhook_verify_secret_file keys;

        location /inline { webhook_verify_secret $secret{inline}; $proxy }
        location /hex { webhook_verify_secret $hex encoding=hex; $proxy }
        location /base64 { webhook_verify_secret $base64 encoding=base64; $proxy }
        location /whsec {
            webhook_verify_secret whsec_$whsec encoding=whsec;
            $proxy
        }
        location /file { $proxy }
        location /redis {
            webhook_verify_store redis://hook:$secret{redis}\@127.0.0.1:$port;
            $proxy
        }
        location /password {
            webhook_verify_store redis://filed\@127.0.0.1:$port;
            webhook_verify_redis_password_file password;
            $proxy
        }
        location /wrong {
            webhook_verify_store redis://hook:$secret{wrong}\@127.0.0.1:$port;
            $proxy
        }
_EOC_

    $nginx->{http} =~ s/DIR/$nginx->dir/e;
    keys_file($nginx, $secret{file}, $secret{second});
    $nginx->start;

    my $answers = '';
    my $n = 0;

    my $deliver = sub {
        my ($path, %o) = @_;

        my $r = WebhookVerify::Client->delivery($nginx->http1,
            $o{body} // '{"n":' . ++$n . '}', path => $path, %o)->send->wait;

        $answers .= join "\n", $r->{body}, %{ $r->{header} };

        return $r->{status};
    };

    for (sort grep { /inline|hex|base64|whsec|file|redis|password|wrong/ } keys %secret)
    {
        my $key = $secret{/redis|password|wrong/ ? 'second' : $_};
        my $good = $_ eq 'wrong' ? 503 : 200;

        is($deliver->("/$_", key => $key, body => "{\"n\":\"$_\"}"), $good,
           "$_: good");
        is($deliver->("/$_", key => $key, body => "{\"n\":\"$_\"}"), $good,
           "$_: again");
        is($deliver->("/$_", key => 'other'), 401, "$_: forged");
        is($deliver->("/$_", sig => ''), 401, "$_: unsigned");
        is($deliver->("/$_", sig => 'zz'), 401, "$_: malformed");
    }

    $nginx->hup;
    ok($nginx->stop, 'nginx ends by itself');

    my $log = $nginx->log;

    like($log, qr/\[debug\].*webhook verify access/, 'the log is at "debug"');
    like($log, qr/WRONGPASS/, 'and has the error of Redis');
    is(found($log), '', 'no secret in the error log');
    is(found($nginx->access_log), '', 'in the access log, with all variables');
    is(found($answers), '', 'in an answer');
    is(found(join "\n", map { %{ $_->{header} }, $_->{uri} } $app->seen), '',
       'in what the application saw');
    is(found($nginx->_slurp('output')), '', 'on the terminal');
}


# --- a secret of the request itself; "debug" would have its variable from core

{
    my $nginx = WebhookVerify::Server->new(log_level => 'info',
        http => "map \$arg_t \$tenant_secret { one $secret{request}; }",
        config => "location / { $gate webhook_verify_secret \$tenant_secret; "
                  . "$proxy }")->start;

    my %sent;

    for (['one', 'good'], ['one', 'forged'], ['none', 'nobody']) {
        my ($tenant, $who) = @$_;

        $sent{$who} = WebhookVerify::Client->delivery($nginx->http1,
            '{"n":1}', path => "/hook?t=$tenant",
            key => $who eq 'good' ? $secret{request} : 'x')->send->wait->{status};
    }

    is("$sent{good} $sent{forged} $sent{nobody}", '200 401 401',
       'the secret of a tenant');
    ok($nginx->stop, 'nginx ends by itself');
    is(found($nginx->log . $nginx->access_log), '', 'it is in no log');
}


# --- errors of the configuration

sub nginx_with {
    my ($config, $option) = @_;

    my $nginx = WebhookVerify::Server->new(config => $config);

    keys_file($nginx, $secret{file}, $secret{second});
    $nginx->write_config;

    my $dir = $nginx->dir;
    my $said = `$WebhookVerify::Server::Binary $option -p $dir/ -e $dir/error.log -c $dir/conf/nginx.conf 2>&1`;

    return $said . $nginx->log;
}

for (
    ['a text for hex', "webhook_verify_secret $secret{inline} encoding=hex;"],
    ['odd hex', "webhook_verify_secret ${hex}0 encoding=hex;"],
    ['a text for base64', "webhook_verify_secret $secret{inline}! encoding=base64;"],
    ['whsec', "webhook_verify_secret whsec_$whsec! encoding=whsec;"],
    ['a file for hex', 'webhook_verify_secret_file keys encoding=hex;'],
    ['an encoding', "webhook_verify_secret $secret{inline} encoding=rot13;"],
    ['a parameter', "webhook_verify_secret $secret{inline} none;"],
    ['a port', "webhook_verify_store redis://hook:$secret{redis}\@127.0.0.1:0;"],
    ['a scheme', "webhook_verify_store http://hook:$secret{redis}\@127.0.0.1;"],
    ['a database', "webhook_verify_store redis://hook:$secret{redis}\@h/x;"],
    ['no host', "webhook_verify_store redis://hook:$secret{redis}\@;"],
    ['an escape', "webhook_verify_store redis://hook:$secret{redis}%zz\@h;"],
) {
    my ($what, $line) = @$_;
    my $said = nginx_with("location / { $gate $line $proxy }", '-t');

    like($said, qr/\[emerg\]/, "wrong: $what: an error");
    is(found($said), '', "wrong: $what: that does not have the secret");
}


# --- nginx -T

{
    my $said = nginx_with("$gate webhook_verify_secret_file keys; "
                          . 'webhook_verify_redis_password_file password; '
                          . 'webhook_verify_store redis://filed@127.0.0.1; '
                          . "location / { $proxy }", '-T');

    like($said, qr/webhook_verify_secret_file keys/, 'nginx -T shows the name');
    is(found($said), '', 'but not what is in the file');
}


# --- memory

sub memory {
    my ($pid, @names) = @_;

    open my $maps, '<', "/proc/$pid/maps" or die "$pid: $!";
    open my $mem, '<:raw', "/proc/$pid/mem" or die "$pid: $!";

    my %found;

    while (<$maps>) {
        my ($from, $to, $mode) = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/;

        next if $mode !~ /^rw/ || hex($to) - hex($from) > 256 * 1024 * 1024;

        sysseek $mem, hex $from, 0 or next;
        sysread $mem, my $bytes, hex($to) - hex($from) or next;
        $found{$_}++ for split ' ', found($bytes, @names);
    }

    return join ' ', sort keys %found;
}

# a sanitizer keeps what was freed for a while, and copies of its own

if (!$ENV{ASAN_OPTIONS}) {
    my $nginx = WebhookVerify::Server->new(
        config => "$gate webhook_verify_secret_file keys;"
                  . "webhook_verify_store redis://filed\@127.0.0.1:$port;"
                  . 'webhook_verify_redis_password_file password;'
                  . "location / { $proxy }");

    keys_file($nginx, $secret{file}, $secret{second});
    $nginx->start;

    my @old = $nginx->workers;

    is(WebhookVerify::Client->delivery($nginx->http1, '{"n":"m1"}',
           key => $secret{second})->send->wait->{status}, 200,
       'a delivery before');
    is(memory($nginx->pid, qw(file password second)), 'file password second',
       'while they are used, the master has them in memory');

    keys_file($nginx, $secret{next});
    password_file($nginx, $secret{next});
    $redis->cmd(qw(ACL SETUSER filed), ">$secret{next}");
    $nginx->hup;
    WebhookVerify::Process->wait_for(5 * $SLOW, sub { !grep { kill 0, $_ } @old });

    is(WebhookVerify::Client->delivery($nginx->http1, '{"n":"m2"}',
           key => $secret{next})->send->wait->{status}, 200,
       'a delivery after they were changed');
    is(memory($nginx->pid, qw(file password second)), '',
       'the master has wiped them');
    is(join(' ', map { memory($_, qw(file password second)) } $nginx->workers),
       '',
       'the worker has none of them');
}

done_testing();
