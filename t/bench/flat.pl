# Does a delivery cost the same with many connections, with many keys, and how
# much memory does it take while it waits for a slow application?
#
# CONNECTIONS, ZONE_KEYS, REDIS_KEYS and IN_FLIGHT say how many, FLAT what of
# the three. A gate needs two descriptors a delivery.

use strict;
use warnings;

use Bench;

my $runs = $ENV{BENCH_ROUNDS} // 5;
my @connections = split ' ', $ENV{CONNECTIONS} // '1 10 100 1000 9000';
my @zone_keys = split ' ', $ENV{ZONE_KEYS} // '0 1000000 10000000';
my @redis_keys = split ' ', $ENV{REDIS_KEYS} // '0 1000000 10000000';
my $in_flight = $ENV{IN_FLIGHT} // 9500;

my @peers = qw(floor redis zone);


sub checked {
    my ($name, $peer, $r) = @_;

    my @wrong = Bench::wrong($name, $peer, $r);
    die "$name, $peer: @wrong\n" if @wrong;

    return $r;
}


sub connections {
    print "| connections | gate | CPU us a request | x the floor |\n",
          "| --- | --- | --- | --- |\n";

    my $set = Bench::set(4096, 70000, 'first', 'good');

    for my $n (@connections) {
        my %cpu;

        for (1 .. $runs) {
            for my $peer (@peers) {
                my $redis = $peer eq 'redis' ? Bench::redis() : undef;
                my $app = Bench::app();
                my $gate = Bench::gate($peer);

                my $r = Bench::run($gate, $set, redis => $redis,
                                   connections => $n,
                                   seconds => $n < 1000 ? 1 : 30);

                push @{ $cpu{$peer} },
                     checked("$n connections", $peer, $r)->{cpu};

                Bench::end($_) for grep { defined } $gate, $app, $redis;
            }
        }

        for my $peer (@peers) {
            printf "| %d | %s | %s | %s |\n", $n, $peer,
                   Bench::spread('%.1f', @{ $cpu{$peer} }),
                   Bench::spread('%.2f', map { $cpu{$peer}[$_]
                                               / $cpu{floor}[$_] }
                                         0 .. $runs - 1);
        }
    }
}


sub keys_of {
    my ($peer, $n) = @_;

    my $redis = $peer eq 'redis' ? Bench::redis() : undef;
    my $app = Bench::app();
    my $gate = Bench::gate($peer, size => int($n / 10000) + 64 . 'm',
                           fill => $n);
    my $set = Bench::set(4096, 70000, 'first', 'good');

    if ($peer eq 'redis') {
        my $empty = Bench::redis_memory();

        if ($n) {
            Bench::redis_ask("DEBUG POPULATE $n webhook:bench:"
                             . '0' x 56 . ' 16');
            printf STDERR "redis: %d keys, %.0f bytes each\n", $n,
                   (Bench::redis_memory() - $empty) / $n;
        }

    } elsif ($n) {
        my $one = Bench::set(300, 1, 'first', 'good');
        my $r = Bench::run($gate, $one, fill => $n, seconds => 900);

        printf STDERR "zone: %d of %d keys, %.1f us each\n", $r->{reached},
               $n, $r->{cpu};
        die "the zone is not filled\n" if $r->{reached} < $n * 0.99;
    }

    # they have other ids than those of the set

    my @cpu = map {
        my $start = int($set->{count} / $runs) * $_;

        checked("$n keys", $peer,
                Bench::run($gate, { %$set, count => $start
                                           + int($set->{count} / $runs) },
                           start => $start, redis => $redis))->{cpu};
    } 0 .. $runs - 1;

    Bench::end($_) for grep { defined } $gate, $app, $redis;

    return @cpu;
}


sub remembered {
    print "| keys | store | CPU us a request |\n| --- | --- | --- |\n";

    for ((map { ['zone', $_] } @zone_keys), map { ['redis', $_] } @redis_keys)
    {
        printf "| %d | %s | %s |\n", $_->[1], $_->[0],
               Bench::spread('%.1f', keys_of(@$_));
    }
}


# an application that takes connections and says nothing: nobody accepts them,
# so that its queue has their number

sub memory {
    my $small = Bench::set(1024, $in_flight, 'first', 'good');
    my %bytes;

    for my $peer (@peers) {
        my $redis = $peer eq 'redis' ? Bench::redis() : undef;
        my $app = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                        LocalPort => $Bench::APP,
                                        Listen => 16384, ReuseAddr => 1)
            or die "listen: $!\n";
        my $gate = Bench::gate($peer);

        open my $in, '<:raw', $small->{file} or die;
        my $before = Bench::anonymous($gate);
        my @clients;

        for my $n (1 .. $in_flight) {
            my $s = Bench::connected($Bench::GATE);

            read $in, my $request, $small->{length};
            print $s $request;
            push @clients, $s;

            Bench::wait_queued($Bench::APP, $n) if $n % 500 == 0;
        }

        Bench::wait_queued($Bench::APP, $in_flight);

        $bytes{$peer} = (Bench::anonymous($gate) - $before) / $in_flight;

        @clients = ();
        close $app;
        Bench::end($_) for grep { defined } $gate, $redis;
    }

    print "| gate | bytes a request, of $in_flight in flight | more than "
          . "the floor |\n| --- | --- | --- |\n";
    printf "| %s | %.0f | %.0f |\n", $_, $bytes{$_},
           $bytes{$_} - $bytes{floor} for @peers;
}


$| = 1;

my %what = (connections => \&connections, keys => \&remembered,
            memory => \&memory);

for (split ' ', $ENV{FLAT} // 'memory connections keys') {
    $what{$_}->();
    print "\n";
}
