package WebhookVerify::Sign;

# Signatures as a provider makes them, with nothing but core perl.

use strict;
use warnings;

use Digest::SHA ();
use Exporter 'import';
use File::Basename qw(dirname);
use File::Spec ();

# the sender has what a provider does

BEGIN {
    require(File::Spec->rel2abs(dirname(__FILE__)
                                . '/../../../docs/examples/send'));
}

our @EXPORT_OK = qw(mac signature fill forge sha256_hex);

*forge = \&WebhookSend::forge;


sub mac {
    my ($body, %o) = @_;

    return WebhookSend::mac($body, %o, key => $o{key} // 'secret');
}


sub signature {
    my ($body, %o) = @_;

    return ($o{prefix} // '')
           . WebhookSend::encode($o{encoding} // 'hex', mac($body, %o));
}


# {hex} {HEX} {base64} {base64nopad} {base64url} in a template become the digest

sub fill {
    my ($template, $mac) = @_;

    $template =~ s/\{(hex|HEX|base64\w*)\}/WebhookSend::encode($1, $mac)/ge;

    return $template;
}


sub sha256_hex {
    my ($bytes) = @_;

    utf8::encode($bytes) if utf8::is_utf8($bytes);

    return Digest::SHA::sha256_hex($bytes);
}


1;
