using System.Net;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.RealNodesTests;

/// <summary>Instances, addresses, gateways and floating IPs as the control plane had made them.</summary>
public sealed class RealInstancesTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_instance_is_found_with_its_port_and_nothing_else_is_taken_for_one()
    {
        List<string> wrong = [];
        foreach (string folder in RealNode.Folders())
        {
            RealNode real = RealNode.Open(folder);
            int found = 0;
            foreach ((string name, RealInstance wanted) in real.Truth.Instances)
            {
                if (real.Find(name) is not (ComputeNode node, ComputeInstance instance))
                {
                    wrong.Add($"{real.Name}: {name} not found");
                    continue;
                }
                found++;
                InstancePort port = instance.Port.First(p => p.MacAddress == wanted.Mac || p.PortId == wanted.Id);
                string summary =
                    $"{real.Name}: {name} = {instance.Instance} by {instance.FoundBy}, {port} gw {port.Gateway} fip {string.Join(",", (object[])instance.FloatingAddress)} [{node.Layout}]";
                output.WriteLine(summary);
                foreach (InstancePath path in NodeNouns.Paths(node).Where(p => p.Instance == instance.Instance))
                    output.WriteLine(
                        $"    {path.Direction} {(path.Complete ? "complete" : "broken")}: {string.Join(" > ", path.Hop.Select(h => h.Device + (h.Note is null ? "" : "!")))}"
                    );
                bool blind = node.Facts.Domains is null && node.Facts.DhcpNetworks is null && node.Facts.Ovs is null;
                if (!blind && !port.Address.Contains(IPAddress.Parse(wanted.Ip)))
                    wrong.Add("address: " + summary);
                // A foreign floating IP is always wrong; one that is not found may stand in what was not read, or in OVN's flows.
                bool read = NodeNouns.FloatingIps(node).Any(f => f.FloatingAddress.ToString() == wanted.FloatingIp);
                string[] floating = [.. instance.FloatingAddress.Select(a => a.ToString())];
                if (floating.Any(f => f != wanted.FloatingIp) || read && !floating.Contains(wanted.FloatingIp))
                    wrong.Add("floating IP: " + summary);
                if (!blind && instance.FoundBy == "libvirt" && instance.Instance != name)
                    wrong.Add("name: " + summary);
            }
            int all = real.Nodes.Sum(n => n.InstanceCount);
            if (all != found)
                wrong.Add(
                    $"{real.Name}: {all} instances, {found} of them real: {string.Join(", ", real.Nodes.SelectMany(NodeNouns.Instances))}"
                );
        }
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }
}
