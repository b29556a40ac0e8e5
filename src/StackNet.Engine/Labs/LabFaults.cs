namespace StackNet.Engine.Labs;

/// <summary>The catalogue of faults: each names its cause, what it changes and how that is taken back.</summary>
internal static partial class LabFaults
{
    /// <summary>All of them, in the order of their causes.</summary>
    public static IReadOnlyList<LabFaultSpec> AllFaults { get; } = [.. Chain(), .. Switch(), .. Firewall(), .. Routing(), .. Translation()];

    public static List<LabFaultSpec> All => [.. AllFaults.OrderBy(f => f.CauseId, StringComparer.Ordinal)];

    public static LabFaultSpec Find(string name, LabLayout layout, int instances, string? lab)
    {
        LabFaultSpec fault =
            AllFaults.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new LabException(LabFailure.InvalidArgument, $"There is no fault named '{name}'.", lab);
        if (fault.Layout is { } only && only != layout)
            throw new LabException(
                LabFailure.InvalidArgument,
                $"The fault '{fault.Name}' is for the layout {only}; this lab is {layout}.",
                lab
            );
        if (instances < fault.Instances)
            throw new LabException(LabFailure.InvalidArgument, $"The fault '{fault.Name}' needs {fault.Instances} instances.", lab);
        return fault;
    }

    private static LabCommand Ip(string ns, params string[] words) => new(ns, "ip", words);

    private static LabCommand Iptables(string ns, params string[] words) => new(ns, "iptables", ["-w", "5", .. words]);

    private static LabCommand Vsctl(params string[] words) => new("", "ovs-vsctl", ["--timeout=10", .. words]);

    private static LabCommand Sysctl(string ns, params string[] settings) =>
        new(ns, "perl", [LabPlan.Folder + "/lab.pl", "sysctl", .. settings]);

    private static LabCommand Nft(string ns, string text) => new(ns, "nft", "-f", "-") { Input = text };

    private static string Table(string family, string rules) => $"table {family} site {{\nchain forward {{\n{rules};\n}}\n}}\n";

    private static LabFaultSteps Steps(LabCommand add, LabCommand remove) => new([add], [remove]);

    /// <summary>The instance that faults of one port hit: the last, which has no floating address unless it is alone.</summary>
    private static LabGuest Victim(LabPlan plan) => plan.Instances[^1];

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
