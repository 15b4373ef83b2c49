# What nginx -t says of configurations that work, but hardly as was meant.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $dir = tempdir('wv-warn-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $load = join '', map { "load_module $_;\n" }
                    split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

my $hmac = 'webhook_verify hmac; webhook_verify_secret s;
            webhook_verify_signature $http_x_signature;';

warns('an id in a header that the preset does not sign', qr/id .* not signed/,
      'webhook_verify github; webhook_verify_secret s;');
warns('a configured one', qr/id .* not signed/,
      "$hmac webhook_verify_id \$http_x_id;");
warns('one of the parts', qr/id .* not signed/,
      "$hmac webhook_verify_id /id \${http_x_id};");
warns('an alternative', qr/id .* not signed/,
      "$hmac webhook_verify_id /id; webhook_verify_id \$http_x_id;");
warns('another header than the one that is signed', qr/id .* not signed/,
      "$hmac webhook_verify_id \$http_x_id;
       webhook_verify_signed \"\$http_x_other.\$request_body\";");

quiet('an id in the body', "$hmac webhook_verify_id /id;");
quiet('a header that is signed',
      "$hmac webhook_verify_id \$http_x_id;
       webhook_verify_signed \"\${http_x_id}.\$request_body\";");
quiet('a word', "$hmac webhook_verify_id word /id;");
quiet('a preset that signs its id',
      'webhook_verify standard; webhook_verify_secret whsec_MfKQ9r8GKYqrTwjU;');
quiet('without a store an id is not used',
      "$hmac webhook_verify_id \$http_x_id; webhook_verify_store off;");

warns('a window shorter than twice the tolerance', qr/webhook_verify_window/,
      "$hmac webhook_verify_timestamp \$http_x_time;
       webhook_verify_window 9m;");
quiet('one as long as that',
      "$hmac webhook_verify_timestamp \$http_x_time;
       webhook_verify_window 10m;");
warns('a window shorter than the provider retries', qr/webhook_verify_window/,
      'webhook_verify speeko; webhook_verify_secret s;
       webhook_verify_window 1h;');
quiet('one that is longer',
      'webhook_verify speeko; webhook_verify_secret s;
       webhook_verify_window 12h;');
warns('a lease under a second', qr/webhook_verify_lease/,
      "$hmac webhook_verify_lease 500ms;");
warns('a lease longer than the window', qr/webhook_verify_lease/,
      "$hmac webhook_verify_lease 2h; webhook_verify_window 1h;");
quiet('the defaults', $hmac);

done_testing();


sub warns {
    my ($name, $what, $gate) = @_;

    like(said($gate), qr/\[warn\].*$what/, "warned: $name");
}


sub quiet {
    my ($name, $gate) = @_;

    is(said($gate), '', "nothing said: $name");
}


sub said {
    my ($gate) = @_;

    open my $out, '>', "$dir/nginx.conf" or die $!;
    print $out "${load}pid $dir/pid;\nerror_log $dir/log;\nevents {}\n",
               "http { access_log off;\n",
               (map { "${_}_temp_path $dir/$_;\n" }
                    qw(client_body proxy fastcgi uwsgi scgi)),
               "server { listen 127.0.0.1:8000;\n",
               "location / {\n$gate\nproxy_pass http://127.0.0.1:1; } } }\n";
    close $out or die $!;

    my $said = `$nginx -t -q -p $dir -c $dir/nginx.conf -e $dir/log 2>&1`;

    $said .= "\nstatus $?" if $?;

    return $said;
}
