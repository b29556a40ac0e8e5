@{
    RootModule             = 'bin/StackNet.dll'
    ModuleVersion          = '0.1.0'
    GUID                   = '6d0d6c5a-8b0e-4a8e-9d3a-2f6a7c1e5b40'
    Author                 = 'The StackNet authors'
    CompanyName            = 'StackNet'
    Copyright              = 'The StackNet authors, MIT'
    Description            = 'Says for every instance of an OpenStack compute node whether it can reach the outside and the reply comes back, and if not, at which device the packet dies and why.'
    PowerShellVersion      = '7.6'
    CompatiblePSEditions   = @('Core')
    RequiredAssemblies     = @('bin/StackNet.Engine.dll')
    FormatsToProcess       = @('bin/StackNet.Format.ps1xml')
    TypesToProcess         = @('bin/StackNet.Types.ps1xml')
    CmdletsToExport        = @(
        'Add-StackNetLabFault'
        'Export-ComputeNode'
        'Get-ComputeInstance'
        'Get-ComputeNode'
        'Get-DhcpLease'
        'Get-FloatingIp'
        'Get-InstancePath'
        'Get-LinuxBridge'
        'Get-MasqueradeRule'
        'Get-NetworkNamespace'
        'Get-OvsBridge'
        'Get-OvsPort'
        'Get-SecurityGroupRule'
        'Get-StackNetLab'
        'Get-StackNetLabFault'
        'Get-SysctlForwarding'
        'Get-TapDevice'
        'Get-VethPair'
        'New-StackNetLab'
        'Remove-StackNetLab'
        'Remove-StackNetLabFault'
        'Test-InstanceEgress'
        'Test-InstanceIngress'
        'Test-StackNetLabPing'
        'Trace-InstancePacket'
        'Trace-NetworkPacket'
    )
    FunctionsToExport      = @()
    AliasesToExport        = @()
    VariablesToExport      = @()
    PrivateData            = @{
        PSData = @{
            Tags         = @('OpenStack', 'neutron', 'nova', 'network', 'OpenvSwitch', 'iptables', 'Linux', 'PSEdition_Core')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'First version: reads a compute node (live, capture, sample or lab), tests whether instances reach the outside and are reached, and names the cause when they do not.'
        }
    }
}
