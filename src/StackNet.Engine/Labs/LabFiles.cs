using System.Globalization;
using System.Text;

namespace StackNet.Engine.Labs;

/// <summary>Files that a node has: dnsmasq's of the DHCP agent and libvirt's status of running domains.</summary>
internal static class LabFiles
{
    private const string Domain = "openstacklocal";

    public static string DhcpFolder(LabPlan plan) => "/var/lib/neutron/dhcp/" + plan.NetworkId;

    public static Dictionary<string, string> Dhcp(LabPlan plan)
    {
        List<LabPort> ports = [.. plan.Instances.Select(g => g.Port)];
        if (plan.IsHybrid)
            ports.Add(plan.Router);
        string expiry = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        string tag = "tag:subnet-" + plan.SubnetId;
        string folder = DhcpFolder(plan);
        return new Dictionary<string, string>
        {
            [folder + "/host"] = Lines(ports, p => $"{p.Mac},{Host(p)}.{Domain},{p.Address}"),
            [folder + "/addn_hosts"] = Lines(ports, p => $"{p.Address}\t{Host(p)}.{Domain} {Host(p)}"),
            [folder + "/leases"] = Lines(plan.Instances.Select(g => g.Port), p => $"{expiry} {p.Mac} {p.Address} {Host(p)} 01:{p.Mac}"),
            [folder + "/interface"] = plan.DhcpDevice,
            [folder + "/opts"] =
                $"{tag},option:dns-server,{plan.Dhcp.Address}\n"
                + $"{tag},option:classless-static-route,169.254.169.254/32,{plan.Gateway},0.0.0.0/0,{plan.Gateway}\n"
                + $"{tag},249,169.254.169.254/32,{plan.Gateway},0.0.0.0/0,{plan.Gateway}\n"
                + $"{tag},option:router,{plan.Gateway}",
        };
    }

    public static string[] DnsmasqArguments(LabPlan plan)
    {
        string folder = DhcpFolder(plan);
        return
        [
            "--no-hosts",
            "--no-resolv",
            $"--pid-file={folder}/pid",
            $"--dhcp-hostsfile={folder}/host",
            $"--addn-hosts={folder}/addn_hosts",
            $"--dhcp-optsfile={folder}/opts",
            $"--dhcp-leasefile={folder}/leases",
            "--dhcp-match=set:ipxe,175",
            "--dhcp-userclass=set:ipxe6,iPXE",
            "--local-service",
            "--bind-dynamic",
            $"--dhcp-range=set:subnet-{plan.SubnetId},{plan.Prefix}.0,static,255.255.255.0,86400s",
            string.Create(CultureInfo.InvariantCulture, $"--dhcp-option-force=option:mtu,{plan.Mtu}"),
            "--dhcp-lease-max=256",
            "--conf-file=/dev/null",
            "--domain=" + Domain,
        ];
    }

    /// <summary>As libvirt keeps the state of a running domain in /run/libvirt/qemu (virDomainObjFormat), with nova's metadata.</summary>
    public static string DomainStatus(LabPlan plan, LabGuest guest) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <domstatus state='running' reason='booted' pid='{1000 + guest.Index}'>
              <domain type='qemu' id='{guest.Index + 1}'>
                <name>{guest.Domain}</name>
                <uuid>{guest.InstanceId}</uuid>
                <metadata>
                  <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
                    <nova:package version="26.2.2"/>
                    <nova:name>{guest.Name}</nova:name>
                    <nova:flavor name="m1.tiny">
                      <nova:memory>96</nova:memory>
                      <nova:disk>1</nova:disk>
                      <nova:swap>0</nova:swap>
                      <nova:ephemeral>0</nova:ephemeral>
                      <nova:vcpus>1</nova:vcpus>
                    </nova:flavor>
                    <nova:ports>
                      <nova:port uuid="{guest.Port.Id}">
                        <nova:ip type="fixed" address="{guest.Port.Address}" ipVersion="4"/>
                      </nova:port>
                    </nova:ports>
                  </nova:instance>
                </metadata>
                <memory unit='KiB'>98304</memory>
                <vcpu placement='static'>1</vcpu>
                <os>
                  <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
                </os>
                <devices>
                  <interface type='bridge'>
                    <mac address='{guest.Port.Mac}'/>
                    <source bridge='{guest.Qbr}'/>
                    <target dev='{guest.Tap}'/>
                    <model type='virtio'/>
                    <mtu size='{plan.Mtu}'/>
                    <alias name='net0'/>
                  </interface>
                </devices>
              </domain>
            </domstatus>

            """
        );

    private static string Host(LabPort port) => "host-" + port.Address.Replace('.', '-');

    private static string Lines(IEnumerable<LabPort> ports, Func<LabPort, string> line)
    {
        StringBuilder text = new();
        foreach (LabPort port in ports)
            text.Append(line(port)).Append('\n');
        return text.ToString();
    }
}
