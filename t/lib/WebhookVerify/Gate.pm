package WebhookVerify::Gate;

# nginx with a gate in front of an application, for tests of stores:
#
#   my $nginx = WebhookVerify::Gate->new($app, store => 'redis://...',
#       gate => 'webhook_verify_lease 1s;',    more directives for /
#       stores => { 'a' => 'redis://...' },    locations of other stores
#   )->start;
#
#   $nginx->result('/', 17)     '200 first': status and $webhook_verify_result of
#                               a delivery whose id is 17
#   $nginx->again('/', 17)      the same of one that was answered
#   $nginx->quick               others are served at once: /zone has no Redis
#   $nginx->well('/', 17, 2)    until this delivery is 'first': seconds, or undef

use strict;
use warnings;

use Time::HiRes qw(sleep time);

use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Server;

our @ISA = ('WebhookVerify::Server');

my $SLOW = $WebhookVerify::Process::SLOW;


sub new {
    my ($class, $app, %o) = @_;

    my $proxy = 'proxy_pass http://127.0.0.1:' . $app->port . ';';
    my $timeout = $o{timeout} // 1000 * $WebhookVerify::Process::TIMEOUT . 'ms';
    my $scope = $o{scope} // 'gate';
    my $gate = $o{gate} // '';
    my %stores = %{ $o{stores} // {} };
    my $locations = $o{locations} // '';

    delete @o{qw(timeout scope gate stores locations)};

    $stores{''} = delete $o{store} if $o{store};

    for (sort keys %stores) {
        $locations .= <<"_EOC_";
        location /$_ {
            webhook_verify_store $stores{$_};
            $proxy
        }

_EOC_
    }

    return $class->SUPER::new(app => $app, %o, config => <<"_EOC_");
        webhook_verify               hmac;
        webhook_verify_secret        secret;
        webhook_verify_signature     \$http_x_signature;
        webhook_verify_id            /n;
        webhook_verify_scope         $scope;
        webhook_verify_store_timeout $timeout;
        webhook_verify_retry_after   4s;
        $gate

        location /zone {
            webhook_verify_store zone=other:1m;
            $proxy
        }

$locations
_EOC_
}


sub deliver {
    my ($self, $path, $n, %o) = @_;

    return WebhookVerify::Client->delivery($self->port, qq({"n":"$n"}),
                                           path => $path, %o)->send;
}


sub said {
    my ($self, $client, $seconds) = @_;

    my $r = $client->wait($seconds // 8);

    return "$r->{status} " . ($r->{header}{'x-result'} // '');
}


sub result {
    my ($self, @delivery) = @_;

    return $self->said($self->deliver(@delivery));
}


# of an event that was answered: another worker may come before its commit or
# release for a moment, or hear later that the store is back

sub again {
    my ($self, @delivery) = @_;

    my $said;

    WebhookVerify::Process->wait_for(2 * $SLOW, sub {
        $said = $self->result(@delivery);
        return $said !~ /^503/;
    });

    return $said;
}


my $Quick = 0;

# the median of five, in milliseconds; undef if one had to wait

sub quick {
    my ($self) = @_;

    my @took;

    for (1 .. 5) {
        my $began = time;
        my $said = $self->result('/zone', 'quick ' . $Quick++);

        push @took, 1000 * (time - $began);
        return if $said ne '200 first' || $took[-1] > 250 * $SLOW;
    }

    @took = sort { $a <=> $b } @took;

    return $took[2] < 100 * $SLOW ? $took[2] : undef;
}


# what else than a store error a delivery gets on the way is returned as it is

sub well {
    my ($self, $path, $n, $seconds) = @_;

    my $began = time;
    my $said;

    WebhookVerify::Process->wait_for(($seconds // 2) * $SLOW, sub {
        $said = $self->result($path, $n);
        return $said !~ /^503 /;
    });

    return $said if $said ne '200 first';

    my $took = sprintf '%.2f', time - $began;
    my $row = 0;

    # each worker finds out by itself

    WebhookVerify::Process->wait_for(5 * $SLOW, sub {
        $row = $self->result($path, $n) =~ /^503 / ? 0 : $row + 1;
        return $row == 10;
    });

    return $took;
}


# how often the log says it of a store, or of a node of it

sub downs { $_[0]->_says($_[1], 'is down') }
sub backs { $_[0]->_says($_[1], 'is back') }


sub _says {
    my ($self, $store, $what) = @_;

    return scalar grep { /store "[^"]*\Q$store\E[^"]*"(?! refused).* $what/ }
                  split /^/, $self->log;
}


# how often the application saw it

sub seen {
    my ($self, $n) = @_;

    return scalar grep { $_->{body} eq qq({"n":"$n"}) } $self->{app}->seen;
}


1;
