package WebhookVerify::Sign;

# Signatures as a provider makes them, with nothing but core perl.

use strict;
use warnings;

use Digest::SHA ();
use Exporter 'import';
use MIME::Base64 ();

our @EXPORT_OK = qw(mac signature fill forge sha256_hex);


sub mac {
    my ($body, %o) = @_;

    my $key = $o{key} // 'secret';
    my $algorithm = $o{algorithm} // 'sha256';

    for ($body, $key) {
        utf8::encode($_) if utf8::is_utf8($_);
    }

    my %by = (
        sha1   => \&Digest::SHA::hmac_sha1,
        sha256 => \&Digest::SHA::hmac_sha256,
        sha384 => \&Digest::SHA::hmac_sha384,
        sha512 => \&Digest::SHA::hmac_sha512,
    );

    return $by{$algorithm}->($body, $key);
}


sub signature {
    my ($body, %o) = @_;

    my $encoding = $o{encoding} // 'hex';

    return ($o{prefix} // '') . fill("{$encoding}", mac($body, %o));
}


# {hex} {HEX} {base64} {base64nopad} {base64url} in a template become the digest

sub fill {
    my ($template, $mac) = @_;

    my $hex = unpack 'H*', $mac;
    my $base64 = MIME::Base64::encode_base64($mac, '');

    (my $nopad = $base64) =~ s/=+$//;
    (my $url = $nopad) =~ tr{+/}{-_};

    my %is = (
        hex         => $hex,
        HEX         => uc $hex,
        base64      => $base64,
        base64nopad => $nopad,
        base64url   => $url,
    );

    $template =~ s/\{(\w+)\}/$is{$1} \/\/ "{$1}"/ge;

    return $template;
}


# well-formed, and wrong in its last bit only

sub forge {
    my ($mac) = @_;

    return substr($mac, 0, -1) . chr(ord(substr $mac, -1) ^ 1);
}


sub sha256_hex {
    my ($bytes) = @_;

    utf8::encode($bytes) if utf8::is_utf8($bytes);

    return Digest::SHA::sha256_hex($bytes);
}


1;
