package WebhookVerify::Status;

# What a status page says, and whether it adds up.
#
#   my $status = WebhookVerify::Status->get($port);          decoded JSON
#   my $text = WebhookVerify::Status->text($port, '/metrics');
#   is(WebhookVerify::Status->wrong($status), '');

use strict;
use warnings;

use JSON::PP ();

use WebhookVerify::Client;
use WebhookVerify::Process;

my @Refused = qw(missing_signature malformed_signature bad_signature
                 missing_timestamp malformed_timestamp stale future no_secret);


sub request {
    my ($class, $port, $path, %o) = @_;

    return WebhookVerify::Client->new($port, method => 'GET', path => $path,
                                      body => '', %o)->send->wait(5);
}


sub text {
    my ($class, $port, $path) = @_;

    return $class->request($port, $path)->{body};
}


sub get {
    my ($class, $port, $path) = @_;

    my $r = $class->request($port, $path // '/status');

    die "status: $r->{status} $r->{body}" unless $r->{status} == 200;

    return JSON::PP->new->utf8->decode($r->{body});
}


# the status once $condition->($status) holds, or after some seconds

sub get_when {
    my ($class, $port, $condition) = @_;

    my $status;

    WebhookVerify::Process->wait_for(5 * $WebhookVerify::Process::SLOW, sub {
        $status = $class->get($port);
        local $_ = $status;
        return $condition->($status);
    });

    return $status;
}


# what does not add up, in words; empty if all does. Nothing may be in flight

sub wrong {
    my ($class, $status, %o) = @_;

    my @wrong;

    for my $gate ($status->{totals}, @{ $status->{gates} }) {
        my $name = $gate->{location} // 'totals';
        my $results = $gate->{results} // $status->{results};

        push @wrong, _differ("$name: received", $gate->{received},
                             $results->{first} + $results->{duplicate}
                             + $results->{in_flight}
                             + $results->{store_error}
                             + _sum(@{$results}{@Refused}));

        push @wrong, _differ("$name: requests", $gate->{requests},
                             $gate->{received} + $gate->{handshakes}
                             + $gate->{unfinished})
            unless $o{killed};

        # what died with a worker had come, and had not been judged

        push @wrong, "$name: more was judged than came"
            if $gate->{requests} < $gate->{received} + $gate->{handshakes}
                                   + $gate->{unfinished};

        push @wrong, _differ("$name: store errors", $results->{store_error},
                             _sum(values %{ $gate->{store_errors} }))
            unless $o{killed};

        push @wrong, _differ("$name: claims", $results->{first},
                             _sum(@{ $gate->{claims} }{
                                 qw(committed released held) }))
            unless $o{killed} || $o{store_off};

        push @wrong, _differ("$name: store answers",
                             $gate->{store_time}{count},
                             _sum(@{$results}{
                                 qw(first duplicate in_flight store_error) }))
            unless $o{killed} || $o{store_off};
    }

    for my $word (sort keys %{ $status->{results} }) {
        push @wrong, _differ("total of $word", $status->{results}{$word},
                             _sum(map { $_->{results}{$word} }
                                  @{ $status->{gates} }));
    }

    return join "\n", @wrong;
}


sub _differ {
    my ($name, $is, $should) = @_;

    return if $is == $should;
    return "$name: $is, not $should";
}


sub _sum {
    my $sum = 0;

    $sum += $_ for @_;

    return $sum;
}


1;
