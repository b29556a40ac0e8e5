<#
.SYNOPSIS
    Runs the Pester suite and writes "PASSED FAILED SKIPPED" into a file for tests/run.sh.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $CountPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name Pester -MinimumVersion 5.5

$configuration = New-PesterConfiguration
$configuration.Run.Path = $PSScriptRoot
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'

$result = Invoke-Pester -Configuration $configuration
$skipped = $result.SkippedCount + $result.NotRunCount
# A file or a block that broke before its tests is a failure too.
$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
Set-Content -LiteralPath $CountPath -Value "$($result.PassedCount) $failed $skipped"
exit [int] ($failed -gt 0)
