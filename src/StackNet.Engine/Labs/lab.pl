#!/usr/bin/perl
# The inside of a lab: what has to run in the node's own namespaces. perl-base is on every Debian, so this needs no package.
# Everything comes in by arguments and files; nothing is given to a shell.
use strict;
use warnings;
use Socket;
use Fcntl;
use Errno qw(EINTR EAGAIN EINPROGRESS);

# Numbers that Socket.pm of perl-base does not export (linux/if_tun.h, linux/sockios.h, linux/in.h, linux/ethtool.h).
# Time::HiRes is not in perl-base; without it the clock of times(2) has to do (10 ms).
my $precise = eval { require Time::HiRes; 1 };
sub now { return $precise ? Time::HiRes::time() : do { require POSIX; (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) } }

use constant TUNSETIFF         => 0x400454ca;
use constant IFF_TAP_NO_PI     => 0x1002;
use constant SIOCETHTOOL       => 0x8946;
use constant ETHTOOL_STXCSUM   => 0x17;
use constant IP_MTU_DISCOVER   => 10;
use constant PMTUDISC_DONT     => 0;
use constant PMTUDISC_PROBE    => 3;

my $verb = shift @ARGV // '';
my %verbs = (init => \&init, pump => \&pump, setup => \&setup, sysctl => \&sysctl, probe => \&probe);
($verbs{$verb} // sub { die "unknown verb '$verb'\n" })->(@ARGV);
exit 0;

sub run { system { $_[0] } @_; die "$_[0] failed with $?\n" if $? != 0; }

sub spew {
    my ($path, $text) = @_;
    open my $file, '>', $path or return 0;
    return (print {$file} $text) && close $file;
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

# Process 1 of the node: private mounts and empty namespaces, then it only reaps (a node whose init does not fills with zombies).
sub init {
    my ($host, $folder, $named, $hidden) = @_;
    chdir '/';
    run('mount', '-t', 'sysfs', 'sysfs', '/sys');
    for my $path (qw(/run /var/lib /var/log /etc/openvswitch /etc/neutron /etc/libvirt /etc/ovn)) {
        run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'stacknet-lab', $path) if -d $path;
    }
    mkdir $_ for ('/run/lock', '/run/netns', '/run/openvswitch', '/run/libvirt', '/run/libvirt/qemu', '/var/lib/openvswitch', '/var/log/openvswitch',
        '/var/lib/neutron', '/var/lib/neutron/dhcp', $folder, "$folder/net", "$folder/setup");
    spew('/proc/sys/kernel/hostname', $host);
    spew("/proc/sys/net/ipv6/conf/$_/disable_ipv6", 1) for qw(all default);
    run('ip', 'link', 'set', 'lo', 'up');
    my @paths = ((map { "/run/netns/$_" } split /,/, $named), (map { "$folder/net/$_" } split /,/, $hidden));
    spew($_, ''), run('unshare', "--net=$_", '--', 'true') for @paths;
    $SIG{CHLD} = 'IGNORE';    # the kernel reaps for who ignores it
    $SIG{$_} = 'IGNORE' for qw(HUP INT QUIT TERM PIPE);
    $| = 1;
    print "ready\n";
    detach();
    sleep 3600 while 1;
}

sub detach {
    open STDIN,  '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
}

sub background {
    my $child = fork() // die "fork: $!\n";
    exit 0 if $child;
    POSIX_setsid();
    detach();
}

sub POSIX_setsid { require POSIX; POSIX::setsid(); }

# Creates taps by pairs (the node's and the guest's) and copies frames between them until it dies, as QEMU does between tap and guest.
sub pump {
    my @names = @_;
    my (@handles, %peer);
    while (my ($node, $guest) = splice @names, 0, 2) {
        my ($a, $b) = (tap($node), tap($guest));
        push @handles, $a, $b;
        $peer{fileno $a} = [$a, $b];
        $peer{fileno $b} = [$b, $a];
    }
    background();
    my $watch = '';
    vec($watch, fileno $_, 1) = 1 for @handles;
    while (1) {
        my $found = select(my $ready = $watch, undef, undef, undef);
        next if $found <= 0;
        for my $pair (values %peer) {
            my ($from, $to) = @$pair;
            next unless vec($ready, fileno $from, 1);
            for (1 .. 64) {
                my $length = sysread($from, my $frame, 65536);
                last unless $length;
                syswrite($to, $frame);    # fails while that end is down: then the frame is lost, as on a real cable
            }
        }
    }
}

sub tap {
    my ($name) = @_;
    sysopen(my $handle, '/dev/net/tun', O_RDWR | O_NONBLOCK) or die "/dev/net/tun: $!\n";
    my $request = pack('a16 S x22', $name, IFF_TAP_NO_PI);
    ioctl($handle, TUNSETIFF, $request) or die "tap $name: $!\n";
    return $handle;
}

# Sets up the namespace that it was started in out of a folder: sysctl, ip, ipset, iptables, offload, serve, after (each may be absent).
sub setup {
    my ($folder) = @_;
    sysctl(grep { length } split /\n/, slurp("$folder/sysctl"));
    run('ip', '-batch', "$folder/ip") if -e "$folder/ip";
    txoff($_) for grep { length } split /\n/, slurp("$folder/offload");
    run('ipset', 'restore', '-file', "$folder/ipset") if -e "$folder/ipset";
    if (-e "$folder/iptables") {
        open my $rules, '<', "$folder/iptables" or die "$folder/iptables: $!\n";
        open STDIN, '<&', $rules or die "dup: $!\n";
        run('iptables-restore', '-w', '5');
    }
    sysctl(grep { length } split /\n/, slurp("$folder/after"));
    serve() if -e "$folder/serve";
}

sub sysctl {
    for (@_) {
        my ($optional, $key, $value) = /^(-?)([^=]+)=(.*)$/s or die "sysctl '$_'\n";
        spew("/proc/sys/$key", $value) or $optional or die "sysctl $key=$value: $!\n";
    }
}

# Open vSwitch's userspace datapath forwards the checksum that a local socket left for the NIC to finish, unfinished.
sub txoff {
    my ($device) = @_;
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
    my $value = pack('L L', ETHTOOL_STXCSUM, 0);
    my $request = pack('a16 P x16', $device, $value);
    ioctl($socket, SIOCETHTOOL, $request) or die "tx checksum of $device: $!\n";
}

# Answers on TCP port 80 and, as an echo, on UDP port 7 (a REDIRECT rule of the same namespace leads every other port here).
sub serve {
    socket(my $tcp, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    setsockopt($tcp, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($tcp, sockaddr_in(80, INADDR_ANY)) && listen($tcp, 64) or die "port 80: $!\n";
    socket(my $udp, PF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
    bind($udp, sockaddr_in(7, INADDR_ANY)) or die "udp port 7: $!\n";
    background();
    $SIG{PIPE} = 'IGNORE';
    my (%clients, %since);
    while (1) {
        my $watch = '';
        vec($watch, fileno $_, 1) = 1 for ($tcp, $udp, values %clients);
        my $found = select(my $ready = $watch, undef, undef, %clients ? 5 : undef);
        if ($found > 0 && vec($ready, fileno $udp, 1)) {
            my $from = recv($udp, my $data, 65536, 0);
            send($udp, $data, 0, $from) if defined $from;
        }
        if ($found > 0 && vec($ready, fileno $tcp, 1) && accept(my $client, $tcp)) {
            $clients{fileno $client} = $client;
            $since{fileno $client} = now();
        }
        for my $number (keys %clients) {
            my $done = now() - $since{$number} > 10;
            if ($found > 0 && vec($ready, $number, 1)) {
                my $length = sysread($clients{$number}, my $data, 65536);
                syswrite($clients{$number}, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nstacknet\n") if $length;
                $done = 1;
            }
            next unless $done;
            close delete $clients{$number};
            delete $since{$number};
        }
    }
}

# Sends real packets: PROTOCOL ADDRESS PORT SIZE DF TRIES SECONDS; prints key=value lines.
sub probe {
    my ($protocol, $address, $port, $size, $df, $tries, $limit) = @_;
    my $target = inet_aton($address) // die "address '$address'\n";
    my %result = (sent => 0, received => 0, rtt => '', error => '');
    my $end = now() + $limit;
    if    ($protocol eq 'icmp') { probe_icmp($target, $size, $df, $tries, $end, \%result) }
    elsif ($protocol eq 'udp')  { probe_udp($target, $port, $size, $df, $tries, $end, \%result) }
    else                        { probe_tcp($target, $port, $size, $end, \%result) }
    print "$_=$result{$_}\n" for sort keys %result;
}

sub probe_icmp {
    my ($target, $size, $df, $tries, $end, $result) = @_;
    socket(my $socket, PF_INET, SOCK_RAW, 1) or die "raw socket: $!\n";
    fcntl($socket, F_SETFL, O_NONBLOCK);
    # PROBE sets DF and asks the device's MTU only: a "packet too big" that an earlier probe heard does not count.
    setsockopt($socket, 0, IP_MTU_DISCOVER, pack('i', $df ? PMTUDISC_PROBE : PMTUDISC_DONT));
    my $id = int(rand(65536));
    my $gap = ($end - now()) / ($tries + 2);
    my @sent;
    for my $sequence (1 .. $tries) {
        my $data = substr('stacknet' x (1 + $size / 8), 0, $size);
        my $bare = pack('C C n n n a*', 8, 0, 0, $id, $sequence, $data);
        my $packet = pack('C C n n n a*', 8, 0, checksum($bare), $id, $sequence, $data);
        $sent[$sequence] = now();
        if (send($socket, $packet, 0, sockaddr_in(0, $target))) { $result->{sent}++ }
        else { $result->{error} = "$!" }
        my $until = $sequence == $tries ? $end : now() + $gap;
        while ((my $left = $until - now()) > 0) {
            vec(my $watch = '', fileno $socket, 1) = 1;
            next if select($watch, undef, undef, $left) <= 0;
            my $from = recv($socket, my $frame, 65536, 0);
            next unless defined $from;
            my $header = (ord($frame) & 15) * 4;
            my ($type, $code, undef, $got, $number) = unpack('C C n n n', substr($frame, $header, 8));
            my (undef, $sender) = sockaddr_in($from);
            if ($type == 0 && $got == $id) {
                $result->{received}++;
                $result->{rtt} = sprintf '%.3f', (now() - $sent[$number]) * 1000;
                return;
            }
            if ($type == 3 || $type == 11) {
                my $inner = substr($frame, $header + 8);
                my $inside = (ord($inner) & 15) * 4;
                next unless length($inner) >= $inside + 8 && (unpack('C C n n n', substr($inner, $inside, 8)))[3] == $id;
                $result->{error} = "icmp type $type code $code from " . inet_ntoa($sender);
            }
        }
    }
}

sub checksum {
    my ($data) = @_;
    $data .= "\0" if length($data) % 2;
    my $sum = unpack('%32n*', $data);
    $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub probe_udp {
    my ($target, $port, $size, $df, $tries, $end, $result) = @_;
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
    setsockopt($socket, 0, IP_MTU_DISCOVER, pack('i', $df ? PMTUDISC_PROBE : PMTUDISC_DONT));
    if (!connect($socket, sockaddr_in($port, $target))) { $result->{error} = "$!"; return }
    fcntl($socket, F_SETFL, O_NONBLOCK);
    my $gap = ($end - now()) / ($tries + 2);
    for my $number (1 .. $tries) {
        my $begin = now();
        if (defined send($socket, substr('stacknet' x (1 + $size / 8), 0, $size), 0)) { $result->{sent}++ }
        else { $result->{error} = "$!" }
        my $until = $number == $tries ? $end : $begin + $gap;
        while ((my $left = $until - now()) > 0) {
            vec(my $watch = '', fileno $socket, 1) = 1;
            next if select($watch, undef, undef, $left) <= 0;
            if (defined recv($socket, my $data, 65536, 0)) {
                $result->{received}++;
                $result->{rtt} = sprintf '%.3f', (now() - $begin) * 1000;
                return;
            }
            $result->{error} = "$!" unless $!{EAGAIN};
        }
    }
}

sub probe_tcp {
    my ($target, $port, $size, $end, $result) = @_;
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    fcntl($socket, F_SETFL, O_NONBLOCK);
    my $begin = now();
    $result->{sent} = 1;
    if (!connect($socket, sockaddr_in($port, $target)) && !$!{EINPROGRESS}) { $result->{sent} = 0; $result->{error} = "$!"; return }
    vec(my $watch = '', fileno $socket, 1) = 1;
    if (select(undef, $watch, undef, $end - now()) <= 0) { $result->{error} = 'no answer'; return }
    my $error = unpack('i', getsockopt($socket, SOL_SOCKET, SO_ERROR));
    if ($error) { $! = $error; $result->{error} = "$!"; return }
    my $request = "GET / HTTP/1.0\r\n\r\n";
    syswrite($socket, $request . ('.' x ($size > length $request ? $size - length $request : 0)));
    while ((my $left = $end - now()) > 0) {
        vec(my $wait = '', fileno $socket, 1) = 1;
        next if select($wait, undef, undef, $left) <= 0;
        my $length = sysread($socket, my $data, 65536);
        next if !defined $length && ($!{EAGAIN} || $!{EINTR});
        if ($length) { $result->{received} = 1; $result->{rtt} = sprintf '%.3f', (now() - $begin) * 1000 }
        else { $result->{error} = defined $length ? 'closed' : "$!" }
        return;
    }
    $result->{error} = 'connected, no answer';
}
