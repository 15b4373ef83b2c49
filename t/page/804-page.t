# The page, in a real browser: it renders, filters, goes on by itself, and what
# came from outside is text there and nothing else. Needs Chromium; run by
# "make page", which leaves build/status.png and build/status-phone.png.

use strict;
use warnings;

use lib 't/lib';
use File::Path qw(make_path);
use Test::More;

use WebhookVerify::App;
use WebhookVerify::Browser;
use WebhookVerify::Client;
use WebhookVerify::Server;

my $app = WebhookVerify::App->start;
my $upstream = 'proxy_pass http://127.0.0.1:' . $app->port . ';';

my $nginx = WebhookVerify::Server->new(
    http => 'webhook_verify_history 20;', config => <<"_EOC_")->start;
    webhook_verify_secret secret;

    location /hook {
        webhook_verify           hmac;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_id        /n;
        $upstream
    }

    location /speeko {
        webhook_verify           speeko;
        $upstream
    }

    location /status {
        webhook_verify_status    html;
    }
_EOC_


sub deliver {
    my ($body, %o) = @_;

    return WebhookVerify::Client->delivery($nginx->port, $body, %o)
        ->send->wait(5)->{status};
}


my $evil = '<script>document.title = \"gone\"; alert(1)</script>';
my $worse = '<img src=x onerror=alert(2)>';

deliver(qq({"n":"$_"})) for $evil, $worse, "one", "one";
deliver('{"n":"two"}', sig => '');
deliver('{"job_id":"job_1"}', path => '/speeko',
        header => 'X-Speeko-Signature');
deliver('{"n":"three"}', path => '/hook?status=500');

my $browser = WebhookVerify::Browser->start;


sub page { $browser->eval($_[0]) }

sub column {
    my ($name) = @_;

    return join ' ', @{ page("[...document.querySelectorAll("
        . "'#list td[data-name=$name]')].map(e => e.textContent)") };
}

sub choose {
    my ($filter, $value) = @_;

    page("\$('$filter').value = '$value'; \$('$filter').onchange()");
}


$browser->size(1200, 900);
$browser->open('http://127.0.0.1:' . $nginx->port . '/status');
ok($browser->wait_for('document.body.dataset.updates > 0'), 'it renders');

is(page('document.title'), 'Webhooks', 'a page');
is(column('result'), 'first first missing_signature duplicate first first'
   . ' first', 'the last deliveries, the newest first');
is(column('status'), '500 200 401 200 200 200 200', 'what was answered');
like(page('$("results").textContent'), qr/first5.*duplicate1/,
     'the counters');
like(page('$("gates").tBodies[0].textContent'), qr/speeko/, 'the gates');
is(page('$("health").textContent'), 'answers', 'the store');

# what came from outside

my @ids = @{ page("[...document.querySelectorAll('#list td.id')]"
                  . ".map(e => e.textContent)") };

is($ids[-1], '<script>document.title = "gone"; alert(1)</script>',
   'an id is shown as it came');
is($ids[-2], $worse, 'also this one');
is(page('document.querySelectorAll("script").length'), 1,
   'there is one script, the page\'s own');
is(page('document.querySelectorAll("img").length'), 0, 'and no image');
is(page('document.title'), 'Webhooks', 'nothing has run');

# filters

choose('provider', 'speeko');
is(column('id'), 'job_1', 'one provider');
choose('result', 'missing_signature');
is(column('id'), '', 'and a result that it has not');
choose('provider', '');
is(column('result'), 'missing_signature', 'one result');

my $updates = page('document.body.dataset.updates');

# by itself; a filter stays

deliver('{"n":"four"}', sig => '');
ok($browser->wait_for('document.querySelectorAll("#list tbody tr").length == 2'),
   'a further delivery appears');
cmp_ok(page('document.body.dataset.updates'), '>', $updates,
       'it refreshes itself');
is(column('result'), 'missing_signature missing_signature',
   'the filter is kept');
is(page('$("result").value'), 'missing_signature', 'the choice, too');
choose('result', '');

# as an operator sees it

make_path('build');

for my $scheme (qw(light dark)) {
    $browser->media($scheme);

    my ($bg, $fg) = map { page("getComputedStyle(document.body).$_") }
                        qw(backgroundColor color);

    my $light = sub { my @c = $_[0] =~ /\d+/g; $c[0] + $c[1] + $c[2] };

    ok($scheme eq 'light' ? $light->($bg) > $light->($fg) + 400
                          : $light->($bg) < $light->($fg) - 400,
       "readable when it is $scheme: $fg on $bg");
    $browser->screenshot($scheme eq 'dark' ? 'build/status-dark.png'
                                           : 'build/status.png');
}

$browser->size(390, 844, 1);
cmp_ok(page('document.documentElement.scrollWidth'), '<=', 390,
       'no wider than a phone');
is(page('getComputedStyle($("list").tHead).display'), 'none',
   'a delivery is a card there');
$browser->screenshot('build/status-phone.png');
ok(-s $_ > 10000, "$_ is there") for map { "build/status$_.png" }
                                         '', '-dark', '-phone';

is($browser->complaints, '', 'the browser has nothing to complain of');

# paused, and when nginx is gone

# one that began before the click would still count

$updates = page('document.body.dataset.updates');
$browser->wait_for("document.body.dataset.updates > $updates");
page('$("pause").click()');
$updates = page('document.body.dataset.updates');
deliver('{"n":"five"}', sig => '');
page('new Promise(done => setTimeout(done, 2500))');
is(page('document.body.dataset.updates'), $updates, 'paused');
page('$("pause").click()');
ok($browser->wait_for("document.body.dataset.updates > $updates"), 'goes on');

ok($nginx->stop, 'nginx ends by itself');
ok($browser->wait_for('$("state").className == "bad"'),
   'it is said when the status cannot be read');
like(page('$("state").textContent'), qr/cannot be read/, 'in words');

is($nginx->complaints, '', 'nothing bad in the log');

done_testing();
