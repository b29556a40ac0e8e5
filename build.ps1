#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Builds, tests and packs the StackNet module.

.DESCRIPTION
    Build    bin/ and the help file, so that Import-Module ./StackNet.psd1 works (the same as dotnet build StackNet.sln).
    Test     Build, then every test (the same as sh tests/run.sh).
    Help     Writes syntax and parameter metadata into src/StackNet/Help/*.md and makes the help file anew.
    Package  Build, then a folder out/StackNet/VERSION with what a user installs.

.EXAMPLE
    ./build.ps1

.EXAMPLE
    ./build.ps1 -Task Build, Test -Configuration Debug
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ArgumentCompletions('Build', 'Test', 'Help', 'Package')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$root = $PSScriptRoot

function Invoke-Build {
    dotnet build (Join-Path $root StackNet.sln) --configuration $Configuration --nologo -warnaserror
}

function Invoke-Test {
    sh (Join-Path $root tests run.sh)
}

function Invoke-Help {
    Invoke-Build
    $project = Join-Path $root src StackNet.HelpBuilder
    $folder = Join-Path $root src StackNet Help
    dotnet run --configuration $Configuration --no-build --project $project -- update $folder
    dotnet run --configuration $Configuration --no-build --project $project -- make $folder (Join-Path $root en-US StackNet.dll-Help.xml)
}

function Invoke-Package {
    Invoke-Build
    $manifest = Import-PowerShellDataFile -Path (Join-Path $root StackNet.psd1)
    $target = Join-Path $root out StackNet $manifest.ModuleVersion
    if (Test-Path -LiteralPath $target) {
        Remove-Item -LiteralPath $target -Recurse -Force
    }
    $null = New-Item -ItemType Directory -Path $target
    foreach ($item in 'StackNet.psd1', 'bin', 'en-US', 'LICENSE', 'README.md', 'CHANGELOG.md') {
        Copy-Item -LiteralPath (Join-Path $root $item) -Destination $target -Recurse
    }
    $null = Test-ModuleManifest -Path (Join-Path $target StackNet.psd1)
    Get-Item -LiteralPath $target
}

# From sh, "-Task Build,Test" arrives as one string: -File makes no arrays.
foreach ($name in $Task.Split(',').Trim()) {
    switch ($name) {
        'Build' { Invoke-Build }
        'Test' { Invoke-Test }
        'Help' { Invoke-Help }
        'Package' { Invoke-Package }
        default { throw "There is no task '$name': Build, Test, Help, Package." }
    }
}
