package WebhookVerify::Provider;

# A provider that posts events at a steady rate, comes again until it is told
# 2xx, and now and then once more after that; and the books of it.
#
#   my $provider = WebhookVerify::Provider->new($nginx, $app,
#       events => 2000, rate => 100);
#   $provider->at(5, sub { ... });      in the middle of it; from a child if it
#                                       takes long: at(5, sub { ... }, 'beside')
#   $provider->run;
#   my $book = $provider->book;         counts, and lists of events
#   print $provider->ledger;

use strict;
use warnings;

use IO::Select;
use Time::HiRes qw(sleep time);

use WebhookVerify::Client;
use WebhookVerify::Process;


sub new {
    my ($class, $nginx, $app, %o) = @_;

    return bless {
        nginx => $nginx, app => $app,
        events => 500, rate => 100, path => '/', scope => 'gate',
        patience => 5,          # seconds until an attempt counts as failed
        again => 0.25,          # and until the next
        twice => 0.3,           # this share of events comes again after 2xx,
        later => 2,             # within that time
        limit => 60,            # seconds until it gives up
        chaos => [], spans => [], %o,
    }, $class;
}


sub at {
    my ($self, $seconds, $code, $beside) = @_;

    push @{ $self->{chaos} }, [ $seconds, $code, $beside ];
}


# when the store may lose what it was told: what is documented

sub span {
    my ($self, $from, $to) = @_;

    push @{ $self->{spans} }, [ $from, $to ];
}


sub run {
    my ($self) = @_;

    srand 4;

    my $began = $self->{began} = time;
    my $select = IO::Select->new;
    my (@due, @list, %by);
    my $open = $self->{events};
    my $started = 0;

    while ($open && time < $began + $self->{limit}) {
        my $now = time;

        $self->_chaos($now - $began);

        while ($started < $self->{events}
               && $started / $self->{rate} <= $now - $began)
        {
            my $event = { n => ++$started, answers => [], due => $now };

            push @list, $event;
            push @due, $event;
        }

        my @wait;

        for my $event (@due) {
            if ($event->{due} > $now) {
                push @wait, $event;
                next;
            }

            my $client = $self->_post($event);

            $by{ $client->{socket} } = $event;
            $select->add($client->{socket});
        }

        @due = @wait;

        my @over = $select->can_read(0.005);

        for my $event (grep { time - $_->{from} > $self->{patience} }
                       values %by)
        {
            push @over, $event->{client}{socket};
        }

        for my $socket (@over) {
            my $event = $by{$socket} or next;

            $self->_answered($event) or next;
            $select->remove($socket);
            delete $by{$socket};

            if ($event->{over}) {
                $open--;

            } else {
                push @due, $event;
            }
        }
    }

    $self->{list} = \@list;
    $self->{took} = time - $began;

    WebhookVerify::Process->wait_for(30, sub {
        !grep { WebhookVerify::Process->alive($_) } @{ $self->{beside} // [] };
    });

    return $open;
}


# what is due; it may put itself off by at()

sub _chaos {
    my ($self, $now) = @_;

    my @due = grep { $_->[0] <= $now } @{ $self->{chaos} };

    @{ $self->{chaos} } = grep { $_->[0] > $now } @{ $self->{chaos} };

    for (sort { $a->[0] <=> $b->[0] } @due) {
        my (undef, $code, $beside) = @$_;

        if ($beside) {
            push @{ $self->{beside} }, WebhookVerify::Process->run($code);

        } else {
            $code->();
        }
    }
}


sub now { time - $_[0]{began} }


sub _post {
    my ($self, $event) = @_;

    my $nginx = ref $self->{nginx} eq 'ARRAY'
                ? $self->{nginx}[rand @{ $self->{nginx} }] : $self->{nginx};

    $event->{from} = time;
    $event->{client} = WebhookVerify::Client->delivery($nginx->port,
        qq({"n":"$self->{path} $event->{n}"}), path => $self->{path})->send;

    return $event->{client};
}


sub _answered {
    my ($self, $event) = @_;

    my $client = $event->{client};
    my $r = $client->wait(0.001);
    my $result = $r->{header}{'x-result'} // '';

    # a part of it

    return if $r->{timeout} && time - $event->{from} < $self->{patience};

    delete $event->{client};
    $client->close;

    push @{ $event->{answers} }, {
        status => $r->{status}, result => $result,
        from => $event->{from}, to => time,
    };

    if ($r->{status} !~ /^2/) {
        $event->{due} = time + $self->{again} * (0.7 + rand 0.6);

    } elsif ($event->{done}++ || rand() > $self->{twice}) {
        $event->{over} = 1;

    } else {
        $event->{due} = time + rand $self->{later};
    }

    return 1;
}


# --- the books

sub book {
    my ($self) = @_;

    my %seen;

    push @{ $seen{ $_->{body} } }, $_->{header}{'x-time'} // 0
        for $self->{app}->seen;

    my %book = (map { $_ => 0 } qw(sent once again lost twice explained
                                   came_twice duplicates));
    my $slowest = 0;

    for my $event (@{ $self->{list} }) {
        my @answers = @{ $event->{answers} };
        my $times = $seen{qq({"n":"$self->{path} $event->{n}"})} // [];
        my ($accepted) = grep { $_->{status} =~ /^2/ } @answers;

        $book{sent}++;
        $book{answers}{"$_->{status} $_->{result}"}++ for @answers;

        for (@answers) {
            my $took = $_->{to} - $_->{from};

            $slowest = $took if $took > $slowest;
        }

        if (!$accepted || !@$times) {
            $book{lost}++;
            push @{ $book{lost_events} }, $event;
            next;
        }

        $book{again}++ if @answers && $answers[0]{status} !~ /^2/;
        $book{came_twice}++ if ($event->{done} // 0) > 1;
        $book{duplicates}++ if $answers[-1]{result} eq 'duplicate';

        if (@$times == 1) {
            $book{once}++;

        } elsif ($self->_explained(@answers)) {
            $book{explained}++;

        } else {
            $book{twice}++;
            push @{ $book{twice_events} }, $event;
        }
    }

    $book{slowest} = $slowest;
    $self->{book} = \%book;

    return \%book;
}


# what was accepted while the store could lose it

sub _explained {
    my ($self, @answers) = @_;

    my ($accepted) = grep { $_->{status} =~ /^2/ } @answers;

    return scalar grep { $accepted->{to} >= $_->[0]
                         && $accepted->{from} <= $_->[1] } @{ $self->{spans} };
}


sub ledger {
    my ($self, $title) = @_;

    my $book = $self->{book};
    my $text = sprintf "%s\n", $title;

    $text .= sprintf "  %-46s %6d\n", @$_ for
        [ 'sent', $book->{sent} ],
        [ 'delivered once', $book->{once} ],
        [ 'answered 503 and delivered on retry', $book->{again} ],
        [ 'lost', $book->{lost} ],
        [ 'delivered twice', $book->{twice} + $book->{explained} ],
        [ '  by what a failover had not replicated', $book->{explained} ],
        [ 'sent once more after 2xx', $book->{came_twice} ],
        [ '  and answered as a duplicate', $book->{duplicates} ];

    $text .= "  answers:\n";
    $text .= sprintf "    %-44s %6d\n", $_, $book->{answers}{$_}
        for sort keys %{ $book->{answers} };
    $text .= sprintf "  the slowest answer came after %.0f ms\n",
                     1000 * $book->{slowest};
    return $text;
}


# an event, for a diagnosis

sub story {
    my ($self, $event) = @_;

    return "event $event->{n}:" . join ',', map {
        sprintf ' %.2f-%.2f %s %s', $_->{from} - $self->{began},
                $_->{to} - $self->{began}, $_->{status}, $_->{result}
    } @{ $event->{answers} };
}


1;
