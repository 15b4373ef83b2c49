# Every configuration in the documents is taken by nginx, and every link goes
# somewhere. A fenced block of nginx may begin with "# context: main|http|
# server|location", which says at what level it stands; "server" otherwise.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/..";
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $dir = tempdir('wv-docs-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($module) = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

make_path("$dir/etc/secrets", "$dir/secrets", "$dir/logs");

for my $file ("$root/README.md", sort glob "$root/docs/{,*/}*.md") {
    my $name = substr $file, length "$root/";
    my $text = slurp($file);

    while ($text =~ /^ *```nginx\n(.*?)^ *```/msg) {
        my ($block, $before) = ($1, substr $text, 0, $-[0]);

        test_block($block, "$name:" . (1 + $before =~ tr/\n//));
    }

    test_links($file, $text);
}

done_testing();


sub test_block {
    my ($block, $where) = @_;

    my ($context) = $block =~ /^ *# context: (\w+)/;
    $context //= 'server';

    # secrets are what a reader has to provide; here hex, which is good for
    # every encoding but whsec's prefix

    for my $path ($block =~ m{(?:webhook_verify_(?:secret|redis_password)_file)\s+([^\s;]+)}g) {
        (my $file = $path) =~ s{^/etc/nginx/}{etc/};
        make_path(dirname("$dir/$file"));
        write_file("$dir/$file", 'ab' x 16 . "\n");
    }

    for my $path ($block =~ m{_trusted_certificate\s+/etc/nginx/([^\s;]+)}g) {
        make_path(dirname("$dir/etc/$path"));
        system "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca "
               . "-keyout $dir/key -out $dir/etc/$path 2> /dev/null";
    }

    $block =~ s{/etc/nginx/}{$dir/etc/}g;
    $block =~ s{/var/log/nginx/}{$dir/logs/}g;
    $block =~ s{http://app;}{http://127.0.0.1:8080;}g;

    my $load = $module ? "load_module $module;\n" : '';
    my $paths = join '', map { "${_}_temp_path $dir/$_;\n" }
                         qw(client_body proxy fastcgi uwsgi scgi);

    if ($context eq 'main') {
        $block =~ s{load_module[^;]*;}{$load};
        $load = '';
        $block .= "events {}\n" unless $block =~ /^\s*events\b/m;
        $block .= "http {\n$paths}\n" unless $block =~ /^\s*http\b/m;

    } else {
        $block = "location /x {\n$block\n}\n" if $context eq 'location';
        $block = "server {\nlisten 127.0.0.1:8000;\n$block}\n"
            unless $context eq 'http';
        $block = "events {}\nhttp {\n$paths$block}\n";
    }

    write_file("$dir/nginx.conf",
               "${load}pid $dir/pid;\nerror_log $dir/logs/error;\n$block");

    my $said = `$nginx -t -q -p $dir -c $dir/nginx.conf -e $dir/logs/error 2>&1`;

    is($?, 0, $where) or diag($said);
}


sub test_links {
    my ($file, $text) = @_;

    my @bad;

    while ($text =~ /\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g) {
        my ($path, $anchor) = ($1, $2);

        next if $path =~ /^https?:/;

        my $target = $path eq '' ? $file : dirname($file) . "/$path";

        if (!-e $target) {
            push @bad, $path;

        } elsif (defined $anchor && $target =~ /\.md$/
                 && !grep { $_ eq $anchor } anchors($target))
        {
            push @bad, "$path#$anchor";
        }
    }

    is("@bad", '', substr($file, length "$root/") . ': links');
}


sub anchors {
    my ($file) = @_;

    return map { (my $a = lc) =~ s/[^a-z0-9_ -]//g; $a =~ tr/ /-/; $a }
           slurp($file) =~ /^#+ (.*)$/mg;
}


sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!";
    local $/;

    return scalar <$in>;
}


sub write_file {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}
