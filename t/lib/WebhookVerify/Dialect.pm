package WebhookVerify::Dialect;

# With WEBHOOK_VERIFY_HTTP=2 or 3 nginx is told in that HTTP what a test says in
# HTTP/1.1: t/tools/bridge stands between them.
#
#   my $dialect = WebhookVerify::Dialect->start or return;    undef: HTTP/1.1
#   $dialect->port       where the test connects to
#   $dialect->listen     what the server of nginx needs for it

use strict;
use warnings;

use File::Temp ();

use WebhookVerify::Process;
use WebhookVerify::Server;

my $HTTP = $ENV{WEBHOOK_VERIFY_HTTP} || '';
my $Dir;


sub start {
    my ($class) = @_;

    return if $HTTP eq '';

    my $option = `$WebhookVerify::Server::Binary -V 2>&1`;

    die "nginx without HTTP/$HTTP\n" if $option !~ /http_v${HTTP}_module/;

    $Dir //= File::Temp::tempdir('wv-bridge-XXXXXX', TMPDIR => 1, CLEANUP => 1);

    my $self = bless { map { $_ => WebhookVerify::Process->free_port }
                       qw(port nginx) }, $class;

    $self->{pid} = WebhookVerify::Process->start("$Dir/output",
        't/tools/bridge', $HTTP, $self->{port}, $self->{nginx});

    WebhookVerify::Process->wait_for(10, sub {
        WebhookVerify::Process->accepts($self->{port});
    }) or die "t/tools/bridge does not start:\n", `cat $Dir/output`;

    return $self;
}


sub port { $_[0]{port} }


sub listen {
    my ($self) = @_;

    my $address = "127.0.0.1:$self->{nginx}";

    return WebhookVerify::Server->version < 1.025001
           ? "listen $address http2;\n"
           : "listen $address;\nhttp2 on;\n" if $HTTP == 2;

    certificate() if !-f "$Dir/cert";

    return "listen $address quic;\nssl_certificate $Dir/cert;\n"
           . "ssl_certificate_key $Dir/key;\n";
}


# what an access log has in another HTTP

sub heard {
    my ($class, $file) = @_;

    open my $in, '<', $file or return "$file: $!";

    return join '', grep { m{" [0-9]|HTTP/} && !m{HTTP/$HTTP\.0"} } <$in>;
}


sub certificate {
    system('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
           'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost',
           '-keyout', "$Dir/key", '-out', "$Dir/cert", '-batch',
           '-days', 2) == 0 or die 'no certificate';
}


1;
