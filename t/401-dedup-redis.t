# What becomes of a delivery, step by step, with Redis: the blocks of
# 400-dedup-zone.t, word for word.

use strict;
use warnings;

my ($dir) = $0 =~ m{^(.*)/};

$dir = './' . ($dir // '.') unless ($dir // '') =~ m{^/};

do "$dir/400-dedup-zone.t";
die $@ if $@;
