BeforeDiscovery {
    Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force
    $commands = @(Get-Command -Module StackNet | ForEach-Object Name)
    $changing = @(
        'Export-ComputeNode', 'New-StackNetLab', 'Remove-StackNetLab', 'Add-StackNetLabFault', 'Remove-StackNetLabFault'
    )
}

BeforeAll {
    $manifest = Join-Path $PSScriptRoot .. .. StackNet.psd1
    Import-Module $manifest -Force
}

Describe 'The module' {
    It 'has a valid manifest that asks for PowerShell 7.6' {
        $info = Test-ModuleManifest -Path $manifest -ErrorAction Stop
        $info.PowerShellVersion | Should -Be ([version] '7.6')
        $info.CompatiblePSEditions | Should -Be 'Core'
        $info.LicenseUri | Should -Not -BeNullOrEmpty
    }

    It 'exports cmdlets and nothing else' {
        $module = Get-Module StackNet
        $module.ExportedCmdlets.Count | Should -BeGreaterThan 20
        $module.ExportedFunctions.Count | Should -Be 0
        $module.ExportedAliases.Count | Should -Be 0
        $module.ExportedVariables.Count | Should -Be 0
    }

    It 'exports what the manifest names' {
        $named = (Import-PowerShellDataFile -LiteralPath $manifest).CmdletsToExport | Sort-Object
        (Get-Module StackNet).ExportedCmdlets.Keys | Sort-Object | Should -Be $named
    }

    It 'has the commands of the first issue' {
        $names = (Get-Module StackNet).ExportedCmdlets.Keys
        foreach ($name in @(
                'Get-ComputeNode', 'Export-ComputeNode', 'Get-NetworkNamespace', 'Get-TapDevice', 'Get-VethPair', 'Get-LinuxBridge',
                'Get-OvsBridge', 'Get-OvsPort', 'Get-ComputeInstance', 'Get-InstancePath', 'Get-SecurityGroupRule',
                'Get-MasqueradeRule', 'Get-FloatingIp', 'Get-SysctlForwarding', 'Get-DhcpLease', 'Test-InstanceEgress',
                'Test-InstanceIngress', 'Trace-InstancePacket', 'New-StackNetLab', 'Get-StackNetLab', 'Remove-StackNetLab',
                'Get-StackNetLabFault', 'Add-StackNetLabFault', 'Remove-StackNetLabFault', 'Test-StackNetLabPing'
            )) {
            $names | Should -Contain $name
        }
    }

    It 'has types that a user can name' {
        [StackNet.Verdict]::Pass | Should -BeOfType [StackNet.Verdict]
        [StackNet.ComputeNode].Name | Should -Be 'ComputeNode'
    }

    It 'loads nothing into the session besides itself' {
        $loaded = pwsh -NoProfile -NonInteractive -Command "Import-Module '$manifest'; (Get-Module).Name -join ','"
        $loaded -split ',' | Where-Object { $_ -notlike 'Microsoft.PowerShell.*' -and $_ -ne 'PSReadLine' } | Should -Be 'StackNet'
    }

    It 'is imported in a moment' {
        # The first import in a process also loads assemblies; a removed and imported module shows what the module itself does.
        (Measure-Command { Import-Module $manifest -Force }).TotalMilliseconds | Should -BeLessThan 2000
    }
}

Describe '<_>' -ForEach $commands {
    BeforeAll {
        $command = Get-Command $_
        $help = Get-Help $_ -Full
        $common = [System.Management.Automation.Internal.CommonParameters].GetProperties().Name + 'WhatIf', 'Confirm', 'ProgressAction'
    }

    It 'uses an approved verb' {
        (Get-Verb).Verb | Should -Contain $command.Verb
    }

    It 'has help with a synopsis and a description' {
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -BeLike "*$($command.Name) *" -Because 'Get-Help shows the syntax where it has no help'
        ($help.description | Out-String).Trim() | Should -Not -BeNullOrEmpty
    }

    It 'explains every parameter and no other' {
        $documented = @($help.parameters.parameter.name)
        $own = @($command.Parameters.Values | Where-Object {
                $_.Name -notin $common -and -not $_.Attributes.Where({ $_ -is [Parameter] -and $_.DontShow })
            } | ForEach-Object Name)
        foreach ($name in $own) {
            $documented | Should -Contain $name
            ($help.parameters.parameter | Where-Object name -EQ $name).description.Text | Should -Not -BeNullOrEmpty -Because "-$name"
        }
        $documented | Where-Object { -not $command.Parameters.ContainsKey($_) } | Should -BeNullOrEmpty
    }

    It 'has examples that parse and use parameters that exist' {
        $examples = @($help.examples.example)
        $examples.Count | Should -BeGreaterOrEqual 2
        foreach ($example in $examples) {
            $tokens = $problems = $null
            $ast = [System.Management.Automation.Language.Parser]::ParseInput($example.code, [ref] $tokens, [ref] $problems)
            $problems | Should -BeNullOrEmpty
            $calls = $ast.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true)
            foreach ($call in $calls) {
                $called = Get-Command $call.GetCommandName() -ErrorAction Ignore
                if ($called -isnot [System.Management.Automation.CmdletInfo]) { continue }
                foreach ($used in $call.CommandElements.Where({ $_ -is [System.Management.Automation.Language.CommandParameterAst] })) {
                    { $called.ResolveParameter($used.ParameterName) } | Should -Not -Throw -Because "$($called.Name) -$($used.ParameterName)"
                }
            }
        }
    }

    It 'says what it writes' -Skip:($_ -eq 'Remove-StackNetLab') {
        $command.OutputType.Count | Should -BeGreaterThan 0
    }
}

Describe '<_>' -ForEach $changing {
    It 'asks before it changes anything' {
        $parameters = (Get-Command $_).Parameters
        $parameters.Keys | Should -Contain 'WhatIf'
        $parameters.Keys | Should -Contain 'Confirm'
    }
}

Describe 'Help' {
    It 'has an about topic' {
        Get-Help about_StackNet | Out-String | Should -Match 'Test-InstanceEgress'
    }
}
