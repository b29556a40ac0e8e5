BeforeAll {
    Import-Module (Join-Path $PSScriptRoot .. .. StackNet.psd1) -Force

    function Get-Problem([scriptblock] $Script) {
        try { $null = & $Script } catch { return $_ }
    }
}

Describe 'Export-ComputeNode' {
    BeforeAll {
        $node = Get-ComputeNode -Sample
    }

    It 'writes a file that gives the same answers (<_>)' -ForEach 'node.json', 'node.json.gz' {
        $path = Join-Path $TestDrive $_
        $node | Export-ComputeNode -Path $path
        $back = Get-ComputeNode -Path $path
        foreach ($command in 'Test-InstanceEgress', 'Test-InstanceIngress') {
            $before = $node | & $command
            $after = $back | & $command
            foreach ($property in 'Instance', 'Verdict', 'CauseId', 'Direction', 'Device', 'Evidence') {
                $after.$property | Should -Be $before.$property
            }
        }
    }

    It 'writes the same bytes twice, and again from what it wrote' {
        foreach ($name in 'a.json', 'b.json') { $node | Export-ComputeNode -Path (Join-Path $TestDrive $name) }
        Get-ComputeNode -Path (Join-Path $TestDrive a.json) | Export-ComputeNode -Path (Join-Path $TestDrive c.json)
        $hashes = 'a.json', 'b.json', 'c.json' | ForEach-Object { (Get-FileHash (Join-Path $TestDrive $_)).Hash }
        $hashes | Sort-Object -Unique | Should -HaveCount 1
    }

    It 'does not overwrite without -Force' {
        $path = Join-Path $TestDrive kept.json
        Set-Content -LiteralPath $path -Value mine
        $problem = Get-Problem { $node | Export-ComputeNode -Path $path -ErrorAction Stop }
        $problem.FullyQualifiedErrorId | Should -BeLike 'FileExists,*'
        $problem.CategoryInfo.Category | Should -Be ResourceExists
        Get-Content -LiteralPath $path | Should -Be mine
        $node | Export-ComputeNode -Path $path -Force
        (Get-ComputeNode -Path $path).ComputerName | Should -Be compute-01
    }

    It 'writes nothing under -WhatIf' {
        $path = Join-Path $TestDrive whatif.json
        $node | Export-ComputeNode -Path $path -WhatIf
        Test-Path -LiteralPath $path | Should -BeFalse
    }

    It 'gives the file with -PassThru, which Get-ComputeNode takes' {
        $file = $node | Export-ComputeNode -Path (Join-Path $TestDrive pass.json) -PassThru
        $file | Should -BeOfType [System.IO.FileInfo]
        ($file | Get-ComputeNode).ComputerName | Should -Be compute-01
    }

    It 'says which folder is missing' {
        $problem = Get-Problem { $node | Export-ComputeNode -Path (Join-Path $TestDrive no such.json) -ErrorAction Stop }
        $problem.FullyQualifiedErrorId | Should -BeLike 'FolderNotFound,*'
    }

    It 'redacts names and addresses and keeps the answers' {
        $folder = New-Item -ItemType Directory (Join-Path $TestDrive redacted)
        $file = $node | Export-ComputeNode -Path $folder -Redact -PassThru
        $file.Name | Should -Not -Match 'compute-01' -Because 'the name of the file is from what was redacted'
        $again = Join-Path $TestDrive again.json.gz
        $node | Export-ComputeNode -Path $again -Redact
        (Get-FileHash $again).Hash | Should -Be (Get-FileHash $file).Hash
        $plain = Join-Path $TestDrive plain.json
        $node | Export-ComputeNode -Path $plain -Redact
        $text = Get-Content -LiteralPath $plain -Raw
        foreach ($secret in 'web-1', 'db-1', 'compute-01', '10.10.1.125', '203.0.113.148', 'fa:16:3e:83:6f:34') {
            $text | Should -Not -Match ([regex]::Escape($secret))
        }
        $before = $node | Test-InstanceEgress
        $after = Get-ComputeNode -Path $plain | Test-InstanceEgress
        $after.Verdict | Sort-Object | Should -Be ($before.Verdict | Sort-Object)
        $after.CauseId | Sort-Object | Should -Be ($before.CauseId | Sort-Object)
    }
}

Describe 'Get-ComputeNode -Path' {
    BeforeAll {
        $folder = (New-Item -ItemType Directory (Join-Path $TestDrive many)).FullName
        foreach ($name in 'a.json', 'b.json.gz', '[c].json') {
            Get-ComputeNode -Sample | Export-ComputeNode -Path (Join-Path $folder $name)
        }
    }

    It 'takes wildcards, several paths and files by pipeline' {
        @(Get-ComputeNode -Path (Join-Path $folder '*.json*')).Count | Should -Be 3
        @(Get-ComputeNode (Join-Path $folder a.json), (Join-Path $folder b.json.gz)).Count | Should -Be 2
        @(Get-ChildItem -LiteralPath $folder | Get-ComputeNode).Count | Should -Be 3
        @(Get-ComputeNode -LiteralPath (Join-Path $folder '[c].json')).Count | Should -Be 1
    }

    It 'stands where a node is expected' {
        (Test-InstanceEgress (Join-Path $folder a.json) db-1).CauseId | Should -Be SN701
    }

    It 'gives an error with the id <Id> for <Name>' -ForEach @(
        @{ Name = 'truncated JSON'; Id = 'CaptureCorrupt'; Make = { param($p) Set-Content $p '{"format":"stacknet-capture/1","facts":{"a":' } }
        @{ Name = 'an empty file'; Id = 'CaptureCorrupt'; Make = { param($p) $null = New-Item $p } }
        @{ Name = 'JSON of another tool'; Id = 'CaptureForeign'; Make = { param($p) Set-Content $p '{"a":1}' } }
        @{ Name = 'text of another tool'; Id = 'Capture*'; Make = { param($p) Set-Content $p 'hello' } }
        @{ Name = 'a newer version'; Id = 'CaptureNewerVersion'; Make = { param($p) Set-Content $p '{"format":"stacknet-capture/99","facts":{}}' } }
        @{ Name = 'an empty folder'; Id = 'CaptureForeign'; Make = { param($p) $null = New-Item -ItemType Directory $p } }
        @{ Name = 'a folder of another tool'; Id = 'CaptureForeign'; Make = { param($p) $null = New-Item -ItemType Directory $p; Set-Content (Join-Path $p x.txt) x } }
    ) {
        $path = Join-Path $TestDrive "$([guid]::NewGuid()).json"
        & $Make $path
        $problem = Get-Problem { Get-ComputeNode -LiteralPath $path -ErrorAction Stop }
        $problem.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        $problem.CategoryInfo.Category | Should -Be InvalidData
        $problem.TargetObject | Should -Be $path
        "$problem" | Should -Match ([regex]::Escape($path))
    }

    It 'names the byte at which a compressed capture is cut off, and reads the others' {
        $whole = [System.IO.File]::ReadAllBytes((Join-Path $folder b.json.gz))
        $cut = Join-Path $TestDrive cut.json.gz
        [System.IO.File]::WriteAllBytes($cut, $whole[0..4999])
        $nodes = Get-ComputeNode -Path $cut, (Join-Path $folder a.json) -ErrorVariable problem -ErrorAction SilentlyContinue
        @($nodes).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'CaptureCorrupt,*'
        "$($problem[0])" | Should -Match 'byte 5000'
    }

    It 'refuses what is too large without reading it' {
        $path = Join-Path $TestDrive large.json
        $file = [System.IO.File]::Create($path)
        $file.SetLength(2GB)
        $file.Dispose()
        (Get-Problem { Get-ComputeNode -LiteralPath $path -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike 'CaptureTooLarge,*'
    }

    It 'gives <Id> for <Script>' -ForEach @(
        @{ Id = 'PathNotFound'; Category = 'ObjectNotFound'; Script = { Get-ComputeNode -Path /no/such/file -ErrorAction Stop } }
        @{ Id = 'PathNotOnDisk'; Category = 'InvalidArgument'; Script = { Get-ComputeNode -Path Env:PATH -ErrorAction Stop } }
        @{ Id = 'SampleNotFound'; Category = 'ObjectNotFound'; Script = { Get-ComputeNode -Sample nope -ErrorAction Stop } }
        @{ Id = 'LabNotFound'; Category = 'ObjectNotFound'; Script = { Get-ComputeNode -Lab nope -ErrorAction Stop } }
        @{ Id = 'InstanceNotFound'; Category = 'ObjectNotFound'; Script = { Get-ComputeNode -Sample | Test-InstanceEgress -Instance nope -ErrorAction Stop } }
        @{ Id = 'InvalidAddress'; Category = 'InvalidArgument'; Script = { Get-ComputeNode -Sample | Test-InstanceEgress -Destination nope -ErrorAction Stop } }
        @{ Id = 'PortWithoutProtocol'; Category = 'InvalidArgument'; Script = { Get-ComputeNode -Sample | Test-InstanceEgress -Port 80 -ErrorAction Stop } }
        @{ Id = 'LabFaultNotFound'; Category = 'ObjectNotFound'; Script = { Get-StackNetLabFault nope -ErrorAction Stop } }
        @{ Id = 'LabFaultNotFound'; Category = 'ObjectNotFound'; Script = { New-StackNetLab -Fault nope -ErrorAction Stop } }
    ) {
        $problem = Get-Problem $Script
        $problem.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        $problem.CategoryInfo.Category | Should -Be $Category
    }
}

Describe 'Hostile names' {
    BeforeAll {
        $mark = Join-Path $TestDrive executed
        $name = "w`e[2J`e]0;x`a'`"`n`$(touch $mark)``touch $mark``;touch $mark|x &"
        $long = 'n' * 10000
        $plain = Join-Path $TestDrive plain.json
        Get-ComputeNode -Sample hybrid-healthy | Export-ComputeNode -Path $plain
        $text = Get-Content -LiteralPath $plain -Raw
        foreach ($entry in @{ evil = $name; long = $long }.GetEnumerator()) {
            Set-Content -LiteralPath (Join-Path $TestDrive "$($entry.Key).json") -Value $text.Replace('"web-1"', (ConvertTo-Json $entry.Value))
        }
    }

    It 'are shown harmlessly and execute nothing (<_>)' -ForEach 'evil', 'long' {
        $node = Get-ComputeNode -Path (Join-Path $TestDrive "$_.json")
        $expected = if ($_ -eq 'evil') { $name } else { $long }
        $node | Get-ComputeInstance | ForEach-Object Instance | Should -Contain $expected
        # One kind after the other: of mixed kinds Out-String prints the later ones by their plain properties, without a view.
        $output = @(
            , @($node)
            foreach ($command in 'Get-ComputeInstance', 'Get-InstancePath', 'Get-TapDevice', 'Get-SecurityGroupRule', 'Get-FloatingIp',
                'Test-InstanceEgress', 'Test-InstanceIngress', 'Trace-InstancePacket') {
                , @($node | & $command)
            }
        )
        $rendering = $PSStyle.OutputRendering
        try {
            $PSStyle.OutputRendering = 'PlainText'
            $shown = -join $output.ForEach({ ($_ | Out-String -Width 120) + ($_ | Format-List | Out-String -Width 120) })
        }
        finally {
            $PSStyle.OutputRendering = $rendering
        }
        $shown | Should -Not -Match "[`e`a]"
        ($node | Test-InstanceEgress -Instance ([WildcardPattern]::Escape($expected))).Verdict | Should -Be Pass
        Test-Path -LiteralPath $mark | Should -BeFalse
    }

    It 'are completed as literal text' {
        $node = Get-ComputeNode -Path (Join-Path $TestDrive evil.json)
        $line = 'Get-ComputeInstance -Node $node w'
        $text = (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Where-Object { $_ -match 'touch' }
        Invoke-Expression "`$typed = $text"
        $typed | Should -Be $name
        Test-Path -LiteralPath $mark | Should -BeFalse
    }

    It 'that are typed do not garble an error' {
        $problem = Get-Problem { Get-ComputeNode -Sample | Get-TapDevice "no`e[2J`n[such" -ErrorAction Stop }
        $problem.FullyQualifiedErrorId | Should -BeLike 'ItemNotFound,*'
        "$problem" | Should -Not -Match "`e"
    }
}
