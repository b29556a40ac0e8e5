#!/bin/sh
# Builds everything with warnings as errors and runs every test: sh tests/run.sh
# Last line: "N passed, N failed, N skipped"; exit code 0 only with 0 failed.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
results=$root/TestResults
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
passed=0 failed=0 skipped=0

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}

fail() {
    echo "run.sh: $*" >&2
    failed=$((failed + 1))
    finish
}

# --- Debian packages: the lab and the live tests use the real tools.
packages() {
    command -v dpkg-query >/dev/null 2>&1 || { echo "run.sh: not Debian: the tools are taken as they are." >&2; return 0; }
    missing=
    for package in openvswitch-switch iptables nftables ipset conntrack dnsmasq-base iproute2 ethtool tcpdump procps; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "run.sh: not root, cannot install:$missing (tests that need them are skipped)." >&2
        return 0
    fi
    echo "run.sh: installing$missing" >&2
    # Packages start their daemons when they are installed; the labs bring their own and this machine stays as it is.
    # policy-rc.d answers 101: do not start (invoke-rc.d(8)).
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=1
    fi
    # shellcheck disable=SC2086
    { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing ||
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; }; } >&2
    status=$?
    [ -z "$made" ] || rm -f "$policy"
    return $status
}

packages || fail "the packages could not be installed"

# --- Build
dotnet tool restore >/dev/null || fail "dotnet tool restore failed"
dotnet build StackNet.sln -c Release -v q -clp:NoSummary -warnaserror || fail "the build failed"
dotnet csharpier check . || fail "csharpier: run 'dotnet csharpier format .'"

# --- xunit: the projects say what they ran in a TRX file each.
rm -rf "$results"
mkdir -p "$results"
number() { sed -n "s/.*<Counters[^>]* $2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1; }
for project in tests/*/*.Tests.csproj; do
    name=$(basename "$project" .csproj)
    echo "== $name"
    trx=$results/$name.trx
    dotnet "$(dirname "$project")/bin/Release/net10.0/$name.dll" -noLogo -noColor -result-trx "$trx"
    status=$?
    if [ ! -s "$trx" ]; then
        echo "run.sh: $name ended with $status and left no results." >&2
        failed=$((failed + 1))
        continue
    fi
    total=$(number "$trx" total)
    executed=$(number "$trx" executed)
    ok=$(number "$trx" passed)
    bad=$(($(number "$trx" failed) + $(number "$trx" error)))
    passed=$((passed + ok))
    failed=$((failed + bad))
    skipped=$((skipped + total - executed))
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "run.sh: $name ended with $status although no test failed." >&2
        failed=$((failed + 1))
    fi
done

# --- Random nodes and packets: the kernel beside the walk. The same nodes every time, however fast the machine is, so that a change is
# judged by itself; others, and more of them: STACKNET_ORACLE_SEED=N STACKNET_ORACLE_NODES=N STACKNET_ORACLE_MINUTES=N.
seed=${STACKNET_ORACLE_SEED:-20}
nodes=${STACKNET_ORACLE_NODES:-100}
minutes=${STACKNET_ORACLE_MINUTES:-3}
if [ "$(id -u)" -ne 0 ]; then
    echo "Kernel oracle skipped: it makes network namespaces, which needs root."
    skipped=$((skipped + 1))
else
    echo "== StackNet.Oracle kernel --nodes $nodes --minutes $minutes --seed $seed"
    if dotnet tests/StackNet.Oracle/bin/Release/net10.0/StackNet.Oracle.dll kernel --nodes "$nodes" --minutes "$minutes" --seed "$seed" --into "$results/oracle"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
fi

# --- Pester, where there is a pwsh that has it.
if ! command -v pwsh >/dev/null 2>&1; then
    echo "Pester suite skipped: there is no pwsh on this machine."
elif ! pwsh -NoProfile -NonInteractive -Command 'exit [int](-not (Get-Module -ListAvailable Pester | Where-Object Version -ge 5.5))'; then
    echo "Pester suite skipped: pwsh has no Pester 5.5 or later."
else
    echo "== Pester"
    counts=$results/pester.txt
    pwsh -NoProfile -NonInteractive -File tests/StackNet.Pester/Invoke-Suite.ps1 -CountPath "$counts"
    if [ -s "$counts" ]; then
        read -r ok bad left <"$counts"
        passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
    else
        echo "run.sh: the Pester suite left no results." >&2
        failed=$((failed + 1))
    fi
fi

finish
