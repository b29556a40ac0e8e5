BeforeDiscovery {
    # Sample, instance, verdict, direction, cause: measured on the nodes that the samples were captured from.
    $answers = @(
        @{ Sample = 'hybrid-healthy'; Instance = 'db-1'; Verdict = 'Pass'; Direction = $null; CauseId = $null }
        @{ Sample = 'hybrid-healthy'; Instance = 'web-1'; Verdict = 'Pass'; Direction = $null; CauseId = $null }
        @{ Sample = 'hybrid-snat-missing'; Instance = 'db-1'; Verdict = 'Fail'; Direction = 'Back'; CauseId = 'SN701' }
        @{ Sample = 'hybrid-snat-missing'; Instance = 'web-1'; Verdict = 'Pass'; Direction = $null; CauseId = $null }
        @{ Sample = 'hybrid-router-forwarding-off'; Instance = 'db-1'; Verdict = 'Fail'; Direction = 'Out'; CauseId = 'SN601' }
        @{ Sample = 'hybrid-router-forwarding-off'; Instance = 'web-1'; Verdict = 'Fail'; Direction = 'Out'; CauseId = 'SN601' }
        @{ Sample = 'hostnat-forwarding-off'; Instance = 'vm-a'; Verdict = 'Fail'; Direction = 'Out'; CauseId = 'SN601' }
        @{ Sample = 'hostnat-forwarding-off'; Instance = 'vm-b'; Verdict = 'Fail'; Direction = 'Out'; CauseId = 'SN601' }
        @{ Sample = 'novanet-masquerade-missing'; Instance = 'server-1'; Verdict = 'Fail'; Direction = 'Back'; CauseId = 'SN701' }
        @{ Sample = 'novanet-masquerade-missing'; Instance = 'server-2'; Verdict = 'Fail'; Direction = 'Back'; CauseId = 'SN701' }
        @{ Sample = 'native-firewall-egress-removed'; Instance = 'alpha'; Verdict = 'Fail'; Direction = 'Out'; CauseId = 'SN501' }
    )
    $views = @(
        'Get-NetworkNamespace', 'Get-TapDevice', 'Get-VethPair', 'Get-LinuxBridge', 'Get-OvsBridge', 'Get-OvsPort',
        'Get-ComputeInstance', 'Get-InstancePath', 'Get-SecurityGroupRule', 'Get-MasqueradeRule', 'Get-FloatingIp',
        'Get-SysctlForwarding', 'Get-DhcpLease', 'Test-InstanceEgress', 'Test-InstanceIngress', 'Trace-InstancePacket'
    )
    $nouns = @($views | Where-Object { $_ -like 'Get-*' })
}

BeforeAll {
    Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force
    $node = Get-ComputeNode -Sample hybrid-healthy
    $broken = Get-ComputeNode -Sample hybrid-snat-missing
}

Describe 'Test-InstanceEgress' {
    It 'says <Verdict> <Direction> <CauseId> for <Instance> of <Sample>' -ForEach $answers {
        $result = Get-ComputeNode -Sample $Sample | Test-InstanceEgress -Instance $Instance
        @($result).Count | Should -Be 1
        $result.Verdict | Should -Be $Verdict
        $result.CauseId | Should -Be $CauseId
        $result.Direction | Should -Be $Direction
        $result.Method | Should -Be 'Walk'
        if ($Verdict -eq 'Fail') {
            $result.Device | Should -Not -BeNullOrEmpty
            $result.Evidence | Should -Not -BeNullOrEmpty
            $result.Repair | Should -Not -BeNullOrEmpty
        }
        else {
            $result.Evidence | Should -BeNullOrEmpty
        }
    }

    It 'has the properties of the contract' {
        $properties = ($broken | Test-InstanceEgress)[0].PSObject.Properties.Name
        foreach ($name in @(
                'ComputerName', 'Instance', 'InstanceId', 'SourceAddress', 'Destination', 'Protocol', 'DestinationPort', 'Verdict',
                'Direction', 'Device', 'Namespace', 'CauseId', 'Cause', 'Evidence', 'Repair', 'Path', 'Trace', 'Method'
            )) {
            $properties | Should -Contain $name
        }
    }

    It 'fails with the cause that is left when the source is routed' {
        ($broken | Test-InstanceEgress -Instance db-1 -RoutedSource).Verdict | Should -Be Pass
    }

    It 'reaches the router, the other instance and a floating address' {
        ($node | Test-InstanceEgress -Instance db-1 -Destination 10.10.1.1).Verdict | Should -Be Pass
        ($node | Test-InstanceEgress -Instance web-1 -Destination 10.10.1.210 -Protocol Tcp -Port 1).Verdict | Should -Be Fail
        ($node | Test-InstanceEgress -Instance db-1 -Destination 203.0.113.148).Verdict | Should -Be Pass
    }

    It 'takes several destinations, protocols and ports' {
        $results = @($node | Test-InstanceEgress -Instance web-1 -Destination 9.9.9.9, 1.1.1.1 -Protocol Udp -Port 53)
        $results.Count | Should -Be 2
        $results.Destination.IPAddressToString | Should -Be @('9.9.9.9', '1.1.1.1')
        $results.Protocol | Should -Be @('Udp', 'Udp')
        $results.DestinationPort | Should -Be @(53, 53)
    }

    It 'sees that a packet with DF is too long' {
        ($node | Test-InstanceEgress -Instance web-1 -Size 1400 -DontFragment).Verdict | Should -Be Pass
        ($node | Test-InstanceEgress -Instance web-1 -Size 1472 -DontFragment).Verdict | Should -Be Fail
        ($node | Test-InstanceEgress -Instance web-1 -Size 1472).Verdict | Should -Be Pass
    }

    It 'is piped into Where-Object' {
        $failed = @($broken | Test-InstanceEgress | Where-Object Verdict -NE Pass)
        $failed.Instance | Should -Be @('db-1')
    }

    It 'stops when nobody wants more' {
        @(Get-ComputeNode -Sample * | Test-InstanceEgress | Select-Object -First 1).Count | Should -Be 1
    }
}

Describe 'Test-InstanceIngress' {
    It 'lets the outside reach a floating address, and says who has none' {
        $results = $node | Test-InstanceIngress
        ($results | Where-Object Instance -EQ web-1).Verdict | Should -Be Pass
        ($results | Where-Object Instance -EQ db-1).Verdict | Should -Be Fail
        ($results | Where-Object Instance -EQ db-1).CauseId | Should -Be SN722
    }

    It 'knows which ports the security group opens' {
        ($node | Test-InstanceIngress -Instance web-1 -Protocol Tcp -Port 80).Verdict | Should -Be Pass
        ($node | Test-InstanceIngress -Instance web-1 -Protocol Tcp -Port 81).Verdict | Should -Be Fail
        ($node | Test-InstanceIngress -Instance web-1 -Protocol Tcp -Port 81).Direction | Should -Be In
    }

    It 'starts at the router when that is the source' {
        ($node | Test-InstanceIngress -Instance web-1 -Source 10.10.1.1).Verdict | Should -Be Pass
    }
}

Describe 'Trace-InstancePacket' {
    It 'marks one fatal step of a failure and none of a success' {
        $trace = $broken | Trace-InstancePacket -Instance db-1
        @($trace.Steps | Where-Object Fatal).Count | Should -Be 1
        $text = $trace | Out-String -Width 120
        $text | Should -Match '(?m)^ >>'
        $text | Should -Match '(?m)^Out:'
        $text | Should -Match '(?m)^Back:'
        @(($node | Trace-InstancePacket -Instance db-1).Steps | Where-Object Fatal).Count | Should -Be 0
    }

    It 'takes results of the tests' {
        ($broken | Test-InstanceEgress | Where-Object Verdict -EQ Fail | Trace-InstancePacket).Instance | Should -Be db-1
    }
}

Describe '<_>' -ForEach $nouns {
    It 'lists things of the sample, each with its node' {
        $items = @($node | & $_)
        $items.Count | Should -BeGreaterThan 0
        $items | ForEach-Object ComputerName | Sort-Object -Unique | Should -Be 'compute-01'
        "$($items[0])" | Should -Not -Match '^StackNet\.' -Because 'ToString says the thing'
    }

    It 'takes a node by parameter and by a property of another object' {
        $count = @($node | & $_).Count
        @(& $_ -Node $node).Count | Should -Be $count
        @([pscustomobject] @{ Node = $node } | & $_).Count | Should -Be $count
    }

    It 'filters by namespace' -Skip:($_ -in 'Get-NetworkNamespace', 'Get-InstancePath', 'Get-DhcpLease') {
        @($node | & $_ -Namespace 'no-such-*').Count | Should -Be 0
        $all = @($node | & $_)
        $root = @($node | & $_ -Namespace '(root)')
        $router = @($node | & $_ -Namespace 'qrouter-*')
        ($root.Count + $router.Count) | Should -BeGreaterThan 0
        $root.Count, $router.Count | Measure-Object -Maximum | ForEach-Object Maximum | Should -BeLessOrEqual $all.Count
    }

    It 'writes nothing and no error for a pattern that meets nothing' {
        $items = $node | & $_ 'no-such-*' -ErrorVariable problem -ErrorAction SilentlyContinue
        $items | Should -BeNullOrEmpty
        $problem | Should -BeNullOrEmpty
    }

    It 'writes an error with a stable id for a name that is not there' {
        $null = $node | & $_ 'no-such' -ErrorVariable problem -ErrorAction SilentlyContinue
        @($problem).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ItemNotFound,*'
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $problem[0].TargetObject | Should -Be 'no-such'
    }
}

Describe 'What <_> writes' -ForEach $views {
    BeforeAll {
        $items = @($broken | & $_)
    }

    It 'is readable in 120 columns, as a table and as a list' {
        foreach ($text in ($items | Out-String -Width 120), ($items | Format-List | Out-String -Width 120)) {
            $text.Trim() | Should -Not -BeNullOrEmpty
            ($text -split "`n" | ForEach-Object { ([System.Management.Automation.Host.PSHostUserInterface]::GetOutputString($_, $false)).TrimEnd().Length } |
                Measure-Object -Maximum).Maximum | Should -BeLessOrEqual 120
        }
    }

    It 'becomes JSON and CSV' {
        { $items[0] | ConvertTo-Json -Depth 3 -WarningAction Ignore | ConvertFrom-Json } | Should -Not -Throw
        $path = Join-Path $TestDrive "$([guid]::NewGuid()).csv"
        $items | Export-Csv -LiteralPath $path
        @(Import-Csv -LiteralPath $path).Count | Should -Be $items.Count
    }

    It 'crosses a serialization without dragging the node along' {
        $back = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($items[0]))
        $back.PSObject.TypeNames[0] | Should -BeLike 'Deserialized.StackNet.*'
        $back.ComputerName | Should -Be 'compute-01'
        $back.PSObject.Properties.Name | Should -Not -Contain 'Node'
        { $back | Out-String -Width 120 } | Should -Not -Throw
    }
}

Describe 'Objects' {
    It 'sort, group, measure and select as any other' {
        ($node | Get-OvsPort | Group-Object Bridge).Name | Should -Contain 'br-int'
        ($node | Get-TapDevice | Measure-Object Mtu -Minimum).Minimum | Should -BeGreaterThan 0
        ($node | Get-ComputeInstance | Sort-Object Instance | Select-Object -First 1).Instance | Should -Be 'db-1'
    }

    It 'go on down the pipeline by property name' {
        ($node | Get-ComputeInstance db-1 | Get-TapDevice).Instance | Should -Be db-1
        ($node | Get-TapDevice -Instance web-1 | Test-InstanceEgress).Instance | Should -Be web-1
        ($node | Get-FloatingIp | Test-InstanceIngress).Instance | Should -Be web-1
        @($node | Get-NetworkNamespace qrouter-* | Get-MasqueradeRule).Count | Should -BeGreaterThan 0
        ($node | Get-ComputeInstance WEB-1 | Get-InstancePath).Hop.Device | Should -Contain 'br-int'
    }

    It 'are found by name, uuid and port, without regard to case' {
        $instance = $node | Get-ComputeInstance DB-1
        ($node | Get-ComputeInstance $instance.InstanceId).Instance | Should -Be db-1
        ($node | Get-ComputeInstance $instance.Port[0].PortId).Instance | Should -Be db-1
        ($node | Get-ComputeInstance 'd?-[0-9]').Instance | Should -Be db-1
    }
}

Describe 'Completion of <Line>' -ForEach @(
    @{ Line = 'Get-ComputeNode -Sample hybrid-h'; Expected = 'hybrid-healthy' }
    @{ Line = 'Test-InstanceEgress -Instance d'; Expected = 'db-1' }
    @{ Line = 'Get-ComputeInstance w'; Expected = 'web-1' }
    @{ Line = 'Get-OvsBridge br-i'; Expected = 'br-int' }
    @{ Line = 'Get-OvsPort -Bridge br-e'; Expected = 'br-ex' }
    @{ Line = 'Get-TapDevice tap46'; Expected = 'tap46ccdec9-69' }
    @{ Line = 'Get-LinuxBridge qbr46'; Expected = 'qbr46ccdec9-69' }
    @{ Line = 'Get-VethPair qvb46'; Expected = 'qvb46ccdec9-69' }
    @{ Line = 'Get-SysctlForwarding eth'; Expected = 'eth0' }
    @{ Line = 'Get-OvsPort -Namespace qr'; Expected = 'qrouter-912eb6d2-8e59-4c63-8ff1-401cf7be1042' }
    @{ Line = 'Get-NetworkNamespace -Role ro'; Expected = 'router' }
    @{ Line = 'Get-FloatingIp 203'; Expected = '203.0.113.148' }
    @{ Line = 'Test-InstanceEgress -Destination 10.10.1.2'; Expected = '10.10.1.210' }
    @{ Line = 'Test-InstanceEgress -Protocol u'; Expected = 'Udp' }
    @{ Line = 'Get-SecurityGroupRule -Direction E'; Expected = 'Egress' }
    @{ Line = 'New-StackNetLab -Layout Hy'; Expected = 'Hybrid' }
    @{ Line = 'New-StackNetLab -Fault tap-d'; Expected = 'tap-down' }
    @{ Line = 'Add-StackNetLabFault x ip-f'; Expected = 'ip-forward-off' }
    @{ Line = 'Get-StackNetLabFault masq'; Expected = 'masquerade-missing' }
) {
    It 'offers <Expected>' {
        (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText | Should -Contain $Expected
    }
}
