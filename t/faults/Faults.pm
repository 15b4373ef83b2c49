package Faults;

# The other end of malloc.c: which allocation fails, and in whom.
#
#   my $faults = Faults->new;
#   local %ENV = (%ENV, $faults->environment);    what starts now obeys
#   $faults->arm($n, pid => $pid);  ...  $faults->disarm;
#   $faults->failed; $faults->where               names of functions

use strict;
use warnings;

use Fcntl qw(O_RDWR SEEK_SET);
use File::Temp ();

my $WORDS = 8;
my $FRAME = 128;
my $DEPTH = 32;


sub new {
    my ($class, $dir) = @_;

    my ($handle, $path) = File::Temp::tempfile('wv-faults-XXXXXX', TMPDIR => 1,
                                               UNLINK => 1);
    syswrite $handle, "\0" x ($WORDS * 8 + $DEPTH * $FRAME);

    return bless { handle => $handle, path => $path, dir => $dir }, $class;
}


sub environment {
    my ($self) = @_;

    return (FAULTS_FILE => $self->{path},
            FAULTS_MODULE => 'ngx_http_webhook_verify_module',
            LD_PRELOAD => "$self->{dir}/malloc.so");
}


sub arm {
    my ($self, $n, %o) = @_;

    # "armed" comes last, so that nothing counts before it should

    $self->_write(0, pack 'Q8', 0, $n, $o{forever} // 0, $o{module} // 0,
                                $o{pid} // 0, 0, 0, 0);
    $self->_write(0, pack 'Q', 1);
}


sub disarm {
    my ($self) = @_;

    $self->_write(0, pack 'Q', 0);

    @$self{qw(count failed depth)} = (unpack 'Q8', $self->_read(0, 64))[5 .. 7];
}


sub failed { $_[0]{failed} }
sub count  { $_[0]{count} }


sub _write {
    my ($self, $at, $bytes) = @_;

    sysseek $self->{handle}, $at, SEEK_SET;
    syswrite $self->{handle}, $bytes;
}


sub _read {
    my ($self, $at, $length) = @_;

    sysseek $self->{handle}, $at, SEEK_SET;
    my $bytes;

    sysread $self->{handle}, $bytes, $length;

    return $bytes;
}


# who wanted the memory, from the inside out

sub stack {
    my ($self) = @_;

    return map {
        my ($offset, $object) = unpack 'QZ120',
            $self->_read($WORDS * 8 + $_ * $FRAME, $FRAME);
        [ $object, $offset ];
    } 0 .. $self->{depth} - 1;
}


sub where {
    my ($self, @stack) = @_;

    my @names = ();

    for (@stack) {
        my ($object, $offset) = @$_;

        next if $object =~ /malloc\.so|libc\.so|^$/;

        # a worker has changed its title

        $object = $WebhookVerify::Server::Binary if $object !~ m{^/};

        my ($name, $line) = -x '/usr/bin/addr2line'
            ? split /\n/, qx(addr2line -f -e $object @{[ sprintf '%x', $offset - 1 ]} 2>/dev/null)
            : ('??', '');

        ($line // '') =~ m{([^/]+)$};
        push @names, $name eq '??' ? sprintf '%s+%x', $object =~ m{([^/]+)$}, $offset
                                   : "$name ($1)";
        last if @names == 9;
    }

    return join ' < ', @names;
}


1;
