BeforeDiscovery {
    $isRoot = (id -u) -eq 0
    $faults = @('tap-down', 'masquerade-missing', 'ip-forward-off', 'egress-rule-missing', 'default-route-missing')
}

Describe 'Labs' -Skip:$isRoot {
    BeforeAll {
        Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force
    }

    It 'say that they need root' {
        { New-StackNetLab -ErrorAction Stop } | Should -Throw -ErrorId 'LabNeedsRoot,StackNet.Commands.NewStackNetLabCommand'
    }
}

Describe 'Labs' {
    BeforeAll {
        Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force
    }

    It 'have faults for both layouts, each with a cause' {
        $all = Get-StackNetLabFault
        @($all).Count | Should -BeGreaterOrEqual 24
        @(Get-StackNetLabFault -Layout Hybrid).Count | Should -BeGreaterThan 20
        @(Get-StackNetLabFault -Layout HostNat).Count | Should -BeGreaterThan 20
        $all | ForEach-Object CauseId | Should -Match '^SN\d{3}$'
        (Get-StackNetLabFault 'masq*').Name | Should -Contain 'masquerade-missing'
    }
}

Describe 'A <_> lab' -ForEach 'Hybrid', 'HostNat' {
    BeforeAll {
        # Labs are made of network namespaces.
        $reason = if ((id -u) -eq 0) { $null } else { 'labs need root' }
        if (-not $reason) {
            Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force
            $name = "pester-$PID-$($_.ToLowerInvariant())"
            try {
                $lab = New-StackNetLab -Name $name -Layout $_ -ErrorAction Stop
            }
            catch {
                if ($_.FullyQualifiedErrorId -notlike 'LabPackageMissing,*') { throw }
                $reason = "$_"
            }
        }
    }

    AfterAll {
        if (-not $reason) { Get-StackNetLab "$name*" | Remove-StackNetLab }
    }

    BeforeEach {
        if ($reason) { Set-ItResult -Skipped -Because $reason }
    }

    It 'tells how to enter it' {
        $lab.Name | Should -Be $name
        $lab.Instances.Count | Should -Be 2
        $lab.Instances.Address | Should -Not -BeNullOrEmpty
        $lab.InternetAddress | Should -Not -BeNullOrEmpty
        $lab.NodePid | Should -BeGreaterThan 0
        Test-Path -LiteralPath $lab.NamespacePath | Should -BeTrue
        (Get-StackNetLab $name).NodePid | Should -Be $lab.NodePid
    }

    It 'has instances that reach the internet host, as the walk says' {
        (Test-StackNetLabPing -Name $name).Replied | Should -Be @($true, $true)
        (Get-ComputeNode -Lab $name | Test-InstanceEgress -Destination $lab.InternetAddress).Verdict | Should -Be @('Pass', 'Pass')
        (Test-StackNetLabPing -Name $name -Protocol Tcp -Port 80).Replied | Should -Not -BeNullOrEmpty
    }

    It 'is a node like any other' {
        $node = Get-ComputeNode -Lab $name
        @($node | Get-TapDevice).Count | Should -Be 2
        @($lab | Test-InstanceEgress).Count | Should -Be 2
        ($node | Get-OvsBridge).Bridge | Should -Contain br-int
        foreach ($command in 'Get-NetworkNamespace', 'Get-TapDevice', 'Get-VethPair', 'Get-OvsPort', 'Get-SecurityGroupRule',
            'Get-MasqueradeRule', 'Get-SysctlForwarding', 'Get-InstancePath') {
            @($node | & $command).Count | Should -BeGreaterThan 0 -Because $command
        }
    }

    It 'answers by walk as by ping with each fault, and is whole again without it' -TestCases @($faults | ForEach-Object { @{ Fault = $_ } }) {
        Add-StackNetLabFault -Name $name -Fault $Fault
        try {
            $verdicts = Get-ComputeNode -Lab $name | Test-InstanceEgress -Destination $lab.InternetAddress | Sort-Object Instance
            $pings = Test-StackNetLabPing -Name $name | Sort-Object Instance
            $verdicts.ForEach({ $_.Verdict -eq 'Pass' }) | Should -Be $pings.Replied
            $pings.Replied | Should -Contain $false
            ($verdicts | Where-Object Verdict -EQ Fail).CauseId | Should -Contain (Get-StackNetLabFault $Fault).CauseId
            (Get-StackNetLab $name).Fault | Should -Be $Fault
        }
        finally {
            Remove-StackNetLabFault -Name $name -Fault $Fault
        }
        (Test-StackNetLabPing -Name $name).Replied | Should -Not -Contain $false
    }

    It 'survives export: the capture answers as the lab does' {
        $path = Join-Path $TestDrive "$name.json.gz"
        $live = Get-ComputeNode -Lab $name
        $live | Export-ComputeNode -Path $path
        (Get-ComputeNode -Path $path | Test-InstanceEgress).Verdict | Should -Be ($live | Test-InstanceEgress).Verdict
    }

    It 'changes nothing under -WhatIf' {
        Remove-StackNetLab -Name $name -WhatIf
        Add-StackNetLabFault -Name $name -Fault tap-down -WhatIf
        (Get-StackNetLab $name).Fault | Should -BeNullOrEmpty
        New-StackNetLab -Name "$name-2" -WhatIf
        Get-StackNetLab "$name-2*" | Should -BeNullOrEmpty
    }

    It 'is not made twice' {
        { New-StackNetLab -Name $name -ErrorAction Stop } | Should -Throw -ErrorId 'LabExists,*'
    }

    It 'leaves nothing' {
        Remove-StackNetLab -Name $name
        Get-StackNetLab "$name*" | Should -BeNullOrEmpty
        # The first process of a PID namespace ends after all others are gone; a zombie (Z) only waits for its parent and holds nothing.
        $end = [datetime]::UtcNow.AddSeconds(10)
        do {
            $alive = Get-Content -LiteralPath "/proc/$($lab.NodePid)/status" -ErrorAction Ignore | Where-Object { $_ -match '^State:\s+[^ZX]' }
            if ($alive) { Start-Sleep -Milliseconds 50 }
        } while ($alive -and [datetime]::UtcNow -lt $end)
        $alive | Should -BeNullOrEmpty
        Get-ChildItem /run/netns -Filter "*$name*" -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}
