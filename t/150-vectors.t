# Every published vector of t/vectors (or of VECTORS=file), against a location
# with the generic directives that its scheme says, and against the preset of
# its provider where there is one. A vector with a time of its own gets an
# nginx whose clock stands there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;

use WebhookVerify::Client;
use WebhookVerify::Process;
use WebhookVerify::Server;

my $file = $ENV{VECTORS} || "$FindBin::Bin/vectors/providers.json";
my $vectors = do {
    open my $in, '<', $file or die "$file: $!";
    local $/;
    JSON::PP->new->utf8->decode(scalar <$in>);
};

# presets by the names that the vectors have for providers

my %preset = (
    'Bitbucket Server' => 'bitbucket', 'Box' => 'box',
    'Buildkite' => 'buildkite', 'CircleCI' => 'circleci',
    'Finch' => 'finch', 'GitHub' => 'github', 'Gitea' => 'gitea',
    'GoCardless' => 'gocardless', 'Gogs' => 'gogs', 'Hook0' => 'hook0',
    'HubSpot v3' => 'hubspot', 'Intuit QuickBooks' => 'quickbooks',
    'LINE' => 'line', 'Lemon Squeezy' => 'lemonsqueezy',
    'Meta / WhatsApp' => 'meta', 'Modern Treasury' => 'modern_treasury',
    'Mux' => 'mux', 'OpenAI (Standard Webhooks)' => 'openai',
    'PagerDuty' => 'pagerduty', 'Paddle' => 'paddle', 'Pusher' => 'pusher',
    'Razorpay' => 'razorpay', 'Sanity' => 'sanity', 'Shopify' => 'shopify',
    'Slack' => 'slack', 'Square' => 'square',
    'Standard Webhooks' => 'standard', 'Stripe' => 'stripe',
    'Svix' => 'svix', 'Trello' => 'trello', 'Twitch EventSub' => 'twitch',
    'Typeform' => 'typeform', 'Vercel' => 'vercel', 'WorkOS' => 'workos',
    'Zendesk' => 'zendesk', 'Zoom' => 'zoom',
);

my $app = WebhookVerify::Process->free_port;
my %by_now;

push @{ $by_now{ $_->{now} // '' } }, $_ for @$vectors;

my ($agree, $differ) = (0, 0);

for my $now (sort keys %by_now) {
    run($now, @{ $by_now{$now} });
}

diag("$agree verdicts agree, $differ differ");

done_testing();


sub run {
    my ($now, @vectors) = @_;

    my $nginx = WebhookVerify::Server->new(
        http => "server { listen 127.0.0.1:$app; return 200; }
                 underscores_in_headers on;",
        clock => $now);

    my $n = 0;

    for my $v (@vectors) {
        my $secret = "secret-" . $n;
        my $scheme = $v->{scheme};

        # "$" and quotes are no syntax in a file, but it cannot have an
        # empty secret

        my $bytes = $v->{secret};
        utf8::encode($bytes);

        next if $bytes eq '';

        write_file("$nginx->{dir}/conf/$secret", $bytes);

        $nginx->{config} .= location("g$n", 'hmac', $secret, generic($v));

        if (my $name = preset($v)) {
            $v->{preset} = $name;
            $nginx->{config} .= location("p$n", $name, $secret, clock($v),
                $v->{url} ? 'webhook_verify_url ' . quote($v->{url}) : ());
        }

        $v->{n} = $n++;
    }

    $nginx->start;

    for my $v (@vectors) {
        if (!defined $v->{n}) {
            pass("$v->{id}: an empty secret is an error of configuration");
            next;
        }

        check($nginx, $v, "/g$v->{n}", 'generic');
        check($nginx, $v, "/p$v->{n}", $v->{preset}) if $v->{preset};
    }

    $nginx->stop;
}


sub location {
    my ($name, $scheme, $secret, @directives) = @_;

    return join "\n", "location = /$name {", "webhook_verify $scheme;",
        (map "$_;", "webhook_verify_secret_file $secret" . encoding(\@directives),
             'webhook_verify_store off', @directives),
        "proxy_pass http://127.0.0.1:$app;", '}', '';
}


# the secret's encoding is said where the signature is

sub encoding {
    my ($directives) = @_;

    return @$directives && $directives->[0] =~ s/ secret=(\w+)$// ? " encoding=$1"
                                                                  : '';
}


sub generic {
    my ($v) = @_;

    my $s = $v->{scheme};
    my $signature = 'webhook_verify_signature ' . header($s->{signature_header})
        . " algorithm=$s->{algorithm} encoding=$s->{encoding}";

    $signature .= ' ' . quote("prefix=$s->{prefix}") if $s->{prefix} ne '';
    $signature .= ' ' . quote("separator=$s->{separator}")
        if defined $s->{separator};

    my $encoding = $v->{secret_encoding};
    $encoding = 'whsec' if $encoding eq 'base64';

    return ("$signature secret=$encoding", template($v), timestamp($v));
}


sub template {
    my ($v) = @_;

    my $text = quote($v->{scheme}{signed});

    $text =~ s/\{body\}/\${request_body}/g;
    $text =~ s/\{timestamp\}/timestamp_variable($v)/ge;
    $text =~ s/\{url\}/$v->{url}/g;
    $text =~ s/\{header:([^}]+)\}/'${' . substr(header($1), 1) . '}'/ge;

    return $text eq '"${request_body}"' ? () : "webhook_verify_signed $text";
}


# Orb signs a time that names no zone: it is a part of what was signed, and
# nobody can say how old it is

sub unread {
    my ($v) = @_;

    return $v->{provider} eq 'Orb';
}


sub timestamp_variable {
    my ($v) = @_;

    return '${webhook_verify_timestamp}' unless unread($v);
    return '${' . substr(header($v->{scheme}{timestamp}{header}), 1) . '}';
}


sub timestamp {
    my ($v) = @_;

    my $t = $v->{scheme}{timestamp} or return;

    return if unread($v);

    my $text = 'webhook_verify_timestamp ' . header($t->{header})
        . " unit=$t->{unit} " . tolerance($v);

    $text .= ' ' . quote("prefix=$t->{prefix}") if $t->{prefix} ne '';
    $text .= ' ' . quote("separator=$t->{separator}")
        if defined $t->{separator};

    return $text;
}


sub tolerance {
    my ($v) = @_;

    my $seconds = $v->{scheme}{tolerance};

    return 'tolerance=' . (defined $seconds ? "${seconds}s" : 'off');
}


# a preset has its provider's tolerance, a vector its own

sub clock {
    my ($v) = @_;

    my $t = $v->{scheme}{timestamp} or return;

    return 'webhook_verify_timestamp ' . header($t->{header}) . ' '
           . tolerance($v);
}


# the preset of a provider is for its present header and version

sub preset {
    my ($v) = @_;

    my $name = $preset{ $v->{provider} } or return;
    my $s = $v->{scheme};

    return if $name eq 'github'
              && lc $s->{signature_header} ne 'x-hub-signature-256';
    return if $name eq 'hook0' && $s->{prefix} ne 'v0=';

    # its secrets are base64; another encoding is a choice of the vector

    return if $name eq 'openai' && $v->{secret_encoding} ne 'base64';

    return $name;
}


sub check {
    my ($nginx, $v, $path, $what) = @_;

    my $body = $v->{body};

    if (defined $v->{body_base64}) {
        $body = decode_base64($v->{body_base64});

    } else {
        utf8::encode($body);
    }

    my @headers;

    for my $name (sort keys %{ $v->{headers} }) {
        my $values = $v->{headers}{$name};

        for my $value (ref $values ? @$values : $values) {
            my $line = "$name: $value";
            utf8::encode($line);
            push @headers, $line;
        }
    }

    my $answer = WebhookVerify::Client->new($nginx->port, path => $path,
        body => $body, headers => \@headers)->send->wait(5);

    my $wanted = $v->{expect} eq 'valid' ? 200 : 401;
    my $policy = $v->{policy} ? " (policy: $v->{policy})" : '';

    is($answer->{status}, $wanted, "$v->{id}, $what: $v->{expect}$policy")
        ? $agree++
        : ($differ++, diag('result: '
                           . ($answer->{header}{'x-result'} // 'none')));
}


sub header {
    my ($name) = @_;

    (my $variable = lc $name) =~ tr/-/_/;

    return "\$http_$variable";
}


sub quote {
    my ($text) = @_;

    $text =~ s/(["\\])/\\$1/g;

    return "\"$text\"";
}


sub write_file {
    my ($name, $bytes) = @_;

    open my $out, '>', $name or die "$name: $!";
    print $out $bytes, "\n";
    close $out or die "$name: $!";
}
