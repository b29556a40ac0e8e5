#!/bin/sh
# Builds the big node in namespaces of its own (root; Debian's openvswitch-switch, iptables, nftables, ipset, iproute2) and
# measures the reading of it beside the commands, then the import of the module. First argument: number of instances.
set -eu
cd "$(dirname "$0")"
for project in ../../src/StackNet.Shell . ImportTime; do
    dotnet build -c Release -v q -clp:NoSummary -p:RunAnalyzers=false "$project"
done
uptime
dotnet bin/Release/net10.0/StackNet.Benchmarks.dll bignode "${1:-1000}"
dotnet ImportTime/bin/Release/net10.0/ImportTime.dll "$(realpath ../../StackNet.psd1)"
uptime
