BeforeDiscovery {
    $isRoot = (id -u) -eq 0
}

Describe 'A lab' -Skip:(-not $isRoot) {
    BeforeAll {
        Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force
        $name = "pester-$PID"
        $lab = New-StackNetLab -Name $name
    }

    AfterAll {
        Get-StackNetLab "$name*" | Remove-StackNetLab
    }

    It 'has instances that reach the internet host' {
        $lab.Instance.Count | Should -Be 2
        (Test-StackNetLabPing -Name $name).Replied | Should -Be @($true, $true)
    }

    It 'gives the verdict that a ping gives, with and without <_>' -ForEach 'tap-down', 'masquerade-missing' {
        Add-StackNetLabFault -Name $name -Fault $_
        try {
            $verdicts = Get-ComputeNode -Lab $name | Test-InstanceEgress -Destination $lab.InternetAddress | Sort-Object Instance
            $pings = Test-StackNetLabPing -Name $name | Sort-Object Instance
            $verdicts.ForEach({ $_.Verdict -eq 'Pass' }) | Should -Be $pings.Replied
            $pings.Replied | Should -Contain $false
            $fault = Get-StackNetLabFault $_
            ($verdicts | Where-Object Verdict -EQ Fail).CauseId | Should -Contain $fault.CauseId
        }
        finally {
            Remove-StackNetLabFault -Name $name -Fault $_
        }
        (Test-StackNetLabPing -Name $name).Replied | Should -Not -Contain $false
    }

    It 'leaves nothing' {
        Remove-StackNetLab -Name $name
        Get-StackNetLab "$name*" | Should -BeNullOrEmpty
    }
}
