# What Prometheus gets: promtool has nothing to say of it, the numbers are those
# of the JSON, and the dashboard in docs/ asks for metrics that there are. Needs
# Debian's prometheus; run by "make page".

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;

use WebhookVerify::App;
use WebhookVerify::Client;
use WebhookVerify::Server;
use WebhookVerify::Status;

my $app = WebhookVerify::App->start;
my $upstream = 'proxy_pass http://127.0.0.1:' . $app->port . ';';

my $nginx = WebhookVerify::Server->new(config => <<"_EOC_")->start;
    webhook_verify           hmac;
    webhook_verify_secret    secret;
    webhook_verify_signature \$http_x_signature;

    location /hook {
        $upstream
    }

    location ~ "^/re\\"gex\\\\d" {
        webhook_verify_scope "t\xc3\xa9\xff-\$http_x_tenant";
        $upstream
    }

    location /down {
        webhook_verify_store redis://127.0.0.1:1;
        $upstream
    }

    location /none {
        webhook_verify off;
    }

    location = /metrics { webhook_verify_status prometheus; }
    location = /status  { webhook_verify_status json; }
_EOC_

my $n = 0;

sub deliver {
    my ($path, %o) = @_;

    my $body = $o{body} // '{"n":' . ++$n . '}';

    WebhookVerify::Client->delivery($nginx->port, $body, path => $path, %o)
        ->send->wait(5);
}

sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!";
    local $/;

    return <$in>;
}

sub promtool {
    my ($text) = @_;

    my $file = $nginx->dir . '/metrics';

    open my $out, '>:raw', $file or die $!;
    print $out $text;
    close $out;

    my $said = `promtool check metrics < $file 2>&1`;

    return ($? == 0 ? '' : "status $?: ") . $said;
}


deliver('/hook');
deliver('/hook', body => 'x') for 1 .. 3;
deliver('/hook', sig => '');
deliver('/hook?status=500');
deliver('/down');
deliver('/re%22gex1');

my $text = WebhookVerify::Status->text($nginx->port, '/metrics');
my $status = WebhookVerify::Status->get($nginx->port);

is(promtool($text), '', 'promtool has nothing to say');
isnt(promtool("# TYPE webhook_x counter\nwebhook_x 1\n"), '',
     'of something worse it has');

my %metric;

while ($text =~ /^(webhook_\w+)(?:\{(.*)\})? (\S+)$/mg) {
    my ($name, $labels, $value) = ($1, $2 // '', $3);
    my %label = $labels =~ /(\w+)="((?:[^"\\]|\\.)*)"/g;

    push @{ $metric{$name} }, { %label, value => $value };
}

for my $word (sort keys %{ $status->{results} }) {
    my $sum = 0;

    $sum += $_->{value} for grep { $_->{result} eq $word }
                            @{ $metric{webhook_verify_results_total} };
    is($sum, $status->{results}{$word}, "$word: as in the JSON");
}

is($status->{results}{first}, 4, 'as they were sent');

my ($hook) = grep { $_->{location} eq '/hook' && $_->{le} eq '+Inf' }
             @{ $metric{webhook_verify_store_duration_seconds_bucket} };

is($hook->{value}, 5, 'the last bucket has all answers of the store');

my ($regex) = grep { $_->{location} =~ /gex/ }
              @{ $metric{webhook_verify_requests_total} };

is($regex->{location}, '^/re\"gex\\\\d', 'a location with quotes');
is($regex->{value}, 1, 'counts');


# the dashboard

my $dashboard = JSON::PP->new->utf8->decode(slurp('docs/grafana.json'));
my %asked;

sub expressions {
    my ($node) = @_;

    if (ref $node eq 'HASH') {
        for (sort keys %$node) {
            $asked{$node->{$_}} = 1 if /^(?:expr|query)$/ && !ref $node->{$_};
            expressions($node->{$_});
        }

    } elsif (ref $node eq 'ARRAY') {
        expressions($_) for @$node;
    }
}

expressions($dashboard);

my %used = map { $_ => 1 } map { /(webhook_verify_\w+)/g } keys %asked;

cmp_ok(scalar(keys %used), '>', 8, 'the dashboard uses metrics');
is(join(' ', grep { !$metric{$_} } sort keys %used), '',
   'and each of them is there');

my @documented = slurp('docs/status.md') =~ /`(webhook_verify_\w+)`/g;
my %documented = map { $_ => 1 } @documented;

is(join(' ', grep { !$documented{s/_(?:bucket|sum|count)$//r} }
             sort keys %metric), '', 'each metric is documented');

ok($nginx->stop, 'nginx ends by itself');
is($nginx->complaints, '', 'nothing bad in the log');

done_testing();
