package WebhookVerify::Tls;

# Certificates, made when they are needed.
#
#   my $tls = WebhookVerify::Tls->new;
#   $tls->ca, $tls->other_ca             files
#   $tls->crt('server'), $tls->key('server')
#
#   server    for 127.0.0.1, redis.test and localhost
#   wrong     for another.test
#   expired   like server, two years ago
#   stranger  like server, of the other CA
#   client    of a client

use strict;
use warnings;

use File::Temp ();

my $OURS = 'IP:127.0.0.1,DNS:redis.test,DNS:localhost';

# name => [CA, names, days, when]

my %CERTIFICATES = (
    server => ['ca', $OURS, 30],
    wrong => ['ca', 'DNS:another.test', 30],
    expired => ['ca', $OURS, 30, '2 years ago'],
    stranger => ['other', $OURS, 30],
    client => ['ca', 'DNS:client.test', 30],
);


sub new {
    my ($class) = @_;

    my $self = bless {
        dir => File::Temp::tempdir('wv-tls-XXXXXX', TMPDIR => 1, CLEANUP => 1),
    }, $class;

    for my $ca (qw(ca other)) {
        $self->_openssl('req', '-x509', $self->_new_key($ca), '-days', 3650,
                        '-subj', "/CN=$ca of a test", '-out', $self->crt($ca));
    }

    return $self;
}


sub ca       { $_[0]->crt('ca') }
sub other_ca { $_[0]->crt('other') }


sub crt {
    my ($self, $name) = @_;

    my $file = "$self->{dir}/$name.crt";

    $self->_certificate($name) if $CERTIFICATES{$name} && !-e $file;

    return $file;
}


sub key {
    my ($self, $name) = @_;

    $self->crt($name);

    return "$self->{dir}/$name.key";
}


sub _new_key {
    my ($self, $name) = @_;

    return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
            '-nodes', '-keyout', "$self->{dir}/$name.key");
}


sub _certificate {
    my ($self, $name) = @_;

    my ($ca, $names, $days, $when) = @{ $CERTIFICATES{$name} };
    my $base = "$self->{dir}/$name";

    open my $out, '>', "$base.ext" or die "$base.ext: $!";
    print $out "subjectAltName=$names\n";
    close $out;

    $self->_openssl('req', $self->_new_key($name), '-subj', '/CN=a test',
                    '-out', "$base.csr");

    local $self->{when} = $when;

    $self->_openssl('x509', '-req', '-in', "$base.csr", '-days', $days,
                    '-CA', $self->crt($ca), '-CAkey', "$self->{dir}/$ca.key",
                    '-CAcreateserial', '-extfile', "$base.ext",
                    '-out', "$base.crt");
}


sub _openssl {
    my ($self, @words) = @_;

    my @clock = $self->{when} ? ('faketime', $self->{when}) : ();
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/output";
        open STDERR, '>>', "$self->{dir}/output";

        exec @clock, 'openssl', @words or POSIX::_exit(127);
    }

    waitpid $pid, 0;
    die "openssl @words: see $self->{dir}/output" if $?;
}


# what a Redis is started with, for redis_port() besides its own

sub redis {
    my ($self, $port, $name, @more) = @_;

    return ('--tls-port', $port, '--tls-cert-file', $self->crt($name),
            '--tls-key-file', $self->key($name),
            '--tls-ca-cert-file', $self->ca, '--tls-auth-clients', 'no',
            @more);
}


1;
