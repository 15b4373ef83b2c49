# What a review found about the way of a request to the gate, and back from it:
# a body that nginx refuses, and a server beside whose gate one thing stands
# that has a short name. (Not in Test::Nginx: its servers have a location "/".)

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Server;

my $app = WebhookVerify::App->start;
my $proxy = 'proxy_pass http://127.0.0.1:' . $app->port . ';';
my %who = (good => undef, forged => '0' x 64, unsigned => '');
my $nginx;


sub server {
    my ($config) = @_;

    $app->reset;

    $nginx = WebhookVerify::Server->new(config => <<"_EOC_");
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        lingering_timeout        100ms;

        $config
_EOC_

    for (qw(refused page)) {
        open my $out, '>', $nginx->dir . "/html/$_" or die $!;
        print $out "this is $_\n";
        close $out;
    }

    $nginx->start;
}


# the status of each kind of delivery and what was made of it

sub results {
    my ($body, %o) = @_;

    my @got;

    for my $who (qw(good forged unsigned)) {
        my $c = WebhookVerify::Client->delivery($nginx->port, $body, %o,
            defined $who{$who} ? (sig => $who{$who}) : ());
        my $r = $c->send->wait;

        push @got, "$who $r->{status}"
                   . ($r->{status} == 413 ? ''
                                          : ' ' . ($r->{header}{'x-result'} // ''));
    }

    return join ', ', @got;
}


sub ends_well {
    is($nginx->complaints, '', 'nothing bad in the log');
    ok($nginx->stop, 'nginx ends by itself');
}


# --- 1. a Content-Length that is beyond client_max_body_size

my $refused = 'good 413, forged 413, unsigned 413';

subtest 'a body beyond the limit is 413, its page under the same gate' => sub {
    server(<<"_EOC_");
        client_max_body_size 100;
        error_page           413 /refused;

        location /hook {
            $proxy
        }
_EOC_

    is(results('x' x 500), $refused, 'beyond the limit by far');
    is(results('x' x 101), $refused, 'and by one byte');
    is($app->count, 0, 'the application saw nothing');
    is(results('x' x 100),
       'good 200 first, forged 401 bad_signature, unsigned 401 missing_signature',
       'what fits is verified');
    is($app->count, 1, 'and delivered');
    ends_well();
};


subtest 'the same where the page is a location' => sub {
    server(<<"_EOC_");
        error_page 413 /refused;

        location /hook {
            client_max_body_size 100;
            $proxy
        }

        location = /refused {
            internal;
        }
_EOC_

    is(results('x' x 500), $refused, 'refused');
    is($app->count, 0, 'the application saw nothing');
    ends_well();
};


subtest 'the same where the page would come from the application' => sub {
    server(<<"_EOC_");
        client_max_body_size 100;
        error_page           413 /hook/refused;

        location /hook {
            $proxy
        }
_EOC_

    is(results('x' x 500), $refused, 'refused');
    is($app->count, 0, 'the application saw nothing');
    ends_well();
};


# --- 2. a location "a", which no request ever is for

my $verified = 'good 200 %s, forged 401 bad_signature, '
               . 'unsigned 401 missing_signature';

for (['as its server', ''],
     ['with a secret of its own', 'webhook_verify_secret other;'],
     ['without a gate', 'webhook_verify off;'])
{
    my ($name, $directives) = @$_;

    subtest "beside a location of one letter the server verifies: $name" => sub {
        server("location a { $directives $proxy }");

        my %get = (path => '/page', method => 'GET');

        is(results('', %get), sprintf($verified, 'first'), 'a first');
        is(results('', %get), sprintf($verified, 'duplicate'), 'a duplicate');
        is($app->count, 0, 'the application was not asked');
        ends_well();
    };
}


subtest 'and that is so beside several of them' => sub {
    server("location b { $proxy } location c { $proxy } location /d { $proxy }");

    is(results('', path => '/page', method => 'GET'),
       sprintf($verified, 'first'), 'the server');
    is(results('{"n":1}', path => '/d'), sprintf($verified, 'first'),
       'a location of two characters');
    is($app->count, 1, 'which the application saw once');
    ends_well();
};


done_testing();
