# Instructions outside the kernel for one request, by where they are, counted
# by callgrind: with nothing else on the connection they are the same on each
# run, so that the cost of a change is seen. Needs valgrind.

use strict;
use warnings;

use Bench;

my ($few, $many) = (100, 600);

my @rows = (
    ['floor',            'floor',  4096, 'first', 'good'],
    ['first, zone',      'zone',   4096, 'first', 'good'],
    ['first, Redis',     'redis',  4096, 'first', 'good'],
    ['id last, zone',    'zone',   4096, 'last',  'good'],
    ['id last, Redis',   'redis',  4096, 'last',  'good'],
    ['duplicate, zone',  'zone',   4096, 'first', 'good', 'again'],
    ['duplicate, Redis', 'redis',  4096, 'first', 'good', 'again'],
    ['forged',           'zone',   4096, 'first', 'forged'],
    ['floor0',           'floor0', 4096, 'first', 'good'],
    ['unsigned',         'zone',   4096, 'first', 'unsigned'],
    ['floor, 512 B',         'floor', 512, 'first', 'good'],
    ['first, 512 B, Redis',  'redis', 512, 'first', 'good'],
    ['floor, 64 KiB',         'floor', 65536, 'first', 'good'],
    ['id last, 64 KiB, zone', 'zone',  65536, 'last', 'good'],
);

my @where = (['hashing', qr/libcrypto/], ['nginx', qr/nginx$/],
             ['libc', qr/libc\.so/], ['the module', qr/verify_module/]);


# of a gate that answers n deliveries, each of its own or all of one event

sub count {
    my ($peer, $set, $n, $again) = @_;

    my $file = "$Bench::dir/callgrind";

    local @Bench::under = ('valgrind', '-q', '--tool=callgrind',
                           '--compress-strings=no', '--compress-pos=no',
                           "--callgrind-out-file=$file");

    my $redis = $peer eq 'redis' ? Bench::redis() : undef;
    my $app = Bench::app();
    my $gate = Bench::gate($peer);
    my %status;

    $status{$_}++ for Bench::deliver($set, 0, $n, $again);

    die "$peer: ", join(' ', keys %status), "\n" if keys %status > 1;

    Bench::end($_) for grep { defined } $gate, $app, $redis;

    return { %{ objects($file) }, status => keys %status };
}


# what is spent in each of them; the line behind "calls" is spent in another

sub objects {
    my ($file) = @_;

    my (%count, $of, $call);

    $count{$_->[0]} = 0 for @where;

    open my $in, '<', $file or die "$file: $!\n";

    while (my $line = <$in>) {

        if ($line =~ /^ob=(.*)/) {
            my $object = $1;
            ($of) = map { $_->[0] } grep { $object =~ $_->[1] } @where;

        } elsif ($line =~ /^calls=/) {
            $call = 1;

        } elsif ($line =~ /^\d+ (\d+)$/) {
            $count{$of} += $1 if $of && !$call;
            $call = 0;
        }
    }

    return \%count;
}


$| = 1;

print '| | ', join(' | ', map { $_->[0] } @where), " |\n",
      '| --- |', ' --- |' x @where, "\n";

for (@rows) {
    my ($name, $peer, $size, $where, $kind, $again) = @$_;

    my $set = Bench::set($size, $many, $where, $kind);
    my @count = map { count($peer, $set, $_, $again) } $few, $many;
    my $good = $kind eq 'good' ? 200 : 401;

    die "$name: $count[1]{status}\n" if $count[1]{status} != $good;

    print "| $name | ", join(' | ', map {
        sprintf '%.0f', ($count[1]{$_->[0]} - $count[0]{$_->[0]})
                        / ($many - $few);
    } @where), " |\n";
}
