#!/bin/sh
# Builds the big node in namespaces of its own (root; Debian's openvswitch-switch, iptables, nftables, ipset, iproute2) and
# measures the reading of it beside the commands. First argument: number of instances.
set -eu
cd "$(dirname "$0")"
exec dotnet run -c Release -- bignode "${1:-1000}"
