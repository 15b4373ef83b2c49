# A Redis URL that is wrong does not start, the sentence names the directive,
# and wherever the password stands in it: nothing that "nginx -t" says has it.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use WebhookVerify::Process;
use WebhookVerify::Server;

my @wrong = (
    'a user, a password and no host' => 'redis://user:SECRETPW@',
    'a password and no host'         => 'redis://:SECRETPW@',
    'one slash'                      => 'redis:/u:SECRETPW@',
    'one slash, and a host'          => 'redis:/u:SECRETPW@127.0.0.1',
    'no slash'                       => 'redis:u:SECRETPW@127.0.0.1',
    'another scheme'                 => 'rediss://:SECRETPW@h',
    'another scheme and no host'     => 'rediss://:SECRETPW@',
    'another scheme, a user'         => 'http://user:SECRETPW@127.0.0.1',
    'a password with a slash, no @'  => 'redis://:SECRET/PW',
    'a user with such a password'    => 'redis://user:SECRET/PW',
    'a password and no @'            => 'redis://:SECRETPW',
    'a scheme with a capital'        => 'Redis://:SECRETPW@127.0.0.1',
    'no scheme'                      => 'user:SECRETPW@127.0.0.1',
    'a port that is too high'        => 'redis://:SECRETPW@127.0.0.1:99999/0',
    'a port that is a word'          => 'redis://:SECRETPW@127.0.0.1:bad',
    'a database that is a word'      => 'redis://:SECRETPW@127.0.0.1/first',
    'a query'                        => 'redis://:SECRETPW@127.0.0.1?x',
    'an address that does not end'   => 'redis://:SECRETPW@[::1',
    'a wrong escape'                 => 'redis://:SECRET%zzSECRET@127.0.0.1',
    'an @ in the password, no host'  => 'redis://:SECRET@SECRET@',
);


# what "nginx -t" says, wherever it does, and whether it was content

sub check {
    my ($url) = @_;

    my $nginx = WebhookVerify::Server->new(config => <<"_EOC_");
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_store     "$url";
_EOC_

    $nginx->write_config;

    my $dir = $nginx->dir;
    my $pid = WebhookVerify::Process->start("$dir/output",
        $WebhookVerify::Server::Binary, '-t', '-e', "$dir/error.log",
        '-p', "$dir/", '-c', "$dir/conf/nginx.conf");

    WebhookVerify::Process->wait_for(10, sub {
        !WebhookVerify::Process->alive($pid);
    }) or WebhookVerify::Process->stop($pid, 'KILL');

    return $nginx->_slurp('output') . $nginx->log;
}


sub dies_in_silence {
    my ($name, $url) = @_;

    my $said = check($url);

    like($said, qr/\[emerg\].*webhook_verify_store/,
         "$name: the sentence names the directive");
    like($said, qr/test failed/, "$name: the test fails");

    unlike($said, qr/SECRET/, "$name: the password is not printed");
}


dies_in_silence(splice @wrong, 0, 2) while @wrong;

dies_in_silence('no @, a password with a digit first',
                'redis://user:1SECRET');
dies_in_silence('the same and one slash', 'redis:/:1SECRET');
dies_in_silence('the same and another scheme', 'rediss://user:1SECRET');

like(check('redis://:SECRETPW@127.0.0.1:6379/0'), qr/test is successful/,
     'and one that is right is right');

done_testing();
