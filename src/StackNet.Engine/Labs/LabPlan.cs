using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace StackNet.Engine.Labs;

/// <summary>Names, addresses and identities of a lab: a pure function of its name, layout and size, so that nothing of it needs to be kept.</summary>
internal sealed class LabPlan
{
    /// <summary>Folder inside the node (in its private /run) for what belongs to the lab and not to the node it plays.</summary>
    public const string Folder = "/run/stacknet-lab";
    public const int LargestCount = 64;
    public const string InternetAddress = "198.51.100.10";
    public const string InternetNetwork = "198.51.100.0/24";
    public const string InternetGateway = "198.51.100.1";
    public const string Upstream = "upstream";
    public const string Internet = "internet";
    public const int DeadVlan = 4095;

    /// <summary>Local VLAN of the instances' network in br-int, and of the external one.</summary>
    public const int InnerVlan = 1;
    public const int OuterVlan = 2;

    public LabPlan(string name, LabLayout layout, int count)
    {
        Name = name;
        Layout = layout;
        NetworkId = Identity("network");
        SubnetId = Identity("subnet");
        ExternalNetworkId = Identity("external");
        GroupId = Identity("group");
        Dhcp = new LabPort(Identity("dhcp"), Mac("dhcp"), Prefix + ".2");
        Router = new LabPort(Identity("qr"), Mac("qr"), Gateway);
        External = new LabPort(Identity("qg"), Mac("qg"), "203.0.113.116");
        RouterId = Identity("router");
        Instances = [.. Enumerable.Range(0, count).Select(Guest)];
    }

    public string Name { get; }
    public LabLayout Layout { get; }
    public bool IsHybrid => Layout == LabLayout.Hybrid;
    public string NetworkId { get; }
    public string SubnetId { get; }
    public string ExternalNetworkId { get; }
    public string RouterId { get; }

    /// <summary>Security group of the first instance; the others are reached from its members.</summary>
    public string GroupId { get; }

    /// <summary>As neutron names the set of a group: ipset's limit of 31 characters cuts the uuid.</summary>
    public string GroupSet => "NIPv4" + GroupId[..24];
    public LabPort Dhcp { get; }

    /// <summary>Inside port of the router (Hybrid).</summary>
    public LabPort Router { get; }

    /// <summary>Outside port of the router (Hybrid).</summary>
    public LabPort External { get; }
    public IReadOnlyList<LabGuest> Instances { get; }

    /// <summary>Of the instances' network: room for a tunnel header in Hybrid.</summary>
    public int Mtu => IsHybrid ? 1450 : 1500;
    public string Prefix => IsHybrid ? "10.10.1" : "192.168.100";
    public string Network => Prefix + ".0/24";
    public string Gateway => Prefix + ".1";
    public string ExternalGateway => IsHybrid ? "203.0.113.1" : "172.24.4.1";
    public string FloatingAddress { get; } = "203.0.113.148";
    public string UplinkAddress { get; } = "172.24.4.11";
    public string SecondUplinkAddress { get; } = "172.24.5.11";
    public string SecondGateway { get; } = "172.24.5.1";

    /// <summary>Device by which packets leave for the upstream router: a port of br-ex (Hybrid) or a routed device (HostNat).</summary>
    public string Uplink => IsHybrid ? "eth1" : "eth0";
    public string RouterNamespace => "qrouter-" + RouterId;
    public string DhcpNamespace => "qdhcp-" + NetworkId;

    /// <summary>Namespace that routes for the instances, "" being the node's root one.</summary>
    public string RoutingNamespace => IsHybrid ? RouterNamespace : "";
    public string InsideDevice => IsHybrid ? "qr-" + Router.Tail : "br-ex";
    public string OutsideDevice => IsHybrid ? "qg-" + External.Tail : "eth0";
    public string DhcpDevice => "tap" + Dhcp.Tail;

    /// <summary>OpenFlow number of phy-br-ex on br-ex.</summary>
    public int PatchPort => IsHybrid ? 2 : 1;

    /// <summary>Local VLAN that br-ex translates to the physical network.</summary>
    public int ProviderVlan => IsHybrid ? OuterVlan : InnerVlan;

    public IEnumerable<string> NamedNamespaces => IsHybrid ? [RouterNamespace, DhcpNamespace] : [DhcpNamespace];
    public IEnumerable<string> HiddenNamespaces => [.. Instances.Select(g => g.Name), Upstream, Internet];

    /// <summary>File of a network namespace in the node's own file tree; "" is the root namespace, which has none.</summary>
    public string NamespaceFile(string ns) => NamedNamespaces.Contains(ns) ? "/run/netns/" + ns : $"{Folder}/net/{ns}";

    private LabGuest Guest(int index)
    {
        string key = "vm" + index.ToString(CultureInfo.InvariantCulture);
        return new LabGuest(
            Index: index,
            Name: string.Create(CultureInfo.InvariantCulture, $"vm-{index + 1}"),
            Port: new LabPort(Identity(key), Mac(key), string.Create(CultureInfo.InvariantCulture, $"{Prefix}.{101 + index}")),
            InstanceId: Identity(key + "-instance")
        );
    }

    private string Identity(string what)
    {
        byte[] bytes = Hash(what)[..16];
        bytes[7] = (byte)((bytes[7] & 0x0f) | 0x40); // a random (version 4) uuid by its looks, as neutron's are
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes).ToString();
    }

    private string Mac(string what)
    {
        byte[] bytes = Hash("mac-" + what);
        return $"fa:16:3e:{bytes[0]:x2}:{bytes[1]:x2}:{bytes[2]:x2}";
    }

    private byte[] Hash(string what) => SHA256.HashData(Encoding.UTF8.GetBytes($"{Name}/{Layout}/{what}"));
}

/// <summary>A neutron port.</summary>
internal sealed record LabPort(string Id, string Mac, string Address)
{
    /// <summary>What device names carry of the uuid.</summary>
    public string Tail => Id[..11];

    /// <summary>What chain names carry of the uuid.</summary>
    public string Chain => Id[..10];
}

/// <summary>An instance to be.</summary>
internal sealed record LabGuest(int Index, string Name, LabPort Port, string InstanceId)
{
    public string Tap => "tap" + Port.Tail;
    public string Qbr => "qbr" + Port.Tail;
    public string Qvb => "qvb" + Port.Tail;
    public string Qvo => "qvo" + Port.Tail;

    /// <summary>The guest's end before it is moved and named eth0.</summary>
    public string Cable => "cable" + Index.ToString(CultureInfo.InvariantCulture);

    /// <summary>libvirt shows the host side of a guest's NIC with the first byte fe, so that a bridge never takes it for its own.</summary>
    public string TapMac => "fe" + Port.Mac[2..];
    public string Domain => "instance-" + (Index + 1).ToString("x8", CultureInfo.InvariantCulture);
    public int OfPort => 6 + Index;
    public int Zone => 4097 + Index;
    public IPAddress Address => IPAddress.Parse(Port.Address);
}
