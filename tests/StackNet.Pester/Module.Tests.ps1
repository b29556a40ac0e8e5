BeforeAll {
    Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force
}

Describe 'The module' {
    It 'has a valid manifest' {
        { Test-ModuleManifest -Path (Join-Path $PSScriptRoot .. .. StackNet.psd1) -ErrorAction Stop } | Should -Not -Throw
    }

    It 'exports cmdlets only' {
        $module = Get-Module StackNet
        $module.ExportedCmdlets.Count | Should -BeGreaterThan 15
        $module.ExportedFunctions.Count | Should -Be 0
        $module.ExportedAliases.Count | Should -Be 0
    }

    It 'has help with examples for <_>' -ForEach @(
        'Get-ComputeNode', 'Export-ComputeNode', 'Get-ComputeInstance', 'Get-InstancePath', 'Test-InstanceEgress',
        'Test-InstanceIngress', 'Trace-InstancePacket'
    ) {
        $help = Get-Help $_ -Full
        $help.Synopsis | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterOrEqual 2
    }

    It 'has an about topic' {
        Get-Help about_StackNet | Out-String | Should -Match 'Test-InstanceEgress'
    }

    It 'has types that a user can name' {
        [StackNet.Verdict]::Pass | Should -BeOfType [StackNet.Verdict]
        [StackNet.ComputeNode].Name | Should -Be 'ComputeNode'
    }
}

Describe 'Nouns' {
    BeforeAll {
        $node = Get-ComputeNode -Sample hybrid-healthy
    }

    It '<_> lists things of the sample by pipeline' -ForEach @(
        'Get-NetworkNamespace', 'Get-TapDevice', 'Get-VethPair', 'Get-LinuxBridge', 'Get-OvsBridge', 'Get-OvsPort',
        'Get-ComputeInstance', 'Get-InstancePath', 'Get-SecurityGroupRule', 'Get-MasqueradeRule', 'Get-FloatingIp',
        'Get-SysctlForwarding', 'Get-DhcpLease'
    ) {
        @($node | & $_).Count | Should -BeGreaterThan 0
    }

    It 'sorts, groups and measures as any object' {
        ($node | Get-OvsPort | Group-Object Bridge).Name | Should -Contain 'br-int'
        ($node | Get-TapDevice | Measure-Object Mtu -Minimum).Minimum | Should -BeGreaterThan 0
        ($node | Get-ComputeInstance | Sort-Object Instance | Select-Object -First 1).Instance | Should -Be 'db-1'
    }

    It 'renders within 120 columns' {
        $lines = $node | Get-OvsPort | Out-String -Stream -Width 120
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
    }

    It 'writes an error with a stable id for a name that is not there' {
        $node | Get-TapDevice nonsense -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ItemNotFound,*'
    }
}

Describe 'Captures' {
    It 'survive the round trip' {
        $path = Join-Path $TestDrive node.json.gz
        $before = Get-ComputeNode -Sample | Test-InstanceEgress
        Get-ComputeNode -Sample | Export-ComputeNode -Path $path
        $after = Get-ComputeNode -Path $path | Test-InstanceEgress
        $after.Verdict | Should -Be $before.Verdict
        $after.CauseId | Should -Be $before.CauseId
    }

    It 'are found by Get-ChildItem' {
        Get-ComputeNode -Sample | Export-ComputeNode -Path (Join-Path $TestDrive 'a.json')
        Get-ComputeNode -Sample | Export-ComputeNode -Path (Join-Path $TestDrive '[b].json')
        @(Get-ChildItem -LiteralPath $TestDrive -Filter *.json | Get-ComputeNode).Count | Should -Be 2
    }

    It 'are not overwritten without -Force' {
        $path = Join-Path $TestDrive kept.json
        Set-Content -LiteralPath $path -Value mine
        Get-ComputeNode -Sample | Export-ComputeNode -Path $path -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileExists,*'
        Get-Content -LiteralPath $path | Should -Be mine
    }

    It 'cross a serialization without dragging the node along' {
        $result = [System.Management.Automation.PSSerializer]::Deserialize(
            [System.Management.Automation.PSSerializer]::Serialize((Get-ComputeNode -Sample | Test-InstanceEgress)))
        $result[0].Instance | Should -Not -BeNullOrEmpty
        $result[0].PSObject.Properties.Name | Should -Not -Contain 'Node'
    }
}

Describe 'Verdicts' {
    It 'of the healthy sample are Pass' {
        Get-ComputeNode -Sample hybrid-healthy | Test-InstanceEgress | ForEach-Object Verdict | Should -Be @('Pass', 'Pass')
    }

    It 'of a sample without SNAT name the cause' {
        $failed = @(Get-ComputeNode -Sample hybrid-snat-missing | Test-InstanceEgress | Where-Object Verdict -EQ Fail)
        $failed.Count | Should -Be 1
        $failed[0].Instance | Should -Be 'db-1'
        $failed[0].CauseId | Should -Match '^SN\d{3}$'
        $failed[0].Evidence | Should -Not -BeNullOrEmpty
    }

    It 'pipe on into a trace' {
        $trace = Get-ComputeNode -Sample | Test-InstanceEgress | Where-Object Verdict -EQ Fail | Trace-InstancePacket
        @($trace.Steps | Where-Object Fatal).Count | Should -Be 1
    }

    It 'is not needed for a trace of any packet' {
        $node = Get-ComputeNode -Sample hybrid-healthy
        $first = $node | Trace-NetworkPacket -Local -SourceAddress 127.0.0.1 -DestinationAddress 127.0.0.1 -Protocol Udp
        $first.Fate | Should -Be Delivered
        ($node | Trace-NetworkPacket -Local -SourceAddress 127.0.0.1 -DestinationAddress 127.0.0.1 -After $first).Fate | Should -Be Delivered
    }
}
