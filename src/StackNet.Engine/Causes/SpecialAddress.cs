using StackNet.Engine.Facts;

namespace StackNet.Engine.Causes;

/// <summary>Destinations that a walk says nothing about: the packet stays in the guest, or it is for many at once.</summary>
internal static class SpecialAddress
{
    /// <summary>Outcome for such a destination; null: it is an ordinary one.</summary>
    public static ProbeOutcome? Outcome(Guest guest, Ip destination)
    {
        // The guest's local table has its own address (fib_frontend.c, fib_add_ifaddr): the loopback device answers, not the network.
        if (destination == guest.Address)
            return new ProbeOutcome
            {
                Verdict = Verdict.Pass,
                Evidence = $"{destination} is the instance's own address: the packet does not leave it",
            };
        if (destination.IsLoopback || destination.IsAny)
            return EgressTest.NotKnown($"a packet for {destination} does not leave the instance: only the guest knows");
        if (destination.IsMulticast || destination.IsLimitedBroadcast || IsSubnetBroadcast(guest, destination))
            return EgressTest.NotKnown($"{destination} is an address of many: who answers is not walked");
        return null;
    }

    private static bool IsSubnetBroadcast(Guest guest, Ip destination) =>
        guest.Port.Subnet is { Length: < 31 } subnet && subnet.Contains(destination) && destination == subnet.Broadcast;
}
