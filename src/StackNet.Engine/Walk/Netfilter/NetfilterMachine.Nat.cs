using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NetfilterMachine
{
    private static NatManip ManipOf(NetfilterHook hook) =>
        hook is NetfilterHook.Postrouting or NetfilterHook.Input ? NatManip.Source : NatManip.Destination;

    // nf_nat_inet_fn
    private static Outcome RunNat(HookRun run, CompiledChain[] chains)
    {
        Packet packet = run.Packet;
        if (packet.Conntrack.Entry is not { } entry)
            return Outcome.Next;
        NatManip manip = ManipOf(run.Context.Hook);
        ConntrackInfo info = packet.Conntrack.Info;
        bool isError = info is ConntrackInfo.Related or ConntrackInfo.RelatedReply && packet.Inner is not null;
        if (isError)
            return Translate(run, manip);
        bool asks = info is ConntrackInfo.New or ConntrackInfo.Related or ConntrackInfo.RelatedReply;
        if (asks && !ConntrackTable.IsNatDone(entry, manip))
        {
            foreach (CompiledChain chain in chains)
            {
                Outcome outcome = run.RunBase(chain);
                if (outcome != Outcome.Accept)
                    return outcome;
                if (ConntrackTable.IsNatDone(entry, manip))
                    return Translate(run, manip);
            }
            run.Table.SetupNullBinding(entry, manip);
        }
        else if (HasMoved(run, entry))
        {
            // nf_nat_oif_changed: the masqueraded connection would leave by another device now, so it is forgotten.
            run.Table.Remove(entry);
            run.Reason = PacketReason.NatFailed;
            return Outcome.Drop;
        }
        return Translate(run, manip);
    }

    private static bool HasMoved(HookRun run, ConntrackEntry entry) =>
        run.Context.Hook == NetfilterHook.Postrouting
        && entry.MasqueradeDevice is { } device
        && !run.Packet.Conntrack.IsReply
        && run.Context.OutDevice?.Name != device;

    private static Outcome Translate(HookRun run, NatManip manip)
    {
        Packet packet = run.Packet;
        (Ip source, Ip destination, ushort sport, ushort dport, ushort id) = (
            packet.Source,
            packet.Destination,
            packet.SourcePort,
            packet.DestinationPort,
            packet.IcmpId
        );
        if (!ConntrackTable.Translate(packet, manip))
        {
            run.Reason = PacketReason.NatFailed;
            return Outcome.Drop;
        }
        if (
            run.Steps is not null
            && (
                source != packet.Source
                || destination != packet.Destination
                || sport != packet.SourcePort
                || dport != packet.DestinationPort
                || id != packet.IcmpId
            )
        )
            run.Note(
                manip == NatManip.Source ? $"source translated to {packet.Source}" : $"destination translated to {packet.Destination}",
                null,
                1
            );
        return Outcome.Next;
    }

    /// <summary>
    /// The address MASQUERADE takes (inet_select_addr): of the primary global addresses of the device the first whose subnet holds the next hop,
    /// else the first; a device without one borrows from any other device. Null when the namespace has none.
    /// </summary>
    public Ip? SelectAddress(LinkFacts? device, Ip? nextHop, bool v6)
    {
        Ip? first = null;
        foreach (AddressFacts address in Facts.Addresses ?? [])
        {
            if (address.Address.IsV6 != v6 || address.Device != device?.Name || !IsUsable(address))
                continue;
            if (nextHop is not { } hop || new IpPrefix(address.Peer ?? address.Address, address.PrefixLength).Contains(hop))
                return address.Address;
            first ??= address.Address;
        }
        if (first is not null)
            return first;
        // A device of a VRF borrows only inside it, its master's addresses first.
        string? vrf = VrfOf(device);
        if (vrf is not null)
        {
            foreach (AddressFacts address in Facts.Addresses ?? [])
            {
                if (address.Device == vrf && address.Address.IsV6 == v6 && IsUsable(address))
                    return address.Address;
            }
        }
        foreach (AddressFacts address in Facts.Addresses ?? [])
        {
            if (address.Address.IsV6 == v6 && IsUsable(address) && VrfOf(Link(address.Device)) == vrf)
                return address.Address;
        }
        return null;
    }

    private static bool IsUsable(AddressFacts address)
    {
        if (address.Scope is not ("global" or "universe" or "0"))
            return false;
        foreach (string flag in address.Flags)
        {
            if (flag is "secondary" or "temporary" && !address.Address.IsV6)
                return false;
            if (flag is "tentative" or "dadfailed")
                return false;
        }
        return true;
    }

    private string? VrfOf(LinkFacts? link) => link is { Master: { } master } && Link(master) is { Kind: "vrf" } ? master : null;

    internal LinkFacts? Link(string? name)
    {
        foreach (LinkFacts link in Facts.Links ?? [])
        {
            if (link.Name == name)
                return link;
        }
        return null;
    }
}
