package WebhookVerify::Server;

# nginx for what Test::Nginx's blocks cannot say: parallel deliveries, signals,
# time. A direct child of the test, a master with workers.
#
#   my $nginx = WebhookVerify::Server->new(
#       workers => 2, main => '...', http => '...', config => '...');
#   $nginx->start;  ... $nginx->port ... $nginx->hup ... $nginx->stop
#
# With WEBHOOK_VERIFY_HTTP the port is that of a bridge to HTTP/2 or HTTP/3, and
# $nginx->http1 the one that takes HTTP/1.1.

use strict;
use warnings;

use File::Path ();
use File::Temp ();
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

use WebhookVerify::Dialect;
use WebhookVerify::Process;

our $Binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

my $SLOW = $WebhookVerify::Process::SLOW;


sub new {
    my ($class, %o) = @_;

    my $self = bless {
        workers => 1,
        connections => 1024,
        log_level => $ENV{TEST_NGINX_LOG_LEVEL} || 'info',
        dir => File::Temp::tempdir('wv-nginx-XXXXXX', TMPDIR => 1),
        port => WebhookVerify::Process->free_port,
        owner => $$,
        main => '', http => '', server => '', config => '',
        %o,
    }, $class;

    mkdir "$self->{dir}/$_" for qw(conf html);
    $self->{seen} = 0;
    $self->{dialect} = WebhookVerify::Dialect->start;

    return $self;
}


sub version {
    my ($v) = `$Binary -v 2>&1` =~ m{/(\d+\.\d+\.\d+)};

    return sprintf '%d.%03d%03d', split /\./, $v;
}


sub port { $_[0]{dialect} ? $_[0]{dialect}->port : $_[0]{port} }
sub http1 { $_[0]{port} }
sub dir  { $_[0]{dir} }
sub pid  { $_[0]{pid} }


sub write_config {
    my ($self) = @_;

    my $modules = join '', map { "load_module $_;\n" }
                           split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $user = $> == 0 ? "user root;\n" : '';
    my $temp = join '', map { "    ${_}_temp_path $self->{dir}/$_;\n" }
                        qw(client_body proxy fastcgi scgi uwsgi);

    my $listen = '';
    my %listen = ($self->{port} => '', %{ $self->{listen} // {} });

    for (sort keys %listen) {
        $listen .= "        listen 127.0.0.1:$_ $listen{$_};\n";
    }

    $listen .= $self->{dialect}->listen if $self->{dialect};

    open my $out, '>', "$self->{dir}/conf/nginx.conf" or die $!;
    print $out <<_EOC_;
${user}daemon off;
worker_processes $self->{workers};
pid $self->{dir}/nginx.pid;
error_log $self->{dir}/error.log $self->{log_level};
env ASAN_OPTIONS;
env FAKETIME;
env FAKETIME_DONT_FAKE_MONOTONIC;
$modules
$self->{main}

events {
    worker_connections $self->{connections};
}

http {
$temp
    access_log $self->{dir}/access.log;
    default_type text/plain;
    root $self->{dir}/html;

    $self->{http}

    server {
$listen
        server_name localhost;

        add_header X-Result \$webhook_verify_result always;
        add_header X-Id \$webhook_verify_id always;
        add_header X-Key \$webhook_verify_key always;

        $self->{server}

        $self->{config}
    }
}
_EOC_
    close $out;
}


sub start {
    my ($self) = @_;

    $self->write_config;

    $self->{pid} = WebhookVerify::Process->start("$self->{dir}/output",
        $self->_clock, $Binary, '-e', "$self->{dir}/error.log", '-p', "$self->{dir}/",
        '-c', "$self->{dir}/conf/nginx.conf");

    WebhookVerify::Process->wait_for(30, sub {
        WebhookVerify::Process->accepts($self->{port})
            || !WebhookVerify::Process->alive($self->{pid});
    });

    # the first connection may wait for a worker that is still to come

    WebhookVerify::Process->wait_for(30, sub {
        $self->workers == $self->{workers}
            || !WebhookVerify::Process->alive($self->{pid});
    }) unless $self->{main} =~ /master_process\s+off/;

    unless (WebhookVerify::Process->alive($self->{pid})) {
        die "nginx does not start:\n", $self->_slurp('output'),
            $self->_slurp('error.log');
    }

    return $self;
}


# a clock that stands at this moment, in seconds since the Epoch; timers run

sub _clock {
    my ($self) = @_;

    return unless length($self->{clock} // '');

    my ($lib) = glob '/usr/lib/*/faketime/libfaketime.so.1'
        or die 'no libfaketime';

    # a sanitizer wants to be the first of the preloaded

    my $asan = join ':', grep { $_ } $ENV{ASAN_OPTIONS},
                         'verify_asan_link_order=0';

    return ('/usr/bin/env', "LD_PRELOAD=$lib", 'TZ=UTC',
        "ASAN_OPTIONS=$asan",
        'FAKETIME_DONT_FAKE_MONOTONIC=1', 'FAKETIME=' . strftime(
            '%Y-%m-%d %H:%M:%S', gmtime $self->{clock}));
}


# pids of the workers, those that are leaving not counted; in valgrind they
# cannot have a title

sub workers {
    my ($self) = @_;

    my @workers;

    for my $pid (_children($self->{pid})) {
        my $title = _command_line($pid);

        push @workers, $pid if $title =~ /worker process(?! is shutting down)/
                               || $ENV{VALGRIND_REPORT};
    }

    return @workers;
}


sub leaving {
    my ($self) = @_;

    return grep { _command_line($_) =~ /shutting down/ }
           _children($self->{pid});
}


sub _command_line {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/cmdline" or return '';

    return <$in> // '';
}


sub _children {
    my ($pid) = @_;

    my @children;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;

        my $line = <$in> // next;

        push @children, $1 if $line =~ /^(\d+) \(.*\) [^Z] $pid /s;
    }

    return @children;
}


# reloads; returns once new workers serve and the old ones know it

sub hup {
    my ($self) = @_;

    $self->write_config;

    my %old = map { $_ => 1 } $self->workers;

    kill 'HUP', $self->{pid};

    return WebhookVerify::Process->wait_for(5 * $SLOW, sub {
        my @now = $self->workers;
        return @now == $self->{workers} && !grep { $old{$_} } @now;
    });
}


sub stop {
    my ($self, $signal, $seconds) = @_;

    my $ended = WebhookVerify::Process->stop(delete $self->{pid},
                                             $signal // 'QUIT', $seconds // 10);

    die "nothing was in HTTP/$ENV{WEBHOOK_VERIFY_HTTP}\n" if $self->{dialect}
        && $self->access_log !~ m{ HTTP/$ENV{WEBHOOK_VERIFY_HTTP}\.0"};

    return $ended;
}


sub _slurp {
    my ($self, $file) = @_;

    open my $in, '<', "$self->{dir}/$file" or return '';
    local $/;

    return scalar <$in> // '';
}


sub log        { $_[0]->_slurp('error.log') }
sub access_log { $_[0]->_slurp('access.log') }


# the error log since the last call

sub new_log {
    my ($self) = @_;

    my $log = $self->log;
    my $new = substr $log, $self->{seen};

    $self->{seen} = length $log;

    return $new;
}


# lines that should never be there; [error] lines only where none is expected

sub complaints {
    my ($self, $log) = @_;

    my $secret = secrets($self->{http} . $self->{server} . $self->{config});

    return join '', grep { /\[(?:alert|crit|emerg)\]|Sanitizer|runtime error/
                           || /$secret/ }
                    split /^/, $log // $self->log;
}


# a pattern for the secrets of a configuration, which no line of a log may match;
# short ones are words that may be there for another reason, unless quoted

sub secrets {
    my ($config) = @_;

    my @secrets = $config =~ /webhook_verify_secret\s+["']?([^\s"';\$\\]+)/g;

    return join '|', qr/(?!)/, map {
        length $_ < 8 ? qr/["']\Q$_\E["']/ : qr/\Q$_\E/ } @secrets;
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $!, $@);

    $self->stop('TERM') if $self->{pid};
    File::Path::remove_tree($self->{dir}) unless $ENV{TEST_NGINX_NO_CLEAN};
}


1;
