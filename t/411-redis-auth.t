# Users, passwords and rights that come and go while nginx runs, and passwords
# that stand in a file. What 402-redis-failure.t has of it is not repeated.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use WebhookVerify::App;
use WebhookVerify::Gate;
use WebhookVerify::Process;
use WebhookVerify::Redis;

my $SLOW = $WebhookVerify::Process::SLOW;
my $TIMEOUT = $WebhookVerify::Process::TIMEOUT;
my $FILE = 'webhook_verify_redis_password_file';

my @RIGHTS = qw(resetkeys ~webhook:* resetchannels -@all
                +set +get +del +pexpire +eval +ping);

my $app = WebhookVerify::App->start;
my $redis = WebhookVerify::Redis->start;
my $port = $redis->port;
my $dir = File::Temp::tempdir('wv-auth-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $nginx;

# our own connections stay

$redis->cmd(qw(ACL SETUSER admin on >admin ~* &* +@all));
$redis->auth('admin', 'admin');


sub gate {
    my ($store, %o) = @_;

    $app->reset;
    $redis->clear;
    $nginx = WebhookVerify::Gate->new($app, store => $store,
                                      log_level => 'debug', %o)->start;
}


sub file {
    my ($name, $text) = @_;

    open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out;

    return "$FILE $dir/$name;";
}


# this happens to the server, and that heals it

sub row {
    my ($title, $word, $break, $mend) = @_;

    subtest $title => sub {
        gate("redis://hook:sesame\@127.0.0.1:$port");

        is($nginx->result('/', 'before'), '200 first', 'before');
        is($nginx->result('/', 'before'), '200 duplicate', 'and committed');
        $break->();
        $redis->hang_up;
        sleep 0.05;

        my $began = time;

        is($nginx->result('/', 'event'), '503 store_error', 'then: 503');
        cmp_ok(time - $began, '<', $TIMEOUT + 0.3 * $SLOW, 'in time');
        ok(defined $nginx->quick, 'others are served at once');
        is($nginx->result('/', 'event'), '503 store_error', 'again') for 1 .. 3;
        is($nginx->seen('event'), 0, 'the application saw nothing');

        like($nginx->log, qr/\[error\].*\Q$word\E/, "the log says $word");
        $mend->();

        my $took = $nginx->well('/', 'event');

        like($took, qr/^\d\.\d+$/, "well again after $took s");
        is($nginx->result('/', 'event'), '200 duplicate', 'a duplicate');
        is($nginx->result('/', 'before'), '200 duplicate', 'also of before');
        is($nginx->seen('event'), 1, 'the application saw it once');
        cmp_ok($nginx->downs("127.0.0.1:$port"), '<=', 1, 'down, said once');
        is($nginx->backs("127.0.0.1:$port"), $nginx->downs("127.0.0.1:$port"),
           'and back as often');
        unlike($nginx->log, qr/sesame|simsim/, 'no password in the log');
        is($nginx->complaints, '', 'nothing bad in the log');
    };
}


sub user { $redis->cmd(qw(ACL SETUSER hook), @_) }

user('on', '>sesame', @RIGHTS);

row('a password that is changed', 'WRONGPASS',
    sub { user('resetpass', '>simsim') }, sub { user('resetpass', '>sesame') });
row('a user who is disabled', 'WRONGPASS',
    sub { user('off') }, sub { user('on') });
row('a user who is deleted', 'WRONGPASS',
    sub { $redis->cmd(qw(ACL DELUSER hook)) },
    sub { user('on', '>sesame', @RIGHTS) });
row('a right to set that is taken', 'NOPERM',
    sub { user('-set') }, sub { user('+set') });
row('a right to ping that is taken', 'NOPERM',
    sub { user('-ping') }, sub { user('+ping') });
row('a right to keys that is taken', 'NOPERM',
    sub { user('resetkeys', '~other:*') },
    sub { user('resetkeys', '~webhook:*') });


subtest 'a right to eval that is taken' => sub {
    gate("redis://hook:sesame\@127.0.0.1:$port",
         gate => 'webhook_verify_lease 1s;');

    is($nginx->result('/', 'warm'), '200 first', 'before');
    user('-eval');

    # what cannot be released is held

    is($nginx->result('/?status=500,200', 'failed'), '500 first', 'a failure');
    ok(WebhookVerify::Process->wait_for(2, sub {
        $nginx->log =~ /\[error\].*NOPERM/;
    }), 'the log says NOPERM');

    my $said;

    WebhookVerify::Process->wait_for(3 * $SLOW, sub {
        $said = $nginx->result('/?status=500,200', 'failed');
        return $said eq '200 first';
    });

    is($said, '200 first', 'its retry passes when the lease is over');
    is($nginx->result('/', 'failed'), '200 duplicate', 'then it is done');
    user('+eval');
};


subtest 'a right to get that is taken' => sub {
    gate("redis://hook:sesame\@127.0.0.1:$port");

    is($nginx->result('/', 'known'), '200 first', 'a first');
    is($nginx->result('/', 'known'), '200 duplicate', 'which is known');
    user('-get');
    is($nginx->result('/', 'known'), '503 store_error',
       'whether it is done, is not known');
    is($nginx->result('/', 'new'), '200 first', 'a first needs no get');
    user('+get');
    is($nginx->result('/', 'known'), '200 duplicate', 'now it is');
};


subtest 'the default user gets a password' => sub {
    gate("redis://127.0.0.1:$port");

    is($nginx->result('/', 'before'), '200 first', 'before');
    is($nginx->result('/', 'before'), '200 duplicate', 'and committed');
    $redis->cmd(qw(CONFIG SET requirepass sesame));
    $redis->hang_up;
    sleep 0.05;
    is($nginx->result('/', 'event'), '503 store_error', 'then: 503');
    like($nginx->log, qr/\[error\].*NOAUTH/, 'the log says NOAUTH');
    $redis->cmd('CONFIG', 'SET', 'requirepass', '');

    my $took = $nginx->well('/', 'event');

    like($took, qr/^\d\.\d+$/, "well again after $took s");
    is($nginx->seen('event'), 1, 'the application saw it once');
};


subtest 'a database and few rights' => sub {
    gate("redis://hook:sesame\@127.0.0.1:$port/2");
    is($nginx->result('/', 1), '503 store_error', 'without +select');
    like($nginx->log, qr/\[error\].*NOPERM/, 'the log says NOPERM');
    user('+select');

    my $took = $nginx->well('/', 1);

    like($took, qr/^\d\.\d+$/, "with it, after $took s");
    is($nginx->result('/', 1), '200 duplicate', 'a duplicate');
    user('-select');
    $redis->cmd('SELECT', 2);
    is(scalar(grep { /^webhook:/ } $redis->keys), 1, 'the key is in 2');
    $redis->cmd('SELECT', 0);

    gate("redis://hook:sesame\@127.0.0.1:$port/0");
    is($nginx->result('/', 1), '200 first', 'database 0 needs no select');
};


# --- passwords in a file

user('resetpass', '>sesame', '>with space', ">\xc3\xa9t\xc3\xa9", '>p@ss/w:rd%');
$redis->cmd(qw(CONFIG SET requirepass default));

my @files = (
    ['a user and a file', "redis://hook\@127.0.0.1:$port", "sesame\n"],
    ['without a line feed', "redis://hook\@127.0.0.1:$port", 'sesame'],
    ['with CR LF', "redis://hook\@127.0.0.1:$port", "sesame\r\n"],
    ['with a space', "redis://hook\@127.0.0.1:$port", "with space\n"],
    ['in UTF-8', "redis://hook\@127.0.0.1:$port", "\xc3\xa9t\xc3\xa9\n"],
    ['with what a URL would escape', "redis://hook\@127.0.0.1:$port",
     "p\@ss/w:rd%\n"],
    ['no user', "redis://127.0.0.1:$port", "default\n"],
    ['a database', "redis://127.0.0.1:$port/1", "default\n"],
    ['a unix socket', "unix:${\ $redis->path }", "default\n"],
);

for my $row (@files) {
    my ($title, $store, $text) = @$row;

    subtest "a file: $title" => sub {
        gate($store, gate => file('password', $text));
        is($nginx->result('/', 'file'), '200 first', 'a first');
        is($nginx->result('/', 'file'), '200 duplicate', 'a duplicate');
        unlike($nginx->log, qr/\[error\]/, 'no error in the log');
        unlike($nginx->log, qr/sesame|with space|p\@ss|"default"/,
               'nor the password');
    };
}


subtest 'a file: what is in it is read by a reload' => sub {
    my $file = file('password', "wrong\n");

    gate("redis://hook\@127.0.0.1:$port", gate => $file, log_level => 'info');
    is($nginx->result('/', 1), '503 store_error', 'a wrong one');
    like($nginx->log, qr/\[error\].*WRONGPASS/, 'the log says WRONGPASS');

    file('password', "sesame\n");
    ok($nginx->hup, 'the right one, and a reload');

    my $took = $nginx->well('/', 1);

    like($took, qr/^\d\.\d+$/, "well after $took s");
    unlike($nginx->log, qr/sesame|wrong\b/, 'neither is in the log');
};


subtest 'a file: a location has its own' => sub {
    my ($one, $two) = (file('one', "sesame\n"), file('two', "default\n"));
    my $proxy = 'proxy_pass http://127.0.0.1:' . $app->port . ';';

    gate(undef, locations => <<"_EOC_");
        $two

        location /hook {
            webhook_verify_store redis://hook\@127.0.0.1:$port;
            $one
            $proxy
        }

        location /inherits {
            webhook_verify_store redis://127.0.0.1:$port;
            $proxy
        }
_EOC_

    is($nginx->result('/hook', 1), '200 first', 'its own');
    is($nginx->result('/inherits', 2), '200 first', 'that of the server');
    is($nginx->result('/hook', 1), '200 duplicate', 'a duplicate');
};


done_testing();
