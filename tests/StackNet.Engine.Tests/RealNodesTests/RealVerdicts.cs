using StackNet.Engine.Causes;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.RealNodesTests;

/// <summary>Asks the engine what a truth row measured.</summary>
internal static class RealVerdicts
{
    public static ConnectivityResult? Of(RealNode real, RealRow row, bool trace = false)
    {
        (ProbeProtocol protocol, int size, bool df) = row.Kind switch
        {
            "icmp" => (ProbeProtocol.Icmp, 56, false),
            "icmp-payload-1400-DF" => (ProbeProtocol.Icmp, 1400, true),
            "tcp-80" => (ProbeProtocol.Tcp, 56, false),
            _ => throw new NotSupportedException(row.Kind),
        };
        Ip to = Ip.Parse(row.To);
        if (row.From is "outside" or "router-namespace" or "node" || row.From.StartsWith("router-namespace", StringComparison.Ordinal))
        {
            string? target =
                row.ToInstance ?? real.Truth.Instances.FirstOrDefault(i => i.Value.Ip == row.To || i.Value.FloatingIp == row.To).Key;
            if (target is null || real.Find(target) is not (ComputeNode node, ComputeInstance instance))
                return null;
            IngressRequest request = new()
            {
                Instances = [instance.InstanceId ?? instance.Port[0].PortId!],
                Source = Ip.Parse(row.From == "outside" ? real.Truth.ExternalGateway : row.FromIp!),
                Destinations = [to],
                Protocol = protocol,
                Port = protocol == ProbeProtocol.Tcp ? 80 : null,
                Size = size,
                DontFragment = df,
                Trace = trace ? TraceKeeping.Now : TraceKeeping.No,
            };
            return IngressTest.Run(node, request, CancellationToken.None).FirstOrDefault();
        }
        if (real.Find(row.From) is not (ComputeNode home, ComputeInstance sender))
            return null;
        EgressRequest egress = new()
        {
            Instances = [sender.InstanceId ?? sender.Port[0].PortId!],
            Destinations = [to],
            Protocol = protocol,
            Port = protocol == ProbeProtocol.Tcp ? 80 : null,
            Size = size,
            DontFragment = df,
            Trace = trace ? TraceKeeping.Now : TraceKeeping.No,
        };
        return EgressTest.Run(home, egress, CancellationToken.None).FirstOrDefault();
    }
}
