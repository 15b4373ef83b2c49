# What a delivery costs the gate, beside what it costs without one: rounds of
# short runs, each with servers that start anew, all peers of a load one right
# after the other. A table goes to the standard output, all figures to
# build/bench.json. A run with a wrong answer makes it fail; no speed does.

use strict;
use warnings;

use Bench;
use JSON::PP;

my $quick = $ENV{BENCH_QUICK};
my $rounds = $ENV{BENCH_ROUNDS} // ($quick ? 1 : 6);

# bytes, events, where the id is, kind; the peer that the others are compared
# with, the other peers, and how far they may be from it

my @loads = (
    { name => 'first, 512 B', set => [512, 100000, 'first', 'good'],
      base => 'floor', peers => { redis => 1.35, zone => undef } },
    { name => 'first, 4 KiB', set => [4096, 70000, 'first', 'good'],
      base => 'floor', peers => { redis => 1.5, zone => 1.4 } },
    { name => 'first, 64 KiB', set => [65536, 14000, 'first', 'good'],
      base => 'floor', peers => { redis => 2.9, zone => undef } },
    { name => 'id last, 4 KiB', set => [4096, 70000, 'last', 'good'],
      base => 'floor', peers => { redis => 1.65, zone => undef } },
    { name => 'id last, 64 KiB', set => [65536, 14000, 'last', 'good'],
      base => 'floor', peers => { redis => 3.6, zone => undef } },
    { name => 'duplicate, 4 KiB', set => [4096, 500, 'first', 'good'],
      base => 'floor0', peers => { redis => 1.95, zone => undef } },
    { name => 'forged, 4 KiB', set => [4096, 500, 'first', 'forged'],
      base => 'floor0', peers => { redis => 1.65, zone => undef } },
    { name => 'unsigned, 4 KiB', set => [4096, 500, 'first', 'unsigned'],
      base => 'floor0', peers => { redis => 1.1, zone => undef } },
    { name => 'one connection', set => [4096, 70000, 'first', 'good'],
      base => 'floor', peers => { redis => undef, zone => undef },
      connections => 1 },
);

if ($quick) {
    @loads = grep { $_->{name} =~ / 4 KiB/ } @loads;
    $_->{set}[1] = 20000 for grep { $_->{set}[1] > 20000 } @loads;
}

my (@runs, @trips, $failed);


sub measure {
    my ($load, $peer, %o) = @_;

    my $set = Bench::set(@{ $load->{set} });
    my $redis = $peer eq 'redis' ? Bench::redis() : undef;
    my $app = Bench::app();
    my $gate = Bench::gate($peer, %o);

    if ($load->{name} =~ /^duplicate/) {
        Bench::deliver($set, 0, $set->{count});
    }

    my $r = Bench::run($gate, $set, redis => $redis, app => $app,
                       connections => $load->{connections},
                       again => $load->{base} eq 'floor0');

    Bench::end($_) for grep { defined } $gate, $app, $redis;

    $r->{load} = $load->{name};
    $r->{peer} = $peer;
    $r->{wrong} = [Bench::wrong($load->{name}, $peer, $r)];

    return $r;
}


# a gate with another secret refuses what is good, one that remembers nothing
# passes on what is not the first; neither may be taken for a result

sub self_test {
    my ($first) = grep { $_->{name} eq 'first, 4 KiB' } @loads;
    my ($again) = grep { $_->{name} =~ /^duplicate/ } @loads;

    my @missed = grep { !@{ $_->{wrong} } }
        measure($first, 'zone', secret => 'wrong'),
        measure($again, 'zone',
                location => 'webhook_verify_store off;'
                            . 'proxy_pass http://app;');

    die "a wrong answer goes unnoticed\n" if @missed;
}


sub report {
    my $m = Bench::machine();
    my @noisy = grep { $_->{steal} > 5 || $_->{others} > 15 } @runs;
    my $trip = Bench::median(@trips);

    printf "%s, %d cores, Linux %s; nginx %s, redis %s, openssl %s, wrk %s\n"
           . "%s; %d rounds; during %d of %d runs others had more than 15 %% "
           . "of a core, or 5 %% were stolen; a round trip to Redis: %.0f us"
           . "\n\n",
           @$m{qw(cpu cores kernel nginx redis openssl wrk date)}, $rounds,
           scalar @noisy, scalar @runs, $trip;

    print "The machine was not quiet: the ratios are rough.\n\n"
        if @noisy > @runs / 4;

    printf "| %-16s | %-6s | %-18s | %-18s | %5s | %-18s | %s |\n", 'load',
           'gate', 'CPU us a request', 'x its floor', 'reach', 'p50 us',
           'Redis commands';
    print "| --- | --- | --- | --- | --- | --- | --- |\n";

    for my $load (@loads) {
        for my $peer ($load->{base}, 'redis', 'zone') {
            my %of;

            push @{ $of{$_->{peer}} }, $_
                for grep { $_->{load} eq $load->{name} } @runs;

            my @r = @{ $of{$peer} };
            my @base = @{ $of{$load->{base}} };
            my @ratio = map { $r[$_]{cpu} / $base[$_]{cpu} } 0 .. $#r;

            printf "| %-16s | %-6s | %-18s | %-18s | %5s | %-18s | %s |\n",
                   $load->{name}, $peer,
                   Bench::spread('%.1f', map { $_->{cpu} } @r),
                   Bench::spread('%.2f', @ratio),
                   $load->{peers}{$peer} // '',
                   Bench::spread('%d', map { $_->{p50} } @r),
                   $peer eq 'redis'
                   ? sprintf '%.2f', Bench::median(map { $_->{commands}
                                                         / $_->{requests} } @r)
                   : '';
        }
    }

    my %p50;

    push @{ $p50{$_->{peer}} }, $_->{p50}
        for grep { $_->{load} eq 'one connection' } @runs;

    printf "\nOne connection, p50: with Redis %.0f us; the floor, a round trip "
           . "and 15 us are %.0f us.\n",
           Bench::median(@{ $p50{redis} }),
           Bench::median(@{ $p50{floor} }) + $trip + 15
        if %p50;

    open my $out, '>', 'build/bench.json' or die "build/bench.json: $!\n";
    print $out JSON::PP->new->canonical->pretty->encode(
        { machine => $m, rounds => $rounds, round_trip_us => $trip,
          runs => \@runs });
    close $out;
}


$| = 1;

self_test();

for my $round (1 .. $rounds) {
    push @trips, Bench::round_trip();

    for my $load (@loads) {
        my @peers = ($load->{base}, sort keys %{ $load->{peers} });

        for my $peer ($round % 2 ? @peers : reverse @peers) {
            my $r = measure($load, $peer);

            printf STDERR "%d  %-16s  %-6s  %6.1f us  %6d/s  %s\n", $round,
                   $load->{name}, $peer, $r->{cpu}, $r->{rate},
                   join('; ', @{ $r->{wrong} }) || 'right';

            push @runs, $r;
            $failed = 1 if @{ $r->{wrong} };
        }
    }
}

report();

die "some answers were wrong\n" if $failed;
